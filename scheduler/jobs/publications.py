"""What is approved goes out at its time, in lots and by day; what was withdrawn is edited where it stands; what was
sent long ago is archived.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.toolbox import Toolbox
from models.database import Database
from models.house import House
from models.union import deliveries, publications
from models.union.publications import Publication, Stage

Some = Callable[[AsyncSession, Publication, House, datetime], Awaitable[int]]


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What is due at `now`."""
    house = toolbox.house
    async with database.transaction() as session:
        await deliveries.begin_due(session, house, now)
        await deliveries.archive_due(session, now)
    if house.calendar.for_many(now) == now:
        await _by_lots(database, Stage.SENDING, deliveries.send_some, house, now)
    await _by_lots(database, Stage.WITHDRAWN, deliveries.retract_some, house, now)


async def _by_lots(database: Database, stage: Stage, some: Some, house: House, now: datetime) -> None:
    async with database.reading() as session:
        numbers = [each.id for each in await publications.in_stage(session, stage)]
    for number in numbers:
        done = 1
        while done:
            async with database.transaction() as session:
                done = await some(session, await publications.get(session, number, locked=True), house, now)
