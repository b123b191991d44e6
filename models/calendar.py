"""Working time: office hours, holidays and exam weeks, and the deadlines that count in them.

Everything here is pure. Moments come in aware, of whatever zone, and go out in UTC; the union's time zone
serves only to know which day and which hour it is there. A moment without a time zone is refused with a
ValueError, because Python would quietly take it for the machine's own time.

Two units, as mission.md has them (*The life of a ticket*): a *working hour* passes only while the union is
open; a *working day* leads to the same local time on the next day that has opening hours. Where clocks are
changed, hours are counted as they really pass, and wall-clock times stay in order: a time that is skipped is
the moment of the change, the second pass through a repeated hour stands at that hour's end.

Exam weeks may be *relaxed* by a factor: of the time worked in them only that part counts, so that with 2 an hour passes
in two, and a day in two days. Whole days end at the same local time on the first day by which enough have passed; so
around relaxed days whoever begins later may be due on the same day at an earlier hour, and never on an earlier day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

Hours = tuple[tuple[time, time], ...]
"""A day's opening spans in local time: each open from the first moment up to, and without, the second."""

Spans = tuple[tuple[datetime, datetime], ...]
"""The same spans as moments in UTC."""

ONE_DAY = timedelta(days=1)

LONGEST_CLOSURE = 366
"""Days in a row without opening hours after which a calendar is called empty, not searched for ever."""

LONGEST_DAYS, LONGEST_HOURS = 1_000, 24_000
"""The longest span, in working days and hours: beyond any promise, so a slip of the keyboard is refused."""

QUIET_FROM, QUIET_TO = time(22, 30), time(7, 30)
"""The night in local time: only answers to what somebody just did go out, the rest waits for the morning."""
LONG_WAY = timedelta(hours=1)
"""So long what goes to everybody may be on its way: fifty thousand messages take half of it."""
YEAR_BEGINS = 8
"""The month with which an academic year begins: its first semester begins in it or soon after."""


@dataclass(frozen=True)
class Semester:
    """A teaching term; both days belong to it."""

    name: str
    starts: date
    ends: date


@dataclass(frozen=True)
class AcademicYear:
    """Two semesters and their vacations; both days belong to it."""

    name: str
    """"2026-2027"."""
    starts: date
    ends: date

    @classmethod
    def of(cls, day: date) -> AcademicYear:
        """The one in which a day lies: from 1 August to 31 July."""
        first = day.year if day.month >= YEAR_BEGINS else day.year - 1
        return cls(f"{first}-{first + 1}", date(first, YEAR_BEGINS, 1), date(first + 1, YEAR_BEGINS, 1) - ONE_DAY)


@dataclass(frozen=True)
class Span:
    """A length of working time: whole working days, and working hours on top.

    ValueError when one of them is negative, no number, or longer than `LONGEST_DAYS` or `LONGEST_HOURS`.
    """

    days: int = 0
    hours: float = 0

    def __post_init__(self) -> None:
        # Written so that NaN, which compares false with everything, is refused too.
        if not (0 <= self.days <= LONGEST_DAYS and 0 <= self.hours <= LONGEST_HOURS):
            raise ValueError(
                f"{self.days} working days and {self.hours} working hours are no length of time: "
                f"0 to {LONGEST_DAYS} days, 0 to {LONGEST_HOURS} hours"
            )


@dataclass(frozen=True)
class Deadlines:
    """How long each step may take, from filing, and how long before it a warning comes.

    The defaults are mission.md's (*The life of a ticket*): claimed within 4 working hours, a first human
    reply within 1 working day, resolved within 5.
    """

    claim: Span = Span(hours=4)
    reply: Span = Span(days=1)
    resolve: Span = Span(days=5)
    warn_before: Span = Span(hours=1)


@dataclass(frozen=True)
class WorkCalendar:
    """When the union works, and so when its clocks run.

    A stopped exam day outranks a make-up day (a whole week stops, with the Saturday in it), and a make-up day
    outranks a holiday (holidays are given as ranges, make-up days are named one by one).

    ValueError when a day's opening spans are empty, overlap or are out of order, when exam days are to pass faster
    than others, or when there are make-up days and the weekday whose hours they have is not worked.
    """

    timezone: ZoneInfo
    hours: Mapping[int, Hours]
    """Weekday (0 = Monday) → its opening spans in order; a weekday that is missing is not worked."""
    holidays: frozenset[date] = frozenset()
    makeup_days: frozenset[date] = frozenset()
    """Weekend days that are worked in exchange for a holiday (调休)."""
    exam_days: frozenset[date] = frozenset()
    exam_days_count: bool = True
    """False stops the clocks on exam days."""
    exam_days_factor: Fraction = Fraction(1)
    """How many times slower the clocks run on exam days that count; at least 1."""
    semesters: tuple[Semester, ...] = ()
    makeup_hours_of: int = 0
    """The weekday whose hours a make-up day has."""

    # Days once looked at: thousands of deadlines fall on the same few.
    _known: dict[date, Spans] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for weekday, spans in self.hours.items():
            if weekday not in range(7):
                raise ValueError(f"{weekday} is no weekday: 0 is Monday, 6 is Sunday")
            edges = [edge for span in spans for edge in span]
            # A closing may be the next opening; anything else has to move on.
            if not all(a < b or (i % 2 and a == b) for i, (a, b) in enumerate(pairwise(edges))):
                written = ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in spans)
                raise ValueError(f"the hours of weekday {weekday} overlap or are out of order: {written}")
        if self.exam_days_factor < 1:
            raise ValueError(f"exam days cannot pass faster than others: {self.exam_days_factor} is less than 1")
        if self.makeup_days and not self.hours.get(self.makeup_hours_of):
            raise ValueError(f"make-up days have the hours of weekday {self.makeup_hours_of}: it has none")

    # ------------------------------------------------------------ what is asked

    def hours_on(self, day: date) -> Hours:
        """A day's opening spans in local time; none when the clocks stand still all day."""
        if day in self.exam_days and not self.exam_days_count:
            return ()
        if day in self.makeup_days:
            return self.hours.get(self.makeup_hours_of, ())
        if day in self.holidays:
            return ()
        return self.hours.get(day.weekday(), ())

    def roster_weekday(self, day: date) -> int | None:
        """The weekday whose shifts this day has, by the same rules as its hours; None on a day off."""
        if day in self.exam_days and not self.exam_days_count:
            return None
        if day in self.makeup_days:
            return self.makeup_hours_of
        return None if day in self.holidays else day.weekday()

    def is_open(self, moment: datetime) -> bool:
        """Whether the clocks run at this moment; at closing time they no longer do."""
        moment = _utc(moment)
        return any(opens <= moment < closes for opens, closes in self._open_on(self._wall(moment).date()))

    def spans(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The opening spans of every day from that of `start` to that of `end`, in order."""
        day, last = self._wall(_utc(start)).date(), self._wall(_utc(end)).date()
        found: list[tuple[datetime, datetime]] = []
        while day <= last:
            found += self._open_on(day)
            day += ONE_DAY
        return found

    def next_opening(self, moment: datetime) -> datetime:
        """This moment while it is open, else the next at which it opens.

        ValueError when a year goes by without a working day.
        """
        moment = _utc(moment)
        day = self._wall(moment).date()
        while True:
            for opens, closes in self._open_on(day):
                if closes > moment:
                    return max(opens, moment)
            day = self._working_day(day, +1)

    def add(self, start: datetime, span: Span) -> datetime:
        """The deadline for what began at `start` and may take `span`: first its working days, then its hours.

        A start outside office hours counts from the next opening. The deadline is within office hours or
        exactly at closing: where a day is closed at the local time that is wanted, it is the closing before,
        or the opening of a day that opens later. ValueError when a year goes by without a working day.
        """
        moment = self.next_opening(start)
        if span.days:
            moment = self._same_time(moment, span.days, +1)
        left = timedelta(hours=span.hours) * self._parts
        if not left:
            return moment
        day = self._wall(moment).date()
        while True:
            counts = self._counts(day)
            for opens, closes in self._open_on(day):
                begins = max(opens, moment)
                passing = (closes - begins) * counts
                if passing >= left:
                    return begins + left / counts
                left -= max(passing, timedelta())
            day = self._working_day(day, +1)

    def subtract(self, moment: datetime, span: Span) -> datetime:
        """When to speak up so that `span` is left before `moment`; what `add` did, undone in reverse.

        A moment outside office hours counts as the closing before it. Taking back what `add` gave leads to
        its start, or to the next opening if that was outside hours: always for hours, for days where all have
        the same hours. Over relaxed days it leads to the latest moment that has the same deadline. ValueError when a
        year lies behind without a working day.
        """
        left = timedelta(hours=span.hours) * self._parts
        moment = self._back(_utc(moment), left)
        return self._same_time(moment, span.days, -1) if span.days else moment

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time that passes from `start` to `end`, on relaxed days the part that counts; negative when `end`
        is the earlier one.
        """
        start, end = _utc(start), _utc(end)
        if end < start:
            return -self.between(end, start)
        total = timedelta()
        day, last = self._wall(start).date(), self._wall(end).date()
        while day <= last:
            counts = self._counts(day)
            for opens, closes in self._open_on(day):
                total += max(min(closes, end) - max(opens, start), timedelta()) * counts
            day += ONE_DAY
        return total / self._parts

    def is_quiet(self, moment: datetime) -> bool:
        """Whether students are left in peace: from 22:30 up to 7:30 local time, on every day of the week."""
        local = _utc(moment).astimezone(self.timezone).time()
        return local >= QUIET_FROM or local < QUIET_TO

    def night_began(self, moment: datetime) -> datetime | None:
        """When the night began in which this moment lies; None by day."""
        if not self.is_quiet(moment):
            return None
        local = _utc(moment).astimezone(self.timezone)
        evening = local.date() if local.time() >= QUIET_FROM else local.date() - ONE_DAY
        return self._at(datetime.combine(evening, QUIET_FROM))

    def after_quiet(self, moment: datetime) -> datetime:
        """This moment by day, else the morning that ends the night; never earlier than `moment`."""
        if not self.is_quiet(moment):
            return _utc(moment)
        local = _utc(moment).astimezone(self.timezone)
        morning = local.date() if local.time() < QUIET_TO else local.date() + ONE_DAY
        return self._at(datetime.combine(morning, QUIET_TO))

    def for_many(self, moment: datetime) -> datetime:
        """When what goes to everybody may begin: now, but not in the hour before the night, which would overtake it."""
        if self.is_quiet(moment) or not self.is_quiet(moment + LONG_WAY):
            return self.after_quiet(moment)
        return self.after_quiet(moment + LONG_WAY)

    def day_of(self, moment: datetime) -> date:
        """The local date of a moment."""
        return _utc(moment).astimezone(self.timezone).date()

    def semester_at(self, moment: datetime) -> Semester | None:
        """The semester in which a moment lies; None in the holidays."""
        day = self.day_of(moment)
        return next((each for each in self.semesters if each.starts <= day <= each.ends), None)

    def at(self, day: date, wall: time) -> datetime:
        """The moment of a local time on a day."""
        return self._at(datetime.combine(day, wall))

    # ------------------------------------------------------------ how it is found

    @property
    def _parts(self) -> int:
        """Time is counted in so many parts of a microsecond, so that a relaxed one is a whole number of them too."""
        return self.exam_days_factor.numerator

    def _counts(self, day: date) -> int:
        """How many parts of each microsecond worked on this day count."""
        return self.exam_days_factor.denominator if day in self.exam_days else self._parts

    def _back(self, moment: datetime, left: timedelta) -> datetime:
        """From where there is `left` of working time, in parts, to `moment`; the later one where a break makes two."""
        if not left and self.is_open(moment):
            return moment
        day = self._wall(moment).date()
        while True:
            counts = self._counts(day)
            for opens, closes in reversed(self._open_on(day)):
                ends = min(closes, moment)
                passing = (ends - opens) * counts
                if passing >= left:
                    return ends - left / counts
                left -= max(passing, timedelta())
            day = self._working_day(day, -1)

    def _same_time(self, moment: datetime, days: int, step: int) -> datetime:
        """The same local time so many working days on (`step` +1) or back (-1), within that day's hours."""
        wall = self._wall(moment)
        day, left = wall.date(), days * self._parts
        while left > 0:
            # A day passes by its end: there it is the one arrived at, and back the one that is left.
            before, day = day, self._working_day(day, step)
            left -= self._counts(day if step > 0 else before)
        wanted = self._at(datetime.combine(day, wall.time()))
        spans = self._open_on(day)
        held = spans[0][0]
        for opens, closes in spans:
            if opens <= wanted:
                held = min(wanted, closes)
        return held

    def _working_day(self, day: date, step: int) -> date:
        """The nearest day with opening hours after (`step` +1) or before (-1) this one."""
        found = day
        for _ in range(LONGEST_CLOSURE):
            try:
                found += step * ONE_DAY
                spans = self._open_on(found)
            except OverflowError:  # Python's dates end with the year 9999.
                break
            if spans:
                return found
        raise ValueError(f"there is no working day in the year {'after' if step > 0 else 'before'} {day}")

    def _open_on(self, day: date) -> Spans:
        """A day's opening spans as moments, without those that a clock change swallows."""
        spans = self._known.get(day)
        if spans is None:
            edges = [[self._at(datetime.combine(day, at)) for at in span] for span in self.hours_on(day)]
            spans = self._known[day] = tuple((opens, closes) for opens, closes in edges if opens < closes)
        return spans

    # ------------------------------------------------------------ wall clock and moments, both in order

    def _at(self, wall: datetime) -> datetime:
        """The moment of a local time: its first pass if it is repeated, the clock change if it is skipped."""
        moment = wall.replace(tzinfo=self.timezone).astimezone(UTC)
        if moment.astimezone(self.timezone).replace(tzinfo=None) == wall:
            return moment
        return self._clock_change(wall.replace(tzinfo=self.timezone, fold=1).astimezone(UTC), moment)

    def _wall(self, moment: datetime) -> datetime:
        """The local time of a moment, without a zone; the end of a repeated hour during its second pass."""
        local = moment.astimezone(self.timezone)
        if local.fold:
            change = self._clock_change(local.replace(fold=0).astimezone(UTC), moment)
            local = (change - timedelta.resolution).astimezone(self.timezone)
        return local.replace(tzinfo=None)

    def _clock_change(self, before: datetime, after: datetime) -> datetime:
        """The moment of the one clock change in (before, after], which `zoneinfo` does not tell."""
        offset = before.astimezone(self.timezone).utcoffset()
        while after - before > timedelta.resolution:
            middle = before + (after - before) // 2
            if middle.astimezone(self.timezone).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)
