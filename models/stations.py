"""The stations, the union's office and the supervisors: each is a group chat in which tickets are answered.

Names and buildings come from config.toml; which chat a station sits in is learnt by `/setup` and follows the chat
when it moves (law 8).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Key, one_of
from models.errors import Refusal
from models.outbox import Outgoing, Sending
from models.postings import Card
from models.questions import Question


class Desk(enum.StrEnum):
    """What a bound chat is there for."""

    STATION = "station"
    OFFICE = "office"
    SUPERVISORS = "supervisors"


class Station(Base):
    """A place that answers tickets. `names` maps a language to the name shown in it."""

    __tablename__ = "stations"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    desk: Mapped[Desk] = mapped_column(one_of(Desk))
    names: Mapped[dict[str, Any]] = mapped_column(Json)
    chat_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    topics: Mapped[bool] = mapped_column(default=False)
    """One forum topic per ticket; False in plain groups and where topics are not wanted."""
    language: Mapped[str]
    """The language of its cards."""
    closed: Mapped[bool] = mapped_column(default=False)
    """True once it is gone from config.toml: it has no chat, keeps the tickets that ended there and gets no new ones;
    those still open go to the office (`seating.leave_closed`).
    """

    @property
    def serves(self) -> bool:
        """A service station, and neither the office nor the supervisors."""
        return self.desk is Desk.STATION


@dataclass(frozen=True)
class StationSpec:
    """A station as config.toml describes it."""

    key: str
    names: Mapping[str, str]
    desk: Desk = Desk.STATION
    chat_id: int | None = None
    buildings: tuple[str, ...] = field(default=())


async def follow_config(session: AsyncSession, specs: Sequence[StationSpec], language: str) -> list[Station]:
    """Make the rows follow config.toml. A chat bound by /setup is kept where the file names none, unless it gives that
    chat to another place. Returns the places that sit in another chat from now on.
    """
    held = {station.key: station for station in await session.scalars(select(Station))}
    wanted = {spec.key: spec.chat_id for spec in specs}
    given = {spec.chat_id: spec.key for spec in specs if spec.chat_id is not None}
    for key, station in held.items():
        station.closed = key not in wanted
        elsewhere = wanted.get(key) not in (None, station.chat_id)
        taken = station.chat_id is not None and given.get(station.chat_id, key) != key
        if station.closed or elsewhere or taken:
            station.chat_id = None
    # Every chat is given back before one is taken: two places may have exchanged theirs.
    await session.flush()
    moved = []
    for spec in specs:
        station = held.get(spec.key) or Station(key=spec.key, desk=spec.desk, names={}, language=language)
        session.add(station)
        station.names, station.desk, station.closed = dict(spec.names), spec.desk, False
        if spec.chat_id is not None and station.chat_id != spec.chat_id:
            station.chat_id = spec.chat_id
            moved.append(station)
    await session.flush()
    return moved


seated = Question[Station](select(Station).where(Station.closed.is_(False)), Station.chat_id)
"""The station that sits in a chat, if one does."""


async def by_chat(session: AsyncSession, chat_id: int) -> Station | None:
    """The station that sits in this chat."""
    return next(iter(await seated.about(session, chat_id)), None)


async def by_key(session: AsyncSession, key: str) -> Station | None:
    """The station with this key, open or closed."""
    station: Station | None = await session.scalar(select(Station).where(Station.key == key))
    return station


async def receiving(session: AsyncSession, key: str) -> Station:
    """The place with this key that takes new tickets; the office stands in for one that is closed or unknown."""
    station = await by_key(session, key)
    return station if station is not None and not station.closed else await office(session)


async def office(session: AsyncSession) -> Station:
    """The union's office: what no station serves comes here."""
    return (await session.scalars(select(Station).where(Station.desk == Desk.OFFICE))).one()


async def bound(session: AsyncSession, *kinds: Desk) -> list[Station]:
    """Every open place of these kinds that sits in a chat."""
    return [each for each in await open_desks(session) if each.desk in kinds and each.chat_id is not None]


async def open_desks(session: AsyncSession) -> list[Station]:
    """Every place that may be bound to a chat, stations first."""
    rows = await session.scalars(select(Station).where(Station.closed.is_(False)).order_by(Station.id))
    return sorted(rows, key=lambda s: (list(Desk).index(s.desk), s.id))


async def takers(session: AsyncSession, besides: Station) -> list[Station]:
    """The places to which a ticket that is at `besides` may be offered."""
    return [
        place
        for place in await open_desks(session)
        if place.id != besides.id and place.chat_id is not None and place.desk is not Desk.SUPERVISORS
    ]


async def bind(session: AsyncSession, station: Station, chat_id: int, topics: bool) -> None:
    """Seat a station in a chat. Raises Refusal when another station sits there."""
    await must_be_free(session, station, chat_id)
    station.chat_id, station.topics = chat_id, topics


async def must_be_free(session: AsyncSession, station: Station, chat_id: int) -> None:
    """Raises Refusal when another station sits in this chat."""
    other = await by_chat(session, chat_id)
    if other is not None and other.id != station.id:
        raise Refusal("setup.chat_taken", station=other.names)


async def chat_moved(session: AsyncSession, old_chat: int, new_chat: int, now: datetime) -> Station | None:
    """A group became a supergroup: the station, its cards and everything still to be said follow it (law 8).

    Returns the station that moved; None where it has already, because the news comes from both chats and from every
    message that did not get through. And where another place sits in the new chat, or one of the two is somebody's
    private chat: those are no moves that Telegram makes.
    """
    if old_chat >= 0 or new_chat >= 0:
        return None
    station: Station | None = await session.scalar(select(Station).where(Station.chat_id == old_chat))
    other = await by_chat(session, new_chat)
    if station is not None and other is not None and other.id != station.id:
        return None
    if station is not None:
        station.chat_id = new_chat
    # Message ids of the old chat mean nothing in the new one: cards are posted anew, old replies lead nowhere. One that
    # stands there already is the better one.
    there = select(Card.ticket_id).where(Card.chat_id == new_chat)
    await session.execute(delete(Card).where(Card.chat_id == old_chat, Card.ticket_id.in_(there)))
    await session.execute(
        update(Card)
        .where(Card.chat_id == old_chat)
        .values(chat_id=new_chat, message_id=None, thread_id=None, digest=None)
    )
    await session.execute(
        update(Outgoing)
        .where(Outgoing.chat_id == old_chat, Outgoing.state.in_([Sending.DUE, Sending.SENDING]))
        .values(
            chat_id=new_chat,
            queue=str(new_chat),
            topic=func.replace(Outgoing.topic, f":{old_chat}", f":{new_chat}"),
            thread_id=None,
            not_before=now,
        )
    )
    await session.flush()
    return station
