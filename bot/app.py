"""The whole of the running program, built from Settings: tests and the demo build the same one.

    async with App(settings) as app:      # database open, config followed, Telegram known
        await app.run()                   # until cancelled

Inside: the way in (poller or webhook), the worker, the courier and the clock, each waking the next one, or those of
them that this process is to be (`bot/parts.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.types import LinkPreviewOptions
from opencc import OpenCC
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

import handlers
from bot import articles, commands, errors, filters, letters, people, questionnaires
from bot.calls import Letter
from bot.conversations import Conversations
from bot.flood import Flood
from bot.inbox import Intake, Poller
from bot.outgoing import ToOutbox
from bot.parts import ALL, figures_at
from bot.parts import Part as Duty
from bot.questionnaires import SurveyFile
from bot.rival import Rival
from bot.settings import Settings
from bot.texts import Catalogue
from bot.toolbox import Clock, Toolbox, utcnow
from bot.turns import Turns
from bot.vault import KeyVault
from bot.watch import Watch, reach
from bot.web import Part, Web
from bot.web.board import BoardPage
from bot.web.disclosure import Disclosed
from bot.web.health import Health
from bot.web.metrics import Meters, Metrics
from bot.web.open311 import Reports
from bot.web.pages import Pages
from bot.worker import Worker
from models import heartbeats, inbox, keyprint, lease, migrations
from models.articles import Shelf
from models.bell import Bell
from models.database import Database
from models.house import House
from models.migrations import require_current
from models.outbox import Outgoing
from models.union import received
from scheduler import expiring
from scheduler.clock import Scheduler
from scheduler.courier import Courier
from scheduler.herald import Herald

log = structlog.get_logger()

HEARD_EVERY = timedelta(minutes=1)


def house_of(settings: Settings) -> House:
    """The rules' view of config.toml."""
    return House(
        calendar=settings.work_calendar(),
        vault=KeyVault(settings.key_bytes()),
        deadlines={key: settings.deadlines_for(key) for key in settings.category_keys()},
        general=settings.deadlines_for(None),
        station_of=settings.station_of_building(),
        desk_of=settings.desk_of_category(),
        languages=tuple(settings.union.languages),
        forget_after=settings.anonymity.destroy_after,
        called_back=settings.categories_called_back(),
        one_script=OpenCC("t2s").convert,
        waits=settings.waits(),
        tickets_a_day=settings.limits.tickets_a_day,
        caps=settings.caps(),
    )


def shelf_of(settings: Settings, house: House) -> Shelf:
    """The questions and answers; what is wrong in their files is logged, and the other files are used."""
    found, problems = articles.shelf(settings, house.fold)
    for problem in problems:
        log.warning("a question and answer has to be mended", what=str(problem), shown=not problem.serious)
    return found


def surveys_of(settings: Settings) -> Mapping[str, SurveyFile]:
    """The surveys there are files of; what is wrong with a file is logged, and the others are used."""
    found, problems = questionnaires.shelf(settings)
    for problem in problems:
        log.warning("a survey has to be mended and is not used", what=problem)
    return found


class Session(AiohttpSession):
    """aiogram's way to Telegram, closed at once: aiogram sleeps a quarter of a second afterwards for connections under
    TLS, whose end aiohttp itself now waits for."""

    async def close(self) -> None:
        """Every connection is gone when this returns."""
        if self._session is not None:
            await self._session.close()


def make_bot(settings: Settings) -> Bot:
    """aiogram's bot with what handlers say caught for the outbox."""
    session = Session(api=TelegramAPIServer.from_base(settings.telegram.api_base))
    session.middleware(ToOutbox())
    return Bot(
        settings.token.get_secret_value(),
        session=session,
        default=DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview=LinkPreviewOptions(is_disabled=True)),
    )


def make_dispatcher(toolbox: Toolbox) -> Dispatcher:
    """aiogram's dispatcher with every conversation; states live in the update's transaction (law 2)."""
    dispatcher = Dispatcher(storage=Conversations(toolbox.house.vault), disable_fsm=True)
    dispatcher.update.outer_middleware(dispatcher.fsm)
    dispatcher.update.outer_middleware(people.People(toolbox))
    dispatcher.update.outer_middleware(Flood(toolbox.settings.limits.messages_a_minute))
    dispatcher.include_router(handlers.router())
    filters.stay_in_the_loop(dispatcher)
    return dispatcher


def spare_the_built() -> None:
    """Leave out of the search for garbage what stands until the end: libraries, routers, texts. Looking through them
    again and again took a tenth of the time. For a process that does nothing but run the program.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


class App:
    """One process of the program. Enter it, `run` it, leave it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utcnow,
        elapsed: Callable[[], float] = time.monotonic,
        windows: bool = True,
        parts: Collection[Duty] = ALL,
    ) -> None:
        """`clock` says what time it is, `elapsed` counts seconds for Telegram's windows; `windows` off only for
        local Bot API servers without limits and for benchmarks. On SQLite `parts` has to be all of them."""
        self.settings = settings
        self.clock = clock
        house = house_of(settings)
        self.toolbox = Toolbox(
            settings, house, Catalogue.load(settings.timezone), shelf_of(settings, house), surveys_of(settings)
        )
        self.database = Database(settings.database.url)
        self._elapsed = elapsed
        self._windows = windows
        self.parts = frozenset(parts)
        self._alone = asyncio.Event()
        """Set once no other program has the SQLite file."""
        self._does: set[str] = set()
        """The duties whose lease this process has now."""
        self.address = self.metrics_address = ""
        """Where it listens, once it does; and where it shows its figures."""
        self.meters = Meters()
        self._heard_at: datetime | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            await require_current(self.database)
            async with self.database.transaction() as session:
                await keyprint.keep(session, self.toolbox.house.vault)
                await people.follow_config(session, self.toolbox, self.clock())
                await inbox.seal_what_came_before(session, self.toolbox.house.vault)
                await received.seal_what_came_before(session, self.toolbox.house.vault)
            await expiring.catch_up_with(
                self.settings.erasures_file(), self.database, self.settings.bot_id, self.toolbox.house, self.clock()
            )
            self.bot = make_bot(self.settings)
            stack.push_async_callback(self.bot.session.close)
            self._http = await stack.enter_async_context(aiohttp.ClientSession())
            self.courier = Courier(
                self.database,
                self.settings.token.get_secret_value(),
                self.settings.telegram.api_base,
                draw=self._draw,
                vault=self.toolbox.house.vault,
                clock=self.clock,
                elapsed=self._elapsed,
                windows=self._windows,
                backstop=self._elapsed is time.monotonic,
                attempted=self.meters.attempted,
            )
            turns = Turns(
                self.database,
                make_dispatcher(self.toolbox),
                self.bot,
                self.toolbox,
                self.clock,
                self._said,
                handled=self.meters.handled,
            )
            self.worker = Worker(self.database, self.toolbox.house.vault, turns)
            self.intake = Intake(
                self.database,
                self.bot.id,
                self.toolbox.house.vault,
                self.clock,
                self._stored,
                self.worker.in_passing,
            )
            api = self.settings.telegram.api_base.rstrip("/")
            self.poller = Poller(
                self._http,
                f"{api}/bot{self.settings.token.get_secret_value()}",
                self.intake,
                self._heard,
                Rival(self.database, self.clock, self.settings.alarm.cool_down).conflict,
            )
            self.scheduler = Scheduler(self.database, self.toolbox, self.clock, self._said)
            self.bell = Bell(self.database, {"inbox": self.worker.wake, "outbox": self.courier.wake})
            self.herald = Herald(self.database, self.settings, self._http, self.clock)
            self.watch = Watch(self.database, self.toolbox, self._http, self.clock, self.courier.wake)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _draw(self, session: AsyncSession, row: Outgoing, now: datetime, chat_id: int) -> Letter:
        return await letters.draw(session, row, self.toolbox, now, chat_id)

    def _stored(self) -> None:
        """Something has come in: the worker here has it, or those elsewhere hear of it."""
        self.worker.wake()
        if Duty.WORKER not in self.parts:
            self.bell.ring("inbox")

    def _said(self) -> None:
        """There may be something to send, by the courier here or by the one elsewhere."""
        self.courier.wake()
        if Duty.COURIER not in self._does and not self.database.is_sqlite:
            self.bell.ring("outbox")

    async def run(self) -> None:
        """Do everything until cancelled; then nothing new starts, and what is on its way is finished and written.

        Raises Taken when another program runs on this SQLite file, and SchemaMismatch when somebody moved the schema.
        """
        async with self._showing(), self._listening() as way_in, asyncio.TaskGroup() as group:
            group.create_task(self._say_so(), name="begun")
            group.create_task(self.watch.run(), name="watch")
            group.create_task(migrations.watch(self.database), name="schema")
            if not self.database.is_sqlite:
                group.create_task(self.bell.run(), name="bell")
            if Duty.WORKER in self.parts:
                group.create_task(self._work(), name="worker")
            elif Duty.WEB in self.parts:
                group.create_task(self.worker.only_in_passing(), name="in passing")
            duties: dict[Duty, Callable[[], Coroutine[Any, Any, None]]] = {
                Duty.WEB: partial(self._let_in, way_in),
                Duty.COURIER: self._send,
                Duty.CLOCK: self.scheduler.run,
            }
            mine = {part: duty for part, duty in duties.items() if part in self.parts}
            # One SQLite file is one program's, whole; on PostgreSQL each duty may be another's.
            for some in [mine] if self.database.is_sqlite else [{part: duty} for part, duty in mine.items()]:
                group.create_task(self._lead(some), name=f"lead {' '.join(some)}")

    async def _begun(self) -> None:
        """Wait until this process may work: it has the SQLite file, or a restore or an upgrade of the server's database
        would see it; while one is under way nothing begins.
        """
        await (self._alone if self.database.is_sqlite else self.bell.there).wait()

    async def _say_so(self) -> None:
        await self._begun()
        log.info("running", mode=self.settings.telegram.mode, parts=" ".join(sorted(self.parts)))

    async def _work(self) -> None:
        """The worker's duty, which needs no lease."""
        await self._begun()
        await self.worker.run()

    async def _lead(self, duties: Mapping[Duty, Callable[[], Coroutine[Any, Any, None]]]) -> None:
        """What only one program may do, while this is the one: poll or announce the webhook, send, keep the clock."""
        names = [*duties] if len(duties) == 1 else []
        while True:
            try:
                if not self.database.is_sqlite:
                    await self._begun()
                async with (
                    lease.held(self.database, *names) as lost,
                    self.meters.leading(duties),
                    asyncio.TaskGroup() as group,
                ):
                    self._alone.set()
                    self._does.update(duties)
                    log.info("this process does it now", duties=" ".join(duties))
                    for part, duty in duties.items():
                        group.create_task(duty(), name=part)
                    await lost
            except* (lease.Lost, DBAPIError) as group:
                log.error("the lease is lost or cannot be had", why=errors.where(group.exceptions[0]))
            finally:
                self._does.difference_update(duties)
            await asyncio.sleep(lease.LOOK_SECONDS)

    async def _let_in(self, way_in: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """The duty of the way in; where Telegram calls by itself it is asked now and then whether it is there."""
        async with asyncio.TaskGroup() as group:
            group.create_task(way_in(), name="way in")
            if self.settings.telegram.mode == "webhook":
                group.create_task(reach(self._http, self.settings, self._heard), name="reach")

    async def _send(self) -> None:
        """The courier's duty, and what goes with it: other systems are told, and Telegram of the commands."""
        async with self.courier, asyncio.TaskGroup() as group:
            group.create_task(self.courier.run(), name="courier")
            if self.settings.webhook_out.url:
                group.create_task(self.herald.run(), name="herald")
            group.create_task(commands.publish(self.bot, self.toolbox), name="commands")

    async def _heard(self) -> None:
        """Telegram is there: written down once a minute, so that its silence is noticed, also after a restart."""
        now = self.clock()
        if self._heard_at is None or not timedelta() <= now - self._heard_at < HEARD_EVERY:
            async with self.database.transaction() as session:
                await heartbeats.heard_from_telegram(session, now)
            self._heard_at = now

    @contextlib.asynccontextmanager
    async def _showing(self) -> AsyncIterator[None]:
        """The figures, at their own address, in every program."""
        wished = self.settings.metrics
        if not wished.enabled:
            yield
            return
        listen = figures_at(self.parts, wished.listen)
        async with Metrics(listen, self.meters, self.database, self.clock, Health(self.database)) as shown:
            self.metrics_address = shown.address
            yield

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncIterator[Callable[[], Coroutine[Any, Any, None]]]:
        """The way in: the webhook listens in every program; yields what the one that leads does for it."""
        polls, parts = self.settings.telegram.mode == "polling", list[Part]()
        if Duty.WEB not in self.parts:
            yield self.poller.run
            return
        if self.settings.open311.enabled:
            parts.append(Reports(self.database, self.toolbox, self.clock, self._elapsed, self._said))
        if self.settings.pages.enabled:
            known = self.database, self.toolbox, self.clock
            parts += [Pages(self.database, self.toolbox), Disclosed(*known), BoardPage(*known)]
        if polls and not parts:
            yield self.poller.run
            return
        async with Web(self.settings, self.intake, self.database, *parts) as web:
            self.address = web.address
            yield self.poller.run if polls else web.announce
