"""What one attempt says about all the others: Telegram is away, or asks a chat, or everybody, to wait."""

from __future__ import annotations

import structlog

from scheduler.verdict import Fate, Verdict
from scheduler.windows import Windows

log = structlog.get_logger()

SEVERAL = 3
"""So many chats told 429 within a second means that all of them are meant, perhaps: one message asks now and then."""
ASK_FIRST, ASK_LONGEST = 1.0, 60.0
"""Seconds after which it asks."""
AWAY_FIRST, AWAY_LONGEST = 0.5, 30.0
"""Seconds between two tries while Telegram is not there."""
DENIED_SECONDS = 60.0
"""After so long it is asked again whether Telegram knows the token."""


class Backoff:
    """Holds the windows shut for as long as Telegram says, or, where it says nothing, for longer each time."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._told_429: dict[int, float] = {}
        self.away = 0.0
        """Seconds until it is asked again whether Telegram is there; 0 while it is."""
        self._all_told = 0.0
        """How long all of them are made to wait; above 0 as long as nobody has got through since."""

    @property
    def one_asks(self) -> bool:
        """Whether one message alone may leave, to ask whether the others may, too."""
        return self._all_told > 0

    def learn(self, chat_id: int, verdict: Verdict, at: float) -> None:
        """What an attempt says about the others: this chat has to wait, or all of them."""
        if verdict.fate is Fate.NOT_SENT:
            self.away = (
                min(max(self.away * 2, AWAY_FIRST), AWAY_LONGEST) if self._windows.lane_wait(0, at) == 0 else self.away
            )
            self._windows.hold_all(at + self.away)
            log.warning("Telegram cannot be reached", seconds=self.away)
            return
        self.away = 0.0
        if verdict.fate is not Fate.HELD:
            self._all_told = 0.0
        if verdict.fate is Fate.DENIED:
            self._windows.hold_all(at + DENIED_SECONDS)
            log.error("Telegram does not know the token", seconds=DENIED_SECONDS)
        elif verdict.fate is Fate.HELD:
            until = at + verdict.pause.total_seconds()
            self._windows.hold(chat_id, until)
            self._told_429 = {chat: told for chat, told in self._told_429.items() if told > at - 1.0} | {chat_id: at}
            if (len(self._told_429) >= SEVERAL or self._all_told) and not self._windows.all_held(at):
                # Three chats that have to wait for hours must not make all the others wait for hours.
                self._all_told = min(max(self._all_told * 2, ASK_FIRST), ASK_LONGEST)
                self._windows.hold_all(min(until, at + self._all_told))
            log.warning(
                "Telegram asks to wait",
                chat=chat_id if chat_id < 0 else "private",
                seconds=verdict.pause.total_seconds(),
            )
