"""Who works at a station, as far as the bot knows: whom a lead can put on the roster, and how they are told.

Telegram does not hand out a group's members. Somebody is known here once they have done something to one of the
station's tickets, lead it, or have pressed a button of the roster's; membership itself is asked at every press.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox
from models.base import Base
from models.outbox import Lane, Repeat
from models.people import Grant, Person, Role
from models.stations import Station
from models.tickets import Event, Ticket

LATELY = timedelta(days=180)
"""Whoever has done nothing for so long is not offered any more."""
MOST = 60
"""So many people fit on buttons."""

Mentions = list[list[Any]]
"""People as a notice carries them: [Telegram id, name], drawn as a mention."""


class Colleague(Base):
    """Somebody who has pressed a button of this station's roster."""

    __tablename__ = "colleagues"

    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)


async def note(session: AsyncSession, station: Station, person: Person) -> None:
    """This person is in the station's group now, and can be put on its roster."""
    if await session.get(Colleague, (station.id, person.id)) is None:
        session.add(Colleague(station_id=station.id, person_id=person.id))
        await session.flush()


async def known(session: AsyncSession, station: Station, now: datetime) -> list[Person]:
    """The people of this station by name."""
    pressed = select(Colleague.person_id).where(Colleague.station_id == station.id)
    acted = (
        select(Event.staff_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(Ticket.station_id == station.id, Event.staff_id.is_not(None), Event.at >= now - LATELY)
    )
    leading = (
        select(Person.id)
        .join(Grant, Grant.telegram_id == Person.telegram_id)
        .where(Grant.role == Role.LEAD, Grant.station_id == station.id, Grant.taken_back_at.is_(None))
    )
    found = await session.scalars(
        select(Person)
        .where(Person.id.in_(pressed) | Person.id.in_(acted) | Person.id.in_(leading))
        .order_by(Person.name, Person.id)
        .limit(MOST)
    )
    return list(found)


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
    agreed. It has no key of its own, because a key never names a person: whoever says it sees that it is said once.
    """
    for person in people:
        if person.agreed:
            await _post(session, person.telegram_id, "told", {"text": text, "params": params}, now, not_before)


async def show(
    session: AsyncSession,
    chat_id: int,
    what: str,
    number: int,
    now: datetime,
    *,
    not_before: datetime | None = None,
    dedupe: str | None = None,
) -> None:
    """A screen of the roster's with its buttons, drawn as it is when the courier gets to it."""
    await _post(session, chat_id, "roster", {"what": what, "number": number}, now, not_before or now, dedupe)


async def _post(
    session: AsyncSession,
    chat_id: int,
    letter: str,
    payload: dict[str, Any],
    now: datetime,
    not_before: datetime,
    dedupe: str | None = None,
) -> None:
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        letter=letter,
        payload=payload,
        not_before=not_before,
        dedupe=dedupe,
    )
