"""The executive chair goes round among the presidium (measure 6): who has it, who has it next.

the members in an order, a pace, a day ─▶ turns until their terms end
a member comes later                   ─▶ it is seen that they are in none, until somebody plans anew
a member leaves earlier                ─▶ what would have been theirs goes to whoever had it longest ago
a turn begins                          ─▶ what is open is handed over (`matters.py`)
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit
from models.base import Base, Key
from models.errors import Refusal
from models.people import Person
from models.union import posts
from models.union.posts import Holding, PostTerm, Rank

ONE_DAY = timedelta(days=1)
MOST_TURNS = 60


class Pace(enum.StrEnum):
    """How long a turn is."""

    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"

    def next(self, first: date) -> date:
        """The first day of the turn after the one that begins on this day; of a month the same day of the next, which
        every month has: the 28th for those after it.
        """
        if self is not Pace.MONTH:
            return first + timedelta(days=7 if self is Pace.WEEK else 14)
        year, month = divmod(first.year * 12 + first.month, 12)
        return date(year, month + 1, min(first.day, 28))


class ChairTurn(Base):
    """Somebody is the executive chair from one day to another; both belong to it."""

    __tablename__ = "chair_turns"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("post_terms.id"), index=True)
    starts: Mapped[date] = mapped_column(unique=True)
    ends: Mapped[date]
    begun: Mapped[bool] = mapped_column(default=False)
    """It has begun, and what was open has been handed over: it is not changed any more."""


@dataclass(frozen=True)
class Chair:
    """A turn with whose it is."""

    turn: ChairTurn
    term: PostTerm


async def turns(session: AsyncSession, since: date, most: int = MOST_TURNS) -> list[Chair]:
    """The turns that are not over before this day, in their order."""
    rows = await session.execute(
        select(ChairTurn, PostTerm)
        .join(PostTerm, PostTerm.id == ChairTurn.term_id)
        .where(ChairTurn.ends >= since)
        .order_by(ChairTurn.starts)
        .limit(most)
    )
    return [Chair(turn, term) for turn, term in rows]


async def get(session: AsyncSession, number: int) -> Chair:
    """The turn with this number. Raises Refusal when there is none."""
    turn = await session.get(ChairTurn, number)
    if turn is None:
        raise Refusal("rota.gone")
    return Chair(turn, await session.get_one(PostTerm, turn.term_id))


async def before(session: AsyncSession, turn: ChairTurn) -> Chair | None:
    """Who hands over to this one: the turn that ended before it began, if there was any."""
    row = (
        await session.execute(
            select(ChairTurn, PostTerm)
            .join(PostTerm, PostTerm.id == ChairTurn.term_id)
            .where(ChairTurn.ends < turn.starts)
            .order_by(ChairTurn.starts.desc())
            .limit(1)
        )
    ).first()
    return Chair(*row) if row is not None else None


async def members(session: AsyncSession, since: date) -> list[Holding]:
    """The presidium from this day on, also who comes to it later."""
    found = await posts.holdings(session, since, since + posts.LONGEST)
    return [each for each in found if each.post.rank is Rank.PRESIDIUM]


async def left_out(session: AsyncSession, today: date) -> list[PostTerm]:
    """Members who came after the turns were planned and are in none; nobody while there are none."""
    if not await turns(session, today, 1):
        return []
    has = set(await session.scalars(select(ChairTurn.term_id).distinct()))
    return [each.term for each in await members(session, today) if each.term.id not in has]


async def plan(session: AsyncSession, pace: Pace, first: date, today: date, now: datetime, staff: Person) -> int:
    """The chair goes round from this day on, beginning with whoever had it longest ago, until the last of their terms
    ends; what was planned from then on is planned anew. Returns how many turns there are. Raises Refusal for a day that
    is over, and without anybody.
    """
    await posts.locked(session)
    if first < today:
        raise Refusal("rota.past")
    them = [each.term for each in await members(session, first)]
    if not any(term.covers(first) for term in them):
        raise Refusal("rota.nobody")
    for each in await turns(session, first - ONE_DAY):
        if each.turn.begun and each.turn.starts >= first:
            raise Refusal("rota.begun")
        if each.turn.starts < first <= each.turn.ends:
            each.turn.ends = first - ONE_DAY
    await session.execute(delete(ChairTurn).where(ChairTurn.starts >= first))
    had = await _had(session, first)
    count, begins = 0, first
    while count < MOST_TURNS:
        taker = _next(them, had, begins)
        if taker is None:
            break
        ends = min(pace.next(begins) - ONE_DAY, taker.ends)
        had[taker.id] = begins
        session.add(ChairTurn(term_id=taker.id, starts=begins, ends=ends))
        count, begins = count + 1, ends + ONE_DAY
    await session.flush()
    day = first.isoformat()
    await audit.record(session, "rota_plan", now, staff=staff, pace=pace, day=day, turns=count)
    return count


def _next(them: Sequence[PostTerm], had: dict[int, date], day: date) -> PostTerm | None:
    """Of those who are members on this day, whoever had it longest ago."""
    there = [term for term in them if term.covers(day)]
    return min(there, key=lambda term: (had.get(term.id, date.min), term.starts, term.id), default=None)


async def _had(session: AsyncSession, day: date) -> dict[int, date]:
    """When each had the chair last before this day."""
    last = select(ChairTurn.term_id, func.max(ChairTurn.starts)).where(ChairTurn.starts < day)
    return {term: starts for term, starts in await session.execute(last.group_by(ChairTurn.term_id))}  # noqa: C416


async def give(session: AsyncSession, turn: ChairTurn, term: PostTerm, now: datetime, staff: Person) -> None:
    """Somebody else takes this turn. Raises Refusal for one that has begun, and for whoever leaves before it ends."""
    # The clock may be handing it over at this moment, or somebody plans anew.
    if await session.get(ChairTurn, turn.id, with_for_update=True, populate_existing=True) is None:
        raise Refusal("rota.gone")
    if turn.begun:
        raise Refusal("rota.begun")
    post = await posts.get_post(session, term.post_id)
    if post.rank is not Rank.PRESIDIUM or not (term.covers(turn.starts) and term.covers(turn.ends)):
        raise Refusal("rota.no_member", name=term.name)
    turn.term_id = term.id
    await session.flush()
    await audit.record(session, "rota_give", now, staff=staff, turn=turn.id, term=term.id)


async def after_an_end(session: AsyncSession, term: PostTerm) -> None:
    """A member's term has been cut: the rest of a turn and the turns after it go to whoever had the chair longest ago;
    where nobody is left, to nobody. Of a turn that has begun the first day stays theirs: it was handed over to them.
    """
    rest = [each.turn for each in await turns(session, term.ends) if each.term.id == term.id]
    if not rest:
        return
    last = term.ends + ONE_DAY
    them = [each.term for each in await members(session, last) if each.term.id != term.id]
    for turn in rest:
        if turn.ends <= term.ends:
            continue
        begins = max(turn.starts + ONE_DAY * turn.begun, last)
        taker = _next(them, await _had(session, begins), begins)
        if turn.starts < begins:
            ends, turn.ends = turn.ends, begins - ONE_DAY
            await session.flush()
            if taker is not None and begins <= ends:
                session.add(ChairTurn(term_id=taker.id, starts=begins, ends=min(ends, taker.ends)))
        elif taker is not None:
            turn.term_id, turn.ends = taker.id, min(turn.ends, taker.ends)
        else:
            await session.delete(turn)
        await session.flush()


async def beginning(session: AsyncSession, today: date) -> list[int]:
    """The numbers of the turns that have begun and whose handover has not been made; one that is over is not handed
    over any more.
    """
    found = select(ChairTurn.id).where(ChairTurn.begun.is_(False), ChairTurn.starts <= today, ChairTurn.ends >= today)
    return list(await session.scalars(found.order_by(ChairTurn.starts)))
