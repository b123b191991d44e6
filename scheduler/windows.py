"""Telegram's windows, kept by us: how many messages may leave, to whom, within which time. Pure: time is an argument
in seconds.

Sliding windows, not buckets that refill: a bucket lets twice its size through around the moment it refills, which
Telegram answers with 429. A message counts from the moment its answer came, because by then Telegram has counted it;
counted from the moment it left, a slow first and a quick twenty-first message would meet inside Telegram's minute.
Overall both are counted: 28 a second leave, and of Telegram's 30 each is held from its leaving until a second after its
answer, because 28 that were held up on the way and 28 that were not may meet there.

A full overall window would make an answer wait for up to a second. So everything but answers leaves in small bursts,
and a broadcast evenly: a place is then free for an answer within a few hundredths of a second, a quarter of one at
the worst.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from models.outbox import A_SECOND, Lane

GROUP_LIMIT, GROUP_SECONDS = 20, 60.0
GROUP_RESERVE = 2
"""Places of a group's window that are kept for answers: somebody who asks there does not wait for cards to pass."""
EDIT_RESERVE = 8
"""Places kept for messages when a card is only to be changed: while a group is busy many changes make one edit."""
PRIVATE_SECONDS = 1.0
"""One message a private chat in this time."""
OVERALL_LIMIT, OVERALL_SECONDS = A_SECOND, 1.0
TELEGRAMS_LIMIT = 30
"""Telegram's own limit for all together, against which what is on its way counts until its answer is there."""
ON_THEIR_WAY = 0.02
"""Seconds after which to look again when only answers that have not come yet stand in the way."""
BURST_LIMIT, BURST_SECONDS = 7, 0.25
"""So many at once of everything that is not an answer."""
PACE = 1 / 27.6
"""Seconds between two broadcasts."""
CATCH_UP = 3
"""Broadcasts that may leave at once after the program was busy elsewhere; the pace holds over a second all the same."""


class Sliding:
    """At most `limit` within any `seconds`."""

    __slots__ = ("_limit", "_seconds", "_times")

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def wait(self, at: float, count: int = 1, reserve: int = 0) -> float:
        """Seconds from `at` until `count` more may pass and `reserve` places stay free; 0.0 when they may now.

        More than the whole window holds waits for an empty one.
        """
        times = self._times
        while times and times[0] + self._seconds <= at:
            times.popleft()
        limit = self._limit - reserve
        too_many = len(times) + min(count, limit) - limit
        return 0.0 if too_many <= 0 else times[too_many - 1] + self._seconds - at

    def take(self, at: float, count: int = 1) -> None:
        """`count` pass at `at`."""
        # A clock that was set back must not make the oldest look like the newest.
        self._times.extend([max(at, self._times[-1]) if self._times else at] * count)

    def empty(self, at: float) -> bool:
        """Whether nothing of the past counts any more."""
        return not self._times or self._times[-1] + self._seconds <= at


class Windows:
    """All windows of one bot. `enabled=False` lets everything through: for servers without limits and for
    benchmarks.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.begin_anew()

    def begin_anew(self) -> None:
        """Nothing has left, and nobody was told to wait."""
        self._overall = Sliding(OVERALL_LIMIT, OVERALL_SECONDS)
        self._bursts = Sliding(BURST_LIMIT, BURST_SECONDS)
        self._answered = Sliding(TELEGRAMS_LIMIT, OVERALL_SECONDS)
        self._flying = 0
        self._groups: dict[int, Sliding] = {}
        self._private: dict[int, float] = {}
        """Chat → when it may be written to again, the earliest first."""
        self._held: dict[int, float] = {}
        self._all_held = 0.0
        self._next_broadcast = 0.0

    def lane_wait(self, lane: int, at: float, count: int = 1) -> float:
        """Seconds from `at` until messages of this lane may leave at all."""
        waits = [self._all_held - at]
        if self.enabled:
            waits.append(self._overall.wait(at, count))
            room = self._flying + count <= TELEGRAMS_LIMIT
            waits.append(self._answered.wait(at, self._flying + count) if room else ON_THEIR_WAY)
            if lane > Lane.ANSWER:
                waits.append(self._bursts.wait(at, count))
            if lane >= Lane.BROADCAST:
                waits.append(self._next_broadcast - at)
        return max(0.0, *waits)

    def chat_wait(self, chat_id: int, lane: int, at: float, count: int = 1, *, edit: bool = False) -> float:
        """Seconds from `at` until this chat takes `count` more messages of this lane; 0 for what the chat does not
        count.
        """
        held = self._held.get(chat_id, 0.0) - at
        if not self.enabled or count == 0:
            return max(0.0, held)
        if chat_id > 0:
            return max(0.0, held, self._private.get(chat_id, 0.0) - at)
        group = self._groups.get(chat_id)
        if group is None:
            return max(0.0, held)
        reserve = 0 if lane == Lane.ANSWER else EDIT_RESERVE if edit else GROUP_RESERVE
        return max(0.0, held, group.wait(at, count, reserve))

    def leaves(self, lane: int, at: float, count: int = 1) -> None:
        """A call of this lane, as heavy as `count` messages, leaves."""
        if not self.enabled:
            return
        count = max(count, 1)
        self._flying += count
        self._overall.take(at, count)
        if lane > Lane.ANSWER:
            self._bursts.take(at, count)
        if lane >= Lane.BROADCAST:
            # Kept from the plan, not from `at`, or every late start would lower the pace for good.
            self._next_broadcast = max(self._next_broadcast, at - CATCH_UP * PACE) + count * PACE

    def arrived(self, chat_id: int, at: float, count: int = 1) -> None:
        """Telegram has answered, or will not any more: by now it has counted `count` messages to this chat."""
        if not self.enabled:
            return
        self._flying -= max(count, 1)
        self._answered.take(at, max(count, 1))
        if count == 0:
            return
        if chat_id > 0:
            self._private.pop(chat_id, None)
            self._private[chat_id] = at + PRIVATE_SECONDS
        else:
            self._groups.setdefault(chat_id, Sliding(GROUP_LIMIT, GROUP_SECONDS)).take(at, count)

    def closed(self, at: float) -> list[int]:
        """The chats that take nothing now, however urgent."""
        for chat_id in list(self._private):
            if self._private[chat_id] > at:
                break
            del self._private[chat_id]
        self._held = {chat: until for chat, until in self._held.items() if until > at}
        self._groups = {chat: window for chat, window in self._groups.items() if not window.empty(at)}
        full = [chat for chat, window in self._groups.items() if window.wait(at) > 0]
        return [*self._private, *full, *(chat for chat in self._held if chat not in self._private)]

    def reserved(self, at: float) -> list[int]:
        """The groups that take answers only."""
        return [chat for chat, window in self._groups.items() if window.wait(at, 1, GROUP_RESERVE) > 0]

    def opening(self, chat_id: int, at: float) -> float:
        """Seconds from `at` until anything may be sent to this chat."""
        return self.chat_wait(chat_id, Lane.ANSWER, at)

    def hold(self, chat_id: int, until: float) -> None:
        """Telegram said 429 for this chat: nothing to it until then."""
        self._held[chat_id] = max(self._held.get(chat_id, 0.0), until)

    def all_held(self, at: float) -> bool:
        """Whether nothing at all leaves now, because of `hold_all`."""
        return self._all_held > at

    def hold_all(self, until: float) -> None:
        """Nothing at all until then: Telegram said 429 to several chats at once, or is not there."""
        self._all_held = max(self._all_held, until)


def weight(chat_id: int, method: str, params: dict[str, Any]) -> int:
    """How many messages this call counts for in its chat: an album each of its parts, a change in a private chat
    none.
    """
    if method in ("sendMediaGroup", "forwardMessages", "copyMessages"):
        return max(1, len(params.get("media") or params.get("message_ids") or ()))
    says = method.startswith(("send", "copy", "forward", "create"))
    return 1 if says or chat_id < 0 else 0
