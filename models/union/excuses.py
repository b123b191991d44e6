"""What somebody says who is called to a study, a training or a meeting, and what whoever leads it says to that.

    invited ─▶ coming · wants to stay away (declined, with a reason) ─▶ excused, or expected all the same
    missed  ─▶ says why ─▶ excused, or missed all the same

The reason is erased as soon as it is decided. Whoever was there without a telephone is signed in by hand. Nobody does
either about themselves: what is held here counts as trained, and another has to have seen it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, outbox, stations
from models.errors import Refusal
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.permissions import Who
from models.union import calling, studies
from models.union.gatherings import BEFORE, Attendance, Gathering, Part, Stage

REASON_LENGTH = 300
BY_HAND_FOR = timedelta(days=7)
"""So long after its end somebody may still be signed in by hand, or say why they were not there."""


async def come(session: AsyncSession, gathering: Gathering, person: Person, now: datetime) -> None:
    """They will be there. Raises Refusal when it is over or cancelled."""
    if gathering.stage is not Stage.CALLED:
        raise Refusal(f"gathering.is_{gathering.stage}")
    place = await _place(session, gathering, person, now)
    if place.part is not Part.CAME:
        place.part, place.reason = Part.COMING, None


async def ask_off(
    session: AsyncSession, gathering: Gathering, person: Person, reason: str, house: House, now: datetime
) -> None:
    """They cannot come, or could not; whoever leads it decides. Raises Refusal without a reason, for a long one, long
    after it, for somebody who was there, and for somebody who was excused already.
    """
    must_be_asked(gathering, now)
    if not 0 < len(reason) <= REASON_LENGTH:
        raise Refusal("study.reason_length", most=REASON_LENGTH)
    place = await _place(session, gathering, person, now)
    if place.part in (Part.CAME, Part.EXCUSED):
        raise Refusal(f"study.has_{place.part}")
    place.reason = reason
    if gathering.stage is Stage.CALLED:
        place.part = Part.DECLINED
    await session.flush()
    lead = await session.get(Person, gathering.lead_id) if gathering.lead_id is not None else None
    if lead is not None and lead.agreed and lead.id != person.id:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=lead.telegram_id,
            letter="study",
            payload={"what": "asks_off", "gathering": gathering.id, "whose": person.id},
            not_before=house.calendar.after_quiet(now),
        )
    else:
        # Names stand in the office only; there it is looked up.
        await calling.tell(session, gathering, await stations.office(session), "asked_off", now, once=False)


def must_be_asked(gathering: Gathering, now: datetime) -> None:
    """Raises Refusal when nobody says any more why they do not come."""
    if gathering.stage not in (Stage.CALLED, Stage.HELD):
        raise Refusal(f"gathering.is_{gathering.stage}")
    if now > gathering.ends_at + BY_HAND_FOR:
        raise Refusal("gathering.is_held")


async def _place(session: AsyncSession, gathering: Gathering, person: Person, now: datetime) -> Attendance:
    place = await session.get(Attendance, (gathering.id, person.id), with_for_update=True, populate_existing=True)
    if place is None:
        place = Attendance(gathering_id=gathering.id, person_id=person.id, asked_at=now)
        session.add(place)
        await session.flush()
    return place


async def asking_off(session: AsyncSession, gathering: Gathering) -> list[tuple[Person, str]]:
    """Who wants to stay away, or says why they were not there, and waits for an answer; with their reason."""
    rows = await session.execute(
        select(Person, Attendance.reason)
        .join(Attendance, Attendance.person_id == Person.id)
        .where(Attendance.gathering_id == gathering.id, Attendance.reason.is_not(None))
        .order_by(Attendance.asked_at, Person.id)
    )
    return [(person, reason) for person, reason in rows if reason is not None]


async def decide(
    session: AsyncSession, gathering: Gathering, number: int, by: Person, house: House, now: datetime, *, accept: bool
) -> Person:
    """The reason of the person with this number is accepted or not; it is erased, and they are told. Raises Refusal
    when it has been decided, and about oneself.
    """
    if by.id == number:
        raise Refusal("study.own_reason")
    place = await session.get(Attendance, (gathering.id, number), with_for_update=True, populate_existing=True)
    if place is None or place.reason is None:
        raise Refusal("study.decided_already")
    place.reason, place.confirmed_by_id, place.confirmed_at = None, by.id, now
    if accept:
        place.part = Part.EXCUSED
    elif place.part is Part.DECLINED:
        place.part = Part.INVITED if gathering.stage is Stage.CALLED else Part.MISSED
    person = await session.get_one(Person, number)
    await audit.record(
        session, "gathering_excused" if accept else "gathering_not_excused", now, staff=by, gathering=gathering.id
    )
    if person.agreed:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=person.telegram_id,
            letter="study",
            payload={"what": "excused" if accept else "not_excused", "gathering": gathering.id},
            not_before=house.calendar.after_quiet(now),
        )
    return person


async def by_hand(
    session: AsyncSession, gathering: Gathering, number: int, by: Person, house: House, now: datetime
) -> Person:
    """The person with this number was there without a telephone: whoever leads it says so, and that stands in the
    records. Raises Refusal before, long after, for somebody it was not for, and about oneself.
    """
    if by.id == number:
        raise Refusal("study.own_hand")
    if gathering.stage not in (Stage.CALLED, Stage.HELD):
        raise Refusal(f"gathering.is_{gathering.stage}")
    if now < gathering.starts_at - BEFORE:
        raise Refusal("gathering.too_early", at=gathering.starts_at - BEFORE)
    if now > gathering.ends_at + BY_HAND_FOR:
        raise Refusal("gathering.too_late", at=gathering.ends_at + BY_HAND_FOR)
    person = await session.get(Person, number)
    if person is None or Who.CALLED not in await studies.who(session, gathering, person, house, now):
        raise Refusal("study.not_called")
    place = await _place(session, gathering, person, now)
    if place.part is Part.CAME:
        return person
    place.part, place.reason, place.signed_in_at = Part.CAME, None, min(now, gathering.ends_at)
    place.confirmed_by_id, place.confirmed_at = by.id, now
    await audit.record(session, "gathering_by_hand", now, staff=by, gathering=gathering.id)
    return person
