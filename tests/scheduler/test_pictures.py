"""Pictures that are asked for: one that cannot be drawn is given up, said so, and holds up no other."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.app import house_of
from bot.texts import Catalogue
from bot.toolbox import Toolbox
from models.database import Database
from models.outbox import Outgoing
from models.pictures import Picture
from scheduler.jobs import pictures
from tests.campus import settings
from tests.house import EAST, OFFICE
from tests.scheduler.test_surveys import OPENS

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
WHOLE = {"title": "Today", "bars": [{"label": "new", "value": 3, "text": "3", "alarm": False}], "notes": []}
BROKEN = {"title": "Today", "bars": [{"label": "new"}], "notes": []}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_cannot_be_drawn_is_said_and_holds_up_no_other(database: Database) -> None:
    toolbox = Toolbox(SETTINGS, house_of(SETTINGS), Catalogue.load(SETTINGS.timezone))
    async with database.transaction() as session:
        for chat, drawing in ((EAST, BROKEN), (OFFICE, {"survey": 99}), (EAST, WHOLE)):
            session.add(Picture(chat_id=chat, thread_id=7, language="en", caption="Today", drawing=drawing))
    await pictures.run(database, toolbox, OPENS)
    async with database.reading() as session:
        assert not list(await session.scalars(select(Picture)))
        *sorry, drawn = await session.scalars(select(Outgoing).order_by(Outgoing.id))
    told = [(row.chat_id, row.thread_id, row.method, (row.payload or {})["text"][:26]) for row in sorry]
    assert told == [(chat, 7, "sendMessage", "⚠️ What you asked to see c") for chat in (EAST, OFFICE)]
    assert (drawn.chat_id, drawn.method) == (EAST, "sendPhoto")
