"""One question to everybody, or to groups: a pulse, asked by a native anonymous Telegram poll in each private chat, or
once in each group.

Telegram tells the bot what a poll's counts are, not who voted. What is kept of a sent poll is a keyed tag of its id,
and its pulse; the outbox row that carried it forgets its chat when it is sent, and its dedupe key is a keyed tag. So
nothing here leads from a vote to a person, and there is no row of who voted at all: the number invited is the number of
polls that were delivered. How many read a poll in a group nobody knows, so there is no response rate of those.

A copy of the database from before the sending has the chats in the order in which the polls go out. So no copy from
after it may have the polls in that order, nor one beside the outbox row that the same transaction ended. What was
delivered in private waits sealed with its pulse; with twice a lot there, a lot of it, drawn at random, is noted at once
(as ballots are counted, 0020), and the rest at the end. Telegram's own ids may grow with time: therefore the tags.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, outbox, stations
from models.base import Base, Json, Key
from models.figures import Rate
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.stations import Desk, Station
from models.vault import Vault

SCALE = 5
"""Without options of its own a pulse asks for satisfaction, 1–5."""
TOP = 2
"""Satisfied are those who chose one of the top two of five (CSAT)."""
SETTLED_AFTER = timedelta(minutes=1)
"""So long after Telegram has closed a poll its last counts may still be on their way; hidden ones come only then."""
LOT = 25
"""So many delivered polls are noted at once, and as many stay behind: whose each is stays one of these."""
MOST_OPTIONS, OPTION_LENGTH, QUESTION_LENGTH = 12, 100, 300
"""Telegram's limits for a poll."""
_chance = random.SystemRandom()


class Pulse(Base):
    """A question, and until when it may be answered."""

    __tablename__ = "pulses"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    question: Mapped[str]
    options: Mapped[list[Any] | None] = mapped_column(Json)
    """The answers offered; None for satisfaction, 1–5, in each reader's language."""
    places: Mapped[list[Any] | None] = mapped_column(Json)
    """The ids of the stations in whose groups it is asked; None for everybody in private."""
    closes_at: Mapped[datetime] = mapped_column(index=True)
    closed: Mapped[bool] = mapped_column(default=False)
    delivered: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The tags of the polls that were delivered in private and are not noted yet; sealed, in no order."""


class PulsePoll(Base):
    """One delivered poll; whose chat it is in, nobody knows here."""

    __tablename__ = "pulse_polls"

    poll_id: Mapped[str] = mapped_column(primary_key=True)
    """A keyed tag of Telegram's id."""
    pulse_id: Mapped[int | None] = mapped_column(ForeignKey("pulses.id"), index=True)
    """None for a vote that was quicker than its poll was noted."""


class PulseCount(Base):
    """How often an answer is chosen in one poll now: once at most in a private chat, more often in a group."""

    __tablename__ = "pulse_counts"

    poll_id: Mapped[str] = mapped_column(ForeignKey("pulse_polls.poll_id"), primary_key=True)
    choice: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Which answer, counted from 0."""
    votes: Mapped[int]


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
    """In groups: how many groups."""
    counts: tuple[int, ...]
    scale: bool
    """Satisfaction, 1–5."""
    groups: bool = False
    """Asked in groups: then there is no response rate."""

    @property
    def answered(self) -> int:
        """How many chose anything."""
        return sum(self.counts)

    @property
    def response(self) -> Rate:
        """The response rate: answered ÷ invited; of private chats only."""
        return Rate(self.answered, self.invited)

    @property
    def satisfied(self) -> Rate:
        """CSAT: the top two of five ÷ answered."""
        return Rate(sum(self.counts[-TOP:]), self.answered)


async def recipients(session: AsyncSession) -> Sequence[Person]:
    """Everybody who has agreed. Who has blocked the bot is not known beforehand, and not counted as asked either."""
    rows = await session.scalars(select(Person).where(Person.agreed.is_(True)))
    return rows.all()


async def groups(session: AsyncSession, own: Station | None) -> list[Station]:
    """In whose groups somebody asks: in a station's own group this one, elsewhere all stations'."""
    return [own] if own is not None else await stations.bound(session, Desk.STATION)


async def launch(
    session: AsyncSession,
    question: str,
    options: Sequence[str] | None,
    closes_at: datetime,
    house: House,
    now: datetime,
    places: Sequence[Station] | None = None,
    staff: Person | None = None,
) -> Pulse:
    """Ask everybody, one outbox row each, in an order that says nothing; or these places, each once in its group. Who
    asked whom goes into the records.
    """
    pulse = Pulse(
        question=question,
        options=list(options) if options is not None else None,
        places=[place.id for place in places] if places is not None else None,
        closes_at=closes_at,
    )
    session.add(pulse)
    await session.flush()
    keys = [place.key for place in places] if places is not None else None
    await audit.record(session, "poll_launch", now, staff=staff, poll=pulse.id, places=keys)
    if places is not None:
        for place in places:
            await outbox.post(
                session,
                now=now,
                lane=Lane.NOTICE,
                repeat=Repeat.NEVER,
                chat_id=place.chat_id,
                letter="pulse",
                payload={"pulse": pulse.id},
                dedupe=f"pulse:{pulse.id}:{place.key}",
            )
        return pulse
    asked = list(await recipients(session))
    _chance.shuffle(asked)
    for person in asked:
        await outbox.post(
            session,
            now=now,
            lane=Lane.BROADCAST,
            repeat=Repeat.NEVER,
            chat_id=person.telegram_id,
            letter="pulse",
            payload={"pulse": pulse.id},
            not_before=house.calendar.for_many(now),
            dedupe=house.vault.tag("pulse", pulse.id, person.id),
        )
    return pulse


async def sent(session: AsyncSession, pulse_id: int, poll_id: str, vault: Vault) -> None:
    """A poll was delivered, by Telegram's id of it. In a group it is noted, in private it waits for others."""
    pulse = await session.get_one(Pulse, pulse_id, with_for_update=True, populate_existing=True)
    if pulse.closed:
        # Nobody's vote in it is counted any more.
        return
    waiting = [*_waiting(pulse, vault), _tag(poll_id, vault)]
    if pulse.places is not None:
        await _note(session, pulse, waiting)
        return
    _chance.shuffle(waiting)
    if len(waiting) >= 2 * LOT:
        await _note(session, pulse, waiting[LOT:])
        del waiting[LOT:]
    pulse.delivered = vault.seal(json.dumps(waiting).encode(), _delivered(pulse))


async def note_rest(session: AsyncSession, pulse: Pulse, vault: Vault) -> None:
    """Its time is over: what is waiting is noted too."""
    await _note(session, pulse, _waiting(pulse, vault))
    pulse.delivered = None


async def _note(session: AsyncSession, pulse: Pulse, tags: Sequence[str]) -> None:
    if not tags:
        return
    insert_or = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    noted = insert_or(PulsePoll).values([{"poll_id": tag, "pulse_id": pulse.id} for tag in tags])
    # In one step: somebody may have voted already, and between a look and an insert a vote may come in.
    await session.execute(noted.on_conflict_do_update(index_elements=["poll_id"], set_={"pulse_id": pulse.id}))


def _waiting(pulse: Pulse, vault: Vault) -> list[str]:
    """What was delivered and is not noted yet, in an order that says nothing."""
    return json.loads(vault.open(pulse.delivered, _delivered(pulse))) if pulse.delivered is not None else []


def _delivered(pulse: Pulse) -> str:
    return f"pulse delivered:{pulse.id}"


def _tag(poll_id: str, vault: Vault) -> str:
    return vault.tag("pulse poll", poll_id)


async def voted(session: AsyncSession, poll_id: str, counts: Sequence[int], vault: Vault) -> bool:
    """The counts of a poll changed, by Telegram's id of it; False when its pulse is over."""
    poll_id = _tag(poll_id, vault)
    poll = await session.get(PulsePoll, poll_id)
    if poll is None:
        # Telegram tells the bot of its own polls only: this one is not noted yet.
        poll = PulsePoll(poll_id=poll_id)
        session.add(poll)
        await session.flush()
    elif poll.pulse_id is not None and (await session.get_one(Pulse, poll.pulse_id, with_for_update=True)).closed:
        return False
    await session.execute(delete(PulseCount).where(PulseCount.poll_id == poll_id))
    chosen = [{"poll_id": poll_id, "choice": i, "votes": votes} for i, votes in enumerate(counts) if votes]
    if chosen:
        await session.execute(insert(PulseCount), chosen)
    return True


async def due(session: AsyncSession, now: datetime) -> Sequence[Pulse]:
    """Pulses whose time is over and that are not closed yet."""
    rows = await session.scalars(
        select(Pulse).where(Pulse.closed.is_(False), Pulse.closes_at <= now - SETTLED_AFTER).order_by(Pulse.id)
    )
    return rows.all()


async def result(session: AsyncSession, pulse: Pulse) -> Result:
    """How it stands."""
    options = len(pulse.options) if pulse.options is not None else SCALE
    rows = await session.execute(
        select(PulseCount.choice, func.sum(PulseCount.votes).label("votes"))
        .join(PulsePoll, PulsePoll.poll_id == PulseCount.poll_id)
        .where(PulsePoll.pulse_id == pulse.id)
        .group_by(PulseCount.choice)
    )
    by_choice = {row.choice: int(row.votes) for row in rows}
    polls = await session.scalar(select(func.count()).where(PulsePoll.pulse_id == pulse.id))
    return Result(
        invited=polls or 0,
        counts=tuple(by_choice.get(i, 0) for i in range(options)),
        scale=pulse.options is None,
        groups=pulse.places is not None,
    )


async def close(
    session: AsyncSession, pulse: Pulse, pictures: dict[str, bytes], chats: Sequence[int], house: House, now: datetime
) -> None:
    """The question is over: what was not sent is not sent any more, and the result goes to `chats` and to the groups
    that were asked; or, asked in private, to everybody who can be reached now, because nobody knows any more who was.
    """
    pulse.closed, pulse.delivered = True, None
    await audit.record(session, "poll_close", now, poll=pulse.id)
    await outbox.call_off(session, "pulse", "pulse", pulse.id)
    for language, png in pictures.items():
        session.add(PulsePicture(pulse_id=pulse.id, language=language, png=png))
    if pulse.places is None:
        asked = [person.telegram_id for person in await recipients(session)]
    else:
        found = await stations.bound(session, *Desk)
        asked = [each.chat_id for each in found if each.id in pulse.places and each.chat_id is not None]
    for chat_id in [*chats, *asked]:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE if chat_id < 0 else Lane.BROADCAST,
            repeat=Repeat.NUMBERED,
            chat_id=chat_id,
            letter="pulse_result",
            payload={"pulse": pulse.id},
            not_before=now if chat_id < 0 else house.calendar.for_many(now),
        )


async def uploaded(session: AsyncSession, pulse_id: int, language: str, file_id: str) -> None:
    """Telegram has the picture: from now on its id is enough, and the bytes can go."""
    picture = await session.get(PulsePicture, (pulse_id, language))
    if picture is not None and picture.file_id is None:
        picture.file_id, picture.png = file_id, None
