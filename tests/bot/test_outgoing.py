"""What a handler says is written down, not sent, and nobody can pretend that it was sent (law 3)."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from aiogram import Bot
from sqlalchemy import select

from bot.app import make_bot
from bot.outgoing import Mouth, speaking
from bot.vault import KeyVault
from models.database import Database
from models.outbox import Outgoing
from models.sealed import params_of
from tests.campus import settings
from tests.house import KEY

VAULT = KeyVault(KEY)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    bot = make_bot(settings("http://127.0.0.1:1", "sqlite:///unused.db"))
    yield bot
    await bot.session.close()


async def test_what_was_only_written_down_has_no_number_yet(database: Database, bot: Bot, now: datetime) -> None:
    async with database.transaction() as session:
        token = speaking.set(Mouth(session, now, VAULT))
        try:
            said = await bot.send_message(10_001, "hello")
            await bot.send_message(-77, "hello, all")
        finally:
            speaking.reset(token)
        with pytest.raises(AttributeError, match="'message_id' is not known yet"):
            _ = said.message_id
    async with database.reading() as session:
        row, group = await session.scalars(select(Outgoing).order_by(Outgoing.id))
    assert (row.chat_id, row.method) == (10_001, "sendMessage")
    assert params_of(row, VAULT)["text"] == "hello"
    assert (row.payload or {}).keys() == {"sealed"}, "what is said to one person stands nowhere in clear"
    assert b"hello" not in base64.b64decode((row.payload or {})["sealed"])
    assert params_of(group, VAULT)["text"] == (group.payload or {})["text"] == "hello, all"
    row.chat_id = 10_002
    with pytest.raises(ValueError):
        params_of(row, VAULT)


async def test_nothing_is_looked_up_while_the_database_is_held(database: Database, bot: Bot, now: datetime) -> None:
    async with database.transaction() as session:
        token = speaking.set(Mouth(session, now, VAULT))
        try:
            with pytest.raises(RuntimeError, match="look it up before it opens"):
                await bot.get_chat(-1)
        finally:
            speaking.reset(token)
