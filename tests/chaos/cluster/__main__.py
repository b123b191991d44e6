"""`make chaos-cluster`: the primary's machine is killed, paused and cut off under load, and each mended again.

    python -m tests.chaos.cluster [--students N] [--seed N] [--only kill|pause|cut] [--write]

`--write` puts the times into docs/reliability.md between its marks. Exit code 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import uvloop

from tests.chaos.cluster.nodes import CannotStart, Cluster, Node, started
from tests.chaos.cluster.run import Stage, play

PAGE = Path(__file__).parents[3] / "docs" / "reliability.md"
MARKS = "<!-- times: written by make chaos-cluster -->", "<!-- /times -->"
LONGEST = 120.0


class Fault(NamedTuple):
    """What is done to the primary's machine, how it is mended, and how that is called."""

    name: str
    words: str


FAULTS = (
    Fault("kill", "killed (`kill -9` to everything on it)"),
    Fault("pause", "paused (SIGSTOP to everything on it)"),
    Fault("cut", "cut off (its cable pulled)"),
)


class Times(NamedTuple):
    """Seconds after the fault."""

    fault: Fault
    primary: float
    answered: float
    whole: float
    """After it was mended: until all three are there again and a second one confirms each commit."""


def do(fault: Fault, node: Node) -> None:
    """Break it."""
    {"kill": node.kill, "pause": node.pause, "cut": node.cut_off}[fault.name]()


def mend(fault: Fault, node: Node) -> None:
    """And put it back."""
    {"kill": node.boot, "pause": node.go_on, "cut": node.connect}[fault.name]()


async def break_each(cluster: Cluster, stage: Stage, faults: list[Fault], times: list[Times]) -> None:
    """One after the other, each time the machine that leads then."""
    await stage.answered(LONGEST)
    for fault in faults:
        node = await cluster.primary()
        async with stage.death(fault.name), asyncio.timeout(2 * LONGEST):
            at = time.monotonic()
            await asyncio.to_thread(do, fault, node)
            asked = asyncio.create_task(stage.answered(LONGEST))
            await cluster.other_primary(node)
            primary = time.monotonic() - at
            await asked
            answered = time.monotonic() - at
            mended = time.monotonic()
            await asyncio.to_thread(mend, fault, node)
            await cluster.whole()
            await stage.answered(LONGEST)
        times.append(Times(fault, primary, answered, time.monotonic() - mended))
        print(f"{fault.name}: a new primary after {primary:.1f} s, an answer after {answered:.1f} s, "
              f"whole {times[-1].whole:.1f} s after it was mended", flush=True)  # fmt: skip


@contextlib.asynccontextmanager
async def told(cluster: Cluster) -> AsyncIterator[None]:
    """What goes wrong inside comes with the last words of the three machines."""
    try:
        yield
    except BaseException:
        print(cluster.last_words(), file=sys.stderr)
        raise


def table(times: list[Times], students: int, seed: int) -> str:
    """As it stands on the page."""
    rows = [f"| {t.fault.words} | {t.primary:.1f} s | {t.answered:.1f} s | {t.whole:.1f} s |" for t in times]
    return "\n".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}) for all three machines, five "
            f"processes of the program, {students} students; seed {seed}. Nothing acknowledged was lost, nothing was "
            "done twice, nothing had to be started anew.",
            "",
            "| the primary's machine is | a new primary after | whoever wrote at that moment was answered after "
            "| mended, all three whole after |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def write(text: str) -> None:
    """Between the marks."""
    begin, end = MARKS
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        re.sub(f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{text}\n{end}", page, flags=re.DOTALL),
        encoding="utf-8",
    )


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--only", choices=[fault.name for fault in FAULTS])
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    faults = [fault for fault in FAULTS if given.only in (None, fault.name)]
    times: list[Times] = []
    task = asyncio.current_task()
    assert task is not None
    # The machines do not end by themselves.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="unionbot-cluster-") as name:
        folder = Path(name)
        # PostgreSQL's own user has to get to its folder.
        folder.chmod(0o755)  # noqa: ASYNC240
        try:
            async with started(folder) as cluster, told(cluster):
                print("three machines, whole", flush=True)
                found = await play(
                    cluster.url,
                    folder,
                    lambda stage: break_each(cluster, stage, faults, times),
                    seed=given.seed,
                    students=given.students,
                    patience=40.0,
                )
        except CannotStart as error:
            print(error, file=sys.stderr)
            return 1
        except BaseException:
            for log in sorted(folder.glob("*.log")):  # noqa: ASYNC240
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}", file=sys.stderr)
            raise
    print("\n".join(found) or "nothing lost, nothing twice")
    if not found and given.write:
        write(table(times, given.students, given.seed))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
