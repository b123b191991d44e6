"""What happened, in order: the event log behind the chat page and the actors, and the record of every call.

Readers wait on the log instead of asking again and again, so a test ends as soon as what it waits for is
there.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from sandbox.clock import Clock, iso
from sandbox.shapes import Json

KEPT_EVENTS = 100_000
KEPT_CALLS = 200_000


class Feed:
    """Numbered events; the newest `KEPT_EVENTS` can be read again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: deque[tuple[int, str, float, Json]] = deque(maxlen=KEPT_EVENTS)
        self._waiting: set[asyncio.Future[None]] = set()
        self.newest = 0
        self._closed = False
        # Calls are events only while somebody listens for them: a benchmark should not pay for them.
        self.call_listeners = 0

    def add(self, kind: str, chat: int | None, **fields: Any) -> int:
        self.newest += 1
        fields["chat"] = chat
        self._events.append((self.newest, kind, self._clock.now(), fields))
        if self._waiting:
            self._wake()
        return self.newest

    def close(self) -> None:
        """End every stream; readers come back to the world that follows."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    def since(self, after: int) -> list[tuple[int, str, float, Json]]:
        if after >= self.newest:
            return []
        missing = min(self.newest - after, len(self._events))
        start = len(self._events) - missing
        if missing < 64:
            return [self._events[i] for i in range(start, len(self._events))]
        return list(self._events)[start:]

    async def follow(self, after: int, calls: bool = False) -> AsyncIterator[bytes]:
        """Yield the events after `after` as server-sent events, several at once when several are there."""
        if calls:
            self.call_listeners += 1
        if after > self.newest:
            # The reader knows another world, one that has been reset since.
            after = 0
        try:
            while not self._closed:
                fresh = self.since(after)
                if not fresh:
                    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.add(future)
                    try:
                        await future
                    finally:
                        self._waiting.discard(future)
                    continue
                after = fresh[-1][0]
                chosen = [_sse(event) for event in fresh[:2000] if calls or event[1] != "call"]
                if len(fresh) > 2000:
                    after = fresh[1999][0]
                if chosen:
                    yield b"".join(chosen)
        finally:
            if calls:
                self.call_listeners -= 1


def _sse(event: tuple[int, str, float, Json]) -> bytes:
    number, kind, at, fields = event
    data = json.dumps({"n": number, "kind": kind, "at": iso(at), **fields}, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\ndata: {data}\n\n".encode(errors="surrogatepass")


class Calls:
    """Every Bot API call with what came of it, newest last."""

    def __init__(self, clock: Clock, feed: Feed) -> None:
        self._clock = clock
        self._feed = feed
        self._calls: deque[tuple[Any, ...]] = deque(maxlen=KEPT_CALLS)
        self.newest = 0

    def add(
        self, bot: int, method: str, params: Json, status: int, result: Any = None, error: str | None = None
    ) -> None:
        self.newest += 1
        entry = (self.newest, self._clock.now(), bot, method, params, status, _message_id(result), error)
        self._calls.append(entry)
        if self._feed.call_listeners:
            self._feed.add("call", None, call=_as_json(entry))

    def since(self, after: int, method: str | None = None) -> list[Json]:
        wanted = method.lower() if method else None
        return [
            _as_json(entry)
            for entry in self._calls
            if entry[0] > after and (wanted is None or entry[3].lower() == wanted)
        ]


def _message_id(result: Any) -> int | list[int] | None:
    if isinstance(result, dict):
        return result.get("message_id")
    if isinstance(result, list) and result and isinstance(result[0], dict) and "message_id" in result[0]:
        return [item["message_id"] for item in result]
    return None


def _as_json(entry: tuple[Any, ...]) -> Json:
    number, at, bot, method, params, status, message_id, error = entry
    call: Json = {
        "n": number,
        "at": iso(at),
        "bot": bot,
        "method": method,
        "chat_id": params.get("chat_id"),
        "params": params,
        "status": status,
        "ok": status == 200,
    }
    if message_id is not None:
        call["result_message_id"] = message_id
    if error is not None:
        call["error"] = error
    return call
