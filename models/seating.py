"""A place gets a chat, another one, or is closed: its open tickets follow, with their cards and what came with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, stations, tickets
from models.house import House
from models.lifecycle import OPEN, Action, State
from models.stations import Station
from models.tickets import Ticket


async def post_open_cards(session: AsyncSession, station: Station, now: datetime) -> int:
    """A place has a (new) chat: every open ticket of its own gets its card there, with what came with it, as far as it
    is not there already. Returns how many.
    """
    count = 0
    async for ticket in tickets.one_by_one(session, Ticket.station_id == station.id, Ticket.state.in_(OPEN)):
        await tickets.bring(session, ticket, station, now)
        count += 1
    return count


async def follow_chat(session: AsyncSession, old: int, new: int, now: datetime) -> None:
    """A group became a supergroup with another number: the station that sat there and all its open cards follow."""
    station = await stations.chat_moved(session, old, new, now)
    if station is not None:
        await post_open_cards(session, station, now)


async def leave_closed(session: AsyncSession, house: House, now: datetime) -> int:
    """Whatever is still to be done in a place that was closed goes to where somebody does it. Returns how many
    tickets.
    """
    closed = select(Station.id).where(Station.closed.is_(True))
    theirs = or_(Ticket.station_id.in_(closed), Ticket.from_station_id.in_(closed))
    count = 0
    async for ticket in tickets.one_by_one(session, theirs, Ticket.state.in_((*OPEN, State.RESOLVED))):
        await hand_over(session, ticket, house, now)
        count += 1
    return count


async def hand_over(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    """One of the ticket's places was closed: the union's office has it now; one that was only offered to that place is
    its first station's again. Those who wait are not told: nothing has come of their matter.

    Raises Refusal when the ticket has ended.
    """
    before, first = await tickets.station_of(session, ticket), await tickets.responsible(session, ticket)
    heir = await stations.office(session) if first.closed else first
    await tickets.move(session, ticket, Action.HAND_OVER, now, station=first.key)
    ticket.station_id, ticket.from_station_id, ticket.from_holder_id = heir.id, None, None
    if ticket.state in (State.NEW, State.REOPENED):
        tickets.to_be_claimed(ticket, house, now)
    elif ticket.state is State.WAITING:
        ticket.claimed_by_id = None
    await tickets.bring(session, ticket, heir, now)
    if before.id != heir.id:
        # Its card there says who has the ticket.
        await letters.card(session, ticket, before, now)
