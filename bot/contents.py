"""From a Telegram message to the plain values that are kept of it (`models.words.Content`).

Nothing of the message's origin goes along: no forward header, no mention, no hidden link, no preview (law 11). Every
kind of media people send passes; what carries nothing to keep (service messages, polls, games) is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram.enums import ContentType
from aiogram.types import Message

from bot.untrusted import inline, units
from models.errors import Refusal
from models.words import Content

SOME = 20
"""So much of a text is looked at to see whether there is anything to be seen."""
MAX_TEXT = 4096
"""Telegram's own limit for one message; anything longer did not come from an ordinary client."""

_FILES = ("video", "voice", "video_note", "audio", "animation", "document", "sticker")


def content_of(message: Message) -> dict[str, Any] | None:
    """What this message says, or None when it says nothing that can be passed on.

    `type`, `text` (words or caption), and by type `file_id`, `file_name`, `latitude`, `longitude`, `title`, `address`,
    `phone_number`, `first_name`, `last_name`, `emoji`; `album` for the parts of an album.
    """
    found: dict[str, Any] | None = None
    if message.text is not None:
        found = {"type": "text", "text": message.text}
    elif message.photo:
        found = {"type": "photo", "file_id": message.photo[-1].file_id}
    elif message.venue:
        venue = message.venue
        found = {
            "type": "venue",
            "latitude": venue.location.latitude,
            "longitude": venue.location.longitude,
            "title": venue.title,
            "address": venue.address,
        }
    elif message.location:
        found = {
            "type": "location",
            "latitude": message.location.latitude,
            "longitude": message.location.longitude,
        }
    elif message.contact:
        contact = message.contact
        found = {"type": "contact", "phone_number": contact.phone_number, "first_name": contact.first_name}
        if contact.last_name:
            found["last_name"] = contact.last_name
    else:
        # An animation is also sent as a document: the more particular kind stands first.
        for kind in _FILES:
            media = getattr(message, kind)
            if media is not None:
                found = {"type": kind, "file_id": media.file_id}
                if name := getattr(media, "file_name", None):
                    found["file_name"] = name
                if emoji := getattr(media, "emoji", None):
                    found["emoji"] = emoji
                break
    if found is None:
        return None
    if message.caption:
        found["text"] = message.caption
    if message.media_group_id:
        found["album"] = message.media_group_id
    return found


def kept_of(message: Message) -> dict[str, Any]:
    """The same for words that are going to be kept. Raises Refusal for what cannot be passed on and for what is too
    long.
    """
    content = content_of(message)
    if content is None:
        raise Refusal("words.unknown_kind")
    length = units(str(content.get("text", "")))
    if length > MAX_TEXT:
        raise Refusal("words.too_long", length=length, most=MAX_TEXT)
    return content


_NOT_PASSED = frozenset(
    {
        ContentType.DICE,
        ContentType.POLL,
        ContentType.STORY,
        ContentType.GAME,
        ContentType.CHECKLIST,
        ContentType.LIVE_PHOTO,
        ContentType.RICH_MESSAGE,
        ContentType.PAID_MEDIA,
        ContentType.INVOICE,
        ContentType.GIVEAWAY,
        ContentType.UNKNOWN,
    }
)
"""What people send and what cannot be passed on; a kind that Telegram has invented since is one of them."""


def is_said(message: Message) -> bool:
    """Whether somebody says this. Otherwise the chat tells of itself (somebody joined, a message was pinned), and
    nobody waits for an answer.
    """
    return message.text is not None or content_of(message) is not None or message.content_type in _NOT_PASSED


def says_something(contents: Sequence[Content]) -> bool:
    """Whether anybody could act on this: a lone sticker or a few blanks say nothing."""
    return any(c["type"] not in ("text", "sticker") or inline(str(c.get("text", "")), SOME) for c in contents)
