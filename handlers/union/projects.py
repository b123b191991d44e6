"""/projects in the groups: in a station's a list; in the office's every project with what can be done with it.

/projects ─▶ list ─▶ one ─▶ suggested ─▶ put it on the open list (project_words.py) · again, with a new deadline
              │       ├─ listed, scoring ─▶ reviewers: appoint · bids, one a page ─▶ award ─▶ why ─▶ preview ─▶ awarded
              │       ├─ awarded, underway ─▶ milestones ─▶ evidence ─▶ accept · send back · all accepted ─▶ finished
              │       └─ stop ─▶ why ─▶ preview ─▶ stopped
              └─ new ─▶ its title, or #12: ticket 12 with those that read like it
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import project_desk as desk
from bot.filters import InGroup, Pressed
from bot.keyboards import must_be_as_shown
from bot.menus import LANGUAGE_NAMES
from bot.project_desk import ProjectDesk, Standing
from bot.reports import messages
from bot.texts import Texts
from bot.untrusted import inline, titled
from handlers.occasion import leave, leave_for, must_be_seen
from handlers.screens import respond, turn_of
from handlers.union.acting import Acting, Wherever
from models import colleagues, permissions, projects
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.projects import Conclusion, Project
from models.union import bids, milestones, scoring, undertaking

MOST_PROJECTS = 20
REASON_LENGTH = 300
OFFERED = 6
"""So many reviewers are offered by name."""
CLOSES = time(18)
"""When on its last day a list closes."""


class ProjectWords(StatesGroup):
    """Something is being written in the office, or waits for a press."""

    title = State()
    criteria = State()
    reward = State()
    until = State()
    reviewer = State()
    milestones = State()
    missing = State()
    reason = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers; those of words stand in `project_words.py`."""
    router = Router(name="project desk")
    router.message.register(begin, Command("projects"), InGroup(), Wherever())
    router.callback_query.register(step, Pressed(ProjectDesk), InGroup(), Wherever())
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """/projects: the desk where it counts, the list elsewhere."""
    must_be_seen(message, command)
    person = acting.person
    who = await permissions.standing(acting.session, person, acting.station) if person is not None else frozenset()
    if permissions.may(Deed.PROJECT_RUN, who):
        await acting.may(Deed.PROJECT_RUN)
        await show_list(message, acting, left=await leave(state, acting.t))
    else:
        await acting.may(Deed.PROJECTS)
        await _list_only(message, acting)


async def step(query: CallbackQuery, press: ProjectDesk, acting: Acting, state: FSMContext) -> None:
    """A press of the office's."""
    by = await acting.may(Deed.PROJECT_RUN)
    match press.act:
        case "list":
            await _nothing_written(query, press, acting, state)
            await show_list(query, acting, press.number)
        case "one":
            await _nothing_written(query, press, acting, state)
            await show_one(query, await projects.get(acting.session, press.project), acting)
        case "new":
            await _write(query, ProjectWords.title, "project_desk.title", acting, state, 0)
        case "enter" | "enter_anew" | "again" | "weeks" | "put":
            await _listing(query, press, by, acting, state)
        case "reviewers":
            project = await projects.get(acting.session, press.project)
            left = await leave(state, acting.t)
            await state.set_state(ProjectWords.reviewer)
            await state.set_data({"project": project.id})
            await show_reviewers(query, project, acting, left)
        case "appoint":
            reviewer = await acting.session.get(Person, press.number)
            if reviewer is None:
                raise Refusal("old.button")
            await scoring.appoint(acting.session, press.project, reviewer, by, acting.house, acting.now)
            await show_reviewers(query, await projects.get(acting.session, press.project), acting)
        case "bids_read" | "bids":
            await _show_bid(query, await projects.get(acting.session, press.project), press.number, acting)
        case "award" | "stop" | "language" | "decide":
            await _deciding(query, press, by, acting, state)
        case "plan" | "show" | "accept" | "back" | "finish":
            await _milestones(query, press, by, acting, state)
        case _:
            raise Refusal("old.button")


async def _nothing_written(query: CallbackQuery, press: ProjectDesk, acting: Acting, state: FSMContext) -> None:
    if await state.get_state() in ProjectWords:
        back = (await state.get_data()).get("project") == press.project
        await leave_for(query, state, acting.t, back=back)


async def _write(
    query: CallbackQuery, to: State, key: str, acting: Acting, state: FSMContext, project: int, **params: object
) -> None:
    """Words are waited for from now on."""
    left = await leave(state, acting.t)
    await state.set_state(to)
    await state.set_data({"project": project})
    text, keys = desk.asked(key, project, acting.t, **params)
    await respond(query, left + text, keys)


# ---------------------------------------------------------------- the open list


async def _listing(query: CallbackQuery, press: ProjectDesk, by: Person, acting: Acting, state: FSMContext) -> None:
    project = await projects.get(acting.session, press.project)
    data = await state.get_data()
    match press.act:
        case "enter" | "enter_anew":
            most = {"most": undertaking.CRITERIA, "length": undertaking.CRITERION_LENGTH}
            await _write(query, ProjectWords.criteria, "project_desk.which_criteria", acting, state, project.id, **most)
        case "again" if project.criteria is not None:
            left = await leave(state, acting.t)
            await state.set_state(ProjectWords.until)
            await state.set_data({"project": project.id, "criteria": project.criteria, "reward": project.reward})
            text, keys = desk.until_when(project, acting.t)
            await respond(query, left + text, keys)
        case "weeks" if data.get("project") == project.id and "reward" in data and press.number in desk.WEEKS:
            today = acting.house.calendar.day_of(acting.now)
            until = acting.house.calendar.at(today + timedelta(weeks=press.number), CLOSES)
            await show_preview(query, project, until, acting, state)
        case "put" if data.get("project") == project.id and "until" in data and press.number == data["turn"]:
            until = acting.house.calendar.at(undertaking.day(data["until"]), CLOSES)
            what = data["criteria"], data["reward"], until
            project = await undertaking.put_on_list(acting.session, project.id, *what, by, acting.now)
            await state.clear()
            await show_one(query, project, acting)
        case _:
            raise Refusal("old.button")


async def show_preview(
    event: Message | CallbackQuery, project: Project, until: datetime, acting: Acting, state: FSMContext
) -> None:
    """What would stand on the list until then."""
    undertaking.must_be_deadline(until, acting.now)
    day = acting.house.calendar.day_of(until)
    turn = turn_of(event)
    await state.update_data(until=day.isoformat(), turn=turn)
    data = await state.get_data()
    await respond(event, *desk.to_list(project, data["criteria"], data["reward"], until, turn, acting.t, acting.now))


# ---------------------------------------------------------------- reviewers and bids


async def show_reviewers(event: Message | CallbackQuery, project: Project, acting: Acting, left: str = "") -> None:
    """Who scores, and some of those who might."""
    found = await scoring.of(acting.session, project)
    there = {person.id for _, person in found}
    since = acting.house.calendar.day_of(acting.now - colleagues.LATELY)
    known = [person for person, _ in await colleagues.since(acting.session, since)]
    others = [person for person in known if person.agreed and person.id not in there][:OFFERED]
    text, keys = desk.reviewers(project, found, others, acting.t)
    await respond(event, left + text, keys)


async def _show_bid(query: CallbackQuery, project: Project, page: int, acting: Acting) -> None:
    found = await bids.of(acting.session, project)
    if page >= len(found):
        raise Refusal("old.button")
    means = await scoring.means(acting.session, project)
    person_id = found[page].person_id
    by = await acting.session.get(Person, person_id) if person_id is not None else None
    await respond(query, *desk.bid(project, found, page, means, by, acting.t))


# ---------------------------------------------------------------- decisions with a reason


async def _deciding(query: CallbackQuery, press: ProjectDesk, by: Person, acting: Acting, state: FSMContext) -> None:
    """Awarded or stopped, each with a reason."""
    session, t = acting.session, acting.t
    project = await projects.get(session, press.project)
    data = await state.get_data()
    if press.act in ("award", "stop"):
        await acting.may(Deed.PROJECT_AWARD)
        key, params = "project_desk.why_stop", {"title": titled(project.title)}
        if press.act == "award":
            await undertaking.must_be_awardable(session, project, by)
            chosen, first = await bids.get(session, press.number), (await scoring.means(session, project))[0].bid
            if chosen.project_id != project.id:
                raise Refusal("old.button")
            highest = first.id == chosen.id
            key = "project_desk.why_award" if highest else "project_desk.why_not_first"
            params = {"name": inline(chosen.name or "", 60), "first": inline(first.name or "", 60)}
        params["most"] = str(undertaking.REASON_LENGTH)
        await _write(query, ProjectWords.reason, key, acting, state, project.id, **params)
        await state.update_data(what=press.act, bid=press.number)
        return
    if data.get("project") != project.id or "reason" not in data:
        raise Refusal("old.button")
    await acting.may(Deed.PROJECT_AWARD)
    if press.act == "language":
        language = acting.house.languages[press.number] if press.number < len(acting.house.languages) else ""
        if not language:
            raise Refusal("old.button")
        await state.update_data(language=language)
        await state.set_state(ProjectWords.reason)
        text = desk.asked("project_desk.why_in", project.id, t, language=LANGUAGE_NAMES[language])
        await respond(query, *text)
        return
    if press.number != data.get("turn"):
        raise Refusal("old.button")
    if data["what"] == "award":
        project = await undertaking.award(session, data["bid"], data["reason"], by, acting.house, acting.now)
    else:
        project = await undertaking.stop(session, project.id, data["reason"], by, acting.house, acting.now)
    await state.clear()
    await show_one(query, project, acting)


# ---------------------------------------------------------------- milestones


async def _milestones(query: CallbackQuery, press: ProjectDesk, by: Person, acting: Acting, state: FSMContext) -> None:
    session, house, now = acting.session, acting.house, acting.now
    match press.act:
        case "plan":
            project = await projects.get(session, press.project)
            example = (house.calendar.day_of(now) + timedelta(days=14)).isoformat()
            how = {"most": milestones.MOST, "length": milestones.WHAT_LENGTH, "day": example}
            await _write(
                query, ProjectWords.milestones, "project_desk.which_milestones", acting, state, project.id, **how
            )
        case "show":
            milestone, project = await milestones.get(session, press.number)
            if isinstance(query.message, Message):
                for part in milestone.evidence:
                    await show_part(query.message, part)
            text, keys = desk.evidence(milestone, project, acting.t)
            # Below what was shown.
            below = query.message if isinstance(query.message, Message) else query
            await respond(below, text, keys)
        case "accept":
            milestone, _ = await milestones.get(session, press.number)
            must_be_as_shown(milestone.version, press.seen)
            await show_one(query, await milestones.accept(session, press.number, by, house, now), acting)
        case "back":
            milestone, project = await milestones.get(session, press.number)
            must_be_as_shown(milestone.version, press.seen)
            how = {"what": milestone.what, "most": milestones.MISSING_LENGTH}
            await _write(query, ProjectWords.missing, "project_desk.what_is_missing", acting, state, project.id, **how)
            await state.update_data(milestone=milestone.id, seen=press.seen)
        case "finish":
            await show_one(query, await undertaking.finish(session, press.project, by, house, now), acting)


async def show_part(message: Message, part: dict[str, str]) -> None:
    """One message of what shows a milestone; whose it was stands nowhere in it."""
    text = part.get("text") or None
    match part["type"]:
        case "photo":
            await message.answer_photo(part["file_id"], caption=text, parse_mode=None)
        case "video":
            await message.answer_video(part["file_id"], caption=text, parse_mode=None)
        case "document":
            await message.answer_document(part["file_id"], caption=text, parse_mode=None)
        case _:
            await message.answer(text or "—", parse_mode=None)


# ---------------------------------------------------------------- what is shown


async def show_list(event: Message | CallbackQuery, acting: Acting, page: int = 0, left: str = "") -> None:
    """A page of all of them."""
    found = await projects.newest(acting.session, desk.A_PAGE + 1, skip=page * desk.A_PAGE)
    more = len(found) > desk.A_PAGE
    text, keys = desk.listed(found[: desk.A_PAGE], page, more, acting.t, acting.now)
    await respond(event, left + text, keys)


async def show_one(event: Message | CallbackQuery, project: Project, acting: Acting, left: str = "") -> None:
    """One of them, and what can be done with it."""
    session = acting.session
    bid = await bids.winner(session, project)
    its = Standing(
        tickets=await projects.count(session, project),
        reviewers=await scoring.of(session, project),
        means=await scoring.means(session, project),
        bids=len(await bids.of(session, project)),
        awarded_to=bid.name if bid is not None else None,
        milestones=await milestones.of(session, project),
        concluded=(await projects.conclusions(session)).get(project.id),
    )
    text, keys = desk.one(project, its, acting.t, acting.now, acting.house.calendar.day_of(acting.now))
    await respond(event, left + text, keys)


async def _list_only(message: Message, acting: Acting) -> None:
    """Every project with the number of its tickets and what became of it, the newest first."""
    found = await projects.newest(acting.session, MOST_PROJECTS)
    if not found:
        await message.reply(acting.t("project.list_empty"))
        return
    concluded = await projects.conclusions(acting.session)
    rows = []
    for each, count in found:
        row = acting.t.n("project.row", count, number=each.id, title=inline(each.title, 100))
        said = concluded.get(each.id)
        last = desk.state(each, acting.t, acting.now) if said is None else _conclusion(said, acting.t)
        rows.append(f"{row}\n{last}")
    for text in messages([acting.t("project.list"), *rows]):
        await message.reply(text)


def _conclusion(said: Conclusion, t: Texts) -> str:
    return t(
        "project.concluded",
        verdict=t.plain(f"verdict.{said.verdict}"),
        day=t.day(said.said_at.astimezone(t.timezone).date()),
        reason=inline(t.pick(said.reason), REASON_LENGTH),
    )
