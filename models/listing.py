"""Which tickets a place asks for: those that are open, those that are overdue, those with these words.

Words are looked for in what a ticket was filed with, folded: width, case and script do not matter. All of them have to
be there; only when no ticket has them all, the newest are looked at for the pairs of characters they share. `#pipe` is
a tag. All of it is the database's work, and where it goes through very many tickets the loop goes on meanwhile.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, literal, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from models import deadlines, similar, sorting
from models.base import Moment
from models.house import House
from models.lifecycle import OPEN, State
from models.people import Person
from models.questions import fetch
from models.sessions import patiently
from models.stations import Station
from models.tickets import Tag, Ticket

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


@dataclass(frozen=True)
class Page:
    """Some of a list."""

    tickets: list[Ticket]
    number: int
    """Which page it is, from 0 on: the last one where there are not so many."""
    count: int
    """So many are in the whole list."""


async def open_ones(session: AsyncSession, station: Station | None, most: int, page: int = 0) -> Page:
    """What is still to be done, the most urgent first: by priority, then by what is due next."""
    return await _page(session, [*_at(station), _open()], [_priority().desc(), due_first(session)], most, page)


async def overdue(session: AsyncSession, station: Station | None, now: datetime, most: int, page: int = 0) -> Page:
    """Of these the ones whose deadline has passed, the longest overdue first."""
    late = [*_at(station), _open(), due_first(session) <= now]
    return await _page(session, late, [due_first(session)], most, page)


def count_of_overdue(session: AsyncSession, now: datetime) -> Select[int]:
    """Asks how many tickets of all places are overdue."""
    return select(func.count()).select_from(_t).where(_open(), due_first(session) <= now)


def count_of_open() -> Select[int]:
    """Asks how many tickets of all places are open."""
    return select(func.count()).select_from(_t).where(_open())


async def at_hand(session: AsyncSession, station: Station, staff: Person, most: int) -> list[Ticket]:
    """What is still to be done here and stands here, what this person has first."""
    theirs = case((_t.c.claimed_by_id == staff.id, 0), else_=1)
    order = [theirs, _priority().desc(), due_first(session)]
    return (await _page(session, [_t.c.station_id == station.id, _open()], order, most, 0)).tickets


async def _page(
    session: AsyncSession,
    asked: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    most: int,
    page: int,
) -> Page:
    """There may be very many: the database counts and sorts them, and only what is shown is read."""
    ((count,),) = await patiently(session, select(func.count()).select_from(_t).where(*asked))
    page = min(page, max(count - 1, 0) // most)
    sorted_ = select(_t.c.id).where(*asked).order_by(*order, _t.c.id).offset(page * most).limit(most)
    numbers = [number for (number,) in await patiently(session, sorted_)]
    return Page(await _in_order(session, numbers), page, count)


def _open() -> ColumnElement[bool]:
    return _t.c.state.in_(OPEN)


_STEPS = (
    ("claim", and_(_t.c.claimed_by_id.is_(None), _t.c.claim_due.is_not(None))),
    ("reply", and_(_t.c.replied_at.is_(None), _t.c.reply_due.is_not(None))),
    ("resolve", and_(_t.c.resolved_at.is_(None), _t.c.resolve_due.is_not(None))),
)
"""The deadlines of a ticket, and when they are still to be met: as `Ticket.unmet` has it, for the database."""


def _priority() -> ColumnElement[int]:
    """As `Ticket.priority` has it."""
    climbed = [and_(unmet, _t.c[f"{step}_level"] >= 2) for step, unmet in _STEPS]
    told = [and_(unmet, _t.c[f"{step}_level"] > 0) for step, unmet in _STEPS]
    own = case((or_(_t.c.requesters >= 3, _t.c.urged > 0, *told), 1), else_=0)
    raised = case((_t.c.raised > own, _t.c.raised), else_=own)
    return case((or_(_t.c.requesters >= 10, *climbed), 2), else_=raised)


def due_first(session: AsyncSession) -> ColumnElement[datetime]:
    """As `due` has it."""
    counting = {
        step: unmet if step != "resolve" else and_(unmet, _t.c.state != State.WAITING) for step, unmet in _STEPS
    }
    far = literal(FAR, Moment())
    dues = [case((counts, _t.c[f"{step}_due"]), else_=far) for step, counts in counting.items()]
    earliest = func.min if session.get_bind().dialect.name == "sqlite" else func.least
    return type_coerce(earliest(*dues), Moment())


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
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=(), compare=False)
    """The buildings and states as they were typed, folded."""


def sought(
    typed: str, buildings: Mapping[str, Sequence[str]], states: Mapping[State, Sequence[str]], house: House
) -> Sought:
    """What these words ask for: a number (`#12`), the names of buildings and states, and the rest as words.

    A name counts where it stands by itself between blanks, the longest first.
    """
    stripped = unicodedata.normalize("NFKC", typed).strip().lstrip("#").strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) <= 18:
        return Sought(number=int(stripped))
    names = {house.fold(name): ("building", key) for key, all_ in buildings.items() for name in all_}
    names |= {house.fold(name): ("state", key) for key, all_ in states.items() for name in all_}
    marked = {each for each in typed.split() if each[0] in "#＃" and not each[1:].isdigit()}
    tags = tuple(dict.fromkeys(sorting.as_tag(each) for each in typed.split() if each in marked))
    rest = f" {house.fold(' '.join(each for each in typed.split() if each not in marked))} "
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
        tags=tuple(tag for tag in tags if tag),
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
    asked += [_t.c.id.in_(select(Tag.ticket_id).where(Tag.tag == tag)) for tag in what.tags]
    holds = [_holds(session, word) for word in what.words]
    query = select(_t.c.id).where(*asked, *holds).order_by(_t.c.id.desc()).offset(page * most).limit(most + 1)
    numbers = [number for (number,) in await patiently(session, query)]
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
    rows = await patiently(
        session,
        select(scored.c.id)
        .where(scored.c.shared >= enough)
        .order_by(scored.c.shared.desc(), scored.c.id.desc())
        .limit(most),
    )
    return [number for (number,) in rows]


def _holds(session: AsyncSession, word: str, where: Any = None) -> ColumnElement[bool]:
    """Whether the words of a ticket hold this; a comparison of bytes, which both databases do fastest."""
    text = _t.c.folded if where is None else where
    find_in = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos
    condition: ColumnElement[bool] = find_in(text, word) > 0
    return condition


async def _in_order(session: AsyncSession, numbers: Sequence[int]) -> list[Ticket]:
    by_number = {ticket.id: ticket for ticket in await fetch(session, Ticket, numbers)}
    return [by_number[number] for number in numbers]


@dataclass(frozen=True)
class Morning:
    """What a day begins with."""

    numbers: dict[str, int]
    """new (nobody has it), due before the day's end, overdue, waiting for the student."""
    first: list[Ticket]
    """What is overdue, then what is due."""


async def morning(session: AsyncSession, station: Station, until: datetime, now: datetime, most: int) -> Morning:
    """What this place's day begins with; of what is overdue or due before `until` only the first are read."""
    here, due_then = [*_at(station), _open()], due_first(session)
    today = and_(due_then > now, due_then <= until)
    which = {
        "new": _t.c.state.in_([State.NEW, State.REOPENED]),
        "due": today,
        "overdue": due_then <= now,
        "waiting": _t.c.state == State.WAITING,
    }
    counted = select(*(func.count().filter(each).label(name) for name, each in which.items())).where(*here)
    (row,) = await patiently(session, counted)
    late = await overdue(session, station, now, most)
    rest = most - len(late.tickets)
    soon = await _page(session, [*here, today], [_priority().desc(), due_then], rest, 0) if rest else late
    return Morning(dict(row._mapping), [*late.tickets, *(soon.tickets if rest else [])])
