"""Another program that asks Telegram with the same token: each takes the other's messages, and Telegram says to both in
turn that they are in conflict (409), between answers that look well.

One such word is nothing: it comes when a process takes over from another. Several within minutes are another program.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

import structlog

from bot.toolbox import Clock
from models import heartbeats
from models.database import Database

log = structlog.get_logger()

CONFLICT = 409
OFTEN = 3
WITHIN = timedelta(minutes=5)
"""So many conflicts within so long are no handing over any more."""


class Rival:
    """Counts the conflicts of one poller."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: deque[datetime] = deque(maxlen=OFTEN)
        self._said_at: datetime | None = None

    async def conflict(self) -> None:
        """Telegram has said that there is one. Where it was said often, that is written down for the alarm; it is
        logged now and then, not each time. Raises OperationalError when the database is away.
        """
        now = self._clock()
        if not self._seen or not timedelta() <= now - self._seen[-1] <= WITHIN:
            log.warning("Telegram is asked by another program, too; it may be one that is just ending")
        self._seen.append(now)
        if len(self._seen) < OFTEN or not timedelta() <= now - self._seen[0] <= WITHIN:
            return
        if self._said_at is not None and timedelta() <= now - self._said_at < WITHIN:
            return
        self._said_at = now
        log.error("another program uses this bot's token: each takes the other's messages; stop one of them")
        async with self._database.transaction() as session:
            await heartbeats.rival_seen(session, now)
