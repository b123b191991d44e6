"""Those who were forgotten part from their anonymous tickets, each ticket at a moment of its own."""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models import forgetting
from models.database import Database


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is due by now."""
    del toolbox
    async with database.transaction() as session:
        await forgetting.part_due(session, now)
