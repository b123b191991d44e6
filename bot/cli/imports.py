"""`unionbot import`: stations, categories, calendar (config.toml), canned answers and duty rosters from files.

Without `--apply` only the difference is said. Where there is one mistake, nothing is changed.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.shell import DEFAULT, FAILED, WRONG, Config, guarded, missing, opened, read, stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.imports import Row
    from bot.settings import Settings
    from models.holdings import Holdings

app = typer.Typer(help="Bring in a file; says what would change unless --apply is given.", no_args_is_help=True)
Apply = Annotated[bool, typer.Option("--apply", help="Change it; without this it is only said what would change.")]


@app.command("config")
def config_(
    file: Annotated[Path, typer.Argument(help="The new config.toml.")], apply: Apply = False, config: Config = DEFAULT
) -> None:
    """A new config.toml: stations, buildings, categories, calendar, deadlines."""
    old, new = read(config), read(file)
    from bot.imports.config import difference, replace

    lines = difference(old, new, guarded(_held(old), old))
    _say(lines)
    if not apply or not lines:
        return
    try:
        backup = replace(config, file)
    except OSError as error:
        stop(FAILED, f"{config} cannot be replaced: {error.strerror or error}; nothing was changed")
    typer.echo(f"{config} is replaced; the old one is {backup}. Restart the program: it reads the file at its start.")
    guarded(_recorded(old, "config", len(lines)), old)


@app.command()
def canned(
    file: Annotated[Path, typer.Argument(help=".toml or .csv: station,key,zh-hans,zh-hant,en.")],
    apply: Apply = False,
    config: Config = DEFAULT,
) -> None:
    """Canned answers of the stations; they replace all there are."""
    settings = read(config)
    from bot.imports import tables

    rows = _rows(lambda: tables.canned(file, [spec.key for spec in settings.station_specs()]))
    _into("models.canned", settings, "canned", rows, apply)


@app.command()
def duty(
    file: Annotated[Path, typer.Argument(help=".csv: weekday,from,to,person.")],
    station: Annotated[str, typer.Option(help="Whose roster it is, by its key.")],
    apply: Apply = False,
    config: Config = DEFAULT,
) -> None:
    """The duty roster of a station; it replaces the one there is."""
    settings = read(config)
    from bot.imports import tables

    keys = [spec.key for spec in settings.station_specs()]
    if station not in keys:
        stop(WRONG, f"--station {station!r} is none of {', '.join(keys)}; write for example --station {keys[0]}")
    rows = _rows(lambda: tables.duty(file))
    _into("models.shifts", settings, "duty", rows, apply, station=station)


def _rows(reading: Callable[[], list[Row]]) -> list[Row]:
    from bot.imports import Unusable

    try:
        return reading()
    except Unusable as error:
        count = len(error.problems)
        stop(WRONG, f"{count} thing{'s' if count > 1 else ''} to mend", *(f"  • {each}" for each in error.problems))


def _say(lines: list[str]) -> None:
    for line in lines or ["nothing would change"]:
        typer.echo(line)


def _into(module: str, settings: Settings, what: str, rows: list[Row], apply: bool, **where: str) -> None:
    """Hand the rows to the table's own rule, in a transaction that is kept only with --apply."""
    typer.echo(f"{len(rows)} {'entry' if len(rows) == 1 else 'entries'}, every one of them well")
    if find_spec(module) is None:
        stop(FAILED, f"this program has no place for them yet ({module}); nothing was changed")
    lines = guarded(_replaced(module, settings, what, rows, apply, where), settings)
    _say(lines)
    if lines and not apply:
        typer.echo("nothing was changed; --apply does it")


class _OnlyLooked(Exception):
    """Undoes the transaction of a dry run."""


async def _replaced(
    module: str, settings: Settings, what: str, rows: list[Row], apply: bool, where: dict[str, str]
) -> list[str]:
    from bot.toolbox import utcnow
    from models import audit

    table: Any = import_module(module)
    lines: list[str] = []
    async with opened(settings) as database:
        try:
            async with database.transaction() as session:
                now = utcnow()
                found = await table.replace(session, *where.values(), [row.values for row in rows], now)
                lines = [str(each) for each in getattr(found, "lines", found)]
                if not apply:
                    raise _OnlyLooked
                about: dict[str, Any] = {"what": what, "entries": len(rows), **where}
                await audit.record(session, "import", now, **about)
        except _OnlyLooked:
            return lines
    return lines


async def _held(settings: Settings) -> Holdings:
    from models.holdings import Holdings, held

    if missing(settings.database.url):
        return Holdings()
    async with opened(settings) as database, database.reading() as session:
        return await held(session)


async def _recorded(settings: Settings, what: str, changes: int) -> None:
    from bot.toolbox import utcnow
    from models import audit

    if missing(settings.database.url):
        return
    async with opened(settings) as database, database.transaction() as session:
        await audit.record(session, "import", utcnow(), what=what, changes=changes)
