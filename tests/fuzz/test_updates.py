"""Whatever Telegram, or somebody who writes as it does, might hand over: each update is handled or set aside alone for
being unreadable, nothing of it goes to a chat that it is none of, and memory does not grow.

`make fuzz` runs a million (COUNT=…); each run prints its seed, and FUZZ_SEED=… makes the same updates again.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiogram.types import Update
from pydantic import ValidationError
from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import charts, scripts
from bot.scripts import WAYS
from bot.texts import Catalogue
from models import asking, outbox
from models.base import said
from models.inbox import Handling, Incoming
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Grant, Person
from models.pulses import Result
from models.requesters import Requester
from models.stations import Station
from tests.conftest import MEMORY
from tests.fuzz.program import Program, program
from tests.fuzz.updates import Updates
from tests.house import CALENDAR, draft, student

SEED = int(os.environ.get("FUZZ_SEED") or random.randrange(10**6))
COUNT = int(os.environ.get("COUNT") or 1_000_000)
"""`make fuzz` says a million."""
BATCH = 20
WARM = 0.2
"""After this share of a run everything has been loaded, and memory is looked at."""
MOST_BLOCKS, MOST_HEAP = 100_000, 16 * 2**20
"""How many of Python's blocks, and bytes of the C library's, may be in use at the end of a run beyond those after its
first fifth: what stays of every eighth update would show (docs/decisions/0034)."""
JOBS_EVERY = 2_000
"""Updates between two looks of all jobs, an hour later each time."""


TOLD_EVERY = 20_000


@dataclass
class Findings:
    """What a run has found; and how much it has seen."""

    wrong: Counter[str] = field(default_factory=Counter)
    done: int = 0
    unreadable: int = 0
    said: int = 0
    seconds: float = 0.0
    warm: Memory | None = None
    end: Memory | None = None


@dataclass(frozen=True)
class Memory:
    """What this process has in use, and how much of the machine's memory it holds for that."""

    blocks: int
    """Of Python's."""
    heap: int
    """Bytes of the C library's: what SQLite and other libraries hold."""
    resident: int
    """Bytes; grows with the gaps between what is in use, too."""

    @classmethod
    def now(cls) -> Memory:
        gc.collect()
        heap = psutil.heap_info()
        return cls(sys.getallocatedblocks(), heap.heap_used + heap.mmap_used, psutil.Process().memory_info().rss)

    def __str__(self) -> str:
        return f"{self.blocks} blocks and {self.heap >> 20} MiB in use, {self.resident >> 20} MiB held"


def load_what_comes_late() -> None:
    """What the program loads when a script is first turned, a picture or a table first made: each comes at a moment of
    its own, with a quarter of a million blocks, and is no growth.
    """
    for language in WAYS:
        scripts.in_other_script(language, "考试")
        scripts.as_read(language, "考试")
    t = Catalogue.load(CALENDAR.timezone)["zh-hans"]
    charts.pulse("?", ("好", "差"), Result(invited=9, counts=(5, 1), scale=False), t)
    for module in ("docx", "openpyxl", "matplotlib.backends.backend_pdf", "matplotlib.backends.backend_svg"):
        importlib.import_module(module)


def own(update: Update) -> set[int]:
    """The chats that an update comes from: where it happened, and its sender's."""
    event: Any = update.event
    message = getattr(event, "message", None)
    parts = [getattr(event, "chat", None), getattr(event, "from_user", None), getattr(message, "chat", None)]
    parts += [getattr(event, "user", None), getattr(event, "voter_chat", None)]
    return {part.id for part in parts if part is not None}


WRITTEN = (
    select(
        Outgoing.id,
        Outgoing.chat_id,
        Outgoing.letter,
        Outgoing.method,
        Outgoing.repeat,
        Outgoing.lane,
        Person.telegram_id.label("waits"),
    )
    .outerjoin(Requester, and_(Requester.id == Outgoing.requester_id, Requester.ticket_id == Outgoing.ticket_id))
    .outerjoin(Person, Person.id == Requester.person_id)
    .where(Outgoing.id > bindparam("last"))
)
"""What was written since; with whoever waits, by name, for the ticket that it is about."""
ABOVE = select(Grant.telegram_id).where(Grant.taken_back_at.is_(None))


async def bound(session: AsyncSession) -> set[int]:
    """The groups of the places, and the people whom the union or its teachers have given something to do."""
    chats = {chat for chat in await session.scalars(select(Station.chat_id)) if chat is not None}
    return chats | set(await session.scalars(ABOVE))


async def run(here: Program, updates: Updates, count: int, told: Callable[[str], None] = lambda line: None) -> Findings:
    """So many updates, everything looked at as it happens; `told` hears of findings, and how far it is."""
    found, known, once, last, kinds = Findings(), set[int](), set[int](), 0, 0
    begun = time.perf_counter()
    while updates.number < count:
        raws = [updates.make() for _ in range(min(BATCH, count - updates.number))]
        bodies, written = dict[int, str](), list[tuple[int, Any]]()
        async for row, body in here.taking(raws):
            bodies[row] = body
            async with here.app.database.reading() as session:
                rows = (await session.execute(WRITTEN, {"last": last})).all()
            last = max([last, *(each.id for each in rows)])
            written += [(row, each) for each in rows]
        # Where a place sat before these updates, and where it sits after them.
        before = known
        async with here.app.database.reading() as session:
            known = await bound(session)
            once |= known
            states = await session.execute(
                select(Incoming.id, Incoming.state, Incoming.error).where(Incoming.id.in_(bodies))
            )
        looked = {row: readable(body) for row, body in bodies.items()}
        for row, state, error in states:
            update = looked[row]
            if state is Handling.DONE:
                found.done += 1
            elif state is Handling.SET_ASIDE and (update is None or beyond(update.model_dump())):
                found.unreadable += 1
            else:
                found.wrong[f"{state}: {error}: {bodies[row][:2000]}"] += 1
        for row, each in written:
            found.said += 1
            update = looked[row]
            # What stands in a group changes there, also when its place has moved to another since.
            standing = once if each.repeat is Repeat.FREELY else set[int]()
            theirs = before | known | standing | (own(update) if update else set())
            # Whom the union has given something to do may publish: that goes to everybody.
            published = each.lane == Lane.BROADCAST and bool(update and own(update) & (before | known))
            # What is said of a ticket, whoever says it, is for who waits for it.
            if each.chat_id not in (None, each.waits, *theirs) and not published:
                what = f"{each.letter or each.method} to {each.chat_id}"
                found.wrong[f"to another chat: {what}: {bodies[row][:2000]}"] += 1
        await here.speak()
        if updates.number % JOBS_EVERY < BATCH:
            await here.pass_time(timedelta(hours=1))
            updates.now = here.now
            await here.speak()
        async with here.app.database.reading() as session:
            # What the courier and the clock have written is none of the next update's.
            last = await session.scalar(select(func.max(Outgoing.id))) or last
        found.wrong.update(here.line.malformed)
        here.line.malformed.clear()
        for what in list(found.wrong)[kinds:]:
            told(f"{updates.number}: {what}")
        kinds = len(found.wrong)
        if updates.number % TOLD_EVERY < BATCH:
            rate = updates.number / (time.perf_counter() - begun)
            told(f"{updates.number}: {rate:.0f}/s, {Memory.now()}, {found.wrong.total()} findings")
        if found.warm is None and updates.number >= count * WARM:
            found.warm = Memory.now()
    found.seconds, found.end = time.perf_counter() - begun, Memory.now()
    async with here.app.database.reading() as session:
        failed = select(Outgoing.letter, Outgoing.method, Outgoing.reason).where(Outgoing.state == said(Sending.FAILED))
        for letter, method, reason in await session.execute(failed):
            if "could not be drawn" in (reason or ""):
                found.wrong[f"{letter or method} {reason}"] += 1
    return found


def readable(body: str) -> Update | None:
    """The update in it; None where it cannot be one."""
    try:
        return Update.model_validate_json(body)
    except ValidationError:
        return None


def beyond(part: object) -> bool:
    """Whether there is a number in it that no database holds."""
    if isinstance(part, dict | list):
        return any(map(beyond, part.values() if isinstance(part, dict) else part))
    return isinstance(part, int) and abs(part) >= 2**63


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A line for each that cannot be read would be kept until the end, and memory is looked at."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory: what a disk takes is measured elsewhere."""
    with tempfile.TemporaryDirectory(prefix="fuzz", dir=MEMORY) as name:
        yield Path(name)


async def test_some_hundred_strange_updates_are_handled_or_set_aside_alone(migrated: Path, folder: Path) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or 7)
    async with program(migrated, folder) as here:
        found = await run(here, Updates(seed, here.line, here.now), 300)
    assert not found.wrong, f"FUZZ_SEED={seed}"
    assert found.done + found.unreadable >= 280
    assert found.said > 50


async def test_what_is_said_of_a_ticket_is_for_who_waits_for_it_and_for_nobody_else(
    migrated: Path, folder: Path
) -> None:
    """A named one's chat is no finding, whoever answered; another's with the same ticket is."""
    async with program(migrated, folder) as here, here.app.database.transaction() as session:
        alice, bob = await student(session, 500_001), await student(session, 500_002)
        for each in (alice, bob):
            await asking.file(session, draft(), each, here.app.toolbox.house, here.now)
        first = (await session.scalars(select(Requester).order_by(Requester.id))).all()[0]
        last = await session.scalar(select(func.max(Outgoing.id)))
        row: dict[str, Any] = {
            "now": here.now,
            "lane": Lane.ANSWER,
            "repeat": Repeat.NEVER,
            "letter": "words",
            "ticket_id": 1,
        }
        for chat_id in (alice.telegram_id, bob.telegram_id):
            await outbox.post(session, chat_id=chat_id, requester_id=first.id, **row)
        rows = (await session.execute(WRITTEN, {"last": last})).all()
    assert [each.chat_id == each.waits for each in rows] == [True, False]


@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
async def test_a_million_strange_updates_are_handled_or_set_aside_alone(
    migrated: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: Callable[[], AbstractContextManager[None]] = capsys.disabled if capsys else nullcontext

    def say(line: str) -> None:
        with shown():
            print(line, flush=True)

    say(f"\nFUZZ_SEED={SEED} COUNT={COUNT}")
    load_what_comes_late()
    async with program(migrated, folder) as here:
        found = await run(here, Updates(SEED, here.line, here.now), COUNT, say)
        size = (folder / "unionbot.db").stat().st_size
    say(
        f"{found.done} handled, {found.unreadable} could not be read, {found.said} things said, "
        f"{COUNT / found.seconds:.0f} updates/s; the database {size >> 20} MiB\n"
        f"after a fifth {found.warm}\nat the end    {found.end}"
    )
    assert not found.wrong, f"FUZZ_SEED={SEED}"
    assert found.warm
    assert found.end
    assert found.end.blocks - found.warm.blocks < MOST_BLOCKS
    assert found.end.heap - found.warm.heap < MOST_HEAP
