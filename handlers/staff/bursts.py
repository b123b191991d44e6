"""What is folded under a ticket, because very many were filed about one matter: looked at, and taken out.

the card ─▶ show them ─▶ a page below the card ─▶ another page
                         └▶ take out #13 ─▶ its card is posted, the page without it
"""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.bursts import Folded, Out, listed
from bot.filters import Pressed
from handlers.screens import show
from handlers.staff.cards import below
from handlers.staff.desk import AtDesk, Desk
from models import bursts
from models.errors import Refusal
from models.permissions import Deed


def router() -> Router:
    """The handlers of these buttons."""
    router = Router(name="bursts")
    router.callback_query.register(look, Pressed(Folded), AtDesk())
    router.callback_query.register(take_out, Pressed(Out), AtDesk())
    return router


async def look(query: CallbackQuery, press: Folded, desk: Desk) -> None:
    """A page of them."""
    ticket, _ = await desk.on(Deed.SPLIT, press.ticket)
    text, keyboard = await listed(desk.session, ticket, press.page, desk.t)
    if press.below:
        await show(query, text, keyboard)
    else:
        await below(query, text, keyboard)


async def take_out(query: CallbackQuery, press: Out, desk: Desk) -> None:
    """This one is something else."""
    ticket, someone = await desk.on(Deed.SPLIT, press.ticket)
    head = await bursts.speaker(desk.session, ticket)
    if head is ticket:
        raise Refusal("burst.not_folded", number=ticket.id)
    await bursts.unfold(desk.session, ticket, desk.now, someone)
    await show(query, *await listed(desk.session, head, press.page, desk.t))
