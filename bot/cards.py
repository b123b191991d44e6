"""What a ticket looks like in the staff chat: one message to be read at a glance on a phone, edited in place (law 7).

A card names an anonymous requester by number and nothing else. All words of people are shortened before they are escaped, so that the whole
stays within Telegram's 4096 characters whatever they contain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.config import Settings
from bot.texts import Texts
from models import requesters, words
from models.outbox import Outgoing, Sending
from models.people import Person
from models.requesters import Requester
from models.stations import Station
from models.tickets import ENDED, OPEN, State, Ticket
from models.words import Content, Side, Words

FIRST_WORDS = 900
NOTE_LENGTH = 200
NAME_LENGTH = 40

KIND_ICONS = {"complaint": "📣", "need": "🙋", "suggestion": "💡", "question": "❓", "thanks": "💐"}
PRIORITY_ICONS = ("", "🔶 ", "🔴 ")
MEDIA_ICONS = {
    "photo": "🖼",
    "video": "🎬",
    "voice": "🎤",
    "video_note": "🎬",
    "audio": "🎵",
    "document": "📎",
    "sticker": "🏷",
    "location": "📍",
    "venue": "📍",
    "contact": "👤",
    "animation": "🎞",
}


@dataclass(frozen=True)
class Drawn:
    """A card ready to be sent: HTML and keyboard."""

    text: str
    keyboard: dict[str, Any]


async def draw(
    session: AsyncSession, ticket: Ticket, station: Station, t: Texts, settings: Settings, now: datetime
) -> Drawn:
    """The ticket as it is now, as this station sees it."""
    said = await words.of_ticket(session, ticket.id)
    waiting = await requesters.of_ticket(session, ticket.id)
    holder = await session.get(Person, ticket.claimed_by_id) if ticket.claimed_by_id else None
    last_answer = await _last_answer(session, ticket)
    unsure = last_answer is not None and last_answer.state in (Sending.UNKNOWN, Sending.FAILED)
    lines = [_head(ticket, t), _place(ticket, t, settings)]
    if ticket.station_id != station.id:
        to = await session.get_one(Station, ticket.station_id)
        lines.append(t("card.offered_to", station=t.pick(to.names)))
        return Drawn("\n".join(lines), keyboards.card(t, ticket, station, unsure=False))
    if waiting:
        lines.append(_who(await _names(session, waiting), waiting, t))
    lines += ["", _words([w for w in said if w.side is Side.STUDENT], t), ""]
    lines.append(t("card.state", state=t.plain(f"state.{ticket.state}"), holder=_short(holder.name) if holder else "—"))
    if ticket.state in OPEN:
        lines += _due(ticket, t, now)
    if ticket.urged:
        lines.append(t.n("card.urged", ticket.urged))
    if ticket.escalation:
        lines.append(t(f"card.escalated.{min(ticket.escalation, 3)}"))
    if last_answer is not None and (status := _delivery(last_answer, waiting, t)):
        lines.append(status)
    notes = [w for w in said if w.side is Side.NOTE]
    if notes:
        lines.append(t("card.note", text=_cut(str(notes[-1].content.get("text", "")), NOTE_LENGTH)))
    if ticket.state in (State.RESOLVED, *ENDED):
        lines += _outcome(waiting, t)
    return Drawn("\n".join(lines), keyboards.card(t, ticket, station, unsure=unsure))


def _head(ticket: Ticket, t: Texts) -> str:
    icon = KIND_ICONS[ticket.kind]
    return t("card.head", urgency=PRIORITY_ICONS[ticket.priority], icon=icon, number=ticket.id, kind=t.plain(f"kind.{ticket.kind}"))


def _place(ticket: Ticket, t: Texts, settings: Settings) -> str:
    building = t.pick(settings.building_names(ticket.building)) if ticket.building else t.plain("building.no")
    return t("card.place", category=t.pick(settings.category_path(ticket.category)), building=building)


async def _names(session: AsyncSession, waiting: Sequence[Requester]) -> dict[int, str]:
    ids = [r.person_id for r in waiting if r.person_id is not None]
    rows = await session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {person: name for person, name in rows}


def _who(names: dict[int, str], waiting: Sequence[Requester], t: Texts) -> str:
    first = waiting[0]
    who = _short(names[first.person_id]) if first.person_id is not None else t.plain("card.anonymous")
    return t("card.who", who=who) if len(waiting) == 1 else t.n("card.who_many", len(waiting) - 1, who=who)


def _words(said: Sequence[Words], t: Texts) -> str:
    parts = []
    for each in said:
        edited = t.plain("card.edited") if each.edited_at else ""
        parts.append(" ".join(x for x in (summary(each.content), edited) if x))
    text = "\n".join(part for part in parts if part)
    return str(Markup("<blockquote expandable>{}</blockquote>").format(_cut(text, FIRST_WORDS) or "—"))


def summary(content: Content) -> str:
    """One message in one line: a sign for what is not words, and the words."""
    icon = MEDIA_ICONS.get(str(content["type"]), "")
    detail = content.get("title") or content.get("file_name") or content.get("emoji") or ""
    return " ".join(str(x) for x in (icon, detail if icon else "", str(content.get("text", "")).strip()) if x)


def _due(ticket: Ticket, t: Texts, now: datetime) -> list[str]:
    """The next deadline that is still to be met, and whether it has passed."""
    steps = [("claim", ticket.claim_due if ticket.claimed_by_id is None else None)]
    steps.append(("reply", ticket.reply_due if ticket.replied_at is None else None))
    steps.append(("resolve", ticket.resolve_due))
    for step, due in steps:
        if due is not None:
            if due <= now:
                return [t(f"card.overdue.{step}", moment=t.moment(due, now))]
            return [t(f"card.due.{step}", moment=t.moment(due, now))]
    return []


async def _last_answer(session: AsyncSession, ticket: Ticket) -> Outgoing | None:
    row: Outgoing | None = await session.scalar(
        select(Outgoing)
        .where(Outgoing.ticket_id == ticket.id, Outgoing.letter == "words", Outgoing.requester_id.is_not(None))
        .order_by(Outgoing.id.desc())
        .limit(1)
    )
    return row


def _delivery(row: Outgoing, waiting: Sequence[Requester], t: Texts) -> str:
    if any(r.id == row.requester_id and not r.reachable for r in waiting):
        return t("card.delivery.blocked")
    key = {Sending.SENT: "sent", Sending.UNKNOWN: "unknown", Sending.FAILED: "failed"}.get(row.state, "waiting")
    return t(f"card.delivery.{key}")


def _outcome(waiting: Sequence[Requester], t: Texts) -> list[str]:
    lines = []
    yes, no = sum(r.solved is True for r in waiting), sum(r.solved is False for r in waiting)
    if yes or no:
        lines.append(t("card.solved", yes=yes, no=no))
    for requester in waiting:
        if requester.rating is not None:
            stars = "★" * requester.rating + "☆" * (5 - requester.rating)
            lines.append(t("card.rating", stars=stars, remark=_cut(requester.remark or "", NOTE_LENGTH)))
    return lines[:6]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _short(name: str) -> str:
    """A name inside a direction isolate: right-to-left letters in it do not turn the line around."""
    return f"\u2068{_cut(name, NAME_LENGTH)}\u2069"
