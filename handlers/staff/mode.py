"""/mode: a lead or an admin changes the group between one forum topic per ticket and one card below the other.

/mode ─▶ how it is now, how many tickets go along: sure? ─▶ every open card is posted anew
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import lists
from bot.filters import Pressed, markup
from bot.lists import Mode
from bot.people import Presence
from handlers.occasion import must_be_seen
from handlers.screens import show
from handlers.staff.desk import AtDesk, Desk
from models import modes
from models.errors import Refusal
from models.permissions import Deed


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="mode")
    router.message.register(begin, Command("mode"), AtDesk())
    router.callback_query.register(change, Pressed(Mode), AtDesk())
    return router


async def begin(message: Message, command: CommandObject, desk: Desk) -> None:
    """What would change."""
    must_be_seen(message, command)
    await desk.may_here(Deed.MODE)
    if not desk.station.topics:
        _can_have_topics(message, desk.presence)
    to = "plain" if desk.station.topics else "topics"
    count = await modes.count(desk.session, desk.station)
    await message.reply(desk.t.n(f"mode.sure_{to}", count), reply_markup=markup(lists.mode_sure(desk.t, to)))


async def change(query: CallbackQuery, press: Mode, desk: Desk) -> None:
    """Sure, or not."""
    someone = desk.member()
    if press.to == "cancel":
        await show(query, desk.t("desk.cancelled"))
        return
    if press.to not in ("topics", "plain") or not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    await desk.may_here(Deed.MODE)
    if press.to == "topics":
        _can_have_topics(query.message, desk.presence)
    count = await modes.switch(desk.session, desk.station, press.to == "topics", someone, desk.now)
    await show(query, desk.t.n(f"mode.done_{press.to}", count, name=someone.name))


def _can_have_topics(message: Message, presence: Presence | None) -> None:
    if not message.chat.is_forum:
        raise Refusal("mode.no_forum")
    if presence is None or not presence.bot_manages_topics:
        raise Refusal("mode.no_right")
