"""Who may act on a ticket here: asked at every press and every reply, of Telegram and of the ticket as it is now."""

from __future__ import annotations

from aiogram.fsm.state import State, StatesGroup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import Presence
from models import stations
from models.errors import Refusal
from models.people import Person
from models.stations import Station
from models.tickets import Ticket


class Writing(StatesGroup):
    """What the next reply of this staff member is: a question, a note, or a reason. `data["ticket"]` says about
    what.
    """

    question = State()
    note = State()
    resolution = State()
    transfer = State()


def member(staff: Person | None, presence: Presence | None) -> Person:
    """The staff member who acts. Raises Refusal for somebody who is not in the group, or of whom nobody knows it
    now.
    """
    if staff is None:
        unknown = presence is None or presence.status == "unknown"
        raise Refusal("desk.lookup_failed" if unknown else "desk.members_only")
    return staff


def here(ticket: Ticket, station: Station) -> None:
    """Raises Refusal when this ticket is not this place's to act on."""
    if ticket.station_id != station.id:
        raise Refusal("desk.elsewhere", number=ticket.id)


async def elsewhere(session: AsyncSession, station: Station) -> list[Station]:
    """Where a ticket of this place can go now. Raises Refusal when there is no such place."""
    places = await stations.takers(session, station)
    if not places:
        raise Refusal("desk.no_place")
    return places
