"""Who acts here, and that they may: asked at every press and every reply, of Telegram and of the one table
(`models/permissions.py`). No handler decides it itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import MOST_DIGITS
from bot.people import GROUPS, Presence, anonymous_admin, hidden
from models import people, permissions, postings, stations, tickets
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, Who
from models.stations import Station
from models.tickets import Ticket

NUMBER = re.compile(rf"#(\d{{1,{MOST_DIGITS}}})\b")


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


def around(known: Sequence[Person], presence: Presence | None) -> list[Person]:
    """Of those who have acted here lately whoever is in the group now."""
    return [each for each in known if presence is not None and each.telegram_id in presence.colleagues]


async def elsewhere(session: AsyncSession, station: Station) -> list[Station]:
    """Where a ticket of this place can go now. Raises Refusal when there is no such place."""
    places = await stations.takers(session, station)
    if not places:
        raise Refusal("desk.no_place")
    return places


async def ticket_of(session: AsyncSession, message: Message) -> Ticket | None:
    """The ticket that the replied-to message is about; of one that has been merged, the one it is part of now."""
    replied = message.reply_to_message
    if replied is None:
        return None
    posting = await postings.in_chat(session, message.chat.id, replied.message_id)
    if posting is not None:
        return await tickets.gone_on_as(session, await tickets.get(session, posting.ticket_id))
    # A copy of the bot's own that nobody has noted: the program ended before it could (law 6), or they are quicker
    # than the note. It says itself which ticket it is about; the answer must not be lost for it.
    if replied.from_user is None or message.bot is None or replied.from_user.id != message.bot.id:
        return None
    number = _number_shown(replied)
    if number is None or await postings.card_of(session, number, message.chat.id) is None:
        return None
    return await tickets.gone_on_as(session, await tickets.get(session, number))


def _number_shown(message: Message) -> int | None:
    """The ticket at the head of a card or of a student's words: icons, then the number in bold.

    What people wrote has no formatting here, so nobody can make their words look like another ticket's.
    """
    text = message.text or message.caption or ""
    for entity in (message.entities or message.caption_entities or [])[:1]:
        found = NUMBER.match(entity.extract_from(text)) if entity.type == "bold" else None
        if found and not re.search(r"\w", text.partition("#")[0]):
            return int(found[1])
    return None


async def to_a_prompt(message: Message, session: AsyncSession) -> bool:
    """Filter: a reply to the bot that is about no ticket. In the middle of something else, a reply to a card is still
    for that card's student.
    """
    replied = message.reply_to_message
    if replied is None or replied.from_user is None or message.bot is None:
        return False
    return replied.from_user.id == message.bot.id and await ticket_of(session, message) is None
