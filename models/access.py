"""Who may use the bot: everybody (`open`), whoever has seen the code at a station (`code`), or whoever is on the
roster (`roster`). It is asked in private chats only: what staff and admins do in their groups never depends on it.

The campus code is nowhere in the database: it follows from the key outside it and the number of the last rotation. So
somebody with a copy of the database cannot let themselves in, and nobody has to keep a code.
"""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, letters, people, roster
from models.base import Base, Key
from models.people import Person
from models.roster import ALPHABET, CODE_LENGTH, code_of
from models.vault import Vault

STATION_CODE = timedelta(minutes=30)
"""So long a one-time code from a station holds: the student stands there."""
LETTER_CODE = timedelta(days=90)
"""So long one that the college hands out holds."""
OLD_CODE = timedelta(days=14)
"""So long the campus code before the newest still opens: until the posters have been changed."""
FREE_TRIES = 3
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
"""After each wrong code beyond the free ones; the last again and again."""
FORGOTTEN_AFTER = timedelta(days=1)


class Mode(enum.StrEnum):
    """`[access] mode` of config.toml."""

    OPEN = "open"
    CODE = "code"
    ROSTER = "roster"


class Rotation(Base):
    """One campus code's time. The code itself is computed (`campus_code`)."""

    __tablename__ = "rotations"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    begun_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    """None for the newest."""


class Knock(Base):
    """Wrong codes lately: by whom, or for which student number, as a keyed tag only."""

    __tablename__ = "knocks"

    tag: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime]
    """Before this moment no other code is looked at."""


class Answer(enum.Enum):
    """What came of a code."""

    IN = enum.auto()
    WRONG = enum.auto()
    WAIT = enum.auto()


@dataclass(frozen=True)
class Tried:
    """The same, with how long to wait, and whether somebody else had the number until now."""

    answer: Answer
    until: datetime | None = None
    moved: bool = False


async def admitted(session: AsyncSession, person: Person, mode: Mode) -> bool:
    """Whether this person may begin something in private. Whoever holds a role of the union may in any case."""
    if mode is Mode.OPEN:
        return True
    let_in = person.admitted if mode is Mode.CODE else await roster.of_person(session, person) is not None
    return let_in or bool(await people.held(session, person.telegram_id))


# ---------------------------------------------------------------- the campus code


def campus_code(rotation: int, vault: Vault) -> str:
    """The code of this rotation: ABCD-EFGH."""
    number = int(vault.tag("campus code", rotation), 16)
    code = ""
    for _ in range(CODE_LENGTH):
        number, at = divmod(number, len(ALPHABET))
        code += ALPHABET[at]
    return f"{code[:4]}-{code[4:]}"


async def newest(session: AsyncSession, now: datetime) -> Rotation:
    """The campus code that holds now; the first time it is asked for, there begins to be one."""
    row: Rotation | None = await session.scalar(select(Rotation).order_by(Rotation.id.desc()).limit(1))
    if row is None:
        row = Rotation(begun_at=now)
        session.add(row)
        await session.flush()
    return row


async def rotate(session: AsyncSession, now: datetime, by: Person | None, keep: timedelta = OLD_CODE) -> Rotation:
    """A new campus code; the one before opens for `keep` longer. Whoever is in stays in."""
    before = await newest(session, now)
    before.ends_at = now + keep
    after = Rotation(begun_at=now)
    session.add(after)
    await session.flush()
    await audit.record(session, "campus_code", now, staff=by, rotation=after.id)
    return after


async def holds(session: AsyncSession, rotation: int, now: datetime) -> bool:
    """Whether this rotation's code still opens."""
    row = await session.get(Rotation, rotation)
    return row is not None and (row.ends_at is None or row.ends_at > now)


async def try_campus_code(session: AsyncSession, person: Person, typed: str, vault: Vault, now: datetime) -> Tried:
    """Somebody typed the campus code."""
    own = await _knock(session, vault, "person", person.telegram_id)
    if own is not None and own.until > now:
        return Tried(Answer.WAIT, own.until)
    await newest(session, now)
    for row in await session.scalars(select(Rotation)):
        right = secrets.compare_digest(code_of(campus_code(row.id, vault)), code_of(typed))
        if right and (row.ends_at is None or row.ends_at > now):
            await let_in(session, person, vault)
            return Tried(Answer.IN)
    return await _wrong(session, vault, now, [("person", person.telegram_id)])


async def let_in(session: AsyncSession, person: Person, vault: Vault) -> None:
    """They have shown that they have seen the code: from now on they are in."""
    person.admitted = True
    await forget_tries(session, person.telegram_id, vault)


# ---------------------------------------------------------------- the roster


async def prove(session: AsyncSession, person: Person, number: str, code: str, vault: Vault, now: datetime) -> Tried:
    """Somebody says which number is theirs, and shows a one-time code for it. A number that is not on the roster is
    answered like a wrong code: nobody learns here who studies at this university.

    The number is this person's then. Whoever had it until now is told, because it may have been taken from them.
    """
    which: list[tuple[str, int | str]] = [("person", person.telegram_id), ("number", number)]
    for what, key in which:
        row = await _knock(session, vault, what, key)
        if row is not None and row.until > now:
            return Tried(Answer.WAIT, row.until)
    enrolled = await roster.redeem(session, number, code, vault, now)
    if enrolled is None:
        return await _wrong(session, vault, now, which)
    before = await roster.tie(session, enrolled, person)
    if before is not None:
        await letters.to_person(session, before, "access.moved_away", now)
    person.audience = person.audience or enrolled.audience
    person.building = person.building or enrolled.building
    await session.execute(delete(Knock).where(Knock.tag.in_([_tag(vault, what, key) for what, key in which])))
    return Tried(Answer.IN, moved=before is not None)


# ---------------------------------------------------------------- wrong codes


def _tag(vault: Vault, what: str, key: int | str) -> str:
    return vault.tag("knock", what, key)


async def _knock(session: AsyncSession, vault: Vault, what: str, key: int | str) -> Knock | None:
    row: Knock | None = await session.get(Knock, _tag(vault, what, key))
    return row


async def _wrong(session: AsyncSession, vault: Vault, now: datetime, which: list[tuple[str, int | str]]) -> Tried:
    until = now
    for what, key in which:
        row = await _knock(session, vault, what, key)
        if row is None:
            row = Knock(tag=_tag(vault, what, key), count=0, until=now)
            session.add(row)
        row.count += 1
        if row.count >= FREE_TRIES:
            row.until = now + PAUSES[min(row.count - FREE_TRIES, len(PAUSES) - 1)]
            until = max(until, row.until)
    await session.flush()
    return Tried(Answer.WRONG, until if until > now else None)


async def forget_tries(session: AsyncSession, telegram_id: int, vault: Vault) -> None:
    """Their wrong codes no longer count."""
    await session.execute(delete(Knock).where(Knock.tag == _tag(vault, "person", telegram_id)))


async def forget_old_tries(session: AsyncSession, now: datetime) -> None:
    """Wrong codes are remembered for a day after the last pause."""
    await session.execute(delete(Knock).where(Knock.until < now - FORGOTTEN_AFTER))
