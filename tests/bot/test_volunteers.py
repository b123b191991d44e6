"""What is written of hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import studies, volunteers
from bot.texts import Catalogue
from bot.volunteer_hours import read_hours
from models.errors import Refusal
from models.union.gatherings import Gathering, Kind
from models.union.volunteering import VolunteerCall


@pytest.mark.parametrize(
    ("written", "minutes", "reason"),
    [
        ("2.5 stayed to clear up", 150, "stayed to clear up"),
        ("2:30，留下来收拾场地", 150, "留下来收拾场地"),
        ("2,25", 135, None),
        ("１.5小时 两个人作证", 90, "两个人作证"),
        ("3 h: two others\nsaw it", 180, "two others saw it"),
        ("0", 0, None),
    ],
)
def test_hours_are_read_as_people_write_them(written: str, minutes: int, reason: str | None) -> None:
    assert read_hours(written) == (minutes, reason)


@pytest.mark.parametrize("written", ["two hours", "-1", "2.5.1 x", "1234 x", "2:75", "2stayed", ""])
def test_what_is_no_number_of_hours_is_refused(written: str) -> None:
    with pytest.raises(Refusal, match=r"hours.no_number"):
        read_hours(written)


def test_a_place_is_read_in_the_script_of_whoever_reads(now: datetime) -> None:
    """It is written once, where the title has a text in each language."""
    texts = Catalogue.load(ZoneInfo("Asia/Shanghai"))
    hours = {"starts_at": now, "ends_at": now + timedelta(hours=2)}
    it = Gathering(id=7, kind=Kind.TRAINING, titles={"en": "Desk"}, place="东门报告厅", **hours)
    call = VolunteerCall(role={"en": "Guide"})
    for language, shown in (("zh-hant", "📍 東門報告廳"), ("zh-hans", "📍 东门报告厅"), ("en", "📍 东门报告厅")):
        assert shown in volunteers.facts(it, call, texts[language], now)
        assert shown in studies.facts(it, texts[language], now)
