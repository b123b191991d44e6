"""What the executive chair hands over when a turn begins: everything that is open and has a day, or should have.

    a turn begins ─▶ the list, in the office and to both in private ─▶ both confirm (`handovers.sign`)
                     a side has not after a day ─▶ reminded ─▶ a day later the office is told

The list is written down as it was: what is confirmed is what was shown.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, listing, projects, stations
from models.calendar import WorkCalendar
from models.evaluations import EvaluationRound
from models.handovers import Handover, Side, Signature
from models.lifecycle import OPEN
from models.people import Person
from models.projects import Project, ProjectState
from models.sessions import patiently
from models.surveys import Stage, Survey
from models.tickets import Ticket
from models.union import posts, publications, rota
from models.union.gatherings import Gathering
from models.union.gatherings import Stage as Held
from models.union.rota import ChairTurn

NEAREST = 8
"""So many tickets are named, by what is overdue or due next."""
LISTED = 6
"""Of everything else."""
WAITING = (
    publications.Stage.DRAFT,
    publications.Stage.READING,
    publications.Stage.APPROVING,
    publications.Stage.APPROVED,
)
"""Publications that have not gone out."""
AHEAD = timedelta(days=30)


async def gather(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> dict[str, Any]:
    """As plain values, moments and days in ISO 8601: `places` (names, open, overdue), `tickets` (numbers, by what is
    due next), `projects`, `surveys`, `rounds`, `publications`,
    `gatherings`, `terms`.
    """
    today, until = calendar.day_of(now), now + AHEAD
    due = listing.due_first(session)
    counted = (
        select(Ticket.station_id, func.count(), func.count().filter(due <= now))
        .where(Ticket.state.in_(OPEN))
        .group_by(Ticket.station_id)
    )
    at = {number: (count, late) for number, count, late in await patiently(session, counted)}
    nearest = select(Ticket.id).where(Ticket.state.in_(OPEN), due < listing.FAR).order_by(due, Ticket.id).limit(NEAREST)
    said = await projects.conclusions(session)
    open_ = Project.id.not_in(list(said)), Project.state != ProjectState.STOPPED
    unfinished = select(Project).where(*open_).order_by(Project.id.desc())
    surveys = (
        select(Survey).where(Survey.stage.in_((Stage.INVITING, Stage.OPEN, Stage.COUNTING))).order_by(Survey.closes_at)
    )
    rounds = select(EvaluationRound).where(EvaluationRound.announced.is_(False)).order_by(EvaluationRound.id)
    coming = select(Gathering).where(
        Gathering.stage.in_((Held.PLANNED, Held.CALLED)), Gathering.starts_at >= now, Gathering.starts_at < until
    )
    return {
        "places": [
            {"names": dict(place.names), "open": at[place.id][0], "overdue": at[place.id][1]}
            for place in await stations.open_desks(session)
            if place.id in at
        ],
        "tickets": [number for (number,) in await patiently(session, nearest)],
        "projects": [{"number": each.id, "title": each.title} for each in await session.scalars(unfinished)],
        "surveys": [
            {"number": each.id, "titles": dict(each.questionnaire.title), "until": each.closes_at.isoformat()}
            for each in await session.scalars(surveys)
        ],
        "rounds": [
            {"semester": each.semester, "until": each.closes_at.isoformat() if each.closes_at else None}
            for each in await session.scalars(rounds)
        ],
        "publications": [
            {"number": each.id, "titles": {language: text["title"] for language, text in each.texts.items()}}
            for each in await publications.in_stage(session, *WAITING)
        ],
        "gatherings": [
            {"titles": dict(each.titles), "at": each.starts_at.isoformat()}
            for each in await session.scalars(coming.order_by(Gathering.starts_at))
        ],
        "terms": [
            {"term": each.term.id, "until": each.term.ends.isoformat()}
            for each in await posts.ending(session, today, posts.SOON[0])
        ],
    }


async def begin(session: AsyncSession, number: int, calendar: WorkCalendar, now: datetime) -> Handover | None:
    """The turn with this number begins: what is open is written down, and said in the office and to both in private.
    None when it has been, or the same person goes on.
    """
    turn = await session.get(ChairTurn, number, with_for_update=True, populate_existing=True)
    if turn is None or turn.begun:
        return None
    turn.begun = True
    chair, previous = await rota.get(session, turn.id), await rota.before(session, turn)
    if previous is not None and previous.term.id == chair.term.id:
        return None
    office = await stations.office(session)
    handover = Handover(
        station_id=office.id,
        at=calendar.at(turn.starts, time()),
        tickets=[],
        turn_id=turn.id,
        matters=await gather(session, calendar, now),
    )
    session.add(handover)
    await session.flush()
    sides = ((Side.OUTGOING, previous), (Side.INCOMING, chair))
    for side, whose in sides:
        if whose is None or whose.term.person_id is None:
            # Whom the bot knows by a name only presses nothing.
            continue
        session.add(Signature(handover_id=handover.id, side=side, people=[whose.term.person_id], since=now))
        person = await session.get_one(Person, whose.term.person_id)
        if person.agreed:
            await letters.drawn(session, person.telegram_id, "roster", "handover", handover.id, now)
    await session.flush()
    if office.chat_id is not None:
        await letters.drawn(session, office.chat_id, "roster", "handover", handover.id, now, dedupe=f"chair:{turn.id}")
    return handover


async def unconfirmed(session: AsyncSession, since: datetime) -> list[tuple[Handover, list[Signature]]]:
    """The handovers of the chair since then that a side has not confirmed, the latest first, with those sides."""
    rows = await session.execute(
        select(Handover, Signature)
        .join(Signature, Signature.handover_id == Handover.id)
        .where(Handover.turn_id.is_not(None), Signature.signed_at.is_(None), Signature.since >= since)
        .order_by(Handover.id.desc(), Signature.side.desc())
    )
    found: dict[int, tuple[Handover, list[Signature]]] = {}
    for handover, signature in rows:
        found.setdefault(handover.id, (handover, []))[1].append(signature)
    return list(found.values())
