"""Who waits for a ticket: the student who filed it and everybody who joined. Named, or sealed (law 11).

A named requester is a person. An anonymous one is nobody: a salt, a keyed tag by which they are recognised when *they*
ask, and a sealed address by which the courier reaches them. The tag differs from ticket to ticket, so that two
tickets of one student cannot be laid side by side; some days after closing tag and address are destroyed.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any, NamedTuple, cast

from sqlalchemy import ForeignKey, Index, LargeBinary, Table, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import pseudonyms
from models.base import Base, Key, only
from models.people import Person
from models.postings import Posting
from models.questions import Question, fetch
from models.sessions import in_thread, patiently, plainly
from models.vault import Vault
from models.words import Words


class Requester(Base):
    """Somebody who gets the answers to a ticket, and what they said of the outcome."""

    __tablename__ = "requesters"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"))
    number: Mapped[int]
    """1 filed it, the others joined in this order; an anonymous one is shown by this number."""
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    salt: Mapped[str | None]
    owner_tag: Mapped[str | None]
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Their chat and the language they read, sealed: beside a building, a language may name one of few."""
    pseudonym: Mapped[str | None]
    """What an anonymous one is called on this ticket (`pseudonyms.py`)."""
    left: Mapped[bool] = mapped_column(default=False)
    """They withdrew from the ticket: nothing more reaches them."""
    solved: Mapped[bool | None]
    """Their answer to "Is it really fixed?"; None while they have not said."""
    rating: Mapped[int | None]
    """1–5."""
    remark: Mapped[str | None]
    came_from_id: Mapped[int | None] = mapped_column(Key, index=True)
    """The ticket they waited for until it was merged: where they go back to when that was a mistake."""
    walk_in: Mapped[bool] = mapped_column(default=False)
    """They came in person and cannot be written to; staff tell them, and say what they said (`walkins.py`)."""

    __table_args__ = (
        Index("uq_requesters_ticket_id_number", "ticket_id", "number", unique=True),
        Index("uq_requesters_ticket_id_person_id", "ticket_id", "person_id", unique=True),
        Index("ix_requesters_person_id", "person_id"),
        Index("ix_requesters_anonymous", "id", **only("owner_tag IS NOT NULL")),
    )

    @property
    def anonymous(self) -> bool:
        """True for somebody without a person, whether or not they can still be reached."""
        return self.person_id is None

    @property
    def reachable(self) -> bool:
        """False for who came in person, for another system, and for whose address has been destroyed."""
        return self.person_id is not None or self.address is not None


_requesters = cast(Table, Requester.__table__)
_NAMED = select(_requesters.c.id).where(_requesters.c.person_id == bindparam("person"))
TRIED_AT_ONCE = 2_000
"""So many rows are read without holding the loop."""
_ANONYMOUS = (
    select(_requesters.c.id, _requesters.c.salt, _requesters.c.owner_tag)
    .where(_requesters.c.owner_tag.is_not(None))
    .order_by(_requesters.c.id)
    .limit(TRIED_AT_ONCE)
)

CHAT_BYTES, LANGUAGE_BYTES = 8, 16
"""Written in full width, so that the length of the sealed form tells nothing."""


def _sealed(person: Person, salt: str, vault: Vault) -> bytes:
    plain = person.telegram_id.to_bytes(CHAT_BYTES, "big", signed=True)
    return vault.seal(plain + person.language.encode().ljust(LANGUAGE_BYTES), _context_of(salt))


def _context_of(salt: str) -> str:
    """What a sealed address is bound to: another requester's salt does not open it."""
    return f"requester:{salt}"


def make(
    ticket_id: int,
    number: int,
    person: Person,
    *,
    anonymous: bool,
    vault: Vault,
    taken: Collection[str | None] = (),
) -> Requester:
    """A requester for this person; for an anonymous one nothing of the person remains but tag and sealed address, and
    they are called by a pseudonym that is not one of those `taken` on the ticket.
    """
    if not anonymous:
        return Requester(ticket_id=ticket_id, number=number, person_id=person.id)
    salt = secrets.token_hex(16)
    return Requester(
        ticket_id=ticket_id,
        number=number,
        salt=salt,
        owner_tag=vault.tag("owner", salt, person.telegram_id),
        address=_sealed(person, salt, vault),
        pseudonym=pseudonyms.draw(taken),
    )


def again(requester: Requester, ticket_id: int) -> Requester:
    """The same student's place in a ticket that is a part of this one's. An anonymous one is reached and recognised by
    what is there already: it is bound to the salt, not to the ticket, and which ticket it comes from is told anyway.
    """
    return Requester(
        ticket_id=ticket_id,
        number=1,
        person_id=requester.person_id,
        salt=requester.salt,
        owner_tag=requester.owner_tag,
        address=requester.address,
    )


def visitor(ticket_id: int) -> Requester:
    """A requester for somebody who came in person: nothing is kept of who they are."""
    return Requester(ticket_id=ticket_id, number=1, walk_in=True)


def is_of(requester: Requester, person: Person, vault: Vault) -> bool:
    """Whether this requester is this person; asked only about somebody who is speaking right now."""
    if requester.person_id is not None:
        return requester.person_id == person.id
    if requester.salt is None or requester.owner_tag is None:
        return False
    return is_tag_of(requester.salt, requester.owner_tag, person, vault)


def is_tag_of(salt: str, owner_tag: str, person: Person, vault: Vault) -> bool:
    """The same of an anonymous one by what stands in their row."""
    return secrets.compare_digest(owner_tag, vault.tag("owner", salt, person.telegram_id))


waiting = Question[Requester](
    select(Requester).where(Requester.left.is_(False)).order_by(Requester.number), Requester.ticket_id
)
"""Everybody who waits for a ticket, the filer first; those who left are not among them."""


async def find(session: AsyncSession, ticket_id: int, person: Person, vault: Vault) -> Requester | None:
    """This person's place among the requesters of the ticket, None when they have none."""
    return next((r for r in await waiting.about(session, ticket_id) if is_of(r, person, vault)), None)


async def all_of(session: AsyncSession, person: Person, vault: Vault, *, also_left: bool = False) -> list[Requester]:
    """Every place this person has, named ones and the anonymous ones whose keys are not yet destroyed; those they
    withdrew from only when asked for.
    """
    await session.flush()
    numbers = [row.id for row in await plainly(session, _NAMED, {"person": person.id})]
    last = 0
    while True:
        # Whose an anonymous one is shows only when it is tried, and there may be very many.
        tried = await patiently(session, _ANONYMOUS.where(_requesters.c.id > last))
        numbers += await in_thread(partial(_of_these, tried, person, vault))
        if len(tried) < TRIED_AT_ONCE:
            break
        last = tried[-1].id
    places: list[Requester] = await fetch(session, Requester, numbers)
    return sorted((r for r in places if also_left or not r.left), key=lambda r: r.ticket_id, reverse=True)


def _of_these(rows: Iterable[Any], person: Person, vault: Vault) -> list[int]:
    return [row.id for row in rows if is_tag_of(row.salt, row.owner_tag, person, vault)]


async def addressed_by(session: AsyncSession, message_id: int, person: Person, vault: Vault) -> Requester | None:
    """This person's place in the ticket that this message of the bot's in a private chat is about, if it is theirs."""
    rows = await session.scalars(
        select(Requester)
        .join(Posting, Posting.requester_id == Requester.id)
        # Nowhere else is the chat not named: with it the index finds the one message, or the few of this number.
        .where(Posting.chat_id.is_(None), Posting.message_id == message_id, Requester.left.is_(False))
    )
    return next((r for r in rows if is_of(r, person, vault)), None)


class Reached(NamedTuple):
    """How words get to somebody."""

    chat_id: int
    language: str
    """Of a person the one they read now, of nobody the one they read when they came."""


async def reach(session: AsyncSession, requester: Requester, vault: Vault) -> Reached | None:
    """The private chat of this requester and their language; None when the key to them has been destroyed."""
    if requester.person_id is not None:
        person = await session.get_one(Person, requester.person_id)
        return Reached(person.telegram_id, person.language)
    if requester.address is None or requester.salt is None:
        return None
    plain = vault.open(requester.address, _context_of(requester.salt))
    chat_id = int.from_bytes(plain[:CHAT_BYTES], "big", signed=True)
    return Reached(chat_id, plain[CHAT_BYTES:].decode().rstrip())


async def destroy_keys(session: AsyncSession, ticket_ids: Iterable[int]) -> int:
    """Make the anonymous requesters of these tickets unreachable for good, also for us. Returns how many.

    Whoever holds the key could still try every student: against the tag of where words came from, and with the bot's
    token against the numbers of its messages in their private chats. So both go too.
    """
    rows = await session.scalars(
        select(Requester).where(Requester.ticket_id.in_(list(ticket_ids)), Requester.owner_tag.is_not(None))
    )
    gone = []
    for requester in rows:
        requester.salt = requester.owner_tag = requester.address = None
        gone.append(requester.id)
    await session.execute(update(Words).where(Words.requester_id.in_(gone)).values(source_tag=None))
    await session.execute(delete(Posting).where(Posting.requester_id.in_(gone)))
    return len(gone)
