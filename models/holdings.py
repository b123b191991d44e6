"""What depends on the stations, buildings and categories of config.toml: the open tickets on each. Asked before they
are changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.lifecycle import OPEN, State
from models.stations import Station
from models.tickets import Ticket

UNFINISHED = (*OPEN, State.RESOLVED)
"""What goes to the office when its station is closed."""


@dataclass(frozen=True)
class Holdings:
    """How many tickets that have not ended are at each station, in each building, about each category."""

    stations: Mapping[str, int] = field(default_factory=dict)
    buildings: Mapping[str, int] = field(default_factory=dict)
    categories: Mapping[str, int] = field(default_factory=dict)


async def held(session: AsyncSession) -> Holdings:
    """As it is now."""
    at = select(Station.key, func.count()).join(Ticket, Ticket.station_id == Station.id)
    stations = await session.execute(at.where(Ticket.state.in_(UNFINISHED)).group_by(Station.key))
    found = []
    for column in (Ticket.building, Ticket.category):
        rows = await session.execute(
            select(column, func.count()).where(Ticket.state.in_(UNFINISHED), column.is_not(None)).group_by(column)
        )
        found.append({str(key): int(count) for key, count in rows})
    return Holdings({key: int(count) for key, count in stations}, *found)
