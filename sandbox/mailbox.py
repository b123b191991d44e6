"""A bot's pending updates: what getUpdates hands out and what the webhook pushes.

Updates are turned to text once, when they arrive, because the same update may be handed out many times
before it is confirmed.
"""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from sandbox.clock import Clock
from sandbox.refusals import OTHER_POLLER, TERMINATED_BY_WEBHOOK, Refusal
from sandbox.shapes import Json

KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
)
# What a bot gets only when it asks for it by name.
ON_DEMAND = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
DEFAULT_KINDS = frozenset(KINDS) - ON_DEMAND

KEPT_SECONDS = 24 * 3600.0
# A button press says nothing any more after the person has given up; Telegram drops it much sooner than a
# message.
PRESS_KEPT_SECONDS = 150.0


@dataclass(slots=True)
class Update:
    id: int
    kind: str
    text: str
    expires: float
    chat: int | None


class Mailbox:
    def __init__(self, clock: Clock, first_id: int) -> None:
        self._clock = clock
        self._next = first_id
        self.updates: deque[Update] = deque()
        self.allowed: frozenset[str] = DEFAULT_KINDS
        self.allowed_as_given: list[str] | None = None
        self._poll: asyncio.Future[str | None] | None = None
        # Set while a webhook is active; called whenever something new waits.
        self.on_arrival: Any = None

    def __len__(self) -> int:
        self._expire()
        return len(self.updates)

    def allow(self, kinds: list[str] | None) -> None:
        """None keeps what was asked for last; an empty list means everything but `ON_DEMAND`."""
        if kinds is None:
            return
        chosen = frozenset(kind for kind in kinds if kind in KINDS)
        self.allowed = chosen or DEFAULT_KINDS
        self.allowed_as_given = sorted(chosen) or None

    def put(self, kind: str, payload: Json, chat: int | None = None) -> int | None:
        if kind not in self.allowed:
            return None
        number = self._next
        self._next += 1
        text = json.dumps({"update_id": number, kind: payload}, ensure_ascii=False, separators=(",", ":"))
        kept = PRESS_KEPT_SECONDS if kind == "callback_query" else KEPT_SECONDS
        self._append(Update(number, kind, text, self._clock.now() + kept, chat))
        return number

    def put_raw(self, raw: Any = None, text: str | None = None) -> int:
        """Queue an update as given, however strange; only a missing update_id is filled in."""
        if text is not None:
            number = self._next
            try:
                parsed = json.loads(text)
            except ValueError:
                parsed = None
            if isinstance(parsed, dict) and isinstance(parsed.get("update_id"), int):
                number = parsed["update_id"]
        elif isinstance(raw, dict):
            given = raw.get("update_id")
            number = given if isinstance(given, int) else self._next
            text = json.dumps({"update_id": number, **raw}, ensure_ascii=False)
        else:
            number = self._next
            text = json.dumps(raw, ensure_ascii=False)
        self._next = max(self._next, number + 1)
        self._append(Update(number, "raw", text, self._clock.now() + KEPT_SECONDS, None))
        return number

    def _append(self, update: Update) -> None:
        self.updates.append(update)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        if self.on_arrival is not None:
            self.on_arrival()

    def drop_all(self) -> None:
        self.updates.clear()

    def _expire(self) -> None:
        now = self._clock.now()
        if any(update.expires <= now for update in self.updates):
            self.updates = deque(update for update in self.updates if update.expires > now)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.updates) > -offset:
                self.updates.popleft()
        elif offset > 0:
            while self.updates and self.updates[0].id < offset:
                self.updates.popleft()

    def interrupt(self, by_webhook: bool) -> None:
        """End a waiting poll: the newer request wins, as it does at Telegram."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(TERMINATED_BY_WEBHOOK if by_webhook else OTHER_POLLER)

    @property
    def polled(self) -> bool:
        return self._poll is not None

    async def take(self, offset: int, limit: int, timeout: float) -> list[str]:
        """The oldest updates as JSON texts, waiting up to `timeout` real seconds for the first."""
        self.interrupt(by_webhook=False)
        self._expire()
        self._confirm(offset)
        if not self.updates and timeout > 0:
            poll: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
            self._poll = poll
            handle = asyncio.get_running_loop().call_later(timeout, _give_up, poll)
            try:
                conflict = await poll
            finally:
                handle.cancel()
                if self._poll is poll:
                    self._poll = None
            if conflict is not None:
                raise Refusal(409, conflict)
        return [self.updates[i].text for i in range(min(limit, len(self.updates)))]


def _give_up(poll: "asyncio.Future[str | None]") -> None:
    if not poll.done():
        poll.set_result(None)
