"""/study: study, training and meetings of the union's own people. The presidium looks after all of them, in the office
or alone with the bot; a station's lead after those of the station, in its group, where nobody is named; whoever leads
one after that one, alone with the bot.

/study ─▶ list ─▶ new ─▶ title, when, place ─▶ planned ─▶ materials · quiz · who leads ─▶ call (sure?) ─▶ called
                   └─ one ─▶ the code to sign in with · by hand · reasons to stay away · cancel (sure?)
                        └ held ─▶ who came · make-up session ─▶ when, place ─▶ planned
"""

from __future__ import annotations

from collections.abc import Sequence

from aiogram import Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import BufferedInputFile, CallbackQuery, Message

from bot import signing, studies, typed
from bot.filters import Pressed, markup
from bot.keyboards import Press, button, keyboard, number_on
from bot.studies import Gathered
from handlers.occasion import leave, must_be_seen
from handlers.screens import respond
from handlers.union import quizzes as asking
from handlers.union.acting import Acting, Wherever
from models import permissions, quizzes, stations
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.pictures import Picture
from models.quizzes import Draft, Quiz
from models.stations import Desk
from models.union import calling, excuses, gatherings
from models.union import studies as rules
from models.union.gatherings import Gathering, Kind, Part, Stage
from models.union.passes import Way

QUIZZES = 6
OF_THE_PLAN = frozenset(
    {"change", "title", "whom", "for", "lead", "leads", "call", "call_sure", "cancel", "cancel_sure", "makeup_new"}
)
"""What whoever only leads one leaves to those who plan."""


class Studying(StatesGroup):
    """Being written; `quiz_ready` waits for a press."""

    words = State()
    title = State()
    materials = State()
    quiz = State()
    quiz_ready = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="study")
    router.message.register(begin, Command("study"), Wherever())
    router.callback_query.register(step, Pressed(Gathered), Wherever())
    return router


# ---------------------------------------------------------------- who may


def _alone(acting: Acting) -> bool:
    event = acting.event.message if isinstance(acting.event, CallbackQuery) else acting.event
    return event is not None and event.chat.type == ChatType.PRIVATE


def names(acting: Acting) -> bool:
    """Whether people may be named here: not in a station's group."""
    return acting.own is None


async def may(acting: Acting, number: int = 0) -> tuple[Person, Gathering | None]:
    """Who may look after this one, or with 0 after those of this place. Raises Refusal for anybody else."""
    gathering = await gatherings.get(acting.session, number) if number else None
    if gathering is not None and gathering.kind not in rules.KINDS:
        raise Refusal("gathering.unknown", number=number)
    person = acting.person
    if _alone(acting) and person is not None:
        found = await permissions.alone(acting.session, person)
        if gathering is not None:
            found |= await rules.who(acting.session, gathering, person, acting.house, acting.now)
            permissions.must(Deed.CONVENE, found)
        elif not await rules.listed(acting.session, None, person):
            permissions.must(Deed.STUDY, found)
        return person, gathering
    # Who writes in a group is looked up only there; what is shown next asks again who it is.
    acting.person = person = await acting.may_here(Deed.STUDY_HERE, Deed.STUDY)
    if gathering is not None and acting.own is not None and not rules.is_of(gathering, acting.own):
        raise Refusal("study.not_of_here")
    return person, gathering


async def _plans(acting: Acting) -> bool:
    """Whether they may plan new ones here: who only leads one may not."""
    if not _alone(acting) or acting.person is None:
        return True
    return permissions.may(Deed.STUDY, await permissions.alone(acting.session, acting.person))


async def must_plan(acting: Acting) -> None:
    if not await _plans(acting):
        raise Refusal("study.admins_only")


# ---------------------------------------------------------------- looking


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/study: the list; with a number that one."""
    must_be_seen(message, command)
    chosen = typed.number(command.args or "") or 0
    _, gathering = await may(acting, chosen)
    left = await leave(state, acting.t)
    if gathering is not None:
        await show_one(message, gathering, acting, left)
    else:
        await _list(message, acting, 0, left)


async def _list(event: Message | CallbackQuery, acting: Acting, page: int, left: str = "") -> None:
    session, now, calendar = acting.session, acting.now, acting.house.calendar
    plans = await _plans(acting)
    found = await rules.listed(session, acting.own, None if plans else acting.person)
    start = page * studies.PAGE
    shown = [(each, await rules.counts(session, each)) for each in found[start : start + studies.PAGE]]
    term = calendar.semester_at(now) if plans and acting.own is None else None
    held = await rules.held(session, Kind.STUDY, term.name) if term is not None else []
    covered = await rules.coverage(session, term, calendar, now) if term is not None else None
    head = left + studies.head(term.name if term is not None else None, held, covered, acting.t)
    more = len(found) > start + studies.PAGE
    screen = studies.listed(shown, page, more, head, acting.t, now, plans=plans, covers=term is not None)
    await respond(event, *screen)


async def _view(gathering: Gathering, acting: Acting) -> studies.View:
    session = acting.session
    keys = gathering.cohort.get("stations", ())
    places = {each.key: each.names for each in await stations.open_desks(session)}
    return studies.View(
        gathering,
        await rules.counts(session, gathering),
        await session.get(Person, gathering.lead_id) if gathering.lead_id is not None else None,
        await session.get(Quiz, gathering.quiz_id) if gathering.quiz_id is not None else None,
        await rules.answered_quiz(session, gathering),
        len(await excuses.asking_off(session, gathering)),
        [places.get(key, {"en": key}) for key in keys],
    )


async def show_one(event: Message | CallbackQuery, gathering: Gathering, acting: Acting, left: str = "") -> None:
    view = await _view(gathering, acting)
    plans = await _plans(acting)
    what = {"names": names(acting), "plans": plans, "chooses": plans and acting.own is None}
    text, keys = studies.one(view, acting.t, acting.now, acting.house.languages, **what)
    await respond(event, left + text, keys)


# ---------------------------------------------------------------- presses


async def step(query: CallbackQuery, press: Gathered, acting: Acting, state: FSMContext) -> None:
    """A press: on the list, or on one of them."""
    person, gathering = await may(acting, press.gathering)
    if gathering is not None:
        await _on_one(query, press, gathering, person, acting, state)
        return
    match press.act:
        case "list":
            await _back(state)
            await _list(query, acting, _number(press.value))
        case "new" if press.value in rules.KINDS:
            await must_plan(acting)
            await _ask(query, acting, state, Studying.words, f"study.words.{press.value}", 0, kind=press.value)
        case "coverage" if names(acting):
            await must_plan(acting)
            await _coverage(query, acting, _number(press.value))
        case _:
            raise Refusal("old.button")


async def _on_one(
    query: CallbackQuery, press: Gathered, it: Gathering, person: Person, acting: Acting, state: FSMContext
) -> None:
    session, t, house, now = acting.session, acting.t, acting.house, acting.now
    if press.act in OF_THE_PLAN:
        await must_plan(acting)
    match press.act:
        case "one":
            await _back(state)
            await show_one(query, it, acting)
        case "change":
            rules.must_be_planned(it)
            await _ask(query, acting, state, Studying.words, f"study.words.{it.kind}", it.id, change=True)
        case "makeup_new":
            if it.stage is not Stage.HELD:
                raise Refusal("study.not_over")
            await _ask(query, acting, state, Studying.words, "study.words_makeup", it.id)
        case "title" if press.value in house.languages:
            rules.must_be_planned(it)
            await _ask(query, acting, state, Studying.title, "study.title_ask", it.id, language=press.value)
        case "whom" if acting.own is None:
            rules.must_be_planned(it)
            await respond(query, *studies.whom(it, await _places(acting), t))
        case "for" if _may_be_for(press.value, it, await _places(acting), acting):
            rules.must_be_planned(it)
            it.cohort = {} if press.value == "-" else {"stations": [press.value]}
            await show_one(query, it, acting)
        case "call" | "cancel":
            await _sure(query, press.act, it, acting)
        case "call_sure":
            await calling.call(session, it, person, house, now)
            await show_one(query, it, acting)
        case "cancel_sure":
            await calling.cancel(session, it, person, house, now)
            await show_one(query, it, acting)
        case "code":
            await show_code(query, it, Way.IN, Gathered("code", it.id), acting)
        case "materials" | "nothing" | "quiz" | "take" | "ask":
            await _prepare(query, press, it, person, acting, state)
        case _ if names(acting):
            await _by_name(query, press, it, person, acting)
        case _:
            raise Refusal("old.button")


async def _places(acting: Acting) -> list[tuple[str, dict[str, str]]]:
    """Whose people it may be for."""
    found = await stations.open_desks(acting.session)
    return [(each.key, each.names) for each in found if each.desk is not Desk.SUPERVISORS]


def _may_be_for(chosen: str, it: Gathering, places: Sequence[tuple[str, object]], acting: Acting) -> bool:
    """Whether it may be for these: a station's lead plans for the station's own people alone, and a make-up session is
    for those of what it makes up for.
    """
    return chosen in {"-", *(key for key, _ in places)} and acting.own is None and it.makes_up_id is None


async def _sure(query: CallbackQuery, act: str, it: Gathering, acting: Acting) -> None:
    session, house, now = acting.session, acting.house, acting.now
    view, silent = await _view(it, acting), 0
    if act == "call":
        rules.must_be_planned(it)
        found = await rules.staff_of(session, it, house, now)
        count, silent = len(found), sum(not each.agreed for each in found)
    else:
        rules.must_go_on(it)
        count = view.called
    await respond(query, *studies.sure(view, act, count, silent, acting.t, now))


async def show_code(query: CallbackQuery, it: Gathering, way: Way, again: Press, acting: Acting) -> None:
    """The picture and the digits that hold now, as a message of their own; a new one each time, by `again`."""
    gatherings.must_be_on(it, acting.now)
    if it.stage is Stage.PLANNED:
        raise Refusal("gathering.is_planned")
    if not isinstance(query.message, Message) or query.bot is None:
        raise Refusal("old.button")
    # The bot's own name was looked up before (`bot/lookout.py`).
    name, vault = (await query.bot.me()).username or "", acting.house.vault
    png = signing.picture(it, way, name, vault, acting.now)
    await query.message.answer_photo(
        BufferedInputFile(png, "code.png"),
        caption=signing.caption(it, way, vault, acting.t, acting.now),
        reply_markup=markup(keyboard([[button(acting.t.plain("study.code_new"), again)]])),
    )


async def _prepare(
    query: CallbackQuery, press: Gathered, it: Gathering, person: Person, acting: Acting, state: FSMContext
) -> None:
    """What belongs to it: things to read, a quiz."""
    session, t = acting.session, acting.t
    rules.must_go_on(it)
    match press.act:
        case "materials" | "nothing":
            if press.act == "nothing":
                it.materials = []
            left = await leave(state, t)
            await state.set_state(Studying.materials)
            await state.set_data({"gathering": it.id})
            text, keys = studies.materials(it, t)
            await respond(query, left + text, keys)
        case "quiz":
            left = await leave(state, t)
            await state.set_state(Studying.quiz)
            await state.set_data({"gathering": it.id})
            text, keys = studies.quizzes(it, await quizzes.newest(session, QUIZZES), t)
            await respond(query, left + text, keys)
        case "take":
            await attach(it, _number(press.value), acting)
            await _back(state)
            await show_one(query, it, acting)
        case _:
            await acting.may_here(Deed.QUIZ_HERE, Deed.QUIZ)
            data = await state.get_data()
            if await state.get_state() != Studying.quiz_ready.state or data.get("gathering") != it.id:
                raise Refusal("old.button")
            draft, until = Draft(**data["draft"]), acting.now + asking.OPEN_FOR
            places = await quizzes.groups(session, acting.own)
            quiz = await quizzes.launch(session, draft, places, until, acting.now, person)
            it.quiz_id = quiz.id
            await state.clear()
            await show_one(query, it, acting)


async def _by_name(query: CallbackQuery, press: Gathered, it: Gathering, person: Person, acting: Acting) -> None:
    """What names people: in the office, and alone with the bot."""
    session, t, house, now = acting.session, acting.t, acting.house, acting.now
    match press.act:
        case "lead":
            rules.must_go_on(it)
            found = await rules.may_lead(session, it, house)
            page = _number(press.value)
            await respond(query, *studies.choosing(it, "leads", "lead", found, page, t, t("study.lead_ask")))
        case "leads":
            rules.must_go_on(it)
            if _number(press.value) not in {each.id for each in await rules.may_lead(session, it, house)}:
                raise Refusal("old.button")
            await calling.name_lead(session, it, _number(press.value), person, house, now)
            await show_one(query, it, acting)
        case "people":
            found_ = await rules.everybody(session, it)
            screen = studies.people(await _view(it, acting), found_, _number(press.value), t, now)
            await respond(query, *screen)
        case "hand":
            await _hand(query, it, acting, _number(press.value))
        case "there":
            await excuses.by_hand(session, it, _number(press.value), person, house, now)
            await _hand(query, it, acting, 0)
        case "reasons":
            await _reasons(query, it, acting)
        case "accept" | "refuse":
            await excuses.decide(session, it, _number(press.value), person, house, now, accept=press.act == "accept")
            await _reasons(query, it, acting)
        case "table":
            if not isinstance(query.message, Message):
                raise Refusal("old.button")
            chat, wanted = query.message.chat.id, {"gathering": it.id}
            session.add(Picture(chat_id=chat, thread_id=None, language=t.language, caption="", drawing=wanted))
        case _:
            raise Refusal("old.button")


async def _hand(query: CallbackQuery, it: Gathering, acting: Acting, page: int) -> None:
    """Who was there without a telephone?"""
    if it.stage not in (Stage.CALLED, Stage.HELD):
        raise Refusal(f"gathering.is_{it.stage}")
    there = {person.id for person, place in await rules.everybody(acting.session, it) if place.part is Part.CAME}
    known = {person.id: person for person, _ in await rules.everybody(acting.session, it)}
    known |= {each.id: each for each in await rules.staff_of(acting.session, it, acting.house, acting.now)}
    found = sorted((each for each in known.values() if each.id not in there), key=lambda each: (each.name, each.id))
    text = acting.t("study.hand_ask", came=len(there)) if found else acting.t("study.hand_none", came=len(there))
    await respond(query, *studies.choosing(it, "there", "hand", found, page, acting.t, text))


async def _reasons(query: CallbackQuery, it: Gathering, acting: Acting) -> None:
    """One after the other, one's own last: somebody else decides about that; then back to it."""
    found = await excuses.asking_off(acting.session, it)
    found.sort(key=lambda each: each[0] is acting.person)
    if not found:
        await show_one(query, it, acting)
        return
    (person, words), *more = found
    await respond(query, *studies.reason(it, person, words, len(more), acting.t))


async def attach(it: Gathering, number: int, acting: Acting) -> None:
    """This quiz belongs to it. Raises Refusal when there is none."""
    if await acting.session.get(Quiz, number) is None:
        raise Refusal("study.no_quiz", number=number)
    it.quiz_id = number


async def _coverage(query: CallbackQuery, acting: Acting, page: int) -> None:
    calendar = acting.house.calendar
    term = calendar.semester_at(acting.now)
    if term is None:
        raise Refusal("study.no_semester")
    found = await rules.coverage(acting.session, term, calendar, acting.now)
    await respond(query, *studies.covered(found, page, acting.t))


async def _back(state: FSMContext) -> None:
    if await state.get_state() in Studying:
        await state.clear()


def _number(value: str) -> int:
    """What was chosen, as a number; none is the first page."""
    return 0 if value == "-" else number_on(value)


async def _ask(
    query: CallbackQuery, acting: Acting, state: FSMContext, what: State, key: str, number: int, **data: object
) -> None:
    """Something is to be written (`gathering_words.py`)."""
    left = await leave(state, acting.t)
    await state.set_state(what)
    await state.set_data({"gathering": number, **data})
    text, keys = studies.asked(key, number, acting.t)
    await respond(query, left + text, keys)
