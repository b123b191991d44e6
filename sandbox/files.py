"""The files that were sent: kept in memory, found again by file_id, downloaded by path."""

import hashlib
import itertools
import mimetypes
import struct
from dataclasses import dataclass

from sandbox.refusals import bad_request

DOWNLOAD_LIMIT = 20 * 1024 * 1024
UPLOAD_LIMIT = 50 * 1024 * 1024
PHOTO_LIMIT = 10 * 1024 * 1024

PREFIXES = {
    "photo": "AgACAgIAAx",
    "video": "BAACAgIAAx",
    "audio": "CQACAgIAAx",
    "voice": "AwACAgIAAx",
    "document": "BQACAgIAAx",
    "animation": "CgACAgIAAx",
    "video_note": "DQACAgIAAx",
    "sticker": "CAACAgIAAx",
    "thumbnail": "AAMCAgADGQ",
}
FOLDERS = {
    "photo": "photos",
    "video": "videos",
    "audio": "music",
    "voice": "voice",
    "document": "documents",
    "animation": "animations",
    "video_note": "video_notes",
    "sticker": "stickers",
    "thumbnail": "thumbnails",
}
SUFFIXES = {
    "photo": ".jpg",
    "video": ".mp4",
    "audio": ".mp3",
    "voice": ".oga",
    "animation": ".mp4",
    "video_note": ".mp4",
    "sticker": ".webp",
    "thumbnail": ".jpg",
    "document": "",
}
TYPES = {
    "photo": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "animation": "video/mp4",
    "video_note": "video/mp4",
    "sticker": "image/webp",
    "thumbnail": "image/jpeg",
    "document": "application/octet-stream",
}


@dataclass(slots=True)
class File:
    file_id: str
    unique_id: str
    kind: str
    data: bytes
    name: str | None
    mime_type: str
    path: str
    width: int
    height: int
    # A test may claim a size it does not carry, to meet the download limit without 20 MB of bytes.
    size: int


class Files:
    def __init__(self) -> None:
        self._by_id: dict[str, File] = {}
        self._by_path: dict[str, File] = {}
        self._count = itertools.count()

    def add(
        self,
        kind: str,
        data: bytes,
        name: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
    ) -> File:
        number = next(self._count)
        unique = "AQAD" + hashlib.sha256(data + kind.encode()).hexdigest()[:12]
        file_id = f"{PREFIXES[kind]}{number:08x}{hashlib.sha256(f'{number}{kind}'.encode()).hexdigest()[:40]}"
        guessed = mimetypes.guess_type(name)[0] if name else None
        suffix = SUFFIXES[kind] or ("." + name.rsplit(".", 1)[1] if name and "." in name else "")
        width, height = dimensions(data) or (320, 240)
        file = File(
            file_id=file_id,
            unique_id=unique,
            kind=kind,
            data=data,
            name=name,
            mime_type=mime_type or guessed or sniffed(data) or TYPES[kind],
            path=f"{FOLDERS[kind]}/file_{number}{suffix}",
            width=width,
            height=height,
            size=len(data) if size is None else size,
        )
        self._by_id[file_id] = file
        self._by_path[file.path] = file
        return file

    def get(self, file_id: str) -> File | None:
        return self._by_id.get(file_id)

    def at(self, path: str) -> File | None:
        return self._by_path.get(path)

    def known(self, file_id: str) -> File:
        file = self._by_id.get(file_id)
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return file


def sniffed(data: bytes) -> str | None:
    """The kind of picture by its first bytes, so that a browser shows what was sent without a name."""
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if data.startswith(b"GIF8"):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF or JPEG; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    if data.startswith(b"GIF8") and len(data) >= 10:
        return struct.unpack("<HH", data[6:10])
    if data.startswith(b"\xff\xd8"):
        position = 2
        while position + 9 < len(data) and data[position] == 0xFF:
            marker = data[position + 1]
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[position + 5 : position + 9])
                return width, height
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return None
