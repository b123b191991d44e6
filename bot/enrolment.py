"""`unionbot roster FILE`: the university's list as a CSV file becomes the roster, or every mistake in it is named.

Nothing is changed unless every line is good. The file is what spreadsheets write: UTF-8 (with their mark or without) or
the older Chinese encoding, commas or semicolons or tabs, headings in Chinese or English.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.settings import Settings
from bot.shell import FAILED, WRONG, stop, writing
from bot.spreadsheets import Csv
from bot.texts import Catalogue
from bot.vault import KeyVault
from models import access, roster, tables  # noqa: F401  (what is recorded points at every table)
from models.database import Database
from models.people import Audience
from models.roster import Difference, Line

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "number": ("number", "student number", "学号", "學號"),
    "name": ("name", "姓名"),
    "college": ("college", "school", "faculty", "学院", "學院", "院系"),
    "level": ("level", "degree", "层次", "層次", "培养层次", "培養層次"),
    "audience": ("audience", "类别", "類別", "身份", "身分", "学生类别", "學生類別"),
    "building": ("building", "dormitory", "楼栋", "樓棟", "宿舍楼", "宿舍樓"),
    "floor": ("floor", "楼层", "樓層"),
}
NEEDED = ("number", "name")
SHOWN = 20
"""So many mistakes, so many lines that are new or differ, and so many that are gone, are shown."""
LONGEST = 100
SHRINKS = 0.2
"""From this part of the roster on it is asked whether it is meant that so many are gone."""


@dataclass
class Read:
    """What the file says, and everything that is wrong with it, a sentence each."""

    lines: list[Line] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(path: Path, settings: Settings) -> Read:
    """The file's lines; with the first mistake there is nothing to import, but all are named."""
    try:
        text = _decoded(path.read_bytes())
    except OSError as error:
        return Read(problems=[f"{path} cannot be read: {error.strerror}"])
    if text is None:
        return Read(problems=[f"{path} is neither UTF-8 nor GB18030: save it as “CSV UTF-8”"])
    if "\x00" in text or text.startswith("PK"):
        return Read(problems=[f"{path} is no CSV file: in the spreadsheet choose Save as → CSV UTF-8"])
    return _Reader(settings).read(text)


def _decoded(raw: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


class _Reader:
    """Reads one file; knows what may stand in each column."""

    def __init__(self, settings: Settings) -> None:
        catalogue = Catalogue.load(settings.timezone)
        self._audiences = {a.value: a for a in Audience}
        for texts in catalogue.values():
            self._audiences |= {texts.plain(f"audience.{a}").casefold(): a for a in Audience}
        self._buildings = {key: key for key in settings.building_keys()}
        for key in settings.building_keys():
            self._buildings |= {name.casefold(): key for name in settings.building_names(key).values()}
        self._found = Read()
        self._seen: dict[str, int] = {}

    def read(self, text: str) -> Read:
        head = text.split("\n", 1)[0]
        separator = max(",;\t", key=head.count)
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            columns = self._columns(next(rows, []))
            if columns is None:
                return self._found
            for row in rows:
                if any(cell.strip() for cell in row):
                    self._line(rows.line_num, row, columns)
        except csv.Error as error:
            self._say(rows.line_num, f"the quotes do not close properly ({error}); write a quote inside a cell twice")
        if not self._found.lines and not self._found.problems:
            self._found.problems.append("there is nobody in the file: below the headings each line is one student")
        return self._found

    def _say(self, line: int, problem: str) -> None:
        self._found.problems.append(f"line {line}: {problem}")

    def _columns(self, head: Sequence[str]) -> dict[str, int] | None:
        names = {name: key for key, all_names in HEADINGS.items() for name in all_names}
        columns: dict[str, int] = {}
        for at, cell in enumerate(head):
            key = names.get(cell.strip().casefold())
            if key is None:
                if cell.strip():
                    self._say(1, f"the column “{cell.strip()}” is not known; delete it, or call it one of: {_known()}")
            elif key in columns:
                self._say(1, f"the column “{cell.strip()}” stands there twice; keep one")
            else:
                columns[key] = at
        for key in NEEDED:
            if key not in columns:
                self._say(1, f"the column {' / '.join(HEADINGS[key])} is missing; the first line names the columns")
        return None if self._found.problems else columns

    def _line(self, at: int, row: Sequence[str], columns: Mapping[str, int]) -> None:
        def cell(key: str) -> str:
            place = columns.get(key)
            return " ".join(row[place].split()) if place is not None and place < len(row) else ""

        before = len(self._found.problems)
        if len(row) < max(columns.values()) + 1:
            self._say(at, f"there are {len(row)} cells, and the headings name {max(columns.values()) + 1}")
            return
        for key in columns:
            if len(cell(key)) > LONGEST:
                self._say(at, f"the {key} is longer than {LONGEST} characters")
        number = roster.number_of(cell("number"))
        if number is None:
            given = cell("number") or "nothing"
            why = ": format the column as text" if "e+" in given.casefold() else ""
            self._say(at, f"{given} is no student number (3 to 24 letters, digits and dashes, one digit at least){why}")
        elif number in self._seen:
            self._say(at, f"the number {number} stands in line {self._seen[number]} already; one line each")
        else:
            self._seen[number] = at
        if not cell("name"):
            self._say(at, "the name is missing")
        audience = self._known(at, cell("audience"), self._audiences, "audience", [a.value for a in Audience])
        building = self._known(at, cell("building"), self._buildings, "building", sorted(set(self._buildings.values())))
        if number is not None and len(self._found.problems) == before:
            self._found.lines.append(
                Line(
                    number,
                    cell("name"),
                    cell("college"),
                    cell("level"),
                    Audience(audience) if audience else None,
                    building,
                    cell("floor") or None,
                )
            )

    def _known(self, at: int, given: str, known: Mapping[str, str], what: str, keys: Sequence[str]) -> str | None:
        if not given:
            return None
        found = known.get(given.casefold())
        if found is None:
            self._say(at, f"there is no {what} “{given}”; write one of {', '.join(keys)}, or leave the cell empty")
        return found


def _known() -> str:
    return ", ".join(names[0] for names in HEADINGS.values())


def too_many_gone(difference: Difference) -> bool:
    """Whether so many would be gone that it may be the wrong file."""
    return len(difference.gone) > SHRINKS * difference.held


def told(difference: Difference) -> list[str]:
    """What an import changes, in lines to be read by whoever holds the list, before it happens."""
    shown = [f"  + {line.number} {line.name}" for line in difference.added[:SHOWN]]
    shown += [f"  ~ {line.number} {line.name}" for _, line in difference.changed[: SHOWN - len(shown)]]
    more = len(difference.added) + len(difference.changed) - len(shown)
    more_gone = len(difference.gone) - len(difference.leaving)
    used = f", {difference.gone_in_use} of them in use" if difference.gone_in_use else ""
    return [
        f"on the roster until now: {difference.held}",
        f"added {len(difference.added)}, changed {len(difference.changed)}, gone {len(difference.gone)}{used}",
        *shown,
        *([f"  … and {more} more"] if more > 0 else []),
        *(f"  - {number} {name}" for number, name in difference.leaving),
        *([f"  … and {more_gone} more gone"] if more_gone > 0 else []),
    ]


async def compare(settings: Settings, lines: Sequence[Line]) -> Difference:
    """What importing these lines would change; nothing is changed."""
    database = Database(settings.database.url)
    try:
        async with database.reading() as session:
            vault = KeyVault(settings.key_bytes())
            difference = await roster.compare(session, lines, vault)
            difference.leaving = await roster.called(session, difference.gone[:SHOWN], vault)
            return difference
    finally:
        await database.close()


async def bring_in(settings: Settings, lines: Sequence[Line], now: datetime) -> Difference:
    """Import them, all or nothing."""
    vault = KeyVault(settings.key_bytes())
    database = Database(settings.database.url)
    try:
        async with database.transaction() as session:
            difference = await roster.compare(session, lines, vault)
            await roster.replace(session, difference, vault, now)
            return difference
    finally:
        await database.close()


async def codes(settings: Settings, path: Path, now: datetime) -> int:
    """One-time codes for everybody who has not proved their number, as a file that the colleges hand out. Only here
    they stand in clear. Returns how many.
    """
    database = Database(settings.database.url)
    try:
        async with database.transaction() as session:
            until = now + access.LETTER_CODE
            try:
                given = await roster.hand_out(session, KeyVault(settings.key_bytes()), until, now)
            except ValueError:
                stop(WRONG, "the roster is sealed under another UNIONBOT_KEY: use that one, or import the list anew")
            if not given:
                stop(FAILED, "nobody is on the roster who has not proved a number: import the list first")
            # Before the commit: codes that nobody can read must not hold.
            with writing(path):
                _write(path, given, until.astimezone(settings.timezone))
            return len(given)
    finally:
        await database.close()


def _write(path: Path, given: Sequence[tuple[str, str, str, str]], until: datetime) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    table = Csv(path, ["college", "number", "name", "code", "until"])
    table.add([[*row, until.date()] for row in sorted(given)])
    table.close()
