"""What the commands share: reading the configuration, running to the end or to a signal, and saying in one line with
its exit code what is in the way.

Every import of something heavy waits until a command needs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from models.database import Database

Config = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
DEFAULT = Path("config.toml")
FAILED, WRONG, DATABASE, ADDRESS, TOKEN, NOTHING = 1, 2, 3, 4, 5, 6
BESIDE = ("", "-wal", "-shm", "-journal", ".lock")
"""What the names of an SQLite file's own files end with."""
WRONG_KEY = (
    "the database was made with another UNIONBOT_KEY: under this one nothing sealed opens and no code fits. "
    "Nothing was changed; use the right key"
)
UNFINISHED = "a restore into this database was not finished: do it again with `unionbot restore FILE --replace`"


def too_old(error: Exception) -> str:
    """What a program is told that is older than its database."""
    return f"{error}: this program is older than its database; start the newer one, or restore a backup"


def stop(code: int, *lines: str) -> NoReturn:
    """Say why on standard error and end with this code."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(code)


def read(path: Path, *, secrets: bool = True) -> Settings:
    """The settings, or every mistake in them and exit code 2; without `secrets` for what only looks at the file."""
    from bot.config import ConfigError, load, look

    try:
        return load(path) if secrets else look(path)
    except ConfigError as error:
        count = len(error.problems)
        stop(WRONG, f"{path}: {count} thing{'s' if count > 1 else ''} to mend", *(f"  • {p}" for p in error.problems))


def put(shipped: Path, ending: str, folder: Path) -> list[str]:
    """Put the files that come along into this folder, leaving alone what is there already. Returns the names of the
    new ones.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        new = [path for path in sorted(shipped.glob(f"*.{ending}")) if not (folder / path.name).exists()]
        for path in new:
            (folder / path.name).write_bytes(path.read_bytes())
    return [path.name for path in new]


@contextlib.contextmanager
def writing(where: Path) -> Iterator[None]:
    """Say in one line that a file or a folder asked for cannot be written, and end with exit code 1."""
    try:
        yield
    except OSError as error:
        stop(FAILED, f"{where} cannot be written: {error.strerror or error}")


def log(settings: Settings) -> None:
    """Begin to log, without the secrets."""
    from bot import logs

    sealed = (settings.token, settings.key, settings.webhook_out.secret, settings.open311.key)
    secrets = tuple(secret for each in sealed if (secret := each.get_secret_value()))
    logs.configure(settings.log.level, settings.log.format, secrets)


def looped(work: Coroutine[Any, Any, Any]) -> Any:
    """On uvloop: reading and writing the network costs half as much."""
    import uvloop

    return uvloop.run(work)


def guarded(work: Coroutine[Any, Any, Any], settings: Settings, *, any_state: bool = False) -> Any:
    """Run it and return its result; what can be wrong at a start is said in one line, with its exit code. `any_state`
    for what does not work with the database as it is.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from bot.check import TokenRefused
    from bot.web import CannotListen
    from models.keyprint import Unfinished, WrongKey
    from models.lease import Taken
    from models.migrations import NothingYet, SchemaMismatch

    try:
        return looped(until_told(work if any_state else _fitting(work, settings)))
    except WrongKey:
        stop(WRONG, WRONG_KEY)
    except Unfinished:
        stop(DATABASE, UNFINISHED)
    except NothingYet:
        stop(NOTHING, nothing_yet(settings))
    except SchemaMismatch as error:
        stop(DATABASE, too_old(error))
    except Taken:
        stop(ADDRESS, "another copy of this program runs on this database: stop it first")
    except TokenRefused as error:
        stop(TOKEN, str(error))
    except CannotListen as error:
        stop(ADDRESS, str(error))
    except SQLAlchemyError as error:
        stop(DATABASE, no_database(settings, error))
    except OSError as error:
        if error.filename is None:
            # It may be anything: whoever has to mend it needs to see where.
            raise
        if _is_the_database_s(settings.database.url, error.filename):
            stop(DATABASE, no_database(settings, error))
        stop(FAILED, f"{error.filename}: {error.strerror or type(error).__name__}")


def _is_the_database_s(url: str, name: str | bytes | int) -> bool:
    """Whether this is the SQLite file, one of those beside it that belong to it, or a folder on the way to it."""
    if not url.startswith("sqlite:///") or not isinstance(name, str):
        return False
    file, path = Path(os.path.abspath(_file(url))), Path(os.path.abspath(name))
    return path in file.parents or (path.parent == file.parent and path.name in {file.name + e for e in BESIDE})


async def _fitting(work: Coroutine[Any, Any, Any], settings: Settings) -> Any:
    """Do the work, but nothing under a key that the database was not made with."""
    try:
        await key_fits(settings)
    except BaseException:
        work.close()
        raise
    return await work


async def key_fits(settings: Settings) -> None:
    """Raise WrongKey or Unfinished where the database says so, SchemaMismatch where a newer program made it and
    NothingYet where nobody did; of a file that is not there nothing is asked.
    """
    from bot.vault import KeyVault
    from models import keyprint
    from models.database import Database
    from models.migrations import must_be_known

    if missing(settings.database.url):
        return
    database = Database(settings.database.url)
    try:
        await must_be_known(database)
        async with database.reading() as session:
            await keyprint.must_fit(session, KeyVault(settings.key_bytes()))
    finally:
        await database.leave()


def no_database(settings: Settings, error: Exception) -> str:
    """Why the database cannot be used, in one line and without the password in its address."""
    from sqlalchemy.exc import DBAPIError

    reason = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"the database {_shown(settings)} cannot be used: {type(reason).__name__}: {_first_line(reason)}"


def _shown(settings: Settings) -> str:
    """Which database, without a password."""
    from sqlalchemy import make_url

    url = settings.database.url
    return url if url.startswith("sqlite") else make_url(url).render_as_string(hide_password=True)


def nothing_yet(settings: Settings) -> str:
    """What somebody is told who works with a database that was never made, or has mistyped its address."""
    if missing(settings.database.url):
        found = f"there is no database at {settings.database.url} (that is {_file(settings.database.url).resolve()})"
    else:
        found = f"the database {_shown(settings)} is empty"
    return f"{found}: mend `url` under [database], or make a new one with `unionbot migrate --new`"


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else "no reason given"


async def until_told(work: Coroutine[Any, Any, Any]) -> Any:
    """Run until it ends or a signal comes; the signal lets it clean up. A second signal ends at once."""
    task = asyncio.ensure_future(work)
    told = False

    def tell(number: int) -> None:
        nonlocal told
        if told:
            os._exit(128 + number)
        told = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tell, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not told:
            raise
        return None
    except BaseExceptionGroup as group:
        # A task group wraps the one thing that went wrong; who reads the line wants that thing.
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def missing(url: str) -> bool:
    """Whether this is an SQLite file that does not exist (yet)."""
    return url.startswith("sqlite:///") and not _file(url).exists()


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def must_be_there(settings: Settings) -> None:
    """End with its own exit code where the SQLite file is not there: opening it would make an empty one."""
    try:
        if missing(settings.database.url):
            stop(NOTHING, nothing_yet(settings))
    except OSError as error:
        stop(DATABASE, no_database(settings, error))


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of a program that has run before. Raises SchemaMismatch where its schema is another one's, and
    NothingYet where it is empty.
    """
    from models.database import Database
    from models.migrations import require_current

    must_be_there(settings)
    database = Database(settings.database.url)
    try:
        await require_current(database)
        yield database
    finally:
        await database.close()
