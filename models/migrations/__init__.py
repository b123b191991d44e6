"""The schema's history, and the two questions asked of it: bring it up to date, and is it?

The program never makes tables on its own (craft.md): it migrates, and refuses to start on a schema it does not know.
Alembic is loaded to move a schema, not to look at one: with what it brings along it takes ten megabytes, and a program
that runs for months looks once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from models import lease
from models.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent
MOVING = 0x756E696F6E
"""The number of PostgreSQL's lock under which one program at a time moves the schema: "union"."""
LOOK_SECONDS = 5.0
"""How often a program that runs asks whether the schema is still its own."""


class SchemaMismatch(Exception):
    """The database is not at the revision this program was made for."""

    def __init__(self, found: str | None, wanted: str) -> None:
        super().__init__(f"the database is at revision {found or 'none'}, this program needs {wanted}")
        self.found = found
        self.wanted = wanted


class NothingYet(SchemaMismatch):
    """Nothing was ever made in this database."""

    def __init__(self) -> None:
        super().__init__(None, newest())


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an alembic.ini; the connection is handed to env.py."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


@functools.cache
def history() -> tuple[str, ...]:
    """Every revision, the newest first, by the names of their files: `0001_the_first_schema.py` is 0001."""
    return tuple(sorted((path.name.partition("_")[0] for path in FOLDER.glob("versions/[0-9]*.py")), reverse=True))


def newest() -> str:
    """The revision this program was made for."""
    return history()[0]


@contextlib.asynccontextmanager
async def alone(database: Database) -> AsyncIterator[None]:
    """Around `migrate`: nobody moves the schema under a program that runs. Raises lease.Taken where one does and there
    is something to move.
    """
    found = await revision(database)
    if found is None or found == newest():
        yield
    elif database.is_sqlite:
        with lease.alone(f"{database.url.database}.lock"):
            yield
    else:
        async with lease.at_once(database):
            yield


async def watch(database: Database) -> None:
    """Until the schema is another one's than this program's: then raise SchemaMismatch, as going on would write into
    tables that mean something else by now. A database that does not answer is asked again.
    """
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(DBAPIError):
            await require_current(database)


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision, all steps or none."""
    if not database.is_sqlite:
        async with database.transaction() as session:
            await session.run_sync(lambda s: _move(s.connection(), revision))
        return
    # SQLite changes a table by making it anew, which it refuses while rows of others point to it.
    mover = Database(database.address, foreign_keys=False)
    try:
        async with mover.transaction() as session:
            await session.run_sync(lambda s: _move(s.connection(), revision))
            if lost := (await session.execute(text("PRAGMA foreign_key_check"))).first():
                raise IntegrityError("PRAGMA foreign_key_check", None, sqlite3.IntegrityError(f"a row of {lost[0]}"))
    finally:
        await mover.leave()


def _move(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        # Parts that are started together would all make the same tables.
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MOVING})
    current = _at(connection)
    if current == (newest() if revision == "head" else revision):
        return
    if current is not None and current not in history():
        raise SchemaMismatch(current, newest())
    from alembic import command

    if revision == "base" or (revision in history() and current is not None and revision < current):
        command.downgrade(configuration(connection), revision)
    else:
        command.upgrade(configuration(connection), revision)


def _at(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


async def revision(database: Database) -> str | None:
    """The revision the schema is at; None for a database in which nothing was made yet."""
    async with database.reading() as session:
        return await session.run_sync(lambda s: _at(s.connection()))


async def must_be_known(database: Database) -> None:
    """Raise SchemaMismatch where the schema is one that this program has never heard of: a newer one's; NothingYet
    where there is none.
    """
    found = await revision(database)
    if found is None:
        raise NothingYet
    if found not in history():
        raise SchemaMismatch(found, newest())


async def require_current(database: Database) -> None:
    """Raise SchemaMismatch unless the schema is exactly the one this program was made for; NothingYet where there is
    none.
    """
    found = await revision(database)
    if found is None:
        raise NothingYet
    if found != newest():
        raise SchemaMismatch(found, newest())
