"""What Telegram handed over, stored before it is acknowledged (law 1), and run once each in the order of its chat
(law 4).

What could not be handled is kept for a while, and sealed: it may be a report about staff, or the words of somebody who
wanted no name (law 11). Without the key outside the database such a row tells when it came and what went wrong where.
"""

from __future__ import annotations

import contextlib
import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import BigInteger, Index, LargeBinary, Table, Text, bindparam, exists, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of, only, said
from models.database import plainly
from models.vault import Vault

ASIDE_FOR = timedelta(days=30)
"""So long the operator can run again what was set aside; it holds, sealed, a chat and what was written there."""


class Handling(enum.StrEnum):
    """What became of an update."""

    WAITING = "waiting"
    DONE = "done"
    SET_ASIDE = "set_aside"
    """It could not be read or its handler failed; `incident` is the number the person was told."""


class Incoming(Base):
    """One update as Telegram sent it. Once done, only its number stays, so that a second delivery is recognised."""

    __tablename__ = "inbox"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    bot_id: Mapped[int] = mapped_column(BigInteger)
    update_id: Mapped[int] = mapped_column(BigInteger)
    chat: Mapped[int | None] = mapped_column(BigInteger)
    """The chat whose order it keeps; 0 when it belongs to none; forgotten when done, sealed when set aside."""
    body: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Chat and body of what was set aside, until it is done."""
    received_at: Mapped[datetime | None]
    state: Mapped[Handling] = mapped_column(one_of(Handling))
    incident: Mapped[str | None]
    error: Mapped[str | None]
    """The kind of mistake and where, never what the person wrote."""

    __table_args__ = (
        Index("uq_inbox_bot_id_update_id", "bot_id", "update_id", unique=True),
        Index("ix_inbox_waiting", "id", **only("state = 'waiting'")),
        Index("ix_inbox_aside", "id", **only("state = 'set_aside'")),
        Index("ix_inbox_chat", "chat", "id", **only("state = 'waiting'")),
    )


@dataclass(frozen=True)
class Arrival:
    """An update on its way into the inbox: its number, the chat whose order it keeps, and its JSON text."""

    update_id: int
    chat: int
    body: str
    error: str | None = None
    """Set when the update cannot be read at all: it is stored set aside."""


async def store(session: AsyncSession, bot_id: int, arrivals: Sequence[Arrival], vault: Vault, now: datetime) -> int:
    """Keep a batch; updates that are already here are passed over. Returns how many are new."""
    if not arrivals:
        return 0
    rows = []
    for arrival in arrivals:
        row = {"bot_id": bot_id, "update_id": arrival.update_id, "received_at": now, "error": arrival.error}
        if arrival.error:
            sealed = _seal(bot_id, arrival.update_id, arrival.chat, arrival.body, vault)
            row |= {"chat": None, "body": None, "sealed": sealed, "state": Handling.SET_ASIDE}
        else:
            row |= {"chat": arrival.chat, "body": arrival.body, "sealed": None, "state": Handling.WAITING}
        rows.append(row)
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(Incoming).on_conflict_do_nothing(index_elements=["bot_id", "update_id"]).returning(Incoming.id)
    return len((await session.scalars(statement, rows)).all())


class Waiting(NamedTuple):
    """An update that waits, as much of it as running it needs."""

    id: int
    chat: int
    body: str


async def waiting(session: AsyncSession, limit: int, vault: Vault, skip_chats: Sequence[int] = ()) -> list[Waiting]:
    """The oldest waiting updates, in order, leaving out these chats."""
    query = (
        select(Incoming.id, Incoming.chat, Incoming.body, Incoming.sealed, Incoming.bot_id, Incoming.update_id)
        .where(Incoming.state == said(Handling.WAITING))
        .order_by(Incoming.id)
        .limit(limit)
    )
    if skip_chats:
        query = query.where(Incoming.chat.not_in(skip_chats))
    found = []
    for row_id, chat, body, sealed, bot_id, update_id in await session.execute(query):
        if sealed is not None:
            # It runs again. With another key by now it cannot be read, and is set aside once more.
            with contextlib.suppress(ValueError):
                _, body = _open(sealed, bot_id, update_id, vault)
        found.append(Waiting(row_id, chat or 0, body or ""))
    return found


# Made once, because it is asked for every update and making it takes longer than asking it; and on the table, because
# no session holds such a row and SQLAlchemy prepares each change of a class anew.
_inbox = cast(Table, Incoming.__table__)
_before = _inbox.alias("before")
_ITS_TURN = (
    select(_inbox.c.id)
    .where(
        _inbox.c.id == bindparam("row_id"),
        _inbox.c.state == said(Handling.WAITING),
        ~exists().where(
            _before.c.chat == _inbox.c.chat,
            _before.c.chat != 0,
            _before.c.state == said(Handling.WAITING),
            _before.c.id < _inbox.c.id,
        ),
    )
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_DONE = (
    update(_inbox)
    .where(_inbox.c.id == _ITS_TURN)
    .values(state=Handling.DONE, body=null(), sealed=null(), chat=null(), received_at=null())
    .returning(_inbox.c.id)
)


async def done(session: AsyncSession, row_id: int) -> bool:
    """The update is having its effect in this transaction: forget what it said, who said it and when.

    False when somebody else has it or has done it, or when an earlier update of its chat still waits: the order of a
    chat is kept (law 4). Asked first, it keeps everybody else away until the transaction ends.
    """
    return (await plainly(session, _DONE, {"row_id": row_id})).first() is not None


async def set_aside(session: AsyncSession, row_id: int, incident: str, error: str, vault: Vault) -> bool:
    """The update could not be handled; sealed, it is kept for the operator to run again. False as in `done`."""
    row: Incoming | None = await session.scalar(select(Incoming).where(Incoming.id == _ITS_TURN), {"row_id": row_id})
    if row is None:
        return False
    row.state, row.incident, row.error = Handling.SET_ASIDE, incident, error
    _put_away(row, vault)
    return True


async def seal_what_is_aside(session: AsyncSession, vault: Vault) -> None:
    """Seal what an earlier version of the program set aside in clear."""
    for row in await aside(session):
        if row.body is not None:
            _put_away(row, vault)


def _put_away(row: Incoming, vault: Vault) -> None:
    if row.sealed is None:
        row.sealed = _seal(row.bot_id, row.update_id, row.chat, row.body, vault)
    row.chat = row.body = None


def _seal(bot_id: int, update_id: int, chat: int | None, body: str | None, vault: Vault) -> bytes:
    return vault.seal(json.dumps([chat, body]).encode(), _context_of(bot_id, update_id))


def _context_of(bot_id: int, update_id: int) -> str:
    """What it is bound to: in another row's place it does not open."""
    return f"inbox:{bot_id}:{update_id}"


def opened(row: Incoming, vault: Vault) -> tuple[int | None, str]:
    """Chat and body of what was set aside. Raises ValueError for another key."""
    if row.sealed is None:
        return row.chat, row.body or ""
    return _open(row.sealed, row.bot_id, row.update_id, vault)


def _open(sealed: bytes, bot_id: int, update_id: int, vault: Vault) -> tuple[int | None, str]:
    chat, body = json.loads(vault.open(sealed, _context_of(bot_id, update_id)))
    return chat, body or ""


def forget(row: Incoming) -> None:
    """Only the number stays, as of what is done."""
    row.state = Handling.DONE
    row.body = row.sealed = row.chat = row.received_at = None


async def give_up(session: AsyncSession, before: datetime) -> None:
    """Nobody has looked after what was set aside before this moment: it is forgotten like what is done."""
    for row in await aside(session):
        if row.received_at is not None and row.received_at < before:
            forget(row)


async def aside(session: AsyncSession) -> list[Incoming]:
    """The updates that were set aside, the oldest first."""
    return list(
        await session.scalars(select(Incoming).where(Incoming.state == said(Handling.SET_ASIDE)).order_by(Incoming.id))
    )


async def run_again(session: AsyncSession, row_ids: Sequence[int], vault: Vault) -> int:
    """Put updates that were set aside back into the queue, their words sealed until they are taken up. Returns how
    many: what another key has sealed stays.
    """
    count = 0
    for row in await aside(session):
        if row.id not in row_ids:
            continue
        try:
            chat, _ = opened(row, vault)
        except ValueError:
            continue
        row.chat, row.state, row.incident, row.error = chat, Handling.WAITING, None, None
        count += 1
    return count
