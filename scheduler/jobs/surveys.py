"""Surveys go their way: they open at their time, invite, remind those who have not finished, and close.

Invitations and reminders are written some hundred at a time, each lot in a transaction of its own, so that nobody who
speaks with the bot waits for fifty thousand; by day only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.toolbox import Toolbox
from models import outcomes, surveys
from models.database import Database
from models.surveys import Stage, Survey


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is due by now."""
    async with database.transaction() as session:
        await surveys.open_due(session, now)
    if not toolbox.house.calendar.is_quiet(now):
        await _invite(database, toolbox, now)
        await _remind(database, toolbox, now)
        await _tell(database, toolbox, now)
    async with database.transaction() as session:
        await outcomes.close_due(session, toolbox.house, now)
    await _conclude(database, toolbox, now)


async def _invite(database: Database, toolbox: Toolbox, now: datetime) -> None:
    async def some(session: AsyncSession, survey: Survey) -> int:
        return await surveys.invite_some(session, survey, toolbox.house, now) if surveys.is_open(survey, now) else 0

    await _by_lots(database, Stage.INVITING, some)


async def _remind(database: Database, toolbox: Toolbox, now: datetime) -> None:
    async def some(session: AsyncSession, survey: Survey) -> int:
        count = surveys.reminders_due(survey, now) if surveys.is_open(survey, now) else 0
        return await surveys.remind_some(session, survey, count, toolbox.house, now) if count else 0

    await _by_lots(database, Stage.OPEN, some)


async def _tell(database: Database, toolbox: Toolbox, now: datetime) -> None:
    async def some(session: AsyncSession, survey: Survey) -> int:
        return await outcomes.tell_some(session, survey, toolbox.house, now)

    await _by_lots(database, Stage.TELLING, some)


async def _conclude(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What may be told is worked out beside everybody else; nothing is put into a box meanwhile."""
    for number in await _numbers(database, Stage.COUNTING):
        async with database.reading() as session:
            survey = await surveys.get(session, number)
            results = await outcomes.results_of(session, survey, toolbox.house)
            words = await outcomes.sifted(session, survey, toolbox.house)
        async with database.transaction() as session:
            await outcomes.conclude(session, await surveys.get(session, number), results, words, now)


async def _by_lots(database: Database, stage: Stage, some: Callable[[AsyncSession, Survey], Awaitable[int]]) -> None:
    for number in await _numbers(database, stage):
        done = 1
        while done:
            async with database.transaction() as session:
                done = await some(session, await surveys.get(session, number))


async def _numbers(database: Database, *stages: Stage) -> list[int]:
    async with database.reading() as session:
        return [survey.id for survey in await surveys.in_stage(session, *stages)]
