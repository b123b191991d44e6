"""config.toml and two secrets from the environment become one frozen Settings; every mistake is told at once.

    settings = load(Path("config.toml"))          # ConfigError lists all that is wrong, with what to write instead

Unknown keys are refused, because a mistyped key that is silently ignored is a rule the union believes to have.
Secrets never stand in the file: it is copied, mailed and backed up.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from bot.fields import KEY_NAME
from bot.sections import SHORTEST_SECRET
from bot.settings import Settings
from bot.vault import decode_key
from models.house import OFFICE

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
HEAD = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$")
WRITE = {
    "string": "a text in quotes",
    "int": "a whole number without quotes",
    "bool": "true or false, without quotes",
    "date": "a day, without quotes",
    "tuple": "a list in square brackets",
    "model": "a table",
    "dict": "a table",
}
"""By the beginning of pydantic's name for a mistake: what belongs there instead."""


class ConfigError(Exception):
    """The configuration cannot be used; `problems` says everything that is wrong, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file and the secrets. Raises ConfigError with everything that is wrong."""
    try:
        # Windows' own editor writes a mark before the first letter.
        text = path.read_text(encoding="utf-8-sig")
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
    data = {k: v for k, v in data.items() if k not in ("token", "key")} | _with_secrets(data, environment)
    token, key = environment.get("UNIONBOT_TOKEN", ""), environment.get("UNIONBOT_KEY", "")
    settings = None
    try:
        settings = Settings(**{**data, "token": SecretStr(token), "key": SecretStr(key)})
    except ValidationError as error:
        mistakes = error.errors()
        # "Needs at least one entry" about a list whose only entry is wrong would be a second mistake that is none.
        places = {mistake["loc"][:i] for mistake in mistakes for i in range(len(mistake["loc"]))}
        problems += [_sentence(mistake, text) for mistake in mistakes if mistake["loc"] not in places]
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


SECTION_SECRETS = (
    ("webhook_out", "secret", "UNIONBOT_WEBHOOK_SECRET", "url"),
    ("open311", "key", "UNIONBOT_OPEN311_KEY", "enabled"),
)
"""Section, field, where its secret comes from, and the key that makes it needed."""


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


def _sentence(mistake: Any, text: str) -> str:
    path = list(mistake["loc"])
    place = ""
    for part in path:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else str(part)
    line = _line_of(path, text)
    where = f"{place} (line {line})" if line else place
    kind = mistake["type"]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_keys(path[:-1]), 1)
        return f"{where}: there is no such key" + (f"; did you mean {near[0]}?" if near else "; delete it")
    example = _example(path) if EXAMPLE.exists() else ""
    if kind == "missing":
        return f"{where}: is missing; write {example or 'it as config.example.toml does'}"
    if kind == "too_short":
        return f"{where}: needs at least one entry; write {example or 'it as config.example.toml does'}"
    given = mistake.get("input")
    shown = f" (it says {_toml(given)})" if isinstance(given, str | int | float) else ""
    if "url" not in mistake:
        # Without an address in pydantic's handbook it was found by `bot/settings.py`, whose words say what to write.
        return f"{where}: {mistake['msg']}{shown}"
    wanted = _wanted(kind, mistake.get("ctx", {}))
    return f"{where}: write {wanted}{', for example ' if example else ''}{example}{shown}"


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    if "expected" in context:
        return str(context["expected"])
    if "ge" in context:
        return f"a number from {context['ge']} up"
    if "le" in context:
        return f"a number up to {context['le']}"
    return WRITE.get(kind.partition("_")[0], "something else")


def _example(path: list[Any]) -> str:
    """What config.example.toml has in this place; nothing where it has nothing to show."""
    text = EXAMPLE.read_text(encoding="utf-8")
    names = [part for part in path if isinstance(part, str)]
    dotted = ".".join(names)
    for head in (f"[[{dotted}]]", f"[{dotted}]"):
        if f"\n{head}" in text:
            return f"{head} and below it the lines that config.example.toml has there"
    # What most unions leave out stands there as a comment.
    example = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", text))
    found = _shown(example, names)
    if found is None:
        found = _shown(example, names[-2:])
    return f"{names[-1]} = {_toml(found)}" if found not in (None, []) else ""


def _shown(example: Any, names: list[str]) -> Any:
    """The example's value under these keys, in the first entry of a list that has one; None where there is none."""
    if not names:
        return example
    if isinstance(example, list):
        return next((found for entry in example if (found := _shown(entry, names)) is not None), None)
    return _shown(example[names[0]], names[1:]) if isinstance(example, dict) and names[0] in example else None


def _toml(value: Any) -> str:
    """As it is written in the file, of a list no more than two entries."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(part) for part in value[:2]) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


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
    """The line that sets this key; of one that is not there, the head of its section or the first line of its entry.
    None where there is neither.
    """
    lines = text.splitlines()
    heads = {n: head[1] for n, line in enumerate(lines) if (head := HEAD.match(line))}
    found, end = None, len(lines)
    for i, part in enumerate(path):
        if isinstance(part, int):
            continue
        index = path[i + 1] if i + 1 < len(path) and isinstance(path[i + 1], int) else 0
        dotted = ".".join(str(p) for p in path[: i + 1] if not isinstance(p, int))
        start = 0 if found is None else found + 1
        tables = [n for n, name in heads.items() if start <= n < end and name == dotted]
        if tables:
            found = tables[min(index, len(tables) - 1)]
            end = next((n for n, name in heads.items() if n > found and not name.startswith(f"{dotted}.")), end)
            continue
        own = range(start, next((n for n in heads if n >= start), end))
        sets = next((n for n in own if re.match(rf"\s*{re.escape(str(part))}\s*=", lines[n])), None)
        if sets is not None:
            return _entry(lines, sets, index) + 1
        if not any(name.startswith(f"{dotted}.") for name in heads.values()):
            break
    return None if found is None else found + 1


def _entry(lines: list[str], at: int, index: int) -> int:
    """Where this entry of the list that begins here stands, of lists that have lines of their own for them; else where
    the list begins.
    """
    if not re.search(r"=\s*\[\s*(#.*)?$", lines[at]):
        return at
    before = 0
    for n in range(at + 1, len(lines)):
        try:
            before += len(tomllib.loads(f"x = [{lines[n]}\n]")["x"])
        except tomllib.TOMLDecodeError:
            break
        if before > index:
            return n
    return at


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
            f"{what} {key!r} stands there more than once{why}; write a key of its own for each"
            for key in _twice([key for key in found if _is_key(key)])
        ]
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
        f"chat_id {chat} is given to two places; delete it, /setup in each group finds its own"
        for chat in _twice(bound)
    ]
    problems += [
        f"chat_id {chat} is no group: a group's id is negative; delete it, /setup finds it by itself"
        for chat in bound
        if chat > 0
    ]
    return problems


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and KEY_NAME.fullmatch(value) is not None


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
