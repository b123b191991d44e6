"""The sandbox's control side from Python: the stage for tests and demonstrations.

    async with Sandbox(url) as sandbox:
        alice = await sandbox.person("Alice", language="en")
        await alice.says("/start")
        await alice.reads("Welcome")

Nothing here polls: one event stream feeds `sandbox.view`, and whoever waits is woken by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from sandbox.actors import (
    Attachment,
    Group,
    Person,
    Place,
    animation,
    audio,
    contact,
    dice,
    document,
    location,
    photo,
    sticker,
    venue,
    video,
    video_note,
    voice,
)
from sandbox.shapes import Json
from sandbox.view import Message, NotSeen, View

T = TypeVar("T")

__all__ = [
    "Attachment",
    "ControlRefused",
    "Group",
    "Message",
    "NotSeen",
    "Person",
    "Place",
    "Sandbox",
    "animation",
    "audio",
    "contact",
    "dice",
    "document",
    "location",
    "photo",
    "sticker",
    "venue",
    "video",
    "video_note",
    "voice",
]


PATIENCE = 15.0
"""Seconds to wait for something to be seen: longer than any honest bot takes, shorter than a stuck test."""
UNUSUAL = 10.0
"""Seconds after which it is said what is waited for, and said again after as many."""


class ControlRefused(Exception):
    """The control side could not do what was asked."""


class Sandbox:
    def __init__(
        self, url: str, *, patience: float = PATIENCE, waits: Callable[[str], None] = lambda words: None
    ) -> None:
        """After `patience` seconds what is not seen is given up; `waits` is told of what takes longer than usual."""
        self.url = url.rstrip("/")
        self._patience = patience
        self._waits = waits
        self.view = View()
        self._session: aiohttp.ClientSession | None = None
        self._listener: asyncio.Task[None] | None = None
        self._woken: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        self._listener = asyncio.get_running_loop().create_task(self._listen(), name="sandbox events")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                await self._listener
        if self._session is not None:
            await self._session.close()

    # The wire.

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use the sandbox inside `async with`")
        return self._session

    async def call(self, verb: str, path: str, wish: Json | None = None, query: Json | None = None) -> Json:
        """One control call; the whole answer with `result` and `event`."""
        given = {name: value for name, value in (wish or {}).items() if value is not None}
        asked = {name: str(value) for name, value in (query or {}).items() if value is not None}
        kwargs: Json = {"params": asked}
        if verb != "GET":
            kwargs["json"] = given
        async with self.session.request(verb, f"{self.url}/control/{path}", **kwargs) as response:
            answer: Json = await response.json()
        if not answer.get("ok"):
            raise ControlRefused(answer.get("description"))
        return answer

    async def control(self, path: str, **wish: Any) -> Any:
        return (await self.call("POST", path, wish))["result"]

    async def look(self, path: str, **query: Any) -> Any:
        return (await self.call("GET", path, query=query))["result"]

    async def _listen(self) -> None:
        async with self.session.get(f"{self.url}/control/events", params={"after": "0"}) as stream:
            # Lines can be longer than any default limit, so they are cut from the raw chunks.
            rest = b""
            async for chunk in stream.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: "):
                        self.view.take(json.loads(line[6:]))
                self._wake()

    def _wake(self) -> None:
        for future in self._woken:
            if not future.done():
                future.set_result(None)
        self._woken.clear()

    async def until(self, look: Callable[[], T | None], timeout: float | None, words: str, chat: int | None) -> T:
        """Wait until `look` finds something, looking again after each event; `timeout` in real seconds, the sandbox's
        patience for None. `words` say what is wrong as long as nothing is found.
        """
        loop = asyncio.get_running_loop()
        patience = self._patience if timeout is None else timeout
        deadline, told = loop.time() + patience, loop.time() + UNUSUAL
        while True:
            found = look()
            if found is not None:
                return found
            if self._listener is not None and self._listener.done():
                raise NotSeen(f"{words}: the sandbox is gone")
            future: asyncio.Future[None] = loop.create_future()
            self._woken.add(future)
            try:
                async with asyncio.timeout_at(min(deadline, told)):
                    await future
            except TimeoutError:
                if loop.time() < deadline:
                    told += UNUSUAL
                    self._waits(words)
                    continue
                there = "" if chat is None else f"; its last messages are\n{self.view.last_lines(chat)}"
                raise NotSeen(f"{words} after {patience:g} s{there}") from None
            finally:
                self._woken.discard(future)

    async def caught_up(self) -> None:
        """Wait until everything that has happened so far has arrived here."""
        newest = (await self.call("GET", "clock"))["event"]
        await self.until(lambda: True if self.view.newest >= newest else None, None, "events are missing", None)

    # Who is there.

    async def bot(self, token: str, username: str | None = None, first_name: str | None = None, **more: Any) -> Json:
        made: Json = await self.control("bots", token=token, username=username, first_name=first_name, **more)
        return made

    async def person(
        self,
        name: str,
        language: str | None = None,
        *,
        username: str | None = None,
        last_name: str | None = None,
        id: int | None = None,
    ) -> Person:
        user = await self.control(
            "people", first_name=name, language_code=language, username=username, last_name=last_name, id=id
        )
        return Person(self, user)

    async def group(
        self,
        title: str,
        members: list[Person] | None = None,
        admins: list[Person] | None = None,
        *,
        forum: bool = False,
        supergroup: bool = False,
        bot: str | None = "administrator",
        rights: Json | None = None,
        username: str | None = None,
        id: int | None = None,
    ) -> Group:
        wish: Json = {
            "title": title,
            "type": "supergroup" if forum or supergroup else "group",
            "forum": forum,
            "members": [person.id for person in members or ()],
            "admins": [person.id for person in admins or ()],
            "bot": bot or "",
            "rights": rights,
            "username": username,
            "id": id,
        }
        made = await self.control("groups", **wish)
        return Group(self, int(made["id"]), title)

    async def promote(
        self, chat: Place | int, person: Person | str, status: str = "administrator", **more: Any
    ) -> Json:
        made: Json = await self.control(
            "promote",
            chat=_id(chat),
            person=person if isinstance(person, str) else person.id,
            status=status,
            **more,
        )
        return made

    # What happens to it.

    async def fault(self, method: str = "*", **wish: Any) -> int:
        """Plan a misfortune: status, description, retry_after, delay, drop, garbage, times, after, chat."""
        return int((await self.control("faults", method=method, **wish))["id"])

    async def no_faults(self) -> None:
        await self.call("DELETE", "faults")

    async def update(self, raw: Any = None, text: str | None = None) -> int:
        wish: Json = {"text": text} if text is not None else {"raw": raw}
        return int((await self.control("updates", **wish))["update_id"])

    async def advance(self, seconds: float) -> datetime:
        return _moment(await self.control("clock", advance=seconds))

    async def set_clock(self, moment: datetime) -> datetime:
        return _moment(await self.control("clock", to=moment.isoformat()))

    async def set_speed(self, speed: float) -> datetime:
        return _moment(await self.control("clock", speed=speed))

    async def now(self) -> datetime:
        return _moment(await self.look("clock"))

    async def flood(self, on: bool) -> None:
        await self.control("settings", flood=on)

    async def guide(self, notes: list[Json] | None = None, clock: list[Json] | None = None) -> None:
        await self.control("guide", notes=notes, clock=clock)

    async def delete(self, chat: Place | int, message: Message | int) -> None:
        number = message.id if isinstance(message, Message) else message
        await self.control("delete", chat=_id(chat), message_id=number)

    # What there is to see.

    async def calls(self, method: str | None = None, after: int = 0) -> list[Json]:
        found: list[Json] = await self.look("calls", method=method, after=after)
        return found

    async def state(self) -> Json:
        found: Json = await self.look("state")
        return found

    async def transcript(self, chat: Place | int) -> list[Message]:
        return [Message(raw) for raw in await self.look("transcript", chat=_id(chat))]


def _id(chat: Place | int) -> int:
    return chat.id if isinstance(chat, Place) else chat


def _moment(clock: Json) -> datetime:
    return datetime.fromisoformat(str(clock["now"]).replace("Z", "+00:00"))
