"""Who is not heard for a time, or until further notice, and how they can have that looked at again.

A mute names nobody and no ticket: it is a keyed tag over a salt of its own and a Telegram id, made in the moment in
which a lead mutes from the sealed address of whoever wrote, and it ends at a full hour. So an anonymous student can be
muted without anybody learning who they are, and two mutes do not say that they are one person's: the second replaces
nothing, each is over or lifted by itself (docs/decisions/0006). Reports about staff are heard always: they do not come
by here.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, bindparam, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, letters, requesters, stations
from models.base import Base, Key
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.requesters import Reached, Requester
from models.sessions import plainly
from models.stations import Desk, Station
from models.tickets import Ticket
from models.vault import Vault

LEAST_NUMBER = 100_000
"""Numbers have six digits."""
_A_TICKET = re.compile(
    r"(?:[#＃№]|\btickets?|工[单單])(?:[\s:：#＃№第]|\b(?:number|no)\b\.?)*\d+(?:\s*[号號])?|\d+\s*[号號]\s*工[单單]",
    re.I,
)
"""How people write a ticket's number. In a reason it would join the mute and the ticket."""
LONGEST = timedelta(days=7)
"""A lead's mute; whoever is to be kept out longer is the office's to block."""


class Mute(Base):
    """Somebody is not heard. The row goes when the mute is over or lifted."""

    __tablename__ = "mutes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    salt: Mapped[str]
    """Of its own; empty in what was given before there were salts."""
    tag: Mapped[str]
    until: Mapped[datetime | None]
    """A full hour; None for somebody the office has blocked."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Why, and once they appeal, where to answer them and what they said."""
    given_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    appealed: Mapped[bool] = mapped_column(default=False)
    decided: Mapped[bool] = mapped_column(default=False)
    """The office has looked at an appeal and kept it."""


@dataclass(frozen=True)
class Appeal:
    """Somebody who is not heard asks the office to look at it again."""

    mute: Mute
    reason: str
    words: str


def _tag(salt: str, telegram_id: int, vault: Vault) -> str:
    return vault.apart("mute").tag(f"mute{salt}", telegram_id)


def _seal(tag: str, facts: Mapping[str, Any], vault: Vault) -> bytes:
    return vault.apart("mute").seal(json.dumps(facts).encode(), tag)


def facts_of(mute: Mute, vault: Vault) -> dict[str, Any]:
    """`reason`, and of an appeal `chat`, `language`, `words`."""
    facts: dict[str, Any] = json.loads(vault.apart("mute").open(mute.sealed, mute.tag))
    return facts


_t: Any = Mute.__table__
_IN_FORCE = (
    select(_t.c.id, _t.c.salt, _t.c.tag)
    .where(or_(_t.c.until.is_(None), _t.c.until > bindparam("now", type_=_t.c.until.type)))
    .order_by(_t.c.until.is_(None).desc(), _t.c.until.desc())
)
"""Asked for every message of a student's, and mostly there is none. Blocks first, then what lasts longest."""


async def standing(session: AsyncSession, telegram_id: int, vault: Vault, now: datetime) -> Mute | None:
    """What keeps this person from being heard now; a block before a mute."""
    return await _theirs(session, await _in_force(session, now), telegram_id, vault)


async def _in_force(session: AsyncSession, now: datetime) -> Sequence[Any]:
    return (await plainly(session, _IN_FORCE, {"now": now})).all()


async def _theirs(session: AsyncSession, found: Sequence[Any], telegram_id: int, vault: Vault) -> Mute | None:
    for number, salt, tag in found:
        if secrets.compare_digest(tag, _tag(salt, telegram_id, vault)):
            return await session.get_one(Mute, number)
    return None


async def all_of(session: AsyncSession, telegram_id: int, vault: Vault) -> list[Mute]:
    """Everything that keeps this person from being heard, or did until the clock comes by."""
    rows = await session.scalars(select(Mute).order_by(Mute.id))
    return [row for row in rows if secrets.compare_digest(row.tag, _tag(row.salt, telegram_id, vault))]


def refusal_of(mute: Mute, vault: Vault) -> Refusal:
    """What somebody reads who is not heard: the reason and the end."""
    reason = facts_of(mute, vault)["reason"]
    if mute.until is None:
        return Refusal("mute.blocked", reason=reason)
    return Refusal("mute.muted", reason=reason, until=mute.until)


async def must_be_heard(session: AsyncSession, telegram_id: int, house: House, now: datetime) -> None:
    """Raises Refusal, with the reason and the end, for somebody who is muted or blocked."""
    mute = await standing(session, telegram_id, house.vault, now)
    if mute is not None:
        raise refusal_of(mute, house.vault)


async def must_hear(session: AsyncSession, requester: Requester, house: House, now: datetime) -> None:
    """The same for one who waits for a ticket."""
    found = await _in_force(session, now)
    reached = await requesters.reach(session, requester, house.vault) if found else None
    mute = await _theirs(session, found, reached.chat_id, house.vault) if reached is not None else None
    if mute is not None:
        raise refusal_of(mute, house.vault)


# ---------------------------------------------------------------- muting and blocking


async def mute(
    session: AsyncSession,
    ticket: Ticket,
    requester: Requester,
    station: Station,
    staff: Person,
    span: timedelta | None,
    reason: str,
    house: House,
    now: datetime,
) -> Mute:
    """Whoever wrote this is not heard for so long, or with None until the office lifts it; they are told why.

    Raises Refusal when nobody can be reached any more, and for a lead's mute that is too long.
    """
    if span is not None and not timedelta() < span <= LONGEST:
        raise Refusal("mute.span", most=LONGEST.days)
    reached = await requesters.reach(session, requester, house.vault)
    if reached is None:
        raise Refusal("mute.gone", number=ticket.id)
    reason = _A_TICKET.sub("#…", reason)
    salt, until = secrets.token_hex(16), _full_hour(now + span) if span is not None else None
    tag = _tag(salt, reached.chat_id, house.vault)
    found = Mute(
        id=await _number(session),
        salt=salt,
        tag=tag,
        until=until,
        sealed=_seal(tag, {"reason": reason}, house.vault),
        given_by_id=staff.id,
        station_id=station.id,
    )
    session.add(found)
    await session.flush()
    if span is None:
        await audit.record(session, "block", _hour_of(now), staff=staff, station=station.key, reason=reason)
        await letters.to_requester(
            session, ticket, requester, "mute.told_blocked", house, now, keyboard="appeal", reason=reason
        )
    else:
        hours = int(span.total_seconds() // 3600)
        await audit.record(session, "mute", _hour_of(now), staff=staff, station=station.key, hours=hours, reason=reason)
        due = until.isoformat() if until else None
        await letters.to_requester(
            session, ticket, requester, "mute.told", house, now, keyboard="appeal", reason=reason, due=due
        )
    return found


async def _number(session: AsyncSession) -> int:
    """Drawn by lot: numbers in order would tell which came first, and one that is used again would let a button below
    an old appeal lift what somebody else was given since.
    """
    while True:
        number = LEAST_NUMBER + secrets.randbelow(9 * LEAST_NUMBER)
        if await session.get(Mute, number) is None:
            return number


def _full_hour(moment: datetime) -> datetime:
    """The next full hour: a mute's end must not tell to the second when it was given."""
    down = _hour_of(moment)
    return down if down == moment else down + timedelta(hours=1)


def _hour_of(moment: datetime) -> datetime:
    """The hour in which something was done, which is all that the record tells: what the student is told of it waits in
    the outbox beside their ticket, and the same moment there would join the mute and the ticket.
    """
    return moment.replace(minute=0, second=0, microsecond=0)


async def get(session: AsyncSession, number: int, now: datetime) -> Mute:
    """The mute with this number. Raises Refusal when it is over."""
    found = await session.get(Mute, number)
    if found is None or (found.until is not None and found.until <= now):
        raise Refusal("mute.over")
    return found


async def in_force(session: AsyncSession, now: datetime) -> list[Mute]:
    """Everybody who is not heard now, blocks first."""
    rows = await session.scalars(
        select(Mute).where(or_(Mute.until.is_(None), Mute.until > now)).order_by(Mute.until.is_(None).desc(), Mute.id)
    )
    return list(rows)


async def without_appeal(session: AsyncSession, telegram_id: int, vault: Vault) -> None:
    """Whoever is not heard wants to be forgotten: what they said in an appeal and where to answer it goes. The mute
    stays until it is over, or /forget would be the way out of it.
    """
    for found in await all_of(session, telegram_id, vault):
        found.sealed = _seal(found.tag, {"reason": facts_of(found, vault)["reason"]}, vault)


async def forget_over(session: AsyncSession, now: datetime) -> None:
    """Nothing is kept of a mute that is over."""
    await session.execute(delete(Mute).where(Mute.until <= now))


# ---------------------------------------------------------------- appealing


async def judge(session: AsyncSession, found: Mute) -> Station:
    """Who looks at an appeal: the office at a lead's mute, the supervising teachers at what the office did itself.

    Raises Refusal while they have no chat.
    """
    desk = Desk.SUPERVISORS if found.until is None else Desk.OFFICE
    place = next(each for each in await stations.open_desks(session) if each.desk is desk)
    if place.chat_id is None:
        raise Refusal(f"appeal.no_{desk}")
    return place


async def to_appeal(session: AsyncSession, person: Person, house: House, now: datetime) -> Mute:
    """What somebody may ask to be looked at again, once for each mute. Raises Refusal when nothing keeps them, when
    they have asked, and while nobody could look at it.
    """
    found = await standing(session, person.telegram_id, house.vault, now)
    if found is None:
        raise Refusal("mute.over")
    if found.decided or found.appealed:
        raise Refusal("appeal.already")
    await judge(session, found)
    return found


async def appeal(session: AsyncSession, person: Person, words: str, house: House, now: datetime) -> Appeal:
    """Somebody asks for it, in their own words. From now on the mute knows where to answer them, sealed. Raises
    Refusal as `to_appeal` does.
    """
    found = await to_appeal(session, person, house, now)
    facts = facts_of(found, house.vault) | {
        "chat": person.telegram_id,
        "language": person.language,
        "words": words,
    }
    found.sealed, found.appealed = _seal(found.tag, facts, house.vault), True
    return Appeal(found, str(facts["reason"]), words)


async def decide(
    session: AsyncSession, found: Mute, lift: bool, by: Person, house: House, now: datetime
) -> Reached | None:
    """It is lifted, appealed against or not, or an appeal is turned down. Returns whom to tell, where they appealed and
    were not told yet; nobody knows who the others are.

    Raises Refusal for an appeal that was decided, and when whoever gave the mute turns down the appeal against it.
    """
    facts = facts_of(found, house.vault)
    who = Reached(int(facts["chat"]), str(facts["language"])) if "chat" in facts else None
    if lift:
        act = "unblock" if found.until is None else "unmute"
        await session.delete(found)
    else:
        if found.decided or not found.appealed:
            raise Refusal("appeal.already")
        if found.given_by_id == by.id:
            raise Refusal("appeal.own")
        act, found.decided = "appeal_refused", True
        found.sealed = _seal(found.tag, {"reason": facts["reason"]}, house.vault)
    # Which one it was, without its number: that would say to the minute when the row was made.
    place = await session.get_one(Station, found.station_id)
    await audit.record(session, act, _hour_of(now), staff=by, station=place.key, reason=facts["reason"])
    await session.flush()
    return who
