"""Letters about a pulse: the question as a native poll, and what came of it as a picture. Letters about a quiz: what is
kept of an answer, the question, and what came of it in words.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from bot import charts, menus, scripts
from bot.calls import Call, Letter, text_call
from bot.letters.drawing import Drawing
from bot.texts import Texts
from bot.untrusted import contained, cut, inline, lines, units
from models import lost_polls, pulses, quizzes
from models.pulses import Pulse, PulsePicture
from models.quizzes import Quiz
from models.stations import Desk

SOONEST_CLOSE, LATEST_CLOSE = 5, 2_628_000
"""Seconds within which Telegram closes a poll by itself."""


async def pulse(drawing: Drawing) -> Letter:
    """One question, as a native anonymous poll that Telegram itself closes."""
    station, t = await drawing.reader()
    pulse = await drawing.session.get_one(Pulse, drawing.payload["pulse"])
    if pulse.closed or (pulse.places is not None and (station is None or station.id not in pulse.places)):
        return Letter()
    call = {
        "chat_id": drawing.chat_id,
        "question": pulse_question(pulse, t),
        "options": [{"text": label} for label in pulse_labels(pulse, t)],
        "is_anonymous": True,
        **_closing(pulse.closes_at, drawing.now),
    }
    if pulse.places is not None:
        # In a small group the first counts would say who gave them, and lead those who answer after.
        call["hide_results_until_closes"] = True
    return Letter([Call("sendPoll", call)])


def _closing(at: datetime, now: datetime) -> dict[str, int]:
    """When Telegram closes it by itself, where that is not too soon or too late for it."""
    return {"close_date": int(at.timestamp())} if SOONEST_CLOSE < (at - now).total_seconds() < LATEST_CLOSE else {}


async def pulse_result(drawing: Drawing) -> Letter:
    """What came of it, as a picture in the reader's language; too few answers are not shown at all."""
    station, t = await drawing.reader()
    if station is None and drawing.chat_id < 0:
        return Letter()
    pulse = await drawing.session.get_one(Pulse, drawing.payload["pulse"])
    picture = await drawing.session.get(PulsePicture, (pulse.id, t.language))
    if picture is None:
        cell = drawing.toolbox.settings.surveys.minimum_cell
        text = t("pulse.too_few", question=pulse_question(pulse, t), cell=cell)
        return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML"})])
    counted = charts.said_of(await pulses.result(drawing.session, pulse), t)
    photo: Any = picture.file_id
    if photo is None:
        assert picture.png is not None, "a picture is there as bytes until Telegram has it"
        photo = {"$file": base64.b64encode(picture.png).decode(), "name": "result.png"}
    caption = t("pulse.result", question=pulse_question(pulse, t), counted=counted)
    call = {"chat_id": drawing.chat_id, "photo": photo, "caption": caption, "parse_mode": "HTML"}
    return Letter([Call("sendPhoto", call)], picture=(pulse.id, t.language))


async def lost(drawing: Drawing) -> Letter:
    """Tells a group that a poll or a quiz may not stand there, and offers to send it once more."""
    station, t = await drawing.reader()
    what, number = drawing.payload["what"], drawing.payload["number"]
    asked = await lost_polls.question(drawing.session, what, number)
    if station is None or asked is None or asked.closed:
        return Letter()
    text = t("poll.lost", question=asked_of(asked, t))
    keys = menus.poll_again(t, what, number, drawing.payload["row"])
    return Letter([text_call(text, {"chat_id": drawing.chat_id, "reply_markup": keys})])


def asked_of(asked: Pulse | Quiz, t: Texts) -> str:
    """The question of either."""
    return pulse_question(asked, t) if isinstance(asked, Pulse) else quiz_question(asked)


async def quiz(drawing: Drawing) -> Letter:
    """What is kept of an answer, and then the question as a native quiz, which names who answers."""
    station, t = await drawing.reader()
    quiz = await drawing.session.get_one(Quiz, drawing.payload["quiz"])
    if quiz.closed or station is None or station.id != drawing.payload["station"]:
        return Letter()
    call = {
        "chat_id": drawing.chat_id,
        "type": "quiz",
        "question": quiz_question(quiz),
        "options": [{"text": _fitting(str(option), pulses.OPTION_LENGTH)} for option in quiz.options],
        "correct_option_ids": [quiz.correct],
        "is_anonymous": False,
        **_closing(quiz.closes_at, drawing.now),
    }
    why = cut(contained(lines(quiz.explanation or "")), quizzes.EXPLANATION_LENGTH)
    if inline(why, quizzes.EXPLANATION_LENGTH):
        call["explanation"] = why
    said = t("quiz.announced", until=t.moment(quiz.closes_at, drawing.now))
    return Letter([text_call(said, {"chat_id": drawing.chat_id}), Call("sendPoll", call)])


async def quiz_result(drawing: Drawing) -> Letter:
    """How many of each group answered and how many of them rightly; for the office only, and without a name."""
    station, t = await drawing.reader()
    if station is None or station.desk is not Desk.OFFICE:
        return Letter()
    quiz = await drawing.session.get_one(Quiz, drawing.payload["quiz"])
    counted = [
        t("quiz.line", station=t.pick(each.names), answered=each.answered, staff=each.staff, right=each.right)
        for each in await quizzes.results(drawing.session, quiz, drawing.now)
    ]
    answer = _fitting(str(quiz.options[quiz.correct]), pulses.OPTION_LENGTH)
    head = t("quiz.result", question=quiz_question(quiz), answer=answer)
    return Letter([text_call("\n".join([head, *counted]), {"chat_id": drawing.chat_id})])


def pulse_question(pulse: Pulse, t: Texts) -> str:
    """The question as it was written, in the reader's script."""
    return _fitting(scripts.as_read(t.language, pulse.question), pulses.QUESTION_LENGTH)


def quiz_question(quiz: Quiz) -> str:
    """The question as it was written."""
    return _fitting(quiz.question, pulses.QUESTION_LENGTH)


def pulse_labels(pulse: Pulse, t: Texts) -> tuple[str, ...]:
    """The answers of a pulse as this reader sees them."""
    if pulse.options is not None:
        return tuple(_fitting(scripts.as_read(t.language, str(each)), pulses.OPTION_LENGTH) for each in pulse.options)
    return tuple(t.plain(f"pulse.scale.{i}") for i in range(1, pulses.SCALE + 1))


def _fitting(text: str, most: int) -> str:
    """As Telegram takes it: so many units, what isolates it among them; a dash where nothing of it can be seen."""
    whole = inline(text, most)
    return (whole if units(whole) <= most else inline(text, most - 2)) or "—"
