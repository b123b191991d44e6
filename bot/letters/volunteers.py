"""Letters about volunteering: to whoever put down their name or helped, to whoever leads it, and a certificate."""

from __future__ import annotations

import base64

from bot import volunteer_hours, volunteers
from bot.calls import Call, Letter
from bot.letters.drawing import Drawing
from models import people
from models.union import gatherings, hours, volunteering


async def volunteer(drawing: Drawing) -> Letter:
    """What there is to say of one, if it is still so."""
    _, t = await drawing.reader()
    session, what = drawing.session, drawing.payload["what"]
    person = await people.by_telegram_id(session, drawing.chat_id)
    if person is None:
        return Letter()
    it, call = await volunteering.get(session, drawing.payload["gathering"])
    if what.startswith("lead_"):
        if it.lead_id != person.id:
            return Letter()
        screen = volunteer_hours.to_the_lead(what, it, call, t, drawing.now)
    else:
        place = await gatherings.place_of(session, it, person)
        dispute = await hours.dispute_of(session, it, person.id)
        drawn = volunteers.told(what, it, call, place, dispute, t, drawing.now)
        if drawn is None:
            return Letter()
        screen = drawn
    text, keys = screen
    markup = {"reply_markup": keys} if keys["inline_keyboard"] else {}
    return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML", **markup})])


async def certificate(drawing: Drawing) -> Letter:
    """A certificate as PDF; until now it lay sealed, because it names somebody."""
    _, t = await drawing.reader()
    pdf = drawing.toolbox.house.vault.open(base64.b64decode(drawing.payload["sealed"]), "certificate")
    document = {"$file": base64.b64encode(pdf).decode(), "name": "certificate.pdf"}
    call = {"chat_id": drawing.chat_id, "document": document, "caption": t("certificate.caption"), "parse_mode": "HTML"}
    return Letter([Call("sendDocument", call)])
