"""Who answers at a place: those who have acted in its chat lately and have not left it since, as far as is known.

Telegram tells nobody who is in a group. Whoever acts there is seen; whoever leaves is told of by the chat. Before
somebody is given a ticket Telegram is asked about them once more (`bot/worker.py`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.people import Person
from models.stations import Station

LATELY = timedelta(days=60)
LISTED = 12


class Colleague(Base):
    """Somebody who has acted in a place's chat."""

    __tablename__ = "colleagues"

    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    day: Mapped[date]
    """When they acted there last; what they did stands in the timelines."""
    gone: Mapped[bool] = mapped_column(default=False)


async def seen(session: AsyncSession, station: Station, person: Person, now: datetime) -> None:
    """They act in this place's chat, in which Telegram has just said they are."""
    row = await session.get(Colleague, (station.id, person.id))
    if row is None:
        session.add(Colleague(station_id=station.id, person_id=person.id, day=now.date()))
    elif row.gone or row.day != now.date():
        row.day, row.gone = now.date(), False


async def left(session: AsyncSession, station: Station, person: Person) -> None:
    """They are not in this place's chat any more."""
    row = await session.get(Colleague, (station.id, person.id))
    if row is not None:
        row.gone = True


async def of(session: AsyncSession, station: Station, now: datetime) -> list[Person]:
    """Those who have acted here lately and have not left since, the latest first, at most `LISTED`."""
    rows = await session.scalars(
        select(Person)
        .join(Colleague, Colleague.person_id == Person.id)
        .where(Colleague.station_id == station.id, Colleague.gone.is_(False), Colleague.day >= (now - LATELY).date())
        .order_by(Colleague.day.desc(), Person.id)
        .limit(LISTED)
    )
    return list(rows)


async def are_there(session: AsyncSession, station: Station, person_id: int) -> bool:
    """Whether somebody still belongs to a place, as far as is known."""
    row = await session.get(Colleague, (station.id, person_id))
    return row is not None and not row.gone
