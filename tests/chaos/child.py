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
import json
import os
import random
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NoReturn

import asyncpg  # noqa: F401  (imported here once, not in every life)
from sqlalchemy.dialects.postgresql import asyncpg as _dialect  # noqa: F401
from sqlalchemy.ext.asyncio import AsyncSession

from bot import logs
from bot.app import App
from bot.inbox import Intake, Poller
from scheduler.transport import Mouth
from tests.campus import BEGIN, settings
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


class CrashPoint:
    """Ends the process at the n-th passage of one place; `soon` is how far into it the kill comes."""

    def __init__(self, place: str, passage: int, soon: float) -> None:
        self.place, self.left, self.soon = place, passage, soon

    def _passes(self) -> bool:
        self.left -= 1
        return self.left == 0

    def install(self) -> None:
        """Around the product's own functions, in this process only."""
        what, _, when = self.place.partition(".")
        owner, name = {
            "commit": (AsyncSession, "commit"),
            "send": (Mouth, "call"),
            "fetch": (Poller, "_get"),
            "store": (Intake, "store"),
        }[what]
        original: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def around(*args: Any, **kwargs: Any) -> Any:
            if when == "before" and self._passes():
                die()
            if when == "during" and self._passes():
                running = asyncio.ensure_future(original(*args, **kwargs))
                await asyncio.sleep(self.soon)
                if not running.done():
                    die()
                result = await running
                die()
            result = await original(*args, **kwargs)
            # An empty answer to getUpdates is no passage: nothing was taken.
            if when == "after" and (what != "fetch" or result) and self._passes():
                die()
            return result

        setattr(owner, name, around)


PLACES = (
    "commit.before",
    "commit.during",
    "commit.after",
    "send.before",
    "send.during",
    "send.after",
    "fetch.after",
    "store.before",
    "store.after",
)
"""Around everything that is decided by one step: what Telegram has, what the database has, what was acknowledged."""


async def live(order: dict[str, Any]) -> None:
    """The program, as its own start makes it; SIGTERM ends it as Ctrl-C would."""
    begun = order["begun"]

    def clock() -> Any:
        return BEGIN + timedelta(seconds=time.time() - begun)

    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    chosen = settings(order["api_base"], order["database_url"])
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
        if order["place"] is not None:
            CrashPoint(order["place"], order["passage"], order["soon"]).install()
        asyncio.run(live(order))
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
