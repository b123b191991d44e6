"""A certificate of volunteering: one page A4, in its reader's language with English beside Chinese and the union's own
language beside English; and what somebody reads who asks whether one is genuine.

Drawn like the posters, with the Chinese font that comes with the install. matplotlib takes a second to import and
longer to draw: call `pdf` in a thread, never in a transaction.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

import segno

from bot.charts import drawable, font_file, kept_on_paper, wrap
from bot.posters import ACCENT, HEIGHT, INK, LINE, MOST_POINTS, PALE, QUIET, WIDTH
from bot.settings import Settings
from bot.studies import where
from bot.texts import Texts, columns
from bot.untrusted import inline
from bot.volunteers import in_hours
from models.union.certificates import PREFIX, Certificate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, RIGHT = 1.0, WIDTH - 1.0
VALUE_LEFT = 3.25
LARGE, SMALL = (42, 13.5, 0.27), (54, 10.5, 0.21)
"""Columns, size in points and height of a line: what needs more than two lines is set smaller, and nothing is cut."""
QR_SIDE = 1.25
NAME, NAME_COLUMNS = 150, 64


def pdf(found: Certificate, bot: str, t: Texts, beside: Texts, settings: Settings, now: datetime) -> bytes:
    """The page; `bot` is the bot's name on Telegram, `beside` the second language."""
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure = _Page(found, bot, (t, beside), settings, now).draw()
    out = io.BytesIO()
    # As TrueType, of which only what is used goes into the file.
    with mpl.rc_context({"pdf.fonttype": 42}):
        FigureCanvasPdf(figure)
        figure.savefig(out, format="pdf")
    return out.getvalue()


def verified(found: Certificate, t: Texts, settings: Settings) -> str:
    """What a genuine certificate says, as HTML. Of the name only how it begins: whoever has the paper knows it."""
    name = f"{found.name[0]}***" if found.name else t.plain("certificate.erased")
    return t(
        "certificate.true",
        name=name,
        title=t.pick(found.gathering.titles),
        role=t.pick(found.call.role),
        day=_days(found, t),
        hours=in_hours(found.minutes),
        by=found.confirmed_by or t.plain("certificate.nobody"),
        union=t.pick(settings.union.name),
    )


def _days(found: Certificate, t: Texts) -> str:
    starts, ends = (at.astimezone(t.timezone) for at in (found.gathering.starts_at, found.gathering.ends_at))
    if starts.date() == ends.date():
        return f"{t.full_day(starts.date())} {starts:%H:%M}–{ends:%H:%M}"
    return f"{t.full_day(starts.date())} {starts:%H:%M} – {t.full_day(ends.date())} {ends:%H:%M}"


class _Page:
    """The page being drawn, from top to bottom, in inches."""

    def __init__(
        self, found: Certificate, bot: str, texts: tuple[Texts, Texts], settings: Settings, now: datetime
    ) -> None:
        self.found, self.bot, self.texts, self.settings, self.now = found, bot, texts, settings, now

    def draw(self) -> Figure:
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        t, beside = self.texts
        self.figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
        for inset, width in ((0.45, 2.2), (0.53, 0.7)):
            self.figure.add_artist(
                Rectangle(
                    (inset / WIDTH, inset / HEIGHT),
                    1 - 2 * inset / WIDTH,
                    1 - 2 * inset / HEIGHT,
                    transform=self.figure.transFigure,
                    fill=False,
                    edgecolor=ACCENT,
                    linewidth=width,
                )
            )
        self._middle(t.pick(self.settings.union.name), 1.0, 19, ACCENT)
        self._middle(beside.pick(self.settings.union.name), 1.42, 11, PALE)
        self._middle(t.plain("certificate.title"), 2.0, 30, INK)
        self._middle(beside.plain("certificate.title"), 2.65, 13, PALE)
        name = drawable(inline(self.found.name, NAME)) or "—"
        named = wrap(name, NAME_COLUMNS)
        for i, line in enumerate(named):
            self._middle(line, 3.3 + 0.24 * i, 26 if len(named) == 1 else 14, INK)
        y = 3.85
        if self.found.number is not None:
            self._middle(f"{self._label('number')}  {self.found.number}", y, 12, PALE)
        y = self._facts(4.45)
        self._foot(max(y + 0.15, 8.6))
        return self.figure

    def _facts(self, top: float) -> float:
        """What they did; returns where the next thing may stand."""
        from matplotlib.lines import Line2D

        t, beside = self.texts
        it, call = self.found.gathering, self.found.call
        by = self.found.confirmed_by or t.plain("certificate.nobody")
        at = t.full_day(self.found.confirmed_at.astimezone(t.timezone).date())
        rows = {
            "activity": t.pick(it.titles),
            "role": t.pick(call.role),
            "when": _days(self.found, t),
            "place": where(it, t),
            "hours": t.plain("certificate.so_many", hours=in_hours(self.found.minutes)),
            "level": t.plain(f"volunteer.level.{call.level}"),
            "confirmed": f"{by} · {at}",
        }
        y = top
        for key, value in rows.items():
            self._write(t.plain(f"certificate.{key}"), y, 12, PALE, LEFT)
            self._write(beside.plain(f"certificate.{key}"), y + 0.2, 8.5, PALE, LEFT)
            lines, (_, size, height) = wrap(drawable(value), LARGE[0]), LARGE
            if len(lines) > 2:
                lines, (_, size, height) = wrap(drawable(value), SMALL[0]), SMALL
            for i, line in enumerate(lines):
                self._write(line, y + height * i, size, INK, VALUE_LEFT)
            y += max(0.47, height * len(lines) + 0.1)
            at_ = 1 - (y - 0.02) / HEIGHT
            line_ = Line2D(
                [LEFT / WIDTH, RIGHT / WIDTH],
                [at_, at_],
                color=LINE,
                linewidth=0.7,
                transform=self.figure.transFigure,
            )
            self.figure.add_artist(line_)
            y += 0.09
        return y

    def _foot(self, top: float) -> None:
        """The code, how to ask whether it is genuine, and from when it is."""
        t, beside = self.texts
        self._qr(RIGHT - QR_SIDE, top)
        self._write(self._label("code"), top + 0.02, 10, PALE, LEFT)
        self._write(self.found.code, top + 0.24, 19, INK, LEFT)
        y = top + 0.68
        for texts, size in ((t, 9.5), (beside, 8)):
            said = texts.plain("certificate.check", bot=self.bot, code=self.found.code)
            for line in wrap(said, 62 if size > 9 else 74):
                self._write(line, y, size, PALE, LEFT)
                y += 0.19
        issued = t.plain("certificate.issued", day=t.full_day(self.now.astimezone(t.timezone).date()))
        self._write(issued, y + 0.08, 9.5, PALE, LEFT)

    def _label(self, key: str) -> str:
        first, second = (texts.plain(f"certificate.{key}") for texts in self.texts)
        return f"{first} / {second}" if first != second else first

    def _qr(self, left: float, top: float) -> None:
        """The link that asks, as a QR code of whole modules drawn as one shape."""
        import numpy as np

        url = f"https://t.me/{self.bot}?start={PREFIX}{self.found.code}"
        cells = np.array([[1 - cell for cell in row] for row in segno.make(url, error="m", micro=False).matrix])
        cells = np.pad(cells.astype(float), QUIET, constant_values=1.0)
        place = (left / WIDTH, 1 - (top + QR_SIDE) / HEIGHT, QR_SIDE / WIDTH, QR_SIDE / HEIGHT)
        axes = self.figure.add_axes(place)
        axes.imshow(cells, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()

    def _middle(self, text: str, top: float, size: float, color: str) -> None:
        # A long name is set smaller rather than cut off by the border.
        fitting = 0.88 * MOST_POINTS / max(columns(text), 1)
        self._write(text, top, min(size, fitting), color, WIDTH / 2, ha="center")

    def _write(self, text: str, top: float, size: float, color: str, left: float, **how: Any) -> None:
        from matplotlib.font_manager import FontProperties

        font = FontProperties(fname=str(font_file()), size=size)
        place = {"ha": "left", "va": "top", **how}
        written = self.figure.text(
            left / WIDTH, 1 - top / HEIGHT, text, color=color, fontproperties=font, parse_math=False, **place
        )
        kept_on_paper(written)
