"""The mouth: takes what is due from the outbox and brings it to Telegram (laws 5–8). Nothing else of the product sends.

    round:  one transaction ─ write what came of the last attempts, take the next rows, draw them, mark them `sending`
            outside of it   ─ send, at most 32 at once, never two to one chat
            an attempt ends ─ next round

A row is marked before it is sent and marked again after, so a crash in between is known as what it is: an attempt that may have arrived.
python-telegram-bot's own `AIORateLimiter` stands behind our windows as a backstop; what it would hold back has already waited here.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy import exists, func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from telegram import InputFile
from telegram.error import ChatMigrated
from telegram.ext import AIORateLimiter, ExtBot

from bot.letters import Call, Letter
from models import letters, outbox, people, postings, pulses, requesters, stations
from models.database import Database
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.requesters import Requester
from models.tickets import Ticket
from models.vault import Vault
from models.words import Words
from scheduler.transport import AiohttpRequest
from scheduler.verdict import Fate, Verdict, judge
from scheduler.windows import Windows

log = structlog.get_logger()

IN_FLIGHT = 32
LOOKED_AT = 400
"""Due rows looked at in a round; chats that have to wait are left out of the next look."""
STOP_SECONDS = 8.0
SEVERAL = 3
"""So many chats told 429 within a second means that all of them are meant."""

Draw = Callable[[AsyncSession, Outgoing, datetime, int], Awaitable[Letter]]


class Mouth(ExtBot[AIORateLimiter | None]):
    """python-telegram-bot's bot, asked for any method by its name with parameters as Telegram takes them."""

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """The method's raw result. Raises telegram.error.TelegramError."""
        return await self._post(method, data=params)


@dataclass
class Attempt:
    """One row on its way."""

    row_id: int
    chat_id: int
    letter: Letter
    repeat: Repeat
    attempts: int
    drawn_at: datetime
    skip: int = 0
    """Calls that an earlier attempt has made already."""
    results: list[Any] = field(default_factory=list)
    thread_id: int | None = None
    verdict: Verdict | None = None
    error: Exception | None = None


class Courier:
    """Enter it to start, leave it to stop: what is on its way is then finished and written down."""

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
    ) -> None:
        """`clock` says what is due, `elapsed` counts the seconds of Telegram's windows; `windows=False` switches them off."""
        self._database = database
        self._draw = draw
        self._vault = vault
        self._clock = clock
        self._elapsed = elapsed
        self._windows = Windows(enabled=windows)
        base = api_base.rstrip("/")
        self._bot = Mouth(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=AiohttpRequest(IN_FLIGHT),
            get_updates_request=AiohttpRequest(1),
            rate_limiter=AIORateLimiter(overall_max_rate=30, max_retries=0) if windows else None,
        )
        self._wake = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._finished: list[Attempt] = []
        self._stopping = False
        self._told_429: dict[int, float] = {}

    def wake(self) -> None:
        """There may be something to send, or the clock has moved."""
        self._wake.set()

    async def __aenter__(self) -> Self:
        # Not Bot.initialize(): it asks getMe, and a start without network must not fail for that.
        for request in self._bot._request:
            await request.initialize()
        if self._bot.rate_limiter is not None:
            await self._bot.rate_limiter.initialize()
        await self._recover()
        self._task = asyncio.create_task(self._run(), name="courier")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._wake.set()
        try:
            await asyncio.wait_for(self._task, STOP_SECONDS)
        except TimeoutError:
            log.error("the courier was stopped with messages on their way", count=len(self._busy))
        for task in self._busy.values():
            task.cancel()
        for request in self._bot._request:
            await request.shutdown()

    async def _recover(self) -> None:
        """Rows that a crash left between intent and result: each may have arrived."""
        now = self._clock()
        async with self._database.transaction() as session:
            rows = (await session.scalars(select(Outgoing).where(Outgoing.state == Sending.SENDING))).all()
            for row in rows:
                if row.repeat is Repeat.NEVER:
                    await self._end(session, row, Sending.UNKNOWN, "the program stopped while it was being sent", now)
                else:
                    row.state, row.not_before = Sending.DUE, now
            if rows:
                log.warning("messages were on their way when the program stopped", count=len(rows))

    async def _run(self) -> None:
        pause = 0.5
        while True:
            self._wake.clear()
            try:
                started, wait = await self._round()
                pause = 0.5
            except DBAPIError as error:
                log.error("the outbox cannot be reached", why=type(error).__name__, seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10.0)
                continue
            if self._stopping and not self._busy and not self._finished:
                return
            if started or self._finished:
                # Let what was started reach the network before looking again.
                await asyncio.sleep(0)
                if self._wake.is_set() or self._finished:
                    continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait)

    async def _round(self) -> tuple[int, float]:
        """Write results, take rows, start them. Returns how many were started and after how long to look again."""
        now, at = self._clock(), self._elapsed()
        results, self._finished = self._finished, []
        try:
            async with self._database.transaction() as session:
                for attempt in results:
                    await self._settle(session, attempt, now)
                if self._stopping:
                    taken, wait = [], 0.5
                else:
                    taken, wait = await self._take(session, now, at)
        except BaseException:
            self._finished = [*results, *self._finished]
            raise
        for attempt in taken:
            self._busy[attempt.chat_id] = asyncio.create_task(self._send(attempt))
        return len(taken), wait

    # ------------------------------------------------------------ taking

    async def _take(self, session: AsyncSession, now: datetime, at: float) -> tuple[list[Attempt], float]:
        free = IN_FLIGHT - len(self._busy)
        # Results wait to be written by the time the next one ends, so a full house just waits for that.
        if free <= 0:
            return [], 1.0
        wait = 1.0
        taken: list[Attempt] = []
        chats = set(self._busy)
        closed: set[str] = {str(chat) for chat in chats}
        rows = await self._due(session, now, closed, self._windows.overall_wait(at, broadcast=True) > 0)
        if not rows:
            return [], await self._until_next(session, now)
        seen: set[str] = set()
        for row in rows:
            if len(taken) >= free:
                wait = 0.05
                break
            queue = row.queue or ""
            if queue in seen:
                continue
            seen.add(queue)
            chat_id = await self._chat(session, row)
            if chat_id is None:
                await self._end(session, row, Sending.FAILED, "the address of an anonymous student was destroyed", now)
                continue
            if chat_id in chats:
                continue
            broadcast = row.lane == Lane.BROADCAST
            must_wait = self._windows.wait(chat_id, at, broadcast=broadcast)
            if must_wait > 0:
                wait = min(wait, must_wait)
                if self._windows.overall_wait(at) > 0:
                    break
                continue
            attempt = await self._prepare(session, row, chat_id, now)
            if attempt is None:
                wait = 0.0
                continue
            self._windows.take(chat_id, at, broadcast=broadcast)
            chats.add(chat_id)
            taken.append(attempt)
        return taken, max(wait, 0.001)

    async def _due(self, session: AsyncSession, now: datetime, closed: set[str], no_broadcast: bool) -> Sequence[Outgoing]:
        """Due rows, the most urgent first. A row that waits for its next attempt holds back what comes after it."""
        earlier = aliased(Outgoing)
        held_back = exists().where(
            earlier.queue == Outgoing.queue,
            earlier.lane == Outgoing.lane,
            earlier.state == Sending.DUE,
            earlier.not_before > now,
            earlier.id < Outgoing.id,
            or_(earlier.attempts > 0, earlier.topic.like("album:%")),
        )
        query = (
            select(Outgoing)
            .where(Outgoing.state == Sending.DUE, Outgoing.not_before <= now, ~held_back)
            .order_by(Outgoing.lane, Outgoing.id)
            .limit(LOOKED_AT)
            .with_for_update(skip_locked=True)
        )
        if closed:
            query = query.where(Outgoing.queue.not_in(closed))
        if no_broadcast:
            query = query.where(Outgoing.lane < Lane.BROADCAST)
        return (await session.scalars(query)).all()

    async def _until_next(self, session: AsyncSession, now: datetime) -> float:
        """Seconds until something falls due, a second at the most: another process may write too."""
        nearest = await session.scalar(
            select(func.min(Outgoing.not_before)).where(Outgoing.state == Sending.DUE, Outgoing.not_before > now)
        )
        at = self._elapsed()
        waits = [1.0, self._windows.overall_wait(at, broadcast=True) or 1.0]
        if nearest is not None:
            waits.append(max((nearest - now).total_seconds(), 0.001))
        return min(waits)

    async def _chat(self, session: AsyncSession, row: Outgoing) -> int | None:
        if row.chat_id is not None:
            return row.chat_id
        requester = await session.get_one(Requester, row.requester_id)
        return await requesters.chat_of(session, requester, self._vault)

    async def _prepare(self, session: AsyncSession, row: Outgoing, chat_id: int, now: datetime) -> Attempt | None:
        """Draw the row and announce the attempt; None when there is nothing to say any more, or it cannot be drawn."""
        try:
            letter = await self._draw(session, row, now, chat_id)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001  (one row that cannot be drawn must not stop the others)
            log.error("a message cannot be drawn", row=row.id, why=type(error).__name__, exc_info=True)
            await self._end(session, row, Sending.FAILED, f"could not be drawn ({type(error).__name__})", now)
            return None
        if not letter.calls:
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
            return None
        payload = row.payload or {}
        if payload.get("$plain"):
            letter = replace(letter, calls=[_without_formatting(call) for call in letter.calls])
        row.state = Sending.SENDING
        row.attempts += 1
        return Attempt(row.id, chat_id, letter, row.repeat, row.attempts, now, skip=int(payload.get("$done", 0)))

    # ------------------------------------------------------------ sending

    async def _send(self, attempt: Attempt) -> None:
        try:
            thread: dict[str, Any] = {}
            if attempt.letter.topic is not None:
                topic = await self._bot.call(
                    "createForumTopic", {"chat_id": attempt.chat_id, "name": attempt.letter.topic}
                )
                attempt.thread_id = int(topic["message_thread_id"])
                self._windows.take(attempt.chat_id, self._elapsed())
                thread = {"message_thread_id": attempt.thread_id}
            for i, call in enumerate(attempt.letter.calls[attempt.skip :]):
                if i:
                    await self._wait_for_window(attempt.chat_id)
                attempt.results.append(await self._bot.call(call.method, _uploads({**call.params, **thread})))
            attempt.verdict = Verdict(Fate.SENT)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever it was, the row must be told)
            attempt.error = error
            attempt.verdict = judge(error, attempt.repeat, attempt.attempts)
        finally:
            self._busy.pop(attempt.chat_id, None)
            if attempt.verdict is not None:
                self._finished.append(attempt)
            self._wake.set()

    async def _wait_for_window(self, chat_id: int) -> None:
        while (wait := self._windows.wait(chat_id, self._elapsed())) > 0:
            await asyncio.sleep(min(wait, 0.25))
        self._windows.take(chat_id, self._elapsed())

    # ------------------------------------------------------------ what came of it

    async def _settle(self, session: AsyncSession, attempt: Attempt, now: datetime) -> None:
        row = await session.get(Outgoing, attempt.row_id)
        verdict = attempt.verdict
        if row is None or verdict is None or row.state is not Sending.SENDING:
            return
        if attempt.thread_id is not None and row.ticket_id is not None:
            card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
            if card is not None:
                card.thread_id = attempt.thread_id
        match verdict.fate:
            case Fate.SENT:
                await self._sent(session, row, attempt, now)
            case Fate.AGAIN:
                if verdict.held:
                    self._hold(attempt.chat_id, verdict.pause)
                    row.attempts = max(row.attempts - 1, 1)
                self._again(row, attempt, now + verdict.pause, verdict.reason)
            case Fate.MOVED:
                assert isinstance(attempt.error, ChatMigrated)
                await stations.chat_moved(session, attempt.chat_id, attempt.error.new_chat_id, now)
                log.warning("a group became a supergroup", old=attempt.chat_id, new=attempt.error.new_chat_id)
                if row.chat_id == attempt.chat_id:
                    row.chat_id, row.queue = attempt.error.new_chat_id, str(attempt.error.new_chat_id)
                self._again(row, attempt, now, "the chat moved")
            case Fate.GONE:
                await self._gone(session, row, attempt, now, verdict.reason)
            case Fate.NO_TOPIC:
                await self._no_topic(session, row, attempt, now, verdict.reason)
            case Fate.UNREADABLE:
                if (row.payload or {}).get("$plain"):
                    await self._end(session, row, Sending.FAILED, verdict.reason, now)
                else:
                    row.payload = {**(row.payload or {}), "$plain": True}
                    self._again(row, attempt, now, verdict.reason)
            case Fate.BLOCKED:
                await self._blocked(session, row, attempt, now, verdict.reason)
            case Fate.FAILED:
                log.warning("Telegram refused a message", row=row.id, why=verdict.reason)
                await self._end(session, row, Sending.FAILED, verdict.reason, now)
            case Fate.UNKNOWN:
                await self._end(session, row, Sending.UNKNOWN, verdict.reason, now)

    async def _sent(self, session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime) -> None:
        ids = [*(row.payload or {}).get("$ids", []), *(i for result in attempt.results for i in _message_ids(result))]
        row.state, row.reason = Sending.SENT, None
        row.message_id = ids[0] if ids else None
        if row.letter == "card":
            await self._card_sent(session, row, attempt, now)
        elif row.letter == "pulse":
            await self._pulse_sent(session, row, attempt)
        elif attempt.letter.picture is not None:
            await pulses.uploaded(session, *attempt.letter.picture, attempt.results[-1]["photo"][-1]["file_id"])
        elif row.ticket_id is not None and row.letter in ("words", "notice"):
            for message_id in ids:
                session.add(
                    postings.Posting(
                        chat_id=None if row.requester_id else attempt.chat_id,
                        requester_id=row.requester_id,
                        message_id=message_id,
                        ticket_id=row.ticket_id,
                        words_id=row.words_id,
                    )
                )
            await self._words_sent(session, row, attempt, now)
        outbox.forget(row)

    async def _card_sent(self, session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime) -> None:
        assert row.ticket_id is not None
        card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
        if card is None:
            return
        card.digest = attempt.letter.digest
        if row.message_id is not None and card.message_id != row.message_id:
            card.message_id = row.message_id
            session.add(
                postings.Posting(chat_id=attempt.chat_id, message_id=row.message_id, ticket_id=row.ticket_id)
            )

    async def _words_sent(self, session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime) -> None:
        """Delivered: the student can be reached after all; and what was edited meanwhile follows as an edit."""
        if row.requester_id is not None:
            requester = await session.get_one(Requester, row.requester_id)
            if not requester.reachable:
                requester.reachable = True
        if row.words_id is None:
            return
        said = await session.get_one(Words, row.words_id)
        await session.flush()
        if said.edited_at is not None and said.edited_at > attempt.drawn_at:
            await letters.edited(session, said, now)
        if row.requester_id is not None:
            await self._touch_card(session, row, now)

    async def _pulse_sent(self, session: AsyncSession, row: Outgoing, attempt: Attempt) -> None:
        poll = attempt.results[-1].get("poll") if attempt.results else None
        if poll is not None:
            await pulses.sent(session, int((row.payload or {})["pulse"]), str(poll["id"]))

    def _again(self, row: Outgoing, attempt: Attempt, when: datetime, reason: str) -> None:
        """Due again; calls that were made are not made a second time."""
        row.state, row.not_before, row.reason = Sending.DUE, when, reason
        if attempt.results:
            payload = row.payload or {}
            row.payload = {
                **payload,
                "$done": attempt.skip + len(attempt.results),
                "$ids": [*payload.get("$ids", []), *(i for r in attempt.results for i in _message_ids(r))],
            }

    def _hold(self, chat_id: int, pause: timedelta) -> None:
        at = self._elapsed()
        until = at + pause.total_seconds()
        self._windows.hold(chat_id, until)
        self._told_429 = {c: t for c, t in self._told_429.items() if t > at - 1.0} | {chat_id: at}
        if len(self._told_429) >= SEVERAL:
            self._windows.hold_all(until)
        log.warning("Telegram asks to wait", chat=chat_id if chat_id < 0 else "private", seconds=pause.total_seconds())

    async def _gone(self, session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime, reason: str) -> None:
        """What was to be edited is not there: a card and a screen are posted anew, everything else has nothing to change."""
        if row.letter == "card" and row.ticket_id is not None:
            card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
            if card is not None:
                card.message_id = card.digest = None
            self._again(row, attempt, now, reason)
        elif row.method == "editMessageText":
            row.payload = {k: v for k, v in (row.payload or {}).items() if k not in ("message_id", "inline_message_id")}
            row.method, row.repeat = "sendMessage", Repeat.NEVER
            self._again(row, attempt, now, reason)
        else:
            await self._end(session, row, Sending.FAILED, reason, now)

    async def _no_topic(self, session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime, reason: str) -> None:
        """The ticket's topic was deleted: the card makes a new one, and what was to go into it follows the card (law 8)."""
        if row.ticket_id is None:
            row.thread_id = None
            row.payload = {k: v for k, v in (row.payload or {}).items() if k != "message_thread_id"}
            self._again(row, attempt, now, reason)
            return
        card = await postings.card_of(session, row.ticket_id, attempt.chat_id)
        if card is not None:
            card.thread_id = card.message_id = card.digest = None
        if row.letter == "card":
            self._again(row, attempt, now, reason)
            return
        ticket = await session.get_one(Ticket, row.ticket_id)
        station = await stations.by_chat(session, attempt.chat_id)
        if station is not None:
            await letters.card(session, ticket, station, now)
            await session.flush()
        again = Outgoing(
            **{c.key: getattr(row, c.key) for c in Outgoing.__table__.columns if c.key not in ("id", "dedupe", "state")},
            state=Sending.DUE,
        )
        again.attempts, again.not_before = 0, now
        session.add(again)
        row.state = Sending.SUPERSEDED
        row.reason = reason

    async def _blocked(self, session: AsyncSession, row: Outgoing, attempt: Attempt, now: datetime, reason: str) -> None:
        if row.requester_id is not None:
            await requesters.mark_unreachable(session, await session.get_one(Requester, row.requester_id))
        if attempt.chat_id > 0 and (row.requester_id is None or row.chat_id is not None):
            person = await people.by_telegram_id(session, attempt.chat_id)
            if person is not None:
                person.reachable = False
        if attempt.chat_id < 0:
            log.error("the bot may not write to a group", chat=attempt.chat_id, why=reason)
        await self._end(session, row, Sending.FAILED, reason, now)

    async def _end(self, session: AsyncSession, row: Outgoing, state: Sending, reason: str, now: datetime) -> None:
        """The row ends without having been sent for certain; staff see it on the card."""
        row.state, row.reason = state, reason
        if row.requester_id is not None:
            await self._touch_card(session, row, now)
        outbox.forget(row)

    async def _touch_card(self, session: AsyncSession, row: Outgoing, now: datetime) -> None:
        if row.ticket_id is None or row.letter != "words":
            return
        ticket = await session.get_one(Ticket, row.ticket_id)
        await letters.card(session, ticket, await session.get_one(stations.Station, ticket.station_id), now)


def _message_ids(result: Any) -> list[int]:
    if isinstance(result, dict) and isinstance(result.get("message_id"), int):
        return [result["message_id"]]
    if isinstance(result, list):
        return [m["message_id"] for m in result if isinstance(m, dict) and "message_id" in m]
    return []


def _uploads(params: dict[str, Any]) -> dict[str, Any]:
    """Files that waited inside the row as base64, as files."""
    return {
        name: InputFile(base64.b64decode(value["$file"]), filename=value.get("name"))
        if isinstance(value, dict) and "$file" in value
        else value
        for name, value in params.items()
        if not name.startswith("$")
    }


def _without_formatting(call: Call) -> Call:
    return Call(call.method, {k: v for k, v in call.params.items() if k != "parse_mode"})
