"""What time does with a ticket: which deadline counts, what is told above when it has passed, what ends by itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, tickets
from models.lifecycle import Action, State
from models.tickets import Ticket


def next_deadline(ticket: Ticket) -> tuple[str, datetime] | None:
    """The deadline that counts now, as claim, reply or resolve: the first that is still to be met.

    While the student has been asked something the resolution waits for them.
    """
    if ticket.claimed_by_id is None and ticket.claim_due is not None:
        return "claim", ticket.claim_due
    if ticket.replied_at is None and ticket.reply_due is not None:
        return "reply", ticket.reply_due
    if ticket.resolve_due is not None and ticket.state is not State.WAITING:
        return "resolve", ticket.resolve_due
    return None


async def escalate(session: AsyncSession, ticket: Ticket, level: int, overdue: str, now: datetime) -> None:
    """A deadline has passed: the next level up is told (督办). `overdue` is claim, reply or resolve."""
    await tickets.move(session, ticket, Action.ESCALATE, now, level=level, overdue=overdue)
    ticket.escalation = level
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def close_unanswered(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """Nobody objected in time: the ticket closes without a word on whether it is fixed."""
    await tickets.move(session, ticket, Action.CLOSE, now)
    ticket.closed_at = now
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)
