"""What is wrong with a TOML file, in sentences: each names the place with its line and says what to write instead.

    found = sentences(error, Form(Settings, EXAMPLE), text)          # from pydantic's ValidationError

What is wrong only when parts are held against each other is read from the raw file (`tables`, `place`), so that it is
told together with whatever else is wrong there.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

HEAD = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$")
WRITE = {
    "string": "a text in quotes",
    "int": "a whole number without quotes",
    "bool": "true or false, without quotes",
    "date": "a day, without quotes",
    "datetime": "a day and a time, without quotes, as 2026-12-07T10:00",
    "time": "a time in quotes",
    "timezone": "a time of the union's own zone, without another behind it",
    "tuple": "a list in square brackets",
    "model": "a table",
    "dict": "a table",
}
"""By the beginning of pydantic's name for a mistake: what belongs there instead."""


class Unreadable(Exception):
    """The file cannot be read at all; says why."""


def read(path: Path, missing: str, mend: Callable[[str], str] = str) -> tuple[str, dict[str, Any]]:
    """The file's text, after `mend`, and what it says. Raises Unreadable; of a file that is not there with `missing`,
    which says what to do.
    """
    try:
        # Windows' own editor writes a mark before the first letter.
        text = mend(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Unreadable(f"{path} does not exist: {missing}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{path} is not valid TOML: {error}") from None


@dataclass(frozen=True)
class Form:
    """How a file looks: the model it becomes, and a file that shows how it is written."""

    model: type[BaseModel]
    example: Path
    apart: frozenset[str] = frozenset()
    """Keys of the model that do not stand in the file."""
    blank: bool = False
    """Whether a text in several languages is shown as … only: nobody shall take over the example's own words."""


def sentences(error: ValidationError, form: Form, text: str) -> list[str]:
    """Everything that pydantic found in the file with this text."""
    mistakes = error.errors()
    # "Needs at least one entry" about a list whose only entry is wrong would be a second mistake that is none.
    places = {mistake["loc"][:i] for mistake in mistakes for i in range(len(mistake["loc"]))}
    return [_sentence(mistake, form, text) for mistake in mistakes if mistake["loc"] not in places]


def place(path: Sequence[Any], text: str) -> str:
    """Where that is in the file, with its line where it has one: questions[3].kind (line 20)."""
    named = ""
    for part in path:
        named += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if named else str(part)
    line = _line_of(list(path), text)
    return f"{named} (line {line})" if line else named


def _sentence(mistake: Any, form: Form, text: str) -> str:
    path = list(mistake["loc"])
    where = place(path, text)
    kind = mistake["type"]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_keys(path[:-1], form), 1)
        return f"{where}: there is no such key" + (f"; did you mean {near[0]}?" if near else "; delete it")
    example = _example(path, form) if form.example.exists() else ""
    if kind == "missing":
        return f"{where}: is missing; write {example or f'it as {form.example.name} does'}"
    if kind == "too_short":
        return f"{where}: needs at least one entry; write {example or f'it as {form.example.name} does'}"
    given = mistake.get("input")
    shown = f" (it says {_toml(given)})" if isinstance(given, str | int | float) else ""
    if "url" not in mistake:
        # Without an address in pydantic's handbook it was found by a class of our own, whose words say what to write.
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


def _example(path: list[Any], form: Form) -> str:
    """What the example has in this place; nothing where it has nothing to show."""
    shows = form.example
    text = shows.read_text(encoding="utf-8")
    names = [part for part in path if isinstance(part, str)]
    dotted = ".".join(names)
    for head in (f"[[{dotted}]]", f"[{dotted}]"):
        if f"\n{head}" in text:
            return f"{head} and below it the lines that {shows.name} has there"
    # What most unions leave out stands there as a comment.
    example = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", text))
    found = _shown(example, names)
    if found is None:
        found = _shown(example, names[-2:])
    if form.blank and isinstance(found, dict) and "en" in found:
        found = dict.fromkeys(found, "…")
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
    return value.isoformat() if isinstance(value, date | time) else json.dumps(value, ensure_ascii=False)


def _known_keys(path: list[Any], form: Form) -> list[str]:
    model: Any = form.model
    for part in path:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        model = next((m for m in models_in(field.annotation)), None) if field else None
        if model is None:
            return []
    return [name for name in model.model_fields if model is not form.model or name not in form.apart]


def models_in(annotation: Any) -> Iterator[Any]:
    """The models of which something of this kind consists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)


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
        sets = next((n for n in own if re.match(rf"\s*{re.escape(str(part))}\s*[=.]", lines[n])), None)
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


def tables(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The tables under this name, whatever else somebody may have written there."""
    found = holder.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def twice(values: list[Any]) -> list[Any]:
    """What stands there more than once, but for None."""
    return sorted({value for value in values if value is not None and values.count(value) > 1}, key=str)
