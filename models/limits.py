"""How many tickets one person files within a day.

An anonymous ticket has no person, so nothing is counted up: while somebody is filing, the tickets of the last day are
asked one by one whether they are theirs, as `/mine` asks. Nothing is written down for it and nothing is left of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import requesters
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.requesters import Requester
from models.tickets import Ticket

A_DAY = timedelta(days=1)


async def may_file(session: AsyncSession, person: Person, house: House, now: datetime) -> None:
    """Raises Refusal, with the moment from which on it is possible, for somebody who has filed `house.tickets_a_day`
    tickets within the last 24 hours; withdrawn ones count, what staff split off does not.
    """
    most, since = house.tickets_a_day, now - A_DAY
    if not most:
        return
    # Numbers are given in order, and there are many more tickets than those of a day: walked backwards from the newest.
    # Whose they are is looked at here: asked for it, a database goes through everybody who was ever anonymous.
    older = await session.scalar(select(Ticket.id).where(Ticket.filed_at <= since).order_by(Ticket.id.desc()).limit(1))
    rows = await session.execute(
        select(Ticket.filed_at, Requester.person_id, Requester.salt, Requester.owner_tag)
        .join(Requester, Requester.ticket_id == Ticket.id)
        .where(
            Ticket.id > (older or 0),
            Ticket.split_from_id.is_(None),
            Requester.number == 1,
        )
    )
    mine = [
        filed_at
        for filed_at, person_id, salt, tag in rows
        if person_id == person.id or (salt and tag and requesters.is_tag_of(salt, tag, person, house.vault))
    ]
    if len(mine) >= most:
        until = sorted(mine)[-most] + A_DAY + timedelta(minutes=1)
        raise Refusal("limit.tickets", most=most, until=until)
