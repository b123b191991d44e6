"""/evaluation: the evaluation of staff, once a semester. Whoever it is about reads and answers first, alone with the
bot; then the presidium reads and decides, in the office or alone with the bot.

the office ─▶ start (sure?) ─▶ list, by name ─▶ one, once it is open ─▶ decide ─▶ words ─▶ preview ─▶ recorded, told
alone ─▶ one's own sheet ─▶ write a word · nothing to add      (until seven days are over, the later counts)
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import evaluations as screens
from bot import menus
from bot.evaluations import Evaluating, OwnEvaluation
from bot.filters import Pressed, markup
from bot.keyboards import keyboard
from bot.untrusted import lines
from handlers.occasion import Occasion, leave, must_be_seen
from handlers.screens import pressed, respond, show
from handlers.students.talk import Private, Talk
from handlers.union.acting import Acting, Wherever
from models import evaluations, permissions, statistics
from models.errors import Refusal
from models.evaluations import EvaluationSheet
from models.people import Person
from models.permissions import Deed


class Evaluation(StatesGroup):
    """Being written: one's own word; what was decided, which then waits for a press."""

    word = State()
    decision = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="evaluations")
    written = F.text & ~F.text.startswith("/")
    router.message.register(begin, Command("evaluation"), Wherever())
    router.message.register(word, Private(), StateFilter(Evaluation.word), written)
    router.message.register(decision, StateFilter(Evaluation.decision), written, Wherever())
    router.callback_query.register(own, Pressed(OwnEvaluation), Private())
    router.callback_query.register(step, Pressed(Evaluating), Wherever())
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/evaluation: the round as the presidium sees it; to anybody else who is alone with the bot, their own sheet."""
    must_be_seen(message, command)
    left, person = await leave(state, acting.t), acting.person
    who = await permissions.alone(acting.session, person) if person is not None else frozenset()
    if message.chat.type == ChatType.PRIVATE and person is not None and not permissions.may(Deed.EVALUATE, who):
        await _own(message, await evaluations.must_be_own(acting.session, None, person), acting, left)
        return
    await acting.may(Deed.EVALUATE)
    await _list(message, acting, left=left)


# ---------------------------------------------------------------- whoever it is about


async def own(query: CallbackQuery, press: OwnEvaluation, talk: Talk) -> None:
    """A press on one's own sheet, which stays as it is: what comes of it stands below."""
    sheet = await evaluations.must_be_own(talk.session, press.sheet, talk.person)
    below = pressed(query, True)
    match press.act:
        case "show":
            await _own(below, sheet, talk)
        case "write":
            round_ = await evaluations.round_of(talk.session, sheet)
            if not evaluations.may_answer(sheet, round_, talk.now):
                raise Refusal("evaluation.too_late")
            left = await talk.leave()
            await talk.state.set_state(Evaluation.word)
            await talk.state.set_data({"sheet": sheet.id})
            text = talk.t("evaluation.write_what", most=evaluations.WORD_LENGTH)
            await show(below, left + text, keyboard([[menus.way_out(talk.t)]]))
        case "nothing":
            await _answered(below, sheet, None, talk)
        case _:
            raise Refusal("old.button")


async def word(message: Message, talk: Talk) -> None:
    """What they say to it."""
    data = await talk.state.get_data()
    sheet = await evaluations.must_be_own(talk.session, data.get("sheet", 0), talk.person)
    await _answered(message, sheet, lines(message.text or ""), talk)


async def _answered(event: Message | CallbackQuery, sheet: EvaluationSheet, said: str | None, talk: Talk) -> None:
    await evaluations.answer(talk.session, sheet, said, talk.now)
    if await talk.state.get_state() in Evaluation:
        await talk.state.clear()
    round_ = await evaluations.round_of(talk.session, sheet)
    await show(event, *screens.answered(round_, sheet, talk.t, talk.now))


async def _own(event: Message | CallbackQuery, sheet: EvaluationSheet, here: Occasion, left: str = "") -> None:
    round_ = await evaluations.round_of(here.session, sheet)
    texts, keys = screens.own(round_, sheet, here.t, here.now)
    await _say(event, [left + texts[0], *texts[1:]], keys)


# ---------------------------------------------------------------- the presidium


async def step(query: CallbackQuery, press: Evaluating, acting: Acting, state: FSMContext) -> None:
    """A press of the presidium's."""
    by = await acting.may(Deed.EVALUATE)
    session, house, now = acting.session, acting.house, acting.now
    match press.act:
        case "list":
            await _list(query, acting, press.number)
        case "start":
            await _sure(query, acting)
        case "sure":
            await evaluations.start(session, by, house, acting.settings.surveys.minimum_cell, now)
            await _list(query, acting)
        case "one":
            if await state.get_state() in Evaluation:
                await state.clear()
            await _one(query, press.number, acting)
        case "decide":
            _, sheet, person = await evaluations.to_decide(session, press.number, by, now)
            left = await leave(state, acting.t)
            await state.set_state(Evaluation.decision)
            await state.set_data({"sheet": sheet.id})
            text, keys = screens.asked_to_decide(sheet, person, acting.t)
            await show(pressed(query, True), left + text, keys)
        case "record":
            data = await state.get_data()
            if await state.get_state() != Evaluation.preview.state or data.get("sheet") != press.number:
                raise Refusal("old.button")
            await evaluations.decide(session, press.number, by, data["text"], house, now)
            await state.clear()
            await _one(query, press.number, acting)
        case _:
            raise Refusal("old.button")


async def decision(message: Message, acting: Acting, state: FSMContext) -> None:
    """What was decided about somebody; it is written down only after one more press."""
    by = await acting.may(Deed.EVALUATE)
    data, text = await state.get_data(), lines(message.text or "")
    _, sheet, person = await evaluations.to_decide(acting.session, data.get("sheet", 0), by, acting.now)
    evaluations.must_fit(text)
    await state.set_state(Evaluation.preview)
    await state.set_data({"sheet": sheet.id, "text": text})
    await respond(message, *screens.to_record(sheet, person, text, acting.t))


async def _sure(query: CallbackQuery, acting: Acting) -> None:
    term = evaluations.semester_of(acting.house, acting.now)
    if await evaluations.of_semester(acting.session, term.name) is not None:
        raise Refusal("evaluation.started_already", semester=term.name)
    span = statistics.period("semester", acting.house.calendar, acting.now)
    count = len(await evaluations.staff_of(acting.session, span, acting.house))
    await respond(query, *screens.sure(term.name, span, count, acting.t))


async def _list(event: Message | CallbackQuery, acting: Acting, page: int = 0, left: str = "") -> None:
    session, t, now = acting.session, acting.t, acting.now
    term = evaluations.semester_of(acting.house, now)
    round_ = await evaluations.newest(session)
    if round_ is None:
        text, keys = screens.offered(term.name, acting.settings.surveys.minimum_cell, t)
        await respond(event, left + text, keys)
        return
    alone = acting.station is None and acting.person is not None
    mine = await evaluations.last_of(session, acting.person) if alone and acting.person is not None else None
    found, may_start = await evaluations.listed(session, round_), round_.semester != term.name
    text, keys = screens.listed(round_, found, page, mine, may_start=may_start, t=t, now=now)
    await respond(event, left + text, keys)


async def _one(query: CallbackQuery, number: int, acting: Acting) -> None:
    round_, sheet, person = await evaluations.for_office(acting.session, number, acting.now)
    by = await acting.session.get(Person, sheet.decided_by_id) if sheet.decided_by_id is not None else None
    texts, keys = screens.of_office(round_, sheet, person, by, acting.t, acting.now)
    await _say(query, texts, keys)


async def _say(event: Message | CallbackQuery, texts: list[str], keys: dict[str, Any] | None) -> None:
    """In place of what was pressed when one message is enough; the keyboard stands below the last."""
    below = event.message if isinstance(event, CallbackQuery) else event
    if len(texts) == 1 or not isinstance(below, Message):
        await respond(event, texts[0], keys)
        return
    for text in texts[:-1]:
        await below.answer(text)
    await below.answer(texts[-1], reply_markup=markup(keys))
