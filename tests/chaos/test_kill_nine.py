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
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from tests.chaos.lives import warm_process
from tests.chaos.run import Outcome, Plan, play

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10**6))


@pytest.fixture(scope="session")
def warm() -> Iterator[Popen[bytes]]:
    """The program, imported and ready to be born."""
    with warm_process() as process:
        yield process


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
        return outcome

    return run


async def test_a_few_deaths_lose_nothing_and_say_nothing_twice(run: Run) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or 7)
    outcome = await run(Plan(seed, students=12, deaths=4, share=0.9, longest_life=1.2, patience=2.0))
    assert not outcome.findings


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_hundred_deaths_lose_nothing_and_say_nothing_twice(run: Run) -> None:
    outcome = await run(Plan(SEED, students=200, deaths=100))
    assert not outcome.findings
    assert sum(outcome.figures["deaths"].values()) == 101
    assert outcome.figures["tickets"] == outcome.figures["answers"] == 200


@pytest.mark.long
@pytest.mark.parametrize(
    ("breakage", "points", "finding"),
    [
        ("acknowledge first", ("fetch.after", "store.after"), r"inbox: \d+ acknowledged updates are not there"),
        ("repeat everything", ("answer.after",), r"twice: the answer to \w+ was sent [2-9] times"),
        ("call it sent", ("answer.before",), r"answer: .* is called sent and was not"),
        ("know only notes", ("card.after",), r"answer: .* was kept 0 times"),
        ("done later", ("answer.after",), r"answer: .* was kept [2-9] times"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_oracle_sees_a_broken_program(breakage: str, points: tuple[str, ...], finding: str, run: Run) -> None:
    plan = Plan(SEED, students=20, deaths=15, points=points, share=0.9, patience=3.0, end=20.0, breakages=(breakage,))
    outcome = await run(plan)
    assert re.search(finding, "\n".join(outcome.findings))
