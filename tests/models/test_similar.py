"""Has somebody said this already? Offered when it reads alike, and only where it is the same trouble."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from models import asking, similar, tickets
from models.database import Database
from models.lifecycle import Kind, State
from models.similar import ENOUGH, Trace, likeness, pairs
from models.tickets import Ticket
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


@pytest.mark.parametrize("words", [TAP, "The tap in the bathroom of the third floor drips all night"])
async def test_the_likest_is_found_among_many_and_few_of_them_are_read(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """An update waits for it with the database in hand: reading thousands of long texts would take a second."""
    monkeypatch.setattr(similar, "READ_AT_MOST", 10)
    read: list[str] = []
    real = similar.Reading.likeness

    def likeness(reading: similar.Reading, other: str, theirs: bytes) -> float:
        read.append(other)
        return real(reading, other, theirs)

    monkeypatch.setattr(similar.Reading, "likeness", likeness)
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        likest = await asking.file(session, draft(f"{words}!"), alice, HOUSE, now)
        for i in range(60):
            lamp = f"and lamp {i} in the corridor is dark" if words.isascii() else f"走廊里的第{i}盏灯也不亮了"
            await asking.file(session, draft(f"{words[: len(words) // 2]} {lamp}"), alice, HOUSE, now)
        # Filing looks for a burst, which is another search.
        read.clear()
        assert (await find(session, words))[0] == likest.id
    assert len(read) == 10


async def test_what_ended_long_ago_leaves_no_traces_until_it_is_open_again(database: Database, now: datetime) -> None:
    async def traces(session: AsyncSession) -> set[int]:
        return set(await session.scalars(select(Trace.ticket_id)))

    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        over, fresh, open_ = [await asking.file(session, draft(TAP), alice, HOUSE, now) for _ in range(3)]
        for ticket, ended in ((over, now), (fresh, now + timedelta(days=1))):
            ticket.state, ticket.closed_at = State.CLOSED, ended
        await session.flush()
        later = now + similar.RECENT + timedelta(hours=1)
        assert await similar.sweep(session, later)
        assert not await similar.sweep(session, later), "safe to run twice"
        assert await traces(session) == {fresh.id, open_.id}
        await session.refresh(over)
        over.folded = HOUSE.fold("有人被忘记了")
        await session.flush()
        assert over.id not in await traces(session), "erased words of what nobody is offered leave none either"
        over.state, over.closed_at = State.RESOLVED, None
        tickets.start_again(over, HOUSE, later)
        open_.folded = HOUSE.fold("另一句话")
        await session.flush()
        assert await traces(session) == {over.id, fresh.id, open_.id}
        left = set(await session.scalars(select(Trace.piece).where(Trace.ticket_id == open_.id)))
        assert left == set(similar.pieces(open_.folded)), "words that were erased leave nothing"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_opened_again_while_it_is_swept_keeps_its_traces(database: Database, now: datetime) -> None:
    """Whoever was first: the other one passes it by, or begins anew."""
    later = now + similar.RECENT + timedelta(hours=1)
    async with database.transaction() as session:
        await furnish(session)
        ticket = await asking.file(session, draft(TAP), await student(session), HOUSE, now)
        ticket.state, ticket.closed_at = State.CLOSED, now

    def open_again(ticket: Ticket) -> None:
        ticket.state = State.NEW
        tickets.start_again(ticket, HOUSE, later)

    with pytest.raises(StaleDataError):
        async with database.transaction() as student_s:
            read = await tickets.get(student_s, ticket.id)
            async with database.transaction() as clock_s:
                assert await similar.sweep(clock_s, later)
            open_again(read)
    async with database.transaction() as session:
        open_again(await tickets.get(session, ticket.id))
        await session.flush()
        read = await tickets.get(session, ticket.id)
        read.state, read.closed_at = State.CLOSED, now
    async with database.transaction() as student_s:
        open_again(await tickets.get(student_s, ticket.id))
        await student_s.flush()
        async with database.transaction() as clock_s:
            await clock_s.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert not await similar.sweep(clock_s, later)
    async with database.reading() as session:
        assert set(await session.scalars(select(Trace.ticket_id))) == {ticket.id}


@given(st.text(), st.text())
def test_no_two_texts_share_more_than_their_marks_let_them(one: str, other: str) -> None:
    """What the marks pass over would not have been enough."""
    ours, theirs = pairs(one), pairs(other)
    shared = 200.0 * len(ours & theirs) / (len(ours) + len(theirs)) if ours or theirs else 0.0
    assert shared < ENOUGH or likeness(one, other) >= shared
