"""When the clock looks after things."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
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
