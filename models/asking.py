"""What students do with a ticket: file, join, say more, urge, withdraw, confirm, rate, reopen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import bursts, following, letters, limits, mutes, requesters, similar, stations, tickets, words
from models.errors import Refusal
from models.following import REOPEN_DAYS
from models.house import House
from models.lifecycle import Action, Kind, State
from models.people import Person
from models.requesters import Requester
from models.tickets import FILED, FOLDED_LENGTH, Ticket
from models.words import Content, Side, Words

SUBJECT_LENGTH = 200
URGE_PAUSE_HOURS = 24


@dataclass(frozen=True)
class Draft:
    """What a student is about to file."""

    kind: Kind
    category: str
    building: str | None
    contents: Sequence[Content]
    """In the order they were sent; at least one."""
    sources: Sequence[tuple[int, int]]
    """The (chat id, message id) each content came with."""
    anonymous: bool = False
    follows: int | None = None
    """The ticket it goes on from."""
    origin: str | None = None
    """Which system filed it, when no student did in the chat."""


async def file(session: AsyncSession, draft: Draft, filer: Person | None, house: House, now: datetime) -> Ticket:
    """Make a ticket of a draft: route it, date it, keep its words, post its card. The caller writes the receipt; there
    is none for somebody who came in person or when another system files it: those are no `filer` here.

    Raises Refusal when the draft has no words, may not go on from the ticket it names, or the filer is muted or has
    filed so many today.
    """
    if not draft.contents:
        raise Refusal("draft.empty")
    if filer is not None:
        await mutes.must_be_heard(session, filer.telegram_id, house, now)
        await limits.may_file(session, filer, house, now)
    if draft.follows is not None and filer is not None:
        await following.check(session, draft.follows, filer, draft.building, house, anonymous=draft.anonymous)
    station = await stations.receiving(session, house.desk_for(draft.building, draft.category))
    allowed = house.deadlines_of(draft.category)
    ticket = Ticket(
        kind=draft.kind,
        category=draft.category,
        building=draft.building,
        follows_id=draft.follows,
        **titles(draft.contents, house),
        station_id=station.id,
        state=State.NEW,
        filed_at=now,
        claim_due=house.calendar.add(now, allowed.claim),
        reply_due=house.calendar.add(now, allowed.reply),
        resolve_due=house.calendar.add(now, allowed.resolve),
    )
    session.add(ticket)
    await session.flush()
    if filer is not None:
        requester = requesters.make(ticket.id, 1, filer, anonymous=draft.anonymous, vault=house.vault)
    elif draft.origin is not None:
        requester = Requester(ticket_id=ticket.id, number=1)
    else:
        requester = requesters.visitor(ticket.id)
    session.add(requester)
    await session.flush()
    origin = {"origin": draft.origin} if draft.origin else None
    await tickets.step(session, ticket, FILED, State.NEW, now, detail=origin)
    if filer is not None and draft.follows is None:
        await bursts.fold(session, ticket, house, now)
    await letters.card(session, ticket, station, now)
    said = [
        await tickets.keep(session, ticket, Side.STUDENT, content, house, now, source, requester=requester)
        for content, source in zip(draft.contents, draft.sources, strict=True)
    ]
    for each in words.below_card(said, now):
        await letters.relay_to_station(session, ticket, each, station, now)
    return ticket


def titles(contents: Sequence[Content], house: House) -> dict[str, Any]:
    """What a ticket filed with these words is called in lists, and what likeness is read from."""
    text = " ".join(str(c["text"]) for c in contents if c.get("text"))
    folded = house.fold(text)[:FOLDED_LENGTH]
    return {"subject": " ".join(text.split())[:SUBJECT_LENGTH], "folded": folded, "marks": similar.marks(folded)}


async def join(
    session: AsyncSession, ticket: Ticket, person: Person, building: str | None, house: House, now: datetime
) -> Requester:
    """One more student, whose own matter is in this building, waits for this ticket, anonymously: every answer reaches
    them too.

    Raises Refusal when it is none that `similar` offers them (whoever joins reads what is said: a number that is not
    offered might as well not exist), when it is no longer open, or when they are among its requesters already.
    """
    if not similar.may_be_offered(ticket.kind, ticket.building, building):
        raise Refusal("ticket.unknown", number=ticket.id)
    await mutes.must_be_heard(session, person.telegram_id, house, now)
    if await requesters.find(session, ticket.id, person, house.vault) is not None:
        raise Refusal("join.already", number=ticket.id)
    if ticket.state is State.RESOLVED:
        raise Refusal("refused.join", number=ticket.id, state=ticket.state)
    await tickets.move(session, ticket, Action.JOIN, now)
    before = select(Requester.number, Requester.pseudonym).where(Requester.ticket_id == ticket.id)
    names = {row.number: row.pseudonym for row in await session.execute(before)}
    requester = requesters.make(
        ticket.id, max(names, default=0) + 1, person, anonymous=True, vault=house.vault, taken=names.values()
    )
    session.add(requester)
    ticket.requesters += 1
    await session.flush()
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)
    return requester


async def add(
    session: AsyncSession,
    ticket: Ticket,
    requester: Requester,
    contents: Sequence[tuple[Content, tuple[int, int]]],
    house: House,
    now: datetime,
) -> list[Words]:
    """A requester says more; it appears as replies to the card. A resolved ticket is reopened by it.

    Raises Refusal when the ticket has ended, and when they are muted and nobody has asked them anything.
    """
    try:
        await mutes.must_hear(session, requester, house, now)
    except Refusal:
        if not await _was_asked(session, ticket, requester, [content for content, _ in contents]):
            raise
    if ticket.state is State.RESOLVED:
        await reopen(session, ticket, requester, house, now)
    await letters.are_awake(session, requester, now)
    # Whoever says more of it is not one of many: staff read it on a card of its own.
    await bursts.unfold(session, ticket, now)
    places, before = await tickets.places_of(session, ticket), ticket.state
    await tickets.move(session, ticket, Action.ADD, now, who=requester.number)
    said = []
    for content, source in contents:
        kept = await tickets.keep(session, ticket, Side.STUDENT, content, house, now, source, requester=requester)
        for place in places:
            await letters.relay_to_station(session, ticket, kept, place, now)
        said.append(kept)
    if ticket.state is not before:
        # Otherwise the card shows nothing new, and the window of a group is small (20 a minute, edits too).
        await tickets.redraw(session, ticket, now)
    return said


async def _was_asked(session: AsyncSession, ticket: Ticket, requester: Requester, contents: Sequence[Content]) -> bool:
    """Whether staff wait for these words: whoever asks somebody who is muted wants to hear the answer. One message is
    an answer, and an album that began as one is all of it.
    """
    if ticket.state is State.WAITING:
        return True
    here = {said.album for said in await words.said.about(session, ticket.id) if said.requester_id == requester.id}
    return all(content.get("album") in here - {None} for content in contents)


async def edit(session: AsyncSession, said: Words, content: Content, house: House, now: datetime) -> None:
    """A student has edited what they said. Raises Refusal when they are muted."""
    if said.requester_id is not None:
        await mutes.must_hear(session, await session.get_one(Requester, said.requester_id), house, now)
    await tickets.edit(session, said, content, now)


async def urge(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """A requester asks for haste (催办): counted, shown on the card, said in the station's chat; at most once a day.

    Raises Refusal when it was urged within the last `URGE_PAUSE_HOURS` hours or has ended.
    """
    if ticket.urged_at is not None and (now - ticket.urged_at).total_seconds() < URGE_PAUSE_HOURS * 3600:
        raise Refusal("urge.too_soon", number=ticket.id)
    await tickets.move(session, ticket, Action.URGE, now)
    ticket.urged += 1
    ticket.urged_at = now
    station, head = await tickets.station_of(session, ticket), await bursts.speaker(session, ticket)
    await letters.card(session, ticket, station, now)
    if head is not ticket:
        # One of many: their haste is the head's, and a group is not told five hundred times.
        head.urged += 1
        if head.urged_at is not None and (now - head.urged_at).total_seconds() < URGE_PAUSE_HOURS * 3600:
            return
        head.urged_at = now
    await letters.to_station(session, station, "station.urged", now, ticket=head, times=head.urged)


async def withdraw(session: AsyncSession, ticket: Ticket, requester: Requester, now: datetime) -> None:
    """A requester no longer wants it. The ticket itself ends only when nobody else waits for it."""
    if ticket.requesters > 1:
        if not tickets.allowed(ticket, Action.WITHDRAW):
            raise Refusal("refused.withdraw", number=ticket.id, state=ticket.state)
        requester.left = True
        ticket.requesters -= 1
        await tickets.step(session, ticket, "leave", ticket.state, now)
    else:
        await tickets.move(session, ticket, Action.WITHDRAW, now)
        ticket.closed_at = now
        await bursts.succeed(session, ticket, now)
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def confirm(session: AsyncSession, ticket: Ticket, requester: Requester, now: datetime) -> None:
    """A requester says that it is really fixed; the filer's word closes the ticket."""
    if ticket.state is State.RESOLVED and requester.number > 1:
        await tickets.must_stand(session, ticket)
        await tickets.step(session, ticket, "confirm", ticket.state, now)
    else:
        await tickets.move(session, ticket, Action.CONFIRM, now)
        ticket.closed_at = ticket.closed_at or now
    requester.solved = True
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def rate(session: AsyncSession, ticket: Ticket, requester: Requester, rating: int, now: datetime) -> None:
    """A requester's satisfaction, 1–5; a later rating replaces the earlier. Raises Refusal outside 1–5."""
    if rating not in range(1, 6):
        raise Refusal("rate.range")
    await tickets.move(session, ticket, Action.RATE, now, who=requester.number)
    requester.rating = rating
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def remark(
    session: AsyncSession, ticket: Ticket, requester: Requester, text: str, house: House, now: datetime
) -> None:
    """The optional word with a rating. Raises Refusal when they are muted; the rating itself stays."""
    await mutes.must_hear(session, requester, house, now)
    requester.remark = text[:1000]
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def reopen(session: AsyncSession, ticket: Ticket, requester: Requester, house: House, now: datetime) -> None:
    """It is not fixed after all: the clocks start again.

    Raises Refusal when it is not closed, or was closed more than `REOPEN_DAYS` days ago and they have not been asked
    since whether it is still fixed.
    """
    if await following.is_too_late(session, ticket, requester, now):
        raise Refusal("reopen.too_late", number=ticket.id, days=REOPEN_DAYS)
    await tickets.move(session, ticket, Action.REOPEN, now)
    requester.solved = False
    tickets.start_again(ticket, house, now)
    station = await stations.receiving(session, (await tickets.station_of(session, ticket)).key)
    ticket.station_id = station.id
    await tickets.bring(session, ticket, station, now)
    await letters.to_station(session, station, "station.reopened", now, ticket=ticket)
