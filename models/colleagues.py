"""Who answers at a place: those who have acted in its chat lately and have not left it since, as far as is known; and
how they are called and told.

Telegram tells nobody who is in a group. Whoever acts there is seen; whoever leaves is told of by the chat. Before
somebody is given a ticket Telegram is asked about them once more (`bot/worker.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import letters, stations
from models.base import Base
from models.people import Grant, Person, Role
from models.shifts import OnShift, Shift
from models.stations import Desk, Station

LATELY = timedelta(days=60)
LISTED, ABLE, MOST = 12, 24, 60
"""So many are looked at who have acted, so many fit on the buttons under a card, and on those of the roster."""

Mentions = list[list[Any]]
"""People as a notice carries them: [Telegram id, name], drawn as a mention."""


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


async def of(session: AsyncSession, station: Station, now: datetime, most: int = LISTED) -> list[Person]:
    """Those who have acted here lately and have not left since, the latest first, at most so many."""
    rows = await session.scalars(
        select(Person)
        .join(Colleague, Colleague.person_id == Person.id)
        .where(Colleague.station_id == station.id, Colleague.gone.is_(False), Colleague.day >= (now - LATELY).date())
        .order_by(Colleague.day.desc(), Person.id)
        .limit(most)
    )
    return list(rows)


async def are_there(session: AsyncSession, station: Station, person_id: int) -> bool:
    """Whether somebody still belongs to a place, as far as is known."""
    row = await session.get(Colleague, (station.id, person_id))
    return row is not None and not row.gone


async def known(session: AsyncSession, station: Station, now: datetime) -> list[Person]:
    """Whom a lead can put on the roster: the same and those who lead, by name."""
    found = {each.id: each for each in (*await of(session, station, now, MOST), *await leads(session, station))}
    return sorted(found.values(), key=lambda each: (each.name, each.id))


async def able(session: AsyncSession, station: Station, now: datetime) -> list[Person]:
    """Who may be given a ticket here, if Telegram says that they are in the group: those who have acted here lately,
    the latest first, whoever leads the place, and whoever is on its roster.
    """
    today = now.date()
    rostered = await session.scalars(
        select(Person)
        .join(OnShift, OnShift.person_id == Person.id)
        .join(Shift, Shift.id == OnShift.shift_id)
        .where(Shift.station_id == station.id, or_(Shift.last_day.is_(None), Shift.last_day >= today))
        .order_by(Person.id)
    )
    found = (*await of(session, station, now), *await leads(session, station), *rostered)
    return list({each.id: each for each in found if each.telegram_id > 0}.values())[:ABLE]


async def since(session: AsyncSession, day: date) -> list[tuple[Person, list[Station]]]:
    """Who has acted since this day where the union works and has not left, or leads there: each with these places, in
    the order of the people's numbers. Supervising teachers are no staff, and who was forgotten is nobody.
    """
    found: dict[int, tuple[Person, list[Station]]] = {}
    for station in await stations.open_desks(session):
        if station.desk is Desk.SUPERVISORS:
            continue
        here = select(Person).join(Colleague, Colleague.person_id == Person.id)
        acted = here.where(Colleague.station_id == station.id, Colleague.gone.is_(False), Colleague.day >= day)
        theirs = {each.id: each for each in (*await session.scalars(acted), *await leads(session, station))}
        for person in theirs.values():
            if person.telegram_id > 0:
                found.setdefault(person.id, (person, []))[1].append(station)
    return [found[number] for number in sorted(found)]


async def by_ids(session: AsyncSession, ids: Iterable[int]) -> list[Person]:
    """These people, in this order."""
    wanted = list(ids)
    found = {p.id: p for p in await session.scalars(select(Person).where(Person.id.in_(wanted)))}
    return [found[number] for number in wanted if number in found]


async def leads(session: AsyncSession, station: Station) -> list[Person]:
    """Who leads the station now."""
    found = await session.scalars(
        select(Person)
        .join(Grant, Grant.telegram_id == Person.telegram_id)
        .where(Grant.role == Role.LEAD, Grant.station_id == station.id, Grant.taken_back_at.is_(None))
        .order_by(Person.id)
    )
    return list(found)


def mentions(people: Sequence[Person]) -> Mentions:
    """These people for a notice's parameter `mentions`."""
    return [[person.telegram_id, person.name] for person in people]


async def tell(
    session: AsyncSession, people: Sequence[Person], text: str, now: datetime, /, *, not_before: datetime, **params: Any
) -> None:
    """A notice in private to those of the union's people who have a chat with the bot: who has pressed /start and
    agreed.
    """
    for person in people:
        if person.agreed:
            await letters.to_person(session, person, text, now, not_before=not_before, **params)
