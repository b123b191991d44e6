"""Three whole programs on one PostgreSQL, each killed in turn: another takes over, nothing is lost or said twice.

One long test; a short one, of parts that are apart, stands in tests/bot/test_parts.py.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bot.parts import Part
from tests.chaos.cluster.run import Stage, play

TAKEN_OVER = 15.0
PARTS = tuple((f"all {n}", tuple(Part)) for n in (1, 2, 3))


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_three_processes_killed_in_turn_take_over_from_each_other(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    took: dict[str, float] = {}

    async def kill_each(stage: Stage) -> None:
        await stage.answered(60.0)
        for name, program in stage.programs.items():
            async with stage.death(name):
                await program.kill()
                took[name] = await stage.answered(60.0)
            await program.start()

    seed = random.randrange(10**6)
    found = await play(database_url, tmp_path, kill_each, seed=seed, students=40, patience=20.0, parts=PARTS)
    with capsys.disabled():
        print(f"\nseed {seed}: answered again after", {name: round(seconds, 1) for name, seconds in took.items()})
    assert not found
    assert len(took) == len(PARTS)
    assert max(took.values()) < TAKEN_OVER
