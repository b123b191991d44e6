"""`unionbot roster` and `unionbot code`: who may use the desk. `unionbot import roster` is the same, as an import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli import imports
from bot.shell import DEFAULT, FAILED, WRONG, Config, guarded, must_be_there, read, stop


def roster(
    file: Annotated[Path | None, typer.Argument(help="A CSV file: number, name, college, level, audience, …")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    shrink: Annotated[bool, typer.Option("--shrink", help="Yes, so many are gone.")] = False,
    codes: Annotated[
        Path | None, typer.Option(help="Write one-time codes for everybody who has not proved a number.")
    ] = None,
    config: Config = DEFAULT,
) -> None:
    """Import the list of students, or write the codes that the colleges hand out."""
    settings = read(config)
    if file is None and codes is None:
        stop(WRONG, "which file? unionbot roster students.csv, or --codes codes.csv")
    must_be_there(settings)
    from bot import enrolment
    from bot.toolbox import utcnow

    if file is not None:
        found = enrolment.read(file, settings)
        if found.problems:
            more = len(found.problems) - enrolment.SHOWN
            lines = [f"  • {problem}" for problem in found.problems[: enrolment.SHOWN]]
            count = len(found.problems)
            head = f"{file}: {count} thing{'s' if count > 1 else ''} to mend; nothing was changed"
            stop(WRONG, head, *lines, *([f"  … and {more} more"] if more > 0 else []))
        difference = guarded(enrolment.compare(settings, found.lines), settings)
        for line in enrolment.told(difference):
            typer.echo(line)
        if enrolment.too_many_gone(difference) and not shrink:
            gone, held = len(difference.gone), difference.held
            stop(
                FAILED,
                f"{gone} of {held} would be gone: is it the whole list? If so, add --shrink. Nothing was changed",
            )
        if dry_run:
            typer.echo("nothing was changed")
            return
        guarded(enrolment.bring_in(settings, found.lines, utcnow()), settings)
        typer.echo("imported")
    if codes is not None and not dry_run:
        count = guarded(enrolment.codes(settings, codes, utcnow()), settings)
        typer.echo(f"{count} one-time codes in {codes}; hand them out and delete the file")


@imports.app.command("roster")
def roster_(
    file: Annotated[Path, typer.Argument(help="A CSV file: number, name, college, level, audience, …")],
    apply: imports.Apply = False,
    shrink: Annotated[bool, typer.Option("--shrink", help="Yes, so many are gone.")] = False,
    config: Config = DEFAULT,
) -> None:
    """The list of students, as `unionbot roster` does it."""
    roster(file, dry_run=not apply, shrink=shrink, codes=None, config=config)


def code(
    new: Annotated[bool, typer.Option("--new", help="Another code from now on.")] = False,
    keep_days: Annotated[int, typer.Option(min=0, max=365, help="So long the old one still opens.")] = 14,
    config: Config = DEFAULT,
) -> None:
    """Show the campus code, or change it."""
    settings = read(config)
    must_be_there(settings)
    from datetime import timedelta

    from bot import campuscode

    typer.echo(guarded(campuscode.shown(settings, new=new, keep=timedelta(days=keep_days)), settings))
