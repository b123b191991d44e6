"""Who waits for a ticket: the student who filed it and everybody who joined. Named, or sealed (law 11).

A named requester is a person. An anonymous one is nobody: a salt, a keyed tag by which they are recognised when *they*
ask, and a sealed address by which the courier reaches them. The tag differs from ticket to ticket, so that two
tickets of one student cannot be laid side by side; some days after closing tag and address are destroyed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlalchemy import ForeignKey, Index, LargeBinary, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key
from models.people import Person
from models.postings import Posting
from models.questions import Question
from models.vault import Vault


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
    language: Mapped[str]
    left: Mapped[bool] = mapped_column(default=False)
    """They withdrew from the ticket: nothing more reaches them."""
    reachable: Mapped[bool] = mapped_column(default=True)
    """False when Telegram answered 403 to the last words for them; shown on the card."""
    solved: Mapped[bool | None]
    """Their answer to "Is it really fixed?"; None while they have not said."""
    rating: Mapped[int | None]
    """1–5."""
    remark: Mapped[str | None]

    __table_args__ = (
        Index("uq_requesters_ticket_id_number", "ticket_id", "number", unique=True),
        Index("uq_requesters_ticket_id_person_id", "ticket_id", "person_id", unique=True),
        Index("ix_requesters_person_id", "person_id"),
    )

    @property
    def anonymous(self) -> bool:
        """True for somebody without a person, whether or not they can still be reached."""
        return self.person_id is None


def context_of(salt: str) -> str:
    """What a sealed address is bound to: another requester's salt does not open it."""
    return f"requester:{salt}"


def make(ticket_id: int, number: int, person: Person, *, anonymous: bool, vault: Vault) -> Requester:
    """A requester for this person; for an anonymous one nothing of the person remains but tag and sealed address."""
    if not anonymous:
        return Requester(ticket_id=ticket_id, number=number, person_id=person.id, language=person.language)
    salt = secrets.token_hex(16)
    return Requester(
        ticket_id=ticket_id,
        number=number,
        salt=salt,
        owner_tag=vault.tag("owner", salt, person.telegram_id),
        address=vault.seal(person.telegram_id, context_of(salt)),
        language=person.language,
    )


def is_of(requester: Requester, person: Person, vault: Vault) -> bool:
    """Whether this requester is this person; asked only about somebody who is speaking right now."""
    if requester.person_id is not None:
        return requester.person_id == person.id
    if requester.salt is None or requester.owner_tag is None:
        return False
    return secrets.compare_digest(requester.owner_tag, vault.tag("owner", requester.salt, person.telegram_id))


waiting = Question[Requester](
    select(Requester).where(Requester.left.is_(False)).order_by(Requester.number), Requester.ticket_id
)
"""Everybody who waits for a ticket, the filer first; those who left are not among them."""


async def find(session: AsyncSession, ticket_id: int, person: Person, vault: Vault) -> Requester | None:
    """This person's place among the requesters of the ticket, None when they have none."""
    return next((r for r in await waiting.about(session, ticket_id) if is_of(r, person, vault)), None)


async def all_of(session: AsyncSession, person: Person, vault: Vault) -> list[Requester]:
    """Every place this person has, named ones and the anonymous ones whose keys are not yet destroyed."""
    rows = await session.scalars(
        select(Requester)
        .where(
            Requester.left.is_(False),
            or_(
                Requester.person_id == person.id, and_(Requester.person_id.is_(None), Requester.owner_tag.is_not(None))
            ),
        )
        .order_by(Requester.ticket_id.desc())
    )
    return [r for r in rows if is_of(r, person, vault)]


async def addressed_by(session: AsyncSession, message_id: int, person: Person, vault: Vault) -> Requester | None:
    """This person's place in the ticket that this message of the bot's in a private chat is about, if it is theirs."""
    rows = await session.scalars(
        select(Requester)
        .join(Posting, Posting.requester_id == Requester.id)
        # Nowhere else is the chat not named: with it the index finds the one message, or the few of this number.
        .where(Posting.chat_id.is_(None), Posting.message_id == message_id, Requester.left.is_(False))
    )
    return next((r for r in rows if is_of(r, person, vault)), None)


async def chat_of(session: AsyncSession, requester: Requester, vault: Vault) -> int | None:
    """The private chat that reaches this requester; None when the key to it has been destroyed."""
    if requester.person_id is not None:
        return await session.scalar(select(Person.telegram_id).where(Person.id == requester.person_id))
    if requester.address is None or requester.salt is None:
        return None
    return vault.open(requester.address, context_of(requester.salt))


async def destroy_keys(session: AsyncSession, ticket_ids: Iterable[int]) -> int:
    """Make the anonymous requesters of these tickets unreachable for good, also for us. Returns how many."""
    rows = await session.scalars(
        select(Requester).where(Requester.ticket_id.in_(list(ticket_ids)), Requester.owner_tag.is_not(None))
    )
    count = 0
    for requester in rows:
        requester.salt = requester.owner_tag = requester.address = None
        count += 1
    return count


async def mark_unreachable(session: AsyncSession, requester: Requester) -> None:
    """Telegram answered 403 to words for them: remembered, shown on the card, and on the person where there is one."""
    requester.reachable = False
    if requester.person_id is not None:
        person = await session.get_one(Person, requester.person_id)
        person.reachable = False
