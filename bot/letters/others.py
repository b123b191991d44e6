"""Letters that are about no ticket: the duty roster, what somebody is told about themselves, files, a farewell."""

from __future__ import annotations

import base64
from typing import Any

from bot import board as drawn_board
from bot import handing_over, rosters
from bot import mydata as own
from bot import posts as held_posts
from bot.calls import Call, Letter, text_call
from bot.letters.drawing import Drawing
from bot.texts import Texts
from models import people
from models.errors import Refusal
from models.exports import REPORT_CARD, Export
from models.stations import Desk
from models.union import floors, report_cards


async def roster(drawing: Drawing) -> Letter:
    """A handover, or somebody's offer to stand in, with its buttons."""
    station, t = await drawing.reader()
    if station is None and drawing.chat_id < 0:
        return Letter()
    what, number = drawing.payload["what"], drawing.payload["number"]
    try:
        if what == "handover":
            text, keyboard = await handing_over.draw(drawing.session, number, t, drawing.now)
        else:
            calendar = drawing.toolbox.house.calendar
            text, keyboard = await rosters.swap(drawing.session, number, t, calendar, drawing.now)
    except Refusal:
        # The shift has been taken off the roster meanwhile.
        return Letter()
    call = {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML", "reply_markup": keyboard}
    return Letter([Call("sendMessage", {**call, "link_preview_options": {"is_disabled": True}})])


async def told(drawing: Drawing) -> Letter:
    """A text about themselves to somebody, in their language."""
    _, t = await drawing.reader()
    params = {name: drawing.param(name, value, t) for name, value in drawing.payload.get("params", {}).items()}
    call = {"chat_id": drawing.chat_id, "text": t(drawing.payload["text"], **params), "parse_mode": "HTML"}
    return Letter([Call("sendMessage", call)])


async def mydata(drawing: Drawing) -> Letter:
    """Everything that is kept about whoever's chat it is, as it is now."""
    person = await people.by_telegram_id(drawing.session, drawing.chat_id)
    if person is None:
        return Letter()
    t = drawing.toolbox.t(person.language)
    found = await own.files(drawing.session, person, drawing.toolbox, drawing.now)
    calls = []
    for data, name, caption in zip(found, ("my-data.json", "my-data.html"), ("", t("mydata.caption")), strict=True):
        document = {"$file": base64.b64encode(data).decode(), "name": name}
        params = {"chat_id": drawing.chat_id, "document": document, "caption": caption, "parse_mode": "HTML"}
        calls.append(Call("sendDocument", {key: value for key, value in params.items() if value != ""}))
    return Letter(calls)


async def goes(drawing: Drawing) -> Letter:
    """The bot goes from a group and says why, in the language of whoever added it; it stays in what is a desk."""
    if not await drawing.is_for_nobody():
        return Letter()
    if drawing.row.letter == "leave":
        return Letter([Call("leaveChat", {"chat_id": drawing.chat_id})])
    text = drawing.toolbox.t(drawing.payload.get("language"))("stranger.leaving")
    return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML"})])


async def board(drawing: Drawing) -> Letter:
    """What the union still has to do, for the office and the supervisors, wherever they sit now."""
    station, t = await drawing.reader()
    if station is None or station.serves:
        return Letter()
    found = await floors.board(drawing.session, drawing.toolbox.house.calendar, drawing.now)
    text = drawn_board.warning(found, t, drawing.toolbox.house.calendar.day_of(drawing.now))
    return Letter([text_call(text, {"chat_id": drawing.chat_id})])


async def posts(drawing: Drawing) -> Letter:
    """An exchange of posts with its buttons, for whom it is about and the office; or whose term ends soon."""
    station, t = await drawing.reader()
    if (station is None and drawing.chat_id < 0) or (station is not None and station.serves):
        return Letter()
    if drawing.payload["what"] == "exchange":
        text, keyboard = await held_posts.exchange(drawing.session, drawing.payload["number"], t, drawing.now)
        call = {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML", "reply_markup": keyboard}
        return Letter([Call("sendMessage", call)])
    today = drawing.toolbox.house.calendar.day_of(drawing.now)
    text = await held_posts.soon_over(drawing.session, drawing.payload["terms"], t, today)
    return Letter([text_call(text, {"chat_id": drawing.chat_id})] if text else [])


async def export(drawing: Drawing) -> Letter:
    """A file somebody of the office asked for; only to the office, wherever it sits now."""
    station, t = await drawing.reader()
    made = await drawing.session.get_one(Export, drawing.payload["export"])
    if station is None or station.desk is not Desk.OFFICE:
        return Letter()
    if made.wish.get("what") == REPORT_CARD and made.rows is not None:
        return await _report_card(drawing, made, t)
    if made.content is None:
        key = "export.failed" if made.rows is None else "export.too_much" if made.rows else "export.nothing"
        return Letter([text_call(t(key, name=made.name), {"chat_id": drawing.chat_id})])
    file: Any = {"$file": base64.b64encode(made.content).decode(), "name": made.name}
    caption = t.n("export.caption", made.rows or 0)
    if made.wish.get("format") == "csv":
        caption += "\n" + t("export.csv_figures")
    call = {"chat_id": drawing.chat_id, "document": file, "caption": caption, "parse_mode": "HTML"}
    return Letter([Call("sendDocument", call)])


async def _report_card(drawing: Drawing, made: Export, t: Texts) -> Letter:
    """The second-class report card, opened here: it names students."""
    semester = made.wish["semester"]
    if made.content is None:
        # It waited so long for the office's group that it was swept, or there is nothing to put into one.
        said = t("export.failed", name=made.name) if made.rows else t("report_card.nothing", semester=semester)
        return Letter([text_call(said, {"chat_id": drawing.chat_id})])
    content = drawing.toolbox.house.vault.open(made.content, f"export:{made.id}")
    caption = t.n("report_card.caption", made.rows or 0, semester=semester)
    unknown = await report_cards.unknown(drawing.session, semester)
    if unknown:
        caption += "\n" + t.n("report_card.left_out", unknown)
    document = {"$file": base64.b64encode(content).decode(), "name": made.name}
    call = {"chat_id": drawing.chat_id, "document": document, "caption": caption, "parse_mode": "HTML"}
    return Letter([Call("sendDocument", call)])
