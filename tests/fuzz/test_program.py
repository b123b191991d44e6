"""The program as the fuzz plays it: what is said gets out, also where it waits for an album's other pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from models import asking
from models.outbox import Outgoing, Sending
from models.postings import Card
from tests.campus import BEGIN, TOKEN
from tests.fuzz.program import EAST, program
from tests.house import HOUSE, draft, student

WANG = 20_001
PHOTO = [{"file_id": "x", "file_unique_id": "x", "width": 9, "height": 9}]


async def test_what_is_said_behind_an_album_gets_out(migrated: Path, tmp_path: Path) -> None:
    """The clock stood still, the album waited for its other pictures for ever, and what came after it with it."""
    async with program(migrated, tmp_path) as here:
        here.line.members[EAST].add(WANG)
        async with here.app.database.transaction() as session:
            await asking.file(session, draft(), await student(session), HOUSE, here.now)
        await here.speak()
        async with here.app.database.reading() as session:
            card = await session.scalar(select(Card.message_id))
        for what in ({"photo": PHOTO, "media_group_id": "a"}, {"text": "The plumber comes on Monday"}):
            await here.take([_reply(here.next_update, card, what)])
        await here.speak()
        async with here.app.database.reading() as session:
            said = await session.scalars(select(Outgoing.state).where(Outgoing.letter == "words"))
            assert set(said) == {Sending.SENT}


def _reply(number: int, card: int | None, what: dict[str, Any]) -> dict[str, Any]:
    group = {"id": EAST, "type": "supergroup", "title": "East"}
    bot = {"id": int(TOKEN.partition(":")[0]), "is_bot": True, "first_name": "Union"}
    shown = {"message_id": card, "date": 1, "chat": group, "from": bot, "text": "#1"}
    who = {"id": WANG, "is_bot": False, "first_name": "Wang"}
    about = {"message_id": 900 + number, "date": int(BEGIN.timestamp()), "chat": group, "from": who}
    return {"update_id": number, "message": {**about, "reply_to_message": shown, **what}}
