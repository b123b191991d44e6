"""The chat of a station, the office or the supervisors: who acts there, and that they may. It is asked at every press
and every reply, of Telegram and of the one table (`models/permissions.py`). No handler decides it itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram.filters import CommandObject, Filter
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import MOST_DIGITS
from bot.people import Presence
from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.occasion import Occasion, must_be_seen
from models import colleagues, permissions, postings, stations, tickets
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.stations import Station
from models.tickets import Ticket

NUMBER = re.compile(rf"#(\d{{1,{MOST_DIGITS}}})\b")


@dataclass
class Desk(Occasion):
    """Somebody says or presses something in a place's chat."""

    station: Station
    staff: Person | None
    """None when they are not in the group, when nobody knows it now, or when Telegram hides who they are."""
    presence: Presence | None

    def member(self) -> Person:
        """The staff member who acts. Raises Refusal for somebody who is not in the group, or of whom nobody knows it
        now.
        """
        if self.staff is None:
            unknown = self.presence is None or self.presence.status == "unknown"
            raise Refusal("desk.lookup_failed" if unknown else "desk.members_only")
        return self.staff

    async def may(self, deed: Deed, ticket: Ticket) -> Person:
        """The staff member who acts. Raises Refusal unless they may do this to the ticket in this place's chat."""
        someone = self.member()
        if not permissions.may(deed, permissions.there(self.station, ticket)):
            permissions.must(deed, await permissions.standing(self.session, someone, self.station, ticket), ticket)
        return someone

    async def may_here(self, deed: Deed) -> Person:
        """The same for what is about the place and no single ticket."""
        someone = self.member()
        permissions.must(deed, await permissions.standing(self.session, someone, self.station))
        return someone

    async def on(self, deed: Deed, number: int) -> tuple[Ticket, Person]:
        """The ticket of this number and the staff member, who may do this to it here."""
        self.member()
        ticket = await tickets.get(self.session, number)
        return ticket, await self.may(deed, ticket)

    async def meant(self, deed: Deed, message: Message, command: CommandObject) -> tuple[Ticket, Person]:
        """The ticket that a command is a reply to and the staff member, who may do this to it here. Raises Refusal
        when it is a reply to none, and for a writer who is hidden.
        """
        must_be_seen(message, command)
        self.member()
        ticket = await replied_to(self.session, message, command)
        return ticket, await self.may(deed, ticket)

    async def around(self) -> list[Person]:
        """Of those who may be given a ticket here whoever is in the group now."""
        known = await colleagues.able(self.session, self.station, self.now)
        return [each for each in known if self.presence is not None and each.telegram_id in self.presence.colleagues]

    async def elsewhere(self) -> list[Station]:
        """Where a ticket of this place can go now. Raises Refusal when there is no such place."""
        places = await stations.takers(self.session, self.station)
        if not places:
            raise Refusal("desk.no_place")
        return places


class AtDesk(Filter):
    """In the chat of a station, the office or the supervisors; the handler gets it as its `desk`."""

    async def __call__(
        self,
        event: Message | CallbackQuery,
        session: AsyncSession,
        now: datetime,
        toolbox: Toolbox,
        t: Texts,
        station: Station | None,
        staff: Person | None,
        presence: Presence | None,
    ) -> bool | dict[str, Any]:
        if station is None:
            return False
        return {"desk": Desk(session, now, toolbox, t, station, staff, presence)}


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


async def replied_to(session: AsyncSession, message: Message, command: CommandObject) -> Ticket:
    """The same of a command. Raises Refusal when it is a reply to no ticket."""
    ticket = await ticket_of(session, message)
    if ticket is None:
        raise Refusal("desk.reply_to_card", command=command.command)
    return ticket


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
