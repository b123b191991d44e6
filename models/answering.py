"""What staff do with a ticket: claim, release, answer, note, transfer, accept, give back, take back, resolve.

While a ticket is offered to another place the first one stays responsible (首接负责): it still answers, notes and
resolves, and can take the offer back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models import bursts, colleagues, crowds, letters, requesters, tickets, words
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action, State
from models.people import Person
from models.stations import Desk, Station
from models.tickets import Ticket
from models.words import Content, Side, Words

Reason = str | Mapping[str, str]
"""In somebody's own words, or one of those that can be picked, by language."""


async def claim(session: AsyncSession, ticket: Ticket, staff: Person, house: House, now: datetime) -> None:
    """Take a ticket on. Raises Refusal naming who has it when somebody was quicker."""
    if ticket.state not in (State.NEW, State.REOPENED) and ticket.claimed_by_id is not None:
        holder = await session.get_one(Person, ticket.claimed_by_id)
        raise Refusal("claim.taken", number=ticket.id, name=holder.name)
    await tickets.move(session, ticket, Action.CLAIM, now, staff)
    tickets.hold(ticket, staff)
    station = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, station, now)
    dedupe = f"claimed:{ticket.id}:{ticket.version}"
    await letters.to_requesters(session, ticket, "ticket.claimed", house, now, dedupe=dedupe, station=station.names)
    await bursts.hold(session, ticket, staff, staff, house, now)


async def release(session: AsyncSession, ticket: Ticket, staff: Person, house: House, now: datetime) -> None:
    """Give a claimed ticket back to the station, whose time to claim it begins anew. Raises Refusal when somebody else
    holds it.
    """
    if ticket.claimed_by_id != staff.id:
        raise Refusal("release.not_yours", number=ticket.id)
    await tickets.move(session, ticket, Action.RELEASE, now, staff)
    tickets.to_be_claimed(ticket, house, now)
    await bursts.let_go(session, ticket, staff, house, now)
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
    """Staff say something to everybody who waits, also for what is folded under the ticket; `asks` when an answer of
    theirs is needed to go on.

    Raises Refusal when the ticket has ended; a question also when it is on its way to another place, and when nobody
    who waits could answer it in Telegram.
    """
    await bursts.gather(session, ticket, staff, house, now)
    waiting = await requesters.waiting.about(session, ticket.id)
    if asks and waiting and not any(each.reachable for each in waiting):
        raise Refusal("walkin.no_question", number=ticket.id)
    await tickets.move(session, ticket, Action.ASK if asks else Action.ANSWER, now, staff)
    if ticket.claimed_by_id is None and ticket.from_station_id is None:
        tickets.hold(ticket, staff)
    ticket.replied_at = ticket.replied_at or now
    said = await tickets.keep(session, ticket, Side.STAFF, content, house, now, source, staff=staff)
    if len(waiting) > crowds.CROWD and said.album is None:
        await crowds.words(session, await crowds.waiting(session, ticket.id), said, house, now, asks=asks)
    else:
        for requester in waiting:
            await letters.relay_to_requester(session, ticket, said, requester, house, now, asks=asks)
    await tickets.redraw(session, ticket, now)
    if any(requester.walk_in for requester in waiting):
        place = await tickets.responsible(session, ticket)
        await letters.to_station(session, place, "station.walkin_answered", now, ticket=ticket, keyboard="told")
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
    await tickets.redraw(session, ticket, now)


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
    await bursts.gather(session, ticket, staff, house, now)
    await tickets.move(session, ticket, Action.TRANSFER, now, staff, to=to.key, reason=reason)
    ticket.from_station_id, ticket.station_id = first.id, to.id
    ticket.from_holder_id = ticket.claimed_by_id
    if ticket.claimed_by_id is not None:
        # The clock of one that nobody had claimed goes on: being offered elsewhere is no way round it.
        tickets.to_be_claimed(ticket, house, now)
    await letters.card(session, ticket, first, now)
    await letters.card(session, ticket, to, now)
    for said in await tickets.below_card(session, ticket):
        await letters.relay_to_station(session, ticket, said, to, now)


async def accept(session: AsyncSession, ticket: Ticket, staff: Person, house: House, now: datetime) -> None:
    """The other place takes the ticket over; whoever accepts has it, and reads what the first one has said so far."""
    first_id = ticket.from_station_id
    await tickets.move(session, ticket, Action.ACCEPT, now, staff)
    tickets.hold(ticket, staff)
    ticket.from_station_id = ticket.from_holder_id = None
    station = await tickets.station_of(session, ticket)
    await letters.card(session, ticket, station, now)
    if any(said.side is not Side.STUDENT for said in await words.said.about(session, ticket.id)):
        await letters.so_far(session, ticket, [ticket.id], station, now)
    if first_id is not None:
        await letters.card(session, ticket, await session.get_one(Station, first_id), now)
    dedupe = f"moved:{ticket.id}:{ticket.version}"
    await letters.to_requesters(session, ticket, "ticket.moved", house, now, dedupe=dedupe, station=station.names)


async def give_back(
    session: AsyncSession, ticket: Ticket, staff: Person | None, reason: Reason, house: House, now: datetime
) -> None:
    """The other place declines, or nobody there accepted in time: the ticket is its first station's again, and whoever
    had it there has it again if they are still there.
    """
    offered = await tickets.station_of(session, ticket)
    await tickets.move(session, ticket, Action.RETURN, now, staff, reason=reason)
    first, holder = await _back(session, ticket, house, now)
    await letters.card(session, ticket, offered, now)
    who: dict[str, Any]
    text, who = ("station.returned_to", {"name": holder.name}) if holder else ("station.returned", {})
    await letters.to_station(session, first, text, now, ticket=ticket, station=offered.names, reason=reason, **who)


async def recall(session: AsyncSession, ticket: Ticket, staff: Person, house: House, now: datetime) -> None:
    """The first place takes back what it has offered; the other one is told."""
    offered = await tickets.station_of(session, ticket)
    await tickets.move(session, ticket, Action.RECALL, now, staff)
    first, _ = await _back(session, ticket, house, now)
    await letters.card(session, ticket, offered, now)
    await letters.to_station(session, offered, "station.recalled", now, ticket=ticket, station=first.names)


async def _back(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> tuple[Station, Person | None]:
    """It is its first station's again. Returns that and who has it there."""
    holder_id = ticket.from_holder_id
    ticket.station_id = ticket.from_station_id or ticket.station_id
    ticket.from_station_id = ticket.from_holder_id = None
    first, holder = await tickets.station_of(session, ticket), None
    if holder_id is not None and await colleagues.are_there(session, first, holder_id):
        holder = await session.get_one(Person, holder_id)
        await tickets.move(session, ticket, Action.ASSIGN, now, to=holder.id)
        tickets.hold(ticket, holder)
    elif ticket.claim_due is None or (ticket.claim_due <= now and not ticket.claim_level):
        # It ran out while only the other place could act; what had been overdue before stays so.
        tickets.to_be_claimed(ticket, house, now)
    await letters.card(session, ticket, first, now)
    return first, holder


async def resolve(
    session: AsyncSession, ticket: Ticket, staff: Person, reason: Reason, house: House, now: datetime
) -> None:
    """Staff say that it is done and why; everybody who waits is asked whether it is really fixed. An offer to another
    place has ended with that.
    """
    places = await tickets.places_of(session, ticket)
    await bursts.gather(session, ticket, staff, house, now)
    await tickets.move(session, ticket, Action.RESOLVE, now, staff, reason=reason)
    if ticket.from_station_id is not None:
        ticket.station_id, ticket.from_station_id, ticket.from_holder_id = ticket.from_station_id, None, None
    if ticket.claimed_by_id is None:
        tickets.hold(ticket, staff)
    ticket.replied_at = ticket.replied_at or now
    ticket.resolved_at = now
    for place in places:
        await letters.card(session, ticket, place, now)
    if any(requester.walk_in for requester in await requesters.waiting.about(session, ticket.id)):
        place = await tickets.station_of(session, ticket)
        await letters.to_station(session, place, "station.walkin_resolved", now, ticket=ticket, keyboard="heard")
    key = f"fixed:{ticket.id}:{ticket.version}"
    waiting = await crowds.waiting(session, ticket.id)
    if len(waiting) > crowds.CROWD:
        await crowds.notice(
            session,
            waiting,
            "ticket.fixed",
            house,
            now,
            lane=crowds.lane(len(waiting)),
            key=lambda place: key,
            about=lambda place: ticket.id,
            params=lambda place: {"reason": reason},
            keyboard="fixed",
        )
        return
    how: dict[str, Any] = {"dedupe": key, "keyboard": "fixed", "reason": reason}
    await letters.to_requesters(session, ticket, "ticket.fixed", house, now, **how)
