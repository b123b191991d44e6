"""A ticket that goes on from an earlier one: the matter is back, and it is too late to reopen the old ticket, or the
old one was somebody else's and has just been dealt with.

A link is kept between two tickets, never between a ticket and a person. It could say one thing of a person all the
same: whoever files under their name what goes on from an anonymous ticket of their own would name its author. Such a
link is refused.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import deadlines, requesters, similar, tickets
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action, Kind, State
from models.people import Person
from models.requesters import Requester
from models.tickets import Ticket

REOPEN_DAYS = 30


async def is_too_late(session: AsyncSession, ticket: Ticket, requester: Requester, now: datetime) -> bool:
    """Whether it was closed so long ago that it is no longer reopened, and they have not been asked since whether it is
    still fixed.
    """
    late = ticket.closed_at is not None and (now - ticket.closed_at).days >= REOPEN_DAYS
    return late and not await deadlines.has_called_back(session, ticket, requester)


async def may_go_on(session: AsyncSession, ticket: Ticket, requester: Requester, now: datetime) -> bool:
    """Whether a new ticket is the way to say that it is back."""
    if not tickets.allowed(ticket, Action.REOPEN) or ticket.kind is Kind.THANKS:
        return False
    return await is_too_late(session, ticket, requester, now)


async def check(
    session: AsyncSession, number: int, filer: Person, building: str | None, house: House, *, anonymous: bool
) -> None:
    """Whether a new ticket of this student may go on from this one.

    Raises Refusal when it is neither theirs nor one that is shown to whoever writes the same, and when the link would
    name an anonymous student.
    """
    old = await tickets.get(session, number)
    place = await requesters.find(session, number, filer, house.vault)
    if place is not None:
        if place.anonymous and not anonymous:
            raise Refusal("follow.names_you", number=number)
    elif old.state not in (State.RESOLVED, State.CLOSED) or not similar.may_be_offered(
        old.kind, old.building, building
    ):
        raise Refusal("ticket.unknown", number=number)


async def after(session: AsyncSession, ticket: Ticket) -> list[int]:
    """The numbers of the tickets that go on from this one."""
    return list(await session.scalars(select(Ticket.id).where(Ticket.follows_id == ticket.id).order_by(Ticket.id)))
