"""One run: students file and staff answer on a program in parts, while something is done to its parts or to its
database's machines; and what is left behind is looked at by the same oracle as after `kill -9` of the whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.app import App
from bot.parts import Part
from bot.people import follow_config
from models import stations as places
from models.database import Database
from models.inbox import Handling, Incoming
from models.migrations import migrate
from models.outbox import Outgoing, Sending
from sandbox import server
from sandbox.client import Message, Person, Sandbox
from tests.campus import BEGIN, TOKEN, UNLIMITED, settings
from tests.chaos import oracle, people
from tests.chaos.cluster.program import Program
from tests.chaos.oracle import Death, Traces

BOT = int(TOKEN.split(":")[0])
PARTS: tuple[tuple[str, tuple[Part, ...]], ...] = (
    ("web", (Part.WEB,)),
    ("worker 1", (Part.WORKER,)),
    ("worker 2", (Part.WORKER,)),
    ("courier", (Part.COURIER,)),
    ("clock", (Part.CLOCK,)),
)


@dataclass
class Stage:
    """What a disturbance has in its hands."""

    stage: Sandbox
    telegram: server.Sandbox
    database: Database
    programs: dict[str, Program]
    students: list[people.Student]
    stations: list[people.Station]
    probe: Person
    deaths: list[Death] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    async def answered(self, within: float) -> float:
        """Somebody asks for help; returns the seconds until the answer is there."""
        asked = time.monotonic()
        said = await self.probe.says("/privacy")

        def look() -> Message | None:
            there = self.probe.view.chat(self.probe.id)
            return next((m for m in there.values() if m.from_bot and m.id > said.id), None)

        await self.stage.until(look, within, "an answer to whoever asks", self.probe.id)
        return time.monotonic() - asked

    @contextlib.asynccontextmanager
    async def death(self, how: str) -> AsyncIterator[None]:
        """Around what may leave a message unknown or said twice with its number."""
        calls = self.telegram.world.calls
        before, unknown = calls.newest, await self._unknown()
        death = Death(how, False, before, before, unknown, frozenset(), unknown_after=len(unknown))
        self.deaths.append(death)
        yield
        death.calls_after, death.unknown_after = calls.newest, len(await self._unknown())

    async def _unknown(self) -> frozenset[int]:
        async with self.database.reading() as session:
            return frozenset(await session.scalars(select(Outgoing.id).where(Outgoing.state == Sending.UNKNOWN)))

    async def quiet(self, within: float) -> bool:
        """Wait until everything that came in is done and everything that is due is out."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            async with self.database.reading() as session:
                waiting = await session.scalar(select(func.count()).where(Incoming.state == Handling.WAITING))
                leaving = select(func.count()).where(Outgoing.state.in_([Sending.DUE, Sending.SENDING]))
                if not waiting and not await session.scalar(leaving) and not len(self.mailbox):
                    return True
            await asyncio.sleep(0.2)
        return False

    @property
    def mailbox(self) -> Any:
        """What Telegram has not got rid of."""
        return self.telegram.world.bots[BOT].mailbox


async def play(
    database_url: str,
    folder: Path,
    disturb: Callable[[Stage], Awaitable[None]],
    *,
    seed: int,
    students: int,
    patience: float,
    parts: Sequence[tuple[str, tuple[Part, ...]]] = PARTS,
    end: float = 180.0,
) -> list[str]:
    """Everything that does not hold afterwards; `disturb` is done while the students come one after the other."""
    chance, database = random.Random(seed), Database(database_url)
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        first = telegram.world.bots[BOT].mailbox._next
        there, stations = await people.campus(stage, chance, students, patience)
        await _furnish(telegram.url, database_url, database, stations)
        begun = time.time()
        programs = {
            name: Program(name, some, telegram.url, database_url, begun, folder / f"{name}.log") for name, some in parts
        }
        seen = Stage(stage, telegram, database, programs, there, stations, await stage.person("Probe", "en"))
        tasks: list[asyncio.Task[None]] = []
        try:
            await asyncio.gather(*(program.start() for program in programs.values()))
            disturbed = asyncio.Event()
            tasks = [asyncio.create_task(station.works()) for station in stations]
            filing = [asyncio.create_task(_comes(s, n, disturbed)) for n, s in enumerate(there)]
            tasks += filing
            await disturb(seen)
            disturbed.set()
            if not await people.everybody(filing, end):
                seen.mistakes.append("end: not everybody has come to the end of their business")
            tokens = {student.token for student in there}
            await stage.until(
                lambda: tokens <= {t for s in stations for t in s.replies} or None, end, "every card is answered", None
            )
            if not await seen.quiet(60.0):
                seen.mistakes.append("end: there is still something to do")
            for program in programs.values():
                if not program.lives:
                    seen.mistakes.append(f"end: {program.name} has ended by itself:\n{program.last_words()}")
                    continue
                code, seconds = await program.stop()
                if code or seconds > 10:
                    seen.mistakes.append(
                        f"end: {program.name} took {seconds:.1f} s to end, with {code}:\n{program.last_words()}"
                    )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for program in programs.values():
                if program.lives:
                    await program.kill()
            mailbox = telegram.world.bots[BOT].mailbox
        await stage.caught_up()
        world = telegram.world
        chats = [*((person, chat) for (_, person), chat in world.privates.items()), *world.groups.items()]
        traces = Traces(
            there,
            stations,
            world.calls.since(0),
            {who: [Message(p.shown()) for p in chat.messages.values()] for who, chat in chats},
            range(first, mailbox._next),
            frozenset(update.id for update in mailbox.updates),
            seen.deaths,
        )
        async with database.reading() as session:
            found = await oracle.findings(session, traces)
        await database.close()
        return [*found, *seen.mistakes]


async def _comes(student: people.Student, place: int, disturbed: asyncio.Event) -> None:
    """One by one, half a second apart, and all who are left when nothing is disturbed any more."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(place * 0.5):
            await disturbed.wait()
    await student.files()


async def _furnish(api_base: str, database_url: str, database: Database, stations: Sequence[people.Station]) -> None:
    await migrate(database)
    app = App(settings(api_base, database_url, limits=UNLIMITED))
    async with database.transaction() as session:
        await follow_config(session, app.toolbox, BEGIN)
        await session.flush()
        for key, station in zip(("east", "west"), stations, strict=True):
            place = await places.by_key(session, key)
            assert place is not None
            place.chat_id, place.topics, place.language = station.group.id, key == "west", "en"
    await app.database.close()
