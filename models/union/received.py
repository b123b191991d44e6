"""Which messages somebody has of a publication, sealed.

Everybody who was written to has a row as soon as it is known what became of it, and all rows look the same: a copy of
the database does not tell whom it did not reach, which would be the moment at which they blocked the bot
(`people.Person`). What a row says opens only under the union's key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ForeignKey, LargeBinary, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.base import Base
from models.people import Person
from models.union.publications import Publication, Stage
from models.vault import Vault

PADDED = 128
"""Bytes that what is sealed has: room for the numbers of the words and of all that can be attached."""
IN_CLEAR = "in clear, until the program starts:"


class Delivery(Base):
    """What somebody has of a publication."""

    __tablename__ = "deliveries"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Had(NamedTuple):
    """The messages: None where they have none, or nobody knows."""

    words: int | None
    files: tuple[int, ...] = ()


NOTHING = Had(None)


def _context(row: Delivery) -> str:
    return f"delivery:{row.publication_id}:{row.person_id}"


def had(row: Delivery, vault: Vault) -> Had:
    """What a row says. Raises ValueError under another key."""
    words, files = json.loads(vault.apart("delivery").open(row.sealed, _context(row)))
    return Had(words, tuple(files))


def _say(row: Delivery, said: Had, vault: Vault) -> None:
    plain = json.dumps(said).encode().ljust(PADDED)
    row.sealed = vault.apart("delivery").seal(plain, _context(row))


# ---------------------------------------------------------------- what became of it


async def words(session: AsyncSession, about: Mapping[str, Any], message_id: int, vault: Vault) -> None:
    """Somebody has it: this message of their chat says it."""
    row = await _row(session, about, vault)
    if row is None or (found := had(row, vault)).words is not None:
        return
    _say(row, found._replace(words=message_id), vault)
    await session.flush()
    # It was on its way when it was withdrawn: they are told as well.
    since = Publication.id == row.publication_id, Publication.stage == Stage.WITHDRAWN
    await session.execute(
        update(Publication)
        .where(*since, Publication.told_to >= row.person_id)
        .values(told_to=row.person_id - 1)
        .execution_options(synchronize_session=False)
    )


async def file(session: AsyncSession, about: Mapping[str, Any], message_id: int, vault: Vault) -> None:
    """They have something that was attached as well, in this message."""
    row = await _row(session, about, vault)
    if row is not None and message_id not in (found := had(row, vault)).files:
        _say(row, found._replace(files=(*found.files, message_id)), vault)


async def nothing(session: AsyncSession, about: Mapping[str, Any], vault: Vault) -> None:
    """It did not get through, or nobody knows; they have what came of it before that."""
    await _row(session, about, vault)


async def _row(session: AsyncSession, about: Mapping[str, Any], vault: Vault) -> Delivery | None:
    """Their row, made where there is none. Who was forgotten meanwhile has nothing, and gets none."""
    number, person_id = int(about["publication"]), int(about["person"])
    row: Delivery | None = await session.get(Delivery, (number, person_id))
    if row is None:
        person = await session.get(Person, person_id)
        if person is None or not person.agreed:
            return None
        row = Delivery(publication_id=number, person_id=person_id)
        _say(row, NOTHING, vault)
        session.add(row)
    return row


# ---------------------------------------------------------------- looking


def line(number: int) -> Select[int]:
    """The numbers of this publication and of all that it corrects, one after the other."""
    found = select(Publication.id, Publication.corrects_id).where(Publication.id == number).cte(recursive=True)
    before = aliased(Publication)
    return select(
        found.union_all(select(before.id, before.corrects_id).join(found, before.id == found.c.corrects_id)).c.id
    )


def written_to(number: int) -> Select[int, int]:
    """The number and the chat of each who was written to with this one, or with what it corrects."""
    # Asked of each in turn: no list of all of them is made for a lot.
    theirs = select(Delivery).where(Delivery.person_id == Person.id, Delivery.publication_id.in_(line(number)))
    return select(Person.id, Person.telegram_id).where(theirs.exists())


async def count(session: AsyncSession, number: int, vault: Vault) -> int:
    """How many have it, or what it corrects; every row of it is opened."""
    rows = await session.scalars(select(Delivery).where(Delivery.publication_id.in_(line(number))))
    return len({row.person_id for row in rows if had(row, vault).words is not None})


async def standing(session: AsyncSession, number: int, person_id: int, vault: Vault) -> int | None:
    """The message in which somebody has it, or what it corrects: a correction may not have come through."""
    theirs = select(Delivery).where(Delivery.person_id == person_id, Delivery.publication_id.in_(line(number)))
    for row in await session.scalars(theirs.order_by(Delivery.publication_id.desc())):
        if (found := had(row, vault).words) is not None:
            return found
    return None


async def files(session: AsyncSession, number: int, person_id: int, vault: Vault) -> dict[int, datetime]:
    """The messages in which somebody has what was attached to it, or to what it corrects, each with when that began to
    be sent.
    """
    theirs = select(Delivery, Publication.sent_at).join(Publication, Publication.id == Delivery.publication_id)
    rows = theirs.where(Delivery.person_id == person_id, Delivery.publication_id.in_(line(number)))
    found = await session.execute(rows.where(Publication.sent_at.is_not(None)))
    return {each: cast(datetime, sent_at) for row, sent_at in found for each in sorted(had(row, vault).files)}


async def of_person(session: AsyncSession, person: Person, vault: Vault) -> list[Publication]:
    """Of which they have a message that is kept in mind, the newest first."""
    rows = select(Publication, Delivery).join(Delivery, Delivery.publication_id == Publication.id)
    theirs = await session.execute(rows.where(Delivery.person_id == person.id).order_by(Publication.id.desc()))
    return [publication for publication, row in theirs if had(row, vault).words is not None]


# ---------------------------------------------------------------- forgetting


async def forget(session: AsyncSession, person: Person) -> None:
    """Nothing says any more what they have been sent."""
    await session.execute(delete(Delivery).where(Delivery.person_id == person.id))


async def seal_what_came_before(session: AsyncSession, vault: Vault) -> None:
    """Seal what an earlier version of the program left in clear, which the migration could not: it has no key."""
    mark = IN_CLEAR.encode()
    for row in await session.scalars(select(Delivery).where(func.substr(Delivery.sealed, 1, len(mark)) == mark)):
        _say(row, Had(int(row.sealed.removeprefix(mark))), vault)
