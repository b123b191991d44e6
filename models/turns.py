"""Who is on duty when: the shifts of a roster on their dates, with those who stand in for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import shifts
from models.calendar import ONE_DAY, WorkCalendar
from models.errors import Refusal
from models.people import Person
from models.shifts import OnShift, Shift, Swap, SwapState
from models.stations import Station

AHEAD = timedelta(days=14)
"""So far ahead the next on duty is looked for; over a longer vacation nobody follows."""


@dataclass(frozen=True)
class Turn:
    """A shift on a date."""

    shift: Shift
    day: date
    begins: datetime
    ends: datetime
    people: tuple[Person, ...]
    """Those of this date, who stand in for others among them; none where nobody is on it yet."""


async def between(
    session: AsyncSession, station: Station, first: date, last: date, calendar: WorkCalendar
) -> list[Turn]:
    """Every turn of a station on these days, in order; those that nobody is on among them."""
    rows = await session.scalars(
        select(Shift).where(
            Shift.station_id == station.id,
            Shift.first_day <= last,
            or_(Shift.last_day.is_(None), Shift.last_day >= first),
        )
    )
    held = {shift.id: shift for shift in rows}
    if not held:
        return []
    on = await shifts.on(session, list(held))
    taken = await session.scalars(
        select(Swap)
        .where(Swap.shift_id.in_(held), Swap.day.between(first, last), Swap.state == SwapState.TAKEN)
        .order_by(Swap.id)
    )
    standing_in: dict[tuple[int, date], list[Swap]] = {}
    for swap in taken:
        standing_in.setdefault((swap.shift_id, swap.day), []).append(swap)
    wanted = {swap.taker_id for swaps in standing_in.values() for swap in swaps} | {
        p for ids in on.values() for p in ids
    }
    known = {person.id: person for person in await session.scalars(select(Person).where(Person.id.in_(wanted)))}
    found = []
    for day in (first + ONE_DAY * i for i in range((last - first).days + 1)):
        weekday = calendar.roster_weekday(day)
        for shift in held.values():
            if shift.first_day > day or (shift.last_day is not None and shift.last_day < day):
                continue
            if not shift.once and shift.weekday != weekday:
                continue
            ids = list(on[shift.id])
            for swap in standing_in.get((shift.id, day), ()):
                ids = [swap.taker_id if number == swap.giver_id else number for number in ids]  # type: ignore[misc]
            who = tuple(known[number] for number in dict.fromkeys(ids))
            found.append(Turn(shift, day, calendar.at(day, shift.starts), calendar.at(day, shift.ends), who))
    return sorted(found, key=lambda turn: (turn.begins, turn.ends, turn.shift.id))


async def of_shift(session: AsyncSession, shift_id: int, day: date, calendar: WorkCalendar) -> tuple[Station, Turn]:
    """A shift on a date, with its station. Raises Refusal when it is not there any more."""
    shift = await shifts.get(session, shift_id)
    station = await session.get_one(Station, shift.station_id)
    for found in await between(session, station, day, day, calendar):
        if found.shift.id == shift_id:
            return station, found
    raise Refusal("shift.gone")


async def on_duty(session: AsyncSession, station: Station, calendar: WorkCalendar, now: datetime) -> list[Turn]:
    """The turns that run now and have somebody."""
    today = calendar.day_of(now)
    return [t for t in await between(session, station, today, today, calendar) if t.people and t.begins <= now < t.ends]


async def next_turns(session: AsyncSession, station: Station, calendar: WorkCalendar, now: datetime) -> list[Turn]:
    """Those that begin next, at `now` or later, and have somebody: several where they begin together."""
    today = calendar.day_of(now)
    coming = await between(session, station, today, today + AHEAD, calendar)
    coming = [turn for turn in coming if turn.people and turn.begins >= now]
    return [turn for turn in coming if turn.begins == coming[0].begins]


async def of_person(session: AsyncSession, person: Person, calendar: WorkCalendar, now: datetime) -> list[Turn]:
    """This person's own turns from now on, at every station."""
    mine = select(OnShift.shift_id).where(OnShift.person_id == person.id)
    taken = select(Swap.shift_id).where(Swap.taker_id == person.id, Swap.state == SwapState.TAKEN)
    places = select(Shift.station_id).where(or_(Shift.id.in_(mine), Shift.id.in_(taken)))
    found: list[Turn] = []
    today = calendar.day_of(now)
    stations = await session.scalars(select(Station).where(Station.id.in_(places), Station.closed.is_(False)))
    for station in stations.all():
        here = await between(session, station, today, today + AHEAD, calendar)
        found += [each for each in here if each.ends > now and person.id in [p.id for p in each.people]]
    return sorted(found, key=lambda turn: turn.begins)


def everybody(turns: Sequence[Turn]) -> list[Person]:
    """The people of these turns, each once."""
    return list({person.id: person for turn in turns for person in turn.people}.values())
