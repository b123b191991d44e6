"""Pictures that are to be drawn: a handler asks for one in its transaction, a job draws it outside of any and says it.

Drawing takes a tenth of a second and more, and whoever waits for the database would wait with it.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox
from models.base import Base, Json, Key
from models.outbox import Lane, Repeat


class Picture(Base):
    """One picture for one chat; the row goes when it has been drawn."""

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    language: Mapped[str]
    caption: Mapped[str]
    drawing: Mapped[dict[str, Any]] = mapped_column(Json)
    """What `bot/charts.py` draws, as plain values; or the number of a survey whose results are shown, all of them or as
    CSV; or that of a gathering whose attendance is wanted as a table; or whose
    certificate of which gathering.
    """


async def wanted(session: AsyncSession, most: int = 20) -> list[Picture]:
    """What is to be drawn, the oldest first."""
    return list(await session.scalars(select(Picture).order_by(Picture.id).limit(most)))


async def say(
    session: AsyncSession,
    chat_id: int,
    png: bytes,
    caption: str,
    now: datetime,
    *,
    thread_id: int | None = None,
    lane: Lane = Lane.NOTICE,
    dedupe: str | None = None,
) -> None:
    """Send a drawn picture to a group; its bytes go from the outbox once it is sent."""
    where = {"message_thread_id": thread_id} if thread_id is not None else {}
    await outbox.post(
        session,
        now=now,
        lane=lane,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        thread_id=thread_id,
        method="sendPhoto",
        payload={
            "photo": {"$file": base64.b64encode(png).decode(), "name": "figures.png"},
            "caption": caption,
            "parse_mode": "HTML",
            **where,
        },
        dedupe=dedupe,
    )
