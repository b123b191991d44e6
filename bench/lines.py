"""What a measurement says: one figure beside the floor or the ceiling it must keep."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure, and the floor (or the ceiling) it is held against."""

    what: str
    figure: float
    bound: float
    shown: str
    most: bool = False
    """The bound is a ceiling."""

    @property
    def held(self) -> bool:
        return self.figure <= self.bound if self.most else self.figure >= self.bound


def median(values: Sequence[float], digits: int = 0) -> str:
    """The median, with the least and the greatest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"
