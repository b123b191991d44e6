"""A student takes back what they said last about a ticket: their words are erased, that they were said is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import asking, letters, tickets, words
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Words


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
        raise Refusal("retract.nothing", number=ticket.id)
    withdraws = await is_all(session, ticket, requester)
    await tickets.move(session, ticket, Action.RETRACT, now, who=requester.number)
    for said in last:
        # The courier may be writing down a copy of these words right now: one of the two sees what the other did.
        await session.refresh(said, with_for_update=True)
        kind = str(said.content["type"])
        await words.retract(session, said, now)
        await letters.edited(session, said, now, kind=kind)
    filed = select(Words.content).where(Words.ticket_id == ticket.id, Words.at <= ticket.filed_at).order_by(Words.id)
    for name, value in asking.titles(list(await session.scalars(filed)), house).items():
        setattr(ticket, name, value)
    if withdraws:
        await asking.withdraw(session, ticket, requester, now)
    else:
        await letters.card(session, ticket, await tickets.station_of(session, ticket), now)
    return withdraws


def _standing(ticket: Ticket, requester: Requester) -> Select[Words]:
    return select(Words).where(
        Words.ticket_id == ticket.id, Words.requester_id == requester.id, Words.retracted_at.is_(None)
    )
