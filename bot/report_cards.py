"""The second-class report card as a file for a spreadsheet: who helped where, as what and how long, and who took part
in how many surveys. Student numbers are opened here, in memory, for whoever in the office asked.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from bot.settings import Settings
from bot.spreadsheets import HOURS, Cell, Heading, Leaf
from bot.texts import Texts
from models import roster
from models.calendar import Semester
from models.vault import Vault

WIDTHS = {
    "number": 16,
    "name": 20,
    "activity": 34,
    "kind": 18,
    "role": 16,
    "hours": 8,
    "from": 17,
    "until": 17,
    "organiser": 22,
    "level": 14,
    "confirmation": 40,
}
"""The columns, with their widths in characters."""
LONG = ("name", "activity", "organiser", "confirmation")
"""What may be longer than its column goes on in another line."""


def xlsx(
    helped: Sequence[Row[Any]], surveys: Sequence[Row[Any]], term: Semester, vault: Vault, t: Texts, settings: Settings
) -> bytes:
    """One line for each time somebody helped, then one for each who took part in surveys, as they are given."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    headings = [Heading(t.plain(f"report_card.{key}"), width, HOURS, key in LONG) for key, width in WIDTHS.items()]
    leaf = Leaf(book, t.plain("report_card.sheet"), headings)
    leaf.add([_helped(row, vault, t, settings) for row in helped])
    leaf.add([_surveys(row, term, vault, t, settings) for row in surveys])
    leaf.filter()
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _helped(row: Row[Any], vault: Vault, t: Texts, settings: Settings) -> list[Cell]:
    number, name = roster.opened(row, vault) if row.sealed is not None else (None, row.name)
    organiser = row.organiser if row.organiser is not None else settings.union.name
    starts, ends = (
        at.astimezone(settings.timezone).replace(tzinfo=None, second=0, microsecond=0)
        for at in (row.starts_at, row.ends_at)
    )
    return [
        number,
        name if number is not None else t.plain("report_card.on_telegram", name=name),
        t.pick(row.titles),
        t.plain("report_card.training" if row.trains else "report_card.volunteering"),
        t.pick(row.role),
        row.minutes / 60 if row.minutes is not None else None,
        starts,
        ends,
        t.pick(organiser),
        t.plain(f"volunteer.level.{row.level}"),
        _confirmation(row, t),
    ]


def _confirmation(row: Row[Any], t: Texts) -> str:
    if row.minutes is None:
        said = t.plain("report_card.unconfirmed")
    else:
        day = t.full_day(row.confirmed_at.astimezone(t.timezone).date())
        said = t.plain("report_card.confirmed", by=row.confirmed_by or "—", day=day)
    return said + (" · " + t.plain("report_card.disputed") if row.disputed else "")


def _surveys(row: Row[Any], term: Semester, vault: Vault, t: Texts, settings: Settings) -> list[Cell]:
    """Without a day: beside one the moment of a ballot could be guessed."""
    number, name = roster.opened(row, vault)
    activity = t.plain("report_card.took_part", count=row.surveys, semester=term.name)
    kind, role = t.plain("report_card.surveys"), t.plain("report_card.participant")
    level = t.plain("volunteer.level.university")
    by = t.plain("report_card.counted")
    return [number, name, activity, kind, role, None, None, None, t.pick(settings.union.name), level, by]
