"""A report as a document: what was counted stands in it as it was kept, every figure leads to what is behind it, and
what people wrote is theirs.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from docx import Document as Docx
from docx.oxml.ns import qn
from openpyxl import load_workbook

from bot import documents_docx, work_report, work_report_sections
from bot import work_report_evidence as evidence
from bot import work_report_screens as screens
from bot.texts import Catalogue
from bot.work_report import Writer
from models.database import Database
from models.errors import Refusal
from models.union import report_figures, work_reports
from models.union.reporting import Figure, Findings, Query
from models.union.work_reports import Kind, Spell, State, WorkReport
from tests.campus import settings
from tests.semester import AUTUMN, LATE, TERMS, play

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TEXTS = Catalogue.load(TERMS.timezone)
SETTINGS = settings("http://localhost", "sqlite:///x.db")
NEXT = "More <hot> water\nin East 1"


async def counted(database: Database, kind: Kind, cell: int = 19, count: int = 40) -> tuple[WorkReport, Findings]:
    """A report of the small semester; with few tickets one of the three stations has too few answers."""
    async with database.transaction() as session:
        await play(session, count=count)
        spell = next(each for each in work_reports.spells(TERMS, LATE) if each.kind is kind)
        report = await work_reports.make(session, spell, TERMS, LATE)
        found = await report_figures.gather(session, report.span, None, TERMS, cell, LATE)
        await work_reports.counted(session, report.id, found, LATE)
        report.words = {"next": NEXT, "measure:4": "Good"}
    return report, found


class Page(HTMLParser):
    """What a page links to, and where that is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if name == "href" and tag == "a":
                self.links.add(value or "")


def words_of(document: Any) -> str:
    parts = [each.text for each in document.element.body.iter(qn("w:t"))]
    return "\n".join(part for part in parts if part)


@pytest.mark.rehearsal
@on_sqlite
async def test_a_report_s_files_hold_what_was_counted_and_lead_to_what_is_behind(database: Database) -> None:
    report, found = await counted(database, Kind.WORK)
    hidden = [f for f in found.figures if f.hidden]
    assert hidden, "a station has too few answers"
    files = dict(evidence.files(Writer(report, found, SETTINGS, TEXTS["zh-hans"])))
    assert list(files) == [f"work-report-{AUTUMN.name}-1{end}" for end in (".docx", ".html", "-evidence.xlsx")]
    content, page, book = files.values()

    # DOCX: headings, tables with repeated heads, Chinese fonts, references that lead somewhere.
    file = Docx(io.BytesIO(content))
    headings = [each.text for each in file.paragraphs if each.style and each.style.name == "Heading 1"]
    for heading in ("一览", "十项措施落实情况", "突出问题与办理", "底线要求落实情况", "下一步打算", "党委听取汇报"):
        assert heading in headings
    fonts = file.styles["Normal"].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "宋体"
    assert fonts.get(qn("w:eastAsiaTheme")) is None
    body = file.element.body
    marks = {each.get(qn("w:name")) for each in body.iter(qn("w:bookmarkStart"))}
    links = {each.get(qn("w:anchor")) for each in body.iter(qn("w:hyperlink"))}
    assert {f"q_{query}" for query in found.queries} <= links <= marks
    rates = next(table for table in file.tables if table.cell(0, 0).text == "指标" and len(table.columns) == 8)
    assert "w:tblHeader" in rates.rows[0]._tr.xml
    response = found.total("response")
    assert response is not None
    assert response.share is not None
    told = [str(each) for each in (response.share.rate.hits, response.share.rate.of, response.share.silent)]
    cells = [cell.text for cell in rates.rows[1].cells]
    assert cells[:4] == ["响应率", *told]
    assert cells[4] == f"{100 * response.share.rate.share:.1f} %"
    stations = [table for table in file.tables if table.cell(0, 0).text == "受理单位"]
    withheld = sum(row.cells[4].text == "过少" for table in stations for row in table.rows)
    assert withheld == sum(f.names is not None for f in hidden)
    text = words_of(file)
    assert "More <hot> water" in text
    assert "None" not in text
    footer = file.sections[1].footer._element.xml
    assert "PAGE" in footer
    assert "NUMPAGES" in footer

    # The page needs nothing else and runs nothing.
    html = page.decode()
    parsed = Page(html)
    assert {link for link in parsed.links if link[1:] not in parsed.ids} == set()
    assert parsed.tags.isdisjoint({"script", "link", "img", "iframe"})
    assert "svg" in parsed.tags
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html)
    assert "More &lt;hot&gt; water" in html
    assert "&lt;library&gt;" in html

    # The book: every query has its sheet, and its SQL.
    sheets = load_workbook(io.BytesIO(book), read_only=True)
    assert len(sheets.sheetnames) == 2 + len(found.queries)
    rows = list(sheets["Q1"].iter_rows(min_row=2, values_only=True))
    filed = found.total("filed")
    assert filed is not None
    assert sum(row[3] - row[2] + 1 for row in rows if row[0] == "受理工单") == filed.value
    sql = [row[3] for row in sheets[sheets.sheetnames[1]].iter_rows(min_row=2, values_only=True)]
    assert sql == [each for query in Query if query in found.queries for each in found.queries[query]]


@on_sqlite
async def test_a_self_assessment_has_ten_measures_and_leaves_the_grade_to_people(database: Database) -> None:
    report, found = await counted(database, Kind.ASSESSMENT)
    for language, t in TEXTS.items():
        writer = Writer(report, found, SETTINGS, t)
        document = work_report_sections.describe(writer, evidence.appendix(writer))
        table: Any = document.sections[0].blocks[0]
        assert [row[0][0][:2].strip(".") for row in table.rows] == [str(n) for n in range(1, 11)]
        grades = [row[3][0] for row in table.rows]
        assert grades[3] == "Good"
        assert set(grades) == {"Good", t.plain("work_report.doc_hint.grade")}, language
        assert "2/2" in table.rows[3][1][0] or "2 of 2" in table.rows[3][1][0]
        assert len(work_report.places(report, found)) == 11
        for place in work_report.places(report, found):
            assert work_report.place_name(place, writer)
    # Heard: the day and the decision stand in it. Nothing a file cannot hold breaks it.
    report.state, report.met_on, report.decision = State.HEARD, LATE.date(), "Good\x00 work \ufffe"
    text = words_of(Docx(io.BytesIO(documents_docx.write(work_report_sections.describe(writer, ())))))
    assert "Good work" in text
    assert "The Party committee heard this report on 30 Nov 2026" in text


@on_sqlite
async def test_an_empty_semester_is_a_report_too(database: Database) -> None:
    from tests.house import furnish

    async with database.transaction() as session:
        await furnish(session)
        spell = Spell(Kind.WORK, AUTUMN.name, AUTUMN.starts, AUTUMN.ends)
        report = await work_reports.make(session, spell, TERMS, LATE)
        found = await report_figures.gather(session, report.span, None, TERMS, 10, LATE)
        await work_reports.counted(session, report.id, found, LATE)
    for t in TEXTS.values():
        writer = Writer(report, found, SETTINGS, t)
        assert evidence.files(writer) if t.language == "en" else work_report_sections.describe(writer, ())
        text, keys = screens.one(report, found, may_write=True, languages={}, newest=True, t=t, now=LATE)
        assert len(text) < 1500
        assert keys["inline_keyboard"]
        assert len(screens.words(writer)[1]["inline_keyboard"]) == 3


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-01-12", "2027-01-12"),
        (" 2027/1/2 ", "2027-01-02"),
        ("2027年1月12日", "2027-01-12"),
        ("2027.1.12", "2027-01-12"),
    ],
)
def test_a_day_is_read_as_people_write_it(text: str, day: str) -> None:
    assert screens.day_of(text).isoformat() == day


@pytest.mark.parametrize("text", ["tomorrow", "12.1.", "2027-02-30", "2027-13-01", "0000-01-01", ""])
def test_what_is_no_day_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Refusal, match="no_day"):
        screens.day_of(text)


def test_a_long_list_of_numbers_is_cut_between_two_and_says_so() -> None:
    figure = replace(Figure("filed", Query.FILED, 3), numbers={"of": ", ".join(map(str, range(1, 900, 2)))})
    findings = Findings(LATE, 10, (figure,), (), {Query.FILED: ["SELECT 1"]})
    writer = Writer(WorkReport(kind=Kind.WORK, words={}), findings, SETTINGS, TEXTS["en"])
    ((_, _, (shown,)),) = evidence.appendix(writer)[1].blocks[1].rows  # type: ignore[union-attr]
    assert str(shown).endswith("…")
    assert re.fullmatch(r"(\d+, )+\d+…", str(shown))
