"""What is no longer needed leaves: finished rows of inbox and outbox, and drafts nobody came back to."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from bot.toolbox import Toolbox
from models import conversations
from models.database import Database
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending

KEPT = 20_000
"""Finished rows that stay: a done update must be recognised for as long as Telegram may bring it again, which is a
day.
"""
LEFT_AFTER = timedelta(days=14)
"""So long a draft waits for whoever began it."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Keep the newest `KEPT` rows of each; finished rows carry no time, so their number says how old they are."""
    del toolbox
    async with database.transaction() as session:
        await conversations.leave_behind(session, (now - LEFT_AFTER).date())
        newest = await session.scalar(select(func.max(Incoming.id))) or 0
        await session.execute(delete(Incoming).where(Incoming.state == Handling.DONE, Incoming.id <= newest - KEPT))
        newest = await session.scalar(select(func.max(Outgoing.id))) or 0
        await session.execute(
            delete(Outgoing).where(
                Outgoing.state.in_([Sending.SENT, Sending.SUPERSEDED]),
                Outgoing.dedupe.is_(None),
                Outgoing.id <= newest - KEPT,
            )
        )
