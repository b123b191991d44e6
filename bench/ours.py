"""The program itself on a fresh SQLite file, furnished for one measurement.

    python -m bench.ours URL FILE [students=N] [sends=N] [push=N] [windows]

`students` have a ticket each that staff have claimed and are about to add words to it; `sends` are answers due in the
outbox; `push` is a one-question poll to so many people. It prints "ready" before it starts.
"""

from __future__ import annotations

import random
import sys
import tomllib
from datetime import timedelta
from pathlib import Path

import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from bench.load import CALLERS, FIRST, STATIONS, TOKEN
from bot import config, logs
from bot.app import App, spare_the_built
from bot.toolbox import utcnow
from bot.vault import new_key
from models import answering, asking, conversations, outbox, people, pulses, stations
from models.asking import Draft
from models.conversations import NOWHERE, Standing
from models.database import Database
from models.lifecycle import Kind
from models.migrations import migrate
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
    now, house, bot_id = utcnow(), program.toolbox.house, int(TOKEN.split(":")[0])
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
        for i in range(CALLERS if wishes.get("push") else 0):
            await student(session, FIRST + i)
        for i in range(wishes.get("push", 0)):
            await student(session, FIRST + CALLERS + i)
        if wishes.get("push"):
            await session.flush()
            await pulses.launch(session, "Content with the station?", None, now + timedelta(days=2), house, now)


async def run(url: str, file: str, wishes: dict[str, int]) -> None:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    data["telegram"]["api_base"], data["database"]["url"] = url, f"sqlite:///{file}"
    data["limits"] = {"messages_a_minute": 0, "tickets_a_day": 0}
    settings = config.build(data, config.Secrets(TOKEN, new_key()).environment())
    database = Database(settings.database.url)
    await migrate(database)
    await database.close()
    async with App(settings, windows="windows" in wishes) as program:
        await furnish(program, wishes)
        spare_the_built()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await program.run()


def main() -> None:
    logs.configure("error")
    url, file, *given = sys.argv[1:]
    pairs = (word.partition("=") for word in given)
    uvloop.run(run(url, file, {name: int(value or 1) for name, _, value in pairs}))


if __name__ == "__main__":
    main()
