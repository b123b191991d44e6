"""By night what is finished leaves, lot after lot (`models/ageing.py`); whoever writes meanwhile comes in between."""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot.toolbox import Toolbox
from models import ageing
from models.database import Database


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that may leave at `now`."""
    del toolbox
    async with database.transaction() as session:
        until = await ageing.mark(session, now)
    after: int | None = 0
    while after is not None:
        async with database.transaction() as session:
            after = await ageing.drop_updates(session, after, until)
        # Whoever stands in line for the writer goes first.
        await asyncio.sleep(0)
    after = 0
    while after is not None:
        async with database.transaction() as session:
            after = await ageing.drop_messages(session, after, now)
        await asyncio.sleep(0)
