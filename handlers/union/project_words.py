"""What is written in the office about a project: each is asked for by a press in `projects.py`.

title, or #12 ─▶ suggested        criteria ─▶ reward ─▶ until when ─▶ preview        why ─▶ preview (award, stop)
@name ─▶ appointed                lines of a day and a few words ─▶ milestones       what is missing ─▶ sent back
"""

from __future__ import annotations

import re

from aiogram import F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot import project_desk as desk
from bot import scripts, typed
from bot.keyboards import must_be_as_shown
from bot.menus import LANGUAGE_NAMES
from bot.untrusted import inline, lines, whole
from handlers.screens import respond, turn_of
from handlers.union.acting import Acting, Wherever
from handlers.union.projects import CLOSES, ProjectWords, show_one, show_preview, show_reviewers
from models import people, projects
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.union import bids, milestones, scoring, undertaking

BETWEEN = re.compile(r"[\s,，、;；]+")
"""What stands between two names."""


def router() -> Router:
    """The handlers of these words."""
    router = Router(name="project words")
    written = F.text & ~F.text.startswith("/")
    router.message.register(write, StateFilter(ProjectWords), written, Wherever())
    return router


async def write(message: Message, acting: Acting, state: FSMContext) -> None:
    """What was asked for last."""
    by = await acting.may(Deed.PROJECT_RUN)
    if "project" not in await state.get_data():
        raise Refusal("old.button")
    written = message, message.text or "", acting, state
    match await state.get_state():
        case ProjectWords.title.state:
            await _title(*written, by)
        case ProjectWords.criteria.state:
            await _criteria(*written)
        case ProjectWords.reward.state:
            await _reward(*written)
        case ProjectWords.until.state:
            await _until(*written)
        case ProjectWords.reviewer.state:
            await _reviewer(*written, by)
        case ProjectWords.milestones.state:
            await _planned(*written, by)
        case ProjectWords.missing.state:
            await _missing(*written, by)
        case ProjectWords.reason.state:
            await _reason(*written)
        case _:
            raise Refusal("project_desk.press")


async def _title(message: Message, text: str, acting: Acting, state: FSMContext, by: Person) -> None:
    number = typed.number(text) if text.strip().startswith(("#", "＃")) else None
    if number is not None:
        project = await undertaking.suggest_from(acting.session, number, by, acting.now)
    else:
        project = await undertaking.suggest(acting.session, whole(text), by, acting.now)
    await state.clear()
    await show_one(message, project, acting)


async def _criteria(message: Message, text: str, acting: Acting, state: FSMContext) -> None:
    criteria = [whole(line) for line in text.splitlines() if line.strip()]
    undertaking.must_be_criteria(criteria)
    await state.update_data(criteria=criteria)
    await state.set_state(ProjectWords.reward)
    data = await state.get_data()
    most = undertaking.REWARD_LENGTH
    await respond(message, *desk.asked("project_desk.which_reward", data["project"], acting.t, most=most))


async def _reward(message: Message, text: str, acting: Acting, state: FSMContext) -> None:
    reward = lines(text)
    undertaking.must_be_reward(reward)
    await state.update_data(reward=reward)
    await state.set_state(ProjectWords.until)
    project = await projects.get(acting.session, (await state.get_data())["project"])
    await respond(message, *desk.until_when(project, acting.t))


async def _until(message: Message, text: str, acting: Acting, state: FSMContext) -> None:
    project = await projects.get(acting.session, (await state.get_data())["project"])
    until = acting.house.calendar.at(undertaking.day(text), CLOSES)
    await show_preview(message, project, until, acting, state)


async def _reviewer(message: Message, text: str, acting: Acting, state: FSMContext, by: Person) -> None:
    """Only @names: whoever goes on talking in the group with these buttons above is not interrupted."""
    if not text.startswith("@"):
        raise SkipHandler
    project = await projects.get(acting.session, (await state.get_data())["project"])
    names = [word.removeprefix("@").casefold() for word in BETWEEN.split(text) if word]
    found = {(each.username or "").casefold(): each for each in await people.named_so(acting.session, names, [])}
    for name in names:
        if name not in found:
            raise Refusal("review.unknown", name=inline(name, 40))
        await scoring.appoint(acting.session, project.id, found[name], by, acting.house, acting.now)
    await show_reviewers(message, project, acting)


async def _planned(message: Message, text: str, acting: Acting, state: FSMContext, by: Person) -> None:
    wanted = []
    for line in text.splitlines():
        if line.strip():
            first, *rest = line.split(maxsplit=1)
            wanted.append((undertaking.day(first), whole(rest[0] if rest else "")))
    number = (await state.get_data())["project"]
    project = await milestones.add(acting.session, number, wanted, by, acting.house, acting.now)
    await state.clear()
    await show_one(message, project, acting)


async def _missing(message: Message, text: str, acting: Acting, state: FSMContext, by: Person) -> None:
    data = await state.get_data()
    number = data.get("milestone", 0)
    milestone, _ = await milestones.get(acting.session, number)
    must_be_as_shown(milestone.version, data.get("seen", 0))
    project = await milestones.send_back(acting.session, number, lines(text), by, acting.house, acting.now)
    await state.clear()
    await show_one(message, project, acting)


async def _reason(message: Message, text: str, acting: Acting, state: FSMContext) -> None:
    """In one language; the other script follows."""
    await acting.may(Deed.PROJECT_AWARD)
    data, languages = await state.get_data(), acting.house.languages
    if "what" not in data:
        raise Refusal("old.button")
    language = data.get("language") or acting.t.language
    reason = scripts.written(data.get("reason", {}), language, lines(text), languages)
    undertaking.must_be_reason(reason)
    await state.update_data(reason=reason, language=None, turn=turn_of(message))
    await state.set_state(ProjectWords.preview)
    project = await projects.get(acting.session, data["project"])
    name = (await bids.get(acting.session, data["bid"])).name if data["what"] == "award" else None
    missing = [(place, LANGUAGE_NAMES[each]) for place, each in enumerate(languages) if each not in reason]
    await respond(message, *desk.to_decide(project, data["what"], name, reason, missing, turn_of(message), acting.t))
