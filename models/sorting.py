"""How staff put tickets in order: whose they are, how urgent, by which words they are found, what they are part of."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import bursts, letters, projects, requesters, stations, tickets
from models.answering import Reason
from models.errors import Refusal
from models.house import House
from models.lifecycle import ACTIVE, Action
from models.people import Person
from models.projects import Project
from models.questions import Question
from models.stations import Station
from models.tickets import Tag, Ticket

MOST_TAGS, TAG_LENGTH = 5, 20
NORMAL, HIGH, URGENT = 0, 1, 2
PRIORITIES = {"normal": NORMAL, "high": HIGH, "urgent": URGENT}
"""What staff call it, and what it counts."""


async def assign(session: AsyncSession, ticket: Ticket, staff: Person, to: Person, house: House, now: datetime) -> None:
    """Somebody gives the ticket to a colleague, who is called in the chat and can give it back.

    Raises Refusal when it is theirs already, or cannot be anybody's now.
    """
    if ticket.claimed_by_id == to.id:
        raise Refusal("assign.has_it", number=ticket.id, name=to.name)
    before = ticket.claimed_by_id
    await _give(session, ticket, staff, to, now)
    station = await tickets.station_of(session, ticket)
    if to.id != staff.id:
        await letters.to_station(
            session,
            station,
            "station.assigned",
            now,
            ticket=ticket,
            keyboard="assigned",
            name=to.name,
            who=to.telegram_id,
            by=staff.name,
        )
    if before is None:
        dedupe = f"claimed:{ticket.id}:{ticket.version}"
        await letters.to_requesters(session, ticket, "ticket.claimed", house, now, dedupe=dedupe, station=station.names)
    await bursts.hold(session, ticket, staff, to, house, now)


async def _give(session: AsyncSession, ticket: Ticket, staff: Person | None, to: Person, now: datetime) -> None:
    await tickets.move(session, ticket, Action.ASSIGN, now, staff, to=to.id)
    tickets.hold(ticket, to)
    await tickets.redraw(session, ticket, now)


async def held(session: AsyncSession, station: Station, person: Person | None = None) -> list[Ticket]:
    """The open tickets that this person, or anybody, has at this place."""
    query = select(Ticket).where(Ticket.station_id == station.id, Ticket.state.in_(ACTIVE))
    query = query.where(Ticket.claimed_by_id.is_not(None) if person is None else Ticket.claimed_by_id == person.id)
    return list(await session.scalars(query.order_by(Ticket.id)))


async def holders(session: AsyncSession, station: Station, most: int) -> list[tuple[Person, int]]:
    """Who has open tickets at this place, and how many, those with most first; also whoever has left the group."""
    count = func.count(Ticket.id)
    rows = await session.execute(
        select(Person, count)
        .join(Ticket, Ticket.claimed_by_id == Person.id)
        .where(Ticket.station_id == station.id, Ticket.state.in_(ACTIVE))
        .group_by(Person.id)
        .order_by(count.desc(), Person.id)
        .limit(most)
    )
    return [(person, number) for person, number in rows]


async def reassign(
    session: AsyncSession, station: Station, staff: Person, giver: Person, taker: Person, now: datetime
) -> int:
    """Everything open that one person has at this place is another's from now on; both are called in its chat.

    Returns how many. Raises Refusal when there is nothing, or both are the same.
    """
    if giver.id == taker.id:
        raise Refusal("reassign.same", name=giver.name)
    found = await held(session, station, giver)
    if not found:
        raise Refusal("reassign.nothing", name=giver.name)
    for ticket in found:
        await _give(session, ticket, staff, taker, now)
    await letters.to_station(
        session,
        station,
        "station.reassigned",
        now,
        count=len(found),
        giver=giver.name,
        giver_id=giver.telegram_id,
        taker=taker.name,
        taker_id=taker.telegram_id,
        by=staff.name,
    )
    return len(found)


async def prioritise(session: AsyncSession, ticket: Ticket, staff: Person, level: int, now: datetime) -> None:
    """Staff say how urgent it is. Students who join raise it anyway: what counts is the higher of the two."""
    await tickets.move(session, ticket, Action.PRIORITY, now, staff, level=level)
    ticket.raised = level
    await tickets.redraw(session, ticket, now)


tags = Question[Tag](select(Tag).order_by(Tag.tag), Tag.ticket_id)
"""A ticket's tags."""


async def tag(session: AsyncSession, ticket: Ticket, staff: Person, text: str, now: datetime) -> list[str]:
    """The words by which it is to be found, instead of those it had; none takes them away. Returns them.

    Raises Refusal for more than `MOST_TAGS`, and for one that is too long.
    """
    words = sorted({as_tag(word) for word in re.split(r"[\s,，、]+", text)} - {""})
    if len(words) > MOST_TAGS:
        raise Refusal("tag.too_many", most=MOST_TAGS)
    if any(len(each) > TAG_LENGTH for each in words):
        raise Refusal("tag.too_long", most=TAG_LENGTH)
    await tickets.move(session, ticket, Action.TAG, now, staff, tags=words)
    await session.execute(delete(Tag).where(Tag.ticket_id == ticket.id))
    session.add_all(Tag(ticket_id=ticket.id, tag=each) for each in words)
    await session.flush()
    await tickets.redraw(session, ticket, now)
    return words


def as_tag(word: str) -> str:
    """One word for Telegram too, which ends a hashtag at anything but letters, digits and "_"."""
    return re.sub(r"\W+", "_", word.casefold()).strip("_")


async def link(session: AsyncSession, ticket: Ticket, staff: Person, project: Project | None, now: datetime) -> None:
    """The ticket is part of this project from now on, or of none. Raises Refusal for one that was stopped."""
    if project is not None:
        projects.must_go_on(project)
    await tickets.move(session, ticket, Action.PROJECT, now, staff, project=project.id if project else None)
    ticket.project_id = project.id if project is not None else None
    await tickets.redraw(session, ticket, now)


async def project_of(session: AsyncSession, ticket: Ticket) -> Project | None:
    """The project it is part of."""
    return await session.get(projects.Project, ticket.project_id) if ticket.project_id is not None else None


async def reopen(
    session: AsyncSession, ticket: Ticket, staff: Person, reason: Reason, house: House, now: datetime
) -> None:
    """Staff see that it is not done after all, and say why: those who waited are told, the clocks begin anew.

    Raises Refusal when it has not been dealt with.
    """
    await tickets.move(session, ticket, Action.REOPEN, now, staff, reason=reason)
    for requester in await requesters.waiting.about(session, ticket.id):
        requester.solved = None
    tickets.start_again(ticket, house, now)
    station = await stations.receiving(session, (await tickets.station_of(session, ticket)).key)
    ticket.station_id = station.id
    await tickets.bring(session, ticket, station, now)
    await letters.to_requesters(
        session,
        ticket,
        "ticket.reopened",
        house,
        now,
        dedupe=f"reopened:{ticket.id}:{ticket.version}",
        keyboard="view",
        station=station.names,
        reason=reason,
    )
