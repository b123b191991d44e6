"""When the clock looks after things."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import JOBS


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu"])
def test_hours_and_minutes_are_those_where_the_union_is(zone: str, now: datetime) -> None:
    """Whatever time zone the machine thinks it is in; the suite's is UTC, and Kathmandu is a quarter of an hour off."""
    (sweeping,) = (job for job in JOBS if job.name == "sweeping")
    next_time = sweeping.trigger(ZoneInfo(zone)).get_next_fire_time(None, now)
    assert next_time is not None
    assert next_time.astimezone(ZoneInfo(zone)).strftime("%M") == "30"
