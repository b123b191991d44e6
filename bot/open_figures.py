"""The monthly open figures in words: what was frozen, with every rate's numbers, and nothing that may not be told."""

from __future__ import annotations

from bot.reports import numbers
from bot.texts import Texts
from models.union.open_figures import ANSWERS, RATES, Month, OpenMonth, Row


def counted(month: OpenMonth, t: Texts) -> str:
    """As of when it was counted."""
    return t.plain("open_figures.counted", day=t.full_day(month.made_at.astimezone(t.timezone).date()))


def why_not(row: Row, name: str, cell: int, t: Texts) -> str:
    """Why a rate is not told; whether there are no answers or a few is not told either."""
    if name not in ANSWERS:
        return t.plain("figure.nothing")
    return t.plain("figure.few", cell=cell) if row.rates[name].share.rate.of < cell else t.plain("figure.would_tell")


def rows_of(told: Month, t: Texts) -> list[tuple[str, Row]]:
    """The places, and where there are several what they come to together."""
    rows = [(t.pick(each.names), each) for each in told.places]
    return [*rows, (t.plain("figure.together"), told.total)] if len(rows) > 1 else rows


def overview(month: OpenMonth, so_far: bool, t: Texts) -> str:
    """One month, all places together, and below it the semester so far."""
    told = month.told
    head = t("open_figures.head", month=t.month(month.first), counted=counted(month, t))
    rows = [head, t("figure.filed", count=told.total.filed)]
    rows += [_line(t.plain(f"figure_name.{n}"), told.total, n, told.cell, t) for n in RATES]
    if so_far:
        rows.append(t("open_figures.so_far", count=told.so_far.filed))
        rows += [_line(t.plain(f"figure_name.{n}"), told.so_far, n, told.cell, t) for n in RATES]
    return "\n".join([*rows, t("open_figures.legend", cell=told.cell)])


def by_place(month: OpenMonth, name: str, t: Texts) -> str:
    """One rate of a month, place by place."""
    told = month.told
    head = t("open_figures.head", month=t.month(month.first), counted=counted(month, t))
    rows = [head, t("figure.heading", name=t.plain(f"figure_name.{name}"))]
    rows += [_line(place, row, name, told.cell, t) for place, row in rows_of(told, t)]
    return "\n".join([*rows, t("open_figures.legend", cell=told.cell)])


def _line(place: str, row: Row, name: str, cell: int, t: Texts) -> str:
    if not row.rates[name].told:
        return t("figure.cell_withheld", place=place, why=why_not(row, name, cell, t))
    return t("figure.cell", place=place, rest=t.plain(f"figure_silent.{name}"), **numbers(row.rates[name].share))
