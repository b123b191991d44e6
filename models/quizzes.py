"""Quizzes for theory study: a question with a right answer, asked in the groups by a native quiz that is not anonymous.

Telegram tells the bot who answered what. That is said above each quiz, kept without a time, and goes with the person
(`forgetting`). What is told of it, at closing and to the office only, is counted by groups; nobody is ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, colleagues, outbox, stations
from models.base import Base, Key
from models.errors import Refusal
from models.outbox import Lane, Repeat
from models.people import Person
from models.pulses import SETTLED_AFTER
from models.stations import Desk, Station

EXPLANATION_LENGTH, EXPLANATION_LINES = 200, 2
"""Telegram's limit, and what fits into the little window that shows it."""


class Quiz(Base):
    """A question, its answers, which of them is right, and until when it may be answered."""

    __tablename__ = "quizzes"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    question: Mapped[str]
    options: Mapped[list[Any]]
    correct: Mapped[int]
    """Which answer is right, counted from 0."""
    explanation: Mapped[str | None]
    """Shown by Telegram to those who have answered."""
    places: Mapped[list[Any]]
    """The ids of the places in whose groups it is asked."""
    closes_at: Mapped[datetime] = mapped_column(index=True)
    closed: Mapped[bool] = mapped_column(default=False)


class QuizPoll(Base):
    """One delivered quiz, in the group of one place."""

    __tablename__ = "quiz_polls"

    poll_id: Mapped[str] = mapped_column(primary_key=True)
    quiz_id: Mapped[int | None] = mapped_column(ForeignKey("quizzes.id"), index=True)
    """None, as the place, for an answer that was quicker than the news that its quiz was delivered."""
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))


class QuizAnswer(Base):
    """What somebody answered."""

    __tablename__ = "quiz_answers"

    poll_id: Mapped[str] = mapped_column(ForeignKey("quiz_polls.poll_id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    choice: Mapped[int]


@dataclass(frozen=True)
class Draft:
    """A quiz that is being written."""

    question: str
    options: Sequence[str]
    correct: int
    explanation: str | None = None


@dataclass(frozen=True)
class Result:
    """What came of it in one group."""

    names: Mapping[str, str]
    staff: int
    """Those of the place who are known: who acted there lately, who leads it, and who answered."""
    answered: int
    right: int


async def groups(session: AsyncSession, own: Station | None) -> list[Station]:
    """In whose groups somebody asks: in a station's own group this one, elsewhere all stations' and the office's."""
    return [own] if own is not None else await stations.bound(session, Desk.STATION, Desk.OFFICE)


async def launch(
    session: AsyncSession,
    draft: Draft,
    places: Sequence[Station],
    closes_at: datetime,
    now: datetime,
    staff: Person | None = None,
) -> Quiz:
    """Ask in the groups of these places, once in each; who asked whom goes into the records. Raises Refusal when there
    is none.
    """
    if not places:
        raise Refusal("quiz.no_groups")
    quiz = Quiz(
        question=draft.question,
        options=list(draft.options),
        correct=draft.correct,
        explanation=draft.explanation,
        places=[place.id for place in places],
        closes_at=closes_at,
    )
    session.add(quiz)
    await session.flush()
    keys = [place.key for place in places]
    await audit.record(session, "quiz_launch", now, staff=staff, quiz=quiz.id, places=keys)
    for place in places:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NEVER,
            chat_id=place.chat_id,
            letter="quiz",
            payload={"quiz": quiz.id, "station": place.id},
            dedupe=f"quiz:{quiz.id}:{place.key}",
        )
    return quiz


async def sent(session: AsyncSession, quiz_id: int, station_id: int, poll_id: str) -> None:
    """A quiz was delivered. Somebody may have answered it already."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    known = {"quiz_id": quiz_id, "station_id": station_id}
    noted = insert(QuizPoll).values(poll_id=poll_id, **known)
    await session.execute(noted.on_conflict_do_update(index_elements=["poll_id"], set_=known))


async def answered(session: AsyncSession, poll_id: str, person: Person, choice: int | None) -> bool:
    """Somebody answered, or with None took their answer back; False when the quiz is over."""
    poll = await session.get(QuizPoll, poll_id)
    if poll is None:
        # Telegram names who answers in the bot's own quizzes only: this one was sent a moment ago.
        session.add(QuizPoll(poll_id=poll_id))
        await session.flush()
    elif poll.quiz_id is not None and (await session.get_one(Quiz, poll.quiz_id, with_for_update=True)).closed:
        return False
    row = await session.get(QuizAnswer, (poll_id, person.id))
    if choice is None:
        if row is not None:
            await session.delete(row)
    elif row is None:
        session.add(QuizAnswer(poll_id=poll_id, person_id=person.id, choice=choice))
    else:
        row.choice = choice
    return True


async def close_due(session: AsyncSession, now: datetime) -> int:
    """Quizzes whose time is over: what was not sent is not sent any more, and the office is told what came of each.
    Returns how many.
    """
    due = await session.scalars(
        select(Quiz)
        .where(Quiz.closed.is_(False), Quiz.closes_at <= now - SETTLED_AFTER)
        .order_by(Quiz.id)
        .with_for_update()
    )
    count = 0
    for quiz in due.all():
        quiz.closed = True
        await audit.record(session, "quiz_close", now, quiz=quiz.id)
        count += 1
        await outbox.call_off(session, "quiz", "quiz", quiz.id)
        office = await stations.office(session)
        if office.chat_id is not None:
            await outbox.post(
                session,
                now=now,
                lane=Lane.NOTICE,
                repeat=Repeat.NUMBERED,
                chat_id=office.chat_id,
                letter="quiz_result",
                payload={"quiz": quiz.id},
            )
    return count


async def newest(session: AsyncSession, most: int) -> Sequence[Quiz]:
    """The latest quizzes, the newest first."""
    return (await session.scalars(select(Quiz).order_by(Quiz.id.desc()).limit(most))).all()


async def took_part(session: AsyncSession, quiz: Quiz) -> Sequence[Person]:
    """Whoever answered, rightly or not, in whichever group; each once."""
    answers = select(QuizAnswer.person_id).join(QuizPoll, QuizPoll.poll_id == QuizAnswer.poll_id)
    theirs = answers.where(QuizPoll.quiz_id == quiz.id)
    return (await session.scalars(select(Person).where(Person.id.in_(theirs)).order_by(Person.id))).all()


async def results(session: AsyncSession, quiz: Quiz, now: datetime) -> list[Result]:
    """What came of it, by the groups in which it was delivered."""
    found = []
    polls = select(QuizPoll).where(QuizPoll.quiz_id == quiz.id).order_by(QuizPoll.station_id)
    for poll in (await session.scalars(polls)).all():
        station = await session.get_one(Station, poll.station_id)
        rows = (await session.scalars(select(QuizAnswer).where(QuizAnswer.poll_id == poll.poll_id))).all()
        known = {person.id for person in await colleagues.known(session, station, now)}
        found.append(
            Result(
                names=dict(station.names),
                staff=len(known | {row.person_id for row in rows}),
                answered=len(rows),
                right=sum(row.choice == quiz.correct for row in rows),
            )
        )
    return found


async def of_person(session: AsyncSession, person: Person) -> list[tuple[Quiz, str]]:
    """The quizzes that somebody answered, and what."""
    rows = await session.execute(
        select(Quiz, QuizAnswer.choice)
        .join(QuizPoll, QuizPoll.quiz_id == Quiz.id)
        .join(QuizAnswer, QuizAnswer.poll_id == QuizPoll.poll_id)
        .where(QuizAnswer.person_id == person.id)
        .order_by(Quiz.id)
    )
    return [(quiz, str(quiz.options[choice])) for quiz, choice in rows]


async def forget(session: AsyncSession, person: Person) -> None:
    """Their answers go, and with them that they took part."""
    await session.execute(delete(QuizAnswer).where(QuizAnswer.person_id == person.id))
