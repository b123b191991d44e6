"""In the weeks 8, 12 and 16 of a semester the union is told what it still has to do."""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models.database import Database
from models.union import floors


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What is due at `now`; on the first working hour of such a week, or as soon as somebody works again."""
    calendar = toolbox.house.calendar
    if calendar.is_open(now):
        async with database.transaction() as session:
            await floors.warn(session, calendar, now)
