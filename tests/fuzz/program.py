"""The whole program without a network: raw updates go in by the inbox and the worker, what is said is taken by a
Telegram that is a few lines of memory.

    raw update ─▶ Intake.store ─▶ inbox row ─▶ Turns.handle ─▶ outbox rows ─▶ Courier ─▶ Line

Everything between is the program's own: dispatcher, handlers, rules, letters, courier. A million updates take an hour
this way; over HTTP they would take a day. What people do over HTTP is played in `tests/stories` and `tests/chaos`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from aiogram import Bot
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import GetChat, GetChatMember, GetFile, GetMe, TelegramMethod
from aiogram.types import ChatFullInfo, ChatMemberAdministrator, ChatMemberLeft, ChatMemberMember, File, User
from sqlalchemy import bindparam, select
from telegram.error import BadRequest

from bot.app import App
from models import inbox, stations
from models.inbox import Handling, Incoming
from models.letters import ALBUM_PAUSE
from models.outbox import DUE, Outgoing, Sending
from sandbox.text.formatted import utf16
from sandbox.text.html import parse_html
from scheduler.clock import JOBS
from scheduler.transport import Mouth
from tests.campus import BEGIN, UNLIMITED, settings

BOT = 700000
ADMIN, SUPERVISOR = 700000001, 700000002
EAST, WEST, OFFICE, SUPERVISORS = -1001, -1002, -1003, -1004
PLACES = {"east": EAST, "west": WEST, "office": OFFICE, "supervisors": SUPERVISORS}
SPEAKS_WITHIN = 60.0
"""Seconds of the processor's within which all that is due goes out."""
HEARD = 400
"""So many of the latest buttons are remembered, and no more: memory is looked at."""
RIGHTS = {
    name: True
    for name, field in ChatMemberAdministrator.model_fields.items()
    if field.annotation is bool and name.startswith(("can_", "is_"))
}


class Line:
    """Telegram, as far as the program can tell: it takes what is well formed, and knows who is in which group."""

    def __init__(self) -> None:
        self.members: dict[int, set[int]] = {}
        self.buttons: deque[tuple[int, int, str]] = deque(maxlen=HEARD)
        """The latest: chat, message, payload."""
        self.malformed: list[str] = []
        """What Telegram would not have taken; none of it may be the program's doing."""
        self.sends: Callable[[int, int, str, dict[str, Any]], None] = lambda chat, message, method, params: None
        """Told of everything that is sent: chat, message, method, parameters."""
        self.file = b""
        self._last = 1000

    def greet(self, bot: Bot) -> None:
        """This bot's calls end here."""
        session: Any = bot.session
        session.make_request, session.stream_content = self.direct, self.stream

    async def direct(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        """What the ear asks or says besides. Raises TelegramBadRequest for a chat that is not there."""
        match method:
            case GetMe():
                return User(id=BOT, is_bot=True, first_name="Union", username="union_bot")
            case GetChatMember(chat_id=chat, user_id=who):
                user = User(id=who, is_bot=who == BOT, first_name="x")
                if who == BOT:
                    return ChatMemberAdministrator.model_validate({"status": "administrator", "user": user, **RIGHTS})
                if who in self.members.get(int(chat), ()):
                    return ChatMemberMember(status=ChatMemberStatus.MEMBER, user=user)
                return ChatMemberLeft(status=ChatMemberStatus.LEFT, user=user)
            case GetChat(chat_id=chat):
                if int(chat) not in self.members:
                    raise TelegramBadRequest(method, "Bad Request: chat not found")
                return ChatFullInfo.model_construct(  # type: ignore[call-arg]
                    None, id=int(chat), type="supergroup", title="A group", permissions=None
                )
            case GetFile(file_id=name):
                return File(file_id=name, file_unique_id=name, file_path="documents/file.md")
            case _:
                return True

    async def stream(self, *_: Any, **__: Any) -> AsyncIterator[bytes]:
        """Whatever file is asked for."""
        yield self.file

    async def open(self) -> None:
        """As the mouth: nothing to open."""

    async def close_connections(self) -> None:
        """As the mouth: nothing to close."""

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """What the mouth says. Raises BadRequest for what Telegram does not take."""
        chat = params.get("chat_id")
        if problem := self._problem(method, params):
            self.malformed.append(f"{method}: {problem}")
            raise BadRequest(problem)
        if method == "createForumTopic":
            return {"message_thread_id": self._next()}
        if method == "sendMediaGroup":
            return [{"message_id": self._next()} for _ in params["media"]]
        message = params.get("message_id") if method.startswith("edit") else self._next()
        for row in (params.get("reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                if "callback_data" in button:
                    self.buttons.append((int(chat or 0), int(message or 0), button["callback_data"]))
        self.sends(int(chat or 0), int(message or 0), method, params)
        if method == "stopPoll":
            return {"id": "1", "options": []}
        sent = {"message_id": message, "chat": {"id": chat}, "date": 0}
        if method == "sendPoll":
            sent["poll"] = {"id": str(message)}
        return sent

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _problem(self, method: str, params: dict[str, Any]) -> str:
        if not isinstance(params.get("chat_id"), int) or not params["chat_id"]:
            return "no chat"
        for name, most in (("text", 4096), ("caption", 1024)):
            text = params.get(name)
            if text is None:
                continue
            if params.get("parse_mode") == "HTML":
                try:
                    text, _ = parse_html(text)
                except ValueError as error:
                    return f"cannot parse: {error}"
            if name == "text" and not text.strip():
                return "text is empty"
            if utf16(text) > most:
                return f"{name} is too long: {utf16(text)}"
        for row in (params.get("reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                if not button["text"].strip():
                    return "a button without words"
                if len(str(button.get("callback_data", "x")).encode()) not in range(1, 65):
                    return "a button's payload does not fit"
        return ""


async def _at_once(_: float) -> None:
    """Nothing comes in meanwhile: no album is waited for."""


class Program:
    """One program on one database, its clock in our hand."""

    def __init__(self, app: App, line: Line, group: asyncio.TaskGroup) -> None:
        self.app, self.line = app, line
        self.now = BEGIN
        app.worker.turns.group = group
        app.worker.turns.albums.pause = _at_once
        self._update = 0

    @property
    def next_update(self) -> int:
        """The number of the next update."""
        self._update += 1
        return self._update

    async def take(self, raws: Sequence[object]) -> None:
        """Store these and run what waits, one after the other; what is said stays in the outbox."""
        async for _ in self.taking(raws):
            pass

    async def taking(self, raws: Sequence[object]) -> AsyncIterator[tuple[int, str]]:
        """The same; each inbox row's number and body when it has been run."""
        await self.app.intake.store(raws)
        async with self.app.database.reading() as session:
            rows = await inbox.waiting(session, len(raws), self.app.toolbox.house.vault)
        for row in rows:
            await self.app.worker.turns.handle(row.id, row.body)
            yield row.id, row.body

    async def speak(self) -> None:
        """Everything that is due goes out and is written down."""
        # In the words of the index, and what is on its way only after that: no index knows of it.
        due = select(Outgoing.id).where(Outgoing.state == DUE, Outgoing.not_before <= bindparam("now")).limit(1)
        leaving = select(Outgoing.id).where(Outgoing.state == Sending.SENDING).limit(1)
        courier, woken = self.app.courier, False
        # In time of its own: somebody else may be working on the machine.
        until = time.process_time() + SPEAKS_WITHIN
        while True:
            async with self.app.database.reading() as session:
                left = (await session.scalars(due, {"now": self.now})).first()
                if left is None and (await session.scalars(leaving)).first() is None:
                    return
            if woken and left is not None:
                # It waits behind an album whose other pictures may come, for which it takes a clock that goes on.
                self.now += ALBUM_PAUSE
            woken = True
            courier.wake()
            # Nothing takes time at the other end: a few turns of the loop, and it is out and written down.
            while courier._wake.is_set() or courier._busy or courier._finished:
                if time.process_time() > until:
                    raise TimeoutError(await self._still_due())
                await asyncio.sleep(0)

    async def _still_due(self) -> str:
        """What is not out, in words for whoever looks for the reason."""
        async with self.app.database.reading() as session:
            left = select(Outgoing.letter, Outgoing.method, Outgoing.state, Outgoing.attempts, Outgoing.reason)
            rows = (await session.execute(left.where(Outgoing.state.in_([Sending.DUE, Sending.SENDING])))).all()
        return f"{len(rows)} are not out, the first of them {[tuple(row) for row in rows[:5]]}"

    async def pass_time(self, by: timedelta) -> None:
        """The clock goes on and every job looks once. Raises what a job raises, which the clock itself would log."""
        self.now += by
        for job in JOBS:
            await job.work(self.app.database, self.app.toolbox, self.now)

    async def aside(self) -> list[Incoming]:
        """What was set aside although it could be read, or for another reason than that it could not."""
        async with self.app.database.reading() as session:
            rows = await session.scalars(select(Incoming).where(Incoming.state == Handling.SET_ASIDE))
            return list(rows)


@contextlib.asynccontextmanager
async def program(migrated: Path, folder: Path, **changes: Any) -> AsyncIterator[Program]:
    """A program on a fresh SQLite file in this folder, its stations in their groups."""
    shutil.copy(migrated, folder / "unionbot.db")
    async with program_on(f"sqlite:///{folder / 'unionbot.db'}", **changes) as one:
        yield one


@contextlib.asynccontextmanager
async def program_on(database_url: str, **changes: Any) -> AsyncIterator[Program]:
    """The same on a migrated database of either kind."""
    chosen = settings("http://127.0.0.1:1", database_url, **{"limits": UNLIMITED, **changes})
    line, held = Line(), list[Program]()
    line.members = {chat: {ADMIN} for chat in PLACES.values()}
    line.members[SUPERVISORS].add(SUPERVISOR)

    def clock() -> datetime:
        return held[0].now if held else BEGIN

    async with App(chosen, clock=clock, windows=False) as app, asyncio.TaskGroup() as group:
        line.greet(app.bot)
        app.courier._bot = cast(Mouth, line)
        held.append(Program(app, line, group))
        async with app.database.transaction() as session:
            for key, chat in PLACES.items():
                place = await stations.by_key(session, key)
                assert place is not None
                place.chat_id, place.language = chat, "en"
        async with app.courier:
            yield held[0]
