"""Work that takes seconds, in a process of its own: the loop would stand still for it, and a thread would take turns
with it all the while.

A module has work done apart when it ends with `serve(…)` under `if __name__ == "__main__"`; `done(…)` asks for it.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

LONGEST = 900.0
"""Seconds after which nobody waits any more: the largest files take minutes."""


async def done(module: str, *task: Any, longest: float = LONGEST) -> Any:
    """What this module's work makes of the task. Raises RuntimeError when it fails or takes too long."""
    command = [sys.executable, "-m", module]
    # The loop's own way to start a program holds it until the program has begun.
    child = await asyncio.to_thread(subprocess.Popen, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        # What is secret in the task goes through a pipe, and stands in no list of processes.
        answer, _ = await asyncio.to_thread(child.communicate, pickle.dumps(task), longest)
    except subprocess.TimeoutExpired:
        child.kill()
        await asyncio.to_thread(child.communicate)
        raise RuntimeError(f"{module} was not done after {longest:g} s") from None
    finally:
        # Whoever is cancelled leaves nothing behind.
        child.kill()
    if child.returncode:
        raise RuntimeError(f"{module} ended with {child.returncode}")
    return pickle.loads(answer)


def serve(work: Callable[..., Any]) -> None:
    """The process of its own: the task comes on its input, what is made of it goes to its output."""
    # Nobody waits for it as they wait for an answer.
    os.nice(5)
    made = work(*pickle.load(sys.stdin.buffer))
    sys.stdout.buffer.write(pickle.dumps(made))
