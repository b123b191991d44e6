"""One run: students file and staff answer while the program is killed and begins again, and what was left behind."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import occasions
from models.database import Database
from models.inbox import Handling, Incoming
from models.occasions import Occasion
from models.outbox import Outgoing, Sending
from models.tickets import Ticket
from sandbox import server
from sandbox.client import Message, NotSeen, Sandbox
from tests.campus import BEGIN, TOKEN
from tests.chaos import oracle, people
from tests.chaos.lives import Lives
from tests.chaos.oracle import STOPS_WITHIN, Death, Traces
from tests.chaos.plan import Plan, changes, furnish
from tests.chaos.points import PLACES, points

BOT = int(TOKEN.split(":")[0])
DEATHS_BEFORE_STAFF = 3


@dataclass
class Outcome:
    """What came of it."""

    findings: list[str]
    figures: dict[str, Any] = field(default_factory=dict)


async def play(plan: Plan, database_url: str, warm: Popen[bytes], folder: Path) -> Outcome:
    """The whole run."""
    begun = time.monotonic()
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        lives, database = Lives(warm), Database(database_url)
        try:
            return await _Run(plan, telegram, stage, lives, database, database_url, folder, begun).play()
        finally:
            await database.close()
            lives.close()


class _EndedByItself(Exception):
    """A life came to an end that nobody had made."""


class _Run:
    def __init__(
        self,
        plan: Plan,
        telegram: server.Sandbox,
        stage: Sandbox,
        lives: Lives,
        database: Database,
        database_url: str,
        folder: Path,
        begun: float,
    ) -> None:
        self.plan, self.stage, self.lives, self.database, self.begun = plan, stage, lives, database, begun
        self.world = telegram.world
        self.chance = random.Random(plan.seed)
        self.log = folder / "child.log"
        self.order = {
            "api_base": telegram.url,
            "database_url": database_url,
            "windows": False,
            "begun": time.time(),
            "log": str(self.log),
            "breakages": plan.breakages,
            "changes": changes(plan),
            "journal": None,
        }
        self.points = tuple(plan.points) or points(plan.way)
        self.ended: list[Death] = []
        self.written = 0
        self.staff = asyncio.Event()
        self.mistakes: list[str] = []
        self.undisturbed_from = begun
        self.deaths = [asyncio.Event() for _ in range(plan.deaths + 1)]

    async def play(self) -> Outcome:
        mailbox = self.world.bots[BOT].mailbox
        first = mailbox._next
        students, stations = await people.campus(self.stage, self.chance, self.plan.students, self.plan.patience)
        await furnish(str(self.order["api_base"]), str(self.order["database_url"]), stations, self.plan.breakages)
        doors = [self._door() for _ in students]
        working = [asyncio.create_task(self._works(station)) for station in stations]
        if self.plan.neighbour:
            working.append(asyncio.create_task(self._writes_besides()))
        filing = [asyncio.create_task(self._files(s, door)) for s, door in zip(students, doors, strict=True)]
        try:
            await self._dying()
            self.undisturbed_from = time.monotonic()
            await self._living(filing, students, stations)
        except _EndedByItself as error:
            # What nobody goes on with has no end that could be looked at.
            return Outcome([str(error)])
        finally:
            for task in [*working, *filing]:
                task.cancel()
            await asyncio.gather(*working, *filing, return_exceptions=True)
            if not self.lives.ended.done():
                self.lives.kill()
        await self.stage.caught_up()
        traces = Traces(
            students,
            stations,
            self.world.calls.since(0),
            {who: [Message(p.shown()) for p in chat.messages.values()] for who, chat in self._chats()},
            range(first, mailbox._next),
            frozenset(update.id for update in mailbox.updates),
            self.ended,
        )
        async with self.database.reading() as session:
            found = [*await oracle.findings(session, traces), *await self._beside(session)]
        return Outcome([*found, *self.mistakes], await self._figures(traces))

    def _chats(self) -> list[tuple[int, Any]]:
        private = [(person, chat) for (_, person), chat in self.world.privates.items()]
        return [*private, *self.world.groups.items()]

    def _door(self) -> int:
        """After how many deaths a student comes: one by one, or a crowd of them at once."""
        last = max(self.plan.deaths * 9 // 10, 1)
        door = self.chance.randrange(last)
        return door if self.chance.random() < 0.4 else door - door % max(last // 9, 3)

    async def _works(self, station: people.Station) -> None:
        if self.plan.late:
            await self.staff.wait()
        await station.works()

    async def _writes_besides(self) -> None:
        """Another process's short transactions: it reads, writes, and takes a moment over each."""
        while True:
            async with self.database.transaction() as session:
                assert await occasions.once(session, f"neighbour:{self.written}", BEGIN)
                await asyncio.sleep(0.01)
            self.written += 1
            await asyncio.sleep(0.03)

    async def _beside(self, session: AsyncSession) -> list[str]:
        """What two writers owe each other: both wait, and neither loses what it wrote."""
        if not self.plan.neighbour:
            return []
        kept = await session.scalar(
            select(func.count()).select_from(Occasion).where(Occasion.key.startswith("neighbour:"))
        )
        # The last one may have been kept just when nobody waited for it any more.
        out = (
            []
            if kept in (self.written, self.written + 1)
            else [f"neighbour: {kept} of {self.written} transactions were kept"]
        )
        refused = self.log.read_text(encoding="utf-8").count("OperationalError") if self.log.exists() else 0
        return [*out, f"neighbour: the program was refused {refused} times"] if refused else out

    async def _files(self, student: people.Student, door: int) -> None:
        if door:
            await self.deaths[door].wait()
        await student.files()

    # ------------------------------------------------------------ lives

    async def _begin(self, point: str | None, gentle: bool = False) -> None:
        chance = self.chance
        often = PLACES[point.partition(".")[0]].often if point else 1
        await self.lives.begin(
            **self.order,
            seed=chance.randrange(2**32),
            point=point,
            gentle=gentle,
            passage=1 + int(chance.expovariate(1 / often)),
            soon=chance.choice((0.0, 0.0, 0.001, 0.003, 0.01)),
        )
        if self.ended:
            # Until then something of the dead one may still have been on its way through the network.
            death = self.ended[-1]
            self.lives.up.add_done_callback(lambda _: setattr(death, "calls_after", self.world.calls.newest))

    async def _dying(self) -> None:
        """Life after life, each to its end: at a random moment or at a random point, by kill -9 or by SIGTERM."""
        for n in range(1, self.plan.deaths + 1):
            point = self.chance.choice(self.points) if self.chance.random() < self.plan.share else None
            gentle = self.chance.random() < self.plan.gentle
            moment = self.plan.longest_life if point else self.chance.uniform(0, self.plan.longest_life)
            young = not point and self.chance.random() < 0.2
            await self._begin(point, gentle)
            if young:
                # Still opening the database, following the configuration, finding what the last one left.
                moment /= 10
            else:
                await self._first_of(self.lives.up, self.lives.ended, self.lives.told)
            await self._first_of(self.lives.ended, self.lives.told, timeout=moment)
            await self._buried(point or "moment", gentle)
            self.deaths[n].set()

    async def _first_of(self, *heard: asyncio.Future[Any], timeout: float | None = None) -> None:
        await asyncio.wait(heard, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)

    async def _buried(self, how: str, gentle: bool) -> None:
        """Ends the life of now, unless it is ending by itself, and writes down how it was left."""
        ordered = None
        by_itself = self.lives.told if gentle else self.lives.ended
        if not by_itself.done():
            if self.lives.ended.done():
                code, at = await self.lives.buried()
                raise self._by_itself(code)
            ordered, how = time.monotonic(), "moment" if how != "the end" else how
            if gentle:
                self.lives.stop()
            else:
                self.lives.kill()
        if gentle:
            await self._first_of(self.lives.ended, timeout=STOPS_WITHIN + 2)
            if not self.lives.ended.done():
                self.lives.kill()
        code, at = await self.lives.buried()
        if gentle and self.lives.told.done() and ordered is not None:
            # Told twice at once, from within and from here: the second time ends it on the spot, as a kill does.
            gentle = code == 0
        if not gentle and code not in (-9, 128 + signal.SIGTERM):
            raise self._by_itself(code)
        unknown, sending = await self._left()
        if self.ended:
            self.ended[-1].unknown_after = len(unknown)
        calls = self.world.calls.newest
        death = Death(how, gentle, calls, calls, unknown, sending, code=code, unknown_after=len(unknown))
        if gentle:
            told = ordered if ordered is not None else (await self.lives.told)["at"]
            death.seconds = at - told
        self.ended.append(death)

    async def _living(
        self,
        filing: Sequence[asyncio.Task[None]],
        students: Sequence[people.Student],
        stations: Sequence[people.Station],
    ) -> None:
        """One more life, which nobody ends: everything comes to its end."""
        await self._begin(None)
        await self._first_of(self.lives.up, self.lives.ended)
        filed = await people.everybody(filing, self.plan.end)
        if self.plan.late:
            for _ in range(DEATHS_BEFORE_STAFF):
                await self._first_of(self.lives.ended, timeout=self.plan.longest_life)
                await self._buried("moment", gentle=False)
                await self._begin(None)
                await self._first_of(self.lives.up, self.lives.ended)
            self.staff.set()
        if filed:
            tokens = {student.token for student in students}

            def waiting() -> int:
                return len(tokens - {t for station in stations for t in station.replies})

            while before := waiting():
                fewer = f"one more of {before} cards is answered"
                await self.stage.until(partial(lambda n: waiting() < n or None, before), self.plan.end, fewer, None)
        heard = time.monotonic()
        while not (quiet := await self._quiet()) and time.monotonic() < heard + self.plan.end:
            # Only the other process knows, and only its database tells: look again when Telegram has heard something.
            if await self._something_happens(0.5):
                heard = time.monotonic()
        if not quiet:
            self.mistakes.append("end: there is still something to do")
        await self._buried("the end", gentle=True)

    async def _something_happens(self, within: float) -> bool:
        newest = self.stage.view.newest
        with contextlib.suppress(NotSeen):
            await self.stage.until(lambda: self.stage.view.newest > newest or None, within, "", None)
        return self.stage.view.newest > newest

    async def _quiet(self) -> bool:
        async with self.database.reading() as session:
            open_rows = select(func.count()).where(Outgoing.state.in_([Sending.DUE, Sending.SENDING]))
            waiting = select(func.count()).where(Incoming.state == Handling.WAITING)
            return not len(self.world.bots[BOT].mailbox) and not (
                (await session.scalar(open_rows) or 0) + (await session.scalar(waiting) or 0)
            )

    def _by_itself(self, code: int) -> _EndedByItself:
        return _EndedByItself(f"life: number {len(self.ended) + 1} ended by itself with {code}:\n{self.last_words()}")

    async def _left(self) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
        """The rows that are unknown, and those on their way with their attempts."""
        async with self.database.reading() as session:
            unknown = await session.scalars(select(Outgoing.id).where(Outgoing.state == Sending.UNKNOWN))
            sending = select(Outgoing.id, Outgoing.attempts).where(Outgoing.state == Sending.SENDING)
            rows = (await session.execute(sending)).all()
            return frozenset(unknown), frozenset((row.id, row.attempts) for row in rows)

    def last_words(self) -> str:
        """The end of the child's log."""
        return self.log.read_text(encoding="utf-8")[-3000:] if self.log.exists() else ""

    async def _figures(self, traces: Traces) -> dict[str, Any]:
        async with self.database.reading() as session:
            tickets = await session.scalar(select(func.count()).select_from(Ticket))
            rows = (await session.execute(select(Outgoing.letter, Outgoing.method, Outgoing.state))).all()
        unknown = Counter(row.letter or row.method for row in rows if row.state is Sending.UNKNOWN)
        return {
            "seconds": round(time.monotonic() - self.begun, 1),
            "undisturbed": round(time.monotonic() - self.undisturbed_from, 1),
            "deaths": dict(Counter("SIGTERM" if death.gentle else "kill -9" for death in traces.deaths)),
            "how": dict(sorted(Counter(death.how for death in traces.deaths).items())),
            "slowest stop": round(max(death.seconds for death in traces.deaths), 2),
            "unknown a kill": sorted(death.cost for death in traces.deaths if not death.gentle),
            "tickets": tickets,
            "answers": len(traces.replies),
            "updates": len(traces.updates),
            "calls": len(traces.calls),
            "rows": len(rows),
            "unknown": dict(unknown),
            "beginnings": sum(student.beginnings for student in traces.students),
        }
