"""The rates of a set of tickets, counted as mission.md defines them, for the second sheet of an export.

Only what one question to the database each can count; times in working hours are not among them. Whoever counts the
figures of the whole union elsewhere gives `Tally`s of the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.exports import Which
from models.figures import Rate
from models.lifecycle import State
from models.requesters import Requester
from models.stations import Station
from models.tickets import Ticket

TOP = 4
"""Ratings from here on are "satisfied"."""


@dataclass(frozen=True)
class Tally:
    """One rate with everything it has to be printed with."""

    key: str
    rate: Rate
    unanswered: int
    of_answers: bool
    """Counted from what people said: then few of them are not shown."""
    hidden: bool = False
    """Too few, or few could be had from it by subtraction."""


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


async def _of_tickets(session: AsyncSession, which: Which, now: datetime) -> list[Tally]:
    dated = Ticket.reply_due.is_not(None)
    replies = and_(dated, or_(Ticket.replied_at.is_not(None), Ticket.reply_due <= now))
    dispatched = Ticket.state.not_in([State.MERGED, State.WITHDRAWN])
    # Not yet due and not yet done is neither on time nor late.
    decided = and_(dispatched, or_(Ticket.resolved_at.is_not(None), Ticket.resolve_due <= now))
    found: Any = (
        await session.execute(
            select(
                _count(and_(dated, Ticket.replied_at <= Ticket.reply_due)).label("replied"),
                _count(replies).label("replies"),
                _count(and_(dated, Ticket.replied_at.is_(None), Ticket.reply_due <= now)).label("silent"),
                _count(and_(decided, Ticket.resolved_at <= Ticket.resolve_due)).label("on_time"),
                _count(dispatched).label("dispatched"),
                _count(and_(dispatched, Ticket.resolved_at.is_(None))).label("open"),
            )
            .join(Station, Station.id == Ticket.station_id)
            .where(*which.conditions())
        )
    ).one()
    return [
        Tally("response", Rate(found.replied, found.replies), found.silent, of_answers=False),
        Tally("on_time", Rate(found.on_time, found.dispatched), found.open, of_answers=False),
    ]


async def _of_answers(session: AsyncSession, which: Which) -> list[Tally]:
    asked = Ticket.state.in_([State.RESOLVED, State.CLOSED])
    found: Any = (
        await session.execute(
            select(
                _count(Requester.solved.is_(True)).label("solved"),
                _count(Requester.solved.is_not(None)).label("said"),
                _count(and_(Requester.solved.is_(None), asked)).label("unsaid"),
                _count(Requester.rating >= TOP).label("satisfied"),
                _count(Requester.rating.is_not(None)).label("rated"),
                _count(and_(Requester.rating.is_(None), asked)).label("unrated"),
            )
            .select_from(Ticket)
            .join(Station, Station.id == Ticket.station_id)
            .join(Requester, Requester.ticket_id == Ticket.id)
            .where(*which.conditions())
        )
    ).one()
    return [
        Tally("resolution", Rate(found.solved, found.said), found.unsaid, of_answers=True),
        Tally("satisfaction", Rate(found.satisfied, found.rated), found.unrated, of_answers=True),
    ]


async def tallies(session: AsyncSession, which: Which, now: datetime, minimum: int) -> list[Tally]:
    """The rates of these tickets. What people said is hidden where fewer than `minimum` did, or where the rest of the
    same period, had by subtraction, would be fewer.
    """
    whole = {tally.key: tally.rate.of for tally in await _of_answers(session, which.everything)}
    found = []
    for tally in [*await _of_tickets(session, which, now), *await _of_answers(session, which)]:
        rest = whole[tally.key] - tally.rate.of if tally.of_answers else 0
        hidden = tally.of_answers and (tally.rate.of < minimum or 0 < rest < minimum)
        found.append(Tally(tally.key, tally.rate, tally.unanswered, tally.of_answers, hidden))
    return found
