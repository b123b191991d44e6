"""What several tickets are really about: something that has to be done once, for all of them (我为同学做实事).

    suggested ─▶ listed ─▶ scoring ─▶ awarded ─▶ underway ─▶ finished
        ▲ └─ nobody ─┘                                          each also ─▶ stopped, with a reason
          its closing survey (`surveys.project_id`) ─▶ keep · change · stop, with a reason

It may be put on the open list (揭榜挂帅): unions, clubs and classes bid (`union/bids.py`), reviewers score
(`union/scoring.py`), the presidium awards, and whoever undertakes it shows what was done (`union/milestones.py`); the
steps stand in `union/undertaking.py`. One that the union does by itself goes from suggested to its survey.

What became of it is said once, with that survey (`outcomes.publish`), and read there. A project that was stopped takes
no more tickets, and no survey asks about it again; the tickets it has stay. One that was kept or changed goes on.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Key, one_of
from models.errors import Refusal
from models.lifecycle import State
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.surveys import Survey, Verdict
from models.tickets import Ticket

TITLE_LENGTH = 100


class ProjectState(enum.StrEnum):
    """How far it has come."""

    SUGGESTED = "suggested"
    """Staff have seen that it is needed; or it was listed, and nobody bid."""
    LISTED = "listed"
    """It stands on the open list; bids are sealed until the deadline."""
    SCORING = "scoring"
    """The bids are open; reviewers score them."""
    AWARDED = "awarded"
    """Somebody undertakes it; its milestones are to be written down."""
    UNDERWAY = "underway"
    FINISHED = "finished"
    """Every milestone was shown and accepted."""
    STOPPED = "stopped"


TRANSITIONS: dict[ProjectState, frozenset[ProjectState]] = {
    ProjectState.SUGGESTED: frozenset({ProjectState.LISTED, ProjectState.STOPPED}),
    ProjectState.LISTED: frozenset({ProjectState.SCORING, ProjectState.SUGGESTED, ProjectState.STOPPED}),
    ProjectState.SCORING: frozenset({ProjectState.AWARDED, ProjectState.STOPPED}),
    ProjectState.AWARDED: frozenset({ProjectState.UNDERWAY, ProjectState.STOPPED}),
    ProjectState.UNDERWAY: frozenset({ProjectState.FINISHED, ProjectState.STOPPED}),
    ProjectState.FINISHED: frozenset({ProjectState.STOPPED}),
    ProjectState.STOPPED: frozenset(),
}


class Project(Base):
    """A project, known by its number; `station_id` is the place that suggested it."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    """Also the number people see."""
    title: Mapped[str]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    state: Mapped[ProjectState] = mapped_column(one_of(ProjectState), default=ProjectState.SUGGESTED)
    version: Mapped[int] = mapped_column()
    opened_at: Mapped[datetime]
    criteria: Mapped[list[Any] | None] = mapped_column(Json)
    """By what bids are scored, each in a few words; None until it was listed for the first time."""
    reward: Mapped[str | None]
    """What whoever undertakes it gets."""
    bids_until: Mapped[datetime | None]
    """Bids are sealed until then."""
    award_reason: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Why it was given to whom it was given, by language."""
    awarded_at: Mapped[datetime | None]
    end_reason: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Why it was stopped, by language."""
    ended_at: Mapped[datetime | None]
    """When it was finished or stopped."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)


class Conclusion(NamedTuple):
    """What became of a project."""

    verdict: Verdict
    reason: Mapping[str, str]
    """By language."""
    said_at: datetime


async def get(session: AsyncSession, number: int) -> Project:
    """The project with this number. Raises Refusal when there is none."""
    project: Project | None = await session.get(Project, number)
    if project is None:
        raise Refusal("project.unknown", number=number)
    return project


async def held(session: AsyncSession, number: int) -> Project:
    """The same as it is now, and nobody else changes it meanwhile. Raises Refusal when there is none."""
    project: Project | None = await session.get(Project, number, with_for_update=True, populate_existing=True)
    if project is None:
        raise Refusal("project.unknown", number=number)
    return project


async def hold(session: AsyncSession, project: Project) -> None:
    """The same of one that is at hand: it is as it is now, and nobody else changes it meanwhile."""
    await session.refresh(project, with_for_update=True)


def move(project: Project, to: ProjectState) -> None:
    """It has come so far. Raises Refusal where that is no step from where it is."""
    if to not in TRANSITIONS[project.state]:
        raise Refusal(f"project.not_{to}", number=project.id)
    project.state = to


def must_be(project: Project, *states: ProjectState) -> None:
    """Raises Refusal when it is not in one of these: what was on the screen is not so any more."""
    if project.state not in states:
        raise Refusal("project.gone_on", number=project.id)


async def suggest(session: AsyncSession, title: str, station: Station, now: datetime) -> Project:
    """A place says that something has to be done. Raises Refusal without a title and for one that is too long."""
    title = " ".join(title.split())
    if not title:
        raise Refusal("project.title_missing")
    if len(title) > TITLE_LENGTH:
        raise Refusal("project.title_too_long", most=TITLE_LENGTH)
    project = Project(title=title, station_id=station.id, opened_at=now)
    session.add(project)
    await session.flush()
    return project


async def newest(
    session: AsyncSession, most: int, but: Collection[int] = (), skip: int = 0
) -> Sequence[tuple[Project, int]]:
    """The newest projects but for these, each with the number of its tickets; without the first `skip`."""
    rows = await session.execute(
        select(Project, func.count(Ticket.id))
        .outerjoin(Ticket, Ticket.project_id == Project.id)
        .where(Project.id.not_in(but))
        .group_by(Project.id)
        .order_by(Project.id.desc())
        .offset(skip)
        .limit(most)
    )
    return [(project, count) for project, count in rows]


async def count(session: AsyncSession, project: Project) -> int:
    """The number of its tickets."""
    return await session.scalar(select(func.count()).where(Ticket.project_id == project.id)) or 0


async def conclusions(session: AsyncSession) -> dict[int, Conclusion]:
    """What became of the projects of which the union has said so, by their numbers; what was said last counts."""
    rows = await session.execute(
        select(Survey.project_id, Survey.verdict, Survey.what_changes, Survey.said_at)
        .where(Survey.project_id.is_not(None), Survey.verdict.is_not(None), Survey.said_at.is_not(None))
        .order_by(Survey.said_at, Survey.id)
    )
    return {number: Conclusion(*said) for number, *said in rows}


async def stopped(session: AsyncSession) -> set[int]:
    """The numbers of those that were stopped."""
    return set(await session.scalars(select(Project.id).where(Project.state == ProjectState.STOPPED)))


def must_go_on(project: Project) -> None:
    """Raises Refusal for a project that was stopped."""
    if project.state is ProjectState.STOPPED:
        raise Refusal("project.stopped", number=project.id, since=project.ended_at)


def places(number: int) -> ColumnElement[bool]:
    """Of somebody who waits or waited for one of its tickets, also where it was merged or stands on another's card, and
    has not withdrawn.
    """
    its = select(Ticket.id).where(Ticket.project_id == number, Ticket.state != State.WITHDRAWN)
    folded = select(Ticket.id).where(Ticket.folded_under_id.in_(its))
    here = or_(Requester.ticket_id.in_(its), Requester.ticket_id.in_(folded), Requester.came_from_id.in_(its))
    return and_(here, Requester.left.is_(False))


def askers(number: int) -> Select[int | None]:
    """The numbers of those who filed its tickets under their names. Who filed without a name is not among them, nor who
    joined: an invitation would say who they are.
    """
    return select(Requester.person_id).where(places(number), Requester.person_id.is_not(None))


async def asked(session: AsyncSession, number: int, person: Person) -> bool:
    """Whether somebody is one of them."""
    found = select(Person.id).where(Person.id == person.id, Person.id.in_(askers(number)))
    return await session.scalar(found) is not None


async def buildings(session: AsyncSession, number: int) -> list[str]:
    """The buildings that its tickets are about: whoever lives there is concerned, also who asked without a name."""
    found = select(Ticket.building).where(Ticket.project_id == number, Ticket.building.is_not(None)).distinct()
    return sorted(each for each in await session.scalars(found) if each is not None)
