"""`unionbot import`: stations, categories, calendar (config.toml), canned answers, duty rosters, posts, questions and
answers from files.

Without `--apply` only the difference is said. Where there is one mistake, nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from bot.shell import DEFAULT, FAILED, WRONG, Config, guarded, missing, opened, read, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.imports import Row
    from bot.settings import Settings
    from models.holdings import Holdings

T = TypeVar("T")

app = typer.Typer(
    help="Bring in a file: says what would change, and changes it with --apply. One mistake, and nothing is changed.",
    no_args_is_help=True,
)
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
        _only_said(lines)
        return
    try:
        backup = replace(config, file)
    except OSError as error:
        stop(FAILED, f"{config} cannot be replaced: {error.strerror or error}; nothing was changed")
    typer.echo(f"{config} is replaced; the old one is {backup}. Restart the program: it reads the file at its start.")
    guarded(_recorded(old, "config", len(lines)), old)


@app.command()
def canned(
    file: Annotated[Path, typer.Argument(help=".csv or .toml: station,key,zh-hans,zh-hant,en.")],
    apply: Apply = False,
    config: Config = DEFAULT,
) -> None:
    """Ready-made answers, in place of those the stations named in the file have."""
    settings = read(config)
    from bot.imports import tables

    rows = _usable(lambda: tables.canned(file, _places(settings)))
    _bring_in(settings, _canned(settings, file, rows, apply), apply)


@app.command()
def duty(
    file: Annotated[Path, typer.Argument(help=".csv: weekday,from,to,person; a person by name, @name or Telegram id.")],
    station: Annotated[str, typer.Option(help="Whose roster it is, by its key.")],
    apply: Apply = False,
    config: Config = DEFAULT,
) -> None:
    """The weekly duty roster of a station, in place of the one it has."""
    settings = read(config)
    from bot.imports import tables

    keys = _places(settings)
    if station not in keys:
        stop(WRONG, f"--station {station!r} is none of {', '.join(keys)}; write for example --station {keys[0]}")
    rows = _usable(lambda: tables.duty(file))
    _bring_in(settings, _duty(settings, file, station, rows, apply), apply)


@app.command("posts")
def posts_(
    file: Annotated[Path, typer.Argument(help=".csv: post,department,name,starts,ends,decided,person.")],
    apply: Apply = False,
    config: Config = DEFAULT,
) -> None:
    """Who holds which post of the union, and until when; what the file does not name stays."""
    settings = read(config)
    from bot.imports import posts as files

    rows = _usable(lambda: files.read(file, {each.key: each.name for each in settings.departments}))
    _bring_in(settings, _posts(settings, file, rows, apply), apply)


@app.command()
def faq(
    folder: Annotated[Path, typer.Argument(help="A folder of articles: heating.en.md, heating.zh-hans.md, …")],
    apply: Apply = False,
    config: Config = DEFAULT,
) -> None:
    """Questions and answers, in place of those in the union's own folder."""
    settings = read(config)
    from bot.imports import faq as files

    if not settings.faq.folder:
        stop(WRONG, f'the union has no folder of its own yet; write folder = "faq" under [faq] in {config}')
    target = Path(settings.faq.folder)
    if folder.resolve() == target.resolve():
        stop(WRONG, f"{folder} is the union's folder itself; `unionbot faq` names what is wrong there")
    for remark in _usable(lambda: files.checked(folder, settings)):
        typer.echo(f"! {remark}")
    lines = files.difference(folder, target)
    _say(lines)
    if not apply or not lines:
        _only_said(lines)
        return
    try:
        backup = files.replace(folder, target)
    except OSError as error:
        stop(FAILED, f"{target} cannot be replaced: {error.strerror or error}; nothing was changed")
    kept = f"; what was there is {backup}" if backup else ""
    typer.echo(f"{target} is replaced{kept}. Restart the program: it reads the articles at its start.")
    guarded(_recorded(settings, "faq", len(lines)), settings)


def _places(settings: Settings) -> list[str]:
    """The keys of the places that answer tickets."""
    from models.stations import Desk

    return [spec.key for spec in settings.station_specs() if spec.desk is not Desk.SUPERVISORS]


def _usable(reading: Callable[[], T]) -> T:
    from bot.imports import Unusable

    try:
        return reading()
    except Unusable as error:
        _mend(error.problems)


def _mend(problems: list[str]) -> NoReturn:
    count = len(problems)
    stop(WRONG, f"{count} thing{'s' if count > 1 else ''} to mend", *(f"  • {each}" for each in problems))


def _say(lines: list[str]) -> None:
    for line in lines or ["nothing would change"]:
        typer.echo(line)


def _only_said(lines: list[str]) -> None:
    if lines:
        typer.echo("nothing was changed; --apply does it")


@dataclass(frozen=True)
class _Found:
    """What a file would change in the database, a line each; or what is wrong with it there."""

    lines: list[str]
    problems: list[str]


def _bring_in(settings: Settings, work: Coroutine[Any, Any, _Found], apply: bool) -> None:
    found: _Found = guarded(work, settings)
    if found.problems:
        _mend(found.problems)
    _say(found.lines)
    if apply and found.lines:
        typer.echo("done")
    else:
        _only_said(found.lines)


async def _canned(settings: Settings, file: Path, rows: list[Row], apply: bool) -> _Found:
    from bot.imports import said
    from bot.toolbox import utcnow
    from models import canned as rules
    from models import stations, tables  # noqa: F401  (what is recorded points at every table)

    wanted = [rules.Row(**row.values) for row in rows]
    async with opened(settings) as database:
        async with database.reading() as session:
            there = {place.key for place in await stations.open_desks(session)}
            problems = [_not_made(row.station) for row in wanted if row.station and row.station not in there]
            if problems:
                return _Found([], sorted(set(problems)))
            found = await rules.compare(session, wanted)
        problems = [f"{file}, line {rows[m.row].line}: {said(m.key, m.params)}" for m in found.mistakes]
        if apply and not problems and (found.added or found.changed or found.removed):
            async with database.transaction() as session:
                found = await rules.replace(session, wanted, utcnow())
    lines = [f"+ {_answer(row)}: {', '.join(row.texts)}" for row in found.added]
    for before, after in found.changed:
        other = [n for n in {**before.texts, **after.texts} if before.texts.get(n) != after.texts.get(n)]
        lines.append(f"~ {_answer(after)}: {', '.join(other) or 'how it is written'}")
    return _Found([*lines, *(f"- {_answer(row)}" for row in found.removed)], problems)


def _answer(row: Any) -> str:
    from bot.imports import printable

    return f"{row.station or 'every station'} “{printable(row.key)}”"


def _not_made(station: str) -> str:
    return f"station {station} is new in config.toml; start the program once, then bring in what belongs to it"


async def _duty(settings: Settings, file: Path, station: str, rows: list[Row], apply: bool) -> _Found:
    from bot.imports import Unusable, printable
    from bot.imports import tables as files
    from bot.toolbox import utcnow
    from models import colleagues, people, shifts, stations, tables  # noqa: F401

    now, calendar = utcnow(), settings.work_calendar()
    async with opened(settings) as database:
        async with database.reading() as session:
            place = await stations.by_key(session, station)
            if place is None or place.closed:
                return _Found([], [_not_made(station)])
            there = await colleagues.known(session, place, now)
            known = {each.id: each for each in (*there, *await people.named_so(session, *files.names_of(rows)))}
            try:
                shared = files.on_duty(file, rows, list(known.values()), {each.id for each in there})
            except Unusable as error:
                return _Found([], error.problems)
            wanted = [row.values["shift"] for row in shared]
            found = await shifts.compare(session, place, wanted, calendar, now)
            before = (*found.removed, *(old for old, _ in found.changed))
            known |= {p.id: p for p in await colleagues.by_ids(session, {n for row in before for n in row.people})}
        if apply and (found.added or found.changed or found.removed):
            async with database.transaction() as session:
                found = await shifts.replace(session, place, wanted, None, calendar, now)

    def who(row: shifts.Row) -> str:
        return ", ".join(sorted(printable(known[number].name) for number in row.people)) or "nobody"

    lines = [f"+ {_span(row)}: {who(row)}" for row in found.added]
    lines += [f"~ {_span(new)}: {who(new)} instead of {who(old)}" for old, new in found.changed]
    return _Found([*lines, *(f"- {_span(row)}: {who(row)}" for row in found.removed)], [])


def _span(row: Any) -> str:
    from bot.fields import WEEKDAYS

    return f"{WEEKDAYS[row.weekday]} {row.starts:%H:%M}-{row.ends:%H:%M}"


async def _posts(settings: Settings, file: Path, rows: list[Row], apply: bool) -> _Found:
    from bot.imports import Unusable, printable, said
    from bot.imports import posts as files
    from bot.imports.tables import names_of
    from bot.toolbox import utcnow
    from models import people, tables  # noqa: F401
    from models.union import posts, registers

    async with opened(settings) as database:
        async with database.reading() as session:
            there = {post.key for post in await posts.every(session)}
            missing = sorted({row.values["post"] for row in rows} - there)
            if missing:
                return _Found([], [f"{each} is new in config.toml; start the program once" for each in missing])
            try:
                wanted = files.lines(file, rows, await people.named_so(session, *names_of(rows)))
            except Unusable as error:
                return _Found([], error.problems)
            found = await registers.compare(session, wanted, settings.caps())
        problems = [f"{file}, line {rows[m.line].line}: {said(m.key, m.params)}" for m in found.mistakes]
        if apply and not problems and (found.added or found.changed):
            async with database.transaction() as session:
                found = await registers.bring_in(session, wanted, settings.caps(), utcnow())

    def term(line: registers.Line) -> str:
        return f"{line.post} {printable(line.wanted.name)}: {line.wanted.starts} to {line.wanted.ends}"

    lines = [f"+ {term(line)}" for line in found.added]
    return _Found([*lines, *(f"~ {term(line)}" for _, line in found.changed)], problems)


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
