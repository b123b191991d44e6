"""Telegram's flood windows, kept on the sandbox's clock.

Telegram publishes no exact rule; bots feel about one message a second in a private chat with short bursts
forgiven, twenty a minute in a group with edits and new topics counted, thirty a second in all. These are
those limits, made definite so that a test can stand right at the edge of one.

A paid broadcast may send a thousand a second instead of the thirty; one chat's own windows hold for it too. Here
every bot can pay.

Beside the windows, the Bot API server lets at most 310 messages to one chat be under way (`Client.h`,
MAX_CONCURRENTLY_SENT_CHAT_MESSAGES) and answers the next with 429 and 60 s. The sandbox delivers at once, so under way
are only those whose answer a planned delay holds back.
"""

import math
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.clock import Clock
from sandbox.refusals import too_many_requests


class Window:
    """A sliding window over the moments at which something was done."""

    __slots__ = ("limit", "moments", "seconds")

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.moments: deque[float] = deque()

    def wait(self, now: float, count: int) -> float:
        """Seconds until `count` more fit in; 0 when they fit now."""
        moments = self.moments
        edge = now - self.seconds
        while moments and moments[0] <= edge:
            moments.popleft()
        excess = len(moments) + min(count, self.limit) - self.limit
        return 0.0 if excess <= 0 else moments[excess - 1] + self.seconds - now

    def note(self, now: float, count: int) -> None:
        self.moments.extend([now] * count)


class Flood:
    PRIVATE = ((60, 60.0), (3, 1.0))
    GROUP = ((20, 60.0),)
    OVERALL = (30, 1.0)
    PAID = (1000, 1.0)
    UNDER_WAY = 310
    UNDER_WAY_SECONDS = 60

    def __init__(self, clock: Clock, on: bool) -> None:
        self._clock = clock
        self.on = on
        self._overall: dict[tuple[int, bool], Window] = {}
        self._chats: dict[tuple[int, int], list[Window]] = {}
        self._under_way: Counter[tuple[int, int]] = Counter()

    def clear(self) -> None:
        self._overall.clear()
        self._chats.clear()

    @contextmanager
    def under_way(self, bot: int, chat: int, count: int) -> Iterator[None]:
        """While this lasts, `count` messages to the chat have been taken in and not answered for."""
        self._under_way[bot, chat] += count
        try:
            yield
        finally:
            self._under_way[bot, chat] -= count

    def check(self, bot: int, chat: int, count: int, edit: bool, paid: bool = False) -> None:
        """Refuse with 429 when `count` more messages to the chat do not fit in; edits are free in private
        chats.
        """
        if not self.on:
            return
        if not edit and self._under_way[bot, chat] >= self.UNDER_WAY:
            raise too_many_requests(self.UNDER_WAY_SECONDS)
        now = self._clock.now()
        wait = max((window.wait(now, count) for window in self._windows(bot, chat, edit, paid)), default=0.0)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))

    def note(self, bot: int, chat: int, count: int, edit: bool, paid: bool = False) -> None:
        if not self.on:
            return
        now = self._clock.now()
        for window in self._windows(bot, chat, edit, paid):
            window.note(now, count)

    def _windows(self, bot: int, chat: int, edit: bool, paid: bool) -> list[Window]:
        overall = self._overall.get((bot, paid))
        if overall is None:
            overall = self._overall[bot, paid] = Window(*(self.PAID if paid else self.OVERALL))
        if chat > 0 and edit:
            return [overall]
        windows = self._chats.get((bot, chat))
        if windows is None:
            limits = self.PRIVATE if chat > 0 else self.GROUP
            windows = self._chats[bot, chat] = [Window(*limit) for limit in limits]
        return [overall, *windows]
