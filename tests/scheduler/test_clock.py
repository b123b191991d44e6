"""When the clock looks after things."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.clock import JOBS


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_the_sweeping_comes_at_night_where_the_union_is(zone: str, now: datetime) -> None:
    """Whatever time zone the machine thinks it is in; the suite's is UTC."""
    (sweeping,) = (job for job in JOBS if job.name == "sweeping")
    next_time = sweeping.trigger(ZoneInfo(zone)).get_next_fire_time(None, now)
    assert next_time is not None
    assert next_time.astimezone(ZoneInfo(zone)).strftime("%H:%M") == "03:30"
