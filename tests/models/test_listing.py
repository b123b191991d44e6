"""Lists of tickets: what is meant by words, what comes first, and what has risen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, listing, modes, occasions, similar, sorting, topics
from models.database import Database
from models.errors import Refusal
from models.lifecycle import State
from models.listing import Sought
from models.tickets import Ticket
from models.topics import Told
from tests.house import HOUSE, draft, furnish, staff, student

BUILDINGS = {"e1": ["e1", "East 1", "东一栋"], "e11": ["e11", "East 11"]}
STATES = {State.CLAIMED: ["👤 in hand"], State.NEW: ["🆕 new", "🆕 待认领"]}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("#12", Sought(number=12), id="a number"),
        pytest.param("＃１２", Sought(number=12), id="a number in full width"),
        pytest.param(" 12 ", Sought(number=12), id="a number alone"),
        pytest.param("East 1 tap", Sought(("tap",), buildings=("e1",)), id="a building and a word"),
        pytest.param("東一棟 水龍頭", Sought(("水龙头",), buildings=("e1",)), id="in the other script"),
        pytest.param("east 11", Sought(buildings=("e11",)), id="the longest name is meant"),
        pytest.param("IN HAND lamp lamp", Sought(("lamp",), states=(State.CLAIMED,)), id="a state"),
        pytest.param("renew the tap", Sought(("renew", "the", "tap")), id="a name inside a word is none"),
        pytest.param("!?", Sought(), id="nothing"),
        pytest.param("#Pipe tap", Sought(("tap",), tags=("pipe",)), id="a tag"),
        pytest.param("#", Sought(), id="no tag"),
        pytest.param("9" * 30, Sought(("9" * 30,)), id="no number of ours"),
    ],
)
def test_what_is_typed_is_understood(typed: str, meant: Sought) -> None:
    assert listing.sought(typed, BUILDINGS, STATES, HOUSE) == meant


async def files(session: AsyncSession, text: str, now: datetime, **changes: object) -> Ticket:
    return await asking.file(session, draft(text, **changes), await student(session), HOUSE, now)


async def found(session: AsyncSession, typed: str, station: object = None) -> list[int]:
    what = listing.sought(typed, BUILDINGS, STATES, HOUSE)
    return [t.id for t in (await listing.find(session, what, station, 5)).tickets]  # type: ignore[arg-type]


async def test_words_find_tickets_of_the_place_the_newest_first(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        tap = await files(session, "The TAP, dripping: 100% annoying_", now)
        chinese = await files(session, "宿舍的水龙头坏了，一直漏水", now)
        west = await files(session, "A tap in the west", now, building="w1")
        assert await found(session, "tap") == [west.id, tap.id]
        assert await found(session, "dripping tap") == [tap.id], "all the words, in any order"
        assert await found(session, "100% annoying_") == [tap.id], "no sign is more than a sign"
        assert await found(session, "水龍頭") == [chinese.id]
        assert await found(session, "水龙头漏水") == [chinese.id], "nobody wrote it quite so"
        assert await found(session, "tap", places["east"]) == [tap.id]
        assert await found(session, f"#{west.id}", places["east"]) == []
        assert await found(session, "zebra") == []
        nearly = await listing.find(session, Sought(("水龙头漏水",)), None, 5)
        assert nearly.nearly
        wang = await staff(session)
        await sorting.tag(session, tap, wang, "water 水管", now)
        await sorting.tag(session, west, wang, "water", now)
        assert await found(session, "#Water") == [west.id, tap.id], "a tag"
        assert await found(session, "dripping ＃水管 #water") == [tap.id]
        assert await found(session, "water") == [], "words are words"
        many = await listing.find(session, Sought(("tap",)), None, 1)
        assert many.more
        assert [t.id for t in (await listing.find(session, Sought(("tap",)), None, 1, page=1)).tickets] == [tap.id]


async def test_the_most_urgent_comes_first_and_the_longest_overdue(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, wang = await furnish(session), await staff(session)
        late = await files(session, "one", now)
        early = await files(session, "two", now - timedelta(days=5))
        urgent = await files(session, "three", now)
        waiting = await files(session, "four", now)
        urgent.requesters = 12
        await answering.answer(
            session, waiting, wang, {"type": "text", "text": "Where?"}, HOUSE, now, (-1001, 5), asks=True
        )
        offered = await files(session, "five", now)
        await answering.transfer(session, offered, wang, places["west"], "theirs", HOUSE, now)
        await session.flush()
        east = places["east"]
        first = await listing.open_ones(session, east, 3)
        assert [t.id for t in first.tickets] == [urgent.id, early.id, late.id]
        last = await listing.open_ones(session, east, 3, page=7)
        assert ([t.id for t in last.tickets], last.number, last.count) == ([offered.id, waiting.id], 1, 5)
        everything = [*first.tickets, *last.tickets]
        assert everything == sorted(everything, key=lambda t: (-t.priority, listing.due(t), t.id)), "as a ticket says"
        assert offered.id in [t.id for t in (await listing.open_ones(session, places["west"], 5)).tickets]
        assert [t.id for t in (await listing.overdue(session, east, now, 5)).tickets] == [early.id]
        assert [t.id for t in await listing.at_hand(session, east, wang, 2)] == [waiting.id, urgent.id]
        morning = await listing.morning(session, east, now + timedelta(hours=15), now, 3)
        assert morning.numbers == {"new": 3, "due": 3, "overdue": 1, "waiting": 1}
        assert [t.id for t in morning.first] == [early.id, urgent.id, late.id]


def told(number: int, text: str, *, recent: bool = True, is_open: bool = True, building: str = "e1") -> Told:
    folded = HOUSE.fold(text)
    return Told(number, "water", building, text, folded, similar.marks(folded), recent, is_open)


TAPS = ["the tap in the bathroom drips", "tap in the bathroom drips all night", "the tap in our bathroom drips again"]


def test_three_alike_are_a_topic_unless_that_is_usual() -> None:
    (topic,) = topics.group([*(told(i, text) for i, text in enumerate(TAPS)), told(9, "no light in the corridor")])
    assert (topic.numbers, topic.filed, topic.usual, topic.building) == ((0, 1, 2), 3, 0.0, "e1")
    assert topics.group([told(i, text) for i, text in enumerate(TAPS[:2])]) == []
    usual = [told(10 + i, TAPS[i % 3], recent=False, is_open=False) for i in range(8)]
    assert topics.group([*(told(i, text) for i, text in enumerate(TAPS)), *usual]) == [], (
        "two a week is usual: three is chance"
    )
    more = [told(30 + i, TAPS[i % 3], building="e2") for i in range(4)]
    (topic,) = topics.group([*(told(i, text) for i, text in enumerate(TAPS)), *more, *usual])
    assert (topic.filed, topic.usual, topic.building) == (7, 2.0, None)


async def test_the_week_s_tickets_are_those_that_may_rise(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        old = await files(session, TAPS[0], now - timedelta(days=40))
        before = await files(session, TAPS[0], now - timedelta(days=20))
        fresh = await files(session, TAPS[1], now - timedelta(days=2))
        gone = await files(session, TAPS[2], now)
        gone.state = State.WITHDRAWN
        await session.flush()
        seen = {each.number: (each.recent, each.is_open) for each in await topics.recent(session, now)}
        assert seen == {before.id: (False, True), fresh.id: (True, True)}
        assert old.id not in seen


async def test_an_occasion_is_once(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        assert await occasions.once(session, "digest:east:2026-10-12", now)
        assert not await occasions.once(session, "digest:east:2026-10-12", now)
        await occasions.forget(session, now + timedelta(seconds=1))
        assert not await occasions.has_been(session, "digest:east:2026-10-12")


async def test_a_mode_that_is_so_already_is_refused(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, wang = await furnish(session), await staff(session)
        await files(session, "one", now)
        assert await modes.count(session, places["east"]) == 1
        with pytest.raises(Refusal) as refused:
            await modes.switch(session, places["east"], False, wang, now)
        assert refused.value.key == "mode.already"
        assert await modes.switch(session, places["east"], True, wang, now) == 1
