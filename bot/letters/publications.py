"""Letters about a publication: what students get and have, and what comes before the office and the supervisors."""

from __future__ import annotations

from bot import news, publishing
from bot.calls import METHODS, Call, Letter
from bot.letters.drawing import Drawing
from models.people import Person
from models.stations import Desk
from models.union import deliveries
from models.union.publications import OUT, Publication, Stage


async def publication(drawing: Drawing) -> Letter:
    """The newest text of it to somebody it is for, as an edit where they have it already; what was withdrawn only to
    those who have it.
    """
    _, t = await drawing.reader()
    session, payload = drawing.session, drawing.payload
    about = await session.get_one(Publication, payload["publication"])
    has = await deliveries.standing(session, about, payload["person"])
    call = {"chat_id": drawing.chat_id, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    if payload["withdrawn"]:
        if has is None:
            return Letter()
        text = publishing.withdrawn(about, about.reason or {}, t)
        return Letter([Call("editMessageText", {**call, "text": text, "message_id": has})])
    if about.stage not in OUT:
        return Letter()
    shown = await deliveries.latest(session, about)
    if shown.stage not in OUT:
        # What corrected it is withdrawn: neither is to be read.
        return Letter()
    call["text"] = publishing.read(shown, t, drawing.toolbox.settings.union.name)
    if about.topic is not None:
        reader = await session.get_one(Person, payload["person"])
        follows = about.topic in await deliveries.topics_of(session, reader)
        if not follows and has is None:
            # They have just ended it.
            return Letter()
        call["reply_markup"] = news.under_letter(about.topic, t) if follows else news.left(t)
    if has is not None:
        return Letter([Call("editMessageText", {**call, "message_id": has})])
    files = [METHODS[each["type"]] + (each["file_id"],) for each in about.attachments]
    along = [Call(method, {"chat_id": drawing.chat_id, field: file_id}) for method, field, file_id in files]
    return Letter([Call("sendMessage", call), *along])


async def desk(drawing: Drawing) -> Letter:
    """One of them with what can be done with it there, for the office or the supervisors, wherever they sit now."""
    station, t = await drawing.reader()
    if station is None or station.serves:
        return Letter()
    session = drawing.session
    about = await session.get_one(Publication, drawing.payload["publication"])
    above = station.desk is Desk.SUPERVISORS
    if above and about.stage not in (Stage.APPROVING, Stage.WITHDRAWN):
        # It has changed meanwhile, and comes again when it has been read.
        return Letter()
    text, keys = await publishing.screen(session, about, t, drawing.toolbox, drawing.now, above=above)
    call = {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML", "reply_markup": keys}
    return Letter([Call("sendMessage", call)])
