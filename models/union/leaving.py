"""A post is left before its term is over: what hung on it goes on without whoever left."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.people import Person
from models.union import exchanges, posts, rota
from models.union.posts import PostTerm


async def end(session: AsyncSession, term: PostTerm, day: date, today: date, now: datetime, staff: Person) -> None:
    """The term ends with this day. Turns of the chair after it go to others, an exchange after it is off. Raises
    Refusal as `posts.end`.
    """
    await posts.end(session, term, day, today, now, staff)
    await _without(session, term, staff, now)


async def forget(session: AsyncSession, person: Person, today: date, now: datetime) -> None:
    """Somebody wants to be forgotten: their posts are left, and nobody can tell any more who held them."""
    for term in await posts.forget(session, person, today):
        await _without(session, term, None, now)


async def _without(session: AsyncSession, term: PostTerm, staff: Person | None, now: datetime) -> None:
    await rota.after_an_end(session, term)
    await exchanges.over(session, term, staff, now)
