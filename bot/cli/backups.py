"""`unionbot backup` and `unionbot restore`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.shell import ADDRESS, DATABASE, DEFAULT, FAILED, WRONG, Config, guarded, must_be_there, read, stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.erasures import Erased

VARIABLE = "UNIONBOT_BACKUP_PASSPHRASE"
SHORTEST = 12
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help=f"Its first line; else {VARIABLE}, else it is asked for.")
]


def backup(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; there must be none.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Instead of a file: where it gets a name by its moment.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="With --folder: so many stay there, the newest.")] = None,
    passphrase_file: PassphraseFile = None,
    config: Config = DEFAULT,
) -> None:
    """Write all of the database to a file that opens with the owner's passphrase only; the program may run on."""
    if (output is None) is (folder is None):
        stop(WRONG, "where to? unionbot backup -o FILE, or --folder FOLDER")
    if keep is not None and folder is None:
        stop(WRONG, "--keep is for a --folder of backups; without one nothing is deleted")
    settings = read(config)
    must_be_there(settings)
    from bot.backups import taking
    from bot.toolbox import utcnow

    server = guarded(taking.server_of(settings), settings)
    phrase = _passphrase(passphrase_file, new=True)
    now = utcnow()
    path = output if output is not None else (folder or Path()) / taking.NAME.format(now)
    about = _saying(lambda: taking.take(settings, server, path, phrase, now), path)
    typer.echo(f"✓ {path}: {about.size} bytes of {about.engine} at revision {about.revision}, read again and whole")
    if folder is not None and keep is not None:
        for gone in _saying(lambda: taking.leave(folder, keep), folder):
            typer.echo(f"  gone: {gone.name}")
    if not guarded(taking.taken(settings, now), settings):
        typer.echo("! the database did not take that there is one: the alarm may miss it", err=True)


def restore(
    file: Annotated[Path, typer.Argument(help="What `unionbot backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Yes, in the place of what is in the database.")] = False,
    erasures: Annotated[
        list[Path] | None, typer.Option(help="Another copy of the list of those who were forgotten.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    config: Config = DEFAULT,
) -> None:
    """Put a backup in the place of the database; nothing may be running."""
    settings = read(config)
    if not file.exists():
        stop(WRONG, f"{file}: there is no such file")
    from bot.backups import restoring
    from bot.toolbox import utcnow

    beside = settings.erasures_file()
    blind = not erasures and not beside.exists()
    lists = _lists(beside, erasures or [])
    phrase = _passphrase(passphrase_file, new=False)
    done = _saying(
        lambda: guarded(
            restoring.restore(settings, file, phrase, lists, utcnow(), replace=replace), settings, any_state=True
        ),
        file,
    )
    typer.echo(f"✓ restored as of {done.about.taken_at}; what was said and done since is not in it")
    typer.echo(f"  {done.forgotten} who had themselves forgotten since are forgotten again")
    if blind:
        typer.echo(
            f"! no list of erasures at {beside}: who took /forget since is back, but for those whom the database"
        )
        typer.echo("  that was replaced still knew as forgotten. If there is a copy, once more before anything runs:")
        typer.echo("  unionbot restore FILE --replace --erasures COPY")
    typer.echo(f"  {done.unknown} messages may have been sent since: staff see those to students as unknown")
    if done.kept is not None:
        typer.echo(f"  what was there before is in {done.kept}: delete it when nobody needs it any more")


def _lists(beside: Path, others: list[Path]) -> Erased:
    from models import erasures

    found: dict[str, Any] = {}
    for path in (beside, *others):
        if path in others and not path.exists():
            stop(WRONG, f"{path}: there is no such file")
        try:
            found |= erasures.read(path)
        except erasures.Unreadable:
            stop(FAILED, f"{path} is no whole list of erasures: who was forgotten since would come back. Put it right")
    return found


def _saying(work: Callable[[], Any], where: Path) -> Any:
    """Do it; what can be wrong is one sentence, with its exit code."""
    import sqlite3

    from bot.backups import archive, postgres, restoring
    from models.lease import Taken

    try:
        return work()
    except archive.Unusable as error:
        stop(FAILED, f"✗ {where}: {error}. Nothing was changed")
    except restoring.NotEmpty:
        stop(FAILED, "✗ the database is not empty: --replace puts the backup in its place. Nothing was changed")
    except postgres.ToolFailed as error:
        stop(FAILED, f"✗ {error}")
    except Taken:
        stop(ADDRESS, "another backup is being taken: wait for it")
    except FileExistsError:
        stop(FAILED, f"✗ {where} is there already and stays as it is")
    except sqlite3.Error as error:
        stop(DATABASE, f"✗ the database cannot be used: {error}")
    except OSError as error:
        stop(FAILED, f"✗ {where}: {error.strerror or error}")


def _passphrase(file: Path | None, *, new: bool) -> str:
    """From the file, the environment or a prompt; never from the command line, which others can read."""
    if file is not None:
        try:
            given = file.read_text(encoding="utf-8").splitlines()[:1]
        except OSError as error:
            stop(WRONG, f"{file}: {error.strerror or error}")
        phrase = given[0] if given else ""
    elif VARIABLE in os.environ:
        phrase = os.environ[VARIABLE]
    elif sys.stdin.isatty():
        phrase = typer.prompt("passphrase", hide_input=True, confirmation_prompt=new)
    else:
        stop(WRONG, f"which passphrase? --passphrase-file FILE, or {VARIABLE} in the environment")
    if new and len(phrase) < SHORTEST:
        stop(WRONG, f"the passphrase needs {SHORTEST} characters at least: everything that is kept hangs on it")
    return phrase
