"""Study and training go their way: whoever has come since is called, those who are called are reminded, what is over is
held, and once a week the office hears whom the training has not reached.
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models.database import Database
from models.union import calling


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is due by now; nobody is written to at night."""
    house = toolbox.house
    async with database.transaction() as session:
        await calling.hold_due(session, house, now)
    if house.calendar.is_quiet(now):
        return
    async with database.transaction() as session:
        await calling.call_newcomers(session, house, now)
        await calling.remind(session, house, now)
        if house.calendar.is_open(now):
            await calling.tell_coverage(session, house, now)
