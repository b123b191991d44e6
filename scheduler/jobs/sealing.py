"""What was done is sealed into the chain of the records (`models/seals.py`), each minute; one program does it, because
the clock is kept under the lease.

How each hundredth entry or so is sealed goes into the log: outside the database, so that an end cut off is seen.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from bot.toolbox import Toolbox
from models import seals
from models.database import Database

log = structlog.get_logger()

NOTED_EACH = 100
AT_ONCE = 1000
"""Rows read together: each look goes over the stragglers anew."""
WRITTEN = 100
"""Entries in a transaction, which holds the loop for some milliseconds."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Seal everything that has been committed: read and hashed away from the loop, written a few at a time."""
    del now
    count = 0
    while True:
        found, before = await seals.waiting(database.apart, AT_ONCE)
        lines = await asyncio.to_thread(seals.chained, toolbox.house.vault, found, before)
        for start in range(0, len(lines), WRITTEN):
            async with database.transaction() as session:
                await seals.keep(session, lines[start : start + WRITTEN])
        count += len(lines)
        if len(lines) < AT_ONCE:
            break
    last = lines[-1] if lines else before
    if count and last["id"] // NOTED_EACH != (last["id"] - count) // NOTED_EACH:
        log.info("the records are sealed", entries=last["id"], seal=last["seal"][:16])
