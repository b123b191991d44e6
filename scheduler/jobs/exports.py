"""Files that the office asked for are made: outside of any transaction and in a process of its own, then handed to the
courier.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from bot import exports as files
from bot.toolbox import Toolbox
from models import exports, stations
from models.database import Database
from scheduler.jobs import volunteer_files

log = structlog.get_logger()


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Make what is waiting, one after the other; the office is told of one that cannot be made, and the next comes."""
    async with database.transaction() as session:
        await exports.sweep(session, now)
    async with database.reading() as session:
        waiting = [(each.id, each.wish) for each in await exports.waiting(session)]
    for number, wish in waiting:
        content, rows = None, None
        try:
            if wish.get("what") == exports.REPORT_CARD:
                content, rows = await volunteer_files.report_card(database, toolbox, number, wish)
            else:
                content, rows = await _file(database, toolbox, wish, now)
        except Exception as error:
            log.error("an export was not made", export=number, why=type(error).__name__, exc_info=True)
        async with database.transaction() as session:
            await exports.made(session, number, content, rows, await stations.office(session), now)


async def _file(
    database: Database, toolbox: Toolbox, wish: Mapping[str, Any], now: datetime
) -> tuple[bytes | None, int]:
    """The bytes, None when there are none or too many, and how many tickets are in it. Raises whatever hinders it."""
    with tempfile.TemporaryDirectory(prefix="unionbot") as folder:
        path, which = Path(folder) / "file", files.which(wish, toolbox.settings)
        language = toolbox.t(wish.get("language")).language
        rows = await files.write_apart(database, which, path, wish["format"], language, toolbox.settings, now)
        small = rows and path.stat().st_size <= files.MOST_IN_CHAT
        return await asyncio.to_thread(path.read_bytes) if small else None, rows
