"""Letters about a pulse: the question as a native poll, and what came of it as a picture."""

from __future__ import annotations

import base64
from typing import Any

from bot import charts
from bot.calls import Call, Letter
from bot.letters.drawing import Drawing
from bot.texts import Texts
from models import pulses
from models.pulses import Pulse, PulsePicture

SOONEST_CLOSE, LATEST_CLOSE = 5, 2_628_000
"""Seconds within which Telegram closes a poll by itself."""


async def pulse(drawing: Drawing) -> Letter:
    """One question to everybody, as a native anonymous poll that Telegram itself closes."""
    _, t = await drawing.reader()
    pulse = await drawing.session.get_one(Pulse, drawing.payload["pulse"])
    if pulse.closed:
        return Letter()
    call = {
        "chat_id": drawing.chat_id,
        "question": pulse.question,
        "options": [{"text": label} for label in pulse_labels(pulse, t)],
        "is_anonymous": True,
    }
    if SOONEST_CLOSE < (pulse.closes_at - drawing.now).total_seconds() < LATEST_CLOSE:
        call["close_date"] = int(pulse.closes_at.timestamp())
    return Letter([Call("sendPoll", call)])


async def pulse_result(drawing: Drawing) -> Letter:
    """What came of it, as a picture in the reader's language; too few answers are not shown at all."""
    _, t = await drawing.reader()
    pulse = await drawing.session.get_one(Pulse, drawing.payload["pulse"])
    picture = await drawing.session.get(PulsePicture, (pulse.id, t.language))
    if picture is None:
        cell = drawing.toolbox.settings.surveys.minimum_cell
        text = t("pulse.too_few", question=pulse.question, cell=cell)
        return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML"})])
    counted = t.plain("pulse.counted", **charts.counted(await pulses.result(drawing.session, pulse)))
    photo: Any = picture.file_id
    if photo is None:
        assert picture.png is not None, "a picture is there as bytes until Telegram has it"
        photo = {"$file": base64.b64encode(picture.png).decode(), "name": "result.png"}
    caption = t("pulse.result", question=pulse.question, counted=counted)
    call = {"chat_id": drawing.chat_id, "photo": photo, "caption": caption, "parse_mode": "HTML"}
    return Letter([Call("sendPhoto", call)], picture=(pulse.id, t.language))


def pulse_labels(pulse: Pulse, t: Texts) -> tuple[str, ...]:
    """The answers of a pulse as this reader sees them."""
    if pulse.options is not None:
        return tuple(str(option) for option in pulse.options)
    return tuple(t.plain(f"pulse.scale.{i}") for i in range(1, pulses.SCALE + 1))
