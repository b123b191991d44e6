"""Telegram's two Markdowns: the strict MarkdownV2 and the old one.

Offsets in the refusals count bytes of the text as it was sent.
"""

from dataclasses import dataclass

from sandbox.shapes import Json
from sandbox.text.html import link_entity

RESERVED = frozenset("_*[]()~`>#+-=|{}.!\n")
NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(slots=True)
class Open:
    kind: str
    argument: str
    offset: int
    begin: int
    parts: int

    @property
    def name(self) -> str:
        return "PreCode" if self.kind == "pre" and self.argument else NAMES[self.kind]


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[str] = []
        self.length = 0
        self.entities: list[Json] = []
        self.open: list[Open] = []
        self.at = 0
        self.quoted = False
        self.line_start = True

    def bytes(self, position: int) -> int:
        return len(self.text[:position].encode())

    def say(self, plain: str) -> None:
        self.parts.append(plain)
        self.length += _units(plain)

    def ahead(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def unfinished(self, opened: Open) -> ValueError:
        return ValueError(f"Can't find end of {opened.name} entity at byte offset {self.bytes(opened.begin)}")

    def reserved(self) -> ValueError:
        return ValueError(f"Character '{self.text[self.at]}' is reserved and must be escaped with the preceding '\\'")

    def run(self) -> tuple[str, list[Json]]:
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            if char == "\\" and self.at + 1 < len(text) and 0 < ord(text[self.at + 1]) <= 126:
                self.say(text[self.at + 1])
                self.at += 2
                self.line_start = False
                continue
            inside = self.open[-1].kind if self.open else None
            special = char == "`" if inside in ("code", "pre") else char in RESERVED
            if not special:
                self.say(char)
                self.at += 1
                if char != "\r":
                    self.line_start = False
                continue
            if self.ends():
                self.end()
            else:
                self.begin()
        if self.quoted and self.open and self.open[-1].kind in ("blockquote", "spoiler"):
            self.end_quote()
        if self.open:
            raise self.unfinished(self.open[-1])
        return "".join(self.parts), self.entities

    def ends(self) -> bool:
        if not self.open:
            return False
        kind = self.open[-1].kind
        char = self.text[self.at]
        if char == "\n":
            return self.quoted and not self.text.startswith(">", self.at + 1)
        match kind:
            case "bold":
                return char == "*"
            case "italic":
                return char == "_" and not self.ahead("__")
            case "underline":
                return self.ahead("__")
            case "strikethrough":
                return char == "~"
            case "spoiler":
                return self.ahead("||")
            case "code":
                return char == "`"
            case "pre":
                return self.ahead("```")
            case "text_link" | "custom_emoji":
                return char == "]"
        return False

    def begin(self) -> None:
        text, begin = self.text, self.at
        char = text[begin]
        if self.open and self.open[-1].kind in ("code", "pre"):
            # A single back-tick inside a block of code is just itself.
            self.say(char)
            self.at += 1
            return
        argument = ""
        step = 1
        if self.ahead("__"):
            kind, step = "underline", 2
        elif char == "_":
            kind = "italic"
        elif char == "*":
            kind = "bold"
        elif char == "~":
            kind = "strikethrough"
        elif self.ahead("||"):
            kind, step = "spoiler", 2
        elif char == "[":
            kind = "text_link"
        elif self.ahead("!["):
            kind, step = "custom_emoji", 2
        elif self.ahead("```"):
            kind = "pre"
            argument, step = _language(text, begin + 3)
        elif char == "`":
            kind = "code"
        elif char == "\n":
            self.say("\n")
            self.at += 1
            self.line_start = True
            return
        elif char == ">" and self.line_start:
            self.at += 1
            self.line_start = False
            if self.quoted:
                return
            self.quoted = True
            self.open.append(Open("blockquote", "", self.length, begin, len(self.parts)))
            return
        else:
            raise self.reserved()
        self.line_start = False
        self.at += step
        self.open.append(Open(kind, argument, self.length, begin, len(self.parts)))

    def end(self) -> None:
        if self.text[self.at] == "\n":
            self.end_quote()
            self.say("\n")
            self.at += 1
            self.line_start = True
            return
        opened = self.open.pop()
        self.at += {"underline": 2, "spoiler": 2, "pre": 3}.get(opened.kind, 1)
        entity: Json = {"type": opened.kind, "offset": opened.offset, "length": self.length - opened.offset}
        if opened.kind in ("text_link", "custom_emoji"):
            linked = self.address(opened)
            if linked is None:
                return
            entity.update(linked)
        elif opened.kind == "pre" and opened.argument:
            entity["language"] = opened.argument
        if entity["length"] > 0:
            self.entities.append(entity)

    def end_quote(self) -> None:
        """A quotation ends with its last line; `||` at its very end makes it expandable."""
        kind = "blockquote"
        top = self.open[-1]
        if top.kind == "spoiler" and top.begin == len(self.text[: self.at].rstrip("\r")) - 2:
            self.open.pop()
            kind = "expandable_blockquote"
        if not self.open or self.open[-1].kind != "blockquote":
            raise self.unfinished(self.open[-1] if self.open else top)
        opened = self.open.pop()
        self.quoted = False
        if self.length > opened.offset:
            self.entities.append({"type": kind, "offset": opened.offset, "length": self.length - opened.offset})

    def address(self, opened: Open) -> Json | None:
        """The part in round brackets after a link's text."""
        text = self.text
        if not text.startswith("(", self.at):
            if opened.kind == "custom_emoji":
                raise ValueError("The entity must contain a tg://emoji or tg://time URL")
            return link_entity("".join(self.parts[opened.parts :]))
        begin = self.at
        position = begin + 1
        url: list[str] = []
        while position < len(text) and text[position] != ")":
            if text[position] == "\\" and position + 1 < len(text) and 0 < ord(text[position + 1]) <= 126:
                position += 1
            url.append(text[position])
            position += 1
        if position >= len(text):
            raise ValueError(f"Can't find end of a URL at byte offset {self.bytes(begin)}")
        self.at = position + 1
        address = "".join(url)
        if opened.kind == "custom_emoji":
            number = address.removeprefix("tg://emoji?id=")
            if number == address or not number.isdigit():
                raise ValueError("Invalid tg://emoji or tg://time URL specified")
            return {"custom_emoji_id": number}
        return link_entity(address or "".join(self.parts[opened.parts :]))


def _language(text: str, position: int) -> tuple[str, int]:
    """A code block's language and how many characters the whole opening takes."""
    start = position
    end = start
    while end < len(text) and not text[end].isspace() and text[end] != "`":
        end += 1
    language = ""
    if start != end and end < len(text) and text[end] != "`":
        language = text[start:end]
        position = end
    if text.startswith(("\r\n", "\n\r"), position):
        position += 2
    elif text.startswith(("\n", "\r"), position):
        position += 1
    return language, position - start + 3


def parse_markdown_v2(text: str) -> tuple[str, list[Json]]:
    return _Reader(text).run()


def parse_markdown(text: str) -> tuple[str, list[Json]]:
    """The old Markdown: no nesting, and a mark that is not closed is an error."""
    parts: list[str] = []
    length = 0
    entities: list[Json] = []
    position = 0

    def say(plain: str) -> None:
        nonlocal length
        parts.append(plain)
        length += _units(plain)

    while position < len(text):
        char = text[position]
        if char == "\\" and text[position + 1 : position + 2] in ("_", "*", "`", "["):
            say(text[position + 1])
            position += 2
            continue
        if char not in "_*`[":
            say(char)
            position += 1
            continue
        begin = position
        offset = length
        language = ""
        mark = "]" if char == "[" else char
        if text.startswith("```", position):
            mark = "```"
            language, step = _language(text, position + 3)
            position += step
        else:
            position += 1
        end = text.find(mark, position)
        if end < 0:
            raise ValueError(f"Can't find end of the entity starting at byte offset {len(text[:begin].encode())}")
        inner = text[position:end]
        say(inner)
        position = end + len(mark)
        address = inner
        if char == "[" and text.startswith("(", position):
            close = text.find(")", position)
            close = len(text) if close < 0 else close
            address = text[position + 1 : close]
            position = close + 1
        if length == offset:
            continue
        entity: Json = {"offset": offset, "length": length - offset}
        match char:
            case "_":
                entity["type"] = "italic"
            case "*":
                entity["type"] = "bold"
            case "[":
                linked = link_entity(address)
                if linked is None:
                    continue
                entity.update(linked)
            case _:
                entity["type"] = "pre" if mark == "```" else "code"
                if language:
                    entity["language"] = language
        entities.append(entity)
    return "".join(parts), entities
