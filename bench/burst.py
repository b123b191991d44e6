"""A pipe bursts: five hundred students file within ten minutes, each of them "none of these, file mine"; then staff
merge them and answer once. The local Telegram keeps its windows, and its clock runs `SPEED` times as fast.

    python -m bench.burst URL FILE          the program, in a process of its own

`story` is everybody else: it returns what the figures of `python -m bench burst` are made of.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop

from bench import load
from bench.load import FIRST, STATIONS, TOKEN, Stage
from bench.ours import EXAMPLE, student
from bot import config, logs
from bot.app import App, spare_the_built
from bot.demo.watching import DemoClock, time_of
from bot.texts import Catalogue, Texts
from bot.vault import new_key
from models import conversations, people, stations
from models.conversations import NOWHERE, Standing
from models.database import Database
from models.migrations import migrate
from sandbox.client import Message, Person, Sandbox

STUDENTS = 500
MINUTES = 10
SPEED = 5.0
MONDAY = datetime(2030, 10, 14, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai: by day nothing waits for the morning."""
PATIENCE = 400.0
SLOW = 120.0
"""Real seconds, for a busy machine; the figures are the local Telegram's time."""
IN_FLIGHT = 24
EAST = STATIONS["east"]
WORDS = (
    "A water pipe has burst on floor {n} of E1, the corridor is under water",
    "The water pipe on floor {n} burst, the whole corridor is under water!",
    "water pipe burst in e1 floor {n}, corridor under water, please come",
    "Burst water pipe, floor {n}: the corridor is under water",
    "On floor {n} a pipe has burst and the corridor is under water",
)
ANSWER = "The main valve is closed and the pipe has been replaced"
A_CARD = re.compile(r"#\d+ · Complaint")


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    filed: int
    answered: int
    copies: int
    """The most that one student got."""
    refused: int
    a_minute: int
    """The most that went into the group within sixty seconds, changes of cards counted."""
    cards: int
    clusters: int
    minutes: float
    """Of the local Telegram's time, from the first ticket to the last."""
    pressed: float
    """Real seconds from the press that merges them until it was answered."""
    told: float
    """Of the local Telegram's time, from the answer until the last student had it and the cards said so."""


async def story(count: int) -> Outcome:
    """The whole of it."""
    async with load.stage(flood=True) as stage:
        await stage.groups()
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            file = Path(folder) / "x.db"
            async with Sandbox(stage.url) as sandbox:
                await sandbox.set_clock(MONDAY)
                await stage.people(count)
                await sandbox.set_speed(SPEED)
                async with load.program("bench.burst", stage.url, str(file), str(count)):
                    return await _Story(stage, sandbox, file, count).told()


class _Story:
    def __init__(self, stage: Stage, sandbox: Sandbox, file: Path, count: int) -> None:
        self.stage, self.sandbox, self.file, self.count = stage, sandbox, file, count
        settings = _settings(stage.url, file)
        self.t: Texts = Catalogue.load(settings.timezone)["en"]
        self.places = asyncio.Semaphore(IN_FLIGHT)

    async def told(self) -> Outcome:
        started = await self.sandbox.now()
        students = [Person(self.sandbox, {"id": FIRST + i, "first_name": f"Student {i}"}) for i in range(self.count)]
        await self.files(students[0], 0)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for i, each in enumerate(students[1:], 1):
                group.create_task(self.files(each, i))
                await asyncio.sleep(MINUTES * 60 / self.count / SPEED)
        minutes = (await self.sandbox.now() - started).total_seconds() / 60
        filed = self.asked("SELECT count(*) FROM tickets")
        pressed, answered_at = await self.staff()
        async with asyncio.timeout(PATIENCE):
            while min(self._copies()) == 0 or self.asked("SELECT count(*) FROM outbox WHERE state = 'due'"):
                await asyncio.sleep(0.5)
        told = (await self.sandbox.now() - answered_at).total_seconds()
        await self.sandbox.caught_up()
        copies = self._copies()
        calls = await self.sandbox.calls()
        group_calls = [c for c in calls if c["ok"] and _into(c, EAST)]
        return Outcome(
            filed=filed,
            answered=sum(n > 0 for n in copies),
            copies=max(copies),
            refused=sum(c["status"] == 429 for c in calls),
            a_minute=_most_a_minute([_at(c) for c in group_calls]),
            cards=sum(_posts_a_card(c) for c in group_calls),
            clusters=self.asked("SELECT count(*) FROM tickets WHERE merged_into_id IS NULL"),
            minutes=minutes,
            pressed=pressed,
            told=told,
        )

    def _copies(self) -> list[int]:
        """How often each student has read the answer."""
        chats = [self.sandbox.view.chat(FIRST + i).values() for i in range(self.count)]
        return [sum(ANSWER in message.text for message in chat) for chat in chats]

    def asked(self, statement: str) -> int:
        """A number out of the program's database."""
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return int(connection.execute(statement).fetchone()[0])
        finally:
            connection.close()

    async def files(self, person: Person, number: int) -> None:
        """From the words to the receipt, past whatever is offered instead."""
        async with self.places:
            await person.says(WORDS[number % len(WORDS)].format(n=number % 6 + 1))
            await self._taps(person, ["new.continue"])
            left = ["faq.go_on", "similar.none", "name.named"]
            while "name.named" in left:
                left.remove(await self._taps(person, left))
            await self._taps(person, ["preview.send"])
            await self.sandbox.until(
                lambda: any("📮" in m.text for m in self._messages(person)) or None, SLOW, "no receipt", person.id
            )

    def _messages(self, person: Person) -> list[Message]:
        return list(self.sandbox.view.chat(person.id).values())

    async def _taps(self, person: Person, keys: list[str]) -> str:
        """Wait for a screen with one of these buttons and press it; which it was."""
        labels = {self.t.plain(key): key for key in keys}

        def look() -> tuple[Message, str, str] | None:
            found = ((m, b) for m in self._messages(person) for b in m.buttons if b["text"] in labels)
            return next(((m, b["callback_data"], labels[b["text"]]) for m, b in found), None)

        message, data, key = await self.sandbox.until(look, SLOW, f"none of {keys}", person.id)
        await person.presses(message, data)
        return key

    async def staff(self) -> tuple[float, datetime]:
        """Wang merges them and answers once."""
        t, loop = self.t, asyncio.get_running_loop()
        wang = Person(self.sandbox, {"id": 1, "first_name": "Wang"})
        merges = re.compile("^" + re.escape(t.plain("desk.cluster", count=0)).replace("0", r"\d+") + "$")
        sure = re.compile("^" + re.escape(t.plain("merge.cluster_sure", count=0)).replace("0", r"\d+") + "$")
        await wang.taps(merges, chat=EAST, timeout=60)
        await wang.reads("one matter", chat=EAST, timeout=60)
        before = loop.time()
        await wang.taps(sure, chat=EAST, timeout=60)
        pressed = loop.time() - before
        prompt = await wang.reads("everybody who waits will read it", chat=EAST, timeout=60)
        await wang.says(ANSWER, chat=EAST, reply_to=prompt)
        return pressed, await self.sandbox.now()


def _into(call: dict[str, Any], chat: int) -> bool:
    says = str(call["method"]).lower().startswith(("send", "edit", "copy", "forward"))
    return says and str((call.get("params") or {}).get("chat_id")) == str(chat)


def _posts_a_card(call: dict[str, Any]) -> bool:
    first = str((call.get("params") or {}).get("text")).partition("\n")[0]
    return str(call["method"]).lower() == "sendmessage" and A_CARD.search(re.sub("<[^>]*>", "", first)) is not None


def _at(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(str(call["at"]).replace("Z", "+00:00"))


def _most_a_minute(moments: list[datetime]) -> int:
    moments = sorted(moments)
    counts = Counter({i: sum(at <= x < at + timedelta(minutes=1) for x in moments) for i, at in enumerate(moments)})
    return max(counts.values(), default=0)


# ---------------------------------------------------------------- the program


def _settings(url: str, file: Path | str) -> Any:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    data["telegram"]["api_base"], data["database"]["url"] = url, f"sqlite:///{file}"
    data["limits"] = {"messages_a_minute": 0, "tickets_a_day": 0}
    return config.build(data, config.Secrets(TOKEN, new_key()).environment())


async def _furnish(program: App, count: int) -> None:
    async with program.database.transaction() as session:
        for key, chat in STATIONS.items():
            place = await stations.by_key(session, key)
            assert place is not None
            place.chat_id, place.language = chat, "en"
        await people.meet(session, 1, "Wang", None, "en")
        bot_id, house, now = int(TOKEN.split(":")[0]), program.toolbox.house, program.clock()
        for i in range(count):
            number = (await student(session, FIRST + i)).telegram_id
            # Each has said by then what it is about and where.
            writing = Standing("New:words", {"kind": "complaint", "category": "water", "building": "e1"})
            await conversations.write(session, f"chat:{bot_id}:{number}:{number}", NOWHERE, writing, house.vault, now)


async def _serve(url: str, file: str, count: int) -> None:
    settings = _settings(url, file)
    database = Database(settings.database.url)
    await migrate(database)
    await database.close()
    clock = DemoClock(*await time_of(url))
    async with App(settings, clock=clock, elapsed=clock.elapsed) as program:
        await _furnish(program, count)
        spare_the_built()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await program.run()


def main() -> None:
    logs.configure("error")
    url, file, count = sys.argv[1:]
    uvloop.run(_serve(url, file, int(count)))


if __name__ == "__main__":
    main()
