"""What comes of a survey once it has closed: who counts as having answered, and what is left of what they wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from models import ballots, invitations, outcomes, remarks, surveys
from models.ballots import Slip
from models.database import Database
from models.invitations import Part
from models.people import Person
from models.questionnaires import EVERYBODY, Answer, Group
from models.results import Results
from models.surveys import Stage, Survey
from tests.house import HOUSE, furnish, student
from tests.surveying.sheets import EVERY_KIND

CELL = 3


async def a_survey(session: AsyncSession, now: datetime, people: Sequence[Person]) -> Survey:
    """One that is open and has invited these."""
    survey = await surveys.plan(
        session, key="how", questionnaire=EVERY_KIND, target=EVERYBODY, cell=CELL,
        opens_at=now, closes_at=now + timedelta(days=9),
    )  # fmt: skip
    assert survey is not None
    survey.stage = Stage.OPEN
    for person in people:
        person.agreed = True
        await invitations.of(session, survey, person, now)
    return survey


async def finish(session: AsyncSession, survey: Survey, person: Person, now: datetime, **answers: Answer) -> None:
    await ballots.cast(session, survey, Slip({"used": "yes", **answers}, {}), None, HOUSE.vault)
    invitation = await invitations.of(session, survey, person, now)
    assert invitation is not None
    invitation.part = Part.FINISHED


async def close(session: AsyncSession, survey: Survey, now: datetime) -> Results:
    await outcomes.close_due(session, HOUSE, now + timedelta(days=9))
    results = await outcomes.results_of(session, survey, HOUSE)
    await outcomes.conclude(session, survey, results, await outcomes.sifted(session, survey, HOUSE), now)
    return results


async def test_whoever_finished_is_counted_as_one_who_did(database: Database, now: datetime) -> None:
    """Also where they were too few to tell anything, and whoever was forgotten afterwards."""
    async with database.transaction() as session:
        await furnish(session)
        people = [await student(session, number, f"Student {number}") for number in range(6)]
        few, many = await a_survey(session, now, people), await a_survey(session, now, people)
        for person in people[: CELL - 1]:
            await finish(session, few, person, now)
        for person in people[1:]:
            await finish(session, many, person, now)
        for person in people[1:3]:
            await ballots.forget(session, person, HOUSE.vault)
        told = await close(session, few, now)
        assert (told.completed, told.invited, told.everybody.completed) == (1, 4, 0)
        told = await close(session, many, now)
        assert (told.completed, told.invited, told.everybody.completed) == (5, 6, 5)


async def test_words_of_a_question_that_is_not_told_are_destroyed(database: Database, now: datetime) -> None:
    """Nobody of the office reads what fewer than a cell have written, either."""
    async with database.transaction() as session:
        await furnish(session)
        people = [await student(session, number, f"Student {number}") for number in range(2 * CELL)]
        few, many = await a_survey(session, now, people), await a_survey(session, now, people)
        for number, person in enumerate(people):
            await finish(session, few, person, now, **({"words": "Ask Mr Wang"} if number < CELL - 1 else {}))
            await finish(session, many, person, now, **({"words": "Ask Mr Wang"} if number < CELL else {}))
        for survey, left in ((few, 0), (many, CELL)):
            await close(session, survey, now)
            assert len(await remarks.of(session, survey.id)) == left


async def test_a_survey_is_compared_with_those_that_asked_the_same_people(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        made = []
        for days, target in ((9, EVERYBODY), (6, Group(buildings=("e1",))), (3, EVERYBODY)):
            survey = await surveys.plan(
                session, key="how", questionnaire=EVERY_KIND, target=target, cell=CELL,
                opens_at=now, closes_at=now - timedelta(days=days),
            )  # fmt: skip
            assert survey is not None
            survey.stage = Stage.CLOSED
            made.append(survey)
        await session.flush()
        assert await outcomes.earlier(session, made[2]) == [made[0]]
        of_its_own = replace(EVERY_KIND, title={"en": "How was the training in October?"})
        made[2].definition = of_its_own.plain()
        assert await outcomes.earlier(session, made[2]) == [], "that one was about something else"
        made[0].occasion, made[2].occasion = "how:2025-2026-2", "how:2026-2027-1"
        assert await outcomes.earlier(session, made[2]) == [made[0]], "the file has another title this semester"


async def test_whoever_invites_themselves_first_passes_over_nobody(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        people = [await student(session, number, f"Student {number}") for number in range(4)]
        survey = await a_survey(session, now, people[3:])
        for person in people:
            person.agreed = True
        await session.flush()
        lots = [await invitations.invite_some(session, survey, HOUSE, now) for _ in range(2)]
        assert lots == [3, 0]
        assert (await invitations.response(session, survey)).invited == 4
