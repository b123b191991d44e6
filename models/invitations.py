"""Who is asked by a survey: whom it invites and reminds, who has begun and who has finished, who wants peace. What they
answered stands elsewhere, and nothing leads from here to there.

An invitation has no time: beside the hour at which somebody answered anything the moment of a ballot could be guessed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Index, Row, Select, and_, delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox, projects, roster
from models.base import Base, one_of
from models.cuts import groups_of, within
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.questionnaires import Group, group_of
from models.roster import Enrolled, Facts
from models.surveys import MOST_REMINDERS, Stage, Survey, reminders_spent
from models.tallies import Cut

AT_ONCE = 100
"""So many are invited or reminded in one transaction: nobody who speaks with the bot waits for fifty thousand."""


class Part(enum.StrEnum):
    """How far somebody is."""

    INVITED = "invited"
    BEGUN = "begun"
    FINISHED = "finished"


class Invitation(Base):
    """Somebody is to be asked. What they answered does not stand here, nor when."""

    __tablename__ = "survey_invitations"

    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    part: Mapped[Part] = mapped_column(one_of(Part), default=Part.INVITED)
    reminded: Mapped[int] = mapped_column(default=0)
    """How many reminders have been written to them."""

    __table_args__ = (
        Index("ix_survey_invitations_part", "survey_id", "part", "reminded"),
        Index("ix_survey_invitations_person_id", "person_id"),
    )


class SurveyDay(Base):
    """How many finished on a day: of everybody together."""

    __tablename__ = "survey_days"

    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    finished: Mapped[int]


class SurveyRest(Base):
    """Somebody asked to be left in peace until the semester is over: they are neither invited nor reminded."""

    __tablename__ = "survey_rests"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    until: Mapped[date]


class Response(NamedTuple):
    """Who was asked and who answered; all that is shown of an open survey."""

    invited: int
    completed: int
    partial: int


_audience = func.coalesce(Enrolled.audience, Person.audience)
_building = func.coalesce(Enrolled.building, Person.building)


def belonging(group: Group) -> Select[int, int]:
    """The number and the chat of each who has agreed and belongs to the group."""
    wanted = within(group, _audience, _building)
    if group.project is not None:
        wanted.append(Person.id.in_(projects.askers(group.project)))
    people = select(Person.id, Person.telegram_id).outerjoin(Enrolled, Enrolled.person_id == Person.id)
    return people.where(Person.agreed.is_(True), *wanted)


async def how_many(session: AsyncSession, group: Group) -> int:
    """How many would be asked."""
    return await session.scalar(select(func.count()).select_from(belonging(group).subquery())) or 0


async def invite_some(session: AsyncSession, survey: Survey, house: House, now: datetime) -> int:
    """Invite the next of those who are to be asked. Returns how many; when there is nobody left it is simply open.

    Who asked for peace is invited without being written to: they may answer, and they count as asked.
    """
    resting = _resting(house.calendar.day_of(now))
    asked = belonging(group_of(survey.target)).order_by(Person.id).limit(AT_ONCE).add_columns(Person.id.in_(resting))
    # On from the last number: to look for each lot through all who are invited takes longer with every lot.
    last = select(func.coalesce(func.max(Invitation.person_id), 0)).where(Invitation.survey_id == survey.id)
    found = (await session.execute(asked.where(Person.id > last.scalar_subquery()))).all()
    if not found:
        # Who invited themselves meanwhile may have come before others.
        invited = exists().where(Invitation.survey_id == survey.id, Invitation.person_id == Person.id)
        found = (await session.execute(asked.where(~invited))).all()
    if not found:
        survey.stage = Stage.OPEN
        return 0
    spent = reminders_spent(survey, now)
    await _invite(session, survey, {person_id: MOST_REMINDERS if rests else spent for person_id, _, rests in found})
    for person_id, chat_id, rests in found:
        if not rests:
            await _write_to(session, survey, person_id, chat_id, 0, house, now)
    return len(found)


async def _invite(session: AsyncSession, survey: Survey, people: Mapping[int, int]) -> None:
    """Invite these, by their numbers, each as if they had had so many reminders. Somebody may be inviting themselves at
    this moment (`of`).
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    invitation = {"survey_id": survey.id, "part": Part.INVITED}
    rows = [{**invitation, "person_id": person_id, "reminded": count} for person_id, count in people.items()]
    await session.execute(insert(Invitation).on_conflict_do_nothing(), rows)


async def remind_some(session: AsyncSession, survey: Survey, count: int, house: House, now: datetime) -> int:
    """Remind the next of those who have not finished and got fewer than `count` reminders. Returns how many."""
    late = (Invitation.part != Part.FINISHED, Invitation.reminded < count)
    found = await _some_of(session, survey, *late, Person.id.not_in(_resting(house.calendar.day_of(now))))
    await session.execute(
        update(Invitation)
        .where(Invitation.survey_id == survey.id, Invitation.person_id.in_([person_id for person_id, _ in found]))
        .values(reminded=reminders_spent(survey, now))
    )
    for person_id, chat_id in found:
        await _write_to(session, survey, person_id, chat_id, count, house, now)
    return len(found)


async def to_be_told(session: AsyncSession, survey: Survey, today: date) -> Sequence[Row[int, int]]:
    """The next of those who have not been told what came of it: their number and their chat. Who answered hears of it,
    whether they asked for peace or not.
    """
    wanted = (Invitation.part == Part.FINISHED) | Person.id.not_in(_resting(today))
    return await _some_of(session, survey, Person.id > survey.told_to, wanted)


async def _some_of(session: AsyncSession, survey: Survey, *conditions: ColumnElement[bool]) -> Sequence[Row[int, int]]:
    """So many at once of those invited of whom this is so, in the order of their numbers: number and chat."""
    rows = (
        select(Person.id, Person.telegram_id)
        .join(Invitation, Invitation.person_id == Person.id)
        .where(Invitation.survey_id == survey.id, *conditions)
        .order_by(Person.id)
        .limit(AT_ONCE)
    )
    return (await session.execute(rows)).all()


def _resting(today: date) -> Select[int]:
    """Who wants peace today."""
    return select(SurveyRest.person_id).where(SurveyRest.until >= today)


async def _write_to(
    session: AsyncSession, survey: Survey, person_id: int, chat_id: int, reminder: int, house: House, now: datetime
) -> None:
    await outbox.post(
        session,
        now=now,
        lane=Lane.BROADCAST,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        letter="survey_invitation",
        payload={"survey": survey.id, "reminder": reminder},
        not_before=house.calendar.after_quiet(now),
        dedupe=house.vault.tag("survey", survey.id, person_id, reminder),
    )


async def of(session: AsyncSession, survey: Survey, person: Person, now: datetime) -> Invitation | None:
    """Somebody's invitation; they are invited now if the survey is for them and they came later than it did."""
    invitation: Invitation | None = await session.get(Invitation, (survey.id, person.id))
    if invitation is None and person.agreed and await _is_for(session, group_of(survey.target), person):
        await _invite(session, survey, {person.id: reminders_spent(survey, now)})
        invitation = await session.get_one(Invitation, (survey.id, person.id))
    return invitation


async def _is_for(session: AsyncSession, group: Group, person: Person) -> bool:
    if group.project is not None and not await projects.asked(session, group.project, person):
        return False
    return group.has(await roster.facts(session, person))


async def rest(session: AsyncSession, person: Person, until: date) -> None:
    """They are neither invited nor reminded up to and including this day."""
    there = await session.get(SurveyRest, person.id)
    if there is None:
        session.add(SurveyRest(person_id=person.id, until=until))
    else:
        there.until = max(there.until, until)


async def end_rest(session: AsyncSession, person: Person) -> None:
    """They may be written to again."""
    await session.execute(delete(SurveyRest).where(SurveyRest.person_id == person.id))


async def rests(session: AsyncSession, person: Person, today: date) -> bool:
    """Whether they asked for peace."""
    there: SurveyRest | None = await session.get(SurveyRest, person.id)
    return there is not None and there.until >= today


async def forget(session: AsyncSession, person: Person) -> Sequence[int]:
    """Nothing says any more that somebody was asked. Returns the numbers of the surveys that they were asked by."""
    gone = delete(Invitation).where(Invitation.person_id == person.id).returning(Invitation.survey_id)
    numbers = (await session.scalars(gone)).all()
    await end_rest(session, person)
    return numbers


async def response(session: AsyncSession, survey: Survey) -> Response:
    """How many were invited, have finished, have only begun."""
    told = survey.told
    if told is not None:
        return Response(told.invited, told.completed, told.partial)
    rows = await session.execute(
        select(Invitation.part, func.count().label("people"))
        .where(Invitation.survey_id == survey.id)
        .group_by(Invitation.part)
    )
    by: dict[Part, int] = {row.part: row.people for row in rows}
    return Response(sum(by.values()), by.get(Part.FINISHED, 0), by.get(Part.BEGUN, 0))


async def finished_today(session: AsyncSession, survey: Survey, day: date) -> None:
    """One more has finished."""
    dialect = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = dialect(SurveyDay).values(survey_id=survey.id, day=day, finished=1)
    await session.execute(
        row.on_conflict_do_update(index_elements=["survey_id", "day"], set_={"finished": SurveyDay.finished + 1})
    )


async def days(session: AsyncSession, survey: Survey) -> tuple[tuple[date, int], ...]:
    """How many finished on which day, in order."""
    rows = await session.execute(
        select(SurveyDay.day, SurveyDay.finished).where(SurveyDay.survey_id == survey.id).order_by(SurveyDay.day)
    )
    return tuple((day, finished) for day, finished in rows)


async def kinds(session: AsyncSession, survey: Survey, house: House) -> list[dict[Cut, str]]:
    """Which combinations of groups there are among those who finished: whoever holds the roster and knows who has
    finished, which is no secret, knows them.
    """
    columns = (Enrolled.college, _audience, _building, Enrolled.level)
    finished = (
        select(*columns)
        .select_from(Person)
        .join(Invitation, and_(Invitation.person_id == Person.id, Invitation.survey_id == survey.id))
        .outerjoin(Enrolled, Enrolled.person_id == Person.id)
        .where(Invitation.part == Part.FINISHED)
        .distinct()
    )
    return [
        groups_of(Facts(college, level, audience, building, None, proved=True), house)
        for college, audience, building, level in await session.execute(finished)
    ]
