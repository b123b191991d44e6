"""config.toml and two secrets from the environment become one frozen Settings; every mistake is told at once.

    settings = load(Path("config.toml"))          # ConfigError lists all that is wrong, with what to write instead

Unknown keys are refused, because a mistyped key that is silently ignored is a rule the union believes to have.
Secrets never stand in the file: it is copied, mailed and backed up.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from bot.fields import KEY_NAME
from bot.mistakes import Form, Unreadable, read, sentences, tables, twice
from bot.sections import SHORTEST_SECRET, Posts
from bot.settings import Settings
from bot.vault import decode_key
from models.house import OFFICE

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
FORM = Form(Settings, EXAMPLE, frozenset({"token", "key"}))


SECTION_SECRETS = (
    ("webhook_out", "secret", "UNIONBOT_WEBHOOK_SECRET", "url"),
    ("open311", "key", "UNIONBOT_OPEN311_KEY", "enabled"),
)
"""Section, field, where its secret comes from, and the key that makes it needed."""


class ConfigError(Exception):
    """The configuration cannot be used; `problems` says everything that is wrong, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file and the secrets. Raises ConfigError with everything that is wrong."""
    try:
        text, data = read(path, "copy config.example.toml to it and change what differs")
    except Unreadable as error:
        raise ConfigError([str(error)]) from None
    return build(data, environment, text)


PRETENDED = {
    "UNIONBOT_TOKEN": "10000:" + 35 * "x",
    "UNIONBOT_KEY": 43 * "A",
    **{variable: SHORTEST_SECRET * "x" for _, _, variable, _ in SECTION_SECRETS},
}


def look(path: Path) -> Settings:
    """The file alone, for what only looks at it: secrets are made up. Raises ConfigError."""
    return load(path, PRETENDED)


def build(data: dict[str, Any], environment: Mapping[str, str], text: str = "") -> Settings:
    """Settings from parsed TOML and an environment. Raises ConfigError with everything that is wrong."""
    problems = list(_secrets(data, environment))
    data = {k: v for k, v in data.items() if k not in ("token", "key")} | _with_secrets(data, environment)
    token, key = environment.get("UNIONBOT_TOKEN", ""), environment.get("UNIONBOT_KEY", "")
    settings = None
    try:
        settings = Settings(**{**data, "token": SecretStr(token), "key": SecretStr(key)})
    except ValidationError as error:
        problems += sentences(error, FORM, text)
    problems += _contradictions(data)
    if problems or settings is None:
        raise ConfigError(problems)
    return settings


def _secrets(data: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    for name in ("token", "key"):
        if name in data:
            yield (
                f"{name}: a secret does not belong into the file; "
                f"set UNIONBOT_{name.upper()} in the environment and delete the line"
            )
    token = environment.get("UNIONBOT_TOKEN", "")
    if not token:
        yield "UNIONBOT_TOKEN is not set: ask @BotFather for a token with /newbot, then export UNIONBOT_TOKEN=…"
    elif not TOKEN.fullmatch(token):
        yield "UNIONBOT_TOKEN does not look like a token: @BotFather gives digits, a colon and 35 letters"
    yield from _section_secrets(data, environment)
    key = environment.get("UNIONBOT_KEY", "")
    if not key:
        yield "UNIONBOT_KEY is not set: `unionbot key` makes one; keep it safe, anonymous replies depend on it"
        return
    try:
        decode_key(key)
    except ValueError:
        yield "UNIONBOT_KEY is not a key: `unionbot key` makes one"


def _with_secrets(data: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The sections that have a secret, with it."""
    return {
        section: {**data[section], name: SecretStr(environment.get(variable, ""))}
        for section, name, variable, _ in SECTION_SECRETS
        if isinstance(data.get(section), dict)
    }


def _section_secrets(data: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    for section, name, variable, needs in SECTION_SECRETS:
        given = data.get(section)
        if not isinstance(given, dict):
            continue
        if name in given:
            yield (
                f"{section}.{name}: a secret does not belong into the file; "
                f"set {variable} in the environment and delete the line"
            )
        if given.get(needs) and len(environment.get(variable, "")) < SHORTEST_SECRET:
            yield f"{variable} is not set or too short: [{section}] needs one; `openssl rand -hex 32` makes one"


def _contradictions(data: Mapping[str, Any]) -> list[str]:
    """What is wrong only when parts are held against each other.

    Read from the raw file, so that it is told together with whatever else is wrong there.
    """
    stations = tables(data, "stations")
    categories = _tree(tables(data, "categories"))
    keys = {
        "station": [station.get("key") for station in stations],
        "building": [building.get("key") for station in stations for building in tables(station, "buildings")],
        "category": [category.get("key") for category in categories],
        "department": [department.get("key") for department in tables(data, "departments")],
    }
    problems = []
    for what, found in keys.items():
        why = ": a building is served by one station" if what == "building" else ""
        problems += [
            f"{what} {key!r} stands there more than once{why}; write a key of its own for each"
            for key in twice([key for key in found if _is_key(key)])
        ]
    posts = data.get("posts") if isinstance(data.get("posts"), dict) else {}
    assert isinstance(posts, dict)
    most, count = posts.get("departments", Posts().departments), len(keys["department"])
    if isinstance(most, int) and count > most:
        problems.append(
            f"{count} [[departments]], and a union has at most {most}; "
            f"merge some, or write departments = {count} under [posts] if the university allows it"
        )
    places: list[str] = ["station", OFFICE, *(str(key) for key in keys["station"] if _is_key(key))]
    # Where a station's own key is wrong, what names it is not.
    every_place_known = len(places) == 2 + len(data["stations"]) if stations else False
    for category in categories:
        to = category.get("to", "station")
        if every_place_known and isinstance(to, str) and to not in places:
            near = difflib.get_close_matches(to, places, 1) or ["station"]
            problems.append(f'category {category.get("key")!r}: to = {to!r} is no place; write to = "{near[0]}"')
    union = data.get("union") if isinstance(data.get("union"), dict) else {}
    assert isinstance(union, dict)
    chats = [each.get("chat_id") for each in stations] + [union.get(f"{o}_chat_id") for o in ("office", "supervisors")]
    bound = [chat for chat in chats if isinstance(chat, int)]
    problems += [
        f"chat_id {chat} is given to two places; delete it, /setup in each group finds its own" for chat in twice(bound)
    ]
    problems += [
        f"chat_id {chat} is no group: a group's id is negative; delete it, /setup finds it by itself"
        for chat in bound
        if chat > 0
    ]
    return problems


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and KEY_NAME.fullmatch(value) is not None


def _tree(categories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for category in categories for each in (category, *_tree(tables(category, "children")))]


@dataclass(frozen=True)
class Secrets:
    """The two secrets, for whoever starts the program on somebody's behalf (the demo, tests)."""

    token: str
    key: str

    def environment(self) -> dict[str, str]:
        """As the environment would hold them."""
        return {"UNIONBOT_TOKEN": self.token, "UNIONBOT_KEY": self.key}
