"""Has somebody said this already? Tickets that read alike, open or dealt with a short while ago, offered before a new
one is filed.

Chinese has no blanks between words, so both the texts as written and their pairs of characters are compared; the better
of the two counts. Somebody's update waits for this with the database in hand, and comparing two thousand long texts
takes a second. So each ticket keeps marks of its pairs, which are compared in a moment, and RapidFuzz reads only those
that share the most.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zlib import crc32

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import plainly
from models.house import House
from models.lifecycle import OPEN, Kind, State
from models.tickets import FOLDED_LENGTH, Ticket

ENOUGH = 62.0
"""From this score (0–100) on a ticket is offered: below, people are asked about things that have nothing in common."""
SHOWN = 3
RECENT = timedelta(days=14)
"""So long after it was dealt with a ticket is still compared."""
MARKED_AT_MOST = 2000
READ_AT_MOST = 60
MARKS = 2048
"""Bits: few enough to be read for every ticket, many enough that two long texts share few by chance."""


# Read as a table: of two thousand rows nobody changes one.
_tickets = cast(Table, Ticket.__table__)


@dataclass(frozen=True)
class Alike:
    """A ticket that reads like the new words, and how much (0–100)."""

    ticket: Ticket
    score: float


def pairs(text: str) -> frozenset[str]:
    """The characters two by two: how much two Chinese sentences share shows in these."""
    joined = text.replace(" ", "")
    return frozenset(joined[i : i + 2] for i in range(max(len(joined) - 1, min(len(joined), 1))))


def marks(text: str) -> bytes:
    """The pairs of a folded text as bits: two texts share no more pairs than the marks of either let them."""
    bits = 0
    for pair in pairs(text):
        bits |= 1 << crc32(pair.encode()) % MARKS
    return bits.to_bytes(MARKS // 8, "big")


class Reading:
    """A folded text that many others are compared with: what it takes is made once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._pairs = pairs(text)
        self._marks = int.from_bytes(marks(text), "big")
        self._more = len(self._pairs) - self._marks.bit_count()
        """So many of its pairs have a mark in common with another one."""

    def nearness(self, theirs: bytes) -> float:
        """Which part of the shorter text's marks the other one has too, 0–1."""
        other = int.from_bytes(theirs, "big")
        return (self._marks & other).bit_count() / max(min(self._marks.bit_count(), other.bit_count()), 1)

    def likeness(self, other: str, theirs: bytes) -> float:
        """How alike the two read, 0–100; of what is not `ENOUGH` only that. `theirs` are the other one's marks."""
        compare = fuzz.token_set_ratio if " " in self._text and " " in other else fuzz.ratio
        words = compare(self._text, other, score_cutoff=ENOUGH)
        bits = int.from_bytes(theirs, "big")
        at_most = (self._marks & bits).bit_count() + self._more
        if _share(at_most, len(self._pairs) + bits.bit_count()) < ENOUGH:
            return words
        others = pairs(other)
        return max(words, _share(len(self._pairs & others), len(self._pairs) + len(others)))


def _share(common: int, both: int) -> float:
    return 100.0 * 2 * common / both if both else 0.0


def likeness(one: str, other: str) -> float:
    """How alike two folded texts read, 0–100; of what is not `ENOUGH` only that."""
    return Reading(one).likeness(other, marks(other))


def may_be_offered(kind: Kind, place: str | None, building: str | None) -> bool:
    """Whether a ticket of this kind and place may be shown to somebody whose matter is in this building.

    Thanks are nobody else's, and the same trouble in another building is another trouble: it needs its own pair of
    hands.
    """
    return kind is not Kind.THANKS and (building is None or place in (None, building))


async def find(
    session: AsyncSession, text: str, *, kind: Kind, category: str, building: str | None, house: House
) -> list[Alike]:
    """The open tickets of this building or category that read most like `text`, best first, at most `SHOWN`; none for
    thanks.
    """
    return await _among(session, _tickets.c.state.in_(OPEN), text, kind, category, building, house)


async def find_ended(
    session: AsyncSession, text: str, *, kind: Kind, category: str, building: str | None, house: House, now: datetime
) -> list[Alike]:
    """The same among those that were dealt with a short while ago: perhaps it is back."""
    ended = and_(_tickets.c.state.in_((State.RESOLVED, State.CLOSED)), _tickets.c.resolved_at >= now - RECENT)
    return await _among(session, ended, text, kind, category, building, house)


async def _among(
    session: AsyncSession,
    which: ColumnElement[bool],
    text: str,
    kind: Kind,
    category: str,
    building: str | None,
    house: House,
) -> list[Alike]:
    wanted = house.fold(text)[:FOLDED_LENGTH]
    if kind is Kind.THANKS or len(wanted) < 4:
        return []
    near = _tickets.c.category == category
    if building is not None:
        # The same trouble in another building is another trouble: it needs its own pair of hands.
        near = or_(_tickets.c.building == building, and_(near, _tickets.c.building.is_(None)))
    marked = await plainly(
        session,
        select(_tickets.c.id, _tickets.c.marks)
        .where(which, _tickets.c.kind != Kind.THANKS, near)
        .order_by(_tickets.c.id.desc())
        .limit(MARKED_AT_MOST),
    )
    reading = Reading(wanted)
    nearest = heapq.nlargest(READ_AT_MOST, ((reading.nearness(theirs), number) for number, theirs in marked))
    rows = await session.execute(
        select(Ticket.id, Ticket.folded, Ticket.marks).where(Ticket.id.in_([number for _, number in nearest]))
    )
    scored = ((reading.likeness(folded, theirs), number) for number, folded, theirs in rows)
    best = heapq.nlargest(SHOWN, (each for each in scored if each[0] >= ENOUGH))
    return [Alike(await session.get_one(Ticket, number), score) for score, number in best]
