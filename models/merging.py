"""Two tickets that are one matter, and one ticket that is two.

Merged, those who waited for the one wait for the other from then on: the rows of `requesters` move, so that every
answer and every button reaches them. What was said stays where it was said; whoever looks for it is led on by
`merged_into_id`. Undone, those who came go back; whoever leaves meanwhile has left.

Named students are one person wherever they wait, and wait once. Anonymous ones are never compared with anybody: that
two places are the same student's is exactly what nobody may find out (law 11), so such a student has two places and
gets the answer at both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import bursts, letters, requesters, similar, tickets, words
from models.asking import SUBJECT_LENGTH
from models.errors import Refusal
from models.house import House
from models.lifecycle import ACTIVE, Action, Kind, State
from models.outbox import Outgoing, Sending
from models.people import Person
from models.postings import Posting
from models.questions import Question
from models.requesters import Requester
from models.tickets import FOLDED_LENGTH, Ticket
from models.words import Side, Words

LISTED = 5
CLUSTER = 3
"""From so many open tickets that read alike on, one answer for all of them is offered."""
READ_AT_MOST = 30
TOLD_TOGETHER = 10
"""Of so many tickets what was said fits into one message; a group's window is small (20 a minute)."""


async def merge(
    session: AsyncSession, ticket: Ticket, into: Ticket, staff: Person, house: House, now: datetime
) -> None:
    """Those who wait for `ticket` wait for `into` from now on, and are told so once.

    Raises Refusal when both are the same, stand at different places, or one of them is not open here.
    """
    await _merge(session, ticket, into, staff, house, now)
    await letters.so_far(session, into, [ticket.id], await tickets.station_of(session, into), now)


def must_fit(ticket: Ticket, into: Ticket) -> None:
    """Raises Refusal when both are the same, stand at different places, or `into` is not open."""
    if ticket.id == into.id:
        raise Refusal("merge.same", number=ticket.id)
    if ticket.station_id != into.station_id:
        raise Refusal("merge.elsewhere", number=into.id)
    if not tickets.allowed(into, Action.TAKE_IN):
        raise Refusal("refused.take_in", number=into.id, state=into.state)


def is_likely(ticket: Ticket, into: Ticket) -> bool:
    """Whether both are of one kind of thing in one building; otherwise a mistyped number is as likely."""
    return (ticket.category, ticket.building) == (into.category, into.building)


async def _merge(
    session: AsyncSession, ticket: Ticket, into: Ticket, staff: Person, house: House, now: datetime
) -> None:
    must_fit(ticket, into)
    await bursts.unfold(session, into, now, staff)
    await tickets.move(session, ticket, Action.MERGE, now, staff, into=into.id)
    await tickets.move(session, into, Action.TAKE_IN, now, staff, number=ticket.id)
    ticket.merged_into_id, ticket.closed_at = into.id, now
    # Whatever had been merged into this one goes along; each can still be taken out again by itself.
    await session.execute(update(Ticket).where(Ticket.merged_into_id == ticket.id).values(merged_into_id=into.id))
    came = await _move_requesters(session, ticket, into)
    ticket.requesters = 0
    into.raised = max(into.raised, ticket.raised)
    into.urged += ticket.urged
    for due in ("claim_due", "reply_due", "resolve_due"):
        # Nobody waits longer than was promised because somebody else asked later.
        setattr(into, due, min((d for d in (getattr(into, due), getattr(ticket, due)) if d), default=None))
    if into.claimed_by_id is not None:
        into.claim_due = None
    await session.flush()
    station = await tickets.station_of(session, into)
    await bursts.go_along(session, ticket, into, now)
    await letters.card(session, into, station, now)
    if ticket.folded_under_id is None:
        await letters.card(session, ticket, station, now)
    ticket.folded_under_id = None
    for requester in came:
        await letters.to_requester(
            session,
            into,
            requester,
            "ticket.merged",
            house,
            now,
            dedupe=f"merged:{ticket.id}:{ticket.version}",
            keyboard="view",
            was=ticket.id,
        )


async def _move_requesters(session: AsyncSession, ticket: Ticket, into: Ticket) -> list[Requester]:
    """Returns who waits for `into` now and has waited for `ticket` until now."""
    there = list(await session.scalars(select(Requester).where(Requester.ticket_id == into.id)))
    last = max((each.number for each in there), default=0)
    named = {each.person_id: each for each in there if each.person_id is not None}
    told = []
    for place in await requesters.waiting.about(session, ticket.id):
        same = named.get(place.person_id) if place.person_id is not None else None
        if same is None:
            last += 1
            place.ticket_id, place.number = into.id, last
            place.came_from_id = place.came_from_id or ticket.id
            into.requesters += 1
            told.append(place)
            continue
        # They wait there already. Their place here is kept for the case that the two are taken apart again.
        place.left, place.came_from_id = True, ticket.id
        if same.left:
            same.left = False
            into.requesters += 1
        told.append(same)
    await session.flush()
    return told


async def undo(session: AsyncSession, ticket: Ticket, staff: Person, house: House, now: datetime) -> Ticket:
    """It was merged by mistake: those who came from it wait for it again. Returns the ticket it had been part of.

    Raises Refusal when it is not merged, or nobody who came from it waits any more.
    """
    if ticket.merged_into_id is None:
        raise Refusal("refused.unmerge", number=ticket.id)
    whole = await tickets.get(session, ticket.merged_into_id)
    rows = await session.scalars(select(Requester).where(Requester.came_from_id == ticket.id).order_by(Requester.id))
    back = [place for place in rows if place.ticket_id == ticket.id or not place.left]
    if not back:
        raise Refusal("merge.nobody_left", number=ticket.id)
    await tickets.move(session, ticket, Action.UNMERGE, now, staff, out_of=whole.id)
    await tickets.step(session, whole, "give_out", whole.state, now, staff, {"number": ticket.id})
    kept = set(await session.scalars(select(Requester.number).where(Requester.ticket_id == ticket.id)))
    for place in back:
        if place.ticket_id != ticket.id:
            whole.requesters -= 1
            place.ticket_id = ticket.id
            place.number = next(n for n in range(1, len(kept) + 2) if n not in kept)
            kept.add(place.number)
        place.left, place.came_from_id = False, None
        place.solved = place.rating = place.remark = None
        await session.flush()
    ticket.merged_into_id = ticket.closed_at = None
    ticket.station_id, ticket.requesters, ticket.sought = whole.station_id, len(back), True
    tickets.to_be_claimed(ticket, house, now)
    await session.flush()
    station = await tickets.station_of(session, ticket)
    await tickets.bring(session, ticket, station, now)
    await letters.card(session, whole, station, now)
    await letters.to_requesters(
        session,
        ticket,
        "ticket.unmerged",
        house,
        now,
        dedupe=f"unmerged:{ticket.id}:{ticket.version}",
        keyboard="view",
        was=whole.id,
    )
    return whole


async def split(session: AsyncSession, said: Words, staff: Person, house: House, now: datetime) -> Ticket:
    """What a student has said is another matter: a ticket of its own, at the same place, with the same category and
    building. A joiner goes along with it; whoever filed, or waits alone, waits for both from now on.

    Raises Refusal when these are no student's words, are what the ticket was filed with, or the ticket has ended.
    """
    ticket = await tickets.get(session, said.ticket_id)
    if said.side is not Side.STUDENT or said.requester_id is None:
        raise Refusal("split.not_theirs")
    requester = await session.get_one(Requester, said.requester_id)
    if requester.ticket_id != ticket.id:
        # The ticket was merged meanwhile, and they with it: taking it out again is what is meant.
        raise Refusal("split.merged", number=ticket.id)
    if requester.left:
        raise Refusal("split.left", number=ticket.id)
    if said.at <= ticket.filed_at:
        raise Refusal("split.first_words", number=ticket.id)
    goes = requester.number > 1 and ticket.requesters > 1
    moved = await _what_goes(session, ticket, said, requester if goes else None)
    await tickets.move(session, ticket, Action.SPLIT, now, staff)
    made = await _part(session, ticket, moved, house, now)
    if goes:
        requester.ticket_id, requester.number, requester.came_from_id = made.id, 1, None
        ticket.requesters -= 1
        place = requester
    else:
        place = requesters.again(requester, made.id)
        session.add(place)
    await session.flush()
    numbers = [each.id for each in moved]
    await session.execute(update(Words).where(Words.id.in_(numbers)).values(ticket_id=made.id, requester_id=place.id))
    await session.execute(update(Posting).where(Posting.words_id.in_(numbers)).values(ticket_id=made.id))
    await session.execute(
        update(Outgoing).where(Outgoing.words_id.in_(numbers), Outgoing.state == Sending.DUE).values(ticket_id=made.id)
    )
    await tickets.step(session, made, tickets.FILED, State.NEW, now, staff, {"split_from": ticket.id})
    station = await tickets.station_of(session, made)
    await letters.card(session, made, station, now)
    for each in words.below_card(moved, made.filed_at):
        await letters.relay_to_station(session, made, each, station, now)
    await letters.card(session, ticket, station, now)
    await letters.to_requester(
        session, made, place, "ticket.split", house, now, dedupe=f"split:{made.id}", keyboard="view", was=ticket.id
    )
    return made


async def _what_goes(
    session: AsyncSession, ticket: Ticket, said: Words, requester: Requester | None
) -> Sequence[Words]:
    """Of a joiner who goes everything they have said here, else the message that is meant, with its whole album."""
    if requester is None:
        return await words.album_of(session, said)
    return [each for each in await words.said.about(session, ticket.id) if each.requester_id == requester.id]


async def _part(session: AsyncSession, ticket: Ticket, moved: Sequence[Words], house: House, now: datetime) -> Ticket:
    allowed = house.deadlines_of(ticket.category)
    text = " ".join(str(each.content["text"]) for each in moved if each.content.get("text"))
    folded = house.fold(text)[:FOLDED_LENGTH]
    made = Ticket(
        kind=ticket.kind,
        category=ticket.category,
        building=ticket.building,
        subject=" ".join(text.split())[:SUBJECT_LENGTH],
        folded=folded,
        marks=similar.marks(folded),
        station_id=ticket.station_id,
        state=State.NEW,
        split_from_id=ticket.id,
        filed_at=now,
        claim_due=house.calendar.add(now, allowed.claim),
        reply_due=house.calendar.add(now, allowed.reply),
        resolve_due=house.calendar.add(now, allowed.resolve),
    )
    session.add(made)
    await session.flush()
    return made


async def alike(session: AsyncSession, ticket: Ticket, most: int = LISTED) -> list[Ticket]:
    """The other open tickets of this place about the same category and building that read like this one, the most
    alike first.
    """
    if ticket.kind is Kind.THANKS:
        return []
    values = _beside(ticket)
    return [each.ticket for each in await similar.nearest(session, ticket.folded, _ALIKE, values, most, READ_AT_MOST)]


def _beside(ticket: Ticket) -> dict[str, Any]:
    place = {"building": ticket.building or "", "category": ticket.category, "station": ticket.station_id}
    return {**place, "number": ticket.id}


_ALIKE = similar.asking(
    [similar.of(bindparam("building"), bindparam("category"))],
    Ticket.station_id == bindparam("station"),
    Ticket.state.in_(ACTIVE),
    Ticket.id != bindparam("number"),
    but=select(Ticket.id).where(Ticket.folded_under_id.is_not(None)),
)


async def cluster(session: AsyncSession, ticket: Ticket, most: int) -> int:
    """How many others one press would merge into this one: those that read like it, and what is folded under any."""
    if ticket.kind is Kind.THANKS:
        return 0
    found = await similar.numbers(session, ticket.folded, _ALIKE, _beside(ticket), most, READ_AT_MOST)
    heads = [number for _, number in found]
    if heads or ticket.burst_at is not None:
        return len(found) + await bursts.count(session, [ticket.id, *heads])
    return 0


async def merge_all(
    session: AsyncSession, these: Sequence[Ticket], into: Ticket, staff: Person, house: House, now: datetime
) -> int:
    """Merge what can still be merged of these, and what is folded under any of them. Returns how many were."""
    merged = []
    for ticket in these:
        if ticket.station_id == into.station_id and tickets.allowed(ticket, Action.MERGE):
            await _merge(session, ticket, into, staff, house, now)
            merged.append(ticket.id)
    station = await tickets.station_of(session, into)
    for i in range(0, len(merged), TOLD_TOGETHER):
        await letters.so_far(session, into, merged[i : i + TOLD_TOGETHER], station, now)
    return len(merged) + await bursts.gather(session, into, staff, house, now)


parts = Question[Any](select(Ticket.id, Ticket.merged_into_id).order_by(Ticket.id), Ticket.merged_into_id)
"""The numbers of the tickets that have been merged into one."""
