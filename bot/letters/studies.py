"""Letters about study, training and meetings: to those who are called, to whoever leads one, to the groups and the
office.
"""

from __future__ import annotations

from typing import Any

from bot import studies
from bot.calls import Call, Letter
from bot.letters.drawing import Drawing
from bot.texts import Texts
from models import people
from models.people import Person
from models.stations import Desk, Station
from models.union import excuses, gatherings
from models.union import studies as rules
from models.union.gatherings import EXPECTED, Gathering, Part, Stage

GROUPS = {"called_here": Stage.CALLED, "cancelled_here": Stage.CANCELLED}
"""What a group is told, and only while it is so."""
AGAIN = {1: "study.nudge", 2: "study.nudge", 3: "study.a_day", 4: "study.an_hour"}
"""By the step of reminding (`studies.remind`)."""


async def study(drawing: Drawing) -> Letter:
    """What there is to say of one, if it is still so."""
    station, t = await drawing.reader()
    it = await drawing.session.get_one(Gathering, drawing.payload["gathering"])
    what = drawing.payload["what"]
    if drawing.chat_id < 0:
        return await _in_a_group(drawing, it, what, station, t)
    person = await people.by_telegram_id(drawing.session, drawing.chat_id)
    if person is None:
        return Letter()
    if what == "asks_off":
        return await _reason(drawing, it, person, t)
    if what == "leads":
        leads = it.lead_id == person.id and it.stage in (Stage.PLANNED, Stage.CALLED)
        return (
            _said(drawing, t("study.you_lead", number=it.id) + "\n\n" + studies.facts(it, t, drawing.now))
            if leads
            else Letter()
        )
    return await _to_the_called(drawing, it, what, person, t)


async def coverage(drawing: Drawing) -> Letter:
    """How much of the staff the semester's training has not reached yet; for the office."""
    station, t = await drawing.reader()
    calendar = drawing.toolbox.house.calendar
    term = next((each for each in calendar.semesters if each.name == drawing.payload["semester"]), None)
    if station is None or station.desk is not Desk.OFFICE or term is None:
        return Letter()
    found = await rules.coverage(drawing.session, term, calendar, drawing.now)
    return _said(drawing, studies.coverage_line(found, t) + "\n\n" + t("study.coverage_see"))


async def _to_the_called(drawing: Drawing, it: Gathering, what: str, person: Person, t: Texts) -> Letter:
    place = await gatherings.place_of(drawing.session, it, person)
    coming_up = it.stage is Stage.CALLED and it.ends_at > drawing.now
    if place is None:
        return Letter()
    match what:
        case "invited" if coming_up:
            key = "study.you_are_called_again" if it.makes_up_id is not None else "study.you_are_called"
            return _said(drawing, *studies.invitation(it, place.part, key, t, drawing.now))
        case "reminder" if coming_up and place.part in EXPECTED:
            key = AGAIN[drawing.payload["step"]]
            return _said(drawing, *studies.invitation(it, place.part, key, t, drawing.now))
        case "missed" if place.part is Part.MISSED and place.reason is None:
            return _said(drawing, *studies.missed(it, t, drawing.now))
        case "cancelled" | "excused" | "not_excused":
            return _said(drawing, t(f"study.you_{what}") + "\n\n" + studies.facts(it, t, drawing.now))
    return Letter()


async def _reason(drawing: Drawing, it: Gathering, reader: Person, t: Texts) -> Letter:
    """Somebody wants to stay away: only to whoever leads it now, while it is undecided."""
    whose = drawing.payload["whose"]
    found = {each.id: (each, words) for each, words in await excuses.asking_off(drawing.session, it)}
    if it.lead_id != reader.id or whose not in found:
        return Letter()
    return _said(drawing, *studies.reason(it, *found[whose], 0, t))


async def _in_a_group(drawing: Drawing, it: Gathering, what: str, station: Station | None, t: Texts) -> Letter:
    """In a place's group: what it is, how it stands, and nobody's name."""
    if station is None:
        return Letter()
    if what in GROUPS:
        if it.stage is not GROUPS[what]:
            return Letter()
        return _said(drawing, t(f"study.{what}") + "\n\n" + studies.facts(it, t, drawing.now))
    if station.desk is not Desk.OFFICE:
        return Letter()
    if what == "held":
        counts = await rules.counts(drawing.session, it)
        return _said(drawing, *studies.over(it, counts, t, drawing.now))
    waiting = len(await excuses.asking_off(drawing.session, it))
    return _said(drawing, *studies.asked_off(it, waiting, t)) if waiting else Letter()


def _said(drawing: Drawing, text: str, keys: dict[str, Any] | None = None) -> Letter:
    markup = {"reply_markup": keys} if keys is not None and keys["inline_keyboard"] else {}
    return Letter([Call("sendMessage", {"chat_id": drawing.chat_id, "text": text, "parse_mode": "HTML", **markup})])
