"""What came of a survey, to a chat of the union: in words, as pictures and as a table, made apart from what waits."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

from bot import survey_charts, survey_tables, surveys_told
from bot.calls import Call, text_call
from bot.surveyed import Told
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import outbox, outcomes, remarks
from models.database import Database
from models.outbox import Lane, Repeat
from models.pictures import Picture
from models.surveys import Survey


async def say(database: Database, toolbox: Toolbox, wanted: Picture, now: datetime) -> None:
    """Make everything that is wanted, and send it."""
    timezone = toolbox.settings.timezone
    async with database.reading() as session:
        survey = await session.get_one(Survey, wanted.drawing["survey"])
        before = [Told.of(each, timezone) for each in await outcomes.earlier(session, survey)]
        quotes = await remarks.quotes(session, survey.id)
    told, t = Told.of(survey, timezone, quotes).after(before), toolbox.t(wanted.language)
    calls = await asyncio.to_thread(_calls, told, t, toolbox, wanted.chat_id)
    async with database.transaction() as session:
        row = await session.get(Picture, wanted.id, with_for_update=True)
        if row is None:
            return
        for call in calls:
            await outbox.post(
                session,
                now=now,
                lane=Lane.NOTICE,
                repeat=Repeat.NUMBERED,
                chat_id=row.chat_id,
                method=call.method,
                payload=call.params,
            )
        await session.delete(row)


def _calls(told: Told, t: Texts, toolbox: Toolbox, chat_id: int) -> Sequence[Call]:
    calls = [text_call(text, {"chat_id": chat_id}) for text in surveys_told.told(told, t, toolbox.settings)]
    if told.results.completed < told.results.cell:
        return calls
    for picture in survey_charts.pictures(told, t):
        photo = {"photo": _file(picture.paper.png(), "results.png"), "caption": escape(picture.says)}
        calls.append(Call("sendPhoto", {"chat_id": chat_id, "parse_mode": "HTML", **photo}))
    book = io.BytesIO()
    survey_tables.xlsx(told, book, t, toolbox.settings)
    document = {"document": _file(book.getvalue(), f"survey-{told.number}.xlsx")}
    return [*calls, Call("sendDocument", {"chat_id": chat_id, **document})]


def _file(content: bytes, name: str) -> dict[str, Any]:
    return {"$file": base64.b64encode(content).decode(), "name": name}
