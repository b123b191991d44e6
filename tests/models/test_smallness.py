"""Where few share what an anonymous ticket tells, its writer is warned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from models import roster, smallness
from models.database import Database
from models.people import Audience
from models.roster import Enrolled
from models.smallness import Few, Shared
from tests.house import HOUSE, student
from tests.models.test_roster import bring_in, line


async def test_without_a_roster_those_are_counted_who_said_where_they_live(database: Database) -> None:
    async with database.transaction() as session:
        for number in range(1, 6):
            person = await student(session, number)
            person.building, person.agreed = "e1", number < 5
        alice = await student(session, 1)
        assert await smallness.find(session, alice, "e1", 5) == [Few(Shared.BUILDING, 4, False, None)]
        assert await smallness.find(session, alice, "e1", 4) == []
        assert await smallness.find(session, alice, None, 5) == []
        alice.audience = Audience.INTERNATIONAL
        assert await smallness.find(session, alice, None, 5) == [Few(Shared.AUDIENCE, 1, False, Audience.INTERNATIONAL)]


async def test_with_a_roster_it_is_counted_there_and_the_floor_too(database: Database, now: datetime) -> None:
    lines = [line(f"20260{i:02}", floor=str(i // 4), audience=Audience.UNDERGRADUATE) for i in range(12)]
    lines.append(line("2026099", building="w1", audience=Audience.INTERNATIONAL, floor=None))
    await bring_in(database, lines, now)
    async with database.transaction() as session:
        alice, lin = await student(session), await student(session, 2, "Lin")
        tag = roster.tag_of("2026001", HOUSE.vault)
        await roster.tie(
            session, (await session.scalars(select(Enrolled).where(Enrolled.number_tag == tag))).one(), alice
        )
        tag = roster.tag_of("2026099", HOUSE.vault)
        await roster.tie(
            session, (await session.scalars(select(Enrolled).where(Enrolled.number_tag == tag))).one(), lin
        )
        assert await smallness.find(session, alice, "e1", 10) == [Few(Shared.FLOOR, 4, True, None)]
        assert await smallness.find(session, alice, "w1", 10) == [Few(Shared.BUILDING, 1, True, None)]
        assert await smallness.find(session, lin, "w1", 10) == [
            Few(Shared.BUILDING, 1, True, None),
            Few(Shared.AUDIENCE, 1, True, Audience.INTERNATIONAL),
        ]
