"""The list of those who were forgotten, beside the database: a backup from before must not bring them back."""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models.database import Database
from scheduler import expiring


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Write it anew where somebody was forgotten since."""
    await expiring.list_erased(toolbox.settings.erasures_file(), database, now)
