"""Bot API calls: what a letter consists of, and what people wrote as calls that show it unchanged.

What people wrote passes through `bot/untrusted.py` before it is escaped; a header that says whose words they are stands
above them where both fit into one message, and in a message of its own where they do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from markupsafe import Markup

from bot.untrusted import cut, units, verbatim, without_mentions
from models.words import Content, Words

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
GROUPED = ("photo", "video", "audio", "document")
"""What an album may hold."""

METHODS = {
    "photo": ("sendPhoto", "photo"),
    "video": ("sendVideo", "video"),
    "voice": ("sendVoice", "voice"),
    "video_note": ("sendVideoNote", "video_note"),
    "audio": ("sendAudio", "audio"),
    "document": ("sendDocument", "document"),
    "sticker": ("sendSticker", "sticker"),
    "animation": ("sendAnimation", "animation"),
}
WITHOUT_CAPTION = ("video_note", "sticker")
PLAIN_FIELDS = {
    "location": ("sendLocation", ("latitude", "longitude")),
    "venue": ("sendVenue", ("latitude", "longitude", "title", "address")),
    "contact": ("sendContact", ("phone_number", "first_name", "last_name")),
}
ALBUM_LENGTH = 10


@dataclass(frozen=True)
class Call:
    """One Bot API call: the method as Telegram names it, and its parameters as JSON."""

    method: str
    params: dict[str, Any]
    shows: tuple[int | None, ...] = ()
    """For each message it makes, whose words it shows, so that an edit of them finds it; None for what is ours
    alone.
    """


@dataclass(frozen=True)
class Letter:
    """The calls that say it, in order; none when there is nothing to say any more."""

    calls: list[Call] = field(default_factory=list)
    digest: str | None = None
    """For a card: what was drawn, hashed."""
    topic: str | None = None
    """For a card that needs a forum topic first: the topic's name; the calls then go into it."""
    named: tuple[str, bool] | None = None
    """For a forum topic: what it is called then, and whether it is closed."""
    picture: tuple[int, str] | None = None
    """For a pulse's result: which picture this is, so that Telegram's id for it can be kept."""
    editions: Mapping[int, datetime | None] = field(default_factory=dict)
    """For each message shown that people may still edit: when it had been edited last as it was drawn."""


def editions(said: Sequence[Words]) -> dict[int, datetime | None]:
    return {each.id: each.edited_at for each in said}


def join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def body(name: str, header: str, content: Content, limit: int) -> dict[str, Any]:
    """The words under the header as parameters of a call, where both fit; else the words alone, whole and without
    markup.
    """
    text = verbatim(str(content.get("text", "")))
    if not text and not header:
        return {}
    if _fits(header, text, limit):
        body = str(Markup("{}").format(without_mentions(text)))
        return {name: "\n".join(part for part in (header, body) if part), "parse_mode": "HTML"}
    return {name: cut(without_mentions(text), limit)}


def _fits(header: str, text: str, limit: int) -> bool:
    return units(Markup(header).striptags()) + 1 + units(without_mentions(text)) <= limit


def text_call(text: str, common: dict[str, Any]) -> Call:
    return Call("sendMessage", {**common, "text": text, "parse_mode": "HTML"}, (None,))


def say(
    said: Sequence[Words], header: str, common: dict[str, Any], keyboard: dict[str, Any] | None = None
) -> list[Call]:
    """These words as calls, the header with them where it fits and as a message of its own before them where it does
    not.
    """
    album = len(said) > 1 and all(w.content["type"] in GROUPED for w in said)
    first = said[0].content
    kind = str(first["type"])
    carries = kind == "text" or (kind in METHODS and kind not in WITHOUT_CAPTION)
    limit = TEXT_LIMIT if kind == "text" else CAPTION_LIMIT
    if carries and _fits(header, verbatim(str(first.get("text", ""))), limit):
        calls, with_it = [], header
    else:
        # Where the header says whose sticker or place it is, it goes when that is taken back.
        above = text_call(header, common)
        calls, with_it = [above if carries else replace(above, shows=(said[0].id,))], ""
    if album:
        return [*calls, *_album(said, with_it, common)]
    for i, each in enumerate(said):
        last = {"reply_markup": keyboard} if keyboard and len(said) == 1 else {}
        calls.append(_one(each, with_it if i == 0 else "", {**common, **last}))
    return calls


def _album(said: Sequence[Words], header: str, common: dict[str, Any]) -> list[Call]:
    calls = []
    for start in range(0, len(said), ALBUM_LENGTH):
        part = said[start : start + ALBUM_LENGTH]
        media = [
            {
                "type": each.content["type"],
                "media": each.content["file_id"],
                **body("caption", header if start + i == 0 else "", each.content, CAPTION_LIMIT),
            }
            for i, each in enumerate(part)
        ]
        calls.append(Call("sendMediaGroup", {**common, "media": media}, tuple(each.id for each in part)))
    return calls


def _one(said: Words, header: str, common: dict[str, Any]) -> Call:
    """One message as it was said, under the header if there is one."""
    content, shows = said.content, (said.id,)
    kind = str(content["type"])
    if kind == "text":
        return Call("sendMessage", {**common, **body("text", header, content, TEXT_LIMIT)}, shows)
    fields = PLAIN_FIELDS.get(kind)
    if fields is not None:
        method, names = fields
        return Call(method, {**common, **{name: content[name] for name in names if name in content}}, shows)
    method, parameter = METHODS[kind]
    caption = {} if kind in WITHOUT_CAPTION else body("caption", header, content, CAPTION_LIMIT)
    return Call(method, {**common, parameter: content["file_id"], **caption}, shows)
