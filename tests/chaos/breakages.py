"""Promises broken on purpose, in the child only: each must turn the oracle red."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiogram.types import Message, Update
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.inbox import Intake
from bot.people import Presence
from bot.textfiles import Fetched
from bot.worker import Worker
from handlers.staff import desk
from models import inbox
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Repeat, Sending
from scheduler import results
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
        self: Worker, row_id: int, update: Update, presence: Presence | None, fetched: Fetched | None
    ) -> None:
        async def look(session: AsyncSession) -> bool:
            waits = Incoming.id == row_id, Incoming.state == Handling.WAITING
            return await session.scalar(select(Incoming.id).where(*waits)) is not None

        async with self._turn(look) as mouth:
            if mouth is None:
                return
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

    Worker._run = run  # type: ignore[method-assign]


def know_only_notes() -> None:
    """A card that was posted, but not noted before the end, is not recognised when staff reply to it."""

    def number_shown(message: Message) -> int | None:
        return None

    desk._number_shown = number_shown


BREAKAGES: dict[str, Callable[[], None]] = {
    "acknowledge first": acknowledge_first,
    "repeat everything": repeat_everything,
    "call it sent": call_it_sent,
    "done later": done_later,
    "know only notes": know_only_notes,
}
