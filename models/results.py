"""What may be told of a survey: made once, when it closes, and kept with it; whatever may not be told is destroyed then
(docs/decisions/0020). Pure.

Every figure is made from these counts when it is shown, beside its numerator, its denominator and its interval
(mission.md, *Figures, and how they are counted*).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models.figures import Rate
from models.questionnaires import HIGHEST, TOP
from models.tallies import Count, Cut, Tally


def satisfied(count: Count) -> Rate:
    """CSAT: the top two of five ÷ those who answered."""
    return Rate(sum(count.by[str(step)] for step in range(HIGHEST - TOP + 1, HIGHEST + 1)), count.of)


@dataclass(frozen=True)
class Results:
    """The counts of a survey that has closed."""

    cell: int
    """Nothing of fewer answers is in here, nor anything from which it could be had by subtraction."""
    invited: int
    completed: int
    partial: int
    """Who began and did not finish: their answers are not counted, and not kept."""
    everybody: Tally
    """Without the questions that too few answered."""
    cuts: Mapping[Cut, Mapping[str, Tally]] = field(default_factory=dict)
    """The groups that may be told, and of each the questions that may."""
    shares: Mapping[Cut, Mapping[str, float]] = field(default_factory=dict)
    """Of everybody who was to be asked, which part belongs to each group (0–1), for weighting; by the roster."""
    days: tuple[tuple[date, int], ...] = ()
    """How many finished on which day, in the union's time zone."""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "cell": self.cell,
            "invited": self.invited,
            "completed": self.completed,
            "partial": self.partial,
            "everybody": self.everybody.plain(),
            "cuts": {cut: {value: tally.plain() for value, tally in by.items()} for cut, by in self.cuts.items()},
            "shares": {cut: dict(by) for cut, by in self.shares.items()},
            "days": [[day.isoformat(), count] for day, count in self.days],
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Results:
        """What `plain` made, again."""
        return cls(
            plain["cell"],
            plain["invited"],
            plain["completed"],
            plain["partial"],
            Tally.of(plain["everybody"]),
            {Cut(cut): {v: Tally.of(tally) for v, tally in by.items()} for cut, by in plain["cuts"].items()},
            {Cut(cut): by for cut, by in plain["shares"].items()},
            tuple((date.fromisoformat(day), count) for day, count in plain["days"]),
        )
