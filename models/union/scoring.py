"""Reviewers score the bids for a project, each alone, by the criteria that stood on the list.

    appointed ─▶ reading ─▶ finished          by whom it is declared that nothing ties them to a bidder
        └──────────┴──────▶ recused           by themselves, or because the rosters say otherwise
        └──────────┴ three days after they were called ─▶ reminded once

Whoever bids, works for the union at the same place as a bidder, or says that something ties them to one, scores none of
the bids. The office sees means, of those who have finished, never who gave what. With fewer than three nothing can be
awarded.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, projects
from models.base import Base, Json, one_of
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.projects import Project, ProjectState
from models.union import bids, interests, tidings
from models.union.bids import Bid

FEWEST, MOST = 3, 9
"""So many reviewers have to have scored; more than so many are not appointed."""
REMINDED_AFTER = timedelta(days=3)
"""So long after a reviewer was called they are reminded, once, if they still have to score something."""
HIGHEST = 10
"""Points: 0–10 for each criterion."""


REMINDER = "review.remind"
"""The key of that letter."""


class ReviewPart(enum.StrEnum):
    """How far a reviewer is."""

    APPOINTED = "appointed"
    READING = "reading"
    FINISHED = "finished"
    RECUSED = "recused"


class Tie(enum.StrEnum):
    """What ties a reviewer to a bidder."""

    BIDDER = "bidder"
    """They bid themselves."""
    SAME_PLACE = "same_place"
    """They work for the union at the same place, or hold a post in the same department."""
    DECLARED = "declared"
    """They say so."""


class BidReview(Base):
    """Somebody was appointed to score the bids for a project."""

    __tablename__ = "bid_reviews"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    part: Mapped[ReviewPart] = mapped_column(one_of(ReviewPart), default=ReviewPart.APPOINTED)
    tie: Mapped[Tie | None] = mapped_column(one_of(Tie))
    """Why they score none."""


class BidScore(Base):
    """What one reviewer gives one bid; `points` has a place for each criterion, None where nothing was given yet."""

    __tablename__ = "bid_scores"

    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    points: Mapped[list[Any]] = mapped_column(Json)


@dataclass(frozen=True)
class Mean:
    """What the reviewers who have finished gave a bid, on average."""

    bid: Bid
    by_criterion: Sequence[float]
    """0–10, in the order of the criteria."""
    whole: float
    """The mean of these."""
    reviewers: int


# ---------------------------------------------------------------- who scores


async def appoint(
    session: AsyncSession, number: int, reviewer: Person, by: Person, house: House, now: datetime
) -> BidReview:
    """They are to score the bids. Raises Refusal when it is not the time for it, for somebody who has no chat with the
    bot or was appointed before, and when there are enough.
    """
    project = await projects.held(session, number)
    projects.must_be(project, ProjectState.LISTED, ProjectState.SCORING)
    if not reviewer.agreed:
        raise Refusal("review.not_agreed", name=reviewer.name)
    before = await of(session, project)
    if any(each.person_id == reviewer.id for each, _ in before):
        raise Refusal("review.appointed_already", name=reviewer.name)
    if sum(each.part is not ReviewPart.RECUSED for each, _ in before) >= MOST:
        raise Refusal("review.enough", most=MOST)
    review = BidReview(project_id=project.id, person_id=reviewer.id, part=ReviewPart.APPOINTED)
    session.add(review)
    await session.flush()
    await audit.record(session, "project_reviewer", now, staff=by, project=project.id, reviewer=reviewer.id)
    if project.state is ProjectState.LISTED:
        at = project.bids_until.isoformat() if project.bids_until is not None else None
        await tidings.to_person(session, reviewer.id, project, "review.appointed", house, now, opens=at)
    else:
        await call(session, project, review, house, now)
    return review


async def call(session: AsyncSession, project: Project, review: BidReview, house: House, now: datetime) -> None:
    """The bids are open: a reviewer is asked to score them, or recused when the rosters tie them to a bidder."""
    found = await bids.of(session, project)
    tie = await tie_of(session, review.person_id, found, house, now)
    if tie is not None:
        await _recuse(session, project, review, tie, now)
    await tidings.to_person(
        session,
        review.person_id,
        project,
        "review.called" if tie is None else f"review.recused_{tie}",
        house,
        now,
        count=len(found),
    )
    if tie is None:
        # Whether there is anything to remind of is seen when it is drawn.
        await tidings.to_person(
            session, review.person_id, project, REMINDER, house, now, later=REMINDED_AFTER, fewest=FEWEST
        )


async def tie_of(
    session: AsyncSession, person_id: int, found: Sequence[Bid], house: House, now: datetime
) -> Tie | None:
    """What ties somebody to one of the bidders, as far as the rosters know."""
    if any(bid.person_id == person_id for bid in found):
        return Tie.BIDDER
    mine, posts = await _belongs(session, person_id, house, now)
    for bid in found:
        if bid.person_id is None:
            continue
        theirs, held = await _belongs(session, bid.person_id, house, now)
        if mine & theirs or posts & held:
            return Tie.SAME_PLACE
    return None


async def _belongs(session: AsyncSession, person_id: int, house: House, now: datetime) -> tuple[set[int], set[str]]:
    """Where somebody works for the union, and where they hold a post."""
    places = {place.id for place in await interests.places(session, person_id, house.calendar, now)}
    return places, await interests.departments(session, person_id, house.calendar.day_of(now))


async def _recuse(session: AsyncSession, project: Project, review: BidReview, tie: Tie, now: datetime) -> None:
    review.part, review.tie = ReviewPart.RECUSED, tie
    numbers = [bid.id for bid in await bids.of(session, project)]
    its = delete(BidScore).where(BidScore.person_id == review.person_id, BidScore.bid_id.in_(numbers))
    await session.execute(its)
    person = await session.get_one(Person, review.person_id)
    await audit.record(session, "project_recused", now, staff=person, project=project.id, tie=tie)
    await tidings.to_office(session, project, f"review.office_recused_{tie}", now, name=person.name)


async def of(session: AsyncSession, project: Project) -> list[tuple[BidReview, Person]]:
    """The reviewers of a project, by name."""
    rows = await session.execute(
        select(BidReview, Person)
        .join(Person, Person.id == BidReview.person_id)
        .where(BidReview.project_id == project.id)
        .order_by(Person.name, Person.id)
    )
    return [(review, person) for review, person in rows]


async def mine(session: AsyncSession, project: Project, person: Person) -> BidReview | None:
    """Somebody's own part in it."""
    found: BidReview | None = await session.get(BidReview, (project.id, person.id))
    return found


def is_awaited(project: Project, review: BidReview | None) -> bool:
    """Whether whose part this is still has to score something."""
    open_ = (ReviewPart.APPOINTED, ReviewPart.READING)
    return project.state is ProjectState.SCORING and review is not None and review.part in open_


async def of_person(session: AsyncSession, person: Person) -> list[tuple[Project, BidReview]]:
    """What somebody was appointed to, the oldest first."""
    rows = await session.execute(
        select(Project, BidReview)
        .join(BidReview, BidReview.project_id == Project.id)
        .where(BidReview.person_id == person.id)
        .order_by(Project.id)
    )
    return [(project, review) for project, review in rows]


# ---------------------------------------------------------------- scoring


async def declare(session: AsyncSession, project: Project, review: BidReview, tied: bool, now: datetime) -> None:
    """A reviewer says whether anything ties them to a bidder; also later, until they have finished. Raises Refusal when
    it is not the time.
    """
    await _hold(session, project, review)
    if review.part not in (ReviewPart.APPOINTED, ReviewPart.READING):
        raise Refusal("project.gone_on", number=project.id)
    if tied:
        await _recuse(session, project, review, Tie.DECLARED, now)
    else:
        review.part = ReviewPart.READING
        await session.flush()


async def score(
    session: AsyncSession, project: Project, review: BidReview, bid: Bid, criterion: int, points: int
) -> None:
    """They give a bid so many points for a criterion, by its place from 0. Raises Refusal when they may not, for
    another project's bid and for what is no such number.
    """
    await _must_be_reading(session, project, review)
    criteria = project.criteria or []
    if bid.project_id != project.id or not 0 <= criterion < len(criteria) or not 0 <= points <= HIGHEST:
        raise Refusal("old.button")
    row = await session.get(BidScore, (bid.id, review.person_id))
    if row is None:
        row = BidScore(bid_id=bid.id, person_id=review.person_id, points=[None] * len(criteria))
        session.add(row)
    row.points = [points if place == criterion else given for place, given in enumerate(row.points)]
    await session.flush()


async def given(session: AsyncSession, project: Project, review: BidReview) -> dict[int, list[int | None]]:
    """What a reviewer has given so far: by each bid a place for each criterion."""
    numbers = [bid.id for bid in await bids.of(session, project)]
    rows = await session.scalars(
        select(BidScore).where(BidScore.person_id == review.person_id, BidScore.bid_id.in_(numbers))
    )
    found = {row.bid_id: list(row.points) for row in rows}
    return {number: found.get(number, [None] * len(project.criteria or [])) for number in numbers}


async def finish(session: AsyncSession, project: Project, review: BidReview, now: datetime) -> None:
    """A reviewer has scored everything, and changes nothing more. Raises Refusal while something is missing."""
    await _must_be_reading(session, project, review)
    if any(points is None for each in (await given(session, project, review)).values() for points in each):
        raise Refusal("review.incomplete")
    review.part = ReviewPart.FINISHED
    await session.flush()
    done, of_all = await counted(session, project)
    await tidings.to_office(session, project, "review.office_finished", now, done=done, of=of_all)


async def counted(session: AsyncSession, project: Project) -> tuple[int, int]:
    """How many reviewers have finished, of how many who are not recused."""
    parts = [review.part for review, _ in await of(session, project) if review.part is not ReviewPart.RECUSED]
    return parts.count(ReviewPart.FINISHED), len(parts)


async def means(session: AsyncSession, project: Project) -> list[Mean]:
    """What each bid got from those who have finished, the highest first; nothing while nobody has."""
    finished = [review.person_id for review, _ in await of(session, project) if review.part is ReviewPart.FINISHED]
    if not finished:
        return []
    found = []
    for bid in await bids.of(session, project):
        rows = select(BidScore.points).where(BidScore.bid_id == bid.id, BidScore.person_id.in_(finished))
        columns = list(zip(*(await session.scalars(rows)).all(), strict=True))
        by = [sum(column) / len(column) for column in columns]
        found.append(Mean(bid, by, sum(by) / len(by), len(finished)))
    return sorted(found, key=lambda mean: (-mean.whole, mean.bid.id))


async def _hold(session: AsyncSession, project: Project, review: BidReview) -> None:
    """Nobody awards it meanwhile: what was counted is what stands there then. Raises Refusal when it has been."""
    await projects.hold(session, project)
    await session.refresh(review)
    projects.must_be(project, ProjectState.SCORING)


async def _must_be_reading(session: AsyncSession, project: Project, review: BidReview) -> None:
    await _hold(session, project, review)
    if review.part is not ReviewPart.READING:
        raise Refusal("project.gone_on", number=project.id)


async def forget(session: AsyncSession, person: Person) -> None:
    """What they have not finished goes. What they finished counts, and who that was stays in the records of the union
    as a number without a name.
    """
    open_ = (ReviewPart.APPOINTED, ReviewPart.READING, ReviewPart.RECUSED)
    unfinished = select(BidReview.project_id).where(BidReview.person_id == person.id, BidReview.part.in_(open_))
    numbers = select(Bid.id).where(Bid.project_id.in_(unfinished))
    await session.execute(delete(BidScore).where(BidScore.person_id == person.id, BidScore.bid_id.in_(numbers)))
    await session.execute(delete(BidReview).where(BidReview.person_id == person.id, BidReview.part.in_(open_)))
