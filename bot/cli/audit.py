"""`unionbot audit`: whether the records are as they were written, and who did what to which ticket when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.shell import DEFAULT, FAILED, WRONG, Config, guarded, opened, read, stop

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.settings import Settings
    from models.seals import Finding, Step, Verdict

app = typer.Typer(help="Who did what: the records, and whether they are intact.", no_args_is_help=True)
SEAL_SHOWN = 16
UNTOLD = frozenset({"reason", "text", "words"})
"""Details in people's own words: the operator reads no contents through the program."""


@app.command()
def verify(
    expect: Annotated[
        str, typer.Option(help="An entry and its seal as an earlier run said them (1200:0f3a…): sees a cut-off end.")
    ] = "",
    config: Config = DEFAULT,
) -> None:
    """Walk the whole chain of the records; exit code 1 at the first entry that is not what was sealed."""
    settings = read(config)
    verdict = guarded(_verify(settings, _expected(expect)), settings)
    if verdict.finding is not None:
        stop(
            FAILED,
            f"✗ {_what_is_wrong(verdict.finding, settings.timezone)}",
            f"  before it: {_intact(verdict, settings)}",
        )
    typer.echo(f"✓ {_intact(verdict, settings)}, {verdict.waiting} not sealed yet")
    if verdict.entries:
        typer.echo(f"  keep this outside the machine: --expect {verdict.entries}:{verdict.head[:SEAL_SHOWN]}")


@app.command()
def show(
    ticket: Annotated[int | None, typer.Option(help="Of this ticket only.")] = None,
    since: Annotated[str, typer.Option(help="From this day on, 2026-10-01.")] = "",
    until: Annotated[str, typer.Option(help="Up to and with this day.")] = "",
    config: Config = DEFAULT,
) -> None:
    """Print who did what, the oldest first."""
    settings = read(config)
    begin, end = day_of(since, "since"), day_of(until, "until")
    guarded(_show(settings, ticket, _midnight(begin, settings), _midnight(end, settings, after=True)), settings)


async def _verify(settings: Settings, expected: tuple[int, str] | None) -> Verdict:
    from bot.vault import KeyVault
    from models import seals

    async with opened(settings) as database, database.reading() as session:
        return await seals.verify(session, KeyVault(settings.key_bytes()), expected)


async def _show(settings: Settings, ticket: int | None, since: datetime | None, until: datetime | None) -> None:
    from sqlalchemy import select

    from models import seals
    from models.people import Person

    names: dict[int, str] = {}
    async with opened(settings) as database, database.reading() as session:
        shown = 0
        async for step in seals.steps(session, ticket_id=ticket, since=since, until=until):
            if step.staff_id is not None and step.staff_id not in names:
                names[step.staff_id] = await session.scalar(select(Person.name).where(Person.id == step.staff_id)) or ""
            typer.echo(_line(step, names.get(step.staff_id or 0, ""), settings.timezone))
            shown += 1
    if not shown:
        typer.echo("nothing was done then")


def _line(step: Step, name: str, timezone: ZoneInfo) -> str:
    moved = f"{step.before} → {step.after}" if step.before and step.before != step.after else step.after or ""
    about = f"#{step.ticket_id}" if step.ticket_id is not None else ""
    detail = " ".join(f"{key}={value}" for key, value in step.detail.items() if key not in UNTOLD)
    parts = (f"{step.at.astimezone(timezone):%Y-%m-%d %H:%M:%S}", about, step.what, moved, name, detail)
    return "  ".join(part for part in parts if part)


def _intact(verdict: Verdict, settings: Settings) -> str:
    count = f"{verdict.entries} {'entry' if verdict.entries == 1 else 'entries'}"
    if verdict.until is None:
        return count
    return f"{count}, intact up to {verdict.until.astimezone(settings.timezone):%Y-%m-%d %H:%M}"


def _what_is_wrong(finding: Finding, timezone: ZoneInfo) -> str:
    from models.seals import Source, step_of

    which = f"entry {finding.number}" if finding.number else "not sealed"
    if finding.row is not None and finding.source is not None:
        step = step_of(Source(finding.source), finding.row)
        which += f" ({_line(step, f'person {step.staff_id}' if step.staff_id else '', timezone)})"
    elif finding.source is not None:
        which += f" ({finding.source} {finding.row_id})"
    return f"{which}: {finding.flaw.value}"


def _expected(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    number, _, seal = text.partition(":")
    if not number.isdigit() or not seal:
        stop(WRONG, f"--expect {text!r} is no entry and its seal; write them as `unionbot audit verify` said them")
    return int(number), seal


def day_of(text: str, option: str) -> date | None:
    """A day of the command line; None when none is given. Ends with exit code 2 at anything else."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        stop(WRONG, f"--{option} {text!r} is no day; write for example --{option} 2026-10-01")


def _midnight(day: date | None, settings: Any, *, after: bool = False) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=after), time(), tzinfo=settings.timezone)
