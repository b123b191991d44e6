"""/volunteers, its hours: what is proposed and confirmed, one by one or all, and the excuses and disputes that wait for
an answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup, escape

from bot.keyboards import button, keyboard
from bot.texts import Texts
from bot.untrusted import inline
from bot.volunteer_desk import NAME, PEOPLE, Credited, Rows, Screen, View, back_to, turns
from bot.volunteers import facts, in_hours, title
from models.errors import Refusal
from models.people import Person
from models.union.gatherings import Attendance, Gathering, Part
from models.union.hours import DisputeStage, HourDispute, proposed, span
from models.union.volunteering import VolunteerCall

HOURS = re.compile(
    r"(?P<h>\d{1,3})(?::(?P<m>[0-5]\d)|[.,](?P<f>\d{1,2}))?"
    r"\s*(?:h|hours?|小时|小時)?(?=\s|$|[,;，。:](?!\d))"
)
"""Hours with a fraction or minutes, at the beginning of what is written; the reason comes after them."""

# ---------------------------------------------------------------- what is typed


def read_hours(text: str) -> tuple[int, str | None]:
    """What was written of hours: "2.5", "2:30", and after it the reason. Raises Refusal for what is no number."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = HOURS.match(plain)
    if found is None:
        raise Refusal("hours.no_number")
    minutes = 60 * int(found["h"])
    if found["m"]:
        minutes += int(found["m"])
    elif found["f"]:
        minutes += round(60 * float(f"0.{found['f']}"))
    reason = " ".join(inline(line, 1000) for line in plain[found.end() :].lstrip(" ,;，。:").splitlines())
    return minutes, reason or None


# ---------------------------------------------------------------- people and hours


def hours(view: View, found: Sequence[tuple[Person, Attendance]], page: int, t: Texts) -> Screen:
    """Who came, what is proposed of each, and what is confirmed; a press shows one of them."""
    it, call = view.gathering, view.call
    came = [(person, place) for person, place in found if place.part is Part.CAME]
    came.sort(key=lambda each: each[1].minutes is not None)
    ready = [place for _, place in came if place.minutes is None and proposed(it, call, place) is not None]
    lines = [t("volunteer_desk.hours", title=title(it, t), whole=in_hours(span(it)), rounding=call.rounding)]
    rows: Rows = []
    for person, place in came[page * PEOPLE : (page + 1) * PEOPLE]:
        name = inline(person.name, NAME) or "—"
        lines.append(f"{escape(name)} · {_hours_of(it, call, place, t)}")
        rows.append([button(name, Credited("person", it.id, str(person.id)))])
    if ready:
        rows.append([button(t.plain("volunteer_desk.all", count=len(ready)), Credited("all", it.id))])
    rows += [turns("hours", it.id, page, len(came) > (page + 1) * PEOPLE, Credited), back_to(it, t)]
    return "\n".join(lines), keyboard(rows)


def _hours_of(it: Gathering, call: VolunteerCall, place: Attendance, t: Texts) -> str:
    if place.minutes is not None:
        return "✅ " + t("volunteer.hours_confirmed", hours=in_hours(place.minutes))
    minutes = proposed(it, call, place)
    clock = "–".join(
        f"{each.astimezone(t.timezone):%H:%M}" if each is not None else "?"
        for each in (place.signed_in_at, place.signed_out_at)
    )
    if minutes is None:
        return t("volunteer_desk.not_known", clock=clock)
    return t("volunteer_desk.proposed", clock=clock, hours=in_hours(minutes))


def person(view: View, who: Person, place: Attendance, t: Texts) -> Screen:
    """Somebody's hours: as proposed, the whole of it, or typed."""
    it, call = view.gathering, view.call
    text = t("volunteer_desk.person", name=inline(who.name, NAME) or "—", title=title(it, t))
    text += "\n" + _hours_of(it, call, place, t)
    if place.because is not None:
        text += "\n" + t("volunteer.because", because=place.because)
    rows: Rows = []
    if place.minutes is None:
        offered = [proposed(it, call, place), span(it)]
        shown = dict.fromkeys(minutes for minutes in offered if minutes is not None)
        rows = [
            [button(t.plain("volunteer_desk.give", hours=in_hours(each)), Credited("give", it.id, f"{who.id}.{each}"))]
            for each in shown
        ]
    rows.append([button(t.plain("volunteer_desk.type"), Credited("type", it.id, str(who.id)))])
    rows.append([button(t.plain("volunteer_desk.back"), Credited("hours", it.id, "0"))])
    return text, keyboard(rows)


# ---------------------------------------------------------------- what waits for an answer


def excuse(it: Gathering, who: Person, words: str, more: int, t: Texts) -> Screen:
    """Why somebody was not there: will that do?"""
    text = t("volunteer_desk.excuse", name=inline(who.name, NAME) or "—", title=title(it, t), words=words)
    rows = [
        [
            button(t.plain("volunteer_desk.accept"), Credited("accept", it.id, str(who.id))),
            button(t.plain("volunteer_desk.refuse"), Credited("refuse", it.id, str(who.id))),
        ]
    ]
    return text + _more(more, t), keyboard([*rows, back_to(it, t)])


def dispute(view: View, who: Person, place: Attendance, found: HourDispute, more: int, t: Texts) -> Screen:
    """What somebody says of their hours, and what the lead said."""
    it = view.gathering
    text = t(
        "volunteer_desk.dispute",
        name=inline(who.name, NAME) or "—",
        title=title(it, t),
        words=found.words,
        so=Markup(_hours_of(it, view.call, place, t)),
    )
    if found.stage is DisputeStage.OFFICE and found.reply is not None:
        text += "\n\n" + t("volunteer_desk.lead_said", reply=found.reply)
    rows = [[button(t.plain("volunteer_desk.reply"), Credited("reply", it.id, str(who.id)))]]
    return text + _more(more, t), keyboard([*rows, back_to(it, t)])


def _more(more: int, t: Texts) -> str:
    return "\n\n" + t("volunteer_desk.more", count=more) if more else ""


def to_the_lead(what: str, it: Gathering, call: VolunteerCall, t: Texts, now: datetime) -> Screen:
    """To whoever leads it: it is over, or somebody waits for an answer."""
    act = {"lead_over": "hours", "lead_excuse": "excuses", "lead_dispute": "disputes"}[what]
    rows = [[button(t.plain("volunteer_desk.look"), Credited(act, it.id, "0"))]]
    return t(f"volunteer.you_{what}") + "\n\n" + facts(it, call, t, now), keyboard(rows)
