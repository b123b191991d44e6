"""Files brought in at the machine with `--apply`: a bad one is refused in words, and then nothing is as much as
touched, neither the database nor the configuration nor a folder; where one row is bad the good ones wait as well.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import Result

from bot.cli import imports
from bot.toolbox import utcnow
from models import colleagues, stations
from models.database import Database
from models.union import posts
from tests.bot.test_imports import SOUTH, called
from tests.bot.test_imports import settings as chosen
from tests.bot.test_imports import union as union
from tests.fuzz.test_files import bent, sample
from tests.house import staff

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ROSTER = "number,name,college,level,audience,building,floor\n2026000001,Zhang,Law,BA,undergraduate,e1,3\n"
GOOD: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "canned": ("canned.csv", sample("canned.csv"), ()),
    "duty": ("duty.csv", sample("duty.csv"), ("--station", "east")),
    "posts": ("posts.csv", sample("posts.csv").replace(b"media", b"culture"), ()),
    "roster": ("students.csv", ROSTER.encode(), ()),
    "config": ("other.toml", b"", ()),
    "faq": ("heating.en.md", sample("article.en.md"), ()),
}
"""Of each importer a file that is right, and what else its command takes."""
BAD_ROW: dict[str, bytes] = {
    "canned": "nowhere,main,水管,水管,Closed\n".encode(),
    "duty": b"someday,08:30,10:00,Wang\n",
    "posts": b"\nstaff,nowhere,Li,2026-09-01,2027-06-30,2026-08-30,\n",
    "roster": b"2026000001,Twice,Law,BA,undergraduate,e1,3\n",
    "config": b'\n[[stations]]\nkey = "east"\n',
    "faq": b"\n\xff\xfe",
}
"""Added to the right file, it makes it wrong."""


def state(folder: Path, database_url: str) -> str:
    """Everything that a command might touch, in short: every row, and every file but what is brought in."""
    digest = hashlib.sha256()
    with sqlite3.connect(database_url.removeprefix("sqlite:///")) as database:
        for line in database.iterdump():
            digest.update(line.encode("utf-8", "surrogatepass"))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "unionbot.db" not in path.name and "in" not in path.parts:
            digest.update(f"{path}:{path.stat().st_size}".encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture
async def desk(union: Path, database_url: str) -> Path:
    """The union, with a folder of articles of its own and somebody who can be on duty."""
    (union / "faq").mkdir()
    (union / "in").mkdir()
    config = union / "config.toml"
    text = config.read_text("utf-8")
    ours = text.replace('[faq]\nfolder = ""', f'[faq]\nfolder = "{union / "faq"}"', 1)
    assert ours != text
    config.write_text(ours, encoding="utf-8")
    database = Database(database_url)
    async with database.transaction() as session:
        wang, east = await staff(session), await stations.by_key(session, "east")
        assert east is not None
        await colleagues.seen(session, east, wang, utcnow())
        await posts.follow_config(session, {each.key: each.name for each in chosen().departments})
    await database.close()
    return union


def brought(folder: Path, what: str, data: bytes) -> Result:
    """`unionbot import … --apply` with these bytes."""
    name, _, more = GOOD[what]
    path = folder / "in" / name
    path.write_bytes(data)
    return called(folder, "import", what, str(path.parent if what == "faq" else path), *more, "--apply")


def right(folder: Path, what: str) -> bytes:
    """The file as it should be."""
    if what == "config":
        return (folder / "config.toml").read_text("utf-8").replace(SOUTH, "").encode()
    return GOOD[what][1]


def judge(result: Result, before: str, after: str) -> None:
    """Whether it was brought in, or refused in words and nothing touched. Fails otherwise."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.output.strip(), "not a word"
    assert "Traceback" not in result.output
    if result.exit_code:
        assert before == after, result.output


def test_every_importer_stands_here() -> None:
    names = {each.name or (each.callback.__name__ if each.callback else "") for each in imports.app.registered_commands}
    assert names == set(GOOD) == set(BAD_ROW)


@on_sqlite
@pytest.mark.parametrize("what", GOOD)
def test_where_one_row_is_bad_nothing_is_brought_in(what: str, desk: Path, database_url: str) -> None:
    before, good = state(desk, database_url), right(desk, what)
    result = brought(desk, what, good + BAD_ROW[what])
    assert result.exit_code, result.output
    judge(result, before, state(desk, database_url))
    result = brought(desk, what, good)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert state(desk, database_url) != before, "otherwise nothing would ever be brought in"


@on_sqlite
@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("what", GOOD)
def test_a_bent_file_is_brought_in_whole_or_not_at_all(what: str, desk: Path, database_url: str) -> None:
    good = right(desk, what)

    @settings(max_examples=300, deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
    @given(bent(good))
    def look(data: bytes) -> None:
        before = state(desk, database_url)
        judge(brought(desk, what, data), before, state(desk, database_url))

    look()
