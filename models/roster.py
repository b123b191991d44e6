"""The roster: whom the university says belongs to it, imported from a file (`unionbot roster`).

What would name somebody, their number and name, is sealed under the key outside the database; a row is found again by a
keyed tag of the number. So a copy of the database is no register of students. What is counted (college, level,
audience, building, floor) stands in clear. Who proved a number is a tie from the row to the person: an anonymous ticket
has no person, and therefore no way to any row here.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ForeignKey, Index, LargeBinary, Row, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Key, one_of
from models.people import Audience, Person
from models.sessions import plainly
from models.vault import Vault

AT_ONCE = 500
"""Rows in one statement: PostgreSQL takes at most 32 767 values, and a long list is no quicker."""
NUMBER = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9-]{2,23}")
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No letters or digits that look alike: codes are read off paper."""
CODE_LENGTH = 8


class Enrolled(Base):
    """One line of the roster."""

    __tablename__ = "roster"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    number_tag: Mapped[str] = mapped_column(unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Number and name."""
    digest: Mapped[str]
    """A keyed tag of the whole line: what an import compares without opening anything."""
    college: Mapped[str]
    level: Mapped[str]
    audience: Mapped[Audience | None] = mapped_column(one_of(Audience))
    building: Mapped[str | None]
    floor: Mapped[str | None]
    code_tag: Mapped[str | None]
    """A keyed tag of the one-time code that proves the number; gone once it was used."""
    code_until: Mapped[datetime | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), unique=True)
    """Who proved the number: one person for a number, one number for a person."""

    __table_args__ = (Index("ix_roster_building", "building", "floor"),)


@dataclass(frozen=True)
class Line:
    """One line of the file, read and found good."""

    number: str
    name: str
    college: str
    level: str
    audience: Audience | None
    building: str | None
    floor: str | None


@dataclass
class Difference:
    """What an import would change: the lines that are new or read otherwise, and the rows that are gone."""

    held: int = 0
    added: list[Line] = field(default_factory=list)
    changed: list[tuple[int, Line]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    leaving: list[tuple[str, str]] = field(default_factory=list)
    """Number and name of the first of those that are gone, where somebody is to read them."""
    gone_in_use: int = 0
    """Of those that are gone, how many had been proved by somebody."""


class Facts(NamedTuple):
    """What is known of a person for cutting surveys and reports: by the roster where they proved a number, else by
    their own word.
    """

    college: str | None
    level: str | None
    audience: Audience | None
    building: str | None
    floor: str | None
    proved: bool


def number_of(typed: str) -> str | None:
    """A student number as it is compared, None for what is none: full width or small letters do not matter."""
    plain = unicodedata.normalize("NFKC", typed).strip().upper()
    return plain if NUMBER.fullmatch(plain) else None


def code_of(typed: str) -> str:
    """A code as it is compared: case, blanks and dashes do not matter."""
    return "".join(c for c in unicodedata.normalize("NFKC", typed).upper() if c.isalnum())


def new_code() -> str:
    """A one-time code, in two parts that are easy to type: ABCD-EFGH; 39 bits."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return f"{code[:4]}-{code[4:]}"


def tag_of(number: str, vault: Vault) -> str:
    """By which the row of a number is found."""
    return vault.tag("roster number", number)


def _code_tag(number_tag: str, code: str, vault: Vault) -> str:
    return vault.tag("one-time code", number_tag, code_of(code))


def opened(row: Enrolled | Row[Any], vault: Vault) -> tuple[str, str]:
    """The number and the name of a row."""
    number, name = json.loads(vault.open(row.sealed, f"roster:{row.number_tag}"))
    return str(number), str(name)


# ---------------------------------------------------------------- importing

_roster = cast(Table, Enrolled.__table__)


async def compare(session: AsyncSession, lines: Sequence[Line], vault: Vault) -> Difference:
    """What importing these lines would change."""
    rows = await plainly(session, select(_roster.c.number_tag, _roster.c.id, _roster.c.digest, _roster.c.person_id))
    held = {tag: (row_id, digest, person_id) for tag, row_id, digest, person_id in rows}
    found = Difference(held=len(held))
    for line in lines:
        row = held.pop(tag_of(line.number, vault), None)
        if row is None:
            found.added.append(line)
        elif row[1] != _digest(line, vault):
            found.changed.append((row[0], line))
    found.gone = [row_id for row_id, _, _ in held.values()]
    found.gone_in_use = sum(person_id is not None for _, _, person_id in held.values())
    return found


async def called(session: AsyncSession, rows: Sequence[int], vault: Vault) -> list[tuple[str, str]]:
    """Number and name of these rows, as far as this key opens them, by number."""
    named = select(_roster.c.number_tag, _roster.c.sealed).where(_roster.c.id.in_(rows))
    found = []
    for row in await plainly(session, named):
        with contextlib.suppress(ValueError):
            found.append(opened(row, vault))
    return sorted(found)


async def replace(session: AsyncSession, difference: Difference, vault: Vault, now: datetime) -> None:
    """Make the roster what the file says. Whoever is no longer on it keeps their tickets and files no new ones; who
    proved a number stays tied to it however the rest of its line reads now.
    """
    # Sealed part by part: PostgreSQL ends a transaction that thinks for ten seconds and says nothing.
    for part in _parts(difference.added):
        await plainly(session, insert(_roster), [_values(line, vault) for line in part])
    change = update(_roster).where(_roster.c.id == bindparam("row"))
    for some in _parts(difference.changed):
        await plainly(session, change, [{"row": row_id, **_values(line, vault)} for row_id, line in some])
    for numbers in _parts(difference.gone):
        await plainly(session, delete(_roster).where(_roster.c.id.in_(numbers)))
    added, changed, gone = len(difference.added), len(difference.changed), len(difference.gone)
    await audit.record(session, "roster_import", now, added=added, changed=changed, gone=gone)


def _values(line: Line, vault: Vault) -> dict[str, Any]:
    tag = tag_of(line.number, vault)
    named = json.dumps([line.number, line.name], ensure_ascii=False).encode()
    return {
        "number_tag": tag,
        "sealed": vault.seal(named, f"roster:{tag}"),
        "digest": _digest(line, vault),
        "college": line.college,
        "level": line.level,
        "audience": line.audience,
        "building": line.building,
        "floor": line.floor,
    }


def _digest(line: Line, vault: Vault) -> str:
    return vault.tag("roster line", *(str(part or "") for part in astuple(line)))


def _parts(rows: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), AT_ONCE):
        yield list(rows[start : start + AT_ONCE])


# ---------------------------------------------------------------- codes


async def hand_out(
    session: AsyncSession, vault: Vault, until: datetime, now: datetime
) -> list[tuple[str, str, str, str]]:
    """A fresh one-time code for everybody who has not proved their number: (college, number, name, code). Codes given
    out before for these numbers are void.
    """
    named = select(_roster.c.id, _roster.c.number_tag, _roster.c.sealed, _roster.c.college)
    rows = (await plainly(session, named.where(_roster.c.person_id.is_(None)).order_by(_roster.c.id))).all()
    given, values = [], []
    for row in rows:
        (number, name), code = opened(row, vault), new_code()
        given.append((row.college, number, name, code))
        values.append({"row": row.id, "code_tag": _code_tag(row.number_tag, code, vault), "code_until": until})
    for part in _parts(values):
        await plainly(session, update(_roster).where(_roster.c.id == bindparam("row")), part)
    await audit.record(session, "one_time_codes", now, count=len(given))
    return given


async def issue(
    session: AsyncSession, number: str, staff: Person, vault: Vault, until: datetime, now: datetime
) -> str | None:
    """A one-time code for one number, given out at a station to whoever shows the card; None when the number is not on
    the roster. Any code given out before for it is void.
    """
    row = await _by_number(session, number, vault)
    if row is None:
        return None
    code = new_code()
    row.code_tag, row.code_until = _code_tag(row.number_tag, code, vault), until
    await audit.record(session, "one_time_code", now, staff=staff, roster=row.id)
    return code


async def _by_number(session: AsyncSession, number: str, vault: Vault) -> Enrolled | None:
    tag = tag_of(number, vault)
    row: Enrolled | None = await session.scalar(
        select(Enrolled).where(Enrolled.number_tag == tag).with_for_update().execution_options(populate_existing=True)
    )
    return row


async def redeem(session: AsyncSession, number: str, code: str, vault: Vault, now: datetime) -> Enrolled | None:
    """The row that this code proves, the code used up; None when it proves none."""
    row = await _by_number(session, number, vault)
    if row is None or row.code_tag is None or row.code_until is None or row.code_until <= now:
        return None
    if not secrets.compare_digest(row.code_tag, _code_tag(row.number_tag, code, vault)):
        return None
    row.code_tag = row.code_until = None
    return row


async def tie(session: AsyncSession, row: Enrolled, person: Person) -> Person | None:
    """From now on this number is this person's, and no other one is. Returns who had it until now."""
    before = await session.get(Person, row.person_id) if row.person_id not in (None, person.id) else None
    await session.execute(update(Enrolled).where(Enrolled.person_id == person.id).values(person_id=None))
    row.person_id = person.id
    await session.flush()
    return before


# ---------------------------------------------------------------- asking


async def of_person(session: AsyncSession, person: Person) -> Enrolled | None:
    """The row whose number this person proved."""
    row: Enrolled | None = await session.scalar(select(Enrolled).where(Enrolled.person_id == person.id))
    return row


async def facts(session: AsyncSession, person: Person) -> Facts:
    """What is known of this person; never asked about an anonymous ticket, which has no person."""
    row = await of_person(session, person)
    if row is None:
        return Facts(None, None, person.audience, person.building, None, proved=False)
    return Facts(
        row.college or None,
        row.level or None,
        row.audience or person.audience,
        row.building or person.building,
        row.floor,
        proved=True,
    )


async def size(session: AsyncSession) -> int:
    """How many are on the roster."""
    return await session.scalar(select(func.count()).select_from(Enrolled)) or 0


async def untie(session: AsyncSession, person_ids: Iterable[int]) -> None:
    """These people are no longer tied to a number; the rows stay, they are the university's."""
    await session.execute(update(Enrolled).where(Enrolled.person_id.in_(list(person_ids))).values(person_id=None))
