"""Processes on one PostgreSQL hear of each other's work at once, and notice when its server hears nobody any more.

Without it each looks once a second, and still does: a ring that is lost costs a second and nothing else. So it goes
out after the commit, on a connection of its own, and holds up nobody.

The same connection asks the server for a sign of life. A machine that is gone without a word, or a server that is
stopped, leaves its connections open: whoever waits on one would wait for ever. Then all of them are cut, what was
begun is undone and runs again on the server that has taken over.

And by it a restore and an upgrade see that the process runs (`lease.at_once`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from models import lease
from models.database import Database

log = logging.getLogger(__name__)

CHANNEL = "unionbot"
BEAT_SECONDS = 2.0
"""How often the server is asked for a sign of life."""
PATIENCE_SECONDS = 5.0
"""So long it may take to give one."""
GRACE_SECONDS = 0.5
"""More, for an answer that was there but not yet read because this very process stood still."""
PAUSE_SECONDS = 0.5
"""Between two tries to reach the server."""


class Bell:
    """Rings for the other processes, and hears them. `run` it on PostgreSQL only."""

    def __init__(self, database: Database, heard: Mapping[str, Callable[[], None]]) -> None:
        """`heard` is what to do when another process rings for this name."""
        self._database = database
        self._heard = heard
        self._wanted: set[str] = set()
        self._rung = asyncio.Event()
        self.there = asyncio.Event()
        """Set while it hears, and whoever wants the database for itself sees that somebody is here."""

    def ring(self, name: str) -> None:
        """Tell the other processes, soon; many rings in a moment become one."""
        self._wanted.add(name)
        self._rung.set()

    async def run(self) -> None:
        """Until cancelled; while the server is away it tries again and again."""
        told: str | None = None
        while True:
            try:
                async with self._listening() as connection:
                    told = None
                    self.there.set()
                    # Whatever was rung while nobody listened here.
                    for wake in self._heard.values():
                        wake()
                    while await self._once(connection):
                        pass
                    why = "no sign of life"
            except DBAPIError as error:
                why = type(error.orig or error).__name__
            self.there.clear()
            if why != told:
                # Once for each reason, and not twice a second for as long as it is away: what the others have reached
                # meanwhile, where this one has no place ("too many clients"), is not cut again.
                self._database.cut()
                log.warning("the database is not heard, its connections are cut: %s", why)
            told = why
            await asyncio.sleep(PAUSE_SECONDS)

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[AsyncConnection]:
        with self._database.connecting():
            plain = await self._database.asynchronous.connect()
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        try:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None
            mine = raw.get_server_pid()

            def hear(_: Any, pid: int, channel: str, name: str) -> None:
                if pid != mine and name in self._heard:
                    self._heard[name]()

            await raw.add_listener(CHANNEL, hear)
            while not await self._seen(connection):  # noqa: ASYNC110  (a server is asked)
                await asyncio.sleep(PAUSE_SECONDS)
            yield connection
        finally:
            # Back in the pool it would go on listening.
            await connection.invalidate()
            await connection.close()

    async def _seen(self, connection: AsyncConnection) -> bool:
        """Whether a restore or an upgrade would see this process; False while one is under way."""
        with self._database.connecting():
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await lease.be_seen(connection)

    async def _once(self, connection: AsyncConnection) -> bool:
        """Wait for a ring or for the next beat, and say it. False when the server gave no answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEAT_SECONDS):
                await self._rung.wait()
        self._rung.clear()
        wanted, self._wanted = self._wanted, set()
        said = asyncio.ensure_future(self._say(connection, wanted))
        try:
            for seconds in (PATIENCE_SECONDS, GRACE_SECONDS):
                if (await asyncio.wait({said}, timeout=seconds))[0]:
                    await said
                    return True
            # Before the question is given up: to cancel it the driver would ask the same silent server.
            self._database.cut()
            return False
        finally:
            said.cancel()
            await asyncio.wait({said})

    async def _say(self, connection: AsyncConnection, names: set[str]) -> None:
        if not names:
            await connection.execute(text("SELECT 1"))
        for name in sorted(names):
            await connection.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": name})
