"""Staff take back what they have said: the students' copies go, and of the words nothing is kept but that there were
some.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, outbox, tickets, words
from models.errors import Refusal
from models.lifecycle import Action
from models.outbox import Outgoing, Sending
from models.people import Person
from models.postings import Posting
from models.requesters import Requester
from models.tickets import Ticket
from models.words import EarlierWords, Side, Words


async def last_of(session: AsyncSession, ticket_id: int, staff: Person) -> Words | None:
    """The last answer this person has given to a ticket and not taken back."""
    found: Words | None = await session.scalar(
        select(Words)
        .where(
            Words.ticket_id == ticket_id,
            Words.side == Side.STAFF,
            Words.staff_id == staff.id,
            Words.retracted_at.is_(None),
        )
        .order_by(Words.id.desc())
        .limit(1)
    )
    return found


async def retract(session: AsyncSession, said: Words, staff: Person, now: datetime) -> bool:
    """Take an answer back, with all of its album. What has not left yet never does; copies that are there are deleted
    or say instead that the station has withdrawn it.

    Returns False when a copy is about which nobody knows whether it arrived: that one cannot be found. Raises Refusal
    for what is no answer, or has been taken back already.
    """
    if said.side is not Side.STAFF:
        raise Refusal("retract.no_answer")
    if said.retracted_at is not None:
        raise Refusal("retract.already")
    ticket = await tickets.get(session, said.ticket_id)
    await tickets.move(session, ticket, Action.RETRACT, now, staff)
    certain = True
    for part in await words.album_of(session, said):
        # The courier may be writing down a copy of these words right now: one of the two sees what the other did.
        await session.refresh(part, with_for_update=True)
        certain &= await _keep_back(session, part)
        seen_gone = part.content["type"] == "text"
        part.content = {"type": "text", "text": "", "was": part.content["type"]}
        part.edited_at = part.retracted_at = now
        await session.execute(delete(EarlierWords).where(EarlierWords.words_id == part.id))
        await letters.edited(session, part, now)
        if not seen_gone:
            await _tell(session, ticket, part, now)
    await tickets.redraw(session, ticket, now)
    return certain


async def _keep_back(session: AsyncSession, part: Words) -> bool:
    rows = await session.scalars(
        select(Outgoing).where(
            Outgoing.words_id == part.id,
            Outgoing.letter.in_(("words", "edited")),
            Outgoing.state.in_((Sending.DUE, Sending.UNKNOWN, Sending.FAILED)),
        )
    )
    certain = True
    for row in rows.all():
        certain &= row.state is not Sending.UNKNOWN
        row.state = Sending.SUPERSEDED
        outbox.forget(row)
    return certain


async def _tell(session: AsyncSession, ticket: Ticket, part: Words, now: datetime) -> None:
    """Whoever has had a picture or a file that is gone now is told, once an album; a text says so itself."""
    copies = select(Posting.requester_id).where(Posting.words_id == part.id, Posting.requester_id.is_not(None))
    for number in dict.fromkeys(await session.scalars(copies.order_by(Posting.id))):
        requester = await session.get_one(Requester, number)
        if not requester.left:
            dedupe = f"retracted:{part.album or part.id}"
            await letters.to_requester(
                session, ticket, requester, "ticket.retracted", now, dedupe=dedupe, keyboard="view"
            )
