"""Everything that has been said and noted about a ticket, in one message that is read from above to below: for a place
that takes it over, and below the card of a ticket that another has been merged into.

    📜 #12 so far
    🙂 Student · Mon 12 Oct 09:30
    The tap drips …
    💬 Wang · Mon 12 Oct 10:05
    The plumber comes at three

Pictures are signs here; where they were sent they still are. What does not fit is left out at the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.summaries import NAME_LENGTH, summary
from bot.texts import Texts
from bot.untrusted import cut, inline, units
from models import requesters, words
from models.people import Person
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Side, Words

ONE_LENGTH = 500
MOST = 3000
"""HTML of what was said in one message; what stands around it leaves that under Telegram's limit."""
ICONS = {Side.STAFF: "💬", Side.NOTE: "📝"}


async def draw(session: AsyncSession, ticket: Ticket, about: Sequence[int], t: Texts, now: datetime) -> str:
    """What was said about these tickets, as HTML below the card of `ticket`, which may be one of them."""
    return "\n\n".join(
        [await _one(session, number, t, now, number != ticket.id, MOST // len(about)) for number in about]
    )


async def _one(session: AsyncSession, number: int, t: Texts, now: datetime, merged: bool, most: int) -> str:
    rows: list[str] = []
    length = 0
    said = await words.said.about(session, number)
    for each in reversed(said):
        text = (
            t("told.withdrawn")
            if each.retracted_at
            else str(Markup("{}").format(_text(each, min(ONE_LENGTH, most // 2))))
        )
        row = str(
            Markup("{} <b>{}</b> · {}\n{}").format(
                await _icon(session, each), await _who(session, each, t), t.stamp(each.at, now), Markup(text)
            )
        )
        length += units(row) + 1
        if length > most:
            rows.append(t.n("told.earlier", len(said) - len(rows)))
            break
        rows.append(row)
    head = t("told.merged", number=number) if merged else t("told.so_far", number=number)
    return "\n".join([head, *reversed(rows)])


def _text(each: Words, most: int) -> str:
    return cut(summary(each.content), most) or "—"


async def _icon(session: AsyncSession, each: Words) -> str:
    if each.side is not Side.STUDENT:
        return ICONS[each.side]
    requester = await session.get(Requester, each.requester_id) if each.requester_id else None
    return "🕶" if requester is None or requester.anonymous else "🙂"


async def _who(session: AsyncSession, each: Words, t: Texts) -> str:
    if each.side is not Side.STUDENT:
        person = await session.get(Person, each.staff_id) if each.staff_id else None
        return inline(person.name, NAME_LENGTH) if person is not None else "—"
    requester = await session.get(Requester, each.requester_id) if each.requester_id else None
    name = t.plain("card.anonymous" if requester is None or requester.anonymous else "card.student")
    waiting = await requesters.waiting.about(session, each.ticket_id)
    return f"{name} {requester.number}" if requester is not None and len(waiting) > 1 else name
