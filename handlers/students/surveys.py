"""Answering a survey, in one message that is edited in place.

/surveys ─▶ those that are open ─▶┐
invitation ─▶ begin ──────────────▶ a question ─▶ … ─▶ overview ─▶ finish ─▶ thanks ─▶ change (the key is the button)
    │                                │ ▲  back · skip · next       │ ▲
    │                                ▼ └──────── any question ◀────┘ │
    │                              later ─▶ go on ───────────────────┘
    └─▶ "don't ask me again this semester"

What is answered stands in a sealed sheet (`models/sheets.py`), not in the conversation: a ticket may be written in
between. Only words need the conversation, and they say so when they end another one; where nothing else is being done
whoever writes instead of pressing is told to press, and one more button makes a ticket of their words. What is sent is
what is seen: a screen that another message has overtaken is drawn anew instead.
"""

from __future__ import annotations

from datetime import date, timedelta

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import menus, survey_screens, surveys_told
from bot.contents import content_of, is_said, says_something
from bot.filters import Going, Pressed
from bot.menus import Belongs
from bot.sealed import Reported
from bot.survey_screens import Answering, Changing
from bot.surveyed import Told
from handlers.screens import show
from handlers.students import loose, new
from handlers.students.talk import Private, Talk
from models import ballots, cuts, invitations, outcomes, permissions, remarks, roster, sheets, surveys
from models.ballots import Slip
from models.errors import Refusal
from models.invitations import Invitation, Part
from models.permissions import Deed, Who
from models.questionnaires import Kind
from models.sheets import Progress, Screen
from models.surveys import PUBLISHED, Survey

PEACE_WITHOUT_SEMESTER = timedelta(days=120)


class Asked(StatesGroup):
    """A question is on the screen: its words are waited for, or a press."""

    words = State()
    press = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="surveys")
    private = Private()
    router.message.register(listed, Command("surveys"), private)
    router.callback_query.register(listed, Going("surveys"), private)
    router.callback_query.register(change, Pressed(Changing), private)
    router.callback_query.register(peace, Pressed(Answering), private, F.data.startswith("sv:peace:"))
    router.callback_query.register(again, Pressed(Answering), private, F.data.startswith("sv:again:"))
    router.callback_query.register(told, Pressed(Answering), private, F.data.startswith("sv:results:"))
    router.callback_query.register(press_on, Pressed(Answering), private)
    router.message.register(words, StateFilter(Asked.words), private, ~F.text.startswith("/"), is_said)
    router.callback_query.register(loose.belongs, private, StateFilter(Asked.press), loose.OfWords(Belongs))
    router.callback_query.register(loose.to_report, private, StateFilter(Asked.press), loose.OfWords(Reported))
    router.message.register(not_pressed, StateFilter(Asked.press), private, ~F.text.startswith("/"), is_said)
    return router


async def listed(event: Message | CallbackQuery, talk: Talk) -> None:
    """/surveys: those that are open for them."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    found = []
    for survey in await surveys.in_stage(talk.session, *surveys.RUNNING):
        if surveys.is_open(survey, talk.now):
            invitation = await invitations.of(talk.session, survey, talk.person, talk.now)
            if invitation is not None:
                found.append((survey, invitation.part))
    await show(event, *survey_screens.listed(found, talk.t, talk.now))


async def press_on(query: CallbackQuery, press: Answering, talk: Talk) -> None:
    """A press on the way through."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    survey, invitation = await _open(talk, press.survey)
    message = query.message.message_id if isinstance(query.message, Message) else None
    progress = await sheets.read(talk.session, survey, talk.person, talk.house.vault)
    if progress is None:
        if press.act != "open" or (invitation.part is Part.FINISHED and survey.anonymous):
            raise Refusal("survey.finished" if invitation.part is Part.FINISHED else "old.button")
        progress = await _begun(talk, survey, invitation)
    overtaken, progress.message = progress.message not in (None, message), message
    if press.act == "later":
        await sheets.write(talk.session, survey, talk.person, progress, talk.house.vault)
        await _asked_nothing(talk, survey)
        await sheets.show(talk.session, survey, talk.person, Screen.SAVED, message, talk.now)
        return
    if press.act == "finish":
        if overtaken:
            await query.answer(talk.t.plain("survey.overtaken"), show_alert=True)
        elif await _finish(talk, survey, invitation, progress):
            return
    else:
        await _step(talk, survey, press, progress)
    await _on(query, talk, survey, progress)


async def words(message: Message, talk: Talk) -> None:
    """What was written for a question that asks for words."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    number = (await talk.state.get_data()).get("survey")
    if number is None:
        raise Refusal("old.button")
    survey = await surveys.get(talk.session, number)
    if not surveys.is_open(survey, talk.now):
        # What is written next is for somebody else.
        await talk.state.clear()
        await show(message, *survey_screens.over(survey, talk.t, talk.now))
        return
    progress = await sheets.read(talk.session, survey, talk.person, talk.house.vault)
    if progress is None:
        raise Refusal("old.button")
    if not message.text:
        raise Refusal("survey.words_only")
    facts = await roster.facts(talk.session, talk.person)
    progress.settle(survey.questionnaire, facts)
    progress.write(survey.questionnaire, facts, message.text)
    await _on(message, talk, survey, progress)


async def not_pressed(message: Message, talk: Talk) -> None:
    """Words where a button was meant. Should they be about something else, one press takes them there."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    data = await talk.state.get_data()
    if "survey" not in data or not surveys.is_open(await surveys.get(talk.session, data["survey"]), talk.now):
        await talk.state.clear()
        await loose.hold(message, talk)
        return
    content = content_of(message)
    if content is None or not says_something([content]):
        raise Refusal("survey.by_buttons")
    data["parts"] = new.held_with(data.get("parts", []), message)
    await talk.state.set_data(data)
    keys = menus.belongs_elsewhere(talk.t, await loose.matters(talk))
    text = talk.t("survey.by_buttons") + "\n\n" + talk.t("survey.elsewhere")
    await loose.ask(message, text, keys, await loose.reports(talk), data["parts"], talk)


async def told(query: CallbackQuery, press: Answering, talk: Talk) -> None:
    """All results of a survey of which the union has said what comes of it."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    survey = await surveys.get(talk.session, press.survey)
    if not survey.is_public or not isinstance(query.message, Message):
        raise Refusal("old.button")
    timezone = talk.settings.timezone
    before = [Told.of(each, timezone) for each in await outcomes.earlier(talk.session, survey, PUBLISHED)]
    told_ = Told.of(survey, timezone, await remarks.quotes(talk.session, survey.id)).after(before)
    for text in surveys_told.told(told_, talk.t, talk.settings):
        await query.message.answer(text)
    await query.answer()


async def change(query: CallbackQuery, press: Changing, talk: Talk) -> None:
    """Change what was finished; only the button under the receipt has the key."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    survey, _ = await _open(talk, press.survey)
    before = await ballots.with_key(talk.session, survey, press.key, talk.house.vault)
    progress = Progress(
        answers=dict(before.answers),
        looking_over=True,
        message=query.message.message_id if isinstance(query.message, Message) else None,
        change={"key": press.key, "before": before.plain()},
    )
    await _on(query, talk, survey, progress)


async def peace(query: CallbackQuery, press: Answering, talk: Talk) -> None:
    """They are neither invited nor reminded until the semester is over."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    survey = await surveys.get(talk.session, press.survey)
    surveys.must_have_opened(survey)
    until = _end_of_semester(talk)
    await invitations.rest(talk.session, talk.person, until)
    await show(query, *survey_screens.peace(survey, until, talk.t))


async def again(query: CallbackQuery, press: Answering, talk: Talk) -> None:
    """They may be asked again."""
    permissions.must(Deed.SURVEY, (Who.STRANGER,))
    survey = await surveys.get(talk.session, press.survey)
    surveys.must_have_opened(survey)
    await invitations.end_rest(talk.session, talk.person)
    if surveys.is_open(survey, talk.now):
        await show(query, *survey_screens.invitation(survey, 0, talk.t, talk.now))
    else:
        await show(query, *survey_screens.over(survey, talk.t, talk.now))


async def _open(talk: Talk, number: int) -> tuple[Survey, Invitation]:
    """A survey that can be answered now and is for them. Raises Refusal for any other."""
    survey = await surveys.get(talk.session, number)
    surveys.must_be_open(survey, talk.now)
    invitation = await invitations.of(talk.session, survey, talk.person, talk.now)
    if invitation is None:
        raise Refusal("survey.not_for_you")
    return survey, invitation


async def _begun(talk: Talk, survey: Survey, invitation: Invitation) -> Progress:
    """A fresh sheet, or what they had answered with their name."""
    facts = await roster.facts(talk.session, talk.person)
    progress = Progress()
    before = None if survey.anonymous else await ballots.signed(talk.session, survey, talk.person)
    if before is not None:
        progress = Progress(answers=survey.questionnaire.kept(before.answers, facts), looking_over=True)
    else:
        progress.begin(survey.questionnaire, facts)
    if invitation.part is Part.INVITED:
        invitation.part = Part.BEGUN
    return progress


async def _step(talk: Talk, survey: Survey, press: Answering, progress: Progress) -> None:
    """What the press does to the sheet."""
    questionnaire, facts = survey.questionnaire, await roster.facts(talk.session, talk.person)
    progress.settle(questionnaire, facts)
    if press.question >= len(questionnaire.questions):
        raise Refusal("old.button")
    question = questionnaire.questions[press.question]
    match press.act:
        case "open":
            pass
        case "pick":
            progress.choose(questionnaire, facts, question, press.value)
        case "call":
            progress.call_up(questionnaire, facts, question)
        case "next" | "skip" | "back" | "undo" | "over" if question.key != progress.at:
            # Pressed twice: the screen has gone on already.
            pass
        case "next":
            progress.forward(questionnaire, facts)
        case "skip":
            progress.skip(questionnaire, facts)
        case "back":
            progress.back(questionnaire, facts)
        case "undo":
            progress.undo()
        case "over":
            progress.look_over(questionnaire, facts)
        case _:
            raise Refusal("old.button")


async def _finish(talk: Talk, survey: Survey, invitation: Invitation, progress: Progress) -> bool:
    """The sheet becomes a ballot. False when something has to be answered first: the sheet then stands there."""
    session, vault = talk.session, talk.house.vault
    # Who counts when it closes waits until this is in, or this finds it closed.
    await session.refresh(survey, with_for_update={"read": True})
    surveys.must_be_open(survey, talk.now)
    questionnaire, facts = survey.questionnaire, await roster.facts(session, talk.person)
    missing = questionnaire.missing(progress.answers, facts)
    if missing is not None:
        progress.call_up(questionnaire, facts, missing)
        return False
    slip = Slip(questionnaire.kept(progress.answers, facts), cuts.groups_of(facts, talk.house))
    if not slip.answers:
        raise Refusal("survey.nothing_answered")
    if not await sheets.drop(session, survey.id, talk.person, vault):
        # Sent from another device at this moment: one sheet is one ballot.
        raise Refusal("survey.finished")
    key = None
    if survey.anonymous:
        before = None
        if progress.change is not None:
            # Asked again: whoever has finished a change elsewhere meanwhile has another key.
            before = await ballots.with_key(session, survey, progress.change["key"], vault)
            await ballots.take_receipt(session, survey, progress.change["key"], vault)
        await ballots.cast(session, survey, slip, before, vault)
        key = await ballots.give_receipt(session, survey, slip, vault)
    else:
        await ballots.cast_signed(session, survey, talk.person, slip, vault)
    if invitation.part is not Part.FINISHED:
        invitation.part = Part.FINISHED
        await invitations.finished_today(session, survey, talk.house.calendar.day_of(talk.now))
    await _asked_nothing(talk, survey)
    low = survey_screens.is_low(questionnaire, slip.answers)
    kept = {"key": key, "low": low}
    await sheets.show(session, survey, talk.person, Screen.THANKS, progress.message, talk.now, kept, vault)
    return True


async def _on(event: Message | CallbackQuery, talk: Talk, survey: Survey, progress: Progress) -> None:
    """Keep the sheet, show it, and listen for words where it asks for some."""
    await sheets.write(talk.session, survey, talk.person, progress, talk.house.vault)
    question, at = progress.question(survey.questionnaire), await talk.state.get_state()
    in_words = question is not None and question.kind is Kind.WORDS
    if in_words and at not in Asked and await talk.leave():
        message = event.message if isinstance(event, CallbackQuery) else event
        if isinstance(message, Message):
            await message.answer(talk.t("survey.draft_left"))
    if in_words or at is None or at in Asked:
        await _wait_no_more(talk, survey)
        await talk.state.set_state(Asked.words if in_words else Asked.press)
        await talk.state.set_data({"survey": survey.id})
    await sheets.show(talk.session, survey, talk.person, Screen.SHEET, progress.message, talk.now)


async def _wait_no_more(talk: Talk, survey: Survey) -> None:
    """Words for another survey are waited for: the message that asks for them says that it is saved instead."""
    number = await _asked_by(talk)
    if number is None or number == survey.id or await talk.state.get_state() != Asked.words.state:
        return
    other = await surveys.get(talk.session, number)
    progress = await sheets.read(talk.session, other, talk.person, talk.house.vault)
    if progress is not None and surveys.is_open(other, talk.now):
        await sheets.show(talk.session, other, talk.person, Screen.SAVED, progress.message, talk.now)


async def _asked_nothing(talk: Talk, survey: Survey) -> None:
    """No question of this one is on the screen any more; another conversation goes on, and another survey."""
    if await _asked_by(talk) == survey.id:
        await talk.state.clear()


async def _asked_by(talk: Talk) -> int | None:
    """The number of the survey of which a question is on the screen."""
    number: int | None = (await talk.state.get_data()).get("survey") if await talk.state.get_state() in Asked else None
    return number


def _end_of_semester(talk: Talk) -> date:
    today = talk.house.calendar.day_of(talk.now)
    ends = [semester.ends for semester in talk.house.calendar.semesters if semester.ends >= today]
    return min(ends, default=today + PEACE_WITHOUT_SEMESTER)
