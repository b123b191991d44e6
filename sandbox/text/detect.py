"""The entities Telegram finds by itself: commands, mentions, hashtags, addresses."""

import re

from sandbox.shapes import Json

_COMMAND = re.compile(r"(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@])", re.ASCII)
_MENTION = re.compile(r"(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)", re.ASCII)
_HASHTAG = re.compile(r"(?<![\w#])#(?!\d+\b)\w{1,256}")
_EMAIL = re.compile(r"(?<![\w.@+-])[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?!\w)", re.ASCII)
_URL = re.compile(
    r"(?<![\w@.])(?:(?:https?|ftp|tg|ton)://[^\s<>\"'「」，。]+"
    r"|(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:com|org|net|edu|gov|io|me|cn|hk|mo|tw|info|dev)\b(?:/[^\s<>\"]*)?)",
    re.ASCII,
)
_HINT = re.compile(r"[/@#:.]")


def detect(text: str, taken: list[Json]) -> list[Json]:
    """Entities found in the text outside of code and of links that are there already."""
    if not _HINT.search(text):
        return []
    closed = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in taken
        if entity["type"] in ("code", "pre", "text_link", "text_mention", "custom_emoji")
    ]
    found: list[Json] = []
    for kind, pattern, hint in (
        ("url", _URL, "."),
        ("url", _URL, "://"),
        ("email", _EMAIL, "@"),
        ("mention", _MENTION, "@"),
        ("bot_command", _COMMAND, "/"),
        ("hashtag", _HASHTAG, "#"),
    ):
        if hint not in text or (hint == "://" and "." in text):
            continue
        for match in pattern.finditer(text):
            word = match.group()
            if kind == "url":
                word = word.rstrip(".,:;!?)")
            start = _offset(text, match.start())
            end = start + (len(word) if word.isascii() else len(word.encode("utf-16-le")) // 2)
            if any(start < other_end and other_start < end for other_start, other_end in closed):
                continue
            closed.append((start, end))
            found.append({"type": kind, "offset": start, "length": end - start})
    return found


def _offset(text: str, position: int) -> int:
    before = text[:position]
    return position if before.isascii() else len(before.encode("utf-16-le")) // 2
