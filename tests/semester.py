"""A small semester's work, put into the database as life might have left it: for reports and what they count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models import projects
from models.calendar import Semester
from models.evaluations import EvaluationRound
from models.majors import Major, MajorState
from models.stations import Station
from models.surveys import Verdict
from models.tickets import Ticket
from models.union.gatherings import Attendance, Gathering, Kind, Part
from models.union.publications import Heading, Publication, Review, Stage, Step
from models.union.publications import Kind as PublicationKind
from tests.house import CALENDAR, staff
from tests.models.test_floors import held
from tests.models.test_statistics import plant
from tests.surveying.results import closed

AUTUMN = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
SPRING = Semester("2026-2027-2", date(2027, 2, 22), date(2027, 7, 4))
TERMS = replace(CALENDAR, semesters=(AUTUMN, SPRING))
LATE = TERMS.at(date(2026, 11, 30), time(10))
"""Some tickets of the ninety days before were filed in the vacation."""
DAY = timedelta(days=1)


@dataclass
class Played:
    """What there was."""

    tickets: list[dict[str, Any]]
    gatherings: list[Gathering]
    places: dict[int, Station]


async def play(session: AsyncSession, seed: int = 7, count: int = 120, now: datetime = LATE) -> Played:
    """Tickets of the last ninety days, a project with its verdict, studies, a training, volunteering, a survey, an
    evaluation of staff, a major matter.
    """
    from sqlalchemy import select

    rows = await plant(session, seed, now, count)
    places = {station.id: station for station in await session.scalars(select(Station))}
    met = [
        await held(session, Kind.STUDY, now - 60 * DAY, [Part.CAME, Part.CAME, Part.EXCUSED]),
        await held(session, Kind.STUDY, now - 30 * DAY, [Part.CAME, Part.MISSED, Part.CAME]),
        await held(session, Kind.TRAINING, now - 20 * DAY, [Part.CAME, Part.CAME, Part.CAME]),
        await held(session, Kind.VOLUNTEERING, now - 10 * DAY, [Part.CAME, Part.CAME, Part.MISSED]),
        # Nobody came; and one that was before the semester.
        await held(session, Kind.MEETING, now - 9 * DAY, [Part.MISSED]),
        await held(session, Kind.MEETING, now - 200 * DAY, [Part.CAME]),
    ]
    for number, minutes in ((1, 90), (2, 125)):
        person = await staff(session, number, f"Staff {number}")
        attendance = await session.get_one(Attendance, (met[3].id, person.id))
        attendance.minutes = minutes
    wang = await staff(session, 1, "Wang")
    begun = await projects.suggest(session, "A drying room for East 1", places[1], now - 40 * DAY)
    await projects.suggest(session, "Quiet hours in the <library>", places[1], now - 5 * DAY)
    for number in (3, 4, 9):
        (await session.get_one(Ticket, number)).project_id = begun.id
    survey = await closed(session, now - 8 * DAY)
    about = await closed(session, now - 6 * DAY)
    about.project_id, about.verdict, about.said_at = begun.id, Verdict.KEEP, now - 5 * DAY
    about.what_changes = {"en": "It is used every day", "zh-hans": "每天都有人用", "zh-hant": "每天都有人用"}
    survey.key = "semester-satisfaction"
    round_ = EvaluationRound(
        semester=AUTUMN.name, since=TERMS.at(AUTUMN.starts, time()), until=now, cell=10, started_by_id=wang.id,
        closes_at=now - DAY, announced=True,
    )  # fmt: skip
    session.add(round_)
    for number, state in ((5, MajorState.APPROVED), (6, MajorState.SENT_BACK), (7, MajorState.PROPOSED)):
        session.add(
            Major(ticket_id=number, state=state, reason="x", proposed_by_id=wang.id, proposed_at=now - number * DAY)
        )
    for kind, stage, written in (
        (PublicationKind.GUIDANCE, Stage.SENT, 50),
        (PublicationKind.DISCLOSURE, Stage.ARCHIVED, 0),
        (PublicationKind.NEWS, Stage.DRAFT, 0),
    ):
        publication = Publication(
            kind=kind, stage=stage, texts={"en": {"title": "Serving <students>", "body": "x"}}, audience={},
            heading=Heading.REFORM if kind is PublicationKind.DISCLOSURE else None, written_at=now - 9 * DAY,
            sent_at=now - 8 * DAY if stage is not Stage.DRAFT else None, written=written,
            delivered=written * 44 // 50, unknown=written // 50, revision=1,
        )  # fmt: skip
        session.add(publication)
        await session.flush()
        if stage is not Stage.DRAFT:
            session.add(
                Review(
                    publication_id=publication.id, revision=1, step=Step.APPROVE, person_id=(await staff(session)).id,
                    at=now - 8 * DAY, texts=publication.texts,
                )
            )  # fmt: skip
    return Played(rows, met, places)
