"""Until the last files of this room take their `desk`."""

from __future__ import annotations

from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import GROUPS, Presence, anonymous_admin, hidden
from handlers.staff.desk import NUMBER, ticket_of, to_a_prompt
from models import people, permissions
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, Who
from models.stations import Station
from models.tickets import Ticket

__all__ = ["NUMBER", "may", "may_here", "may_read", "may_wherever", "member", "ticket_of", "to_a_prompt"]


def member(staff: Person | None, presence: Presence | None) -> Person:
    """The staff member who acts. Raises Refusal for somebody who is not in the group, or of whom nobody knows it
    now.
    """
    if staff is None:
        unknown = presence is None or presence.status == "unknown"
        raise Refusal("desk.lookup_failed" if unknown else "desk.members_only")
    return staff


async def may(session: AsyncSession, deed: Deed, ticket: Ticket, station: Station, staff: Person) -> None:
    """Raises Refusal unless this person may do this to the ticket in this place's chat."""
    if permissions.may(deed, permissions.there(station, ticket)):
        return
    permissions.must(deed, await permissions.standing(session, staff, station, ticket), ticket)


async def may_here(session: AsyncSession, deed: Deed, station: Station, staff: Person) -> None:
    """The same for what is about the place and no single ticket."""
    permissions.must(deed, await permissions.standing(session, staff, station))


async def may_read(
    session: AsyncSession,
    deed: Deed,
    message: Message,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    command: str,
) -> None:
    """The same for a list that somebody asks for by a command. An anonymous admin is a member, whoever they are."""
    if not hidden(message):
        await may_here(session, deed, station, member(staff, presence))
    elif anonymous_admin(message):
        permissions.must(deed, permissions.there(station))
    else:
        raise Refusal("hidden.command", command=command)


async def may_wherever(
    session: AsyncSession,
    deed: Deed,
    event: Message | CallbackQuery,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
) -> Person:
    """The person, who may do this where they write or press: in any group, or alone with the bot. A press of somebody
    who is in the group no more is a stranger's.
    """
    message = event.message if isinstance(event, CallbackQuery) else event
    if person is None and event.from_user is not None:
        # Who writes in a group without asking anything of the bot is looked up only here, in the middle of something.
        person = await people.by_telegram_id(session, event.from_user.id)
    who: frozenset[Who] = frozenset()
    if person is not None and message is not None:
        if message.chat.type not in GROUPS:
            who = await permissions.alone(session, person)
        elif isinstance(event, Message) or (presence is not None and presence.present):
            who = await permissions.standing(session, person, station)
    permissions.must(deed, who)
    assert person is not None
    return person
