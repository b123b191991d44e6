"""Swapping a shift (换班): whoever is on it offers one date of it, somebody else says yes, and only then it is theirs.

    offered ─▶ taken       by the one who was asked; by anybody of the group where nobody in particular was
            ─▶ declined    by the one who was asked
            ─▶ withdrawn   by the one who offered, or because they offered it anew

A lead may put somebody else on a date without asking. Both of them and the station's group are told what came of it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, colleagues, letters, turns
from models.calendar import WorkCalendar
from models.errors import Refusal
from models.people import Person
from models.shifts import Swap, SwapState
from models.stations import Station
from models.turns import Turn


async def offer(
    session: AsyncSession,
    station: Station,
    turn: Turn,
    giver: Person,
    asked: Person | None,
    calendar: WorkCalendar,
    now: datetime,
) -> Swap:
    """Ask somebody, or with None anybody of the group, to take this date. An earlier offer of it is withdrawn.

    Raises Refusal when it is over, not the giver's, or the asked one is on it already.
    """
    _must_be_theirs(turn, giver, now)
    if asked is not None:
        _must_not_be_on(turn, asked)
    earlier = await session.scalars(
        select(Swap).where(
            Swap.shift_id == turn.shift.id,
            Swap.day == turn.day,
            Swap.giver_id == giver.id,
            Swap.state == SwapState.OFFERED,
        )
    )
    for each in earlier:
        each.state = SwapState.WITHDRAWN
    swap = Swap(
        shift_id=turn.shift.id,
        day=turn.day,
        giver_id=giver.id,
        asked_id=asked.id if asked else None,
        state=SwapState.OFFERED,
    )
    session.add(swap)
    await session.flush()
    if station.chat_id is not None:
        await letters.drawn(session, station.chat_id, "roster", "swap", swap.id, now)
    if asked is not None and asked.agreed:
        quiet = calendar.after_quiet(now)
        await letters.drawn(session, asked.telegram_id, "roster", "swap", swap.id, now, not_before=quiet)
    return swap


async def take(session: AsyncSession, swap_id: int, person: Person, calendar: WorkCalendar, now: datetime) -> Swap:
    """Yes: the date is theirs. Raises Refusal when it is not offered (to them) any more, or they are on it already."""
    swap = await _offered(session, swap_id)
    station, turn = await turns.of_shift(session, swap.shift_id, swap.day, calendar)
    giver = await session.get_one(Person, swap.giver_id)
    if person.id == giver.id or swap.asked_id not in (None, person.id):
        raise Refusal("swap.not_asked")
    _must_be_theirs(turn, giver, now)
    _must_not_be_on(turn, person)
    swap.state, swap.taker_id = SwapState.TAKEN, person.id
    await _told(session, station, turn, giver, person, calendar, now)
    return swap


async def decline(session: AsyncSession, swap_id: int, person: Person, calendar: WorkCalendar, now: datetime) -> Swap:
    """No, by the one who was asked; by the one who offered it, never mind. Raises Refusal for anybody else."""
    swap = await _offered(session, swap_id)
    station, turn = await turns.of_shift(session, swap.shift_id, swap.day, calendar)
    if person.id == swap.giver_id:
        swap.state = SwapState.WITHDRAWN
        return swap
    if person.id != swap.asked_id:
        raise Refusal("swap.not_asked")
    swap.state = SwapState.DECLINED
    giver = await session.get_one(Person, swap.giver_id)
    when, quiet = _when(turn), calendar.after_quiet(now)
    await letters.to_station(session, station, "swap.declined", now, name=person.name, giver=giver.name, when=when)
    await colleagues.tell(session, [giver], "swap.declined_you", now, not_before=quiet, name=person.name, when=when)
    return swap


async def assign(
    session: AsyncSession,
    station: Station,
    turn: Turn,
    giver: Person,
    taker: Person,
    lead: Person,
    calendar: WorkCalendar,
    now: datetime,
) -> Swap:
    """A lead puts somebody else on this date. Raises Refusal when it is over, or when the one is not on it or the
    other is.
    """
    _must_be_theirs(turn, giver, now)
    _must_not_be_on(turn, taker)
    swap = Swap(shift_id=turn.shift.id, day=turn.day, giver_id=giver.id, taker_id=taker.id, state=SwapState.TAKEN)
    session.add(swap)
    await session.flush()
    await audit.record(
        session, "shift.assign", now, staff=lead, shift=turn.shift.id, day=f"{turn.day}", giver=giver.id, taker=taker.id
    )
    await _told(session, station, turn, giver, taker, calendar, now)
    return swap


async def _offered(session: AsyncSession, swap_id: int) -> Swap:
    # Locked: of two who say yes at once, one in private and one in the group, the second finds it taken.
    swap = await session.get(Swap, swap_id, with_for_update=True, populate_existing=True)
    if swap is None or swap.state is not SwapState.OFFERED:
        taker = await session.get(Person, swap.taker_id) if swap is not None and swap.taker_id else None
        raise Refusal("swap.taken_already", name=taker.name) if taker else Refusal("swap.gone")
    return swap


def _must_be_theirs(turn: Turn, giver: Person, now: datetime) -> None:
    if turn.ends <= now:
        raise Refusal("swap.over")
    if giver.id not in [person.id for person in turn.people]:
        raise Refusal("swap.not_on", name=giver.name)


def _must_not_be_on(turn: Turn, taker: Person) -> None:
    if taker.id in [person.id for person in turn.people]:
        raise Refusal("swap.on_already", name=taker.name)


def _when(turn: Turn) -> list[str]:
    return [turn.begins.isoformat(), turn.ends.isoformat()]


async def _told(
    session: AsyncSession,
    station: Station,
    turn: Turn,
    giver: Person,
    taker: Person,
    calendar: WorkCalendar,
    now: datetime,
) -> None:
    when, quiet = _when(turn), calendar.after_quiet(now)
    await letters.to_station(session, station, "swap.taken", now, giver=giver.name, taker=taker.name, when=when)
    for person, text in ((giver, "swap.taken_from_you"), (taker, "swap.taken_by_you")):
        await colleagues.tell(
            session,
            [person],
            text,
            now,
            not_before=quiet,
            giver=giver.name,
            taker=taker.name,
            station=station.names,
            when=when,
        )
