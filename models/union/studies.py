"""Theory study, training and meetings of the union's own people (measure 4): whom they are for, the plan, and how much
of the staff a semester's training has reached.

    planned ─▶ called (`calling.py`) ─▶ held ─▶ a make-up session, to which those are called who have been to none

An excuse (`excuses.py`) is for the one session: until somebody has been to another they count as not trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import colleagues, quizzes, statistics
from models.calendar import Semester, WorkCalendar
from models.errors import Refusal
from models.figures import Rate
from models.house import House
from models.people import Person
from models.permissions import Who
from models.quizzes import Quiz
from models.stations import Station
from models.union import gatherings, posts
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage

KINDS = (Kind.STUDY, Kind.TRAINING, Kind.MEETING)
MOST_MATERIALS = 10


@dataclass(frozen=True)
class Held:
    """A gathering that is over, and how many of those who were called came."""

    gathering: Gathering
    rate: Rate


@dataclass(frozen=True)
class Coverage:
    """Whom a semester's training has reached, of all staff; each list by name."""

    semester: str
    held: int
    """So many sessions, make-ups included."""
    came: Sequence[Person]
    excused: Sequence[Person]
    """They were excused from one and have been to no other."""
    missing: Sequence[Person]
    """They have been to none and are not excused."""

    @property
    def rate(self) -> Rate:
        """How many came, of all staff."""
        return Rate(len(self.came), len(self.came) + len(self.excused) + len(self.missing))

    @property
    def whole(self) -> bool:
        """Everybody has been there, and there is somebody."""
        return bool(self.came) and self.rate.hits == self.rate.of


# ---------------------------------------------------------------- whom it is for


async def staff(session: AsyncSession, since: date, keys: Sequence[str] = ()) -> list[Person]:
    """The union's people, of both levels: who has acted since this day at a station or in the office, or leads there,
    and who was in a post on it; with `keys` only those of these places. This is the one place that says who they are.
    """
    found = await colleagues.since(session, since)
    if keys:
        return [person for person, places in found if any(place.key in keys for place in places)]
    everybody = {person.id: person for person in await posts.cohort(session, since)}
    everybody |= {person.id: person for person, _ in found}
    return [everybody[number] for number in sorted(everybody)]


async def staff_of(session: AsyncSession, gathering: Gathering, house: House, now: datetime) -> list[Person]:
    """Whom it is for. Of a make-up session only those who have not been to what it makes up for."""
    found = await staff(session, first_day(gathering, house.calendar), gathering.cohort.get("stations", ()))
    if gathering.makes_up_id is None:
        return found
    family = or_(Gathering.id == gathering.makes_up_id, Gathering.makes_up_id == gathering.makes_up_id)
    if gathering.kind is Kind.TRAINING and gathering.semester is not None:
        # Of a semester's training any session does.
        family = or_(family, (Gathering.kind == Kind.TRAINING) & (Gathering.semester == gathering.semester))
    came = select(Attendance.person_id).join(Gathering, Gathering.id == Attendance.gathering_id)
    been = set(await session.scalars(came.where(family, Attendance.part == Part.CAME)))
    return [person for person in found if person.id not in been]


async def may_lead(session: AsyncSession, gathering: Gathering, house: House) -> list[Person]:
    """Who can be asked to lead it: anybody of the union who has a private chat with the bot."""
    return [each for each in await staff(session, first_day(gathering, house.calendar)) if each.agreed]


def first_day(gathering: Gathering, calendar: WorkCalendar) -> date:
    """From which day on somebody has to have acted to belong to it."""
    term = next((each for each in calendar.semesters if each.name == gathering.semester), None)
    return term.starts if term is not None else calendar.day_of(gathering.starts_at - colleagues.LATELY)


async def who(
    session: AsyncSession, gathering: Gathering, person: Person, house: House, now: datetime
) -> frozenset[Who]:
    """What somebody is to it who is alone with the bot."""
    found = {Who.STRANGER}
    if gathering.lead_id == person.id:
        found.add(Who.CONVENER)
    place = await gatherings.place_of(session, gathering, person)
    if gathering.kind not in KINDS:
        return frozenset(found)
    if place is not None:
        found.add(Who.CALLED)
    elif gathering.stage in (Stage.CALLED, Stage.HELD):
        # They may have come to the union since it was called.
        found |= {Who.CALLED for each in await staff_of(session, gathering, house, now) if each.id == person.id}
    return frozenset(found)


# ---------------------------------------------------------------- the plan


async def plan(
    session: AsyncSession,
    kind: Kind,
    titles: Mapping[str, str],
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    house: House,
    now: datetime,
    *,
    by: Person,
    keys: Sequence[str] = (),
    about: Mapping[str, str] | None = None,
    makes_up: Gathering | None = None,
) -> Gathering:
    """Put one into the plan; who plans it leads it until somebody else does. With `makes_up` it is held once more for
    those who were not there. Raises Refusal as `gatherings.checked`, and when that one is not over.
    """
    cohort: dict[str, Any] = {"stations": list(keys)} if keys else {}
    if makes_up is not None:
        if makes_up.stage is not Stage.HELD:
            raise Refusal("study.not_over")
        if makes_up.makes_up_id is not None:
            makes_up = await gatherings.get(session, makes_up.makes_up_id)
        cohort = makes_up.cohort
    return await gatherings.plan(
        session,
        kind,
        titles,
        place,
        starts_at,
        ends_at,
        now,
        cohort=cohort,
        # Whenever it is held, it is for the semester of what it makes up for.
        semester=makes_up.semester if makes_up is not None else _semester(house.calendar, starts_at),
        staff=by,
        about=about,
        lead=by,
        makes_up=makes_up,
    )


def _semester(calendar: WorkCalendar, at: datetime) -> str | None:
    term = calendar.semester_at(at)
    return term.name if term is not None else None


def must_be_planned(gathering: Gathering) -> None:
    """Raises Refusal once people have been told of it: they would come to what it was before."""
    if gathering.stage is not Stage.PLANNED:
        raise Refusal(f"gathering.is_{gathering.stage}")


def must_go_on(gathering: Gathering) -> None:
    """Raises Refusal for one that is over or cancelled."""
    if gathering.stage not in (Stage.PLANNED, Stage.CALLED):
        raise Refusal(f"gathering.is_{gathering.stage}")


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
    about: Mapping[str, str] | None = None,
) -> None:
    """While nobody has been told, another title, time or place. Raises Refusal as `gatherings.checked`."""
    must_be_planned(gathering)
    gatherings.checked(titles, place, starts_at, ends_at, now, about)
    gathering.titles, gathering.place = dict(titles), " ".join(place.split())
    gathering.starts_at, gathering.ends_at = starts_at, ends_at
    gathering.about = dict(about) if about else None
    if gathering.makes_up_id is None:
        gathering.semester = _semester(house.calendar, starts_at)
    await session.flush()


def add_material(gathering: Gathering, material: Mapping[str, Any]) -> None:
    """One more thing to be read. Raises Refusal when there are many."""
    must_go_on(gathering)
    if len(gathering.materials) >= MOST_MATERIALS:
        raise Refusal("study.materials_many", most=MOST_MATERIALS)
    gathering.materials = [*gathering.materials, dict(material)]


# ---------------------------------------------------------------- what is counted


async def held(session: AsyncSession, kind: Kind, semester: str) -> list[Held]:
    """What was held in this semester and somebody came to, each with how many of those who were called; in order."""
    came = func.count().filter(Attendance.part == Part.CAME)
    rows = await session.execute(
        select(Gathering, came, func.count().filter(Attendance.part.in_((Part.CAME, Part.MISSED, Part.EXCUSED))))
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(Gathering.kind == kind, Gathering.stage == Stage.HELD, Gathering.semester == semester)
        .group_by(Gathering.id)
        .having(came > 0)
        .order_by(Gathering.starts_at, Gathering.id)
    )
    return [Held(gathering, Rate(hits, of)) for gathering, hits, of in rows]


async def coverage(session: AsyncSession, semester: Semester, calendar: WorkCalendar, now: datetime) -> Coverage:
    """Whom the training of this semester, its make-ups included, has reached, of all staff. Until the next semester
    begins they are the staff of now; of an earlier one, whoever was called to its training.
    """
    its = select(Gathering.id).where(
        Gathering.kind == Kind.TRAINING, Gathering.semester == semester.name, Gathering.stage == Stage.HELD
    )
    sessions = set(await session.scalars(its))
    rows = await session.execute(
        select(Attendance.person_id, Attendance.part).where(Attendance.gathering_id.in_(sessions))
    )
    parts: dict[int, set[Part]] = {}
    for number, part in rows:
        parts.setdefault(number, set()).add(part)
    if statistics.semester_on(calendar.day_of(now), calendar) == semester:
        people: Iterable[Person] = await staff(session, semester.starts)
    else:
        people = await colleagues.by_ids(session, parts)
    by_name = sorted(people, key=lambda each: (each.name, each.id))
    came = [each for each in by_name if Part.CAME in parts.get(each.id, ())]
    excused = [each for each in by_name if each not in came and Part.EXCUSED in parts.get(each.id, ())]
    missing = [each for each in by_name if each not in came and each not in excused]
    return Coverage(semester.name, len(sessions), came, excused, missing)


async def counts(session: AsyncSession, gathering: Gathering) -> dict[Part, int]:
    """How many are what to it."""
    rows = await session.execute(
        select(Attendance.part, func.count().label("people"))
        .where(Attendance.gathering_id == gathering.id)
        .group_by(Attendance.part)
    )
    return {row.part: row.people for row in rows}


async def everybody(session: AsyncSession, gathering: Gathering) -> list[tuple[Person, Attendance]]:
    """Who is what to it, by name."""
    rows = await session.execute(
        select(Person, Attendance)
        .join(Attendance, Attendance.person_id == Person.id)
        .where(Attendance.gathering_id == gathering.id)
        .order_by(Person.name, Person.id)
    )
    return [(person, place) for person, place in rows]


async def answered_quiz(session: AsyncSession, gathering: Gathering) -> int:
    """How many of those who were called have answered its quiz, rightly or not; 0 where it has none."""
    if gathering.quiz_id is None:
        return 0
    answered = {each.id for each in await quizzes.took_part(session, await session.get_one(Quiz, gathering.quiz_id))}
    return len(answered & {each.person_id for each in await gatherings.attendances(session, gathering)})


async def listed(session: AsyncSession, station: Station | None, lead: Person | None = None) -> list[Gathering]:
    """Study, training and meetings, the latest first: all, those of one station alone, or those that somebody leads."""
    wanted = select(Gathering).where(Gathering.kind.in_(KINDS))
    if lead is not None:
        wanted = wanted.where(Gathering.lead_id == lead.id)
    found = (await session.scalars(wanted.order_by(Gathering.starts_at.desc(), Gathering.id.desc()))).all()
    return [each for each in found if station is None or is_of(each, station)]


def is_of(gathering: Gathering, station: Station) -> bool:
    """Whether it is for this station's people alone."""
    return list(gathering.cohort.get("stations", ())) == [station.key]
