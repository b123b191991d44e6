"""config.toml: the example is complete and right, and every mistake is told, all at once, with what to write."""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.app import house_of
from bot.config import ConfigError, Secrets, build, load
from bot.mistakes import models_in
from bot.settings import Settings
from bot.vault import new_key
from models.calendar import Span
from models.house import Waits
from models.people import Audience

EXAMPLE = Path(__file__).parent.parent.parent / "config.example.toml"
SECRETS = ("token", "key", "webhook_out.secret", "open311.key")
"""From the environment, so not in the example."""
GOOD = Secrets("700000:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", new_key()).environment()


def example() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))


def problems(data: dict[str, Any], environment: dict[str, str] | None = None, text: str = "") -> list[str]:
    with pytest.raises(ConfigError) as refused:
        build(data, GOOD if environment is None else environment, text)
    return refused.value.problems


def written(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """What is wrong with the example after these changes of its text."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(path, GOOD)
    return refused.value.problems


def test_the_example_can_be_used_as_it_is() -> None:
    settings = load(EXAMPLE, GOOD)
    assert settings.building_keys()[0] == "e1"
    assert settings.deadlines_for("water").resolve == Span(days=3)


def every_key(model: Any, path: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        inner = next(models_in(field.annotation), None)
        if inner is None or inner is model:
            found.append(f"{path}{name}")
        else:
            found += every_key(inner, f"{path}{name}.")
    return found


@pytest.mark.parametrize("key", [k for k in every_key(Settings) if k not in SECRETS])
def test_the_example_documents_every_key(key: str) -> None:
    last = key.split(".")[-1]
    text = EXAMPLE.read_text(encoding="utf-8")
    assert f"{last} =" in text or f"{last}]" in text, f"{key} is not shown"


def test_settings_are_frozen() -> None:
    settings = load(EXAMPLE, GOOD)
    with pytest.raises(ValidationError):
        settings.union.timezone = "UTC"  # type: ignore[misc]


def test_the_secrets_show_nowhere() -> None:
    settings = load(EXAMPLE, GOOD)
    for secret in GOOD.values():
        assert secret not in repr(settings)
        assert secret not in settings.model_dump_json()


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    said = written(
        tmp_path,
        ('mode = "polling"', 'mode = "pulling"'),
        ('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shangai"'),
        ('key = "west"', 'key = "east"'),
        ("[anonymity]", "[anonymty]"),
    )
    assert len(said) == 4, said
    assert any("telegram.mode" in line and "'polling' or 'webhook'" in line for line in said)
    assert any("Asia/Shanghai" in line for line in said), "the time zone it comes near to is named"
    assert any("station 'east' stands there more than once" in line for line in said)
    assert any("did you mean anonymity?" in line for line in said)


def test_a_union_has_no_more_departments_than_it_may(tmp_path: Path) -> None:
    more = "".join(f'[[departments]]\nkey = "d{n}"\nname = "D{n}"\n' for n in range(3))
    (said,) = written(tmp_path, ("[log]", f"{more}[log]"))
    assert said.startswith("7 [[departments]], and a union has at most 6; merge some, or write departments = 7")


def test_a_mistake_says_its_line(tmp_path: Path) -> None:
    (said,) = written(tmp_path, ('timezone = "Asia/Shanghai"', 'timezone = "Mars/Olympus"'))
    number = next(
        i for i, line in enumerate(EXAMPLE.read_text(encoding="utf-8").splitlines(), 1) if line.startswith("timezone")
    )
    assert f"(line {number})" in said


@pytest.mark.parametrize(
    ("key", "gone", "at"),
    [
        pytest.param("union.name", 'name = { zh-hans = "滨海大学学生会"', "[union]", id="of a section"),
        pytest.param("stations[2].name", 'name = { zh-hans = "西区学生会服务站"', 'key = "west"', id="of an entry"),
        pytest.param(
            "stations[2].buildings[2].name", 'name = { zh-hans = "西二栋"', '{ key = "w2"', id="within a list"
        ),
        pytest.param(
            "categories[2].children[2].name", 'name = { zh-hans = "噪音与作息"', 'key = "noise"', id="of a child"
        ),
    ],
)
def test_a_key_that_is_missing_is_told_where_it_belongs(key: str, gone: str, at: str) -> None:
    """At the head of its section or entry; it was told at another section's key of the same name."""
    text = re.sub(rf"(, )?{re.escape(gone)}[^}}]*}}", "", EXAMPLE.read_text(encoding="utf-8"), count=1)
    (said,) = problems(tomllib.loads(text), text=text)
    lines = text.splitlines()
    line = next(n for n, line in enumerate(lines, 1) if line.strip().startswith(at))
    head = line - 1 if lines[line - 2].startswith("[[") else line
    assert said.startswith(f"{key} (line {head}): is missing")


def test_a_mark_before_the_first_letter_does_no_harm(tmp_path: Path) -> None:
    """Notepad's UTF-8 has one."""
    path = tmp_path / "config.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert load(path, GOOD) == load(EXAMPLE, GOOD)


@pytest.mark.parametrize("address", ["api.telegram.org", "telegram", "ftp://api.telegram.org", "https://"])
def test_an_address_without_its_beginning_is_told(address: str) -> None:
    data = example()
    data["telegram"]["api_base"] = address
    (said,) = problems(data)
    assert said.startswith("telegram.api_base")
    assert 'api_base = "https://api.telegram.org"' in said


@pytest.mark.parametrize("city", ["Asia/Peking", "Asia/Beijing", "Asia/Guangzhou", "China/Xi'an"])
def test_a_chinese_city_is_told_its_time_zone(city: str) -> None:
    data = example()
    data["union"]["timezone"] = city
    (said,) = problems(data)
    assert 'timezone = "Asia/Shanghai"' in said


WRONG: dict[str, Any] = {
    "telegram": {"api_base": 5, "mode": "pulling", "listen": "127.0.0.1:99999"},
    "database": {"url": "mysql://x"},
    "union": {
        "name": {"en": "Union"},
        "admins": ["x"],
        "supervisors": 3,
        "readers": [1.5],
        "office_chat_id": "abc",
        "timezone": "Mars/Olympus",
        "languages": ["fr"],
    },
    "stations": [
        1,
        {"key": "e", "name": {"en": 5}, "buildings": [{"key": "A"}], "chat_id": "x"},
        {"key": "office", "name": "Office"},
    ],
    "categories": [
        {
            "key": "x",
            "name": "x",
            "kinds": ["complain"],
            "to": "west",
            "call_back": "perhaps",
            "deadlines": {"claim": 4, "reply": "9999d"},
            "children": 3,
        }
    ],
    "calendar": {
        "semesters": [{"name": "A", "starts": "2026-09-07", "ends": "2026-09-01"}, 3],
        "holidays": ["soon", {"starts": "x"}, {"starts": "2026-10-07", "ends": "2026-10-01"}, 5],
        "makeup_days": ["x"],
        "exam_weeks": ["x"],
        "exam_weeks_count": "maybe",
        "exam_weeks_mode": "slow",
        "exam_weeks_factor": 0.5,
        "office_hours": {"monday": "8-12", "tuesday": [1], "friday": ["12:00-8:00"], "sonday": []},
    },
    "deadlines": {"claim": True},
    "escalation": {"lead": "soon", "office": 4},
    "anonymity": {"destroy_after_days": 9999},
    "surveys": {"minimum_cell": 1},
    "log": 3,
}
RAW = ("function-", "{{", "instance of", "Input should", "validat", "Tuple", "None", "unable to", "Value error")
"""What pydantic would say, which is no language of the union's."""


def test_a_thoroughly_wrong_file_is_answered_with_what_to_write_line_by_line() -> None:
    said = problems(example() | WRONG)
    for line in said:
        assert not [raw for raw in RAW if raw in line], line
        assert re.search(r"\bwrite\b|did you mean|delete it", line), line
    places = [re.split(r"[ :]", line, maxsplit=1)[0] for line in said]
    assert len(places) == len(set(places)) == 44, said
    for place in places:
        under = [other for other in places if other.startswith((f"{place}.", f"{place}["))]
        assert not under, f"{place} is said to be wrong, but it is {under}"


def test_what_to_write_is_valid_toml_and_can_be_used(tmp_path: Path) -> None:
    """It once said `{{ zh-hans = …`, which is none."""
    (said,) = written(
        tmp_path, ('name = { zh-hans = "东三栋", zh-hant = "東三棟", en = "East 3" }', 'name = { en = "East 3" }')
    )
    assert tomllib.loads(said.split(" write ", 1)[1])["name"].keys() == {"zh-hans", "zh-hant", "en"}
    (said,) = problems(example() | {"union": {**example()["union"], "admins": ["x"]}})
    wanted = said.split("for example ", 1)[1].partition(" (it says")[0]
    load_with = example()
    load_with["union"] |= tomllib.loads(wanted)
    assert build(load_with, GOOD).union.admins == (700000001,)


def test_a_station_whose_key_is_wrong_is_not_missed_by_its_categories(tmp_path: Path) -> None:
    (said,) = written(tmp_path, ('key = "east"', 'key = "East"'), ('to = "office"', 'to = "east"'))
    assert "stations[1].key" in said


def test_a_day_off_may_be_written_alone_or_as_the_first_of_several() -> None:
    data = example()
    data["calendar"]["holidays"] = ["2026-10-01", {"starts": "2026-10-03", "ends": "2026-10-04"}]
    days = build(data, GOOD).work_calendar().holidays
    assert sorted(day.day for day in days) == [1, 3, 4]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"telegram": {"mode": "webhook"}}, "webhook_url", id="a webhook without an address"),
        pytest.param({"telegram": {"listen": "8080"}}, "listen is an address and a port", id="no address to listen at"),
        pytest.param({"database": {"url": "mysql://x"}}, "sqlite:/// or postgresql://", id="another database"),
        pytest.param({"stations": []}, "at least one", id="no stations"),
        pytest.param({"surveys": {"minimum_cell": 1}}, "minimum_cell", id="a cell of one"),
        pytest.param({"deadlines": {"claim": "soon"}}, "length of working time", id="no length of time"),
        pytest.param({"calendar": {"office_hours": {}}}, "no office hours", id="never open"),
        pytest.param(
            {"calendar": {"office_hours": {"monday": ["17:00-8:00"]}}}, "no span of office hours", id="hours backwards"
        ),
        pytest.param(
            {"calendar": {"holidays": [{"starts": "2026-10-07", "ends": "2026-10-01"}]}}, "before they start", id="days"
        ),
        pytest.param({"token": "123456:abc"}, "does not belong into the file", id="a secret in the file"),
        pytest.param({"union": {"name": "X", "admins": []}}, "admins", id="nobody in charge"),
    ],
)
def test_a_wrong_value_is_answered_with_what_to_write(change: dict[str, Any], said: str) -> None:
    assert any(said in line for line in problems(example() | change)), problems(example() | change)


@pytest.mark.parametrize(
    ("written", "counts", "factor"),
    [
        pytest.param({}, True, 1, id="nothing"),
        pytest.param({"exam_weeks_count": True}, True, 1, id="the older key"),
        pytest.param({"exam_weeks_count": False}, False, 1, id="the older key stops them"),
        pytest.param({"exam_weeks_mode": "count", "exam_weeks_factor": 3}, True, 1, id="a factor that is not used"),
        pytest.param({"exam_weeks_mode": "stop"}, False, 1, id="stop"),
        pytest.param({"exam_weeks_mode": "relax"}, True, 2, id="relax"),
        pytest.param({"exam_weeks_mode": "relax", "exam_weeks_factor": 1.1}, True, Fraction(11, 10), id="a little"),
    ],
)
def test_exam_weeks_count_stop_or_relax(written: dict[str, Any], counts: bool, factor: object) -> None:
    calendar = build(example() | {"calendar": written}, GOOD).work_calendar()
    assert (calendar.exam_days_count, calendar.exam_days_factor) == (counts, factor)


def test_how_long_each_rung_waits_reaches_the_rules() -> None:
    assert house_of(build(example(), GOOD)).waits == Waits(), "the example shows the defaults"
    found = house_of(build(example() | {"escalation": {"lead": "1h", "office": "2h", "supervisors": "1d"}}, GOOD))
    assert found.waits == Waits(Span(hours=0.5), Span(hours=1), Span(hours=2), Span(1))


def test_what_exam_weeks_do_is_said_once() -> None:
    (said,) = problems(example() | {"calendar": {"exam_weeks_count": False, "exam_weeks_mode": "relax"}})
    assert 'delete exam_weeks_count and write exam_weeks_mode = "relax"' in said


def test_a_building_of_two_stations_is_refused() -> None:
    data = example()
    data["stations"][1]["buildings"].append(data["stations"][0]["buildings"][0])
    assert any("served by one station" in line for line in problems(data))


def test_a_category_that_goes_nowhere_is_refused() -> None:
    data = example()
    data["categories"][0]["to"] = "offce"
    assert any('write to = "office"' in line for line in problems(data))


def test_two_places_in_one_group_are_refused() -> None:
    data = example()
    data["stations"][0]["chat_id"] = data["stations"][1]["chat_id"] = -100500
    assert any("-100500 is given to two places" in line for line in problems(data))


def test_a_private_chat_is_no_group() -> None:
    data = example()
    data["stations"][0]["chat_id"] = 4711
    assert any("4711 is no group" in line for line in problems(data))


def test_missing_secrets_say_where_they_come_from() -> None:
    said = "\n".join(problems(example(), {}))
    assert "@BotFather" in said
    assert "unionbot key" in said


@pytest.mark.parametrize(("name", "value"), [("UNIONBOT_TOKEN", "hello"), ("UNIONBOT_KEY", "short")])
def test_a_secret_that_is_none_is_refused_without_being_shown(name: str, value: str) -> None:
    said = "\n".join(problems(example(), GOOD | {name: value}))
    assert name in said
    assert value not in said


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"= what", b""])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(junk)
    with pytest.raises(ConfigError) as refused:
        load(path, GOOD)
    assert refused.value.problems
    assert all("Traceback" not in line for line in refused.value.problems)


def test_a_file_that_is_not_there_says_what_to_copy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.example\.toml"):
        load(tmp_path / "config.toml", GOOD)


@pytest.mark.parametrize(
    "junk", [{"stations": "east"}, {"stations": [1]}, {"categories": [{"children": 3}]}, {"union": []}]
)
def test_nonsense_in_the_place_of_a_table_is_a_sentence_too(junk: dict[str, Any]) -> None:
    assert problems(example() | junk)


def test_what_concerns_a_student_s_audience_comes_first_and_nothing_is_hidden() -> None:
    settings = load(EXAMPLE, GOOD)
    anybody = settings.categories_for("question", None)
    hkmt = settings.categories_for("question", None, Audience.HONG_KONG_MACAO_TAIWAN)
    assert anybody[0] == "repairs"
    assert hkmt == ["papers", *(key for key in anybody if key != "papers")]
    assert settings.categories_for("question", None, Audience.UNDERGRADUATE) == anybody
    assert settings.topic_of("water") == settings.topic_of("repairs") == "repairs"
    assert settings.topic_of("nothing") is None


def test_an_audience_that_does_not_exist_is_told() -> None:
    data = example()
    data["categories"][0]["audiences"] = ["gradute"]
    (said,) = problems(data)
    assert "categories[1].audiences[1]" in said
    assert "'undergraduate', 'graduate', 'vocational', 'hkmt' or 'international'" in said


@pytest.mark.parametrize(
    ("section", "values", "environment", "said"),
    [
        pytest.param(
            "webhook_out",
            {"url": "http://campus.example"},
            {"UNIONBOT_WEBHOOK_SECRET": "y" * 20},
            "over https only",
            id="in the clear",
        ),
        pytest.param(
            "webhook_out",
            {"url": "https://u:p@campus.example"},
            {"UNIONBOT_WEBHOOK_SECRET": "y" * 20},
            "no password stands",
            id="a password",
        ),
        pytest.param("webhook_out", {"url": "https://campus.example"}, {}, "UNIONBOT_WEBHOOK_SECRET", id="no secret"),
        pytest.param(
            "webhook_out",
            {"secret": "x" * 20},
            {"UNIONBOT_WEBHOOK_SECRET": "y" * 20},
            "does not belong into the file",
            id="a secret in the file",
        ),
        pytest.param("webhook_out", {"events": ["claim"]}, {}, 'write "claimed"', id="an event that is none"),
        pytest.param("open311", {"enabled": True}, {"UNIONBOT_OPEN311_KEY": "short"}, "too short", id="a short key"),
    ],
)
def test_other_systems_need_a_safe_way_and_a_secret(
    section: str, values: dict[str, Any], environment: dict[str, str], said: str
) -> None:
    found = problems({**example(), section: values}, GOOD | environment)
    assert len(found) == 1
    assert said in found[0]


def test_the_secrets_of_other_systems_come_from_the_environment() -> None:
    data = example() | {"webhook_out": {"url": "https://campus.example"}, "open311": {"enabled": True}}
    secrets = {"UNIONBOT_WEBHOOK_SECRET": "w" * 32, "UNIONBOT_OPEN311_KEY": "o" * 32}
    settings = build(data, GOOD | secrets)
    assert settings.webhook_out.secret.get_secret_value() == "w" * 32
    assert settings.open311.key.get_secret_value() == "o" * 32
    assert "wwww" not in repr(settings)
