"""Each stored update runs once, in the order of its chat, several chats side by side (laws 2 and 4).

inbox rows ─▶ a queue for each chat ─▶ one turn after the other (`bot/turns.py`)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import structlog
from sqlalchemy.exc import DBAPIError

from bot import errors
from bot.inbox import DATABASE_AWAY
from bot.turns import Turns
from models import inbox
from models.database import Database
from models.vault import Vault

log = structlog.get_logger()

LOOKED_AT = 200
"""So many waiting updates are read from the inbox at once."""
LOOK_SECONDS = 1.0
"""After so long the inbox is looked at even when nobody calls."""
MOST_PASSING = 20
"""So many inline queries are answered side by side; of more at once the rest come to nothing, as a slow one would."""


class Worker:
    """Says whose turn it is: one chat's updates in order, several chats side by side."""

    def __init__(self, database: Database, vault: Vault, turns: Turns, chats_at_once: int = 8) -> None:
        self._database, self._vault, self.turns = database, vault, turns
        self._chats_at_once = chats_at_once
        self._wake = asyncio.Event()
        self._busy: dict[int, deque[inbox.Waiting]] = {}
        """The chats that are being worked on, with their rows that are not done yet."""
        self._ahead: dict[int, deque[inbox.Waiting]] = {}
        """What has been read from the inbox and not yet begun, by chat."""
        self._read: set[int] = set()
        """The rows in both."""
        self._unread = True
        """There may be rows that have not been read."""
        self._passing = 0

    def wake(self) -> None:
        """Something was stored."""
        self._unread = True
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; what is under way is then undone and runs again at the next start."""
        async with asyncio.TaskGroup() as group:
            self.turns.group = group
            pause = 0.5
            while True:
                self._wake.clear()
                try:
                    more = await self._start_some(group)
                    pause = 0.5
                except DBAPIError as error:
                    # The database is away: nothing is lost, the rows wait for it.
                    log.error("the inbox cannot be read", why=errors.where(error), seconds=pause)
                    await asyncio.sleep(pause)
                    pause, more = min(pause * 2, DATABASE_AWAY), False
                if not more:
                    with contextlib.suppress(TimeoutError):
                        # Another process may have stored something: look now and then even when nobody calls.
                        # Not wait_for: before Python 3.12 it can swallow the cancellation that ends us.
                        async with asyncio.timeout(LOOK_SECONDS):
                            await self._wake.wait()
                            continue
                    self._unread = True

    async def only_in_passing(self) -> None:
        """Until cancelled: answer what is not stored, and leave what is to the workers elsewhere."""
        async with asyncio.TaskGroup() as group:
            self.turns.group = group
            await asyncio.Event().wait()

    async def _start_some(self, group: asyncio.TaskGroup) -> bool:
        free = self._chats_at_once - len(self._busy)
        if free <= 0:
            await self._wake.wait()
            return True
        if self._unread and sum(chat not in self._busy for chat in self._ahead) < free:
            await self._look()
        chats = [chat for chat in self._ahead if chat not in self._busy][:free]
        for chat in chats:
            self._busy[chat] = self._ahead.pop(chat)
            group.create_task(self._work(chat, self._busy[chat]))
        return bool(chats)

    async def _look(self) -> None:
        """Read what has been stored since; each row once, because looking anew after every update costs more than
        the updates. A chat with very many rows does not hide the others.
        """
        self._unread = False
        queues = (*self._busy.items(), *self._ahead.items())
        long = [chat for chat, rows in queues if len(rows) >= LOOKED_AT // 2]
        async with self._database.reading() as session:
            found = await inbox.waiting(session, LOOKED_AT, self._vault, long)
        for row in found:
            if row.id not in self._read:
                self._read.add(row.id)
                self._ahead.setdefault(row.chat, deque()).append(row)
        self._unread |= bool(long) or len(found) == LOOKED_AT

    async def _work(self, chat: int, rows: deque[inbox.Waiting]) -> None:
        try:
            while rows:
                await self.turns.handle(rows[0].id, rows[0].body)
                self._read.discard(rows.popleft().id)
        except DBAPIError as error:
            log.error("an update waits for the database", why=errors.where(error))
            await asyncio.sleep(0.5)
            self._unread = True
        finally:
            self._read.difference_update(row.id for row in rows)
            del self._busy[chat]
            self._wake.set()

    def in_passing(self, raw: object) -> None:
        """An update that is not stored (`bot/inbox.py`): it is answered now, beside everything else, or not at all."""
        if self.turns.group is not None and self._passing < MOST_PASSING:
            self._passing += 1
            self.turns.group.create_task(self._pass(raw))

    async def _pass(self, raw: object) -> None:
        try:
            await self.turns.in_passing(raw)
        finally:
            self._passing -= 1
