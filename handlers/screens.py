"""One screen at a time: a press changes the message it stands on, words get a new message below."""

from __future__ import annotations

from typing import Any

from aiogram.types import CallbackQuery, Message

from bot.filters import markup
from bot.outgoing import only_newest


def pressed(query: CallbackQuery, below: bool) -> Message | CallbackQuery:
    """What the next screen answers: `below` when the button stands under a letter. What somebody wrote to them stays,
    and the screen comes after it.
    """
    return query.message if below and isinstance(query.message, Message) else query


def turn_of(event: Message | CallbackQuery) -> int:
    """Which screen this leads to: its buttons carry it, because what a button does is what stands above it, also when a
    newer screen of the same kind stands below.
    """
    message = event.message if isinstance(event, CallbackQuery) else event
    return message.message_id if message is not None else 0


async def show(event: Message | CallbackQuery, text: str, keyboard: dict[str, Any] | None = None) -> None:
    """Show this: in place of the pressed screen, or as an answer to words.

    Of several screens that are still to be sent to one chat only the newest goes out.
    """
    if isinstance(event, CallbackQuery):
        if isinstance(event.message, Message):
            await event.message.edit_text(text, reply_markup=markup(keyboard))
            return
        # Too old to be edited (Telegram hides its content): start a new one below.
        await event.bot.send_message(event.from_user.id, text, reply_markup=markup(keyboard))  # type: ignore[union-attr]
        return
    with only_newest(event.chat.id):
        await event.answer(text, reply_markup=markup(keyboard))


def place_of(event: Message | CallbackQuery) -> int | None:
    """On which message `show` shows the next screen; None for one that is still to be sent."""
    shown = isinstance(event, CallbackQuery) and isinstance(event.message, Message)
    return turn_of(event) if shown else None


async def take_buttons_off(event: Message | CallbackQuery, chat_id: int, message_id: int) -> None:
    """An older screen looks like the one that is shown now: its words stay, and nothing is left to press below them."""
    await event.bot.edit_message_reply_markup(chat_id=chat_id, message_id=message_id)  # type: ignore[union-attr]


async def respond(event: Message | CallbackQuery, text: str, keyboard: dict[str, Any] | None = None) -> None:
    """The same in a group, where others write too: in place of the pressed screen, or as a reply to the words."""
    if isinstance(event, Message):
        await event.reply(text, reply_markup=markup(keyboard))
    else:
        await show(event, text, keyboard)
