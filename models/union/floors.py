"""The floors of the ten measures (mission.md): what a union has to have done in a semester or in an academic year, and
what shows that it has. Nothing is ticked off by hand: a floor is green when its evidence is there.

    due ─▶ green             the evidence is there
     └───▶ overdue           the time is over, and it is not; of what always holds: it does not

In a vacation the semester before it is judged: what was not done in time is overdue until the next one begins.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import outbox, projects, stations, statistics
from models.calendar import AcademicYear, Semester, WorkCalendar
from models.evaluations import EvaluationRound, EvaluationSheet
from models.figures import Rate
from models.outbox import Lane, Repeat
from models.stations import Desk
from models.surveys import OVER, Stage, Survey
from models.union import deliveries, disclosure, studies, undertaking, work_reports
from models.union.gatherings import Kind
from models.union.publications import Heading, Publication
from models.union.publications import Kind as PublicationKind

SATISFACTION, REFORM = "semester-satisfaction", "union-evaluation"
"""The keys of the surveys that students answer about the union: how satisfied they are, and what they say of the
reform.
"""
WARNED_IN = (8, 12, 16)
"""The weeks of a semester in which the union is told what is still to be done."""


class State(enum.StrEnum):
    """How a floor stands."""

    GREEN = "green"
    DUE = "due"
    OVERDUE = "overdue"


class What(enum.StrEnum):
    """What a piece of evidence is."""

    GATHERING = "gathering"
    SURVEY = "survey"
    ROUND = "round"
    """Of the staff evaluation."""
    PROJECT = "project"
    PUBLICATION = "publication"
    REPORT = "report"
    """The work report, or the self-assessment."""
    VERSION = "version"
    """Of what is disclosed under a heading."""


class Evidence(NamedTuple):
    """Something that shows it: what, its number, its day, how it is called, and what was counted of it."""

    what: What
    number: int
    day: date | None = None
    names: Mapping[str, str] | None = None
    rate: Rate | None = None


@dataclass(frozen=True)
class Floor:
    """One floor as it stands."""

    key: str
    measure: int
    """Which of the ten."""
    needed: int
    done: int
    state: State
    until: date | None
    """The last day on which it is in time; None of what always has to hold."""
    evidence: Sequence[Evidence] = ()


@dataclass(frozen=True)
class Board:
    """All of them."""

    semester: Semester | None
    """The one that is judged; None where config.toml knows none that has begun: then nothing of a semester is due."""
    week: int | None
    """The week of the semester, from 1; None in a vacation."""
    year: AcademicYear
    floors: Sequence[Floor]

    def still_to_do(self) -> list[Floor]:
        """Those that are not green."""
        return [floor for floor in self.floors if floor.state is not State.GREEN]


def week_of(semester: Semester, day: date) -> int:
    """The week of a semester in which a day lies, from 1."""
    return (day - semester.starts).days // 7 + 1


@dataclass(frozen=True)
class Look:
    """What a floor is judged by."""

    session: AsyncSession
    calendar: WorkCalendar
    now: datetime
    today: date
    term: Semester | None
    year: AcademicYear

    @classmethod
    def on(
        cls, session: AsyncSession, calendar: WorkCalendar, day: date, term: Semester | None, year: AcademicYear
    ) -> Look:
        """As it is looked at on a day, at noon."""
        return cls(session, calendar, calendar.at(day, time(12)), day, term, year)

    def state(self, done: int, needed: int, until: date) -> State:
        """Of what has to be done by a day."""
        if done >= needed:
            return State.GREEN
        return State.DUE if self.today <= until else State.OVERDUE

    @property
    def year_ends(self) -> date:
        """The last day of teaching in the year, as far as config.toml knows."""
        return work_reports.teaching_ends(self.year.starts, self.year.ends, self.calendar)


async def board(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> Board:
    """The floors of the semester that is judged and of its academic year, in the order of the measures."""
    today = calendar.day_of(now)
    term = statistics.semester_on(today, calendar)
    # In the summer the year that is over is judged with its semester.
    look = Look(session, calendar, now, today, term, AcademicYear.of(term.starts if term is not None else today))
    floors = [await always(look) for always in ALWAYS]
    if term is not None:
        floors += [await each(look, term) for each in OF_A_SEMESTER]
    floors += [await each(look) for each in OF_A_YEAR]
    week = week_of(term, today) if term is not None and today <= term.ends else None
    return Board(term, week, look.year, sorted(floors, key=lambda floor: floor.measure))


# ---------------------------------------------------------------- measure 1: guidance


async def guidance(look: Look, term: Semester) -> Floor:
    """Political guidance that was approved, went out and still stands; with how many have it of how many it was sent
    to.
    """
    since, until = look.calendar.at(term.starts, time()), look.calendar.at(term.ends + timedelta(days=1), time())
    sent = select(Publication).where(
        Publication.kind == PublicationKind.GUIDANCE,
        deliveries.still_read(),
        Publication.corrects_id.is_(None),
        Publication.sent_at >= since,
        Publication.sent_at < until,
        Publication.delivered > 0,
    )
    found = []
    for each in await look.session.scalars(sent.order_by(Publication.sent_at, Publication.id)):
        assert each.sent_at is not None
        titles = {language: text["title"] for language, text in each.texts.items()}
        day, rate = look.calendar.day_of(each.sent_at), Rate(each.delivered, each.written)
        found.append(Evidence(What.PUBLICATION, each.id, day, titles, rate))
    return Floor("guidance", 1, 1, len(found), look.state(len(found), 1, term.ends), term.ends, found)


# ---------------------------------------------------------------- measure 2: the Party committee hears the report


async def heard(look: Look, term: Semester) -> Floor:
    """The semester's work report was heard, and the day of the meeting and what it decided are recorded."""
    report = await work_reports.heard(look.session, term.name)
    found = [Evidence(What.REPORT, report.id, report.met_on)] if report is not None else []
    return Floor("report", 2, 1, len(found), look.state(len(found), 1, term.ends), term.ends, found)


# ---------------------------------------------------------------- measure 4: study and training


async def study(look: Look, term: Semester) -> Floor:
    """Theory study, twice a semester."""
    found = await _held(look, Kind.STUDY, term)
    return Floor("study", 4, 2, len(found), look.state(len(found), 2, term.ends), term.ends, found)


async def training(look: Look, term: Semester) -> Floor:
    """Training of all staff. It is done when everybody has been; one that makes up for it counts as well."""
    found = await _held(look, Kind.TRAINING, term)
    done = int((await studies.coverage(look.session, term, look.calendar, look.now)).whole)
    return Floor("training", 4, 1, done, look.state(done, 1, term.ends), term.ends, found)


async def _held(look: Look, kind: Kind, term: Semester) -> list[Evidence]:
    return [
        Evidence(
            What.GATHERING, it.gathering.id, look.calendar.day_of(it.gathering.starts_at), it.gathering.titles, it.rate
        )
        for it in await studies.held(look.session, kind, term.name)
    ]


# ---------------------------------------------------------------- measure 5: every project


async def every_project(look: Look) -> Floor:
    """Whatever was asked about a project, and whatever was finished thirty days ago or should have been: the union has
    said what becomes of it.
    """
    asked = select(Survey.project_id).where(Survey.project_id.is_not(None), Survey.stage.in_((Stage.COUNTING, *OVER)))
    numbers = {number for number in await look.session.scalars(asked.distinct()) if number is not None}
    noon = look.calendar.at(look.today, time(12))
    numbers |= {each.id for each in await undertaking.unevaluated(look.session, look.calendar, noon)}
    said = await projects.conclusions(look.session)
    found = [Evidence(What.PROJECT, number, look.calendar.day_of(said[number].said_at)) for number in sorted(said)]
    state = State.OVERDUE if numbers - set(said) else State.GREEN
    return Floor("projects", 5, len(numbers | set(said)), len(said), state, None, found)


# ---------------------------------------------------------------- measure 8: asked and evaluated


async def satisfaction(look: Look) -> Floor:
    """Students say how satisfied they are."""
    return await _asked(look, "satisfaction", SATISFACTION)


async def reform(look: Look) -> Floor:
    """Students evaluate the union and its reform."""
    return await _asked(look, "reform", REFORM)


async def _asked(look: Look, floor: str, key: str) -> Floor:
    """A survey that closed in the year, and that somebody answered."""
    since = look.calendar.at(look.year.starts, time())
    until = look.calendar.at(look.year.ends + timedelta(days=1), time())
    closed = select(Survey).where(
        Survey.key == key, Survey.stage.in_(OVER), Survey.closes_at >= since, Survey.closes_at < until
    )
    found = []
    for survey in await look.session.scalars(closed.order_by(Survey.closes_at, Survey.id)):
        told = survey.told
        if told is not None and told.completed:
            day, rate = look.calendar.day_of(survey.closes_at), Rate(told.completed, told.invited)
            found.append(Evidence(What.SURVEY, survey.id, day, survey.questionnaire.title, rate))
    state = look.state(len(found), 1, look.year_ends)
    return Floor(floor, 8, 1, len(found), state, look.year_ends, found)


async def staff(look: Look, term: Semester) -> Floor:
    """The evaluation of staff: a round that the office can read, because everybody had their time to answer; with how
    many decisions of how many sheets.
    """
    rows = await look.session.execute(
        select(EvaluationRound, func.count(EvaluationSheet.decided_at), func.count(EvaluationSheet.id))
        .outerjoin(EvaluationSheet, EvaluationSheet.round_id == EvaluationRound.id)
        .where(EvaluationRound.semester == term.name, EvaluationRound.announced.is_(True))
        .group_by(EvaluationRound.id)
    )
    found = [
        Evidence(What.ROUND, it.id, look.calendar.day_of(it.closes_at) if it.closes_at else None, rate=Rate(hits, of))
        for it, hits, of in rows
    ]
    return Floor("staff", 8, 1, len(found), look.state(len(found), 1, term.ends), term.ends, found)


async def assessed(look: Look) -> Floor:
    """The self-assessment of the academic year is finished."""
    report = await work_reports.assessed(look.session, look.year.name)
    day = look.calendar.day_of(report.finished_at) if report is not None and report.finished_at is not None else None
    found = [Evidence(What.REPORT, report.id, day)] if report is not None else []
    state = look.state(len(found), 1, look.year.ends)
    return Floor("assessment", 8, 1, len(found), state, look.year.ends, found)


# ---------------------------------------------------------------- measure 9: what is disclosed


async def disclosed(look: Look) -> Floor:
    """What stands under each of the five headings is not older than it may be."""
    found = []
    for heading in Heading:
        versions = await disclosure.versions(look.session, heading)
        newest = versions[0] if versions else None
        if newest is not None and not disclosure.of(heading, newest, look.calendar, look.now).stale:
            found.append(
                Evidence(What.VERSION, newest.number, look.calendar.day_of(newest.published_at), newest.titles)
            )
    state = State.GREEN if len(found) == len(Heading) else State.OVERDUE
    return Floor("disclosure", 9, len(Heading), len(found), state, None, found)


# ---------------------------------------------------------------- all of them

ALWAYS: tuple[Callable[[Look], Awaitable[Floor]], ...] = (every_project, disclosed)
OF_A_SEMESTER: tuple[Callable[[Look, Semester], Awaitable[Floor]], ...] = (guidance, heard, study, training, staff)
OF_A_YEAR: tuple[Callable[[Look], Awaitable[Floor]], ...] = (satisfaction, reform, assessed)


# ---------------------------------------------------------------- what is still to be done


async def warn(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> None:
    """In the weeks in which it is warned the office and the supervisors see once what is still to be done; when nothing
    is, they are left in peace.
    """
    found = await board(session, calendar, now)
    if found.semester is None or found.week not in WARNED_IN or not found.still_to_do():
        return
    key = f"floors:{found.semester.name}:{found.week}"
    for place in await stations.bound(session, Desk.OFFICE, Desk.SUPERVISORS):
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=place.chat_id,
            letter="board",
            payload={"warning": True},
            dedupe=f"{key}:{place.key}",
        )
