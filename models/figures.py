"""How rates are counted and printed (mission.md, *Figures, and how they are counted*). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, cos, exp, floor, lgamma, log, pi, sqrt, tan

Z = 1.959963984540054
"""The standard normal quantile of a 95 % interval."""
_PARTS, _STEPS, _NEAR = 64, 50, 1e-12
"""How finely Student's distribution is summed up (Simpson), and how near its quantile is found."""


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
        """The 95 % interval, 0–1: Wilson's."""
        return wilson(self.share, self.of)


@dataclass(frozen=True)
class Share:
    """A rate, and of how many nobody knows it yet."""

    rate: Rate
    silent: int = 0
    """Requesters who have not said, tickets that nobody has answered."""

    def __add__(self, other: Share) -> Share:
        hits, of = self.rate.hits + other.rate.hits, self.rate.of + other.rate.of
        return Share(Rate(hits, of), self.silent + other.silent)


NOTHING = Share(Rate(0, 0))


def whole(share: float) -> int:
    """In whole per cent, a half up as people round: 0.125 is 13. The same everywhere."""
    # 57 of 200 are 28.5 per cent, and a hair less as a float.
    return floor(round(100 * share, 9) + 0.5)


def wilson(share: float, of: float) -> tuple[float, float]:
    """The 95 % Wilson interval, 0–1: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) ÷ (1 + z²/n)."""
    if not of:
        return 0.0, 1.0
    middle = share + Z * Z / (2 * of)
    reach = Z * sqrt(max(0.0, share * (1 - share)) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    # At the ends the exact value is 0 or 1; rounding would leave it a hair outside.
    return 0.0 if share <= 0 else (middle - reach) / scale, 1.0 if share >= 1 else (middle + reach) / scale


def difference(now: Rate, before: Rate) -> tuple[float, float]:
    """The 95 % interval of `now` − `before`, −1–1: Newcombe's, from the two Wilson intervals."""
    (low, high), (low_before, high_before) = now.interval(), before.interval()
    change = now.share - before.share
    below = sqrt((now.share - low) ** 2 + (high_before - before.share) ** 2)
    above = sqrt((high - now.share) ** 2 + (before.share - low_before) ** 2)
    return change - below, change + above


def has_changed(now: Rate, before: Rate) -> bool:
    """Whether this is a change: the interval of the difference excludes 0."""
    if not now.of or not before.of:
        return False
    low, high = difference(now, before)
    return low > 0 or high < 0


def students_t(freedom: float) -> float:
    """The quantile of a 95 % interval by Student's distribution with so many degrees of freedom, at least 1; `Z` when
    they are many.
    """
    # With t = √f·tan(u) the density is c·cos(u)^(f−1). Newton's steps come from below, and never beyond.
    scale = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - log(pi) / 2

    def density(angle: float) -> float:
        return exp(scale + (freedom - 1) * log(cos(angle)))

    angle = atan(Z / sqrt(freedom))
    for _ in range(_STEPS):
        ends = density(0) + density(angle)
        inner = sum((4 if i % 2 else 2) * density(angle * i / _PARTS) for i in range(1, _PARTS))
        missing = 0.475 - (ends + inner) * angle / _PARTS / 3
        if abs(missing) < _NEAR:
            break
        angle += missing / density(angle)
    return sqrt(freedom) * tan(angle)


def may_be_told(share: Share, cell: int, longer: Sequence[Share] = ()) -> bool:
    """Whether a count of answers may be shown: not when it is smaller than the cell, nor when what is left of a longer
    span that is shown too would be.
    """
    answers = share.rate.of
    return answers >= cell and all(not 0 < each.rate.of - answers < cell for each in longer)


def sum_may_be_told(parts: Sequence[Share], told: Sequence[bool], cell: int) -> bool:
    """Whether the sum of these may be shown beside those of them that are `told`: what is left of it when they are
    taken away is no small cell either.
    """
    hidden = sum(part.rate.of for part, shown in zip(parts, told, strict=True) if not shown)
    return sum(part.rate.of for part in parts) >= cell and not 0 < hidden < cell
