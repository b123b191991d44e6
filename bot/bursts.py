"""What is folded under a ticket (`models/bursts.py`) as staff see it: a line on its card, the list behind it, a word in
what is told of it. Prefixes of these buttons begin with `b`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.keyboards import Choice, Press, keyboard
from bot.texts import Texts
from bot.untrusted import inline
from models import bursts
from models.tickets import Ticket

ON_CARD = 6
A_PAGE = 8
SUBJECT_LENGTH = 60


@dataclass(frozen=True)
class Folded(Press, prefix="bf"):
    """A page of those that are folded under a ticket; `below` when a list stands there already."""

    ticket: int
    page: int
    below: bool


@dataclass(frozen=True)
class Out(Press, prefix="bo"):
    """Take this one out: it is something else. `page` is where it stood."""

    ticket: int
    page: int


def numbers(t: Texts, first: Sequence[int], count: int) -> str:
    """The first of so many, and how many more."""
    shown = " ".join(f"#{number}" for number in first)
    return f"{shown} {t.plain('burst.more', count=count - len(first))}" if count > len(first) else shown


async def line(session: AsyncSession, ticket: Ticket, t: Texts, now: datetime) -> list[str]:
    """On the card: how many, since when, and that they are answered with it."""
    found = await bursts.of(session, ticket, ON_CARD)
    if not found.count or found.since is None:
        return []
    shown = numbers(t, found.numbers, found.count)
    return [t.n("burst.card", found.count, since=t.stamp(found.since, now), numbers=shown)]


def button(t: Texts, ticket: Ticket) -> dict[str, Any]:
    """The way from the card to the list."""
    return keyboards.button(t.plain("burst.show"), Folded(ticket.id, 0, False))


async def along(session: AsyncSession, ticket: Ticket, t: Texts) -> str:
    """Below what is told of a ticket: whom else it is about; empty when nobody."""
    count = (await bursts.of(session, ticket)).count
    return "\n" + t.n("burst.along", count) if count else ""


async def listed(session: AsyncSession, ticket: Ticket, page: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """A page of them, each with a button that takes it out."""
    count = (await bursts.of(session, ticket)).count
    last = max(0, (count - 1) // A_PAGE)
    page = min(page, last)
    found = await bursts.page(session, ticket, page * A_PAGE, A_PAGE)
    close = keyboards.button(t.plain("burst.close"), Choice("cancel", ticket.id, ""))
    if not found:
        return t("burst.none", number=ticket.id), keyboard([])
    rows = [
        t("merge.row", number=each.id, count=each.requesters, subject=inline(each.subject, SUBJECT_LENGTH))
        for each in found
    ]
    outs = [keyboards.button(t.plain("burst.out", number=each.id), Out(each.id, page)) for each in found]
    turns = []
    if page > 0:
        turns.append(keyboards.button(t.plain("burst.earlier"), Folded(ticket.id, page - 1, True)))
    if page < last:
        turns.append(keyboards.button(t.plain("burst.later"), Folded(ticket.id, page + 1, True)))
    head = t.n("burst.list", count, number=ticket.id, page=page + 1, pages=last + 1)
    return "\n".join([head, *rows]), keyboard([*[outs[i : i + 2] for i in range(0, len(outs), 2)], turns, [close]])
