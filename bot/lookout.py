"""What Telegram knows and the database does not, looked up before an update's transaction begins (law 2): whether
somebody who acts is in the group, what the bot may do there, and who of the place is around; and what is in a file that
somebody sends instead of writing.
"""

from __future__ import annotations

import asyncio

import structlog
from aiogram import Bot
from aiogram.types import CallbackQuery, ChatMemberRestricted, Message, ResultChatMemberUnion, Update, User

from bot.check import may_write
from bot.keyboards import SEPARATOR, Hand, More
from bot.lists import Mode
from bot.menus import SetUp
from bot.outgoing import NO_ANSWER
from bot.people import GROUPS, SHARED_ACCOUNTS, Presence
from bot.studies import Gathered
from bot.textfiles import MOST_BYTES, TAKING, Fetched, is_text
from bot.toolbox import Clock
from bot.volunteer_desk import Helped
from bot.volunteers import Helping
from models import colleagues, conversations, stations
from models.database import Database
from models.vault import Vault

log = structlog.get_logger()

LINKS = tuple(
    SEPARATOR.join((kind.prefix, act, ""))
    for kind, act in ((Gathered, "code"), (Helped, "code"), (Helping, "certificate"))
)
"""How presses begin that are answered with a link to the bot."""


class Lookout:
    """Asks Telegram on behalf of the worker; what cannot be had is said as unknown, never guessed."""

    def __init__(self, database: Database, bot: Bot, clock: Clock, vault: Vault) -> None:
        self._database, self._bot, self._clock, self._vault = database, bot, clock, vault

    async def know_the_bots_name(self, update: Update) -> None:
        """Before "/setup@some_bot" is looked at, and before a link to the bot is drawn: whether that is us aiogram asks
        Telegram, once, and inside the transaction nobody may. While Telegram does not say, this chat waits.
        """
        while _names_a_bot(update) or _shows_a_link(update):
            try:
                await self._bot.me()
                return
            except NO_ANSWER as error:
                log.warning("the bot's own name is not known yet", why=type(error).__name__)
                await asyncio.sleep(1.0)

    async def look_up(self, update: Update) -> Presence | None:
        """Whether the person who acts in a group is in it now; None where nobody acts."""
        event = update.event
        user: User | None
        if isinstance(event, CallbackQuery):
            user, chat = event.from_user, event.message.chat if event.message else None
        elif isinstance(event, Message) and _acts(event, self._bot.id):
            user, chat = event.from_user, event.chat
        else:
            return None
        if user is None or chat is None or chat.type not in GROUPS:
            return None
        if user.id in SHARED_ACCOUNTS:
            return Presence("unknown", is_member=False)
        try:
            member = await self._bot.get_chat_member(chat.id, user.id, request_timeout=10)
            bot_member = await self._bot.get_chat_member(chat.id, self._bot.id) if _sets_up(event) else None
            muted = bot_member is not None and await self._is_muted(chat.id, bot_member)
            around = await self._colleagues(chat.id, user.id) if _names_colleagues(event) else frozenset()
            sits_in = await self._sits_in(chat.id, event) if bot_member is not None else ""
        except NO_ANSWER as error:
            log.warning("a member could not be looked up", why=type(error).__name__)
            return Presence("unknown", is_member=False)
        return Presence(
            _status(member),
            is_member=isinstance(member, ChatMemberRestricted) and member.is_member,
            bot_status=_status(bot_member) if bot_member is not None else None,
            bot_manages_topics=bool(getattr(bot_member, "can_manage_topics", False)),
            bot_muted=muted,
            colleagues=around,
            sits_in=sits_in,
        )

    async def fetch(self, update: Update) -> Fetched | None:
        """What is in a text file, from somebody who is asked for words that may come as one; None where that is not so:
        no other file is fetched.
        """
        event = update.event
        if not isinstance(event, Message) or event.from_user is None or (document := event.document) is None:
            return None
        if not is_text(document.file_name) or (document.file_size or 0) > MOST_BYTES:
            return None
        key = conversations.key_of(self._bot.id, event.chat.id, event.from_user.id)
        async with self._database.reading() as session:
            standing = await conversations.read(session, key, self._vault)
        if standing.state not in TAKING:
            return None
        try:
            found = await self._bot.download(document, timeout=10)
        except NO_ANSWER as error:
            log.warning("a file could not be fetched", why=type(error).__name__)
            return Fetched(None)
        return Fetched(found.read() if found is not None else None)

    async def _colleagues(self, chat_id: int, acting: int) -> frozenset[int]:
        """Of those who may be given a ticket of this chat's place who is in it now; also whoever acts, perhaps for the
        first time.
        """
        async with self._database.reading() as session:
            station = await stations.by_chat(session, chat_id)
            known = await colleagues.able(session, station, self._clock()) if station is not None else []
        ids = list({each.telegram_id for each in known} | {acting})
        there = await asyncio.gather(*(self._is_there(chat_id, each) for each in ids))
        return frozenset(each for each, yes in zip(ids, there, strict=True) if yes)

    async def _is_there(self, chat_id: int, user_id: int) -> bool:
        try:
            member = await self._bot.get_chat_member(chat_id, user_id, request_timeout=10)
        except NO_ANSWER as error:
            log.warning("a member could not be looked up", why=type(error).__name__)
            return False
        return Presence(_status(member), bool(getattr(member, "is_member", False))).present

    async def _sits_in(self, chat_id: int, event: Message | CallbackQuery) -> str:
        """The title of the other group in which the place that is being set up sits; empty when there is none, or when
        Telegram does not say.
        """
        try:
            press = SetUp.unpack((event.data or "") if isinstance(event, CallbackQuery) else "")
        except ValueError:
            return ""
        async with self._database.reading() as session:
            place = await stations.by_key(session, press.value)
        if place is None or place.chat_id in (None, chat_id):
            return ""
        try:
            return (await self._bot.get_chat(place.chat_id, request_timeout=10)).title or ""
        except NO_ANSWER:
            return ""

    async def _is_muted(self, chat_id: int, bot_member: ResultChatMemberUnion) -> bool:
        group = await self._bot.get_chat(chat_id, request_timeout=10)
        own = bot_member.can_send_messages if isinstance(bot_member, ChatMemberRestricted) else None
        everybody = group.permissions.can_send_messages if group.permissions else None
        return not may_write(_status(bot_member), own, everybody)


def _acts(message: Message, bot_id: int) -> bool:
    """Whether a group message asks something of the bot: a command, a note, or a reply to the bot's own message.

    In a forum topic whatever is said there comes as a reply to the message that made the topic: that is no reply.
    """
    text = message.text or message.caption or ""
    replied = message.reply_to_message
    return text.startswith("/") or (
        replied is not None
        and replied.forum_topic_created is None
        and replied.from_user is not None
        and replied.from_user.id == bot_id
    )


def _names_a_bot(update: Update) -> bool:
    """Whether this is a command that says whose it is."""
    event = update.event
    words = ((event.text or event.caption or "").split(maxsplit=1) or [""])[0] if isinstance(event, Message) else ""
    return words.startswith("/") and "@" in words


def _shows_a_link(update: Update) -> bool:
    """Whether this is a press on what is answered with a link to the bot."""
    query = update.callback_query
    return query is not None and (query.data or "").startswith(LINKS)


def _status(member: ResultChatMemberUnion) -> str:
    return str(getattr(member.status, "value", member.status))


def _names_colleagues(event: Message | CallbackQuery) -> bool:
    """Whether this is about giving somebody a ticket: then it is asked who of the place is there."""
    if isinstance(event, CallbackQuery):
        return (event.data or "").startswith((f"{More.prefix}{SEPARATOR}assign", f"{Hand.prefix}{SEPARATOR}"))
    return (event.text or "").startswith(("/assign", "/reassign"))


def _sets_up(event: Message | CallbackQuery) -> bool:
    """Whether this is about seating a station or its topics: then the bot's own rights are looked up too."""
    if isinstance(event, CallbackQuery):
        return (event.data or "").startswith((f"{SetUp.prefix}{SEPARATOR}", f"{Mode.prefix}{SEPARATOR}"))
    return (event.text or "").startswith(("/setup", "/mode"))
