"""Tables for the office: typed, no formula anywhere, no person who did not give a name, few answers not shown."""

from __future__ import annotations

import csv
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot import exports
from bot.texts import Catalogue
from models import answering, asking, requesters
from models import exports as rules
from models.database import Database
from models.errors import Refusal
from models.tickets import Ticket
from tests.campus import settings
from tests.house import EAST, HOUSE, draft, furnish, staff, student

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
TEXTS = Catalogue.load(SETTINGS.timezone)
WISH = {"from": "2026-10-12", "to": "2026-10-12"}
HEAD = "export.column."


async def a_day(session: AsyncSession, now: datetime) -> None:
    """Alice files under her name, somebody anonymously; Wang, whose name is a formula, answers the first."""
    await furnish(session)
    wang, alice = await staff(session, name='=HYPERLINK("x")'), await student(session, name="Alice Li")
    first = await asking.file(session, draft(), alice, HOUSE, now)
    await asking.file(session, draft("Nobody may know that I am Bob", anonymous=True), alice, HOUSE, now)
    await asking.file(session, draft(building="w1"), alice, HOUSE, now - timedelta(days=1))
    content = {"type": "text", "text": "Coming"}
    await answering.answer(session, first, wang, content, HOUSE, now + timedelta(minutes=5), (EAST, 7))


async def written(
    database: Database, path: Path, now: datetime, *, language: str = "en", names: bool = False, **wish: str
) -> int:
    which = exports.which({**WISH, **wish}, SETTINGS)
    form = path.suffix[1:]
    return await exports.write(database, which, path, form, TEXTS[language], SETTINGS, now, names=names)


def rows_of(path: Path, sheet: int = 0) -> list[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(path).worksheets[sheet].iter_rows()
    return [{str(h.value): cell for h, cell in zip(head, row, strict=False)} for row in rows]


async def test_cells_are_typed_and_none_is_a_formula(database: Database, now: datetime, tmp_path: Path) -> None:
    async with database.transaction() as session:
        await a_day(session, now)
    path = tmp_path / "t.xlsx"
    assert await written(database, path, now) == 2, "the one of the day before is outside"
    first, second = rows_of(path)
    assert (first["Number"].value, first["Number"].data_type) == (1, "n")
    assert str(first["Filed"].value) == "2026-10-12 09:30:00", "in the union's time zone"
    assert first["Filed"].is_date
    assert str(first["First reply"].value) == "2026-10-12 09:35:00"
    assert (first["In hand of"].value, first["In hand of"].data_type) == ('=HYPERLINK("x")', "s")
    assert (first["Kind"].value, first["State"].value, first["Building"].value) == ("Complaint", "answered", "East 1")
    assert (first["Named"].value, second["Named"].value) == ("yes", "no")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:Q3")
    assert sheet.column_dimensions["C"].width > 20
    assert [s.title for s in book.worksheets] == ["Tickets", "Figures"]
    for each in book.worksheets:
        assert (each.page_setup.orientation, each.print_title_rows) == ("landscape", "$1:$1")
        assert each.sheet_properties.pageSetUpPr.fitToPage, "a row is printed on one sheet of paper"


async def test_nobody_who_filed_is_in_it_and_with_names_only_who_gave_theirs(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        await a_day(session, now)
    plain, named = tmp_path / "t.xlsx", tmp_path / "n.xlsx"
    await written(database, plain, now)
    await written(database, named, now, names=True)
    for path, traces in ((plain, ("Alice", "Bob", "10001", "drips")), (named, ("Bob", "10001", "drips"))):
        with zipfile.ZipFile(path) as book:
            everything = "".join(book.read(name).decode() for name in book.namelist())
        assert not [trace for trace in traces if trace in everything]
    assert [row["Filed by"].value for row in rows_of(named)] == ["Alice Li", None]


async def test_a_process_of_its_own_makes_the_same_table(database: Database, now: datetime, tmp_path: Path) -> None:
    async with database.transaction() as session:
        await a_day(session, now)
    await written(database, tmp_path / "here.csv", now)
    which = exports.which(WISH, SETTINGS)
    assert await exports.write_apart(database, which, tmp_path / "there.csv", "csv", "en", SETTINGS, now) == 2
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    with pytest.raises(RuntimeError):
        await exports.write_apart(database, which, tmp_path / "no folder" / "there.csv", "csv", "en", SETTINGS, now)


async def test_csv_is_read_as_it_is_meant_and_in_the_reader_s_language(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        await a_day(session, now)
    path = tmp_path / "t.csv"
    await written(database, path, now, language="zh-hans")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next(iter(csv.DictReader(file)))
    assert first["经办人"] == '\'=HYPERLINK("x")'
    assert (first["编号"], first["类型"], first["提交时间"]) == ("1", "投诉", "2026-10-12 09:30")


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        pytest.param({"station": "east"}, 2, id="station"),
        pytest.param({"station": "west", "from": "2026-10-11"}, 1, id="another station, another period"),
        pytest.param({"state": "answered"}, 1, id="state"),
        pytest.param({"kind": "thanks"}, 0, id="kind"),
        pytest.param({"category": "water"}, 2, id="category"),
    ],
)
async def test_a_filter_leaves_out_the_others(
    database: Database, now: datetime, tmp_path: Path, wish: dict[str, Any], count: int
) -> None:
    async with database.transaction() as session:
        await a_day(session, now)
    assert await written(database, tmp_path / "t.csv", now, **wish) == count


async def rated(session: AsyncSession, now: datetime, east: int, west: int) -> None:
    """So many closed and rated tickets, each rated 5 but one."""
    await furnish(session)
    for i in range(east + west):
        alice = await student(session, i, f"S{i}")
        building = "e1" if i < east else "w1"
        ticket = await asking.file(session, draft(building=building), alice, HOUSE, now)
        await answering.resolve(session, ticket, await staff(session), "done", HOUSE, now)
        place = (await requesters.waiting.about(session, ticket.id))[0]
        await asking.confirm(session, ticket, place, now)
        await asking.rate(session, ticket, place, 5 if i else 2, now)


HIDDEN = ("fewer than 10 answers", "not shown")


@pytest.mark.parametrize(
    ("east", "west", "wish", "shown"),
    [
        pytest.param(12, 0, {"station": "east"}, {"East": 12}, id="enough"),
        pytest.param(9, 0, {"station": "east"}, {"East": None}, id="too few"),
        pytest.param(12, 3, {}, {"East": 12, "West": None, "All": None}, id="the sum would tell the few"),
        pytest.param(12, 10, {}, {"East": 12, "West": 10, "All": 22}, id="enough everywhere"),
        pytest.param(12, 0, {"kind": "complaint"}, {"East": None}, id="the other kinds would be too few"),
    ],
)
async def test_few_answers_are_not_shown_nor_to_be_had_by_subtraction(
    database: Database,
    now: datetime,
    tmp_path: Path,
    east: int,
    west: int,
    wish: dict[str, Any],
    shown: dict[str, int | None],
) -> None:
    async with database.transaction() as session:
        await rated(session, now, east, west)
        if wish.get("kind"):
            await session.execute(update(Ticket).where(Ticket.id <= 1).values(kind="need"))
    path = tmp_path / "t.xlsx"
    await written(database, path, now + timedelta(hours=1), **wish)
    rows = {(row["Figure"].value, row["Station"].value.split()[0]): row for row in rows_of(path, 1)}
    for place, count in shown.items():
        row = rows["Satisfaction rate", place]
        assert row["Denominator"].value == count
        if count is None:
            assert str(row["Numerator"].value).startswith(HIDDEN)
        else:
            assert (row["Numerator"].value, row["Unanswered"].value) == (count - (place != "West"), 0)
            assert row["Rate"].number_format == "0.0%"
    on_time = rows["On-time closure", "East"]
    assert (on_time["Numerator"].value, on_time["Denominator"].value) == (east - bool(wish.get("kind")),) * 2
    closing = rows["Resolution time", "East"]
    assert (closing["Median (hours)"].value, closing["Median (hours)"].number_format) == (0, "0.0")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_many_tickets_come_in_batches_each_once(
    database: Database, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        await a_day(session, now)
        one = {c.name: getattr(await session.get_one(Ticket, 1), c.key) for c in Ticket.__table__.columns}
        await session.execute(insert(Ticket), [{**one, "id": 10 + i, "version": 1} for i in range(1200)])
    which = exports.which(WISH, SETTINGS)
    assert [len(batch) async for batch in rules.batches(database, which)] == [500, 500, 202]
    path = tmp_path / "t.xlsx"
    assert await written(database, path, now) == 1202
    assert len({row["Number"].value for row in rows_of(path)}) == 1202


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("week", date(2026, 10, 6), date(2026, 10, 12)),
        ("month", date(2026, 10, 1), date(2026, 10, 12)),
        ("last_month", date(2026, 9, 1), date(2026, 9, 30)),
        ("semester", date(2026, 9, 7), date(2026, 10, 12)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_periods(word: str, first: date, last: date) -> None:
    assert exports.period(word, date(2026, 10, 12), SETTINGS) == (first, last)


@pytest.mark.parametrize(
    ("word", "language", "found"),
    [
        ("complaint", "zh-hans", ("kind", "complaint")),
        ("投诉", "zh-hans", ("kind", "complaint")),
        ("closed", "en", ("state", "closed")),
        ("water", "en", ("category", "water")),
        ("month", "en", None),
    ],
)
def test_a_word_leaves_in_what_it_names(word: str, language: str, found: tuple[str, str] | None) -> None:
    assert exports.filter_of(word, SETTINGS, TEXTS[language]) == found


@pytest.mark.parametrize("word", ["yesterday", "2026-13", "2026-1", "../x"])
def test_other_periods_are_refused(word: str) -> None:
    with pytest.raises(Refusal):
        exports.period(word, date(2026, 10, 12), SETTINGS)


async def test_a_file_is_forgotten_after_a_day(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        export = await rules.ask(session, "t.csv", {**WISH, "format": "csv"}, await staff(session), now)
        await rules.made(session, export.id, b"x", 1, desks["office"], now)
    async with database.transaction() as session:
        await rules.sweep(session, now + timedelta(hours=23))
        assert (await session.get_one(rules.Export, export.id)).content == b"x"
    async with database.transaction() as session:
        await rules.sweep(session, now + timedelta(hours=25))
    async with database.reading() as session:
        assert (await session.get_one(rules.Export, export.id)).content is None
