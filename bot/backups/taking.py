"""`unionbot backup`: take one, look at all of it, and only then give it its name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.backups import archive, postgres, sqlite
from bot.backups.archive import About
from bot.settings import Settings
from bot.vault import KeyVault
from models import heartbeats, keyprint
from models.database import Database, driver_url
from models.disk import sync_folder
from models.migrations import newest, require_current

NAME = "unionbot-{:%Y-%m-%d-%H%M%S}.backup"
NAMED = re.compile(r"unionbot-\d{4}-\d\d-\d\d-\d{6}\.backup")


async def server_of(settings: Settings) -> int:
    """The major version of PostgreSQL, 0 for SQLite; the print of the key is there afterwards. Raises as
    `require_current` and `keyprint.keep` do.
    """
    database = Database(settings.database.url)
    try:
        await require_current(database)
        async with database.transaction() as session:
            await keyprint.keep(session, KeyVault(settings.key_bytes()))
            if database.is_sqlite:
                return 0
            return int(await session.scalar(text("SHOW server_version_num")) or 0) // 10_000
    finally:
        await database.leave()


def take(settings: Settings, server: int, path: Path, passphrase: str, now: datetime) -> About:
    """Write a backup there; until it has been read again it has another name. Raises FileExistsError, OSError,
    sqlite3.Error, postgres.ToolFailed, archive.Unusable, lease.Taken.
    """
    if path.exists():
        raise FileExistsError(path)
    url = driver_url(settings.database.url)
    about = About(
        engine=url.get_backend_name(),
        revision=newest(),
        keyprint=keyprint.print_of(KeyVault(settings.key_bytes())),
        taken_at=now.astimezone(UTC).isoformat(timespec="seconds"),
    )
    if server:
        postgres.must_know(server, settings.backup.postgresql_tools)
    unready = path.with_name(f"{path.name}.part")
    unready.unlink(missing_ok=True)
    try:
        with _source(settings) as source:
            identity = archive.write(unready, source, about, passphrase)
        about = archive.check(unready, identity)
        # Not `replace`: whoever else has made a file of this name meanwhile keeps it.
        path.hardlink_to(unready)
    finally:
        unready.unlink(missing_ok=True)
    sync_folder(path.parent)
    return about


async def taken(settings: Settings, now: datetime) -> bool:
    """One is whole, for whoever asks when the last was (`models/alarms.py`): that another did not come about is seen by
    this alone. False when the database does not take it; the backup is whole all the same.
    """
    database = Database(settings.database.url)
    try:
        async with database.transaction() as session:
            await heartbeats.beat(session, heartbeats.BACKUP, now, timedelta.max)
        return True
    except DBAPIError:
        return False
    finally:
        await database.leave()


@contextlib.contextmanager
def _source(settings: Settings) -> Iterator[IO[bytes]]:
    url = driver_url(settings.database.url)
    if url.get_backend_name() == "sqlite":
        with sqlite.snapshot(Path(url.database or "")) as file:
            yield file
    else:
        with postgres.dump(url, settings.backup.postgresql_tools) as pipe:
            yield pipe


def leave(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest of the backups in a folder that bear a name by their moment. Returns which went."""
    found = sorted(path for path in folder.iterdir() if NAMED.fullmatch(path.name))
    for path in found[:-keep]:
        path.unlink()
    return found[:-keep]
