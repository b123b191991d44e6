"""What happens once at its time and never again for that time: a day's digest, a week's. Law 9's unique keys, for what
may also come to nothing: a quiet day's digest is not said, and is not said later that day either.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Occasion(Base):
    """It has been."""

    __tablename__ = "occasions"

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


async def has_been(session: AsyncSession, key: str) -> bool:
    """Whether it has been."""
    return await session.get(Occasion, key) is not None


async def once(session: AsyncSession, key: str, now: datetime) -> bool:
    """It is now; False when it has been already."""
    if await has_been(session, key):
        return False
    session.add(Occasion(key=key, at=now))
    await session.flush()
    return True


async def forget(session: AsyncSession, until: datetime) -> None:
    """Those before this moment: their days do not come again."""
    await session.execute(delete(Occasion).where(Occasion.at < until))
