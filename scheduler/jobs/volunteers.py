"""Volunteering goes its way: what is over is held, a free place is kept for the next who waits, whoever comes is
reminded, and a dispute that nobody answers goes to the office.
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models.database import Database
from models.union import hours, places, presence


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is due by now; what is said to students waits for the morning."""
    house = toolbox.house
    async with database.transaction() as session:
        await presence.hold_due(session, house, now)
        await hours.climb(session, now)
    async with database.transaction() as session:
        await places.ask_the_next(session, house, now)
        if not house.calendar.is_quiet(now):
            await presence.remind(session, house, now)
