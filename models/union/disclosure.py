"""What the union discloses about itself, under five headings (mission.md, measure 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import occasions, outbox, stations
from models.calendar import WorkCalendar
from models.house import OFFICE, House
from models.outbox import Lane, Repeat
from models.people import Person
from models.union.publications import OUT, Heading, Publication, Review, Step


@dataclass(frozen=True)
class Version:
    """One version of a heading, as everybody may read it."""

    heading: Heading
    number: int
    """Counted from 1 for each heading."""
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    """Both by language."""
    published_at: datetime
    approver: str
    """The supervisor who approved it; everybody reads of the Youth League Committee only."""
    approved_at: datetime


@dataclass(frozen=True)
class Freshness:
    """How a heading stands."""

    heading: Heading
    version: Version | None
    """The current one; None while nothing has been disclosed."""
    due: date | None
    """The day from which it is stale; None without a version."""
    stale: bool
    """It should have been renewed, or has never been disclosed."""


YEARLY = frozenset({Heading.CONSTITUTION, Heading.REFORM})
"""Renewed once a year; the others once a semester."""
A_YEAR, HALF_A_YEAR = timedelta(days=365), timedelta(days=183)
SOON = timedelta(days=30)
"""So long before it is stale the office hears of it."""
IN_TIME = timedelta(days=28)
"""So long into a semester its version may take; one from so shortly before it counts for it."""


def due(heading: Heading, published: date, calendar: WorkCalendar) -> date:
    """The day from which a version of this day is stale. Of what is renewed each semester it is four weeks into the
    first one that begins more than four weeks after it; where config.toml knows none, half a year. Pure.
    """
    if heading in YEARLY:
        return published + A_YEAR
    coming = [each.starts for each in calendar.semesters if each.starts > published + IN_TIME]
    return min(coming) + IN_TIME if coming else published + HALF_A_YEAR


def of(heading: Heading, version: Version | None, calendar: WorkCalendar, now: datetime) -> Freshness:
    """How a heading with this current version stands. Pure."""
    if version is None:
        return Freshness(heading, None, None, True)
    until = due(heading, calendar.day_of(version.published_at), calendar)
    return Freshness(heading, version, until, until <= calendar.day_of(now))


async def versions(session: AsyncSession, heading: Heading) -> list[Version]:
    """What can be read of a heading, the newest first: publications that have been approved and are out. One that was
    withdrawn keeps its number.
    """
    rows = select(Publication).where(Publication.heading == heading, Publication.sent_at.is_not(None))
    found = (await session.scalars(rows.order_by(Publication.sent_at, Publication.id))).all()
    numbered = [(number, each) for number, each in enumerate(found, 1) if each.stage in OUT]
    approvals = await _approvals(session, [each for _, each in numbered])
    return [_version(each, number, *approvals[each.id]) for number, each in reversed(numbered)]


async def _approvals(session: AsyncSession, found: Sequence[Publication]) -> dict[int, tuple[str, datetime]]:
    """Who let each of these out, and when, by their numbers."""
    rows = await session.execute(
        select(Review.publication_id, Person.name, Review.at)
        .join(Person, Person.id == Review.person_id)
        .join(Publication, (Publication.id == Review.publication_id) & (Publication.revision == Review.revision))
        .where(Publication.id.in_([each.id for each in found]), Review.step == Step.APPROVE)
        .order_by(Review.id)
    )
    return {number: (name, at) for number, name, at in rows}


def _version(publication: Publication, number: int, approver: str, approved_at: datetime) -> Version:
    assert publication.heading is not None, "it is a version of something"
    assert publication.sent_at is not None, "it is out"
    titles, texts = (
        {language: text[part] for language, text in publication.texts.items()} for part in ("title", "body")
    )
    return Version(
        publication.heading,
        number,
        titles,
        texts,
        publication.sent_at,
        approver,
        approved_at,
    )


async def fresh(session: AsyncSession, house: House, now: datetime) -> dict[Heading, Freshness]:
    """How each heading stands, in their order."""
    found = {heading: await versions(session, heading) for heading in Heading}
    return {heading: of(heading, of_it[0] if of_it else None, house.calendar, now) for heading, of_it in found.items()}


# ---------------------------------------------------------------- alerts


def alerts(found: Mapping[Heading, Freshness], today: date) -> dict[Heading, str]:
    """What is to be said today of headings that are or soon will be stale, as the key of its occasion: a month before,
    on the day, and each week after it; of what has never been disclosed each week. Pure.
    """
    keys: dict[Heading, str] = {}
    for heading, each in found.items():
        if each.version is None or each.due is None:
            year, week, _ = today.isocalendar()
            keys[heading] = f"disclosure:{heading}:none:{year}-{week:02}"
        elif each.stale:
            keys[heading] = f"disclosure:{heading}:{each.version.number}:week{(today - each.due).days // 7}"
        elif today >= each.due - SOON:
            keys[heading] = f"disclosure:{heading}:{each.version.number}:soon"
    return keys


async def alert(session: AsyncSession, house: House, now: datetime) -> None:
    """Tell the office which headings grow old, in one message, once at each of their times; nothing while it has no
    chat.
    """
    office = await stations.by_key(session, OFFICE)
    if office is None or office.chat_id is None:
        return
    today = house.calendar.day_of(now)
    if not await occasions.once(session, f"disclosure:{today}", now):
        return
    keys = alerts(await fresh(session, house, now), today)
    told = [heading for heading, key in keys.items() if await occasions.once(session, key, now)]
    if told:
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=Repeat.NUMBERED,
            chat_id=office.chat_id,
            letter="disclosure_stale",
            payload={"headings": told},
        )
