"""A station's group between one forum topic per ticket and one card below the other, and every open ticket with it.

A card is posted anew in the other mode, with what came with it below; where it stood before is said where the ticket is
now. The old message still leads to the ticket when somebody replies to it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, letters, outbox, postings, tickets
from models.errors import Refusal
from models.lifecycle import OPEN, State
from models.outbox import Lane, Repeat
from models.people import Person
from models.postings import Card, Posting
from models.stations import Station
from models.tickets import Ticket


def _movable(station: Station) -> list[ColumnElement[bool]]:
    return [
        or_(Ticket.station_id == station.id, Ticket.from_station_id == station.id),
        Ticket.state.in_((*OPEN, State.RESOLVED)),
    ]


async def count(session: AsyncSession, station: Station) -> int:
    """How many tickets would go along."""
    return int(await session.scalar(select(func.count()).select_from(Ticket).where(*_movable(station))) or 0)


async def switch(session: AsyncSession, station: Station, topics: bool, staff: Person, now: datetime) -> int:
    """From now on this mode. Returns how many tickets go along. Raises Refusal when it is so already."""
    if station.topics == topics or station.chat_id is None:
        raise Refusal("mode.already")
    station.topics = topics
    await audit.record(session, "mode", now, staff=staff, station=station.key, topics=topics)
    moved = 0
    async for ticket in tickets.one_by_one(session, *_movable(station)):
        await _move(session, ticket, station, station.chat_id, now)
        moved += 1
    return moved


async def topics_in(session: AsyncSession, chat_id: int, most: int) -> dict[int, int]:
    """The newest tickets that are still worked on and have a forum topic of their own in this chat: number → topic."""
    found = await session.execute(
        select(Card.ticket_id, Card.thread_id)
        .join(Ticket, Ticket.id == Card.ticket_id)
        .where(Card.chat_id == chat_id, Card.thread_id.is_not(None), Ticket.state.in_((*OPEN, State.RESOLVED)))
        .order_by(Card.ticket_id.desc())
        .limit(most)
    )
    return {number: thread for number, thread in found if thread is not None}


async def _move(session: AsyncSession, ticket: Ticket, station: Station, chat_id: int, now: datetime) -> None:
    card = await postings.card_of(session, ticket.id, chat_id)
    old, thread = (card.message_id, card.thread_id) if card is not None else (None, None)
    if card is not None:
        card.message_id = card.thread_id = card.digest = card.topic_name = None
        card.topic_closed = False
    # What stands below the old card is brought below the new one; an edit follows to the copy that is nearer.
    await session.execute(
        update(Posting)
        .where(Posting.ticket_id == ticket.id, Posting.chat_id == chat_id, Posting.words_id.is_not(None))
        .values(words_id=None)
    )
    await session.flush()
    await tickets.bring(session, ticket, station, now)
    if old is not None:
        await outbox.post(
            session,
            now=now,
            lane=Lane.TICKET,
            repeat=Repeat.FREELY,
            chat_id=chat_id,
            letter="moved",
            payload={"message_id": old, "thread_id": thread},
            ticket_id=ticket.id,
        )
    if thread is not None:
        await letters.topic_left(session, chat_id, thread, now)
