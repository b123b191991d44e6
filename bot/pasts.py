"""What has happened to a ticket, from its first word on: as staff may read it, and as a student may.

A step is a line; below it stands what was said with it, and where words were edited, what they had said before. Staff
read names, reasons and notes. A student reads their own words and those of staff: never a note, never what
another student said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.aliases import called
from bot.summaries import summary
from bot.texts import Texts
from bot.untrusted import inline, units
from models import questions, tickets, words
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.tickets import Event, Ticket
from models.words import EarlierWords, Side, Words

NAME_LENGTH = 40
SAID_LENGTH = 300
REASON_LENGTH = 300
PAGE = 3000
"""So many characters of HTML are a page: less than Telegram takes, and already long on a phone."""

SIGNS = {Side.STUDENT: "🗣", Side.STAFF: "💬", Side.NOTE: "📝"}
_OTHERS = {"note", "join", "leave", "assign", "priority", "tag", "project", "split", "take_in", "give_out"}
_OTHERS |= {"fold", "unfold"}
"""Steps that are the station's own business or name other students."""

_STEP, _SAID, _CHANGED = range(3)
"""Of what happened at the same moment the step comes first, then what was said with it."""


async def for_staff(session: AsyncSession, ticket: Ticket, t: Texts, now: datetime) -> list[str]:
    """All of it, a paragraph of HTML each, the oldest first."""
    events, said = await tickets.timeline(session, ticket.id), await words.said.about(session, ticket.id)
    before = await words.earlier(session, ticket.id)
    places = {
        place.id: place for place in await session.scalars(select(Requester).where(Requester.ticket_id == ticket.id))
    }
    numbers = {e.staff_id for e in events} | {w.staff_id for w in said} | {p.person_id for p in places.values()}
    people: dict[int, Person] = {p.id: p for p in await questions.fetch(session, Person, numbers - {None})}
    names = {number: inline(person.name, NAME_LENGTH) for number, person in people.items()}
    desks = {place.key: inline(t.pick(place.names), NAME_LENGTH) for place in await session.scalars(select(Station))}

    def who(each: Words) -> str:
        if each.side is not Side.STUDENT:
            return names.get(each.staff_id or 0) or "—"
        place = places.get(each.requester_id or 0)
        if place is None or place.anonymous:
            return called(t, place) if place is not None else t.plain("card.anonymous")
        return names.get(place.person_id or 0) or t.plain("card.student")

    found = [(e.at, _STEP, _step(e, names, desks, t, now)) for e in events]
    found += [(w.at, _SAID, _said(w, who(w), t)) for w in said]
    found += [(b.until, _CHANGED, _changed(w, b, who(w), t, now)) for w, b in before]
    return [line for _, _, line in sorted(found, key=lambda each: each[:2])]


async def for_requester(session: AsyncSession, ticket: Ticket, place: Requester, t: Texts, now: datetime) -> list[str]:
    """What one who waits may know of it, the oldest first."""
    events = [e for e in await tickets.timeline(session, ticket.id) if is_told(e, place)]
    us = t.plain("past.station")

    def theirs(each: Words) -> bool:
        return each.side is Side.STAFF or (each.side is Side.STUDENT and each.requester_id == place.id)

    def who(each: Words) -> str:
        return us if each.side is Side.STAFF else t.plain("past.you")

    found = [(e.at, _STEP, told(e, t, now)) for e in events]
    found += [(w.at, _SAID, _said(w, who(w), t)) for w in await words.said.about(session, ticket.id) if theirs(w)]
    found += [
        (b.until, _CHANGED, _changed(w, b, who(w), t, now))
        for w, b in await words.earlier(session, ticket.id)
        if theirs(w)
    ]
    return [line for _, _, line in sorted(found, key=lambda each: each[:2])]


def is_told(event: Event, place: Requester) -> bool:
    """Whether a step is this student's to know: not what other students have added, and not how they rated."""
    return event.action not in _OTHERS and (event.detail or {}).get("who") in (None, place.number)


def told(event: Event, t: Texts, now: datetime) -> str:
    """A step as a student reads it."""
    return t("mine.event", moment=t.moment(event.at, now), what=t.plain(f"event.{event.action}"))


def pages(lines: Sequence[str]) -> list[str]:
    """The paragraphs as pages, the newest page first; each reads from above to below."""
    found: list[list[str]] = [[]]
    for line in lines:
        if found[-1] and units("\n".join([*found[-1], line])) > PAGE:
            found.append([])
        found[-1].append(line)
    return ["\n".join(page) for page in reversed(found)]


def _step(event: Event, names: Mapping[int, str], desks: Mapping[str, str], t: Texts, now: datetime) -> str:
    detail: Mapping[str, Any] = event.detail or {}
    what = t.plain(f"desk_event.{event.action}")
    moment, who = t.stamp(event.at, now), names.get(event.staff_id or 0)
    rows = [t("past.step_by", moment=moment, what=what, who=who) if who else t("past.step", moment=moment, what=what)]
    place = detail.get("to") or detail.get("station")
    if isinstance(place, str):
        rows.append(t("past.place", station=desks.get(place, place)))
    reason = detail.get("reason") or ""
    if reason:
        shown = inline(t.pick(reason) if isinstance(reason, dict) else str(reason), REASON_LENGTH)
        rows.append(t("card.reason", reason=shown))
    return "\n".join(rows)


def _said(each: Words, who: str, t: Texts) -> str:
    if each.retracted_at is not None:
        text = t.plain("words.retracted")
    else:
        text = " ".join(filter(None, (_short(each.content), t.plain("card.edited") if each.edited_at else "")))
    return t("past.said", sign=SIGNS[each.side], who=who, words=text)


def _changed(each: Words, before: EarlierWords, who: str, t: Texts, now: datetime) -> str:
    return t("past.changed", moment=t.stamp(before.until, now), who=who, before=_short(before.content))


def _short(content: Mapping[str, Any]) -> str:
    return inline(summary(content), SAID_LENGTH) or "—"
