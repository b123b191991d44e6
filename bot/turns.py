"""One update and its end: done, refused with a sentence, or set aside with an incident number (laws 2 and 4).

look up ─▶ [ transaction: take the row, person, conversation, handler, outbox ] ─▶ answers to presses
   refused ─▶ undone, and in a new one the sentence        another changed the same rows ─▶ undone, and run again
   anything else ─▶ undone, set aside, and they are told its number

Which update's turn it is says `bot/worker.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.methods import AnswerCallbackQuery, TelegramMethod
from aiogram.types import InaccessibleMessage, Message, ReplyParameters, TelegramObject, Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from bot import errors, typed
from bot.albums import Album, Albums, Overtaken
from bot.filters import markup
from bot.inbox import LARGEST
from bot.lookout import Lookout
from bot.outgoing import NO_ANSWER, Mouth, speaking
from bot.people import GROUPS, Presence, language_of
from bot.textfiles import Fetched
from bot.toolbox import Clock, Toolbox
from models import inbox, outbox, people, stations
from models.database import Database
from models.errors import Refusal
from scheduler import results

log = structlog.get_logger()

DONE, REFUSED, SET_ASIDE = "done", "refused", "set_aside"
"""How an update ends."""
_LONG = re.compile("[0-9]{19}")
"""In JSON text: a sign that a number may be too large for a database."""
TRIES = 4
"""How often an update is run when another worker changed the same rows meanwhile."""


class Turns:
    """Runs one update at a time for whoever calls, several callers side by side."""

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        bot: Bot,
        toolbox: Toolbox,
        clock: Clock,
        committed: Callable[[], None],
        *,
        handled: Callable[[str, str, float], None] = lambda kind, end, seconds: None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """`committed` is called after every commit: the courier may have something to send. `handled` hears of each
        update its kind, its end (done, refused, set_aside) and how many seconds it took.
        """
        self._database = database
        self._dispatcher = dispatcher
        self._bot = bot
        self._toolbox = toolbox
        self._clock = clock
        self._lookout = Lookout(database, bot, clock, toolbox.house.vault)
        self.albums = Albums(database, bot.id, clock, toolbox.house.vault)
        self._committed = committed
        self._handled = handled
        self._elapsed = elapsed
        self.group: asyncio.TaskGroup | None = None
        """In which presses are answered; whoever calls `handle` enters it first."""

    async def handle(self, row_id: int, body: str) -> None:
        """Run one update to its end: done, refused with a sentence, or set aside with an incident number.

        Every line logged meanwhile carries that number, which the person is told only if it comes to that.
        """
        number, begun = errors.incident_number(), self._elapsed()
        with structlog.contextvars.bound_contextvars(update=number):
            try:
                update = typed.in_a_group(Update.model_validate_json(body, context={"bot": self._bot}))
                if _LONG.search(body):
                    _refuse_what_no_database_holds(update)
            except (ValueError, ValidationError) as error:
                await self._set_aside(row_id, None, error, number)
                self._handled("unreadable", SET_ASIDE, self._elapsed() - begun)
                return
            if not _known(update):
                await self._pass_over(row_id, "an update of an unknown kind was passed over")
                return
            end = await self._to_its_end(row_id, update, number)
            self._handled(update.event_type, end, self._elapsed() - begun)

    async def _to_its_end(self, row_id: int, update: Update, number: str) -> str:
        """Which end it was."""
        presence: Presence | None = None
        fetched: Fetched | None = None
        album: Album | None = None
        for attempt in range(1, TRIES + 1):
            try:
                album = await self.albums.look_ahead(row_id, update)
                if album is not None and album.silent:
                    await self._pass_over(row_id, "a picture belongs to a command that takes none")
                    return DONE
                meant = album.update if album is not None else update
                if attempt == 1:
                    await self._lookout.know_the_bots_name(meant)
                    presence = await self._lookout.look_up(meant)
                    fetched = await self._lookout.fetch(meant)
                await self._run(row_id, meant, presence, fetched, album)
                return DONE
            except Refusal as refusal:
                try:
                    await self._refuse(row_id, update, refusal, album)
                except DBAPIError:
                    raise
                except Exception as error:  # noqa: BLE001  (a sentence that cannot be said must not stop the chat)
                    await self._set_aside(row_id, update, error, number, album)
                    return SET_ASIDE
                return REFUSED
            except (StaleDataError, IntegrityError, Overtaken) as error:
                # Somebody else changed the same rows first: what they left is the truth now, so look again.
                if attempt == TRIES:
                    await self._set_aside(row_id, update, error, number, album)
            except DBAPIError as error:
                if _hopeless(error):
                    await self._set_aside(row_id, update, error, number, album)
                    return SET_ASIDE
                if not _serialization(error):
                    raise
                if attempt == TRIES:
                    await self._set_aside(row_id, update, error, number, album)
            except Exception as error:  # noqa: BLE001  (whatever a handler did wrong, the chat goes on)
                await self._set_aside(row_id, update, error, number, album)
                return SET_ASIDE
        return SET_ASIDE

    async def in_passing(self, raw: object) -> None:
        """An update that is not stored. It only reads: whatever a handler would change or write to the outbox is thrown
        away with the session.
        """
        try:
            update = Update.model_validate(raw, context={"bot": self._bot})
            async with self._database.reading() as session:
                mouth = Mouth(session, self._clock(), self._toolbox.house.vault)
                token = speaking.set(mouth)
                try:
                    await self._dispatcher.feed_update(self._bot, update, session=session, now=mouth.now, presence=None)
                finally:
                    speaking.reset(token)
            for method in mouth.afterwards:
                await self._directly(method)
        except Exception as error:  # noqa: BLE001  (whatever it was, the next one comes with the next letter typed)
            log.warning("an inline query came to nothing", why=errors.where(error))

    async def _run(
        self, row_id: int, update: Update, presence: Presence | None, fetched: Fetched | None, album: Album | None
    ) -> None:
        async with self._turn(partial(inbox.done, row_id=row_id)) as mouth:
            if mouth is None:
                return
            if album is not None:
                await self.albums.begun(mouth.session, album, mouth.now)
            await self._dispatcher.feed_update(
                self._bot, update, session=mouth.session, now=mouth.now, presence=presence, fetched=fetched
            )
        self._after(mouth.afterwards, update)

    async def _pass_over(self, row_id: int, why: str) -> None:
        """Nothing is done with it: of a kind that Telegram has invented since, or said by another picture's caption."""
        async with self._database.transaction() as session:
            await inbox.done(session, row_id)
        log.info(why)

    @contextlib.asynccontextmanager
    async def _turn(
        self, take: Callable[[AsyncSession], Awaitable[bool]], refused: Album | None = None
    ) -> AsyncIterator[Mouth | None]:
        """The transaction of one update: taken so that nobody else has it, and everything said in it caught for the
        outbox. What a backup had waiting may have been answered since: what of that may not come twice ends as unknown.
        Of an album that is `refused` by one part it is remembered what it was: the others are no answer for that.
        """
        async with self._database.transaction() as session:
            if not await take(session):
                yield None
                return
            mouth = Mouth(session, self._clock(), self._toolbox.house.vault)
            if refused is not None:
                await self.albums.remember(session, refused, mouth.now)
            token = speaking.set(mouth)
            try:
                yield mouth
            finally:
                speaking.reset(token)
            await results.doubted(
                session, await outbox.doubtful(session, mouth.now), mouth.now, self._toolbox.house.vault
            )

    def _after(self, methods: Sequence[TelegramMethod[Any]], update: Update) -> None:
        self._committed()
        direct = list(methods)
        query = update.callback_query
        if query is not None and not any(isinstance(m, AnswerCallbackQuery) for m in direct):
            # A press that nobody answers shows a running clock on the button for half a minute.
            direct.append(AnswerCallbackQuery(callback_query_id=query.id))
        assert self.group is not None
        for method in direct:
            self.group.create_task(self._directly(method))

    async def _directly(self, method: TelegramMethod[Any]) -> None:
        try:
            await self._bot(method, request_timeout=10)
        except NO_ANSWER as error:
            # It has lost its meaning by now (law 3); that it failed is still worth a line.
            log.info("a direct answer was not taken", method=method.__api_method__, why=type(error).__name__)

    async def _refuse(self, row_id: int, update: Update, refusal: Refusal, album: Album | None) -> None:
        async with self._turn(partial(inbox.done, row_id=row_id), album) as mouth:
            if mouth is None:
                return
            t = self._toolbox.t(await self._language(mouth.session, update))
            query = update.callback_query
            if query is not None and query.message is not None and query.message.chat.type in GROUPS:
                refusal = errors.in_a_group(refusal)
            keys = errors.way_out(refusal, t)
            if query is not None and keys is None:
                await self._bot(
                    AnswerCallbackQuery(
                        callback_query_id=query.id, text=errors.plain_sentence(refusal, t), show_alert=True
                    )
                )
            else:
                await self._say(update, errors.sentence(refusal, t), keys)
        self._after(mouth.afterwards, update)

    async def _set_aside(
        self, row_id: int, update: Update | None, error: Exception, incident: str, album: Album | None = None
    ) -> None:
        log.error(
            "an update was set aside",
            incident=incident,
            why=errors.where(error),
            exc_info=not isinstance(error, ValueError),
        )
        aside = partial(inbox.set_aside, row_id=row_id, incident=incident, error=errors.where(error))
        try:
            await self._apologise(aside, update, incident, album)
        except DBAPIError as again:
            if not _hopeless(again):
                raise
            await self._apologise(aside, None, incident, album)
        except Exception as again:  # noqa: BLE001  (an apology that cannot be said must not stop the chat, nor us all)
            log.error("nobody was told of it", incident=incident, why=errors.where(again))
            await self._apologise(aside, None, incident, album)

    async def _apologise(
        self,
        aside: Callable[[AsyncSession], Awaitable[bool]],
        update: Update | None,
        incident: str,
        album: Album | None,
    ) -> None:
        """Put it aside and say so; without an update nobody is told."""
        async with self._turn(aside, album) as mouth:
            if mouth is None:
                return
            if update is not None:
                t = self._toolbox.t(await self._language(mouth.session, update))
                query = update.callback_query
                if query is not None:
                    await self._bot(
                        AnswerCallbackQuery(
                            callback_query_id=query.id, text=t.plain("error.incident", number=incident), show_alert=True
                        )
                    )
                elif isinstance(update.event, Message):
                    await self._say(update, t("error.incident", number=incident))
        if update is not None:
            self._after(mouth.afterwards, update)

    async def _say(self, update: Update, text: str, keys: dict[str, Any] | None = None) -> None:
        """A reply to a message, and to a press one to the message under which the button stands."""
        event = update.callback_query.message if update.callback_query is not None else update.event
        if not isinstance(event, Message | InaccessibleMessage):
            return
        await self._bot.send_message(
            event.chat.id,
            text,
            message_thread_id=event.message_thread_id
            if isinstance(event, Message) and event.is_topic_message
            else None,
            reply_parameters=ReplyParameters(message_id=event.message_id, allow_sending_without_reply=True),
            reply_markup=markup(keys),
        )

    async def _language(self, session: AsyncSession, update: Update) -> str | None:
        event = update.event
        chat = getattr(event, "chat", None) or getattr(getattr(event, "message", None), "chat", None)
        if chat is not None and chat.type in GROUPS:
            station = await stations.by_chat(session, chat.id)
            if station is not None:
                return station.language
        user = getattr(event, "from_user", None)
        if user is None:
            return None
        person = await people.by_telegram_id(session, user.id)
        return person.language if person else language_of(user.language_code, self._toolbox.house.languages)


def _refuse_what_no_database_holds(part: object) -> None:
    """Raises ValueError for a number beyond what a database holds, wherever in it: it cannot be an id of anybody."""
    if isinstance(part, TelegramObject):
        for _, inside in part:
            _refuse_what_no_database_holds(inside)
    elif isinstance(part, list):
        for inside in part:
            _refuse_what_no_database_holds(inside)
    elif isinstance(part, int) and abs(part) > LARGEST:
        raise ValueError("a number that no database holds")


def _known(update: Update) -> bool:
    """Whether aiogram knows what kind of update this is."""
    try:
        return bool(update.event_type)
    except UpdateTypeLookupError:
        return False


def _serialization(error: DBAPIError) -> bool:
    """PostgreSQL's deadlock and serialization failures: the transaction was undone and may simply run again."""
    return _sqlstate(error) in ("40001", "40P01")


def _hopeless(error: DBAPIError) -> bool:
    """The database is there and refuses these values or this statement: it will the next time too."""
    return isinstance(error, DataError | ProgrammingError) or _sqlstate(error)[:2] in ("22", "42")


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
