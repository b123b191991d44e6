"""How many tickets one person files within a day.

An anonymous ticket has no person, so nothing is counted up: while somebody is filing, the tickets of the last day are
asked one by one whether they are theirs, as `/mine` asks. Nothing is written down for it and nothing is left of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import requesters
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.requesters import Requester
from models.tickets import Ticket

A_DAY = timedelta(days=1)
AT_ONCE = 500
SHOWN = "%Y-%m-%d %H:%M"
"""A moment in a refusal, which knows no language."""


async def may_file(session: AsyncSession, person: Person, house: House, now: datetime) -> None:
    """Raises Refusal, with the moment from which on it is possible, for somebody who has filed `house.tickets_a_day`
    tickets within the last 24 hours; withdrawn ones count, what staff split off does not.
    """
    most = house.tickets_a_day
    if not most:
        return
    mine: list[datetime] = []
    async for requester, filed_at in _filed_since(session, person, now - A_DAY):
        if requesters.is_of(requester, person, house.vault):
            mine.append(filed_at)
            if len(mine) == most:
                until = (filed_at + A_DAY + timedelta(minutes=1)).astimezone(house.calendar.timezone)
                raise Refusal("limit.tickets", most=most, until=f"{until:{SHOWN}}")


async def _filed_since(
    session: AsyncSession, person: Person, since: datetime
) -> AsyncIterator[tuple[Requester, datetime]]:
    """Who may have been this person filing a ticket since then, the newest first. From the newest backwards, because
    numbers are given in order and there are many more tickets than those of a day.
    """
    perhaps = or_(
        Requester.person_id == person.id, and_(Requester.person_id.is_(None), Requester.owner_tag.is_not(None))
    )
    query = (
        select(Ticket.id, Ticket.filed_at, Ticket.split_from_id, Requester)
        .outerjoin(Requester, and_(Requester.ticket_id == Ticket.id, Requester.number == 1, perhaps))
        .order_by(Ticket.id.desc())
        .limit(AT_ONCE)
    )
    page = query
    while True:
        rows = (await session.execute(page)).all()
        for _, filed_at, split_from, requester in rows:
            if filed_at <= since:
                return
            if requester is not None and split_from is None:
                yield requester, filed_at
        if len(rows) < AT_ONCE:
            return
        page = query.where(Ticket.id < rows[-1].id)
