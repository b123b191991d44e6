"""How the program is, read from the database: what waits and for how long, what went wrong, what is overdue.

It names nobody and no chat, so it may be shown to whoever looks after the machine. Every process reads the same. The
indexes on rows that are not finished answer it; what goes through many of them leaves the loop alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import heartbeats, listing
from models.base import said
from models.heartbeats import Heartbeat
from models.inbox import Handling, Incoming
from models.outbox import DUE, Lane, Outgoing, Sending
from models.sessions import patiently

RECENT = timedelta(days=1)
"""A message with an unknown end counts for so long: then nobody will look into it any more."""


@dataclass(frozen=True)
class Queue:
    """What waits in one place."""

    count: int = 0
    oldest: timedelta = timedelta()
    """For how long the oldest has waited since its time came."""


@dataclass(frozen=True)
class Vitals:
    """How it is at a moment."""

    inbox: Queue
    aside: int
    """Updates that could not be handled and that nobody has looked after."""
    outbox: Mapping[Lane, Queue]
    """What is due, by lane; what waits for its time does not count."""
    unknown: int
    """Messages of the last day that may have arrived and may not."""
    overdue: int
    """Open tickets that have missed a deadline …"""
    open: int
    """… of so many."""
    heartbeats: Mapping[str, Heartbeat]


async def take(session: AsyncSession, now: datetime) -> Vitals:
    """How it is now."""
    oldest = select(Incoming.received_at).where(Incoming.state == said(Handling.WAITING)).order_by(Incoming.id).limit(1)
    counts = select(
        select(func.count()).where(Incoming.state == said(Handling.WAITING)).scalar_subquery(),
        select(func.count()).where(Incoming.state == said(Handling.SET_ASIDE)).scalar_subquery(),
        select(func.count())
        .where(Outgoing.state == said(Sending.UNKNOWN), Outgoing.not_before > now - RECENT)
        .scalar_subquery(),
        listing.count_of_overdue(session, now).scalar_subquery(),
        listing.count_of_open().scalar_subquery(),
    )
    ((waiting, aside, unknown, overdue, unfinished),) = await patiently(session, counts)
    lanes = (
        select(Outgoing.lane, func.count(), func.min(Outgoing.not_before))
        .where(Outgoing.state == DUE, Outgoing.not_before <= now)
        .group_by(Outgoing.lane)
    )
    outbox = {Lane(lane): Queue(count, now - _aware(since)) for lane, count, since in await patiently(session, lanes)}
    received = await session.scalar(oldest)
    return Vitals(
        inbox=Queue(waiting, max(now - received, timedelta()) if received is not None else timedelta()),
        aside=aside,
        outbox={lane: outbox.get(lane, Queue()) for lane in Lane},
        unknown=unknown,
        overdue=overdue,
        open=unfinished,
        heartbeats=await heartbeats.all_of(session),
    )


async def size(session: AsyncSession) -> int:
    """How many bytes the database takes on PostgreSQL. How many its disk has left no plain statement can say."""
    return int(await session.scalar(select(func.pg_database_size(func.current_database()))) or 0)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
