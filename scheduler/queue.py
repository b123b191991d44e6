"""Which rows of the outbox may leave now: the order of lanes and of chats, asked in few statements.

The courier says what Telegram's windows let through; these say which rows fit that, the most urgent first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import said
from models.outbox import DUE, Lane, Outgoing, Sending
from models.sessions import plainly

IN_LINE = 8
"""So many rows for one group may be taken at once; they leave one after the other."""
A_MOMENT = timedelta(hours=2)
"""Whoever waits for longer waits for a time of day."""


class Place(NamedTuple):
    """A due row's place among the others."""

    id: int
    queue: str | None
    replaced: bool
    """A newer screen for the same place is due as well."""


# Made once: making them takes longer than asking them.
_outbox = cast(Table, Outgoing.__table__)
_earlier, _newer = _outbox.alias("earlier"), _outbox.alias("newer")
_DUE = (
    select(
        _outbox.c.id,
        _outbox.c.queue,
        exists().where(
            _outbox.c.method.is_not(None),
            _newer.c.topic == _outbox.c.topic,
            _newer.c.state == DUE,
            _newer.c.id > _outbox.c.id,
        ),
    )
    .where(
        _outbox.c.state == DUE,
        _outbox.c.not_before <= bindparam("now"),
        _outbox.c.lane.in_(bindparam("lanes", expanding=True)),
        _outbox.c.queue.not_in(bindparam("closed", expanding=True)),
        or_(_outbox.c.lane == Lane.ANSWER, _outbox.c.queue.not_in(bindparam("answers_only", expanding=True))),
        ~exists().where(
            _earlier.c.queue == _outbox.c.queue,
            _earlier.c.lane == _outbox.c.lane,
            _earlier.c.state == DUE,
            _earlier.c.holds == said(True),
            _earlier.c.not_before > bindparam("now"),
            _earlier.c.id < _outbox.c.id,
        ),
    )
    .order_by(_outbox.c.lane, _outbox.c.id)
    .limit(bindparam("most"))
)
_LOCKED = (
    select(Outgoing)
    .where(Outgoing.id.in_(bindparam("numbers", expanding=True)), Outgoing.state == Sending.DUE)
    .with_for_update(skip_locked=True)
)


async def locked(session: AsyncSession, ids: Sequence[int]) -> dict[int, Outgoing]:
    """These rows as they are now; without those that somebody else has changed or is changing."""
    return {row.id: row for row in await session.scalars(_LOCKED, {"numbers": list(ids)})}


async def due(
    session: AsyncSession,
    now: datetime,
    most: int,
    *,
    lanes: Iterable[Lane],
    closed: Iterable[int],
    answers_only: Iterable[int],
) -> Sequence[Place]:
    """Due rows, the most urgent first, as many of a queue as may leave together; `closed` chats take nothing now,
    `answers_only` nothing but answers. A row that waits for its next attempt holds back what comes after it.
    """
    given = {
        "now": now,
        "lanes": [int(lane) for lane in lanes],
        "most": most,
        "closed": [str(chat) for chat in closed],
        "answers_only": [str(chat) for chat in answers_only],
    }
    counted: Counter[str | None] = Counter()
    places = []
    for row_id, queue, replaced in await plainly(session, _DUE, given):
        counted[queue] += not replaced
        if counted[queue] <= (IN_LINE if queue is not None and queue.startswith("-") else 1):
            places.append(Place(row_id, queue, replaced))
    return places


async def until_next(session: AsyncSession, now: datetime, opens: Mapping[int, float], longest: float) -> float:
    """Seconds until something falls due, or until a chat opens that something waits for; `opens` says when which does.
    At most `longest`.
    """
    nearest = await session.scalar(
        select(func.min(Outgoing.not_before)).where(Outgoing.state == DUE, Outgoing.not_before > now)
    )
    waits = [longest]
    if nearest is not None:
        waits.append(max((nearest - now).total_seconds(), 0.001))
    opening = {str(chat): seconds for chat, seconds in opens.items()}
    if opening:
        waiting = await session.scalars(
            select(Outgoing.queue)
            .where(Outgoing.state == DUE, Outgoing.not_before <= now, Outgoing.queue.in_(opening))
            .distinct()
        )
        waits += [max(opening[queue], 0.001) for queue in waiting if queue is not None]
    return min(waits)


async def sooner(session: AsyncSession, now: datetime, back: timedelta) -> None:
    """The clock was set back by this much: what was due, or waits for a moment only, was given its time by the clock as
    it was, and would wait for so much longer. What waits for a time of day keeps it: nobody is written to at night.
    """
    soon = Outgoing.not_before > now, Outgoing.not_before <= now + back + A_MOMENT
    waiting = select(Outgoing).where(Outgoing.state == DUE, *soon).with_for_update(skip_locked=True)
    for row in await session.scalars(waiting):
        row.not_before -= back
    await session.flush()
