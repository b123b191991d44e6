"""What the courier takes from the outbox in one round: the rows whose turn it is, drawn as they are now and counted by
Telegram's windows, those of one chat in a line (laws 5 and 7).

Inside the courier's transaction; `queue.py` says which rows are due, `windows.py` what may leave.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter
from models import cases, foresight, outbox, requesters
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.requesters import Requester
from models.union import comments
from models.vault import Vault
from scheduler import queue, results
from scheduler.results import Attempt
from scheduler.windows import Windows, weight

log = structlog.get_logger()

LOOKED_AT = 4
"""Due rows looked at for each that may leave; chats that have to wait are left out of the next look."""

Draw = Callable[[AsyncSession, Outgoing, datetime, int], Awaitable[Letter]]


class _Wait(NamedTuple):
    """A row cannot leave now."""

    seconds: float = math.inf
    """Until it may; for ever when nobody can say, and it is looked at again as everything is."""
    in_order: bool = True
    """What comes after it in its queue waits too."""


@dataclass
class _Round:
    """One look at the outbox."""

    session: AsyncSession
    now: datetime
    at: float
    """As the windows count."""
    free: int
    """So many lines may leave."""
    busy: Collection[int]
    lines: dict[int, list[Attempt]] = field(default_factory=dict)
    """Chat → what leaves for it."""


class Taker:
    """Takes rows, one round after the other."""

    def __init__(self, windows: Windows, draw: Draw, vault: Vault) -> None:
        self._windows = windows
        self._draw = draw
        self._vault = vault
        self._taken: list[Attempt] = []
        """Counted by the windows, but not yet written down as leaving."""

    def kept(self) -> None:
        """What was taken is written down, and leaves."""
        self._taken = []

    def undone(self, at: float) -> list[Attempt]:
        """What was taken does not leave after all: this. Counted as on its way for ever it would close the windows in
        the end.
        """
        for attempt in self._taken:
            self._windows.arrived(attempt.chat_id, at, attempt.weight)
        undone, self._taken = self._taken, []
        return undone

    async def take(
        self, session: AsyncSession, now: datetime, at: float, *, free: int, busy: Collection[int], longest: float
    ) -> tuple[list[list[Attempt]], float]:
        """The rows whose turn it is, drawn and marked, those of one chat in a line; and after how many seconds to look
        again, `longest` at most. There is room for `free` lines, and `busy` chats have one already.
        """
        waits = {lane: self._windows.lane_wait(lane, at) for lane in Lane}
        open_lanes = [lane for lane, wait in waits.items() if wait == 0]
        if free <= 0 or not open_lanes:
            # The next attempt that ends wakes us; otherwise the first lane that opens.
            return [], longest if free <= 0 else min(waits.values())
        look = min([longest, *(wait for wait in waits.values() if wait > 0)])
        due = await queue.due(
            session,
            now,
            free * LOOKED_AT,
            lanes=open_lanes,
            closed=(*busy, *self._windows.closed(at)),
            answers_only=self._windows.reserved(at),
        )
        if not due:
            opens = {chat: self._windows.opening(chat, at) for chat in self._windows.closed(at)}
            return [], min(look, await queue.until_next(session, now, opens, longest))
        this, waiting = _Round(session, now, at, free, busy), set[str | None]()
        # What is drawn reads the database often, and need not see that its neighbours are leaving.
        with session.no_autoflush:
            while due and len(this.lines) < free:
                due, now_due = due[free:], due[:free]
                rows = await queue.locked(session, [place.id for place in now_due])
                await foresight.gather(session, list(rows.values()))
                for place in now_due:
                    row = rows.get(place.id)
                    if place.replaced:
                        if row is not None:
                            row.state = Sending.SUPERSEDED
                            outbox.forget(row)
                        continue
                    if row is None or place.queue in waiting:
                        waiting.add(place.queue)
                        continue
                    wait = await self._line_up(row, this)
                    if wait is not None:
                        look = min(look, wait.seconds)
                        if wait.in_order:
                            waiting.add(place.queue)
        leaving = [attempt.row.id for line in this.lines.values() for attempt in line]
        if leaving:
            await outbox.leaving(session, leaving)
        return list(this.lines.values()), max(look, 0.001)

    async def _line_up(self, row: Outgoing, this: _Round) -> _Wait | None:
        """Put the row into its chat's line, drawn and marked; or how long it has to wait."""
        session, now, at = this.session, this.now, this.at
        chat_id = await self._chat(session, row)
        if chat_id is None:
            await results.end(
                session, row, Sending.FAILED, "the address of an anonymous student was destroyed", now, self._vault
            )
            return None
        line = this.lines.get(chat_id, [])
        full = not line and len(this.lines) >= this.free
        if chat_id in this.busy or full or (line and not _may_follow(line, chat_id, row)):
            return _Wait()
        ahead = sum(attempt.weight for attempt in line)
        wait = max(
            self._windows.lane_wait(row.lane, at),
            self._windows.chat_wait(chat_id, row.lane, at, ahead + 1 if line else 1),
        )
        if wait > 0:
            return _Wait(wait)
        attempt = await self._prepare(session, row, chat_id, now)
        if attempt is None:
            return _Wait(0.0, in_order=False)
        call = attempt.letter.calls[attempt.skip]
        attempt.weight, edit = weight(chat_id, call.method, call.params), call.method.startswith("edit")
        wait = max(
            self._windows.lane_wait(row.lane, at, max(attempt.weight, 1)),
            self._windows.chat_wait(chat_id, row.lane, at, ahead + attempt.weight, edit=edit),
        )
        if wait > 0:
            # A card shows what is so when it is drawn; what is said meanwhile need not wait for it. Anything else
            # keeps its place: it is heavier than there is room for, an album.
            return _Wait(wait, in_order=not (edit and chat_id < 0))
        self._windows.leaves(row.lane, at, attempt.weight)
        self._taken.append(attempt)
        this.lines.setdefault(chat_id, []).append(attempt)
        return None

    async def _chat(self, session: AsyncSession, row: Outgoing) -> int | None:
        if row.chat_id is not None:
            return row.chat_id
        if row.requester_id is None:
            reached_by = comments.addressee if row.letter == comments.TOLD else cases.addressee
            return await reached_by(session, row, self._vault)
        requester = await session.get_one(Requester, row.requester_id)
        reached = await requesters.reach(session, requester, self._vault)
        return reached.chat_id if reached else None

    async def _prepare(self, session: AsyncSession, row: Outgoing, chat_id: int, now: datetime) -> Attempt | None:
        """The row drawn; None when there is nothing to say any more, or it cannot be drawn."""
        try:
            letter = await self._draw(session, row, now, chat_id)
        except DBAPIError:
            raise
        except Exception as error:
            log.error("a message cannot be drawn", row=row.id, why=type(error).__name__, exc_info=True)
            await results.end(
                session, row, Sending.FAILED, f"could not be drawn ({type(error).__name__})", now, self._vault
            )
            return None
        payload = row.payload or {}
        skip = int(payload.get(outbox.DONE, 0))
        if len(letter.calls) <= skip:
            row.state = Sending.SENT if skip else Sending.SUPERSEDED
            outbox.forget(row)
            return None
        without = [*payload.get(outbox.WITHOUT, ()), *(["parse_mode"] if payload.get(outbox.PLAIN) else ())]
        if without:
            letter = replace(letter, calls=[_without(call, without) for call in letter.calls])
        return Attempt(row, chat_id, letter, skip)


def _may_follow(line: Sequence[Attempt], chat_id: int, row: Outgoing) -> bool:
    """Whether this row may be taken together with those before it.

    In groups only, where there may be many; not one that a crash before its turn would leave as unknown; and not
    behind a card that is only now posted, because what stands below a card replies to it.
    """
    last = line[-1].letter
    posts_card = last.topic is not None or (last.digest is not None and last.calls[0].method == "sendMessage")
    return chat_id < 0 and row.repeat is not Repeat.NEVER and not posts_card


def _without(call: Call, names: Collection[str]) -> Call:
    return replace(call, params={name: value for name, value in call.params.items() if name not in names})
