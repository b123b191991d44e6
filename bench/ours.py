"""The program itself on a fresh SQLite file, furnished for one measurement.

    python -m bench.ours URL FILE [students=N] [sends=N] [push=N] [survey=N] [speed=N] [windows]

`students` have a ticket each that staff have claimed and are about to add words to it; `sends` are answers due in the
outbox; `push` is a one-question poll to so many people, `survey` ten questions. Telegram's windows run `speed`
times as fast. It prints "ready" before it starts.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
import tomllib
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from bench.load import CALLERS, FIRST, STATIONS, TOKEN
from bot import config, logs
from bot.app import App, spare_the_built
from bot.settings import Settings
from bot.toolbox import Clock, utcnow
from bot.vault import new_key
from models import answering, asking, conversations, outbox, people, pulses, questionnaires, stations, surveys
from models.asking import Draft
from models.conversations import NOWHERE, Standing
from models.lifecycle import Kind
from models.outbox import Lane, Repeat
from models.people import Person

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
BUILDINGS = ("e1", "w1", "s1")


async def student(session: AsyncSession, number: int) -> Person:
    person = await people.meet(session, number, f"Student {number}", None, "en")
    person.agreed, person.building = True, "e1"
    return person


def matter(i: int) -> str:
    """What this student has come with: nobody else's, or the tickets would be folded under the first of them."""
    chance = random.Random(i)
    return " ".join("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(8))


async def furnish(program: App, wishes: dict[str, int]) -> None:
    now, house, bot_id = program.clock(), program.toolbox.house, int(TOKEN.split(":")[0])
    async with program.database.transaction() as session:
        for key, chat in STATIONS.items():
            place = await stations.by_key(session, key)
            assert place is not None
            place.chat_id = chat
        staff = await people.meet(session, 1, "Wang", None, "zh-hans")
        for i in range(wishes.get("students", 0)):
            someone = await student(session, FIRST + i)
            draft = Draft(
                kind=Kind.COMPLAINT,
                category="water",
                building=BUILDINGS[i % len(BUILDINGS)],
                contents=[{"type": "text", "text": matter(i)}],
                sources=[(someone.telegram_id, 1)],
            )
            ticket = await asking.file(session, draft, someone, house, now)
            await answering.claim(session, ticket, staff, house, now)
            key = f"chat:{bot_id}:{someone.telegram_id}:{someone.telegram_id}"
            adding = Standing("Follow:adding", {"ticket": ticket.id})
            await conversations.write(session, key, NOWHERE, adding, house.vault, now)
        for i in range(wishes.get("sends", 0)):
            await outbox.post(
                session,
                now=now,
                lane=Lane.ANSWER,
                repeat=Repeat.NEVER,
                chat_id=FIRST + i,
                method="sendMessage",
                payload={"text": "The plumber comes at three."},
            )
        pushed = wishes.get("push", 0) or wishes.get("survey", 0)
        for i in range(CALLERS + pushed if pushed else 0):
            await student(session, FIRST + i)
        if wishes.get("push"):
            await session.flush()
            await pulses.launch(session, "Content with the station?", None, now + timedelta(days=2), house, now)
        if wishes.get("survey"):
            name = {"en": "Content with the station?"}
            ten = (questionnaires.Question(f"q{i}", questionnaires.Kind.AGREEMENT, name) for i in range(10))
            asked = questionnaires.Questionnaire(name, tuple(ten))
            closes = now + timedelta(days=9)
            how: dict[str, Any] = {"target": questionnaires.EVERYBODY, "cell": 10, "opens_at": now, "closes_at": closes}
            await surveys.plan(session, key="bench", questionnaire=asked, **how)


def by_day(settings: Settings) -> Clock:
    """The real clock, moved to the hour after noon where the union is: at night nothing is pushed."""
    begun = utcnow()
    noon = begun.astimezone(settings.timezone).replace(hour=12).astimezone(UTC)
    return lambda: noon + (utcnow() - begun)


async def hurry(program: App) -> None:
    """The courier waits in real seconds for windows that open sooner."""
    while True:
        await asyncio.sleep(0.01)
        program.courier.wake()


async def run(url: str, file: str, wishes: dict[str, int]) -> None:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    data["telegram"]["api_base"], data["database"]["url"] = url, f"sqlite:///{file}"
    data["limits"] = {"messages_a_minute": 0, "tickets_a_day": 0}
    settings = config.build(data, config.Secrets(TOKEN, new_key()).environment())
    speed = wishes.get("speed", 1)

    def faster() -> float:
        return speed * time.monotonic()

    elapsed = faster if speed > 1 else time.monotonic
    async with App(settings, clock=by_day(settings), elapsed=elapsed, windows="windows" in wishes) as program:
        await furnish(program, wishes)
        spare_the_built()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async with asyncio.TaskGroup() as group:
            group.create_task(program.run())
            if speed > 1:
                group.create_task(hurry(program))


def main() -> None:
    logs.configure("error")
    url, file, *given = sys.argv[1:]
    pairs = (word.partition("=") for word in given)
    uvloop.run(run(url, file, {name: int(value or 1) for name, _, value in pairs}))


if __name__ == "__main__":
    main()
