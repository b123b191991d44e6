"""A document as it is described once and written twice: `documents_docx.py` makes a file of it that people go on
writing in, `documents_html.py` a page. A section has blocks: words, a table, a chart, or a place where people still
write.

A figure's letter and number (`Ref`) leads to the place where it says what stands behind it (`Section.anchor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.charts import Paper


@dataclass(frozen=True)
class Ref:
    """Leads to another place of the document."""

    anchor: str
    label: str


Run = str | Ref
Runs = Sequence[Run]


@dataclass(frozen=True)
class Text:
    """A paragraph. `small` is a remark, `code` is as it was typed."""

    runs: Runs
    style: str = "body"


@dataclass(frozen=True)
class Blank:
    """Where people write: their words, or None while they have written none, with what belongs here."""

    hint: str
    words: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its part of the width, and whether numbers stand in it."""

    head: str
    width: int
    number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings that are repeated on each page; what is wide goes on in another line."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Runs]]
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture, and in words what is on it."""

    paper: Paper
    says: str


Block = Text | Blank | Table | Chart


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    blocks: Sequence[Block]
    level: int = 1
    anchor: str | None = None
    new_page: bool = False


@dataclass(frozen=True)
class Document:
    """All of it. `facts` stand on the title page, each as a name and a value."""

    language: str
    union: str
    title: str
    subtitle: str
    stamp: str
    """What it is at the moment: a draft, final, heard."""
    facts: Sequence[tuple[str, str]]
    contents: str
    """How the list of sections is called."""
    page_of: tuple[str, str, str]
    """What stands around a page's number and their count: "Page ", " of ", ""."""
    sections: Sequence[Section] = field(default_factory=tuple)
