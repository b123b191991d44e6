"""Telegram's HTML: a handful of tags, refused with Telegram's sentences when they are wrong.

Offsets in the refusals count bytes of the text as it was sent, offsets in entities UTF-16 units of what
remains.
"""

import re
from dataclasses import dataclass

from sandbox.shapes import Json

TAGS = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "span": "spoiler",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ENTITY = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,7})|(lt|gt|amp|quot));?")
_SPECIAL = re.compile(r"[<&]")
_SPACE = " \t\n\r\v\f\0"


@dataclass(slots=True)
class Open:
    tag: str
    argument: str
    date: int
    offset: int
    begin: int


class _Reader:
    """One pass over the text; `parts` holds what has been read as plain text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.length = 0
        self.entities: list[Json] = []
        self.open: list[Open] = []
        self.at = 0

    def bytes(self, position: int) -> int:
        return len(self.text[:position].encode())

    def say(self, plain: str) -> None:
        self.parts.append(plain)
        self.length += len(plain) if plain.isascii() else len(plain.encode("utf-16-le", "surrogatepass")) // 2

    def run(self) -> tuple[str, list[Json]]:
        text = self.text
        while match := _SPECIAL.search(text, self.at):
            if match.start() > self.at:
                self.say(text[self.at : match.start()])
            self.at = match.start()
            if text[self.at] == "&":
                self.character()
            elif text.startswith("</", self.at):
                self.end_tag()
            else:
                self.start_tag()
        if self.at < len(text):
            self.say(text[self.at :])
        if self.open:
            raise ValueError(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        plain = "".join(self.parts)
        try:
            plain.encode()
        except UnicodeEncodeError:
            raise ValueError(
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched "
                "surrogate code units"
            ) from None
        return plain, self.entities

    def character(self) -> None:
        match = _ENTITY.match(self.text, self.at)
        plain = "&"
        end = self.at + 1
        if match:
            decimal, hexadecimal, name = match.groups()
            number = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
            if name:
                plain, end = NAMED[name], match.end()
            elif 0 < number < 0x110000:
                plain, end = chr(number), match.end()
        self.say(plain)
        self.at = end

    def start_tag(self) -> None:
        text, begin = self.text, self.at
        position = begin + 1
        while position < len(text) and text[position] not in _SPACE and text[position] != ">":
            position += 1
        if position >= len(text):
            raise ValueError(f"Unclosed start tag at byte offset {self.bytes(begin)}")
        tag = text[begin + 1 : position].lower()
        if tag not in TAGS:
            raise ValueError(f'Unsupported start tag "{tag}" at byte offset {self.bytes(begin)}')
        argument, date = "", 0
        attributes, position = self.attributes(tag, begin, position)
        for name, value in attributes:
            if tag == "a" and name == "href":
                argument = value or ""
            elif tag == "code" and name == "class" and value and value.startswith("language-"):
                argument = value[9:]
            elif tag == "span" and name == "class" and value and value.startswith("tg-"):
                argument = value[3:]
            elif (tag == "tg-emoji" and name == "emoji-id") or (tag == "tg-time" and name == "format"):
                argument = value or ""
            elif tag == "blockquote" and name == "expandable":
                argument = "1"
            elif tag == "tg-time" and name == "unix":
                date = int(value) if value and value.isdigit() else 0
        if tag == "span" and argument != "spoiler":
            raise ValueError(f'Tag "span" must have class "tg-spoiler" at byte offset {self.bytes(begin)}')
        self.open.append(Open(tag, argument, date, self.length, len(self.parts)))
        self.at = position + 1

    def attributes(self, tag: str, begin: int, position: int) -> tuple[list[tuple[str, str | None]], int]:
        """Name and value pairs of a start tag, and the position of its closing bracket."""
        text = self.text
        unclosed = f'Unclosed start tag "{tag}" at byte offset {self.bytes(begin)}'
        found: list[tuple[str, str | None]] = []
        while True:
            while position < len(text) and text[position] in _SPACE:
                position += 1
            if position >= len(text):
                raise ValueError(unclosed)
            if text[position] == ">":
                return found, position
            start = position
            while position < len(text) and text[position] not in _SPACE and text[position] not in "=>/\"'":
                position += 1
            name = text[start:position].lower()
            if not name:
                raise ValueError(f'Empty attribute name in the tag "{tag}" at byte offset {self.bytes(begin)}')
            while position < len(text) and text[position] in _SPACE:
                position += 1
            if position >= len(text):
                raise ValueError(unclosed)
            if text[position] != "=":
                found.append((name, None))
                continue
            position += 1
            while position < len(text) and text[position] in _SPACE:
                position += 1
            if position >= len(text):
                raise ValueError(unclosed)
            if text[position] not in "\"'":
                start = position
                while position < len(text) and (text[position].isalnum() or text[position] in ".-"):
                    position += 1
                if position >= len(text) or (text[position] not in _SPACE and text[position] != ">"):
                    raise ValueError(f"Unexpected end of name token at byte offset {self.bytes(start)}")
                found.append((name, text[start:position].lower()))
                continue
            end = text.find(text[position], position + 1)
            if end < 0:
                raise ValueError(f"Unclosed start tag at byte offset {self.bytes(begin)}")
            found.append((name, unescaped(text[position + 1 : end])))
            position = end + 1

    def end_tag(self) -> None:
        text, begin = self.text, self.at
        if not self.open:
            raise ValueError(f"Unexpected end tag at byte offset {self.bytes(begin)}")
        position = begin + 2
        while position < len(text) and text[position] not in _SPACE and text[position] != ">":
            position += 1
        name = text[begin + 2 : position].lower()
        while position < len(text) and text[position] in _SPACE:
            position += 1
        if position >= len(text) or text[position] != ">":
            raise ValueError(f"Unclosed end tag at byte offset {self.bytes(begin)}")
        opened = self.open.pop()
        if name and name != opened.tag:
            raise ValueError(
                f'Unmatched end tag at byte offset {self.bytes(begin)}, expected "</{opened.tag}>", found "</{name}>"'
            )
        self.at = position + 1
        if self.length > opened.offset:
            self.close(opened)

    def close(self, opened: Open) -> None:
        kind = TAGS[opened.tag]
        entity: Json = {"type": kind, "offset": opened.offset, "length": self.length - opened.offset}
        last = self.entities[-1] if self.entities else None
        same = last is not None and (last["offset"], last["length"]) == (entity["offset"], entity["length"])
        if opened.tag == "a":
            link = link_entity(opened.argument or "".join(self.parts[opened.begin :]))
            if link is None:
                return
            entity.update(link)
        elif opened.tag == "tg-emoji":
            if not opened.argument.isdigit() or int(opened.argument) == 0:
                raise ValueError("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = opened.argument
        elif opened.tag == "tg-time":
            if opened.date <= 0:
                return
            entity["unix_time"] = opened.date
            if opened.argument:
                entity["date_time_format"] = opened.argument
        elif opened.tag == "blockquote" and opened.argument:
            entity["type"] = "expandable_blockquote"
        elif opened.tag == "pre":
            if same and last is not None and last["type"] == "code" and (language := last.pop("language", None)):
                last["type"] = "pre"
                last["language"] = language
                return
        elif opened.tag == "code" and opened.argument:
            if same and last is not None and last["type"] == "pre":
                last["language"] = opened.argument
                return
            entity["language"] = opened.argument
        self.entities.append(entity)


def unescaped(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if name:
            return NAMED[name]
        number = int(decimal) if decimal else int(hexadecimal, 16)
        return chr(number) if 0 < number < 0x110000 else match.group()

    return _ENTITY.sub(replace, text) if "&" in text else text


def link_entity(url: str) -> Json | None:
    """What a link becomes: a mention of a person, a link, or nothing when it is no address."""
    if match := re.fullmatch(r"tg:(?://)?user\?id=(\d+)", url):
        return {"type": "text_mention", "user": {"id": int(match.group(1))}}
    if re.fullmatch(r"(?i)(?:https?|tg|ton|ftp|tonsite)://\S+", url) or url.lower().startswith(("mailto:", "tel:")):
        # The server always shows a path, if only the root.
        return {"type": "text_link", "url": url + "/" if re.fullmatch(r"(?i)https?://[^/?#]+", url) else url}
    if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", url):
        return {"type": "text_link", "url": "http://" + url + ("" if re.search(r"[/?#]", url) else "/")}
    return None


def parse_html(text: str) -> tuple[str, list[Json]]:
    plain, entities = _Reader(text).run()
    inside = [
        (entity["offset"], entity["offset"] + entity["length"])
        for entity in entities
        if entity["type"] in ("code", "pre")
    ]
    kept = []
    for entity in entities:
        if entity["type"] == "code":
            entity.pop("language", None)
        start, end = entity["offset"], entity["offset"] + entity["length"]
        if entity["type"] not in ("code", "pre", "blockquote", "expandable_blockquote") and any(
            first < end and start < last for first, last in inside
        ):
            # Code takes no other format inside or around it.
            continue
        kept.append(entity)
    return plain, kept
