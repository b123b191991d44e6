"""Working time: office hours, holidays and exam weeks, and the deadlines that count in them.

All of it is pure: moments come in aware and go out in UTC; the union's time zone is used only to know which day and which hour it is
there. A *working hour* passes only inside office hours. A *working day* leads to the same local time on the next working day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Hours = tuple[tuple[time, time], ...]

LONGEST_CLOSURE = 366
"""Days without one working day after which a calendar is called empty instead of searched for ever."""

QUIET_FROM, QUIET_TO = time(22, 30), time(7, 30)
"""The night: nothing but answers to what somebody just did (issue of the service desk, *Quiet hours*)."""


@dataclass(frozen=True)
class Semester:
    """A teaching term; both days belong to it."""

    name: str
    starts: date
    ends: date


@dataclass(frozen=True)
class Span:
    """A length of working time: whole working days, then working hours."""

    days: int = 0
    hours: float = 0.0


@dataclass(frozen=True)
class Deadlines:
    """How long each step may take (mission.md, *The life of a ticket*)."""

    claim: Span = Span(hours=4)
    reply: Span = Span(days=1)
    resolve: Span = Span(days=5)
    warn_before: Span = Span(hours=1)


@dataclass(frozen=True)
class WorkCalendar:
    """When the union works. `hours` maps a weekday (0 = Monday) to its opening spans, in order and not overlapping."""

    timezone: ZoneInfo
    hours: Mapping[int, Hours]
    holidays: frozenset[date] = frozenset()
    makeup_days: frozenset[date] = frozenset()
    """Weekend days that are worked (调休), with the hours of `makeup_like`."""
    exam_days: frozenset[date] = frozenset()
    exam_days_count: bool = True
    """False stops the clocks in exam weeks."""
    semesters: tuple[Semester, ...] = ()
    makeup_like: int = field(default=0)

    def hours_on(self, day: date) -> Hours:
        """The opening spans of a day; empty when nobody works."""
        if day in self.makeup_days:
            return self.hours.get(self.makeup_like, ())
        if day in self.holidays or (day in self.exam_days and not self.exam_days_count):
            return ()
        return self.hours.get(day.weekday(), ())

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody works at this moment."""
        local = moment.astimezone(self.timezone)
        return any(a <= local.time() < b for a, b in self.hours_on(local.date()))

    def next_opening(self, moment: datetime) -> datetime:
        """This moment if it is open, else the next at which it opens. ValueError when a year has no working day."""
        if self.is_open(moment):
            return moment.astimezone(UTC)
        return next(a for a, _ in self._spans_from(moment) if a >= moment)

    def add(self, start: datetime, span: Span) -> datetime:
        """The deadline `span` of working time after `start`: days first, then hours.

        A start outside office hours counts from the next opening. ValueError when a year has no working day.
        """
        moment = self.next_opening(start)
        if span.days:
            moment = self._add_days(moment, span.days)
        left = timedelta(hours=span.hours)
        if not left:
            return moment
        for a, b in self._spans_from(moment):
            begins = max(a, moment)
            if b - begins >= left:
                return begins + left
            left -= max(b - begins, timedelta())
        raise AssertionError("the spans of a calendar do not end")

    def subtract(self, moment: datetime, span: Span) -> datetime:
        """The moment from which `span` of working time leads to `moment`; for warnings before a deadline."""
        result = moment.astimezone(UTC)
        if span.days:
            local = result.astimezone(self.timezone)
            day, left = local.date(), span.days
            while left:
                day = self._working_day(day, -1)
                left -= 1
            result = self._at(day, local.time())
        left_time = timedelta(hours=span.hours)
        if not left_time:
            return result
        for a, b in self._spans_before(result):
            ends = min(b, result)
            if ends - a >= left_time:
                return ends - left_time
            left_time -= max(ends - a, timedelta())
        raise AssertionError("the spans of a calendar do not end")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; negative when `end` is earlier."""
        if end < start:
            return -self.between(end, start)
        total = timedelta()
        day, last = start.astimezone(self.timezone).date(), end.astimezone(self.timezone).date()
        while day <= last:
            for a, b in self._spans_on(day):
                total += max(min(b, end) - max(a, start), timedelta())
            day += timedelta(days=1)
        return total

    def semester_at(self, moment: datetime) -> Semester | None:
        """The semester this moment falls in, None in the vacation."""
        day = moment.astimezone(self.timezone).date()
        return next((s for s in self.semesters if s.starts <= day <= s.ends), None)

    def is_quiet(self, moment: datetime) -> bool:
        """Whether it is night for the students."""
        local = moment.astimezone(self.timezone).time()
        return local >= QUIET_FROM or local < QUIET_TO

    def after_quiet(self, moment: datetime) -> datetime:
        """This moment by day, else the morning that ends the night."""
        if not self.is_quiet(moment):
            return moment.astimezone(UTC)
        local = moment.astimezone(self.timezone)
        day = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
        return self._at(day, QUIET_TO)

    def _add_days(self, moment: datetime, days: int) -> datetime:
        local = moment.astimezone(self.timezone)
        day = local.date()
        for _ in range(days):
            day = self._working_day(day, +1)
        wanted = self._at(day, local.time())
        spans = list(self._spans_on(day))
        # A shorter day may be closed at that hour: then the last minute of it, or its next opening, is meant.
        if any(a <= wanted <= b for a, b in spans):
            return wanted
        later = [a for a, _ in spans if a > wanted]
        return later[0] if later else spans[-1][1]

    def _working_day(self, day: date, step: int) -> date:
        for _ in range(LONGEST_CLOSURE):
            day += timedelta(days=step)
            if self.hours_on(day):
                return day
        raise ValueError(f"the calendar has no working day within a year of {day}")

    def _at(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.timezone).astimezone(UTC)

    def _spans_on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for a, b in self.hours_on(day):
            yield self._at(day, a), self._at(day, b)

    def _spans_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = moment.astimezone(self.timezone).date()
        if not self.hours_on(day):
            day = self._working_day(day, +1)
        while True:
            yield from self._spans_on(day)
            day = self._working_day(day, +1)

    def _spans_before(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = moment.astimezone(self.timezone).date()
        if not self.hours_on(day):
            day = self._working_day(day, -1)
        while True:
            yield from reversed(list(self._spans_on(day)))
            day = self._working_day(day, -1)
