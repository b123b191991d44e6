"""The clock: APScheduler says when to look, the jobs ask the database what is due (law 9).

Triggers live in memory only. A job is a function of the database, the toolbox and `now`; it finds what is due by
then, so a run that was missed heals at the next, and a run that comes twice finds nothing. Adding one is a function
in `jobs/` and a line in JOBS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.toolbox import Toolbox, utcnow
from models.database import Database
from scheduler.jobs import (
    ageing,
    alarms,
    cases,
    deadlines,
    digests,
    disclosure,
    duty,
    erasing,
    evaluations,
    exports,
    floors,
    forgetting,
    heartbeat,
    pictures,
    posts,
    projects,
    publications,
    pulses,
    quizzes,
    sealing,
    studies,
    surveys,
    sweeping,
    volunteers,
    work_reports,
)

log = structlog.get_logger()

Work = Callable[[Database, Toolbox, datetime], Awaitable[None]]

LOOK_SECONDS = 10.0
"""How often it is asked whether the machine's clock was set back."""
SLACK = timedelta(seconds=1)


@dataclass(frozen=True)
class Job:
    """Something to look after, and how often."""

    name: str
    every: Callable[..., BaseTrigger]
    """Makes the trigger for a `timezone`: one made without counts its hours in the machine's."""
    work: Work
    beside: bool = False
    """It may take a minute, and the others do not wait for it."""
    apart: bool = False
    """It looks after the others: it waits for none of them, however long they take."""

    def trigger(self, timezone: tzinfo) -> BaseTrigger:
        """When to look, where this time zone is."""
        return self.every(timezone=timezone)


JOBS = (
    Job("deadlines", partial(IntervalTrigger, minutes=1), deadlines.run),
    Job("duty", partial(IntervalTrigger, minutes=1), duty.run),
    Job("pulses", partial(IntervalTrigger, minutes=1), pulses.run),
    Job("quizzes", partial(IntervalTrigger, minutes=1), quizzes.run),
    Job("digests", partial(IntervalTrigger, minutes=1), digests.run),
    Job("volunteers", partial(IntervalTrigger, minutes=1), volunteers.run),
    # Somebody waits for them.
    Job("pictures", partial(IntervalTrigger, seconds=5), pictures.run),
    Job("erasing", partial(IntervalTrigger, minutes=1), erasing.run),
    Job("forgetting", partial(IntervalTrigger, minutes=10), forgetting.run),
    Job("exports", partial(IntervalTrigger, minutes=1), exports.run, beside=True),
    # So many are invited that the others do not wait for it.
    Job("surveys", partial(IntervalTrigger, minutes=1), surveys.run, beside=True),
    # Likewise.
    Job("publications", partial(IntervalTrigger, minutes=1), publications.run, beside=True),
    # All tickets of a semester are gone through.
    Job("evaluations", partial(IntervalTrigger, minutes=1), evaluations.run, beside=True),
    # The figures of a semester are found, and files drawn; somebody waits for them.
    Job("work_reports", partial(IntervalTrigger, seconds=10), work_reports.run, beside=True),
    Job("floors", partial(IntervalTrigger, minutes=10), floors.run),
    # A month's tickets are gone through.
    Job("disclosure", partial(IntervalTrigger, minutes=1), disclosure.run, beside=True),
    Job("studies", partial(IntervalTrigger, minutes=1), studies.run),
    Job("posts", partial(IntervalTrigger, minutes=10), posts.run),
    # Thousands may have asked for one.
    Job("projects", partial(IntervalTrigger, minutes=1), projects.run, beside=True),
    Job("sealing", partial(IntervalTrigger, minutes=1), sealing.run),
    Job("cases", partial(IntervalTrigger, minutes=1), cases.run),
    # In one line with those whom it vouches for: where they stand still it does, too.
    Job("heartbeat", partial(IntervalTrigger, minutes=1), heartbeat.run),
    Job("alarms", partial(IntervalTrigger, minutes=1), alarms.run, beside=True, apart=True),
    # By night, and it may take minutes.
    Job("ageing", partial(CronTrigger, hour=3, minute=40), ageing.run, beside=True),
    Job("sweeping", partial(CronTrigger, minute=30), sweeping.run),
)


def _not_later_than_ever(scheduler: AsyncIOScheduler, timezone: tzinfo) -> None:
    """APScheduler keeps the moment at which a job comes next: when the machine's clock is set back by a day, it would
    not come for a day.
    """
    triggers = {job.name: job.trigger(timezone) for job in JOBS}
    now = utcnow().astimezone(timezone)
    for planned in scheduler.get_jobs():
        soonest = triggers[planned.name].get_next_fire_time(None, now)
        if planned.next_run_time > soonest + SLACK:
            log.warning("the clock was set back: a job comes sooner", job=planned.name)
            planned.reschedule(triggers[planned.name])


class Scheduler:
    """Runs the jobs, one at a time but for those beside and apart; each opens the transactions it needs."""

    def __init__(
        self, database: Database, toolbox: Toolbox, clock: Callable[[], datetime], committed: Callable[[], None]
    ) -> None:
        """`clock` says what time it is; `committed` is called after each job: there may be something to send."""
        self._database = database
        self._toolbox = toolbox
        self._clock = clock
        self._committed = committed
        self._one_at_a_time = {line: asyncio.Lock() for line in (False, True, *(job.name for job in JOBS if job.apart))}

    async def run(self) -> None:
        """Until cancelled; everything that fell due while the program was away is done first, but for what takes
        long.
        """
        now = self._clock()
        for job in JOBS:
            if not job.beside:
                await self._run(job, lambda: now)
        timezone = self._toolbox.settings.timezone
        scheduler = AsyncIOScheduler(timezone=timezone)
        for job in JOBS:
            scheduler.add_job(
                self._run_now,
                job.trigger(timezone),
                args=[job],
                name=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        scheduler.start()
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                _not_later_than_ever(scheduler, timezone)
        finally:
            scheduler.shutdown(wait=False)

    async def run_due(self, now: datetime) -> None:
        """Every job once, in order, as if it were `now`."""
        for job in JOBS:
            await self._run(job, lambda: now)

    async def _run_now(self, job: Job) -> None:
        await self._run(job, self._clock)

    async def _run(self, job: Job, clock: Callable[[], datetime]) -> None:
        async with self._one_at_a_time[job.name if job.apart else job.beside]:
            try:
                # Not before: it may have waited for others.
                await job.work(self._database, self._toolbox, clock())
            except Exception as error:
                log.error("a job failed", job=job.name, why=type(error).__name__, exc_info=True)
        self._committed()
