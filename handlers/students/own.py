"""Whose ticket it is, and that they may do this to it: asked at every press, of `models/permissions.py`."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from models import permissions, tickets
from models.house import House
from models.people import Person
from models.permissions import Deed, Who
from models.requesters import Requester
from models.tickets import Ticket


async def own(session: AsyncSession, deed: Deed, number: int, person: Person, house: House) -> tuple[Ticket, Requester]:
    """A ticket of theirs and their place in it. Raises Refusal when it is not theirs: such a number might as well not
    exist.
    """
    ticket, place = await tickets.place_of(session, number, person, house.vault)
    permissions.must(deed, (Who.REQUESTER,), ticket)
    return ticket, place
