"""Of several programs on one database only one leads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from models import lease
from models.database import Database

PATIENCE = 20.0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_second_program_on_an_sqlite_file_is_refused_until_the_first_has_ended(database: Database) -> None:
    async with lease.held(database):
        with pytest.raises(lease.Taken):
            async with lease.held(database):
                raise AssertionError("both hold it")
    async with lease.held(database):
        pass


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_second_program_on_postgresql_waits_and_takes_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.05)
    second = Database(str(database.url.set(drivername="postgresql")))
    refused, ask = asyncio.Event(), AsyncConnection.scalar

    async def overheard(connection: AsyncConnection, *question: Any, **how: Any) -> Any:
        answer = await ask(connection, *question, **how)
        if answer is False:
            refused.set()
        return answer

    monkeypatch.setattr(AsyncConnection, "scalar", overheard)
    has_it = asyncio.Event()

    async def wait_for_it() -> None:
        async with lease.held(second):
            has_it.set()

    async with asyncio.timeout(PATIENCE):
        async with lease.held(database):
            waiting = asyncio.create_task(wait_for_it())
            await refused.wait()
            assert not has_it.is_set()
        await waiting
    assert has_it.is_set()
    await second.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_loses_the_connection_is_told_that_the_lease_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.05)
    async with asyncio.timeout(PATIENCE), lease.held(database) as lost:
        async with database.transaction() as session:
            await session.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
            )
        with pytest.raises(DBAPIError):
            await lost


async def test_a_server_that_is_not_there_is_an_error_of_the_database_and_no_other() -> None:
    """Whoever waits for the database waits for this kind; any other would end the program."""
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    for way_in in (away.transaction, away.reading, lambda: lease.held(away)):
        with pytest.raises(DBAPIError):
            async with way_in():
                raise AssertionError("there is no such server")
    await away.close()
