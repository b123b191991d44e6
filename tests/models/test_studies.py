"""Study and training: whom one is for, who may stay away, what is missed, and whom a semester's has reached."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Boolean, column, func, select, table, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.studies import read
from models import colleagues, forgetting, mydata, stations
from models.calendar import Semester
from models.database import Database
from models.errors import Refusal
from models.outbox import Outgoing
from models.people import Person
from models.permissions import Who
from models.union import calling, excuses, gatherings, passes, signing, studies
from models.union.gatherings import ABOUT_LENGTH, AFTER, BEFORE, Attendance, Gathering, Kind, Part, Stage
from models.union.passes import Way
from tests.house import CALENDAR, EAST, OFFICE, WEST, furnish, staff
from tests.house import HOUSE as PLAIN

AUTUMN = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
SPRING = Semester("2026-2027-2", date(2027, 2, 22), date(2027, 7, 4))
HOUSE = replace(PLAIN, calendar=replace(CALENDAR, semesters=(AUTUMN, SPRING)))
LOCKS = table("pg_locks", column("granted", Boolean))
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


async def working(session: AsyncSession, now: datetime) -> list[Person]:
    """Two at the east station, one at the west one, one in the office, who leads; the last has no private chat."""
    places = await furnish(session)
    found = []
    for number, key in enumerate(("east", "east", "west", "office"), 1):
        person = await staff(session, number, f"Staff {number}")
        person.agreed = number != 3
        await colleagues.seen(session, places[key], person, now)
        found.append(person)
    return found


async def planned(session: AsyncSession, by: Person, now: datetime, **how: object) -> Gathering:
    starts = now + 7 * DAY
    titles = {"en": "What a station is for"}
    kind = how.pop("kind", Kind.TRAINING)
    at = how.pop("at", starts)
    return await studies.plan(session, kind, titles, "Hall 3", at, at + HOUR, HOUSE, now, by=by, **how)  # type: ignore[arg-type,operator]


async def written(session: AsyncSession, what: str) -> list[int]:
    """To which chats this was written."""
    rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "study").order_by(Outgoing.id))
    return sorted(row.chat_id or 0 for row in rows if (row.payload or {}).get("what") == what)


async def part(session: AsyncSession, it: Gathering, person: Person) -> Part | None:
    place = await gatherings.place_of(session, it, person)
    return place.part if place is not None else None


async def test_whom_it_is_for_is_called_once_and_whoever_comes_later_too(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east, other, west, office = await working(session, now)
        it, here = await planned(session, office, now), await planned(session, east, now, keys=["east"])
        with pytest.raises(Refusal, match=r"gathering.past"):
            await calling.call(session, it, office, HOUSE, it.starts_at)
        assert await calling.call(session, it, office, HOUSE, now) == 4
        assert await written(session, "invited") == sorted(each.telegram_id for each in (east, other, office))
        assert await written(session, "called_here") == sorted((EAST, WEST, OFFICE))
        with pytest.raises(Refusal, match=r"gathering.is_called"):
            await calling.call(session, it, office, HOUSE, now)
        assert await calling.call(session, here, east, HOUSE, now) == 2
        assert len(await written(session, "called_here")) == 5, "the west station is not told of what is the east one's"
        # Somebody new is called as well; whoever has left belongs to it no more.
        new = await staff(session, 9, "New")
        new.agreed = True
        places = {each.key: each for each in await stations.open_desks(session)}
        await colleagues.seen(session, places["west"], new, now)
        await colleagues.left(session, places["west"], west)
        await calling.call_newcomers(session, HOUSE, now + DAY)
        await calling.call_newcomers(session, HOUSE, now + DAY)
        assert (await part(session, it, new), await part(session, here, new)) == (Part.INVITED, None)
        assert (await written(session, "invited")).count(new.telegram_id) == 1
        with pytest.raises(Refusal, match=r"gathering.is_called"):
            await studies.change(session, it, it.titles, "Hall 4", it.starts_at, it.ends_at, HOUSE, now)
        await calling.cancel(session, it, office, HOUSE, now)
        assert new.telegram_id in await written(session, "cancelled")
        with pytest.raises(Refusal, match=r"study.nobody"):
            nowhere = await planned(session, office, now, keys=["supervisors"])
            await calling.call(session, nowhere, office, HOUSE, now)


async def test_reminders_come_a_day_and_an_hour_before_and_make_up_is_asked_for_twice(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        east, other, _, office = await working(session, now)
        it = await planned(session, office, now)
        await calling.call(session, it, office, HOUSE, now)
        await excuses.come(session, it, east, now)
        await excuses.ask_off(session, it, other, "Ill", HOUSE, now)

        async def reminded(at: datetime) -> int:
            before = len(await written(session, "reminder"))
            await calling.remind(session, HOUSE, at)
            await calling.remind(session, HOUSE, at)
            return len(await written(session, "reminder")) - before

        assert await reminded(now + 3 * DAY) == 0, "who has time to come is not asked again"
        assert await reminded(it.starts_at - DAY) == 2, "not who asks to stay away, nor who has no chat"
        assert await reminded(it.starts_at - 2 * HOUR) == 0
        assert await reminded(it.starts_at - HOUR) == 2
        assert await reminded(it.starts_at) == 0
        soon = await planned(session, office, now, at=now + 4 * HOUR)
        await calling.call(session, soon, office, HOUSE, now)
        assert await reminded(now + MINUTE) == 0, "they have just been called"
        assert await reminded(soon.starts_at - HOUR) == 3

        # Who missed it is called to the make-up session; silent ones are asked twice more, days apart.
        await calling.hold_due(session, HOUSE, it.ends_at + AFTER - MINUTE)
        assert it.stage is Stage.CALLED
        over = it.ends_at + AFTER
        await calling.hold_due(session, HOUSE, over)
        again = await planned(session, office, over, at=over + 20 * DAY, makes_up=it)
        assert again.cohort == it.cohort
        await calling.call(session, again, office, HOUSE, over)
        await excuses.come(session, again, east, over)
        assert [await reminded(over + days * DAY) for days in (1, 3, 4, 6, 9)] == [0, 2, 0, 2, 0]
        assert await reminded(again.starts_at - HOUR) == 3
        with pytest.raises(Refusal, match=r"study.not_over"):
            await planned(session, office, over, makes_up=again, at=over + 30 * DAY)


async def test_an_excuse_counts_when_the_lead_accepts_it_and_its_words_go(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east, other, west, office = await working(session, now)
        it = await planned(session, office, now)
        await calling.call(session, it, office, HOUSE, now)
        with pytest.raises(Refusal, match=r"study.reason_length"):
            await excuses.ask_off(session, it, east, "x" * (excuses.REASON_LENGTH + 1), HOUSE, now)
        for person in (east, other, west, office):
            await excuses.ask_off(session, it, person, "An exam", HOUSE, now)
        assert await written(session, "asks_off") == [office.telegram_id] * 3, "the lead"
        assert await written(session, "asked_off") == [OFFICE], "of the lead's own the office hears"
        kept = await mydata.gather(session, east, 1, HOUSE.vault)
        assert kept["gatherings"][0]["reason"] == "An exam"
        with pytest.raises(Refusal, match=r"study.own_reason"):
            await excuses.decide(session, it, office.id, office, HOUSE, now, accept=True)
        await excuses.decide(session, it, east.id, office, HOUSE, now, accept=True)
        await excuses.decide(session, it, other.id, office, HOUSE, now, accept=False)
        with pytest.raises(Refusal, match=r"study.decided_already"):
            await excuses.decide(session, it, east.id, office, HOUSE, now, accept=False)
        assert [await part(session, it, each) for each in (east, other, west)] == [
            Part.EXCUSED,
            Part.INVITED,
            Part.DECLINED,
        ]
        waiting = [person.id for person, _ in await excuses.asking_off(session, it)]
        assert waiting == [west.id, office.id]
        # Who comes after all has come, whatever they asked for: nothing is left to be decided.
        await excuses.ask_off(session, it, other, "Again", HOUSE, now)
        await gatherings.sign_in(session, it, other, it.starts_at)
        with pytest.raises(Refusal, match=r"study.decided_already"):
            await excuses.decide(session, it, other.id, office, HOUSE, it.starts_at, accept=True)
        place = await gatherings.place_of(session, it, other)
        assert place is not None
        place.part, place.signed_in_at = Part.INVITED, None
        # Undecided at the end is missed, and may still be excused for some days.
        await calling.hold_due(session, HOUSE, it.ends_at + AFTER)
        assert await part(session, it, west) is Part.MISSED
        await excuses.decide(session, it, west.id, office, HOUSE, it.ends_at + DAY, accept=True)
        assert await part(session, it, west) is Part.EXCUSED
        with pytest.raises(Refusal, match=r"gathering.is_held"):
            await excuses.ask_off(session, it, other, "Late", HOUSE, it.ends_at + 8 * DAY)
        await excuses.ask_off(session, it, other, "The bus", HOUSE, it.ends_at + DAY)
        await forgetting.forget(session, other, 1, HOUSE, it.ends_at + DAY)
        assert [person.id for person, _ in await excuses.asking_off(session, it)] == [office.id]
        # The words of nobody who waits for an answer are kept for ever.
        await calling.tell_coverage(session, HOUSE, it.ends_at + 31 * DAY)
        session.expire_all()
        await session.refresh(it)
        assert await excuses.asking_off(session, it) == []


async def test_signing_in_says_what_is_wrong_and_a_lead_signs_in_by_hand(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east, other, west, office = await working(session, now)
        stranger = await staff(session, 8, "Elsewhere")
        it = await planned(session, office, now, at=now + 2 * HOUR)
        await calling.call(session, it, office, HOUSE, now)
        vault, at = HOUSE.vault, it.starts_at
        code = passes.code(it, Way.IN, vault, at)

        async def typed(person: Person, text: str, moment: datetime) -> Gathering:
            found, way = await signing.by_digits(session, person, text, vault, moment)
            assert way is Way.IN
            return found

        for person, text, moment, key in (
            (east, "12", at, "here.digits"),
            (east, str((int(code) + 1) % 10**6).zfill(6), at, "here.stale"),
            (east, code, at + 3 * passes.TURN, "here.stale"),
            (east, "000000", now, "gathering.too_early"),
            (stranger, "000000", at, "here.nothing"),
        ):
            with pytest.raises(Refusal, match=f"^{key}$"):
                await typed(person, text, moment)
        assert await typed(east, f"{code[:3]} {code[3:]}", at) is it
        link = passes.payload(it, Way.IN, vault, at)
        assert await signing.by_link(session, link, vault, at) == (it, Way.IN)
        with pytest.raises(Refusal, match=r"here.link_old"):
            await signing.by_link(session, link, vault, at + 3 * passes.TURN)
        assert (await signing.go(session, it, Way.IN, east, HOUSE, at))[1]
        assert not (await signing.go(session, it, Way.IN, east, HOUSE, at + MINUTE))[1], "nothing changes twice"
        assert Who.CALLED in await studies.who(session, it, other, HOUSE, at)
        assert Who.CONVENER in await studies.who(session, it, office, HOUSE, at)
        assert await studies.who(session, it, stranger, HOUSE, at) == {Who.STRANGER}
        with pytest.raises(Refusal, match=r"gathering.too_early"):
            await excuses.by_hand(session, it, other.id, office, HOUSE, at - BEFORE - MINUTE)
        with pytest.raises(Refusal, match=r"study.not_called"):
            await excuses.by_hand(session, it, stranger.id, office, HOUSE, at)
        await calling.hold_due(session, HOUSE, it.ends_at + AFTER)
        assert await written(session, "missed") == sorted((other.telegram_id, office.telegram_id))
        await excuses.by_hand(session, it, west.id, office, HOUSE, it.ends_at + 2 * DAY)
        place = await gatherings.place_of(session, it, west)
        assert place is not None
        assert (place.part, place.signed_in_at, place.confirmed_by_id) == (Part.CAME, it.ends_at, office.id)
        with pytest.raises(Refusal, match=r"gathering.too_late"):
            await excuses.by_hand(session, it, other.id, office, HOUSE, it.ends_at + 8 * DAY)


async def test_nobody_signs_themselves_in_by_hand(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east, _, _, office = await working(session, now)
        it = await planned(session, office, now)
        await calling.call(session, it, office, HOUSE, now)
        with pytest.raises(Refusal, match=r"^study.own_hand$"):
            await excuses.by_hand(session, it, office.id, office, HOUSE, it.starts_at)
        assert await part(session, it, office) is Part.INVITED
        await excuses.by_hand(session, it, office.id, east, HOUSE, it.starts_at)
        assert await part(session, it, office) is Part.CAME


async def test_whoever_was_signed_in_meanwhile_is_not_made_to_stay_away(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east, other, _, office = await working(session, now)
        it = await planned(session, office, now)
        await calling.call(session, it, office, HOUSE, now)

        async def meanwhile(person: Person, **values: object) -> None:
            """Another transaction changes a place that this one has read already."""
            assert await gatherings.place_of(session, it, person) is not None
            its = update(Attendance).where(Attendance.gathering_id == it.id, Attendance.person_id == person.id)
            await session.execute(its.values(**values).execution_options(synchronize_session=False))

        await meanwhile(east, part=Part.CAME)
        with pytest.raises(Refusal, match=r"^study.has_came$"):
            await excuses.ask_off(session, it, east, "An exam", HOUSE, now)
        await excuses.ask_off(session, it, other, "An exam", HOUSE, now)
        await meanwhile(other, part=Part.EXCUSED, reason=None)
        with pytest.raises(Refusal, match=r"^study.decided_already$"):
            await excuses.decide(session, it, other.id, office, HOUSE, now, accept=False)


async def test_by_hand_while_the_clock_closes_it_is_not_lost(database: Database, now: datetime) -> None:
    """The clock waits for whoever is being signed in at that moment, and then sees that they are there."""
    async with database.transaction() as session:
        east, _, _, office = await working(session, now)
        it = await planned(session, office, now)
        await calling.call(session, it, office, HOUSE, now)
        number, whose, by, over = it.id, east.id, office.id, it.ends_at + AFTER
    held = asyncio.Event()

    async def signs() -> None:
        async with database.transaction() as session:
            it, lead = await gatherings.get(session, number), await session.get_one(Person, by)
            await excuses.by_hand(session, it, whose, lead, HOUSE, over)
            await session.flush()
            held.set()
            # On PostgreSQL the clock stands behind this place now; SQLite lets nobody else begin.
            if not database.is_sqlite:
                await waits(session)

    async def waits(session: AsyncSession) -> None:
        waiting = select(func.count()).select_from(LOCKS).where(LOCKS.c.granted.is_(False))
        async with asyncio.timeout(10):
            while not await session.scalar(waiting):
                pass

    async def closes() -> None:
        await held.wait()
        async with database.transaction() as session:
            await calling.hold_due(session, HOUSE, over)

    await asyncio.gather(signs(), closes())
    async with database.reading() as session:
        person = await session.get_one(Person, whose)
        assert await part(session, await gatherings.get(session, number), person) is Part.CAME


async def test_what_it_is_about_is_refused_when_no_message_could_hold_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        *_, office = await working(session, now)
        with pytest.raises(Refusal, match=r"^gathering.about_too_long$"):
            await planned(session, office, now, about={"en": "x" * (ABOUT_LENGTH + 1)})
        it = await planned(session, office, now, about={"en": "x" * ABOUT_LENGTH})
        with pytest.raises(Refusal, match=r"^gathering.about_too_long$"):
            about = {"en": "x" * (ABOUT_LENGTH + 1)}
            await studies.change(session, it, it.titles, "Hall 4", it.starts_at, it.ends_at, HOUSE, now, about=about)
        told = read(f"Serving\n10-20 15:00-17:00\nHall 3\n{'x' * 1500}", HOUSE.calendar, now)[4]
        assert len(told) == 1500, "what is longer is told, not cut"


async def test_coverage_is_of_all_staff_until_everybody_has_been_to_one(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east, other, west, office = await working(session, now)
        it = await planned(session, office, now)
        await calling.call(session, it, office, HOUSE, now)
        await gatherings.sign_in(session, it, east, it.starts_at)
        await excuses.ask_off(session, it, other, "Ill", HOUSE, now)
        await excuses.decide(session, it, other.id, office, HOUSE, now, accept=True)
        await calling.hold_due(session, HOUSE, it.ends_at + AFTER)
        week = it.ends_at + 3 * DAY

        async def coverage(at: datetime = week) -> studies.Coverage:
            return await studies.coverage(session, AUTUMN, HOUSE.calendar, at)

        found = await coverage()
        assert ([each.id for each in found.came], [each.id for each in found.excused]) == ([east.id], [other.id])
        assert [each.id for each in found.missing] == [west.id, office.id]
        assert (found.rate.hits, found.rate.of, found.whole) == (1, 4, False)
        for _ in range(2):
            await calling.tell_coverage(session, HOUSE, week)
        told = select(Outgoing).where(Outgoing.letter == "study_coverage")
        assert len((await session.scalars(told)).all()) == 1, "once a week"
        # Whoever has been to none is called to the make-up session, the excused one too.
        again = await planned(session, office, week, at=week + DAY, makes_up=it)
        assert {each.id for each in await studies.staff_of(session, again, HOUSE, week)} == {
            other.id,
            west.id,
            office.id,
        }
        await calling.call(session, again, office, HOUSE, week)
        for person in (other, office):
            await gatherings.sign_in(session, again, person, again.starts_at)
        await calling.hold_due(session, HOUSE, again.ends_at + AFTER)
        assert [each.id for each in (await coverage()).missing] == [west.id]
        third = await planned(session, office, week + 2 * DAY, at=week + 3 * DAY, makes_up=again)
        assert third.makes_up_id == it.id, "it makes up for what was missed first"
        await calling.call(session, third, office, HOUSE, week + 2 * DAY)
        assert await part(session, third, other) is None
        await excuses.by_hand(session, third, west.id, office, HOUSE, third.starts_at)
        await calling.hold_due(session, HOUSE, third.ends_at + AFTER)
        done = await coverage()
        assert (done.rate.hits, done.rate.of, done.whole, done.held) == (4, 4, True, 3)
        await calling.tell_coverage(session, HOUSE, week + 7 * DAY)
        assert len((await session.scalars(told)).all()) == 1, "nothing is left to say"
        holidays = HOUSE.calendar.at(date(2027, 1, 20), now.time())
        assert (await planned(session, office, week, at=holidays)).semester is None
        assert (await planned(session, office, week, at=holidays, makes_up=it)).semester == AUTUMN.name
        # Somebody new has been to none; of an earlier semester those count who were called.
        places = {each.key: each for each in await stations.open_desks(session)}
        new = await staff(session, 9, "New")
        await colleagues.seen(session, places["west"], new, week)
        assert [each.id for each in (await coverage()).missing] == [new.id]
        later = HOUSE.calendar.at(SPRING.starts, now.time())
        assert (await coverage(later)).whole
        assert [
            (each.gathering.id, each.rate.hits, each.rate.of)
            for each in await studies.held(session, Kind.TRAINING, AUTUMN.name)
        ] == [(it.id, 1, 4), (again.id, 2, 3), (third.id, 1, 1)]
        await forgetting.forget(session, east, 1, HOUSE, week)
        assert east.id not in {each.id for each in (await coverage()).came}


def test_title_time_and_place_are_read_as_people_write_them(now: datetime) -> None:
    calendar = HOUSE.calendar
    wanted = calendar.at(date(2026, 10, 20), time(15))
    for text in (
        "2026-10-20 15:00-17:00",
        "10月20日 15：00—17：00",
        "10/20, 15:00 to 17:00",
        "2026年10月20日 15:00至17:00",
    ):
        title, starts, ends, place, about = read(f"Serving\n\n{text}\n Hall  3\nBring\npens", calendar, now)
        assert (title, starts, ends - starts, place, about) == ("Serving", wanted, 2 * HOUR, "Hall 3", "Bring pens")
    assert read("3-1 8:00-9:30\nHall", calendar, now)[1].year == 2027, "the next such day"
    assert read("3-1 8:00-9:30\nHall", calendar, now)[0] == ""
    for text, key in (
        ("Serving\nHall 3", "study.no_time"),
        ("Serving\n2026-13-40 15:00-17:00\nHall", "study.no_day"),
        ("2-30 15:00-17:00\nHall", "study.no_day"),
        ("Serving\n10-20 15:00-17:00", "gathering.place_missing"),
        ("Serving\n10-20 25:00-27:00\nHall", "study.no_time"),
    ):
        with pytest.raises(Refusal, match=f"^{key}$"):
            read(text, calendar, now)
