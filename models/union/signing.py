"""Somebody is there and says so: with the link behind the picture, or the digits below it (`passes.py`), whatever they
come together for.

    link or digits ─▶ which gathering, which way ─▶ whether they are called to it ─▶ in, or out
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.errors import Refusal
from models.house import House
from models.people import Person
from models.union import gatherings, passes, presence
from models.union.gatherings import AFTER, BEFORE, Attendance, Gathering, Kind, Stage
from models.union.passes import Way
from models.vault import Vault

SOON = timedelta(hours=24)


async def on_now(session: AsyncSession, now: datetime) -> Sequence[Gathering]:
    """Where somebody can sign in or out at this moment."""
    on = select(Gathering).where(
        Gathering.stage.in_((Stage.CALLED, Stage.HELD)),
        Gathering.starts_at <= now + BEFORE,
        Gathering.ends_at >= now - AFTER,
    )
    return (await session.scalars(on.order_by(Gathering.starts_at, Gathering.id))).all()


async def by_link(session: AsyncSession, payload: str, vault: Vault, now: datetime) -> tuple[Gathering, Way]:
    """What a link leads to. Raises Refusal for one that holds no more or is not ours."""
    read = passes.read(payload, vault, now)
    if read is None:
        raise Refusal("here.link_old")
    return await gatherings.get(session, read.gathering), read.way


async def by_digits(
    session: AsyncSession, person: Person, typed: str, vault: Vault, now: datetime
) -> tuple[Gathering, Way]:
    """What these digits lead to. Raises Refusal for digits that nothing shows now, with what is most likely wrong."""
    on = await on_now(session, now)
    for gathering in on:
        way = passes.way_of(typed, gathering, vault, now)
        if way is not None:
            return gathering, way
    if sum(character.isdecimal() for character in typed) != passes.DIGITS:
        raise Refusal("here.digits", count=passes.DIGITS)
    theirs = {each.id for each, _ in await gatherings.of_person(session, person)}
    if any(gathering.id in theirs for gathering in on):
        raise Refusal("here.stale")
    begins = await session.scalar(
        select(Gathering.starts_at)
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(
            Attendance.person_id == person.id,
            Gathering.stage == Stage.CALLED,
            Gathering.starts_at > now,
            Gathering.starts_at <= now + SOON,
        )
        .order_by(Gathering.starts_at)
        .limit(1)
    )
    if begins is not None:
        raise Refusal("gathering.too_early", at=begins - BEFORE)
    raise Refusal("here.nothing")


async def go(
    session: AsyncSession, gathering: Gathering, way: Way, person: Person, house: House, now: datetime
) -> tuple[Attendance, bool]:
    """In, or out, and whether that changed anything. Raises Refusal as `gatherings.sign_in` and `sign_out`, of
    volunteers as `presence.sign_in`; whoever calls this has asked whether they may.
    """
    if way is Way.OUT:
        return await gatherings.sign_out(session, gathering, person, now), True
    place = await gatherings.place_of(session, gathering, person)
    before = place is not None and place.signed_in_at is not None
    if gathering.kind is Kind.VOLUNTEERING:
        return await presence.sign_in(session, gathering.id, person, house, now), not before
    return await gatherings.sign_in(session, gathering, person, now), not before
