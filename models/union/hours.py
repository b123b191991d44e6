"""How long somebody helped: proposed from when they signed in and out, confirmed by whoever leads it, and disputed.

    came ─▶ proposed ─▶ confirmed ─▶ disputed ─▶ the lead answers ─▶ taken to the office ─▶ the office decides
                            └────────── within a month ──┘ └─ nobody answers for a week ─▶┘

Hours above the whole of it, and hours that were confirmed otherwise before, have a reason. A dispute is open while
somebody has still to answer it, and is marked so in the second-class report card.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, letters, stations
from models.base import Base, one_of
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.union import volunteering
from models.union.gatherings import Attendance, Gathering, Part
from models.union.volunteering import VolunteerCall

MINUTE = timedelta(minutes=1)
MOST_MINUTES = 100 * 60
WORDS_LENGTH = 300
DISPUTED_FOR = timedelta(days=30)
"""So long after they were confirmed, or after its end, hours can be disputed."""
FURTHER_FOR = timedelta(days=14)
"""So long after the lead's answer it can be taken to the office."""
LEAD_ANSWERS_IN = timedelta(days=7)


class DisputeStage(enum.StrEnum):
    """Who has to answer."""

    LEAD = "lead"
    ANSWERED = "answered"
    """The lead has; they may take it to the office."""
    OFFICE = "office"
    DECIDED = "decided"


OPEN = (DisputeStage.LEAD, DisputeStage.OFFICE)


class HourDispute(Base):
    """Somebody says that their hours are wrong; once of each gathering."""

    __tablename__ = "hour_disputes"

    gathering_id: Mapped[int] = mapped_column(ForeignKey("gatherings.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    stage: Mapped[DisputeStage] = mapped_column(one_of(DisputeStage), default=DisputeStage.LEAD)
    words: Mapped[str]
    at: Mapped[datetime]
    """When it was said, and then when it was last answered or taken further."""
    reply: Mapped[str | None]
    """Why, in the words of whoever answered last."""
    replied_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


# ---------------------------------------------------------------- proposed and confirmed


def span(gathering: Gathering) -> int:
    """The whole of it, in minutes."""
    return (gathering.ends_at - gathering.starts_at) // MINUTE


def proposed(gathering: Gathering, call: VolunteerCall, place: Attendance) -> int | None:
    """Minutes from when they signed in until they signed out, within the time it was to last, rounded as the lead says,
    half up; None of whoever did not do both: nobody knows.
    """
    if place.signed_in_at is None or place.signed_out_at is None:
        return None
    came, left = max(place.signed_in_at, gathering.starts_at), min(place.signed_out_at, gathering.ends_at)
    minutes = max((left - came) // MINUTE, 0)
    rounded = (minutes + call.rounding // 2) // call.rounding * call.rounding
    return min(rounded, span(gathering))


async def confirm(
    session: AsyncSession,
    gathering: Gathering,
    number: int,
    minutes: int,
    by: Person,
    house: House,
    now: datetime,
    because: str | None = None,
) -> None:
    """The person with this number helped so long. Raises Refusal before its end, for somebody who was not there, about
    oneself, and without a reason where one is needed: above the whole of it, or otherwise than confirmed before.
    """
    if now < gathering.ends_at:
        raise Refusal("hours.not_over")
    if because is not None:
        _must_say(because)
    place = await session.get(Attendance, (gathering.id, number), with_for_update=True, populate_existing=True)
    if place is None or place.part is not Part.CAME:
        raise Refusal("hours.not_there")
    if place.minutes == minutes:
        return
    if because is None and (minutes > span(gathering) or place.minutes is not None):
        raise Refusal("hours.reason_needed")
    await _credit(session, place, minutes, by, now, because)
    await volunteering.tell(session, gathering, number, "hours", house, now)


async def _credit(
    session: AsyncSession, place: Attendance, minutes: int, by: Person, now: datetime, because: str | None
) -> None:
    if by.id == place.person_id:
        raise Refusal("volunteer.about_yourself")
    if not 0 <= minutes <= MOST_MINUTES:
        raise Refusal("hours.most", most=MOST_MINUTES // 60)
    place.minutes, place.because = minutes, because
    place.confirmed_by_id, place.confirmed_at = by.id, now
    await audit.record(session, "hours_confirm", now, staff=by, gathering=place.gathering_id, minutes=minutes)


async def confirm_all(
    session: AsyncSession, gathering: Gathering, call: VolunteerCall, by: Person, house: House, now: datetime
) -> int:
    """Everybody's hours as proposed, of whoever has none yet; returns how many. Those of whom nobody knows when they
    left, and one's own, are left out. Raises Refusal before its end.
    """
    if now < gathering.ends_at:
        raise Refusal("hours.not_over")
    count = 0
    for place in await waiting(session, gathering):
        minutes = proposed(gathering, call, place)
        if minutes is not None and place.person_id != by.id:
            await confirm(session, gathering, place.person_id, minutes, by, house, now)
            count += 1
    return count


async def waiting(session: AsyncSession, gathering: Gathering) -> Sequence[Attendance]:
    """Who came and has no hours yet."""
    found = select(Attendance).where(
        Attendance.gathering_id == gathering.id, Attendance.part == Part.CAME, Attendance.minutes.is_(None)
    )
    return (await session.scalars(found.order_by(Attendance.person_id))).all()


# ---------------------------------------------------------------- disputed


async def dispute_of(session: AsyncSession, gathering: Gathering, number: int) -> HourDispute | None:
    """What the person with this number says about their hours."""
    return await session.get(HourDispute, (gathering.id, number))


async def disputes(session: AsyncSession, gathering: Gathering, *stages: DisputeStage) -> list[HourDispute]:
    """Those that stand so, the oldest first."""
    found = select(HourDispute).where(HourDispute.gathering_id == gathering.id, HourDispute.stage.in_(stages))
    return list(await session.scalars(found.order_by(HourDispute.at, HourDispute.person_id)))


def can_dispute(gathering: Gathering, place: Attendance | None, now: datetime) -> bool:
    """Whether somebody can still say that the hours are wrong: confirmed ones, or that they were there at all."""
    if place is None:
        return False
    if place.part is Part.CAME and place.confirmed_at is not None and place.minutes is not None:
        return now <= place.confirmed_at + DISPUTED_FOR
    return place.part is Part.MISSED and now <= gathering.ends_at + DISPUTED_FOR


async def must_be_disputable(session: AsyncSession, gathering: Gathering, person: Person, now: datetime) -> None:
    """Raises Refusal where nothing is confirmed, it is too late, or it has been disputed once."""
    if await session.get(HourDispute, (gathering.id, person.id)) is not None:
        raise Refusal("dispute.once")
    if not can_dispute(gathering, await session.get(Attendance, (gathering.id, person.id)), now):
        raise Refusal("dispute.not_now")


async def dispute(
    session: AsyncSession, number: int, person: Person, words: str, house: House, now: datetime
) -> HourDispute:
    """They say that their hours are wrong: the lead answers; where nobody leads it (any more), the office. Raises
    Refusal as `must_be_disputable`, without words, and for long ones.
    """
    gathering, call = await volunteering.get(session, number)
    await must_be_disputable(session, gathering, person, now)
    _must_say(words)
    stage = DisputeStage.LEAD if gathering.lead_id not in (None, person.id) else DisputeStage.OFFICE
    found = HourDispute(gathering_id=number, person_id=person.id, words=words, at=now, stage=stage)
    session.add(found)
    await session.flush()
    if stage is DisputeStage.LEAD:
        await volunteering.tell_lead(session, gathering, call, "dispute", house, now)
    else:
        await _tell_office(session, gathering, now)
    return found


async def answer(
    session: AsyncSession,
    gathering: Gathering,
    number: int,
    minutes: int,
    reply: str,
    by: Person,
    house: House,
    now: datetime,
    *,
    office: bool,
) -> None:
    """So long it was, with a reason, as the lead or in the end the office says. Raises Refusal when it has been
    answered, without a reason, about oneself, and for an office that decides about its own answer.
    """
    found = await session.get(HourDispute, (gathering.id, number), with_for_update=True, populate_existing=True)
    if found is None or found.stage is not (DisputeStage.OFFICE if office else DisputeStage.LEAD):
        raise Refusal("dispute.answered_already")
    if office and found.replied_by_id == by.id:
        raise Refusal("dispute.own_answer")
    _must_say(reply)
    place = await session.get_one(Attendance, (gathering.id, number), with_for_update=True, populate_existing=True)
    if by.id == number:
        raise Refusal("volunteer.about_yourself")
    if minutes > 0 and place.part in (Part.MISSED, Part.EXCUSED):
        place.part, place.reason = Part.CAME, None
    if place.part is Part.CAME and place.minutes != minutes:
        await _credit(session, place, minutes, by, now, reply)
    found.stage = DisputeStage.DECIDED if office else DisputeStage.ANSWERED
    found.reply, found.replied_by_id, found.at = reply, by.id, now
    await audit.record(session, f"dispute_{found.stage}", now, staff=by, gathering=gathering.id, minutes=minutes)
    await volunteering.tell(session, gathering, number, f"dispute_{found.stage}", house, now)


async def further(session: AsyncSession, number: int, person: Person, now: datetime) -> None:
    """The lead's answer does not do: the office decides. Raises Refusal where there is none, or it is too old."""
    gathering, _ = await volunteering.get(session, number)
    found = await session.get(HourDispute, (number, person.id), with_for_update=True, populate_existing=True)
    if found is None or found.stage is not DisputeStage.ANSWERED or now > found.at + FURTHER_FOR:
        raise Refusal("dispute.not_further")
    found.stage, found.at = DisputeStage.OFFICE, now
    await _tell_office(session, gathering, now)


async def climb(session: AsyncSession, now: datetime) -> None:
    """What no lead has answered for a week goes to the office."""
    late = select(HourDispute).where(HourDispute.stage == DisputeStage.LEAD, HourDispute.at <= now - LEAD_ANSWERS_IN)
    for found in (await session.scalars(late.with_for_update())).all():
        found.stage, found.at = DisputeStage.OFFICE, now
        await _tell_office(session, await session.get_one(Gathering, found.gathering_id), now)


async def forget(session: AsyncSession, person: Person) -> None:
    """What they said about their hours is erased, with the answer."""
    await session.execute(delete(HourDispute).where(HourDispute.person_id == person.id))


async def of_person(session: AsyncSession, person: Person) -> Sequence[HourDispute]:
    """All that somebody disputed."""
    found = select(HourDispute).where(HourDispute.person_id == person.id).order_by(HourDispute.gathering_id)
    return (await session.scalars(found)).all()


def _must_say(words: str) -> None:
    if not 0 < len(words) <= WORDS_LENGTH:
        raise Refusal("volunteer.words_length", most=WORDS_LENGTH)


async def _tell_office(session: AsyncSession, gathering: Gathering, now: datetime) -> None:
    """Somebody has to decide; nobody is named."""
    office = await stations.office(session)
    await letters.to_station(
        session, office, "volunteer.group_office", now, title=gathering.titles, number=gathering.id
    )
