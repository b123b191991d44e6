"""SQLite as a whole: a copy while others write, and a file in another's place."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from models.disk import sync_folder
from models.lease import alone


@contextlib.contextmanager
def snapshot(path: Path) -> Iterator[IO[bytes]]:
    """All of it as it stands at one moment, without what was deleted from it; nobody who writes waits. Raises
    sqlite3.Error, OSError and Taken when another backup is being taken.

    It lies beside the database meanwhile, and has no name any more once it is read.
    """
    copy = path.with_name(f"{path.name}.copying")
    with alone(f"{path}.backup"):
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
                connection.execute("VACUUM INTO ?", (str(copy),))
            must_be_whole(copy)
            file = copy.open("rb")
        finally:
            copy.unlink()
        with file:
            yield file


def must_be_whole(path: Path) -> None:
    """Raises sqlite3.DatabaseError when SQLite finds anything wrong in a file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        if found != [("ok",)]:
            raise sqlite3.DatabaseError(f"integrity check: {found[0][0]}")


def is_empty(path: Path) -> bool:
    """Whether nothing was made there yet; what cannot be read is not empty."""
    if not path.exists() or path.stat().st_size == 0:
        return True
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return not connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.Error:
        return False


def put_in_place(new: Path, path: Path) -> Path | None:
    """Let the file of this name be `new`, in one step; what was there is kept as .bak. Returns that, None where nothing
    was there. Whoever calls holds the lease, and has closed both.
    """
    kept = None
    if path.exists():
        kept = path.with_name(f"{path.name}.bak")
        _without_log(path, kept)
        kept.unlink(missing_ok=True)
        kept.hardlink_to(path)
    os.replace(new, path)
    sync_folder(path.parent)
    return kept


def _without_log(path: Path, kept: Path) -> None:
    """The log of one file must not be taken for that of another: it goes into its file, or, where that is damaged,
    out of the way with it.
    """
    for ending in ("-wal", "-shm"):
        kept.with_name(f"{kept.name}{ending}").unlink(missing_ok=True)
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode = DELETE")
    for ending in ("-wal", "-shm"):
        beside = path.with_name(f"{path.name}{ending}")
        if beside.exists():
            beside.rename(kept.with_name(f"{kept.name}{ending}"))
