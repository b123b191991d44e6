"""Means of answers, and whether a mean is otherwise than the last time (mission.md, *Figures, and how they are
counted*). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from models.figures import Z, students_t
from models.questionnaires import Kind, Question
from models.tallies import Count


@dataclass(frozen=True)
class Mean:
    """A mean with what it was counted from."""

    value: float
    of: int
    deviation: float
    """The standard deviation of the answers, n − 1 below; 0.0 of a single one."""

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.deviation / sqrt(self.of)

    def interval(self) -> tuple[float, float]:
        """The 95 % interval by the normal approximation; it may reach beyond the ends of the scale."""
        return self.value - Z * self.error, self.value + Z * self.error


@dataclass(frozen=True)
class Change:
    """A difference of two means, now − before, with its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def is_one(self) -> bool:
        """Whether this is a change: the interval excludes 0."""
        return self.low > 0 or self.high < 0


def mean(question: Question, count: Count) -> Mean | None:
    """Of the steps of an agreement (1–5) or a scale (0–10); None where it would mean nothing."""
    if question.kind not in (Kind.AGREEMENT, Kind.SCALE) or not count.of:
        return None
    value = sum(int(step) * times for step, times in count.by.items()) / count.of
    squares = sum(times * (int(step) - value) ** 2 for step, times in count.by.items())
    return Mean(value, count.of, sqrt(squares / (count.of - 1)) if count.of > 1 else 0.0)


def change(now: Mean, before: Mean) -> Change | None:
    """By Welch's interval. None where one of them is of a single answer, or nobody differed from the others both times:
    how far answers spread is not known then.
    """
    if min(now.of, before.of) < 2 or not (now.deviation or before.deviation):
        return None
    one, other = now.error**2, before.error**2
    freedom = (one + other) ** 2 / (one**2 / (now.of - 1) + other**2 / (before.of - 1))
    difference, reach = now.value - before.value, students_t(freedom) * sqrt(one + other)
    return Change(difference, difference - reach, difference + reach)
