"""What is handed over, in a chat: at the end of a shift the open tickets, at a change of the executive chair everything
that is open and has a day; with a button for either side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.keyboards import button, keyboard
from bot.rosters import MOST_TICKETS, SUBJECT_LENGTH, HandOver, Screen, first_name, mention
from bot.texts import Texts
from bot.untrusted import inline
from models import colleagues, handovers, tickets
from models.handovers import Handover, Side, Signature
from models.people import Person
from models.tickets import Ticket
from models.union import rota
from models.union.matters import LISTED
from models.union.posts import PostTerm

TITLE_LENGTH = 40


async def draw(session: AsyncSession, number: int, t: Texts, now: datetime) -> Screen:
    """A handover as it is now, with a button for each side that has not confirmed it. Raises Refusal when there is
    none.
    """
    handover, sides = await handovers.get(session, number)
    if handover.turn_id is not None:
        return await _chair(session, handover, sides, t, now)
    at = t.stamp(handover.at, now)
    if not handover.tickets:
        return t("handover.nothing", at=at), keyboard([])
    lines = [t.n("handover.title", len(handover.tickets), at=at), ""]
    lines += [
        await _open(session, await session.get_one(Ticket, each), t, now) for each in handover.tickets[:MOST_TICKETS]
    ]
    if len(handover.tickets) > MOST_TICKETS:
        lines.append(t.n("handover.more", len(handover.tickets) - MOST_TICKETS))
    return await _to_sign(session, "\n".join(lines), sides, t, now)


async def _to_sign(session: AsyncSession, text: str, sides: Sequence[Signature], t: Texts, now: datetime) -> Screen:
    """The same with what both sides have said, and what either can press."""
    lines = [await _side(session, signature, t, now) for signature in sides]
    buttons = [
        button(t.plain(f"handover.sign.{each.side}"), HandOver(each.handover_id, each.side is Side.INCOMING))
        for each in sides
        if each.signed_at is None
    ]
    return "\n".join([text, "", *lines]), keyboard([buttons] if buttons else [])


async def _open(session: AsyncSession, ticket: Ticket, t: Texts, now: datetime) -> str:
    holder = await session.get(Person, ticket.claimed_by_id) if ticket.claimed_by_id else None
    due = min((due for _, due in ticket.unmet()), default=None)
    key = "handover.line" if due is None or due > now else "handover.line_overdue"
    return t(
        key if due is not None else "handover.line_undated",
        number=ticket.id,
        subject=inline(ticket.subject, SUBJECT_LENGTH),
        holder=first_name(holder) if holder else t.plain("handover.unheld"),
        due=t.stamp(due, now) if due is not None else "",
    )


async def _side(session: AsyncSession, signature: Signature, t: Texts, now: datetime) -> str:
    if signature.signed_by_id is None or signature.signed_at is None:
        people = await colleagues.by_ids(session, signature.people)
        called = Markup(t.plain("duty.comma")).join(mention(p.telegram_id, p.name) for p in people)
        return t(f"handover.waits.{signature.side}", names=called)
    signer = await session.get_one(Person, signature.signed_by_id)
    return t(f"handover.signed.{signature.side}", name=signer.name, at=t.stamp(signature.signed_at, now))


# ---------------------------------------------------------------- the executive chair


async def _chair(
    session: AsyncSession, handover: Handover, sides: Sequence[Signature], t: Texts, now: datetime
) -> Screen:
    assert handover.turn_id is not None
    assert handover.matters is not None
    into = await rota.get(session, handover.turn_id)
    previous = await rota.before(session, into.turn)
    today = now.astimezone(t.timezone).date()
    day, name = t.day(into.turn.starts, today), inline(into.term.name, TITLE_LENGTH)
    if previous is None:
        head = t("chair.first", day=day, name=name)
    else:
        head = t("chair.title", day=day, name=name, giver=inline(previous.term.name, TITLE_LENGTH))
    parts = [head, *await _matters(session, handover.matters, t, now)]
    if len(parts) == 1:
        parts.append(t("chair.nothing"))
    return await _to_sign(session, "\n\n".join(parts), sides, t, now)


async def _matters(session: AsyncSession, found: Mapping[str, Any], t: Texts, now: datetime) -> list[str]:
    """A paragraph for each kind of which there is anything."""
    today = now.astimezone(t.timezone).date()

    def day(text: str | None) -> str:
        return t.day(datetime.fromisoformat(text).astimezone(t.timezone).date(), today) if text else "—"

    paragraphs = [
        [
            t("chair.place", name=t.pick(each["names"]), open=each["open"])
            + (t("chair.overdue", count=each["overdue"]) if each["overdue"] else "")
            for each in found["places"]
        ],
        [await _numbered(session, number, t, now) for number in found["tickets"]],
        [t("chair.project", number=each["number"], title=_short(each["title"])) for each in found["projects"]],
        [
            t("chair.survey", title=_short(t.pick(each["titles"])), until=day(each["until"]))
            for each in found["surveys"]
        ],
        [t("chair.round", semester=each["semester"], until=day(each["until"])) for each in found["rounds"]],
        [
            t("chair.publication", number=each["number"], title=_short(t.pick(each["titles"])))
            for each in found["publications"]
        ],
        [
            t("chair.gathering", title=_short(t.pick(each["titles"])), at=day(each["at"]))
            for each in found["gatherings"]
        ],
        [
            t(
                "chair.term",
                name=_short((await session.get_one(PostTerm, each["term"])).name),
                until=t.day(date.fromisoformat(each["until"]), today),
            )
            for each in found["terms"]
        ],
    ]
    heads = ("places", "tickets", "projects", "surveys", "rounds", "publications", "gatherings", "terms")
    return [
        "\n".join(
            [
                t(f"chair.{head}"),
                *lines[:LISTED],
                *([t.n("handover.more", len(lines) - LISTED)] if len(lines) > LISTED else []),
            ]
        )
        for head, lines in zip(heads, paragraphs, strict=True)
        if lines
    ]


async def _numbered(session: AsyncSession, number: int, t: Texts, now: datetime) -> str:
    """A ticket by its number, its place and its day only: what it says is read where it is."""
    ticket = await session.get_one(Ticket, number)
    due = min((due for _, due in ticket.unmet()), default=None)
    key = "chair.ticket_done" if due is None else "chair.ticket" if due > now else "chair.ticket_overdue"
    place = t.pick((await tickets.responsible(session, ticket)).names)
    return t(key, number=number, place=place, due=t.stamp(due, now) if due is not None else "")


def _short(text: str) -> str:
    return inline(text, TITLE_LENGTH)
