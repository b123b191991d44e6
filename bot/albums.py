"""What an album's caption makes of its pictures, found before the first of them is run (`models/albums.py`).

/ask … or /note … ─▶ each picture comes under that command     any other command ─▶ the other pictures say nothing
//… or a mistyped slash ─▶ a note, all of it                   words ─▶ each picture is what a picture is there

In a group every album is looked at; alone with the bot only one about a sealed report: a student's words are theirs to
the letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from aiogram.types import Message, Update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import GROUPS
from bot.sealed import CODE
from bot.toolbox import Clock
from bot.typed import TAKE_PICTURES, as_meant, is_command, is_note
from models import albums
from models.albums import HOLD, NOTE, WORDS
from models.database import Database
from models.vault import Vault

LOOK_SECONDS = 0.1
"""Between two looks at what else has come."""


class Album(NamedTuple):
    """What an album is by its caption, and the update as it is to be run."""

    chat: int
    group: str
    sign: str
    update: Update
    silent: bool = False
    """The words are a command elsewhere in the album, and this picture is no part of what it does."""


class Overtaken(Exception):
    """What an album is has become known since it was looked at."""


class Albums:
    """Looks ahead in the inbox on behalf of the worker."""

    def __init__(
        self,
        database: Database,
        bot_id: int,
        clock: Clock,
        vault: Vault,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database, self._bot_id, self._clock, self._vault = database, bot_id, clock, vault
        self.pause = pause

    async def look_ahead(self, row_id: int, update: Update) -> Album | None:
        """The album that this update is a part of; None for anything else. A part that bears no caption, and before
        which none of its album bore one, is held until the rest is here: `HOLD` by the clock, and no more looks than
        that takes where the clock stands still.
        """
        message = update.message
        if message is None or (group := message.media_group_id) is None or not self._is_looked_at(message):
            return None
        chat, in_group = message.chat.id, message.chat.type in GROUPS
        for _ in range(int(HOLD.total_seconds() / LOOK_SECONDS) + 1):
            async with self._database.reading() as session:
                parts = await albums.waiting(session, row_id, chat, self._vault)
                known = await albums.recall(session, chat, group, self._vault)
            signs = [sign_of(each, in_group) for each in albums.captions(parts, group)]
            if known.sign or known.asked is not None or signs or albums.is_here(parts, group, self._clock()):
                break
            await self.pause(LOOK_SECONDS)
        sign = albums.speaking([known.sign, *signs])
        return _as_part(update, message, Album(chat, group, sign, update), in_group)

    async def begun(self, session: AsyncSession, album: Album, now: datetime) -> None:
        """In the transaction that runs this part: what it makes of the album is remembered. Raises Overtaken where
        another worker has run a part meanwhile that makes something else of it.
        """
        known = await albums.recall(session, album.chat, album.group, self._vault)
        if albums.speaking([known.sign, album.sign]) != album.sign:
            raise Overtaken
        await self.remember(session, album, now)

    async def remember(self, session: AsyncSession, album: Album, now: datetime) -> None:
        """What this part makes of the album, also where the part itself is refused: the others, which bear no words,
        are no answer for that.
        """
        await albums.remember(session, album.chat, album.group, self._vault, now, sign=album.sign)

    def _is_looked_at(self, message: Message) -> bool:
        if message.chat.type in GROUPS:
            return True
        replied = message.reply_to_message
        if replied is None or replied.from_user is None or replied.from_user.id != self._bot_id:
            return False
        return CODE.search(replied.text or replied.caption or "") is not None


def sign_of(caption: str, in_group: bool) -> str:
    """What a caption is: `WORDS`, `NOTE`, or a command by its bare name; alone with the bot any slash of a command is
    "/", whichever it is.
    """
    if not in_group and caption.startswith("/") and not is_note(caption):
        return "/"
    meant = as_meant(caption).strip()
    if not meant.startswith("/"):
        return WORDS
    return meant.split(maxsplit=1)[0] if in_group and is_command(meant) else NOTE


def _as_part(update: Update, message: Message, album: Album, in_group: bool) -> Album:
    """The same with the update under the album's command, where that is one and this part has none of its own."""
    own = message.caption or ""
    if not in_group or album.sign in ("", WORDS, NOTE) or sign_of(own, in_group) != WORDS:
        return album
    if album.sign.partition("@")[0] not in TAKE_PICTURES:
        return album._replace(silent=True)
    under = {"caption": f"{album.sign} {own}".strip(), "caption_entities": None}
    return album._replace(update=update.model_copy(update={"message": message.model_copy(update=under)}))
