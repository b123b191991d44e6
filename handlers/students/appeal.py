"""Somebody who is not heard asks to be heard after all.

"Appeal" below the notice ─▶ why? (in words) ─▶ the office, about the office's own block the supervising teachers
                                                 └─▶ lift · keep (`handlers/staff/order.py`) ─▶ they are told
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import menus
from bot.filters import Pressed
from bot.keyboards import keyboard
from bot.order import Order, decision
from bot.sealed import screen
from bot.untrusted import lines, units
from handlers.screens import pressed, show
from handlers.students.talk import Private, Talk
from models import mutes, sealed
from models.errors import Refusal
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


async def ask(query: CallbackQuery, press: Order, talk: Talk) -> None:
    """Why is it unfair? Asked only where somebody can look at it; the notice stays."""
    if press.act != "appeal":
        raise Refusal("old.button")
    await mutes.to_appeal(talk.session, talk.person, talk.house, talk.now)
    left = await talk.leave()
    await talk.state.set_state(Appealing.words)
    text = left + talk.t("appeal.why", most=MOST_WORDS)
    await show(pressed(query, below=True), text, keyboard([[menus.way_out(talk.t)]]))


async def send(message: Message, talk: Talk) -> None:
    """Their words go to whoever decides, with the reason and without a name."""
    words = lines(message.text or "")
    if not words:
        raise Refusal("appeal.words_only")
    if units(words) > MOST_WORDS:
        raise Refusal("appeal.too_long", length=units(words), most=MOST_WORDS)
    found = await mutes.appeal(talk.session, talk.person, words, talk.house, talk.now)
    judge = await mutes.judge(talk.session, found.mute)
    theirs, place = talk.toolbox.t(judge.language), await talk.session.get_one(Station, found.mute.station_id)
    text = theirs(
        "appeal.card", which=found.mute.id, station=theirs.pick(place.names), reason=found.reason, words=found.words
    )
    facts = screen(text, decision(theirs, found.mute.id))
    await sealed.post(talk.session, facts, talk.house.vault, talk.now, chat_id=judge.chat_id)
    await talk.state.clear()
    await show(message, talk.t(f"appeal.sent_{judge.desk}"), menus.back_home(talk.t))
