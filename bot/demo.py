"""`unionbot demo`: the whole program against the local Telegram, with a short real story played through it.

Nothing here is staged: people speak to the sandbox's Telegram, the program hears them as it would anywhere, and every
line printed is what a chat shows. The sandbox is a process of its own and is reached over HTTP like any Telegram; its
actors are handed in (`make_stage`), so that the product goes on knowing nothing of it.

The demo's clock belongs to the sandbox: the page moves it, `DemoClock` follows, and what falls due in between is run
hour by hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from bot import config, logs
from bot.app import App
from bot.settings import Settings
from bot.texts import Texts
from bot.vault import new_key
from models import lease, people, stations, tickets
from models.calendar import Span
from models.database import Database
from models.migrations import migrate

log = structlog.get_logger()

TOKEN = "700000:AAHdemoDemoDemoDemoDemoDemoDemoDemo0"
FOLDER = Path("data/demo")
DATABASE = FOLDER / "unionbot.db"
LOCK = Path("data/demo.lock")
CLOCK = FOLDER / "clock"
"""When the last demo ended: one that keeps its data goes on from there."""
PORT = 8090
MOST_HOPS = 200
"""A long jump of the clock is taken in at most this many steps: a semester hour by hour would take minutes to watch."""
ADMIN, TEACHER = 700000001, 700000002
GROUPS = {"east": -900001, "west": -900002, "south": -900003, "office": -900004, "supervisors": -900005}
STORY_SPEED = 10
"""The story's time runs so much faster: a group takes twenty messages a minute, and the story says more than that."""
MINIMUM_CELL = 2
"""The demo has two students who vote; a real union shows nothing of fewer than ten."""


class DidNotHappen(Exception):
    """A step of the story did not come about; its words say which."""


class DemoClock:
    """The sandbox's time, followed without asking for it each time."""

    def __init__(self, now: datetime, speed: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.follow(now, speed)

    def follow(self, now: datetime, speed: float) -> None:
        """From here on time runs from `now` at `speed`."""
        self._base, self._speed, self._since = now, speed, self._loop.time()

    def __call__(self) -> datetime:
        return self._base + timedelta(seconds=(self._loop.time() - self._since) * self._speed)

    def elapsed(self) -> float:
        """Seconds on this clock, for Telegram's windows."""
        return self().timestamp()


@dataclass
class Cast:
    """Who plays: students from two buildings, staff of the stations, the presidium and a teacher."""

    lin: Any
    chen: Any
    emma: Any
    wang: Any
    li: Any
    zhou: Any
    teacher: Any
    groups: dict[str, Any]
    picture: Callable[[], Any]
    """A photo as the sandbox's actors send it."""


async def play(
    make_stage: Callable[[str], Any], picture: Callable[[], Any], *, once: bool, keep: bool, port: int | None
) -> int:
    """Everything from the sandbox's start to its end. Returns the exit code; raises DidNotHappen naming the step."""
    logs.configure("error")
    _say("unionbot demo: a student union's service desk on a local Telegram")
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_alone())
        begun = _make_room(keep)
        settings = _settings("http://127.0.0.1:0")
        if port is None:
            port = 0 if once else PORT
        url = await stack.enter_async_context(_sandbox(port, begun or _begin(settings)))
        _say(f"chat page: {url}/")
        settings = _settings(url)
        stage = await stack.enter_async_context(make_stage(url))
        cast = await _gather(stage, picture)
        _say("the database is migrated, the bot, the courier and the clock start …")
        database = Database(settings.database.url)
        await migrate(database)
        await database.close()
        clock = DemoClock(*await _time(url))
        program = await stack.enter_async_context(App(settings, clock=clock, elapsed=clock.elapsed))
        await _seat(program, clock)
        _note(clock)
        stack.callback(_note, clock)
        running = asyncio.create_task(program.run(), name="program")
        stack.push_async_callback(_ended, running)
        narrator = Narrator(cast)
        watching = asyncio.create_task(_watch(url, narrator, clock, program), name="watch")
        stack.push_async_callback(_ended, watching)
        await stage.set_speed(STORY_SPEED)
        telling = _go_on(cast, program, clock) if begun else _story(cast, program, stage, settings)
        story = asyncio.create_task(telling, name="story")
        stack.push_async_callback(_ended, story)
        await asyncio.wait({story, running, watching}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, watching):
            if task.done():
                raise DidNotHappen(f"the program ended by itself: {task.exception()!r}")
        await story
        await stage.set_speed(1)
        await stage.guide(**_guide(cast, settings))
        if once:
            _say("the story is over: everything happened")
            return 0
        _say(
            f"\nthe story is over; everything runs on. Open {url}/ and play any student or staff member; Ctrl-C ends it"
        )
        await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
        raise DidNotHappen("the program ended by itself")


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


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _settings(api_base: str) -> Settings:
    data = tomllib.loads(config.EXAMPLE.read_text(encoding="utf-8"))
    data["telegram"]["api_base"] = api_base
    data["database"]["url"] = f"sqlite:///{DATABASE}"
    data["union"] |= {"admins": [ADMIN], "supervisors": [TEACHER]}
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


async def _time(url: str) -> tuple[datetime, float]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/control/clock") as answer:
        clock = (await answer.json())["result"]
    return datetime.fromisoformat(clock["now"].replace("Z", "+00:00")), float(clock["speed"])


async def _gather(stage: Any, picture: Callable[[], Any]) -> Cast:
    await stage.bot(TOKEN, username="binhai_union_bot", first_name="滨海大学学生会")
    lin = await stage.person("林小雨", "zh-hans", id=800000001)
    chen = await stage.person("陳家豪", "zh-hant", id=800000002)
    emma = await stage.person("Emma", "en", id=800000003)
    wang = await stage.person("王磊", "zh-hans", id=810000001)
    li = await stage.person("李敏", "zh-hans", id=810000002)
    zhou = await stage.person("周一帆", "zh-hans", id=ADMIN)
    teacher = await stage.person("张老师", "zh-hans", id=TEACHER)
    groups = {
        "east": await stage.group("东区学生会服务站", [wang], [li, zhou], id=GROUPS["east"]),
        "west": await stage.group("西区学生会服务站", [wang], [zhou], id=GROUPS["west"]),
        "south": await stage.group("南区学生会服务站", [li], [zhou], id=GROUPS["south"], forum=True),
        "office": await stage.group("学生会办公室", [zhou], [], id=GROUPS["office"]),
        "supervisors": await stage.group("团委指导老师", [teacher], [], id=GROUPS["supervisors"]),
    }
    return Cast(lin, chen, emma, wang, li, zhou, teacher, groups, picture)


async def _seat(program: App, clock: DemoClock) -> None:
    """Each place in its group, and 李敏 the lead in the east: what /setup and a grant do, done before the curtain
    rises.
    """
    async with program.database.transaction() as session:
        for key, chat_id in GROUPS.items():
            place = await stations.by_key(session, key)
            assert place is not None
            place.chat_id, place.topics = chat_id, key == "south"
        east = await stations.by_key(session, "east")
        assert east is not None
        await people.meet(session, 810000002, "李敏", None, "zh-hans")
        await people.grant(session, people.Role.LEAD, 810000002, given_by=ADMIN, now=clock(), station_id=east.id)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


# ---------------------------------------------------------------- watching: what is printed, and the clock


async def _watch(url: str, narrator: Narrator, clock: DemoClock, program: App) -> None:
    """Print each chat as it happens, and follow the clock when the page moves it."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as http, http.get(f"{url}/control/events?after=0") as stream:
        rest = b""
        async for chunk in stream.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.startswith(b"data: "):
                    continue
                event = json.loads(line[6:])
                if event["kind"] == "clock":
                    now, speed = await _time(url)
                    before = clock()
                    clock.follow(now, speed)
                    await _catch_up(program, before, now)
                else:
                    narrator.tell(event)


async def _catch_up(program: App, before: datetime, now: datetime) -> None:
    """Run what fell due between two moments, an hour at a time, so that a reminder comes before what it reminds of."""
    hop = max(timedelta(hours=1), (now - before) / MOST_HOPS)
    at = before + hop
    while at < now:
        await program.scheduler.run_due(at)
        at += hop
    await program.scheduler.run_due(now)
    program.courier.wake()


class Narrator:
    """Prints what chats show, a line or two a message."""

    def __init__(self, cast: Cast) -> None:
        self._chats = {group.id: f"👥 {group.title}" for group in cast.groups.values()}
        self._last: dict[tuple[int, int], str] = {}

    def tell(self, event: dict[str, Any]) -> None:
        """One event of the sandbox."""
        if event["kind"] not in ("message", "edit"):
            return
        message = event["message"]
        chat, number = message["chat"], message["message_id"]
        text = str(message.get("text") or message.get("caption") or "").strip()
        kind = next((k for k in ("photo", "poll", "video", "document", "voice", "sticker") if k in message), "")
        if kind == "poll":
            text = f"{message['poll']['question']} " + " / ".join(o["text"] for o in message["poll"]["options"])
        if not text and not kind:
            return
        line = " ".join(x for x in (f"[{kind}]" if kind else "", " ⏎ ".join(text.splitlines())) if x)
        if self._last.get((chat["id"], number)) == line:
            return
        self._last[chat["id"], number] = line
        where = self._chats.get(chat["id"]) or f"📱 {chat.get('first_name', '')}"
        sender = message["from"]
        who = "🤖" if sender.get("is_bot") else sender["first_name"]
        buttons = [b["text"] for row in (message.get("reply_markup") or {}).get("inline_keyboard", []) for b in row]
        mark = " (edited)" if event["kind"] == "edit" else ""
        _say(f"{where:<14} {who}{mark}: {line[:240]}")
        if buttons:
            _say(f"{'':<14}    " + " ".join(f"[{b}]" for b in buttons[:8]))


# ---------------------------------------------------------------- the story


@contextlib.asynccontextmanager
async def _step(what: str) -> AsyncIterator[None]:
    """One step; if it does not come about, its words say which."""
    _say(f"\n── {what}")
    try:
        yield
    except (AssertionError, TimeoutError, aiohttp.ClientError) as error:
        raise DidNotHappen(f"{what}\n{error}") from error


async def _story(cast: Cast, program: App, stage: Any, settings: Settings) -> None:
    hans, hant = program.toolbox.t("zh-hans"), program.toolbox.t("zh-hant")
    east, office, supervisors = cast.groups["east"], cast.groups["office"], cast.groups["supervisors"]
    async with _step("林小雨 says who she is"):
        await _arrives(cast.lin, hans, settings, "e1")
    async with _step("林小雨 files a leaking tap, with a photo"):
        words = "卫生间的水龙头一直漏水，晚上滴答响睡不着"
        number = await _files(cast.lin, hans, settings, words, picture=cast.picture())
        card = await east.shows(f"#{number} · {hans.plain('kind.complaint')}")
    async with _step("陳家豪 has the same trouble and joins"):
        await _arrives(cast.chen, hant, settings, "e1")
        await _describes(cast.chen, hant, settings, "衛生間水龍頭一直漏水，晚上睡不着")
        await cast.chen.taps(f"#{number}")
        await cast.chen.reads("🤝")
        await east.shows(hans.n("card.and_more", 1, who="林小雨").replace("<b>", "").replace("</b>", ""))
    async with _step("王磊 claims it and asks back"):
        await cast.wang.taps(hans.plain("desk.claim"), chat=east, message=card)
        await cast.lin.reads("👤")
        await cast.wang.taps(hans.plain("desk.ask"), chat=east, message=card)
        prompt = await cast.wang.reads("❔", chat=east)
        await cast.wang.says("是冷水还是热水那一侧？", chat=east, reply_to=prompt)
        await cast.lin.reads("冷水还是热水")
        await cast.chen.reads("冷水还是热水")
        await cast.lin.taps(hans.plain("own.answer_question"))
        await cast.lin.says("热水那一侧")
        await east.shows("热水那一侧")
    async with _step("王磊 answers and closes it"):
        await cast.wang.says("师傅下午三点上门换阀芯", chat=east, reply_to=card)
        await cast.lin.reads("三点上门")
        await cast.chen.reads("三点上门")
        await cast.wang.taps(hans.plain("desk.resolve"), chat=east, message=card)
        await cast.wang.taps(hans.plain("resolution.done"), chat=east)
    async with _step("林小雨 confirms and rates it"):
        await cast.lin.reads(f"#{number}")
        await cast.lin.taps(hans.plain("fixed.yes"))
        await cast.lin.taps("5")
        await cast.lin.says("又快又好，谢谢！")
        await east.shows("★★★★★")
    async with _step("Emma files something that nobody takes up: the deadline passes and it is escalated"):
        en = program.toolbox.t("en")
        await _arrives(cast.emma, en, settings, "e2")
        late = await _files(
            cast.emma, en, settings, "The light in the corridor of the second floor is broken", topic="power"
        )
        await east.shows(f"#{late}")
        begin = program.clock()
        due = program.toolbox.house.calendar.add(begin, Span(hours=13))
        await stage.set_clock(due.astimezone(UTC) + timedelta(minutes=5))
        await east.shows(f"· #{late} 应在")
        await office.shows(f"#{late}")
        await supervisors.shows(f"#{late}")
    async with _step("a one-question poll goes out, and its result comes back as a picture"):
        await _poll(cast, hans, office, stage, program)


async def _go_on(cast: Cast, program: App, clock: DemoClock) -> None:
    """Instead of the story: the chats of the local Telegram begin empty, so every open card is posted anew."""
    async with _step("what was open the last time is posted anew"):
        async with program.database.transaction() as session:
            for place in await stations.open_desks(session):
                if place.chat_id is not None:
                    await stations.chat_moved(session, place.chat_id, place.chat_id, clock())
                    await tickets.post_open_cards(session, place, clock())
        program.courier.wake()
        for person in (cast.lin, cast.chen, cast.emma):
            await person.says("/start")
            await person.reads(person.name)


async def _arrives(person: Any, t: Texts, settings: Settings, building: str) -> None:
    await person.says("/start")
    await person.taps(t.plain("consent.agree"))
    await person.taps(t.plain("audience.undergraduate"))
    await person.taps(t.pick(settings.building_names(building)))
    await person.taps(t.plain("home.new"))


async def _describes(
    person: Any, t: Texts, settings: Settings, words: str, *, topic: str = "water", picture: Any = None
) -> None:
    """From the menu to the end of the words."""
    await person.taps(t.plain("kind.complaint"))
    await person.taps(t.pick(settings.category_names("repairs")))
    await person.taps(t.pick(settings.category_names(topic)))
    await person.reads(t.plain("new.words").splitlines()[0])
    if picture is not None:
        await person.sends(picture, caption=words)
    else:
        await person.says(words)
    await person.taps(t.plain("new.continue"))


async def _files(person: Any, t: Texts, settings: Settings, words: str, **how: Any) -> int:
    await _describes(person, t, settings, words, **how)
    await person.taps(t.plain("name.named"))
    await person.taps(t.plain("preview.send"))
    receipt = await person.reads("📮")
    return int("".join(c for c in receipt.text.split("#", 1)[1].split()[0] if c.isdigit()))


async def _poll(cast: Cast, t: Texts, office: Any, stage: Any, program: App) -> None:
    await cast.zhou.says("/poll 你对宿舍服务站满意吗？", chat=office)
    await cast.zhou.taps(t.plain("pulse.send"), chat=office)
    for voter, option in ((cast.lin, 4), (cast.chen, 3), (cast.emma, 1)):
        question = await voter.reads("满意吗")
        await voter.votes(question, option)
    await stage.set_clock(program.clock().astimezone(UTC) + timedelta(days=2, hours=1))
    await office.shows("📊")
    await cast.lin.reads("📊")


def _guide(cast: Cast, settings: Settings) -> dict[str, Any]:
    """What the page suggests to try next, and the clock's buttons."""
    end = settings.calendar.semesters[0].ends
    zone = settings.union.timezone
    last = datetime(end.year, end.month, end.day, 9, 0, tzinfo=settings.timezone)
    return {
        "notes": [
            {
                "title": "File something yourself",
                "text": "Be 林小雨, tap ✍️ and follow the buttons. Try it anonymously.",
                "person": cast.lin.id,
                "chat": cast.lin.id,
            },
            {
                "title": "Answer it",
                "text": "Be 王磊 in the station's group: claim the card, then reply to it. "
                "Nothing else written there reaches a student.",
                "person": cast.wang.id,
                "chat": GROUPS["east"],
            },
            {
                "title": "Speak another language",
                "text": "Be Emma or 陳家豪, or change it under 🌐.",
                "person": cast.emma.id,
                "chat": cast.emma.id,
            },
            {
                "title": "Let a deadline pass",
                "text": "File something, do not claim it, and press “Two days on”, over a weekend twice: "
                "the station, the office and the teacher are told.",
                "person": cast.teacher.id,
                "chat": GROUPS["supervisors"],
            },
            {
                "title": "One topic per ticket",
                "text": "The south station is a forum: file something as somebody from 研究生公寓.",
                "person": cast.li.id,
                "chat": GROUPS["south"],
            },
            {
                "title": "Ask everybody",
                "text": "Be 周一帆 in the office and write /poll.",
                "person": cast.zhou.id,
                "chat": GROUPS["office"],
            },
        ],
        "clock": [
            {"label": "An hour on", "advance": 3600},
            {"label": "Next morning", "next": "08:30", "timezone": zone},
            {"label": "Two days on", "advance": 172800},
            {"label": "End of semester", "to": last.isoformat()},
        ],
    }
