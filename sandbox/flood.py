"""Telegram's flood windows, kept on the sandbox's clock.

Telegram publishes no exact rule; bots feel about one message a second in a private chat with short bursts
forgiven, twenty a minute in a group with edits and new topics counted, thirty a second in all. These are
those limits, made definite so that a test can stand right at the edge of one.
"""

import math
from collections import deque

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

    def __init__(self, clock: Clock, on: bool) -> None:
        self._clock = clock
        self.on = on
        self._overall: dict[int, Window] = {}
        self._chats: dict[tuple[int, int], list[Window]] = {}

    def clear(self) -> None:
        self._overall.clear()
        self._chats.clear()

    def check(self, bot: int, chat: int, count: int, edit: bool) -> None:
        """Refuse with 429 when `count` more messages to the chat do not fit in; edits are free in private
        chats.
        """
        if not self.on:
            return
        now = self._clock.now()
        wait = max((window.wait(now, count) for window in self._windows(bot, chat, edit)), default=0.0)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait)))

    def note(self, bot: int, chat: int, count: int, edit: bool) -> None:
        if not self.on:
            return
        now = self._clock.now()
        for window in self._windows(bot, chat, edit):
            window.note(now, count)

    def _windows(self, bot: int, chat: int, edit: bool) -> list[Window]:
        overall = self._overall.get(bot)
        if overall is None:
            overall = self._overall[bot] = Window(*self.OVERALL)
        if chat > 0 and edit:
            return [overall]
        windows = self._chats.get((bot, chat))
        if windows is None:
            limits = self.PRIVATE if chat > 0 else self.GROUP
            windows = self._chats[bot, chat] = [Window(*limit) for limit in limits]
        return [overall, *windows]
