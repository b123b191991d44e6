"""Who came to a study or a training, as a table to the chat that asked for it: made apart from what waits."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Sequence
from datetime import datetime

from bot import study_tables
from bot.calls import Call
from bot.toolbox import Toolbox
from models import colleagues
from models.database import Database
from models.pictures import Picture
from models.union import gatherings, studies


async def made(database: Database, toolbox: Toolbox, wanted: Picture, now: datetime) -> Sequence[Call]:
    """The call that brings it, but for the chat. Raises whatever hinders it."""
    t = toolbox.t(wanted.language)
    async with database.reading() as session:
        it = await gatherings.get(session, wanted.drawing["gathering"])
        found = await studies.everybody(session, it)
        since = studies.first_day(it, toolbox.house.calendar)
        places = {who.id: [each.names for each in at] for who, at in await colleagues.since(session, since)}
    out = io.BytesIO()
    await asyncio.to_thread(study_tables.xlsx, it, found, places, out, t, now)
    file = {"$file": base64.b64encode(out.getvalue()).decode(), "name": f"attendance-{it.id}.xlsx"}
    return [Call("sendDocument", {"document": file})]
