"""/volunteers when one is over: hours, one by one or all as proposed; excuses; disputes.

one ─▶ hours ─▶ all as proposed
            └─▶ somebody ─▶ as proposed · the whole of it · written, with a reason (`volunteer_words.py`)
    └▶ excuses ─▶ accept · do not, one after the other
    └▶ disputes ─▶ answer: hours and a reason ─▶ the next; taken further, the office decides
"""

from __future__ import annotations

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import volunteer_hours as screens
from bot.filters import Pressed
from bot.untrusted import inline
from bot.volunteer_desk import NAME, Credited
from bot.volunteers import in_hours
from handlers.screens import respond
from handlers.union import volunteers as desk
from handlers.union.acting import Acting, Wherever
from handlers.union.volunteers import Calling, number_of
from models.errors import Refusal
from models.people import Person
from models.union import hours, presence, volunteering
from models.union.gatherings import Attendance, Gathering


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="volunteer hours")
    router.callback_query.register(step, Pressed(Credited), Wherever())
    return router


async def step(query: CallbackQuery, press: Credited, acting: Acting, state: FSMContext) -> None:
    """A press."""
    person, it, call = await desk.may(acting, press.gathering)
    if it is None or call is None:
        raise Refusal("old.button")
    session, t, house, now = acting.session, acting.t, acting.house, acting.now
    match press.act:
        case "hours":
            await show_hours(query, it, acting, number_of(press.value))
        case "all":
            await hours.confirm_all(session, it, call, person, house, now)
            await show_hours(query, it, acting, 0)
        case "person":
            who, place = await _one_of(it, number_of(press.value), acting)
            await respond(query, *screens.person(await desk.view_of(it, acting), who, place, t))
        case "give":
            number, _, minutes = press.value.partition(".")
            await hours.confirm(session, it, number_of(number), number_of(minutes), person, house, now)
            await show_hours(query, it, acting, 0)
        case "type":
            who, _ = await _one_of(it, number_of(press.value), acting)
            whole = in_hours(hours.span(it))
            how = {"name": inline(who.name, NAME) or "—", "whole": whole, "most": hours.WORDS_LENGTH}
            await desk.ask(query, acting, state, Calling.hours, "volunteer_desk.type_ask", it.id, whose=who.id, **how)
        case "excuses":
            await next_excuse(query, it, acting)
        case "accept" | "refuse":
            accept = press.act == "accept"
            await presence.decide_excuse(session, it, number_of(press.value), person, house, now, accept=accept)
            await next_excuse(query, it, acting)
        case "disputes":
            await next_dispute(query, it, acting)
        case "reply":
            who, place = await _one_of(it, number_of(press.value), acting)
            now_ = in_hours(place.minutes or 0)
            how = {"name": inline(who.name, NAME) or "—", "hours": now_, "most": hours.WORDS_LENGTH}
            await desk.ask(query, acting, state, Calling.reply, "volunteer_desk.reply_ask", it.id, whose=who.id, **how)
        case _:
            raise Refusal("old.button")


async def _one_of(it: Gathering, number: int, acting: Acting) -> tuple[Person, Attendance]:
    place = await acting.session.get(Attendance, (it.id, number))
    if place is None:
        raise Refusal("old.button")
    return await acting.session.get_one(Person, number), place


async def show_hours(event: Message | CallbackQuery, it: Gathering, acting: Acting, page: int) -> None:
    """Who came, and how long."""
    found = await volunteering.everybody(acting.session, it)
    await respond(event, *screens.hours(await desk.view_of(it, acting), found, page, acting.t))


async def next_excuse(event: Message | CallbackQuery, it: Gathering, acting: Acting) -> None:
    """One after the other; then back to it."""
    found = await desk.excuses_of(it, acting)
    if not found:
        await desk.show_one(event, it, acting)
        return
    (who, place), *more = found
    assert place.reason is not None
    await respond(event, *screens.excuse(it, who, place.reason, len(more), acting.t))


async def next_dispute(event: Message | CallbackQuery, it: Gathering, acting: Acting) -> None:
    """One after the other; then back to it."""
    found = await desk.disputes_of(it, acting)
    if not found:
        await desk.show_one(event, it, acting)
        return
    first, *more = found
    who, place = await _one_of(it, first.person_id, acting)
    await respond(event, *screens.dispute(await desk.view_of(it, acting), who, place, first, len(more), acting.t))
