"""What came of a survey, in pictures, in words and as tables: in each language, with what it was counted from."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from matplotlib import image

from bot import survey_charts, survey_desk, survey_screens, survey_tables, surveyed, surveys_told
from bot.texts import Catalogue, unbroken
from bot.untrusted import units
from models import outcomes
from models.figures import whole
from models.invitations import Response
from models.questionnaires import Kind, Option, Question, Questionnaire
from models.results import Results
from models.surveys import Stage, Survey
from models.tallies import Cut, Tally
from tests.campus import settings
from tests.surveying.results import ASKED, RESULTS, TOLD, count, group, points, three

SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
TEXTS = Catalogue.load(SETTINGS.timezone)
HOSTILE = "=cmd <b>&\"' $\\frac{$ --> 🎉"
NOW = datetime(2026, 12, 30, tzinfo=UTC)
LONGEST_SIDES, HIGHEST_RATIO = 10_000, 20
"""What Telegram takes as a photo: width and height together, and how often one may be in the other."""


@pytest.mark.filterwarnings("error:.*missing from.*:UserWarning")
@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_results_are_pictures_in_each_language(language: str) -> None:
    found = survey_charts.pictures(TOLD, TEXTS[language])
    assert {each.says.split("\n")[1].split(" (")[0].split("（")[0] for each in found} == {
        TEXTS[language].plain(f"results.{key}").split("（")[0] for key in ("agreement", "choices", "trend", "by_day")
    }
    for each in found:
        assert TEXTS[language].pick(ASKED.title) in each.says
        drawn = image.imread(io.BytesIO(each.paper.png()))
        dark = (drawn[:, :, :3].mean(axis=2) < 0.6).mean()
        assert 0.005 < dark < 0.5, "there is something on it, and it is mostly paper"
        svg = each.paper.svg()
        ElementTree.fromstring(svg)
        assert not re.search(r"style|<text|<!--", svg), "nothing that needs a font or a policy"


@pytest.mark.rehearsal
@pytest.mark.filterwarnings("error:.*missing from.*:UserWarning")
def test_many_long_questions_become_several_pictures_that_a_phone_shows() -> None:
    t, text = TEXTS["en"], "Whether $everything$ about it is as it should be, " * 5 + HOSTILE
    options = tuple(Option(f"o{i}", three(text, text, text)) for i in range(10))
    asked = [Question(f"a{i}", Kind.AGREEMENT, three(text, text, text)) for i in range(14)]
    asked += [Question(f"m{i}", Kind.MULTIPLE, three(text, text, text), options) for i in range(2)]
    answered = {q.key: count(_5=9, _1=9) if q.kind is Kind.AGREEMENT else count(o0=18) for q in asked}
    many = replace(
        TOLD,
        questionnaire=Questionnaire(three(HOSTILE, HOSTILE, HOSTILE), tuple(asked)),
        results=replace(RESULTS, everybody=Tally(18, answered), cuts={}),
        trends={"a0": points(*((f"Autumn term of {year}", year % 9, 18, False) for year in range(2020, 2027)))},
    )
    pictures = survey_charts.pictures(many, t)
    assert len(pictures) > 4
    for each in pictures:
        high, wide = image.imread(io.BytesIO(each.paper.png())).shape[:2]
        assert high + wide <= LONGEST_SIDES
        assert high / wide < 2.6 < HIGHEST_RATIO, "made as small as a phone, its letters are still read"
    told = surveys_told.told(many, t, SETTINGS)
    assert max(map(units, told)) <= 4096
    assert not re.search(r"<(?!/?[bi]>)|&(?!amp;|lt;|gt;|#34;|#39;)", "".join(told))


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_results_are_told_with_what_they_were_counted_from(language: str) -> None:
    t = TEXTS[language]
    parts = surveys_told.told(TOLD, t, SETTINGS)
    assert max(map(units, parts)) <= 4096
    text = unescape(re.sub(r"<[^>]+>", "", "\n".join(parts)))
    for said in (
        t.plain("results.response", rate="39.2 %", hits=240, of=612, span="35.4–43.1 %"),
        t.plain("results.partial", partial=31),
        t.plain("results.csat", rate="68.3 %", hits=164, of=240, span="62.2–73.9 %"),
        t.plain(
            "results.weighted", rate="66.2 %", span="59.9–72.0 %", by=t.plain("results.cut.building"), effective=231
        ),
        t.plain("results.answered.scale", of=240, mean="7.19 [6.91–7.46]"),
        t.pick(SETTINGS.building_names("e2")),
        t.pick(TOLD.what_changes or {}),
        t.plain("survey.and").join(("150", "60", "30")),
        "▼",
    ):
        assert unbroken(said) in text, said
    assert text.count("▲") == text.count("▼") == 1, "a change is marked only where it is one"
    few = replace(TOLD, results=Results(10, 40, 9, 0, Tally()))
    (short,) = surveys_told.told(few, t, SETTINGS)
    assert t("results.too_few", cell=10) in short


def test_a_book_of_results_has_typed_numbers_and_no_formula(tmp_path: Path) -> None:
    told = replace(
        TOLD,
        questionnaire=replace(ASKED, title=three(HOSTILE, HOSTILE, HOSTILE)),
        results=replace(RESULTS, cuts={**RESULTS.cuts, Cut.COLLEGE: {HOSTILE: group(2, 6, 14, 40, 18)}}),
    )
    survey_tables.xlsx(told, tmp_path / "r.xlsx", TEXTS["en"], SETTINGS)
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert book.sheetnames == ["Overview", "Questions", "Distribution", "Groups", "By day"]
    overview = {row[0].value: row[1] for row in book["Overview"].iter_rows(min_row=2)}
    assert (overview["Survey"].value, overview["Survey"].data_type) == (HOSTILE, "s")
    assert (overview["Opened"].value, overview["Opened"].is_date) == (datetime(2026, 12, 7), True)  # noqa: DTZ001
    assert (overview["Completed"].value, overview["Response rate"].number_format) == (240, "0.0%")
    fifth = [cell.value for cell in book["Questions"][6]]
    assert fifth[3:6] == [240, pytest.approx(3.758, abs=0.001), 164]
    assert fifth[6:] == [pytest.approx(each, abs=0.001) for each in (0.683, 0.622, 0.739, 0.662, 0.599, 0.720)] + [
        "building",
        3.71,
        231.4,
    ]
    groups = list(book["Groups"].iter_rows(min_row=2, values_only=True))
    assert groups[0][:3] == ("station", "East Campus Station", 5)
    assert groups[0][4:8] == (120, 3.9, 90, 0.75)
    assert [cell.data_type for cell in book["Groups"]["B"] if cell.value == HOSTILE] == ["s"]
    assert [cell.value for cell in book["By day"][15]][1:] == [0, 240, pytest.approx(0.392, abs=0.001)]

    survey_tables.csv(told, tmp_path / "r.csv", TEXTS["zh-hant"], SETTINGS)
    assert (tmp_path / "r.csv").read_bytes().startswith(codecs.BOM_UTF8)
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["組別"] for row in rows if row["組別"].startswith(("=", "'"))] == [f"'{HOSTILE}"] * 5
    assert not [row for row in rows if row["組別"] == "東二棟"], "of those who live there too few answered"
    assert [row for row in rows if row["組別"] == "東一棟"]
    ranked = [row["人數"] for row in rows if row["題號"] == "8"]
    assert ranked == ["150", "60", "30", "70", "110", "60", "20", "70", "150"]


def test_semesters_are_compared_only_where_the_same_was_asked() -> None:
    before = replace(TOLD, semester="2025-2026-2", closed=date(2026, 6, 20), trends={})
    steps = {**RESULTS.everybody.questions, "overall": count(_5=120, _4=100, _1=20), "quick": count(_5=130, _1=110)}
    steps |= {"again": count(_5=60, _6=100, _7=80)}
    before = replace(before, results=replace(RESULTS, everybody=Tally(240, steps)))
    changed = [replace(q, text=three("?", "?", "?")) if q.key == "water" else q for q in ASKED.questions]
    before = replace(before, questionnaire=replace(ASKED, questions=tuple(changed)))
    after = replace(TOLD, trends={}).after([before])
    trends, t = after.trends, TEXTS["en"]
    again = after.of_kind(Kind.SCALE)[0]
    moved = "▲ +1.10 [+0.81 – +1.40] against 6.08 in 2025-2026-2"
    assert surveyed.moved(after, again, t) == moved
    assert moved in "".join(surveys_told.told(after, t, SETTINGS))
    assert surveyed.moved(after.after([TOLD]), again, t) is None, "the same again is no change"
    assert "water" not in trends
    assert [(point.semester, point.changed) for point in trends["overall"]] == [
        ("2025-2026-2", False),
        ("2026-2027-1", True),
    ]
    assert not trends["quick"][1].changed, "54 % and 52 % of 240 are no change"
    assert [arrow for _, arrow in surveyed.arrows(trends["overall"])] == ["", "▼"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_those_who_were_asked_are_told_is_one_message_and_says_why_it_has_no_figures(language: str) -> None:
    t, long = TEXTS[language], "总" * 150 if language == "zh-hans" else "Whether it is as it should be & so on, " * 7
    steps = tuple(Question(f"a{i}", Kind.AGREEMENT, three(long, long, long)) for i in range(14))
    which = Question("which", Kind.SINGLE, three("哪个？", "哪個？", "Which?"), tuple(ASKED.questions[5].options))
    changes = dict.fromkeys(("zh-hans", "zh-hant", "en"), "改" * outcomes.CHANGES_LENGTH)

    def said(asked: tuple[Question, ...], completed: int) -> str:
        survey = Survey(id=7, definition=Questionnaire(ASKED.title, asked).plain(), what_changes=changes)
        tally = Tally(completed, {q.key: count(_5=completed) for q in asked}) if completed >= 10 else Tally()
        text, _ = survey_screens.told(survey, Results(10, 90, completed, 0, tally), t)
        return unescape(re.sub(r"<[^>]+>", "", text))

    assert units(said(steps, 30)) <= 4096
    few = unescape(t.plain("survey.told_too_few", cell=10))
    assert few in said(steps, 4)
    assert few not in said((which,), 30), "nothing with five steps was asked: that is no matter of how many answered"
    assert few not in said((replace(steps[0], key="other"),), 30), "enough answered, though too few of them this"


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant", "en"])
def test_whole_per_cents_are_rounded_alike_and_of_nobody_nothing_is_said(language: str) -> None:
    t, steps, which = TEXTS[language], ASKED.questions[4], ASKED.questions[5]
    of_eight = Tally(8, {steps.key: count(_5=1, _4=4, _2=3), which.key: count(bot=1, desk=3, never=4)})
    results = Results(2, 12, 8, 0, of_eight, days=((date(2026, 12, 8), 8),))
    asked = Questionnaire(ASKED.title, (steps, which))
    past = {steps.key: points(("1", 3, 8, False), ("2", 7, 8, True))}
    few = replace(TOLD, questionnaire=asked, results=results, trends=past, weighted={}, moved={}, quotes={})
    drawn = survey_charts.pictures(few, t)
    written = [text for each in drawn for text in each.paper.figure.texts]
    lines = {text.get_text() for text in written}
    assert {"13", "50", "38", "▲ 88 %", t.plain("results.drawn_share", share="38 %", hits=3)} <= lines
    assert next(text for text in written if text.get_text() == "▲ 88 %").get_bbox_patch(), "no line runs through it"
    assert whole(57 / 200) == 29, "28.5, though a hair less as a float"

    *_, last = surveys_told.told(few, t, SETTINGS, len(drawn))
    assert last.endswith("\n" + t.n("results.follow", len(drawn)))
    survey = Survey(
        id=7, definition=asked.plain(), stage=Stage.CLOSED, opens_at=NOW, closes_at=NOW, cell=2, anonymous=True
    )
    said = survey_screens.told(survey, results, t)[0] + survey_desk.one(survey, Response(12, 8, 0), 0, t, NOW)[0]
    assert "63\u00a0%" in said, "62.5, as the pictures have it"
    every = "".join([*lines, last, said])
    for partial in (t.plain("results.partial", partial=0), t.plain("survey.partly", partial=0)):
        assert partial[-12:] not in every
    assert t.plain("survey.partly", partial=3) in survey_desk.one(survey, Response(12, 8, 3), 0, t, NOW)[0]
    figures = dict.fromkeys(("completed", "invited", "rate", "low", "high", "partly"), "")
    waits = t.plain("survey_desk.stage.closed", **figures)
    listed, _ = survey_desk.listed([(survey, Response(12, 0, 0))], t, NOW)
    assert waits[-6:] not in listed, "what nobody has finished does not wait to be published"
    assert waits[-6:] in survey_desk.listed([(survey, Response(12, 8, 0))], t, NOW)[0]
