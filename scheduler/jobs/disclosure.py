"""What time does with what the union discloses: the office hears what grows old, comments are reminded of and left
behind, a month's figures are frozen when it is a week over.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from bot.toolbox import Toolbox
from models import statistics
from models.database import Database
from models.union import comments, disclosure, moderation, open_figures


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`."""
    house = toolbox.house
    async with database.transaction() as session:
        await comments.leave(session, house, now)
        if not house.calendar.is_quiet(now):
            await moderation.remind(session, house, now)
            if house.calendar.is_open(now):
                await disclosure.alert(session, house, now)
    async with database.reading() as session:
        missing = await open_figures.missing(session, house.calendar, now)
    for month in missing:
        await _freeze(database, toolbox, month, now)


async def _freeze(database: Database, toolbox: Toolbox, month: date, now: datetime) -> None:
    """All tickets of the month are counted beside everybody else; what is written then is a moment's."""
    calendar, cell = toolbox.house.calendar, toolbox.settings.surveys.minimum_cell
    span = open_figures.span_of(month, calendar)
    counted = await database.aside(partial(statistics.count, span=span, calendar=calendar, now=now))
    async with database.transaction() as session:
        await open_figures.keep(session, month, counted, calendar, cell, now)
