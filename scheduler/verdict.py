"""What an attempt to send came to, and what follows from it (law 6). Pure, so that every case is a row in a test.

Three kinds of bad end: *certainly not sent* (no connection, 429) is done again; *refused* (400, 403) ends with
Telegram's reason, unless the refusal itself says what to do instead; *ambiguous* (no answer, 5xx, an answer that is
none) is done again only where a second copy does no harm.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from models.outbox import Repeat
from scheduler.transport import NotSent

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
GIVEN_UP_AFTER = 40
"""Attempts without a clear answer, half an hour of them, while Telegram answers others: then it is this message."""
DENIED_OFTEN = 3
"""So often 404 while the token is good means that this server does not know the method."""


class Fate(enum.Enum):
    """What becomes of the row."""

    SENT = enum.auto()
    AGAIN = enum.auto()
    """It may have arrived, and arriving twice does no harm."""
    HELD = enum.auto()
    """429: the chat has to wait, and this row with it."""
    NOT_SENT = enum.auto()
    """Telegram was not there: nothing is wrong with the row."""
    DENIED = enum.auto()
    """Telegram does not know the token, or the method."""
    FAILED = enum.auto()
    UNKNOWN = enum.auto()
    MOVED = enum.auto()
    """The chat has another id now."""
    GONE = enum.auto()
    """The message that was to be changed is not there (any more)."""
    NO_REPLY = enum.auto()
    """The message that was to be replied to is not there (any more)."""
    NO_TOPIC = enum.auto()
    """The forum topic is not there (any more)."""
    NO_TOPICS = enum.auto()
    """No forum topic can be made here."""
    UNREADABLE = enum.auto()
    """Telegram does not take the formatting or the length: once more as plain text."""
    BLOCKED = enum.auto()
    """The person does not want to hear from us, or cannot."""
    SHUT_OUT = enum.auto()
    """The bot may not write to this group (any more)."""


@dataclass(frozen=True)
class Verdict:
    """A fate, how long to wait where it comes again, and the reason where it does not."""

    fate: Fate
    pause: timedelta = timedelta()
    reason: str = ""


def pause_after(attempts: int) -> timedelta:
    """How long to wait after the n-th attempt: 1, 2, 4 … seconds, a minute at the most."""
    doublings: int = min(max(attempts - 1, 0), 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


NOT_MODIFIED = ("message is not modified", "topic_not_modified")
DELETED = ("message to delete not found",)
"""Asked to delete it, that is what was wanted: the attempt before this one may have done it."""
GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message to delete not found")
NO_REPLY = ("message to be replied not found", "message to reply not found")
NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")
UNREADABLE = ("can't parse entities", "is too long", "message_too_long", "caption_too_long")
NOBODY = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated", "user_is_blocked")
SHUT_OUT = (
    "chat not found",
    "group chat was deactivated",
    "chat_write_forbidden",
    "have no rights to send a message",
    "not enough rights to send text messages",
    "bot is not a member",
)


def judge(error: Exception, *, method: str, chat_id: int, repeat: Repeat, attempts: int) -> Verdict:
    """What follows from this error of this method in this chat after this many attempts."""
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return Verdict(Fate.HELD, wait if isinstance(wait, timedelta) else timedelta(seconds=wait), "429")
    if isinstance(error, ChatMigrated):
        return Verdict(Fate.MOVED, reason="the group became a supergroup")
    if isinstance(error, NotSent):
        return Verdict(Fate.NOT_SENT, reason="no connection")
    if isinstance(error, InvalidToken):
        if str(error) == "Not Found" and attempts >= DENIED_OFTEN:
            return Verdict(Fate.FAILED, reason="this server does not know the method")
        return Verdict(Fate.DENIED, reason="the token is not accepted")
    if isinstance(error, Forbidden):
        return Verdict(Fate.BLOCKED if chat_id > 0 else Fate.SHUT_OUT, reason=str(error))
    if isinstance(error, BadRequest):
        return _refused(str(error), method, chat_id)
    kind = type(error).__name__
    if repeat is Repeat.NEVER:
        return Verdict(Fate.UNKNOWN, reason=f"no clear answer ({kind})")
    if attempts >= GIVEN_UP_AFTER:
        return Verdict(Fate.UNKNOWN, reason=f"no clear answer ({kind}) in {attempts} attempts")
    return Verdict(Fate.AGAIN, pause_after(attempts), f"no clear answer ({kind})")


def _refused(reason: str, method: str, chat_id: int) -> Verdict:
    said = reason.lower()

    def says(words: tuple[str, ...]) -> bool:
        return any(each in said for each in words)

    if says(NOT_MODIFIED) or (method.startswith("deleteMessage") and says(DELETED)):
        return Verdict(Fate.SENT)
    if says(NOBODY) and chat_id > 0:
        return Verdict(Fate.BLOCKED, reason=reason)
    if says(SHUT_OUT) and chat_id < 0:
        return Verdict(Fate.SHUT_OUT, reason=reason)
    if method == "createForumTopic":
        return Verdict(Fate.NO_TOPICS, reason=reason)
    if says(GONE):
        return Verdict(Fate.GONE, reason=reason)
    if says(NO_REPLY):
        return Verdict(Fate.NO_REPLY, reason=reason)
    if says(NO_TOPIC):
        return Verdict(Fate.NO_TOPIC, reason=reason)
    if says(UNREADABLE):
        return Verdict(Fate.UNREADABLE, reason=reason)
    return Verdict(Fate.FAILED, reason=reason)
