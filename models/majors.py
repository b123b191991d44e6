"""Major matters (重大事项): a station brings a ticket before the supervisors, and what they approve goes on to the
report readers of the Party committee (mission.md, measures 2 and 3). Times and decisions are kept.

    proposed ─▶ approved ─▶ in the readers' private chats ─▶ each confirms receipt
             └▶ sent back with a reason ─▶ may be proposed again
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import cases, letters, outbox, tickets
from models.base import Base, Key, one_of
from models.errors import Refusal
from models.outbox import Lane, Repeat
from models.people import Person, Role
from models.questions import Question
from models.tickets import Ticket
from models.vault import Vault

NEW_READERS_FOR = timedelta(days=30)
"""So long after the decision a reader who becomes known to the bot still receives it."""


class MajorState(enum.StrEnum):
    """What has come of it."""

    PROPOSED = "proposed"
    SENT_BACK = "sent_back"
    APPROVED = "approved"


class Major(Base):
    """A ticket brought before the supervisors once."""

    __tablename__ = "major_matters"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    state: Mapped[MajorState] = mapped_column(one_of(MajorState))
    version: Mapped[int] = mapped_column()
    reason: Mapped[str]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    remark: Mapped[str | None]
    """Why it was sent back."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)


class MajorReceipt(Base):
    """A report reader has confirmed that they have it."""

    __tablename__ = "major_receipts"

    major_id: Mapped[int] = mapped_column(ForeignKey("major_matters.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    at: Mapped[datetime]


of_ticket = Question[Major](select(Major).order_by(Major.id), Major.ticket_id)
"""Each time a ticket was brought before the supervisors, in order."""


async def get(session: AsyncSession, number: int) -> Major:
    """The matter with this number. Raises Refusal when there is none."""
    major = await session.get(Major, number)
    if major is None:
        raise Refusal("major.unknown")
    return major


async def propose(session: AsyncSession, ticket: Ticket, staff: Person, reason: str, now: datetime) -> Major:
    """Staff bring a ticket before the supervisors. Raises Refusal when it is there or was approved, and when the
    supervisors have no group.
    """
    # Whoever else proposes it has done so by now, or waits: its version would not tell, as nothing of it changes.
    await tickets.must_stand(session, ticket)
    earlier = await of_ticket.about(session, ticket.id)
    if earlier and earlier[-1].state is not MajorState.SENT_BACK:
        raise Refusal("major.already", number=ticket.id)
    room = await cases.room(session)
    if room is None or room.chat_id is None:
        raise Refusal("major.no_supervisors")
    major = Major(
        ticket_id=ticket.id, state=MajorState.PROPOSED, reason=reason, proposed_by_id=staff.id, proposed_at=now
    )
    session.add(major)
    await session.flush()
    await tickets.step(session, ticket, "major", ticket.state, now, staff, {"reason": reason})
    await _write(session, major, room.chat_id, now, f"major:{major.id}")
    await _card(session, ticket, now)
    station = await tickets.station_of(session, ticket)
    await letters.to_station(session, station, "major.told.proposed", now, ticket=ticket, name=staff.name)
    return major


async def approve(session: AsyncSession, major: Major, supervisor: Person, vault: Vault, now: datetime) -> int:
    """A supervisor lets it go to the report readers. Returns to how many of them. Raises Refusal when it is decided."""
    _decide(major, supervisor, MajorState.APPROVED, now)
    ticket = await tickets.get(session, major.ticket_id)
    await tickets.step(session, ticket, "major_approved", ticket.state, now, supervisor)
    readers = await deliver(session, major, vault, now)
    await _card(session, ticket, now)
    station = await tickets.station_of(session, ticket)
    await letters.to_station(session, station, "major.told.approved", now, ticket=ticket, name=supervisor.name)
    return readers


async def send_back(session: AsyncSession, major: Major, supervisor: Person, remark: str, now: datetime) -> None:
    """A supervisor does not, and says why. Raises Refusal when it is decided."""
    _decide(major, supervisor, MajorState.SENT_BACK, now)
    major.remark = remark
    ticket = await tickets.get(session, major.ticket_id)
    await tickets.step(session, ticket, "major_sent_back", ticket.state, now, supervisor, {"reason": remark})
    await _card(session, ticket, now)
    station = await tickets.station_of(session, ticket)
    await letters.to_station(
        session, station, "major.told.sent_back", now, ticket=ticket, name=supervisor.name, remark=remark
    )


def _decide(major: Major, supervisor: Person, state: MajorState, now: datetime) -> None:
    if major.state is not MajorState.PROPOSED:
        raise Refusal("major.decided", number=major.ticket_id)
    major.state, major.decided_by_id, major.decided_at = state, supervisor.id, now


async def deliver(session: AsyncSession, major: Major, vault: Vault, now: datetime) -> int:
    """Bring it to every report reader who does not have it yet. Returns how many readers there are."""
    readers = await cases.holding(session, Role.READER)
    for reader in readers:
        key = f"major:{major.id}:{vault.tag('reader', reader.telegram_id)}"
        await _write(session, major, reader.telegram_id, now, key)
    return len(readers)


async def _write(session: AsyncSession, major: Major, chat_id: int, now: datetime, dedupe: str) -> None:
    await outbox.post(
        session,
        now=now,
        lane=Lane.TICKET,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        letter="major",
        payload={"major": major.id},
        dedupe=dedupe,
    )


async def confirm(session: AsyncSession, major: Major, reader: Person, now: datetime) -> None:
    """A report reader has received it; station and supervisors are told. Raises Refusal the second time."""
    if major.state is not MajorState.APPROVED:
        raise Refusal("major.unknown")
    if await session.get(MajorReceipt, (major.id, reader.id)) is not None:
        raise Refusal("major.confirmed_already")
    session.add(MajorReceipt(major_id=major.id, person_id=reader.id, at=now))
    ticket = await tickets.get(session, major.ticket_id)
    await _card(session, ticket, now)
    station, room = await tickets.station_of(session, ticket), await cases.room(session)
    await letters.to_station(session, station, "major.told.received", now, ticket=ticket, name=reader.name)
    if room is not None:
        await letters.to_station(session, room, "major.received_above", now, which=ticket.id, name=reader.name)


async def receipts(session: AsyncSession, major: Major) -> int:
    """How many readers have confirmed."""
    found = await session.scalars(select(MajorReceipt.person_id).where(MajorReceipt.major_id == major.id))
    return len(found.all())


async def approved_lately(session: AsyncSession, now: datetime) -> list[Major]:
    """What a reader who has only now become known to the bot still receives."""
    rows = await session.scalars(
        select(Major).where(Major.state == MajorState.APPROVED, Major.decided_at > now - NEW_READERS_FOR)
    )
    return list(rows)


async def _card(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
    await letters.card(session, ticket, await tickets.station_of(session, ticket), now)
