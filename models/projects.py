"""What several tickets are really about: something that has to be done once, for all of them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of
from models.errors import Refusal
from models.stations import Station

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


async def newest(session: AsyncSession, most: int) -> Sequence[tuple[Project, int]]:
    """The newest projects, each with the number of its tickets."""
    from models.tickets import Ticket

    rows = await session.execute(
        select(Project, func.count(Ticket.id))
        .outerjoin(Ticket, Ticket.project_id == Project.id)
        .group_by(Project.id)
        .order_by(Project.id.desc())
        .limit(most)
    )
    return [(project, count) for project, count in rows]
