"""Tickets and their figures as a file: typed cells for a spreadsheet, or CSV that is no formula anywhere.

There is no person in it but staff: whoever filed without a name has none here, what students wrote stands on the card
only, and single ratings are no business of a table that leaves the house (the figures have them together). The names
of those who filed under theirs come only with `--names`, on the machine.

Rows come from the database in batches; never is the whole of it in memory. The running program has the file made in a
process of its own (`apart`): a hundred thousand rows keep Python busy for a quarter of a minute, and a thread would
take turns with the loop all the while.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bot import process, reports
from bot.reports import Place
from bot.spreadsheets import HOURS, SHARE, Cell, Csv, Heading, Leaf
from bot.texts import Catalogue, Texts
from models import exports, stations, statistics
from models.database import Database
from models.errors import Refusal
from models.exports import Which
from models.lifecycle import Kind, State
from models.stations import Desk
from models.statistics import Figures, Period

if TYPE_CHECKING:
    from bot.settings import Settings

FORMATS = ("xlsx", "csv")
PERIODS = ("week", "month", "last_month", "semester")
MOST_IN_CHAT = 20 * 1024 * 1024


@dataclass(frozen=True)
class Column:
    """One column: its text key's end, its width in characters, and what a ticket has in it.

    What depends on one thing of the ticket only (`by`) is put into words once an export.
    """

    key: str
    width: int
    value: Callable[[Mapping[str, Any], Texts, Settings], Cell]
    by: str | None = None


def _moment(name: str) -> Callable[[Mapping[str, Any], Texts, Settings], Cell]:
    def value(row: Mapping[str, Any], t: Texts, settings: Settings) -> Cell:
        at: datetime | None = row[name]
        # A spreadsheet knows no time zones: the union's own.
        return at.astimezone(settings.timezone).replace(tzinfo=None, microsecond=0) if at else None

    return value


COLUMNS = (
    Column("number", 8, lambda row, t, s: int(row["id"])),
    Column("kind", 10, lambda row, t, s: t.plain(f"kind.{row['kind']}"), "kind"),
    Column("category", 36, lambda row, t, s: t.pick(s.category_path(row["category"])), "category"),
    Column(
        "building",
        16,
        lambda row, t, s: t.pick(s.building_names(row["building"])) if row["building"] else None,
        "building",
    ),
    Column("station", 22, lambda row, t, s: t.pick(row["station"]), "station_id"),
    # Without the sign in front, which a filter would show as well.
    Column("state", 14, lambda row, t, s: re.sub(r"^\W+", "", t.plain(f"state.{row['state']}")), "state"),
    Column("holder", 14, lambda row, t, s: row["holder"]),
    Column("named", 10, lambda row, t, s: t.plain("export.yes" if row["named"] else "export.no"), "named"),
    Column("waiting", 10, lambda row, t, s: int(row["requesters"])),
    Column("urged", 8, lambda row, t, s: int(row["urged"])),
    Column("reopened", 10, lambda row, t, s: int(row["reopenings"])),
    Column("filed", 17, _moment("filed_at")),
    Column("reply_due", 17, _moment("reply_due")),
    Column("replied", 17, _moment("replied_at")),
    Column("resolve_due", 17, _moment("resolve_due")),
    Column("resolved", 17, _moment("resolved_at")),
    Column("closed", 17, _moment("closed_at")),
)
FILER = Column("filer", 16, lambda row, t, s: row["filer"])
"""Of those who filed under their name, and only with `--names`."""
FIGURES = {
    "figure": 34,
    "station": 36,
    "hits": 12,
    "of": 12,
    "share": 12,
    "low": 12,
    "high": 12,
    "unanswered": 14,
    "median": 14,
    "ninth": 18,
}
"""The columns of the figures, with their widths: a rate has its numbers in the first ones, a time in the last two."""


class Sheet(Protocol):
    """A file being written, row by row."""

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """More tickets."""

    def close(self, figures: Sequence[Sequence[Cell]]) -> None:
        """The figures, where the format has a place for them, and the end of the file."""


class _Xlsx:
    def __init__(self, path: Path, columns: Sequence[Column], t: Texts) -> None:
        from openpyxl import Workbook

        self._path, self._t = path, t
        self._book = Workbook(write_only=True)
        heads = [Heading(t.plain(f"export.column.{column.key}"), column.width) for column in columns]
        self._tickets = Leaf(self._book, t.plain("export.sheet.tickets"), heads)

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        self._tickets.add(rows)

    def close(self, figures: Sequence[Sequence[Cell]]) -> None:
        self._tickets.filter()
        heads = [
            Heading(self._t.plain(f"export.figure.{key}"), width, HOURS if key in ("median", "ninth") else SHARE)
            for key, width in FIGURES.items()
        ]
        Leaf(self._book, self._t.plain("export.sheet.figures"), heads).add(figures)
        self._book.save(self._path)


class _Csv:
    def __init__(self, path: Path, columns: Sequence[Column], t: Texts) -> None:
        self._table = Csv(path, [t.plain(f"export.column.{column.key}") for column in columns])

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        self._table.add(rows)

    def close(self, figures: Sequence[Sequence[Cell]]) -> None:
        self._table.close()


async def write(
    database: Database,
    which: Which,
    path: Path,
    kind: str,
    t: Texts,
    settings: Settings,
    now: datetime,
    *,
    names: bool = False,
) -> int:
    """Write the tickets to this path; the loop has no turn meanwhile. Returns how many there are."""
    columns = (*COLUMNS, FILER) if names else COLUMNS
    sheet: Sheet = (_Xlsx if kind == "xlsx" else _Csv)(path, columns, t)
    count, words = 0, _Words(columns, t, settings)
    async for batch in exports.batches(database, which):
        sheet.add([words.row(row) for row in batch])
        count += len(batch)
    places: list[Place] = []
    if kind == "xlsx":
        async with database.reading() as session:
            places = await _places(session, which, t, settings, now)
    sheet.close(_figures(places, t, settings))
    return count


async def write_apart(
    database: Database, which: Which, path: Path, kind: str, language: str, settings: Settings, now: datetime
) -> int:
    """`write` in a process of its own. Returns how many tickets there are. Raises RuntimeError when it fails."""
    made = await process.done(__name__, database.address, which, str(path), kind, language, settings, now)
    return int(made)


async def _write_alone(
    address: str, which: Which, path: str, kind: str, language: str, settings: Settings, now: datetime
) -> int:
    database, t = Database(address), Catalogue.load(settings.timezone)[language]
    try:
        return await write(database, which, Path(path), kind, t, settings, now)
    finally:
        await database.leave()


def _work(*task: Any) -> int:
    return asyncio.run(_write_alone(*task))


class _Words:
    """Tickets in words; what many have in common is said once."""

    def __init__(self, columns: Sequence[Column], t: Texts, settings: Settings) -> None:
        self._columns, self._t, self._settings = columns, t, settings
        self._said: dict[tuple[str, Any], Cell] = {}

    def row(self, row: Mapping[str, Any]) -> list[Cell]:
        return [self._cell(column, row) for column in self._columns]

    def _cell(self, column: Column, row: Mapping[str, Any]) -> Cell:
        if column.by is None:
            return column.value(row, self._t, self._settings)
        key = column.key, row[column.by]
        if key not in self._said:
            self._said[key] = column.value(row, self._t, self._settings)
        return self._said[key]


async def _places(session: AsyncSession, which: Which, t: Texts, settings: Settings, now: datetime) -> list[Place]:
    """The places with their figures, as /stats counts them; with a filter also those of all the tickets of the period,
    because few answers could be had by subtraction.
    """
    calendar, span = settings.work_calendar(), Period("export", which.begin, which.end)
    desks = [desk for desk in await stations.open_desks(session) if desk.desk is not Desk.SUPERVISORS]
    if which.station is not None:
        found = await stations.by_key(session, which.station)
        desks = [found] if found is not None else []
    one = desks[0].id if which.station is not None and desks else None
    counted = await statistics.count(session, span, calendar, now, one, which.among())
    whole = await statistics.answers(session, span, one) if which.among() else None
    return [
        Place(
            t.pick(desk.names),
            counted.get(desk.id, Figures()),
            [whole.get(desk.id, Figures())] if whole is not None else [],
        )
        for desk in desks
    ]


def _figures(places: Sequence[Place], t: Texts, settings: Settings) -> list[list[Cell]]:
    """Each rate with numerator, denominator, share, interval and how many did not answer; the times in hours."""
    rows: list[list[Cell]] = []
    if not places:
        return rows
    cell, total = settings.surveys.minimum_cell, reports.in_sum(places, t)
    shown = (*places, total) if len(places) > 1 else places
    for name in reports.RATES:
        for place in shown:
            share = reports.share_of(place.figures, name)
            start: list[Cell] = [t.plain(f"figure_name.{name}"), place.name]
            if reports.told_among(place, total, places, name, cell):
                low, high = share.rate.interval()
                rows.append([*start, share.rate.hits, share.rate.of, share.rate.share, low, high, share.silent])
            else:
                rows.append([*start, reports.why_not(share, name, cell, t)])
    for name, times in (("reply_time", "reply_minutes"), ("close_time", "close_minutes")):
        for place in shown:
            found = statistics.spread(getattr(place.figures, times))
            if found is not None:
                hours = [length / timedelta(hours=1) for length in (found.median, found.ninth)]
                rest: list[Cell] = [None, found.count, None, None, None, None, *hours]
                rows.append([t.plain(f"figure_name.{name}"), place.name, *rest])
    return rows


# ---------------------------------------------------------------- which


def period(word: str, today: date, settings: Settings) -> tuple[date, date]:
    """The first and the last day of a period as somebody writes it. Raises Refusal for anything else."""
    if word == "week":
        return today - timedelta(days=6), today
    if word == "month":
        return today.replace(day=1), today
    if word == "last_month":
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    if word == "semester":
        begun = [s for s in settings.calendar.semesters if s.starts <= today]
        if not begun:
            raise Refusal("export.no_semester")
        semester = max(begun, key=lambda s: s.starts)
        return semester.starts, min(semester.ends, today)
    try:
        first = date.fromisoformat(f"{word}-01")
    except ValueError:
        raise Refusal("export.which") from None
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def filter_of(word: str, settings: Settings, t: Texts) -> tuple[str, str] | None:
    """What a word leaves in: a kind, a state or a category, by its key or as this language calls it."""
    for name, known in (("kind", Kind), ("state", State)):
        for each in known:
            if word in (each.value, re.sub(r"^\W+", "", t.plain(f"{name}.{each}")).lower()):
                return name, each.value
    for key in settings.category_keys():
        if word in (key, t.pick(settings.category_names(key)).lower()):
            return "category", key
    return None


def which(wish: Mapping[str, Any], settings: Settings) -> Which:
    """The tickets of a wish: days as ISO, both of them in it."""

    def begin(day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=settings.timezone)

    return Which(
        begin(date.fromisoformat(wish["from"])),
        begin(date.fromisoformat(wish["to"]) + timedelta(days=1)),
        station=wish.get("station"),
        kind=Kind(wish["kind"]) if wish.get("kind") else None,
        category=wish.get("category"),
        state=State(wish["state"]) if wish.get("state") else None,
    )


if __name__ == "__main__":
    process.serve(_work)
