"""The union's report to the Party committee, once a semester, and its self-assessment (改革自评表), once an academic
year (measures 2 and 8). The program counts, people write what was done and what comes next, the committee hears it.

    asked for ─▶ counted: a draft ─▶ final ─▶ heard (the meeting's day, and what was decided)
                       └─▶ counted anew

The figures are kept with the report as they were found (`reporting.py`). A draft may be counted anew, its words stay. A
final report never changes: a correction is a new edition, and says which one it replaces.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Date, ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, defer, mapped_column

from models import audit, outbox, stations, statistics
from models.base import Base, Json, Key, one_of, only
from models.calendar import AcademicYear, WorkCalendar
from models.errors import Refusal
from models.outbox import Lane, Repeat
from models.people import Person
from models.statistics import Period
from models.union.reporting import Findings

WORDS_LENGTH, DECISION_LENGTH = 1500, 1000
DRAFTED_BEFORE = timedelta(days=21)
"""So long before the end of its semester or year a draft is made by itself."""
SPRING = 3
"""A semester that ends from this month on is the last of its academic year."""
WEEK = timedelta(days=7)


class Kind(enum.StrEnum):
    """What it is."""

    WORK = "work"
    """The semester's report."""
    ASSESSMENT = "assessment"
    """The academic year's self-assessment."""


class State(enum.StrEnum):
    """How far it is."""

    DRAFT = "draft"
    FINAL = "final"
    HEARD = "heard"


class WorkReport(Base):
    """One edition of one report."""

    __tablename__ = "work_reports"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    period: Mapped[str]
    """The name of its semester, or of its academic year."""
    edition: Mapped[int] = mapped_column(default=1)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("work_reports.id"))
    """The edition that it corrects."""
    state: Mapped[State] = mapped_column(one_of(State), default=State.DRAFT)
    version: Mapped[int] = mapped_column()
    asked_at: Mapped[datetime]
    """When it was last asked for; it is counted as of then."""
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """None: the clock."""
    counting: Mapped[bool] = mapped_column(default=True)
    """It is being counted, anew or for the first time."""
    since: Mapped[datetime]
    until: Mapped[datetime]
    """What happened in [since, until) is counted."""
    figures: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """A `Findings` as it is kept; None until it has been counted once."""
    words: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """What people wrote, by the place in the report that it stands in."""
    finished_at: Mapped[datetime | None]
    finished_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    sent_at: Mapped[datetime | None]
    """When it went to the report readers."""
    met_on: Mapped[date | None] = mapped_column(Date)
    """The day of the meeting that heard it."""
    decision: Mapped[str | None]
    recorded_at: Mapped[datetime | None]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (
        Index("uq_work_reports_kind_period_edition", "kind", "period", "edition", unique=True),
        Index("ix_work_reports_counting", "id", **only("counting = true")),
    )

    @property
    def findings(self) -> Findings | None:
        """The figures; None until it has been counted."""
        return Findings.of(self.figures) if self.figures is not None else None

    @property
    def span(self) -> Period:
        """What is counted."""
        return Period("semester" if self.kind is Kind.WORK else "year", self.since, self.until)


class Edition(NamedTuple):
    """How far an edition is."""

    id: int
    edition: int
    state: State
    counting: bool


@dataclass(frozen=True)
class Spell:
    """Which report is due: of what, and from its first day to its last."""

    kind: Kind
    name: str
    starts: date
    ends: date

    def span(self, calendar: WorkCalendar, now: datetime) -> Period:
        """What has been of it by `now`."""
        until = calendar.at(self.ends + timedelta(days=1), time())
        return Period(str(self.kind), calendar.at(self.starts, time()), min(until, now))


# ---------------------------------------------------------------- of which semester, of which year


def spells(calendar: WorkCalendar, now: datetime) -> list[Spell]:
    """The report and the self-assessment that are worked on now: in a vacation those of the semester before it. Without
    semesters in config.toml only the year's.
    """
    today = calendar.day_of(now)
    term = statistics.semester_on(today, calendar)
    year = AcademicYear.of(term.starts if term is not None else today)
    found = [Spell(Kind.WORK, term.name, term.starts, term.ends)] if term is not None else []
    return [*found, Spell(Kind.ASSESSMENT, year.name, year.starts, year.ends)]


def spell_of(report: WorkReport, calendar: WorkCalendar) -> Spell:
    """Its semester or year from the first day to the last; a semester that config.toml no longer knows ends where it
    was counted to.
    """
    first, last = calendar.day_of(report.since), calendar.day_of(report.until - timedelta(seconds=1))
    if report.kind is Kind.ASSESSMENT:
        last = AcademicYear.of(first).ends
    known = (term.ends for term in calendar.semesters if report.kind is Kind.WORK and term.name == report.period)
    return Spell(report.kind, report.period, first, next(known, last))


def draft_due(spell: Spell, calendar: WorkCalendar) -> date:
    """From when on a draft is made by itself. A year's work is over with its last semester."""
    if spell.kind is Kind.WORK:
        return spell.ends - DRAFTED_BEFORE
    return teaching_ends(spell.starts, spell.ends, calendar) - DRAFTED_BEFORE


def teaching_ends(starts: date, ends: date, calendar: WorkCalendar) -> date:
    """The last day of teaching in an academic year of these days; its very last as long as config.toml does not know
    the last semester.
    """
    last = max((term.ends for term in calendar.semesters if starts <= term.ends <= ends), default=None)
    return last if last is not None and SPRING <= last.month < starts.month else ends


def span_before(report: WorkReport, calendar: WorkCalendar) -> Period | None:
    """The semester or the year before, with which it is compared; None where config.toml knows no such semester."""
    if report.kind is Kind.WORK:
        return statistics.semester_before(report.span, calendar)
    year = AcademicYear.of(calendar.day_of(report.since) - timedelta(days=1))
    begins = calendar.at(year.starts, time())
    return Period("year", begins, calendar.at(year.ends + timedelta(days=1), time()))


# ---------------------------------------------------------------- looking


async def get(session: AsyncSession, number: int) -> WorkReport:
    """The edition with this number. Raises Refusal when there is none."""
    found: WorkReport | None = await session.get(WorkReport, number)
    if found is None:
        raise Refusal("work_report.unknown")
    return found


async def newest(session: AsyncSession, kind: Kind, period: str) -> Edition | None:
    """The last edition of this period's."""
    found = await session.execute(
        select(WorkReport.id, WorkReport.edition, WorkReport.state, WorkReport.counting)
        .where(WorkReport.kind == kind, WorkReport.period == period)
        .order_by(WorkReport.edition.desc())
        .limit(1)
    )
    row = found.first()
    return Edition(*row) if row is not None else None


async def listed(session: AsyncSession, most: int) -> list[WorkReport]:
    """The editions that were made last, the newest first; without their figures, which may be megabytes."""
    newest_first = select(WorkReport).order_by(WorkReport.id.desc()).limit(most)
    return list(await session.scalars(newest_first.options(defer(WorkReport.figures))))


async def heard(session: AsyncSession, semester: str) -> WorkReport | None:
    """The report of this semester that the Party committee has heard, if it has, without its figures: the floor of
    measure 2.
    """
    return await _last_in(session, Kind.WORK, semester, State.HEARD)


async def assessed(session: AsyncSession, year: str) -> WorkReport | None:
    """The self-assessment of this academic year that the union has finished, without its figures: the floor of
    measure 8.
    """
    return await _last_in(session, Kind.ASSESSMENT, year, State.FINAL, State.HEARD)


async def _last_in(session: AsyncSession, kind: Kind, period: str, *states: State) -> WorkReport | None:
    found: WorkReport | None = await session.scalar(
        select(WorkReport)
        .where(WorkReport.kind == kind, WorkReport.period == period, WorkReport.state.in_(states))
        .order_by(WorkReport.edition.desc())
        .limit(1)
        .options(defer(WorkReport.figures))
    )
    return found


# ---------------------------------------------------------------- its life


async def make(
    session: AsyncSession, spell: Spell, calendar: WorkCalendar, now: datetime, staff: Person | None = None
) -> WorkReport:
    """The first edition is asked for; None is the clock. Raises Refusal when there is one."""
    if await newest(session, spell.kind, spell.name) is not None:
        raise Refusal("work_report.there_already")
    return await _ask(session, spell, calendar, now, staff)


async def correct(
    session: AsyncSession, number: int, calendar: WorkCalendar, now: datetime, staff: Person
) -> WorkReport:
    """A new edition of a final report, which takes its words along. Raises Refusal for a draft, and when a newer
    edition is there.
    """
    old = await get(session, number)
    if old.state is State.DRAFT:
        raise Refusal("work_report.is_draft")
    last = await newest(session, old.kind, old.period)
    if last is not None and last.id != old.id:
        raise Refusal("work_report.corrected_already", edition=last.edition)
    return await _ask(session, spell_of(old, calendar), calendar, now, staff, old)


async def _ask(
    session: AsyncSession,
    spell: Spell,
    calendar: WorkCalendar,
    now: datetime,
    staff: Person | None,
    old: WorkReport | None = None,
) -> WorkReport:
    span = spell.span(calendar, now)
    report = WorkReport(
        kind=spell.kind,
        period=spell.name,
        edition=old.edition + 1 if old is not None else 1,
        replaces_id=old.id if old is not None else None,
        asked_at=now,
        asked_by_id=staff.id if staff is not None else None,
        since=span.since,
        until=span.until,
        words=dict(old.words) if old is not None else {},
    )
    session.add(report)
    # Of two who ask at once the second meets the unique edition here; the worker runs it again, and it is told.
    await session.flush()
    await audit.record(session, "work_report_make", now, staff=staff, report=report.id, edition=report.edition)
    return report


async def renew(session: AsyncSession, number: int, calendar: WorkCalendar, now: datetime, staff: Person) -> WorkReport:
    """A draft is counted anew, up to now; its words stay. Raises Refusal for a final one and while it is counted."""
    report = await get(session, number)
    _must_be_draft(report)
    if report.counting:
        raise Refusal("work_report.counting")
    report.until = spell_of(report, calendar).span(calendar, now).until
    report.counting, report.asked_at, report.asked_by_id = True, now, staff.id
    await audit.record(session, "work_report_renew", now, staff=staff, report=report.id)
    return report


async def uncounted(session: AsyncSession) -> list[WorkReport]:
    """Those whose figures are still to be found, without those they may have."""
    found = select(WorkReport).where(WorkReport.counting.is_(True)).order_by(WorkReport.id)
    return list(await session.scalars(found.options(defer(WorkReport.figures))))


async def counted(session: AsyncSession, number: int, findings: Findings | None, now: datetime) -> None:
    """Its figures are found, None: they could not be; the office is told."""
    report = await session.get_one(WorkReport, number)
    if not report.counting or report.state is not State.DRAFT:
        return
    report.counting = False
    if findings is not None:
        report.figures = findings.plain()
    await tell_office(session, number, "made" if findings is not None else "failed", now)


async def write(session: AsyncSession, number: int, place: str, text: str | None, now: datetime, staff: Person) -> None:
    """What people say at one place of a draft; None takes it away. Raises Refusal when it is too long, and for a final
    one.
    """
    report = await get(session, number)
    _must_be_draft(report)
    if text is not None and not 0 < len(text) <= WORDS_LENGTH:
        raise Refusal("work_report.words_too_long", most=WORDS_LENGTH)
    words = {name: said for name, said in report.words.items() if name != place}
    report.words = words if text is None else {**words, place: text}
    await audit.record(session, "work_report_write", now, staff=staff, report=report.id, place=place)


async def finish(session: AsyncSession, number: int, now: datetime, staff: Person) -> WorkReport:
    """From now on it stays as it is. Raises Refusal for one that is final, and while it is counted."""
    report = await get(session, number)
    _must_be_draft(report)
    if report.counting or report.figures is None:
        raise Refusal("work_report.counting")
    report.state, report.finished_at, report.finished_by_id = State.FINAL, now, staff.id
    await audit.record(session, "work_report_finish", now, staff=staff, report=report.id)
    return report


def _must_be_draft(report: WorkReport) -> None:
    if report.state is not State.DRAFT:
        raise Refusal("work_report.is_final")


def must_wait_for_meeting(report: WorkReport) -> None:
    """Raises Refusal for a draft, and when it is written down already that it was heard."""
    if report.state is State.DRAFT:
        raise Refusal("work_report.is_draft")
    if report.state is State.HEARD:
        raise Refusal("work_report.is_heard")


def must_be_a_day(report: WorkReport, day: date, calendar: WorkCalendar, now: datetime) -> None:
    """Raises Refusal for a meeting that is still to come, or that was before the time that the report tells of."""
    if day > calendar.day_of(now):
        raise Refusal("work_report.day_to_come")
    if day < calendar.day_of(report.since):
        raise Refusal("work_report.day_before", since=report.since)


def must_fit(decision: str) -> None:
    """Raises Refusal for a decision that is missing or too long."""
    if not 0 < len(decision) <= DECISION_LENGTH:
        raise Refusal("work_report.decision_too_long", most=DECISION_LENGTH)


async def hear(
    session: AsyncSession, number: int, day: date, decision: str, calendar: WorkCalendar, now: datetime, staff: Person
) -> WorkReport:
    """The committee has met and decided. Raises Refusal as `must_wait_for_meeting` and `must_be_a_day`, and for a
    decision that is missing or too long.
    """
    report = await get(session, number)
    must_wait_for_meeting(report)
    must_be_a_day(report, day, calendar, now)
    must_fit(decision)
    report.state, report.met_on, report.decision = State.HEARD, day, decision
    report.recorded_at, report.recorded_by_id = now, staff.id
    await audit.record(session, "work_report_heard", now, staff=staff, report=report.id, day=day.isoformat())
    return report


# ---------------------------------------------------------------- by the clock


async def make_due(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> None:
    """Drafts of what is about to end are made, if nobody has asked for one."""
    for spell in spells(calendar, now):
        late = calendar.day_of(now) >= draft_due(spell, calendar)
        if late and await newest(session, spell.kind, spell.name) is None:
            await make(session, spell, calendar, now)


async def remind(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> None:
    """Once a week the office is reminded of what has been drafted by then and is not done: a report not heard, a
    self-assessment not finished.
    """
    for spell in spells(calendar, now):
        weeks = (calendar.day_of(now) - draft_due(spell, calendar)) // WEEK
        report = await newest(session, spell.kind, spell.name)
        if weeks < 1 or report is None or report.counting:
            continue
        done = (State.HEARD,) if spell.kind is Kind.WORK else (State.FINAL, State.HEARD)
        if report.state not in done:
            await tell_office(session, report.id, "remind", now, f"work_report:{spell.kind}:{spell.name}:{weeks}")


async def tell_office(session: AsyncSession, number: int, what: str, now: datetime, dedupe: str | None = None) -> None:
    """The office hears how it is with a report, as it is when it is told."""
    office = await stations.office(session)
    if office.chat_id is None:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=office.chat_id,
        letter="work_report",
        payload={"report": number, "what": what},
        dedupe=dedupe,
    )
