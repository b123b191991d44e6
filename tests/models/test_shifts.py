"""The duty roster: who is on when, who stands in for whom, and who may change it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import colleagues, people, permissions, shifts, swaps, turns
from models.audit import Act
from models.calendar import Semester, WorkCalendar
from models.database import Database
from models.errors import Refusal
from models.outbox import Outgoing
from models.people import Person, Role
from models.permissions import Deed
from models.shifts import Row, Shift, SwapState
from models.stations import Station
from tests.house import CALENDAR, EAST, furnish, staff

TERM = Semester("2026-2027-1", date(2026, 9, 7), date(2027, 1, 17))
HERE = replace(
    CALENDAR,
    semesters=(TERM,),
    holidays=frozenset({date(2026, 10, 19)}),
    makeup_days=frozenset({date(2026, 10, 24)}),
)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what asks nothing of the database that another test has not asked of both."""
MORNING, AFTERNOON = (time(8, 30), time(12)), (time(13, 30), time(17, 30))
TODAY = date(2026, 10, 12)


@dataclass
class Desk:
    """A station with three people, the first of whom leads it."""

    session: AsyncSession
    east: Station
    wang: Person
    li: Person
    zhao: Person
    now: datetime

    async def shift(self, weekday: int, span: tuple[time, time], *who: Person) -> Shift:
        shift = await shifts.add(self.session, self.east, weekday, *span, self.wang, HERE, self.now)
        for person in who:
            await shifts.toggle(self.session, shift, person, self.wang, self.now)
        return shift

    async def on(self, day: date, calendar: WorkCalendar = HERE) -> list[tuple[str, list[str]]]:
        found = await turns.between(self.session, self.east, day, day, calendar)
        return [(f"{turn.shift.starts:%H:%M}", [p.name for p in turn.people]) for turn in found]

    async def told(self) -> list[tuple[int | None, str]]:
        rows = await self.session.scalars(select(Outgoing).order_by(Outgoing.id))
        return [(row.chat_id, str((row.payload or {}).get("text") or (row.payload or {})["what"])) for row in rows]


async def desk(session: AsyncSession, now: datetime) -> Desk:
    east = (await furnish(session))["east"]
    wang, li, zhao = [await staff(session, i, name) for i, name in ((1, "Wang"), (2, "Li"), (3, "Zhao"))]
    for person in (wang, li, zhao):
        person.agreed = True
    await people.grant(session, Role.LEAD, wang.telegram_id, given_by=1, now=now, station_id=east.id)
    return Desk(session, east, wang, li, zhao, now)


async def test_a_weekly_shift_goes_to_the_end_of_the_semester_and_not_on_a_day_off(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(0, MORNING, here.wang)
        assert (shift.first_day, shift.last_day) == (TODAY, TERM.ends)
        for day, there in (
            (TODAY - timedelta(days=7), False),
            (TODAY, True),
            (date(2026, 10, 13), False),
            (date(2026, 10, 19), False),  # a holiday
            (date(2026, 10, 24), True),  # a Saturday that is worked with Monday's hours
            (date(2027, 1, 11), True),
            (date(2027, 1, 18), False),  # after the semester
        ):
            assert await here.on(day) == ([("08:30", ["Wang"])] if there else []), day


@ON_SQLITE
async def test_a_shift_made_in_the_vacation_waits_for_the_semester(database: Database, now: datetime) -> None:
    del now
    async with database.transaction() as session:
        here = await desk(session, datetime.fromisoformat("2026-08-20T10:00+08:00"))
        shift = await here.shift(0, MORNING)
        assert (shift.first_day, shift.last_day) == (TERM.starts, TERM.ends)
        assert shifts.lasts(CALENDAR, here.now) == (date(2026, 8, 20), None), "a calendar without semesters"


@ON_SQLITE
async def test_a_shift_may_be_for_one_date_and_again_for_every_week(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(2, MORNING, here.li)
        await shifts.repeat(session, shift, False, here.wang, HERE, now)
        assert [await here.on(date(2026, 10, day)) for day in (14, 21)] == [[("08:30", ["Li"])], []]
        await shifts.repeat(session, shift, True, here.wang, HERE, now)
        assert [await here.on(date(2026, 10, day)) for day in (14, 21)] == [[("08:30", ["Li"])]] * 2


@ON_SQLITE
async def test_who_is_on_now_and_who_is_next(database: Database, now: datetime) -> None:
    """A shift runs from its first moment up to, and without, its last; one without people is nobody's."""
    async with database.transaction() as session:
        here = await desk(session, now)
        await here.shift(0, MORNING, here.wang, here.li)
        await here.shift(0, AFTERNOON)
        await here.shift(1, MORNING, here.zhao)

        async def names(at: str) -> tuple[list[str], list[str]]:
            moment = datetime.fromisoformat(f"2026-10-12T{at}+08:00")
            on = await turns.on_duty(session, here.east, HERE, moment)
            coming = await turns.next_turns(session, here.east, HERE, moment)
            return [p.name for p in turns.everybody(on)], [p.name for p in turns.everybody(coming)]

        assert await names("08:29") == ([], ["Wang", "Li"])
        assert await names("08:30") == (["Wang", "Li"], ["Wang", "Li"]), "which begin at this moment"
        assert await names("11:59") == (["Wang", "Li"], ["Zhao"])
        assert await names("12:00") == ([], ["Zhao"])


async def test_what_is_taken_off_the_roster_was_there_until_yesterday(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        old, new = await here.shift(0, MORNING, here.wang), await here.shift(0, AFTERNOON, here.li)
        later = now + timedelta(days=14)
        new.first_day = date(2026, 10, 26)
        for shift in (old, new):
            await shifts.remove(session, shift, here.wang, HERE, later)
        assert await here.on(TODAY) == [("08:30", ["Wang"])]
        assert await here.on(date(2026, 10, 26)) == []
        assert len((await session.scalars(select(Shift))).all()) == 1
        acts = [act.act for act in await session.scalars(select(Act).order_by(Act.id))]
        assert acts[-2:] == ["shift.remove", "shift.remove"]


@ON_SQLITE
async def test_a_shift_has_an_order_and_room_for_so_many(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        with pytest.raises(Refusal, match=r"shift\.order"):
            await here.shift(0, (time(12), time(8, 30)))
        shift = await here.shift(0, MORNING)
        assert (await here.shift(0, MORNING)).id == shift.id, "pressed twice it is one"
        for number in range(shifts.MOST_PEOPLE):
            await shifts.toggle(session, shift, await staff(session, 50 + number, f"P{number}"), here.wang, now)
        with pytest.raises(Refusal, match=r"shift\.full"):
            await shifts.toggle(session, shift, here.li, here.wang, now)


@ON_SQLITE
async def test_the_roster_is_the_lead_s_of_this_station_and_the_admins(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        west = (await furnish(session))["west"]
        await people.grant(session, Role.ADMIN, here.zhao.telegram_id, given_by=1, now=now)
        may = {
            (who.name, where.key): permissions.may(Deed.ROSTER_WRITE, await permissions.standing(session, who, where))
            for who in (here.wang, here.li, here.zhao)
            for where in (here.east, west)
        }
    assert [key for key, yes in may.items() if yes] == [("Wang", "east"), ("Zhao", "east"), ("Zhao", "west")]


# ---------------------------------------------------------------- a whole roster at once


async def test_a_roster_is_replaced_and_says_what_differs(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        kept, changed = await here.shift(0, MORNING, here.wang), await here.shift(0, AFTERNOON, here.li)
        await here.shift(1, MORNING, here.li)
        alone = await here.shift(4, MORNING, here.li)
        await shifts.repeat(session, alone, False, here.wang, HERE, now)
        rows = [
            Row(0, *MORNING, (here.wang.id,)),
            Row(0, *AFTERNOON, (here.zhao.id, here.li.id)),
            Row(2, *MORNING, (here.zhao.id,)),
        ]
        before = await shifts.compare(session, here.east, rows, HERE, now)
        assert await here.on(date(2026, 10, 13)) == [("08:30", ["Li"])], "comparing changes nothing"
        found = await shifts.replace(session, here.east, rows, here.wang, HERE, now)
        assert found == before
        assert found.added == (rows[2],)
        assert found.changed == ((Row(0, *AFTERNOON, (here.li.id,)), rows[1]),)
        assert found.removed == (Row(1, *MORNING, (here.li.id,)),)
        assert found.kept == (rows[0],)
        assert await here.on(TODAY) == [("08:30", ["Wang"]), ("13:30", ["Li", "Zhao"])]
        assert await here.on(date(2026, 10, 13)) == []
        assert await here.on(date(2026, 10, 16)) == [("08:30", ["Li"])], "one date's shift is not the file's"
        assert {kept.id, changed.id} <= set(await session.scalars(select(Shift.id)))
        again = await shifts.replace(session, here.east, rows, here.wang, HERE, now)
        assert (again.added, again.changed, again.removed) == ((), (), ())


@ON_SQLITE
async def test_a_roster_with_mistakes_changes_nothing_and_all_are_told(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        await here.shift(0, MORNING, here.wang)
        many = tuple([(await staff(session, 60 + n, f"P{n}")).id for n in range(shifts.MOST_PEOPLE + 1)])
        rows = [
            Row(7, *MORNING),
            Row(0, time(12), time(12)),
            Row(1, *MORNING),
            Row(1, *MORNING),
            Row(2, *MORNING, many),
            Row(3, *MORNING, (999_999,)),
        ]
        found = await shifts.compare(session, here.east, rows, HERE, now)
        assert [(m.row, m.key) for m in found.mistakes] == [
            (0, "shift.order"),
            (1, "shift.order"),
            (3, "shift.twice"),
            (4, "shift.full"),
            (5, "shift.stranger"),
        ]
        with pytest.raises(Refusal, match=r"shift\.order"):
            await shifts.replace(session, here.east, rows, here.wang, HERE, now)
        assert await here.on(TODAY) == [("08:30", ["Wang"])]


# ---------------------------------------------------------------- swaps


async def turn_of(here: Desk, shift: Shift, day: date = TODAY) -> turns.Turn:
    return (await turns.of_shift(here.session, shift.id, day, HERE))[1]


async def test_a_date_changes_hands_only_when_the_other_says_yes(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(0, AFTERNOON, here.wang)
        swap = await swaps.offer(session, here.east, await turn_of(here, shift), here.wang, here.li, HERE, now)
        assert await here.on(TODAY) == [("13:30", ["Wang"])]
        assert await here.told() == [(EAST, "swap"), (here.li.telegram_id, "swap")]
        with pytest.raises(Refusal, match=r"swap\.not_asked"):
            await swaps.take(session, swap.id, here.zhao, HERE, now)
        await swaps.take(session, swap.id, here.li, HERE, now)
        assert await here.on(TODAY) == [("13:30", ["Li"])]
        assert await here.on(date(2026, 10, 26)) == [("13:30", ["Wang"])], "other weeks are Wang's"
        assert (await here.told())[2:] == [
            (EAST, "swap.taken"),
            (here.wang.telegram_id, "swap.taken_from_you"),
            (here.li.telegram_id, "swap.taken_by_you"),
        ]
        with pytest.raises(Refusal, match=r"swap\.taken_already"):
            await swaps.take(session, swap.id, here.li, HERE, now)
        # And on: who stands in may give it on.
        again = await swaps.offer(session, here.east, await turn_of(here, shift), here.li, None, HERE, now)
        await swaps.take(session, again.id, here.zhao, HERE, now)
        assert await here.on(TODAY) == [("13:30", ["Zhao"])]
        assert [t.day for t in await turns.of_person(session, here.zhao, HERE, now)] == [TODAY]


@ON_SQLITE
async def test_a_swap_can_be_declined_withdrawn_and_offered_anew(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(0, AFTERNOON, here.wang)
        turn = await turn_of(here, shift)
        first = await swaps.offer(session, here.east, turn, here.wang, here.li, HERE, now)
        second = await swaps.offer(session, here.east, turn, here.wang, here.li, HERE, now)
        assert first.state is SwapState.WITHDRAWN
        with pytest.raises(Refusal, match=r"swap\.gone"):
            await swaps.take(session, first.id, here.li, HERE, now)
        await swaps.decline(session, second.id, here.li, HERE, now)
        assert (await here.told())[-2:] == [(EAST, "swap.declined"), (here.wang.telegram_id, "swap.declined_you")]
        third = await swaps.offer(session, here.east, turn, here.wang, None, HERE, now)
        with pytest.raises(Refusal, match=r"swap\.not_asked"):
            await swaps.decline(session, third.id, here.zhao, HERE, now)
        await swaps.decline(session, third.id, here.wang, HERE, now)
        assert third.state is SwapState.WITHDRAWN
        assert await here.on(TODAY) == [("13:30", ["Wang"])]


@ON_SQLITE
async def test_what_is_over_or_not_theirs_is_not_swapped(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(0, MORNING, here.wang, here.li)
        turn = await turn_of(here, shift)
        with pytest.raises(Refusal, match=r"swap\.not_on"):
            await swaps.offer(session, here.east, turn, here.zhao, None, HERE, now)
        with pytest.raises(Refusal, match=r"swap\.on_already"):
            await swaps.offer(session, here.east, turn, here.wang, here.li, HERE, now)
        swap = await swaps.offer(session, here.east, turn, here.wang, here.zhao, HERE, now)
        with pytest.raises(Refusal, match=r"swap\.over"):
            await swaps.take(session, swap.id, here.zhao, HERE, now + timedelta(hours=3))
        await shifts.toggle(session, shift, here.wang, here.wang, now)
        with pytest.raises(Refusal, match=r"swap\.not_on"):
            await swaps.take(session, swap.id, here.zhao, HERE, now)


@ON_SQLITE
async def test_a_lead_puts_somebody_else_on_without_asking(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(0, AFTERNOON, here.li)
        turn = await turn_of(here, shift)
        await swaps.assign(session, here.east, turn, here.li, here.zhao, here.wang, HERE, now)
        assert await here.on(TODAY) == [("13:30", ["Zhao"])]
        assert [chat for chat, _ in await here.told()] == [EAST, here.li.telegram_id, here.zhao.telegram_id]
        (act,) = await session.scalars(select(Act).where(Act.act == "shift.assign"))
        assert act.staff_id == here.wang.id


async def test_of_two_who_say_yes_at_once_one_has_it(database: Database, now: datetime) -> None:
    """One in private and one in the group: two chats, so nothing but the rule keeps them apart."""
    async with database.transaction() as session:
        here = await desk(session, now)
        shift = await here.shift(0, AFTERNOON, here.wang)
        swap = await swaps.offer(session, here.east, await turn_of(here, shift), here.wang, None, HERE, now)
        number, who = swap.id, (here.li.id, here.zhao.id)

    async def take(person_id: int) -> str:
        try:
            async with database.transaction() as session:
                await swaps.take(session, number, await session.get_one(Person, person_id), HERE, now)
        except Refusal as refusal:
            return refusal.key
        return "taken"

    assert sorted(await asyncio.gather(*map(take, who))) == ["swap.taken_already", "taken"]


# ---------------------------------------------------------------- who can be put on it


async def test_the_people_of_a_station_are_those_who_have_acted_there(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        west = (await furnish(session))["west"]
        await colleagues.seen(session, here.east, here.zhao, now)
        await colleagues.seen(session, here.east, here.zhao, now)
        assert [p.name for p in await colleagues.known(session, here.east, now)] == ["Wang", "Zhao"]
        assert await colleagues.known(session, west, now) == []


@ON_SQLITE
async def test_in_private_only_those_are_told_who_have_a_chat_with_the_bot(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        here = await desk(session, now)
        here.li.agreed = False
        await colleagues.tell(session, [here.wang, here.li], "rung.duty_private", now, not_before=now)
        assert await here.told() == [(here.wang.telegram_id, "rung.duty_private")]
