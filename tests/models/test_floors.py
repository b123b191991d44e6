"""The floors: green only by their evidence, due until their day, overdue after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import board as drawn
from bot.texts import Catalogue
from models import colleagues
from models.calendar import AcademicYear, Semester
from models.database import Database
from models.evaluations import EvaluationRound
from models.figures import Rate
from models.outbox import Outgoing
from models.surveys import Stage, Verdict
from models.union import floors, gatherings, publications, reviewing, work_reports
from models.union.floors import Board, Floor, State
from models.union.gatherings import Attendance, Gathering, Kind, Part
from models.union.work_reports import WorkReport
from tests.conftest import postgresql_later
from tests.house import CALENDAR, HOUSE, OFFICE, furnish, staff, student
from tests.surveying.results import closed

AUTUMN = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
SPRING = Semester("2026-2027-2", date(2027, 2, 22), date(2027, 7, 4))
TERMS = replace(CALENDAR, semesters=(AUTUMN, SPRING))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OF_A_SEMESTER = ("guidance", "report", "study", "training", "staff")
OF_A_YEAR = ("satisfaction", "reform", "assessment")


async def held(session: AsyncSession, kind: Kind, at: datetime, parts: Sequence[Part], first: int = 1) -> Gathering:
    """A gathering that is over, and what each of the staff was to it."""
    titles = {"en": "Serving students", "zh-hans": "服务同学", "zh-hant": "服務同學"}
    found = await gatherings.plan(
        session, kind, titles, "Hall 3", at, at + HOUR, at - DAY, cohort={}, semester=AUTUMN.name
    )
    found.stage = gatherings.Stage.HELD
    for number, part in enumerate(parts, first):
        person = await staff(session, number, f"Staff {number}")
        session.add(Attendance(gathering_id=found.id, person_id=person.id, part=part, asked_at=at))
    await session.flush()
    return found


def states(found: Board) -> dict[str, State]:
    return {floor.key: floor.state for floor in found.floors}


def of(found: Board, key: str) -> Floor:
    return next(floor for floor in found.floors if floor.key == key)


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2026, 8, 1), "2026-2027"), (date(2027, 7, 31), "2026-2027"), (date(2027, 8, 1), "2027-2028")],
)
def test_an_academic_year_begins_in_august(day: date, year: str) -> None:
    assert AcademicYear.of(day).name == year


async def test_a_floor_is_green_by_its_evidence_due_until_its_day_and_overdue_after_it(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        always = {"projects": State.GREEN, "disclosure": State.OVERDUE}
        due = dict.fromkeys((*OF_A_SEMESTER, *OF_A_YEAR), State.DUE)
        assert states(await floors.board(session, TERMS, now)) == {**always, **due}
        over = await floors.board(session, TERMS, TERMS.at(date(2027, 1, 18), now.time()))
        assert (over.semester, over.week) == (AUTUMN, None)
        late, year = dict.fromkeys(OF_A_SEMESTER, State.OVERDUE), dict.fromkeys(OF_A_YEAR, State.DUE)
        assert states(over) == {**always, **late, **year}, "a year goes on in its second semester"
        half = await floors.board(session, replace(TERMS, semesters=(AUTUMN,)), TERMS.at(SPRING.starts, now.time()))
        assert states(half) == states(over), "the next semester is not in config.toml yet"
        summer = await floors.board(session, TERMS, TERMS.at(date(2027, 7, 5), now.time()))
        assert summer.year.name == "2026-2027"
        assert of(summer, "reform").state is State.OVERDUE
        assert of(await floors.board(session, TERMS, TERMS.at(SPRING.starts, now.time())), "study").state is State.DUE
        nothing = await floors.board(session, CALENDAR, now)
        assert (nothing.semester, set(states(nothing))) == (None, {*always, *OF_A_YEAR})

        # Two studies; one to which nobody came is none.
        first = await held(session, Kind.STUDY, now, [Part.CAME, Part.MISSED, Part.EXCUSED, Part.DECLINED])
        await held(session, Kind.STUDY, now, [Part.MISSED])
        study = of(await floors.board(session, TERMS, now), "study")
        assert (study.state, study.done) == (State.DUE, 1)
        await held(session, Kind.STUDY, now + DAY, [Part.CAME])
        study = of(await floors.board(session, TERMS, now), "study")
        assert (study.state, study.done, study.evidence[0].number) == (State.GREEN, 2, first.id)
        assert study.evidence[0].rate is not None
        assert (study.evidence[0].rate.hits, study.evidence[0].rate.of) == (1, 3)

        # Training is done when everybody of the staff has been to one.
        places = await furnish(session)
        for number in (1, 2):
            await colleagues.seen(session, places["east"], await staff(session, number, f"Staff {number}"), now)
        await held(session, Kind.TRAINING, now, [Part.CAME, Part.MISSED])
        assert of(await floors.board(session, TERMS, now), "training").state is State.DUE
        await held(session, Kind.TRAINING, now + 7 * DAY, [Part.CAME], first=2)
        assert of(await floors.board(session, TERMS, now), "training").state is State.GREEN

        round_ = EvaluationRound(
            semester=AUTUMN.name, since=now, until=now, cell=10, started_by_id=(await staff(session)).id, closes_at=now
        )
        session.add(round_)
        await session.flush()
        assert of(await floors.board(session, TERMS, now), "staff").state is State.DUE, "they are still answering"
        round_.announced = True
        await session.flush()
        found = await floors.board(session, TERMS, now)
        assert (of(found, "staff").state, found.week) == (State.GREEN, 6)
        left = ["guidance", "report", "satisfaction", "reform", "assessment", "disclosure"]
        assert [floor.key for floor in found.still_to_do()] == left


async def test_guidance_counts_when_somebody_has_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        texts = {each: {"title": "Serve", "body": "…"} for each in HOUSE.languages}
        sent = await publications.draft(session, publications.Kind.GUIDANCE, texts, await staff(session), now)
        sent.stage, sent.sent_at, sent.written, sent.delivered = publications.Stage.SENT, now, 9, 0
        await session.flush()
        assert of(await floors.board(session, TERMS, now), "guidance").state is State.DUE, "it reached nobody"
        sent.delivered = 8
        await session.flush()
        floor = of(await floors.board(session, TERMS, now), "guidance")
        assert (floor.state, floor.evidence[0].rate, floor.measure) == (State.GREEN, Rate(8, 9), 1)
        sent.stage = publications.Stage.WITHDRAWN
        await session.flush()
        assert of(await floors.board(session, TERMS, now), "guidance").state is State.DUE
        # Corrected and then withdrawn, it is withdrawn as well.
        sent.stage = publications.Stage.SENT
        right = await publications.draft(session, sent.kind, texts, await staff(session), now, corrects=sent)
        sent.stage = publications.Stage.ARCHIVED
        right.stage, right.sent_at = publications.Stage.SENT, now
        await session.flush()
        assert of(await floors.board(session, TERMS, now), "guidance").state is State.GREEN
        right.stage = publications.Stage.WITHDRAWN
        await session.flush()
        assert of(await floors.board(session, TERMS, now), "guidance").state is State.DUE
        right.stage = publications.Stage.DROPPED
        sent.stage, sent.sent_at = publications.Stage.SENT, now - 60 * DAY
        await session.flush()
        assert of(await floors.board(session, TERMS, now), "guidance").state is State.DUE, "it was before the semester"


async def test_a_report_counts_when_it_was_heard_and_a_self_assessment_when_it_is_finished(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        about = {"asked_at": now, "since": now, "until": now, "counting": False}
        heard = WorkReport(kind=work_reports.Kind.WORK, period=AUTUMN.name, state=work_reports.State.FINAL, **about)
        year = WorkReport(kind=work_reports.Kind.ASSESSMENT, period="2026-2027", **about)
        session.add_all([heard, year])
        await session.flush()
        found = states(await floors.board(session, TERMS, now))
        assert (found["report"], found["assessment"]) == (State.DUE, State.DUE)
        heard.state, heard.met_on = work_reports.State.HEARD, TERMS.day_of(now)
        year.state, year.finished_at = work_reports.State.FINAL, now
        await session.flush()
        found = states(await floors.board(session, TERMS, now))
        assert (found["report"], found["assessment"]) == (State.GREEN, State.GREEN)
        spring = states(await floors.board(session, TERMS, TERMS.at(SPRING.starts, now.time())))
        assert (spring["report"], spring["assessment"]) == (State.DUE, State.GREEN)


async def test_disclosure_is_up_to_date_when_all_five_headings_are(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        texts = {each: {"title": "T", "body": "…"} for each in HOUSE.languages}
        writer, teacher = await staff(session), await staff(session, 2, "Sun")
        kind = publications.Kind.DISCLOSURE
        for heading in publications.Heading:
            assert of(await floors.board(session, TERMS, now), "disclosure").state is State.OVERDUE
            version = await publications.draft(session, kind, texts, writer, now, heading=heading)
            version.stage = publications.Stage.APPROVING
            await reviewing.approve(session, version, 1, teacher, now)
            version.stage, version.sent_at = publications.Stage.SENT, now
            await session.flush()
        floor = of(await floors.board(session, TERMS, now), "disclosure")
        assert (floor.state, floor.done, floor.measure) == (State.GREEN, 5, 9)
        late = of(await floors.board(session, TERMS, TERMS.at(date(2027, 3, 23), now.time())), "disclosure")
        assert (late.state, late.done) == (State.OVERDUE, 2), "three are renewed every semester"


async def test_a_survey_counts_when_it_has_closed_with_answers_in_the_year(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        survey = await closed(session, now)
        survey.key = floors.SATISFACTION
        await session.flush()

        async def state(at: datetime = now) -> State:
            return of(await floors.board(session, TERMS, at), "satisfaction").state

        assert await state() is State.GREEN
        survey.closes_at = now - 365 * DAY
        await session.flush()
        assert await state() is State.DUE, "it was another year's"
        survey.closes_at, survey.results = now, {**(survey.results or {}), "completed": 0}
        await session.flush()
        assert await state() is State.DUE, "nobody answered"


async def test_a_project_that_was_asked_about_waits_for_its_verdict(database: Database, now: datetime) -> None:
    from models import projects

    async with database.transaction() as session:
        places = await furnish(session)
        project = await projects.suggest(session, "A drying room for East 1", places["east"], now)
        survey = await closed(session, now)
        survey.project_id = project.id
        await session.flush()
        floor = of(await floors.board(session, TERMS, now), "projects")
        assert (floor.state, floor.done, floor.needed) == (State.OVERDUE, 0, 1)
        survey.verdict, survey.said_at, survey.stage = Verdict.KEEP, now, Stage.TOLD
        survey.what_changes = {"en": "It is used"}
        await session.flush()
        floor = of(await floors.board(session, TERMS, now), "projects")
        assert (floor.state, floor.done, floor.needed) == (State.GREEN, 1, 1)


@postgresql_later
async def test_in_weeks_8_12_and_16_it_is_said_once_what_is_still_to_be_done(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        told = select(Outgoing.chat_id).where(Outgoing.letter == "board")
        for week in range(1, 20):
            monday = TERMS.at(AUTUMN.starts + (week - 1) * 7 * DAY, now.time())
            for hours in (0, 5):
                await floors.warn(session, TERMS, monday + hours * HOUR)
        assert list(await session.scalars(told)) == [OFFICE] * 3, "the supervisors sit in no chat here"
        await floors.warn(session, TERMS, TERMS.at(date(2027, 1, 20), now.time()))
        assert len(list(await session.scalars(told))) == 3


async def test_the_board_says_everything_in_three_languages(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        for n in range(5):
            await held(session, Kind.STUDY, now + n * DAY, [Part.CAME])
        await student(session)
        found = await floors.board(session, TERMS, now)
        over = await floors.board(session, TERMS, TERMS.at(date(2027, 7, 20), now.time()))
    for language, t in Catalogue.load(CALENDAR.timezone).items():
        today = CALENDAR.day_of(now)
        text = drawn.draw(found, t, today)
        assert len(text) < 3000
        assert text.count("└") == 4, "three studies, and that there were two more"
        assert {each: text.count(each) for each in "🟢🟡🔴"} == {"🟢": 3, "🟡": 8, "🔴": 2}, "with the legend's"
        assert "🔴" in drawn.draw(over, t, date(2027, 7, 20))
        assert len(drawn.warning(found, t, today).split("\n\n")) == 2 + 8, language
