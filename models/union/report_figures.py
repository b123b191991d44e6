"""What a report tells of a semester or of a year, figure by figure. Each part asks the database through `Look`, so that
what was asked stands with what was found.

A ticket belongs to the span in which it was filed (`statistics.py`), what has an end to the one in which it ended. Of
what students answered no number says who answered what: there stand those who were asked. Sealed reports are counted
nowhere: how many there are only those learn who read them (`cases.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import projects, statistics
from models.calendar import AcademicYear, WorkCalendar
from models.evaluations import EvaluationRound, EvaluationSheet
from models.figures import Rate, Share, may_be_told
from models.projects import Project
from models.questionnaires import Kind as Asked
from models.requesters import Requester
from models.results import satisfied
from models.stations import Station
from models.statistics import Period
from models.surveys import OVER, STAFF_EVALUATION, Survey
from models.tickets import Ticket
from models.union import deliveries, floors, report_tickets
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage
from models.union.publications import Kind as Published
from models.union.publications import Publication
from models.union.reporting import Figure, Findings, Look, Query, Standing, numbered, ranges

MEASURES: Mapping[Kind, int] = {Kind.STUDY: 4, Kind.TRAINING: 4, Kind.VOLUNTEERING: 7, Kind.MEETING: 6}

_t, _r = cast(Table, Ticket.__table__), cast(Table, Requester.__table__)


async def gather(
    session: AsyncSession, span: Period, before: Period | None, calendar: WorkCalendar, cell: int, now: datetime
) -> Findings:
    """Everything; takes seconds where there are many tickets, so ask it `aside`. `span.name` says whether it is a
    "semester" or a "year"; of what students answered nothing is told of fewer than the cell.
    """
    names = {station.id: station.names for station in await session.scalars(select(Station))}
    look = Look(session, span, before, calendar, cell, now, names)
    found = [figure for part in PARTS for figure in await part(look)]
    return Findings(now, cell, tuple(found), tuple(await _floors(look)), dict(look.asked))


# ---------------------------------------------------------------- measure 5: projects


async def all_projects(look: Look) -> list[Figure]:
    """Those that were begun in the span or of which it was said in it what becomes of them."""
    rows = await look.ask(
        Query.PROJECTS,
        select(Project.id.label("number"), Project.title, Project.state, Project.opened_at)
        .where(Project.opened_at < look.span.until)
        .order_by(Project.id),
    )
    its_tickets = select(_t.c.id.label("number"), _t.c.project_id).where(_t.c.project_id.is_not(None)).order_by(_t.c.id)
    tickets_of: dict[int, list[int]] = defaultdict(list)
    for ticket in await look.ask(Query.PROJECTS, its_tickets):
        tickets_of[ticket.project_id].append(ticket.number)
    said = await projects.conclusions(look.session)
    found, begun, concluded = [], [], []
    for row in rows:
        end = said.get(row.number)
        ended = end is not None and look.span.since <= end.said_at < look.span.until
        if row.opened_at >= look.span.since:
            begun.append(row.number)
        if ended:
            concluded.append(row.number)
        if row.opened_at >= look.span.since or ended:
            about = {"number": row.number, "title": row.title, "state": str(row.state)}
            if end is not None and end.said_at < look.span.until:
                about |= {"verdict": str(end.verdict), "reason": dict(end.reason)}
            its = tickets_of[row.number]
            numbers = {"of": str(row.number)} | ({"tickets": ranges(its)} if its else {})
            found.append(Figure("project", Query.PROJECTS, 5, value=len(its), about=about, numbers=numbers))
    sums = [
        Figure(key, Query.PROJECTS, 5, value=len(each), numbers={"of": ranges(each)} if each else {})
        for key, each in (("projects_begun", begun), ("projects_concluded", concluded))
    ]
    return [*sums, *found]


# ---------------------------------------------------------------- measures 1, 3, 9 and 10: publications


async def published(look: Look) -> list[Figure]:
    """What went out, or could be read from then on, each after its review: how many have it of those it was sent to."""
    rows = await look.ask(
        Query.PUBLICATIONS,
        select(
            Publication.id.label("number"),
            Publication.kind,
            Publication.topic,
            Publication.texts,
            Publication.sent_at,
            Publication.delivered,
            Publication.written,
            Publication.unknown,
        )
        .where(
            deliveries.still_read(),
            Publication.corrects_id.is_(None),
            Publication.sent_at >= look.span.since,
            Publication.sent_at < look.span.until,
        )
        .order_by(Publication.sent_at, Publication.id),
    )
    found = []
    for key, measure, its in (
        ("guidance", 1, [row for row in rows if row.kind is Published.GUIDANCE]),
        ("policy_news", 3, [row for row in rows if row.topic is not None]),
        ("disclosed", 9, [row for row in rows if row.kind is Published.DISCLOSURE]),
        ("published", 10, rows),
    ):
        reached = Share(Rate(sum(r.delivered for r in its), sum(r.written for r in its)), sum(r.unknown for r in its))
        figure = Figure(key, Query.PUBLICATIONS, measure, value=len(its), numbers=numbered(its))
        found.append(replace(figure, share=reached if reached.rate.of else None))
    for row in rows:
        about = {"number": row.number, "day": look.calendar.day_of(row.sent_at).isoformat()}
        titles = {language: text["title"] for language, text in row.texts.items()}
        reached = Share(Rate(row.delivered, row.written), row.unknown)
        one = Figure("publication", Query.PUBLICATIONS, 10, names=titles, about=about, numbers={"of": str(row.number)})
        found.append(replace(one, share=reached if row.written else None))
    return found


# ---------------------------------------------------------------- measures 4, 6 and 7: gatherings


async def gatherings(look: Look) -> list[Figure]:
    """What was held and somebody came to: how many came of those who were expected, and confirmed hours."""
    parts = Attendance.part
    rows = await look.ask(
        Query.GATHERINGS,
        select(
            Gathering.id.label("number"),
            Gathering.kind,
            Gathering.titles,
            Gathering.starts_at,
            func.count().filter(parts == Part.CAME).label("came"),
            func.count().filter(parts.in_((Part.CAME, Part.MISSED, Part.EXCUSED))).label("expected"),
            func.coalesce(func.sum(Attendance.minutes), 0).label("minutes"),
        )
        .join(Attendance, Attendance.gathering_id == Gathering.id)
        .where(
            Gathering.stage == Stage.HELD,
            *statistics.during(Gathering.starts_at, look.span.since, look.span.until),
        )
        .group_by(Gathering.id)
        .order_by(Gathering.starts_at, Gathering.id),
    )
    found = []
    for kind, measure in MEASURES.items():
        its = [row for row in rows if row.kind is kind and row.came]
        share = Share(Rate(sum(row.came for row in its), sum(row.expected for row in its)))
        of_kind = Figure(f"held_{kind}", Query.GATHERINGS, measure, numbers=numbered(its))
        found.append(replace(of_kind, value=len(its), share=share if its else None))
        if kind is Kind.VOLUNTEERING:
            found.append(replace(of_kind, key="volunteer_minutes", value=sum(int(row.minutes) for row in its)))
        for row in its:
            about = {"number": row.number, "kind": str(kind), "day": look.calendar.day_of(row.starts_at).isoformat()}
            about |= {"minutes": int(row.minutes)} if kind is Kind.VOLUNTEERING else {}
            came = Share(Rate(row.came, row.expected))
            numbers = {"of": str(row.number)}
            one = Figure("gathering", Query.GATHERINGS, measure, share=came, names=row.titles, about=about)
            found.append(replace(one, numbers=numbers))
    return found


# ---------------------------------------------------------------- measure 8: surveys, polls, evaluation


async def surveys(look: Look) -> list[Figure]:
    """Those that closed in the span: who completed them, and how many were satisfied, question by question."""
    rows = await look.ask(
        Query.SURVEYS,
        select(Survey.id.label("number"), Survey.closes_at)
        .where(Survey.stage.in_(OVER), *statistics.during(Survey.closes_at, look.span.since, look.span.until))
        .order_by(Survey.closes_at, Survey.id),
    )
    found = [Figure("surveys", Query.SURVEYS, 8, value=len(rows), numbers=numbered(rows))]
    for row in rows:
        survey = await look.session.get_one(Survey, row.number)
        results, asked, numbers = survey.told, survey.questionnaire, {"of": str(row.number)}
        if results is None:
            continue
        about = {"number": row.number, "day": look.calendar.day_of(row.closes_at).isoformat()}
        completed = Share(Rate(results.completed, results.invited), results.invited - results.completed)
        one = Figure("survey", Query.SURVEYS, 8, share=completed, names=asked.title, about=about, numbers=numbers)
        found.append(one)
        # What was said of the staff of a station is for them and for those who decide.
        questions = asked.questions if survey.key != STAFF_EVALUATION else ()
        for question in questions:
            count = results.everybody.questions.get(question.key)
            if question.kind is Asked.AGREEMENT and count is not None:
                share = Share(satisfied(count), results.completed - count.of)
                found.append(replace(one, key="survey_question", share=share, names=question.text))
    return found


async def polls(look: Look) -> list[Figure]:
    """Polls in private chats that ended in the span, of those with enough answers."""
    rows = await look.ask(Query.POLLS, statistics.of_polls(look.span))
    told = await statistics.surveys(look.session, look.span, look.cell)
    numbers = numbered(rows, lambda row: row.answered >= look.cell)
    found = [Figure("polls", Query.POLLS, 8, value=told.polls, numbers=numbers)]
    if told.polls:
        found.append(Figure("poll_response", Query.POLLS, 8, share=told.response, numbers=numbers))
    if may_be_told(told.satisfied, look.cell):
        found.append(Figure("poll_satisfied", Query.POLLS, 8, share=told.satisfied, numbers=numbers))
    return found


async def evaluation(look: Look) -> list[Figure]:
    """The evaluation of staff: about how many it has been decided. Nothing of what it says of anybody."""
    decided = func.count(EvaluationSheet.decided_at)
    rows = await look.ask(
        Query.EVALUATION,
        select(
            EvaluationRound.id.label("number"),
            EvaluationRound.semester,
            decided.label("decided"),
            func.count(EvaluationSheet.id).label("sheets"),
        )
        .outerjoin(EvaluationSheet, EvaluationSheet.round_id == EvaluationRound.id)
        .where(
            EvaluationRound.announced.is_(True),
            EvaluationRound.since >= look.span.since,
            EvaluationRound.since < look.span.until,
        )
        .group_by(EvaluationRound.id)
        .order_by(EvaluationRound.id),
    )
    return [
        Figure(
            "evaluation",
            Query.EVALUATION,
            8,
            share=Share(Rate(row.decided, row.sheets), row.sheets - row.decided),
            about={"number": row.number, "semester": row.semester},
            numbers={"of": str(row.number)},
        )
        for row in rows
    ]


# ---------------------------------------------------------------- the floors


async def _floors(look: Look) -> list[Standing]:
    """How each floor stands: those of a semester in each that has begun in the span, as they were when it was over, or
    are; those of a year and of what always holds as they are on the day on which it is counted.
    """
    calendar, today = look.calendar, look.calendar.day_of(look.now)
    first, last = calendar.day_of(look.span.since), calendar.day_of(look.span.until - timedelta(seconds=1))
    year, found = AcademicYear.of(first), list[Standing]()
    terms = [term for term in calendar.semesters if first <= term.starts <= last]
    for term in terms:
        # In the vacation after it what was not done is overdue.
        then = floors.Look.on(look.session, calendar, min(term.ends + timedelta(days=1), today), term, year)
        found += [_standing(await each(then, term), term.name) for each in floors.OF_A_SEMESTER]
    now = floors.Look.on(look.session, calendar, today, terms[-1] if terms else None, year)
    found += [_standing(await each(now), None) for each in (*floors.ALWAYS, *floors.OF_A_YEAR)]
    return sorted(found, key=lambda each: (each.measure, each.semester or ""))


def _standing(floor: floors.Floor, semester: str | None) -> Standing:
    """A floor as it stands, to be kept."""
    evidence = tuple((str(each.what), each.number) for each in floor.evidence)
    return Standing(
        floor.key, floor.measure, floor.needed, floor.done, str(floor.state), floor.until, semester, evidence
    )


PARTS: tuple[Callable[[Look], Awaitable[list[Figure]]], ...] = (
    *report_tickets.PARTS,
    all_projects,
    published,
    gatherings,
    surveys,
    polls,
    evaluation,
)
