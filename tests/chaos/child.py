"""The program as a process that can be killed, again and again.

Importing it takes seconds and a life here lasts only one or two, so one warm process imports everything once and
forks a fresh child for every life. Until then it opens nothing: no database, no event loop, no thread.

    parent ──{"do": "live", …}──▶ warm ──fork──▶ child: App(settings).run(), until it is killed
           ◀─{"born": pid}──────
           ◀─{"up": pid}────────────────────────  database open, everything built
           ──{"do": "kill"}────▶ warm ──SIGKILL──▶ child     (or the child at its own crash point)
           ◀─{"ended": pid, …}──

The warm process alone signals and reaps, so that no number of a process that is gone is ever signalled.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import inspect
import json
import os
import random
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import asyncpg  # noqa: F401  (imported here once, not in every life)
import uvloop
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import asyncpg as _dialect  # noqa: F401
from sqlalchemy.ext.asyncio import AsyncSession

from bot import logs
from bot.app import App
from bot.inbox import Intake, Poller
from scheduler.transport import Mouth
from tests.campus import BEGIN, UNLIMITED, settings
from tests.chaos.breakages import BREAKAGES

PR_SET_PDEATHSIG = 1


def say(**what: Any) -> None:
    """One line to the parent, in one write."""
    os.write(1, json.dumps(what).encode() + b"\n")


# ---------------------------------------------------------------- one life


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


PLACES = {
    "commit": Place((Connection, AsyncSession), "commit", _any, 12),
    "send": Place((Mouth,), "call", _any, 12),
    "answer": Place((Mouth,), "call", _answers, 2),
    "card": Place((Mouth,), "call", _posts_card, 2),
    "fetch": Place((Poller,), "_get", _any, 8),
    "store": Place((Intake,), "store", _any, 8),
}
POINTS = [
    f"{place}.{when}"
    for place in PLACES
    for when in ("before", "during", "after")
    if f"{place}.{when}"
    not in (
        # Nothing is decided by these: a question to Telegram that was not put, or whose answer never came.
        "fetch.before",
        "fetch.during",
    )
]
"""Around everything that is decided by one step: what Telegram has, what the database has, what was acknowledged."""


def crash_at(point: str, passage: int, soon: float) -> None:
    """End this process at the n-th passage of a point; `soon` is how many seconds into it "during" is."""
    place, when = PLACES[point.partition(".")[0]], point.partition(".")[2]
    left = passage

    def passes() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    def begins() -> None:
        if when == "before" and passes():
            die()
        if when == "during" and passes():
            asyncio.get_running_loop().call_later(soon, die)

    def ended(result: Any) -> Any:
        # getUpdates that brings nothing has taken nothing.
        if when == "after" and result != [] and passes():
            die()
        return result

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def at_once(*args: Any, **kwargs: Any) -> Any:
            if not place.counts(*args, **kwargs):
                return original(*args, **kwargs)
            begins()
            return ended(original(*args, **kwargs))

        async def step(*args: Any, **kwargs: Any) -> Any:
            if not place.counts(*args, **kwargs):
                return await original(*args, **kwargs)
            begins()
            return ended(await original(*args, **kwargs))

        return step if inspect.iscoroutinefunction(original) else at_once

    for owner in place.owners:
        setattr(owner, place.name, around(getattr(owner, place.name)))


async def live(order: dict[str, Any]) -> None:
    """The program, as its own start makes it; SIGTERM ends it as Ctrl-C would."""
    begun = order["begun"]

    def clock() -> Any:
        return BEGIN + timedelta(seconds=time.time() - begun)

    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    chosen = settings(order["api_base"], order["database_url"], limits=UNLIMITED)
    with contextlib.suppress(asyncio.CancelledError):
        async with App(chosen, clock=clock, windows=order["windows"]) as app:
            say(up=os.getpid())
            await app.run()


def child(order: dict[str, Any]) -> NoReturn:
    """What the fork does: one life, and never a way back into the warm process."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(0)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        logs.configure("warning", stream=sys.stderr)
        random.seed(order["seed"])
        for name in order["breakages"]:
            BREAKAGES[name]()
        if order["point"] is not None:
            crash_at(order["point"], order["passage"], order["soon"])
        uvloop.run(live(order))
        status = 0
    except BaseException:  # noqa: BLE001  (whatever it was, it must not go back into the warm process)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


# ---------------------------------------------------------------- the warm process


def threads() -> int:
    """How many threads this process really has, the libraries' own included."""
    return len(os.listdir("/proc/self/task"))


def main() -> None:
    """Forks on order until the parent closes the line."""
    assert threads() == 1, f"a fork with threads could not be trusted: {threading.enumerate()}"
    say(warm=os.getpid())
    rest = b""
    pid, watch = 0, -1
    while True:
        ready, _, _ = select.select([0] if watch < 0 else [0, watch], [], [])
        if watch in ready:
            _, status = os.waitpid(pid, 0)
            os.close(watch)
            say(ended=pid, code=os.waitstatus_to_exitcode(status))
            pid, watch = 0, -1
        if 0 not in ready:
            continue
        given = os.read(0, 65536)
        if not given:
            break
        *lines, rest = (rest + given).split(b"\n")
        for line in lines:
            order = json.loads(line)
            match order["do"]:
                case "live":
                    assert not pid, "one life at a time"
                    pid = os.fork()
                    if pid == 0:
                        child(order)
                    watch = os.pidfd_open(pid)
                    say(born=pid)
                case "kill" if pid:
                    os.kill(pid, signal.SIGKILL)
                case "stop" if pid:
                    os.kill(pid, signal.SIGTERM)
    if pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
