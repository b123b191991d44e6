"""What the program is told, and what the rooms ask of it.

Everything is frozen. The shape of config.toml is `bot/sections.py`; reading the file and saying what is wrong with it
is `bot/config.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.fields import LANGUAGES
from bot.sections import (
    Access,
    Alarm,
    Anonymity,
    Backup,
    Building,
    Calendar,
    Category,
    Contact,
    DatabaseSection,
    DeadlinesSection,
    Department,
    EscalationSection,
    Faq,
    Limits,
    Log,
    Metrics,
    Open311,
    Pages,
    Posts,
    StationSection,
    Surveys,
    Telegram,
    Union,
    WebhookOut,
    walk,
)
from bot.vault import decode_key, derive
from models import servers
from models.calendar import Deadlines, WorkCalendar
from models.house import OFFICE, SUPERVISORS, Caps, Waits
from models.people import Audience
from models.stations import Desk, StationSpec


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
    contacts: tuple[Contact, ...] = ()
    calendar: Calendar = Calendar()
    deadlines: DeadlinesSection = DeadlinesSection()
    escalation: EscalationSection = EscalationSection()
    anonymity: Anonymity = Anonymity()
    access: Access = Access()
    surveys: Surveys = Surveys()
    limits: Limits = Limits()
    faq: Faq = Faq()
    webhook_out: WebhookOut = WebhookOut()
    open311: Open311 = Open311()
    pages: Pages = Pages()
    posts: Posts = Posts()
    departments: tuple[Department, ...] = ()
    metrics: Metrics = Metrics()
    alarm: Alarm = Alarm()
    backup: Backup = Backup()
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

    @property
    def bot_id(self) -> int:
        """The bot's own number, which its token begins with."""
        return int(self.token.get_secret_value().partition(":")[0])

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

    def buildings_of(self, station: str) -> list[str]:
        """The buildings that this station serves."""
        return [key for key, (_, place) in self._buildings.items() if place == station]

    def buildings_from(self, station: str | None) -> list[str]:
        """Every building, those of this station first."""
        return sorted(self._buildings, key=lambda key: self._buildings[key][1] != station)

    def building_names(self, key: str) -> Mapping[str, str]:
        """A building's name by language; its key where config.toml no longer knows it."""
        found = self._buildings.get(key)
        return found[0].name if found else dict.fromkeys(LANGUAGES, key)

    def contacts_for(self, audience: Audience | None) -> list[Contact]:
        """Who is there for those who say that they belong to this audience."""
        return [contact for contact in self.contacts if contact.audience is audience]

    def category_keys(self) -> list[str]:
        """Every category of the tree."""
        return list(self._categories)

    def category_names(self, key: str) -> Mapping[str, str]:
        """A category's own name by language; its key where config.toml no longer knows it."""
        found = self._categories.get(key)
        return found[0].name if found else dict.fromkeys(LANGUAGES, key)

    def erasures_file(self) -> Path:
        """Where the list of those who were forgotten is kept: outside of the database and of its backups."""
        url = servers.parsed(self.database.url)
        if self.backup.erasures:
            return Path(self.backup.erasures)
        beside = Path(url.database or "")
        return Path(f"{beside if url.get_backend_name() == 'sqlite' else Path('data') / beside.name}.erasures")

    def category_path(self, key: str) -> Mapping[str, str]:
        """A category's name with its parents', by language."""
        names, at = [self.category_names(key)], self._categories.get(key, (None, None))[1]
        while at is not None:
            names.insert(0, self.category_names(at))
            at = self._categories[at][1]
        return {language: " › ".join(n[language] for n in names) for language in LANGUAGES}

    def categories_for(self, kind: str | None, parent: str | None, audience: Audience | None = None) -> list[str]:
        """The categories below `parent` that a ticket of this kind, of any for None, can be about; those that concern
        this audience in particular come first.
        """
        found = [
            category
            for category, above in self._categories.values()
            if above == parent and (kind is None or not category.kinds or kind in category.kinds)
        ]
        return [c.key for c in sorted(found, key=lambda c: audience is None or audience not in c.audiences)]

    def topic_of(self, category: str) -> str | None:
        """The first level of the tree above this category, which may be itself; None where config.toml has none."""
        found = self._categories.get(category)
        return None if found is None else category if found[1] is None else self.topic_of(found[1])

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

    def caps(self) -> Caps:
        """How many may hold a post."""
        return Caps(self.posts.most, self.posts.presidium, self.posts.departments)

    def waits(self) -> Waits:
        """How long each rung of an escalation waits."""
        found = self.escalation
        return Waits(found.next_on_duty, found.lead, found.office, found.supervisors)

    def work_calendar(self) -> WorkCalendar:
        """The calendar the deadlines count in."""
        return self.calendar.counted_in(self.timezone)


OFFICE_NAMES = {"zh-hans": "办公室", "zh-hant": "辦公室", "en": " office"}
SUPERVISOR_NAMES = {"zh-hans": "团委指导老师", "zh-hant": "團委指導老師", "en": "Supervising teachers"}


def _suffixed(names: Mapping[str, str], suffix: Mapping[str, str]) -> dict[str, str]:
    return {language: names[language] + suffix[language] for language in LANGUAGES}
