"""When the clock looks after things."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from scheduler import clock
from scheduler.clock import JOBS, Scheduler


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu"])
def test_hours_and_minutes_are_those_where_the_union_is(zone: str, now: datetime) -> None:
    """Whatever time zone the machine thinks it is in; the suite's is UTC, and Kathmandu is a quarter of an hour off."""
    (sweeping,) = (job for job in JOBS if job.name == "sweeping")
    next_time = sweeping.trigger(ZoneInfo(zone)).get_next_fire_time(None, now)
    assert next_time is not None
    assert next_time.astimezone(ZoneInfo(zone)).strftime("%M") == "30"


async def test_no_deadline_waits_for_a_table_that_is_being_made(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """Of a hundred thousand tickets it takes most of a minute."""
    begun, ends, done = asyncio.Event(), asyncio.Event(), list[str]()

    async def slow(*_: Any) -> None:
        begun.set()
        await ends.wait()
        done.append("exports")

    async def quick(*_: Any) -> None:
        done.append("deadlines")

    work = {"exports": slow, "deadlines": quick}
    jobs = {job.name: replace(job, work=work[job.name]) for job in JOBS if job.name in work}
    monkeypatch.setattr(clock, "JOBS", tuple(jobs.values()))
    scheduler = Scheduler(cast(Any, None), cast(Any, None), lambda: now, lambda: None)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(scheduler._run_now(jobs["exports"]))
        await begun.wait()
        await scheduler._run_now(jobs["deadlines"])
        assert done == ["deadlines"]
        ends.set()
    assert done == ["deadlines", "exports"]


@pytest.mark.parametrize(("hangs", "still_done"), [("ageing", ["heartbeat", "alarms"]), ("deadlines", ["alarms"])])
async def test_the_clock_is_vouched_for_by_those_who_remind_and_alarms_wait_for_nobody(
    hangs: str, still_done: list[str], monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """A night's tidying that took long was called a clock that stands still; deadlines that hung were not."""
    begun, done = asyncio.Event(), list[str]()

    def work(name: str) -> Any:
        async def run(*_: Any) -> None:
            if name == hangs:
                begun.set()
                await asyncio.Event().wait()
            done.append(name)

        return run

    jobs = {job.name: replace(job, work=work(job.name)) for job in JOBS}
    monkeypatch.setattr(clock, "JOBS", tuple(jobs.values()))
    scheduler = Scheduler(cast(Any, None), cast(Any, None), lambda: now, lambda: None)
    running = [asyncio.create_task(scheduler._run_now(jobs[hangs]))]
    async with asyncio.timeout(5):
        await begun.wait()
        running += [asyncio.create_task(scheduler._run_now(jobs[name])) for name in ("heartbeat", "alarms")]
        while len(done) < len(still_done):  # noqa: ASYNC110  (they announce themselves to nobody)
            await asyncio.sleep(0)
    assert done == still_done
    for task in running:
        task.cancel()
    await asyncio.wait(running)


async def test_a_job_that_has_waited_asks_what_time_it_is_by_then(now: datetime) -> None:
    at, seen, first = [now], list[datetime](), asyncio.Event()

    async def waits(*_: Any) -> None:
        await first.wait()

    async def looks(_: Any, __: Any, when: datetime) -> None:
        seen.append(when)

    slow, quick = (replace(JOBS[0], work=work) for work in (waits, looks))
    scheduler = Scheduler(cast(Any, None), cast(Any, None), lambda: at[0], lambda: None)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for job in (slow, quick):
            group.create_task(scheduler._run_now(job))
        await asyncio.sleep(0)
        at[0] += timedelta(minutes=10)
        first.set()
    assert seen == [now + timedelta(minutes=10)]
