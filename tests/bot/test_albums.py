"""The look ahead at an album's caption: what waits in the inbox is looked through, and a first part waits a moment."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiogram.types import Update
from sqlalchemy import select

from bot.albums import LOOK_SECONDS, Albums, Overtaken, sign_of
from bot.inbox import arrival
from models import albums, inbox
from models.albums import HOLD, MOST, NOTE, WORDS, Part, Spoken
from models.database import Database
from models.inbox import Incoming
from tests.house import HOUSE

BOT, EAST, WANG, LI = 700000, -1007, 12, 13
PHOTO = [{"file_id": "x", "file_unique_id": "x", "width": 9, "height": 9}]
REPORT = {"message_id": 3, "date": 1, "chat": {"id": WANG, "type": "private"}, "text": "R-ABCD"}


def part(number: int, caption: str = "", sender: int = WANG, album: str | None = "a", **more: Any) -> dict[str, Any]:
    message = {
        "message_id": number,
        "date": 1_790_000_000,
        "chat": {"id": EAST, "type": "supergroup", "title": "East"},
        "from": {"id": sender, "is_bot": False, "first_name": "Wang"},
        **({"photo": PHOTO, "media_group_id": album} if album is not None else {"text": "words"}),
        **({"caption": caption} if caption else {}),
        **more,
    }
    return {"update_id": number, "message": message}


class Ahead:
    """An inbox, its clock in our hand, and what comes in while the first part is held."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.meanwhile: list[list[dict[str, Any]]] = []
        self.looks = 0
        self.albums = Albums(database, BOT, lambda: self.now, HOUSE.vault, self._pause)

    async def _pause(self, seconds: float) -> None:
        self.looks += 1
        self.now += timedelta(seconds=seconds)
        if self.meanwhile:
            await self.comes(*self.meanwhile.pop(0))

    async def comes(self, *raws: dict[str, Any]) -> None:
        async with self.database.transaction() as session:
            await inbox.store(session, BOT, [arrival(raw, self.now) for raw in raws], HOUSE.vault, self.now)

    async def look(self, raw: dict[str, Any]) -> tuple[str, str, bool] | None:
        """The album's sign, the caption this part is run with, and whether it is run at all."""
        async with self.database.reading() as session:
            row = await session.scalar(select(Incoming).where(Incoming.update_id == raw["update_id"]))
        assert row is not None
        found = await self.albums.look_ahead(row.id, Update.model_validate(json.loads(json.dumps(raw))))
        if found is None:
            return None
        assert found.update.message is not None
        return found.sign, found.update.message.caption or "", found.silent


@pytest.fixture
def ahead(database: Database, now: datetime) -> Ahead:
    return Ahead(database, now)


async def test_the_first_part_waits_for_the_caption_and_no_longer(ahead: Ahead) -> None:
    await ahead.comes(part(1))
    ahead.meanwhile = [[part(2)], [part(3, "// him"), part(4)]]
    assert await ahead.look(part(1)) == (NOTE, "", False)
    assert ahead.looks == 2


async def test_a_part_that_waits_in_vain_is_run_after_a_second(ahead: Ahead) -> None:
    begun = ahead.now
    await ahead.comes(part(1))
    ahead.meanwhile = [[part(2, sender=LI, album=None)]]
    assert await ahead.look(part(1)) == ("", "", False), "what others write says nothing of it"
    assert HOLD <= ahead.now - begun <= HOLD + timedelta(seconds=LOOK_SECONDS), "nor does it end the waiting"


async def test_a_clock_that_stands_still_holds_nobody_up(ahead: Ahead) -> None:
    async def pause(_: float) -> None:
        ahead.looks += 1

    ahead.albums.pause = pause
    await ahead.comes(part(1))
    assert await ahead.look(part(1)) == ("", "", False)
    assert ahead.looks <= HOLD.total_seconds() / LOOK_SECONDS + 1


@pytest.mark.parametrize(
    "rest",
    [[part(2, album=None)], [part(i) for i in range(2, MOST + 1)], [part(2, "Look")]],
    ids=["its sender goes on", "it is full", "the caption is there"],
)
async def test_an_album_that_is_here_is_not_waited_for(ahead: Ahead, rest: list[dict[str, Any]]) -> None:
    await ahead.comes(part(1), *rest)
    await ahead.look(part(1))
    assert ahead.looks == 0


async def test_after_a_while_away_nothing_is_held(ahead: Ahead) -> None:
    await ahead.comes(part(1))
    ahead.now += HOLD
    await ahead.look(part(1))
    assert ahead.looks == 0


@pytest.mark.parametrize(
    ("caption", "others"),
    [
        ("/ask Which?", ("/ask", "/ask", False)),
        ("/ask@union_bot Which?", ("/ask@union_bot", "/ask@union_bot", False)),
        ("／note 他", ("/note", "/note", False)),
        ("/tag x", ("/tag", "", True)),
        ("/备注 他", (NOTE, "", False)),
        ("Like this", (WORDS, "", False)),
    ],
)
async def test_each_part_comes_as_what_the_caption_says(ahead: Ahead, caption: str, others: Any) -> None:
    await ahead.comes(part(1), part(2, caption), part(3))
    assert await ahead.look(part(1)) == others
    assert await ahead.look(part(2, caption)) == (others[0], caption, False)


async def test_of_two_captions_the_one_with_a_slash_speaks(ahead: Ahead) -> None:
    await ahead.comes(part(1, "Look"), part(2, "/ask Which?"))
    assert await ahead.look(part(1, "Look")) == ("/ask", "/ask Look", False)


async def test_another_album_and_another_chat_say_nothing(ahead: Ahead) -> None:
    elsewhere = part(2, "// him")
    elsewhere["message"]["chat"] = {"id": -1008, "type": "supergroup", "title": "West"}
    await ahead.comes(part(1), elsewhere, part(3, "// him", album="b"))
    assert await ahead.look(part(1)) == ("", "", False)


async def test_a_student_s_album_is_theirs_to_the_letter(ahead: Ahead) -> None:
    """Alone with the bot only what is said about a report is looked at."""
    alone: dict[str, Any] = {"chat": {"id": WANG, "type": "private", "first_name": "W"}}
    replied = REPORT | {"from": {"id": BOT, "is_bot": True, "first_name": "Union"}}
    for number, (caption, reply, sign) in enumerate(
        [("// x", None, None), ("／／ x", replied, NOTE), ("/备注 x", replied, "/"), ("x", replied, WORDS)], 1
    ):
        more = alone | ({"reply_to_message": reply} if reply else {})
        raw = part(number, caption, album=str(number), **more)
        await ahead.comes(raw)
        assert await ahead.look(raw) == ((sign, caption, False) if sign is not None else None)


async def test_what_was_made_of_the_first_holds_for_what_comes_late(ahead: Ahead) -> None:
    async with ahead.database.transaction() as session:
        await albums.remember(session, EAST, "a", HOUSE.vault, ahead.now, sign=WORDS)
        await albums.remember(session, EAST, "a", HOUSE.vault, ahead.now, sign="/tag", asked={"writing": "note"})
        await albums.remember(session, EAST, "a", HOUSE.vault, ahead.now, sign=WORDS, asked={"writing": "tags"})
        assert await albums.recall(session, EAST, "a", HOUSE.vault) == Spoken("/tag", {"writing": "note"})
        assert await albums.recall(session, EAST, None, HOUSE.vault) == Spoken()
    await ahead.comes(part(1))
    assert await ahead.look(part(1)) == ("/tag", "", True)
    assert ahead.looks == 0


async def test_a_part_that_another_worker_has_made_something_of_meanwhile_is_looked_at_anew(ahead: Ahead) -> None:
    """Between the look and the transaction the first part was run elsewhere: this one is no answer."""
    await ahead.comes(part(2), part(3, sender=WANG, album=None))
    async with ahead.database.reading() as session:
        row = await session.scalar(select(Incoming.id).where(Incoming.update_id == 2))
    assert row is not None
    assumed = await ahead.albums.look_ahead(row, Update.model_validate(part(2)))
    assert assumed is not None
    assert assumed.sign == ""
    async with ahead.database.transaction() as session:
        await albums.remember(session, EAST, "a", HOUSE.vault, ahead.now, sign="/tag")
    async with ahead.database.transaction() as session:
        with pytest.raises(Overtaken):
            await ahead.albums.begun(session, assumed, ahead.now)
    again = await ahead.albums.look_ahead(row, Update.model_validate(part(2)))
    assert again is not None
    assert again.silent
    async with ahead.database.transaction() as session:
        await ahead.albums.begun(session, again, ahead.now)


def test_a_caption_is_words_a_note_or_a_command() -> None:
    signs = {"": WORDS, "x /tag": WORDS, "、、x": NOTE, "/tag": "/tag", "／ＴＡＧ x": "/tag", "/notes": NOTE}
    assert {each: sign_of(each, in_group=True) for each in signs} == signs


def test_nothing_of_an_album_that_is_gone_is_waited_for(now: datetime) -> None:
    """Somebody else has run it meanwhile."""
    assert albums.is_here([], "a", now)
    assert not albums.is_here([Part(1, now, WANG, "a", "")], "a", now)
