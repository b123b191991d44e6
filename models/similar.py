"""Has somebody said this already? Open tickets that read alike, offered before a new one is filed.

RapidFuzz over the open tickets of the same building or category. Chinese has no blanks between words, so both the
texts as written and their character pairs are compared; the better of the two counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.house import House
from models.lifecycle import OPEN, Kind
from models.tickets import FOLDED_LENGTH, Ticket

ENOUGH = 62.0
"""From this score (0–100) on a ticket is offered: below, people are asked about things that have nothing in common."""
SHOWN = 3
READ_AT_MOST = 2000


@dataclass(frozen=True)
class Alike:
    """A ticket that reads like the new words, and how much (0–100)."""

    ticket: Ticket
    score: float


def pairs(text: str) -> str:
    """The characters two by two, as words: how much two Chinese sentences share shows in these."""
    joined = text.replace(" ", "")
    return " ".join(sorted({joined[i : i + 2] for i in range(len(joined) - 1)})) or joined


def likeness(one: str, other: str) -> float:
    """How alike two folded texts read, 0–100."""
    words = fuzz.token_set_ratio(one, other) if " " in one and " " in other else fuzz.ratio(one, other)
    ours, theirs = set(pairs(one).split()), set(pairs(other).split())
    shared = 100.0 * 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours and theirs else 0.0
    return max(words, shared)


def may_be_offered(kind: Kind, place: str | None, building: str | None) -> bool:
    """Whether a ticket of this kind and place may be shown to somebody whose matter is in this building.

    Thanks are nobody else's, and the same trouble in another building is another trouble: it needs its own pair of
    hands.
    """
    return kind is not Kind.THANKS and (building is None or place in (None, building))


async def find(
    session: AsyncSession, text: str, *, kind: Kind, category: str, building: str | None, house: House
) -> list[Alike]:
    """The open tickets of this building or category that read most like `text`, best first, at most `SHOWN`; none for
    thanks.
    """
    wanted = house.fold(text)[:FOLDED_LENGTH]
    if kind is Kind.THANKS or len(wanted) < 4:
        return []
    near = [Ticket.category == category]
    if building is not None:
        near.append(Ticket.building == building)
    rows = await session.execute(
        select(Ticket.id, Ticket.folded, Ticket.kind, Ticket.building)
        .where(Ticket.state.in_(OPEN), Ticket.kind != Kind.THANKS, or_(*near))
        .order_by(Ticket.id.desc())
        .limit(READ_AT_MOST)
    )
    scored = [
        (score, number)
        for number, folded, its_kind, place in rows
        if may_be_offered(its_kind, place, building) and (score := likeness(wanted, folded)) >= ENOUGH
    ]
    best = sorted(scored, reverse=True)[:SHOWN]
    return [Alike(await session.get_one(Ticket, number), score) for score, number in best]
