"""Which building somebody means by what they typed."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.settings import Settings
from models.house import House

SURE = 90.0
POSSIBLE = 55.0
SHOWN = 4


@dataclass(frozen=True)
class Place:
    """A building that may be meant; `sure` when it is named outright and nothing else comes near."""

    key: str
    sure: bool


def find(typed: str, settings: Settings, house: House) -> list[Place]:
    """The buildings whose name in any language reads like `typed`, best first; empty when none does."""
    wanted = house.fold(typed)
    if not wanted:
        return []
    scores: dict[str, float] = {}
    for key in settings.building_keys():
        names = [house.fold(name) for name in (key, *settings.building_names(key).values())]
        scores[key] = max(100.0 if name == wanted else fuzz.WRatio(wanted, name) for name in names)
    ranked = sorted(scores.items(), key=lambda item: item[1], reverse=True)
    possible = [(key, score) for key, score in ranked if score >= POSSIBLE][:SHOWN]
    if not possible:
        return []
    best_key, best = possible[0]
    runner_up = possible[1][1] if len(possible) > 1 else 0.0
    if (best == 100.0 and runner_up < 100.0) or (best >= SURE and best - runner_up >= 10):
        return [Place(best_key, sure=True)]
    return [Place(key, sure=False) for key, _ in possible]
