"""Figures as pictures that can be read on a phone, in the reader's language, with a Chinese font that comes with the
install.

matplotlib takes a second to import and a tenth to draw: call `pulse` in a thread, never in a transaction.
"""

from __future__ import annotations

import importlib.util
import io
import textwrap
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


def pulse(question: str, labels: tuple[str, ...], result: Result, t: Texts) -> bytes:
    """The answers to one question as bars with their numbers, and below them what they were counted from. PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = wrap(question, 22 if t.language.startswith("zh") else 40)
    names = [wrap(label, 9 if t.language.startswith("zh") else 16)[:2] for label in labels]
    height = 1.7 + 0.36 * len(lines) + 0.62 * len(labels)
    figure = Figure(figsize=(6.0, height), dpi=160, facecolor="white")
    FigureCanvasAgg(figure)
    top = 1 - (0.3 + 0.36 * len(lines)) / height
    axes = figure.add_axes((0.30, 0.95 / height, 0.55, top - 0.95 / height))
    shades = SHADES if result.scale else (ACCENT,) * len(labels)
    rows = range(len(labels))
    # The best answer stands on top, as people expect to read it.
    axes.barh(rows, result.counts, color=shades, height=0.62)
    most = max((*result.counts, 1))
    axes.set_xlim(0, most * 1.02)
    for row, count in zip(rows, result.counts, strict=True):
        share = f"{count}  ({100 * count / result.answered:.0f} %)" if result.answered else "0"
        axes.text(
            count + most * 0.02, row, share, va="center", ha="left", color=INK, fontproperties=_font(11), clip_on=False
        )
    axes.set_yticks(list(rows), ["\n".join(n) for n in names], fontproperties=_font(11), color=INK)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(LINE)
    figure.text(
        0.04, 1 - 0.16 / height, "\n".join(lines), va="top", ha="left", color=INK, fontproperties=_font(14, bold=True)
    )
    figure.text(
        0.04,
        0.62 / height,
        t.plain("pulse.counted", **counted(result)),
        color=PALE,
        fontproperties=_font(10.5),
        va="center",
    )
    if result.scale:
        figure.text(
            0.04,
            0.28 / height,
            t.plain("pulse.csat", **satisfaction(result)),
            color=ACCENT,
            fontproperties=_font(10.5),
            va="center",
        )
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def wrap(text: str, width: int) -> list[str]:
    """The text in lines; Chinese may break anywhere, words are kept whole."""
    if any("\u2e80" <= c <= "\uffef" for c in text):
        return [text[i : i + width] for i in range(0, len(text), width)] or [""]
    return textwrap.wrap(text, width) or [""]


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
