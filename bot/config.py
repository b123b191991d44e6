"""config.toml and two secrets from the environment become one frozen Settings; every mistake is told at once.

    settings = load(Path("config.toml"))          # ConfigError lists all that is wrong, with what to write instead

Unknown keys are refused, because a mistyped key that is silently ignored is a rule the union believes to have.
Secrets never stand in the file: it is copied, mailed and backed up.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from bot.settings import Settings
from bot.vault import decode_key
from models.house import OFFICE

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")


class ConfigError(Exception):
    """The configuration cannot be used; `problems` says everything that is wrong, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file and the secrets. Raises ConfigError with everything that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path} does not exist: copy config.example.toml to it and change what differs"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path} cannot be read: {error}"]) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not valid TOML: {error}"]) from None
    return build(data, environment, text)


def build(data: dict[str, Any], environment: Mapping[str, str], text: str = "") -> Settings:
    """Settings from parsed TOML and an environment. Raises ConfigError with everything that is wrong."""
    problems = list(_secrets(data, environment))
    data = {k: v for k, v in data.items() if k not in ("token", "key")}
    token, key = environment.get("UNIONBOT_TOKEN", ""), environment.get("UNIONBOT_KEY", "")
    settings = None
    try:
        settings = Settings(**{**data, "token": SecretStr(token), "key": SecretStr(key)})
    except ValidationError as error:
        problems += [_sentence(mistake, text) for mistake in error.errors()]
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
    key = environment.get("UNIONBOT_KEY", "")
    if not key:
        yield "UNIONBOT_KEY is not set: `unionbot key` makes one; keep it safe, anonymous replies depend on it"
        return
    try:
        decode_key(key)
    except ValueError:
        yield "UNIONBOT_KEY is not a key: `unionbot key` makes one"


def _sentence(mistake: Any, text: str) -> str:
    path = [part for part in mistake["loc"] if part not in ("date", "Days", "function-before", "function-after")]
    place = ""
    for part in path:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else str(part)
    line = _line_of(path, text)
    where = f"{place} (line {line})" if line else place
    kind = mistake["type"]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_keys(path[:-1]), 1)
        return f"{where}: there is no such key" + (f"; did you mean {near[0]}?" if near else "; delete it")
    if kind == "missing":
        return f"{where}: is missing; config.example.toml shows what to write"
    if kind == "too_short":
        return f"{where}: needs at least one entry; config.example.toml shows what to write"
    message = str(mistake["msg"]).removeprefix("Value error, ")
    given = mistake.get("input")
    shown = f" (it says {given!r})" if isinstance(given, str | int | float) else ""
    return f"{where}: {message[:1].lower()}{message[1:]}{shown}"


def _known_keys(path: list[Any]) -> list[str]:
    model: Any = Settings
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        model = next((m for m in _models_in(field.annotation)), None) if field else None
        if model is None:
            return []
    return [name for name in model.model_fields if name not in ("token", "key") or model is not Settings]


def _models_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


def _line_of(path: list[Any], text: str) -> int | None:
    """The line that sets this key, when it can be told apart: the last named part, from the n-th table on."""
    lines = text.splitlines()
    at = 0
    for i, part in enumerate(path):
        if isinstance(part, int):
            continue
        index = path[i + 1] if i + 1 < len(path) and isinstance(path[i + 1], int) else 0
        dotted = ".".join(str(p) for p in path[: i + 1] if not isinstance(p, int))
        heads = [n for n in range(at, len(lines)) if re.match(rf"\s*\[\[?\s*{re.escape(dotted)}\s*\]", lines[n])]
        if heads:
            at = heads[min(index, len(heads) - 1)]
            continue
        sets = [n for n in range(at, len(lines)) if re.match(rf"\s*{re.escape(str(part))}\s*=", lines[n])]
        if sets:
            at = sets[0]
        elif i == len(path) - 1:
            return at + 1 if at else None
    return at + 1 if at or (lines and path) else None


def _contradictions(data: Mapping[str, Any]) -> list[str]:
    """What is wrong only when parts are held against each other.

    Read from the raw file, so that it is told together with whatever else is wrong there.
    """
    stations = _tables(data, "stations")
    categories = _tree(_tables(data, "categories"))
    keys = {
        "station": [station.get("key") for station in stations],
        "building": [building.get("key") for station in stations for building in _tables(station, "buildings")],
        "category": [category.get("key") for category in categories],
    }
    problems = []
    for what, found in keys.items():
        why = ": a building is served by one station" if what == "building" else ""
        problems += [
            f"{what} {key!r} stands there more than once{why}; give each a key of its own" for key in _twice(found)
        ]
    places = ["station", OFFICE, *(key for key in keys["station"] if isinstance(key, str))]
    for category in categories:
        to = category.get("to", "station")
        if to not in places:
            near = difflib.get_close_matches(str(to), places, 1) or ["station"]
            problems.append(f'category {category.get("key")!r}: to = {to!r} is no place; write to = "{near[0]}"')
    union = data.get("union") if isinstance(data.get("union"), dict) else {}
    assert isinstance(union, dict)
    chats = [each.get("chat_id") for each in stations] + [union.get(f"{o}_chat_id") for o in ("office", "supervisors")]
    bound = [chat for chat in chats if isinstance(chat, int)]
    problems += [f"chat_id {chat} is given to two places; each needs a group of its own" for chat in _twice(bound)]
    problems += [
        f"chat_id {chat} is no group: a group's id is negative; /setup finds it by itself" for chat in bound if chat > 0
    ]
    return problems


def _tables(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The tables under this name, whatever else somebody may have written there."""
    found = holder.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _tree(categories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for category in categories for each in (category, *_tree(_tables(category, "children")))]


def _twice(values: list[Any]) -> list[Any]:
    return sorted({value for value in values if value is not None and values.count(value) > 1}, key=str)


@dataclass(frozen=True)
class Secrets:
    """The two secrets, for whoever starts the program on somebody's behalf (the demo, tests)."""

    token: str
    key: str

    def environment(self) -> dict[str, str]:
        """As the environment would hold them."""
        return {"UNIONBOT_TOKEN": self.token, "UNIONBOT_KEY": self.key}
