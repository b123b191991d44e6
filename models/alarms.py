"""What is wrong at a moment, as the operator is told it, and when it is said: once, again after a while, and once more
when all is well.

    wrong(vitals, …) ─▶ findings ─▶ heed() ─▶ say it   new, or said longer ago than the cool-down
                                            ─▶ nothing  said lately; or only counted, and no more than were told
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
RIVALLED = timedelta(minutes=11)
"""So long another program with our token counts as there after it was last noticed."""
A_DAY = timedelta(days=1)
GROWN = {"unknown": 1.0, "aside": 1.0, "overdue": 1.25}
"""What stays for long and is looked after by people. Told once, it is news again when there is more than so many times
what was told, and otherwise once a day.
"""
DAILY = {"backup"}
"""What is seen to by day, and is not said again sooner."""
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
    told: Mapped[int | None]
    """How many there were when it was last said, or have been since, if that is less. None where nothing is counted."""


@dataclass(frozen=True)
class Limits:
    """From when on something is wrong. A length of nothing, and 0, mean that nobody asks."""

    inbox: timedelta
    outbox: timedelta
    broadcast: timedelta
    telegram: timedelta
    clock: timedelta
    backup: timedelta
    disk: int
    """Bytes."""
    overdue: int
    overdue_percent: int = 0
    """Of the open tickets so many have to be overdue as well."""
    size: int = 0
    """Bytes."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    """Numbers, moments and lengths of time; never a word of anybody."""


def wrong(vitals: Vitals, limits: Limits, free: int | None, now: datetime, size: int | None = None) -> list[Finding]:
    """Everything that is wrong at `now`. `free` is how many bytes the database has left and `size` how many it takes;
    None where nobody can say, or asks.
    """
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
    if limits.size and size is not None and size > limits.size:
        found.append(Finding("size", {"megabytes": size // 2**20}))
    many = limits.overdue and vitals.overdue >= limits.overdue
    if many and vitals.overdue * 100 >= limits.overdue_percent * vitals.open:
        found.append(Finding("overdue", {"count": vitals.overdue, "open": vitals.open}))
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
    for kind in (heartbeats.RIVAL, heartbeats.WEBHOOK):
        rival = beats.get(kind)
        if rival is not None and rival.silence(now) < RIVALLED:
            found.append(Finding(kind, {"at": rival.at}))
    backup = beats.get(heartbeats.BACKUP)
    # Where none was ever taken nobody has meant to.
    if backup is not None and _longer(backup.silence(now), limits.backup):
        found.append(Finding("backup", {"since": backup.at}))
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
    counts = {finding.kind: finding.params.get("count", 0) for finding in found}
    if counts:
        # Several processes may see it in the same moment: whoever comes second waits here, and finds it said.
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        new = [{"kind": kind, "since": now, "cleared": False} for kind in sorted(counts)]
        await session.execute(insert(Alarm).on_conflict_do_nothing(), new)
    rows = {row.kind: row for row in await session.scalars(select(Alarm).order_by(Alarm.kind).with_for_update())}
    for kind, row in rows.items():
        if kind not in counts and row.over_at is None:
            row.over_at = now
        elif kind in counts and row.over_at is not None:
            row.since, row.over_at = now, None
        if row.told is not None:
            # What was looked after meanwhile is no longer told of: as many again are news.
            row.told = min(row.told, counts.get(kind, 0))
    news = _to_be_said(rows, found, cool_down, now)
    for row in rows.values():
        if row.over_at is not None and (row.told_at is None or (row.cleared and now - row.told_at >= cool_down)):
            # Not sooner: what comes and goes would be news each time.
            await session.delete(row)
    return news


def _to_be_said(
    rows: Mapping[str, Alarm], found: Sequence[Finding], cool_down: timedelta, now: datetime
) -> News | None:
    if found:
        if not any(_is_news(rows[finding.kind], finding, cool_down, now) for finding in found):
            return None
        said = [_with_what_was_told(rows[finding.kind], finding) for finding in found]
        for finding in found:
            row = rows[finding.kind]
            row.told_at, row.cleared = now, False
            row.told = finding.params["count"] if _is_counted(finding) else None
        return News(said, min(rows[finding.kind].since for finding in found))
    told = [row for row in rows.values() if row.told_at is not None and not row.cleared]
    if not told or any(row.over_at is None or now - row.over_at < SETTLED for row in told):
        return None
    for row in told:
        row.cleared = True
    return News([], min(row.since for row in told))


def _is_counted(finding: Finding) -> bool:
    return finding.kind in GROWN and "count" in finding.params


def _is_news(row: Alarm, finding: Finding, cool_down: timedelta, now: datetime) -> bool:
    if row.told_at is None:
        return True
    if now - row.told_at < (A_DAY if finding.kind in DAILY else cool_down):
        return False
    if row.told is None or not _is_counted(finding) or now - row.told_at >= A_DAY:
        return True
    return bool(finding.params["count"] > row.told * GROWN[finding.kind])


def _with_what_was_told(row: Alarm, finding: Finding) -> Finding:
    if not row.told or not _is_counted(finding) or row.told >= finding.params["count"]:
        return finding
    return Finding(finding.kind, {**finding.params, "before": row.told})
