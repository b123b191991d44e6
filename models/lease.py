"""Of several programs on one database only one polls Telegram, speaks to it and keeps the clock (law 12).

Two couriers would take each other's rows on their way for what a crash left behind, and each would count Telegram's
windows for itself. So whoever does these holds the lease, and the database says whether it is free: by an advisory
lock that ends with its connection, or, for SQLite, by a lock on a file beside it that ends with its process. Neither
outlives a kill -9.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database

NUMBER = 0x756E696F6E  # "union"
"""The advisory lock's number; one database serves one union."""
LOOK_SECONDS = 2.0
"""How often somebody who waits for the lease asks again, and somebody who holds it asks whether they still do."""


class Taken(Exception):
    """Another program has this file, and two could not share the work on it."""


@contextlib.asynccontextmanager
async def held(database: Database) -> AsyncIterator[asyncio.Task[None]]:
    """Hold the lease inside. Yields a task that ends with DBAPIError when it is lost.

    Waits while another program holds it on PostgreSQL, and raises Taken on SQLite.
    """
    async with _on_file(database) if database.is_sqlite else _on_server(database) as watching:
        try:
            yield watching
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await watching


@contextlib.asynccontextmanager
async def _on_file(database: Database) -> AsyncIterator[asyncio.Task[None]]:
    with alone(f"{database.url.database}.lock"):
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
async def _on_server(database: Database) -> AsyncIterator[asyncio.Task[None]]:
    async with contextlib.AsyncExitStack() as stack:
        with database.connecting():
            plain = await stack.enter_async_context(database.asynchronous.connect())
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await _until_free(connection)
        try:
            yield asyncio.create_task(_while_alive(connection), name="lease")
        finally:
            # Back into the pool it would keep the lock.
            await connection.invalidate()


async def _until_free(connection: AsyncConnection) -> None:
    """Not pg_advisory_lock, which waits by itself: a connection that is busy cannot be told to stop."""
    asked = text("SELECT pg_try_advisory_lock(:number)")
    while not await connection.scalar(asked, {"number": NUMBER}):  # noqa: ASYNC110  (another process frees it)
        await asyncio.sleep(LOOK_SECONDS)


async def _while_alive(connection: AsyncConnection) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        await connection.execute(text("SELECT 1"))
