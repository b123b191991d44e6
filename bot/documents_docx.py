"""A described document (`documents.py`) as DOCX, which people go on writing in: A4, a title page, real headings, tables
whose headings are repeated on each page, references that lead somewhere.

Word takes its letters by script: each style names a font for Latin letters and another for Chinese ones, and the
language of both, by which lines are broken.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from docx import Document as Docx
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from bot.documents import Blank, Chart, Column, Document, Ref, Runs, Section, Table, Text
from bot.untrusted import contained, for_xml

FONTS = {
    "zh-hans": ("宋体", "黑体", "zh-CN"),
    "zh-hant": ("新細明體", "微軟正黑體", "zh-TW"),
    "en": ("宋体", "黑体", "zh-CN"),
}
"""For Chinese letters in paragraphs and in headings, and the language they are in."""
LATIN, LATIN_HEADING = "Times New Roman", "Arial"
INK, PALE, BLUE = RGBColor(0x1F, 0x29, 0x33), RGBColor(0x61, 0x6E, 0x7C), RGBColor(0x2F, 0x6F, 0xB0)
SHADE = "EEF2F6"
"""Behind the headings of columns."""
GREY = "B8C0C8"
"""The lines of tables."""
BODY_WIDTH = 16.0
"""Centimetres between the margins."""
CHART_WIDTH = 12.5
SIZES = {1: 16, 2: 13}
"""Points of a heading."""


def write(document: Document) -> bytes:
    """The file."""
    file = Docx()
    _styles(file, document.language)
    _cover(file, document)
    _running(file, document)
    _contents(file, document)
    for number, section in enumerate(document.sections):
        _section(file, section, number)
    properties = file.core_properties
    properties.title, properties.author, properties.language = (
        _fit(document.title),
        _fit(document.union),
        document.language,
    )
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def _fit(text: str) -> str:
    """Words as a file can hold them; nothing in them turns around what stands beside them."""
    return for_xml(contained(text))


# ---------------------------------------------------------------- styles


def _styles(file: Any, language: str) -> None:
    body, heading, east = FONTS[language]
    normal = file.styles["Normal"]
    _font(normal, LATIN, body, language, east)
    normal.font.size, normal.font.color.rgb = Pt(11), INK
    normal.paragraph_format.space_after, normal.paragraph_format.line_spacing = Pt(6), 1.3
    for level, size in SIZES.items():
        style = file.styles[f"Heading {level}"]
        _font(style, LATIN_HEADING, heading, language, east)
        style.font.size, style.font.bold, style.font.color.rgb = Pt(size), True, INK
        style.paragraph_format.space_before = Pt(20 if level == 1 else 12)
        style.paragraph_format.space_after, style.paragraph_format.keep_with_next = Pt(6), True
    title = file.styles["Title"]
    _font(title, LATIN_HEADING, heading, language, east)
    title.font.size, title.font.bold, title.font.color.rgb = Pt(26), True, INK
    border = title.element.get_or_add_pPr().find(qn("w:pBdr"))
    if border is not None:
        title.element.pPr.remove(border)


def _font(style: Any, latin: str, east_asian: str, language: str, east: str) -> None:
    style.font.name = latin
    properties = style.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(name), None)
    fonts.set(qn("w:hAnsi"), latin)
    fonts.set(qn("w:eastAsia"), east_asian)
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    said = _element("w:lang", val="en-GB" if language == "en" else east, eastAsia=east)
    properties.append(said)


def _element(tag: str, **attributes: str) -> Any:
    found = OxmlElement(tag)
    for name, value in attributes.items():
        found.set(qn(f"w:{name}"), value)
    return found


# ---------------------------------------------------------------- pages


def _cover(file: Any, document: Document) -> None:
    section = file.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.5)
    above = file.add_paragraph()
    above.paragraph_format.space_before, above.alignment = Pt(130), WD_ALIGN_PARAGRAPH.CENTER
    above.add_run(_fit(document.union)).font.size = Pt(16)
    title = file.add_paragraph(_fit(document.title), style="Title")
    title.alignment, title.paragraph_format.space_before = WD_ALIGN_PARAGRAPH.CENTER, Pt(24)
    for text, size, color in ((document.subtitle, 15, INK), (document.stamp, 12, BLUE)):
        line = file.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = line.add_run(_fit(text))
        run.font.size, run.font.color.rgb = Pt(size), color
    gap = file.add_paragraph()
    gap.paragraph_format.space_before = Pt(120)
    table = file.add_table(rows=0, cols=2)
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, (4.5, 9.5), strict=True):
        column.width = Cm(width)
    for name, value in document.facts:
        cells = table.add_row().cells
        for cell, text, width, color in ((cells[0], name, 4.5, PALE), (cells[1], value, 9.5, INK)):
            cell.width = Cm(width)
            run = cell.paragraphs[0].add_run(_fit(text))
            run.font.size, run.font.color.rgb = Pt(10.5), color
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
    file.add_section(WD_SECTION.NEW_PAGE)


def _running(file: Any, document: Document) -> None:
    """The title above and the page's number below, from the second page on; the first counts but bears none."""
    section = file.sections[1]
    section.header.is_linked_to_previous = section.footer.is_linked_to_previous = False
    head = section.header.paragraphs[0]
    head.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _small(head.add_run(_fit(f"{document.title} · {document.subtitle} · {document.stamp}")))
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    before, between, after = document.page_of
    for text, name in ((before, "PAGE"), (between, "NUMPAGES"), (after, None)):
        _small(foot.add_run(_fit(text)))
        if name is not None:
            _field(foot, name)


def _small(run: Any) -> None:
    run.font.size, run.font.color.rgb = Pt(9), PALE


def _field(paragraph: Any, name: str) -> None:
    """Something that Word works out by itself."""
    run = paragraph.add_run()
    _small(run)
    instruction = OxmlElement("w:instrText")
    instruction.set(qn("xml:space"), "preserve")
    instruction.text = name
    shown = OxmlElement("w:t")
    shown.text = "1"
    kinds = [_element("w:fldChar", fldCharType=kind) for kind in ("begin", "separate", "end")]
    for each in (kinds[0], instruction, kinds[1], shown, kinds[2]):
        run._r.append(each)


def _contents(file: Any, document: Document) -> None:
    heading = file.add_paragraph(_fit(document.contents), style="Heading 1")
    heading.paragraph_format.space_before = Pt(0)
    for number, section in enumerate(document.sections):
        if section.level == 1:
            line = file.add_paragraph()
            line.paragraph_format.space_after = Pt(2)
            _runs(line, [Ref(_anchor(section, number), section.title)])


def _anchor(section: Section, number: int) -> str:
    return section.anchor or f"s{number}"


# ---------------------------------------------------------------- what stands on them


def _section(file: Any, section: Section, number: int) -> None:
    heading = file.add_heading(_fit(section.title), level=section.level)
    heading.paragraph_format.page_break_before = section.new_page or None
    _bookmark(heading, _anchor(section, number), number + 1)
    for block in section.blocks:
        match block:
            case Text():
                _text(file, block)
            case Blank():
                _blank(file, block)
            case Table():
                _table(file, block)
            case Chart():
                _chart(file, block)


def _bookmark(paragraph: Any, name: str, number: int) -> None:
    start = _element("w:bookmarkStart", id=str(number), name=name)
    paragraph._p.insert(1, start)
    paragraph._p.append(_element("w:bookmarkEnd", id=str(number)))


def _text(file: Any, text: Text) -> None:
    paragraph = file.add_paragraph()
    _runs(paragraph, text.runs)
    if text.style == "small":
        for run in paragraph.runs:
            _small(run)
    elif text.style == "code":
        paragraph.paragraph_format.line_spacing, paragraph.paragraph_format.left_indent = 1.0, Cm(0.5)
        for run in paragraph.runs:
            run.font.size, run.font.name = Pt(7.5), "Courier New"


def _runs(paragraph: Any, runs: Runs, *, bold: bool = False, size: float | None = None) -> None:
    for each in runs:
        if isinstance(each, Ref):
            link = _element("w:hyperlink", anchor=each.anchor, history="1")
            run = paragraph.add_run(_fit(each.label))
            run.font.color.rgb = BLUE
            link.append(run._r)
            paragraph._p.append(link)
        else:
            run = paragraph.add_run(_fit(each))
            run.bold = bold or None
        if size is not None:
            run.font.size = Pt(size)


def _blank(file: Any, blank: Blank) -> None:
    if blank.words is not None:
        for line in blank.words.split("\n"):
            _text(file, Text([line]))
        return
    table = _grid(file, 1)
    table.rows[0]._tr.get_or_add_trPr().append(_element("w:cantSplit"))
    cell = table.rows[0].cells[0]
    run = cell.paragraphs[0].add_run(_fit(blank.hint))
    run.italic = True
    _small(run)
    for _ in range(3):
        cell.add_paragraph()
    file.add_paragraph()


def _table(file: Any, table: Table) -> None:
    if table.title:
        above = file.add_paragraph()
        run = above.add_run(_fit(table.title))
        run.bold, run.font.size = True, Pt(10.5)
        above.paragraph_format.keep_with_next, above.paragraph_format.space_after = True, Pt(3)
    grid = _grid(file, len(table.columns))
    widths = _widths(table.columns)
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Cm(width)
    head = grid.rows[0]
    for mark in ("w:cantSplit", "w:tblHeader"):
        head._tr.get_or_add_trPr().append(_element(mark))
    for cell, column, width in zip(head.cells, table.columns, widths, strict=True):
        _cell(cell, [column.head], column, width, bold=True)
        cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=SHADE))
    for row in table.rows:
        line = grid.add_row()
        line._tr.get_or_add_trPr().append(_element("w:cantSplit"))
        for cell, runs, column, width in zip(line.cells, row, table.columns, widths, strict=True):
            _cell(cell, runs, column, width)
    file.add_paragraph().paragraph_format.space_after = Pt(4)


def _grid(file: Any, columns: int) -> Any:
    """One row of a table with thin lines."""
    grid = file.add_table(rows=1, cols=columns, style="Table Grid")
    grid.autofit, grid.alignment = False, WD_TABLE_ALIGNMENT.CENTER
    lines = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        lines.append(_element(f"w:{side}", val="single", sz="4", space="0", color=GREY))
    grid._tbl.tblPr.append(lines)
    return grid


def _widths(columns: Sequence[Column]) -> list[float]:
    whole = sum(column.width for column in columns)
    return [BODY_WIDTH * column.width / whole for column in columns]


def _cell(cell: Any, runs: Runs, column: Column, width: float, *, bold: bool = False) -> None:
    cell.width = Cm(width)
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after, paragraph.paragraph_format.line_spacing = Pt(1), 1.1
    if column.number:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _runs(paragraph, runs, bold=bold, size=9)


def _chart(file: Any, chart: Chart) -> None:
    paragraph = file.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    picture = paragraph.add_run().add_picture(io.BytesIO(chart.paper.png()), width=Cm(CHART_WIDTH))
    # For those who do not see it.
    picture._inline.docPr.set("descr", _fit(chart.says))
