"""What was done is sealed into the chain of the records (`models/seals.py`), each minute; one program does it, because
the clock is kept under the lease.

How each hundredth entry or so is sealed goes into the log: outside the database, so that an end cut off is seen.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import select

from bot.toolbox import Toolbox
from models import seals
from models.database import Database
from models.seals import Link

log = structlog.get_logger()

NOTED_EACH = 100


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Seal everything that has been committed, a batch a transaction."""
    del now
    count = 0
    while True:
        async with database.transaction() as session:
            sealed = await seals.seal(session, toolbox.house.vault)
        count += sealed
        if sealed < seals.BATCH:
            break
    if not count:
        return
    async with database.reading() as session:
        last = (await session.scalars(select(Link).order_by(Link.id.desc()).limit(1))).one()
    if last.id // NOTED_EACH != (last.id - count) // NOTED_EACH:
        log.info("the records are sealed", entries=last.id, seal=last.seal[:16])
