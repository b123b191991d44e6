"""Which tickets a place asks for: those that are open, those that are overdue, those with these words.

Words are looked for in what a ticket was filed with, folded: width, case and script do not matter. All of them have to
be there; only when no ticket has them all, the newest are looked at for the pairs of characters they share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, case, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import deadlines, similar
from models.database import plainly
from models.house import House
from models.lifecycle import OPEN, State
from models.questions import fetch
from models.stations import Station
from models.tickets import Ticket

MOST_OPEN = 5_000
"""So many open tickets are put in order: more than a union works off."""
LOOKED_THROUGH = 10_000
"""So many of the newest are looked at for words that nobody wrote quite so."""
SHARED = 0.6
"""The part of the pairs that has to be there then."""
MOST_PAIRS = 12
FAR = datetime.max.replace(tzinfo=UTC)

_t = cast(Table, Ticket.__table__)


def _at(station: Station | None) -> list[ColumnElement[bool]]:
    """Of this place, also what it has offered elsewhere and is still responsible for; of all places for None."""
    if station is None:
        return []
    return [or_(_t.c.station_id == station.id, _t.c.from_station_id == station.id)]


async def open_ones(session: AsyncSession, station: Station | None) -> list[Ticket]:
    """What is still to be done, the most urgent first: by priority, then by what is due next."""
    rows = await session.scalars(
        select(Ticket).where(Ticket.state.in_(OPEN), *_at(station)).order_by(Ticket.id).limit(MOST_OPEN)
    )
    return sorted(rows, key=lambda ticket: (-ticket.priority, due(ticket), ticket.id))


async def overdue(session: AsyncSession, station: Station | None, now: datetime) -> list[Ticket]:
    """Of these the ones whose deadline has passed, the longest overdue first."""
    late = [ticket for ticket in await open_ones(session, station) if due(ticket) <= now]
    return sorted(late, key=lambda ticket: (due(ticket), ticket.id))


def due(ticket: Ticket) -> datetime:
    """Its next deadline; far away when there is none."""
    found = deadlines.next_deadline(ticket)
    return found[1] if found is not None else FAR


@dataclass(frozen=True)
class Sought:
    """What somebody looks for."""

    words: tuple[str, ...] = ()
    """Folded."""
    number: int | None = None
    buildings: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    names: tuple[str, ...] = field(default=(), compare=False)
    """The buildings and states as they were typed, folded."""


def sought(
    typed: str, buildings: Mapping[str, Sequence[str]], states: Mapping[State, Sequence[str]], house: House
) -> Sought:
    """What these words ask for: a number (`#12`), the names of buildings and states, and the rest as words.

    A name counts where it stands by itself between blanks, the longest first.
    """
    stripped = typed.strip().lstrip("#").strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) <= 18:
        return Sought(number=int(stripped))
    names = {house.fold(name): ("building", key) for key, all_ in buildings.items() for name in all_}
    names |= {house.fold(name): ("state", key) for key, all_ in states.items() for name in all_}
    rest = f" {house.fold(typed)} "
    found: dict[str, list[Any]] = {"building": [], "state": [], "name": []}
    for name in sorted(names, key=len, reverse=True):
        if name and f" {name} " in rest:
            rest = rest.replace(f" {name} ", "  ")
            kind, key = names[name]
            found[kind].append(key)
            found["name"].append(name)
    return Sought(
        tuple(dict.fromkeys(rest.split())),
        buildings=tuple(found["building"]),
        states=tuple(found["state"]),
        names=tuple(found["name"]),
    )


@dataclass(frozen=True)
class Found:
    """One page of what was found."""

    tickets: list[Ticket]
    more: bool
    nearly: bool = False
    """No ticket has all the words; these have most of them."""


async def find(session: AsyncSession, what: Sought, station: Station | None, most: int, page: int = 0) -> Found:
    """The tickets that are meant, the newest first; of this place, or of all for None."""
    asked = _at(station)
    if what.number is not None:
        asked.append(_t.c.id == what.number)
    if what.buildings:
        asked.append(_t.c.building.in_(what.buildings))
    if what.states:
        asked.append(_t.c.state.in_(what.states))
    holds = [_holds(session, word) for word in what.words]
    query = select(_t.c.id).where(*asked, *holds).order_by(_t.c.id.desc()).offset(page * most).limit(most + 1)
    numbers = list((await plainly(session, query)).scalars())
    if numbers or page or not what.words:
        return Found(await _in_order(session, numbers[:most]), len(numbers) > most)
    return Found(await _in_order(session, await _nearly(session, what, asked, most)), False, nearly=True)


async def _nearly(session: AsyncSession, what: Sought, asked: Sequence[ColumnElement[bool]], most: int) -> list[int]:
    pairs = sorted(similar.pairs(" ".join(what.words)))[:MOST_PAIRS]
    newest = select(_t.c.id, _t.c.folded).where(*asked).order_by(_t.c.id.desc()).limit(LOOKED_THROUGH).subquery()
    shared: ColumnElement[Any] = literal(0)
    for pair in pairs:
        shared = shared + case((_holds(session, pair, newest.c.folded), 1), else_=0)
    scored = select(newest.c.id, shared.label("shared")).subquery()
    enough = max(SHARED * len(pairs), 1.0)
    rows = await plainly(
        session,
        select(scored.c.id)
        .where(scored.c.shared >= enough)
        .order_by(scored.c.shared.desc(), scored.c.id.desc())
        .limit(most),
    )
    return list(rows.scalars())


def _holds(session: AsyncSession, word: str, where: Any = None) -> ColumnElement[bool]:
    """Whether the words of a ticket hold this; a comparison of bytes, which both databases do fastest."""
    text = _t.c.folded if where is None else where
    find_in = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos
    condition: ColumnElement[bool] = find_in(text, word) > 0
    return condition


async def _in_order(session: AsyncSession, numbers: Sequence[int]) -> list[Ticket]:
    by_number = {ticket.id: ticket for ticket in await fetch(session, Ticket, numbers)}
    return [by_number[number] for number in numbers]


async def counts(session: AsyncSession, station: Station, until: datetime, now: datetime) -> dict[str, list[Ticket]]:
    """What a day begins with: new (nobody has it), due before `until`, overdue, waiting for the student."""
    tickets = await open_ones(session, station)
    return {
        "new": [t for t in tickets if t.state in (State.NEW, State.REOPENED)],
        "due": [t for t in tickets if now < due(t) <= until],
        "overdue": sorted((t for t in tickets if due(t) <= now), key=lambda t: (due(t), t.id)),
        "waiting": [t for t in tickets if t.state is State.WAITING],
    }
