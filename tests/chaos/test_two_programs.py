"""Two whole programs on one PostgreSQL: the one that leads is stopped, goes on too late, and is followed by the other;
whatever anybody says has its effect once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.app import App
from bot.parts import Part
from bot.people import follow_config
from models import stations
from models.inbox import Handling, Incoming
from models.lease import Lease
from models.migrations import migrate
from models.outbox import Outgoing, Sending
from models.tickets import Ticket
from sandbox import server
from sandbox.client import Sandbox
from tests.campus import BEGIN, TOKEN, UNLIMITED, Campus, MovedClock, settings
from tests.chaos.lives import Lives, warm_process

TAKEN_OVER = 15.0
"""Seconds within which somebody else leads, however the one before ended."""
TAP = "The tap in the bathroom drips all night"


@dataclass
class Pair:
    """A campus and two programs that serve it."""

    campus: Campus
    first: Lives
    second: Lives
    logs: tuple[Path, Path]

    async def term(self) -> int:
        """How many have sent so far, one after the other."""
        async with self.campus.app.database.reading() as session:
            return await session.scalar(select(Lease.term).where(Lease.name == Part.COURIER)) or 0


@contextlib.asynccontextmanager
async def two(database_url: str, folder: Path) -> AsyncIterator[Pair]:
    """The first leads, the second waits."""
    async with server.start(tokens=[TOKEN], flood=False, begin=BEGIN) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="union_bot", first_name="Union")
        wang, li = await stage.person("Wang", "zh-hans"), await stage.person("Li", "zh-hans")
        admin = await stage.person("Zhao", "zh-hans", id=700000001)
        places = [await stage.group(name, [wang, admin], [li]) for name in ("East", "West", "Office")]
        # Never run: it stands for what both know.
        app = App(settings(telegram.url, database_url, limits=UNLIMITED))
        await migrate(app.database)
        async with app.database.transaction() as session:
            await follow_config(session, app.toolbox, BEGIN)
            await session.flush()
            for key, group in zip(("east", "west", "office"), places, strict=True):
                place = await stations.by_key(session, key)
                assert place is not None
                place.chat_id, place.topics, place.language = group.id, False, "en"
        logs = (folder / "first.log", folder / "second.log")
        campus = Campus(stage, app, MovedClock(BEGIN), places[0], places[1], places[2], wang, li, admin)
        with warm_process() as one, warm_process() as other:
            pair = Pair(campus, Lives(one), Lives(other), logs)
            order = {"api_base": telegram.url, "database_url": database_url, "windows": False, "breakages": ()}
            order |= {
                "begun": time.time(),
                "seed": 1,
                "point": None,
                "passage": 0,
                "soon": 0.0,
                "gentle": False,
                "changes": {},
                "journal": None,
            }
            try:
                for life, log in ((pair.first, logs[0]), (pair.second, logs[1])):
                    await life.begin(**order, log=str(log))
                    await life.up
                    await campus.student("First" if life is pair.first else "Second")
                yield pair
            except BaseException:
                for log in logs:
                    print(log.name, log.read_text(encoding="utf-8")[-3000:], sep="\n")
                raise
            finally:
                for life in (pair.first, pair.second):
                    if not life.ended.done():
                        life.kill()
                        await life.buried()
                    life.close()
                await app.database.close()


async def counted(campus: Campus, *conditions: Any) -> int:
    """How many rows there are of which this is so."""
    async with campus.app.database.reading() as session:
        return await session.scalar(select(func.count()).where(*conditions)) or 0


@pytest.mark.long
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_one_that_leads_is_stopped_and_comes_too_late(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with two(database_url, tmp_path) as pair:
        campus, words = pair.campus, ["one", "two", "three", "four", "five"]
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        card = await campus.east.shows(f"#{number} ·")

        async def says(word: str) -> None:
            await campus.wang.says(f"answer {word}", chat=campus.east, reply_to=card)

        async def arrives(word: str) -> float:
            begun = time.monotonic()
            await alice.reads(f"answer {word}", timeout=2 * TAKEN_OVER)
            return time.monotonic() - begun

        term = await pair.term()
        # Stopped while Telegram has a message of which the program has not heard the end.
        await campus.stage.fault("sendMessage", delay=0.5, chat=alice.id)
        await says("one")
        await arrives("one")
        pair.first.pause()
        await says("two")
        stopped = await arrives("two")
        await says("three")
        await arrives("three")
        assert await pair.term() == term + 1
        pair.first.go_on()
        await says("four")
        await arrives("four")
        await campus.quiet()
        # It has understood that it is late, and waits for its turn: which comes now.
        pair.second.kill()
        await says("five")
        killed = await arrives("five")
        await campus.quiet()
        with capsys.disabled():
            print(f"\ntaken over after {stopped:.1f} s from a program that was stopped, {killed:.1f} s from a dead one")
        said = [word for m in await alice.transcript() for word in words if f"answer {word}" in m.text]
        assert said == words
        assert await counted(campus, Ticket.id.is_not(None)) == 1
        assert await counted(campus, Incoming.state != Handling.DONE) == 0
        assert await counted(campus, Outgoing.state == Sending.UNKNOWN) == 1, "the one of which nobody heard the end"
        assert await pair.term() == term + 2
        assert max(stopped, killed) < TAKEN_OVER
        pair.first.stop()
        code, _ = await pair.first.buried()
        assert code == 0
        assert "the lease is lost" in pair.logs[0].read_text(encoding="utf-8")
