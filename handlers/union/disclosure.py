"""What students say about the union's disclosures, as the office and the supervisors answer it, and /disclosure.

a comment's card ─▶ show · hide (why?)                              until then nobody else reads it
        ├─▶ answer ─▶ words ─┐
        └─▶ a reply to it ───┴▶ seen once more ─▶ published: below the comment, for everybody
/disclosure ─▶ how the five headings stand ─▶ what is still to be decided or answered ─▶ a card, once more
        └─▶ a new version of one: written, read and approved as every publication (`publications.py`)
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import comments as cards
from bot import disclosing as screens
from bot.comments import Handle
from bot.disclosing import Disclosing
from bot.filters import Pressed
from bot.untrusted import lines, units
from handlers.occasion import leave, must_be_seen
from handlers.screens import pressed, respond
from handlers.union import publications
from handlers.union.acting import Acting, Wherever
from models.errors import Refusal
from models.permissions import Deed
from models.union import comments, disclosure, moderation
from models.union.comments import Comment, Reason
from models.union.publications import Heading


class PublicAnswer(StatesGroup):
    """An answer that everybody will read is being written, or waits for a press."""

    words = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="disclosure")
    written = F.text & ~F.text.startswith("/")
    router.message.register(begin, Command("disclosure"), Wherever())
    router.message.register(words, StateFilter(PublicAnswer), written, Wherever())
    router.callback_query.register(step, Pressed(Disclosing), Wherever())
    router.callback_query.register(handle, Pressed(Handle), Wherever())
    return router


def replies() -> Router:
    """Asked before every conversation."""
    router = Router(name="replies to comments")
    router.message.register(reply, F.reply_to_message, F.text & ~F.text.startswith("/"), to_a_comment, Wherever())
    return router


async def to_a_comment(message: Message, session: AsyncSession) -> bool | dict[str, Any]:
    """Filter: a reply to a comment's card; hands the `comment` over."""
    replied = message.reply_to_message
    found = await comments.at_card(session, message.chat.id, replied.message_id) if replied is not None else None
    return {"comment": found} if found is not None else False


# ---------------------------------------------------------------- comments


async def reply(message: Message, comment: Comment, acting: Acting, state: FSMContext) -> None:
    """A reply to the card is the answer."""
    await acting.may(Deed.COMMENTS)
    await _preview(message, comment.id, acting, state)


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """What was asked for by the button; written anew it takes the place of what was to be published."""
    await acting.may(Deed.COMMENTS)
    await _preview(message, (await state.get_data()).get("comment", 0), acting, state)


async def _preview(message: Message, number: int, acting: Acting, state: FSMContext) -> None:
    text = lines(message.text or "")
    comment = await moderation.must_be_answerable(acting.session, number)
    comments.must_fit(text, units(text), comments.ANSWER_LENGTH)
    await state.set_state(PublicAnswer.preview)
    turn, corrects = message.message_id, comment.answer is not None
    await state.set_data({"comment": number, "text": text, "corrects": corrects, "turn": turn})
    await respond(message, *cards.preview(comment, text, turn, acting.t))


async def handle(query: CallbackQuery, press: Handle, acting: Acting, state: FSMContext) -> None:
    """A press on a card; all its cards follow."""
    by = await acting.may(Deed.COMMENTS)
    session, house, now, t = acting.session, acting.house, acting.now, acting.t
    match press.act:
        case "show":
            await moderation.reveal(session, press.comment, by, house, now)
        case "hide" | "keys":
            comment = await comments.get(session, press.comment)
            name = await comments.writer(session, comment)
            keys = cards.reasons(t, comment) if press.act == "hide" else cards.keys(t, comment)
            await respond(query, cards.card(comment, name, t, now), keys)
        case "answer":
            comment = await moderation.must_be_answerable(session, press.comment)
            left = await leave(state, t)
            await state.set_state(PublicAnswer.words)
            await state.set_data({"comment": comment.id})
            await respond(pressed(query, True), left + cards.asked_to_answer(comment, t))
        case "publish":
            # What is published is what stands above the button.
            data = await state.get_data()
            seen = press.comment, press.turn
            if await state.get_state() != PublicAnswer.preview.state or seen != (data["comment"], data["turn"]):
                raise Refusal("old.button")
            await moderation.answer(session, press.comment, by, data["text"], data["corrects"], house, now)
            await state.clear()
            await respond(query, t("comment.published", number=press.comment, text=data["text"]))
        case "card":
            comment = await comments.get(session, press.comment)
            assert query.message is not None, "the one who may has pressed in a chat"
            await comments.bring(session, comment, query.message.chat.id, now)
        case _:
            if press.act not in list(Reason):
                raise Refusal("old.button")
            await moderation.hide(session, press.comment, by, Reason(press.act), house, now)


# ---------------------------------------------------------------- /disclosure


async def begin(message: Message, command: CommandObject, acting: Acting) -> None:
    """How the five headings stand."""
    must_be_seen(message, command)
    await acting.may(Deed.DISCLOSURE)
    await _state(message, acting)


async def step(query: CallbackQuery, press: Disclosing, acting: Acting, state: FSMContext) -> None:
    """A press below it."""
    await acting.may(Deed.DISCLOSURE)
    match press.act:
        case "state":
            await _state(query, acting)
        case "headings":
            await respond(query, *screens.to_renew(acting.t))
        case "new" if press.what in set(Heading):
            await publications.begin_disclosure(query, Heading(press.what), acting, state)
        case "comments":
            found = await comments.open_ones(acting.session)
            await respond(query, *screens.open_comments(found, press.page, acting.t, acting.now))
        case _:
            raise Refusal("old.button")


async def _state(event: Message | CallbackQuery, acting: Acting) -> None:
    fresh = await disclosure.fresh(acting.session, acting.house, acting.now)
    waiting = len(await comments.open_ones(acting.session))
    await respond(event, *screens.of_office(fresh, waiting, acting.t))
