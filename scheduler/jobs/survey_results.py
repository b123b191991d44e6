"""What came of a survey, to a chat of the union: in words, as pictures and as tables, made apart from what waits."""

from __future__ import annotations

import asyncio
import base64
import io
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from bot import survey_charts, survey_tables, surveys_told
from bot.calls import Call, text_call
from bot.surveyed import Told
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import outcomes, remarks
from models.database import Database
from models.pictures import Picture
from models.surveys import Survey


async def made(database: Database, toolbox: Toolbox, wanted: Picture) -> Sequence[Call]:
    """The calls that say what is wanted, but for the chat. Raises whatever hinders it."""
    timezone = toolbox.settings.timezone
    async with database.reading() as session:
        survey = await session.get_one(Survey, wanted.drawing["survey"])
        before = [Told.of(each, timezone) for each in await outcomes.earlier(session, survey)]
        quotes = await remarks.quotes(session, survey.id)
    told, t = Told.of(survey, timezone, quotes).after(before), toolbox.t(wanted.language)
    make = _table if wanted.drawing.get("csv") else _everything
    return await asyncio.to_thread(make, told, t, toolbox)


def _everything(told: Told, t: Texts, toolbox: Toolbox) -> Sequence[Call]:
    pictures = survey_charts.pictures(told, t) if told.results.completed >= told.results.cell else []
    calls = [text_call(text, {}) for text in surveys_told.told(told, t, toolbox.settings, len(pictures))]
    if told.results.completed < told.results.cell:
        return calls
    for picture in pictures:
        photo = {"photo": _file(picture.paper.png(), "results.png"), "caption": escape(picture.says)}
        calls.append(Call("sendPhoto", {"parse_mode": "HTML", **photo}))
    book = io.BytesIO()
    survey_tables.xlsx(told, book, t, toolbox.settings)
    return [*calls, _document(book.getvalue(), f"survey-{told.number}.xlsx")]


def _table(told: Told, t: Texts, toolbox: Toolbox) -> Sequence[Call]:
    """One long CSV; of too few answers the words that say so."""
    if told.results.completed < told.results.cell:
        return [text_call(text, {}) for text in surveys_told.told(told, t, toolbox.settings)]
    with tempfile.TemporaryDirectory(prefix="unionbot") as folder:
        path = Path(folder) / f"survey-{told.number}.csv"
        survey_tables.csv(told, path, t, toolbox.settings)
        return [_document(path.read_bytes(), path.name)]


def _document(content: bytes, name: str) -> Call:
    return Call("sendDocument", {"document": _file(content, name)})


def _file(content: bytes, name: str) -> dict[str, Any]:
    return {"$file": base64.b64encode(content).decode(), "name": name}
