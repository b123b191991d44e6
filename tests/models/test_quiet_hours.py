"""At night students are left in peace, unless they are speaking themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, copies, deadlines, pulses, requesters
from models.database import Database
from models.outbox import BLOCKED, Outgoing, Sending
from models.requesters import Requester
from models.tickets import Ticket
from tests.house import CALENDAR, EAST, HOUSE, draft, furnish, staff, student

HELLO = {"type": "text", "text": "Coming at three"}
EVENING = datetime(2026, 10, 12, 13, 0, tzinfo=UTC)
"""Monday, nine in the evening in Shanghai."""
BEGINS = datetime(2026, 10, 12, 14, 30, tzinfo=UTC)
"""Half past ten."""
NIGHT = datetime(2026, 10, 12, 15, 30, tzinfo=UTC)
"""Half past eleven."""
MORNING = datetime(2026, 10, 12, 23, 30, tzinfo=UTC)
"""Half past seven."""


async def filed(session: AsyncSession, at: datetime = EVENING, **changes: Any) -> tuple[Ticket, Requester]:
    await furnish(session)
    ticket = await asking.file(session, draft(**changes), await student(session), HOUSE, at)
    (place,) = await requesters.waiting.about(session, ticket.id)
    return ticket, place


async def for_the_student(session: AsyncSession, place: Requester) -> list[Outgoing]:
    found = select(Outgoing).where(Outgoing.requester_id == place.id).order_by(Outgoing.id)
    return list(await session.scalars(found, execution_options={"populate_existing": True}))


async def waits(session: AsyncSession, place: Requester) -> list[datetime]:
    return [row.not_before for row in await for_the_student(session, place) if row.state is Sending.DUE]


@pytest.mark.parametrize("anonymous", [False, True], ids=["named", "anonymous"])
async def test_what_staff_do_at_night_waits_for_the_morning_in_order(database: Database, anonymous: bool) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session, anonymous=anonymous)
        someone = await staff(session)
        await answering.claim(session, ticket, someone, HOUSE, NIGHT)
        await answering.answer(session, ticket, someone, HELLO, HOUSE, NIGHT, (EAST, 77))
        album = {"type": "photo", "file_id": "x", "album": "a"}
        await answering.answer(session, ticket, someone, album, HOUSE, NIGHT, (EAST, 78))
        await answering.resolve(session, ticket, someone, "Mended", HOUSE, NIGHT + timedelta(hours=7))
        rows = await for_the_student(session, place)
        assert [row.letter for row in rows] == ["notice", "words", "words", "notice"]
        assert {row.not_before for row in rows} == {MORNING}
        assert not any(row.holds for row in rows), "it does not hold up what they do themselves at night"


async def test_by_day_nothing_waits(database: Database) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session)
        await answering.claim(session, ticket, await staff(session), HOUSE, EVENING)
        assert await waits(session, place) == [EVENING]


async def test_whoever_speaks_at_night_is_answered_at_night(database: Database) -> None:
    """And what had been waiting comes first: the order of one ticket's messages does not change."""
    async with database.transaction() as session:
        ticket, place = await filed(session)
        someone = await staff(session)
        await answering.answer(session, ticket, someone, HELLO, HOUSE, NIGHT, (EAST, 77))
        later = NIGHT + timedelta(minutes=10)
        assert await waits(session, place) == [MORNING]
        await asking.add(session, ticket, place, [(HELLO, (10_001, 6))], HOUSE, later)
        assert await waits(session, place) == [later]
        await answering.answer(session, ticket, someone, HELLO, HOUSE, later, (EAST, 78))
        assert await waits(session, place) == [later, later]


async def test_words_from_before_the_night_wake_nobody_and_words_on_another_ticket_neither(database: Database) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session, BEGINS - timedelta(seconds=1))
        other, _ = await filed(session, NIGHT)
        someone = await staff(session)
        await answering.answer(session, ticket, someone, HELLO, HOUSE, NIGHT, (EAST, 77))
        assert await waits(session, place) == [MORNING]
        (mine,) = await requesters.waiting.about(session, other.id)
        await answering.answer(session, other, someone, HELLO, HOUSE, NIGHT, (EAST, 78))
        assert await waits(session, mine) == [NIGHT], "they filed it tonight: they are awake"


async def test_a_second_sending_by_hand_waits_too_and_who_unblocks_the_bot_is_awake(database: Database) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session)
        await answering.answer(session, ticket, await staff(session), HELLO, HOUSE, EVENING, (EAST, 77))
        (row,) = await for_the_student(session, place)
        row.state = Sending.UNKNOWN
        await session.flush()
        assert await copies.resend(session, ticket, HOUSE, NIGHT) == 1
        assert await waits(session, place) == [MORNING]
        row = (await for_the_student(session, place))[-1]
        row.state, row.reason = Sending.FAILED, BLOCKED
        await session.flush()
        assert await copies.release(session, await student(session), HOUSE.vault, NIGHT) == 1
        assert await waits(session, place) == [NIGHT]


async def test_call_backs_and_polls_wait_too(database: Database) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session)
        (alice := await student(session)).agreed = True
        await session.flush()
        await deadlines.call_back(session, ticket, HOUSE, NIGHT)
        assert await waits(session, place) == [MORNING]
        # What goes to everybody is on its way for a while, and the night would overtake it.
        evening = BEGINS - timedelta(minutes=59)
        pulse = await pulses.launch(session, "Content?", None, evening + timedelta(days=2), HOUSE, evening)
        assert HOUSE.calendar.for_many(evening) == HOUSE.calendar.for_many(NIGHT) == MORNING
        assert HOUSE.calendar.for_many(BEGINS - timedelta(minutes=61)) == BEGINS - timedelta(minutes=61)
        assert await session.scalar(select(Outgoing.not_before).where(Outgoing.letter == "pulse")) == MORNING
        await pulses.close(session, pulse, {}, [EAST], HOUSE, evening)
        found = select(Outgoing.chat_id, Outgoing.not_before).where(Outgoing.letter.in_(["pulse", "pulse_result"]))
        told = sorted((row.chat_id, row.not_before) for row in await session.execute(found) if row.chat_id)
        assert told == [(EAST, evening), (alice.telegram_id, MORNING)], "the poll that had not left is over"


@pytest.mark.parametrize(
    ("moment", "began"),
    [
        pytest.param(BEGINS - timedelta(minutes=1), None, id="22:29"),
        pytest.param(BEGINS, BEGINS, id="22:30"),
        pytest.param(MORNING - timedelta(minutes=1), BEGINS, id="7:29"),
        pytest.param(MORNING, None, id="7:30"),
    ],
)
def test_a_night_began_the_evening_before(moment: datetime, began: datetime | None) -> None:
    assert CALENDAR.night_began(moment) == began


async def test_an_album_of_which_each_picture_s_row_is_of_unclear_fate_is_sent_again_once(database: Database) -> None:
    """After a restore each picture that waited ends in a row of its own: they go out as one album again, once."""
    async with database.transaction() as session:
        ticket, place = await filed(session)
        someone, noon = await staff(session), EVENING
        for number, album in enumerate(("a", "a", "a", "b", None)):
            picture = {"type": "photo", "file_id": f"x{number}", **({"album": album} if album else {})}
            await answering.answer(session, ticket, someone, picture, HOUSE, noon, (EAST, 77 + number))
            for row in await for_the_student(session, place):
                if row.letter == "words" and row.state is Sending.DUE:
                    row.state = Sending.UNKNOWN
            await session.flush()
        assert await copies.resend(session, ticket, HOUSE, noon) == 3
        rows = [row for row in await for_the_student(session, place) if row.letter == "words"]
        assert [row.state for row in rows] == [Sending.SUPERSEDED] * 5 + [Sending.DUE] * 3
