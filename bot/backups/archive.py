"""What a backup is as a file: a zip archive of three files in the age format (age-encryption.org), so that it opens
without this program, too.

    key.age      an age identity drawn for this backup alone, under the owner's passphrase (scrypt)
    data.age     the database, for that identity: in chunks, each authenticated with its place, the last one marked
    about.age    when it was taken, of which schema and under which key, and the SHA-256 of the database; likewise

Without this program: `unzip FILE`, `age -d -i key.age data.age > data`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import pyrage
from pyrage import passphrase as under
from pyrage.x25519 import Identity as Identity

KEY, DATA, ABOUT = "key.age", "data.age", "about.age"
FORMAT = 1
DAMAGED = "it is damaged, cut off or no backup of this program"


class Unusable(Exception):
    """The file cannot be used; says why, in one sentence."""


@dataclass(frozen=True)
class About:
    """What a backup is of."""

    engine: str
    """"sqlite" or "postgresql"."""
    revision: str
    keyprint: str
    taken_at: str
    """ISO 8601, UTC."""
    sha256: str = ""
    size: int = 0
    """Bytes of the database as it is in there."""
    format: int = FORMAT


class _Through(io.RawIOBase):
    """Counts and hashes what is read from, or written to, another file; without one it only counts and hashes."""

    def __init__(self, file: IO[bytes] | None) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        self.failed: OSError | None = None
        """Why it could not be written to: on the way through another language an error loses its kind."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert self._file is not None
        data = self._file.read(size)
        self._count(data)
        return data

    def write(self, data: Any) -> int:
        if self._file is not None:
            try:
                self._file.write(data)
            except OSError as error:
                self.failed = error
                raise
        self._count(data)
        return len(data)

    def _count(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def write(path: Path, source: IO[bytes], about: About, passphrase: str) -> Identity:
    """Write a new file, readable by its owner only, and have it on the disk. Returns what opens it, for `check`. Raises
    OSError, FileExistsError where there is one.
    """
    identity = Identity.generate()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(KEY, under.encrypt(str(identity).encode(), passphrase))
            through = _Through(source)
            with archive.open(DATA, "w", force_zip64=True) as member:
                pyrage.encrypt_io(through, member, [identity.to_public()])
            known = asdict(about) | {"sha256": through.digest, "size": through.size}
            archive.writestr(ABOUT, pyrage.encrypt(json.dumps(known).encode(), [identity.to_public()]))
        file.flush()
        os.fsync(file.fileno())
    return identity


def unlock(path: Path, passphrase: str) -> Identity:
    """What opens the rest of a file. Raises Unusable."""
    with _opened(path) as archive:
        sealed = archive.read(KEY)
        try:
            return Identity.from_str(under.decrypt(sealed, passphrase).decode())
        except pyrage.DecryptError:
            raise Unusable("the passphrase does not open it") from None


def check(path: Path, identity: Identity) -> About:
    """Read all of a file and hold it against what was written. Raises Unusable where one byte is another."""
    about = about_of(path, identity)
    through = _Through(None)
    _copy(path, identity, through)
    if (through.digest, through.size) != (about.sha256, about.size):
        raise Unusable("what it holds is not what was written")
    return about


def about_of(path: Path, identity: Identity) -> About:
    """What it is of. Raises Unusable."""
    with _opened(path) as archive:
        known = json.loads(pyrage.decrypt(archive.read(ABOUT), [identity]))
    if known["format"] != FORMAT:
        raise Unusable("it was made by a newer program, which is needed to restore it")
    return About(**known)


def copy(path: Path, identity: Identity, to: IO[bytes]) -> None:
    """Write the database that is in it to a file. Raises Unusable and OSError."""
    _copy(path, identity, _Through(to))


def unpack(path: Path, identity: Identity, to: Path) -> None:
    """The same into a new file, readable by its owner only, and on the disk."""
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:
        copy(path, identity, file)
        file.flush()
        os.fsync(file.fileno())


def _copy(path: Path, identity: Identity, through: _Through) -> None:
    with _opened(path) as archive, archive.open(DATA) as member:
        try:
            pyrage.decrypt_io(member, through, [identity])
        except OSError:
            if through.failed is not None:
                raise through.failed from None
            raise Unusable(DAMAGED) from None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, pyrage.DecryptError):
        raise Unusable(DAMAGED) from None
