"""Two people exchange their posts (轮岗交流, measure 6): both agree, the presidium confirms, and from the day on each
is where the other was, until their own term would have ended.

    proposed by the office, or by one of the two ─▶ both agree ─▶ confirmed: terms are cut, new ones begin
                          └─▶ declined, by one of the two or the presidium · taken back
                              its day has come · one of them has left

However it ends, both hear of it, and the office. The presidium is elected: nobody comes to it, or leaves it, by an
exchange.
"""

from __future__ import annotations

import enum
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import audit, letters, stations
from models.base import Base, Key, one_of
from models.calendar import WorkCalendar
from models.errors import Refusal
from models.people import Person
from models.union import posts
from models.union.posts import Chosen, Holding, PostTerm, Rank, Wanted


class ExchangeState(enum.StrEnum):
    """How far it is."""

    PROPOSED = "proposed"
    DECLINED = "declined"
    """One of the two said no or has left, the presidium did not confirm it, or whoever proposed it took it back."""
    DONE = "done"


ACTS = {ExchangeState.DECLINED: "exchange_declined", ExchangeState.DONE: "exchange_done"}
"""What the records say of how it ends."""


class Exchange(Base):
    """Two terms that are to be exchanged from a day on."""

    __tablename__ = "post_exchanges"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    one_id: Mapped[int] = mapped_column(ForeignKey("post_terms.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("post_terms.id"))
    starts: Mapped[date]
    state: Mapped[ExchangeState] = mapped_column(one_of(ExchangeState), default=ExchangeState.PROPOSED, index=True)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    one_agreed_at: Mapped[datetime | None]
    other_agreed_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """Who confirmed or declined it."""
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy declares it so)

    @property
    def agreed(self) -> bool:
        """Both have."""
        return self.one_agreed_at is not None and self.other_agreed_at is not None


async def get(session: AsyncSession, number: int) -> tuple[Exchange, Holding, Holding]:
    """The exchange with this number, with the two terms. Raises Refusal when there is none."""
    found: Exchange | None = await session.get(Exchange, number)
    if found is None:
        raise Refusal("exchange.unknown")
    return found, await posts.get(session, found.one_id), await posts.get(session, found.other_id)


async def waiting(session: AsyncSession) -> list[Exchange]:
    """Those that are neither done nor declined, by their day."""
    found = select(Exchange).where(Exchange.state == ExchangeState.PROPOSED).order_by(Exchange.starts, Exchange.id)
    return list(await session.scalars(found))


async def can_take_part(session: AsyncSession, day: date) -> list[Holding]:
    """Whoever is in a post of a department on this day and has spoken with the bot."""
    found = await posts.holdings(session, day)
    return [each for each in found if each.post.rank is not Rank.PRESIDIUM and each.term.person_id is not None]


async def propose(
    session: AsyncSession,
    one: PostTerm,
    other: PostTerm,
    starts: date,
    proposer: Person,
    calendar: WorkCalendar,
    now: datetime,
) -> Exchange:
    """Both are asked, whoever proposes it for themselves has agreed. Raises Refusal for a day that is no day to come of
    both terms, for two of one post, for the presidium, and where one of the two waits for an answer already.
    """
    await posts.locked(session)
    await must_be_possible(session, one, other, starts, calendar.day_of(now))
    theirs = (one.id, other.id)
    for each in await waiting(session):
        if each.one_id in theirs or each.other_id in theirs:
            name = one.name if one.id in (each.one_id, each.other_id) else other.name
            raise Refusal("exchange.waits", name=name)
    found = Exchange(one_id=one.id, other_id=other.id, starts=starts, proposed_by_id=proposer.id)
    session.add(found)
    found.one_agreed_at = now if proposer.id == one.person_id else None
    found.other_agreed_at = now if proposer.id == other.person_id else None
    await session.flush()
    await audit.record(session, "exchange_propose", now, staff=proposer, exchange=found.id, day=starts.isoformat())
    for term in (one, other):
        if term.person_id is not None and term.person_id != proposer.id:
            person = await session.get_one(Person, term.person_id)
            if person.agreed:
                await _show(session, person, found, calendar, now)
    return found


async def must_be_possible(
    session: AsyncSession, one: PostTerm, other: PostTerm, starts: date, today: date
) -> tuple[Holding, Holding]:
    """The two with their posts. Raises Refusal as `propose`."""
    both = await posts.get(session, one.id), await posts.get(session, other.id)
    for each in both:
        if each.post.rank is Rank.PRESIDIUM:
            raise Refusal("exchange.elected", name=each.term.name)
        if each.term.person_id is None:
            raise Refusal("exchange.not_here", name=each.term.name)
        # Of the old post at least a day stays, and of the new one.
        if starts <= today or starts <= each.term.starts or starts > each.term.ends:
            raise Refusal("exchange.day", name=each.term.name, until=each.term.ends)
    if one.post_id == other.post_id:
        raise Refusal("exchange.same_post")
    return both


async def answer(
    session: AsyncSession,
    number: int,
    person: Person,
    yes: bool,
    calendar: WorkCalendar,
    now: datetime,
    *,
    decides: bool = False,
    here: int | None = None,
) -> Exchange:
    """One of the two says yes or no; whoever proposed it may take it back, and the presidium (`decides`) may call it
    off. When both have agreed the office is told: the presidium has to confirm. In the chat `here`, where it was
    pressed, its screen says the same. Raises Refusal for anybody else, and when it is over.
    """
    found, one, other = await get(session, number)
    _must_wait(found)
    if person.id == one.term.person_id:
        found.one_agreed_at = now if yes else None
    elif person.id == other.term.person_id:
        found.other_agreed_at = now if yes else None
    elif yes or not (decides or person.id == found.proposed_by_id):
        raise Refusal("exchange.not_asked", names=f"{one.term.name}, {other.term.name}")
    if not yes:
        await _off(session, found, person, calendar, now, here)
        return found
    await session.flush()
    if found.agreed:
        await _show_office(session, found, now, here)
    return found


def _must_wait(found: Exchange) -> None:
    if found.state is not ExchangeState.PROPOSED:
        raise Refusal(f"exchange.is_{found.state}")


async def confirm(
    session: AsyncSession,
    number: int,
    staff: Person,
    calendar: WorkCalendar,
    now: datetime,
    *,
    here: int | None = None,
) -> Exchange:
    """The presidium has decided: both terms end the day before, and each goes on in the other's post. `here` as in
    `answer`. Raises Refusal before both have agreed, and as `propose` where it is not possible any more.
    """
    await posts.locked(session)
    found, one, other = await get(session, number)
    _must_wait(found)
    if not found.agreed:
        raise Refusal("exchange.not_agreed")
    today = calendar.day_of(now)
    await must_be_possible(session, one.term, other.term, found.starts, today)
    for mine, theirs in ((one, other), (other, one)):
        if theirs.post.closed:
            raise Refusal("posts.closed", department=theirs.post.names)
        wanted = Wanted(mine.term.name, found.starts, mine.term.ends, today, mine.term.person_id)
        await posts.add(session, theirs.post, wanted, Chosen.EXCHANGED, now, staff=staff)
    for each in (one, other):
        each.term.ends = found.starts - timedelta(days=1)
    await _end(session, found, ExchangeState.DONE, staff, now)
    for each in (one, other):
        person = await session.get_one(Person, each.term.person_id)
        if person.agreed and person.id != staff.id:
            await _show(session, person, found, calendar, now)
    await _show_office(session, found, now, here)
    return found


async def _end(
    session: AsyncSession, found: Exchange, state: ExchangeState, person: Person | None, now: datetime
) -> None:
    found.state, found.ended_at = state, now
    found.ended_by_id = person.id if person is not None else None
    await session.flush()
    await audit.record(session, ACTS[state], now, staff=person, exchange=found.id)


async def over(
    session: AsyncSession, term: PostTerm, person: Person | None, calendar: WorkCalendar, now: datetime
) -> None:
    """This term has been cut: what would have exchanged it later is off."""
    for found in await waiting(session):
        if term.id in (found.one_id, found.other_id) and found.starts > term.ends:
            await _off(session, found, person, calendar, now)


async def lapse(session: AsyncSession, calendar: WorkCalendar, now: datetime) -> None:
    """What was not confirmed before its day is off: until then the two could be in no other exchange."""
    today = calendar.day_of(now)
    for found in await waiting(session):
        if found.starts <= today:
            await _off(session, found, None, calendar, now)


async def _off(
    session: AsyncSession,
    found: Exchange,
    by: Person | None,
    calendar: WorkCalendar,
    now: datetime,
    here: int | None = None,
) -> None:
    """Nothing comes of it: the two hear it but for whoever said so, and the office, whose card offers it still."""
    await _end(session, found, ExchangeState.DECLINED, by, now)
    _, one, other = await get(session, found.id)
    for each in (one, other):
        if each.term.person_id is not None and (by is None or each.term.person_id != by.id):
            asked = await session.get_one(Person, each.term.person_id)
            if asked.agreed:
                await _show(session, asked, found, calendar, now)
    await _show_office(session, found, now, here)


async def _show_office(session: AsyncSession, found: Exchange, now: datetime, here: int | None) -> None:
    office = await stations.office(session)
    if office.chat_id is not None and office.chat_id != here:
        key = f"exchange:{found.id}:{found.state}"
        await letters.drawn(session, office.chat_id, "posts", "exchange", found.id, now, dedupe=key)


async def _show(session: AsyncSession, person: Person, found: Exchange, calendar: WorkCalendar, now: datetime) -> None:
    """How it stands, with its buttons, to one of those it is about; not at night."""
    quiet = calendar.after_quiet(now)
    await letters.drawn(session, person.telegram_id, "posts", "exchange", found.id, now, not_before=quiet)
