"""Somebody without Telegram comes to the station (现场来访): a ticket like any other, recorded by staff.

Whoever came is nobody here: a requester without a person and without an address. What they left to be reached by is
for the station only and goes some days after closing, as the keys to anonymous students do. Answers are written down
instead of sent, and what they say of the outcome is what staff heard.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import asking, audit, requesters, tickets
from models.asking import Draft
from models.base import Base
from models.errors import Refusal
from models.house import House
from models.lifecycle import ENDED
from models.people import Person
from models.requesters import Requester
from models.tickets import Ticket

CONTACT_LENGTH = 100
WAYS = ("spot", "phone")
"""How somebody is told: on the spot, by phone."""


class WalkIn(Base):
    """Who recorded a ticket for somebody, and how that somebody can be reached."""

    __tablename__ = "walkins"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    contact: Mapped[str | None]


async def record(
    session: AsyncSession, draft: Draft, staff: Person, contact: str | None, house: House, now: datetime
) -> Ticket:
    """File it as if they had written; routed and dated like any other.

    Raises Refusal when there are no words, or when the contact is too long.
    """
    contact = " ".join((contact or "").split()) or None
    if contact is not None and len(contact) > CONTACT_LENGTH:
        raise Refusal("walkin.contact_length", most=CONTACT_LENGTH)
    ticket = await asking.file(session, draft, None, house, now)
    session.add(WalkIn(ticket_id=ticket.id, staff_id=staff.id, contact=contact))
    await session.flush()
    await audit.record(session, "walkin", now, staff=staff, ticket_id=ticket.id)
    return ticket


async def of(session: AsyncSession, ticket: Ticket) -> WalkIn | None:
    """How the ticket was recorded; None for one that came by chat."""
    found: WalkIn | None = await session.get(WalkIn, ticket.id)
    return found


async def told(session: AsyncSession, ticket: Ticket, staff: Person, how: str, now: datetime) -> None:
    """Staff have told them, on the spot or by phone. Raises Refusal when it is no walk-in."""
    await _visitor(session, ticket)
    await tickets.step(session, ticket, "told", ticket.state, now, staff, {"how": how})


async def heard(
    session: AsyncSession, ticket: Ticket, staff: Person, solved: bool, house: House, now: datetime
) -> None:
    """What they said of the outcome: solved, or not. Raises Refusal when the ticket does not wait for it."""
    place = await _visitor(session, ticket)
    if solved:
        await asking.confirm(session, ticket, place, now)
    else:
        await asking.reopen(session, ticket, place, house, now)
    await audit.record(session, "walkin_heard", now, staff=staff, ticket_id=ticket.id, solved=solved)


async def rated(session: AsyncSession, ticket: Ticket, staff: Person, rating: int, now: datetime) -> None:
    """How satisfied they said they are, 1–5. Raises Refusal outside of it."""
    await asking.rate(session, ticket, await _visitor(session, ticket), rating, now)
    await audit.record(session, "walkin_rated", now, staff=staff, ticket_id=ticket.id)


async def forget(session: AsyncSession, until: datetime) -> None:
    """The contacts of those whose ticket ended before this moment go."""
    over = select(Ticket.id).where(Ticket.state.in_(ENDED), Ticket.closed_at <= until)
    await session.execute(
        update(WalkIn).where(WalkIn.contact.is_not(None), WalkIn.ticket_id.in_(over)).values(contact=None)
    )


async def _visitor(session: AsyncSession, ticket: Ticket) -> Requester:
    for place in await requesters.waiting.about(session, ticket.id):
        if place.walk_in:
            return place
    raise Refusal("walkin.none", number=ticket.id)
