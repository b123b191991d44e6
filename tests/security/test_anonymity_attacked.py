"""Somebody holds a copy of the database and the list of all students, and guesses who wrote what (law 11): anonymous
tickets, reports about staff, ballots. None of their ways (`attacker.py`) may do better than chance.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import asking, ballots, casework, invitations, people, sheets, surveys
from models.ballots import Slip
from models.cases import Head, Report
from models.database import Database
from models.invitations import Invitation, Part
from models.people import Audience, Person
from models.questionnaires import EVERYBODY, Kind, Question, Questionnaire
from models.remarks import Remark
from models.sheets import Progress
from models.surveys import Survey
from models.tallies import Cut
from tests.house import HOUSE, draft, furnish
from tests.security import attacker
from tests.security.attacker import Guess, Rows
from tests.surveying.sheets import names

STUDENTS = 30
BY_CHANCE = 9
"""So many of thirty are hit by a random order once in a million times (Poisson, mean 1: 1.1e-6): dozens of ways to
guess are tried at every check."""
CELL = 4
ASKED = Questionnaire(names("How are we doing"), (Question("words", Kind.WORDS, names("What else?")),))


async def students(database: Database, seed: int) -> list[int]:
    """Twenty students have come; their ids, in another order drawn by lot: so they will act."""
    chance = random.Random(seed)
    ids = [chance.randrange(10**8, 10**10) for _ in range(STUDENTS)]
    async with database.transaction() as session:
        await furnish(session)
    for number, each in enumerate(ids):
        async with database.transaction() as session:
            person = await people.meet(session, each, f"Student {number}", None, "en")
            person.agreed, person.audience, person.building = True, Audience.UNDERGRADUATE, "e1"
    return chance.sample(ids, STUDENTS)


async def who(session: AsyncSession, telegram_id: int) -> Person:
    person = await people.by_telegram_id(session, telegram_id)
    assert person is not None
    return person


async def tickets(database: Database, now: datetime) -> tuple[str, Guess]:
    """Each files an anonymous ticket."""
    truth = {}
    for number, each in enumerate(await students(database, 20261012)):
        async with database.transaction() as session:
            words = draft(f"Tap {number} drips", anonymous=True, sources=[(each, 100 + number)])
            later = now + timedelta(minutes=number)
            ticket = await asking.file(session, words, await who(session, each), HOUSE, later)
            truth[ticket.id] = each
    return "tickets", truth


async def reports(database: Database, now: datetime) -> tuple[str, Guess]:
    """Each reports somebody of the staff, every second one under their name, which is for the supervisors alone."""
    truth = {}
    for number, each in enumerate(await students(database, 7)):
        async with database.transaction() as session:
            person = await who(session, each)
            head = Head("Zhou Dahai of East Station", name=person.name if number % 2 else None)
            report = Report(head, [{"type": "text", "text": f"He sold voucher {number}"}])
            case = await casework.file(session, report, person, HOUSE, now + timedelta(minutes=number))
            truth[case.id] = each
    return "cases", truth


async def votes(database: Database, now: datetime) -> tuple[str, Guess]:
    """Each answers a survey in words of their own; then it closes, and the words are there."""
    order = await students(database, 11)
    async with database.transaction() as session:
        survey = await surveys.plan(
            session, key="how", questionnaire=ASKED, target=EVERYBODY, cell=CELL, opens_at=now, closes_at=now
        )  # fmt: skip
        assert survey is not None
        number = survey.id
    async with database.transaction() as session:
        await invitations.invite_some(session, await session.get_one(Survey, number), HOUSE, now)
    said = {f"What student {n} says": each for n, each in enumerate(order)}
    for words, each in said.items():
        async with database.transaction() as session:
            survey, person = await session.get_one(Survey, number), await who(session, each)
            await sheets.write(session, survey, person, Progress(answers={"words": words}, at="words"), HOUSE.vault)
        async with database.transaction() as session:
            # As the handler of /surveys does when somebody sends their answers.
            survey, person = await session.get_one(Survey, number), await who(session, each)
            slip = Slip({"words": words}, {Cut.BUILDING: "e1"})
            await ballots.cast(session, survey, slip, None, HOUSE.vault)
            await ballots.give_receipt(session, survey, slip, HOUSE.vault)
            invitation = await session.get_one(Invitation, (number, person.id))
            invitation.part = Part.FINISHED
            await invitations.finished_today(session, survey, now.date())
            await sheets.drop(session, survey.id, person, HOUSE.vault)
    async with database.transaction() as session:
        await ballots.empty(session, await session.get_one(Survey, number), HOUSE.vault)
    async with database.reading() as session:
        truth = {remark.id: said[remark.text] for remark in await session.scalars(select(Remark))}
    return "survey_remarks", truth


@pytest.mark.parametrize("lived", [tickets, reports, votes])
async def test_no_guess_at_who_did_it_is_better_than_chance(
    database: Database, now: datetime, lived: Callable[[Database, datetime], Awaitable[tuple[str, Guess]]]
) -> None:
    table, truth = await lived(database, now)
    rows = await attacker.copied(database)
    assert len(rows[table]) == len(truth) == STUDENTS
    found = attacker.hits(attacker.ways(rows, table), truth)
    assert len(found) > 12
    assert all(count < BY_CHANCE for count in found.values()), {w: n for w, n in found.items() if n >= BY_CHANCE}
    unmarked(rows)


def unmarked(rows: Rows) -> None:
    """No mark of a student's stands anywhere but in the list of people, and invitations to all of them."""
    ids = [row["telegram_id"] for row in rows["people"]]
    beside = attacker.marks(rows, "people", "grants", "outbox")
    salts = sorted({row["salt"] for name in ("requesters", "cases") for row in rows[name] if row["salt"]})
    assert not beside & attacker.keyless(ids, salts).keys()
    assert not [each for each in ids if any(str(each) in mark for mark in beside)], "an id stands in the open"
    raw = [each.to_bytes(8, order).hex() for each in ids for order in ("big", "little")]
    assert not [each for each in raw if any(each in mark for mark in beside)], "nor as bytes"
    for name, column in (("requesters", "address"), ("cases", "address"), ("cases", "head")):
        lengths = {len(row[column]) for row in rows[name] if row[column]}
        assert len(lengths) <= 1, f"one length of {name}.{column}, however long the number or the name"


async def test_the_attacker_finds_whoever_gave_their_name(database: Database, now: datetime) -> None:
    """Otherwise nothing would be shown by their failing above."""
    order = await students(database, 3)
    truth: dict[Any, int] = {}
    for number, each in enumerate(order):
        async with database.transaction() as session:
            ticket = await asking.file(session, draft(f"Tap {number}"), await who(session, each), HOUSE, now)
            truth[ticket.id] = each
    rows = await attacker.copied(database)
    found = attacker.hits(attacker.ways(rows, "tickets"), truth)
    assert found["joins"] == STUDENTS
    assert found["acts by number, requesters as they lie"] == STUDENTS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_attacker_finds_what_a_worse_program_would_leave(database: Database, now: datetime) -> None:
    """A moment with the person, a tag without the key, a row of its own for a ballot: each is found by its own way."""
    table, truth = await tickets(database, now)
    rows = await attacker.copied(database)
    owner = {each: number for number, each in attacker.people_of(rows).items()}
    rows["survey_rests"] = [{"person_id": owner[truth[row["id"]]]} for row in rows["tickets"]]
    assert attacker.hits(attacker.ways(rows, table), truth)["acts as they lie, survey_rests as they lie"] == STUDENTS
    # But for the first one's, which is the moment at which everything began.
    rows["survey_rests"] = [{"person_id": owner[truth[row["id"]]], "at": row["filed_at"]} for row in rows["tickets"]]
    random.Random(1).shuffle(rows["survey_rests"])
    assert attacker.hits(attacker.ways(rows, table), truth)["joins"] >= STUDENTS - 1
    rows["survey_rests"] = []
    salts = [row["salt"] for row in rows["requesters"]]
    made = attacker.keyless(list(truth.values()), salts)
    assert set(made.values()) == set(truth.values())
    rows["requesters"][0]["owner_tag"] = next(mark for mark, each in made.items() if each == truth[1])
    with pytest.raises(AssertionError):
        unmarked(rows)
