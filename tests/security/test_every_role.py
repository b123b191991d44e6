"""Every role presses every kind of button: what it may it can, what it may not is refused with a sentence and changes
nothing. What each role is stands here by heart, not by what the program says; that nobody is asked about as anything
else is what keeps a handler from making somebody more than they are.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.texts import read
from models import permissions
from models.errors import Refusal
from models.permissions import MAY, Deed, Who
from tests.security import attacked as stage
from tests.security.attacked import Attacked, Presser, Seen, attacked, there
from tests.security.test_forged_presses import everything, on_sqlite

TEXTS = {language: read(language) for language in ("zh-hans", "zh-hant", "en")}
PLACE = frozenset({Who.HERE, Who.FIRST, Who.OFFERED, Who.ELSEWHERE})
"""What a place can be to a ticket."""
TURNS = frozenset({Who.ON_DUTY, Who.ASKED})


@dataclass(frozen=True)
class Role:
    """Somebody at a place, and what they are there."""

    presser: Presser
    always: frozenset[Who]
    """By their role."""
    at_times: frozenset[Who] = frozenset()
    """By what it is about."""
    own: frozenset[str] = frozenset()
    """Tables of what is theirs alone, about which nobody is asked."""


OWN = frozenset({"people", "survey_rests", "attendances"})


def role(name: str, user: int, chat: int, always: Collection[Who], at_times: Collection[Who] = ()) -> Role:
    presence = there() if chat < 0 else None
    return Role(
        Presser(name, user, chat, presence), frozenset(always), frozenset(at_times), frozenset() if chat < 0 else OWN
    )


ALONE = frozenset({Who.REQUESTER, Who.CALLED, Who.REVIEWER, Who.UNDERTAKER, Who.EVALUATED, *TURNS})
ROLES = (
    role("a staff member", stage.STAFF, stage.EAST, (), PLACE | TURNS),
    role("a lead", stage.LEAD, stage.EAST, (Who.LEAD,), PLACE | TURNS),
    role("a lead at another station", stage.LEAD, stage.WEST, (), PLACE | TURNS),
    role("staff of another station", stage.WESTERN, stage.WEST, (), PLACE | TURNS),
    role("an admin in a station's group", stage.ADMIN, stage.EAST, (Who.ADMIN,), PLACE | TURNS),
    role("an admin alone with the bot", stage.ADMIN, stage.ADMIN, (Who.STRANGER, Who.PRESIDIUM), ALONE),
    role("somebody in the office", stage.CLERK, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role("an admin in the office", stage.ADMIN, stage.OFFICE, (Who.OFFICE, Who.ADMIN, Who.PRESIDIUM), PLACE | TURNS),
    role("a lead in the office", stage.LEAD, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role("a supervisor", stage.TEACHER, stage.SUPERVISORS, (Who.ABOVE, Who.SUPERVISOR), {Who.ELSEWHERE}),
    role("a supervisor alone with the bot", stage.TEACHER, stage.TEACHER, (Who.STRANGER,), ALONE | {Who.CONFIDANT}),
    role("a supervisor in the office", stage.TEACHER, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role("an admin among the supervisors", stage.ADMIN, stage.SUPERVISORS, (Who.ABOVE, Who.ADMIN), {Who.ELSEWHERE}),
    role("a report reader", stage.PARTY, stage.PARTY, (Who.STRANGER, Who.READER), ALONE),
    role("whose ticket it is", stage.ALICE, stage.ALICE, (Who.STRANGER,), {*ALONE, Who.REPORTER}),
    role("who leads the volunteers", stage.CONVENER, stage.CONVENER, (Who.STRANGER,), {*ALONE, Who.CONVENER}),
    role("a volunteer", stage.HELPER, stage.HELPER, (Who.STRANGER,), ALONE),
)


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


def judged(who: Role, payload: str, seen: Seen, asked: Asked) -> Iterator[str]:
    """What was wrong with what came of a press."""
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
    if not asked.may and changed - who.own:
        yield f"{what}: {sorted(changed)} changed and nobody was asked"
    if seen.refused is None and seen.error is None and not (seen.said or seen.answered or "pictures" in changed):
        yield f"{what}: not a word"


async def pressed(
    program: Attacked, presses: list[tuple[Role, str]], *, before: int = 0
) -> tuple[list[str], dict[str, set[Deed]], set[Deed]]:
    """What was wrong, which deeds each role was granted, and all that were asked about."""
    wrong: list[str] = []
    granted, all_asked = defaultdict[str, set[Deed]](set), set[Deed]()
    for who, payload in presses:
        with listening() as asked:
            seen = await program.gets(who.presser.presses(payload), who.presser.presence, before=before)
        wrong += judged(who, payload, seen, asked)
        granted[who.presser.name] |= asked.granted
        all_asked |= {deed for deed, _, _ in asked.may}
    return wrong, granted, all_asked


def one_of_each() -> list[str]:
    """Of each word of each kind of button the first payload."""
    first = {tuple(payload.split(":")[:2]): payload for payload in reversed(list(everything()))}
    return list(first.values())


def in_turn(payloads: list[str], every: int) -> list[tuple[Role, str]]:
    """Each payload by every so manieth role, others for the next payload."""
    return [(ROLES[i], payload) for n, payload in enumerate(payloads) for i in range(n % every, len(ROLES), every)]


@on_sqlite
async def test_each_role_may_what_it_may_and_nothing_else(database_url: str, now: datetime) -> None:
    async with attacked(database_url, now) as program:
        wrong, _, asked = await pressed(program, in_turn(one_of_each(), len(ROLES))[::4])
    assert wrong == []
    assert len(asked) > 20


@on_sqlite
@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_every_role_presses_every_button(database_url: str, now: datetime) -> None:
    """Once, a second time, and under a screen that is a year old."""
    presses = in_turn(one_of_each(), 1)
    async with attacked(database_url, now) as program:
        wrong, granted, asked = await pressed(program, presses)
        assert wrong == []
        assert {name: len(granted[name]) for name, count in REACHED.items() if len(granted[name]) < count} == {}
        again, _, _ = await pressed(program, presses, before=1)
        assert again == []
        program.now = now + timedelta(days=400)
        late, _, _ = await pressed(program, presses)
        assert late == []
    assert len(asked) > 40


REACHED = {
    "a staff member": 20,
    "a lead": 28,
    "an admin in the office": 35,
    "a supervisor": 12,
    "whose ticket it is": 12,
}
"""So many deeds at least each of these was granted by a press: otherwise refusing everything would be right."""
