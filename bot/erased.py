"""What stands in place of words that were erased, by what they had been: Telegram lets a picture become only another
picture, and a file another file.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

SIDE = 64
GREY = 0xD0


def _picture() -> bytes:
    """A small grey square, as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([GREY]) * SIDE) * SIDE
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def instead(was: str, text: str) -> tuple[str, dict[str, Any]] | None:
    """The method that edits such a message, and what it shows from then on; None for what cannot be edited."""
    if was == "text":
        return "editMessageText", {"text": text, "parse_mode": "HTML"}
    caption = {"caption": text, "parse_mode": "HTML"}
    if was == "voice":
        return "editMessageCaption", caption
    if was in ("photo", "video", "animation"):
        return "editMessageMedia", {"media": {"type": "photo", "media": _file(_picture(), "erased.png"), **caption}}
    if was in ("document", "audio"):
        return "editMessageMedia", {"media": {"type": "document", "media": _file(b"-\n", "erased.txt"), **caption}}
    return None


def _file(data: bytes, name: str) -> dict[str, str]:
    return {"$file": base64.b64encode(data).decode(), "name": name}
