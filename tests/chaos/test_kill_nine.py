"""kill -9 at random moments while students file and staff answer: every ticket exists exactly once, every answer
arrives or stands as unknown, none twice."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
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


async def run(plan: Plan, database_url: str, warm: Popen[bytes], tmp_path: Path) -> Outcome:
    outcome = await play(plan, database_url, warm, tmp_path)
    kind = database_url.partition(":")[0]
    print(f"\nCHAOS_SEED={plan.seed} {kind}: {outcome.figures}")
    return outcome


async def test_a_few_deaths_lose_nothing_and_say_nothing_twice(
    database_url: str, warm: Popen[bytes], tmp_path: Path
) -> None:
    plan = Plan(seed=int(os.environ.get("CHAOS_SEED", "7")), students=12, kills=6, longest_life=1.5, patience=3.0)
    outcome = await run(plan, database_url, warm, tmp_path)
    assert not outcome.findings, "\n".join(outcome.findings)
