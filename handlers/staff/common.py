"""Who may act on a ticket here: asked at every press and every reply, of Telegram and of the ticket as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import Presence
from models import permissions, stations
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
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
    decline = State()
    reopening = State()
    tags = State()
    project = State()


PROMPT_WAITS = timedelta(hours=1)
"""So long the next reply is what was asked for. Later nobody remembers, and what was to be a note would be read by the
student or the other way round.
"""


async def expect(state: FSMContext, writing: State, ticket: Ticket, now: datetime, **data: Any) -> None:
    """The next reply about this ticket is this."""
    await state.set_state(writing)
    await state.set_data({"ticket": ticket.id, "until": (now + PROMPT_WAITS).isoformat(), **data})


async def expected(state: FSMContext, ticket: Ticket) -> str | None:
    """What the next reply about this ticket is; None when nothing was asked for."""
    return await state.get_state() if (await state.get_data()).get("ticket") == ticket.id else None


async def is_stale(state: FSMContext, ticket: Ticket, now: datetime) -> bool:
    """Whether something was asked for about this ticket so long ago that a reply may mean anything."""
    until = (await state.get_data()).get("until")
    return await expected(state, ticket) is not None and until is not None and now >= datetime.fromisoformat(until)


def member(staff: Person | None, presence: Presence | None) -> Person:
    """The staff member who acts. Raises Refusal for somebody who is not in the group, or of whom nobody knows it
    now.
    """
    if staff is None:
        unknown = presence is None or presence.status == "unknown"
        raise Refusal("desk.lookup_failed" if unknown else "desk.members_only")
    return staff


async def may(session: AsyncSession, deed: Deed, ticket: Ticket, station: Station, staff: Person) -> None:
    """Raises Refusal unless this person may do this to the ticket in this place's chat (`models/permissions.py`)."""
    if permissions.may(deed, (permissions.is_at(ticket, station),)):
        return
    permissions.must(deed, await permissions.standing(session, staff, station, ticket), ticket)


async def may_here(session: AsyncSession, deed: Deed, station: Station, staff: Person) -> None:
    """The same for what is about the place and no single ticket."""
    permissions.must(deed, await permissions.standing(session, staff, station, None))


def around(known: Sequence[Person], presence: Presence | None) -> list[Person]:
    """Of those who have acted here lately whoever is in the group now."""
    return [each for each in known if presence is not None and each.telegram_id in presence.colleagues]


async def elsewhere(session: AsyncSession, station: Station) -> list[Station]:
    """Where a ticket of this place can go now. Raises Refusal when there is no such place."""
    places = await stations.takers(session, station)
    if not places:
        raise Refusal("desk.no_place")
    return places
