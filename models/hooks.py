"""What a campus system is told of tickets (`[webhook_out]`): one row for each step of a timeline that it wants to hear.

The step itself is the intent: it stands in `ticket_events`, committed with what was done (law 2), and a row here is
made of every step that has none yet, so no rule has to know that somebody listens. A row is delivered at least once;
the step's number is its id, by which the other side knows a second copy.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, one_of, only
from models.requesters import Requester
from models.sessions import plainly
from models.stations import Station
from models.tickets import Event, Ticket

BATCH = 200
STRAGGLERS = 10_000
"""So far below the newest number of a step one may still be committed."""
LOOKS_BACK = timedelta(days=1)
"""Whoever switches this on is not told of the years before."""
MOST_ATTEMPTS = 14
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=6)
"""14 attempts with these pauses take about two days."""
KEPT = timedelta(days=30)

NAMES = {
    "file": "filed",
    "claim": "claimed",
    "release": "released",
    "answer": "answered",
    "ask": "asked",
    "transfer": "transferred",
    "accept": "accepted",
    "return": "returned",
    "resolve": "resolved",
    "confirm": "closed",
    "close": "closed",
    "reopen": "reopened",
    "withdraw": "withdrawn",
    "merge": "merged",
    "hand_over": "handed_over",
    "urge": "urged",
    "escalate": "escalated",
    "add": "added",
}
"""A step of the timeline → the event as it is told. Notes, ratings and who joined stay inside."""
EVENTS = tuple(dict.fromkeys(NAMES.values()))


class Delivery(enum.StrEnum):
    """What became of a row."""

    DUE = "due"
    SENT = "sent"
    DEAD = "dead"
    """Tried for two days; nobody tries it again by himself."""


class Hook(Base):
    """One step to be told."""

    __tablename__ = "hooks"

    event_id: Mapped[int] = mapped_column(ForeignKey("ticket_events.id"), primary_key=True, autoincrement=False)
    name: Mapped[str]
    state: Mapped[Delivery] = mapped_column(one_of(Delivery))
    due: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]

    __table_args__ = (Index("ix_hooks_due", "due", **only("state = 'due'")),)


_events, _hooks = cast(Table, Event.__table__), cast(Table, Hook.__table__)


async def gather(session: AsyncSession, wanted: Collection[str], now: datetime) -> int:
    """Make a row of every wanted step that has none yet. Returns how many."""
    newest = await session.scalar(select(func.max(_events.c.id))) or 0
    actions = [action for action, name in NAMES.items() if name in wanted]
    found = await plainly(
        session,
        select(_events.c.id, _events.c.action, _events.c.before, _events.c.after)
        .outerjoin(_hooks, _hooks.c.event_id == _events.c.id)
        .where(
            _hooks.c.event_id.is_(None),
            _events.c.id > newest - STRAGGLERS,
            _events.c.at > now - LOOKS_BACK,
            _events.c.action.in_(actions),
        )
        .order_by(_events.c.id)
        .limit(BATCH),
    )
    rows = [
        # One more who says that it is fixed closes nothing: it is noted here so that it is not looked at again.
        {"event_id": e.id, "name": NAMES[e.action], "state": Delivery.SENT if _says_nothing(e) else Delivery.DUE}
        for e in found
    ]
    if rows:
        await plainly(session, insert(_hooks), [{**row, "due": now, "attempts": 0} for row in rows])
    return len(rows)


def _says_nothing(event: Any) -> bool:
    return bool(event.action == "confirm" and (event.after != "closed" or event.before == "closed"))


async def due(session: AsyncSession, now: datetime, most: int = 20) -> list[Hook]:
    """The rows whose time has come, the older steps first."""
    rows = await session.scalars(
        select(Hook).where(Hook.state == Delivery.DUE, Hook.due <= now).order_by(Hook.event_id).limit(most)
    )
    return list(rows)


async def payload(session: AsyncSession, hook: Hook, *, words: bool) -> dict[str, Any]:
    """What is told: which ticket, where, and how it stood after this step; no person, and of anonymous tickets never
    words.
    """
    event = await session.get_one(Event, hook.event_id)
    ticket = await session.get_one(Ticket, event.ticket_id)
    station = await session.get_one(Station, ticket.station_id)
    told: dict[str, Any] = {
        "id": str(event.id),
        "event": hook.name,
        "at": event.at.isoformat(),
        "ticket": {
            "number": ticket.id,
            "kind": ticket.kind.value,
            "category": ticket.category,
            "building": ticket.building,
            "station": station.key,
            "state": event.after,
        },
    }
    if words and hook.name == "filed" and await _is_named(session, ticket):
        told["ticket"]["subject"] = ticket.subject
    return told


async def _is_named(session: AsyncSession, ticket: Ticket) -> bool:
    filer = select(Requester.person_id).where(Requester.ticket_id == ticket.id, Requester.number == 1)
    return await session.scalar(filer) is not None


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, and by chance (0–1) up to a half less, so that
    many do not come back at once.
    """
    whole = min(FIRST_PAUSE * (1 << min(attempts - 1, 20)), LONGEST_PAUSE)
    return whole * (1 - chance / 2)


async def settle(
    session: AsyncSession, event_id: int, refused: str | None, now: datetime, *, chance: float, wait: timedelta | None
) -> Hook | None:
    """Write down what came of an attempt; `refused` says why not. Returns the row when it is dead now."""
    hook = await session.get_one(Hook, event_id)
    hook.attempts += 1
    hook.reason = refused
    if refused is None:
        hook.state = Delivery.SENT
    elif hook.attempts >= MOST_ATTEMPTS:
        hook.state = Delivery.DEAD
        return hook
    else:
        hook.due = now + max(pause(hook.attempts, chance), wait or timedelta())
    return None


async def sweep(session: AsyncSession, now: datetime) -> None:
    """Forget what was delivered long ago; steps that old are not looked at any more."""
    await session.execute(delete(Hook).where(Hook.state == Delivery.SENT, Hook.due < now - KEPT))
