"""Promises broken on purpose, in the child only: each must turn the oracle red."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from aiogram.types import Message, Update
from sqlalchemy import bindparam, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.albums import Album
from bot.inbox import Intake
from bot.people import Presence
from bot.textfiles import Fetched
from bot.turns import Turns
from handlers.staff import desk
from models import albums, database, inbox, outbox, sqlite
from models.base import said
from models.inbox import Arrival, Handling, Incoming
from models.outbox import Outgoing, Repeat, Sending
from models.sqlite import InLoop
from models.vault import Vault
from scheduler import courier, results
from scheduler.courier import Courier


def acknowledge_first() -> None:
    """Law 1 broken: the next getUpdates goes out while these updates are still only in memory."""
    original = Intake.store
    late: set[asyncio.Task[None]] = set()

    async def store(self: Intake, raws: Sequence[object]) -> None:
        async def later() -> None:
            await asyncio.sleep(0.2)
            await original(self, raws)

        late.add(task := asyncio.ensure_future(later()))
        task.add_done_callback(late.discard)

    Intake.store = store  # type: ignore[method-assign]


def repeat_everything() -> None:
    """Law 6 broken: what may have arrived is said again, answers too."""
    original = Courier._recover

    async def recover(self: Courier) -> None:
        async with self._database.transaction() as session:
            rows = update(Outgoing).where(Outgoing.state == Sending.SENDING)
            await session.execute(rows.values(state=Sending.DUE, repeat=Repeat.NUMBERED))
        await original(self)

    Courier._recover = recover  # type: ignore[method-assign]


def call_it_sent() -> None:
    """Law 6 broken the other way: what may not have arrived is written down as sent."""

    async def end(session: Any, row: Outgoing, state: Sending, reason: str, now: Any, vault: Any) -> None:
        row.state, row.reason = Sending.SENT if state is Sending.UNKNOWN else state, reason

    results.end = end


def done_later() -> None:
    """Law 2 broken: an update's effect and its being done are two transactions."""

    async def run(
        self: Turns,
        row_id: int,
        update: Update,
        presence: Presence | None,
        fetched: Fetched | None,
        album: Album | None,
    ) -> None:
        async def look(session: AsyncSession) -> bool:
            waits = Incoming.id == row_id, Incoming.state == Handling.WAITING
            return await session.scalar(select(Incoming.id).where(*waits)) is not None

        async with self._turn(look) as mouth:
            if mouth is None:
                return
            if album is not None:
                vault = self._toolbox.house.vault
                await albums.remember(mouth.session, album.chat, album.group, vault, mouth.now, sign=album.sign)
            await self._dispatcher.feed_update(
                self._bot, update, session=mouth.session, now=mouth.now, presence=presence, fetched=fetched
            )
        self._committed()
        if update.message is not None and update.message.reply_to_message is not None:
            # Long enough for what staff said to be sent meanwhile.
            await asyncio.sleep(0.5)
        async with self._database.transaction() as session:
            assert await inbox.done(session, row_id)
        self._after(mouth.afterwards, update)

    Turns._run = run  # type: ignore[method-assign]


def know_only_notes() -> None:
    """A card that was posted, but not noted before the end, is not recognised when staff reply to it."""

    def number_shown(message: Message) -> int | None:
        return None

    desk._number_shown = number_shown


def keep_it_again() -> None:
    """Law 1 broken: an update that is here already is kept once more (and `SCHEMA` lets it)."""

    async def store(
        session: AsyncSession, bot_id: int, arrivals: Sequence[Arrival], vault: Vault, now: datetime
    ) -> int:
        for each in arrivals:
            sealed = inbox._seal(bot_id, each.update_id, each.chat, each.body, vault)
            session.add(
                Incoming(
                    bot_id=bot_id,
                    update_id=each.update_id,
                    chat=each.chat,
                    sealed=sealed,
                    received_at=now,
                    state=Handling.WAITING,
                )
            )
        return len(arrivals)

    inbox.store = store


def remember_no_key() -> None:
    """Law 9 broken: what has been said is said again when the same job comes again (likewise)."""

    async def has_said(session: AsyncSession, dedupe: str) -> bool:
        return False

    outbox.has_said = has_said


def begin_lazily() -> None:
    """Law 12 broken: a transaction of SQLite that reads first and writes later does not say so."""

    def do_begin(self: InLoop, dbapi_connection: Any) -> None:
        dbapi_connection.execute("BEGIN")

    InLoop.do_begin = do_begin  # type: ignore[method-assign]


def newest_first() -> None:
    """Law 4 broken: a chat's updates run in whatever order they are found."""
    original = inbox.waiting

    async def waiting(*args: Any, **kwargs: Any) -> list[inbox.Waiting]:
        return (await original(*args, **kwargs))[::-1]

    rows = inbox._inbox
    waits = rows.c.id == bindparam("row_id"), rows.c.state == said(Handling.WAITING)
    anybody = select(rows.c.id).where(*waits).scalar_subquery()
    nothing = {"state": Handling.DONE, "sealed": null(), "chat": null(), "received_at": null()}
    inbox.waiting, inbox._ITS_TURN = waiting, anybody
    inbox._DONE = update(rows).where(rows.c.id == anybody).values(nothing).returning(rows.c.id)


def sync_less() -> None:
    """Law 12 broken: a commit does not wait for the disk."""
    original = sqlite.connect

    def connect(path: Path, foreign_keys: bool = True) -> sqlite3.Connection:
        connection = original(path, foreign_keys)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    sqlite.connect = database.connect = connect  # type: ignore[attr-defined]


def leave_at_once() -> None:
    """Told to stop, the program does not wait for what is on its way."""
    courier.STOP_SECONDS = 0.0


BREAKAGES: dict[str, Callable[[], None]] = {
    "acknowledge first": acknowledge_first,
    "repeat everything": repeat_everything,
    "call it sent": call_it_sent,
    "done later": done_later,
    "know only notes": know_only_notes,
    "keep it again": keep_it_again,
    "remember no key": remember_no_key,
    "begin lazily": begin_lazily,
    "newest first": newest_first,
    "sync less": sync_less,
    "leave at once": leave_at_once,
}
SCHEMA = {
    "keep it again": "DROP INDEX uq_inbox_bot_id_update_id",
    "remember no key": "DROP INDEX uq_outbox_dedupe",
}
"""What has to go from the database as well, which would not have it otherwise."""
