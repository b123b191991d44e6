"""What several tickets are really about: something that has to be done once, for all of them.

    suggested ─▶ its closing survey (`surveys.project_id`) ─▶ keep · change · stop, with a reason

What became of it is said once, with that survey (`outcomes.publish`), and read there. A project that was stopped takes
no more tickets, and no survey asks about it again; the tickets it has stay. One that was kept or changed goes on.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import letters, tickets
from models.base import Base, Key, one_of
from models.errors import Refusal
from models.house import House
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
    """Staff have seen that it is needed."""


class Project(Base):
    """A project, known by its number; `station_id` is the place that suggested it."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    """Also the number people see."""
    title: Mapped[str]
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    state: Mapped[ProjectState] = mapped_column(one_of(ProjectState), default=ProjectState.SUGGESTED)
    opened_at: Mapped[datetime]


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


async def newest(session: AsyncSession, most: int, but: Collection[int] = ()) -> Sequence[tuple[Project, int]]:
    """The newest projects but for these, each with the number of its tickets."""
    rows = await session.execute(
        select(Project, func.count(Ticket.id))
        .outerjoin(Ticket, Ticket.project_id == Project.id)
        .where(Project.id.not_in(but))
        .group_by(Project.id)
        .order_by(Project.id.desc())
        .limit(most)
    )
    return [(project, count) for project, count in rows]


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
    return {number for number, said in (await conclusions(session)).items() if said.verdict is Verdict.STOP}


async def must_go_on(session: AsyncSession, project: Project) -> None:
    """Raises Refusal for a project that was stopped."""
    said = (await conclusions(session)).get(project.id)
    if said is not None and said.verdict is Verdict.STOP:
        raise Refusal("project.stopped", number=project.id, since=said.said_at)


def _places(number: int) -> ColumnElement[bool]:
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
    return select(Requester.person_id).where(_places(number), Requester.person_id.is_not(None))


async def asked(session: AsyncSession, number: int, person: Person) -> bool:
    """Whether somebody is one of them."""
    found = select(Person.id).where(Person.id == person.id, Person.id.in_(askers(number)))
    return await session.scalar(found) is not None


async def buildings(session: AsyncSession, number: int) -> list[str]:
    """The buildings that its tickets are about: whoever lives there is concerned, also who asked without a name."""
    found = select(Ticket.building).where(Ticket.project_id == number, Ticket.building.is_not(None)).distinct()
    return sorted(each for each in await session.scalars(found) if each is not None)


async def tell_the_nameless(session: AsyncSession, number: int, said: Conclusion, house: House, now: datetime) -> None:
    """Who filed its tickets without a name, or joined, is told what became of it as long as their sealed address is
    there: with the ticket, because nothing may lead from it to who was asked by the survey.
    """
    project = await get(session, number)
    nameless = select(Requester).where(_places(number), Requester.address.is_not(None)).order_by(Requester.id)
    for requester in (await session.scalars(nameless)).all():
        ticket = await tickets.get(session, requester.ticket_id)
        await letters.to_requester(
            session,
            ticket,
            requester,
            f"ticket.project_{said.verdict}",
            house,
            now,
            dedupe=f"project:{number}:{now.isoformat()}",
            keyboard="view",
            title=project.title,
            reason=dict(said.reason),
        )
