"""Words are taken back: those who said them may, and of the words nothing is kept but that there were some.

A student takes back what they said last about a ticket, staff an answer of theirs. Copies that stand in chats go, or
say that they were taken back; what has not left yet never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import asking, copies, letters, outbox, tickets, words
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action
from models.outbox import Outgoing, Sending
from models.people import Person
from models.postings import Posting
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Side, Words

# ---------------------------------------------------------------- students


async def last_of(session: AsyncSession, ticket: Ticket, requester: Requester) -> Sequence[Words]:
    """What this requester said last about the ticket and has not taken back: one message, or a whole album."""
    last = await session.scalar(_standing(ticket, requester).order_by(Words.id.desc()).limit(1))
    return await words.album_of(session, last) if last is not None else []


async def is_all(session: AsyncSession, ticket: Ticket, requester: Requester) -> bool:
    """Whether taking it back leaves nothing of what the ticket was filed for: then it is withdrawn with it."""
    if requester.number != 1:
        return False
    last = [said.id for said in await last_of(session, ticket, requester)]
    other = _standing(ticket, requester).where(Words.id.not_in(last)).limit(1)
    return bool(last) and await session.scalar(other) is None


async def retract(session: AsyncSession, ticket: Ticket, requester: Requester, house: House, now: datetime) -> bool:
    """Erase what they said last, here and where the bot has brought it. Returns whether the ticket is withdrawn by it.

    Raises Refusal when there is nothing (more) to take back, and when the ticket has ended.
    """
    last = await last_of(session, ticket, requester)
    if not last:
        raise Refusal("take_back.nothing", number=ticket.id)
    withdraws = await is_all(session, ticket, requester)
    await tickets.move(session, ticket, Action.TAKE_BACK, now, who=requester.number)
    for said in last:
        await _erase(session, said, now)
    filed = select(Words.content).where(Words.ticket_id == ticket.id, Words.at <= ticket.filed_at).order_by(Words.id)
    for name, value in asking.titles(list(await session.scalars(filed)), house).items():
        setattr(ticket, name, value)
    if withdraws:
        await asking.withdraw(session, ticket, requester, now)
    else:
        await tickets.redraw(session, ticket, now)
    return withdraws


def _standing(ticket: Ticket, requester: Requester) -> Select[Words]:
    return select(Words).where(
        Words.ticket_id == ticket.id, Words.requester_id == requester.id, Words.retracted_at.is_(None)
    )


# ---------------------------------------------------------------- staff


async def last_answer(session: AsyncSession, ticket_id: int, staff: Person) -> Words | None:
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


async def retract_answer(session: AsyncSession, said: Words, staff: Person, house: House, now: datetime) -> bool:
    """Take an answer back, with all of its album.

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
        certain &= await _erase(session, part, now)
        if part.content["was"] != "text":
            await _tell(session, ticket, part, house, now)
    await tickets.redraw(session, ticket, now)
    return certain


async def _tell(session: AsyncSession, ticket: Ticket, part: Words, house: House, now: datetime) -> None:
    """Whoever has had a picture or a file that is gone now is told, once an album; a text says so itself."""
    copies = select(Posting.requester_id).where(Posting.words_id == part.id, Posting.requester_id.is_not(None))
    for number in dict.fromkeys(await session.scalars(copies.order_by(Posting.id))):
        requester = await session.get_one(Requester, number)
        if not requester.left:
            dedupe = f"retracted:{part.album or part.id}"
            await letters.to_requester(
                session, ticket, requester, "ticket.retracted", house, now, dedupe=dedupe, keyboard="view"
            )


# ---------------------------------------------------------------- both


async def _erase(session: AsyncSession, said: Words, now: datetime) -> bool:
    """Returns False when nobody knows whether a copy arrived."""
    # The courier may be writing down a copy of these words right now: one of the two sees what the other did.
    await session.refresh(said, with_for_update=True)
    rows = await session.scalars(
        select(Outgoing).where(
            Outgoing.words_id == said.id,
            Outgoing.letter.in_(("words", "edited")),
            Outgoing.state.in_((Sending.DUE, Sending.UNKNOWN, Sending.FAILED)),
        )
    )
    certain = True
    for row in rows.all():
        certain &= row.state is not Sending.UNKNOWN
        row.state = Sending.SUPERSEDED
        outbox.forget(row)
    await words.retract(session, said, now)
    await copies.edited(session, said, now)
    return certain
