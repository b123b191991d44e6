"""A sandbox for every test of the sandbox: server, stage and a bare client, windows off unless asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox import server
from sandbox.client import Person, Sandbox
from tests.sandbox.botapi import TOKEN, Api


@pytest.fixture
async def telegram() -> AsyncIterator[server.Sandbox]:
    async with server.start(tokens=[TOKEN], flood=False) as running:
        yield running


@pytest.fixture
async def stage(telegram: server.Sandbox) -> AsyncIterator[Sandbox]:
    async with Sandbox(telegram.url) as client:
        await client.bot(TOKEN, username="union_bot", first_name="Union")
        yield client


@pytest.fixture
async def api(telegram: server.Sandbox) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(telegram.url, session)


@pytest.fixture
async def alice(stage: Sandbox, api: Api) -> Person:
    """Somebody who has begun a conversation, whose first message the bot has taken note of."""
    person = await stage.person("Alice", language="en", username="alice")
    await person.says("/start")
    updates = await api.updates()
    await api.updates(offset=updates[-1]["update_id"] + 1)
    return person
