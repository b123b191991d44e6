"""What is written on the way of /volunteers (`volunteers.py`): title, time and place; as what one helps; how many
places; hours and answers with their reasons.
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot import scripts, studies, typed
from bot import volunteer_hours as screens
from bot.contents import is_said
from bot.untrusted import inline
from handlers.union import volunteer_hours
from handlers.union import volunteers as desk
from handlers.union.acting import Acting, Wherever
from handlers.union.volunteers import Calling
from models.errors import Refusal
from models.union import hours, places, volunteering
from models.union.hours import DisputeStage

LONG = 400
"""So much of a line is looked at: what is longer than it may be is told, not cut."""


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="volunteer words")
    written = F.text & ~F.text.startswith("/")
    router.message.register(words, StateFilter(Calling.words), written, Wherever())
    router.message.register(role, StateFilter(Calling.role), written, Wherever())
    router.message.register(seats, StateFilter(Calling.seats), written, Wherever())
    router.message.register(hours_of, StateFilter(Calling.hours), written, Wherever())
    router.message.register(reply, StateFilter(Calling.reply), written, Wherever())
    router.message.register(words_only, StateFilter(Calling), ~F.text, is_said, Wherever())
    return router


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """Title, time and place: of a new call, or of one that nobody has been told of."""
    person, it, _ = await desk.may(acting, (await state.get_data()).get("gathering", 0))
    house, now, language, languages = acting.house, acting.now, acting.t.language, acting.house.languages
    written, starts, ends, place, about = studies.read(message.text or "", house.calendar, now)
    titles = scripts.written({}, language, written, languages) if written else {}
    told = scripts.written({}, language, about, languages) if about else None
    if it is not None:
        at = place, starts, ends, house, now
        await volunteering.change(acting.session, it, titles or it.titles, *at, about=told)
    else:
        if acting.own is None and not await desk.presides(acting):
            raise Refusal("volunteer.admins_only")
        role = acting.toolbox.everywhere("volunteer.role")
        at_ = place, starts, ends, role, house, now
        it, _ = await volunteering.plan(acting.session, titles, *at_, by=person, station=acting.own, about=told)
    await state.clear()
    await desk.show_one(message, it, acting)


async def role(message: Message, acting: Acting, state: FSMContext) -> None:
    """As what one helps."""
    _, it, call = await desk.may(acting, (await state.get_data()).get("gathering", 0))
    if it is None or call is None:
        raise Refusal("old.button")
    volunteering.must_be_planned(it)
    text = inline(message.text or "", LONG)
    if not 0 < len(text) <= volunteering.ROLE_LENGTH:
        raise Refusal("volunteer.role_length", most=volunteering.ROLE_LENGTH)
    call.role = scripts.written({}, acting.t.language, text, acting.house.languages)
    await state.clear()
    await desk.show_one(message, it, acting)


async def seats(message: Message, acting: Acting, state: FSMContext) -> None:
    """How many places."""
    _, it, _ = await desk.may(acting, (await state.get_data()).get("gathering", 0))
    number = typed.number(message.text or "")
    if it is None or number is None:
        raise Refusal("volunteer.seats", most=volunteering.MOST_SEATS)
    await places.seat(acting.session, it.id, number, acting.house, acting.now)
    await state.clear()
    await desk.show_one(message, it, acting)


async def hours_of(message: Message, acting: Acting, state: FSMContext) -> None:
    """Somebody's hours, with the reason where one is needed."""
    data = await state.get_data()
    person, it, _ = await desk.may(acting, data.get("gathering", 0))
    if it is None:
        raise Refusal("old.button")
    minutes, because = screens.read_hours(message.text or "")
    at = acting.house, acting.now
    await hours.confirm(acting.session, it, data.get("whose", 0), minutes, person, *at, because=because)
    await state.clear()
    await volunteer_hours.show_hours(message, it, acting, 0)


async def reply(message: Message, acting: Acting, state: FSMContext) -> None:
    """What somebody's hours are, and why; the office has the last word."""
    data = await state.get_data()
    person, it, _ = await desk.may(acting, data.get("gathering", 0))
    found = await hours.dispute_of(acting.session, it, data.get("whose", 0)) if it is not None else None
    if it is None or found is None:
        raise Refusal("old.button")
    office = found.stage is DisputeStage.OFFICE
    if office and not await desk.presides(acting):
        raise Refusal("dispute.office_only")
    minutes, because = screens.read_hours(message.text or "")
    if because is None:
        raise Refusal("hours.reason_needed")
    whose, at = data.get("whose", 0), (acting.house, acting.now)
    await hours.answer(acting.session, it, whose, minutes, because, person, *at, office=office)
    await state.clear()
    await volunteer_hours.next_dispute(message, it, acting)


async def words_only(_: Message, acting: Acting, state: FSMContext) -> None:
    """A picture or the like, where words are waited for: it goes nowhere, and they are told."""
    await desk.may(acting, (await state.get_data()).get("gathering", 0))
    raise Refusal("gathering.words_only")
