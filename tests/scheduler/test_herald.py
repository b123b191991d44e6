"""A campus system is told of tickets: signed, again until it has heard, never of a person."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import tomllib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import select

from bot import config
from bot.settings import Settings
from models import answering, asking, hooks, requesters, tickets
from models.database import Database
from models.hooks import Delivery, Hook
from models.outbox import Outgoing
from scheduler.herald import Herald
from tests.campus import EXAMPLE, TOKEN
from tests.house import EAST, HOUSE, KEY, OFFICE, draft, furnish, staff, student

SECRET = "s" * 32


class Campus:
    """The other side: what it heard, and what it answers next."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]


@pytest.fixture
async def campus() -> Campus:
    return Campus()


@contextlib.asynccontextmanager
async def telling(database: Database, campus: Campus, now: list[datetime], **section: Any) -> AsyncIterator[Herald]:
    app = web.Application()
    app.router.add_post("/hook", campus.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Herald(database, settings(f"{site.name}/hook", **section), http, lambda: now[0], lambda: 0.0)
    finally:
        await runner.cleanup()


def settings(url: str, **section: Any) -> Settings:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8")) | {"webhook_out": {"url": url, **section}}
    key = base64.urlsafe_b64encode(KEY).decode().rstrip("=")
    return config.build(data, config.Secrets(TOKEN, key).environment() | {"UNIONBOT_WEBHOOK_SECRET": SECRET})


async def filed(database: Database, now: datetime, **changes: object) -> int:
    async with database.transaction() as session:
        await furnish(session)
        return (await asking.file(session, draft(**changes), await student(session), HOUSE, now)).id  # type: ignore[arg-type]


async def test_each_step_is_told_once_signed_and_without_a_person(
    database: Database, campus: Campus, now: datetime
) -> None:
    number = await filed(database, now)
    async with database.transaction() as session:
        ticket, wang = await tickets.get(session, number), await staff(session)
        await answering.claim(session, ticket, wang, HOUSE, now)
        content = {"type": "text", "text": "psst"}
        await answering.note(session, ticket, wang, content, HOUSE, now, (EAST, 8))
        await answering.resolve(session, ticket, wang, "repaired", HOUSE, now)
        place = (await requesters.waiting.about(session, number))[0]
        await asking.confirm(session, ticket, place, now)
        await asking.rate(session, ticket, place, 1, now)
        await asking.confirm(session, ticket, place, now)
    async with telling(database, campus, [now]) as herald:
        assert not await herald.round()
        assert not await herald.round()
    told = campus.told()
    assert [(each["event"], each["ticket"]["state"]) for each in told] == [
        ("filed", "new"),
        ("claimed", "claimed"),
        ("resolved", "resolved"),
        ("closed", "closed"),
    ]
    assert told[0]["ticket"] == {
        "number": number,
        "kind": "complaint",
        "category": "water",
        "building": "e1",
        "station": "east",
        "state": "new",
    }
    headers, body = campus.heard[0]
    timestamp, made = (part.partition("=")[2] for part in headers["X-Unionbot-Signature"].split(","))
    assert made == hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    assert int(timestamp) == int(now.timestamp())
    assert headers["X-Unionbot-Event"] == told[0]["id"]
    everything = b"".join(body for _, body in campus.heard).decode()
    assert not [trace for trace in ("Alice", "Wang", "drips", "psst", "repaired") if trace in everything]


@pytest.mark.parametrize(("anonymous", "said"), [(False, True), (True, False)])
async def test_words_are_told_only_when_asked_for_and_never_those_of_an_anonymous_student(
    database: Database, campus: Campus, now: datetime, anonymous: bool, said: bool
) -> None:
    await filed(database, now, anonymous=anonymous)
    async with telling(database, campus, [now], include_words=True) as herald:
        await herald.round()
    assert ("subject" in campus.told()[0]["ticket"]) is said


async def test_words_that_are_told_turn_no_line_of_the_other_side_around(
    database: Database, campus: Campus, now: datetime
) -> None:
    await filed(database, now, text="\u202eThe \u2067tap\u061c drips")
    async with telling(database, campus, [now], include_words=True) as herald:
        await herald.round()
    assert campus.told()[0]["ticket"]["subject"] == "The tap drips"


async def test_what_is_not_taken_is_told_again_later_and_later(
    database: Database, campus: Campus, now: datetime
) -> None:
    await filed(database, now)
    clock = [now]
    campus.answers = [
        web.Response(status=500),
        web.Response(status=307, headers={"Location": "/hook"}),
        web.Response(status=429, headers={"Retry-After": "600"}),
    ]
    async with telling(database, campus, clock) as herald:
        for wait, heard in ((0, 1), (9, 1), (1, 2), (19, 2), (1, 3), (599, 3), (1, 4), (9999, 4)):
            clock[0] += timedelta(seconds=wait)
            await herald.round()
            assert len(campus.heard) == heard
    assert len({headers["X-Unionbot-Event"] for headers, _ in campus.heard}) == 1, "the other side knows it again"


async def test_while_nobody_answers_the_others_wait(database: Database, now: datetime) -> None:
    await filed(database, now)
    await filed(database, now)
    async with aiohttp.ClientSession() as http:
        herald = Herald(database, settings("http://127.0.0.1:1/hook"), http, lambda: now, lambda: 0.0)
        assert await herald.round()
    async with database.reading() as session:
        rows = (await session.scalars(select(Hook).order_by(Hook.event_id))).all()
    assert [(row.attempts, row.state) for row in rows] == [(1, Delivery.DUE), (0, Delivery.DUE)]


async def test_after_two_days_it_is_given_up_and_the_office_is_told_once(
    database: Database, campus: Campus, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_ATTEMPTS", 2)
    await filed(database, now)
    await filed(database, now)
    clock = [now]
    campus.answers = [web.Response(status=400) for _ in range(4)]
    async with telling(database, campus, clock) as herald:
        for _ in range(3):
            await herald.round()
            clock[0] += timedelta(hours=1)
    assert len(campus.heard) == 4
    async with database.reading() as session:
        rows = (await session.scalars(select(Hook))).all()
        alarms = (await session.scalars(select(Outgoing).where(Outgoing.dedupe.startswith("hook.dead")))).all()
    assert {row.state for row in rows} == {Delivery.DEAD}
    assert [(alarm.chat_id, (alarm.payload or {})["text"]) for alarm in alarms] == [(OFFICE, "hook.dead")]


async def test_whoever_switches_it_on_is_not_told_of_what_was_before_and_only_of_what_is_wanted(
    database: Database, campus: Campus, now: datetime
) -> None:
    await filed(database, now - timedelta(days=2))
    number = await filed(database, now)
    async with database.transaction() as session:
        await answering.claim(session, await tickets.get(session, number), await staff(session), HOUSE, now)
    async with telling(database, campus, [now], events=["claimed"]) as herald:
        await herald.round()
    assert [(each["event"], each["ticket"]["number"]) for each in campus.told()] == [("claimed", number)]


def test_pauses_grow_to_a_quarter_of_a_day_and_take_about_two_days() -> None:
    pauses = [hooks.pause(i, 0.0) for i in range(1, hooks.MOST_ATTEMPTS)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=6)
    assert hooks.pause(3, 1.0) == hooks.pause(3, 0.0) / 2
