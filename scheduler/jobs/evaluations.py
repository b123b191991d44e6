"""The evaluation of staff: sheets are filled when a round has begun, the office hears when all can be read, and near
the end of a semester that none has begun.
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models import evaluations
from models.database import Database
from models.evaluations import EvaluationRound


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`; what goes through all tickets is asked beside everybody else."""
    house = toolbox.house
    async with database.reading() as session:
        begun = await evaluations.unfilled(session)
        counted = [(each.id, await evaluations.count(session, each, house)) for each in begun]
    for number, facts in counted:
        async with database.transaction() as session:
            await evaluations.fill(session, await session.get_one(EvaluationRound, number), facts, house, now)
    async with database.transaction() as session:
        await evaluations.announce(session, now)
        if not house.calendar.is_quiet(now):
            await evaluations.remind(session, house, now)
