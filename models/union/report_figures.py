"""What a report tells of a semester or of a year, figure by figure. Each part asks the database through `Look`, so that
what was asked stands with what was found.

A ticket belongs to the span in which it was filed (`statistics.py`), what has an end to the one in which it ended. Of
what students answered no number says who answered what: there stand those who were asked. Sealed reports are counted
nowhere: how many there are only those learn who read them (`cases.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import projects, statistics
from models.calendar import AcademicYear, WorkCalendar
from models.evaluations import EvaluationRound, EvaluationSheet
from models.figures import NOTHING, Rate, Share, has_changed, may_be_told
from models.lifecycle import Kind as TicketKind
from models.lifecycle import State
from models.majors import Major, MajorReceipt, MajorState
from models.projects import Project
from models.questionnaires import Kind as Asked
from models.requesters import Requester
from models.results import satisfied
from models.stations import Station
from models.statistics import Figures, Period, responsible
from models.surveys import OVER, STAFF_EVALUATION, Survey
from models.tickets import Ticket
from models.union import floors
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage
from models.union.reporting import Figure, Findings, Look, Query, Standing, numbered, ranges, told_of

MOST_PROBLEMS = 8
FEWEST = 3
"""Fewer tickets about the same are no problem that is told by itself."""
DEADLINES, ANSWERS = ("response", "on_time"), ("solved", "satisfied")
RATES = ("response", "solved", "satisfied", "on_time")
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


# ---------------------------------------------------------------- measure 3: tickets


def _filed(look: Look) -> list[Any]:
    return statistics.during(_t.c.filed_at, look.span.since, look.span.until)


async def tickets(look: Look) -> list[Figure]:
    """How many were filed, of which kind, about what, and at which station."""
    columns = (_t.c.id.label("number"), _t.c.kind, _t.c.category, responsible.label("place"))
    rows = await look.ask(Query.FILED, select(*columns).where(*_filed(look)).order_by(_t.c.id))
    figure = Figure("filed", Query.FILED, 3, value=len(rows), numbers=numbered(rows))
    found = [figure]
    for key in ("kind", "category", "place"):
        counts = Counter(getattr(row, key) for row in rows)
        for value, count in sorted(counts.items(), key=lambda each: (-each[1], str(each[0]))):
            about = {"names": look.stations[value]} if key == "place" else {"about": {key: str(value)}}
            its = numbered(rows, lambda row, key=key, value=value: getattr(row, key) == value)  # type: ignore[misc]
            found.append(replace(figure, key=f"filed_{key}", value=count, numbers=its, **about))
    return found


async def rates(look: Look) -> list[Figure]:
    """三率, and what was closed on time: of all together and of each station."""
    counted = await statistics.count(look.session, look.span, look.calendar, look.now)
    earlier: dict[int, Figures] = {}
    if look.before is not None:
        earlier = await statistics.rates(look.session, look.before, look.now)
    look.note(Query.RESPONSE, statistics.of_tickets(_filed(look), look.now))
    look.note(Query.ON_TIME, statistics.of_tickets(_filed(look), look.now))
    look.note(Query.SOLVED, statistics.of_requesters(_filed(look)))
    look.note(Query.SATISFIED, statistics.of_requesters(_filed(look)))
    numbers = {name: await _numbers(look, name) for name in RATES}
    found = []
    for name in RATES:
        places = sorted(counted, key=lambda place: -counted[place].filed)
        shares: list[Share] = [getattr(counted[place], name) for place in places]
        told, of_all = [share.rate.of > 0 for share in shares], any(share.rate.of for share in shares)
        if name in ANSWERS:
            told, of_all = told_of(shares, look.cell)
        whole, figure = sum(shares, NOTHING), Figure(name, Query(name), 3)
        total = replace(figure, share=whole if of_all else None, hidden=not of_all and name in ANSWERS)
        last = sum((getattr(each, name) for each in earlier.values()), NOTHING)
        changed = of_all and may_be_told(last, look.cell) and has_changed(whole.rate, last.rate)
        found.append(replace(total, before=last if changed else None, numbers=numbered(numbers[name])))
        for place, share, shown in zip(places, shares, told, strict=True):
            its = numbered(numbers[name], lambda row, place=place: row.place == place)  # type: ignore[misc]
            part = replace(figure, share=share if shown else None, hidden=not shown and name in ANSWERS)
            found.append(replace(part, names=look.stations[place], numbers=its))
    return found + await _times(look, statistics.in_all(counted))


async def _numbers(look: Look, name: str) -> Sequence[Any]:
    """The tickets that a rate was counted of. Which of them were answered how no number says."""
    place = responsible.label("place")
    if name in DEADLINES:
        each = statistics.of_deadlines(look.now)[name]
        columns = (_t.c.id.label("number"), place, each.hits.label("hit"), each.silent.label("silent"))
        return await look.ask(Query(name), select(*columns).where(*_filed(look), each.of).order_by(_t.c.id))
    each = statistics.of_answers()[name]
    asked = select(_t.c.id.label("number"), place).join_from(_r, _t, _r.c.ticket_id == _t.c.id).distinct()
    wanted = (*_filed(look), _r.c.left.is_(False), or_(each.of, each.silent))
    return await look.ask(Query(name), asked.where(*wanted).order_by(_t.c.id))


async def _times(look: Look, figures: Figures) -> list[Figure]:
    """How long it took: to the first words of a human in working time, and from filing to the end."""
    found = []
    for query, lengths, counted in (
        (Query.REPLY_TIME, figures.reply_minutes, _t.c.replied_at.is_not(None)),
        (Query.CLOSE_TIME, figures.close_minutes, _t.c.state == State.CLOSED),
    ):
        columns = (_t.c.id.label("number"), _t.c.filed_at, _t.c.replied_at, _t.c.closed_at)
        rows = await look.ask(query, select(*columns).where(*_filed(look), counted).order_by(_t.c.id))
        spread = statistics.spread(lengths)
        if spread is not None:
            minutes = [length // timedelta(minutes=1) for length in (spread.median, spread.ninth)]
            times = (spread.count, minutes[0], minutes[1])
            found.append(Figure(str(query), query, 3, spread=times, numbers=numbered(rows)))
    return found


async def majors(look: Look) -> list[Figure]:
    """Major matters that were brought before the supervisors: how many they approved, and how many readers have."""
    received = select(MajorReceipt.person_id).where(MajorReceipt.major_id == Major.id).exists()
    rows = await look.ask(
        Query.MAJORS,
        select(
            Major.ticket_id.label("number"),
            (Major.state == MajorState.APPROVED).label("hit"),
            (Major.state == MajorState.PROPOSED).label("silent"),
            received.label("received"),
        )
        .where(*statistics.during(Major.proposed_at, look.span.since, look.span.until))
        .order_by(Major.id),
    )
    waiting = sum(bool(row.silent) for row in rows)
    approved = Share(Rate(sum(bool(row.hit) for row in rows), len(rows) - waiting), waiting)
    return [Figure("majors", Query.MAJORS, 3, value=len(rows), share=approved, numbers=numbered(rows))]


# ---------------------------------------------------------------- measure 5: problems and projects


async def problems(look: Look) -> list[Figure]:
    """What most tickets were about: a category in a building, how many of them are done, and how many still open."""
    done = _t.c.state.in_([State.RESOLVED, State.CLOSED])
    rows = await look.ask(
        Query.PROBLEMS,
        select(
            _t.c.id.label("number"),
            _t.c.category,
            _t.c.building,
            _t.c.project_id,
            done.label("hit"),
            (~done).label("silent"),
        )
        .where(
            *_filed(look),
            _t.c.kind != TicketKind.THANKS,
            _t.c.state.not_in([State.WITHDRAWN, State.MERGED]),
        )
        .order_by(_t.c.id),
    )
    groups: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.category, row.building].append(row)
    largest = sorted(groups.items(), key=lambda each: (-len(each[1]), each[1][0].number))[:MOST_PROBLEMS]
    found = []
    for (category, building), its in largest:
        if len(its) < FEWEST:
            break
        hits = sum(bool(row.hit) for row in its)
        led_to = sorted({row.project_id for row in its if row.project_id is not None})
        about = {"category": category, "building": building, "projects": led_to}
        share = Share(Rate(hits, len(its)), len(its) - hits)
        found.append(Figure("problem", Query.PROBLEMS, 5, share=share, about=about, numbers=numbered(its)))
    return found


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
    """How each floor stands: those of a semester in each that has begun in the span, those of a year and of what always
    holds as they are at its end.
    """
    calendar, today = look.calendar, look.calendar.day_of(look.now)
    first, last = calendar.day_of(look.span.since), calendar.day_of(look.span.until - timedelta(seconds=1))
    year, found = AcademicYear.of(first), list[Standing]()
    terms = [term for term in calendar.semesters if first <= term.starts <= last]
    for term in terms:
        # In the vacation after it what was not done is overdue.
        then = floors.Look(look.session, calendar, min(term.ends + timedelta(days=1), today), term, year)
        found += [Standing.seen(await each(then, term), term.name) for each in floors.OF_A_SEMESTER]
    now = floors.Look(look.session, calendar, today, terms[-1] if terms else None, year)
    found += [Standing.seen(await each(now), None) for each in (*floors.ALWAYS, *floors.OF_A_YEAR)]
    return sorted(found, key=lambda each: (each.measure, each.semester or ""))


PARTS: tuple[Callable[[Look], Awaitable[list[Figure]]], ...] = (
    tickets,
    rates,
    majors,
    problems,
    all_projects,
    gatherings,
    surveys,
    polls,
    evaluation,
)
