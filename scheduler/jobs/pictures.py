"""Pictures that a handler asked for are drawn here, outside of any transaction, and sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot import charts
from bot.calls import Call, text_call
from bot.toolbox import Toolbox
from models import outbox, pictures
from models.database import Database
from models.outbox import Lane, Repeat
from models.pictures import Picture
from scheduler.jobs import study_tables, survey_results, volunteer_files

log = structlog.get_logger()


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Draw what is wanted, one after the other; the chat is told of one that cannot be drawn, and the next comes."""
    async with database.reading() as session:
        found = await pictures.wanted(session)
    for wanted in found:
        png: bytes | None = None
        pdf: bytes | None = None
        calls: Sequence[Call] = ()
        try:
            if "survey" in wanted.drawing:
                calls = await survey_results.made(database, toolbox, wanted)
            elif "gathering" in wanted.drawing:
                calls = await study_tables.made(database, toolbox, wanted, now)
            elif "certificate" in wanted.drawing:
                pdf = await volunteer_files.certificate(database, toolbox, wanted, now)
            else:
                png = await asyncio.to_thread(charts.draw, wanted.drawing)
        except Exception as error:
            log.error("a picture was not drawn", picture=wanted.id, why=type(error).__name__, exc_info=True)
            calls = [text_call(toolbox.t(wanted.language)("picture.failed"), {})]
        async with database.transaction() as session:
            row = await session.get(Picture, wanted.id, with_for_update=True)
            if row is None:
                continue
            if png is not None:
                await pictures.say(
                    session, row.chat_id, png, row.caption, now, thread_id=row.thread_id, lane=Lane.ANSWER
                )
            if pdf is not None:
                await volunteer_files.bring(session, row.chat_id, pdf, toolbox, now)
            for call in calls:
                await _post(session, row, call, now)
            await session.delete(row)


async def _post(session: AsyncSession, row: Picture, call: Call, now: datetime) -> None:
    where = {"message_thread_id": row.thread_id} if row.thread_id is not None else {}
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=row.chat_id,
        thread_id=row.thread_id,
        method=call.method,
        payload={**call.params, **where},
    )
