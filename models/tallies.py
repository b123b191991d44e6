"""Counts of answers: all that is kept of a survey once it has been answered. Pure.

A tally counts the answers of one group: everybody, or those who share one thing (a building, a level). It knows nobody
and no two answers of the same person: how a question was answered by those who answered another one so cannot be asked.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.questionnaires import Answer, Answers, Kind, Questionnaire

RANKED = "/"
"""Stands between an option and the place it was given: `canteen/1`."""


class Cut(enum.StrEnum):
    """By what the answers are counted apart."""

    STATION = "station"
    BUILDING = "building"
    COLLEGE = "college"
    AUDIENCE = "audience"
    LEVEL = "level"


@dataclass
class Count:
    """How one question was answered."""

    of: int = 0
    """Who answered it."""
    by: Counter[str] = field(default_factory=Counter)
    """How often each answer was given: `4` of an agreement or a scale, an option's key, `option/place` of a ranking. Of
    a multiple choice one person gives several. Nothing for words: those are kept apart.
    """

    def add(self, other: Count, times: int = 1) -> None:
        """Count these as well; with −1 no longer."""
        self.of += times * other.of
        for answer, count in other.by.items():
            self.by[answer] += times * count
            if not self.by[answer]:
                del self.by[answer]


@dataclass
class Tally:
    """How a group answered."""

    completed: int = 0
    """Who finished the questionnaire."""
    questions: dict[str, Count] = field(default_factory=dict)

    def add(self, other: Tally, times: int = 1) -> None:
        """Count these as well; with −1 no longer."""
        self.completed += times * other.completed
        for key, count in other.questions.items():
            self.questions.setdefault(key, Count()).add(count, times)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "completed": self.completed,
            "questions": {key: {"of": count.of, "by": dict(count.by)} for key, count in self.questions.items()},
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Tally:
        """What `plain` made, again."""
        return cls(
            plain["completed"],
            {key: Count(count["of"], Counter(count["by"])) for key, count in plain["questions"].items()},
        )


def one(questionnaire: Questionnaire, answers: Answers) -> Tally:
    """The tally of one person's answers."""
    asked = ((question, answers[question.key]) for question in questionnaire.questions if question.key in answers)
    return Tally(1, {question.key: Count(1, Counter(_given(question.kind, answer))) for question, answer in asked})


def _given(kind: Kind, answer: Answer) -> Iterator[str]:
    if isinstance(answer, list):
        yield from (f"{key}{RANKED}{i}" for i, key in enumerate(answer, 1)) if kind is Kind.RANKING else answer
    elif kind is not Kind.WORDS:
        yield str(answer)
