"""How many messages one person sends within a minute: too many are not taken, and they are told so once.

    … 39, 40 ─▶ taken      41 ─▶ "this one and what follows until 10:42 was not taken, send it again then"      42 … ─▶

Counted is when Telegram says they were written, not when they are handled: whoever wrote a few words an hour to a bot
that was away is no flood. Nothing of it is written to the database; what a process remembers it forgets within minutes,
so with several processes each counts what it runs itself. An album is one message; presses are none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import Message, ReplyParameters, TelegramObject, Update

from bot.contents import is_said
from bot.texts import Texts

A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Pause:
    """A message is not taken."""

    until: datetime
    """A full minute; what is written from then on is taken again."""
    first: bool
    """It is the one that was too much: its writer is told."""


@dataclass
class _Lately:
    taken: deque[tuple[datetime, str]] = field(default_factory=deque)
    """When, and by which update or album."""
    until: datetime | None = None
    first: str = ""
    """The update that was too much."""


class Counter:
    """Who wrote how much lately."""

    def __init__(self, most: int) -> None:
        """`most` messages a minute are taken."""
        self._most = most
        self._lately: dict[int, _Lately] = {}
        self._newest = datetime.min.replace(tzinfo=UTC)
        self._swept = self._newest

    def judge(self, who: int, update: str, moment: datetime, album: str | None = None) -> Pause | None:
        """None for a message that is taken. A part of the same album, or an update that runs again, gets the same
        answer; only the first part of an album that is too much is `first`.
        """
        key = album or update
        self._sweep(moment)
        lately = self._lately.setdefault(who, _Lately())
        while lately.taken and lately.taken[0][0] <= moment - A_MINUTE:
            lately.taken.popleft()
        if any(key == each for _, each in lately.taken):
            return None
        if lately.until is not None and moment < lately.until:
            return Pause(lately.until, first=update == lately.first)
        if len(lately.taken) >= self._most:
            lately.first, lately.until = update, _full_minute(moment + A_MINUTE)
            return Pause(lately.until, first=True)
        lately.taken.append((moment, key))
        return None

    def _sweep(self, moment: datetime) -> None:
        self._newest = max(self._newest, moment)
        if self._newest - self._swept < A_MINUTE:
            return
        self._swept = self._newest
        for who in [w for w, each in self._lately.items() if self._is_over(each)]:
            del self._lately[who]

    def _is_over(self, each: _Lately) -> bool:
        last = each.until or (each.taken[-1][0] if each.taken else None)
        return last is None or last < self._newest - A_MINUTE


def _full_minute(moment: datetime) -> datetime:
    """This minute's beginning, or the next one's: a moment as it can be shown."""
    down = moment.replace(second=0, microsecond=0)
    return down if down == moment else down + A_MINUTE


class Flood(BaseMiddleware):
    """Stands after `People`: it speaks the person's language."""

    def __init__(self, most: int) -> None:
        """`most` messages a minute are taken; 0 is no limit."""
        self._most = most
        self._counter = Counter(most)

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, Update)
        message = event.message or event.edited_message
        if not self._most or message is None or message.from_user is None or not _counts(message):
            return await handler(event, data)
        edited = event.edited_message is not None
        # The parts of an album come one by one, and an edit of one of them is a message of its own.
        album = None if edited else message.media_group_id
        moment = datetime.fromtimestamp(message.edit_date, UTC) if edited and message.edit_date else message.date
        pause = self._counter.judge(message.from_user.id, str(event.update_id), moment, album)
        if pause is None:
            return await handler(event, data)
        if pause.first:
            await self._say(message, pause, data["t"], data["now"])
        return None

    async def _say(self, message: Message, pause: Pause, t: Texts, now: datetime) -> None:
        text = t("limit.messages", most=self._most, until=t.moment(pause.until, now))
        there = ReplyParameters(message_id=message.message_id, allow_sending_without_reply=True)
        await message.answer(text, reply_parameters=there)


def _counts(message: Message) -> bool:
    return message.chat.type == ChatType.PRIVATE and is_said(message)
