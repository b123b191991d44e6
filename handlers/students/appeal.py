"""Somebody who is not heard asks to be heard after all.

"Appeal" below the notice ─▶ why? (in words) ─▶ the office, about the office's own block the supervising teachers
                                                 └─▶ lift · keep (`handlers/staff/order.py`) ─▶ they are told
"""

from __future__ import annotations

from datetime import datetime

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import menus
from bot.filters import Pressed, Private
from bot.keyboards import keyboard
from bot.order import Order, decision
from bot.sealed import screen
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import lines, units
from handlers.screens import leave, pressed, show
from models import mutes, sealed
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.stations import Station

MOST_WORDS = 1000


class Appealing(StatesGroup):
    """Waiting for why it is unfair."""

    words = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="appeal")
    private = Private()
    router.callback_query.register(ask, Pressed(Order), private)
    router.message.register(send, private, StateFilter(Appealing.words), ~F.text.startswith("/"))
    return router


async def ask(
    query: CallbackQuery,
    press: Order,
    person: Person,
    session: AsyncSession,
    state: FSMContext,
    house: House,
    now: datetime,
    t: Texts,
) -> None:
    """Why is it unfair? Asked only where somebody can look at it; the notice stays."""
    if press.act != "appeal":
        raise Refusal("old.button")
    await mutes.to_appeal(session, person, house, now)
    left = await leave(state, t)
    await state.set_state(Appealing.words)
    await show(pressed(query, below=True), left + t("appeal.why", most=MOST_WORDS), keyboard([[menus.way_out(t)]]))


async def send(
    message: Message,
    person: Person,
    session: AsyncSession,
    state: FSMContext,
    house: House,
    now: datetime,
    t: Texts,
    toolbox: Toolbox,
) -> None:
    """Their words go to whoever decides, with the reason and without a name."""
    words = lines(message.text or "")
    if not words:
        raise Refusal("appeal.words_only")
    if units(words) > MOST_WORDS:
        raise Refusal("appeal.too_long", length=units(words), most=MOST_WORDS)
    found = await mutes.appeal(session, person, words, house, now)
    judge = await mutes.judge(session, found.mute)
    theirs, place = toolbox.t(judge.language), await session.get_one(Station, found.mute.station_id)
    text = theirs(
        "appeal.card", which=found.mute.id, station=theirs.pick(place.names), reason=found.reason, words=found.words
    )
    facts = screen(text, decision(theirs, found.mute.id))
    await sealed.post(session, facts, house.vault, now, chat_id=judge.chat_id)
    await state.clear()
    await show(message, t(f"appeal.sent_{judge.desk}"), menus.back_home(t))
