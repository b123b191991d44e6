"""Handing over: what is open, from whom to whom, and that both sides have said so. At the end of a shift, and when the
executive chair changes (`union/matters.py`), which has days where a shift has hours.

    ten minutes before the end ─▶ the list in the group, with a button for either side
    nothing open               ─▶ one line, nothing to sign
    a side has not signed an hour after it could ─▶ reminded once ─▶ an hour later the lead is told

Whoever goes on from one shift to the next hands over to nobody; where all of them do, nothing is said. Where nobody
follows on the same day the incoming side is whoever is on duty next, and their hour counts from when they begin.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import colleagues, letters, listing, stations, turns
from models.base import Base, Json, Key, one_of
from models.calendar import WorkCalendar
from models.errors import Refusal
from models.lifecycle import OPEN
from models.people import Person
from models.sessions import patiently
from models.stations import Station
from models.tickets import Ticket
from models.turns import Turn

BEFORE_THE_END = timedelta(minutes=10)
LATE = timedelta(minutes=30)
"""So long after the end of a shift a handover that was missed is still made; later the next one says what is open."""
SIGNED_WITHIN, CHAIR_WITHIN = timedelta(hours=1), timedelta(days=1)
TOO_OLD, CHAIR_TOO_OLD = timedelta(hours=12), timedelta(days=14)
"""A side that could have signed so long ago, a night and more, is not reminded any more: the program was away."""


class Side(enum.StrEnum):
    """Whose word it is."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class Handover(Base):
    """What was open when a shift ended, or the executive chair changed."""

    __tablename__ = "handovers"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    at: Mapped[datetime]
    """The end of the shift: of several that end together one handover is made."""
    tickets: Mapped[list[Any]]
    """The numbers of what was open."""
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("chair_turns.id"))
    """The turn of the executive chair that begins (`union/rota.py`); None at the end of a shift."""
    matters: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the executive chair hands over, as `union/matters.py` gathers it."""

    __table_args__ = (UniqueConstraint("station_id", "at"),)


class Signature(Base):
    """One side of a handover, whose word is waited for or has been given."""

    __tablename__ = "handover_sides"

    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"), primary_key=True)
    side: Mapped[Side] = mapped_column(one_of(Side), primary_key=True)
    people: Mapped[list[Any]]
    """Any of them may say it."""
    since: Mapped[datetime]
    """From when on it can be expected."""
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    signed_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    """When the lead was told."""


def ending(today: Sequence[Turn], now: datetime) -> list[datetime]:
    """The ends of shifts that are to be handed over now: they are near, or have just passed."""
    ends = {turn.ends for turn in today if turn.people}
    return sorted(end for end in ends if end - BEFORE_THE_END <= now <= end + LATE)


async def begin(
    session: AsyncSession, station: Station, at: datetime, calendar: WorkCalendar, now: datetime
) -> Handover | None:
    """Write down what is open at the end of the shifts that end then, and say it in the group. None when there is
    nothing to hand over or it has been done.
    """
    if await session.scalar(select(Handover.id).where(Handover.station_id == station.id, Handover.at == at)):
        return None
    day = calendar.day_of(at)
    today = await turns.between(session, station, day, day, calendar)
    outgoing = turns.everybody([turn for turn in today if turn.ends == at])
    staying = [turn for turn in today if turn.people and turn.begins <= at < turn.ends]
    following = staying or await turns.next_turns(session, station, calendar, at)
    incoming, goes_on = turns.everybody(following), {person.id for person in turns.everybody(following)}
    both = goes_on & {person.id for person in outgoing}
    outgoing = [person for person in outgoing if person.id not in both]
    # Where only those who go on stay, it is they who take over from the others.
    incoming = [person for person in incoming if person.id not in both] or incoming
    if not outgoing:
        return None
    handover = Handover(station_id=station.id, at=at, tickets=await open_numbers(session, station))
    session.add(handover)
    await session.flush()
    if handover.tickets:
        begins = max(at, following[0].begins) if following else at
        for side, who, since in ((Side.OUTGOING, outgoing, at), (Side.INCOMING, incoming, begins)):
            if who:
                session.add(
                    Signature(handover_id=handover.id, side=side, people=[person.id for person in who], since=since)
                )
        await session.flush()
    assert station.chat_id is not None, "asked of stations that have one"
    await letters.drawn(
        session, station.chat_id, "roster", "handover", handover.id, now, dedupe=f"handover:{handover.id}"
    )
    return handover


async def open_numbers(session: AsyncSession, station: Station) -> list[int]:
    """What the station owes an answer, the most urgent first; what it has only offered to another is its own still."""
    theirs = or_(
        Ticket.from_station_id == station.id, (Ticket.station_id == station.id) & Ticket.from_station_id.is_(None)
    )
    order = listing.due_first(session), Ticket.filed_at, Ticket.id
    asked = select(Ticket.id).where(theirs, Ticket.state.in_(OPEN)).order_by(*order)
    return [number for (number,) in await patiently(session, asked)]


async def get(session: AsyncSession, number: int) -> tuple[Handover, list[Signature]]:
    """A handover with its sides, the outgoing one first. Raises Refusal when there is none."""
    handover = await session.get(Handover, number)
    if handover is None:
        raise Refusal("handover.gone")
    sides = await session.scalars(
        select(Signature).where(Signature.handover_id == number).order_by(Signature.side.desc())
    )
    return handover, list(sides)


async def sign(session: AsyncSession, number: int, side: Side, person: Person, now: datetime) -> None:
    """One side's word. Raises Refusal for somebody who is not of this side, and when it has been given."""
    found = await session.get(Signature, (number, side), with_for_update=True, populate_existing=True)
    if found is None:
        raise Refusal("handover.gone")
    if found.signed_by_id is not None:
        raise Refusal("handover.signed_already", name=(await session.get_one(Person, found.signed_by_id)).name)
    if person.id not in found.people:
        names = ", ".join(each.name for each in await colleagues.by_ids(session, found.people))
        raise Refusal("handover.not_yours", names=names)
    found.signed_by_id, found.signed_at = person.id, now


async def unsigned(session: AsyncSession, now: datetime) -> list[tuple[int, Side]]:
    """The sides of which somebody is to be reminded, or their lead told, now."""
    late = or_(
        Handover.turn_id.is_(None) & _late(SIGNED_WITHIN, TOO_OLD, now),
        Handover.turn_id.is_not(None) & _late(CHAIR_WITHIN, CHAIR_TOO_OLD, now),
    )
    found = await session.execute(
        select(Signature.handover_id, Signature.side)
        .join(Handover, Handover.id == Signature.handover_id)
        .where(Signature.signed_at.is_(None), late)
        .order_by(Signature.handover_id, Signature.side.desc())
    )
    return [(number, side) for number, side in found]


def _late(within: timedelta, too_old: timedelta, now: datetime) -> ColumnElement[bool]:
    again = Signature.told_at.is_(None) & (Signature.reminded_at <= now - within)
    waits = or_(Signature.reminded_at.is_(None), again)
    return and_(Signature.since <= now - within, Signature.since > now - too_old, waits)


async def follow_up(session: AsyncSession, number: int, side: Side, calendar: WorkCalendar, now: datetime) -> None:
    """This side has not given its word: it is reminded, the second time its lead is told; the office where nobody leads
    the station.
    """
    signature = await session.get(Signature, (number, side), with_for_update=True, populate_existing=True)
    if signature is None or signature.signed_at is not None or signature.told_at is not None:
        return
    handover = await session.get_one(Handover, number)
    station = await session.get_one(Station, handover.station_id)
    who, quiet = await colleagues.by_ids(session, signature.people), calendar.after_quiet(now)
    since = handover.at.isoformat()
    if signature.reminded_at is None:
        signature.reminded_at = now
        await letters.to_station(
            session,
            station,
            f"handover.remind.{side}",
            now,
            dedupe=f"handover_remind:{number}:{side}",
            mentions=colleagues.mentions(who),
            since=since,
        )
        if handover.turn_id is not None:
            # Who has the chair need not be in the office's group.
            await colleagues.tell(session, who, "chair.remind", now, not_before=quiet)
        return
    signature.told_at = now
    leads = await colleagues.leads(session, station)
    place = station if leads else await stations.office(session)
    names = ", ".join(person.name for person in who)
    await letters.to_station(
        session,
        place,
        f"handover.tell.{side}",
        now,
        dedupe=f"handover_tell:{number}:{side}",
        mentions=colleagues.mentions(leads),
        station=station.names,
        names=names,
        since=since,
    )
    await colleagues.tell(
        session,
        leads,
        f"handover.tell_private.{side}",
        now,
        not_before=quiet,
        station=station.names,
        names=names,
        since=since,
    )
