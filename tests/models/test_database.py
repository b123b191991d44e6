"""The unit of work: all or nothing, no lost updates, and nobody waits inside the event loop."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import warnings
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from models import database as databases
from models.database import Database, driver_url
from models.migrations import migrate
from models.people import Person, meet
from models.sessions import in_thread


async def test_work_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await meet(session, 1, "Alice", None, "en")
            raise RuntimeError("halfway")
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Person)) == 0


async def test_work_that_ends_well_is_kept(database: Database) -> None:
    async with database.transaction() as session:
        await meet(session, 1, "Alice", None, "en")
    async with database.reading() as session:
        assert (await session.scalars(select(Person.name))).all() == ["Alice"]


async def test_two_hundred_increments_at_once_are_two_hundred(tmp_path: Path) -> None:
    """With SQLite's own default, a deferred transaction, 200 concurrent increments ended at 6."""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    await migrate(database)
    async with database.transaction() as session:
        await meet(session, 0, "0", None, "en")

    async def increment() -> None:
        async with database.transaction() as session:
            person = (await session.scalars(select(Person))).one()
            await asyncio.sleep(0)
            person.telegram_id += 1

    await asyncio.gather(*(increment() for _ in range(200)))
    async with database.reading() as session:
        assert await session.scalar(select(Person.telegram_id)) == 200
    await database.close()


class Commits:
    """How often SQLite has committed."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        event.listen(database.engine, "commit", self._counted)

    def _counted(self, _: object) -> None:
        self.count += 1


@pytest.fixture
async def lite(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    await migrate(database)
    yield database
    await database.close()


async def names(database: Database) -> list[str]:
    async with database.reading() as session:
        return list((await session.scalars(select(Person.name).order_by(Person.name))).all())


async def one(database: Database, number: int) -> None:
    async with database.transaction() as session:
        await meet(session, number, str(number), None, "en")
        await asyncio.sleep(0)
        if number == 3:
            raise RuntimeError("the third fails")


async def test_those_who_wait_for_the_writer_share_one_commit_and_one_that_fails_fails_alone(lite: Database) -> None:
    commits = Commits(lite)
    told = await asyncio.gather(*(one(lite, number) for number in range(6)), return_exceptions=True)
    assert [str(each) for each in told if each is not None] == ["the third fails"]
    assert await names(lite) == ["0", "1", "2", "4", "5"]
    assert commits.count == 1


async def test_a_commit_that_fails_is_told_to_everybody_who_shared_it(lite: Database) -> None:
    def full(_: object) -> None:
        raise OSError("no space left on device")

    with mock.patch.object(Connection, "commit", full):
        told = await asyncio.gather(*(one(lite, number) for number in (1, 2)), return_exceptions=True)
    assert [type(each) for each in told] == [OSError, OSError]
    assert await names(lite) == []
    await one(lite, 5)
    assert await names(lite) == ["5"]


async def test_what_sqlite_has_undone_by_itself_is_kept_for_nobody_in_silence(lite: Database) -> None:
    """A full disk ends the whole transaction inside SQLite; what follows would quietly begin another one."""

    async def undone() -> None:
        async with lite.transaction() as session:
            await session.execute(text("ROLLBACK"))

    told = await asyncio.gather(one(lite, 1), undone(), one(lite, 2), return_exceptions=True)
    assert isinstance(told[0], OperationalError)
    assert told[1] is not None
    assert told[2] is None
    assert await names(lite) == ["2"]


async def test_whoever_was_to_commit_for_all_and_is_cancelled_leaves_it_to_the_next(lite: Database) -> None:
    first = asyncio.create_task(one(lite, 1))
    rest = [asyncio.create_task(one(lite, number)) for number in (2, 4)]
    async with asyncio.timeout(5):
        while lite._group is None or not lite._group.led:  # noqa: ASYNC110
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*rest)
    assert await names(lite) == ["1", "2", "4"]
    assert first.cancelled()


async def test_another_process_that_writes_is_waited_for_without_holding_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = Database(f"sqlite:///{path}")
    await migrate(database)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with database.transaction() as session:
            await meet(session, 1, "Alice", None, "en")

    task = asyncio.create_task(write())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    other.execute("COMMIT")
    await asyncio.wait_for(task, 5)
    other.close()
    await database.close()


async def test_sqlite_is_opened_with_the_settings_that_keep_words(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    async with database.reading() as session:

        async def pragma(name: str) -> object:
            return await session.scalar(text(f"PRAGMA {name}"))

        assert await pragma("journal_mode") == "wal"
        assert await pragma("synchronous") == 2, "FULL: what is committed survives power loss"
        assert await pragma("foreign_keys") == 1
        assert await pragma("secure_delete") == 1
    await database.close()


async def test_the_log_is_emptied_as_soon_as_nobody_reads(lite: Database) -> None:
    path = Path(str(lite.url.database))
    log = path.with_name(f"{path.name}-wal")
    await one(lite, 1)
    async with lite.reading() as session:
        await session.scalar(select(func.count()).select_from(Person))
        await one(lite, 2)
        assert not await lite.fold()
    under_way = asyncio.create_task(one(lite, 4))
    await asyncio.sleep(0)
    assert await lite.fold()
    assert log.stat().st_size == 0
    await under_way
    assert await names(lite) == ["1", "2", "4"]


@pytest.mark.parametrize("kind", [sqlite3.OperationalError, sqlite3.DatabaseError])
async def test_a_full_disk_under_the_log_fails_nobody_whose_work_is_kept(
    lite: Database, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def full(_: Path) -> bool:
        tried.append(1)
        raise kind("database or disk is full")

    monkeypatch.setattr(databases, "copy_log", full)
    monkeypatch.setattr(lite, "_too_long", 0)
    await one(lite, 1)
    await one(lite, 2)
    assert await names(lite) == ["1", "2"]
    assert len(tried) == 1, "it is tried again when the log has grown on"
    assert "disk is full" in caplog.text


@pytest.mark.parametrize("url", ["mysql://x/y", "oracle://x"])
def test_only_the_two_engines_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="neither sqlite nor postgresql"):
        driver_url(url)


async def test_what_is_cancelled_before_its_thread_begins_leaves_nothing_half_made(tmp_path: Path) -> None:
    """While every thread is busy the program may end; Python told of a coroutine that nobody had waited for."""
    database, free = Database(f"sqlite:///{tmp_path / 'a.db'}"), threading.Event()

    async def work(session: AsyncSession) -> None:
        raise AssertionError("it does not begin")

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    busy = asyncio.ensure_future(asyncio.to_thread(free.wait))
    asked = asyncio.ensure_future(database.aside(work))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        free.set()
        await busy
        gc.collect()
    await database.close()


async def test_an_iterator_that_ends_in_a_thread_ends_whoever_waits_for_it() -> None:
    """asyncio cannot carry the exception: the survey that was being counted would never have been closed."""
    with pytest.raises(RuntimeError, match="iterator"):
        async with asyncio.timeout(5):
            await in_thread(lambda: next(iter(())))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_read_aside_is_cut_with_everything_else(database: Database) -> None:
    """It has connections of its own, in a thread of its own: they would have been left waiting."""
    asking = threading.Event()

    async def work(session: AsyncSession) -> None:
        asking.set()
        await session.execute(text("SELECT pg_sleep(60)"))

    asked = asyncio.ensure_future(database.aside(work))
    await asyncio.to_thread(asking.wait, 20)
    async with asyncio.timeout(20):
        while not asked.done():
            database.cut()
            await asyncio.sleep(0)
    assert isinstance(asked.exception(), DBAPIError)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_statement_that_is_not_answered_fails_like_a_lost_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "SILENT_SECONDS", 0.2)
    database = Database(database_url)
    with pytest.raises(OperationalError):
        async with database.reading() as session:
            await session.execute(text("SELECT pg_sleep(60)"))
    async with database.reading() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()
