"""Surveys: what one asks and when, and how far it is. Who is asked is in `invitations.py`, what they answer in
`sheets.py` while it is written and in `ballots.py` afterwards, what comes of it in `outcomes.py`.

    planned ─▶ inviting ─▶ open ─▶ counting ─▶ closed ─▶ telling ─▶ told
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Json, Key, one_of, only
from models.errors import Refusal
from models.people import Person
from models.questionnaires import Group, Questionnaire
from models.results import Results

MOST_REMINDERS = 2
APART = timedelta(days=1)
"""So long at least lies between an invitation and a reminder, and between two of them, however late one went out."""


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


STAFF_EVALUATION = "staff-evaluation"
"""The key of the survey about the staff of the stations (`models/evaluations.py`)."""
RUNNING = (Stage.INVITING, Stage.OPEN)
OVER = (Stage.CLOSED, Stage.TELLING, Stage.TOLD)
PUBLISHED = (Stage.TELLING, Stage.TOLD)
"""The union has said what comes of it."""


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
    """What the union does about it, by language; said to those who were invited. Of a project: why."""
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    """Of the survey that closes a project: which."""
    verdict: Mapped[Verdict | None] = mapped_column(one_of(Verdict))
    """Of the survey that closes a project: what becomes of it."""
    said_at: Mapped[datetime | None]
    """When the union said so."""
    told_to: Mapped[int] = mapped_column(Key, default=0)
    """Those whose numbers as a person are no higher have been told what came of it."""

    __table_args__ = (Index("uq_surveys_occasion", "occasion", unique=True, **only("occasion IS NOT NULL")),)

    @property
    def questionnaire(self) -> Questionnaire:
        """What it asks."""
        return Questionnaire.of(self.definition)

    @property
    def is_public(self) -> bool:
        """Whether everybody may see the results: the union has said what comes of it, and it is not about the staff.
        What was said of a station of three is for them and for those who decide.
        """
        return self.stage in PUBLISHED and self.key != STAFF_EVALUATION

    @property
    def told(self) -> Results | None:
        """What may be told of it; None until it has closed."""
        return Results.of(self.results) if self.results is not None else None


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
        target=target.plain(),
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


async def held(session: AsyncSession, number: int) -> Survey:
    """The same as it is now, and nobody else changes it meanwhile. Raises Refusal when there is none."""
    survey: Survey | None = await session.get(Survey, number, with_for_update=True, populate_existing=True)
    if survey is None:
        raise Refusal("survey.unknown", number=number)
    return survey


async def in_stage(session: AsyncSession, *stages: Stage) -> list[Survey]:
    """The surveys that are so far, the oldest first."""
    return list(await session.scalars(select(Survey).where(Survey.stage.in_(stages)).order_by(Survey.id)))


async def open_due(session: AsyncSession, now: datetime) -> None:
    """Open those whose time has come."""
    due = select(Survey.id).where(Survey.stage == Stage.PLANNED, Survey.opens_at <= now).order_by(Survey.id)
    for number in (await session.scalars(due)).all():
        # Locked: whoever puts it off or cancels it at this moment is heard, or finds it open.
        survey = await held(session, number)
        if survey.stage is Stage.PLANNED and survey.opens_at <= now:
            survey.stage = Stage.INVITING


def must_be_open(survey: Survey, now: datetime) -> None:
    """Raises Refusal before its time and after."""
    must_have_opened(survey)
    if not is_open(survey, now):
        raise Refusal("survey.over", title=survey.definition["title"], closed=survey.closes_at)


def must_have_opened(survey: Survey) -> None:
    """Raises Refusal for one that nobody but the office has heard of."""
    if survey.stage is Stage.PLANNED or survey.stage is Stage.CANCELLED:
        raise Refusal("survey.unknown", number=survey.id)


def is_open(survey: Survey, now: datetime) -> bool:
    """Whether it can be answered now."""
    return survey.stage in RUNNING and now < survey.closes_at


def reminders_due(survey: Survey, now: datetime) -> int:
    """How many reminders somebody who has not answered should have had by now."""
    return sum(datetime.fromisoformat(moment) <= now for moment in survey.reminders)


def reminders_spent(survey: Survey, now: datetime) -> int:
    """How many reminders are over for somebody who is written to now: those that have been due, and one that would
    come on its heels.
    """
    return reminders_due(survey, now + APART)


async def put_off(
    session: AsyncSession, number: int, by: timedelta, seen: date, staff: Person, now: datetime
) -> Survey:
    """Everything about it happens later. `seen` is the day (UTC) on which it opens as far as whoever says so knows: of
    two who say it at once one is heard.

    Raises Refusal once it has opened or was cancelled, and when it opens on another day by now.
    """
    survey = await held(session, number)
    _must_wait(survey)
    if survey.opens_at.date() != seen:
        raise Refusal("survey.put_off_already", opens=survey.opens_at)
    survey.opens_at += by
    survey.closes_at += by
    survey.reminders = [(datetime.fromisoformat(moment) + by).isoformat() for moment in survey.reminders]
    await audit.record(session, "survey_put_off", now, staff=staff, survey=number, opens=survey.opens_at.isoformat())
    return survey


async def cancel(session: AsyncSession, number: int, staff: Person, now: datetime) -> Survey:
    """It is not asked at all. Raises Refusal once it has opened or was cancelled."""
    survey = await held(session, number)
    _must_wait(survey)
    survey.stage = Stage.CANCELLED
    await audit.record(session, "survey_cancel", now, staff=staff, survey=number)
    return survey


def _must_wait(survey: Survey) -> None:
    if survey.stage is Stage.CANCELLED:
        raise Refusal("survey.cancelled_already")
    if survey.stage is not Stage.PLANNED:
        raise Refusal("survey.opened_already")


async def newest(session: AsyncSession, most: int = 8) -> list[Survey]:
    """Those that are asked, were asked last or will be, the newest first; without those that were taken back."""
    rows = select(Survey).where(Survey.stage != Stage.CANCELLED).order_by(Survey.opens_at.desc(), Survey.id.desc())
    return list(await session.scalars(rows.limit(most)))
