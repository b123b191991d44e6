"""A backup, or a restore, that is killed in the middle: a process that imports the program once and forks a child for
each moment, which ends itself there by kill -9.

    {"do": "take" | "put back", "api_base": …, "database_url": …, "file": …, "now": …, "tools": …, "point": …}
    {"code": -9}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from bot.backups import archive, postgres, restoring, sqlite, taking
from bot.settings import Settings
from bot.vault import KeyVault
from models import keyprint
from scheduler import expiring
from tests.campus import settings
from tests.chaos.points import die

PHRASE = "correct horse battery"


class Quickly:
    """In the place of scrypt, which takes a second each time."""

    @staticmethod
    def encrypt(plain: bytes, passphrase: str) -> bytes:
        return KeyVault(passphrase.encode().ljust(32, b".")).seal(plain, "")

    @staticmethod
    def decrypt(sealed: bytes, passphrase: str) -> bytes:
        return KeyVault(passphrase.encode().ljust(32, b".")).open(sealed, "")


STEPS: dict[str, tuple[Any, str]] = {
    "snapshot": (sqlite, "must_be_whole"),
    "key": (Quickly, "encrypt"),
    "chunk": (archive._Through, "_count"),
    "check": (archive, "check"),
    "name": (Path, "hardlink_to"),
    "dump": (postgres, "environment"),
    "unpack": (archive, "unpack"),
    "migrate": (restoring, "migrate"),
    "catch-up": (expiring, "catch_up"),
    "go-through": (keyprint, "gone_through"),
    "fold": (sqlite, "_without_log"),
    "place": (os, "replace"),
}
"""Where it may end, by what the step is done with."""
_WHOLE = ["check.before", "check.after", "name.before", "name.after"]
TAKING = {
    "sqlite": [*["snapshot.before", "snapshot.after", "key.after", "chunk.1", "chunk.5"], *_WHOLE],
    "postgresql": [*["dump.after", "key.after", "chunk.1", "chunk.3"], *_WHOLE],
}
_GONE_THROUGH = ["migrate.after", "catch-up.before", "go-through.before"]
PUTTING_BACK = {
    "sqlite": [
        *("unpack.before", "chunk.4", "unpack.after", *_GONE_THROUGH, "go-through.after"),
        *("fold.before", "fold.after", "name.after", "place.before", "place.after"),
    ],
    "postgresql": ["dump.after", "chunk.4", "migrate.before", *_GONE_THROUGH],
}
"""The moments, in their order."""


def end_at(point: str) -> None:
    """Kill this process before or after a step, or in the so-manieth time it is done."""
    name, _, when = point.partition(".")
    owner, attribute = STEPS[name]
    do, times = getattr(owner, attribute), 0

    def dying(*given: Any, **named: Any) -> Any:
        nonlocal times
        times += 1
        if when == "before" or (when.isdigit() and times == int(when)):
            die()
        result = do(*given, **named)
        if when == "after":
            if asyncio.iscoroutine(result):
                return _after(result)
            die()
        return result

    setattr(owner, attribute, staticmethod(dying) if owner is Quickly else dying)


async def _after(work: Any) -> NoReturn:
    await work
    die()


def child(order: dict[str, Any], point: str) -> NoReturn:
    """What the fork does, and never a way back."""
    status = 1
    try:
        chosen = settings(order["api_base"], order["database_url"])
        chosen = chosen.model_copy(
            update={"backup": chosen.backup.model_copy(update={"postgresql_tools": order["tools"]})}
        )
        vars(archive)["under"] = Quickly
        end_at(point)
        WORK[order["do"]](chosen, Path(order["file"]), datetime.fromisoformat(order["now"]))
        status = 0
    except BaseException:  # noqa: BLE001  (whatever it was, it must not go back into the process it came from)
        traceback.print_exc()
    finally:
        os._exit(status)


def take(chosen: Settings, file: Path, now: datetime) -> None:
    """As `unionbot backup -o FILE`."""
    taking.take(chosen, asyncio.run(taking.server_of(chosen)), file, PHRASE, now)


def put_back(chosen: Settings, file: Path, now: datetime) -> None:
    """As `unionbot restore --replace FILE`."""
    asyncio.run(restoring.restore(chosen, file, PHRASE, {}, now, replace=True))


WORK: dict[str, Callable[[Settings, Path, datetime], None]] = {"take": take, "put back": put_back}


def main() -> None:
    """An order a line; an answer a point."""
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(order, order["point"])
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
