"""The clock jumps by a day: forwards everything due is done once, backwards nothing is done again and nothing waits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import func, select

from bot.toolbox import Toolbox
from models.database import Database
from models.outbox import Outgoing, Sending
from scheduler import clock
from scheduler.clock import Job, Scheduler
from tests.campus import Campus
from tests.scheduler.test_courier import Office, alice, post_office  # noqa: F401  (fixtures)

A_DAY = timedelta(days=1)
TAP = "The tap in the bathroom drips all night"
PATIENCE = 20.0


class Ticking:
    """A job that says when it came."""

    def __init__(self) -> None:
        self.came = asyncio.Event()

    async def work(self, database: Database, toolbox: Toolbox, now: datetime) -> None:
        self.came.set()

    async def again(self) -> None:
        self.came.clear()
        async with asyncio.timeout(PATIENCE):
            await self.came.wait()


@pytest.mark.parametrize("every", [partial(IntervalTrigger, seconds=1), partial(CronTrigger, second="*")])
async def test_jobs_go_on_whatever_the_machine_s_clock_says(every: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """APScheduler alone would not come for a day when the clock was set back by one."""
    ticking = Ticking()
    monkeypatch.setattr(clock, "JOBS", (Job("ticking", every, ticking.work),))
    monkeypatch.setattr(clock, "LOOK_SECONDS", 0.05)

    class Wherever:
        class settings:
            timezone = UTC

    nothing: Any = Wherever
    scheduler = Scheduler(nothing, nothing, lambda: datetime.now(UTC), lambda: None)
    task = asyncio.create_task(scheduler.run())
    try:
        await ticking.again()
        for by in (-A_DAY, A_DAY):
            with time_machine.travel(datetime.now(UTC) + by):
                await ticking.again()
                await ticking.again()
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_what_waits_waits_no_longer_because_the_clock_was_set_back(post_office: Office, alice: Any) -> None:  # noqa: F811
    """It was to leave in an hour, by a clock that turned out to be a day ahead."""
    async with post_office.open():
        post_office.clock.move(A_DAY)
        later = await post_office.post(alice.id, "later", not_before=post_office.clock() + timedelta(hours=1))
        morning = await post_office.post(alice.id, "morning", not_before=post_office.clock() + timedelta(hours=10))
        stands = (await post_office.row(morning)).not_before
        await post_office.comes_to(await post_office.post(alice.id, "now"), Sending.SENT)
        post_office.clock.move(-A_DAY)
        await post_office.comes_to(await post_office.post(alice.id, "at once"), Sending.SENT)
        assert (await post_office.row(later)).state is Sending.DUE
        post_office.clock.move(timedelta(hours=1))
        await post_office.comes_to(later, Sending.SENT)
        assert (await post_office.row(morning)).not_before == stands, "at the time of day that was meant"
    assert await post_office.texts(alice) == ["now", "at once", "later"]


async def looked(campus: Campus) -> int:
    """Every job has looked once; how many things have been said or are to be."""
    await campus.app.scheduler.run_due(campus.clock())
    campus.app.courier.wake()
    await campus.quiet()
    async with campus.app.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Outgoing)) or 0
