"""What staff do with a ticket: claim, release, answer, note, transfer, accept, give back, resolve."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, requesters, tickets
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action, State
from models.people import Person
from models.stations import Desk, Station
from models.tickets import Ticket
from models.words import Content, Side, Words

Reason = str | Mapping[str, str]
"""In somebody's own words, or one of those that can be picked, by language."""


async def claim(session: AsyncSession, ticket: Ticket, staff: Person, now: datetime) -> None:
    """Take a ticket on. Raises Refusal naming who has it when somebody was quicker."""
    if ticket.state not in (State.NEW, State.REOPENED) and ticket.claimed_by_id is not None:
        holder = await session.get_one(Person, ticket.claimed_by_id)
        raise Refusal("claim.taken", number=ticket.id, name=holder.name)
    await tickets.move(session, ticket, Action.CLAIM, now, staff)
    tickets.hold(ticket, staff)
    station = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, station, now)
    dedupe = f"claimed:{ticket.id}:{ticket.version}"
    await letters.to_requesters(session, ticket, "ticket.claimed", now, dedupe=dedupe, station=station.names)


async def release(session: AsyncSession, ticket: Ticket, staff: Person, house: House, now: datetime) -> None:
    """Give a claimed ticket back to the station, whose time to claim it begins anew. Raises Refusal when somebody else
    holds it.
    """
    if ticket.claimed_by_id != staff.id:
        raise Refusal("release.not_yours", number=ticket.id)
    await tickets.move(session, ticket, Action.RELEASE, now, staff)
    tickets.to_be_claimed(ticket, house, now)
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def answer(
    session: AsyncSession,
    ticket: Ticket,
    staff: Person,
    content: Content,
    house: House,
    now: datetime,
    source: tuple[int, int],
    *,
    asks: bool = False,
) -> Words:
    """Staff say something to everybody who waits; `asks` when an answer of theirs is needed to go on.

    Raises Refusal when the ticket has ended or is on its way to another place.
    """
    await tickets.move(session, ticket, Action.ASK if asks else Action.ANSWER, now, staff)
    if ticket.claimed_by_id is None:
        tickets.hold(ticket, staff)
    ticket.replied_at = ticket.replied_at or now
    said = await tickets.keep(session, ticket, Side.STAFF, content, house, now, source, staff=staff)
    waiting = await requesters.waiting.about(session, ticket.id)
    for requester in waiting:
        await letters.relay_to_requester(session, ticket, said, requester, now, asks=asks)
    station = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, station, now)
    if any(requester.walk_in for requester in waiting):
        await letters.to_station(session, station, "station.walkin_answered", now, ticket=ticket, keyboard="told")
    return said


async def note(
    session: AsyncSession,
    ticket: Ticket,
    staff: Person,
    content: Content,
    house: House,
    now: datetime,
    source: tuple[int, int],
) -> None:
    """Something for the colleagues only."""
    await tickets.move(session, ticket, Action.NOTE, now, staff)
    await tickets.keep(session, ticket, Side.NOTE, content, house, now, source, staff=staff)
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def transfer(
    session: AsyncSession, ticket: Ticket, staff: Person, to: Station, reason: Reason, house: House, now: datetime
) -> None:
    """Offer a ticket to another place; until it is accepted the first one stays responsible (首接负责).

    Raises Refusal when it is there already, when that place has no chat, or when it is the supervisors', who see to
    it that others do their work.
    """
    if to.id == ticket.station_id:
        raise Refusal("transfer.same", number=ticket.id)
    if to.desk is Desk.SUPERVISORS:
        raise Refusal("transfer.not_there", station=to.names)
    if to.chat_id is None or to.closed:
        raise Refusal("transfer.no_chat", station=to.names)
    first = await tickets.station_of(session, ticket)
    await tickets.move(session, ticket, Action.TRANSFER, now, staff, to=to.key, reason=reason)
    ticket.from_station_id, ticket.station_id = first.id, to.id
    if ticket.claimed_by_id is not None:
        # The clock of one that nobody had claimed goes on: being offered elsewhere is no way round it.
        tickets.to_be_claimed(ticket, house, now)
    await letters.card(session, ticket, first, now)
    await letters.card(session, ticket, to, now)
    for said in await tickets.below_card(session, ticket):
        await letters.relay_to_station(session, ticket, said, to, now)


async def accept(session: AsyncSession, ticket: Ticket, staff: Person, now: datetime) -> None:
    """The other place takes the ticket over; whoever accepts has it."""
    first_id = ticket.from_station_id
    await tickets.move(session, ticket, Action.ACCEPT, now, staff)
    tickets.hold(ticket, staff)
    ticket.from_station_id = None
    station = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, station, now)
    if first_id is not None:
        await letters.card(session, ticket, await session.get_one(Station, first_id), now)
    dedupe = f"moved:{ticket.id}:{ticket.version}"
    await letters.to_requesters(session, ticket, "ticket.moved", now, dedupe=dedupe, station=station.names)


async def give_back(
    session: AsyncSession, ticket: Ticket, staff: Person | None, reason: Reason, house: House, now: datetime
) -> None:
    """The other place declines, or nobody there accepted in time: the ticket is its first station's again."""
    offered = await tickets.station_of(session, ticket)
    first_id = ticket.from_station_id
    await tickets.move(session, ticket, Action.RETURN, now, staff, reason=reason)
    if first_id is not None:
        ticket.station_id, ticket.from_station_id = first_id, None
    if ticket.claim_due is None or (ticket.claim_due <= now and not ticket.claim_level):
        # It ran out while only the other place could act; what had been overdue before stays so.
        tickets.to_be_claimed(ticket, house, now)
    first = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, offered, now)
    await letters.card(session, ticket, first, now)
    await letters.to_station(
        session, first, "station.returned", now, ticket=ticket, station=offered.names, reason=reason
    )


async def resolve(session: AsyncSession, ticket: Ticket, staff: Person, reason: Reason, now: datetime) -> None:
    """Staff say that it is done and why; everybody who waits is asked whether it is really fixed."""
    await tickets.move(session, ticket, Action.RESOLVE, now, staff, reason=reason)
    if ticket.claimed_by_id is None:
        tickets.hold(ticket, staff)
    ticket.replied_at = ticket.replied_at or now
    ticket.resolved_at = now
    station = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, station, now)
    if any(requester.walk_in for requester in await requesters.waiting.about(session, ticket.id)):
        await letters.to_station(session, station, "station.walkin_resolved", now, ticket=ticket, keyboard="heard")
    await letters.to_requesters(
        session,
        ticket,
        "ticket.fixed",
        now,
        dedupe=f"fixed:{ticket.id}:{ticket.version}",
        keyboard="fixed",
        reason=reason,
    )
