"""How few people share what an anonymous ticket tells of its writer: where there are few, staff may guess.

Counted over the roster where there is one, else over those who have told the bot where they live.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import roster
from models.people import Audience, Person
from models.roster import Enrolled


class Shared(enum.StrEnum):
    """What is shared."""

    BUILDING = "building"
    FLOOR = "floor"
    AUDIENCE = "audience"


class Few(NamedTuple):
    """So few share this; `sharing` includes the person who asks, and is never below one."""

    what: Shared
    sharing: int
    by_roster: bool
    """Counted over the university's list; otherwise over those known to the bot so far."""
    group: Audience | None
    """Which students, where it is the audience."""


async def find(session: AsyncSession, person: Person, building: str | None, minimum: int) -> list[Few]:
    """What fewer than `minimum` people share with the writer of an anonymous ticket about this building."""
    by_roster = await session.scalar(select(Enrolled.id).limit(1)) is not None
    facts = await roster.facts(session, person)
    found: list[Few] = []

    async def look(what: Shared, *conditions: object) -> None:
        table = Enrolled if by_roster else Person
        if not by_roster:
            conditions = (*conditions, Person.agreed.is_(True))
        # No more than matter are counted: this is asked on the way to every anonymous ticket.
        some = select(table.id).where(*conditions).limit(minimum).subquery()  # type: ignore[arg-type]
        count = await session.scalar(select(func.count()).select_from(some)) or 0
        if count < minimum:
            found.append(Few(what, max(count, 1), by_roster, facts.audience if what is Shared.AUDIENCE else None))

    if building is not None:
        await look(Shared.BUILDING, (Enrolled if by_roster else Person).building == building)
        if by_roster and facts.floor is not None and facts.building == building:
            await look(Shared.FLOOR, Enrolled.building == building, Enrolled.floor == facts.floor)
    if facts.audience is not None:
        await look(Shared.AUDIENCE, (Enrolled if by_roster else Person).audience == Audience(facts.audience))
    return found
