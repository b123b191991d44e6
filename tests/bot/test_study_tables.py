"""Who came, as a table: typed cells, nothing a formula, and what the list says."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl

from bot import study_tables
from bot.texts import Catalogue
from models.people import Person
from models.union.gatherings import Attendance, Gathering, Kind, Part


def test_who_came_is_a_table_of_plain_cells_in_local_time(now: datetime) -> None:
    t = Catalogue.load(ZoneInfo("Asia/Shanghai"))["en"]
    ends = now + timedelta(hours=2)
    it = Gathering(id=7, kind=Kind.TRAINING, titles={"en": "=Serving"}, place="Hall 3", starts_at=now, ends_at=ends)
    wang, li = Person(id=1, name="=Wang"), Person(id=2, name="Li")
    found = [
        (wang, Attendance(part=Part.CAME, signed_in_at=now, confirmed_by_id=2)),
        (li, Attendance(part=Part.MISSED)),
        (Person(id=3, name="Zhao"), Attendance(part=Part.CAME, signed_in_at=now)),
    ]
    out = io.BytesIO()
    study_tables.xlsx(it, found, {1: [{"en": "East"}, {"en": "Office"}]}, out, t, now)
    book = openpyxl.load_workbook(out)
    _, *rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert rows == [
        ["=Wang", "East, Office", "came", datetime(2026, 10, 12, 9, 30), "yes"],  # noqa: DTZ001
        ["Li", None, "missed", None, None],
        ["Zhao", None, "came", datetime(2026, 10, 12, 9, 30), None],  # noqa: DTZ001
    ]
    assert "f" not in {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row}, "no formula"
    about = [cell.value for row in book.worksheets[1].iter_rows() for cell in row]
    assert {"=Serving", "Mon 12 Oct 09:30–11:30", "Hall 3"} <= set(about)
