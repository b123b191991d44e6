"""A busy year in one SQLite file, before and after the night in which what is finished leaves.

    python -m bench year

Three hundred thousand updates, sixty thousand tickets, five things said to twenty thousand people each, all written row
by row; then the clock's own job. Until it was there nothing left that had a key, so before is what a year of that
leaves.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, func, insert, select, update

from bench.lines import Line
from bench.scale import Campus, opened, settings
from bot.app import spare_the_built
from bot.toolbox import utcnow
from models import ageing as ageing_rules
from models.ageing import Tide
from models.database import Database
from models.inbox import Handling, Incoming
from models.lifecycle import State
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.tickets import Ticket
from scheduler.jobs import ageing

UPDATES, TICKETS, ASKED, TIMES = 300_000, 60_000, 20_000, 5
A_YEAR, A_DAY = 365, timedelta(days=1)
AT_ONCE = 5_000
TRIED = 400


def _said(tickets: int, asked: int, now: datetime) -> Iterator[dict[str, Any]]:
    """What a year leaves in the outbox, the oldest first."""
    row = {"repeat": Repeat.NUMBERED, "state": Sending.SENT, "attempts": 1, "holds": False, "payload": None}
    plain = {"letter": None, "method": None, "dedupe": None, "ticket_id": None}
    for number in range(1, tickets + 1):
        then = now - A_DAY * A_YEAR * (tickets - number) / tickets
        row |= {"not_before": then, **plain}
        for _ in range(6):
            yield {**row, "lane": Lane.ANSWER, "method": "sendMessage"}
        for _ in range(3):
            yield {**row, "lane": Lane.TICKET, "letter": "card", "ticket_id": number}
        yield {**row, "lane": Lane.ANSWER, "letter": "words", "ticket_id": number}
        for step in ("claimed", "warned", "closed"):
            yield {**row, "lane": Lane.NOTICE, "letter": "told", "ticket_id": number, "dedupe": f"{step}:{number}:1"}
        if number % (tickets // TIMES) == 0:
            for each in range(asked):
                yield {**row, "lane": Lane.BROADCAST, "letter": "survey", "dedupe": f"{number:032x}{each:032x}"}


async def fill(campus: Campus, updates: int, asked: int) -> None:
    """The year: tickets filed and closed day by day, the newest still open."""
    database, now = campus.database, campus.now
    async with database.transaction() as session:
        # A ticket a number, spread over the year; what is older than ten days is closed.
        for number in range(0, campus.count + 1, max(campus.count // A_YEAR, 1)):
            filed = now - A_DAY * A_YEAR * (campus.count - number) / campus.count
            which = Ticket.id.between(number + 1, number + max(campus.count // A_YEAR, 1))
            values: dict[str, Any] = {"filed_at": filed}
            if filed < now - 10 * A_DAY:
                values |= {"state": State.CLOSED, "closed_at": filed + 5 * A_DAY, "resolved_at": filed + 4 * A_DAY}
            await session.execute(update(Ticket).where(which).values(values))
    done = ({"bot_id": 1, "update_id": n, "state": Handling.DONE} for n in range(1, updates + 1))
    for table, rows in ((Incoming, done), (Outgoing, _said(campus.count, asked, now))):
        coming = cast(Iterator[dict[str, Any]], rows)
        while some := list(islice(coming, AT_ONCE)):
            async with database.transaction() as session:
                await session.execute(insert(cast(Table, table.__table__)), some)
    async with database.transaction() as session:
        early = int(updates * (A_YEAR - 3) / A_YEAR)
        session.add(Tide(day=(now - 3 * A_DAY).date(), inbox_id=early))


async def timed(work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    await work()
    return 1000 * (time.perf_counter() - begun)


def spread(times: list[float]) -> str:
    """Median, and what 99 of 100 stay below."""
    times.sort()
    return f"p50 {times[len(times) // 2]:.1f}, p99 {times[int(len(times) * 0.99)]:.1f} ms"


def size(database: Database) -> tuple[float, float]:
    """Megabytes of the file, and how many of them are free for what comes."""
    path = str(database.url.database)
    with sqlite3.connect(path) as connection:
        pages, free, each = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return pages * each / 2**20, free * each / 2**20


async def rows_of(database: Database) -> str:
    async with database.reading() as session:
        counts = [await session.scalar(select(func.count()).select_from(each)) for each in (Incoming, Outgoing)]
    return f"{counts[0]} in the inbox, {counts[1]} in the outbox"


async def measured(quick: bool) -> list[Line]:
    """SQLite; PostgreSQL's autovacuum is its own."""
    part = 30 if quick else 1
    # A small year has a small floor.
    ageing_rules.FLOOR //= part
    now, chance = utcnow(), random.Random(3)
    with tempfile.TemporaryDirectory(prefix="year", ignore_cleanup_errors=True) as folder:
        url = f"sqlite:///{Path(folder) / 'year.db'}"
        async with opened(url, TICKETS // part, settings(), now) as campus:
            await fill(campus, UPDATES // part, ASKED // part)
            spare_the_built()
            database = campus.database
            await database.fold()
            full, _ = size(database)
            many = await rows_of(database)
            before = [await timed(campus.file) for _ in range(TRIED)]

            begun = time.perf_counter()
            night = asyncio.create_task(ageing.run(database, campus.toolbox, now))
            during = []
            while not night.done():
                during.append(await timed(campus.file))
                await asyncio.sleep(chance.random() / 50)
            await night
            took = time.perf_counter() - begun
            await database.fold()
            left, free = size(database)
            few = await rows_of(database)
            after = [await timed(campus.file) for _ in range(TRIED)]
            again = await timed(lambda: ageing.run(database, campus.toolbox, now))
            await database.fold()
            copy = Path(folder) / "copy.db"
            shutil.copy(str(database.url.database), copy)
            vacuumed = time.perf_counter()
            with sqlite3.connect(copy) as connection:
                connection.execute("VACUUM")
            vacuumed = time.perf_counter() - vacuumed
            small = copy.stat().st_size / 2**20
    during.sort()
    return [
        Line("a year's file, MB", full, 1000, f"{full:.0f} MB; {many}", most=True),
        Line("after the night, MB in use ÷ before", (left - free) / full, 0.9,
             f"{(left - free) / full:.2f}: {left - free:.0f} of {left:.0f} MB in use; {few}", most=True),
        Line("the night, s", took, 600, f"{took:.1f} s; once more {again / 1000:.1f} s", most=True),
        Line("filing before, p99 ms", sorted(before)[int(TRIED * 0.99)], 100, spread(before), most=True),
        Line("filing while it tidies, p99 ms", during[int(len(during) * 0.99)], 300,
             f"{spread(during)}, longest {during[-1]:.0f}, {len(during)} filed", most=True),
        Line("filing after, p99 ms", sorted(after)[int(TRIED * 0.99)], 100, spread(after), most=True),
        Line("VACUUM of that file, during which nobody could write, s", vacuumed, 60,
             f"{vacuumed:.1f} s for {left - small:.0f} MB; the program does not do it", most=True),
    ]  # fmt: skip
