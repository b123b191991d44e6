"""A post is left before its term is over: what hung on it goes on without whoever left."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.calendar import WorkCalendar
from models.people import Person
from models.union import exchanges, posts, rota
from models.union.posts import PostTerm


async def end(
    session: AsyncSession, term: PostTerm, day: date, calendar: WorkCalendar, now: datetime, staff: Person
) -> None:
    """The term ends with this day. Turns of the chair after it go to others, an exchange after it is off. Raises
    Refusal as `posts.end`.
    """
    await posts.end(session, term, day, calendar.day_of(now), now, staff)
    await _without(session, term, staff, calendar, now)


async def forget(session: AsyncSession, person: Person, calendar: WorkCalendar, now: datetime) -> None:
    """Somebody wants to be forgotten: their posts are left, and nobody can tell any more who held them."""
    for term in await posts.forget(session, person, calendar.day_of(now)):
        await _without(session, term, None, calendar, now)


async def _without(
    session: AsyncSession, term: PostTerm, staff: Person | None, calendar: WorkCalendar, now: datetime
) -> None:
    await rota.after_an_end(session, term)
    await exchanges.over(session, term, staff, calendar, now)
