"""Of several programs on one database only one polls Telegram, speaks to it and keeps the clock (law 12).

Two couriers would take each other's rows on their way for what a crash left behind, and each would count Telegram's
windows for itself. So whoever does these holds a lease.

For SQLite it is a lock on a file beside it that ends with its process. On PostgreSQL it is a row:

    name     courier, clock, …: what only one program does
    term     grows by one with each holder
    until    renewed every two seconds, by the server's clock: the machines' own need not agree
    backend  the server's process that serves the holder: when it is gone, nobody need wait for `until`

Whoever finds it free takes it with the next term. A holder that was stopped or cut off meanwhile cannot know: so each
of its transactions asks for its term first (`Fence`), and the message that was next to leave is not sent once it has
not renewed the lease for so long that somebody else may have it. `docs/decisions/0023` says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import BigInteger, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.database import Database, fences
from models.sessions import plainly

log = logging.getLogger(__name__)

LEAD = "lead"
"""The lease of a program that does everything in one process."""
LOOK_SECONDS = 2.0
"""How often somebody who waits for a lease asks again, and somebody who holds it renews it."""
PATIENCE = 8.0
"""Seconds after its last renewal when somebody else may take it."""
MARGIN = 1.0
"""So much earlier the holder itself does nothing any more."""
AGAIN_SECONDS = 0.25
"""Between two tries to reach a database that was there a moment ago."""


class Taken(Exception):
    """Another program has this file, and two could not share the work on it."""


class Lost(Exception):
    """Another program holds the lease now."""


class Lease(Base):
    """Who does what only one program may do. Empty on SQLite."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    term: Mapped[int] = mapped_column(BigInteger)
    holder: Mapped[str]
    """Machine, process and a number of its own: of two who believe in the same term only one is meant."""
    backend: Mapped[int]
    until: Mapped[datetime]


# A transaction that has asked for the term holds the row with KEY SHARE: renewing goes on beside it, and whoever wants
# to take the lease passes by until it has ended.
_TERM = text("SELECT term FROM leases WHERE name = :name AND term = :term AND holder = :holder FOR KEY SHARE")
_MAKE = text(
    "INSERT INTO leases (name, term, holder, backend, until) VALUES (:name, 0, '', 0, clock_timestamp())"
    " ON CONFLICT DO NOTHING"
)
# Free when it was not renewed, when nobody serves its holder, or when the server's clock was set back.
_TAKE = text("""
    UPDATE leases
    SET term = term + 1, holder = :holder, backend = pg_backend_pid(),
        until = clock_timestamp() + make_interval(secs => :patience)
    WHERE name IN (
        SELECT name FROM leases
        WHERE name = :name AND (
            until < clock_timestamp()
            OR until > clock_timestamp() + make_interval(secs => 2 * :patience)
            OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = backend))
        FOR UPDATE SKIP LOCKED)
    RETURNING term""")
_RENEW = text("""
    UPDATE leases
    SET backend = pg_backend_pid(), until = clock_timestamp() + make_interval(secs => :patience)
    WHERE name = :name AND term = :term AND holder = :holder
    RETURNING term""")

PRESENT = int.from_bytes(b"unionbot")
"""The number of PostgreSQL's lock that every running process shares, whichever parts it does."""
_BE_SEEN = text("SELECT pg_try_advisory_lock_shared(:number)")
_BE_ALONE = text("SELECT pg_try_advisory_lock(:number)")
_ANY = text("SELECT to_regclass('leases')")
_NAMES = text("SELECT name FROM leases ORDER BY name")


@contextlib.asynccontextmanager
async def held(database: Database, name: str = LEAD) -> AsyncIterator[asyncio.Task[None]]:
    """Hold the lease of this name inside. Yields a task that ends with Lost when somebody else has it.

    Waits while another program holds it on PostgreSQL, and raises Taken on SQLite. Whatever is begun inside the block,
    tasks included, is fenced: its transactions raise Lost from then on, and `stands` tells when to do nothing more.
    While the database is away the lease is kept and nothing is done; it goes on when it is back and nobody else has it.
    """
    async with _on_file(database, name) if database.is_sqlite else _on_server(database, name) as watching:
        try:
            yield watching
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await watching


def stands() -> bool:
    """Whether nobody else can have the leases this is done under. True under none."""
    return all(fence.stands() for fence in fences.get())


@contextlib.asynccontextmanager
async def _on_file(database: Database, name: str) -> AsyncIterator[asyncio.Task[None]]:
    with alone(f"{database.url.database}{'' if name == LEAD else f'.{name}'}.lock"):
        yield asyncio.create_task(_for_ever(), name="lease")


@contextlib.contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Hold this file's lock, which ends with the process at the latest. Raises Taken when another one holds it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Taken from None
        yield
    finally:
        os.close(file)


async def _for_ever() -> None:
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _on_server(database: Database, name: str) -> AsyncIterator[asyncio.Task[None]]:
    lease = _Held(database, name)
    async with contextlib.AsyncExitStack() as stack:
        # That gives it back: nobody serves its holder then.
        stack.push_async_callback(lease.disconnect)
        await lease.take()
        before = fences.set((*fences.get(), lease))
        stack.callback(fences.reset, before)
        renewing = asyncio.create_task(lease.renew(), name="lease")
        stack.callback(renewing.cancel)
        yield renewing


def _elapsed() -> float:
    """Seconds, those included in which the process was stopped or the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class _Held:
    """A lease on PostgreSQL, as its holder sees it."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._term = 0
        self._until = 0.0
        """By `_elapsed`."""
        self._connection: AsyncConnection | None = None

    @property
    def _mine(self) -> dict[str, object]:
        return {"name": self._name, "term": self._term, "holder": self._holder}

    async def _connected(self) -> AsyncConnection:
        """The one connection that shows, as long as the server serves it, that the holder lives."""
        if self._connection is None:
            with self._database.connecting():
                plain = await self._database.asynchronous.connect()
            self._connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    async def disconnect(self) -> None:
        """End it: back in the pool it would go on showing that."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(DBAPIError):
                await connection.invalidate()
                await connection.close()

    async def take(self) -> None:
        """Wait until it is free, and take it. Raises OperationalError when the database cannot be reached."""
        connection = await self._connected()
        await connection.execute(_MAKE, {"name": self._name})
        wanted = {"name": self._name, "holder": self._holder, "patience": PATIENCE}
        while True:
            asked = _elapsed()
            term = await connection.scalar(_TAKE, wanted)
            if term is not None:
                break
            # Another process frees it, or ceases to renew it.
            await asyncio.sleep(LOOK_SECONDS)
        self._term, self._until = term, asked + PATIENCE - MARGIN

    async def renew(self) -> None:
        """Until somebody else has it: then Lost."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            while not await self._renewed():  # noqa: ASYNC110  (it is asked of a server)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _renewed(self) -> bool:
        """Renew it once. False when the database is away; raises Lost when somebody else has it."""
        asked = _elapsed()
        try:
            async with asyncio.timeout(PATIENCE):
                connection = await self._connected()
                term = await connection.scalar(_RENEW, {**self._mine, "patience": PATIENCE})
        except (DBAPIError, TimeoutError) as error:
            log.warning("the lease %s cannot be renewed: %s", self._name, type(error).__name__)
            await self.disconnect()
            return False
        except asyncio.CancelledError:
            # In the middle of a statement it is of no more use.
            await self.disconnect()
            raise
        if term is None:
            raise Lost(self._name)
        self._until = asked + PATIENCE - MARGIN
        return True

    async def ask(self, session: AsyncSession) -> None:
        """Inside a transaction: nobody takes the lease before it ends. Raises Lost when somebody has."""
        if (await plainly(session, _TERM, self._mine)).first() is None:
            raise Lost(self._name)

    def stands(self) -> bool:
        """Whether it was renewed so lately that nobody else can have it."""
        return _elapsed() < self._until


async def be_seen(connection: AsyncConnection) -> bool:
    """That a process runs is seen for as long as this connection lasts. False while somebody is here `at_once`."""
    return bool(await connection.scalar(_BE_SEEN, {"number": PRESENT}))


@contextlib.asynccontextmanager
async def at_once(database: Database) -> AsyncIterator[None]:
    """Hold every lease there is on PostgreSQL without waiting, and let no process begin to work. Raises Taken when one
    runs: also one that needs no lease, because it does nothing but handle what has come in.
    """
    async with contextlib.AsyncExitStack() as stack:
        with database.connecting():
            plain = await stack.enter_async_context(database.asynchronous.connect())
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        # Back in the pool it would go on holding them.
        stack.push_async_callback(connection.invalidate)
        if not await connection.scalar(_BE_ALONE, {"number": PRESENT}):
            raise Taken
        if await connection.scalar(_ANY) is not None:
            holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
            for (name,) in (await connection.execute(_NAMES)).all():
                wanted = {"name": name, "holder": holder, "patience": PATIENCE}
                if await connection.scalar(_TAKE, wanted) is None:
                    raise Taken
        yield
