"""Where each conversation stands: aiogram's states and what has been said so far, kept with everything else (law 2)."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json
from models.database import plainly


class Conversation(Base):
    """One person in one chat. The row goes when the conversation ends, and with it the draft."""

    __tablename__ = "conversations"

    key: Mapped[str] = mapped_column(primary_key=True)
    """bot:chat:person, as aiogram keys it."""
    state: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Standing(NamedTuple):
    """Where a conversation stands: aiogram's state and data."""

    state: str | None
    data: dict[str, Any]


NOWHERE = Standing(None, {})
"""Those who are in no conversation have no row."""

# Asked at every update: made once, and on the table, because nobody holds the row.
_table = cast(Table, Conversation.__table__)
_same = _table.c.key == bindparam("chat")
_READ = select(_table.c.state, _table.c.data).where(_same)
_BEGIN = insert(_table)
_CHANGE = update(_table).where(_same)
_END = delete(_table).where(_same)


async def read(session: AsyncSession, key: str) -> Standing:
    """Where this conversation stands."""
    row = (await plainly(session, _READ, {"chat": key})).first()
    return NOWHERE if row is None else Standing(row.state, row.data)


async def write(session: AsyncSession, key: str, before: Standing, after: Standing) -> None:
    """The conversation stood at `before`, as this session read or wrote it, and stands at `after` from now on."""
    if before == after:
        return
    if after == NOWHERE:
        await plainly(session, _END, {"chat": key})
    elif before == NOWHERE:
        await plainly(session, _BEGIN, {"key": key, "state": after.state, "data": after.data})
    else:
        await plainly(session, _CHANGE, {"chat": key, "state": after.state, "data": after.data})
