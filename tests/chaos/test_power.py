"""The power goes at any moment: what had been acknowledged is there, and so is every message's intent to leave.

One life under load notes all that SQLite does to its files (`power.py`); then the disk is made again and again as a
power cut would have left it, torn writes and all, and SQLite opens it. With a commit that does not wait for the disk
the same test must go red.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from sandbox import server
from sandbox.client import Sandbox
from tests.campus import BEGIN, TOKEN
from tests.chaos import figures, people
from tests.chaos.lives import Lives
from tests.chaos.plan import furnish
from tests.chaos.power import ACKNOWLEDGES, LEAVES, Disk, Record, library, read

SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10**6))
BOT = int(TOKEN.split(":")[0])


async def loaded(folder: Path, warm: Popen[bytes], seed: int, students: int, breakages: tuple[str, ...]) -> Loaded:
    """One life, until so many students have filed and have been answered; then it is killed."""
    chance, path, journal = random.Random(seed), folder / "unionbot.db", folder / "journal"
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        mailbox = telegram.world.bots[BOT].mailbox
        first = mailbox._next
        there, stations = await people.campus(stage, chance, students, patience=30.0)
        await furnish(telegram.url, f"sqlite:///{path}", stations)
        base = path.read_bytes()
        lives = Lives(warm)
        try:
            await lives.begin(
                api_base=telegram.url,
                database_url=f"sqlite:///{path}",
                windows=False,
                begun=time.time(),
                log=str(folder / "child.log"),
                breakages=breakages,
                changes={},
                journal=str(journal),
                seed=seed,
                point=None,
                gentle=False,
            )
            filing = [asyncio.create_task(student.files()) for student in there]
            working = [asyncio.create_task(station.works()) for station in stations]
            assert await people.everybody(filing, 90.0)
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            lives.kill()
            code, _ = await lives.buried()
            assert code == -9, (folder / "child.log").read_text(encoding="utf-8")[-3000:]
        finally:
            lives.close()
        taken = frozenset(range(first, mailbox._next)) - {update.id for update in mailbox.updates}
    return Loaded(Disk(base, read(journal)), first, taken)


class Loaded:
    """What one life did to its disk, and what Telegram knows of it."""

    def __init__(self, disk: Disk, first: int, taken: frozenset[int]) -> None:
        """`first` is the first update's number, `taken` are those that were acknowledged in the end."""
        self.disk, self.first, self.taken = disk, first, taken

    def cut(self, moment: int, folder: Path, chance: random.Random) -> Iterator[str]:
        """The power goes at this moment: everything that does not hold afterwards."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path, (database, log) = folder / "unionbot.db", self.disk.at(moment, chance)
        path.write_bytes(database)
        path.with_name("unionbot.db-wal").write_bytes(log)
        before = self.disk.records[:moment]
        with contextlib.closing(sqlite3.connect(path)) as connection:
            try:
                (state,) = connection.execute("PRAGMA integrity_check").fetchone()
                kept = {number for (number,) in connection.execute("SELECT update_id FROM inbox")}
                rows = dict(connection.execute("SELECT id, attempts FROM outbox").fetchall())
            except sqlite3.DatabaseError as error:
                yield f"file: {error}"
                return
        if state != "ok":
            yield f"file: {state}"
        if lost := self.acknowledged(before) - kept:
            yield f"inbox: {len(lost)} acknowledged updates are not there"
        left = [r for r in before if r.what == LEAVES and rows.get(r.one, 0) < r.two]
        if left:
            yield f"outbox: of {len(left)} messages that had left nothing says so"

    def acknowledged(self, records: list[Record]) -> set[int]:
        """The numbers of all updates that had been acknowledged when these had been written."""
        offsets = [record.one for record in records if record.what == ACKNOWLEDGES]
        return set(range(self.first, max(offsets, default=self.first)))


def cuts(life: Loaded, count: int, folder: Path, seed: int) -> list[str]:
    """So many power cuts, half of them just after something depended on the disk; what does not hold after them."""
    chance, out = random.Random(seed), list[str]()
    for _ in range(count):
        depends = chance.random() < 0.5
        moment = chance.choice(life.disk.moments) if depends else chance.randrange(len(life.disk.records) + 1)
        out += life.cut(moment, folder, chance)
    return out


def reachable() -> bool:
    """Whether Python's SQLite can be reached from outside."""
    try:
        library()
    except OSError:
        return False
    return True


needs_sqlite = pytest.mark.skipif(not reachable(), reason="Python's SQLite is built into it and cannot be reached")


@needs_sqlite
@pytest.mark.parametrize(
    ("students", "count"),
    [
        pytest.param(3, 20, marks=pytest.mark.timeout(300)),
        pytest.param(40, 500, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
async def test_what_was_acknowledged_survives_the_power(
    students: int, count: int, warm: Popen[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = await loaded(tmp_path, warm, SEED, students, ())
    acknowledged = life.acknowledged(life.disk.records)
    assert life.taken <= acknowledged
    assert len(acknowledged) > students * 5
    assert len(life.disk.moments) > students * 10
    found = cuts(life, count, tmp_path / "after", SEED)
    with capsys.disabled() if students > 3 else contextlib.nullcontext():
        print(f"\nCHAOS_SEED={SEED} power: {count} cuts, {len(acknowledged)} updates, {len(life.disk.records)} records")
    if count > 20:
        figures.keep("power", cuts=count, records=len(life.disk.records), findings=len(found))
    assert not found


@needs_sqlite
@pytest.mark.long
async def test_a_commit_broken_so_that_it_does_not_wait_is_seen(warm: Popen[bytes], tmp_path: Path) -> None:
    life = await loaded(tmp_path, warm, SEED, 5, ("sync less",))
    found = cuts(life, 40, tmp_path / "after", SEED)
    red = any(finding.startswith("inbox:") for finding in found)
    figures.keep("mutation", broken="sync less", red=red)
    assert red
    assert any(finding.startswith("outbox:") for finding in found)
    assert not [finding for finding in found if finding.startswith("file:")]
