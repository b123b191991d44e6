"""The same attacker with the disk of PostgreSQL's server: its data files and its write-ahead log, byte by byte.

No version of a row, new or old, holds an id beside words that were said without a name. What cannot be hidden stands
in docs/security.md, "Who held the server's disk": the numbers of transactions, and the order of the log.
"""

from __future__ import annotations

import contextlib
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import database_in
from tests.fuzz.program import program_on
from tests.security import attacker
from tests.security.test_anonymity_sources import (
    TAP,
    TOLD,
    VOTED,
    Lived,
    guessed_no_better_than_by_chance,
    live,
)

PAGE = 8192
HEADER, POINTER, NORMAL = 24, 4, 1
"""Of a page: where its pointers begin, how long one is, and the flag of one that points to a row's version."""
FILES = """
SELECT pg_relation_filepath(c.oid), COALESCE(main.relname, c.relname)
FROM pg_class c LEFT JOIN pg_class main ON main.reltoastrelid = c.oid
WHERE c.relkind IN ('r', 'i', 't') AND c.relfilenode <> 0
"""
"""Every table, index and store of long values that is this database's own, the last by the name of its table."""


@dataclass
class Found:
    """In which tables and indexes, by name, something stands."""

    ids: set[str] = field(default_factory=set)
    words: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By what kind of thing it was: the first letters of its words."""
    joined: set[str] = field(default_factory=set)
    """Where one version of a row holds an id and words that were said without a name."""

    def add(self, name: str, page: bytes, lived: Lived) -> None:
        """What stands on a page."""
        said = [words.encode() for words in lived.marks if words.encode() in page]
        who = any(needle in page for each in lived.students for needle in attacker.forms(each).values())
        for kind in (TAP, TOLD, VOTED):
            if any(words.startswith(kind.partition("{")[0].encode()) for words in said):
                self.words[kind].add(name)
        if who:
            self.ids.add(name)
        if who and said:
            ids = [needle for each in lived.students for needle in attacker.forms(each).values()]
            for version in versions(page):
                if any(words in version for words in said) and any(needle in version for needle in ids):
                    self.joined.add(name)


def versions(page: bytes) -> Iterator[bytes]:
    """What a page holds, one by one (PostgreSQL's documentation, "Database Page Layout")."""
    (lower,) = struct.unpack_from("<H", page, 12)
    for at in range(HEADER, min(lower, PAGE), POINTER):
        (pointer,) = struct.unpack_from("<I", page, at)
        start, flag, length = pointer & 0x7FFF, pointer >> 15 & 3, pointer >> 17
        if flag == NORMAL:
            yield page[start : start + length]


def pages(path: Path) -> Iterator[bytes]:
    """Of a file and of the further ones that it goes on in."""
    for part in (path, *path.parent.glob(f"{path.name}.*")):
        with contextlib.suppress(FileNotFoundError):
            plain = part.read_bytes()
            yield from (plain[at : at + PAGE] for at in range(0, len(plain), PAGE))


async def looked(server: Path, connection: asyncpg.Connection, lived: Lived) -> Found:
    """What the data files hold, when everything that the server has in memory is on the disk."""
    await connection.execute("CHECKPOINT")
    found = Found()
    for path, name in await connection.fetch(FILES):
        for page in pages(server / path):
            found.add(name, page, lived)
    return found


def logged(server: Path, lived: Lived) -> Found:
    """What the write-ahead log holds."""
    found = Found()
    for path in (server / "pg_wal").iterdir():
        if path.is_file():
            for page in pages(path):
                found.add("log", page, lived)
    return found


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_the_servers_files_tell_and_what_they_do_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Path(database_url.partition("host=")[2])
    async with program_on(database_url) as program:
        lived = await live(program, monkeypatch)
        await guessed_no_better_than_by_chance(program.app.database, lived)
        own = await asyncpg.connect(user="postgres", database=database_in(database_url), host=str(server))
        try:
            for how in ("SELECT 1", "VACUUM"):
                await own.execute(how)
                found = await looked(server, own, lived)
                assert found.joined == set(), how
                assert TOLD not in found.words, how
            await own.execute("VACUUM FULL")
            found = await looked(server, own, lived)
        finally:
            await own.close()
        assert found.joined == set()
        assert found.ids == {"people", "uq_people_telegram_id"}
        assert found.words == {TAP: {"words", "tickets"}, VOTED: {"survey_remarks"}}
        await guessed_no_better_than_by_chance(program.app.database, lived)
    found = logged(server, lived)
    assert found.words.keys() == {TAP, VOTED}, "what a report says is sealed wherever it is on its way"
