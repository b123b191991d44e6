"""What time does with sealed reports, major matters and mutes: what waited is delivered, deadlines are reminded
of, what was closed long ago is destroyed, mutes that are over go.
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models import casework, majors, mutes
from models.database import Database


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`."""
    house = toolbox.house
    async with database.transaction() as session:
        for case in await casework.open_ones(session):
            await casework.deliver_later(session, case, house, now)
            await casework.remind(session, case, house, now)
        await casework.destroy_old(session, house, now)
        for major in await majors.approved_lately(session, now):
            await majors.deliver(session, major, house.vault, now)
        await mutes.forget_over(session, now)
