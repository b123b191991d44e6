"""`unionbot posters`: one sheet a station, A4, with a QR code that opens the bot at this station, in the union's three
languages.

Drawn with the Chinese font that comes with the install (`charts.font_file`); matplotlib is imported when a sheet is
drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno

from bot.charts import drawable, font_file, kept_on_paper, wrap
from bot.settings import Settings
from bot.texts import Catalogue, Texts, columns
from bot.vault import KeyVault
from models import access, links, stations, tables  # noqa: F401  (a rotation is written among all tables)
from models.access import Mode
from models.database import Database
from models.links import Link
from models.stations import Desk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 8.27, 11.69
"""A4 in inches."""
INK, PALE, ACCENT, LINE = "#1f2933", "#52606d", "#2f6fb0", "#d5dbe1"
QR_SIDE = 4.1
MOST_POINTS = 950.0
"""A narrow character is half as wide as its size: so many points of size times characters fill a line."""
QUIET = 4
"""Modules of white around the code, as its standard asks."""
PNG_DPI = 200


@dataclass(frozen=True)
class Poster:
    """What one sheet says."""

    station: str
    names: dict[str, str]
    url: str
    code: str | None
    """The campus code, where one is asked for."""
    until: date | None
    """The last day of a link that opens the door."""


async def posters(settings: Settings, username: str, last_day: date | None, now: datetime) -> list[Poster]:
    """One for every station that is open. Where the campus code is asked for, the link proves it, until `last_day`."""
    vault = KeyVault(settings.key_bytes())
    database = Database(settings.database.url)
    try:
        async with database.transaction() as session:
            rotation = None
            if settings.access.mode is Mode.CODE:
                rotation = (await access.newest(session, now)).id
            known = {station.key for station in await stations.open_desks(session)}
            found = []
            for spec in settings.station_specs():
                if spec.desk is not Desk.STATION or (known and spec.key not in known):
                    continue
                link = Link(spec.key, rotation, last_day if rotation is not None else None)
                found.append(
                    Poster(
                        station=spec.key,
                        names=dict(spec.names),
                        url=f"https://t.me/{username}?start={links.payload(link, vault)}",
                        code=access.campus_code(rotation, vault) if rotation is not None else None,
                        until=link.last_day,
                    )
                )
            return found
    finally:
        await database.close()


def draw(found: Sequence[Poster], settings: Settings, folder: Path, *, png: bool) -> list[Path]:
    """The sheets as one PDF, and each as a picture too. Returns the files."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import PdfPages

    # As TrueType, of which only what is used goes into the file; printers like it better than drawn letters.
    mpl.rcParams["pdf.fonttype"] = 42
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue.load(settings.timezone)
    texts = [catalogue[language] for language in settings.union.languages]
    written = [folder / "posters.pdf"]
    with PdfPages(written[0]) as pdf:
        for poster in found:
            figure = _Sheet(poster, settings, texts).draw()
            pdf.savefig(figure)
            if png:
                FigureCanvasAgg(figure)
                written.append(folder / f"{poster.station}.png")
                figure.savefig(written[-1], dpi=PNG_DPI)
    return written


def picture(poster: Poster, settings: Settings) -> bytes:
    """One sheet as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    catalogue = Catalogue.load(settings.timezone)
    figure = _Sheet(poster, settings, [catalogue[language] for language in settings.union.languages]).draw()
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    figure.savefig(out, dpi=PNG_DPI, format="png")
    return out.getvalue()


class _Sheet:
    """One sheet being drawn, from top to bottom, in inches."""

    def __init__(self, poster: Poster, settings: Settings, texts: Sequence[Texts]) -> None:
        self.poster, self.settings, self.texts = poster, settings, texts

    def draw(self) -> Figure:
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        self.figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
        band = 1.55
        self.figure.add_artist(
            Rectangle((0, 1 - band / HEIGHT), 1, band / HEIGHT, transform=self.figure.transFigure, color=ACCENT)
        )
        first, others = self.texts[0], self.texts[1:]
        self._write(first.pick(self.poster.names), 0.34, 30, "white")
        for i, t in enumerate(others):
            self._write(t.pick(self.poster.names), 0.93 + 0.27 * i, 13.5, "white")
        y = 1.85
        self._write(first.plain("poster.title"), y, 24, INK)
        y += 0.52
        for t in others:
            self._write(t.plain("poster.title"), y, 13, PALE)
            y += 0.27
        y += 0.1
        self._qr(y)
        y += QR_SIDE + 0.02
        if self.poster.code is not None:
            y = self._code(y)
        self._how(max(y + 0.2, 7.3))
        self._foot()
        return self.figure

    def _write(self, text: str, top: float, size: float, color: str, **how: Any) -> None:
        from matplotlib.font_manager import FontProperties

        # A long name is set smaller rather than cut off by the edge.
        size = min(size, MOST_POINTS / max(columns(text), 1))
        font = FontProperties(fname=str(font_file()), size=size)
        place = {"ha": "center", "va": "top", **how}
        x = place.pop("x", 0.5)
        text = drawable(text)
        written = self.figure.text(
            x, 1 - top / HEIGHT, text, color=color, fontproperties=font, parse_math=False, **place
        )
        kept_on_paper(written)

    def _qr(self, top: float) -> None:
        """The code with its quiet zone, in modules that are whole."""
        import numpy as np

        matrix = segno.make(self.poster.url, error="m", micro=False).matrix
        cells = np.array([[1 - cell for cell in row] for row in matrix], dtype=float)
        cells = np.pad(cells, QUIET, constant_values=1.0)
        # As large as fits while every module is as wide as its neighbour in the picture, too.
        side = int(QR_SIDE * PNG_DPI / len(cells)) * len(cells) / PNG_DPI
        left, top = round((WIDTH - side) / 2 * PNG_DPI) / PNG_DPI, top + (QR_SIDE - side) / 2
        axes = self.figure.add_axes((left / WIDTH, 1 - (top + side) / HEIGHT, side / WIDTH, side / HEIGHT))
        axes.imshow(cells, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()

    def _code(self, top: float) -> float:
        """The campus code, to be typed by whoever cannot scan. Returns where the next thing may stand."""
        label = " · ".join(dict.fromkeys(t.plain("poster.code") for t in self.texts))
        self._write(label, top, 11, PALE)
        self._write(self.poster.code or "", top + 0.22, 27, INK)
        return top + 0.72

    def _how(self, top: float) -> None:
        """What it is for, in each language, a line between them."""
        y = top
        for i, t in enumerate(self.texts):
            columns, size = (60, 15) if i == 0 else (72, 12)
            for sentence in t.plain("poster.how").splitlines():
                for line in wrap(sentence, columns):
                    self._write(line, y, size, INK if i == 0 else PALE)
                    y += 0.33 if i == 0 else 0.26
            y += 0.2

    def _foot(self) -> None:
        from matplotlib.lines import Line2D

        at = 1 - 10.75 / HEIGHT
        self.figure.add_artist(
            Line2D([0.1, 0.9], [at, at], color=LINE, linewidth=0.8, transform=self.figure.transFigure)
        )
        bot = self.poster.url.split("/")[3].partition("?")[0]
        names = "  ·  ".join(dict.fromkeys(t.pick(self.settings.union.name) for t in self.texts))
        self._write(names, 10.86, 9.5, PALE)
        last = f"@{bot}"
        if self.poster.until is not None:
            until = self.poster.until.isoformat()
            last += "  ·  " + "  ·  ".join(dict.fromkeys(t.plain("poster.until", day=until) for t in self.texts))
        self._write(last, 11.12, 9.5, PALE)
