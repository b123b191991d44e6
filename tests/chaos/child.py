"""The program as a process that can be killed, again and again.

Importing it takes seconds and a life here lasts only one or two, so one warm process imports everything once and
forks a fresh child for every life. Until then it opens nothing: no database, no event loop, no thread.

    parent ──{"do": "live", …}──▶ warm ──fork──▶ child: App(settings).run(), until it is killed
           ◀─{"born": pid}──────
           ◀─{"up": pid}────────────────────────  database open, everything built
           ──{"do": "kill"}────▶ warm ──SIGKILL──▶ child     (or the child at a point of its own)
           ──{"do": "stop"}────▶ warm ──SIGTERM──▶ child     (likewise; then it says so)
           ◀─{"told": pid, …}───────────────────────
           ◀─{"ended": pid, …}──

The warm process alone signals and reaps, so that no number of a process that is gone is ever signalled.
"""

from __future__ import annotations

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
from datetime import timedelta
from typing import Any, NoReturn

import asyncpg  # noqa: F401  (imported here once, not in every life)
import uvloop
from sqlalchemy.dialects.postgresql import asyncpg as _dialect  # noqa: F401

from bot import logs
from bot.app import App
from bot.shell import until_told
from tests.campus import BEGIN, UNLIMITED, settings
from tests.chaos import power
from tests.chaos.breakages import BREAKAGES
from tests.chaos.points import die, end_at

PR_SET_PDEATHSIG = 1


def say(**what: Any) -> None:
    """One line to the parent, in one write."""
    os.write(1, json.dumps(what).encode() + b"\n")


# ---------------------------------------------------------------- one life


def tell() -> None:
    """As SIGTERM from outside, at this very moment."""
    say(told=os.getpid(), at=time.monotonic())
    os.kill(os.getpid(), signal.SIGTERM)


async def live(order: dict[str, Any]) -> None:
    """The program, begun and told to stop as `unionbot run` is."""
    begun = order["begun"]

    def clock() -> Any:
        return BEGIN + timedelta(seconds=time.time() - begun)

    async def life() -> None:
        # Whoever is told to stop before it listens for that is told now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        chosen = settings(order["api_base"], order["database_url"], limits=UNLIMITED, **order["changes"])
        async with App(chosen, clock=clock, windows=order["windows"]) as app:
            say(up=os.getpid())
            await app.run()

    await until_told(life())


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
        if order["journal"] is not None:
            power.remember(order["journal"])
        for name in order["breakages"]:
            BREAKAGES[name]()
        if order["point"] is not None:
            end_at(order["point"], order["passage"], order["soon"], tell if order["gentle"] else die)
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
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    say(warm=os.getpid())
    rest = b""
    pid, watch = 0, -1
    while True:
        ready, _, _ = select.select([0] if watch < 0 else [0, watch], [], [])
        if watch in ready:
            _, status = os.waitpid(pid, 0)
            os.close(watch)
            say(ended=pid, code=os.waitstatus_to_exitcode(status), at=time.monotonic())
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
                case "pause" if pid:
                    os.kill(pid, signal.SIGSTOP)
                case "go on" if pid:
                    os.kill(pid, signal.SIGCONT)
    if pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
