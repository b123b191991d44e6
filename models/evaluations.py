"""The evaluation of staff, once a semester (mission.md, measure 8): facts beside the survey, which the one they are
about reads and answers first; then people of the presidium decide, in words.

    started ─▶ counted, each gets their own sheet ─▶ answered, or seven days over ─▶ the office reads ─▶ decided, told

There is no sum of it, no score and no order but that of names, and nothing follows from a figure by itself. A sheet is
filled once, when the round begins: what is answered and what is decided are about the same figures. It names no ticket
and quotes no student.

Whether a sheet got through is not kept with the person (`outbox.BLOCKED` says why), only whether there was a chat to
send it to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, colleagues, letters, outbox, permissions, staff_figures, stations, statistics
from models.base import Base, Json, Key
from models.calendar import Semester
from models.errors import Refusal
from models.figures import Rate
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.permissions import Deed, Who
from models.questionnaires import Kind
from models.results import satisfied
from models.staff_figures import Facts
from models.statistics import Period
from models.surveys import OVER, STAFF_EVALUATION, Survey
from models.tallies import Cut

ANSWER_WITHIN = timedelta(days=7)
WORD_LENGTH = 1000
REMIND_BEFORE = timedelta(days=21)
"""So long before the semester's last day the office is reminded, if it has started nothing."""


class EvaluationRound(Base):
    """The evaluation of one semester."""

    __tablename__ = "evaluation_rounds"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    semester: Mapped[str] = mapped_column(unique=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    """Tickets filed in [since, until) are counted."""
    cell: Mapped[int]
    """So many ratings at least."""
    started_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    closes_at: Mapped[datetime | None]
    """Until then whoever has not answered may do so; None while the sheets are being filled."""
    announced: Mapped[bool] = mapped_column(default=False)
    """The office has been told that everything can be read."""

    @property
    def span(self) -> Period:
        """What is counted."""
        return Period("semester", self.since, self.until)


class EvaluationSheet(Base):
    """What the evaluation says of one of the staff, what they say to it, and what was decided."""

    __tablename__ = "evaluation_sheets"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("evaluation_rounds.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    version: Mapped[int] = mapped_column()
    places: Mapped[list[Any]] = mapped_column(Json)
    """Where they work: names by language."""
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    survey: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Beside them, of the last survey about staff: `title`, `semester`, and for each of their `places` the `names` and
    `questions`, each with its `text` and how many were satisfied, of how many: `rate`. None where there was no such
    survey.
    """
    sent: Mapped[bool]
    """There was a private chat to send it to."""
    answered_at: Mapped[datetime | None]
    word: Mapped[str | None]
    """What they say to it; None also when they have nothing to add."""
    decision: Mapped[str | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (
        Index("uq_evaluation_sheets_round_id_person_id", "round_id", "person_id", unique=True),
        Index("ix_evaluation_sheets_person_id", "person_id"),
    )

    @property
    def told(self) -> Facts:
        """The facts."""
        return Facts.of(self.facts)


# ---------------------------------------------------------------- a round


def semester_of(house: House, now: datetime) -> Semester:
    """The semester that is evaluated now: in a vacation the one before it. Raises Refusal when config.toml knows
    none.
    """
    term = statistics.semester_on(house.calendar.day_of(now), house.calendar)
    if term is None:
        raise Refusal("evaluation.no_semester")
    return term


async def of_semester(session: AsyncSession, name: str) -> EvaluationRound | None:
    """The round of this semester, if it has been started."""
    found: EvaluationRound | None = await session.scalar(
        select(EvaluationRound).where(EvaluationRound.semester == name)
    )
    return found


async def newest(session: AsyncSession) -> EvaluationRound | None:
    """The round that was started last."""
    found: EvaluationRound | None = await session.scalar(
        select(EvaluationRound).order_by(EvaluationRound.id.desc()).limit(1)
    )
    return found


async def start(session: AsyncSession, by: Person, house: House, cell: int, now: datetime) -> EvaluationRound:
    """Begin the semester's round; the sheets are filled in a moment (`fill`). Raises Refusal when it was begun before
    and where there is no semester.
    """
    term = semester_of(house, now)
    if await of_semester(session, term.name) is not None:
        raise Refusal("evaluation.started_already", semester=term.name)
    span = statistics.period("semester", house.calendar, now)
    round_ = EvaluationRound(
        semester=term.name, since=span.since, until=span.until, cell=cell, started_by_id=by.id, announced=False
    )
    session.add(round_)
    # Of two who press at once the second meets the unique semester here; the worker runs it again, and it is told.
    await session.flush()
    await audit.record(session, "evaluation_start", now, staff=by, round=round_.id, semester=term.name)
    return round_


async def unfilled(session: AsyncSession) -> list[EvaluationRound]:
    """Rounds whose sheets are not there yet."""
    return list(await session.scalars(select(EvaluationRound).where(EvaluationRound.closes_at.is_(None))))


async def staff_of(session: AsyncSession, span: Period, house: House) -> dict[int, list[stations.Station]]:
    """Who is evaluated, by their numbers, and where they work."""
    found = await colleagues.since(session, house.calendar.day_of(span.since))
    return {person.id: places for person, places in found}


async def count(session: AsyncSession, round_: EvaluationRound, house: House) -> dict[int, Facts]:
    """The facts of everybody. Takes a moment: ask it where nobody waits for the session."""
    staff = await staff_of(session, round_.span, house)
    return await staff_figures.count(session, round_.span, staff, round_.cell)


async def fill(
    session: AsyncSession, round_: EvaluationRound, facts: Mapping[int, Facts], house: House, now: datetime
) -> None:
    """Make the sheets of those whose facts these are, and send each to the one it is about; by day."""
    if round_.closes_at is not None:
        return
    awake = house.calendar.after_quiet(now)
    round_.closes_at = awake + ANSWER_WITHIN
    survey = await last_survey(session)
    staff = await staff_of(session, round_.span, house)
    for person in await colleagues.by_ids(session, sorted(facts.keys() & staff.keys())):
        places = staff[person.id]
        sheet = EvaluationSheet(
            round_id=round_.id,
            person_id=person.id,
            places=[dict(place.names) for place in places],
            facts=facts[person.id].plain(),
            survey=beside(survey, places) if survey is not None else None,
            sent=person.agreed,
        )
        session.add(sheet)
        await session.flush()
        if person.agreed:
            await _send(session, sheet, person, now, awake)


async def last_survey(session: AsyncSession) -> Survey | None:
    """The survey about staff that closed last."""
    found: Survey | None = await session.scalar(
        select(Survey)
        .where(Survey.key == STAFF_EVALUATION, Survey.stage.in_(OVER))
        .order_by(Survey.closes_at.desc(), Survey.id.desc())
        .limit(1)
    )
    return found


def beside(survey: Survey, places: Sequence[stations.Station]) -> dict[str, Any]:
    """What it may tell of these places: of each question with five steps how many are satisfied. A place whose answers
    were too few has none.
    """
    results, asked = survey.told, survey.questionnaire
    by = results.cuts.get(Cut.STATION, {}) if results is not None else {}
    told = []
    for place in places:
        counts = by[place.key].questions if place.key in by else {}
        questions = [
            {"text": dict(question.text), "rate": list(astuple(satisfied(counts[question.key])))}
            for question in asked.questions
            if question.kind is Kind.AGREEMENT and question.key in counts
        ]
        told.append({"names": dict(place.names), "questions": questions})
    return {"title": dict(asked.title), "semester": survey.semester, "places": told}


def rate_of(question: Mapping[str, Any]) -> Rate:
    """How many are satisfied, of how many, by what stands on a sheet."""
    return Rate(*question["rate"])


async def announce(session: AsyncSession, now: datetime) -> None:
    """The office hears once that everything can be read."""
    over = select(EvaluationRound).where(EvaluationRound.announced.is_(False), EvaluationRound.closes_at <= now)
    for round_ in await session.scalars(over):
        round_.announced = True
        office = await stations.office(session)
        await letters.to_station(session, office, "evaluation.all_open", now, semester=round_.semester)


async def remind(session: AsyncSession, house: House, now: datetime) -> None:
    """The office hears once, shortly before the semester ends, that it has started nothing."""
    today = house.calendar.day_of(now)
    for term in house.calendar.semesters:
        if not term.ends - REMIND_BEFORE <= today <= term.ends or await of_semester(session, term.name) is not None:
            continue
        office = await stations.office(session)
        key = f"evaluation:{term.name}"
        await letters.to_station(session, office, "evaluation.due", now, dedupe=key, semester=term.name)


# ---------------------------------------------------------------- a sheet


async def round_of(session: AsyncSession, sheet: EvaluationSheet) -> EvaluationRound:
    """To which round it belongs."""
    return await session.get_one(EvaluationRound, sheet.round_id)


def is_over(round_: EvaluationRound, now: datetime) -> bool:
    """Whether the days to answer have passed."""
    return round_.closes_at is not None and round_.closes_at <= now


def is_open(sheet: EvaluationSheet, round_: EvaluationRound, now: datetime) -> bool:
    """Whether the office may read it."""
    return sheet.answered_at is not None or is_over(round_, now)


def may_answer(sheet: EvaluationSheet, round_: EvaluationRound, now: datetime) -> bool:
    """Whether the one it is about may still say something, or say it anew."""
    return sheet.decision is None and not is_over(round_, now)


async def last_of(session: AsyncSession, person: Person) -> EvaluationSheet | None:
    """Somebody's own newest sheet."""
    found: EvaluationSheet | None = await session.scalar(
        select(EvaluationSheet)
        .where(EvaluationSheet.person_id == person.id)
        .order_by(EvaluationSheet.round_id.desc())
        .limit(1)
    )
    return found


async def all_of(session: AsyncSession, person: Person) -> list[tuple[EvaluationRound, EvaluationSheet]]:
    """All of somebody's own, the oldest first."""
    rows = await session.execute(
        select(EvaluationRound, EvaluationSheet)
        .join(EvaluationSheet, EvaluationSheet.round_id == EvaluationRound.id)
        .where(EvaluationSheet.person_id == person.id)
        .order_by(EvaluationRound.id)
    )
    return [(round_, sheet) for round_, sheet in rows]


async def must_be_own(session: AsyncSession, number: int | None, person: Person) -> EvaluationSheet:
    """This sheet, or the newest of theirs, of somebody who is alone with the bot. Raises Refusal when it is not
    theirs: it might as well not exist.
    """
    sheet = await session.get(EvaluationSheet, number) if number is not None else await last_of(session, person)
    theirs = sheet is not None and sheet.person_id == person.id
    permissions.must(Deed.EVALUATED, {Who.EVALUATED if theirs else Who.STRANGER})
    assert sheet is not None
    return sheet


async def answer(session: AsyncSession, sheet: EvaluationSheet, word: str | None, now: datetime) -> None:
    """The one it is about says something to it, or that there is nothing to add; the later counts. Raises Refusal when
    it is too long, too late or decided.
    """
    round_ = await round_of(session, sheet)
    if not may_answer(sheet, round_, now):
        raise Refusal("evaluation.too_late")
    if word is not None:
        must_fit(word)
    sheet.word, sheet.answered_at = word, now
    person = await session.get_one(Person, sheet.person_id)
    await audit.record(session, "evaluation_answer", now, staff=person, sheet=sheet.id)


async def listed(session: AsyncSession, round_: EvaluationRound) -> list[tuple[EvaluationSheet, Person]]:
    """Everybody of a round, by name: never by a figure."""
    rows = await session.execute(
        select(EvaluationSheet, Person)
        .join(Person, Person.id == EvaluationSheet.person_id)
        .where(EvaluationSheet.round_id == round_.id)
    )
    return sorted(((sheet, person) for sheet, person in rows), key=lambda each: (each[1].name.casefold(), each[1].id))


async def for_office(
    session: AsyncSession, number: int, now: datetime
) -> tuple[EvaluationRound, EvaluationSheet, Person]:
    """A sheet as the office may read it. Raises Refusal before it has been answered or the days have passed, and when
    there is none.
    """
    sheet = await session.get(EvaluationSheet, number)
    if sheet is None:
        raise Refusal("old.button")
    round_, person = await round_of(session, sheet), await session.get_one(Person, sheet.person_id)
    if not is_open(sheet, round_, now):
        raise Refusal("evaluation.not_yet", name=person.name, closes=round_.closes_at)
    return round_, sheet, person


async def to_decide(
    session: AsyncSession, number: int, by: Person, now: datetime
) -> tuple[EvaluationRound, EvaluationSheet, Person]:
    """A sheet about which this person may decide now. Raises Refusal as `for_office` does, about oneself, and when it
    is decided.
    """
    round_, sheet, person = await for_office(session, number, now)
    if person.id == by.id:
        raise Refusal("evaluation.own")
    if sheet.decision is not None:
        raise Refusal("evaluation.decided_already", name=person.name)
    return round_, sheet, person


def must_fit(text: str) -> None:
    """Raises Refusal for words that are none or too many."""
    if not 0 < len(text) <= WORD_LENGTH:
        raise Refusal("evaluation.word_length", most=WORD_LENGTH)


async def decide(
    session: AsyncSession, number: int, by: Person, text: str, house: House, now: datetime
) -> EvaluationSheet:
    """Somebody of the presidium writes down what was decided; the one it is about is told. Raises Refusal as
    `to_decide` and `must_fit` do.
    """
    _, sheet, person = await to_decide(session, number, by, now)
    must_fit(text)
    sheet.decision, sheet.decided_by_id, sheet.decided_at = text, by.id, now
    await audit.record(session, "evaluation_decide", now, staff=by, sheet=sheet.id)
    if person.agreed:
        await _send(session, sheet, person, now, house.calendar.after_quiet(now))
    return sheet


async def _send(
    session: AsyncSession, sheet: EvaluationSheet, person: Person, now: datetime, not_before: datetime
) -> None:
    """The sheet as it is when drawn: what it says lies nowhere on the way."""
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=person.telegram_id,
        letter="evaluation",
        payload={"sheet": sheet.id},
        not_before=not_before,
    )


async def forget(session: AsyncSession, person: Person) -> None:
    """Erase everything that was said about somebody, by them and by others."""
    await session.execute(delete(EvaluationSheet).where(EvaluationSheet.person_id == person.id))
