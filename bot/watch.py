"""What no clock and no courier can say: that the clock stands still, and that the database is away.

Every process looks once a minute. Where the database answers and the clock is silent, it does the clock's job of
telling. Where the database has been away for long, there is no outbox to write into: the operator's chat, as it was
last known, is told directly and best-effort, once in a cool-down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import aiohttp
import structlog
from sqlalchemy.exc import DBAPIError

from bot import alarms, check
from bot.settings import Settings
from bot.toolbox import Clock, Toolbox
from models import heartbeats
from models.alarms import Finding, News, silences
from models.database import Database

log = structlog.get_logger()

SECONDS = 60.0
NOT_TOLD = (check.TokenRefused, check.Unreachable, check.Refused)


class Watch:
    """Looks after the clock and the database."""

    def __init__(
        self,
        database: Database,
        toolbox: Toolbox,
        http: aiohttp.ClientSession,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        """`committed` is called after something may have been written to the outbox."""
        self._database, self._toolbox, self._http, self._clock = database, toolbox, http, clock
        self._committed = committed
        self._whom: tuple[int | None, str | None] = toolbox.settings.alarm.chat_id, None
        self._away_since: datetime | None = None
        self._told_at: datetime | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look(self._clock())
            except Exception as error:
                # Whoever only watches must not end what is watched.
                log.error("the watch could not look", why=type(error).__name__, exc_info=True)
            await asyncio.sleep(SECONDS)

    async def look(self, now: datetime) -> None:
        """Once."""
        limits = alarms.limits_of(self._toolbox.settings)
        try:
            async with self._database.reading() as session:
                found = await heartbeats.all_of(session)
                self._whom = await alarms.whom(session, self._toolbox)
            self._away_since = None
            if heartbeats.CLOCK not in found:
                # Nobody has begun the clock: that it never ran is seen by nothing it has left.
                async with self._database.transaction() as session:
                    await heartbeats.expect(session, heartbeats.CLOCK, now)
            if any(silence.kind == heartbeats.CLOCK for silence in silences(found, limits, now)):
                await alarms.look(self._database, self._toolbox, now)
                self._committed()
        except DBAPIError as error:
            self._away_since = self._away_since or now
            log.error("the database is away", why=type(error).__name__, since=self._away_since.isoformat())
            await self._tell_of_the_database(self._away_since, now)

    async def _tell_of_the_database(self, since: datetime, now: datetime) -> None:
        wished = self._toolbox.settings.alarm
        cool_down, limit = wished.cool_down, timedelta(minutes=wished.database_minutes)
        chat_id, language = self._whom
        lately = self._told_at is not None and now - self._told_at < cool_down
        if not wished.enabled or not limit or now - since < limit or lately or chat_id is None:
            return
        news = News([Finding("database", {"since": since})], since)
        text = alarms.text(news, self._toolbox.t(language), now)
        try:
            await check.call(
                self._http, self._toolbox.settings, "sendMessage", chat_id=chat_id, text=text, parse_mode="HTML"
            )
            self._told_at = now
        except NOT_TOLD as error:
            log.warning("the operator could not be told", why=type(error).__name__)


async def reach(http: aiohttp.ClientSession, settings: Settings, heard: Callable[[], Awaitable[None]]) -> None:
    """Ask Telegram once a minute whether it is there, until cancelled: with a webhook nobody else would notice."""
    while True:
        try:
            await check.call(http, settings, "getMe")
            await heard()
        except (*NOT_TOLD, DBAPIError) as error:
            log.warning("Telegram was not reached, or that could not be written down", why=type(error).__name__)
        await asyncio.sleep(SECONDS)
