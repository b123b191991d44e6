"""Where each conversation stands: aiogram's states and what has been said so far, kept with everything else (law 2).

A draft holds words, and "add words to #12" beside a person would say whose #12 is (law 11). So a conversation is kept
under a tag of its place and sealed: without the key outside the database a row says that somebody, some day, was in the
middle of something.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import LargeBinary, Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.sessions import plainly
from models.vault import Vault


class Conversation(Base):
    """One person in one chat. The row goes when the conversation ends, and with it the draft."""

    __tablename__ = "conversations"

    place: Mapped[str] = mapped_column(primary_key=True)
    """A keyed tag of whose conversation it is."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    day: Mapped[date]
    """When it last went on, so that it can be left behind some day; never the time of day."""


class Standing(NamedTuple):
    """Where a conversation stands: aiogram's state and data."""

    state: str | None
    data: dict[str, Any]


NOWHERE = Standing(None, {})
"""Those who are in no conversation have no row."""

LEFT_AFTER = timedelta(days=14)
"""So long a draft waits for whoever began it."""


def key_of(bot_id: int, chat_id: int, user_id: int) -> str:
    """The key by which aiogram asks for somebody's conversation in a chat."""
    return f"chat:{bot_id}:{chat_id}:{user_id}"


PROMPT = "prompt"
"""What somebody was asked to write about a ticket is kept beside their conversation: whatever they begin, it stays."""


def beside(key: str, what: str) -> str:
    """The key of what is kept beside a conversation."""
    return f"{key}:{what}"


# Asked at every update: made once, and on the table, because nobody holds the row.
_table = cast(Table, Conversation.__table__)
_same = _table.c.place == bindparam("tag")
_READ = select(_table.c.sealed).where(_same)
_BEGIN = insert(_table)
_CHANGE = update(_table).where(_same)
_END = delete(_table).where(_same)


async def read(session: AsyncSession, key: str, vault: Vault) -> Standing:
    """Where the conversation that goes by this key stands."""
    tag = vault.tag("conversation", key)
    row = (await plainly(session, _READ, {"tag": tag})).first()
    return NOWHERE if row is None else Standing(*json.loads(vault.open(row.sealed, _context_of(tag))))


async def write(
    session: AsyncSession, key: str, before: Standing, after: Standing, vault: Vault, now: datetime
) -> None:
    """The conversation stood at `before`, as this session read or wrote it, and stands at `after` from now on."""
    if before == after:
        return
    tag = vault.tag("conversation", key)
    if after == NOWHERE:
        await plainly(session, _END, {"tag": tag})
        return
    values = {"sealed": vault.seal(json.dumps(after).encode(), _context_of(tag)), "day": now.date()}
    if before == NOWHERE:
        await plainly(session, _BEGIN, {"place": tag, **values})
    else:
        await plainly(session, _CHANGE, {"tag": tag, **values})


async def end(session: AsyncSession, key: str, vault: Vault) -> None:
    """Forget the conversation that goes by this key, if there is one."""
    await plainly(session, _END, {"tag": vault.tag("conversation", key)})


async def leave_behind(session: AsyncSession, until: date) -> None:
    """Forget the conversations that have not gone on since before this day."""
    await session.execute(delete(Conversation).where(Conversation.day < until))


def _context_of(tag: str) -> str:
    """What a conversation is bound to: in another one's place it does not open."""
    return f"conversation:{tag}"
