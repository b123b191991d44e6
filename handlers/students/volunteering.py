"""Alone with the bot, of somebody who wants to help: open calls, their name on one, their hours.

/volunteer ─▶ open calls (pages) ─▶ one ─▶ put down my name ─▶ a place, or the waiting list ─▶ take it back
          └─▶ my hours ─▶ certificate · the hours are wrong ─▶ words ─▶ the lead answers ─▶ take it to the office
"a place is free" ─▶ I come · I do not              "you were not there" ─▶ why ─▶ the lead decides
/verify CODE, or the link on a certificate ─▶ whether it is genuine
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import certificates as papers
from bot import menus, volunteers
from bot.contents import is_said
from bot.filters import Going, Pressed
from bot.keyboards import keyboard
from bot.untrusted import lines
from bot.volunteers import Done, Helping, Seen
from handlers.screens import pressed, show
from handlers.students.talk import Private, Talk
from models import permissions
from models.calendar import AcademicYear
from models.errors import Refusal
from models.permissions import Deed, Who
from models.pictures import Picture
from models.union import certificates, gatherings, hours, places, presence, volunteering
from models.union.gatherings import Gathering, Kind, Part


class Volunteering(StatesGroup):
    """Words about one's hours, or why one was not there."""

    dispute = State()
    excuse = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="volunteering")
    private = Private()
    router.message.register(begin, Command("volunteer"), private)
    router.callback_query.register(begin, Going("volunteer"), private)
    router.callback_query.register(step, Pressed(Helping), private)
    router.message.register(say, private, StateFilter(Volunteering), ~F.text.startswith("/"), is_said)
    return router


def verifying() -> Router:
    """Asked before every other link and before the door: whoever holds a certificate may ask whether it is genuine."""
    router = Router(name="verifying")
    private = Private()
    magic = F.args.startswith(certificates.PREFIX)
    router.message.register(verify, CommandStart(deep_link=True, magic=magic), private)
    router.message.register(verify, Command("verify"), private)
    return router


async def begin(event: Message | CallbackQuery, talk: Talk) -> None:
    """/volunteer: what there is to help with."""
    permissions.must(Deed.VOLUNTEER, (Who.STRANGER,))
    await _list(event, talk, 0)


async def step(query: CallbackQuery, press: Helping, talk: Talk) -> None:
    """A press."""
    permissions.must(Deed.VOLUNTEER, (Who.STRANGER,))
    session, person, house, now, number = talk.session, talk.person, talk.house, talk.now, press.gathering
    match press.act:
        case "list":
            await _list(query, talk, number)
        case "hours":
            await _hours(query, talk, number)
        case "one":
            await _one(query, talk, number)
        case "down":
            await places.put_down(session, number, person, house, now)
            await _one(query, talk, number)
        case "yes":
            await places.accept(session, number, person, now)
            await _one(query, talk, number)
        case "back":
            gathering, _ = await volunteering.get(session, number)
            volunteering.must_have_opened(gathering)
            await show(query, *volunteers.sure(gathering, talk.t))
        case "back_sure" | "no":
            await places.take_back(session, number, person, house, now)
            await _one(query, talk, number)
        case "certificate":
            await certificates.of(session, number, person, house.vault)
            # The bot's own name was looked up before (`bot/lookout.py`).
            name = (await query.bot.me()).username if query.bot is not None else None
            wanted = {"certificate": number, "whose": person.id, "bot": name or ""}
            session.add(Picture(chat_id=person.telegram_id, language=talk.t.language, caption="", drawing=wanted))
            await query.answer(talk.t.plain("certificate.coming"))
        case "further":
            await hours.further(session, number, person, now)
            gathering, _ = await volunteering.get(session, number)
            await show(
                pressed(query, True), talk.t("volunteer.taken_further", title=volunteers.title(gathering, talk.t))
            )
        case "dispute" | "excuse":
            await _ask(query, press.act, number, talk)
        case _:
            raise Refusal("old.button")


async def _ask(query: CallbackQuery, act: str, number: int, talk: Talk) -> None:
    """What is wrong, or why they were not there, in their words."""
    gathering, _ = await volunteering.get(talk.session, number)
    if act == "dispute":
        await hours.must_be_disputable(talk.session, gathering, talk.person, talk.now)
        most = hours.WORDS_LENGTH
    else:
        place = await gatherings.place_of(talk.session, gathering, talk.person)
        presence.must_have_missed(gathering, place, talk.now)
        most = presence.EXCUSE_LENGTH
    left = await talk.leave()
    await talk.state.set_state(Volunteering.dispute if act == "dispute" else Volunteering.excuse)
    await talk.state.set_data({"gathering": number})
    text = talk.t(f"volunteer.ask_{act}", title=volunteers.title(gathering, talk.t), most=most)
    await show(pressed(query, True), left + text, keyboard([[menus.way_out(talk.t)]]))


async def say(message: Message, talk: Talk) -> None:
    """The words; whoever leads it hears that there are some."""
    permissions.must(Deed.VOLUNTEER, (Who.STRANGER,))
    if message.text is None:
        raise Refusal("gathering.words_only")
    number, words = (await talk.state.get_data()).get("gathering", 0), lines(message.text)
    if await talk.state.get_state() == Volunteering.dispute.state:
        await hours.dispute(talk.session, number, talk.person, words, talk.house, talk.now)
        key = "volunteer.disputed"
    else:
        await presence.excuse(talk.session, number, talk.person, words, talk.house, talk.now)
        key = "volunteer.excused"
    await talk.state.clear()
    gathering, _ = await volunteering.get(talk.session, number)
    await show(message, talk.t(key, title=volunteers.title(gathering, talk.t)))


async def verify(message: Message, command: CommandObject, talk: Talk) -> None:
    """Whether a certificate is genuine, and what it says."""
    typed = (command.args or "").strip().removeprefix(certificates.PREFIX)
    if not typed:
        await message.answer(talk.t("certificate.how"))
        return
    found = await certificates.verified(talk.session, typed, talk.house.vault)
    if found is None:
        await message.answer(talk.t("certificate.false"))
    else:
        await message.answer(papers.verified(found, talk.t, talk.settings))


async def _list(event: Message | CallbackQuery, talk: Talk, page: int) -> None:
    found = await volunteering.open_for(talk.session, talk.person, talk.now)
    start = page * volunteers.PAGE
    shown = [await _seen(each, talk) for each in found[start : start + volunteers.PAGE]]
    await show(event, *volunteers.listed(shown, page, len(found) > start + volunteers.PAGE, talk.t, talk.now))


async def _one(query: CallbackQuery, talk: Talk, number: int) -> None:
    gathering, _ = await volunteering.get(talk.session, number)
    place = await gatherings.place_of(talk.session, gathering, talk.person)
    if place is None and not await volunteering.is_for(talk.session, gathering, talk.person):
        raise Refusal("volunteer.not_for_you")
    volunteering.must_have_opened(gathering)
    await show(query, *volunteers.one(await _seen(gathering, talk), talk.t, talk.now))


async def _seen(gathering: Gathering, talk: Talk) -> Seen:
    session, person = talk.session, talk.person
    _, call = await volunteering.get(session, gathering.id)
    place = await gatherings.place_of(session, gathering, person)
    line = [each.person_id for each in await places.line(session, gathering, talk.house, talk.now)]
    station, training, project = await volunteering.about(session, call)
    missed = await volunteering.missed_by(session, [person.id], talk.house, talk.now)
    return Seen(
        gathering,
        call,
        await places.free(session, gathering),
        len(line),
        place,
        line.index(person.id) + 1 if person.id in line else 0,
        station,
        training,
        await volunteering.trained(session, call, person),
        project,
        missed.get(person.id, 0) >= volunteering.MOST_MISSED,
    )


async def _hours(query: CallbackQuery, talk: Talk, page: int) -> None:
    session, person, calendar = talk.session, talk.person, talk.house.calendar
    year = AcademicYear.of(calendar.day_of(talk.now))
    disputes = {each.gathering_id: each for each in await hours.of_person(session, person)}
    found = [
        Done(
            it,
            place,
            disputes.get(it.id),
            hours.can_dispute(it, place, talk.now),
            presence.can_excuse(it, place, talk.now) and place.reason is None,
        )
        for it, place in await gatherings.of_person(session, person)
        if it.kind is Kind.VOLUNTEERING
        and place.part in (Part.CAME, Part.MISSED, Part.EXCUSED)
        and year.starts <= calendar.day_of(it.starts_at) <= year.ends
    ]
    await show(query, *volunteers.my_hours(year.name, found, page, talk.t, talk.now))
