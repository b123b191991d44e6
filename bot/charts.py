"""Figures as pictures that can be read on a phone, in the reader's language, with a Chinese font that comes with the
install.

matplotlib takes a second to import and a tenth to draw: call `pulse` in a thread, never in a transaction.
"""

from __future__ import annotations

import importlib.util
import io
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.texts import Texts
from models.pulses import Result

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

INK, PALE, ACCENT, LINE = "#1f2933", "#7b8794", "#2f6fb0", "#e4e7eb"
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


WIDTH = 4.5
"""Inches: on a phone, where the picture is as wide as the screen, 12 points are then as large as a message's words."""
LINE_HEIGHT = 0.24
COLUMNS = 58
"""So many narrow characters of the small print fit beside each other; a Chinese one is as wide as two."""


def pulse(question: str, labels: tuple[str, ...], result: Result, t: Texts) -> bytes:
    """The answers to one question as bars with their numbers, and below them what they were counted from. PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    title = wrap(question, 36)
    names = [wrap(label, 14)[:2] for label in labels]
    small = [(line, PALE) for line in wrap(t.plain("pulse.counted", **counted(result)), COLUMNS)]
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
        share = f"{count}  ({100 * count / result.answered:.0f} %)" if result.answered else "0"
        axes.text(
            count + most * 0.03, row, share, va="center", ha="left", color=INK, fontproperties=_font(12), clip_on=False
        )
    axes.set_yticks(list(rows), ["\n".join(n) for n in names], fontproperties=_font(12), color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(LINE)

    def write(line: str, from_top: float, size: float, color: str) -> None:
        y = 1 - from_top / height
        figure.text(0.04, y, line, va="top", ha="left", color=color, fontproperties=_font(size, bold=size > 12))

    for number, line in enumerate(title):
        write(line, 0.15 + 0.32 * number, 15, INK)
    for number, (line, color) in enumerate(small):
        write(line, height - foot + 0.12 + LINE_HEIGHT * number, 10.5, color)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many narrow characters; Chinese may break anywhere, words are kept whole,
    and a number with its per cent."""
    lines, width = [""], 0
    for piece in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+(?: %)?|\s+", text):
        wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in piece)
        if width + wide > columns and width and piece not in CLOSING:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            width = 0
        if piece.strip() or width:
            lines[-1] += piece
            width += wide
    return lines


CLOSING = "，。！？；：、）」』”"
"""No line begins with one of these."""


def counted(result: Result) -> dict[str, Any]:
    """The response rate with its numerator, denominator, those who did not answer, and its interval."""
    low, high = result.response.interval()
    return {
        "answered": result.answered,
        "invited": result.invited,
        "silent": result.invited - result.answered,
        "rate": f"{100 * result.response.share:.0f}",
        "low": f"{100 * low:.0f}",
        "high": f"{100 * high:.0f}",
    }


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
