"""Telegram's windows, kept by us: how many messages may leave, to whom, within which time. Pure: time is an argument in seconds.

Sliding windows, not buckets that refill: a bucket lets twice its size through around the moment it refills, which Telegram answers with
429. A broadcast is paced evenly besides, so that an answer to somebody who waits finds a free place within a few hundredths of a second.
"""

from __future__ import annotations

from collections import deque

GROUP_LIMIT, GROUP_SECONDS = 20, 60.0
PRIVATE_LIMIT, PRIVATE_SECONDS = 1, 1.0
OVERALL_LIMIT, OVERALL_SECONDS = 28, 1.0
PACE = 1 / 27.5
"""Seconds between two broadcasts; the rest of the overall window is the others'."""
FORGET_ABOVE = 5_000
"""Chats remembered before those whose windows are empty are dropped."""


class Sliding:
    """At most `limit` within any `seconds`."""

    __slots__ = ("_limit", "_seconds", "_times")

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def wait(self, at: float) -> float:
        """Seconds from `at` until one more may pass; 0.0 when it may now."""
        while self._times and self._times[0] + self._seconds <= at:
            self._times.popleft()
        if len(self._times) < self._limit:
            return 0.0
        return self._times[len(self._times) - self._limit] + self._seconds - at

    def take(self, at: float) -> None:
        """One passes at `at`."""
        self._times.append(at)

    def empty(self, at: float) -> bool:
        """Whether nothing of the past counts any more."""
        return not self._times or self._times[-1] + self._seconds <= at


class Windows:
    """All windows of one bot. `enabled=False` lets everything through: for servers without limits and for benchmarks."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._overall = Sliding(OVERALL_LIMIT, OVERALL_SECONDS)
        self._chats: dict[int, Sliding] = {}
        self._held: dict[int, float] = {}
        self._all_held = 0.0
        self._next_broadcast = 0.0

    def wait(self, chat_id: int, at: float, *, broadcast: bool = False) -> float:
        """Seconds from `at` until a message to this chat may leave."""
        held = max(self._held.get(chat_id, 0.0), self._all_held) - at
        if not self._enabled:
            return max(held, 0.0)
        chat = self._chats.get(chat_id)
        waits = [held, self._overall.wait(at), chat.wait(at) if chat is not None else 0.0]
        if broadcast:
            waits.append(self._next_broadcast - at)
        return max(0.0, *waits)

    def overall_wait(self, at: float, *, broadcast: bool = False) -> float:
        """Seconds from `at` until any message at all may leave."""
        held = self._all_held - at
        if not self._enabled:
            return max(held, 0.0)
        return max(0.0, held, self._overall.wait(at), self._next_broadcast - at if broadcast else 0.0)

    def take(self, chat_id: int, at: float, *, broadcast: bool = False) -> None:
        """A message to this chat leaves."""
        if not self._enabled:
            return
        if chat_id not in self._chats:
            if len(self._chats) > FORGET_ABOVE:
                self._chats = {c: w for c, w in self._chats.items() if not w.empty(at)}
            group = chat_id < 0
            self._chats[chat_id] = Sliding(
                GROUP_LIMIT if group else PRIVATE_LIMIT, GROUP_SECONDS if group else PRIVATE_SECONDS
            )
        self._chats[chat_id].take(at)
        self._overall.take(at)
        if broadcast:
            # Not from `at`: a late start must not lower the pace for good; but no burst to catch up either.
            self._next_broadcast = max(self._next_broadcast, at - PACE) + PACE

    def hold(self, chat_id: int, until: float) -> None:
        """Telegram said 429 for this chat: nothing to it until then."""
        self._held = {c: u for c, u in self._held.items() if u > until - 3600}
        self._held[chat_id] = max(self._held.get(chat_id, 0.0), until)

    def hold_all(self, until: float) -> None:
        """Telegram said 429 to several chats at once: nothing at all until then."""
        self._all_held = max(self._all_held, until)
