"""The figures of a span of time, place by place (mission.md, *Figures, and how they are counted*).

A ticket belongs to the span in which it was filed, and to the place that is responsible for it now: while it is only
offered to another, still the first (首接负责). What the definitions leave open is decided so:

- a ticket that was withdrawn or merged before its deadline has missed nothing and is not counted for it;
- on time is what staff had finished by the deadline, because the closing itself waits for the student's word;
- a problem is a category in a building: a ticket is a repeat when the same place and category had one closed within
  the thirty days before it was filed;
- working time is read off a curve of the calendar, because no database knows the union's office hours.

Rates are counted by the database; lengths of time and what came back are counted here, of plain numbers, some tickets
at a time: whoever counts a hundred thousand does it `aside`, and what is kept of them is as much as of a hundred.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Float, Select, Table, and_, func, or_, select, type_coerce
from sqlalchemy import case as case_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.calendar import Semester, WorkCalendar
from models.figures import NOTHING, Rate, Share
from models.lifecycle import State
from models.pulses import SCALE, TOP, Pulse, PulseCount, PulsePoll
from models.requesters import Requester
from models.sessions import patiently
from models.tickets import Ticket

REPEATS_WITHIN = timedelta(days=30)
SPANS = ("week", "month", "semester")
LENGTHS = {"week": 7, "month": 30}
"""Days that a span reaches back; a semester begins with its first day."""

_t = cast(Table, Ticket.__table__)
_r = cast(Table, Requester.__table__)
responsible = func.coalesce(_t.c.from_station_id, _t.c.station_id)
"""The place that is responsible for a ticket now."""


@dataclass(frozen=True)
class Period:
    """A span of time: from its first moment up to, and without, the last."""

    name: str
    since: datetime
    until: datetime


def period(name: str, calendar: WorkCalendar, now: datetime) -> Period:
    """The last 7 or 30 days with today, or the semester so far; in a vacation the semester before it. Without any
    semester in config.toml half a year stands for one.
    """
    today = now.astimezone(calendar.timezone).date()
    if name in LENGTHS:
        return Period(name, _midnight(today - timedelta(days=LENGTHS[name] - 1), calendar), now)
    term = semester_on(today, calendar)
    if term is None:
        return Period(name, _midnight(today - timedelta(days=182), calendar), now)
    ends = _midnight(term.ends + timedelta(days=1), calendar)
    return Period(name, _midnight(term.starts, calendar), min(ends, now))


def semester_on(day: date, calendar: WorkCalendar) -> Semester | None:
    """The semester of this day, in a vacation the one before it; None before the first that config.toml knows."""
    begun = [term for term in calendar.semesters if term.starts <= day]
    return max(begun, key=lambda each: each.starts, default=None)


def semester_before(this: Period, calendar: WorkCalendar) -> Period | None:
    """The semester before the one that begins with this span; None where config.toml knows none."""
    first = this.since.astimezone(calendar.timezone).date()
    earlier = [term for term in calendar.semesters if term.ends < first]
    if not earlier:
        return None
    term = max(earlier, key=lambda each: each.starts)
    return Period("semester", _midnight(term.starts, calendar), _midnight(term.ends + timedelta(days=1), calendar))


def _midnight(day: date, calendar: WorkCalendar) -> datetime:
    return datetime.combine(day, time(), calendar.timezone).astimezone(UTC)


@dataclass(frozen=True)
class Spread:
    """The middle and the ninth tenth of some lengths of time."""

    count: int
    median: timedelta
    ninth: timedelta
    """Nine of ten are not longer."""


def spread(minutes: Mapping[int, int]) -> Spread | None:
    """Of these lengths, each with how often it is: each time the shortest that at least half, or nine tenths, of them
    do not exceed.
    """
    count = sum(minutes.values())
    if not count:
        return None
    ranks, found, passed = [-(-count * tenths // 10) for tenths in (5, 9)], list[int](), 0
    for length in sorted(minutes):
        passed += minutes[length]
        while len(found) < len(ranks) and passed >= ranks[len(found)]:
            found.append(length)
    return Spread(count, *(timedelta(minutes=length) for length in found))


@dataclass
class Figures:
    """What was counted for one place."""

    filed: int = 0
    response: Share = NOTHING
    solved: Share = NOTHING
    satisfied: Share = NOTHING
    on_time: Share = NOTHING
    repeat: Share = NOTHING
    reply_minutes: Counter[int] = field(default_factory=Counter)
    """Working time from filing to the first public words of a human: so many took so many minutes."""
    close_minutes: Counter[int] = field(default_factory=Counter)
    """From filing to the last closure, reopenings included."""

    def __add__(self, other: Figures) -> Figures:
        both = {name: getattr(self, name) + getattr(other, name) for name in vars(self)}
        return Figures(**both)


async def count(
    session: AsyncSession,
    span: Period,
    calendar: WorkCalendar,
    now: datetime,
    station_id: int | None = None,
    among: Sequence[ColumnElement[bool]] = (),
) -> dict[int, Figures]:
    """Each place's figures, by its number; only this one's when one is named, only of tickets `among` these. A place
    without tickets is not in it.
    """
    found = await rates(session, span, now, station_id, among)
    closings = await _closings(session, span)
    working = Worked(calendar, span.since, now)
    await _add_times(session, found, _here(station_id, among), span, closings, working)
    return found


async def rates(
    session: AsyncSession,
    span: Period,
    now: datetime,
    station_id: int | None = None,
    among: Sequence[ColumnElement[bool]] = (),
) -> dict[int, Figures]:
    """The same without how long it took and what came back."""
    wanted = [*during(_t.c.filed_at, span.since, span.until), *_here(station_id, among)]
    found: dict[int, Figures] = {}
    for row in await patiently(session, of_tickets(wanted, now)):
        each = found[row.place] = Figures(filed=row.filed)
        each.response, each.on_time = share(row, "response"), share(row, "on_time")
    await _add_answers(session, found, wanted)
    return found


async def answers(
    session: AsyncSession, span: Period, station_id: int | None = None, among: Sequence[ColumnElement[bool]] = ()
) -> dict[int, Figures]:
    """The same, but only what requesters said: beside the figures of a shorter span that is all that is asked of a
    longer one.
    """
    found: dict[int, Figures] = defaultdict(Figures)
    here = _here(station_id, among)
    await _add_answers(session, found, [*during(_t.c.filed_at, span.since, span.until), *here])
    return dict(found)


def _here(station_id: int | None, among: Sequence[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    return [*among] if station_id is None else [*among, responsible == station_id]


async def _add_answers(session: AsyncSession, found: dict[int, Figures], wanted: Sequence[ColumnElement[bool]]) -> None:
    for row in await patiently(session, of_requesters(wanted)):
        found[row.place].solved, found[row.place].satisfied = share(row, "solved"), share(row, "satisfied")


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


class Counted(NamedTuple):
    """What a rate is counted of, as the database asks it."""

    of: ColumnElement[bool]
    hits: ColumnElement[bool]
    """Of these those that hit it; NULL is no."""
    silent: ColumnElement[bool]
    """Of whom nobody knows it yet, or that nobody has answered."""

    def columns(self, name: str) -> list[ColumnElement[int]]:
        """As three counts that `share` reads."""
        parts = {"hits": and_(self.of, self.hits), "of": self.of, "silent": self.silent}
        return [_how_many(condition).label(f"{name}_{part}") for part, condition in parts.items()]


def share(row: Any, name: str) -> Share:
    """What `Counted.columns` found, of one row."""
    hits, of, silent = (getattr(row, f"{name}_{part}") for part in ("hits", "of", "silent"))
    return Share(Rate(hits, of), silent)


def of_deadlines(now: datetime) -> dict[str, Counted]:
    """Of which tickets the rates of deadlines are counted: response and on_time."""
    gone = _t.c.state.in_([State.WITHDRAWN, State.MERGED])
    replied, done = _t.c.replied_at.is_not(None), _t.c.resolved_at.is_not(None)
    missed = and_(_t.c.reply_due <= now, or_(~gone, _t.c.closed_at > _t.c.reply_due))
    due = and_(_t.c.reply_due.is_not(None), or_(replied, missed))
    dispatched = and_(~gone, _t.c.resolve_due.is_not(None), or_(done, _t.c.resolve_due <= now))
    return {
        "response": Counted(due, _t.c.replied_at <= _t.c.reply_due, and_(due, ~replied)),
        "on_time": Counted(dispatched, _t.c.resolved_at <= _t.c.resolve_due, and_(dispatched, ~done)),
    }


def of_answers() -> dict[str, Counted]:
    """Of which requesters the rates of answers are counted: solved and satisfied."""
    asked = _t.c.state.in_([State.RESOLVED, State.CLOSED])
    said, rated = _r.c.solved.is_not(None), _r.c.rating.is_not(None)
    return {
        "solved": Counted(said, _r.c.solved.is_(True), and_(asked, ~said)),
        "satisfied": Counted(rated, _r.c.rating >= 4, and_(asked, ~rated)),
    }


def of_tickets(wanted: Iterable[ColumnElement[bool]], now: datetime) -> Select[*tuple[Any, ...]]:
    """How many of these tickets each place has, and its rates of deadlines."""
    rates = [column for name, each in of_deadlines(now).items() for column in each.columns(name)]
    counts = (responsible.label("place"), func.count().label("filed"), *rates)
    return select(*counts).where(*wanted).group_by(responsible)


def of_requesters(wanted: Iterable[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    """The rates of answers of each place, of those who wait for these tickets."""
    rates = [column for name, each in of_answers().items() for column in each.columns(name)]
    return (
        select(responsible.label("place"), *rates)
        .join_from(_r, _t, _r.c.ticket_id == _t.c.id)
        .where(_r.c.left.is_(False), *wanted)
        .group_by(responsible)
    )


Closings = dict[tuple[str, str | None], list[float]]
"""When a problem was closed, in order: a problem is a category in a building."""


async def _closings(session: AsyncSession, span: Period) -> Closings:
    """Those of a month before the span and of the span, at any place: a problem comes back whichever tickets are
    looked at.
    """
    asked = select(_t.c.category, _t.c.building, _seconds(session, _t.c.closed_at)).where(_t.c.state == State.CLOSED)
    found: Closings = defaultdict(list)
    async for category, building, ended in _each(
        session, asked, _t.c.closed_at, span.since - REPEATS_WITHIN, span.until
    ):
        found[category, building].append(ended)
    for ends in found.values():
        ends.sort()
    return found


async def _add_times(
    session: AsyncSession,
    found: Mapping[int, Figures],
    here: Sequence[ColumnElement[bool]],
    span: Period,
    closings: Closings,
    working: Worked,
) -> None:
    """How long it took, and what came back."""
    asked = select(
        responsible,
        _t.c.category,
        _t.c.building,
        _seconds(session, _t.c.filed_at),
        _seconds(session, _t.c.replied_at),
        case_((_t.c.state == State.CLOSED, _seconds(session, _t.c.closed_at))),
    ).where(*here)
    if not closings:
        # Nothing can have come back.
        asked = asked.where(or_(_t.c.replied_at.is_not(None), _t.c.state == State.CLOSED))
    month, repeats = REPEATS_WITHIN.total_seconds(), Counter[int]()
    async for place, category, building, begun, replied, ended in _each(
        session, asked, _t.c.filed_at, span.since, span.until
    ):
        if replied is not None:
            found[place].reply_minutes[_minutes(working.until(replied) - working.until(begun))] += 1
        if ended is not None:
            found[place].close_minutes[_minutes(ended - begun)] += 1
        ends = closings.get((category, building), ())
        before = bisect_right(ends, begun)
        if before and ends[before - 1] >= begun - month:
            repeats[place] += 1
    for place, figures in found.items():
        figures.repeat = Share(Rate(repeats[place], figures.filed))


def _minutes(seconds: float) -> int:
    """To the nearest; what was read from a database as a number may be a hair off."""
    return int((seconds + 30.25) // 60)


def during(
    moment: ColumnElement[datetime] | InstrumentedAttribute[datetime], since: datetime, until: datetime
) -> list[ColumnElement[bool]]:
    """That this moment is in [since, until)."""
    return [moment >= since, moment < until]


SLICE = timedelta(days=1)


async def _each(
    session: AsyncSession, asked: Select[Any], moment: ColumnElement[datetime], since: datetime, until: datetime
) -> AsyncIterator[Any]:
    """The rows of a statement for which this moment is in [since, until), those of a day at a time. The statement
    itself must not say when: a database might go by that, and through all of them for each day.
    """
    while since < until:
        ends = min(since + SLICE, until)
        for row in await patiently(session, asked.where(*during(moment, since, ends))):
            yield row
        since = ends


def _seconds(session: AsyncSession, moment: ColumnElement[Any]) -> ColumnElement[float]:
    """A moment as seconds since 1970: a number is read ten times as fast as a moment."""
    if session.get_bind().dialect.name == "sqlite":
        return type_coerce((func.julianday(moment) - 2440587.5) * 86400.0, Float)
    return type_coerce(func.date_part("epoch", moment), Float)


class Worked:
    """How much working time had passed at a moment, counted from the first day: the calendar as a curve."""

    def __init__(self, calendar: WorkCalendar, since: datetime, until: datetime) -> None:
        # A moment before: what is read from a database as a number may be a hair earlier than it was.
        self._edges: list[float] = [since.timestamp() - 1.0]
        self._sums: list[float] = [0.0]
        self._rises: list[float] = [0.0]
        """1 while it is open after this edge, else 0."""
        for opens, closes in calendar.spans(since, until):
            for edge, rise in ((opens, 1.0), (closes, 0.0)):
                self._sums.append(self._sums[-1] + (edge.timestamp() - self._edges[-1]) * self._rises[-1])
                self._edges.append(edge.timestamp())
                self._rises.append(rise)

    def until(self, moment: float) -> float:
        """Seconds of working time from the beginning to this moment, which is not before it."""
        at = bisect_right(self._edges, moment) - 1
        return self._sums[at] + (moment - self._edges[at]) * self._rises[at]


@dataclass(frozen=True)
class Surveys:
    """What came of the polls that ended in a span; of those with enough answers only."""

    polls: int
    response: Share
    satisfied: Share
    """CSAT: the top two of five, of the polls that ask for it."""


async def surveys(session: AsyncSession, span: Period, cell: int) -> Surveys:
    """A poll with fewer answers than the cell is left out: beside the results of the others the sum would show it."""
    enough = [row for row in await session.execute(of_polls(span)) if row.answered >= cell]
    answered, invited = sum(r.answered for r in enough), sum(r.invited for r in enough)
    of_scale = [row for row in enough if row.scale]
    asked = sum(r.answered for r in of_scale)
    return Surveys(
        len(enough),
        Share(Rate(answered, invited), invited - answered),
        Share(Rate(sum(r.top for r in of_scale), asked), sum(r.invited for r in of_scale) - asked),
    )


def of_polls(span: Period) -> Select[*tuple[Any, ...]]:
    """The polls that ended in a span: to how many they went, how many answered, and how many of these the top two."""
    scale = Pulse.options.is_(None)
    return (
        select(
            Pulse.id.label("number"),
            scale.label("scale"),
            func.count().label("invited"),
            func.count(PulseCount.choice).label("answered"),
            _how_many(PulseCount.choice >= SCALE - TOP).label("top"),
        )
        .select_from(PulsePoll)
        .join(Pulse, Pulse.id == PulsePoll.pulse_id)
        # In a private chat there is one vote at most, and so one row. Polls in groups of staff are not among them.
        .outerjoin(PulseCount, PulseCount.poll_id == PulsePoll.poll_id)
        .where(
            Pulse.closed.is_(True), Pulse.places.is_(None), Pulse.closes_at >= span.since, Pulse.closes_at < span.until
        )
        .group_by(Pulse.id, scale)
    )


def in_all(found: Mapping[int, Figures]) -> Figures:
    """All places together."""
    return sum(found.values(), Figures())
