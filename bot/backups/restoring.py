"""`unionbot restore`: what a backup holds in the place of what there is, gone through before anybody works with it.

Gone through means: brought to this program's schema; who was forgotten since is forgotten; what should have been
destroyed by now is destroyed; and what was waiting to be said is not said twice. On SQLite that is done in a file
beside, which takes the place of the other at the very end; on PostgreSQL the rows change in one transaction, and the
print of the key says that nobody may work with them until the rest is done.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError

from bot.app import house_of
from bot.backups import archive, postgres, sqlite
from bot.backups.archive import About, Identity, Unusable
from bot.settings import Settings
from models import erasures, keyprint, lease
from models.database import Database
from models.erasures import Erased
from models.house import House
from models.migrations import history, migrate
from models.outbox import Lane, Outgoing, Repeat, Sending
from scheduler import results
from scheduler.jobs import expiring

REASON = "it may have been sent after the backup was taken"


class NotEmpty(Exception):
    """There is something in the database."""


@dataclass
class Restored:
    """What came of it."""

    about: About
    forgotten: int = 0
    """People who were forgotten after the backup was taken, and are again."""
    unknown: int = 0
    """Messages of which nobody knows whether they were sent since."""
    kept: Path | None = None
    """Where what was there before is, if anything was."""


async def restore(
    settings: Settings, path: Path, passphrase: str, erased: Erased, now: datetime, *, replace: bool
) -> Restored:
    """Put the backup there. Raises Unusable, WrongKey, NotEmpty, Taken, ToolFailed, sqlite3.Error, OSError and
    SQLAlchemyError; the database is then as it was, but for the last step on PostgreSQL.
    """
    house = house_of(settings)
    identity = archive.unlock(path, passphrase)
    # All of it is read before anything is touched.
    done = Restored(archive.check(path, identity))
    _must_suit(settings, done.about, house, now)
    if settings.database.url.startswith("sqlite"):
        await _in_file(settings, path, identity, erased, house, now, done, replace)
    else:
        await _on_server(settings, path, identity, erased, house, now, done, replace)
    return done


def _must_suit(settings: Settings, about: About, house: House, now: datetime) -> None:
    if about.keyprint != keyprint.print_of(house.vault):
        raise keyprint.WrongKey
    engine = Database(settings.database.url).url.get_backend_name()
    if about.engine != engine:
        raise Unusable(f"it is of a {about.engine} database, and config.toml names a {engine} one")
    if about.revision not in history():
        raise Unusable(
            f"it is of a newer program (revision {about.revision}, this one knows {history()[0]}): install that first"
        )
    if now - datetime.fromisoformat(about.taken_at) > erasures.KEPT - timedelta(days=1):
        raise Unusable("it is so old that nobody knows any more who was forgotten since")


async def _in_file(
    settings: Settings,
    path: Path,
    identity: Identity,
    erased: Erased,
    house: House,
    now: datetime,
    done: Restored,
    replace: bool,
) -> None:
    there = Path(Database(settings.database.url).url.database or "")
    there.parent.mkdir(parents=True, exist_ok=True)
    with lease.alone(f"{there}.lock"):
        if not sqlite.is_empty(there):
            if not replace:
                raise NotEmpty
            erased = {**await _remembered(settings), **erased}
        new = there.with_name(f"{there.name}.restoring")
        _clear(new)
        try:
            archive.unpack(path, identity, new)
            sqlite.must_be_whole(new)
            async with _open(f"sqlite:///{new}") as database:
                await go_through(database, settings, house, erased, now, done)
                if not await database.fold():
                    raise sqlite3.OperationalError("the new file's log cannot be folded")
            done.kept = sqlite.put_in_place(new, there)
        finally:
            _clear(new)


def _clear(new: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        new.with_name(f"{new.name}{ending}").unlink(missing_ok=True)


async def _on_server(
    settings: Settings,
    path: Path,
    identity: Identity,
    erased: Erased,
    house: House,
    now: datetime,
    done: Restored,
    replace: bool,
) -> None:
    async with _open(settings.database.url) as database, lease.at_once(database):
        async with database.reading() as session:
            tables = await session.run_sync(lambda s: inspect(s.connection()).get_table_names())
        if tables:
            if not replace:
                raise NotEmpty
            erased = {**await _remembered(settings), **erased}
        postgres.restore(
            database.url,
            settings.backup.postgresql_tools,
            lambda pipe: archive.copy(path, identity, pipe),
            tables,
            then="UPDATE public.keyprint SET restoring = true",
        )
        await go_through(database, settings, house, erased, now, done)


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


async def go_through(
    database: Database, settings: Settings, house: House, erased: Erased, now: datetime, done: Restored
) -> None:
    """Make of what was restored what may be worked with; doing it twice changes nothing more."""
    await migrate(database)
    async with database.transaction() as session:
        waiting = await session.scalars(
            select(Outgoing).where(Outgoing.state.in_([Sending.DUE, Sending.SENDING]), Outgoing.not_before <= now)
        )
        for row in waiting.all():
            # What bears a number or is only a change may come twice (law 6); a second answer would be another answer,
            # and nobody wants a call to thousands again.
            if row.repeat is Repeat.NEVER or (row.lane == Lane.BROADCAST and row.repeat is not Repeat.FREELY):
                await results.end(session, row, Sending.UNKNOWN, REASON, now, house.vault)
                done.unknown += 1
            else:
                row.state = Sending.DUE
    done.forgotten = await expiring.catch_up(database, erased, settings.bot_id, house, now)
    await expiring.expire(database, house, now)
    async with database.transaction() as session:
        await keyprint.gone_through(session)
