"""What stands behind a report's figures: in its appendix each query in words and as it was run, with the numbers of
what was counted; and as a book for a spreadsheet, in which no list is cut.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect

from bot import documents_docx, documents_html, process, work_report_sections
from bot.documents import Block, Column, Ref, Runs, Section, Table, Text
from bot.spreadsheets import Cell, Heading, Leaf
from bot.texts import Catalogue
from bot.work_report import NOTHING, Writer, anchor
from models.union.reporting import THINGS, Figure, Query, Thing
from models.union.work_reports import WorkReport

if TYPE_CHECKING:
    from bot.settings import Settings

SHOWN = 300
"""So many characters of a list of numbers stand in the appendix."""
MOST_FIGURES = 30
"""So many figures of a query are listed there, those of all together first."""
LONGEST_CELL = 32_000
"""A spreadsheet's cell holds hardly more."""


Files = list[tuple[str, bytes]]


async def drawn(report: WorkReport, language: str, settings: Settings) -> Files:
    """`files` in a process of its own. Raises RuntimeError when it fails."""
    made: Files = await process.done(__name__, _plain(report), language, settings)
    return made


def _plain(report: WorkReport) -> dict[str, Any]:
    """A report without the session that it came from."""
    return {column.key: getattr(report, column.key) for column in inspect(WorkReport).column_attrs}


def _draw(plain: dict[str, Any], language: str, settings: Settings) -> Files:
    report = WorkReport(**plain)
    findings = report.findings
    assert findings is not None, "only what has been counted is drawn"
    return files(Writer(report, findings, settings, Catalogue.load(settings.timezone)[language]))


def files(writer: Writer) -> Files:
    """The report as DOCX, as a page, and what stands behind it as XLSX: each a name and its bytes."""
    document, report = work_report_sections.describe(writer, appendix(writer)), writer.report
    name = f"{report.kind}-report-{report.period}-{report.edition}"
    return [
        (f"{name}.docx", documents_docx.write(document)),
        (f"{name}.html", documents_html.write(document)),
        (f"{name}-evidence.xlsx", book(writer)),
    ]


# ---------------------------------------------------------------- the appendix


def appendix(writer: Writer) -> list[Section]:
    """Every query that was asked."""
    first = Section(writer.say("section.appendix"), [Text([writer.say("appendix_says")], "small")], new_page=True)
    return [first, *(_query(query, writer) for query in writer.queries)]


def _query(query: Query, writer: Writer) -> Section:
    number = writer.queries.index(query) + 1
    blocks: list[Block] = [Text([writer.t.plain(f"work_report.query.{query}")])]
    figures = sorted(_of(query, writer), key=lambda figure: figure.names is not None or bool(figure.about))
    rows = [row for figure in figures[:MOST_FIGURES] for row in _rows(figure, writer)]
    if rows:
        thing = writer.t.plain(f"work_report.thing.{thing_of(query)}")
        widths = ((writer.say("head.figure"), 30), (writer.say("head.part"), 18), (thing, 52))
        blocks.append(Table([Column(head, width) for head, width in widths], rows))
    if len(figures) > MOST_FIGURES:
        blocks.append(Text([writer.say("more_in_book", count=len(figures) - MOST_FIGURES)], "small"))
    blocks += [Text([sql], "code") for sql in writer.findings.queries[query]]
    title = writer.say("query", number=number, name=writer.t.plain(f"work_report.query_name.{query}"))
    return Section(title, blocks, level=2, anchor=anchor(query))


def thing_of(query: Query) -> Thing:
    """Of what its numbers are."""
    return THINGS.get(query, Thing.TICKET)


def _of(query: Query, writer: Writer) -> list[Figure]:
    return [figure for figure in writer.findings.figures if figure.query is query and figure.numbers]


def _rows(figure: Figure, writer: Writer) -> list[Sequence[Runs]]:
    found: list[Sequence[Runs]] = []
    for part, numbers in figure.numbers.items():
        shown = numbers if len(numbers) <= SHOWN else numbers[: numbers.rindex(", ", 0, SHOWN)] + "…"
        found.append([[label(figure, writer)], [writer.t.plain(f"work_report.part.{part}")], [shown]])
    return found


def label(figure: Figure, writer: Writer) -> str:
    """What a figure counts, and of what."""
    of = writer.of_what(figure)
    return f"{writer.name(figure)} · {of}" if of else writer.name(figure)


# ---------------------------------------------------------------- the book


def book(writer: Writer) -> bytes:
    """All figures on a sheet, all queries on another, and a sheet for each query with the numbers, as ranges."""
    from openpyxl import Workbook

    made = Workbook(write_only=True)

    def heads(*names: tuple[str, int]) -> list[Heading]:
        return [Heading(writer.say(f"head.{name}"), width, wraps=name in ("sql", "meaning")) for name, width in names]

    counted = (("hits", 10), ("of", 10), ("silent", 10), ("share", 10), ("low", 10), ("high", 10))
    names = (("query", 8), ("figure", 34), ("of_what", 40), ("count", 10), *counted)
    figures = Leaf(made, writer.say("sheet.figures"), heads(*names))
    figures.add([_line(figure, writer) for figure in writer.findings.figures])
    figures.filter()
    queries = Leaf(made, writer.say("sheet.queries"), heads(("query", 8), ("name", 24), ("meaning", 60), ("sql", 120)))
    for query in writer.queries:
        texts = [writer.t.plain(f"work_report.{what}.{query}") for what in ("query_name", "query")]
        run = writer.findings.queries[query]
        queries.add([[_label(query, writer), *texts, sql[:LONGEST_CELL]] for sql in run])
    for query in writer.queries:
        leaf = Leaf(made, _label(query, writer), heads(("figure", 60), ("part", 24), ("first", 12), ("last", 12)))
        for figure in _of(query, writer):
            leaf.add(
                [
                    [label(figure, writer), writer.t.plain(f"work_report.part.{part}"), *_ends(each)]
                    for part, numbers in figure.numbers.items()
                    for each in numbers.split(", ")
                ]
            )
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _label(query: Query, writer: Writer) -> str:
    ref: Ref = writer.ref(query)
    return ref.label.strip("[]")


def _line(figure: Figure, writer: Writer) -> list[Cell]:
    start: list[Cell] = [_label(figure.query, writer), writer.name(figure), writer.of_what(figure), figure.value]
    if figure.share is None:
        return [*start, writer.say("few", cell=writer.findings.cell) if figure.hidden else NOTHING]
    found, (low, high) = figure.share.rate, figure.share.rate.interval()
    return [*start, found.hits, found.of, figure.share.silent, found.share, low, high]


def _ends(numbers: str) -> list[Cell]:
    first, _, last = numbers.partition("-")
    return [int(first), int(last or first)]


if __name__ == "__main__":
    process.serve(_draw)
