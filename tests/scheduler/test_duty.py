"""The end of a shift, and the rungs before a deadline: who hands over to whom, who is called, and each of it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.toolbox import Toolbox
from models import answering, asking, handovers, people, shifts, tickets
from models.calendar import Span
from models.database import Database
from models.errors import Refusal
from models.handovers import Handover, Side, Signature
from models.house import House, Waits
from models.outbox import Outgoing
from models.people import Person, Role
from models.shifts import Shift
from models.tickets import Ticket
from scheduler.jobs import deadlines, duty, rungs
from tests.house import CALENDAR, EAST, HOUSE, OFFICE, draft, furnish, staff, student

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what asks nothing of the database that another test has not asked of both."""
MORNING, AFTERNOON, EVENING = (time(8, 30), time(12)), (time(12), time(17, 30)), (time(19), time(21, 30))
WANG, LI, ZHAO = 20_001, 20_002, 20_003


def at(text: str, day: int = 12) -> datetime:
    """A moment of that Monday in October, or of another day."""
    return datetime.fromisoformat(f"2026-10-{day}T{text}+08:00")


async def run(database: Database, now: datetime, house: House = HOUSE) -> None:
    toolbox = Toolbox(cast(Any, None), house, cast(Any, None))
    await deadlines.run(database, toolbox, now)
    await duty.run(database, toolbox, now)


async def person(session: AsyncSession, number: int, name: str) -> Person:
    someone = await staff(session, number, name)
    someone.agreed = True
    return someone


async def roster(database: Database, now: datetime, *rows: tuple[int, tuple[time, time], tuple[int, ...]]) -> None:
    """The east station's shifts: weekday, span, and who by number (1 Wang, who leads it, 2 Li, 3 Zhao)."""
    async with database.transaction() as session:
        east = (await furnish(session))["east"]
        who = {n: await person(session, n, name) for n, name in ((1, "Wang"), (2, "Li"), (3, "Zhao"))}
        for weekday, span, numbers in rows:
            shift = await shifts.add(session, east, weekday, *span, who[1], CALENDAR, now - timedelta(days=30))
            for number in numbers:
                await shifts.toggle(session, shift, who[number], who[1], now)


async def lead(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east = (await furnish(session))["east"]
        await people.grant(session, Role.LEAD, WANG, given_by=1, now=now, station_id=east.id)


async def filed(database: Database, now: datetime) -> int:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        return (await asking.file(session, draft(), alice, HOUSE, now)).id


async def told(database: Database) -> list[tuple[int | None, str]]:
    """What has been said of rosters and deadlines, and where."""
    async with database.reading() as session:
        rows = await session.scalars(select(Outgoing).order_by(Outgoing.id))
        found = []
        for row in rows:
            payload = row.payload or {}
            text = str(payload.get("text") or payload.get("what"))
            if text.startswith(("rung.", "handover", "station.warned", "station.overdue", "above.")):
                found.append((row.chat_id, text))
        return found


async def mentions(database: Database, text: str) -> list[str]:
    """Who is called by name in the notices of this text."""
    async with database.reading() as session:
        rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "notice").order_by(Outgoing.id))
        params = [(row.payload or {})["params"] for row in rows if (row.payload or {})["text"] == text]
        return [name for each in params for _, name in each.get("mentions") or each.get("leads")]


# ---------------------------------------------------------------- handing over


async def test_ten_minutes_before_the_end_what_is_open_is_handed_over_once(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (1, 2)), (0, AFTERNOON, (3,)))
    number = await filed(database, now)
    await run(database, at("11:49"))
    assert await told(database) == []
    await run(database, at("11:50"))
    await run(database, at("11:51"))
    assert await told(database) == [(EAST, "handover")]
    async with database.reading() as session:
        (handover,) = await session.scalars(select(Handover))
        assert (handover.at, handover.tickets) == (at("12:00"), [number])
        out, into = (await handovers.get(session, handover.id))[1]
        assert [(s.side, len(s.people), s.since) for s in (out, into)] == [
            (Side.OUTGOING, 2, at("12:00")),
            (Side.INCOMING, 1, at("12:00")),
        ]


@ON_SQLITE
async def test_where_nothing_is_open_nobody_has_to_sign(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (1,)), (0, AFTERNOON, (3,)))
    await run(database, at("11:55"))
    assert await told(database) == [(EAST, "handover")]
    async with database.reading() as session:
        assert (await session.scalars(select(Signature))).all() == []
    for hours in range(4):
        await run(database, at("13:05") + timedelta(hours=hours))
    assert await told(database) == [(EAST, "handover")]


async def test_at_the_end_of_the_day_the_next_shift_s_people_take_over(database: Database, now: datetime) -> None:
    """Their hour counts from when they begin, the others' from the end."""
    await roster(database, now, (0, AFTERNOON, (2,)), (2, MORNING, (3,)))
    await filed(database, now)
    await run(database, at("17:25"))
    async with database.reading() as session:
        (handover,) = await session.scalars(select(Handover))
        out, into = (await handovers.get(session, handover.id))[1]
        assert (out.since, into.since) == (at("17:30"), at("08:30", 14))


@ON_SQLITE
async def test_whoever_goes_on_hands_over_to_nobody(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (1, 2)), (0, AFTERNOON, (2, 3)), (0, EVENING, (2, 3)))
    await filed(database, now)
    await run(database, at("11:55"))
    async with database.reading() as session:
        (handover,) = await session.scalars(select(Handover))
        names = [
            [(await session.get_one(Person, p)).name for p in s.people]
            for s in (await handovers.get(session, handover.id))[1]
        ]
        assert names == [["Wang"], ["Zhao"]]
    await run(database, at("17:25"))
    async with database.reading() as session:
        assert len((await session.scalars(select(Handover))).all()) == 1, "all of them go on in the evening"


@ON_SQLITE
async def test_of_two_the_one_who_stays_takes_over_from_the_other(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (1, 2)), (0, AFTERNOON, (2,)))
    await filed(database, now)
    await run(database, at("11:55"))
    async with database.reading() as session:
        (handover,) = await session.scalars(select(Handover))
        sides = (await handovers.get(session, handover.id))[1]
        names = [[(await session.get_one(Person, p)).name for p in side.people] for side in sides]
        assert names == [["Wang"], ["Li"]]


@ON_SQLITE
async def test_after_hours_away_only_the_current_handover_is_made(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (1,)), (0, AFTERNOON, (2,)), (0, EVENING, (3,)))
    await filed(database, now)
    await run(database, at("17:45"))
    async with database.reading() as session:
        assert [h.at for h in await session.scalars(select(Handover))] == [at("17:30")]


async def test_each_side_signs_for_itself(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (1,)), (0, AFTERNOON, (3,)))
    await filed(database, now)
    await run(database, at("11:55"))
    async with database.transaction() as session:
        (handover,) = await session.scalars(select(Handover))
        wang, li, zhao = [await person(session, n, name) for n, name in ((1, "Wang"), (2, "Li"), (3, "Zhao"))]
        for side, wrong in ((Side.OUTGOING, zhao), (Side.INCOMING, wang), (Side.OUTGOING, li)):
            with pytest.raises(Refusal, match=r"handover\.not_yours"):
                await handovers.sign(session, handover.id, side, wrong, at("11:56"))
        await handovers.sign(session, handover.id, Side.OUTGOING, wang, at("11:56"))
        with pytest.raises(Refusal, match=r"handover\.signed_already"):
            await handovers.sign(session, handover.id, Side.OUTGOING, wang, at("11:57"))
        await handovers.sign(session, handover.id, Side.INCOMING, zhao, at("12:01"))
    for hours in range(4):
        await run(database, at("13:05") + timedelta(hours=hours))
    assert [text for _, text in await told(database) if text.startswith("handover")] == ["handover"]


async def test_a_side_that_says_nothing_is_reminded_once_and_then_the_lead_is_told(
    database: Database, now: datetime
) -> None:
    await roster(database, now, (0, MORNING, (2,)), (0, AFTERNOON, (3,)))
    await lead(database, now)
    await filed(database, now)
    await run(database, at("11:55"))
    async with database.transaction() as session:
        (handover,) = await session.scalars(select(Handover))
        await handovers.sign(session, handover.id, Side.OUTGOING, await person(session, 2, "Li"), at("11:56"))
    seen = len(await told(database))
    await run(database, at("12:59"))
    assert (await told(database))[seen:] == []
    for _ in range(2):
        await run(database, at("13:00"))
    assert (await told(database))[seen:] == [(EAST, "handover.remind.incoming")]
    assert await mentions(database, "handover.remind.incoming") == ["Zhao"]
    for minutes in (0, 1, 120):
        await run(database, at("14:00") + timedelta(minutes=minutes))
    assert [told_ for told_ in (await told(database))[seen + 1 :] if told_[1].startswith("handover")] == [
        (EAST, "handover.tell.incoming"),
        (WANG, "handover.tell_private.incoming"),
    ]


@ON_SQLITE
async def test_where_nobody_leads_the_office_is_told(database: Database, now: datetime) -> None:
    await roster(database, now, (0, EVENING, (2,)), (2, MORNING, (3,)))
    await filed(database, now)
    await run(database, at("21:25"))
    await run(database, at("22:31"))
    assert not [text for _, text in await told(database) if text.startswith("handover.")], "not at night"
    for text in ("07:30", "08:31"):
        await run(database, at(text, 13))
    assert [each for each in await told(database) if each[1].startswith("handover")] == [
        (EAST, "handover"),
        (EAST, "handover.remind.outgoing"),
        (OFFICE, "handover.tell.outgoing"),
    ]


@ON_SQLITE
async def test_an_old_silence_is_not_brought_up_after_hours_away(database: Database, now: datetime) -> None:
    await roster(database, now, (0, MORNING, (2,)), (2, MORNING, (3,)))
    await filed(database, now)
    await run(database, at("11:55"))
    await run(database, at("07:30", 13))
    assert not [text for _, text in await told(database) if text.startswith("handover.")]


# ---------------------------------------------------------------- the rungs before and after the deadline to claim


@ON_SQLITE
async def test_without_a_roster_the_warning_is_the_group_s(database: Database, now: datetime) -> None:
    await filed(database, now)
    for text in ("14:00", "14:30", "14:59"):
        await run(database, at(text))
    assert await told(database) == [(EAST, "station.warned.claim")]


async def test_on_duty_then_the_next_then_the_lead_each_once(database: Database, now: datetime) -> None:
    """Filed at 9:30, due at 15:00, warned at 14:00; half an hour later whoever comes next."""
    await roster(database, now, (0, AFTERNOON, (2,)), (1, MORNING, (3,)))
    await lead(database, now)
    number = await filed(database, now)
    seen: list[tuple[str, list[tuple[int | None, str]]]] = []
    for text in ("13:59", "14:00", "14:01", "14:29", "14:30", "14:31", "14:59", "15:00", "15:01"):
        before = len(await told(database))
        await run(database, at(text))
        if new := (await told(database))[before:]:
            seen.append((text, new))
    assert seen == [
        ("14:00", [(EAST, "rung.duty"), (LI, "rung.duty_private")]),
        ("14:30", [(EAST, "rung.next"), (ZHAO, "rung.next_private")]),
        ("15:00", [(WANG, "rung.lead.claim"), (EAST, "station.overdue.claim")]),
    ]
    assert await mentions(database, "rung.duty") == ["Li"]
    assert await mentions(database, "rung.next") == ["Zhao"]
    assert await mentions(database, "station.overdue.claim") == ["Wang"]
    async with database.reading() as session:
        assert (await tickets.get(session, number)).claim_level == 1


@ON_SQLITE
async def test_a_ticket_that_is_claimed_calls_nobody_else(database: Database, now: datetime) -> None:
    await roster(database, now, (0, AFTERNOON, (2,)), (1, MORNING, (3,)))
    number = await filed(database, now)
    await run(database, at("14:00"))
    async with database.transaction() as session:
        ticket = await tickets.get(session, number)
        await answering.claim(session, ticket, await person(session, 2, "Li"), HOUSE, at("14:10"))
    for text in ("14:30", "15:00"):
        await run(database, at(text))
    assert [text for _, text in await told(database)] == ["rung.duty", "rung.duty_private"]


@ON_SQLITE
async def test_where_nobody_is_on_duty_the_next_is_still_told(database: Database, now: datetime) -> None:
    await roster(database, now, (0, EVENING, (3,)))
    await filed(database, now)
    for text in ("14:00", "14:30", "14:31"):
        await run(database, at(text))
    assert await told(database) == [(EAST, "station.warned.claim"), (EAST, "rung.next"), (ZHAO, "rung.next_private")]


@ON_SQLITE
async def test_a_station_without_a_chat_does_not_call_its_people_every_minute(
    database: Database, now: datetime
) -> None:
    await roster(database, now, (0, AFTERNOON, (2,)), (1, MORNING, (3,)))
    await filed(database, now)
    async with database.transaction() as session:
        (await furnish(session))["east"].chat_id = None
    for text in ("14:00", "14:01", "14:30", "14:31"):
        await run(database, at(text))
    assert await told(database) == []


@pytest.mark.parametrize(
    ("waits", "step", "reached"),
    [
        pytest.param(Waits(), "claim", ("15:00", "10:00", "15:30"), id="as it always was"),
        pytest.param(Waits(), "reply", ("15:00", "15:00", "15:00"), id="a reply, by the day"),
        pytest.param(Waits(lead=Span(hours=1)), "claim", ("16:00", "11:00", "16:30"), id="the lead an hour later"),
        pytest.param(Waits(office=Span(hours=1)), "reply", ("15:00", "16:00", "16:00"), id="the office after an hour"),
        pytest.param(Waits(supervisors=Span(1)), "claim", ("15:00", "10:00", "10:00"), id="the teacher after a day"),
    ],
)
def test_each_rung_waits_as_long_as_config_says(waits: Waits, step: str, reached: tuple[str, str, str]) -> None:
    house, ticket = replace(HOUSE, waits=waits), Ticket(category="water")
    found: list[str] = []
    for minutes in range(0, 4 * 24 * 60, 30):
        moment = at("14:30") + timedelta(minutes=minutes)
        if moment >= at("15:00"):
            while len(found) < rungs.level(at("15:00"), step, ticket, house, moment):
                found.append(f"{moment:%H:%M}")
    assert tuple(found) == reached


def test_a_deadline_at_closing_time_is_told_at_closing_time() -> None:
    assert rungs.level(at("17:30"), "claim", Ticket(category="water"), HOUSE, at("17:30")) == 1


@ON_SQLITE
async def test_a_shift_that_is_gone_is_no_longer_anybody_s(database: Database, now: datetime) -> None:
    await roster(database, now, (0, AFTERNOON, (2,)))
    await filed(database, now)
    async with database.transaction() as session:
        (shift,) = await session.scalars(select(Shift))
        await shifts.remove(session, shift, await person(session, 1, "Wang"), CALENDAR, now)
    await run(database, at("14:00"))
    assert await told(database) == [(EAST, "station.warned.claim")]
