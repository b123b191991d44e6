"""What people of the union did that no ticket's timeline tells: mutes, exports, roles, imports. Rows are only ever
added.

    await audit.record(session, "mute", now, staff=lead, hours=24, reason="…")

What staff do *to a ticket* stands in its timeline (`tickets.Event`) and is not written twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Key
from models.people import Person


class Act(Base):
    """One thing somebody did. `staff_id` is None for the operator at the machine and for the program itself."""

    __tablename__ = "acts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime]
    act: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    detail: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Facts about the act, never who a student is: what may have to be erased one day stands in its own row, and here
    only that row's number.
    """


async def record(
    session: AsyncSession,
    act: str,
    now: datetime,
    *,
    staff: Person | None = None,
    ticket_id: int | None = None,
    **detail: Any,
) -> None:
    """Write down that this was done; it is committed with what was done."""
    session.add(
        Act(
            at=now,
            act=act,
            staff_id=staff.id if staff else None,
            ticket_id=ticket_id,
            detail=detail or None,
        )
    )
