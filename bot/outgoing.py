"""What a handler says becomes an outbox row (law 3).

Handlers are ordinary aiogram: `await message.answer(...)`. This request middleware sits on the bot's session and
writes the method into the outbox of the open transaction instead of sending it. Three kinds of method are treated
otherwise:

- answering a button press or showing "typing…" loses its meaning later: it goes out directly, after the commit;
- a look-up inside the transaction would hold the database while the network is slow, so it is refused: look-ups are
  made before the transaction (`bot/lookout.py`);
- outside of an update's transaction (setting commands at the start, look-ups) everything passes.

What is said to one person is sealed on its way (`models/sealed.py`): it may repeat what they will not sign.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.client.default import Default
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import AiogramError
from aiogram.methods import (
    AnswerCallbackQuery,
    AnswerInlineQuery,
    GetChat,
    GetChatMember,
    GetFile,
    SendChatAction,
    TelegramMethod,
)
from aiogram.methods.base import Response, TelegramType
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, InputFile, TelegramObject
from sqlalchemy.ext.asyncio import AsyncSession

from models import outbox, sealed
from models.outbox import Lane, Repeat
from models.vault import Vault

NO_ANSWER = (AiogramError, TimeoutError, aiohttp.ClientError)
"""What asking Telegram directly may raise: it refused, it is not there, or somebody on the way answered for it."""
DIRECT = (AnswerCallbackQuery, AnswerInlineQuery, SendChatAction)
LOOKUPS = (GetChat, GetChatMember, GetFile)


@dataclass
class Mouth:
    """What is being said during one update."""

    session: AsyncSession
    now: datetime
    vault: Vault
    afterwards: list[TelegramMethod[Any]] = field(default_factory=list)
    """Sent directly once the transaction has committed; dropped when it has not."""


speaking: ContextVar[Mouth] = ContextVar("speaking")
_topic: ContextVar[str | None] = ContextVar("topic", default=None)


@contextlib.contextmanager
def only_newest(chat: int) -> Iterator[None]:
    """Inside, of several messages to this chat that are still to be sent only the newest is wanted: somebody who sends
    a hundred pictures in a second gets one "so far 100", not a hundred.
    """
    token = _topic.set(f"screen:{chat}")
    try:
        yield
    finally:
        _topic.reset(token)


class Unsent:
    """Stands for a message that will be sent after the commit; it has no id yet and says so when asked."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{name!r} is not known yet: the message is only written to the outbox. "
            "Anything that needs its id must be drawn as a letter when the courier gets to it."
        )


class ToOutbox(BaseRequestMiddleware):
    """The request middleware; see the module."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        mouth = speaking.get(None)
        if mouth is None:
            return await make_request(bot, method)
        if isinstance(method, DIRECT):
            mouth.afterwards.append(method)
            return True  # type: ignore[return-value]
        if isinstance(method, LOOKUPS):
            raise RuntimeError(f"{method.__api_method__} inside a transaction: look it up before it opens")
        await _write(mouth, bot, method)
        return True if method.__returning__ is bool else Unsent()  # type: ignore[return-value]


async def _write(mouth: Mouth, bot: Bot, method: TelegramMethod[Any]) -> None:
    payload = {name: _plain(value, bot) for name, value in method if value is not None}
    payload = {name: value for name, value in payload.items() if value is not None}
    chat_id = payload.pop("chat_id")
    name, to = method.__api_method__, int(chat_id)
    changes_only = name.startswith(("edit", "delete", "set", "pin", "unpin"))
    await outbox.post(
        mouth.session,
        now=mouth.now,
        lane=Lane.ANSWER,
        repeat=Repeat.FREELY if changes_only else Repeat.NEVER,
        chat_id=to,
        thread_id=payload.get("message_thread_id"),
        method=name,
        payload=sealed.in_private(payload, to, mouth.vault) if to > 0 else payload,
        topic=_topic.get(),
    )


def _plain(value: Any, bot: Bot) -> Any:
    """A method's parameter as JSON: defaults filled in, files inside as base64, nothing of aiogram left."""
    if isinstance(value, Default):
        return _plain(bot.default[value.name], bot)
    if isinstance(value, BufferedInputFile):
        return {"$file": base64.b64encode(value.data).decode(), "name": value.filename}
    if isinstance(value, InputFile):
        raise TypeError("only files in memory can wait in the outbox")
    if isinstance(value, InlineKeyboardMarkup):
        return value.model_dump(exclude_none=True)
    if isinstance(value, TelegramObject):
        return {k: p for k, v in value if (p := _plain(v, bot)) is not None}
    if isinstance(value, dict):
        return {k: _plain(v, bot) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, bot) for v in value]
    if isinstance(value, datetime):
        return int(value.timestamp())
    return getattr(value, "value", value)
