"""Surveys and who is asked: when one opens, whom it invites, who has begun and who has finished. What they answered is
elsewhere (`sheets.py` while it is written, `ballots.py` afterwards), and nothing leads from here to there.

    planned ─▶ inviting ─▶ open ─▶ counting ─▶ closed ─▶ telling ─▶ told

An invitation has no time: beside the hour at which somebody answered anything the moment of a ballot could be guessed.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import ForeignKey, Index, Select, Table, and_, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox, roster
from models.base import Base, Json, Key, one_of, only
from models.database import plainly
from models.errors import Refusal
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.questionnaires import Group, Questionnaire, group_of
from models.results import Results
from models.roster import Enrolled, Facts
from models.tallies import Cut

MOST_REMINDERS = 2
AT_ONCE = 500
"""So many are invited or reminded in one transaction: nobody who speaks with the bot waits for fifty thousand."""


class Stage(enum.StrEnum):
    """How far a survey is."""

    PLANNED = "planned"
    INVITING = "inviting"
    """It is open, and invitations are still being written."""
    OPEN = "open"
    COUNTING = "counting"
    """Its time is over; what may be told is being worked out."""
    CLOSED = "closed"
    TELLING = "telling"
    """The union has said what will change; those who were invited are being told."""
    TOLD = "told"
    CANCELLED = "cancelled"
    """The union took it back before it opened."""


class Verdict(enum.StrEnum):
    """What becomes of a project that was looked at."""

    KEEP = "keep"
    CHANGE = "change"
    STOP = "stop"


class Part(enum.StrEnum):
    """How far somebody is."""

    INVITED = "invited"
    BEGUN = "begun"
    FINISHED = "finished"


RUNNING = (Stage.INVITING, Stage.OPEN)
OVER = (Stage.CLOSED, Stage.TELLING, Stage.TOLD)
PUBLISHED = (Stage.TELLING, Stage.TOLD)
"""The union has said what comes of it: from then on everybody may see the results."""


class Survey(Base):
    """One survey, known by its number; `definition` is what it asks."""

    __tablename__ = "surveys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str]
    """What its file is called: surveys of the same key are compared."""
    occasion: Mapped[str | None]
    """Of what the calendar brings: the file and the semester, so that it is brought once."""
    semester: Mapped[str | None]
    """In which semester it was asked."""
    definition: Mapped[dict[str, Any]] = mapped_column(Json)
    anonymous: Mapped[bool]
    cell: Mapped[int]
    """The smallest number of answers that is counted by itself."""
    target: Mapped[dict[str, Any]] = mapped_column(Json)
    stage: Mapped[Stage] = mapped_column(one_of(Stage), default=Stage.PLANNED)
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    reminders: Mapped[list[Any]] = mapped_column(Json)
    """When those who have not finished are reminded, in order, as moments in ISO form."""
    results: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What may be told, once it is closed."""
    what_changes: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What the union does about it, by language; said to those who were invited."""
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    """Of the survey that closes a project: which."""
    verdict: Mapped[Verdict | None] = mapped_column(one_of(Verdict))
    """Of the survey that closes a project: what becomes of it."""
    told_to: Mapped[int] = mapped_column(Key, default=0)
    """Those whose numbers as a person are no higher have been told what came of it."""

    __table_args__ = (Index("uq_surveys_occasion", "occasion", unique=True, **only("occasion IS NOT NULL")),)

    @property
    def questionnaire(self) -> Questionnaire:
        """What it asks."""
        return Questionnaire.of(self.definition)

    @property
    def told(self) -> Results | None:
        """What may be told of it; None until it has closed."""
        return Results.of(self.results) if self.results is not None else None


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
    """Somebody asked to be left in peace until the semester is over: nothing about surveys is pushed to them."""

    __tablename__ = "survey_rests"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    until: Mapped[date]


class Response(NamedTuple):
    """Who was asked and who answered; all that is shown of an open survey."""

    invited: int
    completed: int
    partial: int


# ---------------------------------------------------------------- its life


async def plan(
    session: AsyncSession,
    *,
    key: str,
    questionnaire: Questionnaire,
    opens_at: datetime,
    closes_at: datetime,
    reminders: Sequence[datetime] = (),
    target: Group,
    cell: int,
    anonymous: bool = True,
    semester: str | None = None,
    by_calendar: bool = False,
    project_id: int | None = None,
) -> Survey | None:
    """A survey that opens at its time; None when the calendar has brought it already."""
    occasion = f"{key}:{semester or opens_at.date()}" if by_calendar else None
    if occasion is not None and await session.scalar(select(Survey.id).where(Survey.occasion == occasion)):
        return None
    survey = Survey(
        key=key,
        occasion=occasion,
        semester=semester,
        project_id=project_id,
        definition=questionnaire.plain(),
        anonymous=anonymous,
        cell=cell,
        target={
            "audiences": list(target.audiences),
            "buildings": list(target.buildings),
            "levels": list(target.levels),
        },
        opens_at=opens_at,
        closes_at=closes_at,
        reminders=[moment.isoformat() for moment in reminders[:MOST_REMINDERS]],
    )
    session.add(survey)
    await session.flush()
    return survey


async def get(session: AsyncSession, number: int) -> Survey:
    """The survey with this number. Raises Refusal when there is none."""
    survey: Survey | None = await session.get(Survey, number)
    if survey is None:
        raise Refusal("survey.unknown", number=number)
    return survey


async def in_stage(session: AsyncSession, *stages: Stage) -> list[Survey]:
    """The surveys that are so far, the oldest first."""
    return list(await session.scalars(select(Survey).where(Survey.stage.in_(stages)).order_by(Survey.id)))


async def open_due(session: AsyncSession, now: datetime) -> None:
    """Open those whose time has come."""
    for survey in await in_stage(session, Stage.PLANNED):
        if survey.opens_at <= now:
            survey.stage = Stage.INVITING


def must_be_open(survey: Survey, now: datetime) -> None:
    """Raises Refusal before its time and after."""
    if survey.stage is Stage.PLANNED or survey.stage is Stage.CANCELLED:
        raise Refusal("survey.unknown", number=survey.id)
    if not is_open(survey, now):
        raise Refusal("survey.over", title=survey.definition["title"], closed=survey.closes_at)


def is_open(survey: Survey, now: datetime) -> bool:
    """Whether it can be answered now."""
    return survey.stage in RUNNING and now < survey.closes_at


def put_off(survey: Survey, by: timedelta) -> None:
    """Everything about it happens later. Raises Refusal once it has opened."""
    if survey.stage is not Stage.PLANNED:
        raise Refusal("survey.opened_already")
    survey.opens_at += by
    survey.closes_at += by
    survey.reminders = [(datetime.fromisoformat(moment) + by).isoformat() for moment in survey.reminders]


def cancel(survey: Survey) -> None:
    """It is not asked at all. Raises Refusal once it has opened."""
    if survey.stage is not Stage.PLANNED:
        raise Refusal("survey.opened_already")
    survey.stage = Stage.CANCELLED


async def newest(session: AsyncSession, most: int = 8) -> list[Survey]:
    """Those that are asked, were asked last or will be, the newest first; without those that were taken back."""
    rows = select(Survey).where(Survey.stage != Stage.CANCELLED).order_by(Survey.opens_at.desc(), Survey.id.desc())
    return list(await session.scalars(rows.limit(most)))


# ---------------------------------------------------------------- who is asked

_audience = func.coalesce(Enrolled.audience, Person.audience)
_building = func.coalesce(Enrolled.building, Person.building)


def _asked(group: Group) -> Select[int, int]:
    """Those who have agreed and belong to the group."""
    wanted = [Person.agreed.is_(True)]
    if group.audiences:
        wanted.append(_audience.in_(group.audiences))
    if group.buildings:
        wanted.append(_building.in_(group.buildings))
    if group.levels:
        wanted.append(Enrolled.level.in_(group.levels))
    return select(Person.id, Person.telegram_id).outerjoin(Enrolled, Enrolled.person_id == Person.id).where(*wanted)


async def how_many(session: AsyncSession, group: Group) -> int:
    """How many would be asked."""
    return await session.scalar(select(func.count()).select_from(_asked(group).subquery())) or 0


async def invite_some(session: AsyncSession, survey: Survey, house: House, now: datetime) -> int:
    """Invite the next of those who are to be asked. Returns how many; when there is nobody left it is simply open.

    Who asked for peace is invited without being written to: they may answer, and they count as asked.
    """
    today = house.calendar.day_of(now)
    resting = select(SurveyRest.person_id).where(SurveyRest.until >= today)
    invited = select(Invitation.person_id).where(Invitation.survey_id == survey.id)
    asked = _asked(group_of(survey.target)).where(Person.id.not_in(invited)).order_by(Person.id).limit(AT_ONCE)
    found = (await session.execute(asked.add_columns(Person.id.in_(resting)))).all()
    if not found:
        survey.stage = Stage.OPEN
        return 0
    await plainly(
        session,
        insert(cast(Table, Invitation.__table__)),
        [
            {
                "survey_id": survey.id,
                "person_id": person_id,
                "part": Part.INVITED,
                "reminded": MOST_REMINDERS if rests else 0,
            }
            for person_id, _, rests in found
        ],
    )
    for person_id, chat_id, rests in found:
        if not rests:
            await _write_to(session, survey, person_id, chat_id, 0, house, now)
    return len(found)


async def remind_some(session: AsyncSession, survey: Survey, count: int, house: House, now: datetime) -> int:
    """Remind the next of those who have not finished and got fewer than `count` reminders. Returns how many."""
    today = house.calendar.day_of(now)
    found = (
        await session.execute(
            select(Person.id, Person.telegram_id)
            .join(Invitation, Invitation.person_id == Person.id)
            .where(
                Invitation.survey_id == survey.id,
                Invitation.part != Part.FINISHED,
                Invitation.reminded < count,
                Person.id.not_in(select(SurveyRest.person_id).where(SurveyRest.until >= today)),
            )
            .order_by(Person.id)
            .limit(AT_ONCE)
        )
    ).all()
    await session.execute(
        update(Invitation)
        .where(Invitation.survey_id == survey.id, Invitation.person_id.in_([person_id for person_id, _ in found]))
        .values(reminded=count)
    )
    for person_id, chat_id in found:
        await _write_to(session, survey, person_id, chat_id, count, house, now)
    return len(found)


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


def reminders_due(survey: Survey, now: datetime) -> int:
    """How many reminders somebody who has not answered should have had by now."""
    return sum(datetime.fromisoformat(moment) <= now for moment in survey.reminders)


async def of(session: AsyncSession, survey: Survey, person: Person) -> Invitation | None:
    """Somebody's invitation; they are invited now if the survey is for them and they came later than it did."""
    invitation: Invitation | None = await session.get(Invitation, (survey.id, person.id))
    if invitation is None and person.agreed and group_of(survey.target).has(await roster.facts(session, person)):
        invitation = Invitation(survey_id=survey.id, person_id=person.id, part=Part.INVITED, reminded=0)
        session.add(invitation)
        await session.flush()
    return invitation


async def rest(session: AsyncSession, person: Person, until: date) -> None:
    """Nothing about surveys is pushed to them up to and including this day."""
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


# ---------------------------------------------------------------- by what it is cut


def groups_of(facts: Facts, house: House) -> dict[Cut, str]:
    """To which group somebody belongs in each cut, of what is known of them."""
    station = house.station_of.get(facts.building) if facts.building is not None else None
    known = {
        Cut.STATION: station,
        Cut.BUILDING: facts.building,
        Cut.COLLEGE: facts.college,
        Cut.AUDIENCE: facts.audience,
        Cut.LEVEL: facts.level,
    }
    return {cut: str(value) for cut, value in known.items() if value}


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


async def roster_shares(session: AsyncSession, survey: Survey, house: House) -> Mapping[Cut, Mapping[str, float]]:
    """Which part of those on the roster whom the survey is for belongs to each group, 0–1; nothing without a roster."""
    group = group_of(survey.target)
    wanted = []
    if group.audiences:
        wanted.append(Enrolled.audience.in_(group.audiences))
    if group.buildings:
        wanted.append(Enrolled.building.in_(group.buildings))
    if group.levels:
        wanted.append(Enrolled.level.in_(group.levels))
    columns = (Enrolled.college, Enrolled.level, Enrolled.audience, Enrolled.building)
    counted: dict[Cut, dict[str, int]] = {}
    total = 0
    for college, level, audience, building, count in await session.execute(
        select(*columns, func.count()).where(*wanted).group_by(*columns)
    ):
        total += count
        for cut, value in groups_of(Facts(college, level, audience, building, None, proved=True), house).items():
            by = counted.setdefault(cut, {})
            by[value] = by.get(value, 0) + count
    return {cut: {value: count / total for value, count in by.items()} for cut, by in counted.items()}
