"""Quizzes end at their time, and the office is told what came of them."""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models import quizzes
from models.database import Database


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Close what is due."""
    del toolbox
    async with database.transaction() as session:
        await quizzes.close_due(session, now)
