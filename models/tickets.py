"""A ticket and the rules that change it; what may be done in which state says the table in `models/lifecycle.py`.

Every rule takes the open session, the ticket, who acts and `now`; it changes the ticket through `_move`, writes what
happened into the timeline and leaves what has to be said in the outbox (`models/letters.py`). Two people who act at
once are settled by the ticket's version: the second one's transaction is undone and meets the ticket as the first one
left it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, Table, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import letters, requesters, stations, words
from models.base import Base, Json, Key, one_of
from models.database import plainly
from models.errors import Refusal
from models.house import House
from models.lifecycle import OPEN, TRANSITIONS, Action, Kind, State
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.vault import Vault
from models.words import Content, Side, Words


class Ticket(Base):
    """One matter of one or more students. It names no person: see `requesters`."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    """Also the number people see."""
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    category: Mapped[str]
    building: Mapped[str | None]
    subject: Mapped[str]
    """The first words, shortened, for lists."""
    folded: Mapped[str]
    """The same without what does not matter for likeness: what the search for similar tickets reads."""
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    from_station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    """While it is offered to another place: where it returns when nobody accepts (首接负责)."""
    state: Mapped[State] = mapped_column(one_of(State))
    version: Mapped[int] = mapped_column()
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    escalation: Mapped[int] = mapped_column(default=0)
    """0 station, 1 lead, 2 office, 3 supervisor (督办)."""
    urged: Mapped[int] = mapped_column(default=0)
    urged_at: Mapped[datetime | None]
    requesters: Mapped[int] = mapped_column(default=1)
    """How many wait for it; joiners raise the priority."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    filed_at: Mapped[datetime]
    claim_due: Mapped[datetime | None]
    reply_due: Mapped[datetime | None]
    resolve_due: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    """The first public words of a human; bot messages never count."""
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reopenings: Mapped[int] = mapped_column(default=0)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (
        Index("ix_tickets_station_id_state", "station_id", "state"),
        Index("ix_tickets_state_building", "state", "building"),
        Index("ix_tickets_state_category", "state", "category"),
    )

    @property
    def priority(self) -> int:
        """0 ordinary, 1 several students or urged, 2 many students or escalated."""
        if self.requesters >= 10 or self.escalation >= 2:
            return 2
        return 1 if self.requesters >= 3 or self.urged or self.escalation else 0


class Event(Base):
    """One step in a ticket's timeline. `staff_id` is never a student: who they are stands with the requesters only."""

    __tablename__ = "ticket_events"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime]
    action: Mapped[str]
    before: Mapped[str | None]
    after: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)


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


SUBJECT_LENGTH = 200
FOLDED_LENGTH = 400
URGE_PAUSE_HOURS = 24
REOPEN_DAYS = 30


_WITH_ITS_STATION = (
    select(Ticket, Station).join(Station, Station.id == Ticket.station_id).where(Ticket.id == bindparam("number"))
)


async def get(session: AsyncSession, ticket_id: int) -> Ticket:
    """The ticket with this number; whoever asks for its station next asks no question. Raises Refusal when there is
    none.
    """
    found = (await session.execute(_WITH_ITS_STATION, {"number": ticket_id})).first()
    if found is None:
        raise Refusal("ticket.unknown", number=ticket_id)
    ticket: Ticket = found[0]
    return ticket


_WITH_WHO_WAITS = (
    select(Ticket, Station, Requester)
    .join(Station, Station.id == Ticket.station_id)
    .join(Requester, (Requester.ticket_id == Ticket.id) & Requester.left.is_(False))
    .where(Ticket.id == bindparam("number"))
)


async def place_of(session: AsyncSession, ticket_id: int, person: Person, vault: Vault) -> tuple[Ticket, Requester]:
    """A ticket and this person's place in it. Raises Refusal when they have none: a number that is not theirs might as
    well not exist.
    """
    for ticket, _, requester in await session.execute(_WITH_WHO_WAITS, {"number": ticket_id}):
        if requesters.is_of(requester, person, vault):
            return ticket, requester
    raise Refusal("ticket.unknown", number=ticket_id)


async def timeline(session: AsyncSession, ticket_id: int) -> list[Event]:
    """Everything that happened to a ticket, oldest first."""
    return list(await session.scalars(select(Event).where(Event.ticket_id == ticket_id).order_by(Event.id)))


def allowed(ticket: Ticket, action: Action) -> bool:
    """Whether the table lets this happen to the ticket as it stands."""
    return (ticket.state, action) in TRANSITIONS


def next_deadline(ticket: Ticket) -> tuple[str, datetime] | None:
    """The deadline that counts now, as claim, reply or resolve: the first that is still to be met.

    While the student has been asked something the resolution waits for them.
    """
    if ticket.claimed_by_id is None and ticket.claim_due is not None:
        return "claim", ticket.claim_due
    if ticket.replied_at is None and ticket.reply_due is not None:
        return "reply", ticket.reply_due
    if ticket.resolve_due is not None and ticket.state is not State.WAITING:
        return "resolve", ticket.resolve_due
    return None


async def _move(
    session: AsyncSession,
    ticket: Ticket,
    action: Action,
    now: datetime,
    staff: Person | None = None,
    **detail: Any,
) -> None:
    before = ticket.state
    after = TRANSITIONS.get((before, action))
    if after is None:
        raise Refusal(f"refused.{action}", number=ticket.id, state=before)
    await _step(session, ticket, action, after, now, staff, detail)
    if after is not before:
        # Setting what is set already would make the session look for changes.
        ticket.state = after


FILED = "file"
"""The first step: there was no state before."""
_WRITE_STEP = insert(cast(Table, Event.__table__))


async def _step(
    session: AsyncSession,
    ticket: Ticket,
    action: str,
    after: State,
    now: datetime,
    staff: Person | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """One line of the timeline; not as an object, because nobody changes or asks for it in this transaction."""
    before = ticket.state if action != FILED else None
    line = {"ticket_id": ticket.id, "at": now, "action": str(action), "before": before, "after": after}
    await plainly(session, _WRITE_STEP, line | {"staff_id": staff.id if staff else None, "detail": detail or None})


# ---------------------------------------------------------------- what a student does


async def file(session: AsyncSession, draft: Draft, filer: Person, house: House, now: datetime) -> Ticket:
    """Make a ticket of a draft: route it, date it, keep its words, post its card. The caller writes the receipt.

    Raises Refusal when the draft has no words.
    """
    if not draft.contents:
        raise Refusal("draft.empty")
    station = await stations.receiving(session, house.desk_for(draft.building, draft.category))
    deadlines = house.deadlines[draft.category]
    text = " ".join(str(c["text"]) for c in draft.contents if c.get("text"))
    ticket = Ticket(
        kind=draft.kind,
        category=draft.category,
        building=draft.building,
        subject=" ".join(text.split())[:SUBJECT_LENGTH],
        folded=house.fold(text)[:FOLDED_LENGTH],
        station_id=station.id,
        state=State.NEW,
        filed_at=now,
        claim_due=house.calendar.add(now, deadlines.claim),
        reply_due=house.calendar.add(now, deadlines.reply),
        resolve_due=house.calendar.add(now, deadlines.resolve),
    )
    session.add(ticket)
    await session.flush()
    requester = requesters.make(ticket.id, 1, filer, anonymous=draft.anonymous, vault=house.vault)
    session.add(requester)
    await session.flush()
    await _step(session, ticket, FILED, State.NEW, now)
    await letters.card(session, ticket, station, now)
    said = [
        await _keep(session, ticket, Side.STUDENT, content, house, now, source, requester=requester)
        for content, source in zip(draft.contents, draft.sources, strict=True)
    ]
    for each in words.below_card(said, now):
        await letters.relay_to_station(session, ticket, each, station, now)
    return ticket


async def join(
    session: AsyncSession, ticket: Ticket, person: Person, anonymous: bool, house: House, now: datetime
) -> Requester:
    """One more student waits for this ticket: every answer reaches them too.

    Raises Refusal when the ticket is no longer open or they are among its requesters already.
    """
    if await requesters.find(session, ticket.id, person, house.vault) is not None:
        raise Refusal("join.already", number=ticket.id)
    if ticket.state is State.RESOLVED:
        raise Refusal("refused.join", number=ticket.id, state=ticket.state)
    await _move(session, ticket, Action.JOIN, now)
    last = await session.scalar(select(func.max(Requester.number)).where(Requester.ticket_id == ticket.id))
    requester = requesters.make(ticket.id, (last or 0) + 1, person, anonymous=anonymous, vault=house.vault)
    session.add(requester)
    ticket.requesters += 1
    await session.flush()
    await letters.card(session, ticket, await _station(session, ticket), now)
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

    Raises Refusal when the ticket has ended.
    """
    if ticket.state is State.RESOLVED:
        await reopen(session, ticket, requester, house, now)
    station, before = await _station(session, ticket), ticket.state
    await _move(session, ticket, Action.ADD, now)
    said = []
    for content, source in contents:
        kept = await _keep(session, ticket, Side.STUDENT, content, house, now, source, requester=requester)
        await letters.relay_to_station(session, ticket, kept, station, now)
        said.append(kept)
    if ticket.state is not before:
        # Otherwise the card shows nothing new, and the window of a group is small (20 a minute, edits too).
        await letters.card(session, ticket, station, now)
    return said


async def urge(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """A requester asks for haste (催办): counted, shown on the card, said in the station's chat; at most once a day.

    Raises Refusal when it was urged within the last `URGE_PAUSE_HOURS` hours or has ended.
    """
    if ticket.urged_at is not None and (now - ticket.urged_at).total_seconds() < URGE_PAUSE_HOURS * 3600:
        raise Refusal("urge.too_soon", number=ticket.id)
    await _move(session, ticket, Action.URGE, now)
    ticket.urged += 1
    ticket.urged_at = now
    station = await _station(session, ticket)
    await letters.card(session, ticket, station, now)
    await letters.to_station(session, station, "station.urged", now, ticket=ticket, times=ticket.urged)


async def withdraw(session: AsyncSession, ticket: Ticket, requester: Requester, now: datetime) -> None:
    """A requester no longer wants it. The ticket itself ends only when nobody else waits for it."""
    if ticket.requesters > 1:
        if not allowed(ticket, Action.WITHDRAW):
            raise Refusal("refused.withdraw", number=ticket.id, state=ticket.state)
        requester.left = True
        ticket.requesters -= 1
        await _step(session, ticket, "leave", ticket.state, now)
    else:
        await _move(session, ticket, Action.WITHDRAW, now)
        ticket.closed_at = now
    await letters.card(session, ticket, await _station(session, ticket), now)


async def confirm(session: AsyncSession, ticket: Ticket, requester: Requester, now: datetime) -> None:
    """A requester says that it is really fixed; the filer's word closes the ticket."""
    if ticket.state is State.RESOLVED and requester.number > 1:
        await _step(session, ticket, "confirm", ticket.state, now)
    else:
        await _move(session, ticket, Action.CONFIRM, now)
        ticket.closed_at = ticket.closed_at or now
    requester.solved = True
    await letters.card(session, ticket, await _station(session, ticket), now)


async def rate(session: AsyncSession, ticket: Ticket, requester: Requester, rating: int, now: datetime) -> None:
    """A requester's satisfaction, 1–5; a later rating replaces the earlier. Raises Refusal outside 1–5."""
    if rating not in range(1, 6):
        raise Refusal("rate.range")
    await _move(session, ticket, Action.RATE, now)
    requester.rating = rating
    await letters.card(session, ticket, await _station(session, ticket), now)


async def remark(session: AsyncSession, ticket: Ticket, requester: Requester, text: str, now: datetime) -> None:
    """The optional word with a rating."""
    requester.remark = text[:1000]
    await letters.card(session, ticket, await _station(session, ticket), now)


async def reopen(
    session: AsyncSession, ticket: Ticket, requester: Requester | None, house: House, now: datetime
) -> None:
    """It is not fixed after all: the clocks start again.

    Raises Refusal when it was closed more than `REOPEN_DAYS` days ago or is not closed.
    """
    if ticket.closed_at is not None and (now - ticket.closed_at).days >= REOPEN_DAYS:
        raise Refusal("reopen.too_late", number=ticket.id, days=REOPEN_DAYS)
    await _move(session, ticket, Action.REOPEN, now)
    if requester is not None:
        requester.solved = False
    deadlines = house.deadlines[ticket.category]
    ticket.reopenings += 1
    ticket.resolved_at = ticket.closed_at = None
    ticket.claimed_by_id, ticket.escalation = None, 0
    ticket.claim_due = house.calendar.add(now, deadlines.claim)
    ticket.reply_due = None
    ticket.resolve_due = house.calendar.add(now, deadlines.resolve)
    station = await _station(session, ticket)
    await letters.card(session, ticket, station, now)
    await letters.to_station(session, station, "station.reopened", now, ticket=ticket)


async def edit(session: AsyncSession, said: Words, content: Content, now: datetime) -> None:
    """Words were edited where they were written: the other side's copy follows and says so. Notes only change."""
    ticket = await get(session, said.ticket_id)
    # The courier may be writing down a copy of these words right now: one of the two sees what the other did.
    await session.refresh(said, with_for_update=True)
    below = await _below_card(session, ticket)
    if not await words.change(session, said, content, now):
        return
    station = await _station(session, ticket)
    await letters.edited(session, said, now)
    for each in await _below_card(session, ticket):
        # The card has become too small for what is said now.
        if each not in below:
            await letters.relay_to_station(session, ticket, each, station, now)
    await letters.card(session, ticket, station, now)


# ---------------------------------------------------------------- what staff do


async def claim(session: AsyncSession, ticket: Ticket, staff: Person, now: datetime) -> None:
    """Take a ticket on. Raises Refusal naming who has it when somebody was quicker."""
    if ticket.state not in (State.NEW, State.REOPENED) and ticket.claimed_by_id is not None:
        holder = await session.get_one(Person, ticket.claimed_by_id)
        raise Refusal("claim.taken", number=ticket.id, name=holder.name)
    await _move(session, ticket, Action.CLAIM, now, staff)
    _hold(ticket, staff)
    station = await _station(session, ticket)
    await letters.card(session, ticket, station, now)
    dedupe = f"claimed:{ticket.id}:{ticket.version}"
    await letters.to_requesters(session, ticket, "ticket.claimed", now, dedupe=dedupe, station=station.names)


async def release(session: AsyncSession, ticket: Ticket, staff: Person, now: datetime) -> None:
    """Give a claimed ticket back to the station. Raises Refusal when somebody else holds it."""
    if ticket.claimed_by_id != staff.id:
        raise Refusal("release.not_yours", number=ticket.id)
    await _move(session, ticket, Action.RELEASE, now, staff)
    ticket.claimed_by_id = None
    await letters.card(session, ticket, await _station(session, ticket), now)


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
    await _move(session, ticket, Action.ASK if asks else Action.ANSWER, now, staff)
    if ticket.claimed_by_id is None:
        _hold(ticket, staff)
    ticket.replied_at = ticket.replied_at or now
    said = await _keep(session, ticket, Side.STAFF, content, house, now, source, staff=staff)
    for requester in await requesters.waiting.about(session, ticket.id):
        await letters.relay_to_requester(session, ticket, said, requester, now, asks=asks)
    await letters.card(session, ticket, await _station(session, ticket), now)
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
    await _move(session, ticket, Action.NOTE, now, staff)
    await _keep(session, ticket, Side.NOTE, content, house, now, source, staff=staff)
    await letters.card(session, ticket, await _station(session, ticket), now)


async def transfer(
    session: AsyncSession, ticket: Ticket, staff: Person, to: Station, reason: str, now: datetime
) -> None:
    """Offer a ticket to another place; until it is accepted the first one stays responsible (首接负责).

    Raises Refusal when it is there already or that place has no chat.
    """
    if to.id == ticket.station_id:
        raise Refusal("transfer.same", number=ticket.id)
    if to.chat_id is None or to.closed:
        raise Refusal("transfer.no_chat", station=to.names)
    first = await _station(session, ticket)
    await _move(session, ticket, Action.TRANSFER, now, staff, to=to.key, reason=reason)
    ticket.from_station_id, ticket.station_id = first.id, to.id
    ticket.claimed_by_id = None
    await letters.card(session, ticket, first, now)
    await letters.card(session, ticket, to, now)
    for said in await _below_card(session, ticket):
        await letters.relay_to_station(session, ticket, said, to, now)


async def accept(session: AsyncSession, ticket: Ticket, staff: Person, now: datetime) -> None:
    """The other place takes the ticket over; whoever accepts has it."""
    first_id = ticket.from_station_id
    await _move(session, ticket, Action.ACCEPT, now, staff)
    _hold(ticket, staff)
    ticket.from_station_id = None
    station = await _station(session, ticket)
    await letters.card(session, ticket, station, now)
    if first_id is not None:
        await letters.card(session, ticket, await session.get_one(Station, first_id), now)
    dedupe = f"moved:{ticket.id}:{ticket.version}"
    await letters.to_requesters(session, ticket, "ticket.moved", now, dedupe=dedupe, station=station.names)


async def give_back(session: AsyncSession, ticket: Ticket, staff: Person | None, reason: str, now: datetime) -> None:
    """The other place declines, or nobody there accepted in time: the ticket is its first station's again."""
    offered = await _station(session, ticket)
    first_id = ticket.from_station_id
    await _move(session, ticket, Action.RETURN, now, staff, reason=reason)
    if first_id is not None:
        ticket.station_id, ticket.from_station_id = first_id, None
    first = await _station(session, ticket)
    await letters.card(session, ticket, offered, now)
    await letters.card(session, ticket, first, now)
    await letters.to_station(
        session, first, "station.returned", now, ticket=ticket, station=offered.names, reason=reason
    )


async def resolve(session: AsyncSession, ticket: Ticket, staff: Person, reason: str, now: datetime) -> None:
    """Staff say that it is done and why; everybody who waits is asked whether it is really fixed."""
    await _move(session, ticket, Action.RESOLVE, now, staff, reason=reason)
    if ticket.claimed_by_id is None:
        _hold(ticket, staff)
    ticket.replied_at = ticket.replied_at or now
    ticket.resolved_at = now
    await letters.card(session, ticket, await _station(session, ticket), now)
    await letters.to_requesters(
        session,
        ticket,
        "ticket.fixed",
        now,
        dedupe=f"fixed:{ticket.id}:{ticket.version}",
        keyboard="fixed",
        reason=reason,
    )


# ---------------------------------------------------------------- what the clock does


async def close_unanswered(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """Nobody objected in time: the ticket closes without a word on whether it is fixed."""
    await _move(session, ticket, Action.CLOSE, now)
    ticket.closed_at = now
    await letters.card(session, ticket, await _station(session, ticket), now)


async def escalate(session: AsyncSession, ticket: Ticket, level: int, overdue: str, now: datetime) -> None:
    """A deadline has passed: the next level up is told (督办). `overdue` is claim, reply or resolve."""
    await _move(session, ticket, Action.ESCALATE, now, level=level, overdue=overdue)
    ticket.escalation = level
    await letters.card(session, ticket, await _station(session, ticket), now)


async def post_open_cards(session: AsyncSession, station: Station, now: datetime) -> int:
    """A place has a (new) chat: every open ticket of its own gets its card there, with what came with it. Returns how
    many.
    """
    rows = await session.scalars(
        select(Ticket).where(Ticket.station_id == station.id, Ticket.state.in_(OPEN)).order_by(Ticket.id)
    )
    count = 0
    for ticket in rows:
        await letters.card(session, ticket, station, now)
        for said in await _below_card(session, ticket):
            await letters.relay_to_station(session, ticket, said, station, now)
        count += 1
    return count


# ---------------------------------------------------------------- shared


async def _below_card(session: AsyncSession, ticket: Ticket) -> list[Words]:
    return words.below_card(
        [w for w in await words.said.about(session, ticket.id) if w.side is Side.STUDENT], ticket.filed_at
    )


async def _station(session: AsyncSession, ticket: Ticket) -> Station:
    return await session.get_one(Station, ticket.station_id)


def _hold(ticket: Ticket, staff: Person) -> None:
    ticket.claimed_by_id = staff.id
    ticket.claim_due = None


async def _keep(
    session: AsyncSession,
    ticket: Ticket,
    side: Side,
    content: Content,
    house: House,
    now: datetime,
    source: tuple[int, int],
    *,
    requester: Requester | None = None,
    staff: Person | None = None,
) -> Words:
    return await words.write(
        session,
        ticket_id=ticket.id,
        side=side,
        requester_id=requester.id if requester else None,
        staff_id=staff.id if staff else None,
        content={key: value for key, value in content.items() if key != "album"},
        album=content.get("album"),
        source_tag=house.vault.tag("source", *source),
        at=now,
    )
