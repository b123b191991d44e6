"""Figures counted by the database are those of a slow and plain count, on whatever tickets there are."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models import pulses, sessions, statistics
from models.calendar import Semester, WorkCalendar
from models.database import Database
from models.figures import Rate, Share, difference, has_changed, may_be_told, sum_may_be_told
from models.lifecycle import Kind, State
from models.pulses import Pulse, PulseCount, PulsePoll
from models.requesters import Requester
from models.statistics import Figures, Period, Spread
from models.tickets import Ticket
from tests.house import CALENDAR, furnish

DAY = timedelta(days=1)


def some_ticket(number: int, chance: random.Random, now: datetime, places: list[int]) -> dict[str, object]:
    """A row as life might have left it, and now and then as it never would."""
    filed = now - timedelta(seconds=chance.randrange(90 * 86400))
    state = chance.choice(list(State))

    def after(days: float) -> datetime | None:
        return min(filed + timedelta(seconds=chance.randrange(int(days * 86400))), now)

    return {
        "id": number,
        "kind": chance.choice(list(Kind)),
        "category": chance.choice(["water", "internet", "other"]),
        "building": chance.choice(["e1", "e2", None]),
        "subject": "x",
        "folded": "x",
        "marks": b"",
        "station_id": chance.choice(places),
        "from_station_id": chance.choice(places) if state is State.TRANSFERRED else None,
        "state": state,
        "version": 1,
        "filed_at": filed,
        "reply_due": filed + timedelta(hours=chance.randrange(72)) if chance.random() < 0.9 else None,
        "resolve_due": filed + timedelta(hours=chance.randrange(200)) if chance.random() < 0.9 else None,
        "replied_at": after(4) if chance.random() < 0.7 else None,
        "resolved_at": after(12) if state in (State.RESOLVED, State.CLOSED) else None,
        "closed_at": after(20) if state in (State.CLOSED, State.WITHDRAWN) else None,
    }


async def plant(session: AsyncSession, seed: int, now: datetime, count: int = 120) -> list[dict[str, object]]:
    chance = random.Random(seed)
    places = [station.id for station in (await furnish(session)).values()][:3]
    rows = [some_ticket(i + 1, chance, now, places) for i in range(count)]
    await session.execute(insert(Ticket), rows)
    people = [
        {
            "ticket_id": row["id"],
            "number": n + 1,
            "left": chance.random() < 0.1,
            "solved": chance.choice([True, False, None]),
            "rating": chance.choice([1, 2, 3, 4, 5, None]),
        }
        for row in rows
        for n in range(chance.choice([1, 1, 3]))
    ]
    await session.execute(insert(Requester), people)
    for row in rows:
        row["requesters"] = [p for p in people if p["ticket_id"] == row["id"] and not p["left"]]
    return rows


def slowly(rows: list[dict[str, object]], span: Period, now: datetime) -> dict[int, Figures]:
    """The definitions, word for word."""
    found: dict[int, Figures] = defaultdict(Figures)

    def add(place: int, name: str, hit: object, silent: object = False, counts: object = True) -> None:
        more = Share(Rate(int(bool(hit and counts)), int(bool(counts))), int(bool(silent)))
        setattr(found[place], name, getattr(found[place], name) + more)

    for t in rows:
        filed: datetime = t["filed_at"]  # type: ignore[assignment]
        if not span.since <= filed < span.until:
            continue
        place: int = t["from_station_id"] or t["station_id"]  # type: ignore[assignment]
        found[place].filed += 1
        state, due, replied = t["state"], t["reply_due"], t["replied_at"]
        gone = state in (State.WITHDRAWN, State.MERGED)
        if due is not None:
            waited = not gone or (t["closed_at"] is not None and t["closed_at"] > due)  # type: ignore[operator]
            if replied is not None or (due <= now and waited):  # type: ignore[operator]
                add(place, "response", replied is not None and replied <= due, replied is None)  # type: ignore[operator]
        done, by = t["resolved_at"], t["resolve_due"]
        if not gone and by is not None and (done is not None or by <= now):  # type: ignore[operator]
            add(place, "on_time", done is not None and done <= by, done is None)  # type: ignore[operator]
        for p in t["requesters"]:  # type: ignore[attr-defined]
            asked = state in (State.RESOLVED, State.CLOSED)
            add(place, "solved", p["solved"], asked and p["solved"] is None, p["solved"] is not None)
            add(place, "satisfied", (p["rating"] or 0) >= 4, asked and p["rating"] is None, p["rating"] is not None)
        before = [
            o["closed_at"]
            for o in rows
            if o["state"] is State.CLOSED
            and (o["category"], o["building"]) == (t["category"], t["building"])
            and filed - 30 * DAY <= o["closed_at"] <= filed  # type: ignore[operator]
        ]
        add(place, "repeat", before)
        if replied is not None:
            found[place].reply_minutes[int(CALENDAR.between(filed, replied).total_seconds() + 30) // 60] += 1  # type: ignore[arg-type]
        if state is State.CLOSED:
            found[place].close_minutes[int((t["closed_at"] - filed).total_seconds() + 30) // 60] += 1  # type: ignore[operator]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_figures_are_what_a_slow_count_finds(database: Database, now: datetime, seed: int) -> None:
    now += 30 * DAY
    async with database.transaction() as session:
        rows = await plant(session, seed, now)
        for name in statistics.SPANS:
            span = statistics.period(name, CALENDAR, now)
            expected = slowly(rows, span, now)
            counted = await statistics.count(session, span, CALENDAR, now)
            assert counted.keys() == expected.keys()
            for place, figures in counted.items():
                for rate in ("filed", "response", "solved", "satisfied", "on_time", "repeat"):
                    assert getattr(figures, rate) == getattr(expected[place], rate), (name, place, rate)
                for times in ("reply_minutes", "close_minutes"):
                    assert getattr(figures, times) == getattr(expected[place], times), (name, times)
            said = {place: (each.solved, each.satisfied) for place, each in counted.items()}
            answers = await statistics.answers(session, span)
            assert said == {p: (a.solved, a.satisfied) for p in counted for a in [answers.get(p, Figures())]}
            alone = min(counted)
            only = await statistics.count(session, span, CALENDAR, now, alone)
            assert only.keys() == {alone}
            assert only[alone].repeat == counted[alone].repeat
            assert only[alone].filed == counted[alone].filed
            assert statistics.in_all(counted).filed == sum(f.filed for f in counted.values())


async def test_what_is_filed_while_it_is_counted_is_not_counted_by_halves(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a place that had no ticket before: its answers would have nothing to stand beside."""
    chance = random.Random(1)
    async with database.transaction() as session:
        places = [station.id for station in (await furnish(session)).values()]
    added = iter(range(1, 100))

    async def one_more() -> None:
        number = next(added)
        ticket = some_ticket(number, chance, now, places) | {"station_id": places[number % 3], "from_station_id": None}
        ticket |= {"state": State.CLOSED, "filed_at": now - DAY, "replied_at": now, "closed_at": now - DAY}
        async with database.transaction() as session:
            await session.execute(insert(Ticket), [ticket])
            await session.execute(insert(Requester), [{"ticket_id": number, "number": 1, "solved": True}])

    async def patiently(session: AsyncSession, statement: Any) -> Any:
        found = await sessions.patiently(session, statement)
        await one_more()
        return found

    await one_more()
    monkeypatch.setattr(statistics, "patiently", patiently)
    async with database.reading() as session:
        found = await statistics.count(session, Period("week", now - 7 * DAY, now), CALENDAR, now)
    assert {place: figures.filed for place, figures in found.items()} == {places[1]: 1}
    assert next(added) > 4, "others were filed meanwhile"


def test_the_middle_and_the_ninth_tenth_are_those_of_a_ranked_list() -> None:
    minute = timedelta(minutes=1)
    assert statistics.spread(dict.fromkeys(range(1, 11), 1)) == Spread(10, 5 * minute, 9 * minute)
    assert statistics.spread({}) is None
    assert statistics.spread({7: 1}) == Spread(1, 7 * minute, 7 * minute)
    assert statistics.spread({9: 3, 2: 17}) == Spread(20, 2 * minute, 9 * minute)


def test_a_semester_is_the_one_that_has_begun_and_the_one_before_is_known(now: datetime) -> None:
    terms = (
        Semester("spring", date(2026, 2, 23), date(2026, 7, 5)),
        Semester("autumn", date(2026, 9, 7), date(2027, 1, 17)),
    )
    calendar = WorkCalendar(CALENDAR.timezone, CALENDAR.hours, semesters=terms)
    this = statistics.period("semester", calendar, now)
    assert this.since == datetime.fromisoformat("2026-09-07T00:00+08:00")
    assert this.until == now
    before = statistics.semester_before(this, calendar)
    assert before is not None
    assert before.until == datetime.fromisoformat("2026-07-06T00:00+08:00")
    assert statistics.semester_before(before, calendar) is None
    vacation = statistics.period("semester", calendar, datetime.fromisoformat("2026-08-01T12:00+08:00"))
    assert vacation == before
    assert statistics.period("week", calendar, now).since == datetime.fromisoformat("2026-10-06T00:00+08:00")


def test_a_change_is_shown_only_where_the_interval_excludes_nothing() -> None:
    assert has_changed(Rate(90, 100), Rate(60, 100))
    assert not has_changed(Rate(62, 100), Rate(60, 100))
    assert not has_changed(Rate(1, 1), Rate(0, 0))
    low, high = difference(Rate(56, 70), Rate(48, 80))
    # Newcombe 1998, method 10: 56/70 and 48/80 differ by 0.0524 to 0.3339.
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def share(of: int) -> Share:
    return Share(Rate(of // 2, of))


def test_a_small_cell_is_not_told_nor_what_gives_it_by_subtraction() -> None:
    assert not may_be_told(share(9), 10)
    assert may_be_told(share(10), 10)
    assert not may_be_told(share(12), 10, [share(15)]), "15 − 12 = 3 would be a small cell"
    assert may_be_told(share(12), 10, [share(12), share(22)])
    parts = [share(30), share(4), share(20)]
    assert not sum_may_be_told(parts, [True, False, True], 10), "54 − 30 − 20 = 4 would be the small one"
    assert sum_may_be_told([share(30), share(6), share(6)], [True, False, False], 10), "12 of two places name neither"
    assert sum_may_be_told([share(30), share(0)], [True, False], 10)
    assert not sum_may_be_told([share(3), share(4)], [False, False], 10)


async def test_polls_with_too_few_answers_are_in_no_sum(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        polls: list[list[int | None]] = [[*[4] * 8, *[0] * 4, *[None] * 3], [3] * 5, [0] * 20]
        for number, choices in enumerate(polls, 1):
            # The last one was asked in groups of staff.
            places = [1] if number == len(polls) else None
            session.add(Pulse(id=number, question="?", places=places, closes_at=now - DAY, closed=True))
            await session.flush()
            for i, choice in enumerate(choices):
                session.add(PulsePoll(poll_id=f"{number}.{i}", pulse_id=number))
                await session.flush()
                if choice is not None:
                    session.add(PulseCount(poll_id=f"{number}.{i}", choice=choice, votes=1))
        await session.flush()
        assert pulses.SCALE == 5
        found = await statistics.surveys(session, statistics.period("week", CALENDAR, now), 10)
    assert found.polls == 1
    assert found.response == Share(Rate(12, 15), 3)
    assert found.satisfied == Share(Rate(8, 12), 3)
