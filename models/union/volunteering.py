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

from models import letters, outbox, projects, roster, stations, statistics
from models.base import Base, Json, one_of
from models.errors import Refusal
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.projects import Project
from models.questionnaires import EVERYBODY, group_of
from models.stations import Station
from models.union import gatherings
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage

MOST_MISSED = 2
"""Whoever stayed away so often in a semester without a word waits behind the others."""
ROLE_LENGTH = 40
MOST_SEATS = 1000
ROUNDINGS = (1, 15, 30, 60)
"""Minutes to which proposed hours are rounded."""
BEFORE_IT = (timedelta(days=1), timedelta(hours=2))


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
    """The call's gathering as it is now, and nobody else takes or gives a place of it meanwhile. Raises Refusal when
    there is none.
    """
    gathering: Gathering | None = await session.get(Gathering, number, with_for_update=True, populate_existing=True)
    if gathering is None or gathering.kind is not Kind.VOLUNTEERING:
        raise Refusal("volunteer.unknown", number=number)
    return gathering


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
    gatherings.checked(titles, place, starts_at, ends_at, now, about)
    term = house.calendar.semester_at(starts_at)
    gathering.titles, gathering.place, gathering.about = dict(titles), place, dict(about) if about else None
    gathering.starts_at, gathering.ends_at = starts_at, ends_at
    gathering.semester = term.name if term is not None else None
    await session.flush()


def must_be_planned(gathering: Gathering) -> None:
    """Raises Refusal once people have been told of it."""
    if gathering.stage is not Stage.PLANNED:
        raise Refusal(f"gathering.is_{gathering.stage}")


def must_have_opened(gathering: Gathering) -> None:
    """Raises Refusal for one of which nobody but those who make it has heard."""
    if gathering.stage is Stage.PLANNED:
        raise Refusal("volunteer.unknown", number=gathering.id)


def must_go_on(gathering: Gathering) -> None:
    """Raises Refusal when it is over or cancelled."""
    if gathering.stage not in (Stage.PLANNED, Stage.CALLED):
        raise Refusal(f"gathering.is_{gathering.stage}")


async def open_call(session: AsyncSession, gathering: Gathering, by: Person, now: datetime) -> None:
    """Whoever it is for may put down their name. Raises Refusal when it is too late for that."""
    if gathering.starts_at <= now:
        raise Refusal("gathering.past")
    await gatherings.move(session, gathering, Stage.CALLED, now, by)


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
    return dict(rows.all())


async def training_ahead(session: AsyncSession, call: VolunteerCall, now: datetime) -> bool:
    """Whether the training that it asks for, or what makes up for that, is still to come."""
    its = or_(Gathering.id == call.training_id, Gathering.makes_up_id == call.training_id)
    ahead = select(Gathering.id).where(its, Gathering.stage.in_((Stage.PLANNED, Stage.CALLED)), Gathering.ends_at > now)
    return await session.scalar(ahead.limit(1)) is not None


async def training_title(session: AsyncSession, call: VolunteerCall) -> Mapping[str, Any]:
    """What the training that it asks for is called."""
    return (await session.get_one(Gathering, call.training_id)).titles


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
    if place is None or place.closed:
        place = await stations.office(session)
    await letters.to_station(
        session, place, f"volunteer.group_{what}", now, title=gathering.titles, number=gathering.id
    )


def steps(gathering: Gathering, now: datetime) -> int:
    """How many of the reminders before it have come by `now`."""
    return sum(gathering.starts_at - each <= now for each in BEFORE_IT)


# ---------------------------------------------------------------- looking


async def counts(session: AsyncSession, gathering: Gathering) -> dict[Part, int]:
    """How many are what to it."""
    rows = await session.execute(
        select(Attendance.part, func.count()).where(Attendance.gathering_id == gathering.id).group_by(Attendance.part)
    )
    return dict(rows.all())


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
