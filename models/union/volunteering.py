"""Students help (measure 7): an open call, places and a waiting list, and who was there.

    planned ─▶ open: whoever it is for puts down their name ─▶ an hour after its end held
                                                             └▶ hours (`hours.py`), certificate (`certificates.py`)

    puts down their name ─▶ coming ─▶ came, or missed: ─▶ excused
                        └─▶ waiting ─▶ a place is free: kept for the first of them for some hours ─▶ coming, or the next

Whoever missed `MOST_MISSED` of them in a semester waits behind the others until it is over. A call may name a training:
whoever has not been to it does not sign in.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, letters, outbox, projects, roster, stations, statistics
from models.base import Base, Json, one_of
from models.errors import Refusal
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.projects import Project
from models.questionnaires import EVERYBODY, group_of
from models.stations import Station
from models.union import gatherings
from models.union.gatherings import AFTER, EXPECTED, Attendance, Gathering, Kind, Part, Stage

MOST_MISSED = 2
"""Whoever stayed away so often in a semester without a word waits behind the others."""
ROLE_LENGTH = 40
MOST_SEATS = 1000
ROUNDINGS = (1, 15, 30, 60)
"""Minutes to which proposed hours are rounded."""
KEPT_FOR, KEPT_AT_LEAST = timedelta(hours=12), timedelta(minutes=30)
"""So long a place that has become free is kept for whoever is asked; they are not asked when there is less time."""
NO_MORE = timedelta(hours=1)
"""So long before it begins nobody is asked any more: who is there takes the place."""
BEFORE_IT = (timedelta(days=1), timedelta(hours=2))
EXCUSE_FOR, EXCUSE_LENGTH = timedelta(days=7), 300


class Level(enum.StrEnum):
    """Whose occasion it is, as the second-class report card wants it."""

    COLLEGE = "college"
    UNIVERSITY = "university"
    CITY = "city"
    PROVINCE = "province"
    NATION = "nation"


class VolunteerCall(Base):
    """What a call for volunteers has besides its gathering."""

    __tablename__ = "volunteer_calls"

    gathering_id: Mapped[int] = mapped_column(ForeignKey("gatherings.id"), primary_key=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))
    """Which station calls; None for the union itself."""
    role: Mapped[dict[str, Any]] = mapped_column(Json)
    """As what they help, by language."""
    level: Mapped[Level] = mapped_column(one_of(Level), default=Level.UNIVERSITY)
    rounding: Mapped[int] = mapped_column(default=30)
    """Minutes; one of `ROUNDINGS`."""
    trains: Mapped[bool] = mapped_column(default=False)
    """It is itself a training for volunteers."""
    training_id: Mapped[int | None] = mapped_column(ForeignKey("gatherings.id"))
    """Whoever helps has to have come to this."""
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))


# ---------------------------------------------------------------- the call


async def get(session: AsyncSession, number: int) -> tuple[Gathering, VolunteerCall]:
    """The call with this number. Raises Refusal when there is none."""
    call = await session.get(VolunteerCall, number)
    if call is None:
        raise Refusal("volunteer.unknown", number=number)
    return await gatherings.get(session, number), call


async def held(session: AsyncSession, number: int) -> Gathering:
    """The gathering as it is now, and nobody else takes or gives a place of it meanwhile."""
    return await session.get_one(Gathering, number, with_for_update=True, populate_existing=True)


async def plan(
    session: AsyncSession,
    titles: Mapping[str, str],
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    role: Mapping[str, str],
    house: House,
    now: datetime,
    *,
    by: Person,
    station: Station | None,
    about: Mapping[str, str] | None = None,
) -> tuple[Gathering, VolunteerCall]:
    """Put a call into the plan, led by whoever makes it; nobody is told. Raises Refusal as `gatherings.plan`."""
    term = house.calendar.semester_at(starts_at)
    gathering = await gatherings.plan(
        session,
        Kind.VOLUNTEERING,
        titles,
        place,
        starts_at,
        ends_at,
        now,
        cohort=EVERYBODY.plain(),
        semester=term.name if term is not None else None,
        staff=by,
        about=about,
        lead=by,
    )
    call = VolunteerCall(
        gathering_id=gathering.id, station_id=station.id if station is not None else None, role=dict(role)
    )
    session.add(call)
    await session.flush()
    return gathering, call


async def change(
    session: AsyncSession,
    gathering: Gathering,
    titles: Mapping[str, str],
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    house: House,
    now: datetime,
    *,
    about: Mapping[str, str] | None,
) -> None:
    """Another title, time or place while nobody has been told. Raises Refusal as `gatherings.plan`."""
    must_be_planned(gathering)
    gatherings.checked(titles, place, starts_at, ends_at, now)
    term = house.calendar.semester_at(starts_at)
    gathering.titles, gathering.place, gathering.about = dict(titles), place, dict(about) if about else None
    gathering.starts_at, gathering.ends_at = starts_at, ends_at
    gathering.semester = term.name if term is not None else None
    await session.flush()


def must_be_planned(gathering: Gathering) -> None:
    """Raises Refusal once people have been told of it."""
    if gathering.stage is not Stage.PLANNED:
        raise Refusal(f"gathering.is_{gathering.stage}")


def must_go_on(gathering: Gathering) -> None:
    """Raises Refusal when it is over or cancelled."""
    if gathering.stage not in (Stage.PLANNED, Stage.CALLED):
        raise Refusal(f"gathering.is_{gathering.stage}")


async def open_call(session: AsyncSession, gathering: Gathering, by: Person, now: datetime) -> None:
    """Whoever it is for may put down their name. Raises Refusal when it is too late for that."""
    if gathering.starts_at <= now:
        raise Refusal("gathering.past")
    await gatherings.move(session, gathering, Stage.CALLED, now, by)


async def seat(session: AsyncSession, number: int, seats: int | None, house: House, now: datetime) -> None:
    """So many places there are from now on; the first of those who wait are asked. Raises Refusal for none, and for
    fewer than have been given.
    """
    gathering = await held(session, number)
    must_go_on(gathering)
    if seats is not None and not 1 <= seats <= MOST_SEATS:
        raise Refusal("volunteer.seats", most=MOST_SEATS)
    taken = await _taken(session, gathering)
    if seats is not None and seats < taken:
        raise Refusal("volunteer.seats_taken", count=taken)
    gathering.seats = seats
    await session.flush()
    await fill(session, gathering, house, now)


async def cancel(session: AsyncSession, gathering: Gathering, by: Person, house: House, now: datetime) -> int:
    """It will not be; whoever comes or waits is told. Returns how many."""
    await gatherings.move(session, gathering, Stage.CANCELLED, now, by)
    theirs = await gatherings.attendances(session, gathering, Part.COMING, Part.WAITING)
    for place in theirs:
        place.offered_until = None
        await tell(session, gathering, place.person_id, "cancelled", house, now)
    return len(theirs)


# ---------------------------------------------------------------- who may come


async def is_for(session: AsyncSession, gathering: Gathering, person: Person) -> bool:
    """Whether somebody belongs to those it is for."""
    group = group_of(gathering.cohort)
    if group.project is not None and not await projects.asked(session, group.project, person):
        return False
    return group.has(await roster.facts(session, person))


async def open_for(session: AsyncSession, person: Person, now: datetime) -> list[Gathering]:
    """The calls to which somebody can put down their name, the next first."""
    coming_up = select(Gathering).where(
        Gathering.kind == Kind.VOLUNTEERING, Gathering.stage == Stage.CALLED, Gathering.starts_at > now
    )
    found = (await session.scalars(coming_up.order_by(Gathering.starts_at, Gathering.id))).all()
    return [each for each in found if await is_for(session, each, person)]


async def trained(session: AsyncSession, call: VolunteerCall, person: Person) -> bool:
    """Whether they have come to the training that it asks for, or to what made up for that; so if it asks for none."""
    if call.training_id is None:
        return True
    its = or_(Gathering.id == call.training_id, Gathering.makes_up_id == call.training_id)
    came = select(Attendance.person_id).join(Gathering, Gathering.id == Attendance.gathering_id)
    came = came.where(its, Attendance.person_id == person.id, Attendance.part == Part.CAME)
    return await session.scalar(came.limit(1)) is not None


async def missed_by(session: AsyncSession, people: Collection[int], house: House, at: datetime) -> dict[int, int]:
    """How many each of these missed since the semester began in which this moment lies, or the one before it."""
    begun = statistics.period("semester", house.calendar, at).since
    rows = await session.execute(
        select(Attendance.person_id, func.count())
        .join(Gathering, Gathering.id == Attendance.gathering_id)
        .where(
            Gathering.kind == Kind.VOLUNTEERING,
            Gathering.starts_at >= begun,
            Gathering.starts_at <= at,
            Attendance.part == Part.MISSED,
            Attendance.person_id.in_(list(people)),
        )
        .group_by(Attendance.person_id)
    )
    return {person_id: count for person_id, count in rows}


# ---------------------------------------------------------------- places


async def _taken(session: AsyncSession, gathering: Gathering) -> int:
    """Places that are given, or kept for somebody who has been asked."""
    taken = or_(Attendance.part.in_((Part.COMING, Part.CAME)), Attendance.offered_until.is_not(None))
    count = select(func.count()).where(Attendance.gathering_id == gathering.id, taken)
    return await session.scalar(count) or 0


async def free(session: AsyncSession, gathering: Gathering) -> int:
    """How many places are free; as many as anybody wants where they are not counted."""
    if gathering.seats is None:
        return MOST_SEATS
    return max(gathering.seats - await _taken(session, gathering), 0)


async def line(session: AsyncSession, gathering: Gathering, house: House, now: datetime) -> list[Attendance]:
    """Those who wait, in the order in which they are asked."""
    waiting = await gatherings.attendances(session, gathering, Part.WAITING)
    missed = await missed_by(session, [each.person_id for each in waiting], house, now)
    return sorted(waiting, key=lambda each: missed.get(each.person_id, 0) >= MOST_MISSED)


async def put_down(
    session: AsyncSession, number: int, person: Person, house: House, now: datetime
) -> tuple[Attendance, bool]:
    """Their name, and whether the training it asks for is still before them: they have a place, or wait for one. Doing
    so again changes nothing. Raises Refusal when it has begun, is not for them, is at the same time as another that
    they have a place at, or asks for a training that is over without them.
    """
    _, call = await get(session, number)
    gathering = await held(session, number)
    _must_be_open(gathering, now)
    if not await is_for(session, gathering, person):
        raise Refusal("volunteer.not_for_you")
    ready = await trained(session, call, person)
    if not ready and not await _training_ahead(session, call, now):
        raise Refusal("volunteer.untrained", title=await _training_title(session, call))
    place = await gatherings.place_of(session, gathering, person)
    if place is not None and place.part in (Part.COMING, Part.WAITING, Part.CAME):
        return place, not ready
    await _must_have_time(session, gathering, person)
    if place is None:
        place = Attendance(gathering_id=gathering.id, person_id=person.id)
        session.add(place)
    place.asked_at, place.reason = now, None
    place.part = Part.COMING if await free(session, gathering) else Part.WAITING
    place.reminded = _step(gathering, now)
    await session.flush()
    return place, not ready


async def take_back(session: AsyncSession, number: int, person: Person, house: House, now: datetime) -> None:
    """They do not come after all, or wait no longer; the next is asked. Raises Refusal once it has begun, and for
    somebody whose name is not down.
    """
    gathering = await held(session, number)
    _must_be_open(gathering, now)
    place = await gatherings.place_of(session, gathering, person)
    if place is None or place.part not in (Part.COMING, Part.WAITING):
        raise Refusal("volunteer.not_down")
    place.part, place.offered_until = Part.DECLINED, None
    await session.flush()
    await fill(session, gathering, house, now)


async def accept(session: AsyncSession, number: int, person: Person, now: datetime) -> Attendance:
    """The place that was kept for them is theirs. Raises Refusal when it is kept no longer."""
    gathering = await held(session, number)
    _must_be_open(gathering, now)
    place = await session.get(Attendance, (number, person.id), populate_existing=True)
    if place is not None and place.part is Part.COMING:
        return place
    if place is None or place.offered_until is None or place.offered_until <= now:
        raise Refusal("volunteer.offer_over")
    await _must_have_time(session, gathering, person)
    place.part, place.offered_until, place.reminded = Part.COMING, None, _step(gathering, now)
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
        await tell(session, gathering, place.person_id, "offer", house, now, about=until.isoformat())
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


async def _training_ahead(session: AsyncSession, call: VolunteerCall, now: datetime) -> bool:
    its = or_(Gathering.id == call.training_id, Gathering.makes_up_id == call.training_id)
    ahead = select(Gathering.id).where(its, Gathering.stage.in_((Stage.PLANNED, Stage.CALLED)), Gathering.ends_at > now)
    return await session.scalar(ahead.limit(1)) is not None


async def _training_title(session: AsyncSession, call: VolunteerCall) -> Mapping[str, Any]:
    return (await session.get_one(Gathering, call.training_id)).titles


# ---------------------------------------------------------------- being there


async def sign_in(session: AsyncSession, number: int, person: Person, house: House, now: datetime) -> Attendance:
    """They are there. Who has no place takes one that is free. Raises Refusal as `gatherings.sign_in`, when it is not
    for them, when no place is free, and for whoever has not been to the training it asks for.
    """
    _, call = await get(session, number)
    gathering = await held(session, number)
    gatherings.must_be_on(gathering, now)
    if gathering.stage is Stage.PLANNED:
        raise Refusal("gathering.is_planned")
    place = await gatherings.place_of(session, gathering, person)
    if place is None or place.part not in (Part.COMING, Part.CAME):
        if not await is_for(session, gathering, person):
            raise Refusal("volunteer.not_for_you")
        kept = place is not None and place.offered_until is not None
        if not kept and not await free(session, gathering):
            raise Refusal("volunteer.full")
    if not await trained(session, call, person):
        raise Refusal("volunteer.untrained", title=await _training_title(session, call))
    found = await gatherings.sign_in(session, gathering, person, now)
    found.offered_until = found.reason = None
    return found


async def by_hand(session: AsyncSession, gathering: Gathering, number: int, by: Person, now: datetime) -> None:
    """Somebody was there without a telephone, as whoever leads it says; recorded. Raises Refusal before it begins, long
    after it, and for somebody who had no place.
    """
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
    gathering, call = await get(session, number)
    must_have_missed(gathering, await gatherings.place_of(session, gathering, person), now)
    if not 0 < len(words) <= EXCUSE_LENGTH:
        raise Refusal("volunteer.words_length", most=EXCUSE_LENGTH)
    place = await session.get_one(Attendance, (number, person.id), with_for_update=True)
    place.reason = words
    await tell_lead(session, gathering, call, "excuse", house, now)
    return gathering


def must_have_missed(gathering: Gathering, place: Attendance | None, now: datetime) -> None:
    """Raises Refusal for somebody who has nothing to excuse (any more)."""
    if place is None or place.part is not Part.MISSED or now > gathering.ends_at + EXCUSE_FOR:
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
    await tell(session, gathering, number, "excused" if accept else "not_excused", house, now)


# ---------------------------------------------------------------- what is told


async def tell(
    session: AsyncSession, gathering: Gathering, number: int, what: str, house: House, now: datetime, about: str = ""
) -> None:
    """To the person with this number, in private and by day. The same about the same is said once."""
    person = await session.get_one(Person, number)
    if not person.agreed:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=person.telegram_id,
        letter="volunteer",
        payload={"what": what, "gathering": gathering.id},
        not_before=house.calendar.after_quiet(now),
        dedupe=house.vault.tag("volunteer", gathering.id, number, what, about or now.isoformat()),
    )


async def tell_lead(
    session: AsyncSession, gathering: Gathering, call: VolunteerCall, what: str, house: House, now: datetime
) -> None:
    """Something waits for whoever leads it: in private, and in the group of the place that called; without a name."""
    lead = await session.get(Person, gathering.lead_id) if gathering.lead_id is not None else None
    if lead is not None:
        await tell(session, gathering, lead.id, f"lead_{what}", house, now)
    place = await session.get(Station, call.station_id) if call.station_id is not None else None
    place = place or await stations.office(session)
    await letters.to_station(
        session, place, f"volunteer.group_{what}", now, title=gathering.titles, number=gathering.id
    )


# ---------------------------------------------------------------- what time does


async def hold_due(session: AsyncSession, house: House, now: datetime) -> None:
    """What is over is held: whoever had a place and did not sign in has missed it and hears so."""
    due = select(Gathering).where(
        Gathering.kind == Kind.VOLUNTEERING, Gathering.stage == Stage.CALLED, Gathering.ends_at <= now - AFTER
    )
    for gathering in (await session.scalars(due.order_by(Gathering.id).with_for_update())).all():
        await gatherings.move(session, gathering, Stage.HELD, now)
        for place in await gatherings.attendances(session, gathering, *EXPECTED):
            place.part = Part.MISSED
            await tell(session, gathering, place.person_id, "missed", house, now)
        for place in await gatherings.attendances(session, gathering, Part.WAITING):
            place.part, place.offered_until = Part.DECLINED, None
        await session.flush()
        _, call = await get(session, gathering.id)
        await tell_lead(session, gathering, call, "over", house, now)


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
        gathering = await held(session, number)
        if gathering.stage is not Stage.CALLED:
            continue
        too_late = now >= gathering.starts_at - NO_MORE
        for place in await gatherings.attendances(session, gathering, Part.WAITING):
            if (place.offered_until is not None and place.offered_until <= now) or too_late:
                what = "no_place" if place.offered_until is None else "offer_over"
                place.part, place.offered_until = Part.DECLINED, None
                await tell(session, gathering, place.person_id, what, house, now)
        await session.flush()
        await fill(session, gathering, house, now)


def _step(gathering: Gathering, now: datetime) -> int:
    """How many of the reminders before it have come by `now`."""
    return sum(gathering.starts_at - each <= now for each in BEFORE_IT)


async def remind(session: AsyncSession, house: House, now: datetime) -> None:
    """Whoever has a place hears of it a day and two hours before."""
    rows = await session.execute(
        select(Gathering, Attendance)
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(
            Gathering.kind == Kind.VOLUNTEERING,
            Gathering.stage == Stage.CALLED,
            Gathering.starts_at > now,
            Gathering.starts_at <= now + BEFORE_IT[0],
            Attendance.part == Part.COMING,
            Attendance.reminded < len(BEFORE_IT),
        )
        .order_by(Gathering.id, Attendance.person_id)
    )
    for gathering, place in rows.all():
        step = _step(gathering, now)
        if step > place.reminded:
            place.reminded = step
            await tell(session, gathering, place.person_id, "reminder", house, now, about=str(step))


# ---------------------------------------------------------------- looking


async def counts(session: AsyncSession, gathering: Gathering) -> dict[Part, int]:
    """How many are what to it."""
    rows = await session.execute(
        select(Attendance.part, func.count())
        .where(Attendance.gathering_id == gathering.id)
        .group_by(Attendance.part)
    )
    return {part: count for part, count in rows}


async def listed(
    session: AsyncSession, station: Station | None = None, lead: Person | None = None
) -> Sequence[tuple[Gathering, VolunteerCall]]:
    """Calls, the latest first: all, those of one station, or those that somebody leads."""
    wanted = select(Gathering, VolunteerCall).join(VolunteerCall, VolunteerCall.gathering_id == Gathering.id)
    if station is not None:
        wanted = wanted.where(VolunteerCall.station_id == station.id)
    if lead is not None:
        wanted = wanted.where(Gathering.lead_id == lead.id)
    rows = await session.execute(wanted.order_by(Gathering.starts_at.desc(), Gathering.id.desc()))
    return [(gathering, call) for gathering, call in rows]


async def everybody(session: AsyncSession, gathering: Gathering) -> list[tuple[Person, Attendance]]:
    """Who is what to it, by name."""
    rows = await session.execute(
        select(Person, Attendance)
        .join(Attendance, Attendance.person_id == Person.id)
        .where(Attendance.gathering_id == gathering.id)
        .order_by(Person.name, Person.id)
    )
    return [(person, place) for person, place in rows]


async def trainings(session: AsyncSession, gathering: Gathering, most: int) -> Sequence[Gathering]:
    """What a call can ask for: trainings for volunteers, and any training, that begin before it; the latest first."""
    its = select(VolunteerCall.gathering_id).where(VolunteerCall.trains.is_(True))
    found = select(Gathering).where(
        or_(Gathering.kind == Kind.TRAINING, Gathering.id.in_(its)),
        Gathering.stage != Stage.CANCELLED,
        Gathering.id != gathering.id,
        Gathering.starts_at < gathering.starts_at,
    )
    return (await session.scalars(found.order_by(Gathering.starts_at.desc(), Gathering.id.desc()).limit(most))).all()


async def about(session: AsyncSession, call: VolunteerCall) -> tuple[Station | None, Gathering | None, Project | None]:
    """Which station calls, which training it asks for, which project it belongs to."""
    return (
        await session.get(Station, call.station_id) if call.station_id is not None else None,
        await session.get(Gathering, call.training_id) if call.training_id is not None else None,
        await session.get(Project, call.project_id) if call.project_id is not None else None,
    )
