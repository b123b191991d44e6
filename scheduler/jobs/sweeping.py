"""What is no longer needed leaves: updates nobody looked after, drafts nobody came back to, and traces of what ended
long ago; and what has left goes out of SQLite's log, too. Finished rows of inbox and outbox leave by night
(`ageing.py`).
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot.toolbox import Toolbox
from models import access, conversations, inbox, similar
from models.database import Database

FOLDED_AFTER = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each try: somebody who reads just then is through in a moment."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever may leave by now."""
    del toolbox
    async with database.transaction() as session:
        await conversations.leave_behind(session, (now - conversations.LEFT_AFTER).date())
        await inbox.give_up(session, now - inbox.ASIDE_FOR)
        await access.forget_old_tries(session, now)
    some = True
    while some:
        async with database.transaction() as session:
            some = await similar.sweep(session, now)
    for pause in FOLDED_AFTER:
        await asyncio.sleep(pause)
        if await database.fold():
            return
