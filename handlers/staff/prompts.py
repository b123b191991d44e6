"""What a staff member was asked to write, and what their next reply about the ticket is therefore.

The prompt itself says what a reply to it is (`postings.Posting.prompt`): whatever they do meanwhile, a note stays a
note. What the conversation remembers besides is for a reply to the card instead, and for a prompt that nobody has
noted yet.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.screens import show
from handlers.staff.desk import Desk
from models import conversations, letters, postings
from models.outbox import Lane
from models.tickets import Ticket


class Writing(enum.StrEnum):
    """What a staff member was asked to write."""

    QUESTION = "question"
    NOTE = "note"
    RESOLUTION = "resolution"
    TRANSFER = "transfer"
    DECLINE = "decline"
    REOPENING = "reopening"
    TAGS = "tags"
    PROJECT = "project"


PROMPT_WAITS = timedelta(hours=1)
"""So long the next reply is what was asked for. Later nobody remembers, and what was to be a note would be read by the
student or the other way round.
"""


async def ask(desk: Desk, state: FSMContext, writing: Writing, ticket: Ticket, text: str, **chosen: Any) -> None:
    """Ask for words: the next reply about this ticket is them. It is a letter about the ticket, so a reply to it finds
    the ticket. What else they are in the middle of, such as recording a visitor, goes on; and whatever they begin, this
    stays: a note must not become an answer.
    """
    prompt = {"writing": writing, **chosen}
    until = (desk.now + PROMPT_WAITS).isoformat()
    await _beside(state).set_data({"ticket": ticket.id, "until": until, **prompt})
    how: dict[str, Any] = {"ticket": ticket, "keyboard": "cancel", "lane": Lane.ANSWER, "prompt": prompt}
    await letters.to_station(desk.session, desk.station, text, desk.now, **how, name=desk.member().name)


async def ask_below(
    query: CallbackQuery, desk: Desk, state: FSMContext, writing: Writing, ticket: Ticket, text: str, **chosen: Any
) -> None:
    """The same where a choice was pressed, which makes room for it."""
    await show(query, desk.t("desk.write_below", number=ticket.id))
    await ask(desk, state, writing, ticket, text, **chosen)


async def forget(state: FSMContext) -> None:
    """No reply of theirs is what was asked for any more; what else they are in the middle of goes on."""
    await _beside(state).clear()


async def cancel(session: AsyncSession, query: CallbackQuery) -> None:
    """The prompt that is pressed asks for nothing any more."""
    message = query.message
    posting = await postings.in_chat(session, message.chat.id, message.message_id) if message is not None else None
    if posting is not None and posting.prompt is not None:
        posting.prompt = {}


def _beside(state: FSMContext) -> FSMContext:
    return FSMContext(state.storage, replace(state.key, destiny=conversations.PROMPT))


async def awaited(state: FSMContext) -> dict[str, Any] | None:
    """What this person was asked to write last, about whichever ticket."""
    return await _beside(state).get_data() or None


async def expected(state: FSMContext, ticket: Ticket) -> dict[str, Any] | None:
    """What the next reply about this ticket is: `writing`, what was chosen before, and `until` when; None when nothing
    was asked for.
    """
    asked = await awaited(state)
    return asked if asked is not None and asked["ticket"] == ticket.id else None


def is_stale(asked: Mapping[str, Any], now: datetime) -> bool:
    """Whether it was asked for so long ago that a reply may mean anything."""
    return now >= datetime.fromisoformat(asked["until"])


async def prompt_of(session: AsyncSession, message: Message) -> dict[str, Any] | None:
    """What the bot asked for in the message that this replies to; None when it is no prompt, empty when it was
    cancelled or is so old that a reply to it may mean anything.
    """
    replied = message.reply_to_message
    posting = await postings.in_chat(session, message.chat.id, replied.message_id) if replied is not None else None
    if replied is None or posting is None or posting.prompt is None:
        return None
    return posting.prompt if message.date - replied.date < PROMPT_WAITS else {}
