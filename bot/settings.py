"""What the program is told: the shape of config.toml, and what the rooms ask of it.

Everything is frozen. Reading the file and saying what is wrong with it is `bot/config.py`.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.vault import decode_key, derive
from models.calendar import Deadlines, Semester, Span, WorkCalendar
from models.house import OFFICE, SUPERVISORS
from models.lifecycle import Kind
from models.stations import Desk, StationSpec

LANGUAGES = ("zh-hans", "zh-hant", "en")
Language = Literal["zh-hans", "zh-hant", "en"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KEY_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")


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
            "language", "there is no language {x}; write zh-hans, zh-hant and en", {"x": ", ".join(unknown)}
        )
    missing = [language for language in LANGUAGES if not value.get(language, "").strip()]
    if missing:
        raise PydanticCustomError(
            "language",
            'the name is missing in {x}: write name = { zh-hans = "…", zh-hant = "…", en = "…" }',
            {"x": ", ".join(missing)},
        )
    return value


Names = Annotated[dict[str, str], BeforeValidator(_names), AfterValidator(_complete)]


def _key(value: str) -> str:
    if not KEY_NAME.fullmatch(value):
        raise PydanticCustomError("key", 'write up to 24 small letters, digits and dashes, for example key = "east"')
    return value


KeyName = Annotated[str, AfterValidator(_key)]


def _span(value: object) -> object:
    if isinstance(value, Span):
        return value
    found = re.fullmatch(r"(?:(\d+)d)?\s*(?:(\d+(?:\.\d+)?)h)?", value.strip()) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        raise PydanticCustomError("span", 'write a length of working time, for example "4h", "1d" or "1d 2h"')
    try:
        return Span(days=int(found[1] or 0), hours=float(found[2] or 0))
    except ValueError as error:
        raise PydanticCustomError("span", '{x}; write for example "4h" or "1d"', {"x": str(error)}) from None


WorkingTime = Annotated[Span, BeforeValidator(_span)]


def _listening(value: str) -> str:
    found = re.fullmatch(r"\S*:(\d{1,5})", value)
    if not found or int(found[1]) > 65_535:
        raise PydanticCustomError("listen", 'listen is an address and a port; write listen = "127.0.0.1:8080"')
    return value


def _engine(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise PydanticCustomError(
            "database",
            'url begins with sqlite:/// or postgresql://; write for example url = "sqlite:///data/unionbot.db"',
        )
    return value


def _server(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise PydanticCustomError(
            "server",
            'an address begins with https:// or http://; write for example api_base = "https://api.telegram.org"',
        )
    return value.rstrip("/")


ALIKE = 0.85
"""So near, in difflib's measure, is a slip of the pen (Shangai, 0.96); Peking is as near to Chungking as to any (0.72),
and whoever wrote it means China's one time.
"""


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        near = difflib.get_close_matches(value, available_timezones(), 1, ALIKE) or ["Asia/Shanghai"]
        raise PydanticCustomError("timezone", 'there is no such time zone; write timezone = "{x}"', {"x": near[0]})
    return value


class Telegram(Section):
    """How Telegram is reached."""

    api_base: Annotated[str, AfterValidator(_server)] = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str = ""
    listen: Annotated[str, AfterValidator(_listening)] = "127.0.0.1:8080"

    @model_validator(mode="after")
    def _webhook_has_an_address(self) -> Self:
        local = ("http://127.0.0.1", "http://localhost")
        if self.mode == "webhook" and not self.webhook_url.startswith(("https://", *local)):
            raise PydanticCustomError(
                "webhook",
                'mode = "webhook" needs an address with https, Telegram calls nothing else; '
                'write webhook_url = "https://your.domain"',
            )
        return self


class DatabaseSection(Section):
    """Where everything is kept."""

    url: Annotated[str, AfterValidator(_engine)] = "sqlite:///data/unionbot.db"


class Union(Section):
    """The union itself and who speaks for it."""

    name: Names
    admins: tuple[int, ...] = Field(min_length=1)
    supervisors: tuple[int, ...] = ()
    readers: tuple[int, ...] = ()
    office_chat_id: int | None = None
    supervisors_chat_id: int | None = None
    timezone: Annotated[str, AfterValidator(_time_zone)] = "Asia/Shanghai"
    languages: tuple[Language, ...] = Field(default=("zh-hans", "zh-hant", "en"), min_length=1)


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
            raise PydanticCustomError(
                "key",
                'the key {x} is taken by the union\'s own; write another, for example key = "east"',
                {"x": self.key},
            )
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
            raise PydanticCustomError(
                "semester",
                "the semester {x} ends before it starts; write its first day as starts and its last as ends",
                {"x": self.name},
            )
        return self


class Days(Section):
    """Some days in a row."""

    starts: date
    ends: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends < self.starts:
            raise PydanticCustomError(
                "days",
                "the days end ({x}) before they start; write the first as starts and the last as ends",
                {"x": self.ends.isoformat()},
            )
        return self


def _one_day(value: object) -> object:
    """A day alone is some days in a row as well."""
    if isinstance(value, dict | Days):
        return value
    with contextlib.suppress(TypeError, ValueError):
        day = value if isinstance(value, date) else date.fromisoformat(value)  # type: ignore[arg-type]
        return Days(starts=day, ends=day)
    raise PydanticCustomError(
        "days", "write a day or several, for example 2026-10-01 or { starts = 2026-10-01, ends = 2026-10-07 }"
    )


Holiday = Annotated[Days, BeforeValidator(_one_day)]
A_DAY = 'monday = ["08:30-12:00", "13:30-17:30"]'


def _hours(value: object) -> object:
    if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
        return tuple(_from_to(v) for v in value)
    raise PydanticCustomError("hours", f"write the office hours of a day, for example {A_DAY}")


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
    holidays: tuple[Holiday, ...] = ()
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
                    "semester",
                    "the semesters {x} and {y} overlap; write an earlier ends or a later starts",
                    {"x": one.name, "y": two.name},
                )
        if not any(getattr(self.office_hours, day) for day in WEEKDAYS):
            raise PydanticCustomError(
                "hours", f"no office hours at all, so that no deadline could pass; write for example {A_DAY}"
            )
        try:
            self.counted_in(ZoneInfo("UTC"))
        except ValueError as error:
            raise PydanticCustomError("calendar", f"{{x}}; write for example {A_DAY}", {"x": str(error)}) from None
        return self

    def counted_in(self, timezone: ZoneInfo) -> WorkCalendar:
        """The calendar the deadlines count in. Raises ValueError when its days contradict each other."""
        return WorkCalendar(
            timezone=timezone,
            hours={i: getattr(self.office_hours, day) for i, day in enumerate(WEEKDAYS)},
            holidays=frozenset(d for days in self.holidays for d in _each(days)),
            makeup_days=frozenset(self.makeup_days),
            exam_days=frozenset(d for week in self.exam_weeks for d in _each(week)),
            exam_days_count=self.exam_weeks_count,
            semesters=tuple(Semester(s.name, s.starts, s.ends) for s in self.semesters),
        )


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

    def categories_called_back(self) -> frozenset[str]:
        """Categories in which the student is asked again four weeks after closing."""
        return frozenset(key for key, (category, _) in self._categories.items() if category.call_back)

    def deadlines_for(self, category: str | None) -> Deadlines:
        """A category's deadlines: its own, else its parent's, else the general ones, which are also those of None."""
        found = {"claim": self.deadlines.claim, "reply": self.deadlines.reply, "resolve": self.deadlines.resolve}
        chain: list[Category] = []
        at = category
        while at is not None:
            chain.insert(0, self._categories[at][0])
            at = self._categories[at][1]
        for each in chain:
            found |= {k: v for k in found if (v := getattr(each.deadlines, k)) is not None}
        return Deadlines(**found, warn_before=self.deadlines.warn_before)

    def work_calendar(self) -> WorkCalendar:
        """The calendar the deadlines count in."""
        return self.calendar.counted_in(self.timezone)


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
