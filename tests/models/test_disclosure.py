"""What the union discloses: which version is so now, when it grows old, and who is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.calendar import Semester
from models.database import Database
from models.outbox import Outgoing, Sending
from models.union import deliveries, disclosure, publications, reviewing
from models.union.disclosure import due
from models.union.publications import Heading, Kind, Publication
from tests.house import HOUSE, OFFICE, furnish, staff

AUTUMN, SPRING = date(2026, 9, 7), date(2027, 2, 22)
CALENDAR = replace(
    HOUSE.calendar,
    semesters=(
        Semester("2026-2027-1", AUTUMN, date(2027, 1, 17)),
        Semester("2026-2027-2", SPRING, date(2027, 7, 4)),
    ),
)
TERM = replace(HOUSE, calendar=CALENDAR)
DAY = timedelta(days=1)


async def published(session: AsyncSession, heading: Heading, body: str, now: datetime, title: str = "T") -> Publication:
    """Through all the review, at this moment."""
    wang, li, sun = await staff(session), await staff(session, 2, "Li"), await staff(session, 3, "Sun")
    texts: Mapping[str, Mapping[str, str]] = {each: {"title": title, "body": body} for each in HOUSE.languages}
    made = await publications.draft(session, Kind.DISCLOSURE, texts, wang, now, heading=heading)
    await reviewing.submit(session, made, TERM, wang, now)
    await reviewing.read(session, made, made.revision, TERM, li, now)
    await reviewing.approve(session, made, made.revision, sun, now)
    await deliveries.begin_due(session, TERM, now)
    return made


def test_when_a_version_grows_old() -> None:
    months = [date(2026, 9, 10), SPRING - 29 * DAY, SPRING - 27 * DAY, date(2027, 3, 1)]
    until = [due(Heading.STAFF, each, CALENDAR) for each in months]
    half_a_year = timedelta(days=183)
    assert until == [SPRING + 28 * DAY, SPRING + 28 * DAY, months[2] + half_a_year, months[3] + half_a_year]
    assert due(Heading.CONSTITUTION, AUTUMN, CALENDAR) == date(2027, 9, 7)


async def test_a_version_is_what_was_approved_and_one_withdrawn_keeps_its_number(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang = await staff(session)
        draft = {each: {"title": "T", "body": "draft"} for each in HOUSE.languages}
        await publications.draft(session, Kind.DISCLOSURE, draft, wang, now, heading=Heading.STAFF)
        first = await published(session, Heading.STAFF, "five people", now)
        await published(session, Heading.STAFF, "six people", now + DAY)
        await published(session, Heading.STAFF, "seven people", now + 2 * DAY)
        found = await disclosure.versions(session, Heading.STAFF)
        assert [(v.number, v.texts["en"], v.approver) for v in found] == [
            (3, "seven people", "Sun"),
            (2, "six people", "Sun"),
            (1, "five people", "Sun"),
        ]
        assert first.stage is publications.Stage.ARCHIVED
        why = dict.fromkeys(HOUSE.languages, "counted twice")
        newest = (await session.scalars(select(Publication).order_by(Publication.id.desc()))).first()
        assert newest is not None
        await deliveries.withdraw(session, newest, why, TERM, wang, now + 3 * DAY)
        await published(session, Heading.STAFF, "six people, all of them", now + 4 * DAY)
        assert [v.number for v in await disclosure.versions(session, Heading.STAFF)] == [4, 2, 1]
        fresh = await disclosure.fresh(session, TERM, now + 4 * DAY)
        assert list(fresh) == list(Heading)
        staff_now, reform = fresh[Heading.STAFF], fresh[Heading.REFORM]
        assert staff_now.version is not None
        assert (staff_now.version.number, staff_now.due, staff_now.stale) == (4, SPRING + 28 * DAY, False)
        assert (reform.version, reform.due, reform.stale) == (None, None, True)


async def test_the_office_hears_once_a_month_before_on_the_day_and_each_week_after_it(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        for heading in Heading:
            await published(session, heading, "words", now)
        until = SPRING + 28 * DAY
        found = {}
        for days in (-31, -30, -29, -1, 0, 1, 6, 7, 13, 14):
            moment = CALENDAR.at(until + days * DAY, time(10))
            places["office"].chat_id = None
            await disclosure.alert(session, TERM, moment)
            places["office"].chat_id = OFFICE
            await disclosure.alert(session, TERM, moment)
            rows = (await session.scalars(select(Outgoing).where(Outgoing.letter == "disclosure_stale"))).all()
            found[days] = [(row.payload or {})["headings"] for row in rows if row.state is Sending.DUE]
            for row in rows:
                row.state = Sending.SENT
        each_semester = [[Heading.STAFF, Heading.KEY_WORK, Heading.ARRANGEMENTS]]
        assert {days: said for days, said in found.items() if said} == dict.fromkeys((-30, 0, 7, 14), each_semester)
        never = disclosure.alerts({Heading.STAFF: disclosure.of(Heading.STAFF, None, CALENDAR, now)}, until)
        assert never == {Heading.STAFF: "disclosure:staff:none:2027-12"}
