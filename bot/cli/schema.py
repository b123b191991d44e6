"""`unionbot migrate`, and what `unionbot run` does of it at its start.

A new database is only ever made by `migrate --new`: a mistyped address would otherwise be a database that works, with
no ticket in it, and students would be answered out of it while the real one lay beside.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell import DEFAULT, FAILED, Config, guarded, missing, must_be_there, read, stop

if TYPE_CHECKING:
    from bot.settings import Settings


def migrate(
    new: Annotated[bool, typer.Option("--new", help="A first start: make a database where there is none.")] = False,
    config: Config = DEFAULT,
) -> None:
    """Bring the database's schema up to date (`run` does it as well), or make a new one."""
    settings = read(config)
    if not new:
        must_be_there(settings)
        guarded(up_to_date(settings), settings)
        typer.echo("the schema is up to date")
        return
    if not guarded(begin(settings), settings, any_state=True):
        stop(FAILED, "there is a database already and it stays as it is; `unionbot migrate` brings it up to date")
    typer.echo("a new database is there; keep UNIONBOT_KEY safe, nothing else opens it")


async def begin(settings: Settings) -> bool:
    """Make a new database. False, and nothing is changed, where there is one."""
    from models.database import Database
    from models.migrations import revision

    url = settings.database.url
    if missing(url):
        _make_room(Path(url.removeprefix("sqlite:///")))
    database = Database(url)
    try:
        if await revision(database) is not None:
            return False
    finally:
        await database.close()
    await up_to_date(settings)
    return True


def _make_room(file: Path) -> None:
    """Readable by its owner only, as a backup is; SQLite gives its log the same rights."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(0o600)


async def up_to_date(settings: Settings) -> None:
    """Bring the schema up to date. Raises SchemaMismatch, WrongKey, Unfinished, and Taken while a program runs."""
    from bot.vault import KeyVault
    from models import keyprint
    from models.database import Database
    from models.migrations import alone, migrate

    database = Database(settings.database.url)
    try:
        async with alone(database):
            await migrate(database)
        async with database.transaction() as session:
            await keyprint.keep(session, KeyVault(settings.key_bytes()))
    finally:
        await database.close()
