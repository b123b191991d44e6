"""Whatever harms a screen harms no document and no picture: a report can be opened and read in Word and as a page, and
nothing of a certificate, a poster or a chart runs over the edge, is drawn as a box or turns anything around. What draws
is found in the code, so that a new one stands here or the test fails.
"""

from __future__ import annotations

import ast
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, get_args

import pytest
from docx import Document as Docx
from docx.oxml.ns import qn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text as Drawn

from bot import certificates, charts, documents_docx, documents_html, posters, survey_charts
from bot import work_report_evidence as evidence
from bot.documents import Blank, Block, Chart, Column, Document, Ref, Section, Table, Text
from bot.posters import Poster
from bot.texts import Catalogue
from bot.work_report import Writer
from models.database import Database
from models.pulses import Result
from models.union.certificates import Certificate
from models.union.gatherings import Gathering
from models.union.gatherings import Kind as Sort
from models.union.volunteering import Level, VolunteerCall
from models.union.work_reports import Kind
from tests.bot.test_work_report import counted
from tests.campus import settings
from tests.security.attacked import ROOT
from tests.security.test_forged_presses import on_sqlite
from tests.security.test_hostile_names import MARK, NAMES, TURNING, turned
from tests.security.test_hostile_pages import Page
from tests.surveying.results import ASKED, TOLD, three

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
TEXTS = Catalogue.load(SETTINGS.timezone)
T = TEXTS["en"]


# ---------------------------------------------------------------- documents


def called_so(value: Any, name: str) -> Any:
    """The same plain values, with whatever somebody wrote called so: titles, reasons and names in each language."""
    if isinstance(value, dict):
        if value and set(value) <= set(SETTINGS.union.languages):
            return dict.fromkeys(value, name)
        return {
            key: name if key == "title" and isinstance(each, str) else called_so(each, name)
            for key, each in value.items()
        }
    return value


async def a_report(database: Database, name: str) -> Writer:
    """A semester's report in which everything that people wrote is called so."""
    report, found = await counted(database, Kind.WORK, count=12)
    figures = [
        replace(
            each, names=called_so(dict(each.names or {}), name) or None, about=called_so(dict(each.about or {}), name)
        )
        for each in found.figures
    ]
    report.words = dict.fromkeys(("opening", "next", "measure:1", "measure:4"), name)
    report.decision = name
    return Writer(report, replace(found, figures=tuple(figures)), SETTINGS, TEXTS["en"])


def a_document(name: str) -> Document:
    """One of each block there is."""
    blocks: list[Block] = [
        Text([name]),
        Text([name, Ref("s0", name), name], "code"),
        Text([name], "small"),
        Blank(name),
        Blank("here", name),
        Table([Column(name, 10), Column("n", 5, number=True)], [[[name], [Ref("s0", name)]]], name),
        Chart(charts.paper({"title": name, "bars": [{"label": name, "value": 1, "text": "1"}], "notes": []}), name),
    ]
    assert {type(each) for each in blocks} == set(get_args(Block)), "and there is no other"
    sections = [Section(name, blocks), Section(name, [], level=2)]
    return Document("en", name, name, name, name, [(name, name)], name, ("", "", ""), sections)


def written(document: Document) -> Iterator[tuple[str, bytes]]:
    yield "a.docx", documents_docx.write(document)
    yield "a.html", documents_html.write(document)


def read(files: Mapping[str, bytes], name: str) -> list[str]:
    """What is amiss with these, the document and the page."""
    (word,) = [data for called, data in files.items() if called.endswith(".docx")]
    opened = Docx(io.BytesIO(word))
    parts = [opened.element.body, *(each.header._element for each in opened.sections)]
    paragraphs = [p for part in parts for p in part.iter(qn("w:p"))]
    said = ["".join(each.text or "" for each in p.iter(qn("w:t"))) for p in paragraphs]
    (page,) = [data.decode() for called, data in files.items() if called.endswith(".html")]
    for found in ("\n".join(said), page):
        assert found.count(MARK) >= (10 if MARK in name else 0), "it got there"
    wrong = [f"docx: {each}" for text in said for line in text.split("\n") for each in turned("line", line)]
    return wrong + [f"html: {each}" for each in Page(page, own=PAGE_ATTRIBUTES, leads="#").amiss]


PAGE_ATTRIBUTES = re.compile(r"class|href|lang|scope|role|charset|name|content|id|aria-[a-z]+")


def test_no_words_harm_a_document() -> None:
    """Wherever words stand in one, put in as they are."""
    assert read(dict(written(a_document(NAMES["all at once"]))), NAMES["all at once"]) == []


@on_sqlite
@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
async def test_no_name_harms_a_report(database: Database, name: str) -> None:
    files = dict(evidence.files(await a_report(database, NAMES[name])))
    assert read(files, NAMES[name]) == []


# ---------------------------------------------------------------- pictures


def drawers() -> set[str]:
    """`module:function or class` of all that draw on paper of their own."""
    found = set()
    for room in ("bot", "handlers", "models", "scheduler"):
        for path in (ROOT / room).rglob("*.py"):
            source = path.read_text("utf-8")
            for top in ast.parse(source).body if "Figure(" in source and "matplotlib" in source else ():
                made = [each.func for each in ast.walk(top) if isinstance(each, ast.Call)]
                draws = any(getattr(each, "id", getattr(each, "attr", "")) == "Figure" for each in made)
                if draws and "matplotlib" in ast.unparse(top):
                    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                    found.add(f"{name}:{getattr(top, 'name', '')}")
    return found


def _certificate(name: str, now: datetime) -> None:
    ends, titles = now + timedelta(hours=2), {"en": name[:200]}
    it = Gathering(id=7, kind=Sort.VOLUNTEERING, titles=titles, place=name[:200], starts_at=now, ends_at=ends)
    call = VolunteerCall(role={"en": name[:100]}, level=next(iter(Level)))
    found = Certificate(it, call, "2026001", name, 120, name[:60], now, "7-ABCD-EFGH-JKLM")
    assert certificates.pdf(found, "union_bot", T, TEXTS["zh-hans"], SETTINGS, now).startswith(b"%PDF")


def _poster(name: str, now: datetime) -> None:
    names = {str(language): name[:60] for language in SETTINGS.union.languages}
    assert posters.picture(Poster("east", names, "https://t.me/union_bot?start=x", "ABC", date(2027, 1, 1)), SETTINGS)


def _pulse(name: str, now: datetime) -> None:
    labels = (name[:100], name[:100], "No")
    assert charts.pulse(name[:300], labels, Result(invited=60, counts=(1, 22, 4), scale=False), T)


def _papers(name: str, now: datetime) -> None:
    bar = {"label": name[:60], "value": 3, "text": "3"}
    charts.draw({"title": name[:200], "bars": [bar, bar], "notes": [name[:200]]})
    row = {"label": name[:60], "low": 0.1, "share": 0.5, "high": 0.8, "text": "50 %"}
    rates = [row, row | {"share": None}]
    charts.draw({"title": name[:200], "sections": [{"heading": name[:60], "rows": rates}], "notes": [name[:200]]})


def _survey(name: str, now: datetime) -> None:
    said = three(*[name[:120]] * 3)
    asked = tuple(
        replace(each, text=said, options=tuple(replace(option, text=said) for option in each.options))
        for each in ASKED.questions
    )
    told = replace(TOLD, questionnaire=replace(ASKED, title=said, questions=asked))
    for each in survey_charts.pictures(told, T):
        each.paper.png()


DRAWN: dict[str, Callable[[str, datetime], None]] = {
    "bot.certificates:_Page": _certificate,
    "bot.posters:_Sheet": _poster,
    "bot.charts:pulse": _pulse,
    "bot.charts:Paper": _papers,
}
MORE = {"bot.survey_charts": _survey}
"""On such paper."""
QUICK = frozenset({"bot.charts:pulse"})
NEAR = 3.0
"""Pixels over the edge that nobody sees: letters are measured with their bearings."""


def test_every_picture_is_known() -> None:
    assert drawers() == set(DRAWN)


def amiss(figure: Figure) -> Iterator[str]:
    """What of the words on it runs over the edge, or is not what it seems."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    paper = figure.bbox
    for text in figure.findobj(Drawn):
        said = text.get_text()
        if not said.strip() or not text.get_visible():
            continue
        if found := TURNING.search(said):
            yield f"U+{ord(found[0]):04X} is drawn: {said[:60]!r}"
        place = text.get_window_extent()
        if place.x0 < -NEAR or place.x1 > paper.x1 + NEAR or place.y0 < -NEAR or place.y1 > paper.y1 + NEAR:
            yield f"over the edge: {said[:60]!r} {place.bounds} of {paper.bounds}"


@pytest.mark.parametrize("name", [pytest.param(each, marks=[pytest.mark.long] * (each != "long")) for each in NAMES])
@pytest.mark.parametrize(
    "drawer", [pytest.param(each, marks=[pytest.mark.long] * (each not in QUICK)) for each in (*DRAWN, *MORE)]
)
def test_no_name_harms_a_picture(drawer: str, name: str, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    save = Figure.savefig

    def noted(self: Figure, *given: Any, **how: Any) -> None:
        drawn.append(self)
        save(self, *given, **how)

    monkeypatch.setattr(Figure, "savefig", noted)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        (DRAWN | MORE)[drawer](NAMES[name], now)
        wrong = [each for figure in drawn for each in amiss(figure)]
    assert drawn
    assert wrong == []
    assert [str(each.message) for each in warned if "missing from" in str(each.message)] == []
