"""Tells a campus system what happens to tickets (`[webhook_out]`): a courier of its own, because what waits for another
system's server must not hold up what is said to people.

    POST url
    X-Unionbot-Event: 4711                                 the same again when it is told twice
    X-Unionbot-Signature: t=1791700000,v1=<hex>            HMAC-SHA256 of "t.body" under the shared secret
    {"id": "4711", "event": "claimed", "at": …, "ticket": {"number": 12, "state": "claimed", …}}

Anything but 2xx is tried again, later and later; a redirection is not followed: where it leads nobody has agreed to.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import aiohttp
import structlog
from sqlalchemy.exc import DBAPIError

from bot.settings import Settings
from bot.untrusted import inline
from models import hooks, lease, letters, stations
from models.asking import SUBJECT_LENGTH
from models.database import Database

log = structlog.get_logger()

LOOK_SECONDS = 2.0
LONGEST_REST = 60.0
"""Between two rounds while the other side is not there."""
TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)


class Outcome(NamedTuple):
    """What came of one attempt."""

    refused: str | None
    """Why it was not taken; None when it was."""
    wait: timedelta | None = None
    """How long the other side asks to wait."""
    away: bool = False
    """Nobody answered: the others need not be tried now."""


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What the header says; the other side makes the same and compares, and refuses a time that is long past."""
    made = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    return f"t={timestamp},v1={made}"


class Herald:
    """Runs under the lease: one program tells."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        http: aiohttp.ClientSession,
        clock: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._section = settings.webhook_out
        self._http = http
        self._clock = clock
        self._chance = chance

    async def run(self) -> None:
        """Until cancelled."""
        rest = LOOK_SECONDS
        while True:
            try:
                away = await self.round()
            except DBAPIError as error:
                log.error("what is to be told cannot be read", why=type(error).__name__)
                away = True
            rest = min(rest * 2, LONGEST_REST) if away else LOOK_SECONDS
            await asyncio.sleep(rest)

    async def round(self) -> bool:
        """Look for new steps and tell what is due. Returns whether the other side is away."""
        now = self._clock()
        async with self._database.transaction() as session:
            while await hooks.gather(session, self._section.events, now) == hooks.BATCH:
                continue
            await hooks.sweep(session, now)
        while True:
            async with self._database.reading() as session:
                words = self._section.include_words
                due = [
                    (h.event_id, _as_shown(await hooks.payload(session, h, words=words)))
                    for h in await hooks.due(session, now)
                ]
            if not due:
                return False
            for event_id, told in due:
                if not lease.stands():
                    # Whoever has it by now tells them.
                    return False
                outcome = await self._tell(told)
                await self._settle(event_id, outcome)
                if outcome.away:
                    return True

    async def _tell(self, told: dict[str, object]) -> Outcome:
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        secret, timestamp = self._section.secret.get_secret_value(), int(self._clock().timestamp())
        headers = {
            "Content-Type": "application/json",
            "X-Unionbot-Event": str(told["id"]),
            "X-Unionbot-Signature": signature(secret, timestamp, body),
        }
        try:
            async with self._http.post(
                self._section.url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as answer:
                # What it says besides is not read: it may be long, and nothing depends on it.
                status, retry = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Outcome(type(error).__name__, away=True)
        if 200 <= status < 300:
            return Outcome(None)
        seconds = (
            min(int(retry), int(hooks.LONGEST_PAUSE.total_seconds())) if retry.isascii() and retry.isdigit() else 0
        )
        return Outcome(f"HTTP {status}", timedelta(seconds=seconds), away=status in (429, 502, 503, 504))

    async def _settle(self, event_id: int, outcome: Outcome) -> None:
        now = self._clock()
        async with self._database.transaction() as session:
            dead = await hooks.settle(session, event_id, outcome.refused, now, chance=self._chance(), wait=outcome.wait)
            if dead is None:
                return
            log.error("a campus system was not told of a step", step=event_id, why=outcome.refused)
            key = f"hook.dead:{now:%Y%m%d}"
            office = await stations.office(session)
            await letters.to_station(session, office, "hook.dead", now, dedupe=key, why=outcome.refused)


def _as_shown(told: dict[str, Any]) -> dict[str, Any]:
    """Somebody's words in one line that turns nothing around, wherever the other side shows them."""
    ticket = told["ticket"]
    return (
        told | {"ticket": ticket | {"subject": inline(ticket["subject"], SUBJECT_LENGTH)}}
        if "subject" in ticket
        else told
    )
