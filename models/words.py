"""What was said about a ticket: by students, by staff, and notes that never leave the station.

Content is kept as plain values (`Content`), never as a forwarded message: no mention, no origin, no hidden link goes
along (law 11). Where a message came from is kept only as a keyed tag, enough to find it again when it is edited.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Key, one_of
from models.questions import Question
from models.sessions import plainly

Content = Mapping[str, Any]
"""One message: `type` (text, photo, video, voice, video_note, audio, document, sticker, location, venue, contact,
animation) with `text` (words or caption, plain) and, by type, `file_id`, `file_name`, `latitude`, `longitude`, `title`,
`address`, `phone_number`, `first_name`, `last_name`; `album` is the same for all parts of an album."""


ERASED = "erased"
"""The type of words whose writer was forgotten; `was` says what they had been."""

ON_CARD = 2000
"""So much text of what a ticket was filed with is shown on its card, in UTF-16 units as Telegram counts."""


class Side(enum.StrEnum):
    """Who said it."""

    STUDENT = "student"
    STAFF = "staff"
    NOTE = "note"
    """Said by staff to each other; never sent to a student."""


class Words(Base):
    """One message about a ticket."""

    __tablename__ = "words"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    side: Mapped[Side] = mapped_column(one_of(Side))
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requesters.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    album: Mapped[str | None]
    source_tag: Mapped[str | None]
    at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    retracted_at: Mapped[datetime | None]
    """When whoever said it took it back: since then nothing of it is kept."""

    __table_args__ = (
        Index("ix_words_ticket_id", "ticket_id", "id"),
        Index("ix_words_requester_id", "requester_id", "at"),
        Index("ix_words_source_tag", "source_tag"),
    )


class EarlierWords(Base):
    """What a message said before it was edited."""

    __tablename__ = "earlier_words"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    words_id: Mapped[int] = mapped_column(ForeignKey("words.id"), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    until: Mapped[datetime]


said = Question[Words](select(Words).order_by(Words.id), Words.ticket_id)
"""What was said about a ticket, in order."""


_WRITE = insert(cast(Table, Words.__table__)).returning(Words.__table__.c.id)


async def write(session: AsyncSession, **fields: Any) -> Words:
    """Write one message down. What is returned says what was written and belongs to no session: an edit asks for the
    row itself.
    """
    written = await plainly(session, _WRITE, fields)
    return Words(id=written.scalar_one(), **fields)


def below_card(all_said: Sequence[Words], filed_at: datetime) -> list[Words]:
    """Of a student's words those that the card itself does not show whole, so that they have to be sent below it.

    That is everything but text, everything that came later, and all of the first text when it is too much for a card.
    """
    first_text = [w for w in all_said if w.at <= filed_at and w.content["type"] == "text"]
    length = sum(len(str(w.content.get("text", "")).encode("utf-16-le", "surrogatepass")) // 2 for w in first_text)
    gone = {w.id for w in all_said if w.retracted_at is not None or w.content["type"] == ERASED}
    return [w for w in all_said if w.id not in gone and (length > ON_CARD or w not in first_text)]


async def by_source(session: AsyncSession, source_tag: str) -> Words | None:
    """The words that came with the message of this tag, the newest when it was used for several tickets."""
    words: Words | None = await session.scalar(
        select(Words).where(Words.source_tag == source_tag).order_by(Words.id.desc()).limit(1)
    )
    return words


async def has_spoken(session: AsyncSession, requester_id: int, since: datetime) -> bool:
    """Whether this requester has said something since then."""
    said = select(Words.id).where(Words.requester_id == requester_id, Words.at >= since).limit(1)
    return await session.scalar(said) is not None


async def album_of(session: AsyncSession, words: Words) -> Sequence[Words]:
    """All parts of the album these words belong to, in order; the words alone when there is none. A part that is a note
    belongs to no album that a student gets.
    """
    return await in_album(session, words.ticket_id, words.album, words.side) if words.album is not None else [words]


async def in_album(session: AsyncSession, ticket_id: int, album: str, side: Side) -> Sequence[Words]:
    """What has come of this album so far that is said on this side, in order."""
    of = select(Words).where(Words.ticket_id == ticket_id, Words.album == album, Words.side == side)
    return list(await session.scalars(of.order_by(Words.id)))


async def change(session: AsyncSession, words: Words, content: Content, now: datetime) -> bool:
    """The message was edited: keep what it said. Returns False when nothing changed."""
    if dict(content) == words.content:
        return False
    session.add(EarlierWords(words_id=words.id, content=words.content, until=now))
    words.content, words.edited_at = dict(content), now
    return True


async def retract(session: AsyncSession, words: Words, now: datetime) -> None:
    """Erase what was said and everything it said before; an edit finds it no more. What kind it `was` is kept: it says
    what can still be done with its copies.
    """
    await session.execute(delete(EarlierWords).where(EarlierWords.words_id == words.id))
    words.content, words.source_tag = {"type": "text", "text": "", "was": words.content["type"]}, None
    words.edited_at = words.retracted_at = now


async def earlier(session: AsyncSession, ticket_id: int) -> list[tuple[Words, EarlierWords]]:
    """What the messages about a ticket said before they were edited, in the order of the edits."""
    rows = await session.execute(
        select(Words, EarlierWords)
        .join(EarlierWords, EarlierWords.words_id == Words.id)
        .where(Words.ticket_id == ticket_id)
        .order_by(EarlierWords.id)
    )
    return [(said, before) for said, before in rows]
