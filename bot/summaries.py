"""What somebody wrote or sent, in a line: text as it is, anything else as a sign with the beginning of its words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.untrusted import cut, inline, lines
from models.words import Content, Words

NAME_LENGTH = 40
CAPTION_LENGTH = 80
"""Of what came with a picture: all of it stands with the picture."""
EXCERPT_LENGTH = 600

MEDIA_ICONS = {
    "photo": "🖼",
    "video": "🎬",
    "voice": "🎤",
    "video_note": "🎬",
    "audio": "🎵",
    "document": "📎",
    "sticker": "🏷",
    "location": "📍",
    "venue": "📍",
    "contact": "👤",
    "animation": "🎞",
}


def summary(content: Content) -> str:
    """One message as a card shows it."""
    text = lines(str(content.get("text", "")))
    icon = MEDIA_ICONS.get(str(content["type"]))
    if icon is None:
        return text
    detail = inline(str(content.get("title") or content.get("file_name") or content.get("emoji") or ""), NAME_LENGTH)
    return " ".join(part for part in (icon, detail, inline(text, CAPTION_LENGTH)) if part)


def excerpt(contents: Sequence[Content]) -> str:
    """What a student has written so far, as it will stand on the card; as plain text, cut to a screen's length."""
    return cut("\n".join(filter(None, (summary(content) for content in contents))), EXCERPT_LENGTH)


def folded(said: Sequence[Words], edited: str, retracted: str) -> list[str]:
    """Each message's summary; the same sign several times in a row is "🖼 ×3"."""
    rows = [
        retracted if w.retracted_at else " ".join(filter(None, (summary(w.content), edited if w.edited_at else "")))
        for w in said
    ]
    runs = [(row, len(list(same))) for row, same in groupby(filter(None, rows))]
    return [
        f"{row} ×{count}" if count > 1 and row in (*MEDIA_ICONS.values(), retracted) else row for row, count in runs
    ]
