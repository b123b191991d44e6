"""What follows from an attempt, when somebody changes the same thing at the same moment."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter
from models import answering, asking, outbox, words
from models.database import Database
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.words import Side, Words
from scheduler import results
from scheduler.results import Attempt
from scheduler.verdict import Fate, Verdict
from tests.conftest import fresh_postgres
from tests.house import EAST, HOUSE, draft, furnish, staff, student

COMING = {"type": "text", "text": "Coming at three"}
LATER = {"type": "text", "text": "Coming at four"}


async def an_answer(session: AsyncSession, now: datetime) -> tuple[Words, Outgoing]:
    """An answer to a student and the row that brings it, just marked as leaving."""
    await furnish(session)
    alice = await student(session)
    ticket = await asking.file(session, draft(), alice, HOUSE, now)
    await answering.answer(session, ticket, await staff(session), COMING, HOUSE, now, (EAST, 77))
    said = next(w for w in await words.said.about(session, ticket.id) if w.side is Side.STAFF)
    row = (await session.scalars(select(Outgoing).where(Outgoing.words_id == said.id))).one()
    row.state = Sending.SENDING
    await session.flush()
    return said, row


def delivered(row: Outgoing, said: Words) -> Attempt:
    letter = Letter([Call("sendMessage", {}, (said.id,))], editions={said.id: said.edited_at})
    attempt = Attempt(row, 10_001, letter)
    attempt.results, attempt.verdict = [{"message_id": 55}], Verdict(Fate.SENT)
    return attempt


async def edits(session: AsyncSession) -> list[int | None]:
    return list(await session.scalars(select(Outgoing.words_id).where(Outgoing.letter == "edited")))


async def test_an_edit_from_before_the_drawing_that_was_written_down_after_it_still_follows(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        said, row = await an_answer(session, now)
        attempt = delivered(row, said)
    async with database.transaction() as session:
        await words.change(session, await session.get_one(Words, said.id), LATER, now - timedelta(seconds=1))
    async with database.transaction() as session:
        await results.settle(session, [attempt], now, HOUSE.vault)
        assert await edits(session) == [said.id]


async def test_what_was_not_edited_is_not_sent_again(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        said, row = await an_answer(session, now)
        attempt = delivered(row, said)
    async with database.transaction() as session:
        await results.settle(session, [attempt], now, HOUSE.vault)
        assert await edits(session) == []


async def test_a_row_that_is_leaving_right_now_does_not_stand_for_news(
    postgres_server: str, migrated_postgres: str, now: datetime
) -> None:
    database = Database(await fresh_postgres(postgres_server, migrated_postgres))

    async def post(session: AsyncSession) -> int | None:
        return await outbox.post(
            session,
            now=now,
            lane=Lane.TICKET,
            repeat=Repeat.FREELY,
            chat_id=EAST,
            letter="card",
            topic="card:1",
        )

    async def news() -> int | None:
        async with database.transaction() as session:
            return await post(session)

    async with database.transaction() as session:
        first = await post(session)
    async with database.transaction() as courier:
        (await courier.get_one(Outgoing, first)).state = Sending.SENDING
        await courier.flush()
        second = asyncio.create_task(news())
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        async with asyncio.timeout(20), database.reading() as onlooker:
            while not second.done() and not await onlooker.scalar(waits):  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert await second not in (first, None)
    await database.close()
