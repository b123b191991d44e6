"""Who is speaking, found before any handler runs: the person, their language, and in a station's chat whether they
are staff.

Nothing here is cached: a role is what it is at the moment of acting.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import Chat, Message, TelegramObject, Update, User
from sqlalchemy.ext.asyncio import AsyncSession

from bot.toolbox import Toolbox
from bot.untrusted import BLANK
from models import colleagues, people, seating, stations
from models.union import posts

log = structlog.get_logger()

SHARED_ACCOUNTS = frozenset({1087968824, 136817688, 777000})
"""Telegram's anonymous admin, channel and service accounts: many people, so never somebody (telegram.md)."""
GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
MEMBER_STATUSES = frozenset({"creator", "administrator", "member"})
NAME_LENGTH = 64


@dataclass(frozen=True)
class Presence:
    """What Telegram said about somebody in a group just before their update was handled."""

    status: str
    """creator, administrator, member, restricted, left, kicked; "unknown" when Telegram did not answer."""
    is_member: bool
    """For `restricted`: whether they are in the group at all."""
    bot_status: str | None = None
    """The bot's own standing in the group; looked up only for /setup."""
    bot_manages_topics: bool = False
    bot_muted: bool = False
    """The bot may read but not write there: whatever it has to say about that has to be said elsewhere."""
    colleagues: frozenset[int] = frozenset()
    """Telegram ids of those who may be given a ticket here and are in the group now; looked up when somebody is to be
    given one.
    """
    sits_in: str = ""
    """The title of the group in which the place that /setup is about sits until now."""

    @property
    def present(self) -> bool:
        """Whether they are in the group now."""
        return self.status in MEMBER_STATUSES or (self.status == "restricted" and self.is_member)


def hidden(message: Message) -> bool:
    """Whether Telegram hides who wrote this: an anonymous admin, or a channel."""
    return message.from_user is None or message.from_user.id in SHARED_ACCOUNTS or message.sender_chat is not None


def anonymous_admin(message: Message) -> bool:
    """Whether it is an admin of this very group who hides: then a press, which carries the real id, can say who."""
    return message.sender_chat is not None and message.sender_chat.id == message.chat.id


def answered(message: Message) -> Message | None:
    """What this replies to. In a forum everything that is said replies to the head of its topic, and means nothing by
    it.
    """
    replied = message.reply_to_message
    return replied if replied is not None and replied.forum_topic_created is None else None


def to_a_colleague(message: Message) -> bool:
    """Whether it replies to somebody who is not the bot."""
    replied = answered(message)
    return replied is not None and replied.from_user is not None and not replied.from_user.is_bot


def clean_name(user: User) -> str:
    """A name as it may be shown: one line, no invisible or direction-changing characters, never empty."""
    hidden_ones = ("Cc", "Cf", "Cs", "Co", "Cn")
    visible = "".join(c for c in user.full_name if c not in BLANK and unicodedata.category(c) not in hidden_ones)
    return " ".join(visible.split())[:NAME_LENGTH] or f"{user.id}"


def language_of(code: str | None, languages: tuple[str, ...]) -> str:
    """The union's language nearest to Telegram's language code; the union's first when none is near."""
    code = (code or "").lower().replace("_", "-")
    if code.startswith("zh"):
        traditional = any(part in code.split("-") for part in ("hant", "tw", "hk", "mo"))
        wanted = ["zh-hant", "zh-hans"] if traditional else ["zh-hans", "zh-hant"]
    elif code:
        wanted = ["en"]
    else:
        wanted = []
    return next((language for language in wanted if language in languages), languages[0])


class People(BaseMiddleware):
    """Gives filters and handlers `person`, `t`, `toolbox`, and in groups `station` and `staff`; most handlers take them
    together, as their `desk` or their `talk` (`handlers/occasion.py`).
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, Update)
        session: AsyncSession = data["session"]
        user: User | None = data.get("event_from_user")
        chat: Chat | None = data.get("event_chat")
        house = self._toolbox.house
        data["house"], data["toolbox"] = house, self._toolbox
        data["person"] = data["staff"] = data["station"] = None
        if user is not None and user.is_bot and user.id not in SHARED_ACCOUNTS:
            return None
        if (user is not None and user.id <= 0) or (chat is not None and chat.id == 0):
            # No account has such a number: groups have, and here those who were forgotten; nought is nobody's.
            return None
        if user is None and (event.message or event.edited_message) is not None:
            # Telegram always says who wrote, even of those it hides. Nobody is there to be answered.
            return None
        in_group = chat is not None and chat.type in GROUPS
        if in_group:
            assert chat is not None
            data["station"] = await stations.by_chat(session, chat.id)
        # In groups only those who act are remembered: people who chat there are none of our business.
        acts = not in_group or data.get("presence") is not None
        if event.inline_query is not None and user is not None:
            # Typed in any chat: nobody is remembered for it.
            data["person"] = await people.by_telegram_id(session, user.id)
        elif user is not None and user.id not in SHARED_ACCOUNTS and acts:
            person = await people.meet(
                session, user.id, clean_name(user), user.username, language_of(user.language_code, house.languages)
            )
            data["person"] = person
            presence: Presence | None = data.get("presence")
            if data["station"] is not None and presence is not None and presence.present:
                data["staff"] = person
                await colleagues.seen(session, data["station"], person, data["now"])
        station, person = data["station"], data["person"]
        if chat is not None and chat.type == ChatType.PRIVATE and person is None:
            # Nobody there to be answered: a shared account, or an update without a sender.
            return None
        if user is None and isinstance(event.event, Message) and (event.event.text or event.event.caption):
            # Words of nobody: there is no conversation that they could belong to.
            return None
        if station is not None:
            language = station.language
        elif person is not None:
            language = person.language
        else:
            language = language_of(user.language_code if user else None, house.languages)
        data["t"] = self._toolbox.t(language)
        return await handler(event, data)


async def follow_config(session: AsyncSession, toolbox: Toolbox, now: datetime) -> None:
    """Make stations, posts and named roles in the database those of config.toml."""
    settings = toolbox.settings
    for station in await stations.follow_config(session, settings.station_specs(), toolbox.house.languages[0]):
        await seating.post_open_cards(session, station, now)
    handed_over = await seating.leave_closed(session, toolbox.house, now)
    if handed_over:
        log.info("a station was closed and left open tickets to another place", tickets=handed_over)
    await posts.follow_config(session, {each.key: each.name for each in settings.departments})
    for role, ids in (
        (people.Role.ADMIN, settings.union.admins),
        (people.Role.SUPERVISOR, settings.union.supervisors),
        (people.Role.READER, settings.union.readers),
    ):
        await people.grant_configured(session, role, list(ids), now)
