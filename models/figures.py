"""How rates are counted and printed (mission.md, *Figures, and how they are counted*). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054
"""The standard normal quantile of a 95 % interval."""


@dataclass(frozen=True)
class Rate:
    """A share with what it was counted from."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        """0–1; 0.0 when nothing was counted."""
        return self.hits / self.of if self.of else 0.0

    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval, 0–1: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) ÷ (1 + z²/n)."""
        if self.of == 0:
            return 0.0, 1.0
        n, p = self.of, self.share
        middle = p + Z * Z / (2 * n)
        reach = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        # At the ends the exact value is 0 or 1; rounding would leave it a hair outside.
        low = 0.0 if self.hits == 0 else (middle - reach) / scale
        high = 1.0 if self.hits == self.of else (middle + reach) / scale
        return low, high
