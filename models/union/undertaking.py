"""A project's way from the open list to its end (揭榜挂帅): listed, opened, awarded, finished, stopped. People decide;
the clock only opens the bids when their time has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, merging, projects, sorting, stations, tickets
from models.calendar import WorkCalendar
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action
from models.people import Person
from models.projects import Conclusion, Project, ProjectState
from models.tickets import Ticket
from models.union import bids, milestones, scoring, tidings
from models.union.bids import Bid, BidState
from models.union.milestones import Milestone, MilestoneState

CRITERIA, CRITERION_LENGTH, REWARD_LENGTH, REASON_LENGTH = 5, 40, 200, 500
"""Criteria at most; characters of one, of the reward, and of a reason in each language."""
LONGEST = timedelta(days=120)
"""A list stands no longer open than so."""
UNEVALUATED_AFTER = timedelta(days=30)
"""So long after its end, or after its last milestone, a project should have been evaluated."""


# ---------------------------------------------------------------- seen to be needed


async def suggest(session: AsyncSession, title: str, by: Person, now: datetime) -> Project:
    """The office says by itself that something has to be done. Raises Refusal as `projects.suggest` does."""
    project = await projects.suggest(session, title, await stations.office(session), now)
    await audit.record(session, "project_suggest", now, staff=by, project=project.id)
    return project


async def suggest_from(session: AsyncSession, number: int, by: Person, now: datetime) -> Project:
    """A project of this ticket and of the open ones of its place that read like it, called after it. Raises Refusal
    when there is no such ticket, or it is part of a project.
    """
    ticket = await tickets.gone_on_as(session, await tickets.get(session, number))
    if ticket.project_id is not None:
        raise Refusal("project.has_it", number=ticket.id, project=ticket.project_id)
    project = await suggest(session, ticket.subject[: projects.TITLE_LENGTH], by, now)
    for each in (ticket, *await merging.alike(session, ticket)):
        if each.project_id is None and tickets.allowed(each, Action.PROJECT):
            await sorting.link(session, each, by, project, now)
    return project


def day(text: str) -> date:
    """A day as people of the office write it: 2026-11-20. Raises Refusal for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("project.no_day") from None


# ---------------------------------------------------------------- on the list


def must_be_criteria(criteria: Sequence[str]) -> None:
    """Raises Refusal for none, too many, and for one that is too long or stands there twice."""
    wrong = any(not 0 < len(each) <= CRITERION_LENGTH for each in criteria) or len(set(criteria)) < len(criteria)
    if wrong or not 0 < len(criteria) <= CRITERIA:
        raise Refusal("project.criteria_wrong", most=CRITERIA, length=CRITERION_LENGTH)


def must_be_reward(reward: str) -> None:
    """Raises Refusal for none and for one that is too long."""
    if not 0 < len(reward) <= REWARD_LENGTH:
        raise Refusal("project.reward_length", most=REWARD_LENGTH)


def must_be_deadline(until: datetime, now: datetime) -> None:
    """Raises Refusal for a moment that is over or too far away."""
    if not now < until <= now + LONGEST:
        raise Refusal("project.deadline_wrong", days=LONGEST.days)


async def put_on_list(
    session: AsyncSession,
    number: int,
    criteria: Sequence[str],
    reward: str,
    until: datetime,
    by: Person,
    now: datetime,
) -> Project:
    """Bids are asked for until then; those who asked for it hear the first time. Raises Refusal when it is listed or
    given already, and for criteria, a reward or a deadline that will not do.
    """
    must_be_criteria(criteria)
    must_be_reward(reward)
    must_be_deadline(until, now)
    project = await projects.held(session, number)
    projects.move(project, ProjectState.LISTED)
    again = project.criteria is not None
    project.criteria, project.reward, project.bids_until = list(criteria), reward, until
    at = until.isoformat()
    await audit.record(session, "project_list", now, staff=by, project=number, again=again, until=at)
    if not again:
        await tidings.tell(session, project, "ticket.project_listed", closes=at)
    return project


async def over(session: AsyncSession, now: datetime) -> list[int]:
    """The projects for which the time to bid is over."""
    due = select(Project.id).where(Project.state == ProjectState.LISTED, Project.bids_until <= now)
    return list(await session.scalars(due.order_by(Project.id)))


async def open_bids(session: AsyncSession, number: int, house: House, now: datetime) -> None:
    """The bids for it are opened, and the reviewers called; where nobody has bid the office is asked whether it is
    listed again.
    """
    # Locked: whoever bids or takes a bid back at this moment is in, or finds it closed.
    project = await projects.held(session, number)
    if project.state is not ProjectState.LISTED:
        return
    found = await bids.unseal(session, project, house, now)
    await audit.record(session, "project_open", now, project=number, bids=len(found))
    if not found:
        projects.move(project, ProjectState.SUGGESTED)
        await tidings.to_office(session, project, "project.office_nobody", now)
        return
    projects.move(project, ProjectState.SCORING)
    await tidings.to_office(session, project, "project.office_open", now, count=len(found))
    for review, _ in await scoring.of(session, project):
        await scoring.call(session, project, review, house, now)


# ---------------------------------------------------------------- given to somebody


async def must_be_awardable(session: AsyncSession, project: Project, by: Person) -> None:
    """Raises Refusal when it is not the time, with fewer than three reviewers who have scored, and for one of the
    bidders.
    """
    projects.must_be(project, ProjectState.SCORING)
    done, of_all = await scoring.counted(session, project)
    if done < scoring.FEWEST:
        raise Refusal("award.too_few", done=done, of=of_all, fewest=scoring.FEWEST)
    if any(bid.person_id == by.id for bid in await bids.of(session, project)):
        raise Refusal("award.own")


async def award(
    session: AsyncSession, bid_id: int, reason: Mapping[str, str], by: Person, house: House, now: datetime
) -> Project:
    """The presidium gives it to one of the bidders, not necessarily to whom the reviewers gave most, and says why: all
    bidders and those who asked for it hear. Of two who decide at once one is heard. Raises Refusal as
    `must_be_awardable` does, for a bidder who was forgotten, and for a reason that is missing or too long.
    """
    chosen = await bids.get(session, bid_id)
    project = await projects.held(session, chosen.project_id)
    await must_be_awardable(session, project, by)
    if chosen.person_id is None:
        raise Refusal("award.gone")
    must_be_reason(reason)
    first = (await scoring.means(session, project))[0]
    projects.move(project, ProjectState.AWARDED)
    project.award_reason, project.awarded_at = dict(reason), now
    for bid in await bids.of(session, project):
        bid.state = BidState.WON if bid.id == chosen.id else BidState.LOST
        said: dict[str, Any] = {"name": chosen.name, "reason": dict(reason)}
        await tidings.to_person(session, bid.person_id, project, f"bid.{bid.state}", house, now, **said)
    highest = first.bid.id == chosen.id
    await audit.record(session, "project_award", now, staff=by, project=project.id, bid=chosen.id, highest=highest)
    await tidings.tell(session, project, "ticket.project_awarded", name=chosen.name, reason=dict(reason))
    return project


def must_be_reason(reason: Mapping[str, str]) -> None:
    """Raises Refusal for a reason that is missing or too long."""
    if not reason or any(not 0 < len(text) <= REASON_LENGTH for text in reason.values()):
        raise Refusal("project.reason_length", most=REASON_LENGTH)


# ---------------------------------------------------------------- its end


async def finish(session: AsyncSession, number: int, by: Person, house: House, now: datetime) -> Project:
    """It is done: every milestone was accepted. Raises Refusal when one is not, and when it is not underway."""
    project = await projects.held(session, number)
    if any(each.state is not MilestoneState.ACCEPTED for each in await milestones.of(session, project)):
        raise Refusal("project.milestones_open", number=number)
    projects.move(project, ProjectState.FINISHED)
    project.ended_at = now
    await audit.record(session, "project_finish", now, staff=by, project=number)
    bid = await bids.winner(session, project)
    await tidings.to_person(session, bid.person_id if bid else None, project, "bid.finished", house, now)
    await tidings.tell(session, project, "ticket.project_finished", name=bid.name if bid else "")
    return project


async def stop(
    session: AsyncSession, number: int, reason: Mapping[str, str], by: Person, house: House, now: datetime
) -> Project:
    """It is not done, or not to its end; bidders, the undertaker and those who asked hear why. Bids that are sealed go
    unread. Raises Refusal when it is over, and for a reason that is missing or too long.
    """
    must_be_reason(reason)
    project = await projects.held(session, number)
    _stopped(project, now)
    project.end_reason = dict(reason)
    await audit.record(session, "project_stop", now, staff=by, project=number)
    waiting: list[int | None] = [*await bids.drop_sealed(session, project, house.vault)]
    for bid in await bids.of(session, project):
        if bid.state is not BidState.LOST:
            waiting.append(bid.person_id)
        if bid.state is BidState.OPEN:
            bid.state = BidState.LOST
    for person_id in waiting:
        await tidings.to_person(session, person_id, project, "bid.stopped", house, now, reason=dict(reason))
    await tidings.tell(session, project, "ticket.project_stopped", reason=dict(reason))
    return project


def _stopped(project: Project, now: datetime) -> None:
    projects.move(project, ProjectState.STOPPED)
    project.ended_at = now


def stop_by_verdict(project: Project, now: datetime) -> None:
    """Its closing survey ended so; why stands there, and those who asked hear it from there. Raises Refusal while bids
    wait: they would stay sealed, and whose they are would not hear.
    """
    if project.state in (ProjectState.LISTED, ProjectState.SCORING):
        raise Refusal("project.bids_wait", number=project.id)
    if project.state is not ProjectState.STOPPED:
        _stopped(project, now)


# ---------------------------------------------------------------- for the board and the report


@dataclass(frozen=True)
class ProjectRow:
    """One project as the report tells it."""

    project: Project
    tickets: int
    bids: int
    """How many; 0 while they are sealed."""
    awarded_to: str | None
    done: int
    """Milestones that were accepted."""
    milestones: int
    concluded: Conclusion | None
    """What the union said became of it."""


async def rows(session: AsyncSession) -> list[ProjectRow]:
    """Every project, the oldest first."""
    theirs = await _count(session, Ticket.project_id)
    opened = await _count(session, Bid.project_id, Bid.state != BidState.SEALED)
    won = await session.execute(select(Bid.project_id, Bid.name).where(Bid.state == BidState.WON))
    names = dict(won.all())
    whole = await _count(session, Milestone.project_id)
    done = await _count(session, Milestone.project_id, Milestone.state == MilestoneState.ACCEPTED)
    said = await projects.conclusions(session)
    return [
        ProjectRow(
            each,
            theirs.get(each.id, 0),
            opened.get(each.id, 0),
            names.get(each.id),
            done.get(each.id, 0),
            whole.get(each.id, 0),
            said.get(each.id),
        )
        for each in await session.scalars(select(Project).order_by(Project.id))
    ]


async def _count(session: AsyncSession, of: Any, *which: ColumnElement[bool]) -> dict[int, int]:
    """How many rows each project has, by its number."""
    rows = await session.execute(select(of, func.count()).where(of.is_not(None), *which).group_by(of))
    return dict(rows.all())


async def unevaluated(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> list[Project]:
    """Those that were finished, or whose last milestone was due, thirty days ago, and of which the union has not said
    what becomes of them; the oldest first.
    """
    since = now - UNEVALUATED_AFTER
    said = await projects.conclusions(session)
    last = (
        select(Milestone.project_id)
        .group_by(Milestone.project_id)
        .having(func.max(Milestone.due) < calendar.day_of(since))
    )
    finished = (Project.state == ProjectState.FINISHED) & (Project.ended_at < since)
    late = (Project.state == ProjectState.UNDERWAY) & Project.id.in_(last)
    found = await session.scalars(select(Project).where(finished | late).order_by(Project.id))
    return [project for project in found if project.id not in said]
