"""The letter about a project: to the office with the way to its screen there, or to whoever bids, reviews or undertakes
it, alone with the bot.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.calls import Call, Letter
from bot.keyboards import button, keyboard
from bot.letters.drawing import Drawing
from bot.project_desk import ProjectDesk
from bot.project_screens import ProjectWay
from bot.texts import Texts
from bot.untrusted import titled
from models import people
from models.projects import Project
from models.stations import Desk
from models.union import bids, scoring
from models.union.bids import Bid


async def project(drawing: Drawing) -> Letter:
    """In a group only to the office, wherever it sits now."""
    station, t = await drawing.reader()
    if drawing.chat_id < 0 and (station is None or station.desk is not Desk.OFFICE):
        return Letter()
    about = await drawing.session.get_one(Project, drawing.payload["project"])
    params = {
        "title": titled(about.title),
        **{k: _param(drawing, k, v, t) for k, v in drawing.payload["params"].items()},
    }
    if "bid" in params and not await _put_in(drawing, params, t):
        return Letter()
    key = drawing.payload["text"]
    if key == scoring.REMINDER and not await _has_to_score(drawing, about):
        return Letter()
    text = t.n(key, params.pop("count"), **params) if "count" in params else t(key, **params)
    press = ProjectDesk("one", about.id) if station is not None else ProjectWay("one", about.id)
    call = {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML"}
    return Letter([Call("sendMessage", {**call, "reply_markup": keyboard([[button(t.plain("project.see"), press)]])})])


async def _has_to_score(drawing: Drawing, about: Project) -> bool:
    person = await people.by_telegram_id(drawing.session, drawing.chat_id)
    return person is not None and scoring.is_awaited(about, await scoring.mine(drawing.session, about, person))


async def _put_in(drawing: Drawing, params: dict[str, Any], t: Texts) -> bool:
    """What the reader's own sealed bid says; False when it is open or gone meanwhile."""
    person = await people.by_telegram_id(drawing.session, drawing.chat_id)
    bid = await drawing.session.get(Bid, params.pop("bid"))
    if bid is None or bid.sealed is None or person is None:
        return False
    whose, said = bids.read(bid, drawing.toolbox.house.vault)
    if whose != person.id:
        return False
    params |= {"kind": t.plain(f"bid.kind.{said.kind}"), "name": said.name, "plan": said.plan}
    params["interests"] = said.interests or t.plain("bid.no_interests")
    return True


def _param(drawing: Drawing, name: str, value: Any, t: Texts) -> Any:
    if name == "day":
        return t.day(date.fromisoformat(value))
    return drawing.param(name, value, t)
