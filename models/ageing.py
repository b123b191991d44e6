"""Finished rows of inbox and outbox leave once nobody can ask for them any more, in lots, each a transaction of its
own: people are answered between two of them.

    inbox    done                     the night after Telegram cannot bring it again, and not of the newest FLOOR
    outbox   sent, replaced           after SENT_FOR, and not of the newest FLOOR
             failed, unknown          after LOOKED_INTO: by then somebody has looked into it, or nobody will
             words for a student      with their ticket: its card says what became of them
             said once (`dedupe`)     with its ticket; of a person's, when what it was about is long over; the few of
                                      the house itself stay

A done update carries no time (law 11), so each night is remembered with the number reached by then (`Tide`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Base
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from models.tickets import Ticket

FLOOR = 20_000
"""So many of the newest rows stay, whatever the clock says: one that has leapt must not make an update new again."""
KNOWN_FOR = timedelta(days=3)
"""Telegram brings what was not acknowledged for a day; with room to spare."""
SENT_FOR = timedelta(days=3)
LOOKED_INTO = timedelta(days=30)
TICKET_OVER = timedelta(days=180)
"""After closing: it can be opened again for 30 days, and is asked about after 28."""
OCCASION_OVER = timedelta(days=400)
"""What somebody was asked or told once, a survey, a study, a publication, is over after an academic year."""
LOT = 1_000
"""Rows looked at in one transaction."""


class Tide(Base):
    """How far the inbox had come when the night was tidied."""

    __tablename__ = "tides"

    day: Mapped[date] = mapped_column(primary_key=True)
    inbox_id: Mapped[int] = mapped_column(BigInteger)


async def mark(session: AsyncSession, now: datetime) -> int:
    """Remember how far the inbox has come today, and return up to which number what is done may leave. Days that are
    no longer asked for are forgotten.
    """
    newest = await session.scalar(select(func.max(Incoming.id))) or 0
    if await session.get(Tide, now.date()) is None:
        session.add(Tide(day=now.date(), inbox_id=newest))
        await session.flush()
    last = (now - KNOWN_FOR).date()
    old = (await session.scalars(select(Tide).where(Tide.day <= last).order_by(Tide.day.desc()))).all()
    for tide in old[1:]:
        await session.delete(tide)
    return min(old[0].inbox_id if old else 0, newest - FLOOR)


async def drop_updates(session: AsyncSession, after: int, until: int) -> int | None:
    """A lot of the updates beyond `after` up to `until`: those that are done go. Returns where the next lot begins;
    None when there is none.
    """
    lot = select(Incoming.id).where(Incoming.id > after, Incoming.id <= until).order_by(Incoming.id).limit(LOT)
    numbers = (await session.scalars(lot)).all()
    if not numbers:
        return None
    within = Incoming.id.between(numbers[0], numbers[-1])
    await session.execute(delete(Incoming).where(within, Incoming.state == Handling.DONE))
    return numbers[-1]


async def drop_messages(session: AsyncSession, after: int, now: datetime) -> int | None:
    """A lot of the outbox beyond `after`, likewise."""
    newest = await session.scalar(select(func.max(Outgoing.id))) or 0
    lot = select(Outgoing.id).where(Outgoing.id > after, Outgoing.id <= newest - FLOOR).order_by(Outgoing.id).limit(LOT)
    numbers = (await session.scalars(lot)).all()
    if not numbers:
        return None
    within = Outgoing.id.between(numbers[0], numbers[-1])
    await session.execute(delete(Outgoing).where(within, _over(now)).execution_options(synchronize_session=False))
    return numbers[-1]


def _over(now: datetime) -> ColumnElement[bool]:
    """Whether nobody will ask for this row of the outbox any more."""
    sent = Outgoing.state.in_([Sending.SENT, Sending.SUPERSEDED])
    ended = or_(sent, Outgoing.state.in_([Sending.FAILED, Sending.UNKNOWN]))
    for_itself = and_(Outgoing.dedupe.is_(None), or_(Outgoing.letter.is_(None), Outgoing.letter != "words"))
    # A keyed tag (`Vault.tag`) names a person's occasion; the house's own keys are put together with colons.
    persons = and_(Outgoing.ticket_id.is_(None), Outgoing.dedupe.is_not(None), Outgoing.dedupe.not_like("%:%"))
    return or_(
        and_(for_itself, sent, Outgoing.not_before < now - SENT_FOR),
        and_(for_itself, ended, Outgoing.not_before < now - LOOKED_INTO),
        and_(ended, _ticket_is_over(now - TICKET_OVER)),
        and_(ended, persons, Outgoing.not_before < now - OCCASION_OVER),
    )


def _ticket_is_over(until: datetime) -> ColumnElement[bool]:
    """It was closed before then; one that was merged, when the other was, too."""
    head = aliased(Ticket)
    head_is_over = exists().where(head.id == Ticket.merged_into_id, head.closed_at < until)
    return exists().where(
        Ticket.id == Outgoing.ticket_id,
        Ticket.closed_at < until,
        or_(Ticket.merged_into_id.is_(None), head_is_over),
    )
