"""The sandbox's own time.

Everything that Telegram does by the clock (dates, flood windows, polls that close, webhook retries) follows
this one, so that a demonstration can jump to the next morning and a test can wait out a window without
waiting.
"""

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch that run `speed` times as fast as real ones and can be set forward."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._began = self._real = time.monotonic()
        self._base = time.time() if start is None else start
        self._jumped = 0.0
        self.speed = speed
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._handle: asyncio.TimerHandle | None = None
        self._ringing = False

    def now(self) -> float:
        return self._base + (time.monotonic() - self._real) * self.speed

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def iso(self) -> str:
        return iso(self.now())

    def patience(self) -> float:
        """Seconds a person would have waited: jumps count in full, a fast clock does not.

        The 15 s in which a button press may be answered go by this one, or no bot could answer under
        `--speed 60`.
        """
        return time.monotonic() - self._began + self._jumped

    def advance(self, seconds: float) -> None:
        self._settle()
        self._base += seconds
        self._jumped += max(0.0, seconds)
        self._ring()

    def set_to(self, moment: datetime) -> None:
        self.advance(moment.timestamp() - self.now())

    def set_speed(self, speed: float) -> None:
        self._settle()
        self.speed = speed
        self._ring()

    def call_at(self, when: float, what: Callable[[], None]) -> None:
        """Run `what` in the event loop once this clock shows `when`."""
        heapq.heappush(self._alarms, (when, next(self._order), what))
        self._arm()

    async def sleep(self, seconds: float) -> None:
        done = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        self.call_at(self.now() + seconds, wake)
        await done

    def stop(self) -> None:
        self._alarms.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _settle(self) -> None:
        now = self.now()
        self._real = time.monotonic()
        self._base = now

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if not self._alarms or self._ringing:
            return
        wait = (self._alarms[0][0] - self.now()) / self.speed if self.speed > 0 else math.inf
        # A day is the longest nap: loops refuse infinite timers, and the alarm is set anew on waking.
        self._handle = asyncio.get_running_loop().call_later(min(max(0.0, wait), 86_400.0), self._ring)

    def _ring(self) -> None:
        if self._ringing:
            return
        self._ringing = True
        try:
            # A hair's breadth of tolerance: timers fire a little early on some loops.
            while self._alarms and self._alarms[0][0] <= self.now() + 0.002:
                heapq.heappop(self._alarms)[2]()
        finally:
            self._ringing = False
        self._arm()


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
