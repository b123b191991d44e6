"""SQLite inside the event loop: Python's own sqlite3, without a thread in between.

Handing every statement to a thread and back costs more than the statement (170 against 500 transactions a second with
the same handlers). The statements of this program take microseconds, so they run where they are; only waiting for
another writer would be long, and that wait is `Database`'s, outside SQLite.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import OperationalError

DRIVER = "sqlite+inloop"
LONG = 4 * 2**20
"""Bytes of the log from which on it is brought into the file, in a thread."""
MOST_PAGES = 16_000
"""And from here on, should that not have been possible for long, whoever commits does it."""


class InLoop(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect for sqlite3 that begins transactions itself, in the way it was made for, and says
    savepoints as they stand: every unit of work has one, and making a clause of each took longer than SQLite did.
    """

    driver = "inloop"
    supports_statement_cache = True

    def __init__(self, begin: str = "BEGIN", **how: Any) -> None:
        """`begin` is what opens a transaction: BEGIN to read, BEGIN IMMEDIATE to write."""
        super().__init__(**how)
        self._begin = begin

    def do_begin(self, dbapi_connection: Any) -> None:
        # The driver's own implicit BEGIN is switched off in `connect`.
        dbapi_connection.execute(self._begin)

    def do_savepoint(self, connection: Connection, name: str) -> None:
        _say(connection, f"SAVEPOINT {name}")

    def do_rollback_to_savepoint(self, connection: Connection, name: str) -> None:
        _say(connection, f"ROLLBACK TO SAVEPOINT {name}")

    def do_release_savepoint(self, connection: Connection, name: str) -> None:
        _say(connection, f"RELEASE SAVEPOINT {name}")


registry.register("sqlite.inloop", __name__, InLoop.__name__)


def _say(connection: Connection, words: str) -> None:
    """A statement without values or rows, straight to SQLite. Raises OperationalError as SQLAlchemy does."""
    raw = connection.connection.dbapi_connection
    assert raw is not None
    try:
        raw.execute(words)
    except sqlite3.OperationalError as error:
        raise OperationalError(words, None, error) from error


def connect(path: Path, foreign_keys: bool = True) -> sqlite3.Connection:
    """Open the file with the settings this program needs; the folder must exist.

    Raises sqlite3.OperationalError when the file cannot be opened.
    """
    # timeout=0: a busy file is answered at once; who may wait, and how, is decided in Database.
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA secure_delete = ON")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        # Left to itself SQLite brings a log of four megabytes into the file in the middle of somebody's commit.
        connection.execute(f"PRAGMA wal_autocheckpoint = {MOST_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {LONG // 4}")
    except BaseException:
        connection.close()
        raise
    return connection


def fold(path: Path) -> bool:
    """Bring the log into the file and empty it, where there is a file. False when somebody reads or writes just now."""
    return not path.exists() or _checkpoint(path, "TRUNCATE")


def copy_log(path: Path) -> bool:
    """Bring into the file what no reader hinders; whoever writes next begins the log anew. False when some is left."""
    return _checkpoint(path, "PASSIVE")


def log_length(path: Path) -> int:
    """How many bytes the log has."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def _checkpoint(path: Path, how: str) -> bool:
    with contextlib.closing(connect(path)) as connection:
        (busy, written, copied) = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    return not busy and written == copied


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Switching an existing file needs no lock; asking again while another process writes would fail as busy.
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
