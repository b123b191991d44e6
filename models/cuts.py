"""By what the answers of a survey are counted apart: to which groups somebody belongs, and how large each is on the
roster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.house import House
from models.people import Audience
from models.questionnaires import Group
from models.roster import Enrolled, Facts
from models.tallies import Cut

Column = ColumnElement[Any] | InstrumentedAttribute[Any]


def groups_of(facts: Facts, house: House) -> dict[Cut, str]:
    """To which group somebody belongs in each cut, of what is known of them."""
    station = house.station_of.get(facts.building) if facts.building is not None else None
    known = {
        Cut.STATION: station,
        Cut.BUILDING: facts.building,
        Cut.COLLEGE: facts.college,
        Cut.AUDIENCE: facts.audience,
        Cut.LEVEL: facts.level,
    }
    return {cut: str(value) for cut, value in known.items() if value}


def facts_of(groups: Mapping[Cut, str]) -> Facts:
    """What is known of somebody of whom only the groups are."""
    audience = groups.get(Cut.AUDIENCE)
    return Facts(
        groups.get(Cut.COLLEGE),
        groups.get(Cut.LEVEL),
        Audience(audience) if audience is not None else None,
        groups.get(Cut.BUILDING),
        None,
        proved=True,
    )


def within(group: Group, audience: Column, building: Column) -> list[ColumnElement[bool]]:
    """Whether somebody belongs to a group, as conditions: by these two columns, and by the roster's level."""
    lists = ((audience, group.audiences), (building, group.buildings), (Enrolled.level, group.levels))
    return [column.in_(wanted) for column, wanted in lists if wanted]


async def roster_shares(session: AsyncSession, group: Group, house: House) -> Mapping[Cut, Mapping[str, float]]:
    """Which part of those on the roster who belong to this group belongs to each of the cuts' groups, 0–1; nothing
    without a roster, nor of those who asked for a project: the roster knows nothing of them.
    """
    if group.project is not None:
        return {}
    wanted = within(group, Enrolled.audience, Enrolled.building)
    columns = (Enrolled.college, Enrolled.level, Enrolled.audience, Enrolled.building)
    counted: dict[Cut, dict[str, int]] = {}
    total = 0
    for college, level, audience, building, count in await session.execute(
        select(*columns, func.count()).where(*wanted).group_by(*columns)
    ):
        total += count
        for cut, value in groups_of(Facts(college, level, audience, building, None, proved=True), house).items():
            by = counted.setdefault(cut, {})
            by[value] = by.get(value, 0) + count
    return {cut: {value: count / total for value, count in by.items()} for cut, by in counted.items()}
