"""The parent's side of the program that is killed: start a life, end it, hear how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
HEAR_SECONDS = 200.0


@contextlib.contextmanager
def warm_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has imported the program and forks on order; it and its child end with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.child"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Some libraries start threads as soon as they are imported, and a fork must have none.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    ) as process:
        assert process.stdin is not None
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait()


class Lives:
    """The child that lives at the moment. Made in the event loop that listens to it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._words = process.stdin, process.stdout.fileno()
        self._rest = b""
        self._heard: dict[str, asyncio.Future[dict[str, Any]]] = {}
        asyncio.get_running_loop().add_reader(self._words, self._listen)

    def close(self) -> None:
        """Listen no more; the warm process stays for the next."""
        asyncio.get_running_loop().remove_reader(self._words)

    def _listen(self) -> None:
        given = os.read(self._words, 65536)
        if not given:
            self.close()
            for future in self._heard.values():
                if not future.done():
                    future.set_exception(RuntimeError("the warm process is gone"))
            return
        *lines, self._rest = (self._rest + given).split(b"\n")
        for line in lines:
            word = json.loads(line)
            future = self._expected(next(iter(word)))
            if not future.done():
                future.set_result(word)

    def _expected(self, kind: str) -> asyncio.Future[dict[str, Any]]:
        future = self._heard.get(kind)
        if future is None:
            future = self._heard[kind] = asyncio.get_running_loop().create_future()
        return future

    def _order(self, **order: Any) -> None:
        self._orders.write(json.dumps(order).encode() + b"\n")
        self._orders.flush()

    async def begin(self, **order: Any) -> None:
        """A fresh child; `up` says when it has opened everything."""
        self._heard.clear()
        self._order(do="live", **order)
        await asyncio.wait_for(self._expected("born"), HEAR_SECONDS)

    @property
    def up(self) -> asyncio.Future[dict[str, Any]]:
        """Done once this life has opened everything."""
        return self._expected("up")

    @property
    def told(self) -> asyncio.Future[dict[str, Any]]:
        """Done once this life has told itself to stop."""
        return self._expected("told")

    @property
    def ended(self) -> asyncio.Future[dict[str, Any]]:
        """Done once this life has ended, however it did."""
        return self._expected("ended")

    def kill(self) -> None:
        """SIGKILL; nothing happens when it is dead already."""
        self._order(do="kill")

    def pause(self) -> None:
        """SIGSTOP: it does nothing and does not know it, and its connections stay open."""
        self._order(do="pause")

    def go_on(self) -> None:
        """SIGCONT."""
        self._order(do="go on")

    def stop(self) -> None:
        """SIGTERM; likewise."""
        self._order(do="stop")

    async def buried(self) -> tuple[int, float]:
        """Wait for the end of this life; returns its code, -9 when it was killed, and when it came, by the machine's
        monotonic clock.
        """
        ended = await asyncio.wait_for(asyncio.shield(self.ended), HEAR_SECONDS)
        return int(ended["code"]), float(ended["at"])
