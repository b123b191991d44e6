"""Who came to a study or a training, as a table for the office's own files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

from bot import studies
from bot.spreadsheets import Cell, Heading, Leaf
from bot.texts import Texts
from models.people import Person
from models.union.gatherings import Attendance, Gathering

WIDTHS = {"name": 24, "places": 30, "part": 14, "in": 18, "by_hand": 14}


def xlsx(
    gathering: Gathering,
    found: Sequence[tuple[Person, Attendance]],
    places: Mapping[int, Sequence[Mapping[str, str]]],
    out: BinaryIO,
    t: Texts,
    now: datetime,
) -> None:
    """One row a person; `places` are where they work, by their numbers."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    columns = [Heading(t.plain(f"study.column.{name}"), width) for name, width in WIDTHS.items()]
    leaf = Leaf(book, f"{gathering.id}", columns)
    rows: list[Sequence[Cell]] = []
    for person, place in found:
        where = t.plain("survey.and").join(t.pick(names) for names in places.get(person.id, ()))
        at = place.signed_in_at.astimezone(t.timezone).replace(tzinfo=None) if place.signed_in_at else None
        by_hand = t.plain("mydata.yes") if at is not None and place.confirmed_by_id is not None else None
        rows.append((person.name, where, t.plain(f"gathering.part.{place.part}"), at, by_hand))
    leaf.add(rows)
    leaf.filter()
    info = Leaf(book, t.plain("study.column.about"), [Heading("", 16), Heading("", 60)])
    info.add(
        [
            (t.plain(f"study.{gathering.kind}"), t.pick(gathering.titles)),
            (t.plain("study.column.when"), studies.when(gathering, t, now)),
            (t.plain("study.column.where"), gathering.place),
        ]
    )
    book.save(out)
