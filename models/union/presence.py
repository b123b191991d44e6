"""Volunteers are there, or are not: signing in, by hand where somebody has no telephone, excuses, and what time does.

coming ─▶ came · missed ─▶ says why ─▶ excused, or missed all the same
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.union import gatherings, places, volunteering
from models.union.gatherings import AFTER, EXPECTED, Attendance, Gathering, Kind, Part, Stage

EXCUSE_FOR, EXCUSE_LENGTH = timedelta(days=7), 300


async def sign_in(session: AsyncSession, number: int, person: Person, house: House, now: datetime) -> Attendance:
    """They are there. Who has no place takes one that is free. Raises Refusal as `gatherings.sign_in`, when it is not
    for them, when no place is free, and for whoever has not been to the training it asks for.
    """
    _, call = await volunteering.get(session, number)
    gathering = await volunteering.held(session, number)
    gatherings.must_be_on(gathering, now)
    if gathering.stage is Stage.PLANNED:
        raise Refusal("gathering.is_planned")
    place = await gatherings.place_of(session, gathering, person)
    if place is None or place.part not in (Part.COMING, Part.CAME):
        if not await volunteering.is_for(session, gathering, person):
            raise Refusal("volunteer.not_for_you")
        kept = place is not None and place.offered_until is not None
        if not kept and not await places.free(session, gathering):
            raise Refusal("volunteer.full")
    if not await volunteering.trained(session, call, person):
        raise Refusal("volunteer.untrained", title=await volunteering.training_title(session, call))
    found = await gatherings.sign_in(session, gathering, person, now)
    found.offered_until = None
    return found


async def by_hand(session: AsyncSession, gathering: Gathering, number: int, by: Person, now: datetime) -> None:
    """Somebody was there without a telephone, as whoever leads it says; recorded. Raises Refusal before it begins, long
    after it, for somebody who had no place, and about oneself.
    """
    if by.id == number:
        raise Refusal("volunteer.own_hand")
    if gathering.stage not in (Stage.CALLED, Stage.HELD) or now < gathering.starts_at:
        raise Refusal("volunteer.not_begun")
    if now > gathering.ends_at + EXCUSE_FOR:
        raise Refusal("gathering.too_late", at=gathering.ends_at + EXCUSE_FOR)
    place = await session.get(Attendance, (gathering.id, number), with_for_update=True, populate_existing=True)
    if place is None or place.part not in (*EXPECTED, Part.MISSED, Part.EXCUSED):
        raise Refusal("volunteer.not_expected")
    place.part, place.reason = Part.CAME, None
    if now <= gathering.ends_at:
        place.signed_in_at = now
    await audit.record(session, "gathering_by_hand", now, staff=by, gathering=gathering.id)


async def excuse(
    session: AsyncSession, number: int, person: Person, words: str, house: House, now: datetime
) -> Gathering:
    """Why they were not there; whoever leads it decides. Raises Refusal without words, for long ones, a week after it,
    and for somebody who has not missed it.
    """
    gathering, call = await volunteering.get(session, number)
    place = await session.get(Attendance, (number, person.id), with_for_update=True, populate_existing=True)
    if place is None or not can_excuse(gathering, place, now):
        raise Refusal("volunteer.nothing_to_excuse")
    if not 0 < len(words) <= EXCUSE_LENGTH:
        raise Refusal("volunteer.words_length", most=EXCUSE_LENGTH)
    place.reason = words
    await volunteering.tell_lead(session, gathering, call, "excuse", house, now)
    return gathering


def can_excuse(gathering: Gathering, place: Attendance | None, now: datetime) -> bool:
    """Whether somebody can still say why they were not there."""
    return place is not None and place.part is Part.MISSED and now <= gathering.ends_at + EXCUSE_FOR


def must_have_missed(gathering: Gathering, place: Attendance | None, now: datetime) -> None:
    """Raises Refusal for somebody who has nothing to excuse (any more)."""
    if not can_excuse(gathering, place, now):
        raise Refusal("volunteer.nothing_to_excuse")


async def decide_excuse(
    session: AsyncSession, gathering: Gathering, number: int, by: Person, house: House, now: datetime, *, accept: bool
) -> None:
    """The excuse of the person with this number will do, or not; its words are erased. Raises Refusal when that was
    decided, and about oneself.
    """
    place = await session.get(Attendance, (gathering.id, number), with_for_update=True, populate_existing=True)
    if by.id == number:
        raise Refusal("volunteer.about_yourself")
    if place is None or place.reason is None or place.part is not Part.MISSED:
        raise Refusal("volunteer.decided_already")
    place.reason = None
    if accept:
        place.part = Part.EXCUSED
    act = "gathering_excused" if accept else "gathering_not_excused"
    await audit.record(session, act, now, staff=by, gathering=gathering.id)
    await volunteering.tell(session, gathering, number, "excused" if accept else "not_excused", house, now)


async def hold_due(session: AsyncSession, house: House, now: datetime) -> None:
    """What is over is held: whoever had a place and did not sign in has missed it and hears so."""
    due = select(Gathering).where(
        Gathering.kind == Kind.VOLUNTEERING, Gathering.stage == Stage.CALLED, Gathering.ends_at <= now - AFTER
    )
    for gathering in (await session.scalars(due.order_by(Gathering.id).with_for_update())).all():
        await gatherings.move(session, gathering, Stage.HELD, now)
        for place in await gatherings.locked(session, gathering):
            if place.part in EXPECTED:
                place.part = Part.MISSED
                await volunteering.tell(session, gathering, place.person_id, "missed", house, now)
            elif place.part is Part.WAITING:
                place.part, place.offered_until = Part.DECLINED, None
        await session.flush()
        _, call = await volunteering.get(session, gathering.id)
        await volunteering.tell_lead(session, gathering, call, "over", house, now)


async def remind(session: AsyncSession, house: House, now: datetime) -> None:
    """Whoever has a place hears of it a day and two hours before."""
    rows = await session.execute(
        select(Gathering, Attendance)
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(
            Gathering.kind == Kind.VOLUNTEERING,
            Gathering.stage == Stage.CALLED,
            Gathering.starts_at > now,
            Gathering.starts_at <= now + volunteering.BEFORE_IT[0],
            Attendance.part == Part.COMING,
            Attendance.reminded < len(volunteering.BEFORE_IT),
        )
        .order_by(Gathering.id, Attendance.person_id)
    )
    for gathering, place in rows.all():
        step = volunteering.steps(gathering, now)
        if step > place.reminded:
            place.reminded = step
            await volunteering.tell(session, gathering, place.person_id, "reminder", house, now, about=str(step))
