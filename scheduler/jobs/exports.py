"""Files that the office asked for are made: outside of any transaction and in a process of its own, then handed to the
courier.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import datetime
from pathlib import Path

from bot import exports as files
from bot.toolbox import Toolbox
from models import exports, stations
from models.database import Database


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Make what is waiting, one after the other."""
    async with database.reading() as session:
        waiting = [(each.id, each.wish) for each in await exports.waiting(session)]
    for number, wish in waiting:
        with tempfile.TemporaryDirectory(prefix="unionbot") as folder:
            path, which = Path(folder) / "file", files.which(wish, toolbox.settings)
            language = toolbox.t(wish.get("language")).language
            rows = await files.apart(database, which, path, wish["format"], language, toolbox.settings, now)
            small = rows and path.stat().st_size <= files.MOST_IN_CHAT
            content = await asyncio.to_thread(path.read_bytes) if small else None
        async with database.transaction() as session:
            await exports.made(session, number, content, rows, await stations.office(session), now)
    async with database.transaction() as session:
        await exports.sweep(session, now)
