"""Once a minute: the clock runs, and whoever looks can see it (`models/heartbeats.py`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import alarms
from bot.toolbox import Toolbox
from models import heartbeats
from models.database import Database

CLOCK_STANDS = timedelta(minutes=10)
"""From so long on a silence of the clock is remembered, where nobody wants to hear of it."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """The clock has come so far."""
    stands = alarms.limits_of(toolbox.settings).clock or CLOCK_STANDS
    async with database.transaction() as session:
        await heartbeats.beat(session, heartbeats.CLOCK, now, stands)
