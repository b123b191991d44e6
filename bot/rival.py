"""Another program that asks Telegram with the same token: each takes the other's messages, and Telegram says to both in
turn that they are in conflict (409), between answers that look well.

One such word is nothing: it comes when a process takes over from another. Several within minutes are another program.

Or it has set a webhook: then Telegram hands everything to that, and says so to whoever asks until it is taken away.
Nobody who polls means it to stand, so it is taken away, as at a start; once in a cool-down, as the other one may set it
again each time, and neither would ever give in.
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

    def __init__(self, database: Database, clock: Clock, cool_down: timedelta) -> None:
        """`cool_down`: so long a webhook that is set again is left where it is."""
        self._database, self._clock, self._cool_down = database, clock, cool_down
        self._seen: deque[datetime] = deque(maxlen=OFTEN)
        self._said_at: dict[str, datetime] = {}
        self._taken_away_at: datetime | None = None

    async def conflict(self, words: str) -> bool:
        """Telegram has said that there is one, in these words. Where it was said often, that is written down for the
        alarm; it is logged now and then, not each time. Returns whether to take a webhook away. Raises
        OperationalError when the database is away.
        """
        now = self._clock()
        if "webhook" in words.lower():
            return await self._webhook(now)
        if not _lately(self._seen[-1] if self._seen else None, now, WITHIN):
            log.warning("Telegram is asked by another program, too; it may be one that is just ending")
        self._seen.append(now)
        if len(self._seen) == OFTEN and _lately(self._seen[0], now, WITHIN):
            said = "another program uses this bot's token: each takes the other's messages; stop one of them"
            await self._notice(heartbeats.RIVAL, said, now)
        return False

    async def _webhook(self, now: datetime) -> bool:
        said = "another program has set a webhook on this bot's token and gets its messages; stop that program"
        await self._notice(heartbeats.WEBHOOK, said, now)
        if _lately(self._taken_away_at, now, self._cool_down):
            return False
        log.warning("the webhook is taken away; if it is set again, that is done again after the cool-down")
        self._taken_away_at = now
        return True

    async def _notice(self, what: str, said: str, now: datetime) -> None:
        if _lately(self._said_at.get(what), now, WITHIN):
            return
        self._said_at[what] = now
        log.error(said)
        async with self._database.transaction() as session:
            await heartbeats.rival_seen(session, what, now)


def _lately(moment: datetime | None, now: datetime, within: timedelta) -> bool:
    """Whether it was so long ago at most; a clock that was set back says nothing."""
    return moment is not None and timedelta() <= now - moment <= within
