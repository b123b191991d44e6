"""A survey from the invitation to the receipt, and how the office makes one."""

from __future__ import annotations

import re
from datetime import timedelta

from models import surveys
from models.questionnaires import Kind
from tests.gallery.phone import Gallery


async def answering(g: Gallery) -> None:
    """Every kind of question of the semester's survey, as a student sees it."""
    t, app = g.t, g.campus.app
    file = app.toolbox.surveys["semester-satisfaction"]
    now = g.campus.clock()
    lin = await g.student("Lin")
    async with app.database.transaction() as session:
        await surveys.plan(
            session, key=file.key, questionnaire=file.questionnaire, opens_at=now, closes_at=now + timedelta(days=14),
            target=file.target, cell=file.cell(10),
        )  # fmt: skip
    await g.campus.later(minutes=1)
    await lin.reads(t.pick(file.questionnaire.title))
    await g.look("survey-invitation", lin)
    await lin.taps(t.plain("survey.begin"))
    shown: set[Kind] = set()
    for question in file.questionnaire.questions:
        await lin.reads(t.pick(question.text))
        match question.kind:
            case Kind.SINGLE:
                label = t.pick(question.options[0].text)
            case Kind.AGREEMENT:
                label = t.plain(f"survey.{question.labels}.2")
            case Kind.SCALE:
                label = "8"
            case Kind.MULTIPLE | Kind.RANKING:
                for option in question.options[:2]:
                    await lin.taps(re.compile(re.escape(t.pick(option.text))))
                label = t.plain("survey.next")
        if question.kind not in shown:
            await g.look(f"survey-{question.kind}", lin)
            shown.add(question.kind)
        if question.kind is Kind.RANKING:
            for option in question.options[2:]:
                await lin.taps(re.compile(re.escape(t.pick(option.text))))
        elif question.kind is Kind.WORDS:
            await lin.says(g.said["praise"])
        else:
            await lin.taps(label)
    await lin.reads(t.plain("survey.overview_end"))
    await g.look("survey-overview", lin)
    await lin.taps(t.plain("survey.later"))
    await g.look("survey-saved", lin)
    await lin.says("/surveys")
    await g.look("survey-list", lin)
    await lin.taps(re.compile(re.escape(t.pick(file.questionnaire.title)[:6])))
    await lin.taps(t.plain("survey.finish"))
    await lin.reads("✅")
    await g.look("survey-thanks", lin)


async def making(g: Gallery) -> None:
    """A new one, from the list to the preview."""
    t, admin, place = g.t, g.campus.admin, g.campus.office
    await admin.says("/survey", chat=place)
    await g.look("survey-desk", admin, place)
    await admin.taps(t.plain("survey_desk.new"), chat=place)
    await g.look("survey-new", admin, place)
    title = t.pick(g.campus.app.toolbox.surveys["pulse"].questionnaire.title).split("{")[0]
    await admin.taps(re.compile(re.escape(title)), chat=place)
    await g.look("survey-subject", admin, place)
    await admin.says(g.said["project"], chat=place)
    await admin.taps(t.plain("survey.everybody"), chat=place)
    await admin.taps(t.plain("survey_new.opens.now"), chat=place)
    await place.shows(g.said["project"])
    await g.look("survey-preview", admin, place)
    await admin.taps(t.plain("survey_desk.preview"), chat=place)
    await g.look("survey-questions", admin, place)


async def between(g: Gallery) -> None:
    """One with names, its reminder, peace, a change, and what stands there once it is over."""
    t, admin, place = g.t, g.campus.admin, g.campus.office
    file = g.campus.app.toolbox.surveys["training-feedback"]
    lin, chen = await g.student("Lin"), await g.student("Chen")
    await admin.says("/survey", chat=place)
    await admin.taps(t.plain("survey_desk.new"), chat=place)
    title = t.pick(file.questionnaire.title).replace("{subject}", "…")
    await admin.taps(title, chat=place)
    await admin.says(g.said["project"], chat=place)
    await g.look("survey-whom", admin, place)
    await admin.taps(t.plain("survey.everybody"), chat=place)
    await g.look("survey-when", admin, place)
    await admin.taps(t.plain("survey_new.opens.now"), chat=place)
    await admin.taps(t.plain("survey_new.start"), chat=place)
    await g.look("survey-planned", admin, place)
    await g.campus.later(minutes=2)
    await lin.reads(g.said["project"])
    await g.look("survey-signed", lin)
    await lin.taps(t.plain("survey.begin"))
    await lin.reads("1")
    await lin.taps(t.plain("survey.satisfaction.2"))
    await g.look("survey-signed-question", lin)
    await g.campus.later(days=4)
    await g.look("survey-reminder", chen)
    await chen.taps(t.plain("survey.peace"))
    await g.look("survey-peace", chen)
    await lin.says("/surveys")
    await g.look("survey-list-begun", lin)
    await g.campus.later(days=5)
    await admin.says("/survey", chat=place)
    await g.look("survey-desk-over", admin, place)
