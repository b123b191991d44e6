"""Of several programs on one database only one leads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import AsyncAdaptedQueuePool

from models import lease
from models.database import Database
from models.lease import Lease, Lost

PATIENCE = 20.0
on_server = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
on_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits, and whoever renews, looks often."""
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(lease, "AGAIN_SECONDS", 0.02)


@pytest.fixture
async def second(database: Database) -> AsyncIterator[Database]:
    """Another program's way to the same database."""
    found = Database(database.address)
    yield found
    await found.close()


@contextlib.contextmanager
def stopped(patch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """As kill -STOP does it: inside, whoever holds a lease does not renew it. The event lets them go on."""
    goes_on, renew = asyncio.Event(), lease._Held._renewed

    async def late(held: Any) -> bool:
        await goes_on.wait()
        return await renew(held)

    with patch.context() as inside:
        inside.setattr(lease._Held, "_renewed", late)
        yield goes_on


@pytest.fixture
def renewed(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set whenever a lease has been renewed."""
    event, renew = asyncio.Event(), lease._Held._renewed

    async def heard(held: Any) -> bool:
        if done := await renew(held):
            event.set()
        return done

    monkeypatch.setattr(lease._Held, "_renewed", heard)
    return event


async def row_of(database: Database, name: str = lease.LEAD) -> Lease:
    """The lease as it stands in the database."""
    async with database.reading() as session:
        return (await session.scalars(select(Lease).where(Lease.name == name))).one()


async def run_out(database: Database) -> None:
    """Its time is over."""
    async with database.transaction() as session:
        await session.execute(text("UPDATE leases SET until = clock_timestamp() - interval '1 second'"))


@on_file
async def test_a_second_program_on_an_sqlite_file_is_refused_until_the_first_has_ended(database: Database) -> None:
    async with lease.held(database):
        with pytest.raises(lease.Taken):
            async with lease.held(database):
                raise AssertionError("both hold it")
    async with lease.held(database):
        pass


async def test_leases_of_two_names_are_two(database: Database, quick: None) -> None:
    async with asyncio.timeout(PATIENCE), lease.held(database, "courier"), lease.held(database, "clock"):
        assert lease.stands()
        async with database.transaction():
            pass


@on_server
async def test_a_second_program_on_postgresql_waits_and_takes_over(
    database: Database, second: Database, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, has_it, sleep = asyncio.Event(), asyncio.Event(), asyncio.sleep

    async def heard(seconds: float, *result: Any) -> Any:
        if asyncio.current_task() is waiting:
            looked.set()
        return await sleep(seconds, *result)

    async def wait_for_it() -> None:
        async with lease.held(second):
            has_it.set()

    monkeypatch.setattr(asyncio, "sleep", heard)
    async with asyncio.timeout(PATIENCE):
        async with lease.held(database):
            first = await row_of(database)
            waiting = asyncio.create_task(wait_for_it())
            await looked.wait()
            assert not has_it.is_set()
        await waiting
    assert has_it.is_set()
    assert (await row_of(database)).term == first.term + 1


@on_server
async def test_who_loses_the_connection_renews_the_lease_with_another(
    database: Database, quick: None, renewed: asyncio.Event
) -> None:
    """The database was restarted: what is on its way is written down by whoever has sent it."""
    async with asyncio.timeout(PATIENCE), lease.held(database) as lost:
        first = await row_of(database)
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_terminate_backend(backend) FROM leases"))
        renewed.clear()
        await renewed.wait()
        # The one that was under way when the connection ended.
        renewed.clear()
        await renewed.wait()
        now = await row_of(database)
        assert now.backend != first.backend
        assert (now.term, now.holder) == (first.term, first.holder)
        assert not lost.done()
        async with database.transaction():
            pass


@on_server
async def test_a_program_that_was_stopped_comes_too_late(
    database: Database, second: Database, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, over = asyncio.Event(), asyncio.Event()

    async def next_one() -> None:
        async with lease.held(second):
            taken.set()
            await over.wait()

    with stopped(monkeypatch) as goes_on:
        async with asyncio.timeout(PATIENCE), lease.held(database) as lost:
            # Not under the first one's lease: it is another program.
            waiting = contextvars.Context().run(asyncio.create_task, next_one())
            await run_out(database)
            await taken.wait()
            with pytest.raises(Lost):
                async with database.transaction():
                    raise AssertionError("the late one works on")
            goes_on.set()
            with pytest.raises(Lost):
                await lost
            over.set()
            await waiting


@on_server
async def test_nobody_takes_the_lease_in_the_middle_of_its_holders_transaction(
    database: Database, second: Database, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"name": lease.LEAD, "holder": "another", "patience": lease.PATIENCE}
    with stopped(monkeypatch):
        async with asyncio.timeout(PATIENCE), lease.held(database):
            async with database.transaction():
                await contextvars.Context().run(asyncio.create_task, run_out(second))
                async with second.asynchronous.begin() as other:
                    assert await other.scalar(lease._TAKE, wanted) is None
            async with second.asynchronous.begin() as other:
                assert await other.scalar(lease._TAKE, wanted) is not None


@on_server
async def test_the_holder_stops_by_itself_before_anybody_may_take_it(
    database: Database, quick: None, renewed: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 100.0
    monkeypatch.setattr(lease, "_elapsed", lambda: at)
    with stopped(monkeypatch) as goes_on:
        async with asyncio.timeout(PATIENCE), lease.held(database):
            at += lease.PATIENCE - lease.MARGIN - 0.01
            assert lease.stands()
            at += 0.01
            assert not lease.stands()
            renewed.clear()
            goes_on.set()
            await renewed.wait()
            assert lease.stands()


@on_server
async def test_a_servers_clock_that_was_set_back_keeps_nobody_out(
    database: Database, second: Database, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stopped(monkeypatch):
        async with asyncio.timeout(PATIENCE), lease.held(database):
            async with database.transaction() as session:
                await session.execute(text("UPDATE leases SET until = clock_timestamp() + interval '1 day'"))
            term = (await row_of(database)).term
            async with second.asynchronous.begin() as other:
                wanted = {"name": lease.LEAD, "holder": "another", "patience": lease.PATIENCE}
                assert await other.scalar(lease._TAKE, wanted) == term + 1


@on_server
async def test_a_program_that_holds_rows_and_says_nothing_is_put_out(
    database: Database, second: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped or cut off in the middle of a transaction: the others get its rows all the same."""
    monkeypatch.setattr("models.database.IDLE_SECONDS", 0.1)
    stuck = Database(database.address)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(DBAPIError):
            async with stuck.transaction() as session:
                await session.execute(text("INSERT INTO leases VALUES ('it', 1, 'stuck', 0, now())"))
                async with second.transaction() as other:
                    # Waits for the row until the server has ended the first one's transaction.
                    await other.execute(text("INSERT INTO leases VALUES ('it', 2, 'second', 0, now())"))
        assert (await row_of(database, "it")).term == 2
        async with stuck.reading() as session:
            await session.execute(text("SELECT 1"))
            async with second.reading() as other:
                await other.execute(text("SELECT pg_sleep(0.3)"))
            # Who only reads holds nobody up.
            await session.execute(text("SELECT 1"))
    await stuck.close()


async def test_a_server_that_is_not_there_is_an_error_of_the_database_and_no_other() -> None:
    """Whoever waits for the database waits for this kind; any other would end the program."""
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    for way_in in (away.transaction, away.reading, lambda: lease.held(away)):
        with pytest.raises(DBAPIError):
            async with way_in():
                raise AssertionError("there is no such server")
    await away.close()


@on_server
async def test_a_server_that_is_not_the_one_that_is_asked_for_is_such_an_error_too(database_url: str) -> None:
    """One that takes no writes: the address names it alone."""
    joined = "&" if "?" in database_url else "?"
    wrong = Database(f"{database_url}{joined}target_session_attrs=standby")
    with pytest.raises(OperationalError, match="attribute"):
        async with wrong.reading():
            raise AssertionError("it takes writes")
    await wrong.close()


@on_server
async def test_that_all_connections_are_in_use_is_such_an_error_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many read the public pages at once: the courier waits for the database then, and does not end the program."""
    pool = database.asynchronous.sync_engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    monkeypatch.setattr(pool, "_timeout", 0.01)
    monkeypatch.setattr(pool, "_max_overflow", 0)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(pool.size()):
            await stack.enter_async_context(database.reading())
        for way_in in (database.transaction, database.reading):
            with pytest.raises(OperationalError):
                async with way_in():
                    raise AssertionError("there is no connection left")
