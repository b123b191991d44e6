"""Misfortune on demand: statuses, delays, cut connections and junk, for the calls a test names."""

import itertools
from dataclasses import dataclass
from typing import Any

from sandbox.refusals import ControlError
from sandbox.shapes import Json

DESCRIPTIONS = {
    400: "Bad Request: fault injected",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    413: "Request Entity Too Large",
    429: "Too Many Requests: retry after 1",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
GARBAGE = {
    "html": b"<html><body>It works!</body></html>",
    "half": b'{"ok":true,"result":{"message_id":',
    "no ok": b'{"result":{"message_id":1}}',
    "no result": b'{"ok":true}',
    "not ours": b'{"ok":true,"result":"It works!"}',
    "empty": b"",
}
"""What a gateway may put in place of an answer, with the status the answer would have had."""
KNOWN = frozenset(
    {
        "method",
        "chat",
        "times",
        "after",
        "status",
        "description",
        "retry_after",
        "delay",
        "drop",
        "garbage",
        "parameters",
    }
)


@dataclass(slots=True)
class Fault:
    """One planned misfortune. `status` refuses without effect; `delay` holds back the answer, after the
    effect.
    """

    id: int
    method: str
    chat: str | None
    times: int
    skip: int
    status: int | None
    description: str | None
    parameters: Json | None
    delay: float
    drop: str | None
    garbage: bytes | None


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, wish: Json) -> int:
        if unknown := set(wish) - KNOWN:
            raise ControlError(f"a fault has no field {sorted(unknown)[0]!r}; fields: {', '.join(sorted(KNOWN))}")
        if not any(wish.get(name) for name in ("status", "delay", "drop", "garbage")):
            raise ControlError("a fault needs one of status, delay, drop, garbage")
        drop = wish.get("drop")
        if drop not in (None, "before", "after"):
            raise ControlError('drop is "before" or "after" the call takes effect')
        garbage = "html" if wish.get("garbage") is True else wish.get("garbage") or None
        if garbage is not None and garbage not in GARBAGE:
            raise ControlError(f"garbage is true or one of {', '.join(GARBAGE)}")
        status = wish.get("status")
        retry_after = wish.get("retry_after", 1 if status == 429 else None)
        parameters: Json | None = wish.get("parameters")
        description: Any = wish.get("description")
        if retry_after is not None:
            parameters = {**(parameters or {}), "retry_after": int(retry_after)}
            description = description or f"Too Many Requests: retry after {int(retry_after)}"
        chat = wish.get("chat")
        fault = Fault(
            id=next(self._ids),
            method=str(wish.get("method", "*")).lower(),
            chat=None if chat is None else str(chat),
            times=int(wish.get("times", 1)),
            skip=int(wish.get("after", 0)),
            status=status,
            description=description or (DESCRIPTIONS.get(status, "Fault injected") if status else None),
            parameters=parameters,
            delay=float(wish.get("delay", 0.0)),
            drop=drop,
            garbage=GARBAGE[garbage] if garbage is not None else None,
        )
        self._faults.append(fault)
        return fault.id

    def clear(self) -> None:
        self._faults.clear()

    def __bool__(self) -> bool:
        return bool(self._faults)

    def strike(self, method: str, chat: Any) -> Fault | None:
        """The fault that hits this call, counted down; `method` in lower case."""
        for fault in self._faults:
            if fault.method not in ("*", method):
                continue
            if fault.chat is not None and fault.chat != str(chat):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None
