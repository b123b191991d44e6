"""Where people of the union or students come together at a time and a place: theory study, training, volunteering, a
meeting. Who was called, who came and how long is what the floors of measures 4 and 7 are counted from.

    planned ─▶ called ─▶ held
        └─────────┴────▶ cancelled

Somebody's way through it: invited ─▶ coming · declined · excused, or waiting for a place; then came or missed. Whoever
signs in has come, whatever they said before; whoever was expected and has not signed in when it is over has missed it.
What one kind has of its own stands beside this: `studies.py`, `volunteering.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Json, Key, one_of
from models.errors import Refusal
from models.people import Person

TITLE_LENGTH, PLACE_LENGTH, ABOUT_LENGTH = 100, 100, 1000
LONGEST = timedelta(days=3)
"""What takes longer is several of them."""
BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=60)
"""So long before it begins one may sign in, and so long after its end out."""


class Kind(enum.StrEnum):
    """What people come together for."""

    STUDY = "study"
    """Theory study of the League branch (measure 4)."""
    TRAINING = "training"
    """Training of all staff, each spring and each autumn (measure 4)."""
    VOLUNTEERING = "volunteering"
    """Students help (measure 7)."""
    MEETING = "meeting"


class Stage(enum.StrEnum):
    """How far it is."""

    PLANNED = "planned"
    """It stands in the plan; nobody has been told."""
    CALLED = "called"
    """Those it is for have been told, or may put down their names."""
    HELD = "held"
    CANCELLED = "cancelled"


class Part(enum.StrEnum):
    """What somebody is to a gathering."""

    INVITED = "invited"
    COMING = "coming"
    WAITING = "waiting"
    """All places are taken: they are asked in the order of their asking."""
    DECLINED = "declined"
    """They took back their word in time, or said no."""
    EXCUSED = "excused"
    """They cannot come, for a reason that the lead has accepted."""
    CAME = "came"
    MISSED = "missed"
    """They were expected and did not sign in."""


EXPECTED = (Part.INVITED, Part.COMING)
TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.PLANNED: frozenset({Stage.CALLED, Stage.CANCELLED}),
    Stage.CALLED: frozenset({Stage.HELD, Stage.CANCELLED}),
    Stage.HELD: frozenset(),
    Stage.CANCELLED: frozenset(),
}
ACTS = {Stage.CALLED: "gathering_called", Stage.HELD: "gathering_held", Stage.CANCELLED: "gathering_cancelled"}
"""What the records say of each move."""


class Gathering(Base):
    """One occasion, known by its number."""

    __tablename__ = "gatherings"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    stage: Mapped[Stage] = mapped_column(one_of(Stage), default=Stage.PLANNED)
    version: Mapped[int] = mapped_column()
    semester: Mapped[str | None]
    """The name of the semester in which it begins; None in a vacation."""
    titles: Mapped[dict[str, Any]] = mapped_column(Json)
    about: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What it is about, as its title by language."""
    place: Mapped[str]
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    cohort: Mapped[dict[str, Any]] = mapped_column(Json)
    """Whom it is for. Of study, training and meetings `{"stations": [keys]}`, empty for all staff of both levels; of
    volunteering a `questionnaires.Group` as it is stored.
    """
    seats: Mapped[int | None]
    """How many places there are; None for as many as come."""
    materials: Mapped[list[Any]] = mapped_column(Json, default=list)
    """What is to be read: each `{"kind", "file_id", "name"}` or `{"kind": "words", "text"}`."""
    quiz_id: Mapped[int | None] = mapped_column(ForeignKey("quizzes.id"))
    """Answering this quiz belongs to it."""
    makes_up_id: Mapped[int | None] = mapped_column(ForeignKey("gatherings.id"))
    """It is held once more for those who missed this one."""
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """Who looks after it there, and confirms the hours."""
    planned_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)
    __table_args__ = (Index("ix_gatherings_makes_up_id", "makes_up_id"),)


class Attendance(Base):
    """One person at one gathering."""

    __tablename__ = "attendances"

    gathering_id: Mapped[int] = mapped_column(ForeignKey("gatherings.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    part: Mapped[Part] = mapped_column(one_of(Part), default=Part.INVITED)
    asked_at: Mapped[datetime]
    """When they were invited, or put down their name: of those who wait the first is asked first."""
    signed_in_at: Mapped[datetime | None]
    signed_out_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    """How long they helped, as the lead has confirmed it."""
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None]
    reminded: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    """Why they cannot come, in their words, until whoever leads it has said whether that will do."""
    offered_until: Mapped[datetime | None]
    """Of somebody who waits: a place has become free and is kept for them until then."""
    because: Mapped[str | None]
    """Why they are confirmed more than the whole of it, or otherwise than before; in the lead's words."""


# ---------------------------------------------------------------- its life


async def get(session: AsyncSession, number: int) -> Gathering:
    """The gathering with this number. Raises Refusal when there is none."""
    found: Gathering | None = await session.get(Gathering, number)
    if found is None:
        raise Refusal("gathering.unknown", number=number)
    return found


def checked(
    titles: Mapping[str, str],
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    about: Mapping[str, str] | None = None,
) -> None:
    """Raises Refusal for a title or place that is missing or too long, for times that cannot be, and for more about it
    than a message beside these could hold.
    """
    if not titles or not all(title.strip() for title in titles.values()):
        raise Refusal("gathering.title_missing")
    if any(len(title) > TITLE_LENGTH for title in titles.values()):
        raise Refusal("gathering.title_too_long", most=TITLE_LENGTH)
    if not place.strip():
        raise Refusal("gathering.place_missing")
    if len(place) > PLACE_LENGTH:
        raise Refusal("gathering.place_too_long", most=PLACE_LENGTH)
    if any(len(words) > ABOUT_LENGTH for words in (about or {}).values()):
        raise Refusal("gathering.about_too_long", most=ABOUT_LENGTH)
    if starts_at <= now:
        raise Refusal("gathering.past")
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise Refusal("gathering.span", days=LONGEST.days)


async def plan(
    session: AsyncSession,
    kind: Kind,
    titles: Mapping[str, str],
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    *,
    cohort: Mapping[str, Any],
    semester: str | None,
    staff: Person | None = None,
    about: Mapping[str, str] | None = None,
    seats: int | None = None,
    lead: Person | None = None,
    makes_up: Gathering | None = None,
) -> Gathering:
    """Put it into the plan. Raises Refusal as `checked`, and for less than one place."""
    checked(titles, place, starts_at, ends_at, now, about)
    if seats is not None and seats < 1:
        raise Refusal("gathering.seats")
    found = Gathering(
        kind=kind,
        semester=semester,
        titles={language: " ".join(title.split()) for language, title in titles.items()},
        about=dict(about) if about else None,
        place=" ".join(place.split()),
        starts_at=starts_at,
        ends_at=ends_at,
        cohort=dict(cohort),
        seats=seats,
        makes_up_id=makes_up.id if makes_up is not None else None,
        lead_id=lead.id if lead is not None else None,
        planned_by_id=staff.id if staff is not None else None,
    )
    session.add(found)
    await session.flush()
    await audit.record(session, "gathering_plan", now, staff=staff, gathering=found.id, kind=kind)
    return found


async def move(
    session: AsyncSession, gathering: Gathering, stage: Stage, now: datetime, staff: Person | None = None
) -> None:
    """Take it to this stage; None is the clock. Raises Refusal where it does not come to that from where it is."""
    if stage not in TRANSITIONS[gathering.stage]:
        raise Refusal(f"gathering.is_{gathering.stage}")
    gathering.stage = stage
    await session.flush()
    await audit.record(session, ACTS[stage], now, staff=staff, gathering=gathering.id)


# ---------------------------------------------------------------- who is there


async def place_of(session: AsyncSession, gathering: Gathering, person: Person) -> Attendance | None:
    """What somebody is to it, if they are anything."""
    return await session.get(Attendance, (gathering.id, person.id))


async def attendances(session: AsyncSession, gathering: Gathering, *parts: Part) -> Sequence[Attendance]:
    """Those who are one of these to it, or everybody; in the order of their asking."""
    found = select(Attendance).where(Attendance.gathering_id == gathering.id)
    if parts:
        found = found.where(Attendance.part.in_(parts))
    return (await session.scalars(found.order_by(Attendance.asked_at, Attendance.person_id))).all()


async def locked(session: AsyncSession, gathering: Gathering) -> Sequence[Attendance]:
    """Everybody's place as it is now, and nobody is signed in or excused meanwhile."""
    found = select(Attendance).where(Attendance.gathering_id == gathering.id).order_by(Attendance.person_id)
    return (await session.scalars(found.with_for_update(), execution_options={"populate_existing": True})).all()


def must_be_on(gathering: Gathering, now: datetime) -> None:
    """Raises Refusal when nobody signs in or out: before, long after, or when it is not held."""
    if gathering.stage is Stage.CANCELLED:
        raise Refusal(f"gathering.is_{gathering.stage}")
    if now < gathering.starts_at - BEFORE:
        raise Refusal("gathering.too_early", at=gathering.starts_at - BEFORE)
    if now > gathering.ends_at + AFTER:
        raise Refusal("gathering.too_late", at=gathering.ends_at + AFTER)


async def sign_in(session: AsyncSession, gathering: Gathering, person: Person, now: datetime) -> Attendance:
    """They are there. Signing in again changes nothing. Raises Refusal as `must_be_on`; whether somebody may who
    was not called is for each kind to say.
    """
    must_be_on(gathering, now)
    found = await place_of(session, gathering, person)
    if found is None:
        found = Attendance(gathering_id=gathering.id, person_id=person.id, asked_at=now)
        session.add(found)
    found.part, found.reason = Part.CAME, None
    found.signed_in_at = found.signed_in_at or now
    await session.flush()
    return found


async def sign_out(session: AsyncSession, gathering: Gathering, person: Person, now: datetime) -> Attendance:
    """They leave; the last time counts. Raises Refusal as `must_be_on`, and for whoever has not signed in."""
    must_be_on(gathering, now)
    found = await place_of(session, gathering, person)
    if found is None or found.signed_in_at is None:
        raise Refusal("gathering.not_signed_in")
    found.signed_out_at = now
    await session.flush()
    return found


# ---------------------------------------------------------------- what is kept about somebody


async def of_person(session: AsyncSession, person: Person) -> list[tuple[Gathering, Attendance]]:
    """Every gathering they have anything to do with, the latest first."""
    rows = await session.execute(
        select(Gathering, Attendance)
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(Attendance.person_id == person.id)
        .order_by(Gathering.starts_at.desc(), Gathering.id.desc())
    )
    return [(gathering, attendance) for gathering, attendance in rows]


async def forget(session: AsyncSession, person: Person) -> None:
    """Their place at what is still to come is free again, and they lead nothing. That somebody came to what is over is
    counted; who that was, nobody can tell any more.
    """
    for gathering, attendance in await of_person(session, person):
        attendance.reason = attendance.because = None
        if gathering.stage in (Stage.PLANNED, Stage.CALLED):
            await session.delete(attendance)
    led = update(Gathering).where(Gathering.lead_id == person.id, Gathering.stage.in_((Stage.PLANNED, Stage.CALLED)))
    await session.execute(led.values(lead_id=None))
