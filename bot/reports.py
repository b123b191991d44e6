"""Figures in words and as something to draw: `/stats`, the digests. Every rate with what it was counted from; a cell
that is too small is not told, and the text says all that the picture shows, for those who do not see pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.texts import Texts
from bot.untrusted import units
from models.figures import NOTHING, Share, difference, has_changed, may_be_told, sum_may_be_told, whole
from models.statistics import Figures, Period, Spread, Surveys, in_all, spread

RATES = ("response", "solved", "satisfied", "on_time", "repeat")
ANSWERS = ("solved", "satisfied")
"""What students said: only of these a small count would say who said what."""
MESSAGE_LENGTH = 3900


@dataclass(frozen=True)
class Place:
    """A place with what was counted there, and in the longer spans that begin earlier; before, in the last semester."""

    name: str
    figures: Figures
    longer: Sequence[Figures] = ()
    before: Figures | None = None


def share_of(figures: Figures, name: str) -> Share:
    """One of a place's rates."""
    found: Share = getattr(figures, name)
    return found


def told(place: Place, name: str, cell: int) -> bool:
    """Whether this rate of the place may be shown."""
    share = share_of(place.figures, name)
    if name not in ANSWERS:
        return share.rate.of > 0
    return may_be_told(share, cell, [share_of(each, name) for each in place.longer])


def one_place(place: Place, span: Period, cell: int, t: Texts) -> list[str]:
    """A station's figures, a line each, as HTML."""
    lines = [t("figure.filed", count=place.figures.filed)]
    for name in RATES:
        share = share_of(place.figures, name)
        if told(place, name, cell):
            lines.append(t(f"figure.{name}", **numbers(share)) + _change(place, name, cell, t))
        else:
            lines.append(
                t("figure.one_withheld", name=t.plain(f"figure_name.{name}"), why=why_not(share, name, cell, t))
            )
        if name == "response":
            lines += _spread("figure.reply_time", spread(place.figures.reply_minutes), t)
    lines += _spread("figure.close_time", spread(place.figures.close_minutes), t)
    return [heading(span, place.name, t), *lines, t("figure.legend")]


def all_places(places: Sequence[Place], span: Period, surveys: Surveys | None, cell: int, t: Texts) -> list[str]:
    """All stations beside each other, figure by figure, as HTML."""
    lines = [heading(span, t.plain("figure.all_places"), t)]
    total = in_sum(places, t)
    lines.append(t("figure.filed", count=total.figures.filed))
    for name in RATES:
        lines.append(t("figure.heading", name=t.plain(f"figure_name.{name}")))
        for place in (*places, total):
            share = share_of(place.figures, name)
            if told_among(place, total, places, name, cell):
                row = t(
                    "figure.cell", place=place.name, rest=t.plain(f"figure_silent.{name}"), **numbers(share)
                ) + _change(place, name, cell, t)
            else:
                row = t("figure.cell_withheld", place=place.name, why=why_not(share, name, cell, t))
            lines.append(row)
    for key, field in (("figure.reply_time", "reply_minutes"), ("figure.close_time", "close_minutes")):
        lines.append(t("figure.heading", name=t.plain(key.replace("figure.", "figure_name."))))
        for place in (*places, total):
            found = spread(getattr(place.figures, field))
            if found is not None:
                lines.append(t("figure.cell_time", place=place.name, **_times(found, t)))
    if surveys is not None and surveys.polls:
        lines.append(t("figure.survey", polls=surveys.polls, **numbers(surveys.response)))
        if may_be_told(surveys.satisfied, cell):
            lines.append(t("figure.csat", **numbers(surveys.satisfied)))
    return [*lines, t("figure.legend")]


def drawing(places: Sequence[Place], span: Period, cell: int, t: Texts) -> dict[str, Any]:
    """The rates as `bot/charts.py` draws them, those of one place or of several with all together."""
    several = len(places) > 1
    total = in_sum(places, t)
    sections = []
    for name in RATES:
        rows = []
        for place in (*places, total) if several else places:
            shown = told_among(place, total, places, name, cell) if several else told(place, name, cell)
            share = share_of(place.figures, name)
            rate = share.rate
            low, high = rate.interval()
            label = place.name if several else t.plain("figure.of", hits=rate.hits, of=rate.of) if shown else ""
            rows.append(
                {
                    "label": label,
                    "share": rate.share if shown else None,
                    "low": low,
                    "high": high,
                    "text": f"{whole(rate.share)} %" if shown else _short(share, name, cell, t),
                }
            )
        sections.append({"heading": t.plain(f"figure_name.{name}"), "rows": rows})
    title = t.plain(
        "figure.title", place=t.plain("figure.all_places") if several else places[0].name, span=_span(span, t)
    )
    return {"title": title, "sections": sections, "notes": [t.plain("figure.drawn_legend")]}


def heading(span: Period, place: str, t: Texts) -> str:
    """Of whom and of when these figures are."""
    return t("figure.head", place=place, span=_span(span, t))


def _span(span: Period, t: Texts) -> str:
    first, last = (
        t.short_day(moment.astimezone(t.timezone).date(), span.until.astimezone(t.timezone).date())
        for moment in (span.since, span.until - timedelta(seconds=1))
    )
    return t.plain(f"figure_span.{span.name}", first=first, last=last)


def numbers(share: Share) -> dict[str, Any]:
    """A rate with its numerator, denominator, those of whom nothing is known, and its interval."""
    low, high = share.rate.interval()
    return {
        "rate": f"{100 * share.rate.share:.1f}",
        "hits": share.rate.hits,
        "of": share.rate.of,
        "silent": share.silent,
        "low": f"{100 * low:.1f}",
        "high": f"{100 * high:.1f}",
    }


def in_sum(places: Sequence[Place], t: Texts) -> Place:
    """All of them together."""
    longer = zip(*(place.longer for place in places), strict=True)
    before = [place.before for place in places if place.before is not None]
    return Place(
        t.plain("figure.together"),
        in_all(dict(enumerate(place.figures for place in places))),
        [in_all(dict(enumerate(each))) for each in longer],
        in_all(dict(enumerate(before))) if before else None,
    )


def told_among(place: Place, total: Place, places: Sequence[Place], name: str, cell: int) -> bool:
    """Whether this rate of one of the places, or of their sum, may be shown beside the others."""
    if place is not total or name not in ANSWERS:
        return told(place, name, cell)
    shares = [share_of(each.figures, name) for each in places]
    each_told = [told(each, name, cell) for each in places]
    return told(total, name, cell) and sum_may_be_told(shares, each_told, cell)


def why_not(share: Share, name: str, cell: int, t: Texts) -> str:
    """Why a rate is not shown; whether there are no answers or a few is not told either."""
    if name not in ANSWERS:
        return t.plain("figure.nothing")
    return t.plain("figure.few", cell=cell) if share.rate.of < cell else t.plain("figure.would_tell")


def _short(share: Share, name: str, cell: int, t: Texts) -> str:
    """The same in the width of a picture."""
    tells = name in ANSWERS and share.rate.of >= cell
    return t.plain("figure.not_shown") if tells else why_not(share, name, cell, t)


def _change(place: Place, name: str, cell: int, t: Texts) -> str:
    """What has changed against the last semester, only where it has."""
    before = share_of(place.before, name) if place.before is not None else NOTHING
    now = share_of(place.figures, name)
    if not may_be_told(before, cell) or not may_be_told(now, cell) or not has_changed(now.rate, before.rate):
        return ""
    low, high = difference(now.rate, before.rate)
    change = 100 * (now.rate.share - before.rate.share)
    key = "figure.up" if change > 0 else "figure.down"
    return " " + t(key, points=f"{abs(change):.1f}", low=f"{100 * low:+.1f}", high=f"{100 * high:+.1f}")


def _times(found: Spread, t: Texts) -> dict[str, Any]:
    return {"median": t.span(found.median), "ninth": t.span(found.ninth), "count": found.count}


def _spread(key: str, found: Spread | None, t: Texts) -> list[str]:
    return [t(key, **_times(found, t))] if found is not None else []


def messages(lines: Sequence[str]) -> list[str]:
    """The lines in as few messages as Telegram takes."""
    parts: list[str] = []
    for line in lines:
        if parts and units(parts[-1]) + units(line) + 1 <= MESSAGE_LENGTH:
            parts[-1] += "\n" + line
        else:
            parts.append(line)
    return parts


def day_drawing(counted: Mapping[str, int], place: str, now: datetime, t: Texts) -> dict[str, Any]:
    """A morning's four numbers."""
    bars = [
        {"label": t.plain(f"digest_name.{name}"), "value": n, "text": str(n), "alarm": name == "overdue"}
        for name, n in counted.items()
    ]
    day = t.day(now.astimezone(t.timezone).date())
    return {"title": t.plain("digest.title", place=place, day=day), "bars": bars, "notes": []}
