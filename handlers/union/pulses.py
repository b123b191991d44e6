"""/poll: a union admin asks everybody one question, or the stations' groups, and the polls are counted; a lead asks the
group of their own station.

/poll ─▶ the question ─▶ the answers (or 1–5) ─▶ preview with how many get it ─▶ in private? to the groups? ─▶ sent
/poll question | answer | answer ─────────────▶ preview
"""

from __future__ import annotations

from datetime import timedelta

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message, Poll
from sqlalchemy.ext.asyncio import AsyncSession

from bot import menus, scripts, typed
from bot.filters import Pressed, markup
from bot.letters.polls import asked_of
from bot.menus import LANGUAGE_NAMES, Ask, AskAgain
from bot.toolbox import Toolbox
from bot.untrusted import units, whole
from handlers.occasion import leave, must_be_seen
from handlers.screens import show
from handlers.union.acting import Acting, Wherever
from models import lost_polls, pulses
from models.errors import Refusal
from models.permissions import Deed

OPEN_FOR = timedelta(days=2)


class Asking(StatesGroup):
    """Being written: the question, then the answers; `preview` waits for a press."""

    question = State()
    options = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers, and the counting of votes."""
    router = Router(name="pulses")
    router.message.register(begin, Command("poll"), Wherever())
    words = F.text & ~F.text.startswith("/")
    router.message.register(question, StateFilter(Asking.question), words, Wherever())
    router.message.register(options, StateFilter(Asking.options), words, Wherever())
    router.callback_query.register(step, Pressed(Ask), Wherever())
    router.callback_query.register(again, Pressed(AskAgain), Wherever())
    # The counts of a quiz are known from its answers.
    router.poll.register(count, F.type == "regular")
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/poll, with the question or without."""
    must_be_seen(message, command)
    await acting.may_here(Deed.POLL_HERE, Deed.POLL)
    left = await leave(state, acting.t)
    parts = [part.strip() for part in typed.items(command.args or "") if part.strip()]
    if not parts:
        await state.set_state(Asking.question)
        await message.reply(left + acting.t("pulse.question"), reply_markup=markup(menus.pulse_cancel(acting.t)))
        return
    await state.set_data({"question": checked_question(parts[0])})
    if len(parts) == 1:
        await _preview(message, None, acting, state, left)
    else:
        await _preview(message, checked_options(parts[1:]), acting, state, left)


async def question(message: Message, acting: Acting, state: FSMContext) -> None:
    """The question."""
    await acting.may_here(Deed.POLL_HERE, Deed.POLL)
    await state.set_data({"question": checked_question(message.text or "")})
    await state.set_state(Asking.options)
    await message.reply(acting.t("pulse.options"), reply_markup=markup(menus.pulse_scale(acting.t)))


async def options(message: Message, acting: Acting, state: FSMContext) -> None:
    """The answers, one a line."""
    await acting.may_here(Deed.POLL_HERE, Deed.POLL)
    lines = [line.strip() for line in (message.text or "").splitlines() if line.strip()]
    await _preview(message, checked_options(lines), acting, state)


async def step(query: CallbackQuery, press: Ask, acting: Acting, state: FSMContext) -> None:
    """A press on the way."""
    send = press.step == "send"
    staff = await (acting.may(Deed.POLL) if send else acting.may_here(Deed.POLL_HERE, Deed.POLL))
    data = await state.get_data()
    if press.step == "cancel":
        if await state.get_state() in Asking:
            await state.clear()
        await show(query, acting.t("pulse.cancelled"))
        return
    if "question" not in data:
        raise Refusal("old.button")
    if press.step == "scale":
        await _preview(query, None, acting, state)
    elif press.step in ("send", "groups") and await state.get_state() == Asking.preview.state:
        until = acting.house.calendar.for_many(acting.now) + OPEN_FOR
        places = await pulses.groups(acting.session, acting.own) if press.step == "groups" else None
        if places == []:
            raise Refusal("old.button")
        words = data["question"], data.get("options")
        await pulses.launch(acting.session, *words, until, acting.house, acting.now, places, staff)
        await state.clear()
        await show(query, acting.t("pulse.sent", question=data["question"], until=acting.t.moment(until, acting.now)))
    else:
        raise Refusal("old.button")


async def again(query: CallbackQuery, press: AskAgain, acting: Acting) -> None:
    """A poll or a quiz that may not have arrived in this group is sent once more."""
    deeds = (Deed.QUIZ_HERE, Deed.QUIZ) if press.what == "quiz" else (Deed.POLL_HERE, Deed.POLL)
    staff = await acting.may_here(*deeds)
    if acting.station is None:
        raise Refusal("old.button")
    asked = await lost_polls.again(acting.session, press.what, press.number, press.row, acting.station, acting.now)
    await show(query, acting.t("poll.sent_again", question=asked_of(asked, acting.t), name=staff.name))


async def count(poll: Poll, session: AsyncSession, toolbox: Toolbox) -> None:
    """A vote was given or taken back."""
    counts = [option.voter_count for option in poll.options]
    await pulses.voted(session, poll.id, counts, toolbox.house.vault)


async def _preview(
    event: Message | CallbackQuery, chosen: list[str] | None, acting: Acting, state: FSMContext, left: str = ""
) -> None:
    """What would be asked; `left` says what it put an end to."""
    t = acting.t
    data = await state.get_data()
    await state.set_data({**data, "options": chosen})
    await state.set_state(Asking.preview)
    shown = chosen or [t.plain(f"pulse.scale.{i}") for i in range(1, pulses.SCALE + 1)]
    words = {"question": data["question"], "options": "\n".join(f"• {option}" for option in shown)}
    if acting.own:
        text = t("pulse.preview_here", **words)
    else:
        text = t.n("pulse.preview", len(await pulses.recipients(acting.session)), **words)
        written = scripts.written({}, t.language, data["question"], acting.house.languages)
        others = [LANGUAGE_NAMES[each] for each in acting.house.languages if each not in written]
        if others:
            text += "\n\n" + t("pulse.as_written", languages=t.plain("survey.and").join(others))
    await show(
        event,
        left + text,
        menus.pulse_preview(t, acting.own is not None, len(await pulses.groups(acting.session, acting.own))),
    )


def checked_question(text: str) -> str:
    """On one line. Raises Refusal when Telegram would not take what can be seen of it."""
    text = " ".join(text.split())
    if not 1 <= units(whole(text)) <= pulses.QUESTION_LENGTH:
        raise Refusal("pulse.question_length", most=pulses.QUESTION_LENGTH)
    return text


def checked_options(lines: list[str]) -> list[str]:
    """These answers. Raises Refusal when Telegram would not take them, or when two are the same."""
    read = [whole(line) for line in lines]
    if not 2 <= len(read) <= pulses.MOST_OPTIONS or not all(1 <= units(line) <= pulses.OPTION_LENGTH for line in read):
        raise Refusal("pulse.options_limits", most=pulses.MOST_OPTIONS, length=pulses.OPTION_LENGTH)
    if len(set(read)) < len(read):
        raise Refusal("pulse.options_twice")
    return lines
