"""Work in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from types import SimpleNamespace
from typing import Any

import pytest

from bot import process


def slowly(answer: str, seconds: float) -> tuple[str, int]:
    """What a process of its own makes here."""
    time.sleep(seconds)
    return answer, os.getpid()


async def test_work_is_done_by_another_process_while_the_loop_goes_on() -> None:
    turns = 0

    async def turning() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    other = asyncio.create_task(turning())
    answer, worker = await process.done(__name__, "made", 0)
    other.cancel()
    assert answer == "made"
    assert worker != os.getpid()
    assert turns > 1


async def test_work_that_fails_or_takes_too_long_is_said_and_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def begin(*command: Any, **how: Any) -> subprocess.Popen[bytes]:
        children.append(subprocess.Popen(*command, **how))
        return children[-1]

    monkeypatch.setattr(process, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": begin}))
    with pytest.raises(RuntimeError, match="ended with 1"):
        await process.done(__name__, "too few arguments")
    with pytest.raises(RuntimeError, match=r"was not done after 0\.2 s"):
        await process.done(__name__, "never", 60, longest=0.2)
    assert [child.returncode for child in children] == [1, -signal.SIGKILL]


if __name__ == "__main__":
    process.serve(slowly)
