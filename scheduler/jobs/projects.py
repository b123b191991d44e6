"""Projects: bids are opened when their time has come, late milestones reminded of, and those who asked for a project
hear how far it is.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError

from bot.toolbox import Toolbox
from models.database import Database
from models.union import milestones, tidings, undertaking

log = structlog.get_logger()


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`; many are only told in waking hours."""
    house = toolbox.house
    async with database.reading() as session:
        over = await undertaking.over(session, now)
    for number in over:
        try:
            async with database.transaction() as session:
                await undertaking.open_bids(session, number, house, now)
        except DBAPIError:
            raise
        except Exception as error:
            # One whose bids another key has sealed keeps no others waiting.
            log.error("bids were not opened", project=number, why=type(error).__name__, exc_info=True)
    async with database.transaction() as session:
        if not house.calendar.is_quiet(now):
            await milestones.remind(session, house, now)
    told = house.calendar.for_many(now) <= now
    while told:
        async with database.transaction() as session:
            told = await tidings.tell_some(session, house, now)
