"""config.toml and two secrets from the environment become one frozen Settings; every mistake is told at once.

    settings = load(Path("config.toml"))          # ConfigError lists all that is wrong, with what to write instead

Unknown keys are refused, because a mistyped key that is silently ignored is a rule the union believes to have.
Secrets never stand in the file: it is copied, mailed and backed up.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import difflib
import itertools
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from models.calendar import Deadlines, Semester, Span, WorkCalendar
from models.house import OFFICE, SUPERVISORS
from models.stations import Desk, StationSpec
from models.tickets import Kind

LANGUAGES = ("zh-hans", "zh-hant", "en")
Language = Literal["zh-hans", "zh-hant", "en"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
KEY_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")


class ConfigError(Exception):
    """The configuration cannot be used; `problems` says everything that is wrong, a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Section(BaseModel):
    """A part of config.toml: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _names(value: object) -> object:
    """A name may be one string for all languages or a table of them."""
    return dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value


def _complete(value: dict[str, str]) -> dict[str, str]:
    unknown = sorted(set(value) - set(LANGUAGES))
    if unknown:
        raise PydanticCustomError(
            "language", "there is no language {x}; use zh-hans, zh-hant, en", {"x": ", ".join(unknown)}
        )
    missing = [language for language in LANGUAGES if not value.get(language, "").strip()]
    if missing:
        raise PydanticCustomError(
            "language",
            'the name is missing in {x}: write {{ zh-hans = "…", zh-hant = "…", en = "…" }}',
            {"x": ", ".join(missing)},
        )
    return value


Names = Annotated[dict[str, str], BeforeValidator(_names), AfterValidator(_complete)]


def _key(value: str) -> str:
    if not KEY_NAME.fullmatch(value):
        raise PydanticCustomError("key", 'a key has up to 24 small letters, digits and dashes, for example "east"')
    return value


KeyName = Annotated[str, AfterValidator(_key)]


def _span(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(?:(\d+)d)?\s*(?:(\d+(?:\.\d+)?)h)?", value.strip())
    if not found or not any(found.groups()):
        raise PydanticCustomError("span", 'write a length of working time, for example "4h", "1d" or "1d 2h"')
    return Span(days=int(found[1] or 0), hours=float(found[2] or 0))


WorkingTime = Annotated[Span, BeforeValidator(_span)]


class Telegram(Section):
    """How Telegram is reached."""

    api_base: str = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str = ""
    listen: str = "127.0.0.1:8080"

    @model_validator(mode="after")
    def _webhook_has_an_address(self) -> Self:
        if self.mode == "webhook" and not self.webhook_url.startswith(
            ("https://", "http://127.0.0.1", "http://localhost")
        ):
            raise PydanticCustomError(
                "webhook", 'mode = "webhook" needs webhook_url = "https://your.domain"; Telegram calls nothing else'
            )
        if not re.fullmatch(r"\S*:\d{1,5}", self.listen):
            raise PydanticCustomError("listen", 'listen is an address and a port: listen = "127.0.0.1:8080"')
        return self


class DatabaseSection(Section):
    """Where everything is kept."""

    url: str = "sqlite:///data/unionbot.db"

    @model_validator(mode="after")
    def _known_engine(self) -> Self:
        if not self.url.startswith(("sqlite:///", "postgresql://")):
            raise PydanticCustomError(
                "database",
                'url begins with sqlite:/// or postgresql://; the default is url = "sqlite:///data/unionbot.db"',
            )
        return self


class Union(Section):
    """The union itself and who speaks for it."""

    name: Names
    admins: tuple[int, ...] = Field(min_length=1)
    supervisors: tuple[int, ...] = ()
    readers: tuple[int, ...] = ()
    office_chat_id: int | None = None
    supervisors_chat_id: int | None = None
    timezone: str = "Asia/Shanghai"
    languages: tuple[Language, ...] = Field(default=("zh-hans", "zh-hant", "en"), min_length=1)

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.timezone not in available_timezones():
            near = difflib.get_close_matches(self.timezone, available_timezones(), 1)
            raise PydanticCustomError(
                "timezone",
                'there is no time zone {x}; write timezone = "{y}"',
                {"x": self.timezone, "y": near[0] if near else "Asia/Shanghai"},
            )
        return self


class Building(Section):
    """A dormitory building."""

    key: KeyName
    name: Names


class StationSection(Section):
    """A service station and the buildings it serves."""

    key: KeyName
    name: Names
    buildings: tuple[Building, ...] = ()
    chat_id: int | None = None

    @model_validator(mode="after")
    def _not_reserved(self) -> Self:
        if self.key in (OFFICE, SUPERVISORS):
            raise PydanticCustomError("key", "the key {x} is taken by the union's own; choose another", {"x": self.key})
        return self


class DeadlinesSection(Section):
    """How long each step may take, in working time."""

    claim: WorkingTime = Span(hours=4)
    reply: WorkingTime = Span(days=1)
    resolve: WorkingTime = Span(days=5)
    warn_before: WorkingTime = Span(hours=1)


class CategoryDeadlines(Section):
    """Deadlines of one category where they differ."""

    claim: WorkingTime | None = None
    reply: WorkingTime | None = None
    resolve: WorkingTime | None = None


class Category(Section):
    """What a ticket can be about; `children` make the tree."""

    key: KeyName
    name: Names
    kinds: tuple[Kind, ...] = ()
    to: str = "station"
    call_back: bool = False
    deadlines: CategoryDeadlines = CategoryDeadlines()
    children: tuple[Category, ...] = ()


class SemesterSection(Section):
    """A teaching term."""

    name: str
    starts: date
    ends: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.starts:
            raise PydanticCustomError("semester", "the semester {x} ends before it starts", {"x": self.name})
        return self


class Days(Section):
    """Some days in a row."""

    starts: date
    ends: date


def _hours(value: object) -> object:
    if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
        return tuple(_from_to(v) for v in value)
    return value


def _from_to(value: str) -> tuple[time, time]:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", value.strip())
    with contextlib.suppress(ValueError):
        if found:
            start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
            if start < end:
                return start, end
    raise PydanticCustomError("hours", '{x} is no span of office hours; write for example "08:30-12:00"', {"x": value})


OpeningHours = Annotated[tuple[tuple[time, time], ...], BeforeValidator(_hours)]


class OfficeHours(Section):
    """When somebody is there, by weekday."""

    monday: OpeningHours = ()
    tuesday: OpeningHours = ()
    wednesday: OpeningHours = ()
    thursday: OpeningHours = ()
    friday: OpeningHours = ()
    saturday: OpeningHours = ()
    sunday: OpeningHours = ()


class Calendar(Section):
    """The academic calendar."""

    semesters: tuple[SemesterSection, ...] = ()
    holidays: tuple[date | Days, ...] = ()
    makeup_days: tuple[date, ...] = ()
    exam_weeks: tuple[Days, ...] = ()
    exam_weeks_count: bool = True
    office_hours: OfficeHours = OfficeHours(**dict.fromkeys(WEEKDAYS[:5], ("08:30-12:00", "13:30-17:30")))

    @model_validator(mode="after")
    def _usable(self) -> Self:
        terms = sorted(self.semesters, key=lambda s: s.starts)
        for one, two in itertools.pairwise(terms):
            if two.starts <= one.ends:
                raise PydanticCustomError(
                    "semester", "the semesters {x} and {y} overlap", {"x": one.name, "y": two.name}
                )
        if not any(getattr(self.office_hours, day) for day in WEEKDAYS):
            raise PydanticCustomError("hours", "no office hours at all: deadlines could never pass")
        return self


class Anonymity(Section):
    """How long an anonymous student can be reached after closing."""

    destroy_after_days: int = Field(default=14, ge=1, le=365)

    @property
    def destroy_after(self) -> timedelta:
        """The same as a length of time."""
        return timedelta(days=self.destroy_after_days)


class Surveys(Section):
    """What may be shown of surveys."""

    minimum_cell: int = Field(default=10, ge=2)


class Log(Section):
    """What is written to the log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Settings(BaseSettings):
    """Everything the program is told. Frozen; made by `load`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="UNIONBOT_")

    token: SecretStr
    key: SecretStr
    telegram: Telegram = Telegram()
    database: DatabaseSection = DatabaseSection()
    union: Union
    stations: tuple[StationSection, ...] = Field(min_length=1)
    categories: tuple[Category, ...] = Field(min_length=1)
    calendar: Calendar = Calendar()
    deadlines: DeadlinesSection = DeadlinesSection()
    anonymity: Anonymity = Anonymity()
    surveys: Surveys = Surveys()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The environment is read by `load`, so that a test or the demo can hand in one of its own.
        return (init_settings,)

    # ------------------------------------------------------------ what the rooms ask

    @property
    def timezone(self) -> ZoneInfo:
        """The union's time zone."""
        return ZoneInfo(self.union.timezone)

    def key_bytes(self) -> bytes:
        """The operator's key, 32 bytes."""
        return decode_key(self.key.get_secret_value())

    def webhook_secret(self) -> str:
        """What Telegram must show at the webhook; derived from the key, so there is nothing more to configure."""
        from bot.vault import derive

        return derive(self.key_bytes(), "webhook").hex()

    @cached_property
    def _buildings(self) -> dict[str, tuple[Building, str]]:
        return {b.key: (b, s.key) for s in self.stations for b in s.buildings}

    @cached_property
    def _categories(self) -> dict[str, tuple[Category, str | None]]:
        return {c.key: (c, parent) for c, parent in walk(self.categories)}

    def building_keys(self) -> list[str]:
        """Every building, in the file's order."""
        return list(self._buildings)

    def building_names(self, key: str) -> Mapping[str, str]:
        """A building's name by language; its key where config.toml no longer knows it."""
        found = self._buildings.get(key)
        return found[0].name if found else dict.fromkeys(LANGUAGES, key)

    def category_keys(self) -> list[str]:
        """Every category of the tree."""
        return list(self._categories)

    def category_names(self, key: str) -> Mapping[str, str]:
        """A category's own name by language; its key where config.toml no longer knows it."""
        found = self._categories.get(key)
        return found[0].name if found else dict.fromkeys(LANGUAGES, key)

    def category_path(self, key: str) -> Mapping[str, str]:
        """A category's name with its parents', by language."""
        names, at = [self.category_names(key)], self._categories.get(key, (None, None))[1]
        while at is not None:
            names.insert(0, self.category_names(at))
            at = self._categories[at][1]
        return {language: " › ".join(n[language] for n in names) for language in LANGUAGES}

    def categories_for(self, kind: str, parent: str | None) -> list[str]:
        """The categories below `parent` that a ticket of this kind can be about."""
        return [
            key
            for key, (category, above) in self._categories.items()
            if above == parent and (not category.kinds or kind in category.kinds)
        ]

    def category_takes(self, key: str, kind: str) -> bool:
        """Whether a ticket of this kind can be about this."""
        found = self._categories.get(key)
        return found is not None and (not found[0].kinds or kind in found[0].kinds)

    def station_specs(self) -> list[StationSpec]:
        """The places that answer, as `models.stations` wants them; the union's own two among them."""
        places = [
            StationSpec(s.key, s.name, Desk.STATION, s.chat_id, tuple(b.key for b in s.buildings))
            for s in self.stations
        ]
        return [
            *places,
            StationSpec(OFFICE, _suffixed(self.union.name, OFFICE_NAMES), Desk.OFFICE, self.union.office_chat_id),
            StationSpec(SUPERVISORS, SUPERVISOR_NAMES, Desk.SUPERVISORS, self.union.supervisors_chat_id),
        ]

    def station_of_building(self) -> dict[str, str]:
        """Building key → station key."""
        return {key: station for key, (_, station) in self._buildings.items()}

    def desk_of_category(self) -> dict[str, str]:
        """Category key → place, for those that do not go to the building's station; children follow their parent."""
        return {key: to for key in self._categories if (to := self._to(key)) != "station"}

    def _to(self, key: str) -> str:
        category, parent = self._categories[key]
        return category.to if category.to != "station" or parent is None else self._to(parent)

    def desk_names(self, building: str | None, category: str) -> Mapping[str, str]:
        """The name of the place such a ticket goes to."""
        key = self.desk_of_category().get(category) or self.station_of_building().get(building or "", OFFICE)
        return next(spec.names for spec in self.station_specs() if spec.key == key)

    def deadlines_for(self, category: str) -> Deadlines:
        """A category's deadlines: its own, else its parent's, else the general ones."""
        found = {"claim": self.deadlines.claim, "reply": self.deadlines.reply, "resolve": self.deadlines.resolve}
        chain: list[Category] = []
        at: str | None = category
        while at is not None:
            chain.insert(0, self._categories[at][0])
            at = self._categories[at][1]
        for each in chain:
            found |= {k: v for k in found if (v := getattr(each.deadlines, k)) is not None}
        return Deadlines(**found, warn_before=self.deadlines.warn_before)

    def work_calendar(self) -> WorkCalendar:
        """The calendar the deadlines count in."""
        calendar = self.calendar
        return WorkCalendar(
            timezone=self.timezone,
            hours={i: getattr(calendar.office_hours, day) for i, day in enumerate(WEEKDAYS)},
            holidays=frozenset(d for h in calendar.holidays for d in ([h] if isinstance(h, date) else _each(h))),
            makeup_days=frozenset(calendar.makeup_days),
            exam_days=frozenset(d for week in calendar.exam_weeks for d in _each(week)),
            exam_days_count=calendar.exam_weeks_count,
            semesters=tuple(Semester(s.name, s.starts, s.ends) for s in calendar.semesters),
        )


OFFICE_NAMES = {"zh-hans": "办公室", "zh-hant": "辦公室", "en": " office"}
SUPERVISOR_NAMES = {"zh-hans": "团委指导老师", "zh-hant": "團委指導老師", "en": "Supervising teachers"}


def _suffixed(names: Mapping[str, str], suffix: Mapping[str, str]) -> dict[str, str]:
    return {language: names[language] + suffix[language] for language in LANGUAGES}


def _each(days: Days) -> Iterator[date]:
    for i in range((days.ends - days.starts).days + 1):
        yield days.starts + timedelta(days=i)


def walk(categories: tuple[Category, ...], parent: str | None = None) -> Iterator[tuple[Category, str | None]]:
    """Every category of a tree with its parent's key."""
    for category in categories:
        yield category, parent
        yield from walk(category.children, category.key)


def new_key() -> str:
    """A fresh operator's key."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def decode_key(text: str) -> bytes:
    """The key's 32 bytes. Raises ValueError when it is none."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError("not a key")
    return raw


# ---------------------------------------------------------------- reading it, and saying what is wrong


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
    if settings is not None:
        problems += _contradictions(settings)
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


def _contradictions(settings: Settings) -> list[str]:
    """What is wrong only when parts are held against each other."""
    problems = []
    for what, keys in (
        ("station", [s.key for s in settings.stations]),
        ("building", [b.key for s in settings.stations for b in s.buildings]),
        ("category", [c.key for c, _ in walk(settings.categories)]),
    ):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        why = ": a building is served by one station" if what == "building" else ""
        problems += [f"{what} {key!r} stands there more than once{why}; give each a key of its own" for key in twice]
    places = {"station", OFFICE, *(s.key for s in settings.stations)}
    for category, _ in walk(settings.categories):
        if category.to not in places:
            near = difflib.get_close_matches(category.to, places, 1) or ["station"]
            problems.append(f'category {category.key!r}: to = {category.to!r} is no place; write to = "{near[0]}"')
    chats = [s.chat_id for s in settings.stations] + [settings.union.office_chat_id, settings.union.supervisors_chat_id]
    bound = [c for c in chats if c is not None]
    problems += [
        f"chat_id {chat} is given to two places; each needs a group of its own"
        for chat in sorted({c for c in bound if bound.count(c) > 1})
    ]
    problems += [
        f"chat_id {chat} is no group: a group's id is negative; /setup finds it by itself" for chat in bound if chat > 0
    ]
    return problems


@dataclass(frozen=True)
class Secrets:
    """The two secrets, for whoever starts the program on somebody's behalf (the demo, tests)."""

    token: str
    key: str

    def environment(self) -> dict[str, str]:
        """As the environment would hold them."""
        return {"UNIONBOT_TOKEN": self.token, "UNIONBOT_KEY": self.key}
