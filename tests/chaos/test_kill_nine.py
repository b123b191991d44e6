"""kill -9 at random moments while students file and staff answer: every ticket exists exactly once, every answer
arrives or stands as unknown, none twice.

`make chaos` runs the long ones. Each prints its seed and its figures; CHAOS_SEED=… makes the same plan of deaths again
(what falls at which moment is still the machine's affair).
"""

from __future__ import annotations

import contextlib
import os
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest

from tests.chaos import figures
from tests.chaos.run import Outcome, Plan, play

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10**6))


Run = Callable[[Plan], Awaitable[Outcome]]


@pytest.fixture
def run(
    database_url: str,
    warm: Popen[bytes],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Plays a plan and prints its seed and its figures; the long ones in any case."""
    shown = capsys.disabled if request.node.get_closest_marker("long") else contextlib.nullcontext

    async def run(plan: Plan) -> Outcome:
        kind = database_url.partition(":")[0]
        with shown():
            print(f"\nCHAOS_SEED={plan.seed} {kind} {', '.join(plan.breakages)}", flush=True)
        outcome = await play(plan, database_url, warm, tmp_path)
        with shown():
            print(outcome.figures)
        print("\n".join(outcome.findings))
        if not plan.breakages:
            figures.keep("deaths", database=kind, way=plan.way, findings=len(outcome.findings), **outcome.figures)
        return outcome

    return run


async def test_a_few_deaths_lose_nothing_and_say_nothing_twice(run: Run) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or 7)
    outcome = await run(Plan(seed, students=12, deaths=4, share=0.9, longest_life=1.2, patience=2.0))
    assert not outcome.findings


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_deaths_lose_nothing_that_came_by_webhook(run: Run) -> None:
    outcome = await run(Plan(SEED, students=40, deaths=25, way="webhook"))
    assert not outcome.findings
    assert outcome.figures["tickets"] == outcome.figures["answers"] == 40


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_hundred_deaths_lose_nothing_and_say_nothing_twice(run: Run) -> None:
    outcome = await run(Plan(SEED, students=200, deaths=100, neighbour=True))
    assert not outcome.findings
    assert sum(outcome.figures["deaths"].values()) == 101
    assert outcome.figures["tickets"] == outcome.figures["answers"] == 200


MUTATIONS = [
    (
        Plan(SEED, 20, 15, points=("fetch.after", "store.after"), breakages=("acknowledge first",)),
        r"inbox: \d+ acknowledged updates are not there",
    ),
    (
        Plan(SEED, 20, 15, points=("store.after", "acknowledge.before"), breakages=("keep it again",)),
        r"inbox: update \d+ is there [2-9] times",
    ),
    (Plan(SEED, 20, 15, late=True, breakages=("remember no key",)), r"key: warn was written \d+ times"),
    (
        Plan(SEED, 20, 15, points=("answer.after",), breakages=("repeat everything",)),
        r"twice: the answer to \w+ was sent [2-9] times",
    ),
    (
        Plan(SEED, 20, 15, points=("answer.before",), breakages=("call it sent",)),
        r"answer: .* is called sent and was not",
    ),
    (Plan(SEED, 20, 15, neighbour=True, breakages=("begin lazily",)), r"neighbour: the program was refused \d+ times"),
    (Plan(SEED, 20, 15, breakages=("newest first",)), r"edit: the answer to \w+ stands there as"),
    (Plan(SEED, 20, 15, points=("card.after",), breakages=("know only notes",)), r"answer: .* was kept 0 times"),
    (Plan(SEED, 20, 15, points=("answer.after",), breakages=("done later",)), r"answer: .* was kept [2-9] times"),
]
"""Promises broken on purpose, and the finding by which each is known; `sync less` is test_power's."""


@pytest.mark.long
@pytest.mark.parametrize(("plan", "finding"), [pytest.param(*each, id=each[0].breakages[0]) for each in MUTATIONS])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_oracle_sees_a_broken_program(plan: Plan, finding: str, run: Run) -> None:
    outcome = await run(replace(plan, share=0.9, gentle=0.0, patience=3.0, end=20.0))
    red = bool(re.search(finding, "\n".join(outcome.findings)))
    figures.keep("mutation", broken=plan.breakages[0], red=red)
    assert red, "a broken program went through: it is the oracle that is broken"
