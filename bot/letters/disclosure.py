"""Letters of what is disclosed: a comment's card, what its writer is told, and that a heading grows old."""

from __future__ import annotations

from typing import Any

from bot import comments as screens
from bot.calls import Call, Letter
from bot.letters.drawing import Drawing
from bot.texts import Texts
from models.stations import Desk
from models.union import comments, disclosure
from models.union.comments import Comment
from models.union.disclosure import Freshness
from models.union.publications import Heading


async def comment(drawing: Drawing) -> Letter:
    """Its card as it is when drawn, posted or edited; only in the office's chat and the supervisors', wherever they sit
    now. What it comes to say may be settled by then.
    """
    station, t = await drawing.reader()
    found = await drawing.session.get(Comment, drawing.payload["comment"])
    if found is None or station is None or station.desk is Desk.STATION:
        return Letter()
    what, step = drawing.payload["what"], drawing.payload.get("step")
    if step is not None and step != (comments.due(found) or ("",))[0]:
        return Letter()
    name = await comments.writer(drawing.session, found)
    text = screens.card(found, name, t, drawing.now)
    if what != "card":
        text = t(f"comment.{what}.{step}" if step is not None else f"comment.comes.{what}") + "\n" + text
    params = {"chat_id": drawing.chat_id, "text": text, **_common(screens.keys(t, found))}
    if "message_id" in drawing.payload:
        return Letter([Call("editMessageText", {**params, "message_id": drawing.payload["message_id"]})])
    return Letter([Call("sendMessage", params)])


async def told(drawing: Drawing) -> Letter:
    """To its writer, in the language they read when they wrote."""
    found = await drawing.session.get(Comment, drawing.payload["comment"])
    reached = comments.reach(found, drawing.toolbox.house.vault) if found is not None else None
    if found is None or reached is None:
        return Letter()
    t: Texts = drawing.toolbox.t(reached.language)
    text = screens.told(found, drawing.payload["what"], t)
    return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, **_common(None)})])


async def stale(drawing: Drawing) -> Letter:
    """To the office: these headings are stale, or soon will be; what has been renewed meanwhile is not named."""
    _, t = await drawing.reader()
    found = await disclosure.fresh(drawing.session, drawing.toolbox.house, drawing.now)
    named = [found[Heading(each)] for each in drawing.payload["headings"]]
    today = drawing.toolbox.house.calendar.day_of(drawing.now)
    rows = [_row(each, t) for each in named if each.heading in disclosure.alerts(found, today)]
    if not rows:
        return Letter()
    text = "\n".join([t("disclosure.alert"), *rows, t("disclosure.alert_how")])
    return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, **_common(None)})])


def _row(fresh: Freshness, t: Texts) -> str:
    name = t.plain(f"disclosure.heading.{fresh.heading}")
    if fresh.version is None or fresh.due is None:
        return t("disclosure.alert_none", name=name)
    return t("disclosure.alert_stale" if fresh.stale else "disclosure.alert_soon", name=name, day=t.full_day(fresh.due))


def _common(keys: dict[str, Any] | None) -> dict[str, Any]:
    common: dict[str, Any] = {"parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    return common if keys is None else {**common, "reply_markup": keys}
