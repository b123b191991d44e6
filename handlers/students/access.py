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
from datetime import datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import doors
from bot.contents import content_of
from bot.doors import Number
from bot.filters import Going, Pressed, Private
from bot.keyboards import Go, Press
from bot.menus import Belongs, Join, Pick, Step
from bot.sealed import Tell
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from handlers.screens import show
from handlers.students import new, start
from handlers.students.report import Reporting
from models import access, roster
from models.access import Answer, Mode, Tried
from models.house import House
from models.people import Person

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


async def at_the_door(_: CallbackQuery, person: Person | None, settings: Settings, session: AsyncSession) -> bool:
    """Filter: somebody who agrees and is not in yet."""
    return person is not None and not await access.admitted(session, person, settings.access.mode)


async def outside(
    event: Message | CallbackQuery, person: Person | None, settings: Settings, session: AsyncSession
) -> bool:
    """Filter: somebody who has agreed and is not in."""
    if person is None or not person.agreed:
        return False
    return not await access.admitted(session, person, settings.access.mode)


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


async def agree(query: CallbackQuery, person: Person, t: Texts, settings: Settings, state: FSMContext) -> None:
    """Consent first, then the door."""
    person.agreed = True
    await ask(query, t, settings, state)


async def ask(
    event: Message | CallbackQuery, t: Texts, settings: Settings, state: FSMContext, before: str = ""
) -> None:
    """What is asked at the door; `before` says what came of the last answer."""
    if settings.access.mode is Mode.CODE:
        await state.set_state(Access.code)
        await show(event, before + t("access.ask_code"), doors.outside(t))
        return
    number = (await state.get_data()).get("number")
    if number is None:
        await state.set_state(Access.number)
        await show(event, before + t("access.ask_number"), doors.outside(t))
    else:
        await state.set_state(Access.code)
        await show(event, before + t("access.ask_one_time", student=number), doors.outside(t, number=True))


async def other_number(query: CallbackQuery, t: Texts, settings: Settings, state: FSMContext) -> None:
    """They mistyped their number."""
    await _drop_number(state)
    await ask(query, t, settings, state)


async def pick_language(
    query: CallbackQuery,
    press: Pick,
    person: Person,
    house: House,
    toolbox: Toolbox,
    settings: Settings,
    state: FSMContext,
) -> None:
    """The same door in another language."""
    start.choose_language(person, press.value, house)
    await ask(query, toolbox.t(person.language), settings, state)


async def knock(
    message: Message,
    person: Person,
    t: Texts,
    settings: Settings,
    house: House,
    now: datetime,
    session: AsyncSession,
    state: FSMContext,
) -> None:
    """Something was said at the door: a number, a code, or words, which are kept."""
    typed = unicodedata.normalize("NFKC", message.text or "").strip()
    data = await state.get_data()
    if settings.access.mode is Mode.ROSTER and data.get("number") is None:
        number = roster.number_of(typed)
        if number is not None:
            await state.update_data(number=number)
            await ask(message, t, settings, state)
            return
        if await state.get_state() == Access.number.state and typed and len(typed.split()) == 1 and typed.isascii():
            await ask(message, t, settings, state, t("access.no_number", typed=inline(typed, SHOWN_NUMBER)) + "\n\n")
            return
        await _keep(message, t, settings, state)
        return
    if not _may_be_code(typed):
        await _keep(message, t, settings, state)
        return
    if settings.access.mode is Mode.CODE:
        tried = await access.try_campus_code(session, person, typed, house.vault, now)
    else:
        tried = await access.prove(session, person, str(data["number"]), typed, house.vault, now)
    if tried.answer is Answer.IN:
        await come_in(message, person, t, state, tried)
    else:
        await ask(message, t, settings, state, _refused(tried, t, now, settings.access.mode) + "\n\n")


def _may_be_code(typed: str) -> bool:
    """Whether these words may be a code: no sentence of several words is one."""
    return CODE.fullmatch(typed) is not None and len(typed.split()) <= 2 and len(roster.code_of(typed)) <= 12


def _refused(tried: Tried, t: Texts, now: datetime, mode: Mode) -> str:
    if tried.answer is Answer.WAIT:
        assert tried.until is not None
        return t("access.wait", moment=t.moment(tried.until, now), span=t.span(tried.until - now))
    wrong = t("access.wrong_code" if mode is Mode.CODE else "access.wrong_one_time")
    if tried.until is None:
        return wrong
    return f"{wrong} {t('access.then_wait', span=t.span(tried.until - now))}"


async def _keep(message: Message, t: Texts, settings: Settings, state: FSMContext) -> None:
    """Words at the door wait for whoever wrote them to be let in."""
    kept = ""
    if content_of(message) is not None:
        before = (await state.get_data()).get("pending", [])
        await state.update_data(pending=new.held_with(before, message))
        kept = t("access.kept") + "\n\n"
    await ask(message, t, settings, state, kept)


async def come_in(
    event: Message | CallbackQuery, person: Person, t: Texts, state: FSMContext, tried: Tried | None = None
) -> None:
    """They are in: on to what was kept, to the two questions, or to the menu."""
    await _drop_number(state)
    if isinstance(event, Message):
        said = t("access.in_moved" if tried is not None and tried.moved else "access.in")
        await event.answer(said)
    if person.building is None and person.audience is None:
        await state.set_state(start.Profile.consent)
        await start.profile(event, person, t, state)
    else:
        await start.to_menu(event, person, t, state)


async def _drop_number(state: FSMContext) -> None:
    data: dict[str, Any] = await state.get_data()
    data.pop("number", None)
    await state.set_data(data)
