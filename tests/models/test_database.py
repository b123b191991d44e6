"""The unit of work: all or nothing, no lost updates, and nobody waits inside the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from models.database import Database, driver_url
from models.migrations import migrate
from models.people import Person, meet


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


@pytest.mark.parametrize("url", ["mysql://x/y", "oracle://x"])
def test_only_the_two_engines_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="neither sqlite nor postgresql"):
        driver_url(url)
