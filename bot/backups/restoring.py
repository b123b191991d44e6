"""`unionbot restore`: what a backup holds in the place of what there is, gone through before anybody works with it.

Gone through means: brought to this program's schema; who was forgotten since is forgotten; what should have been
destroyed by now is destroyed; and what was waiting to be said, or to be answered, is not said twice. On SQLite that is
done in a file beside, which takes the place of the other at the very end; on PostgreSQL the rows change in one
transaction, and the print of the key says that nobody may work with them until the rest is done.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.app import house_of
from bot.backups import archive, postgres, sqlite
from bot.backups.archive import About, Identity, Unusable
from bot.settings import Settings
from models import erasures, heartbeats, inbox, keyprint, lease
from models.database import Database, driver_url
from models.erasures import Erased
from models.house import House
from models.migrations import history, migrate
from models.outbox import Outgoing, Sending
from scheduler import expiring, results


class NotEmpty(Exception):
    """There is something in the database."""


@dataclass(frozen=True)
class Restored:
    """What came of it."""

    about: About
    forgotten: int
    """People who were forgotten after the backup was taken, and are again."""
    unknown: int
    """Messages of which nobody knows whether they were sent since."""
    kept: Path | None
    """Where what was there before is, if anything was."""


@dataclass(frozen=True)
class Backup:
    """A file that is open: nothing was found wrong with it."""

    path: Path
    identity: Identity


class Place(Protocol):
    """Where a backup goes: `alone` first, then the rest inside of it."""

    kept: Path | None
    """Where what was there before is, once it has been replaced; None where nobody keeps it."""

    def alone(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Inside nobody else works with it. Raises Taken."""

    async def is_empty(self) -> bool:
        """Whether nothing was made there yet."""

    def filled(self, backup: Backup) -> contextlib.AbstractAsyncContextManager[Database]:
        """What the backup holds, to be gone through inside; nobody works with it before that has ended well."""


async def restore(
    settings: Settings, path: Path, passphrase: str, erased: Erased, now: datetime, *, replace: bool
) -> Restored:
    """Put the backup there. Raises Unusable, WrongKey, NotEmpty, Taken, ToolFailed, sqlite3.Error, OSError and
    SQLAlchemyError; the database is then as it was, but for the last step on PostgreSQL.
    """
    house = house_of(settings)
    identity = archive.unlock(path, passphrase)
    # All of it is read before anything is touched.
    about = archive.check(path, identity)
    url = driver_url(settings.database.url)
    _must_suit(about, url.get_backend_name(), house, now)
    place: Place = _File(url) if about.engine == "sqlite" else _Server(settings)
    async with place.alone():
        if not await place.is_empty():
            if not replace:
                raise NotEmpty
            erased = {**await _remembered(settings), **erased}
        async with place.filled(Backup(path, identity)) as database:
            forgotten, unknown = await _go_through(database, settings.bot_id, house, erased, about, now)
        return Restored(about, forgotten, unknown, place.kept)


def _must_suit(about: About, engine: str, house: House, now: datetime) -> None:
    if about.keyprint != keyprint.print_of(house.vault):
        raise keyprint.WrongKey
    if about.engine != engine:
        raise Unusable(f"it is of a {about.engine} database, and config.toml names a {engine} one")
    if about.revision not in history():
        raise Unusable(
            f"it is of a newer program (revision {about.revision}, this one knows {history()[0]}): install that first"
        )
    if now - datetime.fromisoformat(about.taken_at) > erasures.KEPT - timedelta(days=1):
        raise Unusable("it is so old that nobody knows any more who was forgotten since")


class _File:
    """An SQLite file: the other is gone through beside it, and takes its place at the very end."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database or "")
        self.kept: Path | None = None

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with lease.alone(f"{self._path}.lock"):
            yield

    async def is_empty(self) -> bool:
        return sqlite.is_empty(self._path)

    @contextlib.asynccontextmanager
    async def filled(self, backup: Backup) -> AsyncIterator[Database]:
        new = self._path.with_name(f"{self._path.name}.restoring")
        _clear(new)
        try:
            archive.unpack(backup.path, backup.identity, new)
            sqlite.must_be_whole(new)
            async with _open(f"sqlite:///{new}") as database:
                yield database
                if not await database.fold():
                    raise sqlite3.OperationalError("the new file's log cannot be folded")
            self.kept = sqlite.put_in_place(new, self._path)
        finally:
            _clear(new)


def _clear(new: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        new.with_name(f"{new.name}{ending}").unlink(missing_ok=True)


class _Server:
    """PostgreSQL: its rows change in one transaction, and until they were gone through it says so itself."""

    kept: Path | None = None

    def __init__(self, settings: Settings) -> None:
        self._tools = settings.backup.postgresql_tools
        self._url = settings.database.url
        self._tables: list[str] = []

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with _open(self._url) as database, lease.at_once(database):
            self._database = database
            yield

    async def is_empty(self) -> bool:
        async with self._database.reading() as session:
            self._tables = await session.run_sync(lambda s: inspect(s.connection()).get_table_names())
        return not self._tables

    @contextlib.asynccontextmanager
    async def filled(self, backup: Backup) -> AsyncIterator[Database]:
        postgres.restore(
            self._database.url,
            self._tools,
            lambda pipe: archive.copy(backup.path, backup.identity, pipe),
            self._tables,
            then="UPDATE public.keyprint SET restoring = true",
        )
        yield self._database


@contextlib.asynccontextmanager
async def _open(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def _remembered(settings: Settings) -> Erased:
    """The erasures in the database that is to be replaced: its file of them may be a minute behind. Nothing where it
    cannot be read.
    """
    try:
        async with _open(settings.database.url) as database, database.reading() as session:
            return await erasures.all_of(session)
    except (SQLAlchemyError, sqlite3.Error):
        return {}


async def _go_through(
    database: Database, bot_id: int, house: House, erased: Erased, about: About, now: datetime
) -> tuple[int, int]:
    """Make of what was restored what may be worked with; doing it twice changes nothing more. Returns how many people
    were forgotten again, and of how many messages nobody knows whether they were sent.
    """
    await migrate(database)
    async with database.transaction() as session:
        await inbox.restored(session)
        # What it has in itself is when the one before it was taken.
        await heartbeats.beat(session, heartbeats.BACKUP, datetime.fromisoformat(about.taken_at), timedelta.max)
        waiting = await session.scalars(
            select(Outgoing).where(Outgoing.state.in_([Sending.DUE, Sending.SENDING]), Outgoing.not_before <= now)
        )
        rows = waiting.all()
        unknown = await results.doubted(session, rows, now, house.vault)
        for row in rows:
            if row.state is Sending.SENDING:
                row.state = Sending.DUE
    forgotten = await expiring.catch_up(database, erased, bot_id, house, now)
    await expiring.expire(database, house, now)
    async with database.transaction() as session:
        await keyprint.gone_through(session)
    return forgotten, unknown
