"""Letters about a survey: that it is coming or open, and the screens of whoever answers it, drawn from their sheet
(law 11).
"""

from __future__ import annotations

from typing import Any

from bot import survey_desk, survey_screens
from bot.calls import Call, Letter
from bot.letters.drawing import Drawing
from models import invitations, people, roster, sheets, surveys
from models.invitations import Invitation, Part
from models.sheets import Screen
from models.stations import Desk
from models.surveys import Stage, Survey


async def invitation(drawing: Drawing) -> Letter:
    """A survey is open, or still is. Nothing to those who have finished by now, or want to be left in peace."""
    _, t = await drawing.reader()
    survey = await drawing.session.get_one(Survey, drawing.payload["survey"])
    person = await people.by_telegram_id(drawing.session, drawing.chat_id)
    if person is None or not surveys.is_open(survey, drawing.now):
        return Letter()
    invited = await drawing.session.get(Invitation, (survey.id, person.id))
    today = drawing.toolbox.house.calendar.day_of(drawing.now)
    if invited is None or invited.part is Part.FINISHED or await invitations.rests(drawing.session, person, today):
        return Letter()
    shown = survey_screens.invitation(survey, drawing.payload["reminder"], t, drawing.now, invited.part)
    return Letter([_call(drawing, shown)])


async def screen(drawing: Drawing) -> Letter:
    """Where somebody is; nothing when the sheet has become a ballot meanwhile: their thanks come next."""
    session, vault, now = drawing.session, drawing.toolbox.house.vault, drawing.now
    _, t = await drawing.reader()
    survey = await session.get_one(Survey, drawing.payload["survey"])
    person = await people.by_telegram_id(session, drawing.chat_id)
    if person is None:
        return Letter()
    wanted = Screen(drawing.payload["screen"])
    if wanted is Screen.THANKS:
        kept = sheets.kept_of(drawing.payload, vault)
        return Letter([_call(drawing, survey_screens.thanks(survey, kept["key"], kept["low"], t, now))])
    if not surveys.is_open(survey, now):
        return Letter([_call(drawing, survey_screens.over(survey, t, now))])
    progress = await sheets.read(session, survey, person, vault)
    facts = await roster.facts(session, person)
    if progress is None:
        return Letter()
    progress.settle(survey.questionnaire, facts)
    draw = survey_screens.saved if wanted is Screen.SAVED else survey_screens.screen
    return Letter([_call(drawing, draw(survey, progress, facts, t, now))])


async def planned(drawing: Drawing) -> Letter:
    """The calendar brings a survey soon; nothing when the office has cancelled it by now, or sits elsewhere."""
    station, t = await drawing.reader()
    survey = await drawing.session.get_one(Survey, drawing.payload["survey"])
    if station is None or station.desk is not Desk.OFFICE or survey.stage is Stage.CANCELLED:
        return Letter()
    return Letter([_call(drawing, survey_desk.planned(survey, t, drawing.toolbox.settings, drawing.now))])


async def told(drawing: Drawing) -> Letter:
    """What came of it and what will change, to somebody who was asked."""
    _, t = await drawing.reader()
    survey = await drawing.session.get_one(Survey, drawing.payload["survey"])
    results = survey.told
    assert results is not None, "only what has closed is told"
    return Letter([_call(drawing, survey_screens.told(survey, results, t))])


def _call(drawing: Drawing, shown: tuple[str, dict[str, Any]]) -> Call:
    text, keyboard = shown
    params = {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML", "reply_markup": keyboard}
    message = drawing.payload.get("message")
    if message is None:
        return Call("sendMessage", params)
    return Call("editMessageText", {**params, "message_id": message})
