"""What is no longer needed leaves: finished rows of inbox and outbox, updates nobody looked after, drafts nobody came
back to, and traces of what ended long ago; and what has left goes out of SQLite's log, too.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import delete, func, select

from bot.toolbox import Toolbox
from models import access, conversations, inbox, similar
from models.database import Database
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending

KEPT = 20_000
"""Finished rows that stay: a done update must be recognised for as long as Telegram may bring it again, which is a
day.
"""
FOLDED_AFTER = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each try: somebody who reads just then is through in a moment."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Keep the newest `KEPT` rows of each; finished rows carry no time, so their number says how old they are."""
    del toolbox
    async with database.transaction() as session:
        await conversations.leave_behind(session, (now - conversations.LEFT_AFTER).date())
        await inbox.give_up(session, now - inbox.ASIDE_FOR)
        await access.forget_old_tries(session, now)
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
    some = True
    while some:
        async with database.transaction() as session:
            some = await similar.sweep(session, now)
    for pause in FOLDED_AFTER:
        await asyncio.sleep(pause)
        if await database.fold():
            return
