"""What time does with a ticket: which deadline counts, what is told above when it has passed, what ends by itself, and
who is asked again afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, outbox, requesters, tickets
from models.house import House
from models.lifecycle import Action, State
from models.outbox import Lane
from models.requesters import Requester
from models.tickets import Ticket


def next_deadline(ticket: Ticket) -> tuple[str, datetime] | None:
    """The deadline that counts now, as claim, reply or resolve: the earliest that is still to be met.

    While the student has been asked something the resolution waits for them.
    """
    waits = ticket.state is State.WAITING
    counting = [(step, due) for step, due in ticket.unmet() if not (waits and step == "resolve")]
    return min(counting, key=lambda found: found[1], default=None)


async def escalate(session: AsyncSession, ticket: Ticket, level: int, overdue: str, now: datetime) -> None:
    """A deadline has passed: it climbs to this level (督办). `overdue` is claim, reply or resolve."""
    await tickets.move(session, ticket, Action.ESCALATE, now, level=level, overdue=overdue)
    setattr(ticket, f"{overdue}_level", level)
    station, first = await tickets.station_of(session, ticket), await tickets.responsible(session, ticket)
    await letters.card(session, ticket, station, now)
    if first.id != station.id:
        await letters.card(session, ticket, first, now)


async def close_unanswered(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """Nobody objected in time: the ticket closes without a word on whether it is fixed."""
    await tickets.move(session, ticket, Action.CLOSE, now)
    ticket.closed_at = now
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def call_back(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    """Some weeks after closing: is it still fixed? Asked once of everybody who waited (回访)."""
    key = _call_back_key(ticket)
    await letters.to_requesters(
        session, ticket, "ticket.call_back", house, now, dedupe=key, keyboard="fixed", lane=Lane.NOTICE
    )


async def is_to_call_back(session: AsyncSession, ticket: Ticket) -> bool:
    """Whether somebody who waited can be asked and has not been. Nobody reaches an anonymous student any more once the
    keys to them are destroyed.
    """
    for requester in await requesters.waiting.about(session, ticket.id):
        reached = requester.person_id is not None or requester.address is not None
        if reached and not await has_called_back(session, ticket, requester):
            return True
    return False


async def has_called_back(session: AsyncSession, ticket: Ticket, requester: Requester) -> bool:
    """Whether this requester was asked, since the ticket closed, whether it is still fixed."""
    return await outbox.has_said(session, f"{_call_back_key(ticket)}:{requester.id}")


def _call_back_key(ticket: Ticket) -> str:
    return f"call_back:{ticket.id}:{ticket.reopenings}"
