"""The things a Telegram consists of: people, bots, chats with members and topics, messages.

A message's Bot API form (`Posted.message`) is never changed in place: an edit puts a new dictionary there.
Events, updates and answers can therefore share it without copying, which is what keeps the server fast.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sandbox.files import File
from sandbox.mailbox import Mailbox
from sandbox.shapes import Json

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)
GROUP_ADMIN_RIGHTS = (*ADMIN_RIGHTS, "can_pin_messages")
FORUM_ADMIN_RIGHTS = (*GROUP_ADMIN_RIGHTS, "can_manage_topics")
PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)
GENERAL = 1
PRESENT = frozenset({"creator", "administrator", "member", "restricted"})

ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_BOT: Json = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


@dataclass(slots=True)
class Person:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    blocked: set[int] = field(default_factory=set)
    user: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.user = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        for name in ("last_name", "username", "language_code"):
            if value := getattr(self, name):
                self.user[name] = value


@dataclass(slots=True)
class Bot:
    id: int
    token: str
    username: str
    first_name: str
    mailbox: Mailbox
    privacy: bool = True
    user: Json = field(default_factory=dict)
    # (scope key, language) -> commands; (field, language) -> the bot's name and descriptions.
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    profile: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, Json] = field(default_factory=dict)
    default_rights: dict[bool, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.user = {"id": self.id, "is_bot": True, "first_name": self.first_name, "username": self.username}


@dataclass(slots=True)
class Member:
    user: Json
    status: str
    rights: dict[str, bool] = field(default_factory=dict)
    anonymous: bool = False
    custom_title: str | None = None
    until: int = 0

    @property
    def present(self) -> bool:
        return self.status in PRESENT and not (self.status == "restricted" and self.rights.get("is_member") is False)

    @property
    def admin(self) -> bool:
        return self.status in ("creator", "administrator")

    def may(self, right: str) -> bool:
        return self.status == "creator" or (self.status == "administrator" and self.rights.get(right, False))


@dataclass(slots=True)
class Topic:
    thread: int
    name: str
    icon_color: int = 7322096
    icon_custom_emoji_id: str | None = None
    closed: bool = False
    # Only the General topic can be hidden.
    hidden: bool = False

    def as_json(self) -> Json:
        shape: Json = {
            "thread": self.thread,
            "name": self.name,
            "closed": self.closed,
            "icon_color": self.icon_color,
        }
        if self.hidden:
            shape["hidden"] = True
        if self.icon_custom_emoji_id:
            shape["icon_custom_emoji_id"] = self.icon_custom_emoji_id
        return shape


class Poll:
    """A poll's votes, apart from its Bot API form, which is drawn from them anew after each vote."""

    __slots__ = ("base", "closed", "closes_at", "id", "votes")

    def __init__(self, base: Json, closes_at: float | None) -> None:
        self.id: str = base["id"]
        self.base = base
        self.closes_at = closes_at
        self.closed: bool = base["is_closed"]
        self.votes: dict[int, list[int]] = {}

    def as_json(self) -> Json:
        counts = [0] * len(self.base["options"])
        for chosen in self.votes.values():
            for index in chosen:
                counts[index] += 1
        options = [{**option, "voter_count": count} for option, count in zip(self.base["options"], counts, strict=True)]
        total = sum(1 for chosen in self.votes.values() if chosen)
        return {**self.base, "options": options, "total_voter_count": total, "is_closed": self.closed}


class Posted:
    """A message as it stands in a chat, with what the Bot API does not show of it."""

    __slots__ = ("author", "markup", "message", "poll", "protected", "reactions", "silent", "thread")

    def __init__(self, message: Json, author: int, markup: Json | None, thread: int | None) -> None:
        self.message = message
        self.author = author
        self.markup = markup
        self.thread = thread
        self.silent = False
        self.protected = False
        self.reactions: dict[int, list[str]] | None = None
        self.poll: Poll | None = None

    def shown(self) -> Json:
        """The message for the page and the tests: every kind of keyboard, reactions, who voted for what."""
        extra: Json = {}
        if self.markup is not None:
            extra["reply_markup"] = self.markup
        if self.reactions:
            extra["reactions"] = [
                {"person": person, "emoji": emoji} for person, given in self.reactions.items() for emoji in given
            ]
        if self.silent:
            extra["silent"] = True
        if self.poll is not None:
            extra["poll"] = {
                **self.message["poll"],
                "voters": {str(k): v for k, v in self.poll.votes.items()},
            }
        return {**self.message, **extra} if extra else self.message


@dataclass(slots=True)
class Press:
    """A button press that waits for its answer; `at` counts a person's patience, not the clock's seconds."""

    bot: int
    person: int
    chat: int
    message_id: int
    at: float


class Chat:
    """A private chat (of one person with one bot), a group, or a supergroup."""

    def __init__(self, id: int, type: str, brief: Json, bot: int | None = None) -> None:
        self.id = id
        self.type = type
        self.bot = bot
        self.brief = brief
        self.messages: OrderedDict[int, Posted] = OrderedDict()
        self.members: dict[int, Member] = {}
        self.topics: dict[int, Topic] = {}
        # A forum is born with its General topic: never created, never deleted, its messages without a number.
        self.general = Topic(GENERAL, "General")
        self.pinned: list[int] = []
        self.permissions: dict[str, bool] = dict.fromkeys(PERMISSIONS, True)
        self.migrated_to: int | None = None
        self.description: str | None = None
        self.invite_links: list[Json] = []
        # Who asked to join -> the link they came by, if any.
        self.join_requests: dict[int, Json | None] = {}
        # Channels that may not speak here any more.
        self.banned_channels: set[int] = set()
        self.photo: File | None = None
        # Number 1 of a supergroup is its own beginning, and the name of a forum's General topic.
        self._last_id = 1 if type == "supergroup" else 0

    @property
    def forum(self) -> bool:
        return bool(self.brief.get("is_forum"))

    @property
    def private(self) -> bool:
        return self.type == "private"

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def last_id(self) -> int:
        return self._last_id

    def member(self, user: int) -> Member | None:
        return self.members.get(user)

    def has(self, user: int) -> bool:
        member = self.members.get(user)
        return member is not None and member.present

    def rename(self, **fields: Any) -> None:
        """Messages already sent keep the chat as it was called then, as Telegram's updates do."""
        self.brief = {**self.brief, **fields}

    def info(self, person: int | None = None) -> Json:
        shape: Json = {
            "id": self.id,
            "type": self.type,
            "title": self.brief.get("title"),
            "username": self.brief.get("username"),
            "is_forum": self.forum,
            "members": [
                {
                    "user": member.user,
                    "status": member.status,
                    "rights": member.rights,
                    "anonymous": member.anonymous,
                    "custom_title": member.custom_title,
                }
                for member in self.members.values()
            ],
            "topics": [topic.as_json() for topic in self.topics.values()],
            "general": self.general.as_json() if self.forum else None,
            "pinned": self.pinned,
            "migrated_to": self.migrated_to,
            "last_message_id": self._last_id,
        }
        if self.private:
            shape["person"] = self.id
            shape["bot"] = self.bot
        return shape
