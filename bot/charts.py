"""Figures as pictures that can be read on a phone, in the reader's language, with a Chinese font that comes with the
install.

matplotlib takes a second to import and a tenth to draw: call `pulse` in a thread, never in a transaction.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.texts import Texts, cut
from bot.texts import columns as width_of
from models.figures import whole
from models.pulses import Result

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

INK, PALE, ACCENT, LINE = "#1f2933", "#616e7c", "#2f6fb0", "#e4e7eb"
SHADES = ("#c0504d", "#e3a59f", "#c5cad1", "#8fb8de", "#2f6fb0")
"""From dissatisfied to satisfied; told apart also by those who do not see red and green, and by the number beside
each bar.
"""


@cache
def font_file() -> Path:
    """The Noto Sans SC that zhplot carries; it has simplified and traditional characters."""
    spec = importlib.util.find_spec("zhplot")
    assert spec is not None
    assert spec.origin is not None
    found = sorted((Path(spec.origin).parent / "fonts").rglob("*.[ot]tf"))
    assert found, "zhplot carries a font"
    return found[0]


def _font(size: float, bold: bool = False) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_file()), size=size, weight="bold" if bold else "normal")


@cache
def _characters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font_file())).get_charmap())


def drawable(text: str) -> str:
    """The text in one line, without what the font does not have and would be drawn as boxes: pictograms above all."""
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or ord(c) in _characters())


def kept_on_paper(text: Text) -> None:
    """Words that would run over the edge are set smaller: a line is counted in narrow letters, and some are twice as
    wide.
    """
    figure = text.get_figure(root=True)
    assert figure is not None, "it was written on paper"
    place, paper = text.get_window_extent(), figure.bbox.width
    beyond = max(place.x1 - paper, -place.x0)
    if beyond > 0:
        room = place.width - beyond * (2 if text.get_horizontalalignment() == "center" else 1)
        # A little more than that: letters do not shrink evenly, they are set on whole pixels.
        text.set_fontsize(float(text.get_fontsize()) * 0.95 * max(room, 1) / place.width)


WIDTH = 4.5
"""Inches: on a phone, where the picture is as wide as the screen, 12 points are then as large as a message's words."""
LINE_HEIGHT = 0.24
COLUMNS = 58
"""So many narrow characters of the small print fit beside each other; a Chinese one is as wide as two."""


def pulse(question: str, labels: tuple[str, ...], result: Result, t: Texts) -> bytes:
    """The answers to one question as bars with their numbers, and below them what they were counted from. PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    title = wrap(drawable(question), 36)
    names = [wrap(drawable(label), 14)[:2] for label in labels]
    small = [(line, PALE) for line in wrap(said_of(result, t), COLUMNS)]
    if result.scale:
        small += [(line, ACCENT) for line in wrap(t.plain("pulse.csat", **satisfaction(result)), COLUMNS)]
    head, foot = 0.25 + 0.32 * len(title), 0.25 + LINE_HEIGHT * len(small)
    height = head + 0.5 * len(labels) + foot
    figure = Figure(figsize=(WIDTH, height), dpi=220, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.29, foot / height, 0.5, 1 - (head + foot) / height))
    shades = SHADES if result.scale else (ACCENT,) * len(labels)
    rows = range(len(labels))
    # The best answer stands on top, as people expect to read it.
    axes.barh(rows, result.counts, color=shades, height=0.62)
    most = max((*result.counts, 1))
    axes.set_xlim(0, most * 1.02)
    for row, count in zip(rows, result.counts, strict=True):
        share = f"{count}  ({whole(count / result.answered)} %)" if result.answered else "0"
        axes.text(
            count + most * 0.03, row, share, va="center", ha="left", color=INK, fontproperties=_font(12), clip_on=False
        )
    axes.set_yticks(list(rows), ["\n".join(n) for n in names], fontproperties=_font(12), color=INK, parse_math=False)
    for label in axes.get_yticklabels():
        kept_on_paper(label)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(LINE)

    def write(line: str, from_top: float, size: float, color: str) -> None:
        y = 1 - from_top / height
        font = _font(size, bold=size > 12)
        # A dollar is a dollar, and begins no formula.
        kept_on_paper(figure.text(0.04, y, line, va="top", color=color, fontproperties=font, parse_math=False))

    for number, line in enumerate(title):
        write(line, 0.15 + 0.32 * number, 15, INK)
    for number, (line, color) in enumerate(small):
        write(line, height - foot + 0.12 + LINE_HEIGHT * number, 10.5, color)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many narrow characters; Chinese may break anywhere, words are kept whole while
    they fit into a line, and a number with its per cent, a command with what is sent behind it."""
    lines, width = [""], 0
    found = re.findall(r"/[a-z]+ [!-~]+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]+(?: %)?|\s+", text)
    for piece in (part for word in found for part in _fitting(word, columns)):
        wide = width_of(piece)
        if width + wide > columns and width and piece not in CLOSING:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            width = 0
        if piece.strip() or width:
            lines[-1] += piece
            width += wide
    return lines


def _fitting(piece: str, columns: int) -> list[str]:
    """A word, or parts of it where no line would hold it."""
    if width_of(piece) <= columns:
        return [piece]
    narrow = columns if width_of(piece) == len(piece) else max(columns // 2, 1)
    return [piece[at : at + narrow] for at in range(0, len(piece), narrow)]


CLOSING = "，。！？；：、）」』”"
"""No line begins with one of these."""


def said_of(result: Result, t: Texts) -> str:
    """The response rate with its numerator, denominator, those who did not answer, and its interval; of groups, in
    which nobody knows how many were asked, how many answered in how many. No HTML.
    """
    if result.groups:
        return t.plain("pulse.counted_groups", answered=result.answered, groups=result.invited)
    low, high = result.response.interval()
    return t.plain(
        "pulse.counted",
        answered=result.answered,
        invited=result.invited,
        silent=result.invited - result.answered,
        rate=whole(result.response.share),
        low=whole(low),
        high=whole(high),
    )


def satisfaction(result: Result) -> dict[str, Any]:
    """CSAT with its numerator, denominator and interval."""
    low, high = result.satisfied.interval()
    return {
        "hits": result.satisfied.hits,
        "of": result.satisfied.of,
        "rate": f"{100 * result.satisfied.share:.1f}",
        "low": f"{100 * low:.1f}",
        "high": f"{100 * high:.1f}",
    }


# ---------------------------------------------------------------- figures of tickets

ROW_HEIGHT, SECTION_HEIGHT = 0.3, 0.42


def draw(drawing: dict[str, Any]) -> bytes:
    """A picture of plain values, as `bot/reports.py` makes them: `title`, `notes`, and either `sections` of rates, each
    with its interval, or `bars`. PNG.
    """
    return paper(drawing).png()


def paper(drawing: dict[str, Any]) -> Paper:
    """The same, to be taken as PNG or as SVG."""
    return _rates(drawing) if "sections" in drawing else _bars(drawing)


class Paper:
    """White paper as wide as a phone, the title on top and the small print below; what is between is drawn in inches
    from the top.
    """

    def __init__(self, title_text: str, small_print: Sequence[str], middle: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        title = [line for part in title_text.split("\n") for line in wrap(part, 40)]
        notes = [line for note in small_print for line in wrap(note, COLUMNS)]
        self.top = 0.28 + 0.3 * len(title)
        self.height = self.top + middle + 0.2 + LINE_HEIGHT * len(notes)
        self.figure = Figure(figsize=(WIDTH, self.height), dpi=220, facecolor="white")
        FigureCanvasAgg(self.figure)
        for number, line in enumerate(title):
            self.write(line, 0.04, 0.14 + 0.3 * number, 14, INK)
        for number, line in enumerate(notes):
            self.write(line, 0.04, self.top + middle + 0.1 + LINE_HEIGHT * number, 10, PALE)

    def write(
        self, text: str, x: float, from_top: float, size: float, color: str, align: str = "left", *, over: bool = False
    ) -> None:
        """Words whose upper edge is so many inches from the top; `x` is a part of the width. `over` what is drawn
        already they stand on white.
        """
        y = 1 - from_top / self.height
        font = _font(size, bold=size > 12)
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if over else None
        written = self.figure.text(
            x, y, drawable(text), va="top", ha=align, color=color, fontproperties=font, parse_math=False, bbox=behind
        )
        kept_on_paper(written)

    def line(self, start: float, end: float, from_top: float, width: float, color: str) -> None:
        """A stroke from left to right, so many points thick."""
        from matplotlib.lines import Line2D

        y = 1 - from_top / self.height
        self.figure.add_artist(Line2D([start, end], [y, y], linewidth=width, color=color, solid_capstyle="butt"))

    def dot(self, x: float, from_top: float) -> None:
        """A rate."""
        self.path([(x, from_top)], ACCENT, marker="o", markersize=6, linestyle="none")

    def path(self, points: Sequence[tuple[float, float]], color: str, **style: Any) -> None:
        """A line through points, each a part of the width and inches from the top."""
        from matplotlib.lines import Line2D

        xs, ys = [x for x, _ in points], [1 - from_top / self.height for _, from_top in points]
        self.figure.add_artist(Line2D(xs, ys, color=color, **style))

    def box(self, start: float, end: float, from_top: float, height: float, color: str) -> None:
        """A filled bar."""
        from matplotlib.patches import Rectangle

        corner = (start, 1 - (from_top + height) / self.height)
        self.figure.add_artist(Rectangle(corner, end - start, height / self.height, color=color, linewidth=0))

    def png(self) -> bytes:
        """For a chat."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png")
        return out.getvalue()

    def svg(self) -> str:
        """For a page: one element to be put into it, with letters drawn as paths, so that they need no font there; and
        without styles of its own, which a strict policy of the page would drop and a lax one spread over all of it.
        """
        out = io.StringIO()
        self.figure.savefig(out, format="svg", metadata={"Date": None})
        found = NO_PICTURE.sub("", out.getvalue())
        found = re.sub(r' id="(?:figure|patch|text|line2d)_\d+"', "", found)
        found = re.sub(r' style="([^"]*)"', _attributes, found[found.index("<svg") :])
        size = f'viewBox="0 0 {72 * WIDTH:g} {72 * self.height:g}" stroke-linejoin="round"'
        return re.sub(
            r"<svg[^>]*>", f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {size} aria-hidden="true">', found
        )


NO_PICTURE = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
"""What matplotlib writes into an SVG besides."""


def _attributes(style: re.Match[str]) -> str:
    pairs = (part.split(":") for part in style[1].split(";") if part.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


LABEL_COLUMNS = 20
LEFT, RIGHT = 0.45, 0.82
"""Where 0 and 100 % stand, as parts of the width."""


def _rates(drawing: dict[str, Any]) -> Paper:
    rows = sum(len(section["rows"]) for section in drawing["sections"])
    sheet = Paper(drawing["title"], drawing["notes"], SECTION_HEIGHT * len(drawing["sections"]) + ROW_HEIGHT * rows)
    at = sheet.top
    for section in drawing["sections"]:
        sheet.write(section["heading"], 0.04, at + 0.12, 12, INK)
        at += SECTION_HEIGHT
        for row in section["rows"]:
            middle = at + 0.1
            sheet.write(cut(row["label"], LABEL_COLUMNS), 0.06, at, 11, INK)
            if row["share"] is None:
                sheet.write(row["text"], LEFT, at, 10, PALE)
            else:
                low, share, high = (LEFT + (RIGHT - LEFT) * row[name] for name in ("low", "share", "high"))
                sheet.line(LEFT, RIGHT, middle, 1, LINE)
                sheet.line(low, high, middle, 5, SHADES[3])
                sheet.dot(share, middle)
                sheet.write(row["text"], RIGHT + 0.02, at, 11, INK)
            at += ROW_HEIGHT
    return sheet


def _bars(drawing: dict[str, Any]) -> Paper:
    bars = drawing["bars"]
    sheet = Paper(drawing["title"], drawing["notes"], 0.12 + ROW_HEIGHT * len(bars))
    most = max((bar["value"] for bar in bars), default=0) or 1
    for number, bar in enumerate(bars):
        at = sheet.top + 0.08 + ROW_HEIGHT * number
        sheet.write(cut(bar["label"], LABEL_COLUMNS), 0.04, at, 11, INK)
        end = LEFT + (RIGHT - LEFT) * bar["value"] / most
        sheet.line(LEFT, max(end, LEFT + 0.003), at + 0.1, 12, SHADES[0] if bar.get("alarm") else ACCENT)
        sheet.write(bar["text"], end + 0.02, at, 11, INK)
    return sheet
