"""Those it is for are called to a study, a training or a meeting, reminded, and told when it is called off; and what
time does with it.

    called: everybody it is for is invited ─▶ reminded a day and an hour before ─▶ an hour after its end held: whoever
    was expected and has not signed in has missed it

In private everybody is written to who has a chat with the bot; in the groups nobody is named.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, colleagues, occasions, outbox, stations
from models.errors import Refusal
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.stations import Desk, Station
from models.union import gatherings, studies
from models.union.gatherings import AFTER, EXPECTED, Attendance, Gathering, Kind, Part, Stage
from models.union.studies import KINDS

FRESH = timedelta(hours=2)
"""Nobody is reminded of what they were called to so shortly before."""
REASONS_KEPT = timedelta(days=30)
"""A reason that nobody has decided about is erased so long after the end."""
NUDGES = (timedelta(days=3), timedelta(days=6))
"""Whoever has not said whether they come to a make-up session is asked again so long after the invitation."""
BEFORE_IT = (timedelta(days=1), timedelta(hours=1))
NOT_SO_NEAR = timedelta(days=2)
"""Then the reminders before it do for asking again."""


async def call(session: AsyncSession, gathering: Gathering, by: Person, house: House, now: datetime) -> int:
    """Invite everybody it is for, in private where they have a chat with the bot, and say in the groups that it will
    be. Returns how many. Raises Refusal when it is too late, or for nobody.
    """
    if gathering.starts_at <= now:
        raise Refusal("gathering.past")
    found = await studies.staff_of(session, gathering, house, now)
    if not found:
        raise Refusal("study.nobody")
    await gatherings.move(session, gathering, Stage.CALLED, now, by)
    for person in found:
        await _invite(session, gathering, person, house, now)
    await _tell_groups(session, gathering, "called_here", now)
    return len(found)


async def _invite(session: AsyncSession, gathering: Gathering, person: Person, house: House, now: datetime) -> None:
    spent = _step(gathering, now, now + FRESH)
    session.add(Attendance(gathering_id=gathering.id, person_id=person.id, asked_at=now, reminded=spent))
    await _write_to(session, gathering, person, "invited", house, now)


async def cancel(session: AsyncSession, gathering: Gathering, by: Person, house: House, now: datetime) -> None:
    """It will not be; those who were called are told, and the groups."""
    told = gathering.stage is Stage.CALLED
    await gatherings.move(session, gathering, Stage.CANCELLED, now, by)
    if told:
        for person in await _people(session, gathering, Part.INVITED, Part.COMING, Part.DECLINED, Part.EXCUSED):
            await _write_to(session, gathering, person, "cancelled", house, now)
        await _tell_groups(session, gathering, "cancelled_here", now)


async def name_lead(
    session: AsyncSession, gathering: Gathering, number: int, by: Person, house: House, now: datetime
) -> None:
    """From now on the person with this number leads it; they are told how. Raises Refusal when it is over."""
    studies.must_go_on(gathering)
    gathering.lead_id = number
    await session.flush()
    await audit.record(session, "gathering_lead", now, staff=by, gathering=gathering.id)
    if number != by.id:
        await _write_to(
            session, gathering, await session.get_one(Person, number), "leads", house, now, gathering.version
        )


async def _people(session: AsyncSession, gathering: Gathering, *parts: Part) -> list[Person]:
    return await colleagues.by_ids(
        session, [each.person_id for each in await gatherings.attendances(session, gathering, *parts)]
    )


async def _write_to(
    session: AsyncSession, gathering: Gathering, person: Person, what: str, house: House, now: datetime, step: int = 0
) -> None:
    """To somebody in private, who has a chat with the bot; by day."""
    if not person.agreed:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.BROADCAST,
        repeat=Repeat.NUMBERED,
        chat_id=person.telegram_id,
        letter="study",
        payload={"what": what, "gathering": gathering.id, "step": step},
        not_before=house.calendar.for_many(now) if what == "invited" else house.calendar.after_quiet(now),
        dedupe=house.vault.tag("study", gathering.id, person.id, what, step),
    )


async def _tell_groups(session: AsyncSession, gathering: Gathering, what: str, now: datetime) -> None:
    """In the groups of those it is for, and in the office's: what it is, and nobody's name."""
    keys = gathering.cohort.get("stations", ())
    for station in await stations.bound(session, Desk.STATION, Desk.OFFICE):
        if not keys or station.key in keys or station.desk is Desk.OFFICE:
            await tell(session, gathering, station, what, now)


async def tell(
    session: AsyncSession, gathering: Gathering, station: Station, what: str, now: datetime, *, once: bool = True
) -> None:
    if station.chat_id is not None:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=station.chat_id,
            letter="study",
            payload={"what": what, "gathering": gathering.id},
            dedupe=f"study:{gathering.id}:{what}:{station.key}" if once else None,
        )


# ---------------------------------------------------------------- what time does


async def hold_due(session: AsyncSession, house: House, now: datetime) -> None:
    """What is over is held: whoever was expected and has not signed in has missed it. The office is told, and whoever
    missed a training.
    """
    due = select(Gathering).where(
        Gathering.stage == Stage.CALLED, Gathering.kind.in_(KINDS), Gathering.ends_at <= now - AFTER
    )
    for gathering in (await session.scalars(due.order_by(Gathering.id).with_for_update())).all():
        await gatherings.move(session, gathering, Stage.HELD, now)
        for place in await gatherings.locked(session, gathering):
            if place.part in (*EXPECTED, Part.DECLINED):
                place.part = Part.MISSED
        await session.flush()
        if gathering.kind is Kind.TRAINING:
            for person in await _people(session, gathering, Part.MISSED):
                await _write_to(session, gathering, person, "missed", house, now)
        await tell(session, gathering, await stations.office(session), "held", now)


def _step(gathering: Gathering, asked_at: datetime, now: datetime) -> int:
    """How many steps of reminding have come by `now`: asked again twice, a day before, an hour before."""
    moments = [asked_at + each for each in NUDGES] + [gathering.starts_at - each for each in BEFORE_IT]
    return max((number for number, moment in enumerate(moments, 1) if moment <= now), default=0)


async def remind(session: AsyncSession, house: House, now: datetime) -> None:
    """Those who are expected hear of it a day and an hour before; whoever says nothing to a make-up session is asked
    twice more. By day.
    """
    near = Gathering.starts_at <= now + BEFORE_IT[0]
    rows = await session.execute(
        select(Gathering, Attendance, Person)
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .join(Person, Person.id == Attendance.person_id)
        .where(
            Gathering.stage == Stage.CALLED,
            Gathering.kind.in_(KINDS),
            Gathering.starts_at > now,
            or_(near, Gathering.makes_up_id.is_not(None)),
            Attendance.part.in_(EXPECTED),
            Attendance.reminded < len(NUDGES) + len(BEFORE_IT),
        )
        .order_by(Gathering.id, Person.id)
    )
    for gathering, place, person in rows.all():
        step = _step(gathering, place.asked_at, now)
        if step <= place.reminded:
            continue
        place.reminded = step
        nudged = step <= len(NUDGES)
        silent = place.part is Part.INVITED and gathering.makes_up_id is not None
        if not nudged or (silent and gathering.starts_at - now > NOT_SO_NEAR):
            await _write_to(session, gathering, person, "reminder", house, now, step)


async def call_newcomers(session: AsyncSession, house: House, now: datetime) -> None:
    """Whoever has come to the union since something was called is called as well."""
    ahead = select(Gathering).where(
        Gathering.stage == Stage.CALLED, Gathering.kind.in_(KINDS), Gathering.starts_at > now
    )
    for gathering in (await session.scalars(ahead.order_by(Gathering.id))).all():
        known = {each.person_id for each in await gatherings.attendances(session, gathering)}
        for person in await studies.staff_of(session, gathering, house, now):
            if person.id not in known:
                await _invite(session, gathering, person, house, now)


async def tell_coverage(session: AsyncSession, house: House, now: datetime) -> None:
    """Once a week the office hears how much of the staff the semester's training has not reached yet, from the first
    session on until everybody has been there. Reasons that nobody decided about are erased.
    """
    year, week, _ = house.calendar.day_of(now).isocalendar()
    key = f"coverage:{year}-{week:02}"
    if not await occasions.once(session, key, now):
        return
    old = select(Gathering.id).where(Gathering.ends_at < now - REASONS_KEPT)
    await session.execute(update(Attendance).where(Attendance.gathering_id.in_(old)).values(reason=None))
    term = house.calendar.semester_at(now)
    office = await stations.office(session)
    if term is None or office.chat_id is None:
        return
    found = await studies.coverage(session, term, house.calendar, now)
    if found.held and not found.whole:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=office.chat_id,
            letter="study_coverage",
            payload={"semester": term.name},
            dedupe=key,
        )
