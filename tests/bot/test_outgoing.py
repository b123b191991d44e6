"""What a handler says is written down, not sent, and nobody can pretend that it was sent (law 3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiogram import Bot
from sqlalchemy import select

from bot.app import make_bot
from bot.outgoing import Mouth, speaking
from models.database import Database
from models.outbox import Outgoing
from tests.campus import settings


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = make_bot(settings("http://127.0.0.1:1", "sqlite:///unused.db"))
    yield bot
    await bot.session.close()


async def test_what_was_only_written_down_has_no_number_yet(database: Database, bot: Bot, now: datetime) -> None:
    async with database.transaction() as session:
        token = speaking.set(Mouth(session, now))
        try:
            said = await bot.send_message(10_001, "hello")
        finally:
            speaking.reset(token)
        with pytest.raises(AttributeError, match="'message_id' is not known yet"):
            _ = said.message_id
    async with database.reading() as session:
        (row,) = await session.scalars(select(Outgoing))
    assert (row.chat_id, row.method) == (10_001, "sendMessage")


async def test_nothing_is_looked_up_while_the_database_is_held(database: Database, bot: Bot, now: datetime) -> None:
    async with database.transaction() as session:
        token = speaking.set(Mouth(session, now))
        try:
            with pytest.raises(RuntimeError, match="look it up before it opens"):
                await bot.get_chat(-1)
        finally:
            speaking.reset(token)
