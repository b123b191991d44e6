"""Ballots become counts: nothing is lost on the way, nothing is counted by fewer than a cell, and a copy of the
database taken after every single ballot leads nobody to anybody.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models import ballots, invitations, remarks, sheets, surveys
from models.ballots import Box, Counted, Receipt, Slip
from models.base import Base
from models.database import Database
from models.errors import Refusal
from models.people import Audience, Person
from models.questionnaires import EVERYBODY, WORDS_LENGTH, Answer, Group, Kind, Question, Questionnaire
from models.remarks import Look, Remark
from models.sheets import Progress, Sheet
from models.surveys import Survey
from models.tallies import Cut, Tally, one
from tests.house import HOUSE, student
from tests.surveying.sheets import EVERY_KIND, names

CELL = 3
VAULT = HOUSE.vault


async def a_survey(session: AsyncSession, now: datetime, **changes: Any) -> Survey:
    how: dict[str, Any] = {"key": "how", "questionnaire": EVERY_KIND, "target": EVERYBODY, "cell": CELL}
    survey = await surveys.plan(session, opens_at=now, closes_at=now + timedelta(days=9), **(how | changes))
    assert survey is not None
    return survey


def a_slip(chance: random.Random, number: int) -> Slip:
    answers: dict[str, Answer] = {"used": chance.choice(["yes", "no"]), "overall": chance.randint(1, 5)}
    if chance.random() < 0.5:
        answers["rank"] = chance.sample(["water", "heat", "net"], 3)
    if chance.random() < 0.5:
        answers["ways"] = ["bot", "phone"]
    if chance.random() < 0.5:
        answers["words"] = f"secretword {number}"
    groups = {Cut.BUILDING: chance.choice(["e1", "e1", "e1", "w1"]), Cut.LEVEL: "master"}
    return Slip(answers, groups)


async def rows(session: AsyncSession) -> dict[str, list[str]]:
    """Everything a copy of the database holds, table by table."""
    held = {}
    for table in Base.metadata.sorted_tables:
        held[table.name] = [repr(tuple(row)) for row in await session.execute(text(f"SELECT * FROM {table.name}"))]
    return held


async def test_every_ballot_is_counted_once_and_never_by_fewer_than_a_cell(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, drawn = random.Random(5), []
    cast: dict[int, tuple[Slip, str]] = {}
    count = ballots._count

    async def counting(
        session: AsyncSession, survey: Survey, cut: str, value: str, pieces: Sequence[Any], *key: Any
    ) -> None:
        drawn.append(len(pieces))
        await count(session, survey, cut, value, pieces, *key)

    monkeypatch.setattr(ballots, "_count", counting)
    async with database.transaction() as session:
        survey = await a_survey(session, now)
        for number in range(60):
            # Now and then somebody changes what they sent, also where it has been counted already.
            who = chance.choice([number, *cast]) if number % 3 == 0 else number
            slip, old = a_slip(chance, number), None
            if who in cast:
                old = await ballots.with_key(session, survey, cast[who][1], VAULT)
                assert old == cast[who][0]
                await ballots.take_receipt(session, survey, cast[who][1], VAULT)
            await ballots.cast(session, survey, slip, old, VAULT)
            cast[who] = slip, await ballots.give_receipt(session, survey, slip, VAULT)
        assert len(drawn) > 20
        assert min(drawn) >= CELL
        await ballots.empty(session, survey, VAULT)
        everybody, cuts = await ballots.tallies(session, survey, VAULT)
        assert everybody == _together([slip for slip, _ in cast.values()])
        for cut, value in ((Cut.BUILDING, "e1"), (Cut.LEVEL, "master")):
            alike = [slip for slip, _ in cast.values() if slip.groups[cut] == value]
            whole = _together(alike)
            whole.questions.pop("words", None)
            assert cuts[cut][value] == whole
        said = [str(slip.answers["words"]) for slip, _ in cast.values() if "words" in slip.answers]
        assert sorted(each.text for each in await remarks.of(session, survey.id, Look.HELD)) == sorted(said)
        with pytest.raises(Refusal):
            await ballots.with_key(session, survey, cast[1][1], VAULT)


def _together(slips: Sequence[Slip]) -> Tally:
    whole = Tally()
    for slip in slips:
        whole.add(one(EVERY_KIND, slip.answers))
    return whole


async def test_copies_of_the_database_after_every_ballot_join_nobody(database: Database, now: datetime) -> None:
    """Whoever holds one copy for each ballot, without the key, knows who had finished by then. In clear nothing else
    changes for a long time; and when it does, it changes by the ballots of at least a cell, drawn from twice as many.
    """
    chance, copies, people = random.Random(3), [], []
    async with database.transaction() as session:
        survey = await a_survey(session, now)
        for number in range(2 * CELL):
            person = await student(session, number, f"Student {number}")
            people.append(person)
            progress = Progress(answers=dict(a_slip(chance, number).answers), at="words")
            await sheets.write(session, survey, person, progress, VAULT)
    for number, person in enumerate(people):
        async with database.transaction() as session:
            slip = Slip({"used": "yes", "overall": 1 + number % 5, "words": f"secretword {number}"}, {Cut.LEVEL: "phd"})
            await ballots.cast(session, survey, slip, None, VAULT)
            await ballots.give_receipt(session, survey, slip, VAULT)
            await sheets.drop(session, survey.id, person, VAULT)
            await session.flush()
            copies.append(await rows(session))
            if number < len(people) - 1:
                assert not any("secretword" in row for held in copies[-1].values() for row in held)
                assert not copies[-1]["survey_tallies"]
                # One row a box, whatever is in it: no order and no number of its own for a ballot.
                assert len(copies[-1]["survey_boxes"]) == 2
    async with database.reading() as session:
        everybody, _ = await ballots.tallies(session, survey, VAULT)
        assert everybody.completed == CELL
        assert await session.scalar(select(func.count()).select_from(Remark)) == CELL


async def test_the_draw_is_not_the_order_in_which_they_came(database: Database, now: datetime) -> None:
    """Of twenty draws at least one is neither the first nor the last that came in."""
    drawn = []
    async with database.transaction() as session:
        for _ in range(20):
            survey = await a_survey(session, now)
            for number in range(2 * CELL):
                slip = Slip({"overall": 5, "words": f"{number}"}, {})
                await ballots.cast(session, survey, slip, None, VAULT)
            drawn.append({int(each.text) for each in await remarks.of(session, survey.id)})
    assert {frozenset(each) for each in drawn} - {frozenset(range(CELL)), frozenset(range(CELL, 2 * CELL))}


async def test_a_group_that_stays_small_leaves_nothing(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        survey = await a_survey(session, now)
        for number in range(CELL):
            few = {Cut.BUILDING: "w1"} if number else {}
            await ballots.cast(session, survey, Slip({"overall": 4, "words": "secret"}, few), None, VAULT)
        await ballots.empty(session, survey, VAULT)
        everybody, cuts = await ballots.tallies(session, survey, VAULT)
        assert (everybody.completed, cuts) == (CELL, {})
        small = await a_survey(session, now)
        for _ in range(CELL - 1):
            await ballots.cast(session, small, Slip({"overall": 4, "words": "secret"}, {}), None, VAULT)
        await ballots.empty(session, small, VAULT)
        assert (await ballots.tallies(session, small, VAULT))[0] == Tally()
        assert not await remarks.of(session, small.id)


async def test_what_is_kept_has_one_length_whatever_was_written(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        survey, alice = await a_survey(session, now), await student(session)
        lengths = set()
        longest: dict[str, Answer] = {
            "used": "yes", "speed": 5, "ways": ["bot", "desk", "phone"], "rank": ["water", "heat", "net"], "again": 10,
            "overall": 5, "words": "𠮷" * WORDS_LENGTH,
        }  # fmt: skip
        slip = Slip(longest, dict.fromkeys(Cut, "某某学院" * 5))
        for answers, change in (({}, None), (longest, None), (longest, {"key": "k" * 22, "before": slip.plain()})):
            progress = Progress(answers=dict(answers), at="overall", message=10**9, change=change)
            await sheets.write(session, survey, alice, progress, VAULT)
            await session.flush()
            lengths.add(len((await session.get_one(Sheet, sheets.tag_of(survey.id, alice, VAULT))).sealed))
            assert await sheets.read(session, survey, alice, VAULT) == progress
        assert len(lengths) == 1
        receipts = set()
        for given in (Slip({"overall": 1}, {}), slip):
            await ballots.give_receipt(session, survey, given, VAULT)
            await session.flush()
            receipts |= {len(row.sealed) for row in await session.scalars(select(Receipt))}
        assert len(receipts) == 1


async def test_answers_with_a_name_are_counted_at_once_and_go_with_their_writer(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        survey = await a_survey(session, now, anonymous=False)
        survey.stage = surveys.Stage.OPEN
        alice, bob = await student(session, 1), await student(session, 2, "Bob")
        for person, overall in ((alice, 2), (bob, 3), (alice, 5)):
            slip = Slip({"overall": overall, "words": f"by {person.name} {overall}"}, {Cut.BUILDING: "e1"})
            await ballots.cast_signed(session, survey, person, slip, VAULT)
        everybody, cuts = await ballots.tallies(session, survey, VAULT)
        assert everybody.questions["overall"].by == Counter({"5": 1, "3": 1})
        assert cuts[Cut.BUILDING]["e1"].completed == 2
        await ballots.forget(session, alice, VAULT)
        assert (await ballots.tallies(session, survey, VAULT))[0].questions["overall"].by == Counter({"3": 1})
        assert [each.text for each in await remarks.of(session, survey.id)] == ["by Bob 3"]
        assert await ballots.signed(session, survey, alice) is None


async def test_two_who_finish_at_once_are_both_counted_with_their_names(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        survey = await a_survey(session, now, anonymous=False)
        people = [await student(session, number, f"Student {number}") for number in range(12)]

    async def finish(person: Person) -> None:
        async with database.transaction() as session:
            mine = await surveys.get(session, survey.id)
            await ballots.cast_signed(session, mine, person, Slip({"overall": 4}, {Cut.BUILDING: "e1"}), VAULT)

    await asyncio.gather(*(finish(person) for person in people))
    async with database.reading() as session:
        everybody, groups = await ballots.tallies(session, survey, VAULT)
    assert (everybody.completed, groups[Cut.BUILDING]["e1"].completed) == (12, 12)


async def test_who_comes_by_themselves_while_all_are_invited_is_invited_once(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        survey = await a_survey(session, now)
        for number in range(8):
            (await student(session, number)).agreed = True
        someone = await student(session, 0)

    async def comes() -> None:
        async with database.transaction() as session:
            invited = await invitations.of(session, await surveys.get(session, survey.id), someone, now)
            assert invited is not None
            await asyncio.sleep(0)

    async def invites() -> None:
        async with database.transaction() as session:
            await invitations.invite_some(session, await surveys.get(session, survey.id), HOUSE, now)

    await asyncio.gather(comes(), invites(), comes(), invites(), comes())
    async with database.reading() as session:
        assert (await invitations.response(session, survey)).invited == 8


async def test_nobody_fills_a_box_with_changes_that_change_nothing(database: Database, now: datetime) -> None:
    """Somebody moves out and in again, and sends the same once more, as often as they like: the only other one who
    lives there is not counted by themselves.
    """
    here, away = ({Cut.BUILDING: "e1"}, {Cut.BUILDING: "w1"})
    async with database.transaction() as session:
        survey = await a_survey(session, now)
        await ballots.cast(session, survey, Slip({"overall": 1}, here), None, VAULT)
        mine = Slip({"overall": 5}, here)
        await ballots.cast(session, survey, mine, None, VAULT)
        for turn in range(4 * CELL):
            moved = Slip({"overall": 5}, (away, here, here)[turn % 3])
            await ballots.cast(session, survey, moved, mine, VAULT)
            mine = moved
        assert not await session.scalar(select(func.count()).select_from(Counted))


async def test_what_only_one_of_them_is_asked_stands_nowhere_in_clear(database: Database, now: datetime) -> None:
    """Of those who have finished one is of a kind that is asked two questions more, and that is no secret. Copies taken
    while it is open tell no count of theirs and no word; their own words leave nothing, being those of one.
    """
    few = Group((Audience.INTERNATIONAL,))
    asked = Questionnaire(
        EVERY_KIND.title,
        (*EVERY_KIND.questions, Question("permit", Kind.WORDS, names("How are permits?"), only=few)),
    )
    async with database.transaction() as session:
        survey = await a_survey(session, now, questionnaire=asked)
        lengths = set()
        for number in range(5 * CELL):
            slip = Slip({"overall": 4, "words": f"{number}"}, {Cut.AUDIENCE: "undergraduate"})
            if number == CELL:
                answers: dict[str, Answer] = {"overall": 4, "exchange": 1, "permit": "secretword"}
                slip = Slip(answers, {Cut.AUDIENCE: Audience.INTERNATIONAL})
            await ballots.cast(session, survey, slip, None, VAULT)
            await session.flush()
            copy = await rows(session)
            assert not any("secretword" in row for held in copy.values() for row in held)
            assert not any("exchange" in row for row in copy["survey_tallies"])
            lengths |= {len(row) for row in copy["survey_tallies"] if "'', ''" in row}
        assert len(lengths) == 1
        everybody, _ = await ballots.tallies(session, survey, VAULT)
        assert everybody.completed >= 3 * CELL
        await ballots.empty(session, survey, VAULT)
        everybody, groups = await ballots.tallies(session, survey, VAULT)
        assert (everybody.questions["permit"].of, list(groups)) == (1, [Cut.AUDIENCE])
        assert {each.question for each in await remarks.of(session, survey.id)} == {"words"}


async def test_words_that_only_some_are_asked_for_are_kept_when_they_are_enough(
    database: Database, now: datetime
) -> None:
    """Also when they are changed, taken back, or nothing was written."""
    few = Group((Audience.INTERNATIONAL,))
    asked = Questionnaire(EVERY_KIND.title, (Question("permit", Kind.WORDS, names("How are permits?"), only=few),))
    group = {Cut.AUDIENCE: Audience.INTERNATIONAL}
    async with database.transaction() as session:
        survey = await a_survey(session, now, questionnaire=asked)
        slips = [Slip({"permit": f"{number}"} if number else {}, group) for number in range(3 * CELL)]
        for slip in slips:
            await ballots.cast(session, survey, slip, None, VAULT)
            # Whoever was asked lies in it: who has written is not seen by how long it is.
            assert await session.get(Box, (survey.id, ballots.WORDS, "permit")) is not None
        for number in (0, 1, 3 * CELL - 1):
            await ballots.cast(session, survey, Slip({"permit": f"new {number}"}, group), slips[number], VAULT)
        await ballots.cast(session, survey, Slip({}, group), slips[2], VAULT)
        await ballots.empty(session, survey, VAULT)
        expected = {f"{number}" for number in range(3, 3 * CELL - 1)} | {f"new {n}" for n in (0, 1, 3 * CELL - 1)}
        assert {each.text for each in await remarks.of(session, survey.id)} == expected
        everybody, _ = await ballots.tallies(session, survey, VAULT)
        assert everybody.questions["permit"].of == len(expected)
