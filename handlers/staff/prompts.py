"""What a staff member was asked to write, and what their next reply about the ticket is therefore.

The prompt itself says what a reply to it is (`postings.Posting.prompt`): whatever they do meanwhile, a note stays a
note. What the conversation remembers besides is for a reply to the card instead, and for a prompt that nobody has
noted yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.screens import show
from handlers.staff.desk import Desk
from models import letters, postings
from models.outbox import Lane
from models.tickets import Ticket


class Writing(StatesGroup):
    """What the next reply of this staff member is: a question, a note, or a reason. `data["ticket"]` says about
    what.
    """

    question = State()
    note = State()
    resolution = State()
    transfer = State()
    decline = State()
    reopening = State()
    tags = State()
    project = State()


PROMPT_WAITS = timedelta(hours=1)
"""So long the next reply is what was asked for. Later nobody remembers, and what was to be a note would be read by the
student or the other way round.
"""


async def ask(desk: Desk, state: FSMContext, writing: State, ticket: Ticket, text: str, **data: Any) -> None:
    """Ask for words: the next reply about this ticket is them. It is a letter about the ticket, so a reply to it finds
    the ticket.
    """
    if await is_free(state):
        await state.set_state(writing)
        await state.set_data({"ticket": ticket.id, "until": (desk.now + PROMPT_WAITS).isoformat(), **data})
    prompt = {"writing": writing.state, **data}
    how: dict[str, Any] = {"ticket": ticket, "keyboard": "cancel", "lane": Lane.ANSWER, "prompt": prompt}
    await letters.to_station(desk.session, desk.station, text, desk.now, **how, name=desk.member().name)


async def ask_below(
    query: CallbackQuery, desk: Desk, state: FSMContext, writing: State, ticket: Ticket, text: str, **data: Any
) -> None:
    """The same where a choice was pressed, which makes room for it."""
    await show(query, desk.t("desk.write_below", number=ticket.id))
    await ask(desk, state, writing, ticket, text, **data)


async def is_free(state: FSMContext) -> bool:
    """Whether they are in the middle of nothing that takes longer, such as recording a visitor: that is not given up
    for a word about another ticket.
    """
    at = await state.get_state()
    return at is None or at.startswith(f"{Writing.__name__}:")


async def forget(state: FSMContext) -> None:
    """Nothing is expected of them any more; what takes longer goes on."""
    if await is_free(state):
        await state.clear()


async def cancel(session: AsyncSession, query: CallbackQuery) -> None:
    """The prompt that is pressed asks for nothing any more."""
    message = query.message
    posting = await postings.in_chat(session, message.chat.id, message.message_id) if message is not None else None
    if posting is not None and posting.prompt is not None:
        posting.prompt = {}


async def expected(state: FSMContext, ticket: Ticket) -> str | None:
    """What the next reply about this ticket is; None when nothing was asked for."""
    return await state.get_state() if (await state.get_data()).get("ticket") == ticket.id else None


async def is_stale(state: FSMContext, ticket: Ticket, now: datetime) -> bool:
    """Whether something was asked for about this ticket so long ago that a reply may mean anything."""
    until = (await state.get_data()).get("until")
    return await expected(state, ticket) is not None and until is not None and now >= datetime.fromisoformat(until)


async def prompt_of(session: AsyncSession, message: Message) -> dict[str, Any] | None:
    """What the bot asked for in the message that this replies to; None when it is no prompt, empty when it was
    cancelled or is so old that a reply to it may mean anything.
    """
    replied = message.reply_to_message
    posting = await postings.in_chat(session, message.chat.id, replied.message_id) if replied is not None else None
    if replied is None or posting is None or posting.prompt is None:
        return None
    return posting.prompt if message.date - replied.date < PROMPT_WAITS else {}
