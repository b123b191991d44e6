"""The rehearsal of the day on which the disk is gone: backups taken while students file, staff answer and the program
dies by kill -9; each is restored elsewhere, and the program goes on with it. And what kill -9 makes of a backup, and of
a restore, that is under way.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from sqlalchemy import func, make_url, select, text, update

from bot.backups import archive, restoring, taking
from bot.backups.archive import Unusable
from bot.settings import Settings
from models import keyprint
from models.base import Base
from models.database import Database
from models.inbox import Incoming
from models.keyprint import Unfinished
from models.outbox import Outgoing, Sending
from models.people import Person
from models.tickets import Ticket
from models.words import Side, Words
from sandbox import server
from sandbox.client import Sandbox
from tests.bot.test_backups import TOOLS, with_tools
from tests.campus import BEGIN, TOKEN, UNLIMITED, settings
from tests.chaos.halfway import PHRASE, PUTTING_BACK, TAKING, Quickly
from tests.chaos.lives import ROOT, Lives
from tests.chaos.plan import Plan
from tests.chaos.run import BOT, _Run
from tests.chaos.test_kill_nine import SEED
from tests.conftest import fresh_postgres
from tests.house import HOUSE, student

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
BACKUPS = 4


until: ContextVar[threading.Event | None] = ContextVar("until", default=None)
"""What a backup waits for between two chunks."""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stretching a passphrase is worth is another test's."""
    monkeypatch.setattr(archive, "under", Quickly)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup is under way until what it is to see has happened."""
    count = archive._Through._count

    def waiting(self: Any, data: bytes) -> None:
        if (event := until.get()) is not None:
            assert event.wait(60)
        count(self, data)

    monkeypatch.setattr(archive._Through, "_count", waiting)


async def elsewhere(database_url: str, folder: Path, name: str, request: pytest.FixtureRequest) -> str:
    """The address of another, empty database of the same kind."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{folder / name}.db"
    return await fresh_postgres(request.getfixturevalue("postgres_server"))


# ---------------------------------------------------------------- under load


@dataclass
class Taken:
    """A backup, and what held when it was begun."""

    path: Path
    acknowledged: range
    """The updates that Telegram need not hand out again."""
    lives: int
    """How many lives had ended by then, and when it was whole: what was killed meanwhile."""
    ended: int = 0


async def test_a_backup_under_load_and_kill_nine_is_whole_and_the_program_goes_on_with_it(
    database_url: str, warm: Popen[bytes], tmp_path: Path, request: pytest.FixtureRequest, slowly: None
) -> None:
    plan = Plan(SEED, students=30, deaths=2 * BACKUPS, share=0.5, gentle=0.0, longest_life=1.5)
    print(f"CHAOS_SEED={plan.seed}")
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        lives, database = Lives(warm), Database(database_url)
        try:
            run = _Run(plan, telegram, stage, lives, database, database_url, tmp_path, time.monotonic())
            playing = asyncio.create_task(run.play())
            taken = [await one_taken(run, n, database_url, tmp_path, playing) for n in range(1, BACKUPS + 1)]
            outcome = await playing
            assert not outcome.findings
            assert all(each.ended > each.lives for each in taken), "the program died while each was taken"
            print(outcome.figures, [(len(each.acknowledged), each.lives, each.ended) for each in taken])
            for each in taken:
                there = await elsewhere(database_url, tmp_path, each.path.stem, request)
                # By the clock of the lives: what is said at the restore is due when the program goes on.
                await restored_and_held(
                    each, there, BEGIN + timedelta(seconds=time.time() - float(str(run.order["begun"])))
                )
                if each is taken[-1]:
                    await goes_on(run, there)
        finally:
            await database.close()
            lives.close()


async def one_taken(run: _Run, n: int, database_url: str, folder: Path, playing: asyncio.Task[Any]) -> Taken:
    """Begun as soon as another life begins, which is a second or so before its death."""
    first = asyncio.create_task(run.deaths[2 * n - 1].wait())
    await asyncio.wait([first, playing], return_when=asyncio.FIRST_COMPLETED)
    assert first.done(), "the run was over before"
    mailbox = run.world.bots[BOT].mailbox
    waiting = [each.id for each in mailbox.updates]
    start = run.__dict__.setdefault("first_update", min(waiting, default=mailbox._next))
    held = Taken(folder / f"{n}.backup", range(start, min(waiting, default=mailbox._next)), len(run.ended))
    seen = threading.Event()
    death = asyncio.create_task(run.deaths[2 * n].wait())
    for task in (death, playing):
        task.add_done_callback(lambda _: seen.set())
    until.set(seen)
    await take(database_url, held.path, BEGIN)
    held.ended = len(run.ended)
    return held


def at(database_url: str) -> Settings:
    return with_tools(settings("http://127.0.0.1:1", database_url, limits=UNLIMITED), TOOLS[-1])


async def take(database_url: str, path: Path, now: datetime) -> None:
    """As `unionbot backup` does."""
    chosen = at(database_url)
    await asyncio.to_thread(taking.take, chosen, await taking.server_of(chosen), path, PHRASE, now)


async def restored_and_held(taken: Taken, there: str, now: datetime) -> None:
    """As of its moment nothing is missing that was acknowledged, nothing is there twice, nothing broken."""
    await restoring.restore(at(there), taken.path, PHRASE, {}, now, replace=False)
    database = Database(there)
    async with database.reading() as session:
        await keyprint.must_fit(session, HOUSE.vault)
        updates = Counter(await session.scalars(select(Incoming.update_id)))
        assert not [n for n in taken.acknowledged if n not in updates], "acknowledged, and not in the backup"
        assert max(updates.values(), default=1) == 1
        tickets = await session.scalar(select(func.count()).select_from(Ticket))
        said = Counter(await session.execute(select(Words.ticket_id, Words.side, Words.content["text"].as_string())))
        assert not [each for each, times in said.items() if times > 1 and each[1] is not Side.NOTE]
        assert len({ticket for ticket, side, _ in said if side is Side.STUDENT}) == tickets
        assert not list(await session.scalars(select(Outgoing.id).where(Outgoing.state == Sending.SENDING)))
        if database.is_sqlite:
            assert not (await session.execute(text("PRAGMA foreign_key_check"))).all()
            assert list(await session.scalars(text("PRAGMA integrity_check"))) == ["ok"]
        for table in Base.metadata.sorted_tables:
            await session.execute(table.select().limit(5))
    await database.close()


async def goes_on(run: _Run, there: str) -> None:
    """The program begins with what was restored, and comes to an end of it; no answer is said a second time."""
    run.order["database_url"], run.database = there, Database(there)
    try:
        await run._begin(None)
        await run._first_of(run.lives.up, run.lives.ended)
        async with asyncio.timeout(run.plan.end):
            while not await run._quiet():
                await run._something_happens(0.5)
        assert not run.lives.ended.done(), run.last_words()
        await run._buried("the end", gentle=True)
        answers = Counter(
            (call["chat_id"], call["params"]["text"])
            for call in run.world.calls.since(0)
            if call["method"] == "sendMessage" and call["status"] == 200
            if call["chat_id"] > 0 and str(call["params"].get("text", "")).startswith("💬")
        )
        assert answers
        assert max(answers.values()) == 1
    finally:
        await run.database.close()


# ---------------------------------------------------------------- killed half-way

Kill = Callable[..., int]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Do it in a process of its own, which dies at this point; returns how it ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.halfway"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, answers = process.stdin, process.stdout

        def kill(do: str, database_url: str, file: Path, now: datetime, point: str) -> int:
            order = {
                "do": do, "api_base": "http://127.0.0.1:1", "database_url": database_url, "file": str(file),
                "now": now.isoformat(), "tools": str(TOOLS[-1]), "point": point,
            }  # fmt: skip
            orders.write(json.dumps(order).encode() + b"\n")
            orders.flush()
            return int(json.loads(answers.readline())["code"])

        yield kill
        orders.close()


async def names(database_url: str) -> list[str]:
    """Who is in it."""
    database = Database(database_url)
    try:
        async with database.reading() as session:
            await keyprint.must_fit(session, HOUSE.vault)
            return list(await session.scalars(select(Person.name).order_by(Person.id)))
    finally:
        await database.close()


async def people(database_url: str, name: str) -> None:
    """A few hundred who are called so."""
    database = Database(database_url)
    async with database.transaction() as session:
        await session.execute(update(Person).values(name=name))
        for number in range(300):
            await student(session, number, name)
        await keyprint.keep(session, HOUSE.vault)
    await database.close()


async def test_a_backup_killed_half_way_leaves_nothing_that_restores_as_if_whole(
    database_url: str, tmp_path: Path, now: datetime, kill: Kill, request: pytest.FixtureRequest
) -> None:
    kind = make_url(database_url).get_backend_name()
    await people(database_url, "Alice")
    for number, point in enumerate(TAKING[kind]):
        path = tmp_path / f"{number}.backup"
        assert kill("take", database_url, path, now, point) == -9, point
        assert path.exists() is (point == "name.after"), point
        unready = path.with_name(f"{path.name}.part")
        if unready.exists() and not path.exists() and point not in ("check.before", "check.after", "name.before"):
            there = await elsewhere(database_url, tmp_path, f"part{number}", request)
            with pytest.raises(Unusable):
                await restoring.restore(at(there), unready, PHRASE, {}, now, replace=True)
        path.unlink(missing_ok=True)
        # What is left of it is in nobody's way.
        await asyncio.to_thread(
            taking.take, at(database_url), await taking.server_of(at(database_url)), path, PHRASE, now
        )
        assert not unready.exists(), point
    there = await elsewhere(database_url, tmp_path, "whole", request)
    await restoring.restore(at(there), path, PHRASE, {}, now, replace=True)
    assert await names(there) == await names(database_url) == ["Alice"] * 300


async def test_a_restore_killed_half_way_leaves_the_old_database_or_says_so(
    database_url: str, tmp_path: Path, now: datetime, kill: Kill
) -> None:
    kind, path = make_url(database_url).get_backend_name(), tmp_path / "one.backup"
    await people(database_url, "Alice")
    await take(database_url, path, now)
    seen = Counter[str]()
    for point in PUTTING_BACK[kind]:
        await people(database_url, "Bob")
        assert kill("put back", database_url, path, now, point) == -9, point
        try:
            found = await names(database_url)
        except Unfinished:
            seen["said"] += 1
            database = Database(database_url)
            async with database.transaction() as session:
                with pytest.raises(Unfinished):
                    await keyprint.keep(session, HOUSE.vault)
            await database.close()
        else:
            assert found in (["Alice"] * 300, ["Bob"] * 300), point
            seen[found[0]] += 1
        # Once more, and it is there.
        await restoring.restore(at(database_url), path, PHRASE, {}, now, replace=True)
        assert await names(database_url) == ["Alice"] * 300, point
    print(seen)
    assert seen["Bob"] >= 2
    assert seen["Alice"] + seen["said"] >= 1
