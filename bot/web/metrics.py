"""What Prometheus reads at /metrics: how the program is, without a name, a chat or a word.

It listens apart from the webhook and the public pages (`[metrics] listen`), which a reverse proxy shows to everybody;
/healthz and /readyz are there as well. What waits and what went wrong is read from the database when it is asked for,
so that every process says the same (`models/vitals.py`); what this process did is counted as it does it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from sqlalchemy.exc import DBAPIError

from bot.parts import Part as Duty
from bot.toolbox import Clock
from bot.web import Part, start
from models import heartbeats
from models.database import Database
from models.outbox import Lane
from models.vitals import Vitals, take

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """What is counted and shown, in a registry of its own: several programs may run in one process, in tests."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._handled = Histogram(
            "unionbot_handler_seconds",
            "How long an update took from its beginning to its commit, by its kind and its end.",
            ["kind", "end"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._sends = Counter(
            "unionbot_sends",
            "Attempts to send, by lane and what came of them.",
            ["lane", "end"],
            registry=self.registry,
        )
        self._told_to_wait = Counter(
            "unionbot_telegram_429", "How often Telegram asked to wait.", registry=self.registry
        )
        self._leads = Gauge(
            "unionbot_lease_held", "1 while this process has this duty.", ["duty"], registry=self.registry
        )
        for duty in (Duty.WEB, Duty.COURIER, Duty.CLOCK):
            self._leads.labels(duty).set(0)
        self._database = Gauge("unionbot_database_up", "1 while the database answers.", registry=self.registry)
        self._inbox = Gauge("unionbot_inbox_waiting", "Updates that wait.", registry=self.registry)
        self._inbox_age = Gauge(
            "unionbot_inbox_age_seconds", "For how long the oldest update has waited.", registry=self.registry
        )
        self._aside = Gauge("unionbot_updates_set_aside", "Updates that could not be handled.", registry=self.registry)
        self._outbox = Gauge(
            "unionbot_outbox_due", "Messages whose time has come, by lane.", ["lane"], registry=self.registry
        )
        self._outbox_age = Gauge(
            "unionbot_outbox_age_seconds",
            "For how long the oldest of them has waited, by lane.",
            ["lane"],
            registry=self.registry,
        )
        self._unknown = Gauge(
            "unionbot_messages_unknown",
            "Messages of the last day that may have arrived and may not.",
            registry=self.registry,
        )
        self._overdue = Gauge(
            "unionbot_tickets_overdue", "Open tickets that have missed a deadline.", registry=self.registry
        )
        self._silent = Gauge(
            "unionbot_silent_seconds",
            "How long ago the clock ran, and Telegram was reached.",
            ["what"],
            registry=self.registry,
        )

    def handled(self, kind: str, end: str, seconds: float) -> None:
        """An update of this kind has come to its end: done, refused or set_aside."""
        self._handled.labels(kind, end).observe(seconds)

    def attempted(self, lane: int, end: str) -> None:
        """An attempt to send came to this; "held" is Telegram's 429."""
        self._sends.labels(Lane(lane).name.lower(), end).inc()
        if end == "held":
            self._told_to_wait.inc()

    @contextlib.asynccontextmanager
    async def leading(self, duties: Iterable[str]) -> AsyncIterator[None]:
        """Inside, this process holds the lease of these duties."""
        held = [self._leads.labels(duty) for duty in duties]
        for each in held:
            each.set(1)
        try:
            yield
        finally:
            for each in held:
                each.set(0)

    def show(self, vitals: Vitals | None, now: datetime) -> bytes:
        """Everything as Prometheus reads it; without `vitals`, when the database is away, what it would say is left as
        it was.
        """
        self._database.set(vitals is not None)
        if vitals is not None:
            self._inbox.set(vitals.inbox.count)
            self._inbox_age.set(vitals.inbox.oldest.total_seconds())
            self._aside.set(vitals.aside)
            self._unknown.set(vitals.unknown)
            self._overdue.set(vitals.overdue)
            for lane, queue in vitals.outbox.items():
                self._outbox.labels(lane.name.lower()).set(queue.count)
                self._outbox_age.labels(lane.name.lower()).set(queue.oldest.total_seconds())
            for what, beat in vitals.heartbeats.items():
                if what not in (heartbeats.RIVAL, heartbeats.WEBHOOK):
                    self._silent.labels(what).set(beat.silence(now).total_seconds())
        return generate_latest(self.registry)


class Metrics:
    """The listener for them. Enter it to listen; raises CannotListen."""

    def __init__(self, listen: str, meters: Meters, database: Database, clock: Clock, *parts: Part) -> None:
        self._listen, self._meters, self._database, self._clock = listen, meters, database, clock
        app = web.Application()
        app.router.add_get("/metrics", self._show)
        for part in parts:
            part.register(app)
        self._runner = web.AppRunner(app, access_log=None)
        self.address = ""

    async def __aenter__(self) -> Self:
        self.address = await start(self._runner, self._listen, "metrics")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _show(self, _: web.Request) -> web.Response:
        now = self._clock()
        try:
            async with self._database.reading() as session:
                vitals: Vitals | None = await take(session, now)
        except DBAPIError:
            # That is a figure, too: unionbot_database_up.
            vitals = None
        return web.Response(body=self._meters.show(vitals, now), headers={"Content-Type": CONTENT_TYPE_LATEST})
