"""Files for a spreadsheet: typed cells, or CSV that is no formula anywhere; written row by row."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bot.texts import columns as wide
from bot.untrusted import for_xml

MOMENT, DAY, SHARE, HOURS = "yyyy-mm-dd hh:mm", "yyyy-mm-dd", "0.0%", "0.0"
"""How moments, days, shares (0–1) and other numbers with a fraction are shown."""
LINE, AIR = 15, 4
"""How high a line is, in points, and how many characters less than its width go into one."""
DIGITS = 4
"""Of a number in a CSV: 0.0001 is a hundredth of a per cent."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell of a CSV begins with that a spreadsheet works out; the wide ones are typed with a Chinese keyboard, and
taken for the narrow ones.
"""

Cell = str | int | float | datetime | date | None


class Heading(NamedTuple):
    """A column: its name, its width in characters, how a number with a fraction is shown in it, and whether long words
    go on in another line.
    """

    name: str
    width: int
    fraction: str = SHARE
    wraps: bool = False


class Leaf:
    """One sheet of an openpyxl book that is only written to."""

    def __init__(self, book: Any, title: str, columns: Sequence[Heading]) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Font
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.properties import PageSetupProperties

        self._sheet = book.create_sheet(title)
        for i, column in enumerate(columns, 1):
            self._sheet.column_dimensions[get_column_letter(i)].width = column.width
        self._sheet.freeze_panes = "A2"
        # Printed, a row stands on one sheet of paper, under its heading.
        self._sheet.page_setup.orientation, self._sheet.page_setup.fitToHeight = "landscape", 0
        self._sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        self._sheet.print_title_rows = "1:1"
        self._last = get_column_letter(len(columns))
        self._count = 0
        cells = [WriteOnlyCell(self._sheet) for _ in columns]
        for cell, column in zip(cells, columns, strict=True):
            _be_words(cell, column.name)
            cell.font, cell.alignment = Font(name="Calibri", bold=True), Alignment(wrap_text=True, vertical="top")
        self._sheet.append(cells)
        self._wrapping = [(i, column.width) for i, column in enumerate(columns) if column.wraps]
        self._cells = [self._of_column(column) for column in columns]
        self._heighten(1, max(-(-wide(column.name) // max(column.width - AIR, 1)) for column in columns))

    def _of_column(self, column: Heading) -> dict[type, Any]:
        """A cell for each kind of value, used again in each row: making one and its style took longest of all. On a
        sheet where something goes on in another line, all stands on top of its row.
        """
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment

        cells: dict[type, Any] = {kind: WriteOnlyCell(self._sheet) for kind in (str, int, float, datetime, date)}
        formats = {datetime: MOMENT, date: DAY, float: column.fraction}
        for kind, form in formats.items():
            cells[kind].number_format = form
        if self._wrapping:
            for cell in cells.values():
                cell.alignment = Alignment(vertical="top")
        if column.wraps:
            cells[str].alignment = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)
        return cells

    def _heighten(self, row: int, lines: int) -> None:
        """Not every program makes a row as high as its words; so it is said."""
        if lines > 1:
            self._sheet.row_dimensions[row].height = LINE * lines

    @staticmethod
    def _filled(cells: Mapping[type, Any], value: Cell) -> Any:
        if value is None:
            return None
        cell = cells[type(value)]
        if isinstance(value, str):
            _be_words(cell, value)
        else:
            cell.value = value
        return cell

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """More rows, each from the first column on."""
        for number, row in enumerate(rows, self._count + 2):
            words = [(row[i], width) for i, width in self._wrapping if i < len(row)]
            lines = [-(-wide(text) // (width - AIR)) for text, width in words if isinstance(text, str)]
            self._heighten(number, max(lines, default=1))
            self._sheet.append([self._filled(cells, value) for cells, value in zip(self._cells, row, strict=False)])
        self._count += len(rows)

    def filter(self) -> None:
        """What is there can be sorted and filtered."""
        self._sheet.auto_filter.ref = f"A1:{self._last}{self._count + 1}"


def _be_words(cell: Any, text: str) -> None:
    """Whatever it begins with, it is text."""
    cell.value = for_xml(text)
    cell.data_type = "s"


class Csv:
    """A table as text."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        # Without the mark in front a spreadsheet reads Chinese as something else.
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([_plain(name) for name in names])

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """More rows."""
        self._writer.writerows([[_plain(value) for value in row] for row in rows])

    def close(self) -> None:
        """It is all written."""
        self._file.close()


def _plain(value: Cell) -> str | int | float:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULAS) else value
    if isinstance(value, float):
        return round(value, DIGITS)
    return "" if value is None else value
