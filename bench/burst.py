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
from models import people, stations
from models.database import Database
from models.migrations import migrate
from sandbox.client import Person, Sandbox

STUDENTS = 500
MINUTES = 10
SPEED = 6.0
MONDAY = datetime(2030, 10, 14, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai: by day nothing waits for the morning."""
PATIENCE = 170.0
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
    """Of the local Telegram's time, from the answer until the last student had it."""


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
        self.path = [settings.category_names(key)["en"] for key in ("repairs", "water")]
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
            while self.asked("SELECT count(*) FROM outbox WHERE state IN ('due', 'sending')"):
                await asyncio.sleep(0.5)
        told = (await self.sandbox.now() - answered_at).total_seconds()
        await self.sandbox.caught_up()
        copies = [sum(ANSWER in m.text for m in self.sandbox.view.chat(FIRST + i).values()) for i in range(self.count)]
        calls = await self.sandbox.calls()
        group_calls = [c for c in calls if c["ok"] and _into(c, EAST)]
        return Outcome(
            filed=filed,
            answered=sum(n > 0 for n in copies),
            copies=max(copies),
            refused=sum(c["status"] == 429 for c in calls),
            a_minute=_most_a_minute([_at(c) for c in group_calls]),
            cards=len([m for m in self.sandbox.view.chat(EAST).values() if A_CARD.search(m.text.split("\n")[0])]),
            clusters=self.asked("SELECT count(*) FROM tickets WHERE merged_into_id IS NULL"),
            minutes=minutes,
            pressed=pressed,
            told=told,
        )

    def asked(self, statement: str) -> int:
        """A number out of the program's database."""
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return int(connection.execute(statement).fetchone()[0])
        finally:
            connection.close()

    async def files(self, person: Person, number: int) -> None:
        """The whole conversation, to the receipt."""
        t = self.t
        async with self.places:
            await person.says("/new")
            for label in (t.plain("kind.complaint"), *self.path):
                await person.taps(label, timeout=60)
            await person.reads(t.plain("new.words").splitlines()[0], timeout=60)
            await person.says(WORDS[number % len(WORDS)].format(n=number % 6 + 1))
            await person.taps(t.plain("new.continue"), timeout=60)
            left = [t.plain(key) for key in ("faq.go_on", "similar.none", "name.named")]
            named = left[-1]
            while named in left:
                label = await self._offered(person, left)
                left.remove(label)
                await person.taps(label, timeout=60)
            await person.taps(t.plain("preview.send"), timeout=60)
            await person.reads("📮", timeout=60)

    async def _offered(self, person: Person, labels: list[str]) -> str:
        """The first of these that stands on a button."""

        def look() -> str | None:
            there = {each["text"] for m in self.sandbox.view.chat(person.id).values() for each in m.buttons}
            return next((label for label in labels if label in there), None)

        return await self.sandbox.until(look, 60, "nothing is offered", person.id)

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
    return config.build(data, config.Secrets(TOKEN, new_key()).environment())


async def _furnish(program: App, count: int) -> None:
    async with program.database.transaction() as session:
        for key, chat in STATIONS.items():
            place = await stations.by_key(session, key)
            assert place is not None
            place.chat_id, place.language = chat, "en"
        await people.meet(session, 1, "Wang", None, "en")
        for i in range(count):
            await student(session, FIRST + i)


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
