"""What is written of hours, and what a call and a certificate say."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot import studies, volunteer_desk, volunteers
from bot.charts import wrap
from bot.texts import Catalogue
from bot.volunteer_hours import read_hours
from models.errors import Refusal
from models.union.gatherings import Gathering, Kind, Part, Stage
from models.union.volunteering import VolunteerCall

TEXTS = Catalogue.load(ZoneInfo("Asia/Shanghai"))
LANGUAGES = ("zh-hans", "zh-hant", "en")


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_that_checks_a_certificate_stands_in_one_line(language: str) -> None:
    said = TEXTS[language].plain("certificate.check", bot="campus_union_bot", code="12-ABCD-EFGH-JKMN")
    for columns in range(40, 80):
        lines = wrap(said, columns)
        assert any("/verify 12-ABCD-EFGH-JKMN" in line for line in lines), (columns, lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_that_are_not_counted_are_said_in_words(language: str) -> None:
    t = TEXTS[language]
    for seats in (None, 3):
        it = Gathering(stage=Stage.CALLED, seats=seats)
        assert "∞" not in volunteer_desk.so_far(it, {Part.COMING: 2}, t)
        assert "∞" not in volunteer_desk.nobody_told(it, t)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_says_what_a_press_makes_of_a_call(language: str) -> None:
    t = TEXTS[language]
    labels = {volunteer_desk.trains_label(VolunteerCall(trains=trains), t) for trains in (False, True)}
    assert len(labels) == 2
    assert not any("／" in label for label in labels)
