"""The supervisors' weekly digest: what chance does not explain, who was silent, what came back."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from scipy.stats import binomtest
from sqlalchemy.ext.asyncio import AsyncSession
from statsmodels.stats.multitest import multipletests

from bot import anomalies as drawn
from bot.texts import Catalogue
from models import answering, asking
from models.database import Database
from models.lifecycle import Kind, State
from models.tickets import Ticket
from models.union import anomalies
from models.union.anomalies import Matter, Problem
from tests.campus import settings
from tests.conftest import postgresql_later
from tests.house import CALENDAR, EAST, HOUSE, draft, furnish, staff, student

DAY, WEEK = timedelta(days=1), timedelta(days=7)
COMPLAINTS = ("The tap drips", "No hot water at all", "A pipe has burst", "The shower is cold", "The drain smells")


async def filed(session: AsyncSession, number: int, at: datetime, **about: object) -> Ticket:
    text = f"{COMPLAINTS[number % len(COMPLAINTS)]} ({number})"
    return await asking.file(session, draft(text, **about), await student(session, number), HOUSE, at)


def test_the_probabilities_are_those_of_scipy_and_the_correction_that_of_statsmodels() -> None:
    chance = random.Random(7)
    for _ in range(50):
        of, share = chance.randrange(1, 3000), chance.uniform(0.02, 0.5)
        hits = chance.randrange(of + 1)
        expected = binomtest(hits, of, share, alternative="greater").pvalue
        assert anomalies.at_least(hits, of, share) == pytest.approx(expected, rel=1e-6, abs=1e-12)
    counted = {Matter(f"c{n}", 1): (chance.randrange(3, 12), chance.randrange(60)) for n in range(30)}
    share = 1 / 9
    ps = [binomtest(now, now + before, share, alternative="greater").pvalue for now, before in counted.values()]
    corrected = dict(zip(counted, multipletests(ps, method="holm")[1], strict=True))
    found = anomalies.risen(counted, share)
    assert {matter for matter, _, _ in found} == {m for m, p in corrected.items() if p < anomalies.LEVEL} != set()
    for matter, usual, by_chance in found:
        assert by_chance == pytest.approx(corrected[matter], rel=1e-6)
        assert usual == pytest.approx(counted[matter][1] / 8)


@postgresql_later
async def test_what_rose_who_was_silent_and_what_came_back(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        east, west = places["east"].id, places["west"].id
        wang, number = await staff(session), 0

        async def some(count: int, at: datetime, **about: object) -> list[Ticket]:
            nonlocal number
            numbers = range(number, number + count)
            number += count
            return [await filed(session, each, at, **about) for each in numbers]

        for week in range(1, 9):
            await some(2, now - week * WEEK - DAY)
            await some(2, now - week * WEEK - DAY, building="w1")
        (old, *_) = await some(1, now - 3 * WEEK)
        risen = await some(9, now - 3 * DAY)
        usual = await some(2, now - 3 * DAY, building="w1")
        found = await anomalies.digest(session, CALENDAR, now)
        assert [rise.matter for rise in found.risen] == [Matter("water", east)]
        (rise,) = found.risen
        assert (rise.filed, rise.before, found.matters) == (9, 17, 2)
        assert rise.numbers == tuple(ticket.id for ticket in risen)
        assert rise.chance < anomalies.LEVEL
        assert found.silent == {east: 17, west: 16}
        assert found.repeated == {}

        # East does something; a problem there was closed before those of this week were filed.
        await answering.answer(session, old, wang, {"type": "text", "text": "At ten"}, HOUSE, now - DAY, (EAST, 1))
        await answering.resolve(session, old, wang, "", HOUSE, now - DAY)
        old.state, old.closed_at = State.CLOSED, now - DAY
        await session.flush()
        assert (await anomalies.digest(session, CALENDAR, now)).repeated == {}, "they were filed before it was closed"
        old.closed_at = now - 5 * DAY
        usual[0].building = "e2"
        await session.flush()
        found = await anomalies.digest(session, CALENDAR, now)
        assert found.silent == {west: 16}
        assert found.repeated == {Problem("water", "e1"): tuple(ticket.id for ticket in risen)}
        # Thanks for it are not the problem again, nor is what was merged into another.
        risen[1].kind, risen[2].state = Kind.THANKS, State.MERGED
        await session.flush()
        again = tuple(ticket.id for ticket in risen if ticket not in risen[1:3])
        assert (await anomalies.digest(session, CALENDAR, now)).repeated == {Problem("water", "e1"): again}
        for language, t in Catalogue.load(CALENDAR.timezone).items():
            rooms = {place.id: place for place in places.values()}
            told = settings("http://127.0.0.1", "sqlite:///x.db")
            text = drawn.draw(found, rooms, told, t, now)
            assert len(text) < 3000
            assert f"#{risen[0].id} " in text, language
            quiet = await anomalies.digest(session, CALENDAR, now - 40 * WEEK)
            assert t("anomaly.nothing") in drawn.draw(quiet, rooms, told, t, now)


async def test_the_first_weeks_are_no_rise(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        for number in range(12):
            await filed(session, number, now - 2 * WEEK + number * DAY)
        found = await anomalies.digest(session, CALENDAR, now)
        assert found.risen == []
        assert CALENDAR.day_of(found.since) == date(2026, 10, 5)
