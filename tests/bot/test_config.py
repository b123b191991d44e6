"""config.toml: the example is complete and right, and every mistake is told, all at once, with what to write."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.config import ConfigError, Secrets, build, load
from bot.settings import Settings
from bot.vault import new_key
from models.calendar import Span

EXAMPLE = Path(__file__).parent.parent.parent / "config.example.toml"
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
    from bot.config import _models_in

    found = []
    for name, field in model.model_fields.items():
        inner = next(_models_in(field.annotation), None)
        if inner is None or inner is model:
            found.append(f"{path}{name}")
        else:
            found += every_key(inner, f"{path}{name}.")
    return found


@pytest.mark.parametrize("key", [k for k in every_key(Settings) if k not in ("token", "key")])
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


def test_a_mistake_says_its_line(tmp_path: Path) -> None:
    (said,) = written(tmp_path, ('timezone = "Asia/Shanghai"', 'timezone = "Mars/Olympus"'))
    number = next(
        i for i, line in enumerate(EXAMPLE.read_text(encoding="utf-8").splitlines(), 1) if line.startswith("timezone")
    )
    assert f"(line {number})" in said


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
