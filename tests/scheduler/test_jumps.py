"""The clock jumps by a day: forwards everything due is done once, backwards nothing is done again and nothing waits."""

from __future__ import annotations

import asyncio
from collections import Counter
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
from models.tickets import Ticket
from scheduler import clock
from scheduler.clock import Job, Scheduler
from tests.campus import Campus, running
from tests.scheduler.test_courier import Office, alice, bob, post_office  # noqa: F401  (fixtures)

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


@pytest.mark.parametrize("by", [A_DAY, -A_DAY], ids=["forwards", "back"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_wait_that_telegram_asked_for_is_neither_broken_nor_made_longer(
    post_office: Office,  # noqa: F811
    alice: Any,  # noqa: F811
    bob: Any,  # noqa: F811
    by: timedelta,
) -> None:
    """The windows count seconds that passed, not what the machine's clock says."""
    pause, passed = 600, [0.0]
    seconds = asyncio.get_running_loop().time
    await post_office.stage.fault("sendMessage", chat=alice.id, status=429, retry_after=pause)
    async with post_office.open() as courier:
        courier._elapsed = lambda: seconds() + passed[0]
        waits = await post_office.post(alice.id, "after the pause")
        await post_office.held(waits)
        post_office.clock.move(by)
        await post_office.comes_to(await post_office.post(bob.id, "meanwhile"), Sending.SENT)
        await post_office.comes_to(await post_office.post(bob.id, "and again"), Sending.SENT)
        assert (await post_office.row(waits)).state is Sending.DUE, "Telegram would have taken it, had it been asked"
        passed[0] = pause + 1.0
        post_office.clock.move(timedelta(seconds=pause + 1))
        await post_office.comes_to(waits, Sending.SENT)
    assert await post_office.texts(alice) == ["after the pause"]


async def looked(campus: Campus) -> int:
    """Every job has looked once; how many things have been said or are to be."""
    await campus.app.scheduler.run_due(campus.clock())
    campus.app.courier.wake()
    await campus.quiet()
    async with campus.app.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Outgoing)) or 0


async def given(campus: Campus) -> Counter[tuple[int, str]]:
    """What everybody has been told by the clock, how often: chat and text."""
    chats = campus.east.id, campus.office.id, *(each.id for each in campus.people.values())
    return Counter(
        [(chat, m.text) for chat in chats for m in await campus.stage.transcript(chat) if m.from_bot and "#" in m.text]
    )


@pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
async def test_a_day_forwards_is_done_once_and_a_day_back_is_not_done_again(database_url: str) -> None:
    async with running(database_url) as campus:
        alice = campus.people["alice"] = await campus.student("Alice")
        unclaimed = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{unclaimed} ·")
        resolved = await campus.files(alice, "No light on the stairs of the third floor")
        second = await campus.east.shows(f"#{resolved} ·")
        await campus.wang.presses(second, f"c:resolve:{resolved}:done", chat=campus.east)
        await alice.reads("Is it really fixed?")
        before = await looked(campus)
        assert await looked(campus) == before

        # Forwards: whatever fell due is done, everybody above is told, once.
        campus.clock.move(A_DAY)
        once = await looked(campus)
        told = await given(campus)
        await campus.east.shows(f"#{unclaimed} should have been claimed")
        assert once > before
        assert await levels(campus, unclaimed) == await told_above(campus, unclaimed) > 0
        assert await looked(campus) == once

        # Back: nothing of it is done again, and what people do is answered at once.
        campus.clock.move(-A_DAY)
        for _ in range(2):
            assert await looked(campus) == once
        assert await given(campus) == told
        await campus.wang.says("the plumber comes at three", chat=campus.east, reply_to=card)
        await alice.reads("the plumber comes at three")
        third = await campus.files(alice, "The window in room five does not close")
        await campus.east.shows(f"#{third} ·")

        # And forwards again, as it should have been: what has been told is not told again.
        campus.clock.move(A_DAY)
        await looked(campus)
        assert max((await given(campus)).values()) == 1
        async with campus.app.database.reading() as session:
            unfinished = Outgoing.state.in_([Sending.UNKNOWN, Sending.FAILED, Sending.SENDING])
            assert await session.scalar(select(func.count()).where(unfinished)) == 0


async def levels(campus: Campus, number: int) -> int:
    """How far the ticket's deadline to be claimed has been escalated."""
    async with campus.app.database.reading() as session:
        return (await session.get_one(Ticket, number)).claim_level


async def told_above(campus: Campus, number: int) -> int:
    """The highest level whose people have read of it: the office is the second, the station's own chat the first."""
    mark = f"#{number}"
    office = any(mark in m.text for m in await campus.office.transcript())
    east = any(mark in m.text and "🔺" in m.text for m in await campus.east.transcript())
    return 2 if office else int(east)
