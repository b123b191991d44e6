"""Who hears what of a project: the office in its group, bidders, reviewers and the undertaker in private, and those who
once asked for it.

Whoever asked hears at each step (it was listed, somebody undertakes it, it is finished or was stopped), and without a
name they hear through their ticket, as long as their sealed address is there: nothing may lead from there to who they
are. They may be thousands, so what they are to hear is a row, and goes out in lots.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import letters, outbox, projects, stations, tickets
from models.base import Base, Json, Key
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.projects import Project
from models.requesters import Requester

AT_ONCE = 200
"""So many are told in one transaction."""


class Tiding(Base):
    """Something that those who asked for a project still have to hear. The row goes when everybody has."""

    __tablename__ = "project_tidings"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    text: Mapped[str]
    """The key of a text about a ticket."""
    params: Mapped[dict[str, Any]] = mapped_column(Json)
    nameless: Mapped[bool]
    """Only for those without a name: the others hear it in another way."""
    told_to: Mapped[int] = mapped_column(Key, default=0)
    """Those whose places have no higher number have been told."""


async def tell(session: AsyncSession, project: Project, text: str, *, nameless: bool = False, **params: Any) -> None:
    """Those who asked for it are to hear this; `nameless` only those without a name."""
    said = {"title": project.title, **params}
    session.add(Tiding(project_id=project.id, text=text, params=said, nameless=nameless))
    await session.flush()


async def tell_some(session: AsyncSession, house: House, now: datetime) -> bool:
    """The next of those who are to hear the oldest of what is to be told. False when there is nothing."""
    tiding = await session.scalar(select(Tiding).order_by(Tiding.id).limit(1).with_for_update())
    if tiding is None:
        return False
    here = projects.places(tiding.project_id)
    wanted = and_(Requester.person_id.is_(None), Requester.address.is_not(None))
    if not tiding.nameless:
        # Whoever filed three of its tickets is told once.
        named = here & Requester.person_id.is_not(None)
        first = select(func.min(Requester.id)).where(named).group_by(Requester.person_id)
        wanted = or_(wanted, Requester.id.in_(first))
    rows = select(Requester).where(here, wanted, Requester.id > tiding.told_to).order_by(Requester.id).limit(AT_ONCE)
    found = (await session.scalars(rows)).all()
    if not found:
        await session.delete(tiding)
        return True
    tiding.told_to = found[-1].id
    for requester in found:
        ticket = await tickets.get(session, requester.ticket_id)
        await letters.to_requester(
            session,
            ticket,
            requester,
            tiding.text,
            house,
            now,
            keyboard="view",
            lane=Lane.BROADCAST,
            **tiding.params,
        )
    return True


# ---------------------------------------------------------------- those who work on it


async def to_office(session: AsyncSession, project: Project, text: str, now: datetime, **params: Any) -> None:
    """Something happened to it: the office sees that, with the way to its screen."""
    office = await stations.office(session)
    if office.chat_id is not None:
        await _post(session, office.chat_id, project, text, params, now, now)


async def to_person(
    session: AsyncSession,
    person_id: int | None,
    project: Project,
    text: str,
    house: House,
    now: datetime,
    *,
    later: timedelta = timedelta(),
    **params: Any,
) -> None:
    """The same for somebody alone with the bot, so much later and in waking hours; nothing for who was forgotten or
    never agreed.
    """
    person = await session.get(Person, person_id) if person_id is not None else None
    if person is not None and person.agreed:
        await _post(session, person.telegram_id, project, text, params, now, house.calendar.after_quiet(now + later))


async def own_bid(session: AsyncSession, person: Person, project: Project, bid_id: int, now: datetime) -> None:
    """Somebody wants to read their own bid: what it says is put in when the courier gets to it."""
    await _post(session, person.telegram_id, project, "bid.yours", {"bid": bid_id}, now, now)


async def _post(
    session: AsyncSession,
    chat_id: int,
    project: Project,
    text: str,
    params: Mapping[str, Any],
    now: datetime,
    not_before: datetime,
) -> None:
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        letter="project",
        payload={"project": project.id, "text": text, "params": dict(params)},
        not_before=not_before,
    )
