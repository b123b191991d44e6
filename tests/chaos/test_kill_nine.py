"""kill -9 at random moments while students file and staff answer: every ticket exists exactly once, every answer
arrives or stands as unknown, none twice.

`make chaos` runs the long ones. Each prints its seed and its figures; CHAOS_SEED=… makes the same plan of deaths again
(what falls at which moment is still the machine's affair).
"""

from __future__ import annotations

import contextlib
import inspect
import os
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.chaos import figures
from tests.chaos.plan import Plan
from tests.chaos.points import PLACES
from tests.chaos.run import Outcome, play
from tests.conftest import postgresql_later

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


@pytest.mark.parametrize("name", PLACES)
def test_a_point_is_asked_about_its_step_with_what_the_step_is_given(name: str) -> None:
    """A step that is given more than before ends every life that comes to it, with an error instead of a death."""
    asked = inspect.signature(PLACES[name].counts)
    for owner in PLACES[name].owners:
        asked.bind(*inspect.signature(getattr(owner, PLACES[name].name)).parameters)


@postgresql_later
@pytest.mark.timeout(300)
async def test_a_few_deaths_lose_nothing_and_say_nothing_twice(run: Run) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or 7)
    outcome = await run(Plan(seed, students=8, deaths=3, share=0.9, longest_life=1.2, patience=2.0))
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


def broken(breakage: str, *points: str, gentle: float = 0.0, **changes: Any) -> Plan:
    """A plan in which this promise is broken, and lives end where that shows."""
    plan = Plan(SEED, 20, 15, points=points, share=0.9, gentle=gentle, patience=3.0, end=20.0, breakages=(breakage,))
    return replace(plan, **changes)


MUTATIONS = [
    (broken("acknowledge first", "fetch.after", "store.after"), r"inbox: \d+ acknowledged updates are not there"),
    (broken("keep it again", "store.after", "acknowledge.before"), r"inbox: update \d+ is there [2-9] times"),
    (broken("remember no key", late=True, end=60.0), r"key: warn was written \d+ times"),
    (broken("repeat everything", "answer.after"), r"twice: the answer to \w+ was sent [2-9] times"),
    (broken("call it sent", "answer.before"), r"answer: .* is called sent and was not"),
    (
        broken("begin lazily", neighbour=True),
        r"(?s)neighbour: the program was refused \d+ times|life: .*database is locked",
    ),
    (broken("newest first", students=40), r"edit: the answer to \w+ stands there as|receipt: .* has none"),
    (broken("know only notes", "card.after"), r"answer: .* was kept 0 times"),
    (broken("done later", "answer.after"), r"answer: .* was kept [2-9] times"),
    (broken("leave at once", "send.before", "send.during", gentle=1.0), r"stop: .* left \d+ rows on their way"),
]
"""Promises broken on purpose, and the finding by which each is known; `sync less` is test_power's."""


@pytest.mark.long
@pytest.mark.parametrize(("plan", "finding"), [pytest.param(*each, id=each[0].breakages[0]) for each in MUTATIONS])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_oracle_sees_a_broken_program(plan: Plan, finding: str, run: Run) -> None:
    outcome = await run(plan)
    red = bool(re.search(finding, "\n".join(outcome.findings)))
    figures.keep("mutation", broken=plan.breakages[0], red=red)
    assert red, "a broken program went through: it is the oracle that is broken"
