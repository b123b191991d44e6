"""The end of a shift: what is open is handed over, and a side that says nothing is reminded (`models/handovers.py`).

Each handover and each reminder has a transaction of its own. What was missed while the program was away is made only
while it is still news: a handover half an hour after the shift at the latest, a reminder some hours.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime

import structlog
from sqlalchemy.exc import OperationalError

from bot.toolbox import Toolbox
from models import handovers, stations, turns
from models.database import Database
from models.stations import Desk, Station

log = structlog.get_logger()


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Every handover that begins or waits at `now`."""
    calendar = toolbox.house.calendar
    today = calendar.day_of(now)
    ending: list[tuple[int, datetime]] = []
    async with database.reading() as session:
        for station in await stations.open_desks(session):
            if station.chat_id is not None and station.desk is not Desk.SUPERVISORS:
                # Shortly after midnight a shift of yesterday's may have ended.
                found = await turns.between(session, station, calendar.day_of(now - handovers.LATE), today, calendar)
                ending += [(station.id, end) for end in handovers.ending(found, now)]
        # Nobody is reminded at night.
        unsigned = [] if calendar.is_quiet(now) else await handovers.unsigned(session, now)
    for station_id, end in ending:
        await _safely(_begin(database, toolbox, station_id, end, now))
    for number, side in unsigned:
        await _safely(_follow_up(database, toolbox, number, side, now))


async def _begin(database: Database, toolbox: Toolbox, station_id: int, end: datetime, now: datetime) -> None:
    async with database.transaction() as session:
        station = await session.get_one(Station, station_id)
        if station.chat_id is not None:
            await handovers.begin(session, station, end, toolbox.house.calendar, now)


async def _follow_up(database: Database, toolbox: Toolbox, number: int, side: handovers.Side, now: datetime) -> None:
    async with database.transaction() as session:
        await handovers.follow_up(session, number, side, toolbox.house.calendar, now)


async def _safely(work: Awaitable[None]) -> None:
    """One that cannot be made holds up no other."""
    try:
        await work
    except OperationalError:
        raise
    except Exception as error:
        log.error("a handover was not made", why=type(error).__name__, exc_info=True)
