"""CSV files of the office: canned answers and duty rosters, read into rows or a list of mistakes. Pure.

    canned answers   station,key,zh-hans,zh-hant,en        (or .toml: [[answers]] with the same keys)
    duty roster      weekday,from,to,person

A column may be called as it is in Chinese; a file of a spreadsheet set to semicolons is read as well.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Any

from bot.fields import LANGUAGES, WEEKDAYS
from bot.imports import Row, Unusable, printable, said, text_of
from models import canned as rules
from models.errors import Refusal
from models.people import Person
from models.shifts import MOST_PEOPLE
from models.shifts import Row as Shift

TELEGRAM_ID = re.compile(r"\d{5,15}")
Span = tuple[int, time, time]
CANNED = ("station", "key", *LANGUAGES)
DUTY = ("weekday", "from", "to", "person")
ALSO = {
    "服务站": "station",
    "服務站": "station",
    "键": "key",
    "鍵": "key",
    "简体": "zh-hans",
    "簡體": "zh-hans",
    "繁体": "zh-hant",
    "繁體": "zh-hant",
    "英文": "en",
    "星期": "weekday",
    "开始": "from",
    "開始": "from",
    "结束": "to",
    "結束": "to",
    "值班人": "person",
    "名称": "key",
    "名稱": "key",
    "岗位": "post",
    "職位": "post",
    "部门": "department",
    "部門": "department",
    "姓名": "name",
    "任期开始": "starts",
    "任期開始": "starts",
    "任期结束": "ends",
    "任期結束": "ends",
    "决定日期": "decided",
    "決定日期": "decided",
    "账号": "person",
    "帳號": "person",
}
DAYS = {name: i for i, day in enumerate(WEEKDAYS) for name in (day, day[:3], str(i + 1))}
DAYS |= {f"{week}{day}": i for week in ("周", "週", "星期") for i, day in enumerate("一二三四五六日")}
DAYS |= {"周天": 6, "星期天": 6}


def canned(path: Path, stations: Collection[str]) -> list[Row]:
    """Canned answers: `station` (None: every station's), `key`, `texts` by language. Raises Unusable with every
    mistake that the file alone tells.
    """
    rows, problems = _toml(path) if path.suffix == ".toml" else csv_rows(path, CANNED)
    found: dict[tuple[str, str], int] = {}
    kept = []
    for row in rows:
        station, key = row.values["station"], " ".join(row.values["key"].split())
        texts = {language: row.values[language] for language in LANGUAGES if row.values[language]}
        where = f"{path}, line {row.line}"
        if station and station not in stations:
            problems.append(f"{where}: there is no station {station!r}; write {nearest(station, stations)}")
        name = (station, key.casefold())
        if name in found:
            problems.append(f"{where}: {key!r} stands on line {found[name]} already; write another key or delete one")
        found.setdefault(name, row.line)
        if not texts:
            problems.append(f"{where}: {said('canned.no_text', {})}")
        for check, text, of in ((rules.label, key, ""), *((rules.checked, t, f"{n}: ") for n, t in texts.items())):
            try:
                check(text)
            except Refusal as refusal:
                problems.append(f"{where}: {of}{said(refusal.key, refusal.params)}")
        kept.append(Row(row.line, {"station": station or None, "key": key, "texts": texts}))
    return all_well(path, kept, problems)


def duty(path: Path) -> list[Row]:
    """A duty roster: `weekday` (0 is Monday), `begin`, `end`, `person` as it is written there. Raises Unusable with
    every mistake.
    """
    rows, problems = csv_rows(path, DUTY)
    kept: list[Row] = []
    for row in rows:
        where, values = f"{path}, line {row.line}", row.values
        day = DAYS.get(values["weekday"].lower())
        if day is None:
            problems.append(f"{where}: {values['weekday']!r} is no weekday; write monday or 周一")
        begin, end = _time(values["from"]), _time(values["to"])
        for name, value in (("from", begin), ("to", end)):
            if value is None:
                problems.append(f"{where}: {name} {values[name]!r} is no time of day; write 18:30")
        if begin is not None and end is not None and end <= begin:
            problems.append(
                f"{where}: the shift ends before it begins; write the earlier time in from, or two lines over midnight"
            )
        if not values["person"]:
            problems.append(f"{where}: nobody stands there; write who is on duty")
        kept.append(Row(row.line, {"weekday": day, "begin": begin, "end": end, "person": values["person"]}))
    return all_well(path, kept, problems)


def on_duty(path: Path, rows: Sequence[Row], known: Sequence[Person], there: Collection[int]) -> list[Row]:
    """The same roster with people instead of what they are called: a `shifts.Row` of all who share a span, at the line
    where it stands first.

    Anybody `known` may be written as their @name or Telegram id; only those of the place (`there`, by their numbers)
    as they are called, because a student may be called the same. Raises Unusable with every mistake.
    """
    problems: list[str] = []
    taken: dict[int, list[tuple[int, Span]]] = {}
    spans: dict[Span, tuple[int, list[int]]] = {}
    for row in rows:
        where, word = f"{path}, line {row.line}", row.values["person"]
        span = (row.values["weekday"], row.values["begin"], row.values["end"])
        found = _people(word, known, there)
        if len(found) > 1:
            names = ", ".join(f"@{each.username}" if each.username else str(each.telegram_id) for each in found)
            problems.append(f"{where}: {len(found)} people are called {word!r}; write one of {names}")
        elif not found:
            here = [printable(each.name) for each in known if each.id in there]
            near = f"write {nearest(word, here)}, or" if here else "write"
            problems.append(
                f"{where}: nobody at the station is called {word!r}; "
                f"{near} the @name or Telegram id of somebody who has written to the bot"
            )
        if len(found) != 1:
            continue
        number = found[0].id
        for line, other in taken.setdefault(number, []):
            if other[0] == span[0] and span[1] < other[2] and other[1] < span[2]:
                problems.append(f"{where}: {word} is on duty then already (line {line}); change one of the two")
        taken[number].append((row.line, span))
        spans.setdefault(span, (row.line, []))[1].append(number)
    for span, (line, numbers) in spans.items():
        if len(numbers) > MOST_PEOPLE:
            at = f"{WEEKDAYS[span[0]]} {span[1]:%H:%M}"
            problems.append(f"{path}, line {line} ({at}): {said('shift.full', {'most': MOST_PEOPLE})}")
    return all_well(
        path, [Row(line, {"shift": Shift(*span, tuple(ids))}) for span, (line, ids) in spans.items()], problems
    )


def names_of(rows: Sequence[Row]) -> tuple[list[str], list[int]]:
    """Which @names, in small letters, and which Telegram ids stand in the column `person`."""
    words = {row.values["person"] for row in rows if row.values["person"]}
    return [w.removeprefix("@").lower() for w in words if not TELEGRAM_ID.fullmatch(w)], [
        int(w) for w in words if TELEGRAM_ID.fullmatch(w)
    ]


def _people(word: str, known: Sequence[Person], there: Collection[int]) -> list[Person]:
    if TELEGRAM_ID.fullmatch(word):
        return [each for each in known if each.telegram_id == int(word)]
    if word.startswith("@"):
        return [each for each in known if (each.username or "").lower() == word[1:].lower()]
    wanted = word.casefold()
    return [each for each in known if each.id in there and " ".join(each.name.split()).casefold() == wanted]


def all_well(path: Path, rows: list[Row], problems: list[str]) -> list[Row]:
    """The rows. Raises Unusable where there are problems, or no rows at all."""
    if not rows and not problems:
        problems = [f"{path}: there is nothing in it; write at least one line below the names of the columns"]
    if problems:
        raise Unusable(problems)
    return rows


def csv_rows(path: Path, columns: Sequence[str]) -> tuple[list[Row], list[str]]:
    """The lines of a CSV file with these columns, and what is wrong with single ones. Raises Unusable for its head."""
    text = text_of(path)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first and "," not in first else ",")
    head = [ALSO.get(name.strip(), name.strip().lower()) for name in next(reader, [])]
    missing, unknown = [c for c in columns if c not in head], [c for c in head if c and c not in columns]
    wanted = f"write {','.join(columns)}"
    problems = [f"{path}, line 1: the column {name} is missing; {wanted}" for name in missing]
    problems += [f"{path}, line 1: there is no column {name!r}; {wanted}" for name in unknown]
    problems += [f"{path}, line 1: the column {name} stands there twice; {wanted}" for name in _twice(head)]
    if problems:
        raise Unusable(problems)
    rows = []
    before = 1
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(head):
            problems.append(f"{path}, line {line}: {len(cells)} cells in {len(head)} columns; put a text into quotes")
            continue
        padded = [*cells, *[""] * (len(head) - len(cells))]
        rows.append(Row(line, {name: cell.strip() for name, cell in zip(head, padded, strict=True) if name}))
    return rows, problems


def _toml(path: Path) -> tuple[list[Row], list[str]]:
    text = text_of(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unusable([f"{path} is not valid TOML: {error}"]) from None
    entries = data.get("answers")
    if set(data) != {"answers"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise Unusable([f"{path}: write one [[answers]] for each, with {', '.join(CANNED)} below it"])
    lines = [i for i, each in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*answers\s*\]\]", each)]
    rows, problems = [], []
    for i, entry in enumerate(entries):
        line = lines[i] if i < len(lines) else 1
        problems += [
            f"{path}, line {line}: there is no key {name!r}; write {nearest(name, CANNED)}"
            for name in set(entry) - set(CANNED)
        ]
        wrong = [name for name, value in entry.items() if name in CANNED and not isinstance(value, str)]
        problems += [f'{path}, line {line}: {name} is a text; write {name} = "…"' for name in wrong]
        values: Mapping[str, Any] = {name: value for name, value in entry.items() if isinstance(value, str)}
        rows.append(Row(line, {name: values.get(name, "").strip() for name in CANNED}))
    return rows, problems


def _twice(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if name and names.count(name) > 1})


def _time(text: str) -> time | None:
    found = re.fullmatch(r"(\d{1,2})[:：](\d{2})", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def nearest(word: str, known: Collection[str]) -> str:
    """What to write instead of a word that is not known."""
    near = difflib.get_close_matches(word, known, 1)
    shown = sorted(known)[:8]
    return near[0] if near else shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"
