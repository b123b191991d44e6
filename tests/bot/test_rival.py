"""Two programs with one token."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bot import alarms
from bot.app import App
from bot.rival import Rival
from models import heartbeats
from models.database import Database
from models.inbox import Incoming
from models.outbox import Outgoing
from sandbox import server
from sandbox.client import Sandbox
from tests.campus import BEGIN, TOKEN, settings

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


OTHER_POLLER = "HTTP 409: Conflict: terminated by other getUpdates request"


async def noticed(database: Database, what: str = heartbeats.RIVAL) -> bool:
    async with database.reading() as session:
        return what in await heartbeats.all_of(session)


async def came_in(database: Database) -> bool:
    async with database.reading() as session:
        return await session.scalar(select(Incoming)) is not None


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
    rival = Rival(database, lambda: moment[0], HOUR)
    for _ in range(5):
        assert not await rival.conflict(OTHER_POLLER)
        assert not await noticed(database)
        moment[0] += apart
    for _ in range(3):
        assert not await rival.conflict(OTHER_POLLER)
    assert await noticed(database)


async def test_a_webhook_that_somebody_sets_is_told_and_taken_away_once_in_a_cool_down(
    database_url: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing came in any more until the program was started anew."""
    monkeypatch.setattr("bot.inbox.AWAY_FIRST", 0.0)
    moment = [now]
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        chosen = settings(telegram.url, database_url, alarm={"enabled": True, "chat_id": 4711})
        async with App(chosen, clock=lambda: moment[0]) as app, aiohttp.ClientSession() as http, asyncio.timeout(30):

            async def bot(method: str, **params: str) -> dict[str, Any]:
                async with http.post(f"{telegram.url}/bot{TOKEN}/{method}", json=params) as answer:
                    return dict(await answer.json())

            async def webhook() -> str:
                return str((await bot("getWebhookInfo"))["result"]["url"])

            async def asked_thrice_more() -> None:
                seen = len(await stage.calls("getUpdates"))
                while len(await stage.calls("getUpdates")) < seen + 3:  # noqa: ASYNC110  (it is asked of a server)
                    await asyncio.sleep(0)

            alice = await stage.person("Alice", "en")
            polling = asyncio.create_task(app.poller.run())
            await app.poller.reached.wait()
            await bot("setWebhook", url="http://127.0.0.1:9/")
            await alice.says("hello")
            while not await came_in(app.database):  # noqa: ASYNC110  (it is asked of a server)
                await asyncio.sleep(0)
            assert await webhook() == ""
            assert await noticed(app.database, heartbeats.WEBHOOK)
            assert not await noticed(app.database)
            # Set again it is left where it is for an hour: neither would ever give in.
            await bot("setWebhook", url="http://127.0.0.1:9/")
            for length in (timedelta(), HOUR - MINUTE):
                moment[0] += length
                await asked_thrice_more()
                assert await webhook()
            await alarms.look(app.database, app.toolbox, moment[0])
            moment[0] += 2 * MINUTE
            while await webhook():  # noqa: ASYNC110  (it is asked of a server)
                await asyncio.sleep(0)
            polling.cancel()
            async with app.database.reading() as session:
                (row,) = (await session.scalars(select(Outgoing).where(Outgoing.chat_id == 4711))).all()
            assert row.payload is not None
            assert "webhook" in row.payload["text"]
