"""What stands open to the network, and who is nobody (telegram.md, "Who is who")."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from bot.inbox import Intake
from bot.people import Presence
from bot.web import MOST_BYTES, SECRET_HEADER, WEBHOOK_PATH, Web
from models.database import Database
from models.inbox import Incoming
from tests.campus import settings
from tests.house import EAST, HOUSE
from tests.security.attacked import LEAD, ROOT, attacked, there

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
UPDATE = {"update_id": 1, "message": {}}
FORGED = {
    "X-Forwarded-For": "149.154.167.220",
    "Forwarded": "for=149.154.167.220;proto=https;host=union.example",
    "X-Real-IP": "149.154.167.220",
    "Host": "localhost",
}
"""As if Telegram itself, or this machine, had called."""


@pytest.fixture
async def door(database: Database, now: datetime) -> AsyncIterator[tuple[str, str, Database]]:
    """The webhook's address, its secret, and where it stores."""
    chosen = settings(
        "http://127.0.0.1:1",
        "sqlite:///unused.db",
        telegram={"mode": "webhook", "webhook_url": "https://union.example", "listen": "127.0.0.1:0"},
    )
    async with Web(chosen, Intake(database, 700000, HOUSE.vault, lambda: now, lambda: None), database) as web:
        yield f"http://127.0.0.1:{web._runner.addresses[0][1]}", chosen.webhook_secret(), database


async def stored(database: Database) -> int:
    async with database.reading() as session:
        return len((await session.execute(Incoming.__table__.select())).all())


@on_sqlite
async def test_only_the_secret_opens_the_webhook(door: tuple[str, str, Database]) -> None:
    url, secret, database = door
    wrong: list[dict[str, str]] = [{}, *({SECRET_HEADER: each} for each in ("", secret[:-1], secret.swapcase()))]
    beside: list[dict[str, str]] = [{}, FORGED]
    async with aiohttp.ClientSession() as http:
        for given in wrong:
            for more in beside:
                async with http.post(url + WEBHOOK_PATH, json=UPDATE, headers={**given, **more}) as answer:
                    assert (answer.status, await answer.read()) == (401, b""), (given, more)
        async with http.post(f"{url}{WEBHOOK_PATH}?secret_token={secret}", json=UPDATE) as answer:
            assert answer.status == 401, "an address is no place for a secret"
        for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
            async with http.request(method, url + WEBHOOK_PATH, headers={SECRET_HEADER: secret}) as answer:
                assert answer.status == 405, method
        assert await stored(database) == 0
        async with http.post(url + WEBHOOK_PATH, json=UPDATE, headers={SECRET_HEADER: secret}) as answer:
            assert answer.status == 200
        assert await stored(database) == 1


@on_sqlite
async def test_a_body_without_end_is_refused_and_nothing_is_kept_of_it(door: tuple[str, str, Database]) -> None:
    url, secret, database = door

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"[" * (MOST_BYTES // 2)

    async with aiohttp.ClientSession() as http:
        right = {SECRET_HEADER: secret}
        async with http.post(url + WEBHOOK_PATH, data=endless(), headers=right) as answer:
            assert answer.status == 413
        async with http.post(url + WEBHOOK_PATH, data=b"[" * 100_000, headers=right) as answer:
            assert answer.status == 200, "nested beyond what can be read: asking again would bring the same"
        assert await stored(database) == 0


@on_sqlite
async def test_whoever_sends_slowly_keeps_nobody_waiting(door: tuple[str, str, Database]) -> None:
    url, secret, database = door
    host, port = url.removeprefix("http://").split(":")
    _, slow = await asyncio.open_connection(host, int(port))
    head = f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {secret}\r\nContent-Length: 1000\r\n\r\n{{"
    slow.write(head.encode())
    await slow.drain()
    async with (
        aiohttp.ClientSession() as http,
        http.post(url + WEBHOOK_PATH, json=UPDATE, headers={SECRET_HEADER: secret}) as answer,
    ):
        assert answer.status == 200
    slow.close()
    await slow.wait_closed()
    assert await stored(database) == 1


def said(text: str, user: dict[str, Any] | None, chat: int, **more: Any) -> dict[str, Any]:
    """A message as Telegram brings it."""
    kind = {"id": chat, "type": "supergroup" if chat < 0 else "private", "title": "East"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text[0] == "/" else []
    message = {"message_id": 9, "date": 1, "chat": kind, "text": text, "entities": entities, **more}
    return {"message": message | ({"from": user} if user is not None else {})}


def test_nothing_that_is_packed_is_unpacked() -> None:
    """No archive, spreadsheet or picture of anybody's is opened: none can be a bomb. A backup is the operator's own,
    and is opened at the machine, as a stream, under its passphrase.
    """
    opening = re.compile(r"\b(zipfile|tarfile|gzip|bz2|lzma|load_workbook|PIL|eval\(|yaml|ElementTree\.parse)\b")
    rooms = [path for room in ("bot", "handlers", "models", "scheduler") for path in (ROOT / room).rglob("*.py")]
    assert len(rooms) > 200
    found = {str(path.relative_to(ROOT)) for path in rooms if opening.search(path.read_text("utf-8"))}
    assert found == {"bot/backups/archive.py"}


COMMANDS = (
    "/claim 1",
    "/resolve 1 done",
    "/note 1 x",
    "/transfer 1 west",
    "/setup",
    "/roles",
    "/mode",
    "/block 1",
    "/audit",
)
BOT = {"id": 55_555, "is_bot": True, "first_name": "Other", "username": "other_bot"}
CHANNEL = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
SERVICE = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
LEFT = {"id": LEAD, "is_bot": False, "first_name": "Alice", "language_code": "en"}
OF_A_CHANNEL = {"sender_chat": {"id": -1005, "type": "channel", "title": "News"}}
OF_THE_GROUP = {"sender_chat": {"id": EAST, "type": "supergroup", "title": "East"}}


NOBODY: dict[str, tuple[dict[str, Any] | None, dict[str, Any], Presence | None]] = {
    "a bot": (BOT, {}, there()),
    "a channel": (CHANNEL, OF_A_CHANNEL, there("unknown")),
    "a channel in a lead's name": (LEFT, OF_A_CHANNEL, there()),
    "an anonymous admin": (ANONYMOUS, OF_THE_GROUP, there("unknown")),
    "a linked channel's post": (SERVICE, OF_A_CHANNEL, there("unknown")),
    "nobody at all": (None, OF_A_CHANNEL, None),
    "a lead who has left": (LEFT, {}, there("left")),
    "a lead who was removed": (LEFT, {}, there("kicked")),
    "a lead, restricted, and no member": (LEFT, {}, there("restricted")),
    "a lead of whom Telegram says nothing": (LEFT, {}, there("unknown")),
}


@on_sqlite
async def test_whoever_is_nobody_changes_nothing(database_url: str, now: datetime) -> None:
    async with attacked(database_url, now) as program:
        seen = await program.gets(said("/open", LEFT, EAST), there())
        assert seen.said, "who is a lead there is answered"
        for who, (user, more, presence) in NOBODY.items():
            for command in COMMANDS:
                seen = await program.gets(said(command, user, EAST, **more), presence)
                assert seen.error is None, (who, command, seen.error)
                assert seen.changed <= {"outbox"}, (who, command, seen.changed)
                assert {where for where, _ in seen.said} <= {EAST}, (who, command)
