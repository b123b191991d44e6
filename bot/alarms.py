"""What config.toml says of the alarms, who hears of them, and how they read: for the job that looks once a minute
(`scheduler/jobs/alarms.py`) and for every process that looks after the clock and the database (`bot/watch.py`).

What is wrong, and when that is news, is `models/alarms.py`.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import alarms, outbox, stations, vitals
from models.alarms import Finding, Limits, News
from models.database import Database
from models.outbox import Lane, Repeat


async def look(database: Database, toolbox: Toolbox, now: datetime) -> None:
    """Say what is wrong, if that is news. Doing it twice says it once."""
    wished = toolbox.settings.alarm
    if not wished.enabled:
        return
    limits = limits_of(toolbox.settings)
    async with database.reading() as session:
        seen = await vitals.take(session, now)
        size = await vitals.size(session) if limits.size and not database.is_sqlite else None
    found = alarms.wrong(seen, limits, free_bytes(database), now, size)
    async with database.transaction() as session:
        news = await alarms.heed(session, found, wished.cool_down, now)
        if news is None:
            return
        chat_id, language = await whom(session, toolbox)
        if chat_id is None:
            return
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=chat_id,
            method="sendMessage",
            payload={"text": text(news, toolbox.t(language), now), "parse_mode": "HTML"},
            # What waits while Telegram is away is replaced by what is so later.
            topic=f"alarm:{chat_id}",
            dedupe=f"alarm:{now:%Y-%m-%dT%H:%M}",
        )


def limits_of(settings: Settings) -> Limits:
    """As config.toml says it."""
    wished = settings.alarm
    return Limits(
        inbox=timedelta(minutes=wished.inbox_minutes),
        outbox=timedelta(minutes=wished.outbox_minutes),
        broadcast=timedelta(minutes=wished.broadcast_minutes),
        telegram=timedelta(minutes=wished.telegram_minutes),
        clock=timedelta(minutes=wished.clock_minutes),
        backup=timedelta(hours=wished.backup_hours),
        disk=wished.disk_megabytes * 2**20,
        overdue=wished.overdue,
        overdue_percent=wished.overdue_percent,
        size=wished.database_megabytes * 2**20,
    )


def free_bytes(database: Database) -> int | None:
    """So much is left where the SQLite file stands; None for PostgreSQL, whose disk is not ours to see."""
    if not database.is_sqlite:
        return None
    return shutil.disk_usage(Path(database.url.database or ".").resolve().parent).free


async def whom(session: AsyncSession, toolbox: Toolbox) -> tuple[int | None, str | None]:
    """The chat that is told and its language: the one of config.toml, the office's group, or the first admin's."""
    settings = toolbox.settings
    wished = settings.alarm.chat_id
    if wished is not None:
        place = await stations.by_chat(session, wished)
        return wished, place.language if place is not None else None
    office = await stations.office(session)
    if office.chat_id is not None:
        return office.chat_id, office.language
    return (settings.union.admins[0] if settings.union.admins else None), None


def text(news: News, t: Texts, now: datetime) -> str:
    """One message that lists what is wrong, or says that nothing is any more."""
    if not news.findings:
        return t("alarm.well", since=t.stamp(news.since, now))
    return "\n".join([t("alarm.head"), *(_line(each, t, now) for each in news.findings), t("alarm.foot")])


def _line(finding: Finding, t: Texts, now: datetime) -> str:
    params: dict[str, Any] = {name: _said(value, t, now) for name, value in finding.params.items()}
    count, before = params.pop("count", None), params.pop("before", None)
    if count is None:
        return t(f"alarm.{finding.kind}", **params)
    said = t.n(f"alarm.{finding.kind}", count, **params)
    return said if before is None else t("alarm.more", line=said, before=before)


def _said(value: object, t: Texts, now: datetime) -> object:
    if isinstance(value, timedelta):
        return t.span(value)
    return t.stamp(value, now) if isinstance(value, datetime) else value
