"""When something was last known to be alive: the clock, Telegram as the program that leads reaches it, and what takes
backups.

A moment each, written about once a minute, a backup's when it is whole. Whoever looks, in whatever process and also
after all of them were gone, sees how long ago that was; and where it was silent for long, from when until when stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

CLOCK, TELEGRAM, BACKUP = "clock", "telegram", "backup"
RIVAL, WEBHOOK = "rival", "webhook"
"""Not ours: another program that uses the bot's token, asking or with a webhook. That they are silent is well."""
KEPT_BY_TELEGRAM = timedelta(hours=24)
"""So long Telegram keeps what nobody has fetched."""


class Heartbeat(Base):
    """One of them."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    silent_from: Mapped[datetime | None]
    """The last long silence: it began then …"""
    silent_until: Mapped[datetime | None]
    """… and was over by then."""

    def silence(self, now: datetime) -> timedelta:
        """How long ago it was alive; never less than nothing, should a clock have been set back."""
        return max(now - self.at, timedelta())


async def beat(session: AsyncSession, name: str, now: datetime, long: timedelta) -> None:
    """It is alive. If it was silent for longer than `long` until now, that is remembered."""
    row = await session.get(Heartbeat, name)
    if row is None:
        # Whoever watches may begin to expect it at the same moment.
        await expect(session, name, now)
        return
    if now - row.at > long:
        row.silent_from, row.silent_until = row.at, now
    row.at = now


async def expect(session: AsyncSession, name: str, now: datetime) -> None:
    """It has never been alive, and should be: it is silent from now on."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    await session.execute(insert(Heartbeat).values(name=name, at=now).on_conflict_do_nothing())


async def heard_from_telegram(session: AsyncSession, now: datetime) -> None:
    """Telegram has handed over what it had, or answered otherwise. After more than a day without, what was sent to the
    bot before the last of these days is lost; `alarms.wrong` says so for a day.
    """
    await beat(session, TELEGRAM, now, KEPT_BY_TELEGRAM)


async def rival_seen(session: AsyncSession, what: str, now: datetime) -> None:
    """Another program uses our token, as RIVAL or WEBHOOK says; `alarms.wrong` says so for some minutes."""
    await beat(session, what, now, timedelta.max)


async def all_of(session: AsyncSession) -> dict[str, Heartbeat]:
    """By their names."""
    return {row.name: row for row in await session.scalars(select(Heartbeat))}
