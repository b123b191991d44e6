"""Places at a call for volunteers: who has one, who waits, and for whom a free one is kept.

puts down their name ─▶ coming, or waiting ─▶ a place is free: kept for the first of them ─▶ coming, or the next
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.errors import Refusal
from models.house import House
from models.people import Person
from models.union import gatherings, volunteering
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage

KEPT_FOR, KEPT_AT_LEAST = timedelta(hours=12), timedelta(minutes=30)
"""So long a place that has become free is kept for whoever is asked; they are not asked when there is less time."""
NO_MORE = timedelta(hours=1)
"""So long before it begins nobody is asked any more: who is there takes the place."""


async def seat(session: AsyncSession, number: int, seats: int | None, house: House, now: datetime) -> None:
    """So many places there are from now on; the first of those who wait are asked. Raises Refusal for none, and for
    fewer than have been given.
    """
    gathering = await volunteering.held(session, number)
    volunteering.must_go_on(gathering)
    if seats is not None and not 1 <= seats <= volunteering.MOST_SEATS:
        raise Refusal("volunteer.seats", most=volunteering.MOST_SEATS)
    taken = await _taken(session, gathering)
    if seats is not None and seats < taken:
        raise Refusal("volunteer.seats_taken", count=taken)
    gathering.seats = seats
    await session.flush()
    await fill(session, gathering, house, now)


async def _taken(session: AsyncSession, gathering: Gathering) -> int:
    """Places that are given, or kept for somebody who has been asked."""
    taken = or_(Attendance.part.in_((Part.COMING, Part.CAME)), Attendance.offered_until.is_not(None))
    count = select(func.count()).where(Attendance.gathering_id == gathering.id, taken)
    return await session.scalar(count) or 0


async def free(session: AsyncSession, gathering: Gathering) -> int:
    """How many places are free; as many as anybody wants where they are not counted."""
    if gathering.seats is None:
        return volunteering.MOST_SEATS
    return max(gathering.seats - await _taken(session, gathering), 0)


async def line(session: AsyncSession, gathering: Gathering, house: House, now: datetime) -> list[Attendance]:
    """Those who wait, in the order in which they are asked."""
    waiting = await gatherings.attendances(session, gathering, Part.WAITING)
    missed = await volunteering.missed_by(session, [each.person_id for each in waiting], house, now)
    return sorted(waiting, key=lambda each: missed.get(each.person_id, 0) >= volunteering.MOST_MISSED)


async def put_down(
    session: AsyncSession, number: int, person: Person, house: House, now: datetime
) -> tuple[Attendance, bool]:
    """Their name, and whether the training it asks for is still before them: they have a place, or wait for one. Doing
    so again changes nothing. Raises Refusal when it has begun, is not for them, is at the same time as another that
    they have a place at, or asks for a training that is over without them.
    """
    _, call = await volunteering.get(session, number)
    gathering = await volunteering.held(session, number)
    _must_be_open(gathering, now)
    if not await volunteering.is_for(session, gathering, person):
        raise Refusal("volunteer.not_for_you")
    ready = await volunteering.trained(session, call, person)
    if not ready and not await volunteering.training_ahead(session, call, now):
        raise Refusal("volunteer.untrained", title=await volunteering.training_title(session, call))
    place = await gatherings.place_of(session, gathering, person)
    if place is not None and place.part in (Part.COMING, Part.WAITING, Part.CAME):
        return place, not ready
    await _must_have_time(session, gathering, person)
    if place is None:
        place = Attendance(gathering_id=gathering.id, person_id=person.id)
        session.add(place)
    place.asked_at, place.reason = now, None
    place.part = Part.COMING if await free(session, gathering) else Part.WAITING
    place.reminded = volunteering.steps(gathering, now)
    await session.flush()
    return place, not ready


async def take_back(session: AsyncSession, number: int, person: Person, house: House, now: datetime) -> None:
    """They do not come after all, or wait no longer; the next is asked. Raises Refusal once it has begun, and for
    somebody whose name is not down.
    """
    gathering = await volunteering.held(session, number)
    _must_be_open(gathering, now)
    place = await gatherings.place_of(session, gathering, person)
    if place is None or place.part not in (Part.COMING, Part.WAITING):
        raise Refusal("volunteer.not_down")
    place.part, place.offered_until = Part.DECLINED, None
    await session.flush()
    await fill(session, gathering, house, now)


async def accept(session: AsyncSession, number: int, person: Person, now: datetime) -> Attendance:
    """The place that was kept for them is theirs. Raises Refusal when it is kept no longer."""
    gathering = await volunteering.held(session, number)
    _must_be_open(gathering, now)
    place = await session.get(Attendance, (number, person.id), populate_existing=True)
    if place is not None and place.part is Part.COMING:
        return place
    if place is None or place.offered_until is None or place.offered_until <= now:
        raise Refusal("volunteer.offer_over")
    await _must_have_time(session, gathering, person)
    place.part, place.offered_until, place.reminded = Part.COMING, None, volunteering.steps(gathering, now)
    await session.flush()
    return place


async def fill(session: AsyncSession, gathering: Gathering, house: House, now: datetime) -> None:
    """Ask the first of those who wait, as many as places are free, while there is time to answer."""
    until = _kept_until(gathering, house, now)
    if gathering.stage is not Stage.CALLED or until is None:
        return
    asked = [each for each in await line(session, gathering, house, now) if each.offered_until is None]
    for place in asked[: await free(session, gathering)]:
        place.offered_until = until
        # Somebody may be asked again who has put down their name once more.
        await volunteering.tell(session, gathering, place.person_id, "offer", house, now, about=until.isoformat())
    await session.flush()


def _kept_until(gathering: Gathering, house: House, now: datetime) -> datetime | None:
    """Until when a place that is free now is kept for whoever is asked; None when it is too late to ask. Whoever is
    asked at night reads it in the morning.
    """
    asked = house.calendar.after_quiet(now)
    until = min(asked + KEPT_FOR, gathering.starts_at - NO_MORE)
    return until if until - asked >= KEPT_AT_LEAST else None


def _must_be_open(gathering: Gathering, now: datetime) -> None:
    if gathering.stage is not Stage.CALLED:
        raise Refusal(f"gathering.is_{gathering.stage}")
    if now >= gathering.starts_at:
        raise Refusal("volunteer.begun")


async def _must_have_time(session: AsyncSession, gathering: Gathering, person: Person) -> None:
    at_once = (
        select(Gathering)
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(
            Attendance.person_id == person.id,
            Attendance.part == Part.COMING,
            Gathering.kind == Kind.VOLUNTEERING,
            Gathering.stage == Stage.CALLED,
            Gathering.id != gathering.id,
            Gathering.starts_at < gathering.ends_at,
            Gathering.ends_at > gathering.starts_at,
        )
    )
    other = await session.scalar(at_once.limit(1))
    if other is not None:
        raise Refusal("volunteer.at_once", title=other.titles)


async def ask_the_next(session: AsyncSession, house: House, now: datetime) -> None:
    """Whoever has not answered in time is passed over, and the next is asked. Shortly before it begins those who still
    wait hear that no place became free.
    """
    with_some = (
        select(Attendance.gathering_id)
        .join(Gathering, Gathering.id == Attendance.gathering_id)
        .where(Gathering.kind == Kind.VOLUNTEERING, Gathering.stage == Stage.CALLED, Attendance.part == Part.WAITING)
        .distinct()
    )
    for number in sorted((await session.scalars(with_some)).all()):
        gathering = await volunteering.held(session, number)
        if gathering.stage is not Stage.CALLED:
            continue
        too_late = now >= gathering.starts_at - NO_MORE
        for place in await gatherings.attendances(session, gathering, Part.WAITING):
            if (place.offered_until is not None and place.offered_until <= now) or too_late:
                what = "no_place" if place.offered_until is None else "offer_over"
                place.part, place.offered_until = Part.DECLINED, None
                await volunteering.tell(session, gathering, place.person_id, what, house, now)
        await session.flush()
        await fill(session, gathering, house, now)
