"""An album is said once and comes as several messages, one picture each: what its caption makes of the picture it
stands under, it makes of all.

the caption may stand under any of them ─▶ the waiting updates of the chat are looked through before the first is run
none there yet ─▶ the first waits for the rest, `HOLD` at most; Telegram hands an album over within that
what was made of it ─▶ remembered beside the conversations, for the parts that come later

Remembered is a sign, never the caption: `WORDS`, `NOTE`, or the bare name of a command.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import conversations, inbox
from models.base import said
from models.conversations import NOWHERE, Standing
from models.inbox import Handling, Incoming
from models.vault import Vault

HOLD = timedelta(seconds=1)
"""Counted from when the part itself was stored: so long a part without a caption waits for one with it."""
KEPT = timedelta(days=1)
"""So long it is remembered what was made of an album."""
MOST = 10
"""Telegram's own limit for an album."""
LOOKED_THROUGH = 60
"""So many waiting updates of the chat: an album, and what others write there meanwhile."""

WORDS, NOTE = "words", "//"
"""Signs of a caption: words that are what anybody's words are there, and words that stay with the colleagues."""


class Part(NamedTuple):
    """What waits in the chat, as much of it as is looked at here."""

    row: int
    received_at: datetime
    sender: int | None
    album: str | None
    caption: str


class Spoken(NamedTuple):
    """What is remembered of an album whose parts have been run."""

    sign: str = ""
    """What its caption is; empty while none of them had one."""
    asked: dict[str, Any] | None = None
    """What the bot had asked for, and took the first of it as; empty where that was too long ago, and it took nothing.
    """


async def waiting(session: AsyncSession, row_id: int, chat: int, vault: Vault) -> list[Part]:
    """What waits in this chat from this update on, in order."""
    here = Incoming.chat == chat, Incoming.id >= row_id, Incoming.state == said(Handling.WAITING)
    rows = await session.scalars(select(Incoming).where(*here).order_by(Incoming.id).limit(LOOKED_THROUGH))
    return [part for row in rows if (part := _part(row, vault)) is not None]


def _part(row: Incoming, vault: Vault) -> Part | None:
    """None for what is no message, and for what cannot be read: that is set aside in its own turn."""
    try:
        message = json.loads(inbox.opened(row, vault)[1]).get("message")
    except (ValueError, AttributeError):
        return None
    if not isinstance(message, dict) or row.received_at is None:
        return None
    sender, album, caption = message.get("from"), message.get("media_group_id"), message.get("caption")
    number = sender.get("id") if isinstance(sender, dict) else None
    return Part(
        row.id,
        row.received_at,
        number if isinstance(number, int) else None,
        album if isinstance(album, str) else None,
        caption if isinstance(caption, str) else "",
    )


def captions(parts: Sequence[Part], album: str) -> list[str]:
    """The captions of this album that are here."""
    return [part.caption for part in parts if part.album == album and part.caption.strip()]


def is_here(parts: Sequence[Part], album: str, now: datetime) -> bool:
    """Whether nothing more of the album is waited for: it is full, its sender goes on with something else, or the first
    of these parts has waited long enough.
    """
    own = [part for part in parts if part.album == album]
    if not own or len(own) >= MOST or now >= own[0].received_at + HOLD:
        return True
    return any(part.sender == own[0].sender and part.album != album for part in parts)


def speaking(signs: Sequence[str]) -> str:
    """Which of these signs of one album speaks for it: the first that is more than words, because what is the
    colleagues' must not go out; empty when there is none.
    """
    meant = [sign for sign in signs if sign]
    return next((sign for sign in meant if sign != WORDS), WORDS if meant else "")


async def recall(session: AsyncSession, chat: int, album: object, vault: Vault) -> Spoken:
    """What is known of the album by this id in this chat; nothing where there is none."""
    if not isinstance(album, str):
        return Spoken()
    return _spoken(await conversations.read(session, _key(chat, album), vault))


async def remember(
    session: AsyncSession,
    chat: int,
    album: object,
    vault: Vault,
    now: datetime,
    *,
    sign: str = "",
    asked: dict[str, Any] | None = None,
) -> None:
    """For the parts that follow; what was asked for first stays."""
    if not isinstance(album, str):
        return
    before = await conversations.read(session, _key(chat, album), vault)
    known = _spoken(before)
    after = Spoken(speaking([known.sign, sign]), asked if known.asked is None else known.asked)
    if after != known:
        # As if begun so long ago that it goes tomorrow with what is left behind of conversations.
        begun = now - conversations.LEFT_AFTER + KEPT
        await conversations.write(session, _key(chat, album), before, Standing(None, after._asdict()), vault, begun)


def _spoken(standing: Standing) -> Spoken:
    return Spoken(**standing.data) if standing != NOWHERE else Spoken()


def _key(chat: int, album: str) -> str:
    return f"album:{chat}:{album}"
