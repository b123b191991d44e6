"""What an attempt to send came to, and what follows from it (law 6). Pure, so that every case is a row in a test."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from models.outbox import Repeat
from scheduler.transport import NotSent

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)


class Fate(enum.Enum):
    """What becomes of the row."""

    SENT = enum.auto()
    AGAIN = enum.auto()
    """It did not arrive, or arriving twice does no harm."""
    FAILED = enum.auto()
    UNKNOWN = enum.auto()
    MOVED = enum.auto()
    """The chat has another id now."""
    GONE = enum.auto()
    """The message that was to be edited is not there (any more)."""
    NO_TOPIC = enum.auto()
    """The forum topic is not there (any more)."""
    UNREADABLE = enum.auto()
    """Telegram does not take the formatting: once more as plain text."""
    BLOCKED = enum.auto()
    """The person does not want to hear from us, or cannot."""


@dataclass(frozen=True)
class Verdict:
    """A fate, and what goes with it."""

    fate: Fate
    pause: timedelta = timedelta()
    reason: str = ""
    held: bool = False
    """A 429: the chat itself has to wait, not only this row."""


def pause_after(attempts: int) -> timedelta:
    """How long to wait after the n-th attempt: 1, 2, 4 … seconds, a minute at the most."""
    return min(FIRST_PAUSE * 2 ** max(attempts - 1, 0), LONGEST_PAUSE)


GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message to delete not found")
NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")


def judge(error: Exception, repeat: Repeat, attempts: int) -> Verdict:
    """What follows from this error for a row of this kind after this many attempts."""
    pause = pause_after(attempts)
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return Verdict(Fate.AGAIN, wait if isinstance(wait, timedelta) else timedelta(seconds=wait), "429", held=True)
    if isinstance(error, ChatMigrated):
        return Verdict(Fate.MOVED)
    if isinstance(error, Forbidden):
        return Verdict(Fate.BLOCKED, reason=str(error))
    if isinstance(error, BadRequest):
        said = str(error).lower()
        if "message is not modified" in said:
            return Verdict(Fate.SENT)
        if any(words in said for words in GONE):
            return Verdict(Fate.GONE, reason=str(error))
        if any(words in said for words in NO_TOPIC):
            return Verdict(Fate.NO_TOPIC, reason=str(error))
        if "can't parse entities" in said or "is too long" in said:
            return Verdict(Fate.UNREADABLE, reason=str(error))
        return Verdict(Fate.FAILED, reason=str(error))
    if isinstance(error, NotSent):
        return Verdict(Fate.AGAIN, pause, "no connection")
    if isinstance(error, InvalidToken):
        # The token was taken back: nothing was sent, and nothing will be until the operator mends it.
        return Verdict(Fate.AGAIN, LONGEST_PAUSE, "the token is not accepted")
    if isinstance(error, NetworkError | TelegramError | KeyError | TimeoutError):
        if repeat is Repeat.NEVER:
            return Verdict(Fate.UNKNOWN, reason=f"no clear answer ({type(error).__name__})")
        return Verdict(Fate.AGAIN, pause, f"no clear answer ({type(error).__name__})")
    return Verdict(Fate.FAILED, reason=type(error).__name__)
