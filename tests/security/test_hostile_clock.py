"""What the clock writes reads as well as what somebody's press brings: reminders, warnings, digests, reports. Everybody
and everything is called what harms a screen, weeks pass, every job of the clock runs, and whatever it wrote is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import people
from models.outbox import Outgoing, Sending
from models.union import posts
from scheduler.clock import JOBS
from tests.models.test_posts import DEPARTMENTS
from tests.security.attacked import ADMIN, Attacked
from tests.security.test_forged_presses import on_sqlite
from tests.security.test_hostile_names import MARK, NAMES, amiss, called

NOT_TIME = frozenset({"heartbeat", "sealing", "ageing", "sweeping", "erasing", "forgetting", "alarms"})
"""Jobs that write to nobody what somebody wrote."""
WRITE = frozenset({"deadlines", "digests", "disclosure", "publications", "volunteers"})
"""Jobs that bring somebody's words: where one brings none, nothing of it was looked at."""


async def passes(program: Attacked, moments: Sequence[datetime], wrong: list[str]) -> Counter[str]:
    """Every job at each of these moments. Returns how often each job brought something that is called so."""
    told = Counter[str]()
    await _read(program, "before", wrong, told)
    for moment in moments:
        program.now = moment
        for job in JOBS:
            if job.name in NOT_TIME:
                continue
            await job.work(program.app.database, program.app.toolbox, moment)
            await _read(program, job.name, wrong, told)
    return told


async def posts_held(session: AsyncSession, name: str, now: datetime) -> None:
    """Posts whose terms end, held by people who are called so."""
    admin = await people.by_telegram_id(session, ADMIN)
    assert admin is not None
    await posts.follow_config(session, DEPARTMENTS)
    for post in await posts.every(session):
        wanted = posts.Wanted(name[:60], now.date(), now.date() + timedelta(days=25), now.date())
        await posts.add(session, post, wanted, posts.Chosen.ELECTED, now, staff=admin)


async def _read(program: Attacked, whose: str, wrong: list[str], told: Counter[str]) -> None:
    """Draw what is due to be said, and take it as said."""
    async with program.app.database.transaction() as session:
        rows = await session.scalars(select(Outgoing).where(Outgoing.state == Sending.DUE).order_by(Outgoing.id))
        for row in rows.all():
            for _, call in await program._drawn(session, row):
                told[whose] += MARK in repr(call.params)
                wrong += [f"{whose}: {program.now:%d %b %H:%M}: {row.letter}: {each}" for each in amiss(call)]
            row.state = Sending.SENT


@on_sqlite
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_harms_what_the_clock_writes(database_url: str, now: datetime, name: str) -> None:
    moments = [now + timedelta(hours=6 * i) for i in range(4 * 10)]
    moments += [now + timedelta(days=10 + i, hours=1) for i in range(30)]
    wrong: list[str] = []
    async with called(database_url, now, NAMES[name]) as program:
        async with program.app.database.transaction() as session:
            await posts_held(session, NAMES[name], now)
        told = await passes(program, moments, wrong)
    assert sorted(set(wrong)) == []
    assert {job for job, count in told.items() if count} >= (WRITE | {"posts"} if MARK in NAMES[name] else set())
