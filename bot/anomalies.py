"""The supervisors' weekly digest in words: what was unlike other weeks, with the test by which it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.settings import Settings
from bot.texts import Texts
from models.stations import Station
from models.union.anomalies import LEVEL, WEEKS_BEFORE, Digest, Problem, Rise

NUMBERS = 6
"""So many ticket numbers stand in a line."""
LEAST_CHANCE = 0.001
"""What is less probable is said to be so."""


def draw(found: Digest, places: Mapping[int, Station], settings: Settings, t: Texts, now: datetime) -> str:
    """As HTML, for one message; of a week in which nothing was unusual that it was not."""
    today = now.astimezone(t.timezone).date()
    first, last = (at.astimezone(t.timezone).date() for at in (found.since, found.until - timedelta(days=1)))
    parts = [t("anomaly.head", first=t.short_day(first, today), last=t.short_day(last, today))]
    risen = [_rise(each, places, settings, t) for each in found.risen]
    silent = [
        t.n("anomaly.silent_station", count, place=_place(number, places, t)) for number, count in found.silent.items()
    ]
    repeated = [_problem(each, numbers, settings, t) for each, numbers in found.repeated.items()]
    for key, lines in (("risen", risen), ("silent", silent), ("repeated", repeated)):
        if lines:
            parts.append("\n".join([t(f"anomaly.{key}"), *lines]))
    if len(parts) == 1:
        parts.append(t("anomaly.nothing"))
    parts.append(t.n("anomaly.test", found.matters, weeks=WEEKS_BEFORE, level=f"{LEVEL:.0%}"))
    return "\n\n".join(parts)


def _rise(each: Rise, places: Mapping[int, Station], settings: Settings, t: Texts) -> str:
    return t(
        "anomaly.rise",
        category=t.pick(settings.category_names(each.matter.category)),
        place=_place(each.matter.place, places, t),
        filed=each.filed,
        usual=f"{each.usual:.1f}".removesuffix(".0"),
        chance=f"< {LEAST_CHANCE}" if each.chance < LEAST_CHANCE else f"= {each.chance:.3f}",
        numbers=_numbers(each.numbers),
    )


def _problem(problem: Problem, numbers: Sequence[int], settings: Settings, t: Texts) -> str:
    return t.n(
        "anomaly.problem",
        len(numbers),
        category=t.pick(settings.category_names(problem.category)),
        building=t.pick(settings.building_names(problem.building or "")),
        numbers=_numbers(numbers),
    )


def _place(number: int, places: Mapping[int, Station], t: Texts) -> str:
    return t.pick(places[number].names) if number in places else "—"


def _numbers(numbers: Sequence[int]) -> str:
    return " ".join(f"#{number}" for number in numbers[:NUMBERS]) + (" …" if len(numbers) > NUMBERS else "")
