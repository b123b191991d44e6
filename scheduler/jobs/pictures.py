"""Pictures that a handler asked for are drawn here, outside of any transaction, and sent."""

from __future__ import annotations

import asyncio
from datetime import datetime

from bot import charts
from bot.toolbox import Toolbox
from models import pictures
from models.database import Database
from models.outbox import Lane
from models.pictures import Picture
from scheduler.jobs import survey_results


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Draw what is wanted."""
    async with database.reading() as session:
        found = await pictures.wanted(session)
    for wanted in found:
        if "survey" in wanted.drawing:
            await survey_results.say(database, toolbox, wanted, now)
            continue
        png = await asyncio.to_thread(charts.draw, wanted.drawing)
        async with database.transaction() as session:
            row = await session.get(Picture, wanted.id, with_for_update=True)
            if row is None:
                continue
            await pictures.say(session, row.chat_id, png, row.caption, now, thread_id=row.thread_id, lane=Lane.ANSWER)
            await session.delete(row)
