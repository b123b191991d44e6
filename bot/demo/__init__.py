"""`unionbot demo`: the whole program against the local Telegram, with a real story played through it: a leaking tap,
a light that nobody mends, and a semester of surveys.

Nothing here is staged but the survey of the semester before, and the story says so: people speak to the sandbox's
Telegram, the program hears them as it would anywhere, and every line printed is what a chat shows. The sandbox is a
process of its own and is reached over HTTP like any Telegram; its actors are handed in (`make_stage`), so that the
product goes on knowing nothing of it.

The demo's clock belongs to the sandbox: the page and the story move it, `DemoClock` follows, and what falls due in
between is run step by step.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import config, logs
from bot.app import App
from bot.demo.cast import ADMIN, GROUPS, LEAD, PATIENCE, TEACHER, Cast, DidNotHappen, classmates_arrive, gather
from bot.demo.guide import guide
from bot.demo.own_work import autumn, seat_what_is_disclosed, what_is_open
from bot.demo.semester import seat_the_semester_before, semester
from bot.demo.story import go_on, story
from bot.demo.watching import DemoClock, Narrator, hurry, say, still_waiting, time_of, watch
from bot.settings import Settings
from bot.vault import new_key
from models import lease, people, stations
from models.database import Database
from models.migrations import migrate

TOKEN = "700000:AAHdemoDemoDemoDemoDemoDemoDemoDemo0"
FOLDER = Path("data/demo")
DATABASE = FOLDER / "unionbot.db"
LOCK = Path("data/demo.lock")
CLOCK = FOLDER / "clock"
"""When the last demo ended: one that keeps its data goes on from there."""
PORT = 8090
STORY_SPEED = 20
"""The story's time runs so much faster: a group takes twenty messages a minute, and the story says more than that."""
MINIMUM_CELL = 2
"""The demo has a dozen students; a real union shows nothing of fewer than ten answers."""


async def play(
    make_stage: Callable[..., Any], picture: Callable[[], Any], *, once: bool, keep: bool, port: int | None
) -> int:
    """Everything from the sandbox's start to its end. Returns the exit code; raises DidNotHappen naming the step."""
    logs.configure("error")
    say("unionbot demo: a student union's service desk on a local Telegram")
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_alone())
        begun = _make_room(keep)
        settings = _settings("http://127.0.0.1:0")
        if port is None:
            port = 0 if once else PORT
        url = await stack.enter_async_context(_sandbox(port, begun or _begin(settings)))
        say(f"chat page: {url}/")
        settings = _settings(url)
        stage = await stack.enter_async_context(make_stage(url, patience=PATIENCE, waits=still_waiting))
        cast = await gather(stage, TOKEN, picture)
        say("the database is migrated, the bot, the courier and the clock start …")
        database = Database(settings.database.url)
        await migrate(database)
        await database.close()
        clock = DemoClock(*await time_of(url))
        program = await stack.enter_async_context(App(settings, clock=clock, elapsed=clock.elapsed))
        await _seat(program, clock)
        _note(clock)
        stack.callback(_note, clock)
        running = asyncio.create_task(program.run(), name="program")
        stack.push_async_callback(_ended, running)
        narrator = Narrator(
            {group.id: group.title for group in cast.groups.values()}, {each.person.id for each in cast.classmates}
        )
        watching = asyncio.create_task(watch(url, narrator, clock, program), name="watch")
        stack.push_async_callback(_ended, watching)
        await stage.set_speed(STORY_SPEED)
        telling = go_on(cast, program, clock) if begun else _tell(cast, program, stage, settings)
        told = asyncio.create_task(telling, name="story")
        stack.push_async_callback(_ended, told)
        hurrying = asyncio.create_task(hurry(program), name="hurry")
        stack.push_async_callback(_ended, hurrying)
        await asyncio.wait({told, running, watching}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, watching):
            if task.done():
                raise DidNotHappen(f"the program ended by itself: {task.exception()!r}")
        await told
        await _ended(hurrying)
        await stage.set_speed(1)
        await stage.guide(**guide(cast, settings))
        if once:
            say("the story is over: everything happened")
            return 0
        say(
            f"\nthe story is over; everything runs on. Open {url}/ and play any student or staff member; Ctrl-C ends it"
        )
        await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
        raise DidNotHappen("the program ended by itself")


async def _tell(cast: Cast, program: App, stage: Any, settings: Settings) -> None:
    await story(cast, program, stage, settings)
    await classmates_arrive(cast, program)
    await autumn(cast, program, stage)
    await semester(cast, program, stage)
    await what_is_open(cast, program, stage)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """This folder's only demo: a second one would clear away the data under the first."""
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    try:
        with lease.alone(LOCK):
            yield
    except lease.Taken:
        raise DidNotHappen("the demo starts (another one is running in this folder; end it first)") from None


def _make_room(keep: bool) -> datetime | None:
    """A folder for what this demo writes; what an earlier one wrote goes unless it is to be kept.

    Returns when the kept one ended, None for a fresh one.
    """
    if keep and CLOCK.exists():
        return _ended_at()
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir(parents=True)
    return None


def _note(clock: DemoClock) -> None:
    CLOCK.write_text(clock().isoformat(), encoding="utf-8")


def _ended_at() -> datetime:
    """When the kept demo ended. The local Telegram numbers its updates from its first second on, and a number that the
    inbox knows would be taken for an update that came twice.
    """
    with contextlib.closing(sqlite3.connect(DATABASE)) as database:
        (last,) = database.execute("SELECT max(update_id) FROM inbox").fetchone()
    after = datetime.fromtimestamp((last or 0) + 1, UTC)
    return max(after, datetime.fromisoformat(CLOCK.read_text(encoding="utf-8")))


def _settings(api_base: str) -> Settings:
    data = tomllib.loads(config.EXAMPLE.read_text(encoding="utf-8"))
    data["telegram"]["api_base"] = api_base
    data["database"]["url"] = f"sqlite:///{DATABASE}"
    data["union"] |= {"admins": [ADMIN], "supervisors": [TEACHER]}
    # The story leaps over days: its clock would be thought to have stood still.
    data["alarm"]["enabled"] = False
    data["surveys"] = {"minimum_cell": MINIMUM_CELL}
    secret = FOLDER / "key"
    if not secret.exists():
        secret.write_text(new_key(), encoding="utf-8")
    return config.build(data, config.Secrets(TOKEN, secret.read_text(encoding="utf-8")).environment())


def _begin(settings: Settings) -> datetime:
    """Half past nine on the second Tuesday of the first semester: a working morning with the whole term ahead."""
    first = settings.calendar.semesters[0].starts
    day = first + timedelta(days=(1 - first.weekday()) % 7 + 7)
    return datetime(day.year, day.month, day.day, 9, 30, tzinfo=settings.timezone)


@contextlib.asynccontextmanager
async def _sandbox(port: int, begin: datetime) -> AsyncIterator[str]:
    """The local Telegram as a process of its own; yields its address. Raises DidNotHappen when it does not start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--port", str(port), "--token", TOKEN, "--start", begin.isoformat(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = (await process.stdout.readline()).decode()
        if "http" not in line:
            why = (await process.stderr.read()).decode().strip().splitlines()
            raise DidNotHappen(f"the local Telegram starts ({why[-1] if why else 'it said nothing'})")
        yield line.rsplit(" ", 1)[-1].strip()
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 3)
            except TimeoutError:
                process.kill()


async def _seat(program: App, clock: DemoClock) -> None:
    """Each place in its group, 李敏 the lead in the east, a survey of the semester before, and what the union disclosed
    then: what /setup, a grant and half a year do, done before the curtain rises.
    """
    async with program.database.transaction() as session:
        for key, chat_id in GROUPS.items():
            place = await stations.by_key(session, key)
            assert place is not None
            place.chat_id, place.topics = chat_id, key == "south"
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.meet(session, LEAD, "李敏", None, "zh-hans")
        await people.grant(session, people.Role.LEAD, LEAD, given_by=ADMIN, now=clock(), station_id=east.id)
        await seat_the_semester_before(session, program.toolbox)
        await seat_what_is_disclosed(session, program.toolbox, clock())


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
