"""Two programs with one token."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import select

from bot import alarms
from bot.app import App
from bot.rival import Rival
from models import heartbeats
from models.database import Database
from models.outbox import Outgoing
from sandbox import server
from sandbox.client import Sandbox
from tests.campus import BEGIN, TOKEN, settings

MINUTE = timedelta(minutes=1)


async def noticed(database: Database) -> bool:
    async with database.reading() as session:
        return heartbeats.RIVAL in await heartbeats.all_of(session)


async def test_two_programs_with_one_token_are_told_to_the_operator(
    database_url: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log once had lines of "HTTP 409", and nobody was told."""
    monkeypatch.setattr("bot.inbox.AWAY_FIRST", 0.0)
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        chosen = settings(telegram.url, database_url, alarm={"enabled": True, "chat_id": 4711})
        async with App(chosen, clock=lambda: now) as app, aiohttp.ClientSession() as other, asyncio.timeout(30):
            polling = asyncio.create_task(app.poller.run())
            while not await noticed(app.database):
                async with other.post(f"{telegram.url}/bot{TOKEN}/getUpdates", json={"timeout": 0}) as answer:
                    await answer.read()
            polling.cancel()
            for later in (0, 1, 2):
                await alarms.look(app.database, app.toolbox, now + later * MINUTE)
            async with app.database.reading() as session:
                (row,) = (await session.scalars(select(Outgoing).where(Outgoing.chat_id == 4711))).all()
            assert row.payload is not None
            assert "令牌" in row.payload["text"]
            await stage.state()


@pytest.mark.parametrize("apart", [timedelta(minutes=3), timedelta(days=1)])
async def test_a_single_conflict_or_a_few_far_apart_are_no_other_program(
    database: Database, now: datetime, apart: timedelta
) -> None:
    moment = [now]
    rival = Rival(database, lambda: moment[0])
    for _ in range(5):
        await rival.conflict()
        assert not await noticed(database)
        moment[0] += apart
    for _ in range(3):
        await rival.conflict()
    assert await noticed(database)
