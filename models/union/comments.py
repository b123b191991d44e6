"""What students say about a disclosure, or about the union in general, and what the union answers in public
(mission.md, measure 9).

    waiting ─▶ shown ─▶ answered        (an answer to one that waits shows it, too)
       └────────┴▶ hidden, for one of five reasons; the supervisors see it and may show it after all

Whoever wrote it is told of each step. Without a name there is no person: as of an anonymous ticket (law 11) there are a
keyed tag, by which the writer is found again, and a sealed address, also of those who gave their name; both are
destroyed some days after the end. Working time runs from the moment it came in: decided within a day, answered within
five; warned an hour before, and the supervisors are told when it has passed. What the union does stands in
`moderation.py`.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import mutes, outbox, stations
from models.base import Base, Key, one_of
from models.calendar import Span
from models.errors import Refusal
from models.house import OFFICE, House
from models.outbox import Lane, Outgoing, Repeat
from models.people import Person
from models.requesters import CHAT_BYTES, LANGUAGE_BYTES, Reached
from models.union.publications import Heading
from models.vault import Vault

LETTER, TOLD = "comment", "comment_told"
"""A comment's card in the office's or the supervisors' chat; what its writer is told."""
TEXT_LENGTH, ANSWER_LENGTH = 1000, 1500
"""In UTF-16 code units, as Telegram counts: both together fit into one message."""
DECIDED_WITHIN, ANSWERED_WITHIN = Span(days=1), Span(days=5)
MOST_WAITING = 3
"""So many comments of one writer wait at once; the next comes when the office has looked at one."""
SOONEST, LATEST = timedelta(hours=1), timedelta(hours=72)
"""When an anonymous comment goes whose writer was forgotten: at once would tell whose it was."""
A_PAGE = 5


class Stage(enum.StrEnum):
    """How far it is."""

    WAITING = "waiting"
    """The office has not looked at it."""
    SHOWN = "shown"
    HIDDEN = "hidden"
    GONE = "gone"
    """Its writer was forgotten: nothing is left of what it said."""


class Reason(enum.StrEnum):
    """Why a comment is not shown; there are no others."""

    PERSONAL = "personal"
    """It names or describes somebody who can be recognised."""
    INSULT = "insult"
    ADVERT = "advert"
    TICKET = "ticket"
    """It is a matter of its own, which a ticket gets done."""
    REPORT = "report"
    """It accuses somebody of the staff: that is looked into when it is reported."""


class Comment(Base):
    """One comment, known as C and its number."""

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    heading: Mapped[Heading | None] = mapped_column(one_of(Heading))
    """What it is about; None for the union in general."""
    stage: Mapped[Stage] = mapped_column(one_of(Stage), default=Stage.WAITING)
    version: Mapped[int] = mapped_column()
    text: Mapped[str | None]
    """None once it is gone."""
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    """Who wrote it and gave their name."""
    salt: Mapped[str | None]
    owner_tag: Mapped[str | None]
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    decide_due: Mapped[datetime]
    answer_due: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    """When it was shown or hidden last."""
    reason: Mapped[Reason | None] = mapped_column(one_of(Reason))
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    """When it was answered first; a corrected answer keeps it."""
    leaves_at: Mapped[datetime | None]
    """When it goes, because its writer was forgotten."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (Index("ix_comments_stage", "stage", "heading"),)

    @property
    def open(self) -> bool:
        """Whether the union has something to do about it."""
        return self.stage is Stage.WAITING or (self.stage is Stage.SHOWN and self.answer is None)


class CommentCard(Base):
    """Where a comment's card stands: a reply to it is an answer, and it follows what becomes of the comment."""

    __tablename__ = "comment_cards"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), index=True)


class Shown(NamedTuple):
    """A comment as everybody may read it."""

    number: int
    heading: Heading | None
    text: str
    at: datetime
    name: str | None
    answer: str | None
    answered_at: datetime | None


# ---------------------------------------------------------------- reading


async def get(session: AsyncSession, number: int) -> Comment:
    """The comment with this number. Raises Refusal when there is none."""
    found: Comment | None = await session.get(Comment, number)
    if found is None:
        raise Refusal("comment.unknown", number=number)
    return found


def _public(heading: Heading | None) -> Any:
    return Comment.stage == Stage.SHOWN, Comment.heading == heading if heading else Comment.heading.is_(None)


async def shown(session: AsyncSession, heading: Heading | None, most: int, skip: int = 0) -> list[Shown]:
    """What is shown below a heading, or with None in general, the newest first."""
    rows = await session.execute(
        select(Comment, Person.name)
        .outerjoin(Person, Person.id == Comment.person_id)
        .where(*_public(heading))
        .order_by(Comment.id.desc())
        .limit(most)
        .offset(skip)
    )
    return [Shown(c.id, c.heading, c.text or "", c.at, name, c.answer, c.answered_at) for c, name in rows]


async def counts(session: AsyncSession) -> dict[Heading | None, int]:
    """How many are shown below each heading; None stands for those in general."""
    rows = await session.execute(
        select(Comment.heading, func.count().label("how_many"))
        .where(Comment.stage == Stage.SHOWN)
        .group_by(Comment.heading)
    )
    return {row.heading: row.how_many for row in rows}


async def hidden(session: AsyncSession, heading: Heading | None) -> int:
    """How many about this are not shown, for whatever reason: also that is public."""
    about = Comment.heading == heading if heading else Comment.heading.is_(None)
    found = select(func.count()).select_from(Comment).where(Comment.stage == Stage.HIDDEN, about)
    return await session.scalar(found) or 0


async def open_ones(session: AsyncSession) -> Sequence[Comment]:
    """What is still to be decided or answered, the oldest first."""
    unanswered = (Comment.stage == Stage.SHOWN) & Comment.answer.is_(None)
    query = select(Comment).where(or_(Comment.stage == Stage.WAITING, unanswered)).order_by(Comment.id)
    return (await session.scalars(query)).all()


async def at_card(session: AsyncSession, chat_id: int, message_id: int) -> Comment | None:
    """The comment whose card this message is."""
    found = select(Comment).join(CommentCard, CommentCard.comment_id == Comment.id)
    comment: Comment | None = await session.scalar(
        found.where(CommentCard.chat_id == chat_id, CommentCard.message_id == message_id)
    )
    return comment


async def writer(session: AsyncSession, comment: Comment) -> str | None:
    """The name that stands with it, if they gave it."""
    name: str | None = await session.scalar(select(Person.name).where(Person.id == comment.person_id))
    return name


# ---------------------------------------------------------------- the writer


def _tag(salt: str, telegram_id: int, vault: Vault) -> str:
    return vault.apart("comment").tag("owner", salt, telegram_id)


def _context(salt: str) -> str:
    return f"address:{salt}"


def is_of(comment: Comment, person: Person, vault: Vault) -> bool:
    """Whether this person wrote it; asked only about somebody who is speaking right now."""
    if comment.salt is None or comment.owner_tag is None:
        return comment.person_id == person.id
    return secrets.compare_digest(comment.owner_tag, _tag(comment.salt, person.telegram_id, vault))


async def of_person(session: AsyncSession, person: Person, vault: Vault) -> list[Comment]:
    """What this person wrote and can still be told about, or gave their name to."""
    rows = await session.scalars(
        select(Comment)
        .where(or_(Comment.person_id == person.id, Comment.owner_tag.is_not(None)), Comment.stage != Stage.GONE)
        .order_by(Comment.id)
    )
    return [each for each in rows if is_of(each, person, vault)]


def reach(comment: Comment, vault: Vault) -> Reached | None:
    """The writer's private chat and the language they read when they wrote; None once the key is destroyed."""
    if comment.address is None or comment.salt is None:
        return None
    plain = vault.apart("comment").open(comment.address, _context(comment.salt))
    return Reached(int.from_bytes(plain[:CHAT_BYTES], "big", signed=True), plain[CHAT_BYTES:].decode().rstrip())


async def addressee(session: AsyncSession, row: Outgoing, vault: Vault) -> int | None:
    """Where a letter to a comment's writer goes."""
    comment = await session.get(Comment, (row.payload or {})["comment"])
    reached = reach(comment, vault) if comment is not None else None
    return reached.chat_id if reached is not None else None


def must_fit(text: str, length: int, most: int = TEXT_LENGTH) -> None:
    """Raises Refusal for no words and for so many that they do not fit."""
    if not text:
        raise Refusal("comment.words_only")
    if length > most:
        raise Refusal("comment.too_long", length=length, most=most)


async def send(
    session: AsyncSession, text: str, heading: Heading | None, by: Person, house: House, now: datetime, *, named: bool
) -> Comment:
    """Somebody comments; `named` keeps who. The office gets a card. Raises Refusal for somebody who is muted, and while
    as many of theirs wait as may.
    """
    vault = house.vault
    await mutes.must_be_heard(session, by.telegram_id, house, now)
    waiting = (await session.scalars(select(Comment).where(Comment.stage == Stage.WAITING))).all()
    if sum(is_of(each, by, vault) for each in waiting) >= MOST_WAITING:
        raise Refusal("comment.too_many", most=MOST_WAITING)
    salt = secrets.token_hex(16)
    plain = by.telegram_id.to_bytes(CHAT_BYTES, "big", signed=True) + by.language.encode().ljust(LANGUAGE_BYTES)
    comment = Comment(
        heading=heading,
        stage=Stage.WAITING,
        text=text,
        at=now,
        person_id=by.id if named else None,
        salt=salt,
        owner_tag=_tag(salt, by.telegram_id, vault),
        address=vault.apart("comment").seal(plain, _context(salt)),
        decide_due=house.calendar.add(now, DECIDED_WITHIN),
        answer_due=house.calendar.add(now, ANSWERED_WITHIN),
    )
    session.add(comment)
    await session.flush()
    await card(session, comment, OFFICE, "new", now, dedupe=f"comment:{comment.id}:new")
    return comment


# ---------------------------------------------------------------- its cards, and what its writer is told


async def bring(session: AsyncSession, comment: Comment, chat_id: int, now: datetime) -> None:
    """Its card, once more, in this chat."""
    await _post(session, comment, chat_id, {"what": "card"}, now, lane=Lane.ANSWER)


async def redraw(session: AsyncSession, comment: Comment, now: datetime) -> None:
    """All its cards follow what has become of it."""
    await session.flush()
    for card in await session.scalars(select(CommentCard).where(CommentCard.comment_id == comment.id)):
        facts = {"what": "card", "message_id": card.message_id}
        topic = f"comment:{comment.id}:{card.chat_id}:{card.message_id}"
        await _post(session, comment, card.chat_id, facts, now, repeat=Repeat.FREELY, topic=topic)


async def posted(session: AsyncSession, number: int, chat_id: int, message_id: int) -> None:
    """A card of it stands there now."""
    if await session.get(CommentCard, (chat_id, message_id)) is None:
        session.add(CommentCard(chat_id=chat_id, message_id=message_id, comment_id=number))


async def card(
    session: AsyncSession, comment: Comment, desk: str, what: str, now: datetime, step: str | None = None, **how: Any
) -> None:
    """Its card in a place's chat, under a line that says why it comes now: new, hidden, or warned and overdue of a
    step that is to be done.
    """
    place = await stations.by_key(session, desk)
    if place is not None and place.chat_id is not None:
        await _post(session, comment, place.chat_id, {"what": what, "step": step}, now, **how)


async def _post(
    session: AsyncSession,
    comment: Comment,
    chat_id: int,
    facts: dict[str, Any],
    now: datetime,
    *,
    lane: Lane = Lane.TICKET,
    repeat: Repeat = Repeat.NUMBERED,
    **how: Any,
) -> None:
    payload = {"comment": comment.id, **facts}
    await outbox.post(
        session, now=now, lane=lane, repeat=repeat, chat_id=chat_id, letter=LETTER, payload=payload, **how
    )


async def tell(session: AsyncSession, comment: Comment, what: str, house: House, now: datetime) -> None:
    """Its writer hears what has become of it, outside quiet hours; nobody does once the way to them is destroyed."""
    if comment.address is None:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NUMBERED,
        letter=TOLD,
        payload={"comment": comment.id, "what": what},
        not_before=house.calendar.after_quiet(now),
    )


# ---------------------------------------------------------------- time


def due(comment: Comment) -> tuple[str, datetime] | None:
    """What is to be done with it next, decide or answer, and until when; None for one with which nothing is."""
    if comment.stage is Stage.WAITING:
        return "decide", comment.decide_due
    return ("answer", comment.answer_due) if comment.open else None


async def leave(session: AsyncSession, house: House, now: datetime) -> None:
    """Some days after it was answered or hidden nobody can find its writer any more; and what is to go, goes."""
    old = now - house.forget_after
    ended = or_(Comment.answered_at <= old, (Comment.stage == Stage.HIDDEN) & (Comment.decided_at <= old))
    for comment in (await session.scalars(select(Comment).where(Comment.salt.is_not(None), ended))).all():
        comment.salt = comment.owner_tag = comment.address = None
    for comment in (await session.scalars(select(Comment).where(Comment.leaves_at <= now))).all():
        await _erase(session, comment, now)


async def forget(session: AsyncSession, person: Person, vault: Vault, now: datetime) -> None:
    """Their comments go: those with their name now, the others at a moment of their own; the way to them goes with all
    at once.
    """
    for comment in await of_person(session, person, vault):
        if comment.person_id == person.id:
            await _erase(session, comment, now)
        else:
            wait = secrets.randbelow(int((LATEST - SOONEST).total_seconds()))
            comment.leaves_at = now + SOONEST + timedelta(seconds=wait)
        comment.person_id = comment.salt = comment.owner_tag = comment.address = None
    await session.flush()


async def _erase(session: AsyncSession, comment: Comment, now: datetime) -> None:
    comment.stage, comment.text, comment.answer, comment.leaves_at = Stage.GONE, None, None, None
    await redraw(session, comment, now)
