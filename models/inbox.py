"""What Telegram handed over, stored before it is acknowledged (law 1), and run once each in the order of its chat
(law 4).

Every word of it is sealed before it is written: it may be a report about staff, an answer in an anonymous survey, or
the words of somebody who wanted no name, and whatever was once written stays in logs and old pages for a while (law
11). Without the key outside the database a row tells when it came, while it waits in which chat, and once it was set
aside what went wrong where.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import BigInteger, Index, LargeBinary, Table, bindparam, exists, func, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox
from models.base import Base, Key, one_of, only, said
from models.sessions import plainly
from models.vault import Vault

ASIDE_FOR = timedelta(days=30)
"""So long the operator can run again what was set aside; it holds, sealed, a chat and what was written there."""
PADDED = 512
"""Bytes of which what is sealed is a multiple: its length does not tell which button was pressed."""
IN_CLEAR = "in clear, until the program starts:"
"""Begins what an earlier version of the program left unsealed; migration 0021 puts it before each body."""


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
    """While it waits, the chat whose order it keeps; 0 when it belongs to none."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Chat and body, until it is done."""
    received_at: Mapped[datetime | None]
    state: Mapped[Handling] = mapped_column(one_of(Handling))
    incident: Mapped[str | None]
    error: Mapped[str | None]
    """The kind of mistake and where, never what the person wrote."""
    restored: Mapped[bool] = mapped_column(default=False)
    """A backup had it before it was run; whether it was run since, nobody knows."""

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
    rows = [
        {
            "bot_id": bot_id,
            "update_id": arrival.update_id,
            "chat": None if arrival.error else arrival.chat,
            "sealed": _seal(bot_id, arrival.update_id, arrival.chat, arrival.body, vault),
            "received_at": now,
            "state": Handling.SET_ASIDE if arrival.error else Handling.WAITING,
            "error": arrival.error,
        }
        for arrival in arrivals
    ]
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(Incoming).on_conflict_do_nothing(index_elements=["bot_id", "update_id"]).returning(Incoming.id)
    return len((await session.scalars(statement, rows)).all())


class Waiting(NamedTuple):
    """An update that waits, as much of it as running it needs."""

    id: int
    chat: int
    body: str
    """Empty when another key has sealed it: then it cannot be run, and is set aside as it is."""


async def waiting(session: AsyncSession, limit: int, vault: Vault, skip_chats: Sequence[int] = ()) -> list[Waiting]:
    """The oldest waiting updates, in order, leaving out these chats."""
    query = (
        select(Incoming.id, Incoming.chat, Incoming.sealed, Incoming.bot_id, Incoming.update_id)
        .where(Incoming.state == said(Handling.WAITING))
        .order_by(Incoming.id)
        .limit(limit)
    )
    if skip_chats:
        query = query.where(Incoming.chat.not_in(skip_chats))
    found = []
    for row_id, chat, sealed, bot_id, update_id in await session.execute(query):
        try:
            _, body = _open(sealed, bot_id, update_id, vault)
        except ValueError:
            body = ""
        found.append(Waiting(row_id, chat or 0, body))
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
    .values(state=Handling.DONE, sealed=null(), chat=null(), received_at=null())
    .returning(_inbox.c.restored)
)


async def done(session: AsyncSession, row_id: int) -> bool:
    """The update is having its effect in this transaction: forget what it said, who said it and when.

    False when somebody else has it or has done it, or when an earlier update of its chat still waits: the order of a
    chat is kept (law 4). Asked first, it keeps everybody else away until the transaction ends.
    """
    row = (await plainly(session, _DONE, {"row_id": row_id})).first()
    if row is not None and row.restored:
        outbox.doubt(session)
    return row is not None


async def set_aside(session: AsyncSession, row_id: int, incident: str, error: str) -> bool:
    """The update could not be handled; it is kept for the operator to run again. False as in `done`."""
    values = {"state": Handling.SET_ASIDE, "incident": incident, "error": error, "chat": null()}
    aside = update(_inbox).where(_inbox.c.id == _ITS_TURN).values(values).returning(_inbox.c.id)
    return (await session.execute(aside, {"row_id": row_id})).first() is not None


async def restored(session: AsyncSession) -> None:
    """A backup brought these rows: what has not been run in it may have been run since, and answered."""
    not_run = _inbox.c.state.in_([Handling.WAITING, Handling.SET_ASIDE])
    await session.execute(update(_inbox).where(not_run).values(restored=True))


async def seal_what_came_before(session: AsyncSession, vault: Vault) -> None:
    """Seal what an earlier version of the program left in clear, which the migration could not: it has no key."""
    mark = IN_CLEAR.encode()
    begins = func.substr(Incoming.sealed, 1, len(mark)) == mark
    for row in await session.scalars(select(Incoming).where(begins)):
        body = (row.sealed or b"").removeprefix(mark).decode()
        row.sealed = _seal(row.bot_id, row.update_id, row.chat, body, vault)
        if row.state is Handling.SET_ASIDE:
            row.chat = None


def _seal(bot_id: int, update_id: int, chat: int | None, body: str, vault: Vault) -> bytes:
    plain = json.dumps([chat, body]).encode()
    return vault.seal(plain.ljust(-(-len(plain) // PADDED) * PADDED), _context_of(bot_id, update_id))


def _context_of(bot_id: int, update_id: int) -> str:
    """What it is bound to: in another row's place it does not open."""
    return f"inbox:{bot_id}:{update_id}"


def opened(row: Incoming, vault: Vault) -> tuple[int | None, str]:
    """Chat and body of what is not done. Raises ValueError for another key."""
    return _open(row.sealed, row.bot_id, row.update_id, vault)


def _open(sealed: bytes | None, bot_id: int, update_id: int, vault: Vault) -> tuple[int | None, str]:
    chat, body = json.loads(vault.open(sealed or b"", _context_of(bot_id, update_id)))
    return chat, body


def forget(row: Incoming) -> None:
    """Only the number stays, as of what is done."""
    row.state = Handling.DONE
    row.sealed = row.chat = row.received_at = None


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
    """Put updates that were set aside back into the queue. Returns how many: what another key has sealed stays."""
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
