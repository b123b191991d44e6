"""A new survey, made from one of the files in the office or alone with the bot.

/survey ─▶ new ─▶ which file ─▶ about what (a project, or in words) ─▶ for whom ─▶ from when on ─▶ preview ─▶ planned
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import scripts, survey_making
from bot.filters import Pressed
from bot.keyboards import number_on
from bot.questionnaires import SurveyFile
from bot.survey_desk import Making
from handlers.occasion import leave
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from handlers.union.surveys import show_one
from models import audit, invitations, projects, surveys
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed

PROJECT_CLOSING = "project-closing"
"""The file that is about a project, and ends in keep, change or stop."""
SUBJECT_LENGTH = 60
PROJECTS = 8


class Naming(StatesGroup):
    """What it is about is being written."""

    subject = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="new survey")
    written = F.text & ~F.text.startswith("/")
    router.message.register(subject, StateFilter(Naming.subject), written, Wherever())
    router.callback_query.register(step, Pressed(Making), Wherever())
    return router


async def step(query: CallbackQuery, press: Making, acting: Acting, state: FSMContext) -> None:
    """A press on the way."""
    staff = await acting.may(Deed.SURVEYS)
    data = await state.get_data()
    match press.step:
        case "new":
            left = await leave(state, acting.t)
            text, keys = survey_making.files(acting.toolbox.surveys, acting.t)
            await respond(query, left + text, keys)
        case "file" if await state.get_state() in (None, Naming.subject.state):
            await state.set_data({"file": press.value})
            await _on(query, acting, state)
        case "project" if data.get("file") == PROJECT_CLOSING:
            project = await projects.get(acting.session, number_on(press.value))
            projects.must_go_on(project)
            names = scripts.written({}, acting.t.language, project.title, acting.house.languages)
            concerned = await projects.buildings(acting.session, project.id)
            await _chosen(query, acting, state, project=project.id, subject=names, concerned=concerned)
        case "language" if data.get("subject") and press.value in acting.house.languages:
            await state.update_data(language=press.value)
            await state.set_state(Naming.subject)
            await respond(query, *survey_making.subject_in(press.value, data["subject"], acting.t))
        case "target" if press.value in _targets(data, acting):
            await _chosen(query, acting, state, target=press.value)
        case "opens" if press.value in survey_making.OPENS:
            await _chosen(query, acting, state, opens=press.value)
        case "questions":
            if isinstance(query.message, Message):
                for text in survey_making.all_questions(_file(data, acting), acting.t):
                    await query.message.answer(text)
        case "start":
            await _start(query, staff, acting, state)
        case _:
            raise Refusal("old.button")


async def subject(message: Message, acting: Acting, state: FSMContext) -> None:
    """What it is about, in one language; the other script follows. In the others it stands as it is until somebody
    writes it there.
    """
    await acting.may(Deed.SURVEYS)
    text = " ".join((message.text or "").split())
    if len(text) > SUBJECT_LENGTH:
        raise Refusal("survey_new.subject_too_long", most=SUBJECT_LENGTH)
    data = await state.get_data()
    language = data.get("language") or acting.t.language
    names = scripts.written(data.get("subject", {}), language, text, acting.house.languages)
    await _chosen(message, acting, state, subject=names, language=None)


async def _chosen(event: Message | CallbackQuery, acting: Acting, state: FSMContext, **chosen: Any) -> None:
    data = await state.get_data()
    if "file" not in data:
        raise Refusal("old.button")
    await state.set_data({**data, **chosen})
    await _on(event, acting, state)


async def _on(event: Message | CallbackQuery, acting: Acting, state: FSMContext) -> None:
    """The next thing that is not known yet."""
    data = await state.get_data()
    file = _file(data, acting)
    await state.set_state(None)
    if acting.toolbox.surveys[file.key].takes_subject and "subject" not in data:
        known = []
        if file.key == PROJECT_CLOSING:
            over = await projects.stopped(acting.session)
            known = [project for project, _ in await projects.newest(acting.session, PROJECTS, over)]
            if not known:
                raise Refusal("survey_new.no_projects")
        else:
            await state.set_state(Naming.subject)
        await respond(event, *survey_making.subject(known, acting.t))
    elif "target" not in data:
        concerned = data.get("concerned", [])
        keys = survey_making.targets(acting.settings, acting.t, project="project" in data, concerned=concerned)
        await respond(event, *keys)
    elif "opens" not in data:
        await respond(event, *survey_making.openings(acting.t))
    else:
        opens = survey_making.opens_at(data["opens"], acting.house.calendar, acting.now)
        whom = survey_making.whom(data["target"], data.get("concerned", []), acting.settings, acting.t)
        count = await invitations.how_many(acting.session, file.target)
        closes, cell = file.closing(opens, acting.house.calendar), file.cell(acting.settings.surveys.minimum_cell)
        missing = [each for each in acting.house.languages if each not in data.get("subject", acting.house.languages)]
        keys = survey_making.preview(file, whom, count, opens, closes, cell, acting.t, acting.now, missing)
        await respond(event, *keys)


def _file(data: dict[str, Any], acting: Acting) -> SurveyFile:
    """The file as it was filled in so far. Raises Refusal when there is none (any more)."""
    file = acting.toolbox.surveys.get(data.get("file", ""))
    if file is None:
        raise Refusal("old.button")
    if "subject" in data and file.takes_subject:
        file = file.about(data["subject"])
    if "target" in data and data["target"] != survey_making.EVERYWHERE:
        about = data.get("project"), data.get("concerned", [])
        file = replace(file, target=survey_making.group_of(data["target"], acting.settings, *about))
    return file


def _targets(data: dict[str, Any], acting: Acting) -> list[str]:
    """For whom it may be."""
    askers = [survey_making.ASKERS] if "project" in data else []
    if data.get("concerned"):
        askers.append(survey_making.CONCERNED)
    return [*askers, survey_making.EVERYWHERE, *(station.key for station in acting.settings.stations)]


async def _start(query: CallbackQuery, staff: Person, acting: Acting, state: FSMContext) -> None:
    """It is planned, and who planned it stands in the records; the clock opens it."""
    data = await state.get_data()
    file = _file(data, acting)
    if "opens" not in data or "target" not in data:
        raise Refusal("old.button")
    calendar = acting.house.calendar
    opens = survey_making.opens_at(data["opens"], calendar, acting.now)
    survey = await surveys.plan(
        acting.session,
        key=file.key,
        questionnaire=file.questionnaire,
        opens_at=opens,
        closes_at=file.closing(opens, calendar),
        reminders=file.reminder_moments(opens, calendar),
        target=file.target,
        cell=file.cell(acting.settings.surveys.minimum_cell),
        anonymous=file.anonymous,
        semester=term.name if (term := calendar.semester_at(acting.now)) is not None else None,
        project_id=data.get("project"),
    )
    assert survey is not None, "only the calendar brings a survey once"
    number, when = survey.id, opens.isoformat()
    await audit.record(acting.session, "survey_plan", acting.now, staff=staff, survey=number, key=file.key, opens=when)
    await state.clear()
    await show_one(query, survey, acting)
