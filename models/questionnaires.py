"""What a survey asks, and which of it somebody is asked. Pure: a questionnaire is read from a file
(`bot/questionnaires.py`), kept with its survey, and only looked at here.

Answers are plain JSON, by the question's key:

    agreement   1–5, the best being 5          scale     0–10
    single      the option's key               multiple  the keys of the chosen options, in the questionnaire's order
    ranking     the options' keys, the first first       words     what was written
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import Refusal
from models.people import Audience
from models.roster import Facts

Names = Mapping[str, str]
"""A text by language: zh-hans, zh-hant, en."""
Answer = int | str | list[str]
Answers = Mapping[str, Answer]

LOWEST, HIGHEST = 1, 5
"""The ends of an agreement; satisfied are the top two of five (CSAT)."""
TOP = 2
SCALE_END = 10
MOST_RANKED = 6
MOST_OPTIONS = 10
MOST_QUESTIONS = 30
WORDS_LENGTH = 500
WORDS_BYTES = 4 * WORDS_LENGTH + 2


class Kind(enum.StrEnum):
    """How a question is answered."""

    AGREEMENT = "agreement"
    SINGLE = "single"
    MULTIPLE = "multiple"
    SCALE = "scale"
    RANKING = "ranking"
    WORDS = "words"


class Labels(enum.StrEnum):
    """What the five steps of an agreement are called."""

    AGREEMENT = "agreement"
    SATISFACTION = "satisfaction"


@dataclass(frozen=True)
class Group:
    """Some of the students; an empty list leaves nobody out."""

    audiences: tuple[Audience, ...] = ()
    buildings: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    project: int | None = None
    """Only those who asked for what became this project, under their names: who that is `projects.askers` says."""

    def has(self, facts: Facts) -> bool:
        """Whether somebody of whom this is known belongs to it, as far as facts say. What is not known belongs to
        nobody's list.
        """
        return (
            (not self.audiences or facts.audience in self.audiences)
            and (not self.buildings or facts.building in self.buildings)
            and (not self.levels or facts.level in self.levels)
        )

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "audiences": list(self.audiences),
            "buildings": list(self.buildings),
            "levels": list(self.levels),
            "project": self.project,
        }


EVERYBODY = Group()


@dataclass(frozen=True)
class Option:
    """One of several to choose from."""

    key: str
    text: Names


@dataclass(frozen=True)
class Skip:
    """The question is passed over by those who answered an earlier one so: of several chosen options one is enough."""

    question: str
    answers: tuple[int | str, ...]

    def holds(self, answers: Answers) -> bool:
        """Whether this is how it was answered."""
        given = answers.get(self.question)
        return any(each in self.answers for each in given) if isinstance(given, list) else given in self.answers


@dataclass(frozen=True)
class Question:
    """One question."""

    key: str
    kind: Kind
    text: Names
    options: tuple[Option, ...] = ()
    labels: Labels = Labels.AGREEMENT
    required: bool = False
    only: Group = EVERYBODY
    """Asked of these."""
    skip: Skip | None = None

    def check(self, answer: Any) -> Answer:
        """The answer as it is kept. Raises Refusal for what is none: answers come from buttons, and those can be made
        up.
        """
        match self.kind:
            case Kind.AGREEMENT if _is_step(answer, LOWEST, HIGHEST):
                return int(answer)
            case Kind.SCALE if _is_step(answer, 0, SCALE_END):
                return int(answer)
            case Kind.SINGLE if answer in self.keys:
                return str(answer)
            case Kind.MULTIPLE if isinstance(answer, list) and answer and all(each in self.keys for each in answer):
                return [key for key in self.keys if key in answer]
            case Kind.RANKING if isinstance(answer, list) and len(answer) == len(self.keys):
                if all(key in answer for key in self.keys):
                    return list(answer)
            case Kind.WORDS if isinstance(answer, str) and (words := _legible(answer)):
                if len(words) > WORDS_LENGTH:
                    raise Refusal("survey.words_too_long", most=WORDS_LENGTH, given=len(words))
                return words
        raise Refusal("old.button")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its options."""
        return tuple(option.key for option in self.options)

    @property
    def most_bytes(self) -> int:
        """An answer to it is at most so long as JSON, its key with it."""
        answer = WORDS_BYTES if self.kind is Kind.WORDS else sum(len(key) + 4 for key in self.keys) + 4
        return len(self.key) + 6 + answer


@dataclass(frozen=True)
class Questionnaire:
    """Everything that is asked, in order."""

    title: Names
    questions: tuple[Question, ...]
    about: Names | None = None
    """What it is for, said in the invitation."""

    def path(self, answers: Answers, facts: Facts) -> tuple[Question, ...]:
        """What somebody is asked who has answered so far like this."""
        asked: list[Question] = []
        # An answer counts only where its question is asked itself.
        counted: dict[str, Answer] = {}
        for question in self.questions:
            if not question.only.has(facts) or (question.skip is not None and question.skip.holds(counted)):
                continue
            asked.append(question)
            if question.key in answers:
                counted[question.key] = answers[question.key]
        return tuple(asked)

    def kept(self, answers: Answers, facts: Facts) -> dict[str, Answer]:
        """The answers without those to questions that are not asked any more after a change."""
        return {q.key: answers[q.key] for q in self.path(answers, facts) if q.key in answers}

    def missing(self, answers: Answers, facts: Facts) -> Question | None:
        """The first question that has to be answered and is not."""
        return next((q for q in self.path(answers, facts) if q.required and q.key not in answers), None)

    def question(self, key: str) -> Question | None:
        """The question with this key."""
        return next((q for q in self.questions if q.key == key), None)

    @property
    def most_bytes(self) -> int:
        """All answers together are at most so long as JSON: what is sealed is filled up to that, so that its length
        tells nothing of what was written.
        """
        return 2 + sum(question.most_bytes for question in self.questions)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Questionnaire:
        """What `plain` made, again."""
        return cls(plain["title"], tuple(_question(each) for each in plain["questions"]), plain.get("about"))


def _is_step(answer: Any, lowest: int, highest: int) -> bool:
    return isinstance(answer, int) and not isinstance(answer, bool) and lowest <= answer <= highest


def _legible(words: str) -> str:
    """The words without what is no character to be read: a control character is six bytes of JSON. Nothing where there
    is nothing to be seen.
    """
    kept = "".join(c for c in words if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn")).strip()
    return kept if any(unicodedata.category(c)[0] in "LMNPS" for c in kept) else ""


def _question(plain: Mapping[str, Any]) -> Question:
    skip = plain["skip"]
    return Question(
        key=plain["key"],
        kind=Kind(plain["kind"]),
        text=plain["text"],
        options=tuple(Option(**option) for option in plain["options"]),
        labels=Labels(plain["labels"]),
        required=plain["required"],
        only=group_of(plain["only"]),
        skip=Skip(skip["question"], tuple(skip["answers"])) if skip is not None else None,
    )


def group_of(plain: Mapping[str, Any]) -> Group:
    """A group from JSON."""
    return Group(
        tuple(Audience(each) for each in plain["audiences"]),
        tuple(plain["buildings"]),
        tuple(plain["levels"]),
        plain.get("project"),
    )
