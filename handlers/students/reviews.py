"""Scoring the bids for a project, alone with the bot, in one message that is edited in place.

one ─▶ review ─▶ does anything tie you to a bidder? ─▶ no ─▶ criterion by criterion ─▶ overview ─▶ finished
                                                     └ yes ─▶ recused
"""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import project_screens as screens
from bot.filters import Pressed
from bot.project_screens import BidPoints, ProjectWay
from bot.untrusted import titled
from handlers.screens import show
from handlers.students.talk import Private, Talk
from models import colleagues, permissions, projects
from models.errors import Refusal
from models.permissions import Deed, Who
from models.projects import Project, ProjectState
from models.union import bids, scoring
from models.union.scoring import BidReview, ReviewPart


def router() -> Router:
    """The handler of points; the other presses come through `projects.py`."""
    router = Router(name="reviews")
    router.callback_query.register(points, Pressed(BidPoints), Private())
    return router


async def step(query: CallbackQuery, press: ProjectWay, project: Project, talk: Talk) -> None:
    """A press of somebody who may have been appointed."""
    review = await _own(project, talk)
    match press.act:
        case "review" if review.part is ReviewPart.APPOINTED:
            await show(query, *screens.declaring(project, await bids.of(talk.session, project), talk.t))
        case "review":
            await _overview(query, project, review, talk)
        case "free" | "tied":
            await scoring.declare(talk.session, project, review, press.act == "tied", talk.now)
            if review.part is ReviewPart.RECUSED:
                await show(query, talk.t("review.recused_declared", title=titled(project.title)))
            else:
                await _score(query, project, review, 0, talk)
        case "score":
            await _score(query, project, review, press.number, talk)
        case "over":
            await _overview(query, project, review, talk)
        case "finish":
            await scoring.finish(talk.session, project, review, talk.now)
            await _overview(query, project, review, talk)


async def points(query: CallbackQuery, press: BidPoints, talk: Talk) -> None:
    """So many for this; the next one follows, and after the last everything that was given."""
    bid = await bids.get(talk.session, press.bid)
    project = await projects.get(talk.session, bid.project_id)
    review = await _own(project, talk)
    await scoring.score(talk.session, project, review, bid, press.criterion, press.points)
    found, criteria = await bids.of(talk.session, project), len(project.criteria or [])
    after = [each.id for each in found].index(bid.id) * criteria + press.criterion + 1
    if after < len(found) * criteria:
        await _score(query, project, review, after, talk)
    else:
        await _overview(query, project, review, talk)


async def _own(project: Project, talk: Talk) -> BidReview:
    """Their part in it. Raises Refusal for who was not appointed, or scores none."""
    review = await scoring.mine(talk.session, project, talk.person)
    part = review is not None and review.part is not ReviewPart.RECUSED
    permissions.must(Deed.REVIEW, (Who.REVIEWER if part else Who.STRANGER,))
    projects.must_be(project, ProjectState.SCORING)
    assert review is not None
    return review


async def _score(query: CallbackQuery, project: Project, review: BidReview, at: int, talk: Talk) -> None:
    found = await bids.of(talk.session, project)
    if review.part is not ReviewPart.READING or not 0 <= at < len(found) * len(project.criteria or []):
        raise Refusal("old.button")
    numbers = [bid.person_id for bid in found if bid.person_id is not None]
    by = {person.id: person for person in await colleagues.by_ids(talk.session, numbers)}
    given = await scoring.given(talk.session, project, review)
    await show(query, *screens.scoring(project, found, by, given, at, talk.t))


async def _overview(query: CallbackQuery, project: Project, review: BidReview, talk: Talk) -> None:
    found, given = await bids.of(talk.session, project), await scoring.given(talk.session, project, review)
    await show(query, *screens.overview(project, found, given, review, talk.t))
