"""SQLite inside the event loop: Python's own sqlite3 under SQLAlchemy's asyncio, without a thread in between.

Handing every statement to a thread and back costs more than the statement (170 against 500 transactions a second with
the same handlers). The statements of this program take microseconds, so they run where they are; only waiting for
another writer would be long, and that wait is `Database`'s, outside SQLite.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool

DRIVER = "sqlite+inloop"


class InLoop(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect for sqlite3, which may be used from asyncio because none of its calls waits."""

    driver = "inloop"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        return AsyncAdaptedQueuePool


class Cursor(sqlite3.Cursor):
    """sqlite3's cursor with what SQLAlchemy awaits of every cursor under asyncio."""

    async def _async_soft_close(self) -> None:
        """Nothing to give back: the rows are read where they are."""


class Connection(sqlite3.Connection):
    """sqlite3's connection, handing out such cursors."""

    def cursor(self, factory: type[sqlite3.Cursor] | None = None) -> sqlite3.Cursor:  # type: ignore[override]
        return super().cursor(factory or Cursor)


registry.register("sqlite.inloop", __name__, InLoop.__name__)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file with the settings this program needs; the folder must exist.

    Raises sqlite3.OperationalError when the file cannot be opened.
    """
    # timeout=0: a busy file is answered at once; who may wait, and how, is decided in Database.
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, factory=Connection)
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Switching an existing file needs no lock; asking again while another process writes would fail as busy.
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
