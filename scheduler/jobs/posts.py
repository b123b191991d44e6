"""The union's posts: whose term ends soon, a turn of the executive chair that begins (`models/union/matters.py`), and
an exchange whose day has come before anybody confirmed it. Who has not confirmed a handover is reminded with those of
the shifts (`duty.py`).
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models import outbox, stations
from models.database import Database
from models.outbox import Lane, Repeat
from models.union import exchanges, matters, posts, rota


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What is due at `now`: terms in working hours, turns from the morning on; each in a transaction of its own."""
    calendar = toolbox.house.calendar
    if calendar.is_quiet(now):
        return
    today = calendar.day_of(now)
    async with database.reading() as session:
        numbers = await rota.beginning(session, today)
    for number in numbers:
        async with database.transaction() as session:
            await matters.begin(session, number, calendar, now)
    async with database.transaction() as session:
        await exchanges.lapse(session, calendar, now)
    if calendar.is_open(now):
        async with database.transaction() as session:
            office = await stations.office(session)
            ending = await posts.to_tell(session, today) if office.chat_id is not None else []
            if ending:
                await outbox.post(
                    session,
                    now=now,
                    lane=Lane.NOTICE,
                    repeat=Repeat.NUMBERED,
                    chat_id=office.chat_id,
                    letter="posts",
                    payload={"what": "ending", "terms": ending},
                )
