"""Surveys go their way: the calendar brings them, they open at their time, invite, remind those who have not finished,
and close.

Invitations and reminders are written some hundred at a time, each lot in a transaction of its own, so that nobody who
speaks with the bot waits for fifty thousand; by day only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.questionnaires import Opening, SurveyFile
from bot.toolbox import Toolbox
from models import invitations, outbox, outcomes, stations, surveys
from models.database import Database
from models.outbox import Lane, Repeat
from models.surveys import Stage, Survey

AHEAD = timedelta(days=3)
"""So long before it opens the office is told, to look at it once more."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Whatever is due by now."""
    if not toolbox.house.calendar.is_quiet(now):
        await _bring(database, toolbox, now)
    async with database.transaction() as session:
        await surveys.open_due(session, now)
    if toolbox.house.calendar.for_many(now) == now:
        await _invite(database, toolbox, now)
        await _remind(database, toolbox, now)
        await _tell(database, toolbox, now)
    async with database.transaction() as session:
        await outcomes.close_due(session, toolbox.house, now)
    await _conclude(database, toolbox, now)


async def _bring(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """What the calendar opens soon, or would have opened, is planned as its file is now, once; and the office is told.

    It is of the semester that has begun: the next one's dates may still change.
    """
    calendar = toolbox.house.calendar
    today = calendar.day_of(now)
    due = [
        (file, opening)
        for file in toolbox.surveys.values()
        for opening in file.openings(calendar)
        if opening.at - AHEAD <= now < file.closing(opening.at, calendar)
        and (opening.semester is None or opening.semester.starts <= today)
    ]
    if due:
        async with database.transaction() as session:
            for file, opening in due:
                await _plan(session, file, opening, toolbox, now)


async def _plan(session: AsyncSession, file: SurveyFile, opening: Opening, toolbox: Toolbox, now: datetime) -> None:
    calendar = toolbox.house.calendar
    moments = file.reminder_moments(opening.at, calendar)
    survey = await surveys.plan(
        session,
        key=file.key,
        questionnaire=file.questionnaire,
        opens_at=opening.at,
        closes_at=file.closing(opening.at, calendar),
        reminders=[moment for moment in moments if moment >= max(now, opening.at) + surveys.APART],
        target=file.target,
        cell=file.cell(toolbox.settings.surveys.minimum_cell),
        anonymous=file.anonymous,
        semester=opening.semester.name if opening.semester is not None else None,
        by_calendar=True,
    )
    office = await stations.office(session)
    if survey is not None and office.chat_id is not None:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=office.chat_id,
            letter="survey_planned",
            payload={"survey": survey.id},
            dedupe=f"survey_planned:{survey.id}",
        )


async def _invite(database: Database, toolbox: Toolbox, now: datetime) -> None:
    async def some(session: AsyncSession, survey: Survey) -> int:
        return await invitations.invite_some(session, survey, toolbox.house, now) if surveys.is_open(survey, now) else 0

    await _by_lots(database, Stage.INVITING, some)


async def _remind(database: Database, toolbox: Toolbox, now: datetime) -> None:
    async def some(session: AsyncSession, survey: Survey) -> int:
        count = surveys.reminders_due(survey, now) if surveys.is_open(survey, now) else 0
        return await invitations.remind_some(session, survey, count, toolbox.house, now) if count else 0

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
