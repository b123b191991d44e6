"""The load, and the local Telegram in a process of its own that both sides talk to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

TOKEN = "700000:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
FIRST = 500_000_001
"""The first student's id; the others follow."""
STATIONS = {"east": -900001, "west": -900002, "south": -900003, "office": -900004}
IN_FLIGHT = 32
CALLERS = 20
"""People who write while a push goes out."""
PATIENCE = 300.0


class Stage:
    """The control side of the local Telegram, without keeping what is said."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def control(self, path: str, **wish: Any) -> Any:
        async with self.http.post(f"{self.url}/control/{path}", json=wish) as answer:
            said = await answer.json()
        assert said["ok"], said
        return said["result"]

    async def calls(self, method: str) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/control/calls", params={"method": method}) as answer:
            found: list[dict[str, Any]] = (await answer.json())["result"]
        return found

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Everything that happens from now on, and not what the local Telegram still remembers of before."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.http.get(f"{self.url}/control/state") as answer:
            before = (await answer.json())["result"]["event"]
        async with self.http.get(f"{self.url}/control/events", params={"after": before}, timeout=timeout) as stream:
            rest = b""
            async for chunk in stream.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: "):
                        yield json.loads(line[6:])

    async def people(self, count: int, first: int = FIRST) -> None:
        """So many students who have pressed Start; the bot is not told of it any more."""
        places = asyncio.Semaphore(IN_FLIGHT)

        async def one(number: int) -> None:
            async with places:
                await self.control("people", id=number, first_name=f"Student {number}", language_code="en")
                await self.control("say", person=number, text="/start")

        await asyncio.gather(*(one(first + i) for i in range(count)))
        async with self.http.post(f"{self.url}/bot{TOKEN}/getUpdates", json={"offset": -1}) as answer:
            last = (await answer.json())["result"]
        if last:
            offset = last[-1]["update_id"] + 1
            async with self.http.post(f"{self.url}/bot{TOKEN}/getUpdates", json={"offset": offset}) as answer:
                await answer.read()

    async def groups(self) -> None:
        """The stations' chats, with one member of staff."""
        await self.control("people", id=1, first_name="Wang")
        for number in STATIONS.values():
            await self.control("groups", id=number, title="Station", type="group", members=[1], admins=[])


def resident(pid: int) -> float:
    """Megabytes of memory that this process holds."""
    with Path(f"/proc/{pid}/status").open() as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


@contextlib.asynccontextmanager
async def stage(*, flood: bool = False) -> AsyncIterator[Stage]:
    """A fresh local Telegram, ended with the block."""
    extra = [] if flood else ["--no-flood"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", "0", "--token", TOKEN, *extra, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().rsplit(" ", 1)[-1].strip()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as http:
            yield Stage(url, http)
    finally:
        await ended(process)


@contextlib.asynccontextmanager
async def program(*arguments: str, ready: bool = True) -> AsyncIterator[asyncio.subprocess.Process]:
    """One side of a comparison as a process of its own."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        if ready:
            line = await process.stdout.readline()
            assert line == b"ready\n", f"{arguments[0]} did not start"
        yield process
    finally:
        await ended(process)


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def ours(stage: Stage, *wishes: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program on a database of its own, which stands already as at every start but the first."""
    # Here, because the bare bot imports this file, and it has no database.
    from models.database import Database
    from models.migrations import migrate

    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        file = Path(folder) / "x.db"
        database = Database(f"sqlite:///{file}")
        await migrate(database)
        await database.close()
        async with program("bench.ours", stage.url, str(file), *wishes) as process:
            yield process


@contextlib.asynccontextmanager
async def bare(stage: Stage) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bare bot, polling."""
    async with program("bench.bare", "poll", stage.url, TOKEN, ready=False) as process:
        yield process


async def conversation(stage: Stage, students: int, rounds: int, *, relayed: bool) -> float:
    """Each student writes, waits for the answer and writes again. Returns messages a second.

    With `relayed` it is over only when every message stands in a station's chat as well.
    """
    left = dict.fromkeys(range(FIRST, FIRST + students), rounds)
    answered, brought, total = 0, 0, students * rounds
    loop = asyncio.get_running_loop()
    writing: set[asyncio.Task[Any]] = set()

    def say(number: int) -> None:
        left[number] -= 1
        words = f"It drips more and more ({left[number]})"
        task = asyncio.create_task(stage.control("say", person=number, text=words))
        writing.add(task)
        task.add_done_callback(writing.discard)

    events = stage.events()
    listening = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0.2)
    started = loop.time()
    for number in left:
        say(number)
    async with asyncio.timeout(PATIENCE):
        while answered < total or (relayed and brought < total):
            event = await listening
            listening = asyncio.ensure_future(anext(events))
            if event["kind"] != "message" or not event["message"]["from"].get("is_bot"):
                continue
            if event["chat"] in left:
                answered += 1
                if left[event["chat"]]:
                    say(event["chat"])
            elif "It drips more" in str(event["message"].get("text")):
                brought += 1
    took = loop.time() - started
    listening.cancel()
    return total / took


async def waits(stage: Stage, seconds: Callable[[], bool], pause: float = 1.5) -> list[float]:
    """People write /help at their own pace until `seconds` says stop; how long each waited for the answer."""
    asked: dict[int, float] = {}
    took: list[float] = []
    loop = asyncio.get_running_loop()

    async def listen() -> None:
        async for event in stage.events():
            if event["kind"] == "message" and event["message"]["from"].get("is_bot") and event["chat"] in asked:
                took.append(loop.time() - asked.pop(event["chat"]))

    async def write(number: int, offset: float) -> None:
        await asyncio.sleep(offset)
        while not seconds():
            if number not in asked:
                asked[number] = loop.time()
                await stage.control("say", person=number, text="/help")
            await asyncio.sleep(pause)

    listener = asyncio.create_task(listen())
    await asyncio.gather(*(write(FIRST + i, pause * i / CALLERS) for i in range(CALLERS)))
    listener.cancel()
    return took
