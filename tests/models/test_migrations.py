"""Migrations go up, down and up again, and what they make is what the models say."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from models import tables  # noqa: F401  (every table must be known)
from models.base import Base
from models.database import Database
from models.migrations import SchemaMismatch, configuration, migrate, require_current


async def run(database: Database, what: str, revision: str) -> None:
    def do(connection: Connection) -> None:
        getattr(command, what)(configuration(connection), revision)

    async with database.transaction() as session:
        await session.run_sync(lambda s: do(s.connection()))


async def names(database: Database) -> set[str]:
    async with database.reading() as session:
        return await session.run_sync(lambda s: set(inspect(s.connection()).get_table_names()))


async def revisions(database: Database) -> list[str]:
    async with database.reading() as session:
        return await session.run_sync(
            lambda s: [r.revision for r in ScriptDirectory.from_config(configuration(s.connection())).walk_revisions()]
        )


async def test_every_migration_goes_up_down_and_up(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    for revision in reversed(await revisions(database)):
        await run(database, "upgrade", revision)
        await run(database, "downgrade", "-1")
        await run(database, "upgrade", revision)
    assert await names(database) == {*Base.metadata.tables, "alembic_version"}
    await run(database, "downgrade", "base")
    assert await names(database) == {"alembic_version"}
    await database.close()


async def test_the_schema_is_what_the_models_say(database: Database) -> None:
    def difference(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async with database.reading() as session:
        assert await session.run_sync(lambda s: difference(s.connection())) == []


async def test_a_program_does_not_start_on_a_schema_it_does_not_know(database: Database) -> None:
    await require_current(database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch):
        await require_current(database)


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await migrate(database)
    await require_current(database)
