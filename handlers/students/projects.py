"""/projects, alone with the bot: what stands on the open list, what became of the rest; bidding; showing what was done.

/projects ─▶ list ─▶ one ─▶ bid ─▶ whose ─▶ name ─▶ plan ─▶ interests ─▶ send     (sealed until the deadline)
                      ├─ one's own bid ─▶ read it · bid anew · take it back (sure?)
                      ├─ review (reviews.py)
                      └─ a milestone ─▶ words and pictures ─▶ handed in

What is said back to a bidder does not repeat what they wrote, but for a letter that is sealed on its way.
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import project_screens as screens
from bot.contents import is_said, kept_of
from bot.filters import Going, Pressed
from bot.project_screens import ProjectWay
from bot.untrusted import lines, whole
from handlers.screens import show
from handlers.students import reviews
from handlers.students.talk import Private, Talk
from models import permissions, projects
from models.errors import Refusal
from models.permissions import Deed, Who
from models.projects import Project, ProjectState
from models.union import bids, milestones, scoring, tidings, undertaking
from models.union.bids import BidderKind, BidState, Offer
from models.union.milestones import MilestoneState


class Bidding(StatesGroup):
    """A bid is being written."""

    kind = State()
    name = State()
    plan = State()
    interests = State()
    ready = State()


class Showing(StatesGroup):
    """What shows a milestone is being collected."""

    parts = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="projects")
    private = Private()
    router.message.register(begin, Command("projects"), private)
    router.callback_query.register(begin, Going("projects"), private)
    router.callback_query.register(step, Pressed(ProjectWay), private)
    router.message.register(bid_words, StateFilter(Bidding), private, F.text & ~F.text.startswith("/"))
    router.message.register(words_only, StateFilter(Bidding), private, ~F.text, is_said)
    router.message.register(part, StateFilter(Showing.parts), private, ~F.text.startswith("/"), is_said)
    return router


async def begin(event: Message | CallbackQuery, talk: Talk) -> None:
    """/projects: the list. A ticket that is being written waits."""
    permissions.must(Deed.PROJECT_BID, (Who.STRANGER,))
    await _list(event, talk, left=await _nothing_written(talk))


async def step(query: CallbackQuery, press: ProjectWay, talk: Talk) -> None:
    """A press on the way."""
    permissions.must(Deed.PROJECT_BID, (Who.STRANGER,))
    if press.act == "list":
        await _list(query, talk, press.number, await _nothing_written(talk))
        return
    project = await projects.get(talk.session, press.project)
    match press.act:
        case "one":
            await _one(query, project, talk, await _nothing_written(talk))
        case "bid" | "bid_anew" | "kind" | "none" | "send" | "own" | "take_back" | "take_sure":
            await _bid(query, press, project, talk)
        case "hand" | "done":
            await _hand(query, press, project, talk)
        case "review" | "free" | "tied" | "score" | "over" | "finish":
            await reviews.step(query, press, project, talk)
        case _:
            raise Refusal("old.button")


async def _nothing_written(talk: Talk) -> str:
    """Leave what is being written here; something else that somebody is in the middle of goes on."""
    at = await talk.state.get_state()
    return await talk.leave() if at in Bidding or at in Showing else ""


# ---------------------------------------------------------------- bidding


async def _bid(query: CallbackQuery, press: ProjectWay, project: Project, talk: Talk) -> None:
    session, house, t, now = talk.session, talk.house, talk.t, talk.now
    data = await talk.state.get_data()
    match press.act:
        case "bid" | "bid_anew":
            bids.must_be_listed(project, now)
            left = await talk.leave()
            await talk.state.set_state(Bidding.kind)
            await talk.state.set_data({"project": project.id})
            text, keys = screens.on_whose_behalf(project, t)
            await show(query, left + text, keys)
        case "kind" if data.get("project") == project.id and press.number < len(BidderKind):
            await talk.state.update_data(kind=list(BidderKind)[press.number])
            await talk.state.set_state(Bidding.name)
            await show(query, *screens.asked("bid.which_name", project.id, t, most=bids.NAME_LENGTH))
        case "none" if data.get("project") == project.id and await talk.state.get_state() == Bidding.interests.state:
            await _ready(query, project, "", talk)
        case "send" if data.get("project") == project.id and await talk.state.get_state() == Bidding.ready.state:
            said = Offer(BidderKind(data["kind"]), **data["bid"])
            await bids.offer(session, project, talk.person, said, house, now)
            await talk.state.clear()
            await _one(query, project, talk)
        case "own":
            await _say_own(project, talk)
        case "take_back":
            await show(query, *screens.sure(project, t))
        case "take_sure":
            await bids.take_back(session, project, talk.person, house, now)
            await session.flush()
            await _one(query, project, talk)
        case _:
            raise Refusal("old.button")


async def bid_words(message: Message, talk: Talk) -> None:
    """What was asked for last."""
    permissions.must(Deed.PROJECT_BID, (Who.STRANGER,))
    data, at = await talk.state.get_data(), await talk.state.get_state()
    if "project" not in data:
        raise Refusal("old.button")
    project, text = await projects.get(talk.session, data["project"]), message.text or ""
    bids.must_be_listed(project, talk.now)
    kept: dict[str, Any] = data.get("bid", {})
    match at:
        case Bidding.name.state:
            name = whole(text)
            bids.must_fit(name, bids.NAME_LENGTH, "bid.name_length")
            await talk.state.update_data(bid={**kept, "name": name})
            await talk.state.set_state(Bidding.plan)
            await show(message, *screens.asked("bid.which_plan", project.id, talk.t, most=bids.PLAN_LENGTH))
        case Bidding.plan.state:
            bids.must_fit(lines(text), bids.PLAN_LENGTH, "bid.plan_length")
            await talk.state.update_data(bid={**kept, "plan": lines(text)})
            await talk.state.set_state(Bidding.interests)
            await show(message, *screens.interests(project.id, bids.INTERESTS_LENGTH, talk.t))
        case Bidding.interests.state:
            bids.must_fit(lines(text), bids.INTERESTS_LENGTH, "bid.interests_length")
            await _ready(message, project, lines(text), talk)
        case _:
            raise Refusal("bid.press")


async def words_only(_: Message, talk: Talk) -> None:
    """Pictures and the like: a bid is words, and those that stand already are not lost."""
    permissions.must(Deed.PROJECT_BID, (Who.STRANGER,))
    raise Refusal("bid.words_only")


async def _ready(event: Message | CallbackQuery, project: Project, interests: str, talk: Talk) -> None:
    data = await talk.state.get_data()
    await talk.state.update_data(bid={**data["bid"], "interests": interests})
    await talk.state.set_state(Bidding.ready)
    assert project.bids_until is not None, "it is listed"
    await show(event, *screens.to_send(project, talk.t.moment(project.bids_until, talk.now), talk.t))


async def _say_own(project: Project, talk: Talk) -> None:
    """Their own bid, sealed until the letter is drawn."""
    bid = await bids.sealed_of(talk.session, project, talk.person, talk.house.vault)
    if bid is None or bid.sealed is None:
        raise Refusal("bid.none")
    await tidings.own_bid(talk.session, talk.person, project, bid.id, talk.now)


# ---------------------------------------------------------------- showing what was done


async def _hand(query: CallbackQuery, press: ProjectWay, project: Project, talk: Talk) -> None:
    theirs = await milestones.undertakes(talk.session, project, talk.person)
    permissions.must(Deed.UNDERTAKE, (Who.UNDERTAKER if theirs else Who.STRANGER,))
    milestone, _ = await milestones.get(talk.session, press.number)
    if milestone.project_id != project.id or milestone.state is not MilestoneState.AWAITED:
        raise Refusal("milestone.gone_on")
    if press.act == "hand":
        left = await talk.leave()
        await talk.state.set_state(Showing.parts)
        await talk.state.set_data({"milestone": milestone.id})
        text, keys = screens.collecting(project.id, milestone, 0, milestones.MOST_PARTS, talk.t)
        await show(query, left + text, keys)
        return
    data = await talk.state.get_data()
    if data.get("milestone") != milestone.id:
        raise Refusal("old.button")
    await milestones.hand_in(talk.session, milestone, project, data.get("shown", []), talk.now)
    await talk.state.clear()
    await _one(query, project, talk)


async def part(message: Message, talk: Talk) -> None:
    """One more message that shows it."""
    data = await talk.state.get_data()
    number = data.get("milestone")
    if number is None:
        raise Refusal("old.button")
    milestone, project = await milestones.get(talk.session, number)
    theirs = await milestones.undertakes(talk.session, project, talk.person)
    permissions.must(Deed.UNDERTAKE, (Who.UNDERTAKER if theirs else Who.STRANGER,))
    parts = [*data.get("shown", []), kept_of(message)]
    milestones.must_show(parts)
    await talk.state.update_data(shown=parts)
    await show(message, *screens.collecting(project.id, milestone, len(parts), milestones.MOST_PARTS, talk.t))


# ---------------------------------------------------------------- what is shown


async def _list(event: Message | CallbackQuery, talk: Talk, page: int = 0, left: str = "") -> None:
    rows = screens.public(await undertaking.rows(talk.session))
    mine: list[tuple[str, Project]] = []
    for project, state, _ in await bids.of_person(talk.session, talk.person, talk.house.vault):
        if state in (BidState.SEALED, BidState.OPEN):
            mine.append(("projects.my_bid", project))
    for project, review in await scoring.of_person(talk.session, talk.person):
        if scoring.is_awaited(project, review):
            mine.append(("projects.to_review", project))
    awaited = await milestones.of_person(talk.session, talk.person)
    running = (each for each in awaited if each[0].state is ProjectState.UNDERWAY)
    late = dict.fromkeys(project for project, each in running if each.state is MilestoneState.AWAITED)
    mine += [("projects.to_show", project) for project in late]
    text, keys = screens.listed(rows, page, mine, talk.t, talk.now)
    await show(event, left + text, keys)


async def _one(event: Message | CallbackQuery, project: Project, talk: Talk, left: str = "") -> None:
    session = talk.session
    row = next((each for each in await undertaking.rows(session) if each.project.id == project.id), None)
    review = await scoring.mine(session, project, talk.person)
    if row is None or (not screens.public([row]) and review is None):
        raise Refusal("project.unknown", number=project.id)
    text, keys = screens.one(
        row,
        await milestones.of(session, project),
        has_bid=await bids.sealed_of(session, project, talk.person, talk.house.vault) is not None,
        review=review,
        undertakes=await milestones.undertakes(session, project, talk.person),
        t=talk.t,
        now=talk.now,
        today=talk.house.calendar.day_of(talk.now),
    )
    await show(event, left + text, keys)
