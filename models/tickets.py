"""A ticket, its timeline, and what every rule that changes it stands on.

The rules stand beside it by who acts: `asking.py` what students do, `answering.py` what staff do, `deadlines.py` what
time does, `seating.py` what becomes of all that a place has when its chat changes or it is closed; what may be done in
which state says the table in `lifecycle.py`. Every rule takes the open session, the ticket, who acts and `now`; it
changes the ticket through `move`, writes what happened into the timeline and leaves what has to be said in the outbox
(`letters.py`). Two people who act at once are settled by the ticket's version: the second one's transaction is undone
and meets the ticket as the first one left it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, Table, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from models import copies, letters, requesters, words
from models.base import Base, Json, Key, one_of, only
from models.errors import Refusal
from models.house import House
from models.lifecycle import TRANSITIONS, Action, Kind, State
from models.people import Person
from models.requesters import Requester
from models.sessions import plainly
from models.stations import Station
from models.vault import Vault
from models.words import Content, Side, Words

_COUNTED = (
    "filed_at",
    "station_id",
    "from_station_id",
    "state",
    "reply_due",
    "replied_at",
    "resolve_due",
    "resolved_at",
    "closed_at",
    "category",
    "building",
)


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
    marks: Mapped[bytes] = mapped_column(LargeBinary)
    """And how much of it two texts share at most (`similar.py`)."""
    sought: Mapped[bool] = mapped_column(default=True)
    """It is among those that are offered to others; long after it has ended it is not."""
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    from_station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    """While it is offered to another place: where it returns when nobody accepts (首接负责)."""
    from_holder_id: Mapped[int | None] = mapped_column(Key)
    """And who had it there: it is theirs again when it returns."""
    state: Mapped[State] = mapped_column(one_of(State))
    version: Mapped[int] = mapped_column()
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    claim_level: Mapped[int] = mapped_column(default=0)
    """How far the deadline to claim it has been escalated (督办): 0 station, 1 lead, 2 office, 3 supervisor."""
    reply_level: Mapped[int] = mapped_column(default=0)
    resolve_level: Mapped[int] = mapped_column(default=0)
    urged: Mapped[int] = mapped_column(default=0)
    urged_at: Mapped[datetime | None]
    requesters: Mapped[int] = mapped_column(default=1)
    """How many wait for it; joiners raise the priority."""
    raised: Mapped[int] = mapped_column(default=0)
    """The priority that staff have given it; what counts is the higher of this and its own."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    split_from_id: Mapped[int | None] = mapped_column(Key)
    follows_id: Mapped[int | None] = mapped_column(Key)
    """The ticket it goes on from (`following.py`)."""
    project_id: Mapped[int | None] = mapped_column(Key, index=True)
    folded_under_id: Mapped[int | None] = mapped_column(Key)
    """The ticket on whose card it stands, because very many were filed about one matter (`bursts.py`)."""
    burst_at: Mapped[datetime | None]
    """When another was last put under this one."""
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
        Index("ix_tickets_state_closed_at", "state", "closed_at"),
        Index("ix_tickets_building", "building"),
        Index("ix_tickets_from_station_id", "from_station_id", **only("from_station_id IS NOT NULL")),
        # All that figures are counted of: of a hundred thousand tickets none has to be looked up.
        Index("ix_tickets_figures", *_COUNTED),
        Index("ix_tickets_folded_under_id", "folded_under_id", **only("folded_under_id IS NOT NULL")),
        Index("ix_tickets_burst", "station_id", "burst_at", **only("burst_at IS NOT NULL")),
        Index("ix_tickets_filed", "station_id", "category", "filed_at", **only("folded_under_id IS NULL")),
        Index("ix_tickets_swept", "closed_at", **only("sought = true AND closed_at IS NOT NULL")),
        Index("ix_tickets_follows_id", "follows_id", **only("follows_id IS NOT NULL")),
    )

    def unmet(self) -> list[tuple[str, datetime]]:
        """The deadlines that are still to be met, as claim, reply or resolve."""
        steps = (
            ("claim", self.claim_due, self.claimed_by_id is None),
            ("reply", self.reply_due, self.replied_at is None),
            ("resolve", self.resolve_due, self.resolved_at is None),
        )
        return [(step, due) for step, due, open_ in steps if open_ and due is not None]

    def level(self, step: str) -> int:
        """How far this deadline has been escalated; each climbs for itself."""
        return int(getattr(self, f"{step}_level"))

    @property
    def escalation(self) -> int:
        """The highest level that has been told of a deadline still to be met."""
        return max((self.level(step) for step, _ in self.unmet()), default=0)

    @property
    def priority(self) -> int:
        """0 ordinary, 1 several students or urged, 2 many students or escalated; or as high as staff have put it."""
        if self.requesters >= 10 or self.escalation >= 2:
            return 2
        return max(self.raised, 1 if self.requesters >= 3 or self.urged or self.escalation else 0)


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


class Tag(Base):
    """A word by which staff find a ticket again."""

    __tablename__ = "ticket_tags"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index("ix_ticket_tags_tag", "tag"),)


FOLDED_LENGTH = 400


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


AT_ONCE = 100


async def one_by_one(session: AsyncSession, *which: ColumnElement[bool]) -> AsyncIterator[Ticket]:
    """The tickets that these conditions are true of, in the order of their numbers. There may be very many, so they are
    read some at a time, and after each others have their turn in the loop.
    """
    last = 0
    while True:
        page = select(Ticket).where(Ticket.id > last, *which).order_by(Ticket.id).limit(AT_ONCE)
        found = (await session.scalars(page)).all()
        for ticket in found:
            yield ticket
            await asyncio.sleep(0)
        if len(found) < AT_ONCE:
            return
        last = found[-1].id


async def several(
    session: AsyncSession, numbers: Sequence[int], *, states: Sequence[State] = tuple(State), most: int | None = None
) -> list[Ticket]:
    """Of the tickets with these numbers those in one of these states, the newest first, at most so many."""
    found = await session.scalars(
        select(Ticket).where(Ticket.id.in_(numbers), Ticket.state.in_(states)).order_by(Ticket.id.desc()).limit(most)
    )
    return list(found)


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
    number: int | None = ticket_id
    while number is not None:
        for ticket, _, requester in await session.execute(_WITH_WHO_WAITS, {"number": number}):
            if requesters.is_of(requester, person, vault):
                return ticket, requester
        # Buttons under earlier letters bear the number of a ticket that has been merged since.
        number = await session.scalar(select(Ticket.merged_into_id).where(Ticket.id == number))
    raise Refusal("ticket.unknown", number=ticket_id)


async def timeline(session: AsyncSession, ticket_id: int) -> list[Event]:
    """Everything that happened to a ticket, oldest first."""
    return list(await session.scalars(select(Event).where(Event.ticket_id == ticket_id).order_by(Event.id)))


async def last_reason(session: AsyncSession, ticket: Ticket, action: Action) -> Any:
    """Why this was last done to the ticket, in somebody's own words or by language; None when nobody said why."""
    detail: dict[str, Any] | None = await session.scalar(
        select(Event.detail)
        .where(Event.ticket_id == ticket.id, Event.action == str(action))
        .order_by(Event.id.desc())
        .limit(1)
    )
    return (detail or {}).get("reason")


async def origin(session: AsyncSession, ticket_id: int) -> str | None:
    """Which system filed it, when no student did."""
    filed = select(Event.detail).where(Event.ticket_id == ticket_id, Event.action == FILED)
    return ((await session.scalar(filed.limit(1))) or {}).get("origin")


def allowed(ticket: Ticket, action: Action) -> bool:
    """Whether the table lets this happen to the ticket as it stands."""
    return (ticket.state, action) in TRANSITIONS


async def move(
    session: AsyncSession,
    ticket: Ticket,
    action: Action,
    now: datetime,
    staff: Person | None = None,
    **detail: Any,
) -> None:
    """Do this to the ticket: its next state, and a line in its timeline. Raises Refusal when the table does not let
    it.
    """
    before = ticket.state
    after = TRANSITIONS.get((before, action))
    if after is None:
        raise Refusal(f"refused.{action}", number=ticket.id, state=before)
    await must_stand(session, ticket)
    await step(session, ticket, action, after, now, staff, detail)
    if after is not before:
        # Setting what is set already would make the session look for changes.
        ticket.state = after


_VERSION = (
    select(Ticket.__table__.c.version)
    .where(Ticket.__table__.c.id == bindparam("number"))
    .with_for_update(key_share=True)
)


async def must_stand(session: AsyncSession, ticket: Ticket) -> None:
    """Nobody else does anything to the ticket before this transaction ends. Raises StaleDataError when somebody has
    changed it since it was read: its version alone would not tell where only a step is written, and steps would stand
    in another order than they were taken. SQLite has one writer: what it has read stands.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    version = (await plainly(session, _VERSION, {"number": ticket.id})).scalar()
    if version != ticket.version:
        raise StaleDataError(f"ticket {ticket.id} was changed by somebody else")


FILED = "file"
"""The first step: there was no state before."""
_WRITE_STEP = insert(cast(Table, Event.__table__))


async def step(
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


async def edit(session: AsyncSession, said: Words, content: Content, now: datetime) -> None:
    """Words were edited where they were written: the other side's copy follows and says so. Notes only change."""
    ticket = await get(session, said.ticket_id)
    # The courier may be writing down a copy of these words right now: one of the two sees what the other did.
    await session.refresh(said, with_for_update=True)
    below = await below_card(session, ticket)
    if not await words.change(session, said, content, now):
        return
    station = await station_of(session, ticket)
    await copies.edited(session, said, now)
    for each in await below_card(session, ticket):
        # The card has become too small for what is said now.
        if each not in below:
            await letters.relay_to_station(session, ticket, each, station, now)
    await letters.card(session, ticket, station, now)


async def bring(session: AsyncSession, ticket: Ticket, station: Station, now: datetime) -> None:
    """The ticket's card in this place's chat, and below it those of the students' words that are not there yet."""
    there = await copies.words_there(session, ticket, station)
    await letters.card(session, ticket, station, now)
    for said in await below_card(session, ticket):
        if said.id not in there:
            await letters.relay_to_station(session, ticket, said, station, now)


async def below_card(session: AsyncSession, ticket: Ticket) -> list[Words]:
    """What the students have said that the card does not show whole."""
    return words.below_card(
        [w for w in await words.said.about(session, ticket.id) if w.side is Side.STUDENT], ticket.filed_at
    )


async def station_of(session: AsyncSession, ticket: Ticket) -> Station:
    """The place that has the ticket now."""
    return await session.get_one(Station, ticket.station_id)


async def places_of(session: AsyncSession, ticket: Ticket) -> list[Station]:
    """Every place that has to do with it now: the one that has it, and while it is offered there also the first."""
    here = await station_of(session, ticket)
    return [here] if ticket.from_station_id is None else [here, await responsible(session, ticket)]


async def redraw(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    """Its cards follow what it is now."""
    for place in await places_of(session, ticket):
        await letters.card(session, ticket, place, now)


async def gone_on_as(session: AsyncSession, ticket: Ticket) -> Ticket:
    """The ticket itself, or the one it has been merged into."""
    return await get(session, ticket.merged_into_id) if ticket.merged_into_id is not None else ticket


def start_again(ticket: Ticket, house: House, now: datetime) -> None:
    """It had been dealt with and is open again: nobody has it, and the clocks begin anew. The first reply has been
    given: its deadline counts no more, and the figures still ask whether it was kept.
    """
    ticket.reopenings += 1
    ticket.sought = True
    # Whoever says that it is not fixed is not one of many: staff see it by itself.
    ticket.folded_under_id = None
    ticket.resolved_at = ticket.closed_at = None
    to_be_claimed(ticket, house, now)
    ticket.reply_level, ticket.resolve_level = 0, 0
    ticket.resolve_due = house.calendar.add(now, house.deadlines_of(ticket.category).resolve)


async def responsible(session: AsyncSession, ticket: Ticket) -> Station:
    """The place that its deadlines are a matter of: while it is only offered to another, still the first (首接负责)."""
    return await session.get_one(Station, ticket.from_station_id or ticket.station_id)


def hold(ticket: Ticket, staff: Person) -> None:
    """From now on this is theirs."""
    ticket.claimed_by_id = staff.id
    ticket.claim_due = None


def to_be_claimed(ticket: Ticket, house: House, now: datetime) -> None:
    """Nobody has it now: the time to claim it begins."""
    ticket.claimed_by_id, ticket.claim_level = None, 0
    ticket.claim_due = house.calendar.add(now, house.deadlines_of(ticket.category).claim)


async def keep(
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
    """Write down what was said; where it came from only as a keyed tag."""
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
