"""The command line. Every import of something heavy waits until a command needs it.

Exit codes: 0 done; 1 something asked for did not come about; 2 the configuration or the command is wrong;
3 the database cannot be used; 4 an address cannot be listened at, or another copy
runs on this database; 5 Telegram does not accept the token; 6 there is no database yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import alive, audit, backups, exports, imports, keys, roster, schema, surveys
from bot.parts import ALL, Part, one_file_only
from bot.shell import (
    DATABASE,
    DEFAULT,
    FAILED,
    WRONG,
    Config,
    guarded,
    log,
    looped,
    missing,
    must_be_there,
    no_database,
    nothing_yet,
    put,
    read,
    stop,
    until_told,
    writing,
)

if TYPE_CHECKING:
    from bot.articles import Problem
    from bot.check import Seat
    from bot.settings import Settings
    from models.articles import Article

app = typer.Typer(
    name="unionbot",
    help="A student union's service desk on Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(audit.app, name="audit")
app.add_typer(exports.app, name="export")
app.add_typer(imports.app, name="import")
app.command("alive")(alive.alive)
app.command("key")(keys.key)
app.command("roster")(roster.roster)
app.command("code")(roster.code)
app.command("migrate")(schema.migrate)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("surveys")(surveys.surveys)


def main() -> None:
    """The entry point of the `unionbot` command."""
    try:
        app()
    finally:
        # The last search for garbage goes through all libraries, for seconds on a busy machine, and the process ends.
        gc.freeze()


@app.command()
def check(
    config: Config = DEFAULT, offline: Annotated[bool, typer.Option(help="Only read the configuration.")] = False
) -> None:
    """Read the configuration and ask Telegram whether everything is in place."""
    from bot.config import ConfigError, look
    from bot.sections import SMALLEST_CELL

    try:
        settings = read(config)
    except typer.Exit:
        # Every mistake at once: those of the files as well, where only secrets are missing.
        with contextlib.suppress(ConfigError):
            _files_fit(look(config))
        raise
    typer.echo(f"✓ {config}")
    if (cell := settings.surveys.minimum_cell) < SMALLEST_CELL:
        typer.echo(f"! [surveys] minimum_cell = {cell}: with fewer than {SMALLEST_CELL} people are easily guessed")
    files_fit = _files_fit(settings)
    if offline:
        if not files_fit:
            raise typer.Exit(FAILED)
        return
    from sqlalchemy.exc import SQLAlchemyError

    from bot.check import Finding, ask_telegram
    from bot.shell import UNFINISHED, WRONG_KEY, too_old
    from models.keyprint import Unfinished, WrongKey
    from models.migrations import NothingYet, SchemaMismatch

    code, chats, findings = 0, _chats_in_file(settings), []
    try:
        chats |= asyncio.run(_chats_in_database(settings))
    except (SQLAlchemyError, OSError) as error:
        code = DATABASE
        findings.append(Finding("error", no_database(settings, error)))
    except WrongKey:
        code = WRONG
        findings.append(Finding("error", WRONG_KEY))
    except Unfinished:
        code = DATABASE
        findings.append(Finding("error", UNFINISHED))
    except NothingYet:
        findings.append(Finding("warning", nothing_yet(settings)))
    except SchemaMismatch as error:
        code = DATABASE
        findings.append(Finding("error", too_old(error)))
    begun = not findings
    findings += asyncio.run(ask_telegram(settings, chats))
    if not chats and begun:
        findings.append(Finding("warning", "no group is set up yet: add the bot to a group and send /setup there"))
    signs = {"ok": "✓", "warning": "!", "error": "✗"}
    for finding in findings:
        typer.echo(f"{signs[finding.level]} {finding.text}")
    if any(finding.level == "error" for finding in findings) or not files_fit:
        raise typer.Exit(code or FAILED)


@app.command()
def faq(
    folder: Annotated[Path | None, typer.Argument(help="The folder; without it the one of the configuration.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Put the articles that come along there, to be edited.")] = False,
    config: Config = DEFAULT,
) -> None:
    """Read the questions and answers and name everything that is wrong with them."""
    from bot import articles
    from bot.config import ConfigError, look

    try:
        settings = look(config) if folder is not None else read(config, secrets=False)
    except ConfigError:
        # A folder can be looked at before there is anything else: then nobody knows the union's categories.
        settings = None
    where = folder if folder is not None else articles.folder_of(settings) if settings else articles.SHIPPED
    if copy:
        if where == articles.SHIPPED:
            stop(WRONG, "say where to: unionbot faq my-folder --copy")
        for name in put(articles.SHIPPED, "md", where):
            typer.echo(f"  {name}")
        typer.echo(
            f'now write folder = "{where}" under [faq] in {config}, and fill in what stands between {{{{ and }}}}'
        )
    if not _told(where, *articles.look_at(where, settings)):
        raise typer.Exit(FAILED)


@app.command()
def run(
    parts: Annotated[
        list[Part] | None, typer.Argument(help="Only these parts, where others run elsewhere; without any, all.")
    ] = None,
    config: Config = DEFAULT,
) -> None:
    """Run the bot until it is told to stop."""
    settings = read(config)
    chosen = frozenset(parts or ALL)
    if problem := one_file_only(chosen, settings.database.url):
        stop(WRONG, problem)
    must_be_there(settings)
    log(settings)
    _say_it_starts(chosen)
    guarded(_run(settings, chosen), settings)


@app.command()
def inbox(
    numbers: Annotated[list[str] | None, typer.Argument(help="Incident numbers; all when none is given.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Run them again.")] = False,
    config: Config = DEFAULT,
) -> None:
    """List the messages that could not be handled, or run them again."""
    settings = read(config)
    must_be_there(settings)
    from bot import aside

    if not again:
        rows = guarded(aside.listed(settings), settings)
        wanted = {number.upper() for number in numbers or ()}
        named = {row.split()[0]: row for row in rows}
        for row in [row for name, row in named.items() if not wanted or name in wanted]:
            typer.echo(row)
        if unknown := sorted(wanted - named.keys()):
            stop(FAILED, f"not among those set aside: {', '.join(unknown)}")
        if not rows:
            typer.echo("nothing is set aside")
        return
    count, shut, unknown = guarded(aside.again(settings, numbers or ()), settings)
    typer.echo(f"{count} back in the queue" if count or shut or unknown else "nothing is set aside")
    if shut:
        stop(FAILED, f"{shut} of them were sealed with another UNIONBOT_KEY and stay where they are")
    if unknown:
        stop(FAILED, f"not among those set aside: {', '.join(unknown)}")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the story and end.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the data of the last time.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Where the chat page listens, 0 for any free port. Without it 8090, with --once any."
        ),
    ] = None,
) -> None:
    """Play a semester against a local Telegram, then let you play on."""
    from bot.demo import play
    from bot.demo.cast import DidNotHappen

    try:
        code = looped(until_told(play(*_sandbox(), once=once, keep=keep, port=port)))
    except DidNotHappen as error:
        stop(FAILED, f"✗ did not happen: {error}")
    raise typer.Exit(code or 0)


@app.command()
def posters(
    folder: Annotated[Path, typer.Option("--out", "-o", help="Where the files go.")] = Path("posters"),
    username: Annotated[str, typer.Option(help="The bot's name; without it Telegram is asked.")] = "",
    png: Annotated[bool, typer.Option("--png", help="Each sheet as a picture, too.")] = False,
    days: Annotated[int, typer.Option(min=1, max=730, help="So long the QR codes prove the campus code.")] = 180,
    config: Config = DEFAULT,
) -> None:
    """Draw a sheet with a QR code for every station."""
    settings = read(config)
    must_be_there(settings)
    from datetime import timedelta

    from bot import check as asking
    from bot import posters as sheets
    from bot.toolbox import utcnow

    name = username.lstrip("@")
    if not name:
        try:
            name = asyncio.run(asking.bots_name(settings))
        except (asking.TokenRefused, asking.Unreachable, asking.Refused) as problem:
            stop(FAILED, f"{problem}; or give the bot's name: --username your_bot")
    now = utcnow()
    last_day = (now + timedelta(days=days)).date()
    found = guarded(sheets.posters(settings, name, last_day, now), settings)
    with writing(folder):
        drawn = sheets.draw(found, settings, folder, png=png)
    for path in drawn:
        typer.echo(str(path))


def _sandbox() -> tuple[Any, Any]:
    """The sandbox's control side and a photo of its actors; the one place where the product knows of the sandbox at
    all.
    """
    from sandbox.client import Sandbox, photo

    return Sandbox, photo


# ---------------------------------------------------------------- what the commands share


def _files_fit(settings: Settings) -> bool:
    """Name what is wrong with the union's own questions and answers and surveys. Returns whether nothing is."""
    return all([_articles_fit(settings), surveys.fit(settings)])


def _articles_fit(settings: Settings) -> bool:
    """Look at the union's own questions and answers; of those that come along nothing has to be said."""
    from bot import articles

    where = articles.folder_of(settings)
    found, problems = articles.look_at(where, settings)
    return _told(where, found, [] if where == articles.SHIPPED else problems)


def _told(where: Path, found: Sequence[Article], problems: Sequence[Problem]) -> bool:
    """Say what was found in a folder of articles. Returns whether all of it can be shown."""
    for problem in problems:
        typer.echo(f"{'✗' if problem.serious else '!'} {problem}")
    keys, languages = {a.key for a in found}, {a.language for a in found}
    count = f"{len(keys)} question{'' if len(keys) == 1 else 's'} and answers"
    typer.echo(
        f"{'✓' if keys else '!'} {where}: {count} in {len(languages)} language{'' if len(languages) == 1 else 's'}"
    )
    return not any(problem.serious for problem in problems)


def _say_it_starts(parts: frozenset[Part]) -> None:
    """Before what takes long: on a slow machine reading the libraries alone takes half a minute."""
    import structlog

    structlog.get_logger().info("starting", parts=" ".join(sorted(parts)))


async def _run(settings: Settings, parts: frozenset[Part]) -> None:
    from bot.app import App, spare_the_built
    from bot.check import wait_for_telegram

    await schema.up_to_date(settings)
    await wait_for_telegram(settings)
    async with App(settings, parts=parts) as program:
        spare_the_built()
        await program.run()


def _chats_in_file(settings: Settings) -> dict[str, Seat]:
    from bot.check import Seat

    return {s.key: Seat(s.chat_id) for s in settings.station_specs() if s.chat_id is not None}


async def _chats_in_database(settings: Settings) -> dict[str, Seat]:
    """Every place that /setup gave a chat. Raises NothingYet where there is no database."""
    from bot.check import MOST_TOPICS, Seat
    from bot.vault import KeyVault
    from models import keyprint, modes, stations
    from models.database import Database
    from models.migrations import NothingYet, must_be_known

    if missing(settings.database.url):
        raise NothingYet
    database = Database(settings.database.url)
    try:
        await must_be_known(database)
        async with database.reading() as session:
            await keyprint.must_fit(session, KeyVault(settings.key_bytes()))
            return {
                place.key: Seat(place.chat_id, place.topics, await modes.topics_in(session, place.chat_id, MOST_TOPICS))
                for place in await stations.open_desks(session)
                if place.chat_id is not None
            }
    finally:
        await database.close()


if __name__ == "__main__":
    main()
