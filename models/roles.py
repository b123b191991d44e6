"""Who holds which role, and who may give and take it back. What is given is written down with who gave it and when
(`people.Grant`), and recorded.

The office's admins make leads and admins. Supervising teachers receive what is reported about staff, and readers what
those approve: nobody of the union makes either, only config.toml or a supervising teacher, in the supervisors' group.
What stands in config.toml is taken back there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models import audit, letters, people, permissions, stations
from models.errors import Refusal
from models.people import Grant, Person, Role
from models.permissions import Deed
from models.stations import Desk, Station

GIVEN_AT: Mapping[Desk, tuple[Role, ...]] = {
    Desk.OFFICE: (Role.LEAD, Role.ADMIN),
    Desk.SUPERVISORS: (Role.SUPERVISOR, Role.READER),
}
"""In whose group which role is given; by whom, says `permissions.py`."""


@dataclass(frozen=True)
class Holder:
    """Somebody holds a role now."""

    grant: Grant
    person: Person | None
    """None for somebody named in config.toml who has never spoken with the bot."""
    giver: Person | None
    """None for config.toml, and for somebody who has been forgotten since."""
    place: Station | None
    """A lead's."""


async def holders(session: AsyncSession, telegram_id: int | None = None) -> list[Holder]:
    """Everybody who holds a role now, by role and place; with a Telegram id only what they hold."""
    person, giver = aliased(Person), aliased(Person)
    query = (
        select(Grant, person, giver, Station)
        .outerjoin(person, person.telegram_id == Grant.telegram_id)
        .outerjoin(giver, giver.telegram_id == Grant.given_by)
        .outerjoin(Station, Station.id == Grant.station_id)
        .where(Grant.taken_back_at.is_(None))
        .order_by(Grant.id)
    )
    if telegram_id is not None:
        query = query.where(Grant.telegram_id == telegram_id)
    found = [Holder(*row) for row in await session.execute(query)]
    order = list(Role)
    return sorted(found, key=lambda each: (order.index(each.grant.role), each.grant.station_id or 0))


async def must_give(session: AsyncSession, here: Station, giver: Person, role: Role) -> None:
    """Raises Refusal unless this person may give and take back the role in this place's group."""
    deed = Deed.GIVE if role in GIVEN_AT[Desk.OFFICE] else Deed.GIVE_ABOVE
    permissions.must(deed, await permissions.standing(session, giver, here))


async def places(session: AsyncSession) -> list[Station]:
    """Where there may be leads."""
    return [place for place in await stations.open_desks(session) if place.desk is Desk.STATION]


async def give(
    session: AsyncSession, here: Station, giver: Person, role: Role, whom: Person, place: Station | None, now: datetime
) -> None:
    """Give somebody a role, a lead's for a place; they are told. Raises Refusal as `must_give` does, and when they hold
    it already.
    """
    await must_give(session, here, giver, role)
    if (role is Role.LEAD) is not (place is not None and place.desk is Desk.STATION and not place.closed):
        raise Refusal("desk.old_button")
    if await people.grants(session, role, whom.telegram_id, place.id if place is not None else None):
        raise Refusal("roles.held")
    found = Grant(
        telegram_id=whom.telegram_id,
        role=role,
        station_id=place.id if place is not None else None,
        given_by=giver.telegram_id,
        given_at=now,
    )
    session.add(found)
    await session.flush()
    await _record(session, "grant", found, giver, place, now)
    await letters.to_person(session, whom, f"roles.given.{role}", now, **_where(place))


async def take_back(
    session: AsyncSession, here: Station, giver: Person, role: Role, whom: Person, place: Station | None, now: datetime
) -> None:
    """Take a role back; they are told. Raises Refusal as `must_give` does, when they do not hold it, and when it stands
    in config.toml, which would give it again at the next start.
    """
    await must_give(session, here, giver, role)
    held = await people.grants(session, role, whom.telegram_id, place.id if place is not None else None)
    if not held:
        raise Refusal("roles.not_held")
    if any(grant.given_by is None for grant in held):
        raise Refusal("roles.in_config")
    for grant in held:
        grant.taken_back_at = now
        await _record(session, "revoke", grant, giver, place, now)
    await letters.to_person(session, whom, f"roles.taken.{role}", now, **_where(place))


async def _record(
    session: AsyncSession, act: str, grant: Grant, giver: Person, place: Station | None, now: datetime
) -> None:
    station: dict[str, Any] = {"station": place.key} if place is not None else {}
    await audit.record(session, act, now, staff=giver, grant=grant.id, role=grant.role, **station)


def _where(place: Station | None) -> dict[str, Any]:
    return {"station": place.names} if place is not None else {}
