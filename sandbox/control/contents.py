"""What a person's message is made of: words, media, an album, a place, a card, a die."""

import base64
import struct
import zlib
from typing import Any

from sandbox.files import File
from sandbox.methods.media import CAPTIONED, DICE, MEDIA_FIELDS, described
from sandbox.refusals import ControlError
from sandbox.shapes import Json
from sandbox.text import formatted
from sandbox.world import World

OTHERS = ("location", "venue", "contact", "dice", "sticker")


def contents(world: World, wish: Json) -> list[Json]:
    """One message's content, or several for an album."""
    media = wish.get("media")
    if media is None:
        for kind in OTHERS:
            if wish.get(kind) is not None:
                given = wish[kind]
                media = {"type": kind, **(given if isinstance(given, dict) else {})}
    if media is None:
        return [words(wish.get("text"), wish.get("entities"))]
    if isinstance(media, list):
        if not 1 <= len(media) <= 10:
            raise ControlError("an album has 1 to 10 items")
        return [piece(world, item) for item in media]
    if wish.get("text") and "caption" not in media:
        media = {**media, "caption": wish["text"]}
    return [piece(world, media)]


def words(text: Any, entities: Any) -> Json:
    if text is None:
        raise ControlError("say what? text, media, location, contact, venue, sticker or dice")
    plain, found = formatted(str(text), None, None)
    if entities:
        found = entities
    if not plain:
        raise ControlError("a message needs text")
    return {"text": plain, "entities": found} if found else {"text": plain}


def piece(world: World, item: Json) -> Json:
    kind = item.get("type")
    if kind in MEDIA_FIELDS:
        shape = described(file_of(world, str(kind), item), str(kind), item)
        content: Json = {str(kind): shape}
        if kind == "animation":
            content["document"] = {k: v for k, v in shape.items() if k not in ("width", "height", "duration")}
        if item.get("caption") and kind in CAPTIONED:
            said = words(item["caption"], item.get("entities"))
            content["caption"] = said["text"]
            if "entities" in said:
                content["caption_entities"] = said["entities"]
        return content
    if kind == "location":
        return {"location": _place(item)}
    if kind == "venue":
        venue = {
            "location": _place(item.get("location") or item),
            "title": item.get("title", "Library"),
            "address": item.get("address", "1 College Road"),
        }
        return {"venue": venue, "location": venue["location"]}
    if kind == "contact":
        contact: Json = {"phone_number": item.get("phone_number", "+8613800000000")}
        contact["first_name"] = item.get("first_name", "Somebody")
        for name in ("last_name", "user_id", "vcard"):
            if item.get(name):
                contact[name] = item[name]
        return {"contact": contact}
    if kind == "dice":
        emoji = item.get("emoji", "🎲")
        value = item.get("value") or 1 + int(world.unique()) % DICE.get(emoji, 6)
        return {"dice": {"emoji": emoji, "value": int(value)}}
    raise ControlError(f"no media of type {kind!r}")


def _place(item: Json) -> Json:
    return {"latitude": float(item.get("latitude", 39.99)), "longitude": float(item.get("longitude", 116.31))}


def file_of(world: World, kind: str, item: Json) -> File:
    if item.get("file_id"):
        return world.files.known(item["file_id"])
    data = base64.b64decode(item["file"]) if item.get("file") else None
    if data is None:
        data = picture(len(world.people)) if kind in ("photo", "sticker") else b"sandbox " + kind.encode()
    size = item.get("file_size")
    return world.files.add(kind, data, item.get("file_name"), item.get("mime_type"), int(size) if size else None)


def picture(shade: int) -> bytes:
    """A small PNG with a gradient, for photos nobody cared to bring."""
    width, height = 160, 120
    rows = b"".join(
        b"\0" + b"".join(bytes((60 + x, (80 + shade * 40 + y) % 256, 200 - y)) for x in range(width))
        for y in range(height)
    )

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
