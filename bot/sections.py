"""The sections of config.toml, one class each: what may stand there, and the sentence for what may not.

A section that is new is a class here and a line in `bot/settings.py`, which says what the rooms ask of it all.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from fractions import Fraction
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from bot.fields import (
    WEEKDAYS,
    Engine,
    HookAddress,
    HookEvent,
    KeyName,
    Language,
    Listening,
    Names,
    Server,
    TimeZone,
    WorkingTime,
)
from models.access import Mode
from models.calendar import Semester, Span, WorkCalendar
from models.hooks import EVENTS
from models.house import OFFICE, SUPERVISORS
from models.lifecycle import Kind
from models.people import Audience


class Section(BaseModel):
    """A part of config.toml: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Telegram(Section):
    """How Telegram is reached."""

    api_base: Server = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str = ""
    listen: Listening = "127.0.0.1:8080"

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

    url: Engine = "sqlite:///data/unionbot.db"


class Union(Section):
    """The union itself and who speaks for it."""

    name: Names
    admins: tuple[int, ...] = Field(min_length=1)
    supervisors: tuple[int, ...] = ()
    readers: tuple[int, ...] = ()
    office_chat_id: int | None = None
    supervisors_chat_id: int | None = None
    timezone: TimeZone = "Asia/Shanghai"
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


class EscalationSection(Section):
    """How long each rung waits before the next is told, in working time."""

    next_on_duty: WorkingTime = Span(hours=0.5)
    lead: WorkingTime = Span()
    office: WorkingTime | None = None
    supervisors: WorkingTime | None = None


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
    audiences: tuple[Audience, ...] = ()
    children: tuple[Category, ...] = ()


class Contact(Section):
    """Who is there for one audience in particular, and how to reach them (measure 5)."""

    audience: Audience
    name: Names
    reach: Names


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
    exam_weeks_mode: Literal["count", "stop", "relax"] | None = None
    exam_weeks_factor: float = Field(default=2, ge=1, le=10)
    exam_weeks_count: bool | None = None
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
        if self.exam_weeks_mode is not None and self.exam_weeks_count is not None:
            raise PydanticCustomError(
                "exam_weeks",
                "exam_weeks_mode and the older exam_weeks_count both say what exam weeks do to deadlines; "
                'delete exam_weeks_count and write exam_weeks_mode = "{x}"',
                {"x": self.exam_weeks_mode},
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

    @property
    def exam_weeks_do(self) -> Literal["count", "stop", "relax"]:
        """What exam weeks do to the clocks, however the file says it."""
        return self.exam_weeks_mode or ("stop" if self.exam_weeks_count is False else "count")

    def counted_in(self, timezone: ZoneInfo) -> WorkCalendar:
        """The calendar the deadlines count in. Raises ValueError when its days contradict each other."""
        return WorkCalendar(
            timezone=timezone,
            hours={i: getattr(self.office_hours, day) for i, day in enumerate(WEEKDAYS)},
            holidays=frozenset(d for days in self.holidays for d in _each(days)),
            makeup_days=frozenset(self.makeup_days),
            exam_days=frozenset(d for week in self.exam_weeks for d in _each(week)),
            exam_days_count=self.exam_weeks_do != "stop",
            exam_days_factor=Fraction(str(self.exam_weeks_factor)) if self.exam_weeks_do == "relax" else Fraction(1),
            semesters=tuple(Semester(s.name, s.starts, s.ends) for s in self.semesters),
        )


class Anonymity(Section):
    """How long an anonymous student can be reached after closing."""

    destroy_after_days: int = Field(default=14, ge=1, le=365)

    @property
    def destroy_after(self) -> timedelta:
        """The same as a length of time."""
        return timedelta(days=self.destroy_after_days)


class Access(Section):
    """Who may use the bot in private; in their groups staff always may."""

    mode: Mode = Mode.OPEN


SMALLEST_CELL = 10
"""With less than this the union tells more than it has promised (mission.md, *Small cells*)."""


class Surveys(Section):
    """The union's own surveys, and what may be shown of any."""

    folder: str = ""
    minimum_cell: int = Field(default=SMALLEST_CELL, ge=2)


class Limits(Section):
    """How much one person may send in private; 0 is no limit. Groups of the staff have none."""

    messages_a_minute: int = Field(default=40, ge=0)
    tickets_a_day: int = Field(default=10, ge=0)


class Faq(Section):
    """The questions and answers."""

    folder: str = ""


SHORTEST_SECRET = 16


class WebhookOut(Section):
    """What a campus system is told of tickets. Its secret comes from UNIONBOT_WEBHOOK_SECRET."""

    url: HookAddress = ""
    events: tuple[HookEvent, ...] = EVENTS
    include_words: bool = False
    secret: SecretStr = SecretStr("")


class Open311(Section):
    """The city's and the campus's own way of reporting (GeoReport v2). Its key comes from UNIONBOT_OPEN311_KEY."""

    enabled: bool = False
    public: bool = False
    include_words: bool = False
    requests_a_minute: int = Field(default=60, ge=1)
    key: SecretStr = SecretStr("")


class Pages(Section):
    """The public pages."""

    enabled: bool = False


class Metrics(Section):
    """Figures for whoever looks after the machine; not for the network at large."""

    enabled: bool = False
    listen: Listening = "127.0.0.1:9464"


class Alarm(Section):
    """When the operator is told that something is wrong. 0 switches a line off."""

    enabled: bool = True
    chat_id: int | None = None
    cool_down_minutes: int = Field(default=60, ge=5)
    inbox_minutes: int = Field(default=5, ge=0)
    outbox_minutes: int = Field(default=30, ge=0)
    broadcast_minutes: int = Field(default=240, ge=0)
    telegram_minutes: int = Field(default=15, ge=0)
    clock_minutes: int = Field(default=10, ge=0)
    database_minutes: int = Field(default=5, ge=0)
    backup_hours: int = Field(default=30, ge=0)
    disk_megabytes: int = Field(default=500, ge=0)
    database_megabytes: int = Field(default=0, ge=0)
    overdue: int = Field(default=50, ge=0)
    overdue_percent: int = Field(default=20, ge=0, le=100)

    @property
    def cool_down(self) -> timedelta:
        """What lasts is said again after so long."""
        return timedelta(minutes=self.cool_down_minutes)


class Posts(Section):
    """How many may hold a post of the union at once, and how many departments there may be."""

    most: int = Field(default=40, ge=1)
    presidium: int = Field(default=5, ge=1)
    departments: int = Field(default=6, ge=1)


class Department(Section):
    """A department of the union."""

    key: KeyName
    name: Names


class Backup(Section):
    """What `unionbot backup` and `unionbot restore` need to know."""

    erasures: str = ""
    """The file with the list of those who were forgotten; beside the database when empty."""
    postgresql_tools: str = ""
    """The folder of pg_dump, pg_restore and psql; the PATH when empty."""


class Log(Section):
    """What is written to the log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


def _each(days: Days) -> Iterator[date]:
    for i in range((days.ends - days.starts).days + 1):
        yield days.starts + timedelta(days=i)


def walk(categories: tuple[Category, ...], parent: str | None = None) -> Iterator[tuple[Category, str | None]]:
    """Every category of a tree with its parent's key."""
    for category in categories:
        yield category, parent
        yield from walk(category.children, category.key)
