"""One question to everybody: a pulse, asked by a native anonymous Telegram poll in each private chat.

Telegram tells the bot what a poll's counts are, not who voted. What is kept of a sent poll is its id and its pulse;
the outbox row that carried it forgets its chat when it is sent, and its dedupe key is a keyed tag. So nothing here
leads from a vote to a person, and there is no row of who voted at all: the number invited is the number of polls that
were delivered.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import outbox
from models.base import Base, Json, Key
from models.figures import Rate
from models.house import House
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Person

SCALE = 5
"""Without options of its own a pulse asks for satisfaction, 1–5."""
TOP = 2
"""Satisfied are those who chose one of the top two of five (CSAT)."""
MOST_OPTIONS, OPTION_LENGTH, QUESTION_LENGTH = 12, 100, 300
"""Telegram's limits for a poll."""


class Pulse(Base):
    """A question, and until when it may be answered."""

    __tablename__ = "pulses"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    question: Mapped[str]
    options: Mapped[list[Any] | None] = mapped_column(Json)
    """The answers offered; None for satisfaction, 1–5, in each reader's language."""
    closes_at: Mapped[datetime] = mapped_column(index=True)
    closed: Mapped[bool] = mapped_column(default=False)


class PulsePoll(Base):
    """One delivered poll and what is chosen in it now; whose chat it is in, nobody knows here."""

    __tablename__ = "pulse_polls"

    poll_id: Mapped[str] = mapped_column(primary_key=True)
    pulse_id: Mapped[int | None] = mapped_column(ForeignKey("pulses.id"))
    """None for a vote that was quicker than the news that its poll was delivered."""
    choice: Mapped[int | None]

    __table_args__ = (Index("ix_pulse_polls_pulse_id", "pulse_id", "choice"),)


class PulsePicture(Base):
    """The result drawn for the readers of one language; uploaded once, then known to Telegram by `file_id`."""

    __tablename__ = "pulse_pictures"

    pulse_id: Mapped[int] = mapped_column(ForeignKey("pulses.id"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    png: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_id: Mapped[str | None]


@dataclass(frozen=True)
class Result:
    """What came of a pulse: how many were asked, and how often each answer was chosen."""

    invited: int
    counts: tuple[int, ...]
    scale: bool
    """Satisfaction, 1–5."""

    @property
    def answered(self) -> int:
        """How many chose anything."""
        return sum(self.counts)

    @property
    def response(self) -> Rate:
        """The response rate: answered ÷ invited."""
        return Rate(self.answered, self.invited)

    @property
    def satisfied(self) -> Rate:
        """CSAT: the top two of five ÷ answered."""
        return Rate(sum(self.counts[-TOP:]), self.answered)


async def recipients(session: AsyncSession) -> Sequence[Person]:
    """Everybody who has agreed. Who has blocked the bot is not known beforehand, and not counted as asked either."""
    rows = await session.scalars(select(Person).where(Person.agreed.is_(True)))
    return rows.all()


async def launch(
    session: AsyncSession,
    question: str,
    options: Sequence[str] | None,
    closes_at: datetime,
    house: House,
    now: datetime,
) -> Pulse:
    """Ask everybody. One outbox row each, in an order that says nothing."""
    pulse = Pulse(question=question, options=list(options) if options is not None else None, closes_at=closes_at)
    session.add(pulse)
    await session.flush()
    asked = list(await recipients(session))
    random.SystemRandom().shuffle(asked)
    for person in asked:
        await outbox.post(
            session,
            now=now,
            lane=Lane.BROADCAST,
            repeat=Repeat.NEVER,
            chat_id=person.telegram_id,
            letter="pulse",
            payload={"pulse": pulse.id},
            not_before=house.calendar.after_quiet(now),
            dedupe=house.vault.tag("pulse", pulse.id, person.id),
        )
    return pulse


async def sent(session: AsyncSession, pulse_id: int, poll_id: str) -> None:
    """A poll was delivered. Somebody may have voted in it already."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    noted = insert(PulsePoll).values(poll_id=poll_id, pulse_id=pulse_id)
    # In one step: between a look and an insert a vote may come in from the worker.
    await session.execute(noted.on_conflict_do_update(index_elements=["poll_id"], set_={"pulse_id": pulse_id}))


async def voted(session: AsyncSession, poll_id: str, counts: Sequence[int]) -> bool:
    """The counts of a poll changed; False when its pulse is over."""
    poll = await session.get(PulsePoll, poll_id)
    if poll is None:
        # Telegram tells the bot of its own polls only: this one was sent a moment ago.
        poll = PulsePoll(poll_id=poll_id)
        session.add(poll)
    elif poll.pulse_id is not None and (await session.get_one(Pulse, poll.pulse_id, with_for_update=True)).closed:
        return False
    poll.choice = next((i for i, count in enumerate(counts) if count), None)
    return True


async def due(session: AsyncSession, now: datetime) -> Sequence[Pulse]:
    """Pulses whose time is over and that are not closed yet."""
    rows = await session.scalars(
        select(Pulse).where(Pulse.closed.is_(False), Pulse.closes_at <= now).order_by(Pulse.id)
    )
    return rows.all()


async def result(session: AsyncSession, pulse: Pulse) -> Result:
    """How it stands."""
    options = len(pulse.options) if pulse.options is not None else SCALE
    rows = await session.execute(
        select(PulsePoll.choice, func.count().label("votes"))
        .where(PulsePoll.pulse_id == pulse.id)
        .group_by(PulsePoll.choice)
    )
    by_choice: dict[int | None, int] = {row.choice: row.votes for row in rows}
    counts = tuple(by_choice.get(i, 0) for i in range(options))
    return Result(invited=sum(by_choice.values()), counts=counts, scale=pulse.options is None)


async def close(
    session: AsyncSession, pulse: Pulse, pictures: dict[str, bytes], chats: Sequence[int], house: House, now: datetime
) -> None:
    """The question is over: what was not sent is not sent any more, and the result goes to everybody who
    can be reached now, because nobody knows any more who was asked, and to `chats`.
    """
    pulse.closed = True
    waiting = await session.scalars(select(Outgoing).where(Outgoing.letter == "pulse", Outgoing.state == outbox.DUE))
    for row in waiting:
        if (row.payload or {}).get("pulse") == pulse.id:
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
    for language, png in pictures.items():
        session.add(PulsePicture(pulse_id=pulse.id, language=language, png=png))
    for chat_id in [*chats, *(person.telegram_id for person in await recipients(session))]:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE if chat_id < 0 else Lane.BROADCAST,
            repeat=Repeat.NUMBERED,
            chat_id=chat_id,
            letter="pulse_result",
            payload={"pulse": pulse.id},
            not_before=now if chat_id < 0 else house.calendar.after_quiet(now),
        )


async def uploaded(session: AsyncSession, pulse_id: int, language: str, file_id: str) -> None:
    """Telegram has the picture: from now on its id is enough, and the bytes can go."""
    picture = await session.get(PulsePicture, (pulse_id, language))
    if picture is not None and picture.file_id is None:
        picture.file_id, picture.png = file_id, None
