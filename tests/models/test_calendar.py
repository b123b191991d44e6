"""Working time: what a deadline falls on, row by row, and what holds for every calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.calendar import LONGEST_DAYS, LONGEST_HOURS, Deadlines, Hours, Semester, Span, WorkCalendar

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def days(first: str, last: str | None = None) -> frozenset[date]:
    """The dates from `first` to `last`, both included."""
    start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    return frozenset(start + timedelta(days=i) for i in range((end - start).days + 1))


def span_of(text: str) -> tuple[time, time]:
    opens, closes = text.split("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


OFFICE: Hours = (span_of("08:30-12:00"), span_of("13:30-17:30"))

YEAR = WorkCalendar(
    timezone=SHANGHAI,
    hours=dict.fromkeys(range(5), OFFICE),
    holidays=days("2026-10-01", "2026-10-07") | days("2027-01-01", "2027-01-03"),
    makeup_days=days("2026-09-20") | days("2026-10-10") | days("2027-01-16"),
    exam_days=days("2027-01-11", "2027-01-17"),
    semesters=(
        Semester("2026 autumn", date(2026, 9, 7), date(2027, 1, 17)),
        Semester("2027 spring", date(2027, 3, 1), date(2027, 7, 11)),
    ),
)
"""The autumn of 2026: National Day week with both of its make-up days, New Year, an exam week in January."""

EXAMS_STOP = replace(YEAR, exam_days_count=False)
EXAMS_RELAX = replace(YEAR, exam_days_factor=Fraction(2))
SHORT_FRIDAY = replace(YEAR, hours={**YEAR.hours, 4: (span_of("08:30-12:00"),)})
LATE_TUESDAY = replace(YEAR, hours={**YEAR.hours, 1: (span_of("10:00-17:30"),)})
THROUGH_NOON = replace(YEAR, hours={**YEAR.hours, 2: (span_of("08:30-17:30"),)})
LIKE_WEDNESDAY = replace(THROUGH_NOON, makeup_hours_of=2)
BY_DAY = WorkCalendar(BERLIN, dict.fromkeys(range(5), (span_of("09:00-17:00"),)))
BY_NIGHT = WorkCalendar(BERLIN, dict.fromkeys(range(7), (span_of("00:00-06:00"),)))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def written(moment: datetime, zone: ZoneInfo = SHANGHAI) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


def hours(number: float) -> Span:
    return Span(hours=number)


def row(label: str, *values: object) -> ParameterSet:
    """A case with its label before it, so that a table can be read."""
    return pytest.param(*values, id=label)


# ---------------------------------------------------------------- row by row


@pytest.mark.parametrize(
    ("calendar", "start", "span", "due"),
    [
        row("within a morning", YEAR, "2026-10-12 09:30", hours(2), "Mon 2026-10-12 11:30"),
        row("across the noon break", YEAR, "2026-10-12 09:30", hours(4), "Mon 2026-10-12 15:00"),
        row("exactly at noon closing", YEAR, "2026-10-12 08:30", hours(3.5), "Mon 2026-10-12 12:00"),
        row("from noon closing", YEAR, "2026-10-12 12:00", hours(1), "Mon 2026-10-12 14:30"),
        row("from the noon break", YEAR, "2026-10-12 12:40", hours(1), "Mon 2026-10-12 14:30"),
        row("exactly at closing", YEAR, "2026-10-12 12:40", hours(4), "Mon 2026-10-12 17:30"),
        row("half an hour more", YEAR, "2026-10-12 12:40", hours(4.5), "Tue 2026-10-13 09:00"),
        row("from closing time", YEAR, "2026-10-12 17:30", hours(1), "Tue 2026-10-13 09:30"),
        row("before opening", YEAR, "2026-10-12 06:00", hours(1), "Mon 2026-10-12 09:30"),
        row("Friday 17:00 + 4 h", YEAR, "2026-10-16 17:00", hours(4), "Mon 2026-10-19 12:00"),
        row("Sunday night + 4 h", YEAR, "2026-10-18 23:00", hours(4), "Mon 2026-10-19 14:00"),
        row("a week of hours", YEAR, "2026-10-12 10:00", hours(37.5), "Mon 2026-10-19 10:00"),
        row("six minutes", YEAR, "2026-10-12 10:00", hours(0.1), "Mon 2026-10-12 10:06"),
        row("at once while open", YEAR, "2026-10-12 10:00", Span(), "Mon 2026-10-12 10:00"),
        row("at once at closing time", YEAR, "2026-10-12 17:30", Span(), "Tue 2026-10-13 08:30"),
        row("at once on a Saturday", YEAR, "2026-10-17 10:00", Span(), "Mon 2026-10-19 08:30"),
        row("one working day", YEAR, "2026-10-12 10:00", Span(1), "Tue 2026-10-13 10:00"),
        row("one day over a weekend", YEAR, "2026-10-16 10:00", Span(1), "Mon 2026-10-19 10:00"),
        row("one day from Friday evening", YEAR, "2026-10-16 18:00", Span(1), "Tue 2026-10-20 08:30"),
        row("five working days", YEAR, "2026-10-12 16:00", Span(5), "Mon 2026-10-19 16:00"),
        row("days first, then hours", SHORT_FRIDAY, "2026-10-15 16:00", Span(1, 2), "Mon 2026-10-19 10:30"),
        row("National Day week, hours", YEAR, "2026-09-30 17:00", hours(4), "Thu 2026-10-08 12:00"),
        row("National Day week, days", YEAR, "2026-09-30 10:00", Span(1), "Thu 2026-10-08 10:00"),
        row("filed on a holiday", YEAR, "2026-10-03 10:00", hours(1), "Thu 2026-10-08 09:30"),
        row("make-up Saturday, hours", YEAR, "2026-10-09 17:00", hours(4), "Sat 2026-10-10 12:00"),
        row("make-up Saturday, days", YEAR, "2026-10-09 16:00", Span(1), "Sat 2026-10-10 16:00"),
        row("after a make-up Saturday", YEAR, "2026-10-10 17:00", hours(4), "Mon 2026-10-12 12:00"),
        row("make-up Sunday", YEAR, "2026-09-18 16:00", Span(1), "Sun 2026-09-20 16:00"),
        row("make-up day as a Monday", YEAR, "2026-10-10 11:00", hours(2), "Sat 2026-10-10 14:30"),
        row("make-up as a Wednesday", LIKE_WEDNESDAY, "2026-10-10 11:00", hours(2), "Sat 2026-10-10 13:00"),
        row("exam week counts", YEAR, "2027-01-08 16:00", Span(5), "Fri 2027-01-15 16:00"),
        row("exam week stops days", EXAMS_STOP, "2027-01-08 16:00", Span(5), "Fri 2027-01-22 16:00"),
        row("exam week stops hours", EXAMS_STOP, "2027-01-08 16:30", hours(2), "Mon 2027-01-18 09:30"),
        row("make-up day in exam week", YEAR, "2027-01-15 16:30", hours(2), "Sat 2027-01-16 09:30"),
        row("which stops with the week", EXAMS_STOP, "2027-01-16 10:00", Span(), "Mon 2027-01-18 08:30"),
        row("exam week relaxes hours", EXAMS_RELAX, "2027-01-08 16:30", hours(2), "Mon 2027-01-11 10:30"),
        row("hours within it", EXAMS_RELAX, "2027-01-11 08:30", hours(3), "Mon 2027-01-11 16:00"),
        row("hours out of it", EXAMS_RELAX, "2027-01-16 16:30", hours(2), "Mon 2027-01-18 10:00"),
        row("exam week relaxes a day", EXAMS_RELAX, "2027-01-08 16:00", Span(1), "Tue 2027-01-12 16:00"),
        row("and five", EXAMS_RELAX, "2027-01-08 16:00", Span(5), "Tue 2027-01-19 16:00"),
        row("half a day left over", EXAMS_RELAX, "2027-01-15 16:00", Span(1), "Mon 2027-01-18 16:00"),
        row("over New Year", YEAR, "2026-12-31 17:00", hours(1), "Mon 2027-01-04 09:00"),
        row("a day that ends earlier", SHORT_FRIDAY, "2026-10-15 16:00", Span(1), "Fri 2026-10-16 12:00"),
        row("a day that opens later", LATE_TUESDAY, "2026-10-12 09:00", Span(1), "Tue 2026-10-13 10:00"),
        row("a day with a break then", THROUGH_NOON, "2026-10-14 12:40", Span(1), "Thu 2026-10-15 12:00"),
    ],
)
def test_a_deadline_counts_working_time(calendar: WorkCalendar, start: str, span: Span, due: str) -> None:
    assert written(calendar.add(at(start), span)) == due


@pytest.mark.parametrize(
    ("calendar", "start", "span", "due"),
    [
        row("day into summer time", BY_DAY, "2026-03-27T10:00+01:00", Span(1), "2026-03-30T10:00+02:00"),
        row("day out of it", BY_DAY, "2026-10-23T10:00+02:00", Span(1), "2026-10-26T10:00+01:00"),
        row("hours into it", BY_DAY, "2026-03-27T16:00+01:00", hours(2), "2026-03-30T10:00+02:00"),
        row("skipped hour", BY_NIGHT, "2026-03-29T01:30+01:00", hours(1), "2026-03-29T03:30+02:00"),
        row("repeated hour", BY_NIGHT, "2026-10-25T01:30+02:00", hours(2), "2026-10-25T02:30+01:00"),
        row("day to a gap", BY_NIGHT, "2026-03-28T02:30+01:00", Span(1), "2026-03-29T03:00+02:00"),
        row("day to a fold", BY_NIGHT, "2026-10-24T02:30+02:00", Span(1), "2026-10-25T02:30+02:00"),
    ],
)
def test_clock_changes_neither_give_nor_take_working_time(
    calendar: WorkCalendar, start: str, span: Span, due: str
) -> None:
    assert calendar.add(datetime.fromisoformat(start), span) == datetime.fromisoformat(due)


def test_the_second_pass_through_a_repeated_hour_is_not_due_before_the_first() -> None:
    first, second = (datetime.fromisoformat(f"2026-10-25T{at}") for at in ("02:45+02:00", "02:15+01:00"))
    after = datetime.fromisoformat("2026-10-25T03:00+01:00")
    due = [BY_NIGHT.add(moment, Span(days=1)) for moment in (first, second, after)]
    assert due[0] < due[1] < due[2] == datetime.fromisoformat("2026-10-26T03:00+01:00")


def test_a_night_is_an_hour_longer_or_shorter_when_clocks_change() -> None:
    for day, length in (("2026-03-29", 5), ("2026-10-25", 7), ("2026-10-26", 6)):
        midnight, morning = at(f"{day} 00:00", BERLIN), at(f"{day} 06:00", BERLIN)
        assert BY_NIGHT.between(midnight, morning) == timedelta(hours=length)


def test_a_span_that_a_clock_change_swallows_is_no_working_time() -> None:
    calendar = WorkCalendar(BERLIN, {6: (span_of("02:15-02:45"),)})
    assert calendar.next_opening(at("2026-03-28 12:00", BERLIN)) == at("2026-04-05 02:15", BERLIN)
    assert calendar.between(at("2026-03-28 12:00", BERLIN), at("2026-04-04 12:00", BERLIN)) == timedelta()


@pytest.mark.parametrize(
    ("calendar", "moment", "span", "warned"),
    [
        row("an hour before", YEAR, "2026-10-12 15:00", hours(1), "Mon 2026-10-12 14:00"),
        row("across the noon break", YEAR, "2026-10-12 14:00", hours(1), "Mon 2026-10-12 11:30"),
        row("opening, not the closing before", YEAR, "2026-10-12 14:30", hours(1), "Mon 2026-10-12 13:30"),
        row("at opening", YEAR, "2026-10-12 08:30", hours(1), "Sat 2026-10-10 16:30"),
        row("at closing", YEAR, "2026-10-12 17:30", hours(1), "Mon 2026-10-12 16:30"),
        row("on a Sunday", YEAR, "2026-10-18 11:00", hours(1), "Fri 2026-10-16 16:30"),
        row("nothing before a Sunday", YEAR, "2026-10-18 11:00", Span(), "Fri 2026-10-16 17:30"),
        row("a day before a Sunday", YEAR, "2026-10-18 11:00", Span(1), "Thu 2026-10-15 17:30"),
        row("nothing before", YEAR, "2026-10-12 10:00", Span(), "Mon 2026-10-12 10:00"),
        row("back over National Day week", YEAR, "2026-10-08 10:00", Span(1), "Wed 2026-09-30 10:00"),
        row("the same in hours", YEAR, "2026-10-08 09:00", hours(1), "Wed 2026-09-30 17:00"),
        row("hours first, then days", SHORT_FRIDAY, "2026-10-19 09:00", Span(1, 2), "Thu 2026-10-15 10:30"),
        row("back over exam week", EXAMS_STOP, "2027-01-18 09:00", hours(1), "Fri 2027-01-08 17:00"),
        row("back into a relaxed week", EXAMS_RELAX, "2027-01-18 09:00", hours(1), "Sat 2027-01-16 16:30"),
        row("a whole day is left outside", EXAMS_RELAX, "2027-01-18 16:00", Span(1), "Sat 2027-01-16 16:00"),
        row("a day back in it", EXAMS_RELAX, "2027-01-13 16:00", Span(1), "Mon 2027-01-11 16:00"),
        row("a day that ended earlier", SHORT_FRIDAY, "2026-10-19 16:00", Span(1), "Fri 2026-10-16 12:00"),
    ],
)
def test_a_warning_comes_so_much_working_time_before(
    calendar: WorkCalendar, moment: str, span: Span, warned: str
) -> None:
    assert written(calendar.subtract(at(moment), span)) == warned


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        row("within a morning", "2026-10-12 09:00", "2026-10-12 11:30", 2.5),
        row("without the noon break", "2026-10-12 09:00", "2026-10-12 14:30", 4),
        row("without the weekend", "2026-10-16 17:00", "2026-10-19 09:00", 1),
        row("without National Day week", "2026-09-30 17:00", "2026-10-08 09:00", 1),
        row("a make-up Saturday", "2026-10-10 00:00", "2026-10-11 00:00", 7.5),
        row("a weekend", "2026-10-17 09:00", "2026-10-18 20:00", 0),
        row("backwards", "2026-10-12 14:30", "2026-10-12 09:00", -4),
    ],
)
def test_only_working_time_passes(start: str, end: str, hours: float) -> None:
    assert YEAR.between(at(start), at(end)) == timedelta(hours=hours)


def test_of_a_relaxed_day_only_a_part_counts() -> None:
    assert EXAMS_RELAX.between(at("2027-01-08 16:30"), at("2027-01-11 10:30")) == timedelta(hours=2)
    assert EXAMS_RELAX.between(at("2027-01-11 10:30"), at("2027-01-08 16:30")) == timedelta(hours=-2)
    assert EXAMS_STOP.between(at("2027-01-08 16:30"), at("2027-01-11 10:30")) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("calendar", "day", "weekday"),
    [
        row("a Wednesday", YEAR, "2026-10-14", 2),
        row("a Saturday has shifts of its own", YEAR, "2026-10-17", 5),
        row("a make-up Saturday has Monday's", YEAR, "2026-10-10", 0),
        row("nobody is there on a holiday", YEAR, "2026-10-05", None),
        row("exam days that count", YEAR, "2027-01-13", 2),
        row("exam days that stop", EXAMS_STOP, "2027-01-13", None),
        row("exam days that relax", EXAMS_RELAX, "2027-01-13", 2),
    ],
)
def test_a_day_has_the_shifts_of_a_weekday(calendar: WorkCalendar, day: str, weekday: int | None) -> None:
    assert calendar.roster_weekday(date.fromisoformat(day)) == weekday


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        row("before opening", "2026-10-12 08:29", False),
        row("at opening", "2026-10-12 08:30", True),
        row("at closing for noon", "2026-10-12 12:00", False),
        row("the last minute", "2026-10-12 17:29", True),
        row("at closing", "2026-10-12 17:30", False),
        row("a Sunday", "2026-10-11 10:00", False),
        row("a make-up Saturday", "2026-10-10 10:00", True),
        row("a Monday in National Day week", "2026-10-05 10:00", False),
        row("an exam week that counts", "2027-01-13 10:00", True),
    ],
)
def test_the_clocks_run_in_office_hours(moment: str, is_open: bool) -> None:
    assert YEAR.is_open(at(moment)) is is_open


def test_a_make_up_day_inside_a_range_of_holidays_is_worked() -> None:
    calendar = replace(YEAR, holidays=days("2026-10-01", "2026-10-11"))
    assert written(calendar.next_opening(at("2026-09-30 20:00"))) == "Sat 2026-10-10 08:30"


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        row("just before the night", "2026-10-12 22:29", "Mon 2026-10-12 22:29"),
        row("as the night begins", "2026-10-12 22:30", "Tue 2026-10-13 07:30"),
        row("midnight", "2026-10-13 00:00", "Tue 2026-10-13 07:30"),
        row("the last minute", "2026-10-13 07:29", "Tue 2026-10-13 07:30"),
        row("the morning", "2026-10-13 07:30", "Tue 2026-10-13 07:30"),
        row("a Saturday is no night", "2026-10-17 12:00", "Sat 2026-10-17 12:00"),
    ],
)
def test_what_can_wait_waits_for_the_morning(moment: str, sent: str) -> None:
    assert written(YEAR.after_quiet(at(moment))) == sent
    assert YEAR.is_quiet(at(moment)) is (written(at(moment)) != sent)


def test_the_defaults_are_those_that_students_are_promised() -> None:
    assert Deadlines() == Deadlines(Span(hours=4), Span(1), Span(5), Span(hours=1))


# ---------------------------------------------------------------- refusals


EMPTY = WorkCalendar(SHANGHAI, {})
ALWAYS_HOLIDAY = replace(YEAR, holidays=days("2025-10-01", "2028-12-31"), makeup_days=frozenset())


@pytest.mark.timeout(10)
@pytest.mark.parametrize("calendar", [EMPTY, ALWAYS_HOLIDAY], ids=["no hours at all", "holidays for a year"])
@pytest.mark.parametrize(
    "ask",
    [
        row("add hours", lambda c, m: c.add(m, Span(hours=1))),
        row("add days", lambda c, m: c.add(m, Span(days=1))),
        row("subtract hours", lambda c, m: c.subtract(m, Span(hours=1))),
        row("subtract days", lambda c, m: c.subtract(m, Span(days=1))),
        row("next opening", lambda c, m: c.next_opening(m)),
    ],
)
def test_a_calendar_without_a_working_day_is_refused(
    calendar: WorkCalendar, ask: Callable[[WorkCalendar, datetime], datetime]
) -> None:
    with pytest.raises(ValueError, match="no working day"):
        ask(calendar, at("2026-12-31 12:00"))


def test_a_closure_of_nearly_a_year_is_waited_for() -> None:
    calendar = replace(YEAR, holidays=days("2027-01-01", "2027-12-20"), makeup_days=frozenset())
    assert written(calendar.add(at("2026-12-31 17:00"), Span(hours=1))) == "Tue 2027-12-21 09:00"


@pytest.mark.parametrize(
    ("edge", "ask"),
    [row("last", "9999-12-31 17:00", YEAR.add), row("first", "0001-01-02 09:00", YEAR.subtract)],
)
@pytest.mark.parametrize("span", [Span(days=9), Span(hours=24)])
def test_the_end_of_all_dates_is_refused(edge: str, ask: Callable[[datetime, Span], datetime], span: Span) -> None:
    with pytest.raises(ValueError, match="no working day"):
        ask(at(edge), span)


def test_a_working_life_that_ends_midway_is_refused() -> None:
    calendar = replace(YEAR, holidays=days("2026-10-15", "2028-12-31"), makeup_days=frozenset())
    with pytest.raises(ValueError, match="no working day in the year after 2026-10-14"):
        calendar.add(at("2026-10-14 16:00"), Span(hours=2))


@pytest.mark.parametrize("ask", ["next_opening", "is_open", "is_quiet", "after_quiet"])
def test_a_moment_without_a_time_zone_is_refused(ask: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        getattr(YEAR, ask)(at("2026-10-12 10:00").replace(tzinfo=None))


@pytest.mark.parametrize("naive", [0, 1])
def test_working_time_between_moments_without_a_time_zone_is_refused(naive: int) -> None:
    moments = [at("2026-10-12 10:00"), at("2026-10-12 11:00")]
    moments[naive] = moments[naive].replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        YEAR.between(*moments)


@pytest.mark.parametrize(
    ("days_", "hours"), [(-1, 0), (0, -0.5), (LONGEST_DAYS + 1, 0), (0, LONGEST_HOURS + 1), (0, float("nan"))]
)
def test_a_span_that_is_no_length_of_time_is_refused(days_: int, hours: float) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        Span(days_, hours)


@pytest.mark.parametrize(
    "written_hours", ["12:00-08:30", "09:00-09:00", "09:00-12:00 11:00-17:00", "13:00-17:00 09:00-12:00"]
)
def test_opening_hours_out_of_order_are_refused(written_hours: str) -> None:
    with pytest.raises(ValueError, match="overlap or are out of order"):
        WorkCalendar(SHANGHAI, {0: tuple(map(span_of, written_hours.split()))})


def test_a_closing_may_be_the_next_opening() -> None:
    calendar = WorkCalendar(SHANGHAI, {0: (span_of("09:00-12:00"), span_of("12:00-15:00"))})
    assert calendar.is_open(at("2026-10-12 12:00"))
    assert written(calendar.add(at("2026-10-12 11:00"), Span(hours=2))) == "Mon 2026-10-12 13:00"


def test_an_unknown_weekday_is_refused() -> None:
    with pytest.raises(ValueError, match="7 is no weekday"):
        WorkCalendar(SHANGHAI, {7: OFFICE})


def test_exam_days_that_pass_faster_are_refused() -> None:
    with pytest.raises(ValueError, match="less than 1"):
        replace(YEAR, exam_days_factor=Fraction(1, 2))


def test_make_up_days_without_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="weekday 6: it has none"):
        replace(YEAR, makeup_hours_of=6)


# ---------------------------------------------------------------- for every calendar

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def for_all(*things: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`given`, without a time limit for a single example: a busy machine is no counterexample."""
    steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    return lambda test: steady(given(*things)(test))


ZONES = [SHANGHAI, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]

minutes_of_day = st.integers(0, 24 * 12 - 1).map(lambda n: time(n // 12, n % 12 * 5))


@st.composite
def opening(draw: st.DrawFn) -> Hours:
    """One to three opening spans, at any hour of day or night."""
    edges = sorted(draw(st.sets(minutes_of_day, min_size=2, max_size=6)))
    return tuple((edges[i], edges[i + 1]) for i in range(0, len(edges) - 1, 2))


dates = st.integers(0, 364).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
some_days = st.frozensets(dates, max_size=60)


FACTORS = st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3), Fraction(5, 2)])


@st.composite
def calendars(
    draw: st.DrawFn,
    *,
    alike: bool = False,
    zones: list[ZoneInfo] = ZONES,
    factors: st.SearchStrategy[Fraction] = FACTORS,
) -> WorkCalendar:
    """Any calendar of 2026; `alike` gives all its working days the same hours."""
    worked = draw(st.sets(st.integers(0, 6), min_size=1))
    same = draw(opening())
    week = {weekday: same if alike else draw(opening()) for weekday in sorted(worked)}
    return WorkCalendar(
        timezone=draw(st.sampled_from(zones)),
        hours=week,
        holidays=draw(some_days),
        makeup_days=draw(some_days),
        exam_days=draw(some_days),
        exam_days_count=draw(st.booleans()),
        exam_days_factor=draw(factors),
        makeup_hours_of=min(worked),
    )


CHANGES = [
    datetime(2026, month, day, hour, tzinfo=UTC)
    for month, day, hour in ((3, 29, 1), (10, 25, 1), (3, 8, 7), (11, 1, 6), (4, 4, 15), (10, 3, 15))
]
"""The clock changes of 2026 in the zones above, which random moments would hardly ever meet."""

moments = st.one_of(
    st.integers(0, 364 * 24 * 60).map(lambda n: FIRST + timedelta(minutes=n)),
    st.builds(lambda at, n: at + timedelta(minutes=n), st.sampled_from(CHANGES), st.integers(-180, 180)),
)
UNRELAXED = st.just(Fraction(1))
HARDLY = timedelta(microseconds=2)
"""What is lost where a relaxed hour does not divide into whole microseconds."""
hour_spans = st.integers(1, 60 * 60).map(lambda n: Span(hours=n / 60))
spans = st.builds(lambda d, n: Span(d, n / 60), st.integers(0, 12), st.integers(0, 600))


@for_all(calendars(factors=UNRELAXED), moments, moments, spans)
def test_who_comes_first_is_due_first(calendar: WorkCalendar, one: datetime, two: datetime, span: Span) -> None:
    first, second = sorted((one, two))
    assert calendar.add(first, span) <= calendar.add(second, span)
    assert calendar.subtract(first, span) <= calendar.subtract(second, span)


@for_all(calendars(), moments, moments, hour_spans)
def test_who_comes_first_is_due_first_also_by_relaxed_hours(
    calendar: WorkCalendar, one: datetime, two: datetime, span: Span
) -> None:
    first, second = sorted((one, two))
    assert calendar.add(first, span) <= calendar.add(second, span)
    assert calendar.subtract(first, span) <= calendar.subtract(second, span)


PAST_AN_EXAM_DAY = WorkCalendar(
    timezone=SHANGHAI,
    hours={4: ((time(0), time(8, 5)),)},
    makeup_days=frozenset([date(2026, 1, 1)]),
    exam_days=frozenset([date(2026, 1, 2)]),
    exam_days_factor=Fraction(3, 2),
    makeup_hours_of=4,
)
"""A day that begins at eight on the first ends at eight on the ninth, one that begins when the second opens at midnight
on the ninth."""


@example(PAST_AN_EXAM_DAY, FIRST, FIRST + timedelta(minutes=5), 1)
@for_all(calendars(zones=[SHANGHAI]), moments, moments, st.integers(1, 12))
def test_over_relaxed_days_who_comes_first_is_due_on_no_later_day(
    calendar: WorkCalendar, one: datetime, two: datetime, days_: int
) -> None:
    first, second = sorted((one, two))
    due, next_due = (calendar.day_of(calendar.add(each, Span(days_))) for each in (first, second))
    assert due <= next_due


@for_all(calendars(), moments, st.integers(0, 10), st.integers(0, 10), st.integers(0, 900), st.integers(0, 900))
def test_more_time_is_never_due_earlier(
    calendar: WorkCalendar, start: datetime, days_: int, more_days: int, minutes: int, more_minutes: int
) -> None:
    shorter = Span(days_, minutes / 60)
    assert calendar.add(start, shorter) <= calendar.add(start, Span(days_, (minutes + more_minutes) / 60))
    assert calendar.add(start, Span(days_)) <= calendar.add(start, Span(days_ + more_days))
    assert calendar.add(start, shorter) >= start


@for_all(calendars(), moments, hour_spans)
def test_exactly_the_hours_given_pass_until_the_deadline(calendar: WorkCalendar, start: datetime, span: Span) -> None:
    assert abs(calendar.between(start, calendar.add(start, span)) - timedelta(hours=span.hours)) <= HARDLY


@for_all(calendars(), moments, st.integers(1, 3000), st.integers(1, 3000))
def test_hours_add_up(calendar: WorkCalendar, start: datetime, one: int, two: int) -> None:
    in_two_steps = calendar.add(calendar.add(start, Span(hours=one / 60)), Span(hours=two / 60))
    both = timedelta(hours=one / 60) + timedelta(hours=two / 60)
    in_one = calendar.add(start, Span(hours=both / timedelta(hours=1)))
    assert abs(calendar.between(in_two_steps, in_one)) <= HARDLY


@for_all(calendars(alike=True, zones=[SHANGHAI], factors=UNRELAXED), moments, st.integers(0, 15), st.integers(0, 15))
def test_days_add_up_where_all_have_the_same_hours(calendar: WorkCalendar, start: datetime, one: int, two: int) -> None:
    assert calendar.add(calendar.add(start, Span(one)), Span(two)) == calendar.add(start, Span(one + two))


@for_all(calendars(), moments, moments, moments)
def test_working_time_adds_up(calendar: WorkCalendar, one: datetime, two: datetime, three: datetime) -> None:
    assert abs(calendar.between(one, two) + calendar.between(two, three) - calendar.between(one, three)) <= HARDLY
    assert abs(calendar.between(one, two)) <= abs(two - one)


@for_all(calendars(), moments, hour_spans)
def test_a_warning_undoes_hours(calendar: WorkCalendar, start: datetime, span: Span) -> None:
    undone = calendar.subtract(calendar.add(start, span), span)
    assert abs(calendar.between(undone, calendar.next_opening(start))) <= HARDLY


@for_all(calendars(alike=True, zones=[SHANGHAI], factors=UNRELAXED), moments, spans)
def test_a_warning_undoes_days_where_all_have_the_same_hours(
    calendar: WorkCalendar, start: datetime, span: Span
) -> None:
    assert calendar.subtract(calendar.add(start, span), span) == calendar.next_opening(start)


@for_all(calendars(), moments, hour_spans)
def test_the_warning_time_leads_back_to_the_deadline(calendar: WorkCalendar, moment: datetime, span: Span) -> None:
    warned = calendar.subtract(moment, span)
    assert abs(calendar.between(warned, moment) - timedelta(hours=span.hours)) <= HARDLY
    # A moment outside hours, or at opening, was reached at the closing before it.
    just_before = moment - timedelta.resolution
    reached = moment if calendar.is_open(just_before) else calendar.subtract(just_before, Span())
    assert abs(calendar.between(calendar.add(warned, span), reached)) <= HARDLY


@for_all(calendars(alike=True, zones=[SHANGHAI]), moments, st.integers(0, 12).map(Span))
def test_over_relaxed_days_a_warning_leads_to_the_latest_start_that_has_the_deadline(
    calendar: WorkCalendar, start: datetime, span: Span
) -> None:
    due = calendar.add(start, span)
    warned = calendar.subtract(due, span)
    assert warned >= calendar.next_opening(start)
    assert calendar.add(warned, span) == due
    a_day_later = replace(calendar, exam_days_factor=Fraction(1)).add(warned, Span(1))
    assert calendar.add(a_day_later, span) > due or span == Span()


@for_all(calendars(), moments, spans)
def test_a_relaxed_deadline_is_never_earlier_and_never_later_than_one_that_stops(
    calendar: WorkCalendar, start: datetime, span: Span
) -> None:
    calendar = replace(calendar, exam_days_count=True)
    try:
        stopped = replace(calendar, exam_days_count=False).add(start, span)
    except ValueError:
        return
    strict = replace(calendar, exam_days_factor=Fraction(1)).add(start, span)
    assert strict <= calendar.add(start, span) <= stopped + HARDLY


def works_at(calendar: WorkCalendar, moment: datetime) -> bool:
    """Said once more in the plainest words, for zones without clock changes."""
    local = moment.astimezone(calendar.timezone)
    day = local.date()
    if day in calendar.exam_days and not calendar.exam_days_count:
        return False
    if day in calendar.holidays and day not in calendar.makeup_days:
        return False
    weekday = calendar.makeup_hours_of if day in calendar.makeup_days else day.weekday()
    return any(opens <= local.time() < closes for opens, closes in calendar.hours.get(weekday, ()))


def parts_at(calendar: WorkCalendar, moment: datetime) -> Fraction:
    """Of a minute at this moment the part that counts."""
    relaxed = moment.astimezone(calendar.timezone).date() in calendar.exam_days
    return works_at(calendar, moment) / (calendar.exam_days_factor if relaxed else Fraction(1))


@for_all(calendars(), moments, spans)
def test_no_deadline_falls_outside_office_hours_or_on_a_holiday(
    calendar: WorkCalendar, start: datetime, span: Span
) -> None:
    due = calendar.add(start, span)
    just_before = due - timedelta.resolution
    assert calendar.is_open(due) or calendar.is_open(just_before)
    day = (due if calendar.is_open(due) else just_before).astimezone(calendar.timezone).date()
    assert day in calendar.makeup_days or day not in calendar.holidays
    assert day not in calendar.exam_days or calendar.exam_days_count
    assert due.tzinfo is UTC


@for_all(calendars(zones=[SHANGHAI, ZoneInfo("UTC")]), moments, st.integers(0, 3 * 24 * 12))
def test_working_time_is_what_counting_by_the_minute_gives(calendar: WorkCalendar, start: datetime, steps: int) -> None:
    start = start.replace(minute=start.minute // 5 * 5)
    ticks = [start + timedelta(minutes=5 * n) for n in range(steps)]
    counted = sum((parts_at(calendar, tick) for tick in ticks), Fraction()) * 5
    passed = calendar.between(start, start + timedelta(minutes=5 * steps))
    assert abs(passed - timedelta(minutes=float(counted))) <= HARDLY
    assert [calendar.is_open(tick) for tick in ticks] == [works_at(calendar, tick) for tick in ticks]


@for_all(calendars(), moments)
def test_the_next_opening_is_the_first_open_moment(calendar: WorkCalendar, moment: datetime) -> None:
    opening_ = calendar.next_opening(moment)
    assert opening_ >= moment
    assert calendar.is_open(opening_)
    assert calendar.between(moment, opening_) == timedelta()
    assert calendar.is_open(moment) is (opening_ == moment)


@for_all(calendars(), moments)
def test_after_the_night_it_is_day(calendar: WorkCalendar, moment: datetime) -> None:
    sent = calendar.after_quiet(moment)
    assert not calendar.is_quiet(sent)
    assert moment <= sent <= moment + timedelta(hours=10)
    assert (sent == moment) is not calendar.is_quiet(moment)


@for_all(calendars(), moments, spans, st.sampled_from(ZONES))
def test_the_zone_a_moment_comes_in_does_not_matter(
    calendar: WorkCalendar, moment: datetime, span: Span, zone: ZoneInfo
) -> None:
    elsewhere = moment.astimezone(zone)
    assert calendar.add(elsewhere, span) == calendar.add(moment, span)
    # Python subtracts two moments of one zone by the wall clock; the time that really passes has to count.
    later = (moment + timedelta(hours=30)).astimezone(zone)
    assert calendar.between(elsewhere, later) == calendar.between(moment, later.astimezone(UTC))


def test_ten_thousand_deadlines_take_less_than_a_second() -> None:
    calendar = replace(EXAMS_STOP)
    starts = [FIRST + timedelta(minutes=47 * n) for n in range(10_000)]
    began = process_time()
    for start in starts:
        calendar.add(start, Span(days=5, hours=4))
    assert process_time() - began < 1
