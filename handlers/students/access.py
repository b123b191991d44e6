"""The door: who may use the bot in private, where the union does not let everybody in (`[access] mode`).

consent ─▶ code: the campus code ─────────────────────────▶ in ─▶ the two questions, or what was kept
        └▶ roster: student number ─▶ its one-time code ───▶ in
             │ words written at the door are kept and taken up inside, as at the consent

Reading /help, /privacy and /language, one's own data, /forget, and following tickets filed before need no code. Groups
have no door.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import doors
from bot.contents import content_of
from bot.doors import Number
from bot.filters import Going, Pressed
from bot.keyboards import Go, Press
from bot.menus import Belongs, Join, Pick, Step
from bot.sealed import Tell
from bot.untrusted import inline
from handlers.screens import show
from handlers.students import new, start
from handlers.students.report import Reporting
from handlers.students.talk import Private, Talk
from models import access, roster
from models.access import Answer, Mode, Tried

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{3,18}[A-Za-z0-9]")
"""What may be meant as a code; any other words are kept until the person is in."""
SHOWN_NUMBER = 24


class Access(StatesGroup):
    """At the door: `number` waits for the student number, `code` for the campus code or the one-time code."""

    number = State()
    code = State()


def router() -> Router:
    """This conversation's handlers; asked before the menus and the tickets."""
    router = Router(name="access")
    private = Private()
    router.callback_query.register(agree, Going("agree"), private, at_the_door)
    router.message.register(ask, Command("start", "new", "report"), private, outside)
    router.message.register(knock, private, ~F.text.startswith("/"), ~StateFilter(Reporting), outside)
    router.callback_query.register(other_number, Pressed(Number), private, outside)
    router.callback_query.register(pick_language, Pressed(Pick), private, start.picked("language"), outside)
    router.callback_query.register(ask, private, outside, leads_inside)
    return router


async def at_the_door(_: Message | CallbackQuery, talk: Talk) -> bool:
    """Filter: somebody who agrees and is not in yet."""
    return not await access.admitted(talk.session, talk.person, talk.settings.access.mode)


async def outside(event: Message | CallbackQuery, talk: Talk) -> bool:
    """Filter: somebody who has agreed and is not in."""
    return talk.person.agreed and await at_the_door(event, talk)


INSIDE: tuple[type[Press], ...] = (Pick, Step, Join, Belongs)


async def leads_inside(query: CallbackQuery) -> bool:
    """Filter: a press on what is inside: the menu, a draft, a new report. Following one's own tickets and reports is
    not.
    """
    data = query.data or ""
    to = data.partition(":")[2] if data.startswith(f"{Go.prefix}:") else ""
    if data == Tell("begin").pack():
        return True
    return to in ("home", "new", "profile", "report") or any(data.startswith(f"{kind.prefix}:") for kind in INSIDE)


async def agree(query: CallbackQuery, talk: Talk) -> None:
    """Consent first, then the door."""
    talk.person.agreed = True
    await ask(query, talk)


async def ask(event: Message | CallbackQuery, talk: Talk, before: str = "") -> None:
    """What is asked at the door; `before` says what came of the last answer."""
    t = talk.t
    if talk.settings.access.mode is Mode.CODE:
        await talk.state.set_state(Access.code)
        await show(event, before + t("access.ask_code"), doors.outside(t))
        return
    number = (await talk.state.get_data()).get("number")
    if number is None:
        await talk.state.set_state(Access.number)
        await show(event, before + t("access.ask_number"), doors.outside(t))
    else:
        await talk.state.set_state(Access.code)
        await show(event, before + t("access.ask_one_time", student=number), doors.outside(t, number=True))


async def other_number(query: CallbackQuery, talk: Talk) -> None:
    """They mistyped their number."""
    await _drop_number(talk.state)
    await ask(query, talk)


async def pick_language(query: CallbackQuery, press: Pick, talk: Talk) -> None:
    """The same door in another language."""
    start.choose_language(talk, press.value)
    await ask(query, talk)


async def knock(message: Message, talk: Talk) -> None:
    """Something was said at the door: a number, a code, or words, which are kept."""
    typed = unicodedata.normalize("NFKC", message.text or "").strip()
    data = await talk.state.get_data()
    if talk.settings.access.mode is Mode.ROSTER and data.get("number") is None:
        number = roster.number_of(typed)
        if number is not None:
            await talk.state.update_data(number=number)
            await ask(message, talk)
            return
        asked = await talk.state.get_state() == Access.number.state
        if asked and typed and len(typed.split()) == 1 and typed.isascii():
            await ask(message, talk, talk.t("access.no_number", typed=inline(typed, SHOWN_NUMBER)) + "\n\n")
            return
        await _keep(message, talk)
        return
    if not _may_be_code(typed):
        await _keep(message, talk)
        return
    if talk.settings.access.mode is Mode.CODE:
        tried = await access.try_campus_code(talk.session, talk.person, typed, talk.house.vault, talk.now)
    else:
        tried = await access.prove(talk.session, talk.person, str(data["number"]), typed, talk.house.vault, talk.now)
    if tried.answer is Answer.IN:
        await come_in(message, talk, tried)
    else:
        await ask(message, talk, _refused(tried, talk) + "\n\n")


def _may_be_code(typed: str) -> bool:
    """Whether these words may be a code: no sentence of several words is one."""
    return CODE.fullmatch(typed) is not None and len(typed.split()) <= 2 and len(roster.code_of(typed)) <= 12


def _refused(tried: Tried, talk: Talk) -> str:
    t = talk.t
    if tried.answer is Answer.WAIT:
        assert tried.until is not None
        span = t.span(tried.until - talk.now)
        return t("access.wait", moment=t.moment(tried.until, talk.now), span=span)
    wrong = t("access.wrong_code" if talk.settings.access.mode is Mode.CODE else "access.wrong_one_time")
    if tried.until is None:
        return wrong
    return f"{wrong} {t('access.then_wait', span=t.span(tried.until - talk.now))}"


async def _keep(message: Message, talk: Talk) -> None:
    """Words at the door wait for whoever wrote them to be let in."""
    kept = ""
    if content_of(message) is not None:
        before = (await talk.state.get_data()).get("pending", [])
        await talk.state.update_data(pending=new.held_with(before, message))
        kept = talk.t("access.kept") + "\n\n"
    await ask(message, talk, kept)


async def come_in(event: Message | CallbackQuery, talk: Talk, tried: Tried | None = None) -> None:
    """They are in: on to what was kept, to the two questions, or to the menu."""
    await _drop_number(talk.state)
    if isinstance(event, Message):
        said = talk.t("access.in_moved" if tried is not None and tried.moved else "access.in")
        await event.answer(said)
    if talk.person.building is None and talk.person.audience is None:
        await talk.state.set_state(start.Profile.consent)
        await start.profile(event, talk)
    else:
        await start.to_menu(event, talk)


async def _drop_number(state: FSMContext) -> None:
    data: dict[str, Any] = await state.get_data()
    data.pop("number", None)
    await state.set_data(data)
