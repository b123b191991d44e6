"""Filters that say who and what a handler is for, so that the handler itself only says what happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Router
from aiogram.enums import ChatType
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from magic_filter import MagicFilter

from bot.contents import is_said
from bot.keyboards import Go, Press
from bot.people import GROUPS


class Pressed(Filter):
    """A press on a button of this kind; the handler gets it unpacked as `press`. Forged payloads do not match."""

    def __init__(self, kind: type[Press]) -> None:
        self._kind = kind

    async def __call__(self, query: CallbackQuery) -> bool | dict[str, Any]:
        try:
            return {"press": self._kind.unpack(query.data or "")}
        except ValueError:
            return False


class Going(Filter):
    """A press that leads there."""

    def __init__(self, to: str) -> None:
        self._pressed, self._to = Pressed(Go), to

    async def __call__(self, query: CallbackQuery) -> bool:
        found = await self._pressed(query)
        return isinstance(found, dict) and found["press"].to == self._to


class Commanding(Filter):
    """Words that begin with a slash, also under a picture: a command, known or not."""

    async def __call__(self, message: Message) -> bool:
        return (message.text or message.caption or "").startswith("/")


class Unsaid(Filter):
    """What a chat tells of itself, as if it were a message."""

    async def __call__(self, message: Message) -> bool:
        return not is_said(message)


class Alone(Filter):
    """In a private chat."""

    async def __call__(self, event: Message | CallbackQuery) -> bool:
        message = event.message if isinstance(event, CallbackQuery) else event
        return message is not None and message.chat.type == ChatType.PRIVATE


class InGroup(Filter):
    """In a group or supergroup, bound or not."""

    async def __call__(self, event: Message | CallbackQuery) -> bool:
        message = event.message if isinstance(event, CallbackQuery) else event
        return message is not None and message.chat.type in GROUPS


def markup(keyboard: dict[str, Any] | None) -> InlineKeyboardMarkup | None:
    """A plain keyboard as aiogram wants it."""
    return InlineKeyboardMarkup.model_validate(keyboard) if keyboard is not None else None


def stay_in_the_loop(root: Router) -> None:
    """Ask every `F.…` filter where the update is handled: aiogram hands each of them, a look at one field, to a
    thread of its own, half a dozen an update.
    """
    for router in root.chain_tail:
        for observer in router.observers.values():
            for handler in observer.handlers:
                for each in handler.filters or ():
                    if each.magic is not None:
                        each.callback, each.awaitable = _awaited(each.magic), True


def _awaited(magic: MagicFilter) -> Callable[[Any], Awaitable[Any]]:
    async def resolve(value: Any) -> Any:
        return magic.resolve(value)

    return resolve
