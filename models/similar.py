"""Has somebody said this already? Tickets that read alike, open or dealt with a short while ago, offered before a new
one is filed.

Chinese has no blanks between words, so both the texts as written and their pairs of characters are compared; the better
of the two counts. Somebody's update waits for this with the database in hand, and a hundred thousand texts cannot be
read meanwhile. So each ticket leaves traces (`ticket_traces`): of the pieces of three characters of which its text is
made, the `TRACES` whose hashes are the smallest. Two texts that share much share some of these, whichever they are; the
database counts them, and RapidFuzz reads only the tickets that share the most.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zlib import crc32

from rapidfuzz import fuzz
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from models.base import Base, Key, said
from models.house import House
from models.lifecycle import OPEN, Kind, State
from models.questions import fetch
from models.sessions import plainly
from models.tickets import FOLDED_LENGTH, Ticket

ENOUGH = 62.0
"""From this score (0–100) on a ticket is offered: below, people are asked about things that have nothing in common."""
SHOWN = 3
RECENT = timedelta(days=14)
"""So long after it was dealt with a ticket is still compared."""
READ_AT_MOST = 300
SWEPT_AT_ONCE = 200
TRACES = 12
"""So many pieces of a text stand for all: enough that texts alike share one, few enough to be written for each."""
MARKS = 2048
"""Bits: few enough to be read for many tickets, many enough that two long texts share few by chance."""


class Trace(Base):
    """A piece of a ticket's text, as a number that leads back to no text."""

    __tablename__ = "ticket_traces"

    piece: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    building: Mapped[str] = mapped_column(primary_key=True)
    """Empty for a ticket of no building."""
    category: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)

    # All of it is key, so that SQLite needs to keep it only once.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy declares it so)


# Read and written as tables: nobody changes one of so many rows.
_tickets, _traces = cast(Table, Ticket.__table__), cast(Table, Trace.__table__)
_LEAVE = insert(_traces)
_TAKE = delete(_traces).where(
    *(_traces.c[name] == bindparam(f"its_{name}") for name in ("piece", "building", "category", "ticket_id"))
)


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


# ---------------------------------------------------------------- traces


def pieces(text: str) -> list[int]:
    """The pieces of a folded text that stand for all of it, at most `TRACES`; of a short one also pairs."""
    joined = text.replace(" ", "")
    found: list[int] = []
    for length in (3, 2):
        cut = {joined[i : i + length] for i in range(max(len(joined) - length + 1, min(len(joined), 1)))}
        # Signed, so that every database keeps it in four bytes.
        hashed = {crc32(piece.encode()) - 2**31 for piece in cut}.difference(found)
        found += heapq.nsmallest(TRACES - len(found), hashed)
    return found


def traces(number: int, building: str | None, category: str, folded: str) -> list[dict[str, Any]]:
    """The rows of a ticket."""
    common = {"building": building or "", "category": category, "ticket_id": number}
    return [{"piece": piece, **common} for piece in pieces(folded)]


def _leave(connection: Connection, ticket: Ticket) -> None:
    rows = traces(ticket.id, ticket.building, ticket.category, ticket.folded)
    if rows:
        connection.execute(_LEAVE, rows)


def _take(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_TAKE, [{f"its_{name}": value for name, value in row.items()} for row in rows])


@event.listens_for(Ticket, "after_insert")
def _filed(_: Mapper[Any], connection: Connection, ticket: Ticket) -> None:
    """Whoever makes a ticket need not think of it."""
    _leave(connection, ticket)


@event.listens_for(Ticket, "after_update")
def _changed(_: Mapper[Any], connection: Connection, ticket: Ticket) -> None:
    """Its words were erased, or it is open again long after it had ended; what nobody is offered leaves no traces."""
    state = inspect(ticket)
    before = state.attrs.folded.history.deleted
    if before:
        _take(connection, traces(ticket.id, ticket.building, ticket.category, before[0]))
    if ticket.sought and (before or True in state.attrs.sought.history.added):
        _leave(connection, ticket)


async def sweep(session: AsyncSession, now: datetime) -> bool:
    """Forget the traces of some of the tickets that nobody is offered any more. False when there were none.

    What somebody changes at this moment is left for the next time; and whoever has read one of them and changes it
    later finds another version, and begins anew: it may be open again, and would be open without traces.
    """
    ended = select(_tickets.c.id, _tickets.c.building, _tickets.c.category, _tickets.c.folded).where(
        _tickets.c.sought == said(True), _tickets.c.closed_at < now - RECENT
    )
    some = ended.order_by(_tickets.c.closed_at).limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    found = (await plainly(session, some)).all()
    if not found:
        return False
    rows = [{f"its_{name}": value for name, value in row.items()} for each in found for row in traces(*each)]
    if rows:
        await plainly(session, _TAKE, rows)
    swept = update(_tickets).where(_tickets.c.id.in_([each.id for each in found]))
    await plainly(session, swept.values(sought=False, version=_tickets.c.version + 1))
    return True


# ---------------------------------------------------------------- looking


def asking(
    near: Sequence[ColumnElement[bool]], *which: ColumnElement[bool], but: Select[Any] | None = None
) -> Select[Any]:
    """Of the tickets whose traces are any of `near`, and which are `which`, those that share most of the `pieces`, at
    most so many as are to be `read`; the few numbers of `but` are left out first, so that they crowd out no others.
    Either half reads one stretch of the key for each piece; asked with "or", a database would read them all. To be
    made once: making it takes as long as asking it.
    """
    wanted = _traces.c.piece.in_(bindparam("pieces", expanding=True))
    halves = [select(_traces.c.ticket_id).where(wanted, each) for each in near]
    left = (union_all(*halves) if len(halves) > 1 else halves[0]).subquery()
    most = (func.count().desc(), left.c.ticket_id.desc())
    sharing = select(left.c.ticket_id).group_by(left.c.ticket_id).order_by(*most)
    if but is not None:
        sharing = sharing.where(left.c.ticket_id.not_in(but))
    shared = sharing.limit(bindparam("read", type_=Integer)).subquery()
    return (
        select(_tickets.c.id, _tickets.c.folded, _tickets.c.marks)
        .select_from(shared.join(_tickets, _tickets.c.id == shared.c.ticket_id))
        .where(_tickets.c.kind != Kind.THANKS, *which)
    )


def of(building: Any, category: Any) -> ColumnElement[bool]:
    """The traces of the tickets of exactly this building, empty for none, and category."""
    return and_(_traces.c.building == building, _traces.c.category == category)


_BUILDING: BindParameter[str] = bindparam("building")
_CATEGORY: BindParameter[str] = bindparam("category")
# The same trouble in another building is another trouble: it needs its own pair of hands.
_HERE = [_traces.c.building == _BUILDING, of("", _CATEGORY)]
# Building by building: that is how they are sorted.
_ANYWHERE = [and_(_traces.c.building.in_(bindparam("buildings", expanding=True)), _traces.c.category == _CATEGORY)]
_IS_OPEN = _tickets.c.state.in_(OPEN)
_HAS_ENDED = and_(_tickets.c.state.in_((State.RESOLVED, State.CLOSED)), _tickets.c.resolved_at >= bindparam("since"))
_FIND = {True: asking(_HERE, _IS_OPEN), False: asking(_ANYWHERE, _IS_OPEN)}
_FIND_ENDED = {True: asking(_HERE, _HAS_ENDED), False: asking(_ANYWHERE, _HAS_ENDED)}
"""By whether a building is known."""


async def find(
    session: AsyncSession,
    text: str,
    *,
    kind: Kind,
    category: str,
    building: str | None,
    house: House,
    most: int = SHOWN,
) -> list[Alike]:
    """The open tickets of this building or category that read most like `text`, best first; none for thanks."""
    if kind is Kind.THANKS:
        return []
    values = _place(category, building, house)
    return await nearest(
        session, house.fold(text)[:FOLDED_LENGTH], _FIND[building is not None], values, most, READ_AT_MOST
    )


async def find_ended(
    session: AsyncSession, text: str, *, kind: Kind, category: str, building: str | None, house: House, now: datetime
) -> list[Alike]:
    """The same among those that were dealt with a short while ago: perhaps it is back."""
    if kind is Kind.THANKS:
        return []
    values = _place(category, building, house) | {"since": now - RECENT}
    return await nearest(
        session, house.fold(text)[:FOLDED_LENGTH], _FIND_ENDED[building is not None], values, SHOWN, READ_AT_MOST
    )


def _place(category: str, building: str | None, house: House) -> dict[str, Any]:
    where = {"building": building} if building is not None else {"buildings": ["", *house.station_of]}
    return {"category": category, **where}


async def numbers(
    session: AsyncSession, folded: str, asked: Select[Any], values: dict[str, Any], most: int, read: int
) -> list[tuple[float, int]]:
    """How much each of them reads like this text, and its number; as `nearest`, without the tickets."""
    if len(folded) < 4:
        return []
    rows = await plainly(session, asked, values | {"pieces": pieces(folded), "read": read})
    reading = Reading(folded)
    scored = ((reading.likeness(text, theirs), number) for number, text, theirs in rows)
    return heapq.nlargest(most, (each for each in scored if each[0] >= ENOUGH))


async def nearest(
    session: AsyncSession, folded: str, asked: Select[Any], values: dict[str, Any], most: int, read: int
) -> list[Alike]:
    """Those among what is asked (`asking`, with these values) that read most like this text, best first; at most `read`
    are read.
    """
    best = await numbers(session, folded, asked, values, most, read)
    found = {each.id: each for each in await fetch(session, Ticket, [number for _, number in best])}
    return [Alike(found[number], score) for score, number in best]
