"""What is folded under a ticket, because very many were filed about one matter: looked at, and taken out.

the card ─▶ show them ─▶ a page below the card ─▶ another page
                         └▶ take out #13 ─▶ its card is posted, the page without it
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.types import CallbackQuery
from sqlalchemy.ext.asyncio import AsyncSession

from bot.bursts import Folded, Out, listed
from bot.filters import AtDesk, Pressed
from bot.people import Presence
from bot.texts import Texts
from handlers.screens import show
from handlers.staff.cards import below
from handlers.staff.common import may, member
from models import bursts, tickets
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.stations import Station


def router() -> Router:
    """The handlers of these buttons."""
    router = Router(name="bursts")
    router.callback_query.register(look, Pressed(Folded), AtDesk())
    router.callback_query.register(take_out, Pressed(Out), AtDesk())
    return router


async def look(
    query: CallbackQuery,
    press: Folded,
    session: AsyncSession,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """A page of them."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    await may(session, Deed.SPLIT, ticket, station, someone)
    text, keyboard = await listed(session, ticket, press.page, t)
    if press.below:
        await show(query, text, keyboard)
    else:
        await below(query, text, keyboard)


async def take_out(
    query: CallbackQuery,
    press: Out,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """This one is something else."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    await may(session, Deed.SPLIT, ticket, station, someone)
    head = await bursts.speaker(session, ticket)
    if head is ticket:
        raise Refusal("burst.not_folded", number=ticket.id)
    await bursts.unfold(session, ticket, now, someone)
    await show(query, *await listed(session, head, press.page, t))
