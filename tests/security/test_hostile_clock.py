"""What time says by itself is as harmless as what somebody's press brings: reminders, warnings, digests, reports.
Everybody and everything is called what harms a screen and is under way (`under_way.py`), weeks pass, every job of the
clock runs, and whatever it wrote is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.calls import Call
from models.outbox import Outgoing, Sending
from scheduler.clock import JOBS
from tests.security import under_way
from tests.security.attacked import Attacked
from tests.security.test_forged_presses import on_sqlite
from tests.security.test_hostile_names import MARK, NAMES, amiss, buttons, called, texts

WORDS = frozenset(
    {
        "cases", "deadlines", "digests", "disclosure", "duty", "evaluations", "pictures", "posts", "projects",
        "publications", "pulses", "quizzes", "studies", "surveys", "volunteers",
    }
)  # fmt: skip
"""Jobs that bring what somebody wrote: where one brings nothing of it, nothing of it was looked at."""
FIGURES = frozenset({"alarms", "exports", "floors", "work_reports"})
"""Jobs that say something, and nobody's words in it: figures, and files (`test_formulas.py`)."""
NOTHING = frozenset({"ageing", "erasing", "forgetting", "heartbeat", "sealing", "sweeping"})
"""Jobs that write to nobody."""
HOURS = (0, 1, 2.5, 3.6, 4.7, 6, 23, 24.5, 47, 48, 49, 72, 97, 121, 169, 170)
"""So long after the beginning something falls due, up to a week; afterwards once a day."""


async def passes(
    program: Attacked, moments: Sequence[datetime], work: Set[str], wrong: list[str]
) -> tuple[Counter[str], Counter[str]]:
    """These jobs at each of these moments. Returns how much each job said, and how much of it carries somebody's
    words.
    """
    said, called_so = Counter[str](), Counter[str]()
    await _read(program, "before", wrong, said, called_so)
    for number, moment in enumerate(moments):
        program.now = moment
        for job in (each for each in JOBS if each.name in work):
            await job.work(program.app.database, program.app.toolbox, moment)
            await _read(program, job.name, wrong, said, called_so)
        if number == 0 and "work_reports" in work:
            async with program.app.database.transaction() as session:
                await under_way.report_wanted(session)
    return said, called_so


async def _read(program: Attacked, whose: str, wrong: list[str], said: Counter[str], called_so: Counter[str]) -> None:
    """Draw what is due to be said, and take it as said."""
    async with program.app.database.transaction() as session:
        rows = await session.scalars(select(Outgoing).where(Outgoing.state == Sending.DUE).order_by(Outgoing.id))
        for row in rows.all():
            for _, call in await program._drawn(session, row):
                said[whose] += 1
                called_so[whose] += MARK in _read_in(call)
                wrong += [f"{whose}: {program.now:%d %b %H:%M}: {row.letter}: {each}" for each in amiss(call)]
            row.state = Sending.SENT


def _read_in(call: Call) -> str:
    """Every word of it; a file's bytes are none."""
    return "\n".join([*(raw for _, raw, _ in texts(call)), *(each["text"] for each in buttons(call))])


async def lived(database_url: str, now: datetime, name: str, days: int, work: Set[str]) -> None:
    """So many days of everything that goes on, all of it called so; these jobs bring it."""
    moments = [now + timedelta(hours=hours) for hours in HOURS]
    moments += [now + timedelta(days=day, hours=1) for day in range(8, days)]
    wrong: list[str] = []
    async with called(database_url, now, name, alarm={"enabled": True}) as program:
        async with program.app.database.transaction() as session:
            await under_way.everything(session, program.app.toolbox.house, name, now)
        said, called_so = await passes(program, moments, work | NOTHING, wrong)
    assert sorted(set(wrong)) == []
    told = {job for job, count in said.items() if count} - {"before"}
    assert not told & NOTHING
    assert told >= work
    if MARK in name:
        assert {job for job, count in called_so.items() if count} >= WORDS


def test_every_job_of_the_clock_is_looked_at() -> None:
    """A new one is either under way here, with somebody's words, or says none."""
    assert sorted(job.name for job in JOBS) == sorted([*WORDS, *FIGURES, *NOTHING])


@pytest.mark.rehearsal
@on_sqlite
async def test_no_name_harms_what_a_job_of_the_clock_writes(database_url: str, now: datetime) -> None:
    await lived(database_url, now, NAMES["all at once"], 9, WORDS)


@on_sqlite
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_harms_what_the_clock_writes(database_url: str, now: datetime, name: str) -> None:
    await lived(database_url, now, NAMES[name], 50, WORDS | FIGURES)
