"""Once a minute: the operator is told what is wrong with the program (`bot/alarms.py`).

Every process looks besides (`bot/watch.py`): a clock that stands still cannot say so.
"""

from __future__ import annotations

from datetime import datetime

from bot import alarms
from bot.toolbox import Toolbox
from models.database import Database


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is wrong by now."""
    await alarms.look(database, toolbox, now)
