"""Tickets and their figures as a file: typed cells for a spreadsheet, or CSV that is no formula anywhere.

There is no person in it but staff: whoever filed without a name has none here, what students wrote stands on the card
only, and single ratings are no business of a table that leaves the house (the figures have them together). The names
of those who filed under theirs come only with `--names`, on the machine.

Rows come from the database in batches and are written away in a thread; never is the whole of it in memory.
"""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot.texts import Texts
from models import exports, tallies
from models.database import Database
from models.errors import Refusal
from models.exports import Which
from models.lifecycle import Kind, State
from models.tallies import Tally

if TYPE_CHECKING:
    from bot.settings import Settings

FORMATS = ("xlsx", "csv")
PERIODS = ("week", "month", "last_month", "semester")
MOMENT, SHARE = "yyyy-mm-dd hh:mm", "0.0%"
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
MOST_IN_CHAT = 20 * 1024 * 1024

Cell = str | int | float | datetime | None


@dataclass(frozen=True)
class Column:
    """One column: its text key's end, its width in characters, and what a ticket has in it."""

    key: str
    width: int
    value: Callable[[Any, Texts, Settings], Cell]


def _moment(name: str) -> Callable[[Any, Texts, Settings], Cell]:
    def value(row: Any, t: Texts, settings: Settings) -> Cell:
        at: datetime | None = getattr(row, name)
        # A spreadsheet knows no time zones: the union's own.
        return at.astimezone(settings.timezone).replace(tzinfo=None, microsecond=0) if at else None

    return value


COLUMNS = (
    Column("number", 8, lambda row, t, s: int(row.id)),
    Column("kind", 10, lambda row, t, s: t.plain(f"kind.{row.kind}")),
    Column("category", 28, lambda row, t, s: t.pick(s.category_path(row.category))),
    Column("building", 16, lambda row, t, s: t.pick(s.building_names(row.building)) if row.building else None),
    Column("station", 22, lambda row, t, s: t.pick(row.station)),
    # Without the sign in front, which a filter would show as well.
    Column("state", 14, lambda row, t, s: re.sub(r"^\W+", "", t.plain(f"state.{row.state}"))),
    Column("holder", 14, lambda row, t, s: row.holder),
    Column("named", 10, lambda row, t, s: t.plain("export.yes" if row.named else "export.no")),
    Column("waiting", 10, lambda row, t, s: int(row.requesters)),
    Column("urged", 8, lambda row, t, s: int(row.urged)),
    Column("reopened", 10, lambda row, t, s: int(row.reopenings)),
    Column("filed", 17, _moment("filed_at")),
    Column("reply_due", 17, _moment("reply_due")),
    Column("replied", 17, _moment("replied_at")),
    Column("resolve_due", 17, _moment("resolve_due")),
    Column("resolved", 17, _moment("resolved_at")),
    Column("closed", 17, _moment("closed_at")),
)
FILER = Column("filer", 16, lambda row, t, s: row.filer)
"""Of those who filed under their name, and only with `--names`."""


class Sheet(Protocol):
    """A file being written, row by row, in a thread."""

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """More tickets."""

    def close(self, figures: Sequence[Sequence[Cell]]) -> None:
        """The figures, where the format has a place for them, and the end of the file."""


class _Xlsx:
    def __init__(self, path: Path, columns: Sequence[Column], t: Texts) -> None:
        from openpyxl import Workbook
        from openpyxl.utils import get_column_letter

        self._path, self._t = path, t
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(t.plain("export.sheet.tickets"))
        for i, column in enumerate(columns, 1):
            self._sheet.column_dimensions[get_column_letter(i)].width = column.width
        self._sheet.freeze_panes = "A2"
        self._last = get_column_letter(len(columns))
        self._count = 0
        self._write(self._sheet, [t.plain(f"export.column.{column.key}") for column in columns], bold=True)

    def _write(self, sheet: Any, values: Sequence[Cell], *, bold: bool = False) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
        from openpyxl.styles import Font

        cells = []
        for value in values:
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value)
            if isinstance(value, str):
                # Whatever it begins with, it is text.
                cell.data_type = "s"
            elif isinstance(value, datetime):
                cell.number_format = MOMENT
            elif isinstance(value, float):
                cell.number_format = SHARE
            if bold:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        for row in rows:
            self._write(self._sheet, row)
        self._count += len(rows)

    def close(self, figures: Sequence[Sequence[Cell]]) -> None:
        self._sheet.auto_filter.ref = f"A1:{self._last}{self._count + 1}"
        second = self._book.create_sheet(self._t.plain("export.sheet.figures"))
        for letter, width in zip("ABCDEFG", (24, 12, 12, 12, 12, 12, 12), strict=True):
            second.column_dimensions[letter].width = width
        second.freeze_panes = "A2"
        for i, row in enumerate(figures):
            self._write(second, row, bold=i == 0)
        self._book.save(self._path)


class _Csv:
    def __init__(self, path: Path, columns: Sequence[Column], t: Texts) -> None:
        # Without the mark in front a spreadsheet reads Chinese as something else.
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([t.plain(f"export.column.{column.key}") for column in columns])

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        self._writer.writerows([[_plain(value) for value in row] for row in rows])

    def close(self, figures: Sequence[Sequence[Cell]]) -> None:
        self._file.close()


def _plain(value: Cell) -> str | int | float:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULAS) else value
    return "" if value is None else value


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
    """Write the tickets to this path. Returns how many there are."""
    columns = (*COLUMNS, FILER) if names else COLUMNS
    sheet: Sheet = await asyncio.to_thread(_Xlsx if kind == "xlsx" else _Csv, path, columns, t)
    count = 0
    async for batch in exports.batches(database, which):
        await asyncio.to_thread(_add, sheet, batch, columns, t, settings)
        count += len(batch)
    async with database.reading() as session:
        found = await tallies.tallies(session, which, now, settings.surveys.minimum_cell)
    await asyncio.to_thread(sheet.close, _figures(found, t, settings))
    return count


def _add(sheet: Sheet, batch: Sequence[Any], columns: Sequence[Column], t: Texts, settings: Settings) -> None:
    sheet.add([[column.value(row, t, settings) for column in columns] for row in batch])


FIGURE_COLUMNS = ("figure", "hits", "of", "share", "low", "high", "unanswered")


def _figures(found: Sequence[Tally], t: Texts, settings: Settings) -> list[list[Cell]]:
    """Each rate with numerator, denominator, share, interval and how many did not answer."""
    rows: list[list[Cell]] = [[t.plain(f"export.figure.{key}") for key in FIGURE_COLUMNS]]
    for tally in found:
        name = t.plain(f"export.rate.{tally.key}")
        if tally.hidden:
            rows.append([name, t.plain("export.too_few", cell=settings.surveys.minimum_cell)])
        elif not tally.rate.of:
            rows.append([name, 0, 0, None, None, None, tally.unanswered])
        else:
            low, high = tally.rate.interval()
            rows.append([name, tally.rate.hits, tally.rate.of, tally.rate.share, low, high, tally.unanswered])
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
