"""Projects: bids are opened when their time has come, late milestones reminded of, and those who asked for a project
hear how far it is.
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models.database import Database
from models.union import milestones, tidings, undertaking


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`; many are only told in waking hours."""
    house = toolbox.house
    async with database.transaction() as session:
        await undertaking.open_due(session, house, now)
        if not house.calendar.is_quiet(now):
            await milestones.remind(session, house, now)
    told = house.calendar.for_many(now) <= now
    while told:
        async with database.transaction() as session:
            told = await tidings.tell_some(session, house, now)
