"""The operator's chat hears what is wrong, in one message, and that all is well again; never a word of students."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import select

import bot.watch
from bot import alarms as told
from bot.app import App, house_of
from bot.settings import Settings
from bot.texts import BABEL, Catalogue
from bot.toolbox import Toolbox
from bot.watch import Watch, reach
from models import alarms, heartbeats, outbox
from models.alarms import Finding, News
from models.database import Database
from models.heartbeats import Heartbeat
from models.outbox import Lane, Outgoing, Repeat, Sending
from tests.campus import running, settings
from tests.conftest import postgresql_later
from tests.house import furnish

MINUTE = timedelta(minutes=1)
ALL = (
    *(Finding(late, {"time": 40 * MINUTE, "count": 2}) for late in alarms.LATE.values()),
    Finding("inbox", {"time": 6 * MINUTE, "count": 1}),
    Finding("unknown", {"count": 3}),
    Finding("aside", {"count": 1}),
    Finding("overdue", {"count": 60, "open": 200, "before": 47}),
    Finding("disk", {"megabytes": 12}),
    Finding("size", {"megabytes": 1012}),
)


def toolbox(chosen: Settings) -> Toolbox:
    return Toolbox(chosen, house_of(chosen), Catalogue.load(chosen.timezone))


@pytest.mark.parametrize("language", list(BABEL))
def test_everything_that_can_be_wrong_has_its_line(language: str, now: datetime) -> None:
    chosen = settings("http://127.0.0.1:1", "sqlite:///unused.db")
    since = [Finding(kind, {"since": now, "until": now + MINUTE}) for kind in ("lost", "stood")]
    alone = [Finding(kind, {"since": now}) for kind in ("telegram", "clock", "backup", "database")]
    rivals = [Finding(kind, {"at": now}) for kind in (heartbeats.RIVAL, heartbeats.WEBHOOK)]
    found = [*ALL, *since, *alone, *rivals]
    text = told.text(News(found, now), toolbox(chosen).t(language), now)
    assert len(text.splitlines()) == len(found) + 2
    assert len(text) < 4096
    assert all(number in text for number in ("60", "200", "47", "1012"))
    assert told.text(News([], now), toolbox(chosen).t(language), now).startswith("✅")


async def unknown(app: App) -> int:
    """An answer with words of somebody, of which nobody knows whether it arrived."""
    async with app.database.transaction() as session:
        number = await outbox.post(
            session,
            now=app.clock() - MINUTE,
            lane=Lane.ANSWER,
            repeat=Repeat.NEVER,
            chat_id=837465921,
            method="sendMessage",
            payload={"text": "the bicycle of Alice Lin"},
        )
        assert number is not None
        (await session.get_one(Outgoing, number)).state = Sending.UNKNOWN
    return number


@postgresql_later
async def test_the_office_hears_what_is_wrong_and_that_it_is_over(database_url: str) -> None:
    async with running(database_url, alarm={"enabled": True}) as campus:
        app = campus.app
        await campus.quiet()
        number = await unknown(app)
        for _ in range(2):
            await app.scheduler.run_due(campus.clock())
        app.courier.wake()
        said = await campus.admin.reads("⚠️", chat=campus.office)
        assert "1 message" in said.text
        assert "bicycle" not in said.text
        await campus.quiet()
        async with app.database.transaction() as session:
            (await session.get_one(Outgoing, number)).state = Sending.SENT
        for _ in range(2):
            await campus.later(minutes=6)
        assert "since" in (await campus.admin.reads("✅", chat=campus.office)).text
        await campus.quiet()
        async with app.database.reading() as session:
            written = await session.scalars(select(Outgoing.dedupe).where(Outgoing.dedupe.startswith("alarm:")))
            assert len(written.all()) == 2


async def test_how_large_the_database_is_is_asked_where_its_disk_cannot_be_seen(
    database_url: str, now: datetime
) -> None:
    chosen = settings(
        "http://127.0.0.1:1", database_url, alarm={"enabled": True, "chat_id": 4711, "database_megabytes": 1}
    )
    async with App(chosen, clock=lambda: now) as app:
        await told.look(app.database, app.toolbox, now)
        async with app.database.reading() as session:
            rows = (await session.scalars(select(Outgoing))).all()
        assert len(rows) == (not app.database.is_sqlite), "an empty one takes some megabytes; SQLite's disk is seen"
        assert all(row.payload is not None and "数据库已增长到" in row.payload["text"] for row in rows)


async def test_without_an_office_the_first_admin_hears_it_and_a_chat_that_is_named_before_them(
    database_url: str, now: datetime
) -> None:
    for chat, heard in ((None, 700000001), (-4711, -4711)):
        changed = {"enabled": True} | ({"chat_id": chat} if chat else {})
        chosen = settings("http://127.0.0.1:1", database_url, alarm=changed)
        async with App(chosen, clock=lambda: now) as app, app.database.reading() as session:
            assert (await told.whom(session, app.toolbox))[0] == heard


async def test_a_clock_that_stands_still_is_noticed_by_every_process(database_url: str, now: datetime) -> None:
    chosen = settings("http://127.0.0.1:1", database_url, alarm={"enabled": True, "chat_id": 4711})
    async with App(chosen, clock=lambda: now) as app:
        async with app.database.transaction() as session:
            session.add(Heartbeat(name=heartbeats.CLOCK, at=now - 9 * MINUTE))
        await app.watch.look(now)
        for _ in range(2):
            await app.watch.look(now + 2 * MINUTE)
        async with app.database.reading() as session:
            (row,) = (await session.scalars(select(Outgoing))).all()
        assert row.chat_id == 4711
        assert row.payload is not None
        assert "定时任务" in row.payload["text"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_whoever_watches_ends_nothing_when_it_cannot_look(
    database: Database, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    looks, again = itertools.count(1), asyncio.Event()

    async def look(_: Watch, __: datetime) -> None:
        if next(looks) > 1:
            again.set()
        raise FileNotFoundError

    monkeypatch.setattr(Watch, "look", look)
    monkeypatch.setattr(bot.watch, "SECONDS", 0.0)
    async with aiohttp.ClientSession() as http:
        chosen = settings("http://127.0.0.1:1", "sqlite:///unused.db")
        watching = asyncio.create_task(Watch(database, toolbox(chosen), http, lambda: now, lambda: None).run())
        async with asyncio.timeout(10):
            await again.wait()
        watching.cancel()
        await asyncio.wait({watching})


async def test_a_clock_that_nobody_began_is_missed(database: Database, now: datetime) -> None:
    chosen = settings("http://127.0.0.1:1", "sqlite:///unused.db", alarm={"enabled": True, "chat_id": -77})
    told = list[int]()
    async with database.transaction() as session:
        await furnish(session)
    async with aiohttp.ClientSession() as http:
        watch = Watch(database, toolbox(chosen), http, lambda: now, lambda: told.append(1))
        for minute in (0, 5, 10):
            await watch.look(now + minute * MINUTE)
            assert not told
        await watch.look(now + 11 * MINUTE)
    assert told
    async with database.reading() as session:
        (said,) = (await session.scalars(select(Outgoing.payload).where(Outgoing.chat_id == -77))).all()
    assert said is not None
    assert "The clock has stood still" in said["text"] or "定时任务" in said["text"]


async def test_a_database_that_is_away_is_told_of_past_the_outbox_once_in_a_cool_down(
    database_url: str, now: datetime
) -> None:
    async with running(database_url) as campus:
        chosen = settings(campus.app.settings.telegram.api_base, database_url, alarm={"enabled": True})
        away = Database("postgresql://u@127.0.0.1:1/x")
        async with aiohttp.ClientSession() as http:
            watch = Watch(campus.app.database, toolbox(chosen), http, lambda: now, lambda: None)
            await watch.look(now)
            watch._database = away
            for minute in (0, 4, 6, 7, 60):
                await watch.look(now + minute * MINUTE)
            await away.close()
        await campus.admin.reads("The database has been away", chat=campus.office)
        calls = [c for c in await campus.stage.calls("sendMessage") if "database has been" in str(c)]
        assert len(calls) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_that_telegram_is_there_is_written_down_by_whoever_polls_and_asked_for_with_a_webhook(
    database_url: str,
) -> None:
    async with running(database_url) as campus, aiohttp.ClientSession() as http:
        await campus.student("Alice")
        async with campus.app.database.reading() as session:
            found = await heartbeats.all_of(session)
        assert {heartbeats.CLOCK, heartbeats.TELEGRAM} >= found.keys() >= {heartbeats.TELEGRAM}

        there = asyncio.Event()

        async def heard() -> None:
            there.set()

        asked = asyncio.create_task(reach(http, campus.app.settings, heard))
        async with asyncio.timeout(10):
            await there.wait()
        asked.cancel()
        calls = await campus.stage.calls("getMe")
        assert calls
