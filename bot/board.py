"""The board in words: what the union has to do, how it stands, and what shows it."""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup

from bot.texts import Texts, cut
from models.union.floors import Board, Evidence, Floor, State

LIGHTS = {State.GREEN: "🟢", State.DUE: "🟡", State.OVERDUE: "🔴"}
SHOWN = 3
"""So many pieces of evidence stand below a floor, the latest."""
TITLE_COLUMNS = 36


def draw(found: Board, t: Texts, today: date) -> str:
    """All floors, as HTML for one message; below one that is not met, what to do."""
    floors = ["\n".join([line(each, t, today), *evidence(each, t, today), *_how(each, t)]) for each in found.floors]
    missing = [t("board.no_semester")] if found.semester is None else []
    return "\n\n".join([head(found, t), *floors, *missing, t("board.legend")])


def warning(found: Board, t: Texts, today: date) -> str:
    """Only what is still to be done, with how."""
    lines = ["\n".join([line(floor, t, today), *_how(floor, t)]) for floor in found.still_to_do()]
    semester = found.semester
    assert semester is not None, "it is warned in weeks of a semester"
    above = t("board.warning", semester=semester.name, week=found.week, until=t.day(semester.ends, today))
    return "\n\n".join([above, *lines, t("board.see")])


def head(found: Board, t: Texts) -> str:
    """Which semester and which year are judged, as HTML."""
    semester = found.semester
    if semester is None:
        return t("board.head_year", year=found.year.name)
    if found.week is None:
        return t("board.head_over", semester=semester.name, year=found.year.name)
    return t("board.head", semester=semester.name, week=found.week, year=found.year.name)


def line(floor: Floor, t: Texts, today: date) -> str:
    """How one floor stands: "🟡 Theory study · 1 of 2 · 50 days left (17 Jan)"."""
    name = t.plain(f"floor.{floor.key}")
    key = "board.floor" if floor.needed else "board.floor_none"
    counted = {"done": floor.done, "needed": floor.needed} if floor.needed else {}
    parts = [t(key, light=LIGHTS[floor.state], name=name, **counted)]
    if floor.until is not None and floor.state is State.DUE:
        parts.append(t.n("board.left", (floor.until - today).days, until=t.short_day(floor.until, today)))
    elif floor.until is not None and floor.state is State.OVERDUE:
        parts.append(t("board.overdue_since", until=t.short_day(floor.until, today)))
    return " · ".join(parts)


def _how(floor: Floor, t: Texts) -> list[str]:
    return [] if floor.state is State.GREEN else [t(f"board.how.{floor.key}")]


def evidence(floor: Floor, t: Texts, today: date) -> list[str]:
    """What shows it, a line each, as HTML."""
    found = [_piece(each, t, today) for each in floor.evidence[-SHOWN:]]
    more = len(floor.evidence) - SHOWN
    return [*([t.n("board.more", more)] if more > 0 else []), *found]


def _piece(each: Evidence, t: Texts, today: date) -> str:
    """One piece of evidence: "└ Gathering 12 · 13 Oct · 14 of 16 · The spirit of …"."""
    parts: list[Any] = [t(f"board.{each.what}", number=each.number)]
    if each.day is not None:
        parts.append(t.short_day(each.day, today))
    if each.rate is not None:
        parts.append(t(f"board.{each.what}_rate", hits=each.rate.hits, of=each.rate.of))
    if each.names:
        parts.append(cut(t.pick(each.names), TITLE_COLUMNS))
    return "└ " + Markup(" · ").join(parts)
