"""What is decided above the stations: in a group, or alone with the bot, wherever it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram.enums import ChatType
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import GROUPS, Presence
from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.occasion import Occasion
from models import people, permissions
from models.people import Person
from models.permissions import Deed, Who
from models.stations import Station


@dataclass
class Acting(Occasion):
    """Somebody writes or presses, in any group or alone with the bot."""

    event: Message | CallbackQuery
    person: Person | None
    station: Station | None
    """Whose chat it is, if it is a place's."""
    presence: Presence | None

    @property
    def own(self) -> Station | None:
        """The station in whose group this is; None at the office's and the supervisors', and alone with the bot."""
        return self.station if self.station is not None and self.station.serves else None

    @property
    def is_alone(self) -> bool:
        """Whether nobody else reads along."""
        message = self.event.message if isinstance(self.event, CallbackQuery) else self.event
        return message is not None and message.chat.type == ChatType.PRIVATE

    async def may(self, deed: Deed) -> Person:
        """The person, who may do this where they write or press. Raises Refusal for anybody else; a press of somebody
        who is in the group no more is a stranger's.
        """
        event, person = self.event, self.person
        message = event.message if isinstance(event, CallbackQuery) else event
        if person is None and event.from_user is not None:
            # Who writes in a group without asking anything of the bot is looked up only here, in the middle of
            # something.
            person = await people.by_telegram_id(self.session, event.from_user.id)
        who: frozenset[Who] = frozenset()
        if person is not None and message is not None:
            if message.chat.type not in GROUPS:
                who = await permissions.alone(self.session, person)
            elif isinstance(event, Message) or (self.presence is not None and self.presence.present):
                who = await permissions.standing(self.session, person, self.station)
        permissions.must(deed, who)
        assert person is not None
        return person

    async def may_here(self, here: Deed, everywhere: Deed) -> Person:
        """The same of what is one deed in a station's own group, and another where it concerns all of them."""
        return await self.may(here if self.own is not None else everywhere)


class Wherever(Filter):
    """In any chat; the handler gets who is `acting`."""

    async def __call__(
        self,
        event: Message | CallbackQuery,
        session: AsyncSession,
        now: datetime,
        toolbox: Toolbox,
        t: Texts,
        person: Person | None,
        station: Station | None,
        presence: Presence | None,
    ) -> dict[str, Any]:
        return {"acting": Acting(session, now, toolbox, t, event, person, station, presence)}
