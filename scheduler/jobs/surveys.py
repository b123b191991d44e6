"""Surveys go their way: they open at their time, invite, remind those who have not finished, and close.

Invitations and reminders are written some hundred at a time, each lot in a transaction of its own, so that nobody who
speaks with the bot waits for fifty thousand; by day only.
"""

from __future__ import annotations

from datetime import datetime

from bot.toolbox import Toolbox
from models import surveys
from models.database import Database
from models.surveys import Stage, Survey


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is due by now."""
    async with database.transaction() as session:
        await surveys.open_due(session, now)
    if not toolbox.house.calendar.is_quiet(now):
        await _invite(database, toolbox, now)
        await _remind(database, toolbox, now)


async def _invite(database: Database, toolbox: Toolbox, now: datetime) -> None:
    for number in await _numbers(database, Stage.INVITING):
        while True:
            async with database.transaction() as session:
                survey = await session.get_one(Survey, number)
                if not surveys.is_open(survey, now) or not await surveys.invite_some(
                    session, survey, toolbox.house, now
                ):
                    break


async def _remind(database: Database, toolbox: Toolbox, now: datetime) -> None:
    for number in await _numbers(database, Stage.OPEN):
        while True:
            async with database.transaction() as session:
                survey = await session.get_one(Survey, number)
                count = surveys.reminders_due(survey, now)
                if (
                    not count
                    or not surveys.is_open(survey, now)
                    or not await surveys.remind_some(session, survey, count, toolbox.house, now)
                ):
                    break


async def _numbers(database: Database, *stages: Stage) -> list[int]:
    async with database.reading() as session:
        return [survey.id for survey in await surveys.in_stage(session, *stages)]
