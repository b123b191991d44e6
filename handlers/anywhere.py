"""What works everywhere and in every state: /cancel, /help; and what to say to a button that is too old.

The commands are asked first, so that no conversation can swallow them; `old_button` is asked last.
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, or_f
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot import menus
from bot.filters import AtDesk, Commanding, Going, Private, Unsaid
from bot.people import GROUPS
from bot.texts import Texts
from handlers.screens import show
from handlers.students.new import New
from models.people import Person


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
    router.callback_query.register(old_button)
    router.message.register(unknown_command, Private())
    return router


async def silence(message: Message) -> None:
    """Something was pinned, a timer was set: no words of anybody, so nothing is asked about them."""


async def forwarded(message: Message, t: Texts) -> None:
    """A command in somebody else's words: it may mean anything, so it does nothing."""
    await message.reply(t("forwarded.command"))


async def cancel(message: Message, t: Texts, state: FSMContext) -> None:
    """Leave whatever is being done; nothing of it is kept."""
    was_busy = await state.get_state() is not None
    await state.clear()
    await show(message, t("cancel.done" if was_busy else "cancel.nothing"), menus.home(t))


async def cancel_pressed(query: CallbackQuery, t: Texts, state: FSMContext) -> None:
    """The same by button."""
    await state.clear()
    await show(query, t("cancel.done"), menus.home(t))


async def help_(event: Message | CallbackQuery, t: Texts, person: Person | None, state: FSMContext) -> None:
    """What can be done here."""
    await show(event, t("help.text"), await _way_back(t, person, state))


async def _way_back(t: Texts, person: Person | None, state: FSMContext) -> dict[str, Any] | None:
    if person is None or not person.agreed:
        return None
    return menus.back_home(t, drafting=await state.get_state() in New)


async def old_button(query: CallbackQuery, t: Texts) -> None:
    """A press that no conversation is waiting for: from an earlier screen, an earlier version, or forged. In a group
    no command opens a menu.
    """
    in_group = query.message is not None and query.message.chat.type in GROUPS
    await query.answer(t.plain("desk.old_button" if in_group else "old.button"), show_alert=True)


async def unknown_command(message: Message, t: Texts) -> None:
    """A command that does not exist, or words in a place where none are expected."""
    await show(message, t("unknown.command"), menus.home(t))
