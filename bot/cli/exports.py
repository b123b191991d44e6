"""`unionbot export tickets`: tickets and their figures into a file on the machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.audit import day_of
from bot.shell import DEFAULT, FAILED, WRONG, Config, guarded, opened, read, stop

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(help="Tickets and figures as a file.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Tickets and figures as a file."""


@app.command()
def tickets(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file: .xlsx or .csv.")],
    begin: Annotated[str, typer.Option("--from", help="Filed from this day on, 2026-10-01.")],
    end: Annotated[str, typer.Option("--to", help="Filed up to and with this day.")],
    station: Annotated[str, typer.Option(help="Of this station only, by its key.")] = "",
    kind: Annotated[str, typer.Option(help="complaint, need, suggestion, question or thanks.")] = "",
    category: Annotated[str, typer.Option(help="Of this category only, by its key.")] = "",
    state: Annotated[str, typer.Option(help="In this state only: new, claimed, closed, …")] = "",
    language: Annotated[str, typer.Option(help="zh-hans, zh-hant or en; the union's first one if none is given.")] = "",
    names: Annotated[
        bool, typer.Option("--names", help="Also who filed, of those who filed under their name.")
    ] = False,
    config: Config = DEFAULT,
) -> None:
    """Write the tickets of a period, and in .xlsx a second sheet with their rates."""
    from models.lifecycle import Kind, State

    settings = read(config)
    first, last = day_of(begin, "from"), day_of(end, "to")
    if first is None or last is None or last < first:
        stop(WRONG, "the period ends before it begins; write for example --from 2026-10-01 --to 2026-10-31")
    form = output.suffix.lower().lstrip(".")
    _one_of("-o", form, ("xlsx", "csv"), "-o tickets.xlsx")
    _one_of("--station", station, ["", *(spec.key for spec in settings.station_specs())])
    _one_of("--kind", kind, ["", *Kind])
    _one_of("--category", category, ["", *settings.category_keys()])
    _one_of("--state", state, ["", *State])
    _one_of("--language", language, ["", *settings.union.languages])
    given = {"station": station, "kind": kind, "category": category, "state": state, "language": language}
    wish: dict[str, Any] = {name: value for name, value in given.items() if value}
    wish |= {"from": first.isoformat(), "to": last.isoformat(), "format": form}
    count = guarded(_write(settings, wish, output, names), settings)
    figures = "" if form == "xlsx" else "; their figures are in an .xlsx only: -o " + output.with_suffix(".xlsx").name
    typer.echo(f"{output}: {count} ticket{'' if count == 1 else 's'}{figures}")


def _one_of(option: str, value: str, known: Any, example: str = "") -> None:
    import difflib

    if value not in list(known):
        choices = [str(each) for each in known if each]
        near = difflib.get_close_matches(value, choices, 1)
        write = example or f"{option} {near[0] if near else choices[0]}"
        stop(WRONG, f"{option} {value!r} is none of {', '.join(choices)}; write for example {write}")


async def _write(settings: Settings, wish: dict[str, Any], output: Path, names: bool) -> int:
    from bot import exports as files
    from bot.texts import Catalogue
    from bot.toolbox import utcnow
    from models import audit

    now = utcnow()
    t = Catalogue.load(settings.timezone)[wish.get("language", settings.union.languages[0])]
    part = output.with_name(f".{output.name}.part")
    async with opened(settings) as database:
        try:
            count = await files.write(
                database, files.which(wish, settings), part, wish["format"], t, settings, now, names=names
            )
            async with database.transaction() as session:
                # A file with names leaves no trace but this one.
                await audit.record(session, "export", now, names=names, **wish)
            part.replace(output)
        except OSError as error:
            stop(FAILED, f"{output} cannot be written: {error.strerror or error}")
        finally:
            part.unlink(missing_ok=True)
    return count
