"""The mouth: takes what is due from the outbox and brings it to Telegram (laws 5–8). Nothing else of the product sends.

    round:  one transaction ─ write what came of the last attempts (`results.py`); take the next rows, draw them, mark
                              them `sending` (`taking.py`)
            outside of it   ─ send, at most 32 at once, never two to one chat; learn from it (`backoff.py`)
            an attempt ends ─ next round

A row is marked before it is sent and marked again after, so a crash in between is known as what it is: an attempt
that may have arrived. python-telegram-bot's own `AIORateLimiter` stands behind our windows as a backstop; what it
would hold back has already waited here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call
from models import lease
from models.database import Database
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.vault import Vault
from scheduler import queue, results
from scheduler.backoff import Backoff
from scheduler.results import Attempt
from scheduler.taking import Draw, Taker
from scheduler.transport import READ_SECONDS, Mouth
from scheduler.verdict import Fate, Verdict, judge
from scheduler.windows import Windows, weight

log = structlog.get_logger()

IN_FLIGHT = 32
STOP_SECONDS = 8.0
ROUND_SECONDS = 0.04
CROWD = 4
"""More chats than this being written to at once, or more rows than this in one round, are many."""
LOOK_SECONDS = 1.0
"""After so long the outbox is looked at even when nobody calls: another process may write too."""
DATABASE_AWAY = 2.0
"""Between two tries while the database is not there, at most."""
SET_BACK = timedelta(seconds=5)
"""A clock that was put right by less than this is no matter."""


class _Late(Exception):
    """The lease was not renewed for so long that somebody else may have it."""


class Courier:
    """Enter it to start, leave it to stop: what is on its way is then finished and written down. It may be entered
    again.
    """

    def __init__(
        self,
        database: Database,
        token: str,
        api_base: str,
        *,
        draw: Draw,
        vault: Vault,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float],
        windows: bool = True,
        backstop: bool = True,
        read_seconds: float = READ_SECONDS,
        attempted: Callable[[int, str], None] = lambda lane, end: None,
    ) -> None:
        """`clock` says what is due, `elapsed` counts the seconds of Telegram's windows; `windows=False` switches them
        off, `backstop=False` python-telegram-bot's limiter alone, which knows no seconds but real ones. An answer that
        has not come after `read_seconds` is taken for none. `attempted` hears of each attempt its lane and what came of
        it (`Fate`, in small letters).
        """
        self._database = database
        self._vault = vault
        self._clock = clock
        self._elapsed = elapsed
        self._windows = Windows(enabled=windows)
        self._taker = Taker(self._windows, draw, vault)
        self._backoff = Backoff(self._windows)
        self._bot = Mouth(token, api_base, IN_FLIGHT, backstop=windows and backstop, read_seconds=read_seconds)
        self._attempted = attempted
        self._wake = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._finished: list[Attempt] = []
        self._doubtful: list[Attempt] = []
        """Of these nobody knows whether what was written down last was kept: that they were leaving, or how they ended.
        Those without a verdict have not left.
        """
        self._ended: list[int] = []
        """Chats whose line is through, but not yet written down."""
        self._stopping = False
        self._told: tuple[datetime, float] | None = None
        """What both clocks said at the last round."""
        self._last_round = 0.0
        self._last_size = 0
        """Rows that the last round took or wrote down."""

    def wake(self) -> None:
        """There may be something to send, or the clock has moved."""
        self._wake.set()

    async def __aenter__(self) -> Self:
        # Whatever it still had of the last time, `_recover` or another program has found in the outbox.
        self._stopping = False
        for left in (self._busy, self._finished, self._doubtful, self._ended):
            left.clear()
        self._windows.begin_anew()
        await self._bot.open()
        try:
            await self._recover()
        except BaseException:
            # Told to stop while the database is asked: nobody leaves what nobody has entered.
            await self._bot.close_connections()
            raise
        self._task = asyncio.create_task(self._run(), name="courier")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._wake.set()
        try:
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            if not self._task.done():
                log.error("the courier was stopped with messages on their way", count=len(self._busy))
                self._task.cancel()
            elif not self._task.cancelled() and isinstance(self._task.exception(), lease.Lost):
                # Asked for, so that nobody calls it forgotten: `run` may have been gone before.
                log.warning("the courier stopped: another program leads", count=len(self._busy))
            for task in self._busy.values():
                task.cancel()
        finally:
            await self._bot.close_connections()

    async def run(self) -> None:
        """Until the courier stops; raises what made it stop, so that the program does not go on mute."""
        await asyncio.shield(self._task)

    async def _recover(self) -> None:
        """Rows that a crash left between intent and result: each may have arrived."""
        now = self._clock()
        async with self._database.transaction() as session:
            rows = (await session.scalars(select(Outgoing).where(Outgoing.state == Sending.SENDING))).all()
            for row in rows:
                if row.repeat is Repeat.NEVER:
                    await results.end(
                        session, row, Sending.UNKNOWN, "the program stopped while it was being sent", now, self._vault
                    )
                else:
                    row.state, row.not_before = Sending.DUE, now
            if rows:
                log.warning("messages were on their way when the program stopped", count=len(rows))

    async def _run(self) -> None:
        pause = 0.5
        while True:
            await self._until_worth_it()
            self._wake.clear()
            try:
                started, wait = await self._round()
                pause = 0.5
            except DBAPIError as error:
                log.error("the outbox cannot be reached", why=type(error).__name__, seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, DATABASE_AWAY)
                continue
            if self._stopping and not self._busy and not self._finished and not self._doubtful:
                return
            if started or self._finished:
                # Let what was started reach the network before looking again.
                await asyncio.sleep(0)
                if self._wake.is_set() or self._finished:
                    continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def _until_worth_it(self) -> None:
        """A round costs much the same for one row and for twenty: while many chats are written to at once, it comes
        when many results wait to be written down, or a moment after the last. Otherwise nobody waits.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._last_round + ROUND_SECONDS):
                while (
                    max(len(self._busy), self._last_size) > CROWD
                    and len(self._finished) < IN_FLIGHT // 2
                    and not self._stopping
                ):
                    self._wake.clear()
                    await self._wake.wait()

    async def _round(self) -> tuple[int, float]:
        """Write results, take rows, start them. Returns how many were started and after how long to look again."""
        self._last_round = asyncio.get_running_loop().time()
        now, at = self._clock(), self._elapsed()
        finished, self._finished = self._finished, []
        ended, self._ended = self._ended, []
        for chat_id in ended:
            # Not before: what came of its last message has to be written down before the next one is drawn.
            del self._busy[chat_id]
        doubtful, clear = self._doubtful, list[Attempt]()
        try:
            async with self._database.transaction() as session:
                if back := self._set_back(now, at):
                    await queue.sooner(session, now, back)
                if doubtful:
                    clear, self._doubtful = await results.cleared(session, doubtful)
                await results.settle(session, [*clear, *finished], now, self._vault)
                await session.flush()
                idle = self._stopping or not lease.stands()
                lines, wait = ([], LOOK_SECONDS) if idle else await self._take(session, now, at)
        except BaseException:
            # What was written may have been kept all the same, when the database did not say.
            self._doubtful = [*doubtful, *finished, *self._taker.undone(at)]
            raise
        self._taker.kept()
        self._told = now, at
        self._last_size = len(finished) + sum(len(line) for line in lines)
        for line in lines:
            self._busy[line[0].chat_id] = asyncio.create_task(self._send_line(line))
        return len(lines), wait

    def _set_back(self, now: datetime, at: float) -> timedelta:
        """By how much the clock that says what is due was set back since the last round."""
        if self._told is None:
            return timedelta()
        before, at_before = self._told
        back = timedelta(seconds=at - at_before) - (now - before)
        return back if back > SET_BACK else timedelta()

    async def _take(self, session: AsyncSession, now: datetime, at: float) -> tuple[list[list[Attempt]], float]:
        free = (1 if self._backoff.one_asks else IN_FLIGHT) - len(self._busy)
        busy = self._busy.keys() | {attempt.chat_id for attempt in self._doubtful}
        return await self._taker.take(session, now, at, free=free, busy=busy, longest=LOOK_SECONDS)

    # ------------------------------------------------------------ sending

    async def _send_line(self, line: Sequence[Attempt]) -> None:
        """One chat's rows, one after the other; when one does not get through, those behind it are due again."""
        chat_id = line[0].chat_id
        through = True
        for attempt in line:
            if through:
                await self._send(attempt)
                through = attempt.verdict is not None and attempt.verdict.fate is Fate.SENT
            else:
                self._windows.arrived(chat_id, self._elapsed(), attempt.weight)
                attempt.verdict = Verdict(Fate.HELD, reason="what was to be said before it did not get through")
            if attempt is line[-1]:
                self._ended.append(chat_id)
            self._finished.append(attempt)
            self._wake.set()

    async def _send(self, attempt: Attempt) -> None:
        """Make the calls of one row and judge what came of it."""
        method = ""
        try:
            calls = attempt.letter.calls[attempt.skip :]
            if attempt.letter.topic is not None:
                method = "createForumTopic"
                params = {"chat_id": attempt.chat_id, "name": attempt.letter.topic}
                topic = await self._call(attempt, Call(method, params))
                attempt.thread_id = int(topic["message_thread_id"])
                await self._wait_for_window(attempt, calls[0])
                calls = [replace(c, params={**c.params, "message_thread_id": attempt.thread_id}) for c in calls]
            for i, call in enumerate(calls):
                method = call.method
                if i:
                    await self._wait_for_window(attempt, call)
                attempt.results.append(await self._call(attempt, call))
            attempt.verdict = Verdict(Fate.SENT)
        except asyncio.CancelledError:
            raise
        except _Late:
            # Nothing is learnt of Telegram by this. Who has lost the lease cannot write it down; who has not, tries
            # again.
            attempt.verdict = Verdict(Fate.HELD, reason="another program may lead by now")
            return
        except Exception as error:  # noqa: BLE001  (whatever it was, the row must be told)
            attempt.error = error
            attempt.verdict = judge(
                error, method=method, chat_id=attempt.chat_id, repeat=attempt.row.repeat, attempts=attempt.attempts
            )
        self._backoff.learn(attempt.chat_id, attempt.verdict, self._elapsed())
        self._attempted(attempt.row.lane, attempt.verdict.fate.name.lower())

    async def _call(self, attempt: Attempt, call: Call) -> Any:
        count = weight(attempt.chat_id, call.method, call.params)
        try:
            if not lease.stands():
                # Marked as leaving long ago: whoever leads by now may have taken it for what a crash left behind.
                raise _Late
            return await self._bot.call(call.method, call.params)
        finally:
            # Whatever came back, Telegram may have counted it; and what did not leave is not on its way any more.
            self._windows.arrived(attempt.chat_id, self._elapsed(), count)

    async def _wait_for_window(self, attempt: Attempt, call: Call) -> None:
        """The next part of one letter: it keeps its chat to itself, and waits for its windows like any other."""
        count = weight(attempt.chat_id, call.method, call.params)
        while True:
            at = self._elapsed()
            wait = max(
                self._windows.lane_wait(attempt.row.lane, at, max(count, 1)),
                self._windows.chat_wait(attempt.chat_id, Lane.ANSWER, at, count),
            )
            if wait <= 0:
                break
            await asyncio.sleep(min(wait, 0.25))
        self._windows.leaves(attempt.row.lane, at, count)
