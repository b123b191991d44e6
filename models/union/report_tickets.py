"""What a report tells of tickets: how many there were, 三率 and how long it took, major matters, and what most of them
were about. A ticket belongs to the span in which it was filed (`statistics.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, or_, select

from models import statistics
from models.figures import NOTHING, Rate, Share, has_changed, may_be_told
from models.lifecycle import Kind as TicketKind
from models.lifecycle import State
from models.majors import Major, MajorReceipt, MajorState
from models.requesters import Requester
from models.statistics import Figures, responsible
from models.tickets import Ticket
from models.union.reporting import Figure, Look, Query, numbered, told_of

MOST_PROBLEMS = 8
FEWEST = 3
"""Fewer tickets about the same are no problem that is told by itself."""
DEADLINES, ANSWERS = ("response", "on_time"), ("solved", "satisfied")
RATES = ("response", "solved", "satisfied", "on_time")

_t, _r = cast(Table, Ticket.__table__), cast(Table, Requester.__table__)


# ---------------------------------------------------------------- measure 3: tickets


def _filed(look: Look) -> list[Any]:
    return statistics.during(_t.c.filed_at, look.span.since, look.span.until)


async def tickets(look: Look) -> list[Figure]:
    """How many were filed, of which kind, about what, and at which station."""
    columns = (_t.c.id.label("number"), _t.c.kind, _t.c.category, responsible.label("place"))
    rows = await look.ask(Query.FILED, select(*columns).where(*_filed(look)).order_by(_t.c.id))
    figure = Figure("filed", Query.FILED, 3, value=len(rows), numbers=numbered(rows))
    found = [figure]
    for key in ("kind", "category", "place"):
        counts = Counter(getattr(row, key) for row in rows)
        for value, count in sorted(counts.items(), key=lambda each: (-each[1], str(each[0]))):
            about = {"names": look.stations[value]} if key == "place" else {"about": {key: str(value)}}
            its = numbered(rows, lambda row, key=key, value=value: getattr(row, key) == value)  # type: ignore[misc]
            found.append(replace(figure, key=f"filed_{key}", value=count, numbers=its, **about))
    return found


async def rates(look: Look) -> list[Figure]:
    """三率, and what was closed on time: of all together and of each station."""
    counted = await statistics.count(look.session, look.span, look.calendar, look.now)
    earlier: dict[int, Figures] = {}
    if look.before is not None:
        earlier = await statistics.rates(look.session, look.before, look.now)
    look.note(Query.RESPONSE, statistics.of_tickets(_filed(look), look.now))
    look.note(Query.ON_TIME, statistics.of_tickets(_filed(look), look.now))
    look.note(Query.SOLVED, statistics.of_requesters(_filed(look)))
    look.note(Query.SATISFIED, statistics.of_requesters(_filed(look)))
    numbers = {name: await _numbers(look, name) for name in RATES}
    found = []
    for name in RATES:
        places = sorted(counted, key=lambda place: -counted[place].filed)
        shares: list[Share] = [getattr(counted[place], name) for place in places]
        told, of_all = [share.rate.of > 0 for share in shares], any(share.rate.of for share in shares)
        if name in ANSWERS:
            told, of_all = told_of(shares, look.cell)
        whole, figure = sum(shares, NOTHING), Figure(name, Query(name), 3)
        total = replace(figure, share=whole if of_all else None, hidden=not of_all and name in ANSWERS)
        last = sum((getattr(each, name) for each in earlier.values()), NOTHING)
        changed = of_all and may_be_told(last, look.cell) and has_changed(whole.rate, last.rate)
        found.append(replace(total, before=last if changed else None, numbers=numbered(numbers[name])))
        for place, share, shown in zip(places, shares, told, strict=True):
            its = numbered(numbers[name], lambda row, place=place: row.place == place)  # type: ignore[misc]
            part = replace(figure, share=share if shown else None, hidden=not shown and name in ANSWERS)
            found.append(replace(part, names=look.stations[place], numbers=its))
    return found + await _times(look, statistics.in_all(counted))


async def _numbers(look: Look, name: str) -> Sequence[Any]:
    """The tickets that a rate was counted of. Which of them were answered how no number says."""
    place = responsible.label("place")
    if name in DEADLINES:
        each = statistics.of_deadlines(look.now)[name]
        columns = (_t.c.id.label("number"), place, each.hits.label("hit"), each.silent.label("silent"))
        return await look.ask(Query(name), select(*columns).where(*_filed(look), each.of).order_by(_t.c.id))
    each = statistics.of_answers()[name]
    asked = select(_t.c.id.label("number"), place).join_from(_r, _t, _r.c.ticket_id == _t.c.id).distinct()
    wanted = (*_filed(look), _r.c.left.is_(False), or_(each.of, each.silent))
    return await look.ask(Query(name), asked.where(*wanted).order_by(_t.c.id))


async def _times(look: Look, figures: Figures) -> list[Figure]:
    """How long it took: to the first words of a human in working time, and from filing to the end."""
    found = []
    for query, lengths, counted in (
        (Query.REPLY_TIME, figures.reply_minutes, _t.c.replied_at.is_not(None)),
        (Query.CLOSE_TIME, figures.close_minutes, _t.c.state == State.CLOSED),
    ):
        columns = (_t.c.id.label("number"), _t.c.filed_at, _t.c.replied_at, _t.c.closed_at)
        rows = await look.ask(query, select(*columns).where(*_filed(look), counted).order_by(_t.c.id))
        spread = statistics.spread(lengths)
        if spread is not None:
            minutes = [length // timedelta(minutes=1) for length in (spread.median, spread.ninth)]
            times = (spread.count, minutes[0], minutes[1])
            found.append(Figure(str(query), query, 3, spread=times, numbers=numbered(rows)))
    return found


async def majors(look: Look) -> list[Figure]:
    """Major matters that were brought before the supervisors: how many they approved, and how many readers have."""
    received = select(MajorReceipt.person_id).where(MajorReceipt.major_id == Major.id).exists()
    rows = await look.ask(
        Query.MAJORS,
        select(
            Major.ticket_id.label("number"),
            (Major.state == MajorState.APPROVED).label("hit"),
            (Major.state == MajorState.PROPOSED).label("silent"),
            received.label("received"),
        )
        .where(*statistics.during(Major.proposed_at, look.span.since, look.span.until))
        .order_by(Major.id),
    )
    waiting = sum(bool(row.silent) for row in rows)
    approved = Share(Rate(sum(bool(row.hit) for row in rows), len(rows) - waiting), waiting)
    return [Figure("majors", Query.MAJORS, 3, value=len(rows), share=approved, numbers=numbered(rows))]


async def problems(look: Look) -> list[Figure]:
    """What most tickets were about: a category in a building, how many of them are done, and how many still open."""
    done = _t.c.state.in_([State.RESOLVED, State.CLOSED])
    rows = await look.ask(
        Query.PROBLEMS,
        select(
            _t.c.id.label("number"),
            _t.c.category,
            _t.c.building,
            _t.c.project_id,
            done.label("hit"),
            (~done).label("silent"),
        )
        .where(
            *_filed(look),
            _t.c.kind != TicketKind.THANKS,
            _t.c.state.not_in([State.WITHDRAWN, State.MERGED]),
        )
        .order_by(_t.c.id),
    )
    groups: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.category, row.building].append(row)
    largest = sorted(groups.items(), key=lambda each: (-len(each[1]), each[1][0].number))[:MOST_PROBLEMS]
    found = []
    for (category, building), its in largest:
        if len(its) < FEWEST:
            break
        hits = sum(bool(row.hit) for row in its)
        led_to = sorted({row.project_id for row in its if row.project_id is not None})
        about = {"category": category, "building": building, "projects": led_to}
        share = Share(Rate(hits, len(its)), len(its) - hits)
        found.append(Figure("problem", Query.PROBLEMS, 5, share=share, about=about, numbers=numbered(its)))
    return found


PARTS: tuple[Callable[[Look], Awaitable[list[Figure]]], ...] = (tickets, rates, majors, problems)
