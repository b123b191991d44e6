"""The points at which a life ends by itself: around each step by which something is decided.

    commit            what the database has
    send, answer, card    what Telegram has; of all, of the answers to students, of the tickets' cards
    mark              the commit that writes what came of a send
    fetch, store      what Telegram hands over, on its way into the inbox
    acknowledge       the next getUpdates, which takes it off Telegram's hands
    acknowledge-200   the webhook's 200, which does so as well

Before a step it has not begun; during it, some milliseconds into it; after it, nobody has been told yet.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from aiohttp import web
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from bot.inbox import Intake, Poller
from scheduler.courier import Courier
from scheduler.transport import Mouth


def die() -> NoReturn:
    """As kill -9 from outside: nothing is finished, flushed or told."""
    os.kill(os.getpid(), signal.SIGKILL)
    while True:
        time.sleep(1)


def _answers(_: Any, method: str, params: dict[str, Any]) -> bool:
    """Whether this call brings a student the station's answer."""
    return params["chat_id"] > 0 and str(params.get("text", "")).startswith("💬")


def _posts_card(_: Any, method: str, params: dict[str, Any]) -> bool:
    """Whether this call posts a ticket's card."""
    return method == "sendMessage" and "d:history:" in str(params.get("reply_markup"))


def _marks(courier: Courier) -> bool:
    """Whether this round of the courier writes what came of a send."""
    return bool(courier._finished)


_offsets: WeakKeyDictionary[Poller, int | None] = WeakKeyDictionary()


def _acknowledges(poller: Poller, offset: int | None, wait: int) -> bool:
    """Whether this getUpdates says for the first time that something has arrived."""
    before, _offsets[poller] = _offsets.get(poller), offset
    return offset != before


def _is_200(response: web.Response, data: bytes = b"") -> bool:
    return response.status == 200


def _any(*_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Place:
    """One of the program's own functions, those of its calls that count, and how many of them a life sees or so."""

    owners: tuple[type, ...]
    """It is the same step in each: a transaction ends in the connection on SQLite, in the session on PostgreSQL."""
    name: str
    counts: Callable[..., bool]
    often: int
    ways: tuple[str, ...] = ("polling", "webhook")
    """The ways in on which there is this step."""


PLACES = {
    "commit": Place((Connection, AsyncSession), "commit", _any, 12),
    "send": Place((Mouth,), "call", _any, 12),
    "answer": Place((Mouth,), "call", _answers, 2),
    "card": Place((Mouth,), "call", _posts_card, 2),
    "mark": Place((Courier,), "_round", _marks, 8),
    "fetch": Place((Poller,), "_get", _any, 8, ("polling",)),
    "store": Place((Intake,), "store", _any, 8),
    "acknowledge": Place((Poller,), "_get", _acknowledges, 6, ("polling",)),
    "acknowledge-200": Place((web.Response,), "write_eof", _is_200, 10, ("webhook",)),
}
NOTHING_DECIDED = ("fetch.before", "fetch.during")
"""A question to Telegram that was not put, or whose answer never came; where it acknowledges, that has its own name."""


def points(way: str) -> tuple[str, ...]:
    """The points of a life on this way in."""
    named = [f"{name}.{when}" for name, p in PLACES.items() if way in p.ways for when in ("before", "during", "after")]
    return tuple(point for point in named if point not in NOTHING_DECIDED)


def end_at(point: str, passage: int, soon: float, end: Callable[[], None]) -> None:
    """`end` this process at the n-th passage of a point; `soon` is how many seconds into it "during" is."""
    name, _, when = point.partition(".")
    place = PLACES[name]
    left = passage

    def passes() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def begins(at_once: bool) -> None:
        if when == "before" and passes():
            end()
        if when == "during" and passes():
            if at_once:
                # The loop stands still meanwhile.
                threading.Timer(soon, end).start()
            else:
                asyncio.get_running_loop().call_later(soon, end)

    def ended(result: Any) -> Any:
        # getUpdates that brings nothing has taken nothing.
        if when == "after" and (name != "fetch" or result != []) and passes():
            end()
        return result

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def at_once(*args: Any, **kwargs: Any) -> Any:
            if not place.counts(*args, **kwargs):
                return original(*args, **kwargs)
            begins(at_once=True)
            return ended(original(*args, **kwargs))

        async def step(*args: Any, **kwargs: Any) -> Any:
            if not place.counts(*args, **kwargs):
                return await original(*args, **kwargs)
            begins(at_once=False)
            return ended(await original(*args, **kwargs))

        return step if inspect.iscoroutinefunction(original) else at_once

    for owner in place.owners:
        setattr(owner, place.name, around(getattr(owner, place.name)))
