"""The letter of the staff evaluation: a sheet as it is, to the one it is about and to nobody else."""

from __future__ import annotations

from bot import evaluations as screens
from bot.calls import Call, Letter
from bot.letters.drawing import Drawing
from models import evaluations, people
from models.evaluations import EvaluationSheet


async def sheet(drawing: Drawing) -> Letter:
    """Nothing when it was erased meanwhile."""
    _, t = await drawing.reader()
    person = await people.by_telegram_id(drawing.session, drawing.chat_id)
    found = await drawing.session.get(EvaluationSheet, drawing.payload["sheet"])
    if found is None or person is None or found.person_id != person.id:
        return Letter()
    texts, keys = screens.own(await evaluations.round_of(drawing.session, found), found, t, drawing.now)
    calls = [{"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML"} for text in texts]
    if keys is not None:
        calls[-1]["reply_markup"] = keys
    return Letter([Call("sendMessage", call) for call in calls])
