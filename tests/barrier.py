"""A barrier in front of what decides: two act at once, both have read the same, and only then both go on.

Where it stands depends on the database. PostgreSQL runs both transactions at the same time, so each is held in front of
its first statement that writes or locks anything: what they know by then is the same. SQLite has one writer; there both
stand in front of their transaction, with everything looked up that has to be known before it. Whoever is named first
goes on first, the other one as soon as that is committed, or both at the same moment.

The order of a chat would keep two people of one group apart (law 4). It is switched off for them, as if each had a chat
of their own: it is the database that has to settle it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from aiogram.types import Update
from sqlalchemy import event
from sqlalchemy.util import await_only

from bot import inbox
from bot.app import App
from bot.turns import Turns
from models.database import Database
from sandbox.client import Person

PATIENCE = 10.0
_side: ContextVar[Side | None] = ContextVar("side", default=None)


class Side:
    """One of the two, and how far they are."""

    def __init__(self, who: int | None, *, gives_way: bool) -> None:
        self.who = who
        """The Telegram number; None for the clock."""
        self.came, self.there, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.met = False
        """The other one had not gone past the barrier before."""
        self._gives_way = gives_way
        self.other: Side

    async def stand(self) -> None:
        """Until both are there, and it is one's turn. Raises TimeoutError when the other does not come."""
        if self.there.is_set():
            return
        self.there.set()
        async with asyncio.timeout(PATIENCE):
            await self.other.there.wait()
            self.met = not self.other.done.is_set()
            if self._gives_way:
                await self.other.done.wait()

    @contextlib.contextmanager
    def acts(self) -> Iterator[None]:
        """Inside, this side's work is done; it begins in front of the barrier."""
        self.came.set()
        token = _side.set(self)
        try:
            yield
        finally:
            _side.reset(token)
            self.there.set()
            self.done.set()


class Barrier:
    """Two people of a program that runs. Enter it, and each of them does one thing; left, both must have met."""

    def __init__(self, app: App, first: Person | None, second: Person | None, *, together: bool) -> None:
        """None is the clock."""
        self._app = app
        number = [each.id if each else None for each in (first, second)]
        self.first, self.second = Side(number[0], gives_way=False), Side(number[1], gives_way=not together)
        self.first.other, self.second.other = self.second, self.first

    async def __aenter__(self) -> Barrier:
        self._patch = patch = pytest.MonkeyPatch()
        patch.setattr(inbox, "_chat_of", lambda raw: raw["update_id"])
        run, barrier = Turns._run, self

        async def held(turns: Turns, row_id: int, update: Update, *known: Any) -> None:
            side = barrier._of(update)
            if side is None:
                await run(turns, row_id, update, *known)
                return
            with side.acts():
                await run(turns, row_id, update, *known)

        patch.setattr(Turns, "_run", held)
        if self._app.database.is_sqlite:
            transaction = Database.transaction

            @contextlib.asynccontextmanager
            async def after_it(database: Database) -> AsyncIterator[Any]:
                if (side := _side.get()) is not None:
                    await side.stand()
                async with transaction(database) as session:
                    yield session

            patch.setattr(Database, "transaction", after_it)
        else:
            event.listen(self._app.database.engine, "before_cursor_execute", _in_front)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            async with asyncio.timeout(PATIENCE):
                await self.first.done.wait()
                await self.second.done.wait()
        self._patch.undo()
        if not self._app.database.is_sqlite:
            event.remove(self._app.database.engine, "before_cursor_execute", _in_front)
        if kind is None:
            assert self.first.met, "they did not act at once"
            assert self.second.met, "they did not act at once"

    def _of(self, update: Update) -> Side | None:
        who = getattr(getattr(update.event, "from_user", None), "id", None)
        for side in (self.first, self.second):
            if who is not None and side.who == who and not side.came.is_set():
                return side
        return None


def _in_front(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    side, words = _side.get(), statement.split(None, 2)
    if side is None or side.there.is_set():
        return
    writes = words[0] in ("INSERT", "UPDATE", "DELETE") and "inbox" not in words[:3] and words[1] != "inbox"
    if writes or "FOR UPDATE" in statement or "FOR NO KEY UPDATE" in statement:
        if words[1] == "inbox":
            return
        await_only(side.stand())
