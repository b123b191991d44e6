"""Has somebody said this already? Offered when it reads alike, and only where it is the same trouble."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from models import asking, similar
from models.database import Database
from models.lifecycle import Kind, State
from models.similar import ENOUGH, likeness
from tests.house import HOUSE, draft, furnish, student

TAP = "卫生间的水龙头一直漏水，晚上睡不着"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(TAP, "衛生間水龍頭一直漏水，晚上睡不著", id="the other script"),
        pytest.param(TAP, "卫生间水龙头漏水，晚上睡不着", id="shorter"),
        pytest.param("The tap in the bathroom drips all night", "bathroom tap drips all night long", id="English"),
        pytest.param("WLAN im 3. Stock ist weg", "wlan im 3 stock ist weg!!!", id="case and signs"),
    ],
)
def test_the_same_trouble_reads_alike(one: str, other: str) -> None:
    assert likeness(HOUSE.fold(one), HOUSE.fold(other)) >= ENOUGH


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(TAP, "食堂周日不开门", id="another matter"),
        pytest.param("The tap drips", "The light in the corridor is broken", id="English"),
        pytest.param("水龙头漏水", "水房太远", id="one character in common"),
    ],
)
def test_another_trouble_does_not(one: str, other: str) -> None:
    assert likeness(HOUSE.fold(one), HOUSE.fold(other)) < ENOUGH


async def find(session: AsyncSession, text: str, **changes: object) -> list[int]:
    fields: dict[str, object] = {"kind": Kind.COMPLAINT, "category": "water", "building": "e1"}
    found = await similar.find(session, text, house=HOUSE, **(fields | changes))  # type: ignore[arg-type]
    return [alike.ticket.id for alike in found]


async def test_only_open_tickets_of_the_same_place_are_offered(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        here = await asking.file(session, draft(TAP), alice, HOUSE, now)
        elsewhere = await asking.file(session, draft(TAP, building="e2"), alice, HOUSE, now)
        nowhere = await asking.file(session, draft(TAP, building=None), alice, HOUSE, now)
        over = await asking.file(session, draft(TAP), alice, HOUSE, now)
        over.state = State.CLOSED
        await session.flush()
        assert sorted(await find(session, TAP)) == [here.id, nowhere.id]
        assert elsewhere.id in await find(session, TAP, building="e2")
        assert await find(session, TAP, kind=Kind.THANKS) == []
        assert await find(session, "??") == []


async def test_the_likest_come_first_and_few_of_them(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        for words in (
            "卫生间水龙头漏水",
            "卫生间的水龙头一直漏水，晚上睡不着觉",
            "水龙头一直漏水",
            "卫生间的水龙头漏水了",
        ):
            await asking.file(session, draft(words), alice, HOUSE, now)
        found = await find(session, TAP)
        assert found[0] == 2
        assert len(found) == similar.SHOWN
