"""What the demo prints, and the clock it follows."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from bot.app import App

HOURLY = timedelta(days=2, minutes=1)
"""A jump up to this long, two days and what the clock ran meanwhile, is taken hour by hour: a warning comes an hour
before what it warns of.
"""
MOST_HOPS = 24
"""A longer one is taken in so many steps: a semester hour by hour would take minutes to watch."""


A_QUARTER = 0.25
"""Of a second: more often it would only be in the way of what falls due."""


class DemoClock:
    """The sandbox's time, followed without asking for it each time."""

    def __init__(self, now: datetime, speed: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.follow(now, speed)

    def follow(self, now: datetime, speed: float) -> None:
        """From here on time runs from `now` at `speed`."""
        self._base, self._speed, self._since = now, speed, self._loop.time()

    def __call__(self) -> datetime:
        return self._base + timedelta(seconds=(self._loop.time() - self._since) * self._speed)

    def elapsed(self) -> float:
        """Seconds on this clock, for Telegram's windows."""
        return self().timestamp()


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def still_waiting(words: str) -> None:
    """On a slow machine nothing is wrong yet."""
    say(f"   … this takes longer than usual, and is waited for: {words}")


async def time_of(url: str) -> tuple[datetime, float]:
    """The sandbox's time, and how fast it runs."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/control/clock") as answer:
        clock = (await answer.json())["result"]
    return datetime.fromisoformat(clock["now"].replace("Z", "+00:00")), float(clock["speed"])


async def watch(url: str, narrator: Narrator, clock: DemoClock, program: App) -> None:
    """Print each chat as it happens, and follow the clock when the page moves it. What falls due is run meanwhile: what
    comes of it is printed as it comes.
    """
    jumps: asyncio.Queue[tuple[datetime, datetime]] = asyncio.Queue()
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.get(f"{url}/control/events?after=0") as stream,
        asyncio.TaskGroup() as group,
    ):
        following = group.create_task(_follow(jumps, program), name="what fell due")
        rest = b""
        async for chunk in stream.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.startswith(b"data: "):
                    continue
                event = json.loads(line[6:])
                if event["kind"] == "clock":
                    now, speed = await time_of(url)
                    jumps.put_nowait((clock(), now))
                    clock.follow(now, speed)
                else:
                    narrator.tell(event)
        following.cancel()


async def _follow(jumps: asyncio.Queue[tuple[datetime, datetime]], program: App) -> None:
    while True:
        await _catch_up(program, *await jumps.get())


async def _catch_up(program: App, before: datetime, now: datetime) -> None:
    """Run what fell due between two moments, step by step, so that a reminder comes before what it reminds of."""
    hop = timedelta(hours=1) if now - before <= HOURLY else (now - before) / MOST_HOPS
    at = before + hop
    while at < now:
        await program.scheduler.run_due(at)
        at += hop
    await program.scheduler.run_due(now)
    program.courier.wake()


async def hurry(program: App) -> None:
    """The courier sleeps out Telegram's windows in seconds, and those of the story are shorter: it is woken before."""
    while True:
        await asyncio.sleep(A_QUARTER)
        program.courier.wake()


class Narrator:
    """Prints what chats show, a line or two a message."""

    def __init__(self, groups: Mapping[int, str], untold: Collection[int] = ()) -> None:
        """`groups`: the title of each group by its number; `untold`: the chats that are not printed."""
        self._untold = untold
        self._chats = {number: f"👥 {title}" for number, title in groups.items()}
        self._last: dict[tuple[int, int], str] = {}

    def tell(self, event: dict[str, Any]) -> None:
        """One event of the sandbox."""
        if event["kind"] not in ("message", "edit"):
            return
        message = event["message"]
        chat, number = message["chat"], message["message_id"]
        if chat["id"] in self._untold:
            return
        text = str(message.get("text") or message.get("caption") or "").strip()
        kind = next((k for k in ("photo", "poll", "video", "document", "voice", "sticker") if k in message), "")
        if kind == "poll":
            text = f"{message['poll']['question']} " + " / ".join(o["text"] for o in message["poll"]["options"])
        if not text and not kind:
            return
        line = " ".join(x for x in (f"[{kind}]" if kind else "", " ⏎ ".join(text.splitlines())) if x)
        if self._last.get((chat["id"], number)) == line:
            return
        self._last[chat["id"], number] = line
        where = self._chats.get(chat["id"]) or f"📱 {chat.get('first_name', '')}"
        sender = message["from"]
        who = "🤖" if sender.get("is_bot") else sender["first_name"]
        buttons = [b["text"] for row in (message.get("reply_markup") or {}).get("inline_keyboard", []) for b in row]
        mark = " (edited)" if event["kind"] == "edit" else ""
        say(f"{where:<14} {who}{mark}: {line[:240]}")
        if buttons:
            say(f"{'':<14}    " + " ".join(f"[{b}]" for b in buttons[:8]))
