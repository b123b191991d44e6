"""Who was forgotten, in a form that names nobody: so that a backup from before does not bring them back.

Each erasure is a row with a keyed tag of the person, written in the transaction that erases, and a copy of all rows is
kept in a file beside the database, which a backup does not hold. What stands in the file and not in a database that was
restored happened after the backup: those people are forgotten again before anything else is done with it.

A row has a number drawn by lot and the day, no more: whoever is forgotten twice has two rows, and whoever comes back
stays, because the row that forgot them is in the backup that has them again. Without the key nobody can tell whose tag
it is; with the key and somebody's Telegram id one can, as everywhere.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.disk import sync_folder
from models.vault import Vault

KEPT = timedelta(days=400)
"""So long an erasure is remembered; a backup older than that must not be restored any more (`restore` refuses it)."""
HEAD = "unionbot erasures 1"
PURPOSE = "erasures"


class Erasure(Base):
    """One person was forgotten once."""

    __tablename__ = "erasures"

    number: Mapped[str] = mapped_column(primary_key=True)
    """Drawn by lot: it tells no order."""
    tag: Mapped[str]
    day: Mapped[date]

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012


Erased = Mapping[str, tuple[str, date]]
"""By their numbers the tags of those who were forgotten, and the days."""


class Unreadable(Exception):
    """A file is no list of erasures, or was cut off."""


def tag_of(telegram_id: int, vault: Vault) -> str:
    """What stands for this person in the list."""
    return vault.apart(PURPOSE).tag("person", telegram_id)


def record(session: AsyncSession, telegram_id: int, vault: Vault, now: datetime) -> None:
    """This person is being forgotten in this transaction."""
    session.add(Erasure(number=secrets.token_hex(8), tag=tag_of(telegram_id, vault), day=now.date()))


async def all_of(session: AsyncSession) -> Erased:
    """Every erasure that the database remembers."""
    rows = await session.execute(select(Erasure.number, Erasure.tag, Erasure.day))
    return {number: (tag, day) for number, tag, day in rows}


async def remember(session: AsyncSession, erased: Erased) -> None:
    """Rows that came from elsewhere stand here, too."""
    if erased:
        rows = [{"number": number, "tag": tag, "day": day} for number, (tag, day) in erased.items()]
        table = Erasure.__table__
        assert isinstance(table, Table)
        await session.execute(insert(table), rows)


async def drop_old(session: AsyncSession, now: datetime) -> None:
    """No backup that is that old is restored any more."""
    await session.execute(delete(Erasure).where(Erasure.day < (now - KEPT).date()))


# ---------------------------------------------------------------- the file beside the database


def read(path: Path) -> Erased:
    """What a file holds; nothing where there is none. Raises Unreadable for anything else, and OSError."""
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise Unreadable from None
    head, *lines = text.splitlines() or [""]
    found = {}
    try:
        if head != HEAD or lines[-1] != f"end {len(lines) - 1}":
            raise Unreadable
        for line in lines[:-1]:
            number, tag, day = line.split()
            found[number] = (tag, date.fromisoformat(day))
    except (ValueError, IndexError):
        raise Unreadable from None
    return found


def is_there(path: Path) -> bool:
    """Whether there is a list, of nobody perhaps."""
    return path.exists()


def set_aside(path: Path) -> Path:
    """Another name for a file that cannot be read. Returns it. Raises OSError."""
    kept = path.with_name(f"{path.name}.unreadable")
    path.replace(kept)
    return kept


def write(path: Path, erased: Erased) -> None:
    """Put the list there, whole or not at all, readable by its owner only. Raises OSError."""
    # With PostgreSQL nothing else of the program's makes this folder.
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    lines = sorted(f"{number} {tag} {day}" for number, (tag, day) in erased.items())
    new = path.with_name(f"{path.name}.new")
    text = "\n".join([HEAD, *lines, f"end {len(lines)}", ""])
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)
