"""What is at hand while one update is handled, whatever kind of conversation it belongs to.

A filter gives the handler the kind it is for: `AtDesk` its `desk` (`staff/desk.py`), `Private` its `talk`
(`students/talk.py`), `Wherever` the one who is `acting` (`union/acting.py`). Each knows who speaks and where, and asks
the one table (`models/permissions.py`) for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiogram.filters import CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people import hidden
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from models.errors import Refusal
from models.house import House

KEPT = ("parts", "pending", "typed")
"""Under which names a conversation keeps messages that have not gone anywhere yet: [what it says, where it stands]."""
KEPT_BARE = ("bid", "shown")
"""Likewise, without where they stand: a bid's words by name, what shows a milestone."""


@dataclass
class Occasion:
    """The open transaction, what time it is, what is made once at the start, and the texts in the language of the
    chat.
    """

    session: AsyncSession
    now: datetime
    toolbox: Toolbox
    t: Texts

    @property
    def house(self) -> House:
        """What the rules know of the union."""
        return self.toolbox.house

    @property
    def settings(self) -> Settings:
        """config.toml."""
        return self.toolbox.settings


async def leave(state: FSMContext, t: Texts) -> str:
    """Leave what was being done for something else. Returns what to say of it first: words that somebody has sent and
    that went nowhere are not dropped in silence, nor in a group those that they are still writing. Alone with the bot
    what comes then is asked about (`students/loose.py`); in a group it would be colleagues' talk, and lost.
    """
    data, at = await state.get_data(), await state.get_state()
    await state.clear()
    if any(data.get(name) for name in (*KEPT, *KEPT_BARE)):
        return t("draft.left") + "\n\n"
    in_a_group = state.key.chat_id != state.key.user_id
    return t("draft.put_away") + "\n\n" if at is not None and in_a_group else ""


async def leave_for(query: CallbackQuery, state: FSMContext, t: Texts, *, back: bool) -> None:
    """The same for a press on a screen that says nothing of it: it is said below, but for the way `back` of what is
    being written.
    """
    left = await leave(state, t)
    if left and not back and isinstance(query.message, Message):
        await query.message.answer(left.strip())


def must_be_seen(message: Message, command: CommandObject) -> None:
    """Raises Refusal for a command whose writer Telegram hides: the buttons say who presses."""
    if hidden(message):
        raise Refusal("hidden.command", command=command.command)
