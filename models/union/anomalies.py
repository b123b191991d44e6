"""What a week had that weeks do not usually have, for the supervisors (measure 10): what rose, which station was
silent, which problems came back.

*Risen*: of each matter at each place the tickets of this week are laid beside those of the eight weeks before. Were
they filed as usual, each would be one of this week with the probability that is this week's part of the working time:
how probable so many are, or more, says the exact binomial test, one-sided. Of many matters some look risen by chance
alone, so the probabilities are corrected for their number (Holm); what stays below 5 % is told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, lgamma, log
from typing import NamedTuple, cast

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import stations
from models.calendar import WorkCalendar
from models.lifecycle import OPEN, Kind, State
from models.sessions import plainly
from models.stations import Desk
from models.statistics import REPEATS_WITHIN, responsible
from models.tickets import Event, Ticket

WEEK = timedelta(days=7)
WEEKS_BEFORE = 8
LEVEL = 0.05
"""So improbable by chance, corrected, is what is told."""
FEWEST = 3
"""Fewer are told by nobody as a rise, nor fewer repeats as a problem that comes back."""
MOST = 8
"""So many of each are told."""

_t, _e = cast(Table, Ticket.__table__), cast(Table, Event.__table__)
COUNTS = (_t.c.kind != Kind.THANKS, _t.c.state.not_in([State.WITHDRAWN, State.MERGED]))
"""Which tickets tell of a matter or a problem."""


class Matter(NamedTuple):
    """What tickets are about, and where."""

    category: str
    place: int
    """The number of the station that is responsible."""


class Problem(NamedTuple):
    """What comes back: a category in a building."""

    category: str
    building: str | None


class Rise(NamedTuple):
    """A matter that has risen."""

    matter: Matter
    filed: int
    """So many this week."""
    before: int
    """So many in the weeks before, together."""
    usual: float
    """So many a week like this one, by its working time."""
    chance: float
    """How probable so many are by chance, corrected for how many matters were looked at; 0–1."""
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Digest:
    """One week's."""

    since: datetime
    until: datetime
    matters: int
    """So many were looked at."""
    risen: Sequence[Rise]
    silent: Mapping[int, int]
    """Stations in which nobody of the staff did anything all week, by their numbers, each with how many open tickets
    waited there.
    """
    repeated: Mapping[Problem, tuple[int, ...]]
    """Problems that were closed and came back within thirty days, with this week's tickets."""


async def digest(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> Digest:
    """The seven days before `now`."""
    since = now - WEEK
    counted = await _counted(session, since, now)
    share = await _share(session, calendar, since, now)
    found = risen({matter: (len(numbers), before) for matter, (numbers, before) in counted.items()}, share)
    rises = [
        Rise(matter, len(counted[matter][0]), counted[matter][1], usual, chance, tuple(sorted(counted[matter][0])))
        for matter, usual, chance in found
    ]
    repeated = await _repeated(session, since, now)
    return Digest(since, now, len(counted), rises[:MOST], await _silent(session, since, now), repeated)


def risen(counted: Mapping[Matter, tuple[int, int]], share: float) -> list[tuple[Matter, float, float]]:
    """Those that are more than chance makes of what is usual, the least probable first, each with how many would be
    usual and the corrected probability. `counted` is this week's and those before; `share` is this week's part of all
    the working time, 0–1.
    """
    if not 0 < share < 1:
        return []
    tested = sorted((at_least(now, now + before, share), matter) for matter, (now, before) in counted.items())
    found, chance = [], 0.0
    for place, (by_chance, matter) in enumerate(tested):
        chance = max(chance, min(1.0, by_chance * (len(tested) - place)))
        now, before = counted[matter]
        if chance < LEVEL and now >= FEWEST:
            found.append((matter, before * share / (1 - share), chance))
    return found


def at_least(hits: int, of: int, share: float) -> float:
    """How probable it is that of so many at least `hits` fall where each falls with probability `share`."""
    yes, no, all_ways = log(share), log(1 - share), lgamma(of + 1)

    def exactly(n: int) -> float:
        return exp(all_ways - lgamma(n + 1) - lgamma(of - n + 1) + n * yes + (of - n) * no)

    return min(1.0, sum(exactly(n) for n in range(hits, of + 1)))


async def _share(session: AsyncSession, calendar: WorkCalendar, since: datetime, now: datetime) -> float:
    """This week's part of the working time since the weeks before began, or since there were tickets at all."""
    ((first,),) = await plainly(session, select(func.min(_t.c.filed_at)))
    begun = max(since - WEEKS_BEFORE * WEEK, first or since)
    this, every = calendar.between(since, now), calendar.between(min(begun, since), now)
    return this / every if every else 0.0


async def _counted(session: AsyncSession, since: datetime, now: datetime) -> dict[Matter, tuple[list[int], int]]:
    """Of each matter of this week its tickets, and how many there were before."""
    this: dict[Matter, list[int]] = defaultdict(list)
    asked = select(_t.c.category, responsible, _t.c.id).where(_t.c.filed_at >= since, _t.c.filed_at < now, *COUNTS)
    for category, place, number in await plainly(session, asked):
        this[Matter(category, place)].append(number)
    earlier = (
        select(_t.c.category, responsible, func.count())
        .where(_t.c.filed_at >= since - WEEKS_BEFORE * WEEK, _t.c.filed_at < since, *COUNTS)
        .group_by(_t.c.category, responsible)
    )
    before = {Matter(category, place): count for category, place, count in await plainly(session, earlier)}
    return {matter: (numbers, before.get(matter, 0)) for matter, numbers in this.items()}


async def _silent(session: AsyncSession, since: datetime, now: datetime) -> dict[int, int]:
    """Stations that had open tickets of before the week, and whose tickets no staff touched in it."""
    waiting = select(responsible, func.count()).where(_t.c.state.in_(OPEN), _t.c.filed_at < since).group_by(responsible)
    acted = (
        select(responsible)
        .distinct()
        .select_from(_e)
        .join(_t, _t.c.id == _e.c.ticket_id)
        .where(_e.c.at >= since, _e.c.at < now, _e.c.staff_id.is_not(None))
    )
    busy = {place for (place,) in await plainly(session, acted)}
    serving = {each.id for each in await stations.open_desks(session) if each.desk is not Desk.SUPERVISORS}
    return {place: count for place, count in await plainly(session, waiting) if place in serving and place not in busy}


async def _repeated(session: AsyncSession, since: datetime, now: datetime) -> dict[Problem, tuple[int, ...]]:
    """This week's tickets about a problem of which one was closed within the thirty days before each was filed; of
    those problems that did so several times.
    """
    month = since - REPEATS_WITHIN
    closings: dict[Problem, list[datetime]] = defaultdict(list)
    ended = select(_t.c.category, _t.c.building, _t.c.closed_at).where(
        _t.c.state == State.CLOSED, _t.c.closed_at >= month, _t.c.closed_at < now, _t.c.building.is_not(None), *COUNTS
    )
    for category, building, at in await plainly(session, ended):
        closings[Problem(category, building)].append(at)
    filed = select(_t.c.category, _t.c.building, _t.c.filed_at, _t.c.id).where(
        _t.c.filed_at >= since, _t.c.filed_at < now, *COUNTS
    )
    found: dict[Problem, list[int]] = defaultdict(list)
    for category, building, at, number in await plainly(session, filed.order_by(_t.c.id)):
        problem = Problem(category, building)
        if any(at - REPEATS_WITHIN <= closed <= at for closed in closings.get(problem, ())):
            found[problem].append(number)
    often = Counter({problem: len(numbers) for problem, numbers in found.items() if len(numbers) >= FEWEST})
    return {problem: tuple(found[problem]) for problem, _ in often.most_common(MOST)}
