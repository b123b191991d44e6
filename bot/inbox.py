"""The ways in: what Telegram hands over is stored, and only then acknowledged (law 1). `bot/worker.py` runs it.

Poller ──▶ inbox row ──commit──▶ next getUpdates (that is the acknowledgement)
webhook ─▶ inbox row ──commit──▶ 200
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeGuard

import aiohttp
import structlog
from sqlalchemy.exc import DBAPIError

from bot.rival import CONFLICT
from bot.toolbox import Clock
from models import inbox
from models.database import Database
from models.inbox import Arrival
from models.vault import Vault

log = structlog.get_logger()

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "inline_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
)
IN_PASSING = "inline_query"
"""Belongs to no chat, changes nothing, and means nothing a few seconds later: the one kind that is never stored."""
POLL_SECONDS = 25
AWAY_FIRST, AWAY_LONGEST = 0.5, 30.0
"""Seconds between two tries while Telegram is not there."""
DATABASE_AWAY = 2.0
"""Seconds between two tries while the database is not there, at most: people wait, and it costs little to ask."""
LARGEST = 2**63 - 1
"""No number beyond this fits into a database, and Telegram has none."""
_ODD = re.compile(r"\\u0000|\\ud[89a-f]", re.IGNORECASE)
"""In JSON text: a sign that a string may hold what databases refuse, NUL or half of a surrogate pair."""


def arrival(raw: object, now: datetime) -> Arrival:
    """One raw update as it goes into the inbox; what cannot be read at all goes in set aside, alone (law 1)."""
    body = json.dumps(raw, separators=(",", ":"))
    if _ODD.search(body):
        body = json.dumps(_storable(raw), separators=(",", ":"))
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    if not _is_number(update_id) or not isinstance(raw, dict):
        # Without a number it cannot be recognised a second time: it gets one that Telegram never uses.
        return Arrival(-int(now.timestamp() * 1e6) - time.monotonic_ns() % 1000, 0, body, error="no update_id")
    return Arrival(update_id, _chat_of(raw), body)


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 20 else None


def _storable(value: Any) -> Any:
    """The same without NUL and half surrogate pairs; whole pairs, which are one character here, stay."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return [_storable(part) for part in value] if isinstance(value, list) else value


def _chat_of(raw: dict[str, Any]) -> int:
    """The chat whose order this update keeps; 0 when there is none."""
    for kind, content in raw.items():
        if kind == "update_id" or not isinstance(content, dict):
            continue
        if kind == "poll" and _is_number(poll := _number(content.get("id"))):
            # A poll's counts have to stay in order as well, and its number is no chat's.
            return poll
        message = content.get("message")
        holder = content if isinstance(content.get("chat"), dict) else message if isinstance(message, dict) else content
        for place in ("chat", "from", "user"):
            found = holder.get(place)
            if isinstance(found, dict) and _is_number(number := found.get("id")):
                return number
    return 0


class Intake:
    """Stores what came in and wakes the worker; poller and webhook share it."""

    def __init__(
        self,
        database: Database,
        bot_id: int,
        vault: Vault,
        clock: Clock,
        stored: Callable[[], None],
        in_passing: Callable[[object], None] = lambda _: None,
    ) -> None:
        """`stored` is called after every commit, `in_passing` with what is answered at once or not at all."""
        self._database = database
        self._bot_id = bot_id
        self._vault = vault
        self._clock = clock
        self._stored = stored
        self._in_passing = in_passing

    async def store(self, raws: Sequence[object]) -> None:
        """Commit these updates. Raises when the database cannot: then they must not be acknowledged."""
        now = self._clock()
        kept = [raw for raw in raws if not (isinstance(raw, dict) and IN_PASSING in raw)]
        if len(kept) < len(raws):
            for raw in raws:
                if isinstance(raw, dict) and IN_PASSING in raw:
                    self._in_passing(raw)
            if not kept:
                return
        arrivals = [arrival(raw, now) for raw in kept]
        async with self._database.transaction() as session:
            await inbox.store(session, self._bot_id, arrivals, self._vault, now)
        self._stored()


async def _nothing_more() -> None:
    pass


async def _nobody_else(words: str) -> bool:
    return False


class Poller:
    """getUpdates by hand: raw JSON is stored before the next call acknowledges it (aiogram's own polling cannot)."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        intake: Intake,
        heard: Callable[[], Awaitable[None]] = _nothing_more,
        conflict: Callable[[str], Awaitable[bool]] = _nobody_else,
    ) -> None:
        """`url` is the Bot API address with the token, up to and without the method; `heard` is awaited whenever
        Telegram has answered, `conflict` with its words whenever it says that somebody else uses this token: it returns
        whether a webhook is to be taken away.
        """
        self._conflict = conflict
        self._heard = heard
        self._http = http
        self._url = url
        self._intake = intake
        self.reached = asyncio.Event()
        """Set once Telegram has answered for the first time."""

    async def run(self) -> None:
        """Poll until cancelled; while Telegram or the database is away it waits and tries again."""
        offset: int | None = None
        pause = 0.0
        taken_away = False
        # As long as it is not known whether Telegram is there, it is asked for what there is and not for what may come.
        known = False
        while True:
            if pause:
                await asyncio.sleep(pause)
            try:
                if not taken_away:
                    # A webhook would make every getUpdates fail; what waits is kept.
                    await self._call("deleteWebhook", {"drop_pending_updates": False})
                    taken_away = True
                raws = await self._get(offset, POLL_SECONDS if known else 0)
                self.reached.set()
                await self._heard()
                known = True
                if raws:
                    await self._intake.store(raws)
                    numbers = [r["update_id"] for r in raws if isinstance(r, dict) and _is_number(r.get("update_id"))]
                    if numbers:
                        offset = max(numbers) + 1
                pause = 0.0
            except (aiohttp.ClientError, TimeoutError, DBAPIError, _Refused) as error:
                longest = DATABASE_AWAY if isinstance(error, DBAPIError) else AWAY_LONGEST
                pause, known = min(max(pause * 2, AWAY_FIRST), longest), False
                if isinstance(error, _Refused) and error.status == CONFLICT:
                    try:
                        if await self._conflict(str(error)):
                            taken_away = False
                    except DBAPIError as away:
                        log.warning("the conflict could not be written down", why=type(away).__name__)
                    continue
                why = str(error) if isinstance(error, _Refused) else type(error).__name__
                log.warning("poller waits", why=why, seconds=pause)

    async def _get(self, offset: int | None, wait: int) -> list[object]:
        params: dict[str, Any] = {"timeout": wait, "limit": 100, "allowed_updates": ALLOWED_UPDATES}
        if offset is not None:
            params["offset"] = offset
        result = await self._call("getUpdates", params)
        if not isinstance(result, list):
            raise _Refused("the answer to getUpdates is no list")
        return result

    async def _call(self, method: str, params: dict[str, Any]) -> object:
        timeout = aiohttp.ClientTimeout(total=POLL_SECONDS + 15, sock_connect=10)
        async with self._http.post(f"{self._url}/{method}", json=params, timeout=timeout) as response:
            text = await response.text(errors="replace")
        try:
            answer = json.loads(text)
        except ValueError:
            raise _Refused(f"HTTP {response.status}, not JSON", response.status) from None
        if not isinstance(answer, dict) or not answer.get("ok"):
            said = answer.get("description", "?") if isinstance(answer, dict) else "?"
            raise _Refused(f"HTTP {response.status}: {said}", response.status)
        return answer.get("result")


class _Refused(Exception):
    """Telegram answered something other than updates."""

    def __init__(self, words: str, status: int = 200) -> None:
        super().__init__(words)
        self.status = status
