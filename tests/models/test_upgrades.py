"""An upgrade keeps what there was: a database that has grown since the first schema, with a row in every table from the
revision on in which the table came, arrives at this program with all of them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, MetaData
from sqlalchemy.orm import Session

from models import tables  # noqa: F401  (every table must be known)
from models.base import Base
from models.database import Database
from models.migrations import history, migrate, require_current

EMPTIED = {("0003", "conversations")}
"""Revisions that take rows away on purpose, and from where: what stood there in clear and may not."""
GIVEN: dict[str, dict[str, Any]] = {
    # One of the two says how a message is said.
    "outbox": {"letter": "words", "method": None},
}
"""What a table's own rules ask for."""


def value_for(column: sa.Column[Any], dialect: str) -> Any:
    """Something of this column's kind."""
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, (sa.Integer, sa.Numeric)):
        return 1
    if isinstance(kind, sa.DateTime):
        return datetime(2026, 10, 12, 1, 30, tzinfo=None if dialect == "sqlite" else UTC)
    if isinstance(kind, sa.Date):
        return date(2026, 10, 12)
    if isinstance(kind, sa.Time):
        return time(8, 30)
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.LargeBinary):
        return b"x"
    return "x"


def fill(connection: Connection, known: set[str]) -> set[str]:
    """A row in every table that has come since. Returns their names."""
    found = MetaData()
    found.reflect(connection)
    new = [t for t in found.sorted_tables if t.name not in known and t.name != "alembic_version"]
    for table in new:
        given = GIVEN.get(table.name, {})
        row = {
            column.name: given.get(column.name, value_for(column, connection.dialect.name))
            for column in table.columns
            if not column.nullable or column.name in given
        }
        connection.execute(table.insert().values(row))
    return {table.name for table in new}


def grow(session: Session, known: set[str]) -> set[str]:
    """The same, of a session."""
    return fill(session.connection(), known)


def counts(connection: Connection) -> dict[str, int]:
    """Table by table, how many rows there are."""
    found = MetaData()
    found.reflect(connection)
    return {
        t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0
        for t in found.sorted_tables
        if t.name != "alembic_version"
    }


@pytest.mark.long
async def test_a_database_that_grew_from_the_first_schema_keeps_every_row(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    filled: set[str] = set()
    lost: set[tuple[str, str]] = set()
    for revision in reversed(history()):
        await migrate(database, revision)
        async with database.transaction() as session:
            there = await session.run_sync(lambda s: counts(s.connection()))
            lost |= {(revision, name) for name in filled if there.get(name) == 0}
            filled = {name for name in filled if there.get(name)}
            filled |= await session.run_sync(grow, filled)
    assert lost == EMPTIED
    await require_current(database)
    assert filled == set(Base.metadata.tables)
    await database.close()
