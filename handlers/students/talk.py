"""Somebody alone with the bot: who they are, what they are in the middle of, and which tickets are theirs. It is asked
at every press, of `models/permissions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiogram.enums import ChatType
from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.occasion import Occasion, leave
from models import permissions, tickets
from models.people import Person
from models.permissions import Deed, Who
from models.requesters import Requester
from models.tickets import Ticket


@dataclass
class Talk(Occasion):
    """One person's chat with the bot."""

    person: Person
    state: FSMContext

    async def own(self, deed: Deed, number: int) -> tuple[Ticket, Requester]:
        """A ticket of theirs and their place in it. Raises Refusal when it is not theirs: such a number might as well
        not exist.
        """
        ticket, place = await tickets.place_of(self.session, number, self.person, self.house.vault)
        permissions.must(deed, (Who.REQUESTER,), ticket)
        return ticket, place

    async def leave(self) -> str:
        """`leave` of this chat."""
        return await leave(self.state, self.t)


class Private(Filter):
    """In a private chat; the handler gets the `talk` there."""

    async def __call__(
        self,
        event: Message | CallbackQuery,
        session: AsyncSession,
        now: datetime,
        toolbox: Toolbox,
        t: Texts,
        person: Person | None,
        state: FSMContext | None = None,
    ) -> bool | dict[str, Any]:
        message = event.message if isinstance(event, CallbackQuery) else event
        if message is None or message.chat.type != ChatType.PRIVATE or person is None or state is None:
            return False
        return {"talk": Talk(session, now, toolbox, t, person, state)}
