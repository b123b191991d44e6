"""The schema's history, and the two questions asked of it: bring it up to date, and is it?

The program never makes tables on its own (craft.md): it migrates, and refuses to start on a schema it does not know.
"""

from __future__ import annotations

import functools
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from models.database import Database


class SchemaMismatch(Exception):
    """The database is not at the revision this program was made for."""

    def __init__(self, found: str | None, wanted: str) -> None:
        super().__init__(f"the database is at revision {found or 'none'}, this program needs {wanted}")
        self.found = found
        self.wanted = wanted


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an alembic.ini; the connection is handed to env.py."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


@functools.cache
def _history() -> ScriptDirectory:
    """Every revision; the files are read once."""
    return ScriptDirectory.from_config(configuration())


def newest() -> str:
    """The revision this program was made for."""
    head = _history().get_current_head()
    assert head is not None, "there is at least one revision"
    return head


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision, all steps or none."""
    async with database.transaction() as session:
        await session.run_sync(lambda s: _move(s.connection(), revision))


def _move(connection: Connection, revision: str) -> None:
    known = {script.revision for script in _history().walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current == (newest() if revision == "head" else revision):
        return
    if current is not None and current not in known:
        raise SchemaMismatch(current, newest())
    if revision == "base" or (revision in known and current is not None and _is_older(revision, current)):
        command.downgrade(configuration(connection), revision)
    else:
        command.upgrade(configuration(connection), revision)


def _is_older(revision: str, current: str) -> bool:
    order = [s.revision for s in _history().walk_revisions()]
    return order.index(revision) > order.index(current)


async def revision(database: Database) -> str | None:
    """The revision the schema is at; None for a database in which nothing was made yet."""
    async with database.reading() as session:
        found: str | None = await session.run_sync(
            lambda s: MigrationContext.configure(s.connection()).get_current_revision()
        )
    return found


async def require_current(database: Database) -> None:
    """Raise SchemaMismatch unless the schema is exactly the one this program was made for."""
    found = await revision(database)
    if found != newest():
        raise SchemaMismatch(found, newest())
