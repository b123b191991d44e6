"""`unionbot demo`: the whole program against the local Telegram, with a short real story played through it.

Nothing here is staged: people speak to the sandbox's Telegram, the program hears them as it would anywhere, and every line printed
is what a chat shows. The sandbox runs as a process of its own and is reached over HTTP like any Telegram; its actors are handed in
(`Stage`), so that the product goes on knowing nothing of it.

The demo's clock belongs to the sandbox: its page moves it, `DemoClock` follows, and what falls due in between is run hour by hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from bot.app import App
from bot.texts import Texts

log = structlog.get_logger()

MOST_HOPS = 200
"""A long jump is taken in at most this many steps: a semester hour by hour would take minutes to watch."""


class Actor(Protocol):
    """Somebody in the sandbox."""

    id: int
    name: str

    async def says(self, text: str, *, chat: Any = None, reply_to: Any = None) -> Any: ...
    async def sends(self, *media: Any, caption: str | None = None, chat: Any = None) -> Any: ...
    async def taps(self, label: str, *, chat: Any = None, timeout: float = 15) -> Any: ...
    async def reads(self, text: str, *, chat: Any = None, timeout: float = 15) -> Any: ...
    async def votes(self, message: Any, *options: int) -> Any: ...


class Group(Protocol):
    """A group chat in the sandbox."""

    id: int
    title: str

    async def shows(self, text: str, timeout: float = 15) -> Any: ...


class Stage(Protocol):
    """The sandbox's control side."""

    url: str

    async def person(self, name: str, *, id: int | None = None, language: str = "zh-hans") -> Actor: ...
    async def group(
        self, title: str, *, id: int | None = None, members: Any = (), admins: Any = (), forum: bool = False
    ) -> Group: ...
    async def clock(self) -> dict[str, Any]: ...
    async def advance(self, seconds: float) -> Any: ...
    async def guide(self, notes: list[dict[str, Any]], clock: list[dict[str, Any]]) -> Any: ...
    def events(self, after: int = 0) -> AsyncIterator[dict[str, Any]]: ...


class DidNotHappen(Exception):
    """A step of the story did not come about; its words say which."""


class DemoClock:
    """The sandbox's time, followed without asking it each time."""

    def __init__(self, now: datetime, speed: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.follow(now, speed)

    def follow(self, now: datetime, speed: float) -> None:
        """From here on time runs from `now` at `speed`."""
        self._base, self._speed, self._since = now, speed, self._loop.time()

    def __call__(self) -> datetime:
        return self._base + timedelta(seconds=(self._loop.time() - self._since) * self._speed)

    def elapsed(self) -> float:
        """Seconds on this clock, for windows."""
        return self().timestamp()


@dataclass(frozen=True)
class Cast:
    """Who plays: two students from the same building, one from another, and those who answer them."""

    lin: Actor
    chen: Actor
    emma: Actor
    wang: Actor
    li: Actor
    zhou: Actor
    teacher: Actor
    east: Group
    west: Group
    south: Group
    office: Group
    supervisors: Group
