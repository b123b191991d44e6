"""What the second-class report card (第二课堂成绩单) is told: who helped where, as what and for how long, and how many
surveys somebody took part in. The university grants what it grants; here nothing is.

That somebody took part in surveys comes into it in one lot when a survey has closed, as a count and in random order:
beside the hour at which a line appeared the moment of a ballot could be guessed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import time
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.calendar import Semester, WorkCalendar
from models.invitations import Invitation
from models.invitations import Part as Answered
from models.people import Person
from models.roster import Enrolled
from models.stations import Station
from models.surveys import OVER, Survey
from models.union.gatherings import Attendance, Gathering, Part
from models.union.hours import OPEN, HourDispute
from models.union.volunteering import VolunteerCall

_MIDNIGHT = time()


async def helped(session: AsyncSession, term: Semester, calendar: WorkCalendar) -> Sequence[Row[Any]]:
    """Everybody who came to something that began in this semester or in the vacation after it: what it was, the
    minutes (None until they are confirmed), by whom they are confirmed, whether they are disputed, and the roster's row
    (`number_tag`, `sealed`; None of somebody who has proved no number). Whoever was forgotten is left out.
    """
    after = [each.starts for each in calendar.semesters if each.starts > term.starts]
    lead = aliased(Person)
    wanted = (
        select(
            Gathering.id,
            Gathering.titles,
            Gathering.starts_at,
            Gathering.ends_at,
            VolunteerCall.role,
            VolunteerCall.level,
            VolunteerCall.trains,
            Station.names.label("organiser"),
            Attendance.minutes,
            Attendance.confirmed_at,
            lead.name.label("confirmed_by"),
            HourDispute.stage.in_(OPEN).label("disputed"),
            Person.name,
            Enrolled.number_tag,
            Enrolled.sealed,
        )
        .select_from(Attendance)
        .join(Gathering, Gathering.id == Attendance.gathering_id)
        .join(VolunteerCall, VolunteerCall.gathering_id == Gathering.id)
        .join(Person, Person.id == Attendance.person_id)
        .outerjoin(Station, Station.id == VolunteerCall.station_id)
        .outerjoin(lead, lead.id == Attendance.confirmed_by_id)
        .outerjoin(Enrolled, Enrolled.person_id == Person.id)
        .outerjoin(
            HourDispute,
            (HourDispute.gathering_id == Gathering.id) & (HourDispute.person_id == Attendance.person_id),
        )
        .where(
            Attendance.part == Part.CAME,
            Person.telegram_id > 0,
            Gathering.starts_at >= calendar.at(term.starts, _MIDNIGHT),
        )
        .order_by(Gathering.starts_at, Gathering.id, Person.name, Person.id)
    )
    if after:
        wanted = wanted.where(Gathering.starts_at < calendar.at(min(after), _MIDNIGHT))
    return (await session.execute(wanted)).all()


async def took_part(session: AsyncSession, semester: str) -> list[Any]:
    """Who finished surveys of this semester that have closed: the roster's row and how many (`surveys`), in random
    order. Only those who have proved a number: nobody else can be credited.
    """
    rows = _finished(semester).join(Enrolled, Enrolled.person_id == Invitation.person_id)
    counted = rows.with_only_columns(Enrolled.number_tag, Enrolled.sealed, func.count().label("surveys"))
    found: list[Any] = list((await session.execute(counted.group_by(Enrolled.number_tag, Enrolled.sealed))).all())
    secrets.SystemRandom().shuffle(found)
    return found


async def unknown(session: AsyncSession, semester: str) -> int:
    """How many more took part who have proved no number."""
    rows = _finished(semester).outerjoin(Enrolled, Enrolled.person_id == Invitation.person_id)
    nobody = rows.where(Enrolled.id.is_(None)).with_only_columns(func.count(Invitation.person_id.distinct()))
    return await session.scalar(nobody) or 0


def _finished(semester: str) -> Select[Any]:
    return (
        select(Invitation.person_id)
        .join(Survey, Survey.id == Invitation.survey_id)
        .where(Survey.semester == semester, Survey.stage.in_(OVER), Invitation.part == Answered.FINISHED)
    )
