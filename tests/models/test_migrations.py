"""Migrations go up, down and up again, and what they make is what the models say."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from bot.app import App
from models import answering, asking, lease, migrations, outbox, similar, tables  # noqa: F401  (every table must be known)
from models.base import Base
from models.database import Database
from models.migrations import SchemaMismatch, configuration, migrate, require_current
from models.tickets import Ticket
from tests.campus import settings
from tests.house import HOUSE, draft, furnish, staff, student


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


@pytest.mark.rehearsal
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


async def test_nobody_moves_the_schema_under_a_running_program(database: Database) -> None:
    async with lease.held(database):
        async with migrations.alone(database):
            await migrate(database)
        await run(database, "downgrade", "-1")
        with pytest.raises(lease.Taken):
            async with migrations.alone(database):
                await migrate(database)
    async with migrations.alone(database):
        await migrate(database)
    await require_current(database)


async def test_a_running_program_ends_when_the_schema_becomes_another(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOOK_SECONDS", 0.0)
    async with App(settings("http://127.0.0.1:1", database_url)) as app:
        running = asyncio.create_task(app.run())
        async with app.database.transaction() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(ExceptionGroup) as caught:
            await running
    assert caught.group_contains(SchemaMismatch)


async def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    async with database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in await session.execute(table.select())), key=repr)
            for table in Base.metadata.sorted_tables
        }


async def schema(database: Database) -> list[object]:
    def look(connection: Connection) -> list[object]:
        found = inspect(connection)
        return [
            (
                name,
                [str(column) for column in found.get_columns(name)],
                [(index["name"], index["column_names"], index["unique"]) for index in found.get_indexes(name)],
            )
            for name in sorted(found.get_table_names())
        ]

    async with database.reading() as session:
        return await session.run_sync(lambda s: look(s.connection()))


async def test_migrating_twice_changes_nothing(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        ticket = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        await answering.claim(session, ticket, await staff(session), HOUSE, now)
    before = await rows(database), await schema(database)
    assert sum(map(len, before[0].values())) > 10, "there is something to change"
    await migrate(database)
    await require_current(database)
    assert (await rows(database), await schema(database)) == before


async def test_what_was_there_before_a_copy_said_less_is_there_after(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await migrate(database, "0002")
    yes = "1" if database.is_sqlite else "true"
    no = "0" if database.is_sqlite else "false"
    earlier = (
        "INSERT INTO people (id, telegram_id, name, language, language_chosen, consent_on, reachable) VALUES "
        f"(1, 11, 'Alice', 'en', {yes}, '2026-10-12', {no}), (2, 12, 'Bob', 'en', {yes}, NULL, {yes})",
        f"INSERT INTO stations VALUES (1, 'east', 'station', '{{}}', -1, {no}, 'en', {no})",
        "INSERT INTO tickets (id, kind, category, subject, folded, station_id, state, version, escalation, urged, "
        "requesters, filed_at, reopenings) VALUES "
        "(1, 'complaint', 'water', 'Tap', 'tap drips', 1, 'new', 1, 0, 0, 1, '2026-10-12 01:30:00', 0)",
        'INSERT INTO requesters (id, ticket_id, number, person_id, language, "left", reachable) '
        f"VALUES (1, 1, 1, 1, 'en', {no}, {no})",
        "INSERT INTO outbox (id, requester_id, queue, lane, letter, repeat, state, not_before, attempts, reason, "
        "ticket_id, holds) "
        f"VALUES (1, 1, '11', 0, 'words', 'never', 'failed', '2026-10-12 01:30:00', 1, 'Forbidden', 1, {no})",
    )
    async with database.transaction() as session:
        for statement in earlier:
            await session.execute(text(statement))
    await migrate(database)
    async with database.reading() as session:
        assert (await session.execute(text("SELECT name, agreed FROM people ORDER BY id"))).all() == [
            ("Alice", True),
            ("Bob", False),
        ]
        assert await session.scalar(text("SELECT reason FROM outbox")) == outbox.BLOCKED
        ticket = await session.get_one(Ticket, 1)
        assert ticket.marks == similar.marks(ticket.folded)
    await database.close()
