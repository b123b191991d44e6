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

from datetime import datetime

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cards import NAME_LENGTH, summary
from bot.texts import Texts
from bot.untrusted import cut, inline, units
from models import requesters, words
from models.people import Person
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Side, Words

ONE_LENGTH = 500
MOST = 3600
ICONS = {Side.STAFF: "💬", Side.NOTE: "📝"}


async def draw(session: AsyncSession, about: Ticket, t: Texts, now: datetime, *, merged: bool) -> str:
    """As HTML; `merged` when it is shown below another ticket's card."""
    rows: list[str] = []
    length = 0
    said = await words.said.about(session, about.id)
    for each in reversed(said):
        text = t("told.withdrawn") if each.retracted_at else str(Markup("{}").format(_text(each)))
        row = str(
            Markup("{} <b>{}</b> · {}\n{}").format(
                await _icon(session, each), await _who(session, each, t), t.stamp(each.at, now), Markup(text)
            )
        )
        length += units(row) + 1
        if length > MOST:
            rows.append(t.n("told.earlier", len(said) - len(rows)))
            break
        rows.append(row)
    head = t("told.merged", number=about.id) if merged else t("told.so_far", number=about.id)
    return "\n".join([head, *reversed(rows)])


def _text(each: Words) -> str:
    return cut(summary(each.content), ONE_LENGTH) or "—"


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
