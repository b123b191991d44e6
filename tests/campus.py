"""A small campus on a local Telegram: the whole program, three groups, and people who speak with it over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot import config
from bot.app import App
from bot.settings import Settings
from bot.texts import Texts
from models import stations
from models.database import Database
from models.inbox import Handling, Incoming
from models.migrations import migrate
from models.outbox import Outgoing, Sending
from sandbox import server
from sandbox.client import Group, Message, Person, Sandbox
from tests.house import KEY

TOKEN = "700000:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
UNLIMITED = {"messages_a_minute": 0, "tickets_a_day": 0}
"""For what measures or breaks the program: people who write faster than anybody does."""
BEGIN = datetime(2026, 10, 12, 1, 30, tzinfo=UTC)


class MovedClock:
    """Real seconds pass, and tests move it on besides; `elapsed` is the same clock in seconds, for windows."""

    def __init__(self, begin: datetime) -> None:
        self._begin = begin
        self._since = asyncio.get_running_loop().time()
        self._moved = timedelta()

    def __call__(self) -> datetime:
        passed = asyncio.get_running_loop().time() - self._since
        return self._begin + self._moved + timedelta(seconds=passed)

    def move(self, by: timedelta) -> None:
        """On by this much."""
        self._moved += by


def settings(api_base: str, database_url: str, **changes: Any) -> Settings:
    """config.example.toml against this Telegram and this database; `changes` goes over its sections."""
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    data["telegram"]["api_base"] = api_base
    data["database"]["url"] = database_url
    # Where the clock is moved on by days, it has stood still for days: an alarm is for those who ask for it.
    data["alarm"]["enabled"] = False
    if database_url.startswith("postgresql") and "host=" in database_url:
        # Beside the server of the tests, which goes with everything in it; else it would stand where they are run.
        name, _, folder = database_url.rpartition("/")[2], *database_url.partition("host=")[1:]
        data["backup"] = {"erasures": f"{folder}/{name.partition('?')[0]}.erasures"}
    for section, values in changes.items():
        data[section] = data.get(section, {}) | values if isinstance(values, dict) else values
    key = base64.urlsafe_b64encode(KEY).decode().rstrip("=")
    return config.build(data, config.Secrets(TOKEN, key).environment())


@dataclass
class Campus:
    """What a story needs: the stage, the running program, and who is there."""

    stage: Sandbox
    app: App
    clock: MovedClock
    east: Group
    west: Group
    office: Group
    wang: Person
    li: Person
    admin: Person
    people: dict[str, Person] = field(default_factory=dict)

    def t(self, language: str) -> Texts:
        """The texts in a language, so that a story presses what a person sees."""
        return self.app.toolbox.t(language)

    async def later(self, **how_long: float) -> None:
        """Time passes; everything that falls due is done."""
        by = timedelta(**how_long)
        await self.stage.advance(by.total_seconds())
        self.clock.move(by)
        await self.app.scheduler.run_due(self.clock())
        self.app.courier.wake()

    async def quiet(self) -> None:
        """Wait until everything that has come in is done and everything that is due is out and written down."""
        waiting = select(Incoming.id).where(Incoming.state == Handling.WAITING)
        # What waits for the morning is not due yet; an album that is coming in soon is.
        soon = self.clock() + timedelta(minutes=5)
        leaving = select(Outgoing.id).where(
            Outgoing.state.in_([Sending.DUE, Sending.SENDING]), Outgoing.not_before <= soon
        )
        async with asyncio.timeout(60):
            while True:
                async with self.app.database.reading() as session:
                    if not (await session.scalars(waiting)).all() and not (await session.scalars(leaving)).all():
                        return
                await self.stage.caught_up()

    async def student(
        self, name: str, language: str = "en", building: str | None = "e1", *, id: int | None = None
    ) -> Person:
        """Somebody who has agreed and said where they live."""
        code = {"zh-hans": "zh-hans", "zh-hant": "zh-hant"}.get(language, "en")
        person = await self.stage.person(name, code, id=id)
        t = self.t(language)
        await person.says("/start")
        await person.taps(t.plain("consent.agree"))
        await person.taps(t.plain("audience.undergraduate"))
        names = self.app.settings.building_names(building) if building else None
        await person.taps(t.pick(names) if names else t.plain("building.none"))
        await person.reads(t.plain("profile.done", building="").split("\n")[0][:4])
        return person

    async def files(
        self,
        person: Person,
        text: str,
        *,
        language: str = "en",
        anonymous: bool = False,
        category: tuple[str, ...] = ("repairs", "water"),
    ) -> int:
        """The whole conversation from /new to the receipt; returns the ticket's number."""
        t, settings = self.t(language), self.app.settings
        await person.says("/new")
        await person.taps(t.plain("kind.complaint"))
        for key in category:
            await person.taps(t.pick(settings.category_names(key)))
        await person.reads(t.plain("new.words").splitlines()[0])
        await person.says(text)
        await person.taps(t.plain("new.continue"))
        await person.taps(t.plain("name.anonymous" if anonymous else "name.named"))
        await person.taps(t.plain("preview.send"))
        receipt = await person.reads("📮")
        return number_in(receipt.text)

    async def resolves(self) -> None:
        """Wang says at the newest card in the east station that it is done."""
        t = self.t("en")
        await self.wang.taps(t.plain("desk.resolve"), chat=self.east)
        await self.wang.taps(t.plain("resolution.done"), chat=self.east)


def number_in(text: str) -> int:
    """The ticket's number in a text that shows one."""
    return int("".join(c for c in text.split("#", 1)[1].split()[0] if c.isdigit()))


@contextlib.asynccontextmanager
async def running(
    database_url: str,
    *,
    flood: bool = False,
    forum: bool = False,
    begin: datetime = BEGIN,
    wire: Callable[[str], AbstractAsyncContextManager[str]] = contextlib.nullcontext,
    **changes: Any,
) -> AsyncIterator[Campus]:
    """A campus with the program running on this database; `wire` leads from the program to Telegram's address."""
    async with (
        server.start(tokens=[TOKEN], flood=flood, begin=begin) as telegram,
        Sandbox(telegram.url) as stage,
        wire(telegram.url) as address,
    ):
        await stage.bot(TOKEN, username="union_bot", first_name="Union")
        wang, li = await stage.person("Wang", "zh-hans"), await stage.person("Li", "zh-hans")
        admin = await stage.person("Zhao", "zh-hans", id=700000001)
        east = await stage.group("East", [wang, admin], [li], forum=forum)
        west = await stage.group("West", [admin], [])
        office = await stage.group("Office", [admin], [])
        chosen = settings(address, database_url, **changes)
        clock = MovedClock(begin)
        database = Database(chosen.database.url)
        await migrate(database)
        await database.close()
        async with App(chosen, clock=clock, windows=flood) as app:
            async with app.database.transaction() as session:
                for key, group in (("east", east), ("west", west), ("office", office)):
                    place = await stations.by_key(session, key)
                    assert place is not None
                    place.chat_id, place.topics, place.language = group.id, forum and key == "east", "en"
            task = asyncio.create_task(app.run())
            try:
                yield Campus(stage, app, clock, east, west, office, wang, li, admin)
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def of_draft(screen: Message, payload: str) -> str:
    """This payload as it would stand below a draft's screen: forged by somebody who has the screen."""
    marks = {str(b["callback_data"]).partition("@")[2].partition(".")[0] for b in screen.buttons}
    (lot,) = marks
    return f"{payload}@{lot}"
