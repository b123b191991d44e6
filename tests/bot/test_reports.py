"""Figures in words and pictures: the same in each language, readable, and silent about small cells."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from matplotlib import image
from telegram.error import BadRequest

from bot import charts, reports
from bot.texts import Catalogue
from bot.untrusted import units
from models.figures import Rate, Share
from models.outbox import Repeat
from models.statistics import Figures, Period, Surveys
from scheduler.verdict import Fate, judge

TEXTS = Catalogue.load(ZoneInfo("Asia/Shanghai"))
WEEK = Period("week", datetime(2026, 10, 5, 16, tzinfo=UTC), datetime(2026, 10, 12, 2, tzinfo=UTC))
SEMESTER = Period("semester", datetime(2026, 9, 6, 16, tzinfo=UTC), datetime(2026, 10, 12, 2, tzinfo=UTC))


def figures(rated: int, response: Rate = Rate(36, 40)) -> Figures:  # noqa: B008  (it is frozen)
    share = Share(Rate(rated * 3 // 4, rated), 5)
    times = Counter({60: 1}), Counter({1440: 1})
    return Figures(40, Share(response, 1), share, share, Share(Rate(30, 38), 2), Share(Rate(5, 40)), *times)


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_figures_are_drawn_in_each_language(language: str, recwarn: pytest.WarningsRecorder) -> None:
    t = TEXTS[language]
    places = [
        reports.Place("东区学生会服务站", figures(4)),
        reports.Place("West", figures(24)),
        reports.Place("W", Figures()),
    ]
    morning = reports.day_drawing({"new": 3, "due": 0, "overdue": 2, "waiting": 1}, "East", WEEK.until, t)
    for drawing in (reports.drawing(places, WEEK, 10, t), reports.drawing(places[:1], WEEK, 10, t), morning):
        drawn = image.imread(io.BytesIO(charts.draw(drawing)))
        assert drawn.shape[1] >= 900
        assert 0.001 < (drawn[:, :, :3].mean(axis=2) < 0.5).mean() < 0.5
    assert not [w for w in recwarn if "missing from" in str(w.message)], "a glyph that the font lacks is a box"


def test_what_a_place_may_not_tell_stands_in_neither_words_nor_picture() -> None:
    t = TEXTS["en"]
    places = [reports.Place("East", figures(4)), reports.Place("West", figures(24))]
    words = "\n".join(reports.all_places(places, WEEK, Surveys(0, Share(Rate(0, 0)), Share(Rate(0, 0))), 10, t))
    assert words.count("East: fewer than 10 answers") == 2
    assert words.count("All together: not shown, or a small number could be worked out from it") == 2
    assert "of 4," not in words
    assert "of 28" not in words
    drawing = reports.drawing(places, WEEK, 10, t)
    rows = {(s["heading"], r["label"]): r["share"] for s in drawing["sections"] for r in s["rows"]}
    assert rows["Satisfaction rate", "East"] is rows["Satisfaction rate", "All together"] is None
    assert rows["Satisfaction rate", "West"] == 0.75


def test_a_change_stands_beside_its_rate() -> None:
    place = reports.Place("East", figures(24), before=figures(24, Rate(20, 50)))
    words = "\n".join(reports.one_place(place, SEMESTER, 10, TEXTS["en"]))
    assert words.count("▲") == 1
    assert "▲ 50.0 points against the last semester" in words


def test_many_places_come_in_several_messages() -> None:
    places = [reports.Place(f"Station number {i}", figures(24)) for i in range(30)]
    parts = reports.messages(reports.all_places(places, WEEK, None, 10, TEXTS["en"]))
    assert len(parts) > 1
    assert max(map(units, parts)) <= 4096


def test_a_topic_that_is_so_already_is_no_mistake() -> None:
    verdict = judge(
        BadRequest("TOPIC_NOT_MODIFIED"), method="closeForumTopic", chat_id=-1, repeat=Repeat.FREELY, attempts=1
    )
    assert verdict.fate is Fate.SENT
