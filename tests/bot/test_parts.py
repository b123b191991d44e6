"""The program in parts: each in an `App` of its own on one PostgreSQL, as if they were on machines of their own."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import App
from bot.parts import ALL, Part, figures_at, one_file_only
from bot.worker import Worker
from models import bell, lease, servers
from models.bell import Bell
from models.database import Database, driver_url
from models.migrations import migrate, require_current
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


@on_postgresql
@pytest.mark.parametrize(("does", "duty"), [(Part.WORKER, (Worker, "run")), (Part.COURIER, (App, "_send"))])
async def test_a_process_is_seen_by_a_restore_and_an_upgrade_and_waits_for_them(
    database_url: str,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    does: Part,
    duty: tuple[type, str],
) -> None:
    """Who only works has no lease; and who waits for one has it when a long restore has not renewed it."""
    monkeypatch.setattr(bell, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(lease, "PATIENCE", 0.1)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.01)
    begun, waits, be_seen, work, asked = asyncio.Event(), asyncio.Event(), lease.be_seen, getattr(*duty), 0

    async def seen(connection: AsyncConnection) -> bool:
        nonlocal asked
        there = await be_seen(connection)
        if not there and (asked := asked + 1) == 50:
            waits.set()
        return there

    async def works(of: Any) -> None:
        begun.set()
        await work(of)

    monkeypatch.setattr(lease, "be_seen", seen)
    monkeypatch.setattr(*duty, works)
    async with contextlib.AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
        async with lease.at_once(database):
            await stack.enter_async_context(part(database_url, "http://127.0.0.1:1", MovedClock(BEGIN), does))
            await waits.wait()
            assert not begun.is_set()
            assert "'running'" not in caplog.text
        await begun.wait()
        assert "'running'" in caplog.text
        with pytest.raises(lease.Taken):
            async with lease.at_once(database):
                raise AssertionError("the process was not seen")
        await stack.aclose()
        async with lease.at_once(database):
            pass


def test_on_an_sqlite_file_all_parts_are_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, "http://127.0.0.1:1")
    done = done_here(tmp_path, monkeypatch, "run", "worker", "web")
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        "`run web worker` apart needs PostgreSQL; an SQLite file is for one process, so: unionbot run"
    ]
    assert one_file_only(list(Part), "sqlite:///data/unionbot.db") is None
    assert one_file_only([Part.WORKER], "postgresql://host/name") is None


def test_the_figures_of_all_parts_find_room_on_one_machine_with_one_config() -> None:
    """Each would have stopped at the address that another had: seen with `unionbot@.service` and `[metrics]`."""
    assert [figures_at([part], "127.0.0.1:9464") for part in Part] == [f"127.0.0.1:{n}" for n in range(9464, 9468)]
    assert figures_at(ALL, "[::1]:9464") == figures_at([Part.WEB, Part.CLOCK], "[::1]:9464") == "[::1]:9464"
    assert figures_at([Part.CLOCK], "127.0.0.1:0") == "127.0.0.1:0", "any free one"
    assert figures_at([Part.CLOCK], "127.0.0.1:65535") == "127.0.0.1:65535"


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


@on_postgresql
async def test_a_server_that_says_nothing_any_more_is_left(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits on it would wait for ever."""
    for seconds in ("PATIENCE_SECONDS", "GRACE_SECONDS"):
        monkeypatch.setattr(bell, seconds, 0.05)

    async def silence(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Bell, "_say", silence)

    async def wait_for_ever() -> None:
        async with database.reading() as session:
            await session.execute(text("SELECT pg_sleep(100)"))

    async with asyncio.timeout(PATIENCE):
        ringing = asyncio.create_task(Bell(database, {}).run())
        with pytest.raises(DBAPIError):
            await wait_for_ever()
        ringing.cancel()
        await asyncio.wait({ringing})
        async with database.transaction() as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def test_that_the_server_is_not_heard_is_said_once_and_cuts_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bell, "PAUSE_SECONDS", 0.001)
    away, tries, enough = Database("postgresql://nobody@127.0.0.1:1/nothing"), itertools.count(1), asyncio.Event()
    cut, connecting = list[bool](), away.connecting

    def tried() -> contextlib.AbstractContextManager[None]:
        if next(tries) == 3:
            enough.set()
        return connecting()

    monkeypatch.setattr(away, "connecting", tried)
    monkeypatch.setattr(away, "cut", lambda: cut.append(True))
    ringing = asyncio.create_task(Bell(away, {}).run())
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    ringing.cancel()
    await asyncio.wait({ringing})
    await away.close()
    assert len(cut) == 1, "what others have reached meanwhile stays"
    assert [record.message for record in caplog.records if record.name == "models.bell"] == [
        "the database is not heard, its connections are cut: ConnectionRefusedError"
    ]


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
async def test_parts_that_start_together_move_the_schema_one_after_the_other(empty_database_url: str) -> None:
    several = [Database(empty_database_url) for _ in range(3)]
    await asyncio.gather(*(migrate(each) for each in several))
    await require_current(several[0])
    for each in several:
        await each.close()


@on_postgresql
async def test_of_several_servers_the_one_that_takes_writes_is_used(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is not there, the second takes the connection and says nothing, as a stopped machine does."""
    monkeypatch.setattr(servers, "EACH_SECONDS", 0.5)
    silent = await asyncio.start_server(lambda *_: asyncio.sleep(PATIENCE), "127.0.0.1", 0)
    behind = parse_qs(urlsplit(database_url).query)["host"][0]

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(f"{behind}/.s.PGSQL.5432")
        await asyncio.gather(_carry(reader, back), _carry(there, writer))

    real = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    ports = [1, *(each.sockets[0].getsockname()[1] for each in (silent, real))]
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    name = urlsplit(database_url).path
    many = Database(f"postgresql://postgres@{hosts}{name}?target_session_attrs=read-write")
    async with asyncio.timeout(PATIENCE), many.transaction() as session:
        assert await session.scalar(text("SELECT current_database()")) == name.removeprefix("/")
    again = Database(many.address)
    assert again.url == many.url
    await many.close()
    silent.close()
    real.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a:1,b:2", ("a:1", "b:2")),
        ("a,b", ("a:5432", "b:5432")),
        ("u:p%40ss@a:1,b:2", ("a:1", "b:2")),
    ],
)
def test_several_servers_are_written_as_libpq_writes_them(written: str, meant: tuple[str, ...]) -> None:
    url = driver_url(f"postgresql://{written}/union?target_session_attrs=read-write")
    assert url.query["host"] == meant
    assert (url.host, url.database, url.query["target_session_attrs"]) == (None, "union", "read-write")
    assert driver_url("postgresql://u@one:5432/union").host == "one"
    told = settings("http://127.0.0.1:1", f"postgresql://{written}/union?target_session_attrs=read-write")
    assert told.erasures_file() == Path("data/union.erasures")


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
