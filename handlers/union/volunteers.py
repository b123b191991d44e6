"""/volunteers, in the office, in a station's group, and alone with the bot for whoever leads one: calls for volunteers.

/volunteers ─▶ list ─▶ new: title, time, place (`volunteer_words.py`) ─▶ one, planned ─▶ open it ─▶ who is on it
                   └─▶ one ─▶ places · lead · cancel (all are told) · there by hand
                           └▶ over: hours, excuses, disputes (`volunteer_hours.py`)
               └─▶ report card (XLSX), for the presidium
"""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import typed
from bot import volunteer_desk as screens
from bot.filters import Pressed
from bot.keyboards import number_on
from bot.people import GROUPS
from bot.volunteer_desk import Helped, View
from handlers.occasion import leave, must_be_seen
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from handlers.union.gatherings import show_code
from models import audit, colleagues, exports, permissions, projects, stations, statistics
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, Who
from models.questionnaires import EVERYBODY, group_of
from models.union import hours, places, presence, volunteering
from models.union.gatherings import Attendance, Gathering, Part, Stage
from models.union.hours import DisputeStage
from models.union.passes import Way
from models.union.volunteering import Level, VolunteerCall

MOST_CHOICES = 8


class Calling(StatesGroup):
    """Something of a call is being written; `hours` and `reply` with a reason."""

    words = State()
    role = State()
    seats = State()
    hours = State()
    reply = State()


def router() -> Router:
    """This conversation's handlers; what is written is in `volunteer_words.py`."""
    router = Router(name="volunteers")
    router.message.register(begin, Command("volunteers"), Wherever())
    router.callback_query.register(step, Pressed(Helped), Wherever())
    return router


async def may(acting: Acting, number: int) -> tuple[Person, Gathering | None, VolunteerCall | None]:
    """Who acts, and the call with this number (0 for none). Raises Refusal for whoever looks after it neither here nor
    by leading it.
    """
    found = await volunteering.get(acting.session, number) if number else (None, None)
    gathering, call = found
    if acting.own is not None:
        # Who writes in a group is looked up only there; what is shown next asks again who it is.
        acting.person = person = await acting.may(Deed.VOLUNTEERS_HERE)
        if call is not None and call.station_id != acting.own.id:
            raise Refusal("volunteer.elsewhere")
        return person, gathering, call
    if _alone(acting) and acting.person is not None:
        who = set(await permissions.alone(acting.session, acting.person))
        leads = gathering.lead_id == acting.person.id if gathering is not None else await _leads_any(acting)
        permissions.must(Deed.VOLUNTEERS_LEAD, who | {Who.CONVENER} if leads else who)
        return acting.person, gathering, call
    acting.person = person = await acting.may(Deed.VOLUNTEERS)
    return person, gathering, call


def _alone(acting: Acting) -> bool:
    event = acting.event
    message = event.message if isinstance(event, CallbackQuery) else event
    return message is not None and message.chat.type not in GROUPS


async def _leads_any(acting: Acting) -> bool:
    assert acting.person is not None
    return bool(await volunteering.listed(acting.session, lead=acting.person))


async def presides(acting: Acting) -> bool:
    """Whether they act for the union itself: in the office, or alone with the bot as an admin."""
    if acting.own is not None or acting.person is None:
        return False
    who = await permissions.standing(acting.session, acting.person, acting.station)
    if _alone(acting):
        who = await permissions.alone(acting.session, acting.person)
    return permissions.may(Deed.VOLUNTEERS, who)


# ---------------------------------------------------------------- looking


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/volunteers: the list; with a number that one."""
    must_be_seen(message, command)
    chosen = typed.number(command.args or "") or 0
    _, gathering, call = await may(acting, chosen)
    left = await leave(state, acting.t)
    if gathering is None or call is None:
        await _list(message, acting, 0, left)
    else:
        await show_one(message, gathering, acting, left)


async def _list(event: Message | CallbackQuery, acting: Acting, page: int, left: str = "") -> None:
    session, office = acting.session, await presides(acting)
    lead = None if office or acting.own is not None else acting.person
    found = await volunteering.listed(session, acting.own, lead)
    start = page * screens.PAGE
    shown = [
        (it, call, await volunteering.counts(session, it), await _waiting(it, acting))
        for it, call in found[start : start + screens.PAGE]
    ]
    more = len(found) > start + screens.PAGE
    makes = office or acting.own is not None
    text, keys = screens.listed(shown, page, more, acting.t, acting.now, makes=makes, exports=office)
    await respond(event, left + text, keys)


async def _waiting(it: Gathering, acting: Acting) -> int:
    """How many answers it waits for of whoever looks."""
    if it.stage is not Stage.HELD:
        return 0
    unconfirmed = len(await hours.waiting(acting.session, it))
    return unconfirmed + len(await excuses_of(it, acting)) + len(await disputes_of(it, acting))


async def excuses_of(it: Gathering, acting: Acting) -> list[tuple[Person, Attendance]]:
    """Who says why they were not there, and waits for an answer; last whoever looks, of whom somebody else decides."""
    found = await volunteering.everybody(acting.session, it)
    waiting = [(who, place) for who, place in found if place.part is Part.MISSED and place.reason is not None]
    return sorted(waiting, key=lambda each: each[0] is acting.person)


async def disputes_of(it: Gathering, acting: Acting) -> list[hours.HourDispute]:
    """Those that are answered where somebody looks: what has come to the office is for the office. Last those that
    somebody else has to answer: one's own, and what one has answered before.
    """
    stages = (DisputeStage.OFFICE, DisputeStage.LEAD) if await presides(acting) else (DisputeStage.LEAD,)
    found, own = await hours.disputes(acting.session, it, *stages), acting.person.id if acting.person else None
    return sorted(found, key=lambda each: own in (each.person_id, each.replied_by_id))


async def view_of(it: Gathering, acting: Acting) -> View:
    """A call, with what is said beside it."""
    session = acting.session
    _, call = await volunteering.get(session, it.id)
    station, training, project = await volunteering.about(session, call)
    return View(
        it,
        call,
        await volunteering.counts(session, it),
        await session.get(Person, it.lead_id) if it.lead_id is not None else None,
        station,
        training,
        project,
        len(await hours.waiting(session, it)),
        len(await excuses_of(it, acting)),
        len(await disputes_of(it, acting)),
    )


async def show_one(event: Message | CallbackQuery, it: Gathering, acting: Acting, left: str = "") -> None:
    """One call, and what can be done with it."""
    group = group_of(it.cohort)
    text, keys = screens.one(await view_of(it, acting), acting.settings, group, acting.t, acting.now)
    await respond(event, left + text, keys)


# ---------------------------------------------------------------- presses


async def step(query: CallbackQuery, press: Helped, acting: Acting, state: FSMContext) -> None:
    """A press: on the list, or on one of them."""
    person, it, call = await may(acting, press.gathering)
    if it is not None and call is not None:
        if press.act == "one":
            await _stop(state)
            await show_one(query, it, acting)
        elif not (await _make(query, press, it, call, acting, state) or await _run(query, press, it, person, acting)):
            raise Refusal("old.button")
        return
    match press.act:
        case "list":
            await _stop(state)
            await _list(query, acting, number_of(press.value))
        case "new" if acting.own is not None or await presides(acting):
            await ask(query, acting, state, Calling.words, "volunteer_desk.words", 0)
        case "card" if await presides(acting):
            await _report_card(query, acting, person, number_of(press.value))
        case _:
            raise Refusal("old.button")


async def _make(
    query: CallbackQuery, press: Helped, it: Gathering, call: VolunteerCall, acting: Acting, state: FSMContext
) -> bool:
    """What a call says, while it may still be changed. False for what is no matter of this."""
    session, t = acting.session, acting.t
    if press.act in ("change", "role", "whom", "for", "level", "trains", "training", "after", "project", "of"):
        volunteering.must_be_planned(it)
    elif press.act in ("seats", "seat", "rounding", "lead", "leads"):
        if not (press.act == "rounding" and it.stage is Stage.HELD):
            volunteering.must_go_on(it)
    else:
        return False
    chosen: screens.Screen | None = None
    match press.act:
        case "change":
            await ask(query, acting, state, Calling.words, "volunteer_desk.words", it.id)
            return True
        case "role":
            most = volunteering.ROLE_LENGTH
            await ask(query, acting, state, Calling.role, "volunteer_desk.role", it.id, most=most)
            return True
        case "seats":
            await leave(state, t)
            await state.set_state(Calling.seats)
            await state.set_data({"gathering": it.id})
            chosen = screens.seats(it, t)
        case "whom":
            chosen = screens.whom(it, call, acting.settings, t)
        case "level" if press.value == "-":
            chosen = screens.levels(it, t)
        case "rounding" if press.value == "-":
            chosen = screens.roundings(it, t)
        case "training":
            chosen = screens.trainings(it, await volunteering.trainings(session, it, MOST_CHOICES), t)
        case "project":
            stopped = await projects.stopped(session)
            known = [each for each, _ in await projects.newest(session, MOST_CHOICES, stopped)]
            chosen = screens.projects(it, known, t)
        case "lead":
            found, page = await _may_lead(it, call, acting), number_of(press.value)
            chosen = screens.choosing(it, "leads", "lead", found, page, t, t("volunteer_desk.lead"))
        case _:
            await _set(press, it, call, acting)
            await _stop(state)
            it, _ = await volunteering.get(session, it.id)
    if chosen is not None:
        await respond(query, *chosen)
    else:
        await show_one(query, it, acting)
    return True


async def _set(press: Helped, it: Gathering, call: VolunteerCall, acting: Acting) -> None:
    """What was chosen. Raises Refusal for what could not be."""
    session, value = acting.session, press.value
    match press.act:
        case "for" if (group := screens.group_of(value, acting.settings, call.project_id)) is not None:
            it.cohort = group.plain()
        case "level" if value in set(Level):
            call.level = Level(value)
        case "rounding" if value in {str(each) for each in volunteering.ROUNDINGS}:
            call.rounding = int(value)
        case "trains":
            call.trains = not call.trains
        case "after":
            known = {each.id for each in await volunteering.trainings(session, it, MOST_CHOICES)}
            number = number_of(value)
            if number and number not in known:
                raise Refusal("old.button")
            call.training_id = number or None
        case "of":
            number = number_of(value)
            if number:
                projects.must_go_on(await projects.get(session, number))
            call.project_id = number or None
            if group_of(it.cohort).project not in (None, call.project_id):
                it.cohort = EVERYBODY.plain()
        case "seat":
            seats = None if value == "any" else number_of(value)
            await places.seat(session, it.id, seats, acting.house, acting.now)
        case "leads" if number_of(value) in {each.id for each in await _may_lead(it, call, acting)}:
            it.lead_id = number_of(value)
            staff = acting.person
            await audit.record(session, "gathering_lead", acting.now, staff=staff, gathering=it.id)
        case _:
            raise Refusal("old.button")


async def _may_lead(it: Gathering, call: VolunteerCall, acting: Acting) -> list[Person]:
    """Who can be asked to lead it: the union's people with a private chat, of a station's call that station's."""
    term = statistics.period("semester", acting.house.calendar, acting.now)
    found = await colleagues.since(acting.session, acting.house.calendar.day_of(term.since))
    theirs = [who for who, desks in found if call.station_id in (None, *(desk.id for desk in desks))]
    asks = acting.person
    if asks is not None and asks not in theirs:
        theirs.append(asks)
    return sorted((each for each in theirs if each.agreed), key=lambda each: (each.name, each.id))


async def _run(query: CallbackQuery, press: Helped, it: Gathering, person: Person, acting: Acting) -> bool:
    """Opening it, calling it off, who is on it. False for what is no matter of this."""
    session, t, now = acting.session, acting.t, acting.now
    match press.act:
        case "open" | "cancel":
            view, group = await view_of(it, acting), group_of(it.cohort)
            await respond(query, *screens.sure(view, press.act, group, acting.settings, t, now))
        case "open_sure":
            await volunteering.open_call(session, it, person, now)
            await show_one(query, it, acting)
        case "cancel_sure":
            await volunteering.cancel(session, it, person, acting.house, now)
            await show_one(query, it, acting)
        case "code" if press.value in tuple(Way):
            await show_code(query, it, Way(press.value), press, acting)
        case "people":
            found = await volunteering.everybody(session, it)
            line = [each.person_id for each in await places.line(session, it, acting.house, now)]
            numbers = [who.id for who, _ in found]
            missed = await volunteering.missed_by(session, numbers, acting.house, now)
            view, page = await view_of(it, acting), number_of(press.value)
            await respond(query, *screens.people(view, found, line, missed, page, t))
        case "hand" | "there":
            if press.act == "there":
                await presence.by_hand(session, it, number_of(press.value), person, now)
            page = number_of(press.value) if press.act == "hand" else 0
            there = (Part.COMING, Part.INVITED, Part.MISSED, Part.EXCUSED)
            absent = [who for who, place in await volunteering.everybody(session, it) if place.part in there]
            text = t("volunteer_desk.hand" if absent else "volunteer_desk.hand_none")
            await respond(query, *screens.choosing(it, "there", "hand", absent, page, t, text))
        case _:
            return False
    return True


async def _report_card(query: CallbackQuery, acting: Acting, person: Person, back: int) -> None:
    """The file is made by the clock and comes to the office; who wanted it stands in the records."""
    calendar, now = acting.house.calendar, acting.now
    term = statistics.semester_on(calendar.day_of(now), calendar)
    if term is None:
        raise Refusal("volunteer.no_semester")
    wish: dict[str, Any] = {"what": exports.REPORT_CARD, "semester": term.name, "language": acting.t.language}
    await exports.ask(acting.session, f"report-card-{term.name}.xlsx", wish, person, now)
    office = await stations.office(acting.session)
    key = "volunteer_desk.card_coming" if office.chat_id is not None else "volunteer_desk.card_no_office"
    await respond(query, acting.t(key, semester=term.name))


# ---------------------------------------------------------------- what is written


async def ask(
    query: CallbackQuery, acting: Acting, state: FSMContext, what: State, key: str, number: int, **params: Any
) -> None:
    """Something is to be written (`volunteer_words.py`)."""
    left = await leave(state, acting.t)
    await state.set_state(what)
    whose = params.pop("whose", 0)
    await state.set_data({"gathering": number, "whose": whose})
    text, keys = screens.asked(key, number, acting.t, **params)
    await respond(query, left + text, keys)


async def _stop(state: FSMContext) -> None:
    if await state.get_state() in Calling:
        await state.clear()


def number_of(value: str) -> int:
    """What was chosen, as a number; none is the first page."""
    return 0 if value == "-" else number_on(value)
