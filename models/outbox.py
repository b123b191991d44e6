"""Everything the bot says to a chat is first a row here; the courier sends it when its time has come (laws 3 and 5).

A row says where it goes, how urgent it is, what it is about and what happened to it. Two ways to say what is said:

- `method` + `payload`: a Telegram method with its parameters, as a handler wrote it; to one person, sealed
  (`sealed.py`);
- `letter` + `payload`: a name the toolbox draws when the courier gets to the row (a ticket's card as it is *then*, a
  notice in the language its reader has *then*, words relayed from one chat to the other).

Where it goes: `chat_id`, or, for the requester of an anonymous ticket, nothing but `requester_id`: the courier opens
the sealed address at the moment of sending, so that no row ever joins an anonymous ticket and a chat. Once sent, a
private row forgets its chat and its payload: only what staff may see of it remains (law 11). Its dedupe key stays,
because a job that runs again next week must find it; so a key never holds a person or a chat.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    Table,
    bindparam,
    case,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Key, one_of, only, said
from models.sessions import plainly


class Lane(enum.IntEnum):
    """Who goes first when Telegram's windows are tight: the lower number."""

    ANSWER = 0
    """The reply to what a person just did, and words from staff to a student."""
    TICKET = 1
    """Cards and relayed words in a station's chat."""
    NOTICE = 2
    """Reminders, warnings, escalations, receipts nobody is waiting for."""
    BROADCAST = 3
    """One text to many: takes what the others leave."""


class Sending(enum.StrEnum):
    """What became of a row."""

    DUE = "due"
    SENDING = "sending"
    """The courier has announced the attempt and not yet heard the end of it."""
    SENT = "sent"
    FAILED = "failed"
    """Telegram refused for good; `reason` says why."""
    UNKNOWN = "unknown"
    """It may have arrived and may not; a person decides whether to send it again."""
    SUPERSEDED = "superseded"
    """Something newer said the same before this was sent."""


A_SECOND = 28
"""So many messages leave in a second, at most, all chats together."""
BLOCKED = "blocked"
"""The reason of a row that failed because its reader does not want to hear from the bot. It stands here only, not with
the person: it would join those whom Telegram refused to the anonymous tickets whose answers it refused.
"""


class Repeat(enum.StrEnum):
    """What may be done when nobody knows whether an attempt arrived (law 6)."""

    FREELY = "freely"
    """Doing it twice changes nothing: edits, deletions, reactions."""
    NUMBERED = "numbered"
    """A visible ticket number makes a second copy harmless: cards, reminders."""
    NEVER = "never"
    """A second copy would be a second answer: ends as unknown."""


class Outgoing(Base):
    """One thing to say to one chat."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requesters.id"))
    queue: Mapped[str | None]
    """Rows with the same queue leave one after the other: the chat's id, or for a sealed address `requester:{id}`."""
    lane: Mapped[int]
    method: Mapped[str | None]
    letter: Mapped[str | None]
    payload: Mapped[dict[str, Any] | None] = mapped_column(Json)
    repeat: Mapped[Repeat] = mapped_column(one_of(Repeat))
    dedupe: Mapped[str | None]
    """Saying it twice is saying it once: the second row with the same key is not written. It names a ticket, a step and
    a requester (`claimed:12:3:45`); where it is about a person, it is a keyed tag.
    """
    topic: Mapped[str | None]
    """Of the due rows with the same topic only one is sent. A letter shows everything when it is drawn, so a second one
    is not written; a screen that stands as it was written is superseded by a newer one when its turn comes.
    """
    state: Mapped[Sending] = mapped_column(one_of(Sending), default=Sending.DUE)
    not_before: Mapped[datetime]
    holds: Mapped[bool] = mapped_column(default=False)
    """While its time has not come, what was written after it in its queue and lane waits too: an album that is still
    coming in, or a row that is tried again.
    """
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    words_id: Mapped[int | None] = mapped_column(ForeignKey("words.id"))

    __table_args__ = (
        CheckConstraint("(method IS NULL) <> (letter IS NULL)", name="method_or_letter"),
        Index("uq_outbox_dedupe", "dedupe", unique=True, **only("dedupe IS NOT NULL")),
        Index("ix_outbox_due", "lane", "id", **only("state = 'due'")),
        Index("ix_outbox_queue", "queue", **only("state = 'due'")),
        Index("ix_outbox_topic", "topic", **only("state = 'due' AND topic IS NOT NULL")),
        Index("ix_outbox_unknown", "not_before", **only("state = 'unknown'")),
        Index("ix_outbox_holds", "queue", "lane", "id", **only("state = 'due' AND holds = true")),
    )


DONE, PLAIN, WITHOUT = MARKS = ("$done", "$plain", "$without")
"""What the courier adds to a payload: how many of its calls have been made; that its formatting cannot be read; which
parameters its calls must do without.
"""
AT_ONCE = timedelta(minutes=5)
"""What waits no longer than that waits for an album's other pictures, not for a time of day."""
_DOUBTFUL = "doubtful"
DUE = said(Sending.DUE)
"""`Sending.DUE` in the words of the indexes above."""


# Made once, because they are asked for every row and making them takes longer than asking them; and on the table,
# because SQLAlchemy prepares each change of a class anew.
_outbox = cast(Table, Outgoing.__table__)
_private = _outbox.c.chat_id > 0
_FORGOTTEN = {
    "payload": None,
    "queue": case((_private, None), else_=_outbox.c.queue),
    "topic": case((_private, None), else_=_outbox.c.topic),
    "chat_id": case((_private, None), else_=_outbox.c.chat_id),
}
"""What `forget` does, as a statement does it; the same for all but words for a student that did not get through."""
_SAID = select(_outbox.c.id).where(_outbox.c.dedupe == bindparam("dedupe"))
# Locked, because the courier may be taking the row right now: then it no longer says what is so, and another has to.
_STILL_DUE = (
    select(_outbox.c.id).where(_outbox.c.topic == bindparam("topic"), _outbox.c.state == DUE).with_for_update().limit(1)
)
_SENT = (
    update(_outbox)
    .where(_outbox.c.id.in_(bindparam("numbers", expanding=True)), _outbox.c.state == Sending.SENDING)
    .values(state=Sending.SENT, reason=None, **_FORGOTTEN)
    .returning(_outbox.c.id)
)
_LEAVING = (
    update(_outbox)
    .where(_outbox.c.id.in_(bindparam("numbers", expanding=True)))
    .values(state=Sending.SENDING, attempts=_outbox.c.attempts + 1)
)
_WRITE = insert(_outbox)


async def post(
    session: AsyncSession,
    *,
    now: datetime,
    lane: Lane,
    repeat: Repeat,
    chat_id: int | None = None,
    requester_id: int | None = None,
    thread_id: int | None = None,
    method: str | None = None,
    letter: str | None = None,
    payload: dict[str, Any] | None = None,
    dedupe: str | None = None,
    topic: str | None = None,
    not_before: datetime | None = None,
    holds: bool = False,
    ticket_id: int | None = None,
    words_id: int | None = None,
) -> int | None:
    """Write one thing to say and return its number; None when `dedupe` or `topic` says that it is being said already.

    Give `chat_id`, or `requester_id` alone for somebody whose chat is sealed; neither where the sealed payload says
    whom it is for (`sealed.py`). `not_before` defaults to `now`.
    """
    if dedupe is not None and await has_said(session, dedupe):
        return None
    drawn_late = topic is not None and letter is not None
    if drawn_late and (await plainly(session, _STILL_DUE, {"topic": topic})).first() is not None:
        return None
    values = {
        "chat_id": chat_id,
        "requester_id": requester_id,
        "thread_id": thread_id,
        "queue": str(chat_id) if chat_id is not None else f"requester:{requester_id}" if requester_id else "sealed",
        "lane": lane,
        "method": method,
        "letter": letter,
        "payload": payload or {},
        "repeat": repeat,
        "dedupe": dedupe,
        "topic": topic,
        "not_before": not_before or now,
        "state": Sending.DUE,
        "holds": holds,
        "attempts": 0,
        "ticket_id": ticket_id,
        "words_id": words_id,
    }
    # Without what it does not have, and with what a column would fill in by itself: written so it takes a third less.
    values = {name: value for name, value in values.items() if value is not None}
    # Not as an object: nobody changes the row in this transaction, and each object would be a flush of its own.
    written = await plainly(session, _WRITE, values)
    number = int(cast(Row[Any], written.inserted_primary_key)[0])
    if _DOUBTFUL in session.info:
        session.info[_DOUBTFUL].append(number)
    return number


def doubt(session: AsyncSession) -> None:
    """Whatever is written from here on in this session may have been said before (`doubtful`)."""
    session.info[_DOUBTFUL] = []


async def doubtful(session: AsyncSession, now: datetime) -> Sequence[Outgoing]:
    """What was written since `doubt` and is to be said by now, or so soon that it had been; nothing where nobody
    doubts. What waits for the morning has been said by nobody.
    """
    numbers = session.info.get(_DOUBTFUL)
    if not numbers:
        return ()
    soon = Outgoing.state == DUE, Outgoing.not_before <= now + AT_ONCE
    return (await session.scalars(select(Outgoing).where(Outgoing.id.in_(numbers), *soon))).all()


def may_come_twice(row: Outgoing) -> bool:
    """Whether it may be sent where somebody else may have sent it: what bears a number or is only a change (law 6). A
    second answer would be another answer, and nobody wants a call to thousands again.
    """
    return row.repeat is Repeat.FREELY or (row.repeat is Repeat.NUMBERED and row.lane != Lane.BROADCAST)


async def has_said(session: AsyncSession, dedupe: str) -> bool:
    """Whether this has been written down to be said, whatever has become of it since."""
    return (await plainly(session, _SAID, {"dedupe": dedupe})).first() is not None


async def leaving(session: AsyncSession, numbers: Sequence[int]) -> None:
    """These rows, locked by this session, are about to be attempted."""
    await plainly(session, _LEAVING, {"numbers": list(numbers)})


async def sent(session: AsyncSession, numbers: Sequence[int]) -> frozenset[int]:
    """These rows have arrived and are forgotten, as `forget` does it, all at once.

    Returns those that were on their way until now: what ended otherwise meanwhile stays as it is.
    """
    ended = await plainly(session, _SENT, {"numbers": list(numbers)})
    return frozenset(ended.scalars())


async def call_off(session: AsyncSession, letter: str, about: str, number: int) -> None:
    """What has not been sent yet of the letters of this name whose payload says `about` this number is not sent."""
    waiting = await session.scalars(select(Outgoing).where(Outgoing.letter == letter, Outgoing.state == DUE))
    for row in waiting:
        if (row.payload or {}).get(about) == number:
            row.state = Sending.SUPERSEDED
            forget(row)


def forget(row: Outgoing) -> None:
    """Drop the words of a row that is finished, and in private chats the place too: neither is needed any more.

    Words for a student that did not arrive for certain keep how they were to be said: somebody may send them again.
    """
    if row.letter != "words" or row.state not in (Sending.FAILED, Sending.UNKNOWN):
        row.payload = None
    if row.chat_id is not None and row.chat_id > 0:
        row.chat_id = row.queue = row.topic = None
