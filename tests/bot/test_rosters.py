"""The roster on a phone: names as colleagues call them, and a week that fits into one message whoever is on it."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot import rosters
from bot.texts import Catalogue
from bot.untrusted import units
from models import shifts
from models.database import Database
from models.people import Person
from sandbox.text.html import parse_html
from tests.house import CALENDAR, furnish, staff

TEXTS = Catalogue.load(ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("Emma Brown", "Emma", id="the first of two"),
        pytest.param("刘 婷", "刘婷", id="a Chinese name whole"),
        pytest.param("婷 Liu", "婷Liu", id="and where only a part of it is"),
        pytest.param("陈思远", "陈思远", id="without a space"),
        pytest.param("x" * 60, "x" * 23 + "…", id="too long"),
    ],
)
def test_people_are_shown_as_their_colleagues_call_them(name: str, shown: str) -> None:
    assert rosters.first_name(Person(id=7, name=name)) == shown


def test_a_mention_calls_one_person_and_brings_no_markup_along() -> None:
    called = rosters.shown("mentions", [[7, "<b>Wang</b>"], [8, "Li"]], TEXTS["en"], datetime.now(ZoneInfo("UTC")))
    assert called == ('<a href="tg://user?id=7">&lt;b&gt;Wang&lt;/b&gt;</a>, <a href="tg://user?id=8">Li</a>')


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_week_fits_into_one_message(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east = (await furnish(session))["east"]
        crowd = [await staff(session, n, f"{'<' * 20}{n}") for n in range(shifts.MOST_PEOPLE)]
        for weekday in range(7):
            for hour in range(8, 20, 2):
                shift = await shifts.add(session, east, weekday, time(hour), time(hour + 2), crowd[0], CALENDAR, now)
                for person in crowd:
                    await shifts.toggle(session, shift, person, crowd[0], now)
        text, _ = await rosters.week(session, east, date(2026, 10, 12), TEXTS["zh-hans"], CALENDAR, now)
        assert units(text) <= 4096
        assert text.endswith("…")
        parse_html(text)
