"""The duty roster (值班表): which weekly shifts a station has, who is on them, and who stands in on which date (换班).

A shift goes from its first to its last day, by default to the end of the semester; one whose first day is its last is
for that date alone. Weekly shifts follow the calendar as office hours do: none on a holiday, a make-up day has those of
the weekday whose hours it has. Who is on when is asked of `turns.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Key, one_of
from models.calendar import ONE_DAY, WorkCalendar
from models.differences import Difference, Mistake
from models.errors import Refusal
from models.people import Person
from models.stations import Station

MOST_PEOPLE = 6
"""On one shift."""


class Shift(Base):
    """A span of a weekday on which somebody is on duty; times are local, `ends` is after `starts`."""

    __tablename__ = "shifts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    weekday: Mapped[int]
    """0 is Monday."""
    starts: Mapped[time]
    ends: Mapped[time]
    first_day: Mapped[date]
    last_day: Mapped[date | None]
    """None where the calendar has no semesters."""

    __table_args__ = (Index("ix_shifts_station_id", "station_id"),)

    @property
    def once(self) -> bool:
        """Whether it is for one date alone."""
        return self.first_day == self.last_day


class OnShift(Base):
    """Somebody is on this shift."""

    __tablename__ = "on_shifts"

    shift_id: Mapped[int] = mapped_column(ForeignKey("shifts.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)


class SwapState(enum.StrEnum):
    """What became of the offer to stand in."""

    OFFERED = "offered"
    TAKEN = "taken"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Swap(Base):
    """One date's shift given to somebody else; what can be done with it stands in `swaps.py`."""

    __tablename__ = "swaps"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shifts.id"))
    day: Mapped[date]
    giver_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asked_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """Whom they asked; None for anybody of the group."""
    taker_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    state: Mapped[SwapState] = mapped_column(one_of(SwapState))

    __table_args__ = (Index("ix_swaps_shift_id_day", "shift_id", "day"),)


# ---------------------------------------------------------------- what a lead does with it


async def get(session: AsyncSession, shift_id: int) -> Shift:
    """The shift with this number. Raises Refusal when it is not there any more."""
    shift = await session.get(Shift, shift_id)
    if shift is None:
        raise Refusal("shift.gone")
    return shift


async def of_weekday(session: AsyncSession, station: Station, weekday: int, today: date) -> list[Shift]:
    """The shifts of a weekday that are not over."""
    found = await session.scalars(
        select(Shift)
        .where(
            Shift.station_id == station.id,
            Shift.weekday == weekday,
            or_(Shift.last_day.is_(None), Shift.last_day >= today),
        )
        .order_by(Shift.starts, Shift.ends, Shift.id)
    )
    return list(found)


async def on(session: AsyncSession, shifts: Sequence[int]) -> dict[int, list[int]]:
    """Who is on each of these shifts week by week, by their numbers."""
    found: dict[int, list[int]] = {number: [] for number in shifts}
    rows = await session.execute(
        select(OnShift.shift_id, OnShift.person_id)
        .where(OnShift.shift_id.in_(shifts))
        .order_by(OnShift.shift_id, OnShift.person_id)
    )
    for shift_id, person_id in rows:
        found[shift_id].append(person_id)
    return found


def lasts(calendar: WorkCalendar, now: datetime) -> tuple[date, date | None]:
    """From when to when a weekly shift made now goes: this semester, in a vacation the next one."""
    today = calendar.day_of(now)
    coming = sorted((term for term in calendar.semesters if term.ends >= today), key=lambda term: term.starts)
    return (max(today, coming[0].starts), coming[0].ends) if coming else (today, None)


async def add(
    session: AsyncSession,
    station: Station,
    weekday: int,
    starts: time,
    ends: time,
    lead: Person,
    calendar: WorkCalendar,
    now: datetime,
) -> Shift:
    """A new weekly shift that nobody is on yet; the same one where it is there already.

    Raises Refusal when it is no span of a day.
    """
    if weekday not in range(7) or starts >= ends:
        raise Refusal("shift.order")
    for held in await of_weekday(session, station, weekday, calendar.day_of(now)):
        if (held.starts, held.ends, held.once) == (starts, ends, False):
            return held
    first, last = lasts(calendar, now)
    shift = Shift(station_id=station.id, weekday=weekday, starts=starts, ends=ends, first_day=first, last_day=last)
    session.add(shift)
    await session.flush()
    await audit.record(session, "shift.add", now, staff=lead, **_told(station, shift))
    return shift


async def toggle(session: AsyncSession, shift: Shift, person: Person, lead: Person, now: datetime) -> bool:
    """Put somebody on the shift, or take them off it. Returns whether they are on it now."""
    held = await session.get(OnShift, (shift.id, person.id))
    if held is not None:
        await session.delete(held)
    elif len((await on(session, [shift.id]))[shift.id]) >= MOST_PEOPLE:
        raise Refusal("shift.full", most=MOST_PEOPLE)
    else:
        session.add(OnShift(shift_id=shift.id, person_id=person.id))
    await session.flush()
    act = "shift.on" if held is None else "shift.off"
    await audit.record(session, act, now, staff=lead, shift=shift.id, person=person.id)
    return held is None


async def repeat(
    session: AsyncSession, shift: Shift, weekly: bool, lead: Person, calendar: WorkCalendar, now: datetime
) -> None:
    """Every week to the end of the semester, or only on the next date that has this weekday."""
    if weekly is not shift.once:
        # So it is already; a shift that has begun keeps its first day.
        return
    if weekly:
        shift.first_day, shift.last_day = lasts(calendar, now)
    else:
        shift.first_day = shift.last_day = next_date(shift.weekday, calendar, now)
    await session.flush()
    await audit.record(session, "shift.repeat", now, staff=lead, shift=shift.id, weekly=weekly)


def next_date(weekday: int, calendar: WorkCalendar, now: datetime) -> date:
    """The next day, today among them, that has the shifts of this weekday."""
    today = calendar.day_of(now)
    ahead = [today + ONE_DAY * i for i in range(7 * 10)]
    return next(
        (d for d in ahead if calendar.roster_weekday(d) == weekday), today + ONE_DAY * ((weekday - today.weekday()) % 7)
    )


async def remove(session: AsyncSession, shift: Shift, lead: Person, calendar: WorkCalendar, now: datetime) -> None:
    """Take the shift off the roster from today on; what has been stays, for those who ask who was there."""
    station = await session.get_one(Station, shift.station_id)
    await audit.record(session, "shift.remove", now, staff=lead, **_told(station, shift))
    await _end(session, shift, calendar.day_of(now))


async def _end(session: AsyncSession, shift: Shift, today: date) -> None:
    if shift.first_day < today:
        shift.last_day = today - ONE_DAY
    else:
        for table in (OnShift, Swap):
            await session.execute(delete(table).where(table.shift_id == shift.id))
        await session.delete(shift)
    await session.flush()


def _told(station: Station, shift: Shift) -> dict[str, Any]:
    return {
        "station": station.key,
        "shift": shift.id,
        "weekday": shift.weekday,
        "span": f"{shift.starts:%H:%M}-{shift.ends:%H:%M}",
    }


# ---------------------------------------------------------------- a whole roster at once


@dataclass(frozen=True)
class Row:
    """A weekly shift as a file gives it; `people` are numbers of persons."""

    weekday: int
    starts: time
    ends: time
    people: tuple[int, ...] = ()

    @property
    def span(self) -> tuple[int, time, time]:
        """What tells one shift from another."""
        return self.weekday, self.starts, self.ends


async def compare(
    session: AsyncSession, station: Station, rows: Sequence[Row], calendar: WorkCalendar, now: datetime
) -> Difference[Row]:
    """What `replace` with these rows would do; nothing is changed."""
    held = await _weekly(session, station, calendar.day_of(now))
    before = {row.span: row for _, row in held}
    after = {row.span: row for row in rows}
    changed = [(before[s], after[s]) for s in after if s in before and set(before[s].people) != set(after[s].people)]
    return Difference(
        added=tuple(after[s] for s in after if s not in before),
        changed=tuple(changed),
        removed=tuple(before[s] for s in before if s not in after),
        kept=tuple(after[s] for s in after if s in before and set(before[s].people) == set(after[s].people)),
        mistakes=tuple(await _mistakes(session, rows)),
    )


async def replace(
    session: AsyncSession,
    station: Station,
    rows: Sequence[Row],
    lead: Person | None,
    calendar: WorkCalendar,
    now: datetime,
) -> Difference[Row]:
    """Make the station's weekly shifts these, from today (before the semester: from its first day) to its last day.
    What stays the same keeps its row, and with it who stands in on which date; shifts for one date alone are untouched.

    Raises Refusal with the first mistake; `compare` tells all of them.
    """
    found = await compare(session, station, rows, calendar, now)
    if found.mistakes:
        raise Refusal(found.mistakes[0].key, **found.mistakes[0].params)
    held = {row.span: shift for shift, row in await _weekly(session, station, calendar.day_of(now))}
    for row in found.removed:
        await _end(session, held[row.span], calendar.day_of(now))
    first, last = lasts(calendar, now)
    for row in (*found.added, *(after for _, after in found.changed)):
        shift = held.get(row.span)
        if shift is None:
            shift = Shift(
                station_id=station.id,
                weekday=row.weekday,
                starts=row.starts,
                ends=row.ends,
                first_day=first,
                last_day=last,
            )
            session.add(shift)
            await session.flush()
        await session.execute(delete(OnShift).where(OnShift.shift_id == shift.id))
        session.add_all(OnShift(shift_id=shift.id, person_id=number) for number in dict.fromkeys(row.people))
    await session.flush()
    counts = {name: len(getattr(found, name)) for name in ("added", "changed", "removed", "kept")}
    await audit.record(session, "shift.replace", now, staff=lead, station=station.key, **counts)
    return found


async def _weekly(session: AsyncSession, station: Station, today: date) -> list[tuple[Shift, Row]]:
    rows = await session.scalars(
        select(Shift)
        .where(Shift.station_id == station.id, or_(Shift.last_day.is_(None), Shift.last_day >= today))
        .order_by(Shift.weekday, Shift.starts, Shift.ends)
    )
    shifts = [shift for shift in rows if not shift.once]
    people_of = await on(session, [shift.id for shift in shifts])
    return [(shift, Row(shift.weekday, shift.starts, shift.ends, tuple(people_of[shift.id]))) for shift in shifts]


async def _mistakes(session: AsyncSession, rows: Sequence[Row]) -> list[Mistake]:
    wanted = {number for row in rows for number in row.people}
    known = set(await session.scalars(select(Person.id).where(Person.id.in_(wanted))))
    found: list[Mistake] = []
    seen: set[tuple[int, time, time]] = set()
    for i, row in enumerate(rows):
        span = f"{row.starts:%H:%M}–{row.ends:%H:%M}"
        if row.weekday not in range(7) or row.starts >= row.ends:
            found.append(Mistake(i, "shift.order"))
        elif row.span in seen:
            found.append(Mistake(i, "shift.twice", {"span": span}))
        elif len(set(row.people)) > MOST_PEOPLE:
            found.append(Mistake(i, "shift.full", {"most": MOST_PEOPLE}))
        elif not known.issuperset(row.people):
            found.append(Mistake(i, "shift.stranger", {"span": span}))
        seen.add(row.span)
    return found
