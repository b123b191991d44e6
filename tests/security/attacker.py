"""Whoever holds a copy of the database, and the list of all students, and guesses who did what (law 11): each way of
guessing is code here, none of it has the key. Tests count how often a guess is right.

The attacker knows the program, too: which tags it makes of what, and how whole numbers lie in a file.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.vault import KeyVault
from models.base import Base
from models.database import Database

ROOT = Path(__file__).parents[2]
Row = dict[str, Any]
Rows = dict[str, list[Row]]
Guess = dict[Any, int]
"""Whose each act is, by the act's own key: a Telegram id."""
RARE = 12
"""A value that stands in more rows than these joins nobody with anybody."""
STEPS = 3
PURPOSE = re.compile(r'\btag\(\s*f?"([^"{]+)"')
CONTEXT = re.compile(r'\bapart\(\s*f?"([^"{]+)"')


async def copied(database: Database) -> Rows:
    """All rows in the order in which they lie there; of PostgreSQL also which transaction wrote each, and which locked
    or changed it last.
    """
    found: Rows = {}
    more = "xmin::text::bigint AS written_by, xmax::text::bigint AS touched_by, ctid::text AS lies_at, "
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = await session.execute(text(f'SELECT {"" if database.is_sqlite else more}* FROM "{table.name}"'))
            found[table.name] = [dict(row._mapping) for row in rows]
    return found


def people_of(rows: Rows) -> dict[int, int]:
    """Telegram ids by the number of a person."""
    return {row["id"]: row["telegram_id"] for row in rows["people"]}


# ---------------------------------------------------------------- order


def in_order(acts: Iterable[Row], key: str, people: Iterable[int], *, backwards: bool = False) -> Guess:
    """The first of the people did the first of the acts, and so on."""
    whose = list(people)
    return {act[key]: who for act, who in zip(acts, reversed(whose) if backwards else whose, strict=False)}


def orders(rows: Rows, table: str, key: str) -> dict[str, Guess]:
    """By every order in which people lie anywhere against every order in which the acts do."""
    ids, found = people_of(rows), {}
    acts: dict[str, list[Row]] = {"as they lie": rows[table], "by number": sorted(rows[table], key=lambda r: r[key])}
    if rows[table] and "written_by" in rows[table][0]:
        acts["by transaction"] = sorted(rows[table], key=lambda r: int(r["written_by"]))
    people: dict[str, list[int]] = {"by Telegram id": sorted(ids.values())}
    for name, lines in rows.items():
        columns = [c for c in ("person_id", "id") if lines and c in lines[0] and (c != "id" or name == "people")]
        if name == table or not columns:
            continue
        named = [line for line in lines if line[columns[0]] in ids]
        for order in ("as they lie", "id", "written_by", "touched_by"):
            if order == "as they lie" or (named and isinstance(named[0].get(order), int)):
                lain = named if order == "as they lie" else sorted(named, key=lambda line: line[order])
                people[f"{name} {order}"] = list(dict.fromkeys(ids[line[columns[0]]] for line in lain))
    for how, some in acts.items():
        for whose, each in people.items():
            for backwards in (False, True):
                found[f"acts {how}, {whose}{', backwards' if backwards else ''}"] = in_order(
                    some, key, each, backwards=backwards
                )
    return found


# ---------------------------------------------------------------- joins


def joins(rows: Rows, table: str, key: str, owns: Callable[[str, Row, Mapping[int, int]], int | None]) -> Guess:
    """From an act to whatever shares a rare value or a transaction with it, and on from there, to the first person."""
    ids = people_of(rows)
    by_value: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    values: dict[tuple[str, int], list[Any]] = {}
    for name, lines in rows.items():
        for number, line in enumerate(lines):
            values[name, number] = said = list(telling(name, line))
            for value in said:
                by_value[value].append((name, number))
    found: Guess = {}
    for number, act in enumerate(rows[table]):
        seen, edge = {(table, number)}, [(table, number)]
        for _ in range(STEPS):
            near = {
                other
                for row in edge
                for value in values[row]
                if len(by_value[value]) <= RARE
                for other in by_value[value]
            }
            edge = sorted(near - seen)
            seen |= near
            owners = Counter(owner for name, n in edge if (owner := owns(name, rows[name][n], ids)) is not None)
            if owners:
                found[act[key]] = owners.most_common(1)[0][0]
                break
    return found


def telling(name: str, line: Row) -> Iterable[Any]:
    """What of a row can be found again elsewhere: long texts, moments, large numbers, keys of rows, transactions."""
    for column, value in line.items():
        if column in ("written_by", "touched_by"):
            if int(value):
                yield "transaction", int(value)
        elif isinstance(value, bool) or value is None or column == "lies_at":
            continue
        elif column == "id" and isinstance(value, int):
            yield name, value
        elif column.endswith("_id") and isinstance(value, int) and column not in ("bot_id", "station_id"):
            yield REFERS.get(column, column), value
        elif (
            isinstance(value, bytes | datetime)
            or (isinstance(value, str) and len(value) >= 8)
            or (isinstance(value, int) and abs(value) > 10**5)
        ):
            yield "value", str(value)


REFERS = {
    "person_id": "people",
    "ticket_id": "tickets",
    "requester_id": "requesters",
    "case_id": "cases",
    "words_id": "words",
    "survey_id": "surveys",
}
"""The table that a column points to."""


def named_in(_: str, line: Row, ids: Mapping[int, int]) -> int | None:
    """Whose a row is: by the number of a person or by a Telegram id."""
    if line.get("person_id") in ids:
        return ids[line["person_id"]]
    for column in ("telegram_id", "chat_id", "chat"):
        if line.get(column) in ids.values():
            return int(line[column])
    return None


def ways(rows: Rows, table: str, key: str = "id") -> dict[str, Guess]:
    """Every way of guessing whose the rows of a table are."""
    found = orders(rows, table, key)
    found["joins"] = joins(rows, table, key, named_in)
    return found


def hits(guesses: Mapping[str, Guess], truth: Guess) -> dict[str, int]:
    """How often each way is right."""
    return {way: sum(truth[act] == who for act, who in told.items() if act in truth) for way, told in guesses.items()}


# ---------------------------------------------------------------- marks


def marks(rows: Rows, *but: str) -> set[str]:
    """Everything that stands in the tables but these, as text: sealed bytes as hexadecimal."""
    found = set()
    for name, lines in rows.items():
        if name not in but:
            values = (value for line in lines for value in line.values() if value is not None)
            found |= {value.hex() if isinstance(value, bytes) else str(value) for value in values}
    return found


def forms(number: int) -> dict[str, bytes]:
    """How a Telegram id may stand in a file."""
    plain = str(number).encode()
    return {
        "digits": plain,
        "backwards": plain[::-1],
        "hexadecimal": f"{number:x}".encode(),
        **{f"{n} bytes {order}": number.to_bytes(n, order) for n in (6, 8) for order in ("big", "little")},
    }


@cache
def from_the_code() -> tuple[list[str], list[str]]:
    """For what the program makes tags, and for what it has keys of their own."""
    code = "\n".join(path.read_text("utf-8") for room in ("models", "bot") for path in (ROOT / room).rglob("*.py"))
    purposes, apart = sorted(set(PURPOSE.findall(code))), sorted(set(CONTEXT.findall(code)))
    assert "owner" in purposes
    assert "case" in apart
    return purposes, apart


def keyless(ids: Iterable[int], salts: Iterable[str]) -> dict[str, int]:
    """What a mark of somebody would be if it could be made without the key outside the database: whose it would be."""
    found = {}
    purposes, apart = from_the_code()
    nobodys = [KeyVault(bytes(32)), KeyVault(b"\xff" * 32)]
    vaults = [*nobodys, *(vault.apart(each) for vault in nobodys for each in apart)]
    salts = ["", *salts]
    for each in ids:
        plain = str(each)
        for salt in salts:
            for joined in {plain, salt + plain, plain + salt, f"{salt}:{plain}", f"{salt}\x1f{plain}"}:
                for kind in ("sha256", "blake2b", "md5", "sha1"):
                    found[hashlib.new(kind, joined.encode()).hexdigest()] = each
            found[hmac.digest(salt.encode(), plain.encode(), "sha256").hex()] = each
            for purpose in purposes:
                said = "\x1f".join([purpose, *([salt] if salt else []), plain]).encode()
                found[hashlib.sha256(said).hexdigest()] = each
                found[hmac.digest(salt.encode(), said, "sha256").hex()] = each
        for vault in vaults:
            for purpose in purposes:
                found[vault.tag(purpose, each)] = each
    return found
