"""/survey, in the office and alone with the bot: the union's surveys, and what it says about what came of them.

/survey ─▶ list ─▶ one ─▶ preview
                    ├─ planned ─▶ a week later · cancel (sure?)
                    └─ closed ──▶ results · CSV
                                  free words to look at ─▶ quote · keep, one after the other
                                  say what will change (of a project: keep, change or stop first)
                                     └▶ words, in other languages too ─▶ preview ─▶ sent to those who were asked
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import scripts, survey_desk, typed
from bot.filters import Pressed, markup
from bot.survey_desk import Looked, Running
from handlers.occasion import leave, must_be_seen
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from models import invitations, outcomes, remarks, surveys
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.remarks import Look
from models.surveys import OVER, Survey, Verdict

A_WEEK = timedelta(weeks=1)


class Saying(StatesGroup):
    """What will change is being written; then it waits for a press."""

    words = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="survey desk")
    router.message.register(begin, Command("survey"), Wherever())
    written = F.text & ~F.text.startswith("/")
    router.message.register(say, StateFilter(Saying.words), written, Wherever())
    router.callback_query.register(looked, Pressed(Looked), Wherever())
    router.callback_query.register(step, Pressed(Running), Wherever())
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/survey: all of them; with a number that one."""
    must_be_seen(message, command)
    await acting.may(Deed.SURVEYS)
    left = await leave(state, acting.t)
    number = typed.number(command.args or "")
    if number is not None:
        await show_one(message, await surveys.get(acting.session, number), acting, left)
    else:
        await _list(message, acting, left)


async def step(query: CallbackQuery, press: Running, acting: Acting, state: FSMContext) -> None:
    """A press."""
    staff = await acting.may(Deed.SURVEYS)
    if press.act == "list":
        await _list(query, acting)
        return
    survey = await surveys.get(acting.session, press.survey)
    match press.act:
        case "one":
            if await state.get_state() in Saying:
                await state.clear()
            await show_one(query, survey, acting)
        case "preview":
            texts, keys = survey_desk.preview(survey, acting.t)
            if isinstance(query.message, Message):
                for text in texts[:-1]:
                    await query.message.answer(text)
                await query.message.answer(texts[-1], reply_markup=markup(keys))
        case "later":
            seen = survey_desk.day_seen(press)
            survey = await surveys.put_off(acting.session, survey.id, A_WEEK, seen, staff, acting.now)
            await show_one(query, survey, acting)
        case "cancel":
            await respond(query, *survey_desk.sure(survey, acting.t))
        case "sure":
            await show_one(query, await surveys.cancel(acting.session, survey.id, staff, acting.now), acting)
        case "results" | "csv":
            outcomes.show(acting.session, survey, _chat_of(query), acting.t.language, csv=press.act == "csv")
        case "words":
            await _next_words(query, survey, acting)
        case "say" | "verdict" | "language" | "send":
            await _saying(query, press, survey, staff, acting, state)
        case _:
            raise Refusal("old.button")


async def _saying(
    query: CallbackQuery, press: Running, survey: Survey, staff: Person, acting: Acting, state: FSMContext
) -> None:
    """On the way to what will change."""
    outcomes.must_be_unsaid(survey)
    data, left = await state.get_data(), ""
    if press.act == "say":
        left = await leave(state, acting.t)
        await state.set_data({"survey": survey.id, "changes": {}})
        if survey.project_id is not None:
            text, keys = survey_desk.verdicts(survey, acting.t)
            await respond(query, left + text, keys)
            return
    elif data.get("survey") != survey.id:
        raise Refusal("old.button")
    if press.act == "send":
        said, decided = data["changes"], _verdict(data)
        await outcomes.publish(acting.session, survey.id, said, acting.now, verdict=decided, staff=staff)
        await state.clear()
        await show_one(query, survey, acting)
        return
    if press.act == "verdict":
        if press.choice not in set(Verdict) or survey.project_id is None:
            raise Refusal("old.button")
        await state.update_data(verdict=press.choice)
    if press.act == "language":
        if press.choice not in acting.house.languages:
            raise Refusal("old.button")
        await state.update_data(language=press.choice)
    await state.set_state(Saying.words)
    text, keys = survey_desk.asked_to_say(survey, _verdict(await state.get_data()), acting.t)
    await respond(query, left + text, keys)


async def say(message: Message, acting: Acting, state: FSMContext) -> None:
    """What will change, in one language; traditional characters follow from simplified ones and the other way round."""
    await acting.may(Deed.SURVEYS)
    data = await state.get_data()
    survey = await surveys.get(acting.session, data["survey"])
    language, text = data.get("language") or acting.t.language, (message.text or "").strip()
    if len(text) > outcomes.CHANGES_LENGTH:
        raise Refusal("survey.changes_too_long", most=outcomes.CHANGES_LENGTH)
    changes = scripts.written(data["changes"], language, text, acting.house.languages)
    await state.update_data(changes=changes, language=None)
    await state.set_state(Saying.preview)
    missing = [each for each in acting.house.languages if each not in changes]
    count = (await invitations.response(acting.session, survey)).invited
    await respond(message, *survey_desk.said(survey, changes, _verdict(data), missing, count, acting.t))


def _verdict(data: dict[str, Any]) -> Verdict | None:
    """What was chosen of a project."""
    return Verdict(data["verdict"]) if data.get("verdict") else None


async def looked(query: CallbackQuery, press: Looked, acting: Acting) -> None:
    """Free words, and those like them, may be quoted or not."""
    staff = await acting.may(Deed.SURVEYS)
    remark = await remarks.get(acting.session, press.key)
    await remarks.decide(acting.session, remark, Look.TOLD if press.quote else Look.KEPT, staff, acting.now)
    await _next_words(query, await surveys.get(acting.session, remark.survey_id), acting)


async def _next_words(query: CallbackQuery, survey: Survey, acting: Acting) -> None:
    held = await remarks.of(acting.session, survey.id, Look.HELD) if survey.stage in OVER else []
    first = held[0] if held else None
    await respond(query, *survey_desk.words(survey, first, len(held), acting.t))


async def _list(event: Message | CallbackQuery, acting: Acting, left: str = "") -> None:
    found = await surveys.newest(acting.session)
    text, keys = survey_desk.listed(
        [(survey, await invitations.response(acting.session, survey)) for survey in found], acting.t, acting.now
    )
    await respond(event, left + text, keys)


async def show_one(event: Message | CallbackQuery, survey: Survey, acting: Acting, left: str = "") -> None:
    """One survey, and what can be done with it."""
    response = await invitations.response(acting.session, survey)
    held = len(await remarks.of(acting.session, survey.id, Look.HELD)) if survey.stage in OVER else 0
    text, keys = survey_desk.one(survey, response, held, acting.t, acting.now)
    await respond(event, left + text, keys)


def _chat_of(query: CallbackQuery) -> int:
    assert query.message is not None, "`acting.may` has asked in which chat it was pressed"
    return query.message.chat.id
