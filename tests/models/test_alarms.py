"""What is wrong, and when it is said: once, not again for a while, and once when all is well."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from models import alarms, heartbeats
from models.alarms import Finding, Limits, News
from models.database import Database
from models.heartbeats import BACKUP, CLOCK, TELEGRAM, Heartbeat
from models.outbox import Lane
from models.vitals import Queue, Vitals
from tests.conftest import MONDAY

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LIMITS = Limits(
    5 * MINUTE,
    30 * MINUTE,
    4 * HOUR,
    15 * MINUTE,
    10 * MINUTE,
    30 * HOUR,
    500 * 2**20,
    overdue=50,
    overdue_percent=20,
    size=2**30,
)
OFF = Limits(timedelta(), timedelta(), timedelta(), timedelta(), timedelta(), timedelta(), disk=0, overdue=0)
FINE = Vitals(Queue(), 0, {lane: Queue() for lane in Lane}, 0, 0, 100, {})
PLENTY = 10**12


def lane(which: Lane, minutes: int) -> dict[str, Any]:
    return {"outbox": {**FINE.outbox, which: Queue(3, minutes * MINUTE)}}


def alive(name: str, minutes: int, silence: tuple[int, int] | None = None) -> dict[str, Any]:
    """Last heard of so many minutes ago; with a silence from and until so many minutes ago."""
    begun, over = (MONDAY - each * MINUTE for each in silence) if silence else (None, None)
    beat = Heartbeat(name=name, at=MONDAY - minutes * MINUTE, silent_from=begun, silent_until=over)
    return {"heartbeats": {name: beat}}


@pytest.mark.parametrize(
    ("how", "kinds"),
    [
        pytest.param({}, [], id="all is well"),
        pytest.param({"inbox": Queue(2, 5 * MINUTE)}, [], id="an update waits as long as it may"),
        pytest.param({"inbox": Queue(2, 6 * MINUTE)}, ["inbox"], id="an update waits too long"),
        pytest.param(lane(Lane.ANSWER, 31), ["answer"], id="an answer does"),
        pytest.param(lane(Lane.TICKET, 31), ["ticket"], id="a card does"),
        pytest.param(lane(Lane.NOTICE, 31), ["notice"], id="a notice does"),
        pytest.param(lane(Lane.BROADCAST, 31), [], id="a broadcast takes what the others leave"),
        pytest.param(lane(Lane.BROADCAST, 241), ["broadcast"], id="a broadcast waits too long"),
        pytest.param({"unknown": 1}, ["unknown"], id="nobody knows whether it arrived"),
        pytest.param({"aside": 1}, ["aside"], id="an update was set aside"),
        pytest.param({"overdue": 49}, [], id="some tickets are overdue"),
        pytest.param({"overdue": 50}, ["overdue"], id="many are"),
        pytest.param({"overdue": 50, "open": 250}, ["overdue"], id="a fifth of what is open"),
        pytest.param({"overdue": 50, "open": 251}, [], id="and no more than is usual in a large university"),
        pytest.param(alive(TELEGRAM, 15), [], id="Telegram was there lately"),
        pytest.param(alive(TELEGRAM, 16), ["telegram"], id="Telegram is not there"),
        pytest.param(alive(TELEGRAM, 0, (60 * 26, 60)), ["lost"], id="it was not there for more than a day"),
        pytest.param(alive(TELEGRAM, 0, (60 * 60, 60 * 25)), [], id="that was told for a day"),
        pytest.param(alive(CLOCK, 10), [], id="the clock runs"),
        pytest.param(alive(CLOCK, 11), ["clock"], id="the clock stands still"),
        pytest.param(alive(CLOCK, 0, (90, 30)), ["stood"], id="the clock stood still"),
        pytest.param(alive(CLOCK, 0, (190, 61)), [], id="that is an hour ago"),
    ],
)
def test_what_is_wrong_is_found(how: dict[str, Any], kinds: list[str]) -> None:
    assert [f.kind for f in alarms.wrong(replace(FINE, **how), LIMITS, PLENTY, MONDAY)] == kinds


def test_a_backup_that_did_not_come_about_is_missed() -> None:
    for minutes, kinds in ((30 * 60, []), (30 * 60 + 1, ["backup"])):
        seen = replace(FINE, **alive(BACKUP, minutes))
        assert [f.kind for f in alarms.wrong(seen, LIMITS, PLENTY, MONDAY)] == kinds
        assert not alarms.wrong(seen, OFF, PLENTY, MONDAY)


def test_a_nearly_full_disk_is_found_where_it_can_be_seen() -> None:
    assert [f.kind for f in alarms.wrong(FINE, LIMITS, 499 * 2**20, MONDAY)] == ["disk"]
    assert not alarms.wrong(FINE, LIMITS, None, MONDAY)


def test_a_database_that_has_grown_beyond_its_limit_is_found_where_one_is_given() -> None:
    found = alarms.wrong(FINE, LIMITS, None, MONDAY, 2**30 + 2**20)
    assert found == [Finding("size", {"megabytes": 1025})]
    assert not alarms.wrong(FINE, LIMITS, None, MONDAY, 2**30)
    assert not alarms.wrong(FINE, OFF, None, MONDAY, 2**40)


def test_a_line_that_is_switched_off_finds_nothing() -> None:
    bad = replace(
        FINE, inbox=Queue(1, 99 * HOUR), overdue=10**6, **lane(Lane.ANSWER, 10**4), **alive(TELEGRAM, 60 * 20)
    )
    assert not alarms.wrong(bad, OFF, 0, MONDAY)


def test_nobody_reached_telegram_while_the_program_was_away() -> None:
    """It comes back after a night: the clock says so, and Telegram is given its quarter of an hour."""
    beats = alive(TELEGRAM, 60 * 9)["heartbeats"] | alive(CLOCK, 0, (60 * 9, 1))["heartbeats"]
    assert [f.kind for f in alarms.wrong(replace(FINE, heartbeats=beats), LIMITS, PLENTY, MONDAY)] == ["stood"]
    later = MONDAY + 20 * MINUTE
    beats[CLOCK].at = later
    kinds = [f.kind for f in alarms.wrong(replace(FINE, heartbeats=beats), LIMITS, PLENTY, later)]
    assert kinds == ["telegram", "stood"]


async def heed(database: Database, now: datetime, *kinds: str) -> News | None:
    async with database.transaction() as session:
        return await alarms.heed(session, [Finding(kind) for kind in kinds], HOUR, now)


async def told(database: Database, now: datetime, *kinds: str) -> list[str] | None:
    """What is said: the kinds that are wrong, none for "all is well"; None when nothing is."""
    news = await heed(database, now, *kinds)
    return None if news is None else [finding.kind for finding in news.findings]


async def test_what_is_wrong_is_said_once_in_a_cool_down_and_again_after_it(database: Database, now: datetime) -> None:
    assert await told(database, now, "inbox") == ["inbox"]
    assert await told(database, now, "inbox") is None, "doing it twice says it once"
    assert await told(database, now + 59 * MINUTE, "inbox") is None
    assert await told(database, now + 60 * MINUTE, "inbox") == ["inbox"]


async def test_of_several_processes_that_see_it_at_once_one_says_it(database: Database, now: datetime) -> None:
    said = await asyncio.gather(*(told(database, now, "clock", "inbox") for _ in range(5)))
    assert [each for each in said if each is not None] == [["clock", "inbox"]]


async def test_what_is_wrong_besides_is_said_at_once_with_the_rest(database: Database, now: datetime) -> None:
    assert await told(database, now, "inbox") == ["inbox"]
    assert await told(database, now + MINUTE, "inbox", "disk") == ["inbox", "disk"]
    assert await told(database, now + 2 * MINUTE, "inbox", "disk") is None


@pytest.mark.parametrize("kind", ["unknown", "aside", "overdue"])
async def test_what_people_look_after_is_said_again_when_it_has_grown_and_otherwise_once_a_day(
    database: Database, now: datetime, kind: str
) -> None:
    minutes = [(0, 8, 8), (59, 20, None), (60, 8, None), (120, 9, 9 if kind != "overdue" else None), (180, 11, 11)]
    # Looked after but for four: as many again are news, though eleven were told of.
    minutes += [(240, 4, None), (300, 4, None), (360, 8, 8), (24 * 60 + 359, 8, None), (24 * 60 + 360, 8, 8)]
    for minute, count, says in minutes:
        async with database.transaction() as session:
            there = [Finding(kind, {"count": count})]
            news = await alarms.heed(session, there, HOUR, now + minute * MINUTE)
        assert (news and news.findings[0].params["count"]) == says, minute
        if minute == 360:
            assert news is not None
            assert news.findings[0].params["before"] == 4
    async with database.transaction() as session:
        news = await alarms.heed(session, [*there, Finding("inbox")], HOUR, now + (24 * 60 + 361) * MINUTE)
    assert news is not None, "what is wrong besides is said at once, with all there is"
    assert [f.kind for f in news.findings] == [kind, "inbox"]
    assert "before" not in news.findings[0].params


async def test_that_there_is_no_backup_is_said_once_a_day(database: Database, now: datetime) -> None:
    assert await told(database, now, "backup") == ["backup"]
    assert await told(database, now + 23 * HOUR, "backup") is None
    assert await told(database, now + 24 * HOUR, "backup") == ["backup"]


async def test_all_is_well_is_said_once_and_not_before_it_has_settled(database: Database, now: datetime) -> None:
    assert await told(database, now) is None, "nothing was ever wrong"
    assert await told(database, now, "inbox", "disk") == ["inbox", "disk"]
    assert await told(database, now + 1 * MINUTE, "disk") is None
    assert await told(database, now + 10 * MINUTE) is None
    assert await told(database, now + 14 * MINUTE) is None
    news = await heed(database, now + 15 * MINUTE)
    assert news == News([], now), "the first of it began then"
    assert await told(database, now + 16 * MINUTE) is None


async def test_what_comes_and_goes_is_not_news_each_time(database: Database, now: datetime) -> None:
    """Every ten minutes wrong for one: told at the first, well in between once, and again after the cool-down."""
    said = []
    for minute in range(65):
        kinds = ["inbox"] if minute % 10 == 0 else []
        if (what := await told(database, now + minute * MINUTE, *kinds)) is not None:
            said.append((minute, what))
    assert said == [(0, ["inbox"]), (6, []), (60, ["inbox"])]


async def test_after_an_outage_of_more_than_a_day_it_is_known_from_when_on_something_may_be_lost(
    database: Database, now: datetime
) -> None:
    for hours, lost in ((23, False), (25, True)):
        async with database.transaction() as session:
            await heartbeats.heard_from_telegram(session, now)
            now += timedelta(hours=hours)
            await heartbeats.heard_from_telegram(session, now)
        async with database.reading() as session:
            beats = await heartbeats.all_of(session)
        found = alarms.wrong(replace(FINE, heartbeats=beats), LIMITS, PLENTY, now + MINUTE)
        assert [f.kind for f in found] == (["lost"] if lost else [])
    assert found[0].params == {"since": now - timedelta(hours=25), "until": now - timedelta(hours=24)}
