"""Answers while they are being written: a sheet somebody goes on with today or next week.

A sheet is sealed under the key outside the database and lies under a keyed tag; filled up to the length that the
longest answers would have, it tells a copy of the database nothing. The screens are drawn from it when they are sent
(`bot/letters/surveys.py`), so that no row of the outbox ever holds an answer.
"""

from __future__ import annotations

import base64
import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox
from models.base import Base
from models.errors import Refusal
from models.outbox import Lane, Repeat
from models.people import Person
from models.questionnaires import Answer, Kind, Question, Questionnaire
from models.roster import Facts
from models.surveys import Survey
from models.vault import Vault

BESIDE = 1500
"""So many bytes a sheet has beside its answers, at most."""


class Sheet(Base):
    """One person's answers to one survey; who that is, only the key outside the database tells."""

    __tablename__ = "survey_sheets"

    tag: Mapped[str] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012


@dataclass
class Progress:
    """How far somebody is. Its methods are what a press does; they change nothing else."""

    answers: dict[str, Answer] = field(default_factory=dict)
    at: str | None = None
    """The question on the screen; None: all of it is looked over before it is sent."""
    chosen: list[str] | None = None
    """The options tapped so far of a question that takes several; None when none was touched yet."""
    looking_over: bool = False
    """The question was called up from the overview, and leads back there."""
    message: int | None = None
    """In which message of theirs the screens are shown."""
    change: dict[str, Any] | None = None
    """When finished answers are being changed: the key and what had been cast (`ballots.py`)."""

    def begin(self, questionnaire: Questionnaire, facts: Facts) -> None:
        """To the first question."""
        path = questionnaire.path(self.answers, facts)
        self.at = path[0].key if path else None

    def choose(self, questionnaire: Questionnaire, facts: Facts, question: Question, value: int) -> None:
        """The button with this number was pressed: a step of a scale, or an option by its place. Raises Refusal for one
        that the question does not have.

        A press on a screen that has gone meanwhile changes that answer and nothing else.
        """
        if question not in questionnaire.path(self.answers, facts):
            raise Refusal("old.button")
        here = question.key == self.at
        match question.kind:
            case Kind.MULTIPLE | Kind.RANKING:
                if not here:
                    raise Refusal("old.button")
                self._tap(question, value)
                if question.kind is Kind.RANKING and len(self._taps(question)) == len(question.keys):
                    self.forward(questionnaire, facts)
                return
            case Kind.SINGLE:
                self._answer(questionnaire, facts, question, _at(question, value))
            case Kind.AGREEMENT | Kind.SCALE:
                self._answer(questionnaire, facts, question, value)
            case Kind.WORDS:
                raise Refusal("old.button")
        if here:
            self.forward(questionnaire, facts)
        else:
            self.settle(questionnaire, facts)

    def settle(self, questionnaire: Questionnaire, facts: Facts) -> None:
        """On to the next question that is asked, where the one on the screen is not any more: an answer before it has
        changed, or what is known of somebody.
        """
        question = self.question(questionnaire)
        path = questionnaire.path(self.answers, facts)
        if question is None or question in path:
            return
        after = questionnaire.questions[questionnaire.questions.index(question) :]
        self._go(next((each.key for each in after if each in path), None))

    def write(self, questionnaire: Questionnaire, facts: Facts, words: str) -> None:
        """Words for the question on the screen. Raises Refusal when it takes none, and for too many."""
        question = self.question(questionnaire)
        if question is None or question.kind is not Kind.WORDS:
            raise Refusal("old.button")
        self._answer(questionnaire, facts, question, words)
        self.forward(questionnaire, facts)

    def forward(self, questionnaire: Questionnaire, facts: Facts) -> None:
        """On to the next question, or to the overview. Raises Refusal where an answer is needed first."""
        question = self.question(questionnaire)
        if question is None:
            return
        self._take_taps(questionnaire, facts, question)
        if question.required and question.key not in self.answers:
            raise Refusal("survey.required")
        path = questionnaire.path(self.answers, facts)
        place = path.index(question)
        missing = questionnaire.missing(self.answers, facts)
        on = path[place + 1].key if place + 1 < len(path) else None
        self._go(None if self.looking_over and missing is None else on)

    def back(self, questionnaire: Questionnaire, facts: Facts) -> None:
        """Back to the question before, keeping what was tapped."""
        path = questionnaire.path(self.answers, facts)
        question = self.question(questionnaire)
        if question is None:
            self.at, self.looking_over = (path[-1].key if path else None), False
        elif question in path and path.index(question) > 0:
            self._take_taps(questionnaire, facts, question)
            self.at = path[path.index(question) - 1].key
        self.chosen = None

    def skip(self, questionnaire: Questionnaire, facts: Facts) -> None:
        """Leave the question out, whatever was answered to it before. Raises Refusal where an answer is needed."""
        question = self.question(questionnaire)
        if question is None or question.required:
            raise Refusal("old.button" if question is None else "survey.required")
        self.answers.pop(question.key, None)
        self.chosen = []
        self.forward(questionnaire, facts)

    def undo(self) -> None:
        """The last option tapped was a slip."""
        if self.chosen:
            self.chosen.pop()

    def call_up(self, questionnaire: Questionnaire, facts: Facts, question: Question) -> None:
        """From the overview to one of the questions."""
        if question not in questionnaire.path(self.answers, facts):
            raise Refusal("old.button")
        self.at, self.chosen, self.looking_over = question.key, None, True

    def look_over(self, questionnaire: Questionnaire, facts: Facts) -> None:
        """Back to the overview, keeping what was tapped."""
        question = self.question(questionnaire)
        if question is not None:
            self._take_taps(questionnaire, facts, question)
        self.at, self.chosen, self.looking_over = None, None, True

    def question(self, questionnaire: Questionnaire) -> Question | None:
        """The question on the screen; None on the overview."""
        return questionnaire.question(self.at) if self.at is not None else None

    def _go(self, key: str | None) -> None:
        """To this question; None: to the overview."""
        self.at, self.chosen = key, None
        self.looking_over = self.looking_over or key is None

    def taps(self, questionnaire: Questionnaire) -> list[str]:
        """The options of the question on the screen that are marked."""
        question = self.question(questionnaire)
        return self._taps(question) if question is not None else []

    def _taps(self, question: Question) -> list[str]:
        if self.chosen is not None:
            return self.chosen
        given = self.answers.get(question.key)
        return list(given) if isinstance(given, list) else []

    def _tap(self, question: Question, value: int) -> None:
        key, taps = _at(question, value), list(self._taps(question))
        if question.kind is Kind.MULTIPLE and key in taps:
            taps.remove(key)
        elif key not in taps:
            taps.append(key)
        elif len(taps) == len(question.keys):
            # All are ranked: a tap begins anew with this one.
            taps = [key]
        self.chosen = taps

    def _take_taps(self, questionnaire: Questionnaire, facts: Facts, question: Question) -> None:
        """What was tapped becomes the answer; half a ranking is none."""
        if self.chosen is None:
            return
        whole = len(self.chosen) == len(question.keys) if question.kind is Kind.RANKING else bool(self.chosen)
        if whole:
            self._answer(questionnaire, facts, question, self.chosen)
        else:
            self.answers.pop(question.key, None)

    def _answer(self, questionnaire: Questionnaire, facts: Facts, question: Question, answer: Any) -> None:
        self.answers[question.key] = question.check(answer)
        self.answers = questionnaire.kept(self.answers, facts)


def _at(question: Question, value: int) -> str:
    if not 0 <= value < len(question.keys):
        raise Refusal("old.button")
    return question.keys[value]


def sealed(plain: Mapping[str, Any], size: int, vault: Vault, context: str) -> bytes:
    """JSON filled up to `size` bytes and sealed: its length is always the same."""
    return vault.seal(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode().ljust(size), context)


def tag_of(survey_id: int, person: Person, vault: Vault) -> str:
    """Under which somebody's sheet lies."""
    return vault.tag("survey sheet", survey_id, person.id)


async def read(session: AsyncSession, survey: Survey, person: Person, vault: Vault) -> Progress | None:
    """Somebody's sheet as it is, None when they have none."""
    tag = tag_of(survey.id, person, vault)
    row: Sheet | None = await session.get(Sheet, tag)
    return Progress(**json.loads(vault.open(row.sealed, f"sheet:{tag}"))) if row is not None else None


async def write(session: AsyncSession, survey: Survey, person: Person, progress: Progress, vault: Vault) -> None:
    """Keep it."""
    tag = tag_of(survey.id, person, vault)
    # Twice the answers: those being changed stand beside what they were.
    kept = sealed(asdict(progress), BESIDE + 2 * survey.questionnaire.most_bytes, vault, f"sheet:{tag}")
    row: Sheet | None = await session.get(Sheet, tag)
    if row is None:
        session.add(Sheet(tag=tag, survey_id=survey.id, sealed=kept))
    else:
        row.sealed = kept


async def drop(session: AsyncSession, survey_id: int, person: Person, vault: Vault) -> bool:
    """It has become a ballot, or is not wanted any more. Returns whether it was still there: of two who finish the same
    one only one has it.
    """
    gone = delete(Sheet).where(Sheet.tag == tag_of(survey_id, person, vault)).returning(Sheet.tag)
    return (await session.execute(gone)).first() is not None


# ---------------------------------------------------------------- what is shown


class Screen(enum.StrEnum):
    """What is to be drawn for somebody who answers."""

    SHEET = "sheet"
    """The question they are at, or the overview."""
    SAVED = "saved"
    THANKS = "thanks"


async def show(
    session: AsyncSession,
    survey: Survey,
    person: Person,
    screen: Screen,
    message: int | None,
    now: datetime,
    kept: Mapping[str, Any] | None = None,
    vault: Vault | None = None,
) -> None:
    """Bring the message in which somebody answers up to date, or begin one.

    `kept` is sealed with `vault` for the way.
    """
    payload: dict[str, Any] = {"survey": survey.id, "screen": screen, "message": message}
    if kept is not None and vault is not None:
        payload["kept"] = base64.b64encode(sealed(kept, BESIDE, vault, _thanks_of(survey.id))).decode()
    await outbox.post(
        session,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NEVER if message is None else Repeat.FREELY,
        chat_id=person.telegram_id,
        letter="survey",
        payload=payload,
        topic=f"survey:{survey.id}:{person.telegram_id}:{message}" if screen is Screen.SHEET else None,
    )


def kept_of(payload: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """What `show` sealed for the way."""
    plain: dict[str, Any] = json.loads(vault.open(base64.b64decode(payload["kept"]), _thanks_of(payload["survey"])))
    return plain


def _thanks_of(survey_id: int) -> str:
    return f"survey thanks:{survey_id}"
