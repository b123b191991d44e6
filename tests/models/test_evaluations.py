"""The evaluation of staff: facts as a hand counts them, who reads when, and that nothing ranks anybody."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import NoneType

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, colleagues, evaluations, forgetting, mydata, people, requesters, staff_figures
from models import surveys as surveys_
from models.audit import Act
from models.calendar import Semester
from models.database import Database
from models.errors import Refusal
from models.evaluations import ANSWER_WITHIN, EvaluationRound, EvaluationSheet
from models.figures import Rate
from models.outbox import Outgoing
from models.people import Person
from models.questionnaires import EVERYBODY, Kind, Question, Questionnaire
from models.results import Results
from models.staff_figures import Facts, Ratings, tellable
from models.statistics import Period
from models.surveys import Stage
from models.tallies import Count, Cut, Tally
from models.tickets import Ticket
from tests.conftest import postgresql_later
from tests.house import EAST, HOUSE, draft, furnish, staff, student

AUTUMN = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
TERM = replace(HOUSE, calendar=replace(HOUSE.calendar, semesters=(AUTUMN,)))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = timedelta(days=14)
"""After everything that the tickets went through."""


async def ticket_of(session: AsyncSession, number: int, now: datetime) -> Ticket:
    return await asking.file(session, draft(), await student(session, number), TERM, now)


async def rated(session: AsyncSession, ticket: Ticket, rating: int, now: datetime) -> None:
    (place,) = await requesters.waiting.about(session, ticket.id)
    await asking.rate(session, ticket, place, rating, now)


async def lived(session: AsyncSession, now: datetime, ratings: list[int]) -> tuple[Person, Person]:
    """Wang replies first to three tickets, once too late; resolves as many as there are ratings, of which two come
    back. Li replies to one of Wang's afterwards, resolves one that had come back, and has no other.
    """
    places = await furnish(session)
    wang, li = await staff(session), await staff(session, 2, "Li")
    for person in (wang, li):
        person.agreed = True
        await colleagues.seen(session, places["east"], person, now)
    found = []
    for number, rating in enumerate(ratings, 1):
        ticket = await ticket_of(session, number, now)
        if number <= 3:
            at = now + (3 * DAY if number == 3 else HOUR)
            await answering.answer(session, ticket, wang, {"type": "text", "text": "At ten"}, TERM, at, (EAST, number))
            await answering.answer(session, ticket, li, {"type": "text", "text": "Or later"}, TERM, at, (EAST, 90))
        await answering.resolve(session, ticket, wang, "repaired", TERM, now + 4 * DAY)
        await rated(session, ticket, rating, now + 5 * DAY)
        found.append(ticket)
    for ticket in found[:2]:
        (place,) = await requesters.waiting.about(session, ticket.id)
        await asking.reopen(session, ticket, place, TERM, now + 6 * DAY)
    # Wang resolves the first anew: it is his. The second is Li's from now on, and its rating with it.
    await answering.resolve(session, found[0], wang, "again", TERM, now + 7 * DAY)
    await answering.resolve(session, found[1], li, "again", TERM, now + 7 * DAY)
    return wang, li


def span(now: datetime) -> Period:
    return Period("semester", now - DAY, now + LATER)


@postgresql_later
async def test_the_facts_are_what_a_hand_counts(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        wang, li = await lived(session, now, [5, 1, 4, 3, 5, 5, 4, 2, 5, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5])
        # Before the semester, and none of theirs.
        old = await ticket_of(session, 50, now - 2 * DAY)
        await answering.resolve(session, old, wang, "repaired", TERM, now)
        await rated(session, old, 1, now)
        found = await staff_figures.count(session, span(now), [wang.id, li.id], 2)
        alone = await staff_figures.count(session, span(now), [wang.id, li.id], 1)
    # Twenty-one replies: two by words in time, one three days late, eighteen by resolving four days later, too late.
    assert found[wang.id].in_time == Rate(2, 21)
    assert found[li.id].in_time == Rate(0, 0), "the second words are nobody's first reply"
    assert found[wang.id].reopened == Rate(2, 21), "resolved twice it is one ticket"
    assert found[li.id].reopened == Rate(0, 1)
    # The last to resolve it: without the second, which was rated 1.
    assert found[wang.id].ratings is None, "the one that is left of the station would be Li's"
    assert found[li.id].ratings is None, "one is fewer than two"
    assert alone[wang.id].ratings == Ratings(Rate(18, 20), 92)
    assert Ratings(Rate(18, 20), 92).mean == 4.6
    assert alone[li.id].ratings == Ratings(Rate(0, 1), 1)


@pytest.mark.parametrize("count", [9, 10])
async def test_fewer_ratings_than_the_cell_are_not_told(database: Database, now: datetime, count: int) -> None:
    async with database.transaction() as session:
        places, wang = await furnish(session), await staff(session)
        await colleagues.seen(session, places["east"], wang, now)
        for number in range(count):
            ticket = await ticket_of(session, number, now)
            await answering.resolve(session, ticket, wang, "repaired", TERM, now)
            await rated(session, ticket, 4, now)
        round_ = await evaluations.start(session, await staff(session, 9, "Zhao"), TERM, 10, now + HOUR)
        await evaluations.fill(session, round_, await evaluations.count(session, round_, TERM), TERM, now)
        sheet = (await session.scalars(select(EvaluationSheet))).one()
        assert sheet.told.ratings == (Ratings(Rate(10, 10), 40) if count == 10 else None)
        assert sheet.facts["ratings"] == ([10, 10, 40] if count == 10 else None), "nothing of fewer is kept either"


def test_what_is_told_leaves_no_small_cell_of_a_place() -> None:
    assert tellable({1: {7: 12, 8: 15}}, [7, 8], 10) == {7, 8}
    assert tellable({1: {7: 12, 8: 3}}, [7, 8], 10) == set(), "three would be left of the place"
    assert tellable({1: {7: 12, 8: 15, 9: 3}}, [7, 8, 9], 10) == {8}, "the fewest are hidden with them: fifteen"
    assert tellable({1: {7: 12, 5: 3, 0: 8}}, [7], 10) == {7}, "eleven are left, of somebody who is not there any more"
    # At another place too: what is hidden at one is missing at the other.
    assert tellable({1: {7: 12, 8: 3}, 2: {7: 2, 9: 30}}, [7, 9], 10) == set()


async def begun(session: AsyncSession, now: datetime) -> tuple[EvaluationRound, dict[str, EvaluationSheet], Person]:
    """A round in which Wang, Li and bao are; bao has no chat with the bot."""
    places = await furnish(session)
    admin = await staff(session, 9, "Zhao")
    for number, (name, agreed) in enumerate({"Wang": True, "bao": False, "Li": True}.items(), 1):
        person = await staff(session, number, name)
        person.agreed = agreed
        await colleagues.seen(session, places["east"], person, now)
    gone = await staff(session, 8, "Gone")
    await colleagues.seen(session, places["east"], gone, now)
    await colleagues.left(session, places["east"], gone)
    round_ = await evaluations.start(session, admin, TERM, 10, now)
    await evaluations.fill(session, round_, await evaluations.count(session, round_, TERM), TERM, now)
    return round_, {person.name: sheet for sheet, person in await evaluations.listed(session, round_)}, admin


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_who_start_it_at_once_one_runs_again_and_is_told(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        admin = (await staff(session, 9, "Zhao")).id
    both, of_semester = asyncio.Barrier(2), evaluations.of_semester

    async def asked_by_both(session: AsyncSession, name: str) -> EvaluationRound | None:
        found = await of_semester(session, name)
        await both.wait()
        return found

    async def press() -> None:
        async with database.transaction() as session:
            await evaluations.start(session, await session.get_one(Person, admin), TERM, 10, now)

    with monkeypatch.context() as patch:
        patch.setattr(evaluations, "of_semester", asked_by_both)
        came = await asyncio.gather(press(), press(), return_exceptions=True)
    # What the worker runs again (tests/bot/test_inbox.py), not an incident.
    assert set(map(type, came)) == {IntegrityError, NoneType}
    async with database.transaction() as session:
        with pytest.raises(Refusal, match=r"evaluation\.started_already"):
            await evaluations.start(session, await session.get_one(Person, admin), TERM, 10, now)


async def test_the_office_reads_nothing_before_and_one_round_is_a_semester_s(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        with pytest.raises(Refusal, match=r"evaluation\.no_semester"):
            await evaluations.start(session, await staff(session), HOUSE, 10, now)
        _, sheets, admin = await begun(session, now)
        with pytest.raises(Refusal, match=r"evaluation\.started_already"):
            await evaluations.start(session, admin, TERM, 10, now + DAY)
        assert list(sheets) == ["bao", "Li", "Wang"], "by name, whatever the figures; without who has left"
        letters = (await session.scalars(select(Outgoing).where(Outgoing.letter == "evaluation"))).all()
        assert sorted(row.chat_id or 0 for row in letters) == [20_001, 20_003], "nobody else has a chat"
        assert {name: sheet.sent for name, sheet in sheets.items()} == {"bao": False, "Li": True, "Wang": True}
        for sheet in sheets.values():
            with pytest.raises(Refusal, match=r"evaluation\.not_yet"):
                await evaluations.for_office(session, sheet.id, now + DAY)
            with pytest.raises(Refusal, match=r"evaluation\.not_yet"):
                await evaluations.decide(session, sheet.id, admin, "Fine", TERM, now + DAY)
        # Who answers is read at once, and may say something else until the days are over.
        await evaluations.answer(session, sheets["Wang"], "I was ill in October", now + DAY)
        assert (await evaluations.for_office(session, sheets["Wang"].id, now + DAY))[1].word == "I was ill in October"
        await evaluations.answer(session, sheets["Wang"], None, now + 2 * DAY)
        assert sheets["Wang"].word is None
        with pytest.raises(Refusal, match=r"evaluation\.not_yet"):
            await evaluations.for_office(session, sheets["Li"].id, now + ANSWER_WITHIN - HOUR)
        for name in ("Li", "bao"):
            await evaluations.for_office(session, sheets[name].id, now + ANSWER_WITHIN)
        with pytest.raises(Refusal, match=r"evaluation\.too_late"):
            await evaluations.answer(session, sheets["Li"], "Too late", now + ANSWER_WITHIN)
        with pytest.raises(Refusal, match=r"evaluation\.word_length"):
            await evaluations.answer(session, sheets["Wang"], "x" * 1001, now + 3 * DAY)


async def test_people_decide_once_never_about_themselves_and_it_is_recorded(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        round_, sheets, admin = await begun(session, now)
        wang = await staff(session)
        await evaluations.answer(session, sheets["Wang"], "Thank you", now)
        with pytest.raises(Refusal, match=r"evaluation\.own"):
            await evaluations.decide(session, sheets["Wang"].id, wang, "Excellent", TERM, now)
        before = len((await session.scalars(select(Outgoing))).all())
        await evaluations.decide(session, sheets["Wang"].id, admin, "Goes on, with a mentor", TERM, now + DAY)
        told = (await session.scalars(select(Outgoing).order_by(Outgoing.id))).all()[before:]
        assert [(row.chat_id, row.letter, row.payload) for row in told] == [
            (wang.telegram_id, "evaluation", {"sheet": sheets["Wang"].id})
        ]
        with pytest.raises(Refusal, match=r"evaluation\.decided_already"):
            await evaluations.decide(session, sheets["Wang"].id, admin, "Else", TERM, now + DAY)
        with pytest.raises(Refusal, match=r"evaluation\.too_late"):
            await evaluations.answer(session, sheets["Wang"], "But", now + DAY)
        acts = [(act.act, act.staff_id) for act in await session.scalars(select(Act).order_by(Act.id))]
        assert acts == [
            ("evaluation_start", admin.id),
            ("evaluation_answer", wang.id),
            ("evaluation_decide", admin.id),
        ]
        # Theirs to take along, and to be forgotten with.
        found = await mydata.gather(session, wang, 700000, TERM.vault)
        assert [(each["word"], each["decision"]) for each in found["evaluations"]] == [
            ("Thank you", "Goes on, with a mentor")
        ]
        await forgetting.forget(session, wang, 700000, TERM, now + DAY)
        assert [person.name for _, person in await evaluations.listed(session, round_)] == ["bao", "Li"]


async def test_beside_the_facts_stands_the_station_s_survey(database: Database, now: datetime) -> None:
    names = {"en": "Staff are friendly"}
    asked = Questionnaire({"en": "Our staff"}, (Question("kind", Kind.AGREEMENT, names),))
    count = Count(20, Counter({"5": 9, "4": 6, "2": 5}))
    async with database.transaction() as session:
        places = await furnish(session)
        for key, days in (("staff-evaluation", 3), ("staff-evaluation", 2), ("semester", 1)):
            survey = await surveys_.plan(
                session,
                key=key,
                questionnaire=asked,
                opens_at=now - 9 * DAY,
                closes_at=now - days * DAY,
                target=EVERYBODY,
                cell=10,
                semester=f"{days}",
            )
            assert survey is not None
            tally = Tally(20, {"kind": count if days == 2 else Count(20)})
            survey.stage = Stage.CLOSED
            survey.results = Results(10, 40, 20, 0, tally, {Cut.STATION: {"east": tally}}).plain()
        await session.flush()
        last = await evaluations.last_survey(session)
        assert last is not None
        told = evaluations.beside(last, [places["east"], places["west"]])
    assert (told["semester"], told["title"]) == ("2", {"en": "Our staff"})
    east, west = told["places"]
    assert east["questions"] == [{"text": names, "rate": [15, 20]}]
    assert west["questions"] == [], "too few answered there, or nobody"


async def test_near_the_end_of_a_semester_the_office_is_reminded_once(database: Database, now: datetime) -> None:
    january = datetime(2027, 1, 4, 2, 0, tzinfo=now.tzinfo)
    async with database.transaction() as session:
        await furnish(session)
        for at in (now, january, january + DAY):
            await evaluations.remind(session, TERM, at)
        rows = (await session.scalars(select(Outgoing))).all()
        assert [(row.payload or {})["text"] for row in rows] == ["evaluation.due"]


def test_facts_are_kept_as_they_are() -> None:
    for ratings in (None, Ratings(Rate(9, 11), 45)):
        facts = Facts(Rate(3, 4), Rate(0, 0), ratings)
        assert Facts.of(facts.plain()) == facts


async def test_a_lead_who_never_acted_is_staff_and_a_teacher_is_not(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, lead = await furnish(session), await staff(session, 4, "Lead")
        await people.grant(
            session, people.Role.LEAD, lead.telegram_id, given_by=1, now=now, station_id=places["west"].id
        )
        await colleagues.seen(session, places["supervisors"], await staff(session, 5, "Sun"), now)
        found = await colleagues.since(session, now.date())
        assert [(person.name, [place.key for place in at]) for person, at in found] == [("Lead", ["west"])]
