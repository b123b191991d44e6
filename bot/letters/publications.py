"""Letters about a publication: what students get and have, and what comes before the office and the supervisors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot import news, publishing
from bot.calls import METHODS, Call, Letter
from bot.letters.drawing import Drawing
from bot.texts import Texts
from models.people import Person
from models.stations import Desk
from models.union import deliveries, received
from models.union.publications import OUT, Publication, Stage

DELETABLE = timedelta(hours=47)
"""So long after it began to be sent every message of it can be deleted: Telegram's 48 hours, and an hour to be done."""


async def publication(drawing: Drawing) -> Letter:
    """The newest text of it to somebody it is for, as an edit where they have it already; what was withdrawn only to
    those who have it.
    """
    _, t = await drawing.reader()
    session, payload = drawing.session, drawing.payload
    about = await session.get_one(Publication, payload["publication"])
    vault, theirs = drawing.toolbox.house.vault, (about.id, payload["person"])
    has = await received.standing(session, *theirs, vault)
    call = {"chat_id": drawing.chat_id, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    if payload["withdrawn"]:
        if has is None:
            return Letter()
        text = publishing.withdrawn(about, about.reason or {}, t)
        attached = await received.files(session, *theirs, vault)
        said = Call("editMessageText", {**call, "text": text, "message_id": has})
        return Letter([said, *without(attached, t, drawing.chat_id, drawing.now)])
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


def without(files: Mapping[int, datetime], t: Texts, chat_id: int, now: datetime) -> list[Call]:
    """What was attached goes, as long as Telegram lets a bot delete it; later it says itself that it does not hold.
    `files` are its messages, each with when it began to be sent.
    """
    calls, gone = list[Call](), [number for number, at in files.items() if now < at + DELETABLE]
    if gone:
        calls.append(Call("deleteMessages", {"chat_id": chat_id, "message_ids": gone}))
    said = {"chat_id": chat_id, "caption": t.plain("publication.withdrawn_file")}
    return calls + [Call("editMessageCaption", {**said, "message_id": each}) for each in files if each not in gone]


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
