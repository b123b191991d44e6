"""What is wrong at a moment, as the operator is told it, and when it is said: once, again after a while, and once more
when all is well.

    wrong(vitals, …) ─▶ findings ─▶ heed() ─▶ say it   new, or said longer ago than the cool-down
                                            ─▶ nothing  said lately
                                            ─▶ well     nothing has been wrong for some minutes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import heartbeats
from models.base import Base
from models.heartbeats import Heartbeat
from models.outbox import Lane
from models.vitals import Vitals

SETTLED = timedelta(minutes=5)
"""Nothing has to be wrong for so long before all is said to be well."""
REMEMBERED = timedelta(hours=1)
"""So long a silence of the clock that is over counts as news."""
A_DAY = timedelta(days=1)
LATE = {Lane.ANSWER: "answer", Lane.TICKET: "ticket", Lane.NOTICE: "notice", Lane.BROADCAST: "broadcast"}
"""What is found when a lane's messages wait too long."""


class Alarm(Base):
    """Something that is wrong, or was lately."""

    __tablename__ = "alarms"

    kind: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    told_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]
    """When it was first seen to be right again."""
    cleared: Mapped[bool] = mapped_column(default=False)
    """That all is well has been said."""


@dataclass(frozen=True)
class Limits:
    """From when on something is wrong. A length of nothing, and 0, mean that nobody asks."""

    inbox: timedelta
    outbox: timedelta
    broadcast: timedelta
    telegram: timedelta
    clock: timedelta
    disk: int
    """Bytes."""
    overdue: int


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    """Numbers, moments and lengths of time; never a word of anybody."""


def wrong(vitals: Vitals, limits: Limits, free: int | None, now: datetime) -> list[Finding]:
    """Everything that is wrong at `now`. `free` is how many bytes the database has left; None where nobody can say."""
    found = []
    if _longer(vitals.inbox.oldest, limits.inbox):
        found.append(Finding("inbox", {"time": vitals.inbox.oldest, "count": vitals.inbox.count}))
    for lane, queue in vitals.outbox.items():
        if _longer(queue.oldest, limits.broadcast if lane is Lane.BROADCAST else limits.outbox):
            found.append(Finding(LATE[lane], {"time": queue.oldest, "count": queue.count}))
    if vitals.unknown:
        found.append(Finding("unknown", {"count": vitals.unknown}))
    if vitals.aside:
        found.append(Finding("aside", {"count": vitals.aside}))
    found += silences(vitals.heartbeats, limits, now)
    if free is not None and free < limits.disk:
        found.append(Finding("disk", {"megabytes": free // 2**20}))
    if limits.overdue and vitals.overdue >= limits.overdue:
        found.append(Finding("overdue", {"count": vitals.overdue}))
    return found


def silences(beats: Mapping[str, Heartbeat], limits: Limits, now: datetime) -> list[Finding]:
    """What of this is silent for too long at `now`, or was until lately; `beats` by their names."""
    found = []
    clock, telegram = beats.get(heartbeats.CLOCK), beats.get(heartbeats.TELEGRAM)
    back = clock.silent_until if clock is not None else None
    if telegram is not None:
        # While the program itself was away nobody tried to reach Telegram.
        since = max(telegram.at, back or telegram.at)
        if _longer(now - since, limits.telegram):
            found.append(Finding("telegram", {"since": since}))
        if telegram.silent_until is not None and now - telegram.silent_until < A_DAY:
            lost_before = telegram.silent_until - heartbeats.KEPT_BY_TELEGRAM
            found.append(Finding("lost", {"since": telegram.silent_from, "until": lost_before}))
    if clock is not None and _longer(clock.silence(now), limits.clock):
        found.append(Finding("clock", {"since": clock.at}))
    elif limits.clock and clock is not None and back is not None and now - back < REMEMBERED:
        found.append(Finding("stood", {"since": clock.silent_from, "until": back}))
    return found


def _longer(length: timedelta, limit: timedelta) -> bool:
    return bool(limit) and length > limit


@dataclass(frozen=True)
class News:
    """What is to be said: what is wrong, all of it; nothing of that is left, when `findings` is empty."""

    findings: Sequence[Finding]
    since: datetime
    """When the first of it began."""


async def heed(session: AsyncSession, found: Sequence[Finding], cool_down: timedelta, now: datetime) -> News | None:
    """Take note of what is wrong now. Returns what is to be said about it, if anything; saying it is up to the caller,
    in the same transaction.
    """
    kinds = {finding.kind for finding in found}
    if kinds:
        # Several processes may see it in the same moment: whoever comes second waits here, and finds it said.
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        new = [{"kind": kind, "since": now, "cleared": False} for kind in sorted(kinds)]
        await session.execute(insert(Alarm).on_conflict_do_nothing(), new)
    rows = {row.kind: row for row in await session.scalars(select(Alarm).order_by(Alarm.kind).with_for_update())}
    for kind, row in rows.items():
        if kind not in kinds and row.over_at is None:
            row.over_at = now
        elif kind in kinds and row.over_at is not None:
            row.since, row.over_at = now, None
    news = _to_be_said([rows[finding.kind] for finding in found], list(rows.values()), found, cool_down, now)
    for row in rows.values():
        if row.over_at is not None and (row.told_at is None or (row.cleared and now - row.told_at >= cool_down)):
            # Not sooner: what comes and goes would be news each time.
            await session.delete(row)
    return news


def _to_be_said(
    standing: Sequence[Alarm], rows: Sequence[Alarm], found: Sequence[Finding], cool_down: timedelta, now: datetime
) -> News | None:
    if standing:
        if all(row.told_at is not None and now - row.told_at < cool_down for row in standing):
            return None
        for row in standing:
            row.told_at, row.cleared = now, False
        return News(found, min(row.since for row in standing))
    told = [row for row in rows if row.told_at is not None and not row.cleared]
    if not told or any(row.over_at is None or now - row.over_at < SETTLED for row in told):
        return None
    for row in told:
        row.cleared = True
    return News([], min(row.since for row in told))
