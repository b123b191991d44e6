"""Which of a few choices somebody means who types instead of pressing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz

from models.house import House

ALIKE = 76.0
"""Of a hundred. What is less like a choice is something else they want to say, and must not be lost as an answer."""
APART = 8.0
"""So much less like the next one."""
SHORTEST = 2


def find(typed: str, names: Mapping[str, Iterable[str]], house: House) -> str | None:
    """The key of the choice that one of its names is or is like, or has in it what was typed; None where none is meant,
    or more than one may be.
    """
    wanted = house.fold(typed)
    folded = {key: {house.fold(name) for name in each} for key, each in names.items()}
    for means in (_is, _has):
        found = [key for key, each in folded.items() if any(means(wanted, name) for name in each)]
        if found:
            return found[0] if len(found) == 1 else None
    scores = [(max(fuzz.ratio(wanted, name) for name in each), key) for key, each in folded.items()]
    (best, key), (next_best, _) = sorted(scores, reverse=True)[:2]
    return key if best >= ALIKE and best - next_best >= APART else None


def _is(wanted: str, name: str) -> bool:
    return wanted == name


def _has(wanted: str, name: str) -> bool:
    return len(wanted) >= SHORTEST and wanted in name
