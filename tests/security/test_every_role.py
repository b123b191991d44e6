"""Every role (`roles.py`) presses every kind of button: what it may it can, what it may not is refused with a sentence
and changes nothing. That nobody is asked about as anything but what stands there is what keeps a handler from making
somebody more than they are.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.texts import read
from models import permissions
from models.errors import Refusal
from models.outbox import Outgoing, Sending
from models.people import Grant
from models.people import Role as Granted
from models.permissions import MAY, Deed, Who
from models.stations import Desk, Station
from tests.security import attacked as stage
from tests.security.attacked import Attacked, Presser, Seen, attacked
from tests.security.roles import ROLES, Role, gathered
from tests.security.test_forged_presses import everything, on_sqlite

TEXTS = {language: read(language) for language in ("zh-hans", "zh-hant", "en")}


@dataclass
class Asked:
    """What was asked of the one table while somebody pressed."""

    may: list[tuple[Deed, frozenset[Who], bool]] = field(default_factory=list)

    @property
    def granted(self) -> set[Deed]:
        return {deed for deed, _, yes in self.may if yes}


@contextlib.contextmanager
def listening() -> Iterator[Asked]:
    """Everything that is asked of the table, as it is asked."""
    asked, may = Asked(), permissions.may

    def heard(deed: Deed, who: Collection[Who]) -> bool:
        yes = may(deed, who)
        asked.may.append((deed, frozenset(who), yes))
        return yes

    with pytest.MonkeyPatch.context() as patch:
        # `must` asks it as well.
        patch.setattr(permissions, "may", heard)
        yield asked


def known(refusal: Refusal) -> bool:
    """Whether there is a sentence for it in each language."""
    return all(refusal.key in texts for texts in TEXTS.values())


def judged(who: Role, payload: str, seen: Seen, asked: Asked, *, again: bool) -> Iterator[str]:
    """What was wrong with what came of a press, or of the same one `again`."""
    what = f"{who.presser.name} presses {payload}"
    if seen.error is not None:
        yield f"{what}: {seen.error!r}"
    for deed, taken_for, _ in asked.may:
        if more := taken_for - who.always - who.at_times:
            yield f"{what}: asked about as {sorted(more)} for {deed}"
    for deed in {deed for deed, _, _ in asked.may}:
        if MAY[deed] & who.always and deed not in asked.granted:
            yield f"{what}: may {deed} and was refused it"
        if not MAY[deed] & (who.always | who.at_times) and deed in asked.granted:
            yield f"{what}: may not {deed} and was not refused"
    changed = seen.changed - {"outbox"}
    if seen.refused is not None and not known(seen.refused):
        yield f"{what}: no sentence says {seen.refused.key}"
    if asked.may and not asked.granted and (changed or {chat for chat, _ in seen.said} - {who.presser.chat}):
        yield f"{what}: refused, and yet {sorted(changed)} changed, or something was said elsewhere"
    forgotten = payload.startswith(FORGET)
    if not asked.may and not forgotten and changed - who.own:
        yield f"{what}: {sorted(changed)} changed and nobody was asked"
    # A second time what is on its way is not written anew.
    if (
        not again
        and seen.refused is None
        and seen.error is None
        and not (seen.said or seen.answered or "pictures" in changed)
    ):
        yield f"{what}: not a word"


@contextlib.asynccontextmanager
async def peopled(database_url: str, now: datetime) -> AsyncIterator[tuple[Attacked, dict[str, str]]]:
    """The program with everybody in it; what they press about."""
    async with attacked(database_url, now) as program:
        async with program.app.database.transaction() as session:
            about = await gathered(session, program.app.toolbox.house, now)
            await session.flush()
            # A card that is still on its way would not be written again for whoever asks for it.
            due = update(Outgoing).where(Outgoing.state == Sending.DUE)
            await session.execute(due.values(state=Sending.SENT))
        yield program, about


def own(who: Role, payload: str, about: dict[str, str]) -> str:
    """The same button about what concerns them."""
    return re.sub(r":1(?=:|$)", f":{about[who.about]}", payload) if who.about else payload


async def pressed(
    program: Attacked, presses: list[tuple[Role, str]], about: dict[str, str], *, before: int = 0
) -> tuple[list[str], dict[str, set[Deed]], set[Deed]]:
    """What was wrong, which deeds each role was granted, and all that were asked about."""
    wrong: list[str] = []
    granted, all_asked = defaultdict[str, set[Deed]](set), set[Deed]()
    for who, plain in presses:
        payload = own(who, plain, about)
        with listening() as asked:
            seen = await program.gets(who.presser.presses(payload), who.presser.presence, before=before)
        wrong += judged(who, payload, seen, asked, again=before > 0)
        granted[who.presser.name] |= asked.granted
        all_asked |= {deed for deed, _, _ in asked.may}
    return wrong, granted, all_asked


def one_of_each() -> list[str]:
    """Of each word of each kind of button the first payload."""
    first = {tuple(payload.split(":")[:2]): payload for payload in reversed(list(everything()))}
    return list(first.values())


@on_sqlite
async def test_nobody_who_may_be_something_is_missing_here(database_url: str, now: datetime) -> None:
    """Whatever the table of permissions knows somebody of these is always, or proves to be by a press; and each role
    that is granted, in each kind of place.
    """
    nobodys = Presser("a student like any other", stage.BOB, stage.BOB)
    proven = {who.proof[0] for who in ROLES if who.proof}
    assert {*Who} - {Who.TIME} - proven - frozenset().union(*(who.always for who in ROLES)) == {Who.ELSEWHERE}, (
        "which may what every place may"
    )
    async with peopled(database_url, now) as (program, about):
        async with program.app.database.reading() as session:
            held = {each.role: each.telegram_id for each in await session.scalars(select(Grant))}
            desks = {each.chat_id: each.desk for each in await session.scalars(select(Station))}
        assert set(held) == {*Granted}
        assert set(held.values()) <= {who.presser.user for who in ROLES}
        assert {desks[who.presser.chat] for who in ROLES if who.presser.chat < 0} == {*Desk}
        for who in ROLES:
            if who.proof is None:
                continue
            is_, button = who.proof
            with listening() as asked:
                seen = await program.gets(
                    who.presser.presses(button.format(about.get(who.about, 1))), who.presser.presence
                )
            assert seen.error is None, who.presser.name
            alone = [deed for deed, taken_for, yes in asked.may if yes and MAY[deed] & taken_for == {is_}]
            assert alone, f"{who.presser.name} by {button}: {asked.may}, {seen.refused}"
            if who.presser.chat > 0:
                with listening() as asked:
                    await program.gets(nobodys.presses(button.format(about.get(who.about, 1))))
                assert not {deed for deed, _, yes in asked.may if yes} & {*alone}, f"{nobodys.name} by {button}"


def in_turn(payloads: list[str], every: int) -> list[tuple[Role, str]]:
    """Each payload by every so manieth role, others for the next payload."""
    return [(ROLES[i], payload) for n, payload in enumerate(payloads) for i in range(n % every, len(ROLES), every)]


@pytest.mark.rehearsal
@on_sqlite
async def test_each_role_may_what_it_may_and_nothing_else(database_url: str, now: datetime) -> None:
    async with peopled(database_url, now) as (program, about):
        wrong, _, asked = await pressed(program, in_turn(one_of_each(), len(ROLES))[::4], about)
    assert wrong == []
    assert len(asked) > 20


@on_sqlite
@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_every_role_presses_every_button(database_url: str, now: datetime) -> None:
    """Once, a second time, and under a screen that is a year old."""
    presses = in_turn(one_of_each(), 1)
    async with peopled(database_url, now) as (program, about):
        wrong, granted, asked = await pressed(program, presses, about)
        assert wrong == []
        assert {name: len(granted[name]) for name, count in REACHED.items() if len(granted[name]) < count} == {}
        again, _, _ = await pressed(program, presses, about, before=1)
        assert again == []
        program.now = now + timedelta(days=400)
        late, _, _ = await pressed(program, presses, about)
        assert late == []
    assert len(asked) > 40


FORGET = "ao:forget_sure"
"""To be forgotten is everybody's own affair, and changes whatever they have a part in."""
REACHED = {
    "a staff member": 20,
    "a lead": 28,
    "an admin in the office": 35,
    "a supervisor": 12,
    "whose ticket it is": 12,
}
"""So many deeds at least each of these was granted by a press: otherwise refusing everything would be right."""
