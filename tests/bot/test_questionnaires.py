"""Surveys as files: those that come along are whole, every mistake is told at once, and the calendar knows its days."""

from __future__ import annotations

import itertools
import re
import tomllib
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from markupsafe import escape
from typer.testing import CliRunner

from bot import config, survey_desk, survey_making, survey_screens
from bot.__main__ import app
from bot.fields import LANGUAGES
from bot.questionnaires import SHIPPED, SurveyFile, read, read_one, shelf
from bot.survey_form import FORM, PLACE
from bot.texts import Catalogue, columns
from bot.untrusted import units
from bot.vault import new_key
from models.calendar import Semester
from models.outcomes import CHANGES_LENGTH
from models.people import Audience
from models.questionnaires import Group, Kind, Labels, Questionnaire
from models.roster import Facts
from models.sheets import Progress
from models.surveys import Survey, Verdict
from tests.campus import TOKEN, settings
from tests.house import CALENDAR

GOOD = config.Secrets(TOKEN, new_key()).environment()
SETTINGS = settings("http://127.0.0.1:1", "sqlite:///unused.db")
AUTUMN = Semester("autumn", date(2026, 9, 7), date(2027, 1, 17))
SPRING = Semester("spring", date(2027, 2, 24), date(2027, 7, 4))
SMALL = Semester("small", date(2027, 7, 12), date(2027, 8, 8))
YEAR = replace(CALENDAR, semesters=(AUTUMN, SPRING, SMALL))

TWELVE_AND_MORE = """
each = "semester"
week = 14
weekday = "tuesday"
time = "23:10"
open_for_days = 7
reminders = [5, 6, 8]
colour = "red"
minimum_cell = 3

title.zh-hans = "坏"
title.en = "Bad {subject}"

[target]
buildings = ["e1", "zz"]

[[questions]]
key = "one"
kind = "slider"
text = { zh-hans = "一", zh-hant = "一", en = "One {who}" }

[[questions]]
key = "two"
kind = "ranking"
text = { zh-hans = "二", zh-hant = "二", en = "LONG" }
skip = { question = "three", answers = ["a"] }
options = [
  { key = "a", text = { zh-hans = "甲", zh-hant = "甲", en = "A" } },
  { key = "a", text = { zh-hans = "甲", zh-hant = "甲", en = "A" } },
  { key = "b", text = { zh-hans = "乙", zh-hant = "乙" } },
  { key = "c", text = { zh-hans = "丙", zh-hant = "丙", en = "C {subject}" } },
  { key = "d", text = { zh-hans = "MANY", zh-hant = "丁", en = "D" } },
  { key = "e", text = { zh-hans = "戊", zh-hant = "戊", en = "E" } },
  { key = "f", text = { zh-hans = "己", zh-hant = "己", en = "F" } },
]

[[questions]]
key = "three"
kind = "agreement"
requird = true
text = { zh-hans = "三", zh-hant = "三", en = "Three" }
options = []

[[questions]]
key = "three"
kind = "words"
labels = "satisfaction"
text = "Four"
skip = { question = "three", answers = [7] }
only = { audiences = ["martian"] }

[[questions]]
key = "five"
kind = "scale"
text = { zh-hans = "五", zh-hant = "五", en = "Five" }
skip = { question = "nowhere", answers = [1] }

[[questions]]
key = "six"
kind = "single"
text = { zh-hans = "六", zh-hant = "六", en = "Six" }
skip = { question = "two", answers = ["a"] }
""".replace("LONG", "long " * 61).replace("MANY", "三十五个汉字" * 6)
SAID = (
    ("title (line 11)", 'is missing in zh-hant: write title = { zh-hans = "…"'),
    ("questions[1].kind (line 19)", "write 'agreement', 'single', 'multiple', 'scale', 'ranking' or 'words'"),
    ("questions[2].options[3].text (line 30)", "is missing in en: write text ="),
    ("questions[3].requird (line 40)", "did you mean required?"),
    ("questions[4].text (line 48)", "write a table, for example text = { zh-hans ="),
    ("questions[4].only.audiences[1] (line 50)", "write 'undergraduate', 'graduate'"),
    ("colour (line 8)", "there is no such key; delete it"),
    ("questions[4].key (line 45)", "'three' stands there more than once"),
    ("questions[2].options (line 28)", "the option 'a' stands there more than once"),
    ("questions[2].options (line 28)", "ranking takes 2 to 6 options, here are 7; write those that matter most"),
    ("questions[2].skip (line 26)", "'three' stands further down; write the key of an earlier one: one"),
    ("questions[3].options (line 42)", 'agreement takes no options; delete them, or write kind = "single"'),
    ("questions[4].labels (line 47)", "words has no steps with labels"),
    ("questions[4].skip (line 49)", "7 is no answer to 'three'; write some of 1, 2, 3, 4, 5"),
    ("questions[5].skip (line 56)", "'nowhere' is not there; write the key of an earlier one: one, two, three"),
    ("questions[6].skip (line 62)", "nothing can follow from 'two', which is ranking"),
    ("questions[6].options (line 58)", "single takes 2 to 10 options, here are 0; write { key ="),
    ("target.buildings (line 15)", "config.toml has no building 'zz'; write some of e1, e2"),
    ("title (line 11)", "nobody says what {subject} is when the calendar opens it"),
    ("questions[1].text (line 20)", "nothing fills {who} in en"),
    ("questions[2].text (line 25)", "the text in en takes 305 columns, a phone shows 300 well"),
    ("questions[2].options[4].text (line 31)", "{subject} is filled in title, about and questions only"),
    ("questions[2].options[5].text (line 32)", "the text in zh-hans takes 72 columns, a phone shows 60 well"),
    ("time (line 5)", "nobody is invited from 21:30 to 07:30"),
    ("reminders (line 7)", "3 are too many; write at most 2"),
    ("reminders (line 7)", "each at least 2 after the one before"),
    ("reminders (line 7)", "day 8 is not before it closes; write days before day 7"),
    ("minimum_cell (line 9)", "3 is less than config.toml has; write at least 10, or anonymous = false"),
)


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    found, problems = read_one(written(tmp_path, TWELVE_AND_MORE), SETTINGS)
    assert found is None
    for where, what in SAID:
        assert any(each.startswith(f"mine.toml: {where}: ") and what in each for each in problems), (where, what)
    assert len(problems) == len(SAID), "each is told once"


TITLE = 'title = { zh-hans = "一", zh-hant = "一", en = "One" }\n'
WORDS = '[[questions]]\nkey = "a"\nkind = "words"\ntext = { zh-hans = "一", zh-hant = "一", en = "One" }\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("opens = 2026-12-07T10:00\ncloses = 2026-12-07T09:00", "closes (line 2): is not after opens"),
        ("opens = 2026-12-07T10:00", "opens (line 1): does not stand alone; write for example closes ="),
        ("opens = 2026-12-07T10:00+08:00\ncloses = 2026-12-09T10:00", "write a time of the union's own zone"),
        ("opens = 2026-12-07T21:30\ncloses = 2026-12-09T10:00", "opens (line 1): nobody is invited from 21:30"),
        ("opens = 2026-12-07T10:00\ncloses = 2026-12-09T10:00\nreminders = [2]", "day 2 is not before it closes"),
        ('each = "semester"\nweek = 3\nopens = 2026-12-07T10:00', "opens (line 3): the calendar opens it already"),
        (
            'each = "semester"\nweekday = "monday"\ntime = "10:00"',
            "week: is missing beside each; write for example week",
        ),
        ("week = 3", 'week (line 1): says nothing without each; write each = "semester"'),
        ('each = "monthly"', "each (line 1): write 'semester' or 'academic year'"),
        ("questions = []", "questions (line 1): needs at least one entry; write [[questions]]"),
        ("title = ", "is not valid TOML"),
        # What is written otherwise than it is meant would pass by the rules that hold values against each other.
        (
            'opens = "2026-12-07T10:00"\ncloses = 2026-12-09T10:00',
            "opens (line 1): write a day and a time, without quotes",
        ),
        ("opens = 2026-12-07\ncloses = 2026-12-09T10:00", "opens (line 1): write a day and a time, without quotes"),
        ('open_for_days = "7"\nreminders = [30]', "open_for_days (line 1): write a whole number without quotes"),
        ('anonymous = "no"', "anonymous (line 1): write true or false, without quotes"),
        *[
            (f'each = "semester"\nweek = 3\nweekday = "monday"\ntime = {wrong}', "time (line 4): " + what)
            for wrong, what in (
                ("3", 'write a time of day in quotes, for example time = "10:00"'),
                ('"10:00Z"', "write a time of day in quotes"),
                ('"07:29"', "nobody is invited from"),
            )
        ],
    ],
)
def test_a_time_that_cannot_be_is_told(tmp_path: Path, text: str, says: str) -> None:
    whole = text if "title" in text else f"{text}\n{TITLE}" + ("" if "questions" in text else WORDS)
    found, problems = read_one(written(tmp_path, whole), SETTINGS)
    assert found is None
    assert any(says in problem for problem in problems), problems


def test_a_questionnaire_that_cannot_be_is_told(tmp_path: Path) -> None:
    steps = WORDS.replace("words", "agreement")
    half = TITLE.replace("One", "About {subject}")
    after = '[[questions]]\nkey = "b"\nkind = "words"\ntext = { zh-hans = "二", zh-hant = "二", en = "Two" }\n'
    for text, says in (
        (TITLE + "".join(WORDS.replace('"a"', f'"a{i}"') for i in range(31)), "questions (line 2): 31 are too many"),
        (
            half + WORDS,
            "title (line 1): {subject} is not there in zh-hans, zh-hant; write it in all languages or in none",
        ),
        *[
            (
                f'{TITLE}{steps}{after}skip = {{ question = "a", answers = [{wrong}] }}',
                "questions[2].skip.answers[1] (line 10): write the key of an option in quotes, or the number of a step",
            )
            for wrong in ("true", "[1]")
        ],
    ):
        found, problems = read_one(written(tmp_path, text), SETTINGS)
        assert found is None
        assert [problem.startswith(f"mine.toml: {says}") for problem in problems] == [True], problems
    _, problems = read_one(written(tmp_path, ""), SETTINGS)
    assert 'mine.toml: title: is missing; write title = { zh-hans = "…", zh-hant = "…", en = "…" }' in problems
    _, problems = read_one(written(tmp_path, f'{TITLE}{WORDS}{WORDS}skip = {{ question = "b", answers = [1] }}'), None)
    assert "the question 'b' is not there; no other is earlier; delete skip" in problems[-1], "not its own key"


def test_what_comes_along_is_whole_and_short_in_three_languages() -> None:
    files, problems = read(SHIPPED, SETTINGS)
    assert not problems
    assert set(files) == {
        "semester-satisfaction",
        "union-evaluation",
        "staff-evaluation",
        "project-closing",
        "training-feedback",
        "pulse",
    }
    for file in files.values():
        asked = file.questionnaire
        assert Questionnaire.of(asked.plain()) == asked
        texts = [asked.title, asked.about or {}, *(q.text for q in asked.questions)]
        texts += [option.text for question in asked.questions for option in question.options]
        for names in texts:
            assert set(names) == set(LANGUAGES)
            assert "“" not in names["zh-hant"], "「」 there"
            assert not re.search("[会务这说时对们还]", names["zh-hant"]), names
            assert not re.search("[會務這說時對們還]", names["zh-hans"]), names
        overall = asked.question("overall")
        assert overall is not None
        assert (overall.kind, overall.labels) == (Kind.AGREEMENT, Labels.SATISFACTION)
        assert asked.questions[-1].kind is Kind.WORDS or file.key == "pulse", "words come last"
        assert not any(question.required for question in asked.questions if question.kind is Kind.WORDS)
        assert file.takes_subject is file.by_hand
        assert file.anonymous is (file.key != "training-feedback")
    # The example that mistakes are explained with can be read with its comments taken for lines, too.
    assert tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", FORM.example.read_text(encoding="utf-8")))["minimum_cell"]
    about = files["project-closing"].about({"zh-hans": "热水", "zh-hant": "熱水", "en": "Hot water"})
    assert about.questionnaire.title == {
        "zh-hans": "“热水”项目评价",
        "zh-hant": "「熱水」專案評價",
        "en": "The project “Hot water”",
    }
    assert PLACE not in repr(about.questionnaire)
    assert not about.takes_subject
    assert about.key == "project-closing"


def test_what_starts_now_does_not_start_in_the_hour_before_the_night() -> None:
    for given, opens in ((time(13, 20), time(13, 20)), (time(13, 45), time(23, 30)), (time(15), time(23, 30))):
        now, at = (datetime.combine(date(2026, 10, 20), each, tzinfo=UTC) for each in (given, opens))
        assert survey_making.opens_at("now", CALENDAR, now) == at


def test_every_screen_of_what_comes_along_can_be_drawn(now: datetime) -> None:
    nobody = Facts(None, None, None, None, None, proved=False)
    subject = {"zh-hans": "热水", "zh-hant": "熱水", "en": "Hot water"}
    texts = Catalogue.load(SETTINGS.timezone)
    for file, language in itertools.product(read(SHIPPED)[0].values(), LANGUAGES):
        asked = file.about(subject).questionnaire
        survey = Survey(
            id=1, definition=asked.plain(), anonymous=file.anonymous, cell=file.cell(10), opens_at=now, closes_at=now
        )
        t, progress = texts[language], Progress()
        drawn = [survey_screens.invitation(survey, 0, t, now)]
        for question in asked.questions:
            progress.at = question.key
            drawn.append(survey_screens.screen(survey, progress, nobody, t, now))
        progress.at = None
        drawn.append(survey_screens.screen(survey, progress, nobody, t, now))
        saved = survey_screens.saved(survey, progress, nobody, t, now)
        assert not re.search("0/|0 of", saved[0]), "nothing is answered yet"
        drawn.append(saved)
        drawn.append(survey_screens.thanks(survey, "k" * 22 if survey.anonymous else None, True, t, now))
        for text, buttons in drawn:
            assert survey.anonymous or t("survey.signed") in text, "said on every screen"
            assert units(text) < 3000
            assert PLACE not in text
            assert all(len(b["callback_data"]) <= 64 for row in buttons["inline_keyboard"] for b in row)
            assert len(asked.questions) > 1 or not re.search("[▰▱]|later|稍[后後]|1/1|sv:later", f"{text}{buttons}")
            labels = [b["text"] for row in buttons["inline_keyboard"] for b in row]
            assert all(columns(label) <= 40 for label in labels), "on one line of a narrow phone"


def test_what_is_said_of_a_survey_is_seen_whole_in_one_message_before_it_is_sent(now: datetime) -> None:
    asked = read(SHIPPED)[0]["semester-satisfaction"].questionnaire
    survey = Survey(id=1, definition=asked.plain(), opens_at=now, closes_at=now)
    changes = {each: f"<{each}> & {'热' * CHANGES_LENGTH}"[: CHANGES_LENGTH - 1] + "." for each in LANGUAGES}
    text, _ = survey_desk.said(survey, changes, Verdict.CHANGE, [], 50_000, Catalogue.load(SETTINGS.timezone)["en"])
    assert all(escape(each) in text for each in changes.values())
    assert units(re.sub("<[^>]*>", "", text)) <= 4096


def course(file: SurveyFile) -> list[tuple[str | None, datetime]]:
    return [(semester.name if semester else None, at) for semester, at in file.openings(YEAR)]


def test_the_calendar_opens_a_file_in_its_week(tmp_path: Path) -> None:
    shipped = read(SHIPPED)[0]
    each = shipped["semester-satisfaction"]
    assert course(each) == [
        ("autumn", datetime(2026, 12, 8, 2, tzinfo=UTC)),
        # The week of the first day is the first, though that was a Wednesday; the small semester has no such week.
        ("spring", datetime(2027, 5, 25, 2, tzinfo=UTC)),
    ]
    at = each.openings(YEAR)[0].at
    assert each.closing(at, YEAR) == datetime(2026, 12, 22, 2, tzinfo=UTC)
    assert each.reminder_moments(at, YEAR) == (
        datetime(2026, 12, 13, 2, tzinfo=UTC),
        datetime(2026, 12, 18, 2, tzinfo=UTC),
    )
    # Never before the semester has begun.
    assert replace(each, week=1, weekday=0).opening(SPRING, YEAR) == datetime(2027, 2, 24, 2, tzinfo=UTC)
    # Once an academic year: in the last semester that ends before September and has such a week.
    yearly = shipped["union-evaluation"]
    assert [name for name, _ in course(yearly)] == ["spring"]
    assert [name for name, _ in course(replace(yearly, week=2))] == ["small"]
    for ends in (AUTUMN.ends, date(2026, 12, 20)):
        assert yearly.openings(replace(CALENDAR, semesters=(replace(AUTUMN, ends=ends),))) == ()
    assert shipped["pulse"].by_hand
    assert course(shipped["pulse"]) == []
    for day, semester in (("2026-12-07", "autumn"), ("2027-02-01", None)):
        dated, problems = read_one(
            written(tmp_path, f"opens = {day}T10:00  # local\ncloses = {day[:8]}20T10:00\n{TITLE}{WORDS}"), SETTINGS
        )
        assert not problems
        assert dated is not None
        assert course(dated) == [(semester, datetime.fromisoformat(f"{day}T02:00+00:00"))]
        assert dated.closing(dated.openings(YEAR)[0].at, YEAR) == datetime.fromisoformat(f"{day[:8]}20T02:00+00:00")


def test_an_anonymous_survey_has_at_least_the_union_s_cell(tmp_path: Path) -> None:
    text = "minimum_cell = 20\n" + TITLE + '[target]\naudiences = ["international"]\nlevels = ["master"]\n' + WORDS
    file, problems = read_one(written(tmp_path, text), SETTINGS)
    assert not problems
    assert file is not None
    assert (file.cell(10), file.cell(30)) == (20, 30)
    assert file.target == Group((Audience.INTERNATIONAL,), (), ("master",))
    assert replace(file, anonymous=False, minimum_cell=5).cell(10) == 5
    assert replace(file, minimum_cell=None).cell(10) == 10


def test_the_union_s_own_file_takes_the_place_of_its_namesake_even_when_it_is_broken(tmp_path: Path) -> None:
    written(tmp_path, TITLE + WORDS, "pulse.toml")
    written(tmp_path, TITLE + WORDS, "ours.toml")
    written(tmp_path, "title = 3", "staff-evaluation.toml")
    own = settings("http://127.0.0.1:1", "sqlite:///unused.db", surveys={"folder": str(tmp_path)})
    files, problems = shelf(own)
    assert files["pulse"].questionnaire.title["en"] == "One"
    assert "ours" in files
    assert "semester-satisfaction" in files
    # What it was to replace must not go out to everybody.
    assert "staff-evaluation" not in files
    assert any(problem.startswith("staff-evaluation.toml: title") for problem in problems)
    gone = settings("http://127.0.0.1:1", "sqlite:///unused.db", surveys={"folder": str(tmp_path / "gone")})
    assert any("does not exist; make the folder" in problem for problem in shelf(gone)[1])


def test_the_operator_looks_at_surveys_without_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("UNIONBOT_TOKEN", "UNIONBOT_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["surveys", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    assert "opens once each academic year, in week 7" in run()
    example = Path(__file__).parent.parent.parent / "config.example.toml"
    text = example.read_text(encoding="utf-8").replace("2026-", "2096-").replace("2027-", "2097-")
    Path("config.toml").write_text(text, encoding="utf-8")
    listed = run("--language", "en")
    assert "semester-satisfaction: Satisfaction with the student union's service" in listed
    assert "2096-2097-1: Tue 2096-12-04 10:00 to Tue 2096-12-18 10:00; reminders Sun 2096-12-09 10:00" in listed
    assert "opens when somebody starts it, for 10 days" in listed
    one = run(str(SHIPPED / "semester-satisfaction.toml"), "--language", "zh-hans")
    assert "1. 本学期你找过学生会服务站吗？  [used: single, required]" in one
    assert "passed over after used = no" in one
    assert "· 非常满意" in one
    assert "anonymous, counted from 10 answers on; for everybody" in one
    assert "say where to" in run("--copy", code=2)
    assert "now write folder" in run("mine", "--copy")
    written(Path("mine"), "week = 3\n" + TITLE + WORDS, "pulse.toml")
    broken = run("mine", code=1)
    assert "✗ pulse.toml: week (line 1): says nothing without each" in broken
    assert broken.splitlines()[-1] == "✗ do not go out until they are mended: pulse"
    assert "write for example --language en" in run("--language", "fr", code=2)
    # `check` reads them too, and says which cannot come at all.
    written(Path("mine"), (SHIPPED / "union-evaluation.toml").read_text("utf-8").replace("= 7", "= 30"), "yearly.toml")
    Path("config.toml").write_text(
        text.replace('[surveys]\nfolder = ""', '[surveys]\nfolder = "mine"'), encoding="utf-8"
    )
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    bare = CliRunner().invoke(app, ["check", "--offline"])
    assert bare.exit_code == 2
    for said in ("UNIONBOT_TOKEN is not set", "UNIONBOT_KEY is not set", "✗ pulse.toml: week (line 1)"):
        assert said in bare.output, "every mistake at once"
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    checked = CliRunner().invoke(app, ["check", "--offline"])
    assert checked.exit_code == 1
    assert "✗ pulse.toml: week (line 1)" in checked.output
    assert "! yearly: no semester that ends between March and August 2097 has a week 30" in checked.output
    assert "! union-evaluation" not in checked.output
    assert "✓ 6 surveys" in checked.output
