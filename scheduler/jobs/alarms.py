"""Once a minute: the clock runs, and the operator is told what is wrong with the program (`bot/alarms.py`).

Every process looks besides (`bot/watch.py`): a clock that stands still cannot say so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import alarms
from bot.toolbox import Toolbox
from models import heartbeats
from models.database import Database

CLOCK_STANDS = timedelta(minutes=10)
"""From so long on a silence of the clock is remembered, where nobody wants to hear of it."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """The clock runs; and whatever is wrong by now."""
    stands = alarms.limits_of(toolbox.settings).clock or CLOCK_STANDS
    async with database.transaction() as session:
        await heartbeats.beat(session, heartbeats.CLOCK, now, stands)
    await alarms.look(database, toolbox, now)
