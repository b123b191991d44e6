"""Very many tickets about one matter within minutes: a pipe bursts, and five hundred students write.

Similar tickets are offered before one is filed; whoever files one all the same gets one, with a number, deadlines and a
receipt. But a group takes twenty messages a minute, and nobody reads five hundred cards. So once `BURST` open tickets
of one place, category and building that read alike have been filed within `WITHIN`, every further one is *folded* under
the first of them, its head: it has no card of its own, and the head's card says how many there are.

    folded ──the head is claimed, given to somebody, released──▶ so is it
           ──the head is answered, resolved, transferred────────▶ merged into it: everybody who waits is told with it
           ──staff take it out; the student says more of it─────▶ a ticket like any other, with its card
           ──the head ends without that─────────────────────────▶ folded under the next, whose card is posted
           ──it is due, and the head is not any more────────────▶ likewise

Deadlines of what is folded are spoken of by its head: it was filed earlier, so it is due earlier. All of this is a few
statements for however many tickets, because somebody's update waits meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.util import identity_key

from models import crowds, letters, similar, tickets
from models.crowds import Place
from models.house import House
from models.lifecycle import ACTIVE, Action, Kind, State
from models.people import Person
from models.requesters import Requester
from models.sessions import plainly
from models.tickets import Event, Ticket

BURST = 5
"""So many that read alike have cards of their own."""
WITHIN = timedelta(minutes=30)
SHORTEST = 4
"""Of fewer characters nobody can say what they are alike to."""
READ_AT_MOST = 60
NEW = (State.NEW, State.REOPENED)

_t, _r = cast(Table, Ticket.__table__), cast(Table, Requester.__table__)
_WRITE_STEPS = insert(cast(Table, Event.__table__))
_MOVE = (
    update(_r)
    .where(_r.c.id == bindparam("place"))
    .values(ticket_id=bindparam("into"), number=bindparam("which"), came_from_id=bindparam("origin"))
)
_STAY = update(_r).where(_r.c.id == bindparam("place")).values(left=True, came_from_id=bindparam("origin"))
_COME_BACK = update(_r).where(_r.c.id == bindparam("place")).values(left=False)


# ---------------------------------------------------------------- folding


async def fold(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> bool:
    """Put a ticket that was just filed under the first of those that read like it, when there are that many. Its own
    station, deadlines and timeline it keeps. Returns whether it was.
    """
    head_id = await _head_for(session, ticket, now)
    if head_id is None or not await _keep_open(session, head_id, now):
        return False
    ticket.folded_under_id = head_id
    await tickets.step(session, ticket, "fold", ticket.state, now, detail={"under": head_id})
    holder_id = await session.scalar(select(Ticket.claimed_by_id).where(Ticket.id == head_id))
    if holder_id is not None:
        holder = await session.get_one(Person, holder_id)
        await tickets.move(session, ticket, Action.CLAIM, now, holder)
        tickets.hold(ticket, holder)
    await session.flush()
    return True


async def _head_for(session: AsyncSession, ticket: Ticket, now: datetime) -> int | None:
    if ticket.kind is Kind.THANKS or len(ticket.folded) < SHORTEST:
        return None
    here = (
        _t.c.station_id == ticket.station_id,
        _t.c.category == ticket.category,
        _t.c.building.is_(None) if ticket.building is None else _t.c.building == ticket.building,
        _t.c.state.in_(ACTIVE),
        _t.c.kind != Kind.THANKS,
        _t.c.folded_under_id.is_(None),
        _t.c.id != ticket.id,
    )
    columns = select(_t.c.id, _t.c.folded, _t.c.marks).limit(READ_AT_MOST)
    since, reading = now - WITHIN, similar.Reading(ticket.folded)

    def alike(rows: Any) -> list[int]:
        return [number for number, text, marks in rows if reading.likeness(text, marks) >= similar.ENOUGH]

    heads = columns.where(*here, _t.c.burst_at >= since).order_by(_t.c.id)
    found = alike(await plainly(session, heads))
    if found:
        return found[0]
    recent = columns.where(*here, _t.c.filed_at >= since).order_by(_t.c.filed_at.desc(), _t.c.id.desc())
    found = alike(await plainly(session, recent))
    return min(found) if len(found) >= BURST else None


async def _keep_open(session: AsyncSession, head_id: int, now: datetime) -> bool:
    """Note that one more is put under it. Locks the head and not its version: whoever claims it meanwhile is not
    disturbed, and one that ends meanwhile takes no more.
    """
    noted = await plainly(
        session, update(_t).where(_t.c.id == head_id, _t.c.state.in_(ACTIVE)).values(burst_at=now).returning(_t.c.id)
    )
    head = session.identity_map.get(identity_key(Ticket, head_id))
    if head is not None:
        await session.refresh(head, ["burst_at"])
    return noted.first() is not None


def under(head_id: int) -> ColumnElement[bool]:
    """The open tickets that are folded under this one."""
    return and_(Ticket.folded_under_id == head_id, Ticket.state.in_(ACTIVE))


@dataclass(frozen=True)
class Burst:
    """What stands under a ticket."""

    count: int
    since: datetime | None
    """When the first of them was filed."""
    numbers: list[int]


async def of(session: AsyncSession, ticket: Ticket, most: int = 0) -> Burst:
    """How many are folded under this ticket, and the numbers of the first of them."""
    if ticket.burst_at is None:
        return Burst(0, None, [])
    asked = select(func.count(), func.min(Ticket.filed_at))
    count, since = (await session.execute(asked.where(under(ticket.id)))).one()
    listed = select(Ticket.id).where(under(ticket.id)).order_by(Ticket.id).limit(most)
    numbers = list(await session.scalars(listed)) if count and most else []
    return Burst(count, since, numbers)


# The state is counted and not sought: asked for both, SQLite goes through all that are open.
_UNDER = select(func.count(case((_t.c.state.in_(ACTIVE), 1)))).where(
    _t.c.folded_under_id.in_(bindparam("numbers", expanding=True)), _t.c.folded_under_id.is_not(None)
)


async def count(session: AsyncSession, heads: Sequence[int]) -> int:
    """How many are folded under any of the tickets with these numbers."""
    return int((await plainly(session, _UNDER, {"numbers": list(heads)})).scalar_one())


async def page(session: AsyncSession, ticket: Ticket, start: int, most: int) -> list[Ticket]:
    """Those that are folded under it, in the order in which they came."""
    rows = select(Ticket).where(under(ticket.id)).order_by(Ticket.id).offset(start).limit(most)
    return list(await session.scalars(rows))


async def unfold(session: AsyncSession, ticket: Ticket, now: datetime, staff: Person | None = None) -> None:
    """It is something else after all: its card is posted, with what was said. Nothing happens to one that has one."""
    head_id, ticket.folded_under_id = ticket.folded_under_id, None
    if head_id is None:
        return
    await tickets.step(session, ticket, "unfold", ticket.state, now, staff)
    await session.flush()
    station = await tickets.station_of(session, ticket)
    await tickets.bring(session, ticket, station, now)
    await letters.card(session, await session.get_one(Ticket, head_id), station, now)


async def speaker(session: AsyncSession, ticket: Ticket) -> Ticket:
    """The ticket on whose card this one stands: itself, or the one it is folded under."""
    return ticket if ticket.folded_under_id is None else await session.get_one(Ticket, ticket.folded_under_id)


async def speaks_for(session: AsyncSession, ticket: Ticket, step: str) -> bool:
    """Whether this deadline is the ticket's own matter: nothing speaks for it that is due itself."""
    head = await speaker(session, ticket)
    return head is ticket or head.state not in ACTIVE or step not in dict(head.unmet())


async def succeed(session: AsyncSession, head: Ticket, now: datetime) -> None:
    """This ticket speaks for the others no more: the first of them does, and has a card from now on."""
    if head.burst_at is None:
        return
    await session.flush()
    first: Ticket | None = await session.scalar(select(Ticket).where(under(head.id)).order_by(Ticket.id).limit(1))
    if first is not None:
        await step_out(session, first, now)


async def step_out(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """This ticket gets its card, and the others that were folded with it are folded under it from now on."""
    head_id = ticket.folded_under_id
    if head_id is None:
        return
    ticket.burst_at = now
    await unfold(session, ticket, now)
    await _under_another(session, head_id, ticket.id)
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)


async def go_along(session: AsyncSession, head: Ticket, into: Ticket, now: datetime) -> None:
    """The head has been merged into another ticket: what is folded under it is folded under that one."""
    if head.burst_at is None:
        return
    into.burst_at = max(into.burst_at or head.burst_at, head.burst_at)
    await session.flush()
    await _under_another(session, head.id, into.id)


async def _under_another(session: AsyncSession, head_id: int, other_id: int) -> None:
    moved = update(Ticket).where(Ticket.folded_under_id == head_id, Ticket.id != other_id)
    await session.execute(moved.values(folded_under_id=other_id).execution_options(synchronize_session="fetch"))


# ---------------------------------------------------------------- what happens to the head happens to them


async def _folded(session: AsyncSession, head: Ticket, *which: ColumnElement[bool]) -> list[tuple[int, State, int]]:
    """Number, state and version of those under it, locked."""
    await session.flush()
    asked = select(_t.c.id, _t.c.state, _t.c.version).where(
        _t.c.folded_under_id == head.id, _t.c.state.in_(ACTIVE), *which
    )
    rows = await plainly(session, asked.order_by(_t.c.id).with_for_update())
    return [(number, State(state), version) for number, state, version in rows]


async def _steps(
    session: AsyncSession,
    these: Sequence[tuple[int, State, int]],
    action: Action,
    after: State | None,
    now: datetime,
    staff: Person | None,
    detail: dict[str, Any],
) -> None:
    """A line in the timeline of each."""
    common = {"at": now, "action": str(action), "staff_id": staff.id if staff else None, "detail": detail or None}
    rows = [
        {"ticket_id": number, "before": str(state), "after": str(after or state), **common}
        for number, state, _ in these
    ]
    await plainly(session, _WRITE_STEPS, rows)


async def _change(session: AsyncSession, head: Ticket, *which: ColumnElement[bool], **values: Any) -> None:
    known = [x for x in session.identity_map.values() if isinstance(x, Ticket) and x.folded_under_id == head.id]
    await session.execute(
        update(Ticket)
        .where(under(head.id), *which)
        .values(version=Ticket.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    for each in known:
        await session.refresh(each)


async def hold(
    session: AsyncSession, head: Ticket, staff: Person | None, holder: Person, house: House, now: datetime
) -> None:
    """Somebody has taken the head on, or was given it: what is folded under it is theirs too, and those who wait are
    told.
    """
    if head.burst_at is None:
        return
    new = or_(_t.c.state.in_(NEW), _t.c.claimed_by_id.is_(None))
    these = await _folded(session, head, new)
    if these:
        await _steps(session, these, Action.CLAIM, State.CLAIMED, now, staff, {"under": head.id})
        station = await tickets.station_of(session, head)
        waiting = await crowds.places(session, _r.c.ticket_id.in_(_numbers(head)))
        versions = {number: version + 1 for number, _, version in these}
        waiting = [place for place in waiting if place.ticket_id in versions]
        await crowds.notice(
            session,
            waiting,
            "ticket.claimed",
            house,
            now,
            lane=crowds.lane(len(waiting)),
            key=lambda place: f"claimed:{place.ticket_id}:{versions[place.ticket_id]}",
            about=lambda place: place.ticket_id,
            params=lambda place: {"station": station.names},
        )
    await _change(session, head, Ticket.state.in_(NEW), state=State.CLAIMED)
    await _change(session, head, claimed_by_id=holder.id, claim_due=None)


async def let_go(session: AsyncSession, head: Ticket, staff: Person, house: House, now: datetime) -> None:
    """The head was given back to the station: so is what is folded under it, and its time to be claimed begins anew."""
    if head.burst_at is None:
        return
    theirs = _t.c.claimed_by_id == staff.id
    these = await _folded(session, head, theirs, _t.c.state == State.CLAIMED)
    if not these:
        return
    await _steps(session, these, Action.RELEASE, State.NEW, now, staff, {"under": head.id})
    due = house.calendar.add(now, house.deadlines_of(head.category).claim)
    await _change(
        session,
        head,
        Ticket.claimed_by_id == staff.id,
        Ticket.state == State.CLAIMED,
        state=State.NEW,
        claimed_by_id=None,
        claim_level=0,
        claim_due=due,
    )


def _numbers(head: Ticket) -> Any:
    return select(_t.c.id).where(_t.c.folded_under_id == head.id, _t.c.state.in_(ACTIVE))


async def gather(session: AsyncSession, head: Ticket, staff: Person, house: House, now: datetime) -> int:
    """What is folded under this ticket becomes part of it: those who wait for it wait for the head, and are told so
    once. What is said to the head's students from now on reaches them all. Returns how many tickets.
    """
    if head.burst_at is None:
        return 0
    these = await _folded(session, head)
    if not these:
        return 0
    came = await _move_places(session, head)
    await _steps(session, these, Action.MERGE, State.MERGED, now, staff, {"into": head.id})
    await tickets.step(session, head, Action.TAKE_IN, head.state, now, staff, {"count": len(these)})
    earliest = (await session.execute(select(*map(func.min, _DUES)).where(under(head.id)))).one()
    for name, due in zip(("claim_due", "reply_due", "resolve_due"), earliest, strict=True):
        known = getattr(head, name)
        if due is not None and (known is None or due < known) and not (name == "claim_due" and head.claimed_by_id):
            setattr(head, name, due)
    numbers = [number for number, _, _ in these]
    parts = update(Ticket).where(Ticket.merged_into_id.in_(_numbers(head))).values(merged_into_id=head.id)
    await session.execute(parts.execution_options(synchronize_session="fetch"))
    merged = {"merged_into_id": head.id, "closed_at": now, "requesters": 0, "folded_under_id": None}
    await _change(session, head, state=State.MERGED, **merged)
    versions = {number: version + 1 for number, _, version in these}
    await crowds.notice(
        session,
        came,
        "ticket.merged",
        house,
        now,
        lane=crowds.lane(head.requesters),
        key=lambda place: f"merged:{place.ticket_id}:{versions[place.ticket_id]}",
        about=lambda place: head.id,
        params=lambda place: {"was": place.ticket_id},
        keyboard="view",
    )
    await letters.card(session, head, await tickets.station_of(session, head), now)
    return len(numbers)


_DUES = (Ticket.claim_due, Ticket.reply_due, Ticket.resolve_due)


async def _move_places(session: AsyncSession, head: Ticket) -> list[Place]:
    """As `merging` does it for one ticket: named students wait once, anonymous ones are compared with nobody."""
    asked = select(_r.c.id, _r.c.number, _r.c.person_id, _r.c.left).where(_r.c.ticket_id == head.id)
    there = (await plainly(session, asked)).all()
    last = max((row.number for row in there), default=0)
    named = {row.person_id: (row.id, row.left) for row in there if row.person_id is not None}
    coming = await crowds.places(session, _r.c.ticket_id.in_(_numbers(head)))
    move, stay, back = [], [], []
    for place in coming:
        origin = place.came_from_id or place.ticket_id
        same = named.get(place.person_id) if place.person_id is not None else None
        if same is None:
            last += 1
            move.append({"place": place.id, "into": head.id, "which": last, "origin": origin})
            if place.person_id is not None:
                named[place.person_id] = (place.id, False)
            continue
        stay.append({"place": place.id, "origin": place.ticket_id})
        if same[1]:
            back.append({"place": same[0]})
            named[place.person_id] = (same[0], False)
    for statement, rows in ((_MOVE, move), (_STAY, stay), (_COME_BACK, back)):
        if rows:
            await plainly(session, statement, rows)
    head.requesters += len(move) + len(back)
    for each in [x for x in session.identity_map.values() if isinstance(x, Requester)]:
        await session.refresh(each)
    return coming
