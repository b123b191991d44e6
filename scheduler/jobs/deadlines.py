"""Deadlines of tickets: warned before, escalated after, and what ends by itself (督办).

claim, reply, resolve ──warn_before──▶ the station is warned
                      ──passed───────▶ 1 lead ─▶ 2 office ─▶ 3 supervisors, one claim span apart for the claim,
                                       one working day apart for the others
transferred and not accepted within a claim span ─▶ back to its first station (首接负责)
resolved and nobody said anything for three working days ─▶ closed
anonymous and closed for `forget_after` ─▶ the keys to its requesters are destroyed
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.toolbox import Toolbox
from models import answering, deadlines, letters, requesters, stations
from models.calendar import Span
from models.database import Database
from models.house import OFFICE, SUPERVISORS, House
from models.lifecycle import ENDED, OPEN, State
from models.outbox import Lane
from models.people import Grant, Person, Role
from models.requesters import Requester
from models.stations import Station
from models.tickets import Event, Ticket

LEVELS = 3
OTHER_STEP = Span(days=1)
"""Between two levels of an overdue reply or resolution."""
CLOSES_AFTER = Span(days=3)
CALL_BACK_AFTER = timedelta(weeks=4)
SOON = timedelta(days=4)
"""Tickets due within this time are looked at for a warning: longer than any warning over a weekend."""


async def run(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Everything that is due at `now`."""
    house = toolbox.house
    async with database.transaction() as session:
        for ticket in await _near(session, now):
            if ticket.state is State.TRANSFERRED and await _send_back(session, ticket, house, now):
                continue
            await _look_at(session, ticket, house, now)
        await _close_silent(session, house, now)
        await _call_back(session, house, now)
        await _forget(session, house, now)


async def _near(session: AsyncSession, now: datetime) -> Sequence[Ticket]:
    """Open tickets with a deadline that has passed or is near."""
    soon = now + SOON
    query = select(Ticket).where(
        Ticket.state.in_(OPEN),
        or_(
            Ticket.claim_due <= soon,
            and_(Ticket.replied_at.is_(None), Ticket.reply_due <= soon),
            Ticket.resolve_due <= soon,
            Ticket.state == State.TRANSFERRED,
        ),
    )
    return (await session.scalars(query.order_by(Ticket.id))).all()


async def _look_at(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> None:
    found = deadlines.next_deadline(ticket)
    if found is None:
        return
    step, due = found
    if now < due:
        warn_at = house.calendar.subtract(due, house.deadlines[ticket.category].warn_before)
        if now >= warn_at:
            station = await session.get_one(Station, ticket.station_id)
            await letters.to_station(
                session,
                station,
                f"station.warned.{step}",
                now,
                ticket=ticket,
                dedupe=f"warn:{ticket.id}:{step}:{due:%Y%m%d%H%M}",
                due=due.isoformat(),
            )
        return
    level = min(1 + _steps_since(due, step, ticket, house, now), LEVELS)
    # One level a run: whoever is told next should find that the one before was told.
    for each in range(ticket.escalation + 1, level + 1):
        await _escalate(session, ticket, each, step, due, now)


def _steps_since(due: datetime, step: str, ticket: Ticket, house: House, now: datetime) -> int:
    span = house.deadlines[ticket.category].claim if step == "claim" else OTHER_STEP
    steps, at = 0, house.calendar.add(due, span)
    while at <= now and steps < LEVELS:
        steps, at = steps + 1, house.calendar.add(at, span)
    return steps


async def _escalate(session: AsyncSession, ticket: Ticket, level: int, step: str, due: datetime, now: datetime) -> None:
    await deadlines.escalate(session, ticket, level, step, now)
    station = await session.get_one(Station, ticket.station_id)
    leads = await _leads(session, station) if level == 1 else ""
    key = f"escalate:{ticket.id}:{step}:{due:%Y%m%d%H%M}:{level}"
    text = f"station.overdue.{step}"
    await letters.to_station(session, station, text, now, ticket=ticket, dedupe=key, since=due.isoformat(), leads=leads)
    above = {2: OFFICE, 3: SUPERVISORS}.get(level)
    if above is None:
        return
    place = await stations.by_key(session, above)
    if place is not None and place.chat_id is None and above == SUPERVISORS:
        place = await stations.by_key(session, OFFICE)
    if place is not None and place.id != station.id:
        await letters.to_station(
            session,
            place,
            f"above.overdue.{step}",
            now,
            dedupe=f"{key}:above",
            ticket=ticket,
            since=due.isoformat(),
            station=station.names,
            subject=ticket.subject[:120],
        )


async def _leads(session: AsyncSession, station: Station) -> str:
    """The station's leads by name, for the one notice that is meant for them."""
    names = await session.scalars(
        select(Person.name)
        .join(Grant, Grant.telegram_id == Person.telegram_id)
        .where(Grant.role == Role.LEAD, Grant.station_id == station.id, Grant.taken_back_at.is_(None))
    )
    return ", ".join(names)


async def _send_back(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> bool:
    offered = await session.scalar(
        select(Event.at)
        .where(Event.ticket_id == ticket.id, Event.action == "transfer")
        .order_by(Event.id.desc())
        .limit(1)
    )
    if offered is None or house.calendar.add(offered, house.deadlines[ticket.category].claim) > now:
        return False
    await answering.give_back(session, ticket, None, "⏳", now)
    return True


async def _close_silent(session: AsyncSession, house: House, now: datetime) -> None:
    before = house.calendar.subtract(now, CLOSES_AFTER)
    rows = await session.scalars(
        select(Ticket)
        .where(Ticket.state == State.RESOLVED, Ticket.resolved_at <= before)
        .order_by(Ticket.id)
        .limit(500)
    )
    for ticket in rows:
        await deadlines.close_unanswered(session, ticket, now)


async def _call_back(session: AsyncSession, house: House, now: datetime) -> None:
    """Four weeks after closing: is it still fixed? Asked once; "no" opens the ticket again (回访)."""
    rows = await session.scalars(
        select(Ticket).where(
            Ticket.state == State.CLOSED,
            Ticket.category.in_(house.called_back),
            Ticket.closed_at <= now - CALL_BACK_AFTER,
            Ticket.closed_at > now - CALL_BACK_AFTER - SOON,
        )
    )
    for ticket in rows:
        dedupe = f"call_back:{ticket.id}:{ticket.reopenings}"
        await letters.to_requesters(
            session, ticket, "ticket.call_back", now, dedupe=dedupe, keyboard="fixed", lane=Lane.NOTICE
        )


async def _forget(session: AsyncSession, house: House, now: datetime) -> None:
    """Destroy the keys to anonymous requesters whose ticket has been over for long enough (law 11)."""
    rows = await session.scalars(
        select(Ticket.id)
        .join(Requester, Requester.ticket_id == Ticket.id)
        .where(
            Requester.owner_tag.is_not(None),
            Ticket.state.in_(ENDED),
            Ticket.closed_at <= now - house.forget_after,
        )
        .distinct()
    )
    await requesters.destroy_keys(session, rows.all())
