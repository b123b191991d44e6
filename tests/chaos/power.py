"""A disk that forgets: everything SQLite writes is noted, so that afterwards the disk can be made as a power cut at any
moment would have left it.

    child    `remember(journal)`: a VFS around SQLite's own, through ctypes, before the first connection
             journal: writes, truncations, syncs; and the moments at which something depends on them:
             a getUpdates that acknowledges, a message that is about to leave
    parent   `Disk(base, journal).at(moment, chance)`: what had been synced, and of the rest any sectors, also parts
             of one write

Only files matter here: the `-shm` beside them is memory and is gone, as it would be.
"""

from __future__ import annotations

import ctypes
import os
import random
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = struct.Struct("<cBqqI")
"""Of a record: what, which file, two numbers, how many bytes follow."""
WRITE, TRUNCATE, SYNCED, DELETE, ACKNOWLEDGES, LEAVES = b"W", b"T", b"S", b"D", b"A", b"L"
DATABASE, LOG = 0, 1
IO_ERROR = 10

_int, _pointer, _long = ctypes.c_int, ctypes.c_void_p, ctypes.c_int64
Open = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _pointer, _int, _pointer)
Delete = ctypes.CFUNCTYPE(_int, _pointer, ctypes.c_char_p, _int)
Write = ctypes.CFUNCTYPE(_int, _pointer, _pointer, _int, _long)
Truncate = ctypes.CFUNCTYPE(_int, _pointer, _long)
Sync = ctypes.CFUNCTYPE(_int, _pointer, _int)


class Vfs(ctypes.Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", _int),
        ("file_size", _int),
        ("longest_path", _int),
        ("next", _pointer),
        ("name", ctypes.c_char_p),
        ("data", _pointer),
        ("open", _pointer),
        ("delete", _pointer),
        ("others", _pointer * 13),
    )


class Methods(ctypes.Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", _int),
        ("close", _pointer),
        ("read", _pointer),
        ("write", _pointer),
        ("truncate", _pointer),
        ("sync", _pointer),
        ("others", _pointer * 13),
    )


def library() -> ctypes.CDLL:
    """The SQLite that Python itself has loaded. Raises OSError when it cannot be reached from outside."""
    import _sqlite3

    with open("/proc/self/maps", encoding="utf-8") as maps:
        loaded = [line.split(maxsplit=5)[-1].strip() for line in maps if "libsqlite3" in line]
    found = ctypes.CDLL(loaded[0] if loaded else getattr(_sqlite3, "__file__", None))
    if not hasattr(found, "sqlite3_vfs_register"):
        raise OSError("Python's SQLite is not a library of its own here")
    return found


# ---------------------------------------------------------------- the child's side


class Journal:
    """What was done to the files, in order. For one process; its threads may share it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._turn = threading.Lock()
        self.length = 0
        """Records so far."""

    def note(self, what: bytes, file: int, one: int = 0, two: int = 0, data: bytes = b"") -> None:
        """One record, whole in one write."""
        with self._turn:
            os.write(self._file, HEAD.pack(what, file, one, two, len(data)) + data)
            self.length += 1


_kept: list[Any] = []
"""What SQLite calls must not be collected."""


def remember(path: str) -> None:
    """From now on every connection of this process notes here what it does to its files."""
    sqlite, journal = library(), Journal(path)
    sqlite.sqlite3_vfs_find.restype = _pointer
    address = sqlite.sqlite3_vfs_find(None)
    usual = Vfs.from_address(address)
    ours = Vfs.from_buffer_copy(usual)
    ours.name = b"remembering"
    files: dict[int, int] = {}
    tables: dict[int, Methods] = {}
    open_usually, delete_usually = Open(usual.open), Delete(usual.delete)

    def which(name: bytes | None) -> int | None:
        return None if not name else LOG if name.endswith(b".db-wal") else DATABASE if name.endswith(b".db") else None

    def opens(_: Any, name: Any, file: Any, flags: int, out: Any) -> int:
        # The name as the pointer that it is: behind its end SQLite keeps what belongs to it.
        code = int(open_usually(address, name, file, flags, out))
        kind = which(ctypes.string_at(name) if name else None)
        methods = _pointer.from_address(file)
        if code == 0 and kind is not None and methods.value:
            files[file] = kind
            if methods.value not in tables:
                tables[methods.value] = _noting(Methods.from_address(methods.value), files, journal)
            methods.value = ctypes.addressof(tables[methods.value])
        return code

    def deletes(_: Any, name: bytes, sync: int) -> int:
        code = int(delete_usually(address, name, sync))
        if (kind := which(name)) is not None and code == 0:
            journal.note(DELETE, kind)
        return code

    hooks = Open(_or_end(opens)), Delete(_or_end(deletes))
    ours.open, ours.delete = (ctypes.cast(hook, _pointer) for hook in hooks)
    _kept.extend((ours, hooks, tables, open_usually, delete_usually))
    assert sqlite.sqlite3_vfs_register(ctypes.byref(ours), 1) == 0
    _note_what_depends_on_it(journal)


def _noting(usual: Methods, files: dict[int, int], journal: Journal) -> Methods:
    """The same methods of a file, that note what they do."""
    noting = Methods.from_buffer_copy(usual)
    write, truncate, sync = Write(usual.write), Truncate(usual.truncate), Sync(usual.sync)

    def writes(file: int, data: Any, count: int, offset: int) -> int:
        journal.note(WRITE, files[file], offset, 0, ctypes.string_at(data, count))
        return int(write(file, data, count, offset))

    def truncates(file: int, size: int) -> int:
        journal.note(TRUNCATE, files[file], size)
        return int(truncate(file, size))

    def syncs(file: int, flags: int) -> int:
        # What another thread writes meanwhile is not promised.
        begun = journal.length
        code = int(sync(file, flags))
        if code == 0:
            journal.note(SYNCED, files[file], begun)
        return code

    hooks = Write(_or_end(writes)), Truncate(_or_end(truncates)), Sync(_or_end(syncs))
    noting.write, noting.truncate, noting.sync = (ctypes.cast(hook, _pointer) for hook in hooks)
    _kept.extend((hooks, write, truncate, sync))
    return noting


def _or_end(hook: Callable[..., int]) -> Callable[..., int]:
    """SQLite would take an exception in here for success."""

    def safe(*args: Any) -> int:
        try:
            return hook(*args)
        except BaseException:  # noqa: BLE001  (nothing can be raised through C)
            traceback.print_exc()
            os._exit(IO_ERROR)

    return safe


def _note_what_depends_on_it(journal: Journal) -> None:
    from bot.inbox import Poller
    from scheduler.courier import Courier
    from scheduler.results import Attempt

    get, send = Poller._get, Courier._send

    async def acknowledges(self: Poller, offset: int | None, wait: int) -> list[object]:
        if offset is not None:
            journal.note(ACKNOWLEDGES, DATABASE, offset)
        return await get(self, offset, wait)

    async def leaves(self: Courier, attempt: Attempt) -> None:
        journal.note(LEAVES, DATABASE, attempt.row.id, attempt.attempts)
        await send(self, attempt)

    Poller._get, Courier._send = acknowledges, leaves  # type: ignore[method-assign]


# ---------------------------------------------------------------- the parent's side


@dataclass(frozen=True)
class Record:
    """One line of the journal."""

    what: bytes
    file: int
    one: int
    two: int
    data: bytes


def read(path: Path) -> list[Record]:
    """The whole journal; a record that its process did not end is left out."""
    text, at, found = path.read_bytes(), 0, list[Record]()
    while at + HEAD.size <= len(text):
        what, file, one, two, count = HEAD.unpack_from(text, at)
        at += HEAD.size + count
        if at <= len(text):
            found.append(Record(what, file, one, two, text[at - count : at]))
    return found


@dataclass
class Disk:
    """The files as they were when the journal began, and what came since."""

    base: bytes
    records: list[Record] = field(repr=False)

    def at(self, moment: int, chance: random.Random) -> tuple[bytes, bytes]:
        """Database and log as a power cut before this record leaves them: of what was not synced any sectors."""
        synced = {r.file: r.one for r in self.records[:moment] if r.what == SYNCED}
        sector, survives = chance.choice((512, 4096)), chance.choice((0.0, 0.5, 0.9, chance.random()))
        files = {DATABASE: bytearray(self.base), LOG: bytearray()}
        for n, record in enumerate(self.records[:moment]):
            file, certain = files[record.file], n < synced.get(record.file, 0)
            if record.what == DELETE:
                # SQLite deletes a log only when all of it has been synced elsewhere.
                file.clear()
            elif record.what == TRUNCATE and (certain or chance.random() < survives):
                del file[record.one :]
                file.extend(bytes(record.one - len(file)))
            elif record.what == WRITE:
                for offset, part in _sectors(record, sector):
                    if certain or chance.random() < survives:
                        file.extend(bytes(max(offset + len(part) - len(file), 0)))
                        file[offset : offset + len(part)] = part
        return bytes(files[DATABASE]), bytes(files[LOG])

    @property
    def moments(self) -> list[int]:
        """Just after something was acknowledged or has left: when most depends on what was written before."""
        return [n + 1 for n, record in enumerate(self.records) if record.what in (ACKNOWLEDGES, LEAVES)]


def _sectors(record: Record, size: int) -> Iterator[tuple[int, bytes]]:
    """A write by the sectors that it touches: the offset of each part, and the part."""
    at, end = record.one, record.one + len(record.data)
    while at < end:
        until = min(end, at - at % size + size)
        yield at, record.data[at - record.one : until - record.one]
        at = until
