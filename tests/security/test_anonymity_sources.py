"""The same attacker with everything that the machine holds: the database file and its log, the backup with and without
its passphrase, the program's log, the files of the exports. The program itself is played, from update to message
(`tests/fuzz/program.py`): its inbox, its outbox and its postings are there.

What cannot be hidden is shown, too: SQLite's log keeps the last hour (docs/decisions/0003), and who holds that hour
sees who wrote in it.
"""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import logging
import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import exports
from bot.backups import archive, taking
from bot.settings import Settings
from bot.texts import Catalogue
from models import asking, people, surveys
from models.cases import Case
from models.database import Database
from models.people import Audience
from models.questionnaires import EVERYBODY, Kind, Question, Questionnaire
from models.remarks import Remark
from models.tickets import Ticket
from tests.chaos.halfway import PHRASE, Quickly
from tests.fuzz.program import Program, program_on
from tests.house import KEY
from tests.security import attacker
from tests.security.attacker import Guess
from tests.surveying.sheets import names

STUDENTS = 8
BY_CHANCE = 7
"""So many of eight are hit by a random order once in forty thousand times: it is all of them."""
ASKED = Questionnaire(names("How are we doing"), (Question("words", Kind.WORDS, names("What else?")),))
PAGE = 4096
BASE64 = re.compile(r"(?<![\w+/])(?:[\w+/]{4}){16,}(?:[\w+/]{2}==|[\w+/]{3}=)?", re.ASCII)
TAP, TOLD, VOTED = "Tap number {n} drips", "He sold voucher number {n}", "In my view number {n}"


class Student:
    """Somebody who writes and presses; updates as Telegram brings them."""

    def __init__(self, program: Program, id: int, name: str) -> None:
        self._program, self.id, self._who = program, id, {"id": id, "is_bot": False, "first_name": name}

    async def does(self, *steps: str) -> None:
        """Each in turn: a command, words, or a button (`!` and how its payload begins) as it was last shown; with `?`
        only if the newest screen has it.
        """
        for step in steps:
            newest = [b for b in self._program.line.buttons if b[0] == self.id][-6:]
            if step.startswith("?") and not any(payload.startswith(step[1:]) for *_, payload in newest):
                continue
            chat = {"id": self.id, "type": "private"}
            number = self._program.next_update
            if step[0] in "!?":
                shown = [b for b in self._program.line.buttons if b[0] == self.id and b[2].startswith(step[1:])]
                assert shown, (step, newest)
                _, message, payload = shown[-1]
                under = {"message_id": message, "date": 1, "chat": chat, "text": "x"}
                what = {"id": "1", "chat_instance": "1", "data": payload, "from": self._who, "message": under}
                raw = {"update_id": number, "callback_query": what}
            else:
                said = {"message_id": number, "date": 1, "chat": chat, "from": self._who, "text": step}
                if step.startswith("/"):
                    said["entities"] = [{"type": "bot_command", "offset": 0, "length": len(step)}]
                raw = {"update_id": number, "message": said}
            await self._program.take([raw])
            await self._program.speak()


NAMED = ("/new", "!pk:kind:complaint", "!pk:category:repairs", "!pk:category:power")
TICKET = ("/new", "!pk:kind:complaint", "!pk:category:repairs", "!pk:category:water")
REPORT = ("/report", "!zr:begin", "Zhou Dahai of East Station", "!zr:no")


@dataclass
class Lived:
    """What happened, which the attacker must not find out: whose each is."""

    students: dict[int, str]
    truth: dict[str, Guess] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    """Words by which a ticket, a report or a ballot is known; its owner's id, by those words."""


async def fails(session: object, words: object, person: object, *_: object) -> None:
    """A mistake in the middle of filing, which repeats what it met."""
    raise ValueError(f"{words} of {person}")


async def live(program: Program, patch: pytest.MonkeyPatch) -> Lived:
    """Each files a ticket under their name and, at other moments drawn by lot, an anonymous one, a report, a ballot. Of
    one an update is set aside before, and the log tells of it.
    """
    chance = random.Random(1234)
    lived = Lived({chance.randrange(10**9, 10**10): f"Student Nobody{n}" for n in range(STUDENTS)})
    database = program.app.database
    async with database.transaction() as session:
        for each, name in lived.students.items():
            person = await people.meet(session, each, name, None, "en")
            person.agreed, person.audience, person.building = True, Audience.UNDERGRADUATE, "e1"
        survey = await surveys.plan(
            session, key="how", questionnaire=ASKED, target=EVERYBODY, cell=3,
            opens_at=program.now, closes_at=program.now + timedelta(days=1),
        )  # fmt: skip
        assert survey is not None
    await program.pass_time(timedelta(minutes=1))
    await program.speak()
    students = [Student(program, each, name) for each, name in lived.students.items()]
    for n, student in enumerate(chance.sample(students, STUDENTS)):
        await student.does(*NAMED, f"Lamp {n} of mine is dark", "!st:similar", "?st:name", "!pk:name:named", "!st:send")
    with patch.context() as broken:
        broken.setattr(asking, "file", fails)
        await students[0].does(*TICKET, TAP, "!st:similar", "?st:name", "!pk:name:anonymous", "!st:send")
    for kind, steps in (
        (TAP, (*TICKET, TAP, "!st:similar", "?st:name", "!pk:name:anonymous", "!st:send")),
        (TOLD, (*REPORT, TOLD, "!zr:words", "!zr:anonymous", "!zr:send")),
        (VOTED, ("/surveys", "!sv:open", VOTED, "!sv:finish")),
    ):
        for n, student in enumerate(chance.sample(students, STUDENTS)):
            await student.does(*(step.format(n=n) for step in steps))
            lived.marks[kind.format(n=n)] = str(student.id)
            program.now += timedelta(minutes=3)
    await program.pass_time(timedelta(days=1))
    await program.speak()
    return lived


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stretching a passphrase is worth is another test's."""
    monkeypatch.setattr(archive, "under", Quickly)


@pytest.fixture
def log() -> Iterable[io.StringIO]:
    """What an operator's log has, from `info` on."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(root.handlers[0].formatter)
    root.addHandler(handler)
    root.setLevel("INFO")
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


async def truths(database: Database, lived: Lived) -> dict[str, Guess]:
    """Whose each anonymous ticket, report and ballot is, by table and number."""
    owner = {words: int(each) for words, each in lived.marks.items()}
    async with database.reading() as session:
        tickets = {row.id: row.subject for row in await session.scalars(select(Ticket)) if row.subject in owner}
        remarks = {row.id: row.text for row in await session.scalars(select(Remark))}
        cases = sorted(await session.scalars(select(Case.id)))
    told = [words for words in lived.marks if words.startswith(TOLD.partition("{")[0])]
    return {
        "tickets": {number: owner[words] for number, words in tickets.items()},
        "cases": {number: owner[words] for number, words in zip(cases, told, strict=True)},
        "survey_remarks": {number: owner[words] for number, words in remarks.items()},
    }


async def guessed_no_better_than_by_chance(database: Database, lived: Lived) -> None:
    """By the rows, however they lie."""
    rows = await attacker.copied(database)
    for table, truth in (await truths(database, lived)).items():
        assert len(truth) == STUDENTS, table
        # Which are anonymous everybody sees.
        some = {**rows, table: [row for row in rows[table] if row["id"] in truth]}
        found = attacker.hits(attacker.ways(some, table), truth)
        assert all(count < BY_CHANCE for count in found.values()), (table, found)
    salts = [row["salt"] for name in ("requesters", "cases") for row in rows[name] if row["salt"]]
    assert len(salts) == 2 * STUDENTS
    assert not attacker.marks(rows, "people") & attacker.keyless(lived.students, salts).keys()


def unnamed(plain: bytes, lived: Lived, where: str, most: int = 0) -> None:
    """No student's id stands there in any form; where people are listed only as whole numbers, so often."""
    for each in lived.students:
        for form, needle in attacker.forms(each).items():
            allowed = most if form == "6 bytes big" else 0
            assert plain.count(needle) <= allowed, f"{where}: {form}, {plain.count(needle)} times"


def wordless(plain: bytes, lived: Lived, where: str) -> None:
    """No student's name stands there, and nothing they wrote without it."""
    assert not [words for words in (*lived.students.values(), *lived.marks) if words.encode() in plain], where


def apart(plain: bytes, lived: Lived, where: str) -> None:
    """No page of a file holds both what somebody wrote without their name and an id."""
    marks = [words.encode() for words in lived.marks]
    ids = [needle for each in lived.students for needle in attacker.forms(each).values()]
    for at in range(0, len(plain), PAGE):
        page = plain[at : at + PAGE]
        if any(mark in page for mark in marks):
            assert not [needle for needle in ids if needle in page], f"{where}, page {at // PAGE}"


@pytest.mark.rehearsal
async def test_no_row_is_ever_written_that_holds_an_id_beside_words_without_a_name(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for a moment: what was once in a row stays in its old version and in the log."""
    kinds = [kind.partition("{")[0] for kind in (TAP, TOLD, VOTED)]
    rows, found, students = Counter[str](), set[str](), list[int]()

    def writes(_c: object, _u: object, statement: str, parameters: Any, _x: object, many: bool) -> None:
        for row in parameters if many else [parameters]:
            plain = " ".join(map(as_stored, row.values() if isinstance(row, dict) else row))
            said = any(kind in plain for kind in kinds)
            who = any(str(each) in plain for each in students)
            rows.update({"words": said, "an id": who})
            if said and who:
                found.add(statement[:60])

    async with program_on(database_url) as program:
        meet = people.meet

        async def met(session: AsyncSession, telegram_id: int, *rest: Any, **more: Any) -> people.Person:
            students.append(telegram_id)
            return await meet(session, telegram_id, *rest, **more)

        monkeypatch.setattr(people, "meet", met)
        event.listen(program.app.database.engine, "before_cursor_execute", writes)
        await live(program, monkeypatch)
    assert len(set(students)) == STUDENTS
    assert not found
    assert min(rows["words"], rows["an id"]) > 2 * STUDENTS, rows


def as_stored(value: object) -> str:
    """A parameter of a statement; what stands in base64 is opened, because anybody can."""
    plain = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return plain + "".join(base64.b64decode(part).decode("latin-1") for part in BASE64.findall(plain))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_that_the_machine_holds_tells_who_it_was(
    database_url: str, tmp_path: Path, log: io.StringIO, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(database_url.removeprefix("sqlite:///"))

    def on_disk(ending: str = "") -> bytes:
        return path.with_name(f"{path.name}{ending}").read_bytes()

    async with program_on(database_url) as program:
        lived = await live(program, monkeypatch)
        database, chosen = program.app.database, program.app.settings
        wal = on_disk("-wal")
        await guessed_no_better_than_by_chance(database, lived)
        # Once in the table of people and once in its index.
        unnamed(on_disk() + wal, lived, "the file and its log", most=2)
        apart(on_disk(), lived, "the file")
        apart(wal[32:], lived, "its log")
        await told_by_exports(program, lived, tmp_path)
        await told_by_backup(chosen, program, lived, tmp_path)
    text = log.getvalue()
    assert "set aside" in text
    unnamed(text.encode(), lived, "the program's log")
    wordless(text.encode(), lived, "the program's log")


async def told_by_exports(program: Program, lived: Lived, folder: Path) -> None:
    """Both kinds of file, with the names of who gave theirs: nobody else's, and no word of reports and ballots."""
    texts = Catalogue.load(program.app.settings.timezone)["en"]
    which = exports.which({"from": "2026-10-01", "to": "2026-10-31"}, program.app.settings)
    for kind in ("xlsx", "csv"):
        path = folder / f"tickets.{kind}"
        count = await exports.write(
            program.app.database, which, path, kind, texts, program.app.settings, program.now, names=True
        )
        assert count == 2 * STUDENTS
        plain = path.read_bytes()
        if kind == "xlsx":
            with zipfile.ZipFile(path) as book:
                plain = b"".join(book.read(name) for name in book.namelist())
        unnamed(plain, lived, kind)
        for words in lived.marks:
            assert words.startswith(TAP[:3]) or words.encode() not in plain, kind
    rows = list(csv.DictReader(io.StringIO((folder / "tickets.csv").read_text("utf-8-sig"))))
    named = [row["Filed by"] for row in rows if row["Named"] == "yes"]
    assert sorted(named) == sorted(lived.students.values())
    assert not [row for row in rows if row["Named"] == "no" and row["Filed by"]]
    # The order of those who gave their names is not that of the others.
    truth = (await truths(program.app.database, lived))["tickets"]
    ids = {name: each for each, name in lived.students.items()}
    acts = sorted(({"id": number} for number in truth), key=lambda act: act["id"])
    for backwards in (False, True):
        guess = attacker.in_order(acts, "id", [ids[name] for name in named], backwards=backwards)
        assert attacker.hits({"order": guess}, truth)["order"] < BY_CHANCE


async def told_by_backup(chosen: Settings, program: Program, lived: Lived, folder: Path) -> None:
    """Without the passphrase nothing at all; with it, but without the key, no more than the database."""
    file, opened = folder / "one.backup", folder / "opened.db"
    await asyncio.to_thread(taking.take, chosen, 0, file, PHRASE, program.now)
    sealed = file.read_bytes()
    unnamed(sealed, lived, "the backup")
    wordless(sealed, lived, "the backup")
    assert b"SQLite" not in sealed
    archive.unpack(file, archive.unlock(file, PHRASE), opened)
    plain = opened.read_bytes()
    assert KEY not in plain
    unnamed(plain, lived, "the opened backup", most=2)
    apart(plain, lived, "the opened backup")
    assert not [words for words in lived.marks if words.startswith(TOLD[:10]) and words.encode() in plain]
    database = Database(f"sqlite:///{opened}")
    await guessed_no_better_than_by_chance(database, lived)
    await database.close()
