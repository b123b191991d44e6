"""What other systems see of tickets and file themselves (Open311): a ticket without a person, and what of each ticket
may be published: its number, what it is about, where, and how far it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import asking
from models.asking import Draft
from models.house import House
from models.lifecycle import ENDED, Kind, State
from models.requesters import Requester
from models.sessions import plainly
from models.stations import Station
from models.tickets import Ticket
from models.vault import Vault

ORIGIN = "open311"
MOST = 1000
"""So many requests are shown at once, as the standard has it."""
CLOSED = (*ENDED, State.RESOLVED)
"""What the standard, which knows but two, calls closed."""


async def file(
    session: AsyncSession, kind: Kind, category: str, building: str | None, text: str, house: House, now: datetime
) -> Ticket:
    """A ticket from another system. There is nobody who gets its answers: whoever wants to know asks for its status."""
    draft = Draft(
        kind=kind,
        category=category,
        building=building,
        contents=[{"type": "text", "text": text}],
        # It came with no message in any chat, and no two come from the same place.
        sources=[(0, secrets.randbits(60))],
        origin=ORIGIN,
    )
    return await asking.file(session, draft, None, house, now)


def token(vault: Vault, number: int) -> str:
    """By which whoever filed it asks for its number again."""
    return f"{number}-{vault.tag(ORIGIN, number)[:20]}"


def number_of(vault: Vault, given: str) -> int | None:
    """The ticket's number, None for a token that is none."""
    head, _, _ = given.partition("-")
    if not (head.isascii() and head.isdigit() and len(head) < 16):
        return None
    return int(head) if secrets.compare_digest(token(vault, int(head)).encode(), given.encode()) else None


_tickets, _stations = cast(Table, Ticket.__table__), cast(Table, Station.__table__)
_filers = cast(Table, Requester.__table__)
_PUBLISHED = (
    select(
        _tickets.c.id,
        _tickets.c.category,
        _tickets.c.building,
        _tickets.c.state,
        _tickets.c.subject,
        _tickets.c.filed_at,
        _tickets.c.replied_at,
        _tickets.c.resolved_at,
        _tickets.c.closed_at,
        _tickets.c.resolve_due,
        _stations.c.names.label("station"),
        _filers.c.person_id.is_not(None).label("named"),
    )
    .select_from(_tickets)
    .join(_stations, _stations.c.id == _tickets.c.station_id)
    .outerjoin(_filers, (_filers.c.ticket_id == _tickets.c.id) & (_filers.c.number == 1))
    .order_by(_tickets.c.id.desc())
    .limit(MOST)
)


async def published(
    session: AsyncSession,
    *,
    numbers: Collection[int] = (),
    categories: Collection[str] = (),
    begin: datetime | None = None,
    end: datetime | None = None,
    closed: bool | None = None,
) -> Sequence[Any]:
    """The newest of these tickets, at most `MOST`, with what may be shown of them. A filter that is empty is none."""
    wanted = _PUBLISHED
    if numbers:
        wanted = wanted.where(_tickets.c.id.in_(list(numbers)))
    if categories:
        wanted = wanted.where(_tickets.c.category.in_(list(categories)))
    if begin is not None:
        wanted = wanted.where(_tickets.c.filed_at >= begin)
    if end is not None:
        wanted = wanted.where(_tickets.c.filed_at <= end)
    if closed is not None:
        states = _tickets.c.state
        wanted = wanted.where(states.in_(CLOSED) if closed else states.not_in(CLOSED))
    return (await plainly(session, wanted)).all()
