"""/poll: a union admin asks everybody one question, and everybody's polls are counted.

/poll ─▶ the question ─▶ the answers (or 1–5) ─▶ preview with how many get it ─▶ sent
/poll question | answer | answer ─────────────▶ preview
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message, Poll
from sqlalchemy.ext.asyncio import AsyncSession

from bot import menus
from bot.filters import Pressed, markup
from bot.menus import Ask
from bot.people import Presence, hidden
from bot.texts import Texts
from handlers.screens import show
from handlers.staff.common import may_wherever
from models import pulses
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.permissions import Deed
from models.stations import Station

OPEN_FOR = timedelta(days=2)


class Asking(StatesGroup):
    """Being written: the question, then the answers; `preview` waits for a press."""

    question = State()
    options = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers, and the counting of votes."""
    router = Router(name="pulses")
    router.message.register(begin, Command("poll"))
    words = F.text & ~F.text.startswith("/")
    router.message.register(question, StateFilter(Asking.question), words)
    router.message.register(options, StateFilter(Asking.options), words)
    router.callback_query.register(step, Pressed(Ask))
    router.poll.register(count)
    return router


async def begin(
    message: Message,
    command: CommandObject,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    t: Texts,
    state: FSMContext,
) -> None:
    """/poll, with the question or without."""
    if hidden(message):
        raise Refusal("hidden.command", command="poll")
    await may_wherever(session, Deed.POLL, message, person, station, presence)
    await state.clear()
    parts = [part.strip() for part in (command.args or "").split("|") if part.strip()]
    if not parts:
        await state.set_state(Asking.question)
        await message.reply(t("pulse.question"), reply_markup=markup(menus.pulse_cancel(t)))
        return
    await state.set_data({"question": _question(parts[0])})
    if len(parts) == 1:
        await _preview(message, None, session, t, state)
    else:
        await _preview(message, _options(parts[1:]), session, t, state)


async def question(
    message: Message,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    t: Texts,
    state: FSMContext,
) -> None:
    """The question."""
    await may_wherever(session, Deed.POLL, message, person, station, presence)
    await state.set_data({"question": _question(message.text or "")})
    await state.set_state(Asking.options)
    await message.reply(t("pulse.options"), reply_markup=markup(menus.pulse_scale(t)))


async def options(
    message: Message,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    t: Texts,
    state: FSMContext,
) -> None:
    """The answers, one a line."""
    await may_wherever(session, Deed.POLL, message, person, station, presence)
    lines = [line.strip() for line in (message.text or "").splitlines() if line.strip()]
    await _preview(message, _options(lines), session, t, state)


async def step(
    query: CallbackQuery,
    press: Ask,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    house: House,
    now: datetime,
    t: Texts,
    state: FSMContext,
) -> None:
    """A press on the way."""
    await may_wherever(session, Deed.POLL, query, person, station, presence)
    data = await state.get_data()
    if press.step == "cancel":
        await state.clear()
        await show(query, t("pulse.cancelled"))
        return
    if "question" not in data:
        raise Refusal("old.button")
    if press.step == "scale":
        await _preview(query, None, session, t, state)
    elif press.step == "send" and await state.get_state() == Asking.preview.state:
        until = house.calendar.after_quiet(now) + OPEN_FOR
        await pulses.launch(session, data["question"], data.get("options"), until, house, now)
        await state.clear()
        await show(query, t("pulse.sent", question=data["question"], until=t.moment(until, now)))
    else:
        raise Refusal("old.button")


async def count(poll: Poll, session: AsyncSession) -> None:
    """A vote was given or taken back."""
    await pulses.voted(session, poll.id, [option.voter_count for option in poll.options])


async def _preview(
    event: Message | CallbackQuery, chosen: list[str] | None, session: AsyncSession, t: Texts, state: FSMContext
) -> None:
    data = await state.get_data()
    await state.set_data({**data, "options": chosen})
    await state.set_state(Asking.preview)
    shown = chosen or [t.plain(f"pulse.scale.{i}") for i in range(1, pulses.SCALE + 1)]
    text = t.n(
        "pulse.preview",
        len(await pulses.recipients(session)),
        question=data["question"],
        options="\n".join(f"• {option}" for option in shown),
    )
    await show(event, text, menus.pulse_preview(t))


def _question(text: str) -> str:
    text = " ".join(text.split())
    if not 1 <= len(text) <= pulses.QUESTION_LENGTH:
        raise Refusal("pulse.question_length", most=pulses.QUESTION_LENGTH)
    return text


def _options(lines: list[str]) -> list[str]:
    if not 2 <= len(lines) <= pulses.MOST_OPTIONS or any(len(line) > pulses.OPTION_LENGTH for line in lines):
        raise Refusal("pulse.options_limits", most=pulses.MOST_OPTIONS, length=pulses.OPTION_LENGTH)
    if len(set(lines)) < len(lines):
        raise Refusal("pulse.options_twice")
    return lines
