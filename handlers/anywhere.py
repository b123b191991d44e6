"""What works everywhere and in every state: /cancel, /help; and what to say to a button that is too old.

The commands are asked first, so that no conversation can swallow them; `old_button` is asked last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, or_f
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot import menus
from bot.filters import Commanding, Going, Unsaid, markup
from bot.keyboards import keyboard
from bot.texts import Texts
from handlers.screens import show
from handlers.staff.desk import AtDesk
from handlers.students.report import is_drafting
from handlers.students.talk import Private, Talk
from models.errors import Refusal


def router() -> Router:
    """Asked before every conversation."""
    router = Router(name="anywhere")
    private = Private()
    router.message.filter(Commanding())
    router.message.register(forwarded, F.forward_origin, or_f(private, AtDesk()))
    router.message.register(cancel, Command("cancel"), private)
    router.callback_query.register(cancel_pressed, Going("cancel"), private)
    router.message.register(help_, Command("help"), private)
    router.callback_query.register(help_, Going("help"), private)
    return router


def first() -> Router:
    """Asked before everything, in every state."""
    router = Router(name="first")
    router.message.register(silence, Unsaid(), Private())
    return router


def last() -> Router:
    """Asked after every conversation."""
    router = Router(name="last")
    router.callback_query.register(old_button, Private())
    router.callback_query.register(old_button)
    router.message.register(unknown_command, Private())
    return router


async def silence(message: Message) -> None:
    """Something was pinned, a timer was set: no words of anybody, so nothing is asked about them."""


async def forwarded(message: Message, t: Texts) -> None:
    """A command in somebody else's words: it may mean anything, so it does nothing."""
    await message.reply(t("forwarded.command"))


async def cancel(message: Message, talk: Talk) -> None:
    """Leave whatever is being done; nothing of it is kept."""
    was_busy = await talk.state.get_state() is not None
    to_forget = bool((await talk.state.get_data()).get("forget"))
    await talk.state.clear()
    said = [talk.t("cancel.done")] if was_busy else [] if to_forget else [talk.t("cancel.nothing")]
    if to_forget:
        said.append(talk.t("cancel.nothing_erased"))
    await show(message, "\n".join(said), menus.home(talk.t))


async def cancel_pressed(query: CallbackQuery, talk: Talk) -> None:
    """The same by button."""
    await talk.state.clear()
    await show(query, talk.t("cancel.done"), menus.home(talk.t))


async def help_(event: Message | CallbackQuery, talk: Talk) -> None:
    """What can be done here."""
    back = menus.back_home(talk.t, drafting=await is_drafting(talk)) if talk.person.agreed else None
    await show(event, talk.t("help.text"), back)


async def old_button(_: CallbackQuery) -> None:
    """A press that no conversation is waiting for: from an earlier screen, an earlier version, or forged."""
    raise Refusal("old.button")


async def lead_on(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    """Around every handler: over something that is written, an old button does not advise /start, which leaves it."""
    try:
        return await handler(event, data)
    except Refusal as refusal:
        if refusal.key == "old.button" and isinstance(talk := data.get("talk"), Talk) and await is_drafting(talk):
            raise Refusal("draft.another") from refusal
        raise


async def unknown_command(message: Message, talk: Talk) -> None:
    """A command that does not exist. In the middle of something it may be meant as words: what is being done stays
    where it is, and they are told how these are taken up.
    """
    if await talk.state.get_state() is None:
        await show(message, talk.t("unknown.command"), menus.home(talk.t))
        return
    keys = keyboard([[menus.way_on(talk.t, drafting=True, label="nav.on")]]) if await is_drafting(talk) else None
    await message.reply(talk.t("unknown.in_between"), reply_markup=markup(keys))
