"""What it costs to lose nothing, and what grows with the number of tickets.

    python -m bench [roundtrip] [courier] [push] [memory] [burst] [scale] [survey] [year] [--quick] [--write]

Ours and the bare side run in turns on the same machine, each in a process of its own against a local Telegram in
another; what is printed are medians and their ratio beside the floor it must reach. Ends with 1 when a floor is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import uvloop

from bench import burst as bursting
from bench import load, scale, survey, year
from bench.lines import Line, median
from bot import logs

REPORT = Path(__file__).parent.parent / "docs" / "bench.md"
HEADING = "## "


async def roundtrip(quick: bool) -> list[Line]:
    """Messages a second, 50 people at once: stored, acknowledged, carded and answered; against one reply."""
    students, rounds, turns = 50, 4 if quick else 12, 3 if quick else 5
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(turns):
        async with load.stage() as stage:
            await stage.groups()
            await stage.people(students)
            async with load.ours(stage, f"students={students}"):
                await load.conversation(stage, students, 1, relayed=True)
                ours.append(await load.conversation(stage, students, rounds, relayed=True))
        async with load.stage() as stage:
            await stage.people(students)
            async with load.bare(stage):
                await load.conversation(stage, students, 1, relayed=False)
                theirs.append(await load.conversation(stage, students, rounds, relayed=False))
    ratio = statistics.median(ours) / statistics.median(theirs)
    return [Line("a message stored, acknowledged, carded, answered ÷ bare aiogram with one reply", ratio, 0.25,
                 f"{ratio:.2f}: {median(ours)} against {median(theirs)} messages/s")]  # fmt: skip


async def courier(quick: bool) -> list[Line]:
    """Sends a second at 32 in flight, each written before and after, against aiogram's own."""
    count, turns = 600 if quick else 2000, 3 if quick else 5
    ours: list[float] = []
    theirs: list[float] = []

    async def rate(stage: load.Stage) -> float:
        async with asyncio.timeout(load.PATIENCE):
            while len(calls := await stage.calls("sendMessage")) < count:
                await asyncio.sleep(0.3)
        moments = sorted(datetime.fromisoformat(c["at"].replace("Z", "+00:00")) for c in calls if c["ok"])
        return (len(moments) - 1) / (moments[-1] - moments[0]).total_seconds()

    for _ in range(turns):
        async with load.stage() as stage:
            await stage.people(count)
            async with load.ours(stage, f"sends={count}"):
                ours.append(await rate(stage))
        async with load.stage() as stage:
            await stage.people(count)
            async with load.program("bench.bare", "send", stage.url, load.TOKEN, str(count), ready=False):
                theirs.append(await rate(stage))
    ratio = statistics.median(ours) / statistics.median(theirs)
    return [Line("the courier's sends ÷ aiogram's, 32 in flight", ratio, 0.7,
                 f"{ratio:.2f}: {median(ours)} against {median(theirs)} sends/s")]  # fmt: skip


async def push(quick: bool) -> list[Line]:
    """A question to 3 000 people inside Telegram's windows, while others write and are answered."""
    count = 600 if quick else 3000
    async with load.stage(flood=True) as stage:
        await stage.groups()
        await stage.people(load.CALLERS + count)
        async with load.ours(stage, f"push={count}", "windows"):
            over = asyncio.Event()

            async def watch() -> list[datetime]:
                async with asyncio.timeout(load.PATIENCE):
                    while len(calls := [c for c in await stage.calls("sendPoll") if c["ok"]]) < count:
                        await asyncio.sleep(1.0)
                over.set()
                return sorted(datetime.fromisoformat(c["at"].replace("Z", "+00:00")) for c in calls)

            moments, waits = await asyncio.gather(watch(), load.waits(stage, over.is_set))
        refused = [c for c in [*await stage.calls("sendPoll"), *await stage.calls("sendMessage")] if c["status"] == 429]
        answers = [c for c in await stage.calls("sendMessage") if c["ok"]]
    seconds = (moments[-1] - moments[0]).total_seconds()
    inside = [c for c in answers if moments[0] <= datetime.fromisoformat(c["at"].replace("Z", "+00:00")) <= moments[-1]]
    # The broadcast takes what the answers leave, so both count: together they fill the window.
    rate = (len(moments) - 1 + len(inside)) / seconds
    p95 = 1000 * sorted(waits)[int(0.95 * len(waits))]
    return [
        Line("messages a second while pushing ÷ 28", rate / 28, 0.95,
             f"{rate / 28:.3f}: {len(moments)} people in {seconds:.0f} s, {len(inside)} answers meanwhile"),
        Line("429s meanwhile", len(refused), 0, f"{len(refused)}", most=True),
        Line("p95 of answers meanwhile, ms", p95, 300,
             f"{p95:.0f} (median {1000 * statistics.median(waits):.0f}, {len(waits)} answers)", most=True),
    ]  # fmt: skip


async def memory(quick: bool) -> list[Line]:
    """Idle after a few messages."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(1 if quick else 3):
        async with load.stage() as stage:
            await stage.groups()
            await stage.people(5)
            async with load.ours(stage, "students=5") as process:
                await load.conversation(stage, 5, 3, relayed=True)
                ours.append(load.resident(process.pid))
        async with load.stage() as stage:
            await stage.people(5)
            async with load.bare(stage) as process:
                await load.conversation(stage, 5, 3, relayed=False)
                theirs.append(load.resident(process.pid))
    ratio = statistics.median(ours) / statistics.median(theirs)
    return [Line("idle memory ÷ a bare aiogram bot", ratio, 1.6,
                 f"{ratio:.2f}: {median(ours)} against {median(theirs)} MB", most=True)]  # fmt: skip


async def burst(quick: bool) -> list[Line]:
    """Five hundred tickets about one burst pipe in ten minutes, merged and answered once."""
    count = 60 if quick else bursting.STUDENTS
    seen = await bursting.story(count)
    filed = f"{seen.filed} tickets in {seen.minutes:.1f} min"
    return [
        Line("a burst: students answered ÷ those who filed", seen.answered / count, 1,
             f"{seen.answered} of {count} ({filed}; all had it {seen.told:.0f} s after the answer)"),
        Line("copies of the answer a student", seen.copies, 1, f"{seen.copies}", most=True),
        Line("429s meanwhile", seen.refused, 0, f"{seen.refused}", most=True),
        Line("into the group within any minute", seen.a_minute, 20, f"{seen.a_minute}", most=True),
        Line("cards in the group", seen.cards, 10, f"{seen.cards}", most=True),
        Line("clusters", seen.clusters, 1, f"{seen.clusters}", most=True),
        Line("seconds until the press that merges them was answered", seen.pressed, 2, f"{seen.pressed:.2f}",
             most=True),
    ]  # fmt: skip


ALL: dict[str, Callable[[bool], Awaitable[list[Line]]]] = {
    "roundtrip": roundtrip,
    "courier": courier,
    "push": push,
    "memory": memory,
    "burst": burst,
    "scale": scale.measured,
    "survey": survey.measured,
    "year": year.measured,
}


def section(name: str, lines: list[Line]) -> str:
    """A table, and on what it was measured."""
    libraries = ", ".join(
        f"{package} {version(package)}" for package in ("aiogram", "python-telegram-bot", "SQLAlchemy")
    )
    rows = [
        f"| {x.what} | {x.shown} | {'≤' if x.most else '≥'} {x.bound:g} | {'yes' if x.held else '**no**'} |"
        for x in lines
    ]
    return "\n".join(
        [
            f"{HEADING}{name}",
            "",
            "| what | figure | bound | held |",
            "|---|---|---|---|",
            *rows,
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, {libraries}.",
            "",
        ]
    )


def written(report: str, name: str, lines: list[Line]) -> str:
    """The report with this section new; the others stay as they were measured."""
    head, *sections = report.split(f"\n{HEADING}")
    named = {each.partition("\n")[0]: f"{HEADING}{each}" for each in sections}
    named[name] = section(name, lines)
    return "\n".join([head, *(named[each] for each in ALL if each in named)])


async def run(name: str, quick: bool) -> list[Line]:
    sys.stdout.write(f"{name} …\n")
    sys.stdout.flush()
    lines = await ALL[name](quick)
    for line in lines:
        sys.stdout.write(f"  {'ok  ' if line.held else 'MISS'} {line.what}: {line.shown}\n")
    sys.stdout.flush()
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ALL], default=[])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    parser.add_argument("--write", action="store_true", help="write docs/bench.md")
    options = parser.parse_args()
    logs.configure("error")
    held = True
    for name in options.names or ALL:
        # What is measured in this very process runs in the loop that the program has.
        start = uvloop.run if name in ("scale", "survey", "year") else asyncio.run
        lines = start(run(name, options.quick))
        held = held and all(line.held for line in lines)
        if options.write:
            REPORT.write_text(written(REPORT.read_text(encoding="utf-8"), name, lines), encoding="utf-8")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
