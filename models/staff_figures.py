"""What the records say of each of the staff in a span of time: facts beside a survey, never a rank.

A ticket belongs to the span in which it was filed, as in all figures (`statistics.py`). Of whom it tells:

- in time: tickets whose first human reply was theirs, those that had a deadline for it;
- reopened: tickets that they resolved; one is reopened when what came after one of their resolutions was a reopening,
  whoever asked for it;
- ratings: what requesters gave on tickets that they were the last to resolve.

Ratings are answers of students. Nothing is told of fewer than the cell, nor where the ratings of a place that are left
when all that is told there is taken away would be fewer: the place's own sum is shown to the office.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, distinct, func, select
from sqlalchemy import case as case_
from sqlalchemy.ext.asyncio import AsyncSession

from models.figures import Rate
from models.lifecycle import Action
from models.requesters import Requester
from models.sessions import patiently
from models.statistics import Period, during, responsible
from models.tickets import Event, Ticket

REPLIES = (Action.ANSWER, Action.ASK, Action.RESOLVE)
"""What ends the wait for a first reply."""
SATISFIED = 4
"""From here on a rating counts as satisfied."""

_t, _e, _r = (cast(Table, each.__table__) for each in (Ticket, Event, Requester))


@dataclass(frozen=True)
class Ratings:
    """What requesters gave."""

    satisfied: Rate
    """4–5 of all."""
    total: int
    """All of them added up."""

    @property
    def mean(self) -> float:
        """1–5; 0.0 when there are none."""
        return self.total / self.satisfied.of if self.satisfied.of else 0.0


@dataclass(frozen=True)
class Facts:
    """Of one of the staff."""

    in_time: Rate
    reopened: Rate
    ratings: Ratings | None
    """None where they are too few to be told, or would give others away."""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        told = self.ratings
        return {
            "in_time": [self.in_time.hits, self.in_time.of],
            "reopened": [self.reopened.hits, self.reopened.of],
            "ratings": [told.satisfied.hits, told.satisfied.of, told.total] if told is not None else None,
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Facts:
        """What `plain` made, again."""
        given = plain["ratings"]
        ratings = Ratings(Rate(given[0], given[1]), given[2]) if given is not None else None
        return cls(Rate(*plain["in_time"]), Rate(*plain["reopened"]), ratings)


async def count(session: AsyncSession, span: Period, staff: Collection[int], cell: int) -> dict[int, Facts]:
    """The facts of these people, by their numbers. Takes a moment: ask it where nobody waits for the session."""
    filed = during(_t.c.filed_at, span.since, span.until)
    in_time = {row.staff_id: Rate(row.hits, row.all) for row in await patiently(session, _replies(filed))}
    reopened = {row.staff_id: Rate(row.hits, row.all) for row in await patiently(session, _resolutions(filed))}
    hits, totals = Counter[int](), Counter[int]()
    by_place: dict[int, Counter[int]] = defaultdict(Counter)
    for row in await patiently(session, _ratings(filed)):
        # 0 is nobody: it is hidden like everybody who is not told.
        who = row.staff_id or 0
        by_place[row.place][who] += row.all
        hits[who] += row.hits
        totals[who] += row.total
    ratings = {
        who: Ratings(Rate(hits[who], sum(at[who] for at in by_place.values())), totals[who])
        for who in tellable(by_place, staff, cell)
    }
    nothing = Rate(0, 0)
    return {who: Facts(in_time.get(who, nothing), reopened.get(who, nothing), ratings.get(who)) for who in staff}


def tellable(by_place: Mapping[int, Mapping[int, int]], staff: Collection[int], cell: int) -> set[int]:
    """Of whom ratings may be told: `by_place` says how many each has at each place. Where what is left of a place would
    be a small cell, whoever has the fewest there is not told either.
    """
    told = {who for who in staff if sum(at.get(who, 0) for at in by_place.values()) >= cell}
    again = True
    while again:
        again = False
        for at in by_place.values():
            here = sorted((count, who) for who, count in at.items() if who in told and count)
            if here and 0 < sum(at.values()) - sum(count for count, _ in here) < cell:
                told.discard(here[0][1])
                again = True
    return told


def _replies(filed: list[ColumnElement[bool]]) -> Any:
    first = (
        select(func.min(_e.c.id))
        .join(_t, _t.c.id == _e.c.ticket_id)
        .where(*filed, _t.c.reply_due.is_not(None), _e.c.at == _t.c.replied_at, _e.c.action.in_(REPLIES))
        .group_by(_e.c.ticket_id)
    )
    kept = func.count().filter(_t.c.replied_at <= _t.c.reply_due)
    return (
        select(_e.c.staff_id, func.count().label("all"), kept.label("hits"))
        .join(_t, _t.c.id == _e.c.ticket_id)
        .where(_e.c.id.in_(first))
        .group_by(_e.c.staff_id)
    )


def _resolutions(filed: list[ColumnElement[bool]]) -> Any:
    following = func.lead(_e.c.action).over(partition_by=_e.c.ticket_id, order_by=_e.c.id)
    steps = (
        select(_e.c.ticket_id, _e.c.staff_id, _e.c.action, following.label("next"))
        .join(_t, _t.c.id == _e.c.ticket_id)
        .where(*filed, _e.c.action.in_([Action.RESOLVE, Action.REOPEN]))
        .subquery()
    )
    back = case_((steps.c.next == Action.REOPEN, steps.c.ticket_id))
    return (
        select(
            steps.c.staff_id,
            func.count(distinct(steps.c.ticket_id)).label("all"),
            func.count(distinct(back)).label("hits"),
        )
        .where(steps.c.action == Action.RESOLVE)
        .group_by(steps.c.staff_id)
    )


def _ratings(filed: list[ColumnElement[bool]]) -> Any:
    last = (
        select(func.max(_e.c.id).label("id"), _e.c.ticket_id)
        .join(_t, _t.c.id == _e.c.ticket_id)
        .where(*filed, _e.c.action == Action.RESOLVE)
        .group_by(_e.c.ticket_id)
        .subquery()
    )
    return (
        select(
            responsible.label("place"),
            _e.c.staff_id,
            func.count().label("all"),
            func.count().filter(_r.c.rating >= SATISFIED).label("hits"),
            func.sum(_r.c.rating).label("total"),
        )
        .select_from(_r)
        .join(_t, _t.c.id == _r.c.ticket_id)
        .outerjoin(last, last.c.ticket_id == _t.c.id)
        .outerjoin(_e, _e.c.id == last.c.id)
        .where(*filed, _r.c.left.is_(False), _r.c.rating.is_not(None))
        .group_by(responsible, _e.c.staff_id)
    )
