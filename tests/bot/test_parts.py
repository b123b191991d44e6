"""The program in parts: each in an `App` of its own on one PostgreSQL, as if they were on machines of their own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.app import App
from bot.parts import Part, one_file_only
from models.bell import Bell
from models.database import Database
from sandbox import server
from sandbox.client import Sandbox
from tests.bot.test_start import config, done_here
from tests.campus import BEGIN, TOKEN, UNLIMITED, MovedClock, settings

PATIENCE = 20.0
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@contextlib.asynccontextmanager
async def part(database_url: str, api: str, clock: MovedClock, *parts: Part) -> AsyncIterator[App]:
    chosen = settings(api, database_url, limits=UNLIMITED)
    async with App(chosen, clock=clock, windows=False, parts=parts) as app:
        task = asyncio.create_task(app.run())
        try:
            yield app
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@on_postgresql
async def test_parts_apart_do_together_what_one_program_does(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And they hear of each other: nobody would look by themselves in the time of this test."""
    for looks in ("bot.worker.LOOK_SECONDS", "scheduler.courier.LOOK_SECONDS"):
        monkeypatch.setattr(looks, 10 * PATIENCE)
    clock = MovedClock(BEGIN)
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="union_bot", first_name="Union")
        alice = await stage.person("Alice", "en")
        async with contextlib.AsyncExitStack() as stack:
            web, worker, courier, clock_ = [
                await stack.enter_async_context(part(database_url, telegram.url, clock, one)) for one in Part
            ]
            for app, each in zip((web, worker, courier, clock_), Part, strict=True):
                await listening(app)
                assert app.parts == {each}
            await alice.says("/start")
            await alice.reads("👋", timeout=PATIENCE)


async def listening(app: App) -> None:
    async with asyncio.timeout(PATIENCE):
        await app.bell.there.wait()


def test_on_an_sqlite_file_all_parts_are_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    done = done_here(tmp_path, monkeypatch, "run", "worker", "web")
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        "`run web worker` apart needs PostgreSQL; an SQLite file is for one process, so: unionbot run"
    ]
    assert one_file_only(list(Part), "sqlite:///data/unionbot.db") is None
    assert one_file_only([Part.WORKER], "postgresql://host/name") is None


@on_postgresql
async def test_a_ring_is_heard_by_the_others_and_not_by_whoever_rang(database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with two_bells(database, heard) as (one, _):
        while not heard.empty():
            heard.get_nowait()
        one.ring("outbox")
        async with asyncio.timeout(PATIENCE):
            assert await heard.get() == "two outbox"
        assert heard.empty()


@contextlib.asynccontextmanager
async def two_bells(database: Database, heard: asyncio.Queue[str]) -> AsyncIterator[tuple[Bell, Bell]]:
    other = Database(database.address)

    def bell_of(which: Database, who: str) -> Bell:
        return Bell(which, {name: partial(heard.put_nowait, f"{who} {name}") for name in ("inbox", "outbox")})

    bells = bell_of(database, "one"), bell_of(other, "two")
    tasks = [asyncio.create_task(each.run()) for each in bells]
    try:
        async with asyncio.timeout(PATIENCE):
            for each in bells:
                await each.there.wait()
        yield bells
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await other.close()
