"""What whoever undertakes a project has to show, and until when: words and pictures, accepted by the office.

awaited ─▶ handed in ─▶ accepted
    ▲──────────┘ sent back, with what is missing
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, projects
from models.base import Base, Json, Key, one_of
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.projects import Project, ProjectState
from models.union import bids, tidings
from models.union.bids import Bid, BidState

WHAT_LENGTH, MISSING_LENGTH = 100, 300
MOST, MOST_PARTS = 8, 10
"""Milestones of a project; messages that show one."""
SHOWN_BY = ("text", "photo", "document", "video")
"""What evidence may be."""


class MilestoneState(enum.StrEnum):
    """How far it is."""

    AWAITED = "awaited"
    HANDED_IN = "handed_in"
    ACCEPTED = "accepted"


class Milestone(Base):
    """Something that is done by a day."""

    __tablename__ = "milestones"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    what: Mapped[str]
    due: Mapped[date]
    state: Mapped[MilestoneState] = mapped_column(one_of(MilestoneState), default=MilestoneState.AWAITED)
    version: Mapped[int] = mapped_column()
    evidence: Mapped[list[Any]] = mapped_column(Json, default=list)
    """What shows it, each as `words.Content`: `type`, `text`, `file_id`."""
    missing: Mapped[str | None]
    """What the office missed when it sent it back last."""
    reminded: Mapped[bool] = mapped_column(default=False)
    """Its undertaker and the office have heard that it is late."""
    accepted_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)


async def add(
    session: AsyncSession, number: int, wanted: Sequence[tuple[date, str]], by: Person, house: House, now: datetime
) -> Project:
    """The office writes down what is due when; with the first the project is underway, and the undertaker hears of
    them. Raises Refusal when nobody undertakes it, for a day that is over, for words that are missing or too long, and
    when there are too many.
    """
    project = await projects.held(session, number)
    projects.must_be(project, ProjectState.AWARDED, ProjectState.UNDERWAY)
    before = await of(session, project)
    if not wanted or len(before) + len(wanted) > MOST:
        raise Refusal("milestone.number", most=MOST)
    for due, what in wanted:
        if not 0 < len(what) <= WHAT_LENGTH:
            raise Refusal("milestone.what_length", most=WHAT_LENGTH)
        if due < house.calendar.day_of(now):
            raise Refusal("milestone.past", day=due.isoformat())
        session.add(Milestone(project_id=project.id, what=what, due=due))
    if project.state is ProjectState.AWARDED:
        projects.move(project, ProjectState.UNDERWAY)
    await audit.record(session, "project_milestones", now, staff=by, project=project.id, count=len(wanted))
    bid = await bids.winner(session, project)
    await tidings.to_person(
        session, bid.person_id if bid else None, project, "milestone.new", house, now, count=len(wanted)
    )
    await session.flush()
    return project


async def of(session: AsyncSession, project: Project) -> list[Milestone]:
    """The milestones of a project, by day."""
    rows = select(Milestone).where(Milestone.project_id == project.id).order_by(Milestone.due, Milestone.id)
    return list(await session.scalars(rows))


async def get(session: AsyncSession, number: int) -> tuple[Milestone, Project]:
    """A milestone and its project. Raises Refusal when there is none."""
    milestone: Milestone | None = await session.get(Milestone, number)
    if milestone is None:
        raise Refusal("old.button")
    return milestone, await projects.get(session, milestone.project_id)


async def undertakes(session: AsyncSession, project: Project, person: Person) -> bool:
    """Whether somebody undertakes it."""
    bid = await bids.winner(session, project)
    return bid is not None and bid.person_id == person.id


async def of_person(session: AsyncSession, person: Person) -> list[tuple[Project, Milestone]]:
    """What somebody has to show or has shown, by day."""
    rows = await session.execute(
        select(Project, Milestone)
        .join(Milestone, Milestone.project_id == Project.id)
        .join(Bid, Bid.project_id == Project.id)
        .where(Bid.person_id == person.id, Bid.state == BidState.WON)
        .order_by(Milestone.due, Milestone.id)
    )
    return [(project, milestone) for project, milestone in rows]


async def hand_in(
    session: AsyncSession, milestone: Milestone, project: Project, parts: Sequence[dict[str, Any]], now: datetime
) -> None:
    """Whoever undertakes it shows that it is done; the office looks. Raises Refusal when it is not awaited, and for
    evidence that is none, too much, or neither words nor pictures nor files.
    """
    await projects.hold(session, project)
    projects.must_be(project, ProjectState.UNDERWAY)
    _must_be(milestone, MilestoneState.AWAITED)
    must_show(parts)
    milestone.evidence, milestone.state = [dict(part) for part in parts], MilestoneState.HANDED_IN
    await tidings.to_office(session, project, "milestone.office_handed_in", now, what=milestone.what)


def must_show(parts: Sequence[dict[str, Any]]) -> None:
    """Raises Refusal for evidence that is none, too much, or of another kind."""
    if not 0 < len(parts) <= MOST_PARTS:
        raise Refusal("milestone.parts", most=MOST_PARTS)
    if any(part["type"] not in SHOWN_BY for part in parts):
        raise Refusal("milestone.kind")


async def accept(session: AsyncSession, number: int, by: Person, house: House, now: datetime) -> Project:
    """The office is content with it. Raises Refusal when it was not handed in, or is looked at by who did it."""
    milestone, project = await _looked_at(session, number, by)
    milestone.state, milestone.accepted_at, milestone.missing = MilestoneState.ACCEPTED, now, None
    await audit.record(session, "project_accepted", now, staff=by, project=project.id, milestone=number)
    await _answer(session, milestone, project, "milestone.accepted", house, now)
    return project


async def send_back(
    session: AsyncSession, number: int, missing: str, by: Person, house: House, now: datetime
) -> Project:
    """The office misses something, and says what. Raises Refusal as `accept` does, and without words."""
    if not 0 < len(missing) <= MISSING_LENGTH:
        raise Refusal("milestone.missing_length", most=MISSING_LENGTH)
    milestone, project = await _looked_at(session, number, by)
    milestone.state, milestone.missing = MilestoneState.AWAITED, missing
    await audit.record(session, "project_sent_back", now, staff=by, project=project.id, milestone=number)
    await _answer(session, milestone, project, "milestone.sent_back", house, now)
    return project


async def _looked_at(session: AsyncSession, number: int, by: Person) -> tuple[Milestone, Project]:
    milestone, project = await get(session, number)
    await projects.hold(session, project)
    projects.must_be(project, ProjectState.UNDERWAY)
    _must_be(milestone, MilestoneState.HANDED_IN)
    if await undertakes(session, project, by):
        raise Refusal("milestone.own")
    return milestone, project


async def _answer(
    session: AsyncSession, milestone: Milestone, project: Project, text: str, house: House, now: datetime
) -> None:
    bid = await bids.winner(session, project)
    said: dict[str, Any] = {"what": milestone.what, "missing": milestone.missing or ""}
    whose = bid.person_id if bid is not None else None
    await tidings.to_person(session, whose, project, text, house, now, **said)


def _must_be(milestone: Milestone, state: MilestoneState) -> None:
    if milestone.state is not state:
        raise Refusal("milestone.gone_on")


async def remind(session: AsyncSession, house: House, now: datetime) -> None:
    """Of each that is late and was not handed in its undertaker and the office hear once."""
    late = (
        select(Milestone, Project)
        .join(Project, Project.id == Milestone.project_id)
        .where(
            Milestone.state == MilestoneState.AWAITED,
            Milestone.reminded.is_(False),
            Milestone.due < house.calendar.day_of(now),
            Project.state == ProjectState.UNDERWAY,
        )
        .order_by(Milestone.id)
    )
    for milestone, project in (await session.execute(late)).all():
        milestone.reminded = True
        bid = await bids.winner(session, project)
        said: dict[str, Any] = {"what": milestone.what, "day": milestone.due.isoformat()}
        await tidings.to_person(session, bid.person_id if bid else None, project, "milestone.late", house, now, **said)
        await tidings.to_office(session, project, "milestone.office_late", now, name=bid.name if bid else "", **said)


async def forget(session: AsyncSession, person: Person) -> None:
    """What they showed goes; that it was accepted stays."""
    theirs = select(Bid.project_id).where(Bid.person_id == person.id, Bid.state == BidState.WON)
    await session.execute(update(Milestone).where(Milestone.project_id.in_(theirs)).values(evidence=[]))
