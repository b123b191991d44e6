"""Every sentence in every language, from the gettext catalogues in `locales/`.

    t = Catalogue.load(timezone)["zh-hans"]
    t("receipt.filed", number=12)          HTML; every parameter is escaped
    t.plain("nav.back")                    no HTML: buttons, little windows, topic names
    t.n("mine.list", 3)                    HTML, in the form that goes with a number
    t.pick({"zh-hans": …, "en": …})        the name in this language
    t.moment(due, now)                     "today 17:30"

A text's msgid is its key; each domain (students, staff, …) is a file of its own, merged here. The .po files are
read as they are: there is no build step to forget. Texts are taken apart once, when they are read, because
filling them in is done for every message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.messages.pofile import read_po
from babel.plural import to_python
from markupsafe import Markup, escape

from bot.untrusted import contained, ended, without_mentions

LOCALES = Path(__file__).parent / "locales"
BABEL = {"zh-hans": "zh_Hans_CN", "zh-hant": "zh_Hant_TW", "en": "en_GB"}
"""The union's languages as Babel names them. English is British: day first, as the campus calendars have it."""
NEAREST = {
    "zh-hans": ("zh-hans", "zh-hant", "en"),
    "zh-hant": ("zh-hant", "zh-hans", "en"),
    "en": ("en", "zh-hans", "zh-hant"),
}
"""Where a name is missing in a language, these are asked in turn."""


def nearest(names: Mapping[str, str], language: str) -> str:
    """The name in this language, or in the nearest one there is; empty where there is none at all."""
    for each in NEAREST[language]:
        if found := names.get(each):
            return found
    return next(iter(names.values()), "")


class UnknownText(KeyError):
    """A key that no catalogue has: a mistake in the code, found by a test."""


@dataclass(frozen=True)
class Template:
    """A text taken apart: what stands there, and after each piece the name of what is put in or None."""

    pieces: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises ValueError for anything but plain `{name}` placeholders."""
        pieces = []
        for literal, name, spec, conversion in Formatter().parse(text):
            if name is not None and (spec or conversion or not name.isidentifier()):
                raise ValueError(f"a placeholder is a plain {{name}}: {text!r}")
            pieces.append((literal, name))
        return cls(tuple(pieces))

    @property
    def names(self) -> frozenset[str]:
        """What has to be put in."""
        return frozenset(name for _, name in self.pieces if name is not None)

    def fill(self, params: Mapping[str, Any], show: Callable[[Any], str]) -> str:
        """The text with `show(parameter)` in each place. Raises KeyError when one is missing."""
        parts: list[str] = []
        for literal, name in self.pieces:
            parts.append(literal)
            if name is not None:
                parts.append(show(params[name]))
        return "".join(parts)


def ours(text: str) -> Markup:
    """The union's own words as a parameter: an address or a name in them is to be pressed."""
    return escape(contained(text))


def _as_html(value: Any) -> str:
    return escape(value) if hasattr(value, "__html__") else escape(contained(without_mentions(str(value))))


def _as_words(value: Any) -> str:
    return contained(str(value))


NEAR_DAYS = {0: "time.today", 1: "time.tomorrow", -1: "time.yesterday"}

Forms = tuple[Template, ...]
"""One template, or one for each plural form of the language."""


@dataclass(frozen=True)
class Texts:
    """One language."""

    language: str
    templates: Mapping[str, Forms]
    plural: Callable[[int], int]
    """From a number to the index of its form."""
    timezone: ZoneInfo

    def __call__(self, key: str, /, **params: Any) -> str:
        """The text as HTML. Parameters are escaped, turn nothing around and call nobody; a Markup parameter is HTML
        already.
        """
        return self._forms(key)[0].fill(params, _as_html)

    def plain(self, key: str, /, **params: Any) -> str:
        """The text without HTML, for buttons and little windows: nothing is escaped, and nothing turned around."""
        return self._forms(key)[0].fill(params, _as_words)

    def n(self, key: str, count: int, /, **params: Any) -> str:
        """The text for this many, as HTML; the number is `{count}`."""
        forms = self._forms(key)
        return forms[min(self.plural(count), len(forms) - 1)].fill({**params, "count": count}, _as_html)

    def pick(self, names: Mapping[str, str]) -> str:
        """The name in this language, or in the nearest one there is, and nobody is called by it; empty where there is
        none at all.
        """
        return contained(without_mentions(nearest(names, self.language)))

    def day(self, day: date, today: date | None = None) -> str:
        """A day: "Tue 13 Oct 2026"; given today, the year is left out while it goes without saying."""
        return _day(self.language, day, today is None or day.year != today.year, True)

    def short_day(self, day: date, today: date) -> str:
        """A day of which nobody asks which of the week it is: "13 Oct"."""
        return _day(self.language, day, day.year != today.year, False)

    def full_day(self, day: date) -> str:
        """Such a day with its year: "13 Oct 2026"."""
        return _day(self.language, day, True, False)

    def month(self, day: date) -> str:
        """The month of a day: "October 2026"."""
        pattern = "MMMM y" if self.language == "en" else "y年M月"
        return dates.format_date(day, pattern, locale=Locale.parse(BABEL[self.language]))

    def stamp(self, moment: datetime, now: datetime) -> str:
        """A moment that stays right however long it is looked at: "Tue 13 Oct 09:30"."""
        local = moment.astimezone(self.timezone)
        return self.plain("time.at", day=self.day(local.date(), self._today(now)), at=f"{local:%H:%M}")

    def moment(self, moment: datetime, now: datetime) -> str:
        """A moment as people say it when they say it now: "today 17:30", "Tue 13 Oct 09:30"."""
        local = moment.astimezone(self.timezone)
        near = NEAR_DAYS.get((local.date() - self._today(now)).days)
        return self.plain(near, at=f"{local:%H:%M}") if near else self.stamp(moment, now)

    def span(self, span: timedelta) -> str:
        """A length of time, rounded to what matters: "2 h 10 min", "3 days"."""
        minutes = max(int(span.total_seconds() // 60), 0)
        hours, rest = divmod(minutes, 60)
        if hours >= 48:
            return self.n("time.days", hours // 24)
        if hours and rest:
            return self.plain("time.hours_minutes", hours=hours, minutes=rest)
        if hours:
            return self.plain("time.hours", hours=hours)
        return self.plain("time.minutes", minutes=max(minutes, 1))

    def _today(self, now: datetime) -> date:
        return now.astimezone(self.timezone).date()

    def _forms(self, key: str) -> Forms:
        try:
            return self.templates[key]
        except KeyError:
            raise UnknownText(key) from None


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
        """Read every .po file. Raises ValueError when a key stands in two domains or a text cannot be parsed."""
        return cls({name: Texts(name, read(name), _plural(name), timezone) for name in BABEL})


def read(language: str) -> dict[str, Forms]:
    """A language's texts by key, all domains merged. Raises ValueError when a key stands in two of them."""
    texts: dict[str, Forms] = {}
    for path in sorted((LOCALES / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file)
        for message in catalogue:
            if not message.id:
                continue
            key = message.id if isinstance(message.id, str) else message.id[0]
            if key in texts:
                raise ValueError(f"the text {key!r} stands twice in {language} (again in {path.name})")
            forms = [message.string] if isinstance(message.string, str) else message.string or []
            texts[key] = tuple(Template.parse(form) for form in forms)
    return texts


@lru_cache(maxsize=1024)
def _day(language: str, day: date, with_year: bool, with_weekday: bool) -> str:
    if language == "en":
        pattern = ("E " if with_weekday else "") + ("d MMM y" if with_year else "d MMM")
    else:
        pattern = ("y年M月d日" if with_year else "M月d日") + ("（E）" if with_weekday else "")
    return dates.format_date(day, pattern, locale=Locale.parse(BABEL[language]))


def columns(text: str) -> int:
    """How wide it is: a Chinese character takes two columns, a letter one."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def cut(text: str, columns: int) -> str:
    """So much of it as fits a button: a Chinese character takes two columns, a letter one."""
    taken = 0
    for index, character in enumerate(text):
        taken += 2 if east_asian_width(character) in "WF" else 1
        if taken > columns:
            return ended(text[: index - 1].rstrip(" ，,、。.") + "…")
    return text


def unbroken(text: str) -> str:
    """The same, in which no line ends between a number and its per cent, nor inside a span of numbers."""
    return re.sub(r"(?<=\d) (?=%)", "\u00a0", re.sub(r"(?<=\d)–(?=\d)", "\u2060–\u2060", text))


def _plural(language: str) -> Callable[[int], int]:
    """gettext's form index by Babel's rules: "one" is the first form where there is one, all else the last."""
    rule = Locale.parse(BABEL[language]).plural_form
    name = to_python(rule)
    return lambda count: 0 if name(count) == "one" else len(rule.tags)
