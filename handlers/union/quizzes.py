"""/quiz: theory study in the groups. A union admin asks all of them from the office, a lead the group of their own
station; who answered what is counted.

/quiz ─▶ the question, the answers, the right one with a star ─▶ preview ─▶ sent
/quiz question | answer | * answer | > why ────────────────────▶ preview
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message, PollAnswer
from sqlalchemy.ext.asyncio import AsyncSession

from bot import menus, typed
from bot.filters import Pressed, markup
from bot.menus import Examine
from bot.texts import Texts
from bot.untrusted import contained, units
from bot.untrusted import lines as lined
from handlers.occasion import leave, must_be_seen
from handlers.screens import show
from handlers.union.acting import Acting, Wherever
from handlers.union.pulses import checked_options, checked_question
from models import quizzes
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.quizzes import Draft

OPEN_FOR = timedelta(days=7)
STAR, WHY = ("*", "＊"), (">", "＞")


class Quizzing(StatesGroup):
    """Being written; `preview` waits for a press."""

    words = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers, and the counting of answers."""
    router = Router(name="quizzes")
    router.message.register(begin, Command("quiz"), Wherever())
    router.message.register(words, StateFilter(Quizzing.words), F.text & ~F.text.startswith("/"), Wherever())
    router.callback_query.register(step, Pressed(Examine), Wherever())
    router.poll_answer.register(count)
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/quiz, with its words or without."""
    must_be_seen(message, command)
    await acting.may_here(Deed.QUIZ_HERE, Deed.QUIZ)
    left = await leave(state, acting.t)
    if command.args and command.args.strip():
        await _preview(message, command.args, acting, state, left)
        return
    await state.set_state(Quizzing.words)
    await message.reply(left + acting.t("quiz.words"), reply_markup=markup(menus.quiz_cancel(acting.t)))


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """The question, the answers and why, one a line."""
    await acting.may_here(Deed.QUIZ_HERE, Deed.QUIZ)
    await _preview(message, message.text or "", acting, state)


async def step(query: CallbackQuery, press: Examine, acting: Acting, state: FSMContext) -> None:
    """Send it, or not."""
    staff = await acting.may_here(Deed.QUIZ_HERE, Deed.QUIZ)
    if press.step == "cancel":
        if await state.get_state() in Quizzing:
            await state.clear()
        await show(query, acting.t("pulse.cancelled"))
        return
    if press.step != "send" or await state.get_state() != Quizzing.preview.state:
        raise Refusal("old.button")
    draft, until = Draft(**(await state.get_data())), acting.now + OPEN_FOR
    places = await quizzes.groups(acting.session, acting.own)
    await quizzes.launch(acting.session, draft, places, until, acting.now, staff)
    await state.clear()
    await show(query, acting.t("quiz.sent", question=draft.question, until=acting.t.moment(until, acting.now)))


async def count(answer: PollAnswer, session: AsyncSession, person: Person | None) -> None:
    """Somebody answered, or took it back. Who answers as a channel is nobody in particular."""
    if person is not None:
        chosen = answer.option_ids
        await quizzes.answered(session, answer.poll_id, person, chosen[0] if chosen else None)


async def _preview(message: Message, text: str, acting: Acting, state: FSMContext, left: str = "") -> None:
    draft, t = read(text), acting.t
    await state.set_data(asdict(draft))
    await state.set_state(Quizzing.preview)
    keys = menus.quiz_preview(t, acting.own is not None, len(await quizzes.groups(acting.session, acting.own)))
    await show(message, left + preview(draft, t), keys)


def preview(draft: Draft, t: Texts) -> str:
    """What would be asked, with the right answer, and how it is."""
    shown = "\n".join(f"{'✅' if i == draft.correct else '▫️'} {option}" for i, option in enumerate(draft.options))
    why = t("quiz.why", explanation=draft.explanation) + "\n" if draft.explanation else ""
    return t("quiz.preview", question=draft.question, options=shown) + "\n" + why + "\n" + t("quiz.how")


def read(text: str) -> Draft:
    """What was written: the question first, then the answers, the right one with a star, and what begins with > says
    why. Raises Refusal when something is missing or too long.
    """
    parts = [" ".join(part.split()) for part in typed.items(text)]
    why = [part[1:].strip() for part in parts if part.startswith(WHY)]
    lines = [part for part in parts if part and not part.startswith(WHY)]
    question, options = checked_question(lines[0] if lines else ""), lines[1:]
    right = [i for i, option in enumerate(options) if option.startswith(STAR)]
    bare = [option.lstrip("".join(STAR)).strip() for option in options]
    if len(right) != 1:
        raise Refusal("quiz.one_right")
    if not all(bare):
        raise Refusal("quiz.empty")
    chosen = checked_options(bare)
    explanation = "\n".join(why)
    if units(contained(lined(explanation))) > quizzes.EXPLANATION_LENGTH or len(why) > quizzes.EXPLANATION_LINES:
        raise Refusal("quiz.explanation_limits", length=quizzes.EXPLANATION_LENGTH, lines=quizzes.EXPLANATION_LINES)
    return Draft(question, chosen, right[0], explanation or None)
