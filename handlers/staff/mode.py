"""/mode: a lead or an admin changes the group between one forum topic per ticket and one card below the other.

/mode ─▶ how it is now, how many tickets go along: sure? ─▶ every open card is posted anew
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import lists
from bot.filters import AtDesk, Pressed, markup
from bot.lists import Mode
from bot.people import Presence, hidden
from bot.texts import Texts
from handlers.screens import show
from handlers.staff.common import may_here, member
from models import modes
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.stations import Station


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="mode")
    router.message.register(begin, Command("mode"), AtDesk())
    router.callback_query.register(change, Pressed(Mode), AtDesk())
    return router


async def begin(
    message: Message,
    session: AsyncSession,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """What would change."""
    if hidden(message):
        raise Refusal("hidden.command", command="mode")
    await may_here(session, Deed.MODE, station, member(staff, presence))
    if not station.topics:
        _can_have_topics(message, presence)
    to = "plain" if station.topics else "topics"
    count = await modes.count(session, station)
    await message.reply(t.n(f"mode.sure_{to}", count), reply_markup=markup(lists.mode_sure(t, to)))


async def change(
    query: CallbackQuery,
    press: Mode,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """Sure, or not."""
    someone = member(staff, presence)
    if press.to == "cancel":
        await show(query, t("desk.cancelled"))
        return
    if press.to not in ("topics", "plain") or not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    await may_here(session, Deed.MODE, station, someone)
    if press.to == "topics":
        _can_have_topics(query.message, presence)
    count = await modes.switch(session, station, press.to == "topics", someone, now)
    await show(query, t.n(f"mode.done_{press.to}", count, name=someone.name))


def _can_have_topics(message: Message, presence: Presence | None) -> None:
    if not message.chat.is_forum:
        raise Refusal("mode.no_forum")
    if presence is None or not presence.bot_manages_topics:
        raise Refusal("mode.no_right")
