"""Some parts of the program as a process of its own, as `unionbot run PART` makes it, but on the tests' campus: its
configuration, its clock, and without Telegram's windows, which would make minutes of seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog
import uvloop

from bot import logs
from bot.app import App, spare_the_built
from bot.parts import Part
from tests.campus import BEGIN, UNLIMITED, settings

log = structlog.get_logger()

ROOT = Path(__file__).parents[3]
SLOW_SECONDS = 4.0
HEAR_SECONDS = 240.0
"""Five at once on a busy machine take a minute to be read in."""
ORDER = "UNIONBOT_CHAOS_ORDER"


async def live(api_base: str, database_url: str, begun: float, parts: Sequence[Part], erasures: str) -> None:
    """Until SIGTERM. Its log says how far it is in ending."""

    def clock() -> datetime:
        return BEGIN + timedelta(seconds=time.time() - begun)

    task = asyncio.current_task()
    assert task is not None

    def stop() -> None:
        log.info("told to stop")
        # Where it hangs, if it does.
        faulthandler.dump_traceback_later(SLOW_SECONDS, repeat=True)
        task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    with contextlib.suppress(asyncio.CancelledError):
        chosen = settings(api_base, database_url, limits=UNLIMITED, backup={"erasures": erasures})
        async with App(chosen, clock=clock, windows=False, parts=parts) as app:
            spare_the_built()
            print("up", flush=True)
            try:
                await app.run()
            finally:
                log.info("everything is finished")
    log.info("everything is closed")


class Program:
    """The parent's side of one such process."""

    def __init__(self, name: str, parts: Sequence[Part], api_base: str, database_url: str, begun: float, log: Path):
        self.name = name
        self.log = log
        self._order = json.dumps(
            [api_base, database_url, begun, [str(part) for part in parts], str(log.parent / "erasures")]
        )
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin, and wait until it has opened everything."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.cluster.program", cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, env={**os.environ, ORDER: self._order},
            )  # fmt: skip
        assert self._process.stdout is not None
        async with asyncio.timeout(HEAR_SECONDS):
            line = await self._process.stdout.readline()
        assert line == b"up\n", f"{self.name} did not start:\n{self.last_words()}"

    @property
    def lives(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.returncode is None

    async def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> tuple[int, float]:
        """SIGTERM. Returns the exit code and after how many seconds it was gone."""
        assert self._process is not None
        told = time.monotonic()
        self._process.terminate()
        async with asyncio.timeout(HEAR_SECONDS):
            code = await self._process.wait()
        return code, time.monotonic() - told

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


if __name__ == "__main__":
    logs.configure("info", stream=sys.stderr)
    api, database, moment, named, list_of_erased = json.loads(os.environ[ORDER])
    try:
        uvloop.run(live(api, database, moment, [Part(name) for name in named], list_of_erased))
    finally:
        # As `unionbot` does: else it goes through all libraries once more, for ten seconds where everybody is busy.
        gc.freeze()
