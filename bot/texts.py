"""Every sentence in every language, from the gettext catalogues in `locales/`.

    t = Catalogue.load(timezone)["zh-hans"]
    t("receipt.filed", number=12)          HTML; every parameter is escaped
    t.plain("nav.back")                    no HTML: buttons, little windows, topic names
    t.n("mine.list", 3)                    plural
    t.pick({"zh-hans": …, "en": …})        the name in this language

A text's msgid is its key; each domain (students, staff, …) is a file of its own, merged here. The .po files are read as they are: there is
no build step to forget.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.plural import to_python
from markupsafe import Markup

LOCALES = Path(__file__).parent / "locales"
BABEL = {"zh-hans": "zh_Hans_CN", "zh-hant": "zh_Hant_TW", "en": "en_GB"}
"""The union's languages as Babel names them; English dates are written 24-hour and day first, as the campus clocks show them."""

Template = str | tuple[str, ...]


class UnknownText(KeyError):
    """A key that no catalogue has: a mistake in the code, found by a test."""


@dataclass(frozen=True)
class Texts:
    """One language."""

    language: str
    templates: Mapping[str, Template]
    locale: Locale
    timezone: ZoneInfo

    def __call__(self, key: str, **params: Any) -> str:
        """The text as HTML. Parameters are escaped; a Markup parameter is HTML already."""
        return str(Markup(self._template(key)).format(**params)) if params else self._template(key)

    def plain(self, key: str, **params: Any) -> str:
        """The text without HTML, for buttons and little windows: nothing is escaped."""
        return self._template(key).format(**params) if params else self._template(key)

    def n(self, key: str, count: int, **params: Any) -> str:
        """The text for a number, as HTML; the number is `count`."""
        forms = self.templates.get(key)
        if not isinstance(forms, tuple):
            raise UnknownText(key)
        form = forms[min(_plural_index(self.language, count), len(forms) - 1)]
        return str(Markup(form).format(count=count, **params))

    def pick(self, names: Mapping[str, str]) -> str:
        """The name in this language, or in the nearest one there is."""
        order = {"zh-hans": ("zh-hans", "zh-hant", "en"), "zh-hant": ("zh-hant", "zh-hans", "en")}
        for language in order.get(self.language, ("en", "zh-hans", "zh-hant")):
            if names.get(language):
                return names[language].strip()
        return next(iter(names.values()), "")

    def has(self, key: str) -> bool:
        """Whether this text exists."""
        return key in self.templates

    def moment(self, moment: datetime, now: datetime) -> str:
        """A moment as people say it: "today 17:30", "Tue 13 Oct 09:30"."""
        local, today = moment.astimezone(self.timezone), now.astimezone(self.timezone).date()
        at = f"{local:%H:%M}"
        near = {0: "time.today", 1: "time.tomorrow", -1: "time.yesterday"}.get((local.date() - today).days)
        if near is not None:
            return self.plain(near, at=at)
        pattern = "E d MMM" if self.language == "en" else "M月d日（E）"
        if local.year != today.year:
            pattern += " y" if self.language == "en" else ""
            pattern = pattern if self.language == "en" else "y年" + pattern
        return f"{dates.format_date(local.date(), pattern, locale=self.locale)} {at}"

    def span(self, span: timedelta) -> str:
        """A length of time, rounded to what matters: "2 h 10 min", "3 days"."""
        minutes = max(int(span.total_seconds() // 60), 0)
        if minutes >= 48 * 60:
            return self.plain("time.days", days=minutes // (24 * 60))
        if minutes >= 60:
            return self.plain("time.hours", hours=minutes // 60, minutes=minutes % 60)
        return self.plain("time.minutes", minutes=max(minutes, 1))

    def _template(self, key: str) -> str:
        template = self.templates.get(key)
        if not isinstance(template, str):
            raise UnknownText(key)
        return template


class Catalogue(Mapping[str, Texts]):
    """All languages."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        self._texts = texts

    def __getitem__(self, language: str) -> Texts:
        return self._texts[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    @classmethod
    def load(cls, timezone: ZoneInfo) -> Catalogue:
        """Read every .po file. Raises ValueError when a key stands in two domains."""
        return cls(
            {
                language: Texts(language, read(language), Locale.parse(code), timezone)
                for language, code in BABEL.items()
            }
        )


def read(language: str) -> dict[str, Template]:
    """A language's templates by key, all domains merged. Raises ValueError when a key stands in two of them."""
    templates: dict[str, Template] = {}
    for path in sorted((LOCALES / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue: Catalog = read_po(file)
        for message in catalogue:
            if not message.id:
                continue
            key = message.id[0] if isinstance(message.id, tuple) else message.id
            if key in templates:
                raise ValueError(f"the text {key!r} stands twice in {language} ({path.name})")
            templates[key] = tuple(message.string) if isinstance(message.id, tuple) else str(message.string)
    return templates


_RULES = {language: to_python(Locale.parse(code).plural_form) for language, code in BABEL.items()}


def _plural_index(language: str, count: int) -> int:
    return 0 if _RULES[language](count) == "one" else 1
