"""Who speaks with the bot, and what they may do. Roles come from membership of a bound chat or from a recorded
grant.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of


class Audience(enum.StrEnum):
    """Which students somebody belongs to; said by themselves, never guessed (mission.md, *Who uses it*)."""

    UNDERGRADUATE = "undergraduate"
    GRADUATE = "graduate"
    VOCATIONAL = "vocational"
    HONG_KONG_MACAO_TAIWAN = "hkmt"
    INTERNATIONAL = "international"


class Role(enum.StrEnum):
    """What may be granted by name. Staff are not here: membership of a station's chat makes them staff."""

    LEAD = "lead"
    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    READER = "reader"


class Person(Base):
    """Somebody who has spoken with the bot.

    Nothing here tells when they did anything or how it went: many agree and file on the same day, and whoever blocks
    the bot has just been written to. Beside an anonymous ticket of that day, or one whose answer did not get through,
    such a mark would be a name (law 11).
    """

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    name: Mapped[str]
    username: Mapped[str | None]
    language: Mapped[str]
    language_chosen: Mapped[bool] = mapped_column(default=False)
    """True once they picked it themselves; until then Telegram's own setting is followed."""
    audience: Mapped[Audience | None] = mapped_column(one_of(Audience))
    building: Mapped[str | None]
    agreed: Mapped[bool] = mapped_column(default=False)
    admitted: Mapped[bool] = mapped_column(default=False)
    """They have shown that they know the campus code (`access.py`)."""


class Grant(Base):
    """A role given to a person by name, and by whom; a taken-back grant keeps its row."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    telegram_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[Role] = mapped_column(one_of(Role))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    given_by: Mapped[int | None] = mapped_column(BigInteger)
    """Telegram id of the giver; None for those named in config.toml."""
    given_at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_grants_telegram_id", "telegram_id"),)


_BY_TELEGRAM_ID = select(Person).where(Person.telegram_id == bindparam("telegram_id"))


async def by_telegram_id(session: AsyncSession, telegram_id: int) -> Person | None:
    """The person behind a Telegram id, None for somebody who never spoke with the bot."""
    person: Person | None = await session.scalar(_BY_TELEGRAM_ID, {"telegram_id": telegram_id})
    return person


async def named_so(session: AsyncSession, usernames: Collection[str], telegram_ids: Collection[int]) -> list[Person]:
    """Those known to the bot who have one of these @names (in small letters, without the sign) or Telegram ids."""
    found = await session.scalars(
        select(Person)
        .where(or_(func.lower(Person.username).in_(usernames), Person.telegram_id.in_(telegram_ids)))
        .order_by(Person.id)
    )
    return list(found)


async def meet(session: AsyncSession, telegram_id: int, name: str, username: str | None, language: str) -> Person:
    """The person behind a Telegram id, made on the first meeting; name and language follow Telegram's.

    `language` is one of the union's languages; it is followed until the person chooses one.
    """
    person = await by_telegram_id(session, telegram_id)
    if person is None:
        person = Person(telegram_id=telegram_id, name=name, username=username, language=language)
        session.add(person)
        await session.flush()
        return person
    if person.name != name:
        person.name = name
    if person.username != username:
        person.username = username
    if not person.language_chosen and person.language != language:
        person.language = language
    return person


async def roles(session: AsyncSession, telegram_id: int, station_id: int | None = None) -> frozenset[Role]:
    """The roles somebody holds now; a lead's role counts only for their own station."""
    rows = await session.scalars(select(Grant).where(Grant.telegram_id == telegram_id, Grant.taken_back_at.is_(None)))
    return frozenset(g.role for g in rows if g.station_id is None or g.station_id == station_id)


async def held(session: AsyncSession, telegram_id: int) -> frozenset[Role]:
    """The roles somebody holds now, wherever."""
    rows = await session.scalars(
        select(Grant.role).where(Grant.telegram_id == telegram_id, Grant.taken_back_at.is_(None))
    )
    return frozenset(rows)


async def grants(session: AsyncSession, role: Role, telegram_id: int, station_id: int | None) -> list[Grant]:
    """By which somebody holds this role now, at this station or, with None, wherever; none when they do not."""
    rows = await session.scalars(
        select(Grant).where(
            Grant.telegram_id == telegram_id,
            Grant.role == role,
            Grant.station_id.is_(None) if station_id is None else Grant.station_id == station_id,
            Grant.taken_back_at.is_(None),
        )
    )
    return list(rows)


async def grant(
    session: AsyncSession, role: Role, telegram_id: int, *, given_by: int, now: datetime, station_id: int | None = None
) -> None:
    """Give somebody a role; giving what they hold already changes nothing."""
    if not await grants(session, role, telegram_id, station_id):
        session.add(Grant(telegram_id=telegram_id, role=role, station_id=station_id, given_by=given_by, given_at=now))


async def grant_configured(session: AsyncSession, role: Role, telegram_ids: list[int], now: datetime) -> None:
    """Make the grants without a giver equal to config.toml's list: missing ones given, dropped ones taken back."""
    rows = await session.scalars(
        select(Grant).where(Grant.role == role, Grant.given_by.is_(None), Grant.taken_back_at.is_(None))
    )
    held = {grant.telegram_id: grant for grant in rows}
    for telegram_id in set(telegram_ids) - held.keys():
        session.add(Grant(telegram_id=telegram_id, role=role, given_at=now))
    for telegram_id in held.keys() - set(telegram_ids):
        held[telegram_id].taken_back_at = now
