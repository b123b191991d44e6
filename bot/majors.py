"""Major matters as supervisors and report readers see them: facts of the ticket and words of the matter, never who the
student is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter
from bot.keyboards import Press, button, keyboard
from bot.summaries import excerpt
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from models import cases, majors, people, tickets, words
from models.majors import Major, MajorState
from models.outbox import Outgoing
from models.people import Person, Role
from models.words import Side

SIGN = "↩️"
"""A reply to a prompt with this sign is the reason for sending back."""
NAME_LENGTH = 40
REASON_LENGTH = 300


@dataclass(frozen=True)
class Decide(Press, prefix="zj"):
    """A step with a major matter: approve, back, got."""

    act: str
    major: int


def keys(t: Texts, major: Major, *, reader: bool) -> dict[str, Any] | None:
    """What can be done with it now."""
    if reader:
        return keyboard([[button(t.plain("major.do.got"), Decide("got", major.id))]])
    if major.state is not MajorState.PROPOSED:
        return None
    approve = button(t.plain("major.do.approve"), Decide("approve", major.id))
    return keyboard([[approve], [button(t.plain("major.do.back"), Decide("back", major.id))]])


async def text(session: AsyncSession, major: Major, t: Texts, toolbox: Toolbox, now: datetime) -> str:
    """The matter with its facts."""
    ticket, settings = await tickets.get(session, major.ticket_id), toolbox.settings
    station = await tickets.responsible(session, ticket)
    proposer = await session.get_one(Person, major.proposed_by_id)
    said = [w.content for w in await words.said.about(session, ticket.id) if w.side is Side.STUDENT]
    building = t.pick(settings.building_names(ticket.building)) if ticket.building else t.plain("building.no")
    rows = [
        t("major.head", number=ticket.id, kind=t.plain(f"kind.{ticket.kind}")),
        t("major.place", category=t.pick(settings.category_path(ticket.category)), building=building),
        t("major.filed", moment=t.stamp(ticket.filed_at, now), state=t.plain(f"state.{ticket.state}")),
        t("major.words", words=excerpt(said) or "—"),
        t(
            "major.reason",
            station=t.pick(station.names),
            name=inline(proposer.name, NAME_LENGTH),
            reason=inline(major.reason, REASON_LENGTH),
        ),
    ]
    if major.decided_by_id is not None and major.decided_at is not None:
        by = inline((await session.get_one(Person, major.decided_by_id)).name, NAME_LENGTH)
        remark = inline(major.remark or "", REASON_LENGTH)
        moment = t.stamp(major.decided_at, now)
        rows.append(t(f"major.is.{major.state}", name=by, moment=moment, remark=remark).rstrip(" ·"))
    return "\n".join(rows)


async def draw(session: AsyncSession, row: Outgoing, toolbox: Toolbox, now: datetime, chat_id: int) -> Letter:
    """The matter for the supervisors' group or for a report reader; nothing for anybody else who sits there by now."""
    payload = row.payload or {}
    major = await majors.get(session, payload["major"])
    if chat_id < 0:
        room = await cases.room(session)
        if room is None or room.chat_id != chat_id:
            return Letter()
        t = toolbox.t(room.language)
    else:
        if Role.READER not in await people.roles(session, chat_id):
            return Letter()
        reader = await people.by_telegram_id(session, chat_id)
        t = toolbox.t(reader.language if reader else None)
    params: dict[str, Any] = {
        "chat_id": chat_id,
        "text": await text(session, major, t, toolbox, now),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    below = keys(t, major, reader=chat_id > 0)
    if below is not None:
        params["reply_markup"] = below
    return Letter([Call("sendMessage", params)])
