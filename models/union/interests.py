"""Where somebody works for the union, as far as the rosters know: against this the interests are held that bidders and
reviewers of a project declare themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.calendar import WorkCalendar
from models.colleagues import LATELY, Colleague
from models.people import Grant, Person, Role
from models.shifts import OnShift, Shift
from models.stations import Desk, Station
from models.union.posts import Post, PostTerm

PRESIDIUM = "presidium"


async def places(session: AsyncSession, person_id: int, calendar: WorkCalendar, now: datetime) -> Sequence[Station]:
    """The places in whose chats they have acted lately and have not left, that they lead, or on whose duty roster they
    stand; of an admin of the union the office.

    Where they hold a post says `departments`.
    """
    acted = select(Colleague.station_id).where(
        Colleague.person_id == person_id, Colleague.gone.is_(False), Colleague.day >= (now - LATELY).date()
    )
    granted = select(Grant).join(Person, Person.telegram_id == Grant.telegram_id)
    holds = granted.where(Person.id == person_id, Grant.taken_back_at.is_(None))
    leads = holds.where(Grant.role == Role.LEAD).with_only_columns(Grant.station_id)
    decides = holds.where(Grant.role == Role.ADMIN)
    on_duty = (
        select(Shift.station_id)
        .join(OnShift, OnShift.shift_id == Shift.id)
        .where(OnShift.person_id == person_id, or_(Shift.last_day.is_(None), Shift.last_day >= calendar.day_of(now)))
    )
    theirs = or_(
        Station.id.in_(acted),
        Station.id.in_(leads),
        Station.id.in_(on_duty),
        (Station.desk == Desk.OFFICE) & decides.exists(),
    )
    return list(await session.scalars(select(Station).where(theirs).order_by(Station.id)))


async def held(session: AsyncSession, person_id: int, day: date) -> Sequence[Post]:
    """The posts that they hold on this day."""
    inside = select(Post).join(PostTerm, PostTerm.post_id == Post.id)
    theirs = inside.where(PostTerm.person_id == person_id, PostTerm.starts <= day, PostTerm.ends >= day)
    return list(await session.scalars(theirs.order_by(Post.id)))


async def departments(session: AsyncSession, person_id: int, day: date) -> set[str]:
    """The same by departments: the presidium is one as well."""
    return {post.department or PRESIDIUM for post in await held(session, person_id, day)}
