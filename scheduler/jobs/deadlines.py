"""Deadlines of tickets: warned before, escalated after, and what ends by itself (督办).

claim, reply, resolve ──warn_before──▶ the station is warned
                      ──passed───────▶ 1 lead ─▶ 2 office ─▶ 3 supervisors (`rungs.py`)
transferred and not accepted within a claim span ─▶ back to its first station (首接负责)
resolved and nobody said anything for three working days ─▶ closed
closed four weeks ago, in a category that is called back ─▶ is it still fixed? (回访)
anonymous and closed for `forget_after` ─▶ the keys to its requesters are destroyed

Each ticket has a transaction of its own: one that cannot be dealt with, whatever the reason, does not hold up the
deadlines of the others, and nobody waits for the writer longer than one ticket takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from bot.toolbox import Toolbox
from bot.untrusted import inline
from models import answering, bursts, deadlines, letters, outbox, requesters, stations, tickets, walkins
from models.calendar import Span
from models.database import Database
from models.house import OFFICE, SUPERVISORS, House
from models.lifecycle import ENDED, OPEN, State
from models.questions import fetch
from models.requesters import Requester
from models.sessions import patiently
from models.stations import Station
from models.tickets import Event, Ticket
from scheduler.jobs import rungs

log = structlog.get_logger()

SUBJECT_LENGTH = 120
"""Of a ticket's subject, where another place is told of it."""

CLOSES_AFTER = Span(days=3)
CALL_BACK_AFTER = timedelta(weeks=4)
SOON = timedelta(days=4)
"""Tickets due within this time are looked at for a warning: longer than any warning over a weekend."""
BATCH = 200
"""So many numbers are asked for together, and so many dealt with in one transaction."""
LOOKED_AT = 25
"""So many of the tickets are looked at before others have their turn in the loop."""


@dataclass(frozen=True)
class Duty:
    """Something that time does with tickets."""

    which: Callable[[House, datetime], Select[Ticket]]
    """Those that may be due."""
    is_due: Callable[[AsyncSession, Ticket, House, datetime], Awaitable[bool]]
    """Whether this one is; asked of many while reading, and again before it is done: a person may have been quicker."""
    do: Callable[[AsyncSession, Ticket, House, datetime], Awaitable[None]]


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`."""
    await destroy_keys(database, toolbox.house, now)
    for duty in DUTIES:
        await _each(database, duty, toolbox.house, now)


async def _each(database: Database, duty: Duty, house: House, now: datetime) -> None:
    """Do this for every ticket that is due. Raises OperationalError when the database is away."""
    query, last = duty.which(house, now).with_only_columns(Ticket.id).order_by(Ticket.id).limit(BATCH), 0
    while True:
        found = [row["id"] for row in await database.apart(query.where(Ticket.id > last))]
        for start in range(0, len(found), LOOKED_AT):
            async with database.reading() as session:
                looked_at = await fetch(session, Ticket, found[start : start + LOOKED_AT])
                due = [each.id for each in looked_at if await _safely(duty.is_due(session, each, house, now), each.id)]
            for number in sorted(due):
                await _safely(_do(database, duty, number, house, now), number)
            await asyncio.sleep(0)
        if len(found) < BATCH:
            return
        last = found[-1]


async def _do(database: Database, duty: Duty, number: int, house: House, now: datetime) -> bool:
    async with database.transaction() as session:
        ticket = await tickets.get(session, number)
        due = await duty.is_due(session, ticket, house, now)
        if due:
            await duty.do(session, ticket, house, now)
    return due


async def _safely(work: Awaitable[bool], number: int) -> bool:
    """What came of it; False where it failed, which is no matter of the other tickets'."""
    try:
        return await work
    except OperationalError:
        raise
    except StaleDataError:
        # Somebody changed the ticket at this moment; the next run finds it as they left it.
        return False
    except Exception as error:
        log.error("time stands still for a ticket", ticket=number, why=type(error).__name__, exc_info=True)
        return False


# ---------------------------------------------------------------- deadlines


def _near(house: House, now: datetime) -> Select[Ticket]:
    """Open tickets with a deadline that has passed or is near."""
    del house
    soon = now + SOON
    return select(Ticket).where(
        Ticket.state.in_(OPEN),
        or_(
            Ticket.claim_due <= soon,
            and_(Ticket.replied_at.is_(None), Ticket.reply_due <= soon),
            Ticket.resolve_due <= soon,
            Ticket.state == State.TRANSFERRED,
        ),
    )


@dataclass(frozen=True)
class _News:
    """What is to be told about a deadline."""

    step: str
    due: datetime
    level: int
    """0: it is near; `rungs.NEXT`: nobody has reacted to that; else it has passed and climbs up to here."""


async def _has_news(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> bool:
    return await _news(session, ticket, house, now) is not None


async def _tell(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    news = await _news(session, ticket, house, now)
    assert news is not None, "asked before"
    # Told by itself it has a card, and speaks for those that were folded with it.
    await bursts.step_out(session, ticket, now)
    match news.level:
        case 0:
            await rungs.warn(session, ticket, news.step, news.due, house, now)
        case rungs.NEXT:
            await rungs.tell_next(session, ticket, news.due, house, now)
        case _:
            await _escalate(session, ticket, news, house, now)


async def _news(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> _News | None:
    """What has not been told yet about the deadline that counts."""
    found = deadlines.next_deadline(ticket)
    if found is None:
        return None
    step, due = found
    if ticket.folded_under_id is not None and not await bursts.speaks_for(session, ticket, step):
        return None
    if now >= due:
        level = rungs.level(due, step, ticket, house, now)
        return _News(step, due, level) if level > ticket.level(step) else None
    if now < rungs.warning_due(due, ticket, house):
        return None
    if not await outbox.has_said(session, rungs.warned_key(ticket, step, due)):
        return _News(step, due, 0)
    if step == "claim" and await rungs.is_for_next(session, ticket, due, house, now):
        return _News(step, due, rungs.NEXT)
    return None


async def _escalate(session: AsyncSession, ticket: Ticket, news: _News, house: House, now: datetime) -> None:
    """The station is told once, however many levels have been reached since the last run; above, everybody whose level
    is among them.
    """
    step, due, since = news.step, news.due, news.due.isoformat()
    reached = range(ticket.level(step) + 1, news.level + 1)
    await deadlines.escalate(session, ticket, news.level, step, now)
    station = await tickets.responsible(session, ticket)
    leads = await rungs.tell_leads(session, ticket, station, step, since, house, now) if 1 in reached else []
    key = f"escalate:{ticket.id}:{step}:{due:%Y%m%d%H%M}:{news.level}"
    await letters.to_station(
        session,
        station,
        f"station.overdue.{step}",
        now,
        ticket=ticket,
        dedupe=key,
        since=since,
        level=news.level,
        leads=leads,
    )
    above = [place for each in reached if (place := await _above(session, each)) is not None]
    for place in {place.id: place for place in above if place.id != station.id}.values():
        await letters.to_station(
            session,
            place,
            f"above.overdue.{step}",
            now,
            dedupe=f"{key}:{place.key}",
            ticket=ticket,
            since=since,
            station=station.names,
            subject=inline(ticket.subject, SUBJECT_LENGTH) or "—",
        )


async def _above(session: AsyncSession, level: int) -> Station | None:
    """Who is told at this level, besides the station; the office stands in for supervisors who have no chat."""
    key = {2: OFFICE, 3: SUPERVISORS}.get(level)
    if key is None:
        return None
    place = await stations.by_key(session, key)
    return place if place is not None and place.chat_id is not None else await stations.by_key(session, OFFICE)


# ---------------------------------------------------------------- what ends by itself, and what is asked again


def _offered(house: House, now: datetime) -> Select[Ticket]:
    del house, now
    return select(Ticket).where(Ticket.state == State.TRANSFERRED)


async def _offer_is_over(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> bool:
    offered = await session.scalar(
        select(Event.at)
        .where(Event.ticket_id == ticket.id, Event.action == "transfer")
        .order_by(Event.id.desc())
        .limit(1)
    )
    if ticket.state is not State.TRANSFERRED or offered is None:
        return False
    return house.calendar.add(offered, house.deadlines_of(ticket.category).claim) <= now


async def _send_back(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    await answering.give_back(session, ticket, None, "⏳", house, now)


def _resolved(house: House, now: datetime) -> Select[Ticket]:
    return select(Ticket).where(
        Ticket.state == State.RESOLVED, Ticket.resolved_at <= house.calendar.subtract(now, CLOSES_AFTER)
    )


async def _nobody_objected(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> bool:
    del session
    silent_since = house.calendar.subtract(now, CLOSES_AFTER)
    return ticket.state is State.RESOLVED and ticket.resolved_at is not None and ticket.resolved_at <= silent_since


async def _close(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    del house
    await deadlines.close_unanswered(session, ticket, now)


def _to_ask_again(house: House, now: datetime) -> Select[Ticket]:
    return select(Ticket).where(
        Ticket.state == State.CLOSED,
        Ticket.category.in_(house.called_back),
        Ticket.closed_at <= now - CALL_BACK_AFTER,
        Ticket.closed_at > now - CALL_BACK_AFTER - SOON,
    )


async def _not_asked_again(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> bool:
    del house, now
    return ticket.state is State.CLOSED and await deadlines.is_to_call_back(session, ticket)


async def _call_back(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    await deadlines.call_back(session, ticket, house, now)


DUTIES = (
    Duty(_offered, _offer_is_over, _send_back),
    Duty(_near, _has_news, _tell),
    Duty(_resolved, _nobody_objected, _close),
    Duty(_to_ask_again, _not_asked_again, _call_back),
)
"""An offer that is over comes first: what comes back has its time to be claimed anew."""


async def destroy_keys(database: Database, house: House, now: datetime) -> None:
    """Destroy the keys to anonymous requesters whose ticket has been over for long enough (law 11), and forget how
    those who came in person could be reached.
    """
    query = (
        select(Ticket.id)
        .join(Requester, Requester.ticket_id == Ticket.id)
        .where(
            Requester.owner_tag.is_not(None),
            Ticket.state.in_(ENDED),
            Ticket.closed_at <= now - house.forget_after,
        )
        .distinct()
        .limit(BATCH)
    )
    found = BATCH
    while found == BATCH:
        async with database.transaction() as session:
            rows = [number for (number,) in await patiently(session, query)]
            if rows:
                await requesters.destroy_keys(session, rows)
            await walkins.forget(session, now - house.forget_after)
        found = len(rows)
