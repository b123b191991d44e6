"""What a staff member was asked to write, and what their next reply about the ticket is therefore."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery

from handlers.screens import show
from handlers.staff.desk import Desk
from models import letters
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
    await state.set_state(writing)
    await state.set_data({"ticket": ticket.id, "until": (desk.now + PROMPT_WAITS).isoformat(), **data})
    how: dict[str, Any] = {"ticket": ticket, "keyboard": "cancel", "lane": Lane.ANSWER}
    await letters.to_station(desk.session, desk.station, text, desk.now, **how, name=desk.member().name)


async def ask_below(
    query: CallbackQuery, desk: Desk, state: FSMContext, writing: State, ticket: Ticket, text: str, **data: Any
) -> None:
    """The same where a choice was pressed, which makes room for it."""
    await show(query, desk.t("desk.write_below", number=ticket.id))
    await ask(desk, state, writing, ticket, text, **data)


async def expected(state: FSMContext, ticket: Ticket) -> str | None:
    """What the next reply about this ticket is; None when nothing was asked for."""
    return await state.get_state() if (await state.get_data()).get("ticket") == ticket.id else None


async def is_stale(state: FSMContext, ticket: Ticket, now: datetime) -> bool:
    """Whether something was asked for about this ticket so long ago that a reply may mean anything."""
    until = (await state.get_data()).get("until")
    return await expected(state, ticket) is not None and until is not None and now >= datetime.fromisoformat(until)
