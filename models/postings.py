"""Where the bot's messages about a ticket are: the card in a station's chat, and everything people may reply to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Key


class Card(Base):
    """The one message that shows a ticket in a chat, edited in place (law 7)."""

    __tablename__ = "cards"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    """The forum topic of its own; None in a plain group."""
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    """None until it is posted, and again when it was found to be gone."""
    digest: Mapped[str | None]
    """What was drawn last, hashed: an edit that changes nothing is not sent."""
    topic_name: Mapped[str | None]
    """What its topic is called."""
    topic_closed: Mapped[bool] = mapped_column(default=False)


class Posting(Base):
    """A message of the bot's about a ticket: what it shows, so that a reply finds its ticket and an edit its copy.

    In a station's chat the place is plain; in a private chat only the requester is named, whose chat may be sealed.
    """

    __tablename__ = "postings"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requesters.id"))
    message_id: Mapped[int] = mapped_column(BigInteger)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    words_id: Mapped[int | None] = mapped_column(ForeignKey("words.id"), index=True)
    prompt: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What a reply to it is, where the bot asked somebody of the staff to write something: `writing`, and what was
    chosen before. Empty once it was cancelled.
    """

    __table_args__ = (
        Index("ix_postings_place", "chat_id", "message_id"),
        Index("ix_postings_requester", "requester_id", "message_id"),
    )


async def in_chat(session: AsyncSession, chat_id: int, message_id: int) -> Posting | None:
    """What the bot's message in a station's chat is about."""
    posting: Posting | None = await session.scalar(
        select(Posting).where(Posting.chat_id == chat_id, Posting.message_id == message_id)
    )
    return posting


async def ask_nothing(session: AsyncSession, ticket_id: int, chat_id: int) -> None:
    """Every prompt about this ticket in this chat is cancelled."""
    prompts = Posting.ticket_id == ticket_id, Posting.chat_id == chat_id, Posting.prompt.is_not(None)
    for posting in await session.scalars(select(Posting).where(*prompts)):
        posting.prompt = {}


async def card_of(session: AsyncSession, ticket_id: int, chat_id: int) -> Card | None:
    """The ticket's card in this chat, posted or not."""
    return await session.get(Card, (ticket_id, chat_id))
