"""What rises beyond its usual: open tickets of a week that read alike, beside how many such there are in other weeks.

Comparing texts takes long enough to be done outside of the loop: `group` is pure and gets plain values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.lifecycle import OPEN, Kind, State
from models.sessions import plainly
from models.similar import ENOUGH, Reading
from models.tickets import Ticket

WEEK = timedelta(days=7)
WEEKS_BEFORE = 4
"""So many weeks before say what is usual."""
FEWEST = 3
"""Fewer alike are no topic."""
MOST = 1_500
"""So many tickets of these five weeks are compared, the newest."""
SHOWN = 8
NEAR = 0.3
"""Texts that share fewer of their marks are not read."""

_t = cast(Table, Ticket.__table__)


@dataclass(frozen=True)
class Told:
    """What of a ticket is compared."""

    number: int
    category: str
    building: str | None
    subject: str
    folded: str
    marks: bytes
    recent: bool
    """Filed in the week that is looked at."""
    is_open: bool


@dataclass(frozen=True)
class Topic:
    """Open tickets that read alike."""

    category: str
    building: str | None
    """Where all of them are; None where they are in several places."""
    subject: str
    numbers: tuple[int, ...]
    filed: int
    """So many of the week read so, open or not."""
    usual: float
    """So many a week in the weeks before."""


async def recent(session: AsyncSession, now: datetime) -> list[Told]:
    """The tickets of this week and of those before, the newest first."""
    rows = await plainly(
        session,
        select(_t.c.id, _t.c.category, _t.c.building, _t.c.subject, _t.c.folded, _t.c.marks, _t.c.filed_at, _t.c.state)
        .where(
            _t.c.filed_at > now - WEEK * (1 + WEEKS_BEFORE),
            _t.c.kind != Kind.THANKS,
            _t.c.state.not_in([State.WITHDRAWN, State.MERGED]),
        )
        .order_by(_t.c.id.desc())
        .limit(MOST),
    )
    return [
        Told(
            row.id, row.category, row.building, row.subject, row.folded, row.marks, row.filed_at > now - WEEK,
            row.state in OPEN,
        )
        for row in rows
    ]  # fmt: skip


def group(told: Sequence[Told]) -> list[Topic]:
    """The topics among them that have risen, the largest first. Each ticket belongs to one, that of the first ticket it
    reads like.
    """
    by_category: dict[str, list[Told]] = defaultdict(list)
    for each in sorted(told, key=lambda t: t.number):
        by_category[each.category].append(each)
    found = []
    for category, all_ in by_category.items():
        left = [each for each in all_ if each.recent and each.is_open and len(each.folded) > 1]
        while len(left) >= FEWEST:
            reading = Reading(left[0].folded)
            alike = [each for each in left if each is left[0] or _reads_like(reading, each)]
            left = [each for each in left if each not in alike]
            if len(alike) < FEWEST:
                continue
            others = [each for each in all_ if each not in alike and _reads_like(reading, each)]
            filed = len(alike) + sum(each.recent for each in others)
            usual = sum(not each.recent for each in others) / WEEKS_BEFORE
            if has_risen(filed, usual):
                places = {each.building for each in alike}
                found.append(
                    Topic(
                        category,
                        places.pop() if len(places) == 1 else None,
                        alike[0].subject,
                        tuple(each.number for each in alike),
                        filed,
                        usual,
                    )
                )
    return sorted(found, key=lambda topic: (-topic.filed, topic.numbers))[:SHOWN]


def has_risen(filed: int, usual: float) -> bool:
    """Whether so many are more than chance makes of the usual number: two standard deviations above it."""
    return filed >= FEWEST and filed > usual + 2 * sqrt(max(usual, 0.25))


def _reads_like(reading: Reading, other: Told) -> bool:
    return reading.nearness(other.marks) >= NEAR and reading.likeness(other.folded, other.marks) >= ENOUGH
