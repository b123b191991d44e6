"""The rungs of an escalation: who is told of a ticket's deadline, and how long after whom.

    ──▶ on duty now     `warn_before` before the deadline   named in the group's warning, and told in private
    ──▶ on duty next    `next_on_duty` after that           likewise; of a ticket that nobody has claimed
    ── the deadline ──
    ──▶ 1 lead          `lead` after it                     named in the group, and told in private
    ──▶ 2 office        `office` after the lead             in their group
    ──▶ 3 supervisors   `supervisors` after the office      in theirs

All of it in working time, so that nobody is called at night. Where a station has no roster, or nobody is on duty, the
warning is the group's and the first two rungs are left out.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import colleagues, letters, outbox, tickets, turns
from models.calendar import Span
from models.house import House
from models.people import Person
from models.stations import Station
from models.tickets import Ticket

NEXT = -1
"""Between the warning, 0, and the lead, 1: who is on duty next."""
OTHER_STEP = Span(days=1)
"""Between two levels of an overdue reply or resolution, unless config.toml says otherwise."""


def level(due: datetime, step: str, ticket: Ticket, house: House, now: datetime) -> int:
    """How far a deadline that has passed has climbed by now: 0 nobody yet, 1 lead, 2 office, 3 supervisors."""
    usual = house.deadlines_of(ticket.category).claim if step == "claim" else OTHER_STEP
    waits = (house.waits.lead, house.waits.office or usual, house.waits.supervisors or usual)
    reached, at = 0, due
    for wait in waits:
        # Without a wait it is at once, also where the deadline is a closing.
        at = house.calendar.add(at, wait) if wait != Span() else at
        if at > now:
            break
        reached += 1
    return reached


def warned_key(ticket: Ticket, step: str, due: datetime) -> str:
    """By which it is known that the station has been warned of this deadline."""
    return f"warn:{ticket.id}:{step}:{due:%Y%m%d%H%M}"


def next_key(ticket: Ticket, due: datetime) -> str:
    """By which it is known that whoever is on duty next has been told."""
    return f"next:{ticket.id}:{due:%Y%m%d%H%M}"


def warning_due(due: datetime, ticket: Ticket, house: House) -> datetime:
    """When the station is warned."""
    return house.calendar.subtract(due, house.deadlines_of(ticket.category).warn_before)


async def is_for_next(session: AsyncSession, ticket: Ticket, due: datetime, house: House, now: datetime) -> bool:
    """Whether whoever is on duty next is to be told now that nobody has claimed this yet."""
    if now < house.calendar.add(warning_due(due, ticket, house), house.waits.next_on_duty):
        return False
    if await outbox.has_said(session, next_key(ticket, due)):
        return False
    return bool(await _next(session, await tickets.responsible(session, ticket), house, now))


async def warn(session: AsyncSession, ticket: Ticket, step: str, due: datetime, house: House, now: datetime) -> None:
    """The station is warned; of a ticket that nobody has claimed those on duty are named, and told in private."""
    station = await tickets.responsible(session, ticket)
    key, iso = warned_key(ticket, step, due), due.isoformat()
    on = turns.everybody(await turns.on_duty(session, station, house.calendar, now)) if step == "claim" else []
    if not on:
        await letters.to_station(session, station, f"station.warned.{step}", now, ticket=ticket, dedupe=key, due=iso)
        return
    await _call(session, ticket, station, on, "duty", key, iso, house, now)


async def tell_next(session: AsyncSession, ticket: Ticket, due: datetime, house: House, now: datetime) -> None:
    """Whoever was on duty has not claimed it: those on duty next are named, and told in private."""
    station = await tickets.responsible(session, ticket)
    who = await _next(session, station, house, now)
    await _call(session, ticket, station, who, "next", next_key(ticket, due), due.isoformat(), house, now)


async def tell_leads(
    session: AsyncSession, ticket: Ticket, station: Station, step: str, since: str, house: House, now: datetime
) -> colleagues.Mentions:
    """The station's leads are told in private. Returns how the group's notice names them."""
    leads = await colleagues.leads(session, station)
    await colleagues.tell(
        session,
        leads,
        f"rung.lead.{step}",
        now,
        not_before=house.calendar.after_quiet(now),
        number=ticket.id,
        station=station.names,
        since=since,
    )
    return colleagues.mentions(leads)


async def _call(
    session: AsyncSession,
    ticket: Ticket,
    station: Station,
    who: list[Person],
    rung: str,
    key: str,
    due: str,
    house: House,
    now: datetime,
) -> None:
    if station.chat_id is None:
        # By what is said there it is known that it has been said.
        return
    await letters.to_station(
        session, station, f"rung.{rung}", now, ticket=ticket, dedupe=key, due=due, mentions=colleagues.mentions(who)
    )
    await colleagues.tell(
        session,
        who,
        f"rung.{rung}_private",
        now,
        not_before=house.calendar.after_quiet(now),
        number=ticket.id,
        station=station.names,
        due=due,
    )


async def _next(session: AsyncSession, station: Station, house: House, now: datetime) -> list[Person]:
    """On duty next, without those who are now: they know."""
    on = {person.id for person in turns.everybody(await turns.on_duty(session, station, house.calendar, now))}
    following = turns.everybody(await turns.next_turns(session, station, house.calendar, now))
    return [person for person in following if person.id not in on]
