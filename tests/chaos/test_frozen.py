"""PostgreSQL is frozen, not dead: the process that serves one of the program's connections stands still (SIGSTOP), in
the middle of a COMMIT, and its connection stays open. The program comes back by itself; of what it has not heard it
finds out what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from bot.inbox import Intake
from models import database as databases
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from tests.campus import Campus, running

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
TAP = "The tap in the bathroom drips all night"
PATIENCE = 30.0


class Frozen:
    """Server processes that stand still."""

    def __init__(self) -> None:
        self.pids: list[int] = []
        self.one = asyncio.Event()

    def freeze(self, connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        pid = int(raw.get_server_pid())
        os.kill(pid, signal.SIGSTOP)
        self.pids.append(pid)
        self.one.set()

    def thaw(self) -> None:
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.pids.clear()


@contextlib.contextmanager
def frozen_in_commit(campus: Campus, whose: Callable[[], bool]) -> Iterator[Frozen]:
    """The server's process stands still just before it hears the next COMMIT of this kind."""
    found, engine = Frozen(), campus.app.database.engine

    def before(connection: Connection) -> None:
        if not found.one.is_set() and whose():
            found.freeze(connection)

    event.listen(engine, "commit", before)
    try:
        yield found
    finally:
        event.remove(engine, "commit", before)
        found.thaw()


def task() -> str:
    """Which of the program's tasks this is."""
    current = asyncio.current_task()
    assert current is not None
    name = getattr(current.get_coro(), "__name__", "")
    return name if current.get_name().startswith("Task-") else current.get_name()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a minute for a test."""
    monkeypatch.setattr(databases, "SILENT_SECONDS", 1.0)


@pytest.mark.parametrize(
    "whose", [pytest.param("_work", marks=pytest.mark.long), "courier", pytest.param("way in", marks=pytest.mark.long)]
)
async def test_who_hears_nothing_of_a_commit_finds_out_what_became_of_it(
    database_url: str, soon: None, whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, store = asyncio.Event(), Intake.store

    async def heard(intake: Intake, raws: Sequence[object]) -> None:
        try:
            await store(intake, raws)
        except DBAPIError:
            given_up.set()
            raise

    monkeypatch.setattr(Intake, "store", heard)
    async with running(database_url) as campus:
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")
        await campus.quiet()
        with frozen_in_commit(campus, lambda: task() == whose) as frozen:
            await campus.wang.says("the plumber comes at three", chat=campus.east, reply_to=card)
            async with asyncio.timeout(PATIENCE):
                await frozen.one.wait()
            if whose == "way in":
                # Whether these updates are stored nobody knows yet, so nobody may store them again.
                async with asyncio.timeout(PATIENCE):
                    await given_up.wait()
                assert (await campus.app.bot.get_webhook_info()).pending_update_count == 1, "it was not acknowledged"
            else:
                # Everybody else is served meanwhile, over other connections.
                await campus.student("Bob")
            frozen.thaw()
            async with asyncio.timeout(PATIENCE):
                await alice.reads("the plumber comes at three")
            await campus.quiet()
        assert sum("the plumber" in m.text for m in await alice.transcript()) == 1
        async with campus.app.database.reading() as session:
            left = select(func.count()).where(Outgoing.state.not_in([Sending.SENT, Sending.SUPERSEDED]))
            aside = select(func.count()).where(Incoming.state != Handling.DONE)
            assert (await session.scalar(left), await session.scalar(aside)) == (0, 0)


@pytest.mark.long
async def test_a_reminder_whose_commit_nobody_heard_of_is_given_once(database_url: str, soon: None) -> None:
    """The clock: what it was doing is undone or kept, the other jobs go on, and the next look does what is left."""
    async with running(database_url) as campus:
        number = await campus.files(await campus.student("Alice"), TAP)
        await campus.east.shows(f"#{number} ·")
        with frozen_in_commit(campus, lambda: task() == "clock") as frozen:
            await asyncio.create_task(campus.later(hours=6), name="clock")
            assert frozen.one.is_set()
            frozen.thaw()
        await campus.later(minutes=1)
        await campus.east.shows("should have been claimed")
        await campus.quiet()
        told = [m.text for m in await campus.east.transcript() if "should have been claimed" in m.text]
        assert len(told) == 1
