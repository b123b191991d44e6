"""From what a bot or a person sends to what Telegram keeps.

The order matters and is Telegram's: markup is parsed, blanks at both ends are cut, links and commands are
found, and only then is the length measured.
"""

from typing import Any

from sandbox.refusals import bad_request
from sandbox.shapes import Json
from sandbox.text.detect import detect
from sandbox.text.html import parse_html
from sandbox.text.markdown import parse_markdown, parse_markdown_v2

# Formats that may be joined where two of them touch.
JOINED = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
KNOWN = JOINED | {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
}
# Entities that only the server itself finds; whatever a bot claims about them is ignored.
FOUND = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"})


def utf16(text: str) -> int:
    """Length in UTF-16 units, the unit of every offset in the Bot API."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def formatted(text: str, parse_mode: str | None, entities: list[Json] | None) -> tuple[str, list[Json]]:
    """The plain text and its entities; raises Telegram's refusal when the markup cannot be parsed."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
    found: list[Json] = []
    if entities:
        found = checked_entities(text, entities)
    elif parse_mode:
        mode = parse_mode.lower()
        try:
            if mode == "html":
                if "<" in text or "&" in text:
                    text, found = parse_html(text)
            elif mode == "markdownv2":
                text, found = parse_markdown_v2(text)
            elif mode == "markdown":
                text, found = parse_markdown(text)
            elif mode != "none":
                raise bad_request("unsupported parse_mode")
        except ValueError as error:
            raise bad_request(f"can't parse entities: {error}") from None
    text, found = trimmed(text.replace("\r", ""), found)
    found += detect(text, found)
    if len(found) > 1:
        found = tidy(found)
    return text, found


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    kept = text.strip()
    if len(kept) == len(text):
        return text, entities
    lead = utf16(text[: len(text) - len(text.lstrip())])
    length = utf16(kept)
    moved = []
    for entity in entities:
        start = max(0, entity["offset"] - lead)
        end = min(length, entity["offset"] + entity["length"] - lead)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return kept, moved


def tidy(entities: list[Json]) -> list[Json]:
    """Outer before inner, touching formats of one kind joined."""
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    last: dict[str, Json] = {}
    kept: list[Json] = []
    for entity in entities:
        kind = entity["type"]
        if kind in JOINED:
            before = last.get(kind)
            if before is not None and before["offset"] + before["length"] >= entity["offset"]:
                end = max(before["offset"] + before["length"], entity["offset"] + entity["length"])
                before["length"] = end - before["offset"]
                continue
            last[kind] = entity
        kept.append(entity)
    return kept


def checked_entities(text: str, entities: list[Any]) -> list[Json]:
    """The entities a bot gives instead of a parse mode, within the text and of kinds that may be given."""
    length = utf16(text)
    kept = []
    for given in entities:
        kind = given.get("type")
        if kind not in KNOWN:
            raise bad_request("can't parse MessageEntity: unsupported type specified")
        offset, span = int(given["offset"]), int(given["length"])
        if offset < 0 or offset > 1_000_000:
            raise bad_request(f"can't parse entities: receive an entity with incorrect offset {offset}")
        if span < 0 or span > 1_000_000:
            raise bad_request(f"can't parse entities: receive an entity with incorrect length {span}")
        if offset > length:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if offset + span > length:
            raise bad_request(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at "
                f"UTF-16 offset {offset + span}"
            )
        if kind not in FOUND and span:
            kept.append({name: value for name, value in given.items() if value is not None})
    return kept
