"""A new config.toml against the one the program runs with: what would change, in words, and for whom it matters.

    for line in difference(old, new, holdings): …
    replace(Path("config.toml"), Path("new.toml"))        # at once, the old one beside it as config.toml.bak

Stations, categories and the calendar live in that file alone; so bringing in others is bringing in another file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bot.fields import WEEKDAYS
from bot.sections import Building, Calendar, StationSection, walk
from bot.settings import Settings
from models.calendar import Span
from models.holdings import Holdings

SAID_APART = frozenset({"stations", "categories", "departments", "calendar", "deadlines", "token", "key"})
HIDDEN = frozenset({"url", "secret"})
"""Values that may hold a password: that they change is said, not to what."""


def difference(old: Settings, new: Settings, held: Holdings) -> list[str]:
    """Every change, a sentence each; empty when the two mean the same."""
    return [
        *_stations(old, new, held),
        *_buildings(old, new),
        *_categories(old, new, held),
        *_departments(old, new),
        *_calendar(old.calendar, new.calendar),
        *_deadlines(old, new),
        *_rest(old, new),
    ]


def _stations(old: Settings, new: Settings, held: Holdings) -> Iterator[str]:
    before, after = ({s.key: s for s in each.stations} for each in (old, new))
    for key in after.keys() - before.keys():
        yield f"+ station {key} ({after[key].name['en']}), to be seated by /setup in its group"
    for key in before.keys() - after.keys():
        count = held.stations.get(key, 0)
        open_ = f"{count} open ticket{'' if count == 1 else 's'} move{'s' if count == 1 else ''} to the office"
        yield f"- station {key} ({before[key].name['en']}) is closed: {open_ if count else 'it has no open tickets'}"
    for key in before.keys() & after.keys():
        yield from _named(f"station {key}", before[key].name, after[key].name)
        if before[key].chat_id != after[key].chat_id:
            yield f"~ station {key}: its group is {_group(after[key])} instead of {_group(before[key])}"


def _departments(old: Settings, new: Settings) -> Iterator[str]:
    before, after = ({each.key: each.name for each in which.departments} for which in (old, new))
    for key in after.keys() - before.keys():
        yield f"+ department {key} ({after[key]['en']})"
    for key in before.keys() - after.keys():
        yield f"- department {key} ({before[key]['en']}): nobody new comes to it, and terms go on until they end"
    for key in before.keys() & after.keys():
        yield from _named(f"department {key}", before[key], after[key])


def _group(station: StationSection) -> str:
    return str(station.chat_id) if station.chat_id is not None else "the one /setup finds"


def _buildings(old: Settings, new: Settings) -> Iterator[str]:
    before, after = _served(old), _served(new)
    for key in after.keys() - before.keys():
        yield f"+ building {key} ({after[key][0].name['en']}), served by {after[key][1]}"
    for key in before.keys() - after.keys():
        yield (
            f"- building {key} ({before[key][0].name['en']}): what comes from there goes to the office from now on, "
            "and tickets show its key for a name"
        )
    for key in before.keys() & after.keys():
        yield from _named(f"building {key}", before[key][0].name, after[key][0].name)
        if before[key][1] != after[key][1]:
            yield f"~ building {key} moves from {before[key][1]} to {after[key][1]}; tickets that are open stay there"


def _served(settings: Settings) -> dict[str, tuple[Building, str]]:
    return {building.key: (building, s.key) for s in settings.stations for building in s.buildings}


def _categories(old: Settings, new: Settings, held: Holdings) -> Iterator[str]:
    before, after = ({c.key: (c, parent) for c, parent in walk(each.categories)} for each in (old, new))
    for key in after.keys() - before.keys():
        yield f"+ category {key} ({new.category_path(key)['en']})"
    for key in before.keys() - after.keys():
        count = held.categories.get(key, 0)
        some = "1 open ticket keeps" if count == 1 else f"{count} open tickets keep"
        on = f": {some} its key for a name, and its deadlines"
        yield f"- category {key} ({old.category_path(key)['en']}){on if count else ', no open ticket is about it'}"
    for key in before.keys() & after.keys():
        (one, above), (other, now_above) = before[key], after[key]
        yield from _named(f"category {key}", one.name, other.name)
        if above != now_above:
            yield f"~ category {key} stands below {now_above or 'nothing'} instead of {above or 'nothing'}"
        for what, was, is_ in (
            ("goes to", one.to, other.to),
            ("is for", ", ".join(one.kinds) or "every kind", ", ".join(other.kinds) or "every kind"),
            ("is asked about again", "yes" if one.call_back else "no", "yes" if other.call_back else "no"),
        ):
            if was != is_:
                yield f"~ category {key} {what}: {is_} instead of {was}"


def _named(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for language, name in after.items():
        if before[language] != name:
            yield f"~ {what} is called {name!r} instead of {before[language]!r} ({language})"


def _calendar(old: Calendar, new: Calendar) -> Iterator[str]:
    for what, name in (("holiday", "holidays"), ("exam day", "exam_weeks"), ("working weekend day", "makeup_days")):
        before, after = _days(getattr(old, name)), _days(getattr(new, name))
        for sign, days in (("+", after - before), ("-", before - after)):
            for first, last in _runs(days):
                span = first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
                yield f"{sign} {what}{'' if first == last else 's'} {span}"
    terms, now_terms = ({s.name: (s.starts, s.ends) for s in each.semesters} for each in (old, new))
    for name in now_terms.keys() | terms.keys():
        if terms.get(name) != now_terms.get(name):
            sign = "+" if name not in terms else "-" if name not in now_terms else "~"
            starts, ends = now_terms.get(name) or terms[name]
            yield f"{sign} semester {name}: {starts.isoformat()} to {ends.isoformat()}"
    if old.exam_weeks_count != new.exam_weeks_count:
        yield f"~ the clocks {'go on' if new.exam_weeks_count else 'stand still'} in exam weeks"
    for day in WEEKDAYS:
        was, is_ = (_hours(getattr(each.office_hours, day)) for each in (old, new))
        if was != is_:
            yield f"~ office hours on {day}: {is_} instead of {was}"


def _days(entries: Any) -> set[date]:
    days = set()
    for each in entries:
        first, last = (each, each) if isinstance(each, date) else (each.starts, each.ends)
        days |= {date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)}
    return days


def _runs(days: set[date]) -> Iterator[tuple[date, date]]:
    for day in sorted(days):
        if date.fromordinal(day.toordinal() - 1) not in days:
            last = day
            while date.fromordinal(last.toordinal() + 1) in days:
                last = date.fromordinal(last.toordinal() + 1)
            yield day, last


def _hours(spans: Any) -> str:
    return ", ".join(f"{begin:%H:%M}-{end:%H:%M}" for begin, end in spans) or "closed"


def _deadlines(old: Settings, new: Settings) -> Iterator[str]:
    keys: list[str | None] = [None, *(key for key in new.category_keys() if key in old.category_keys())]
    for key in keys:
        before, after = old.deadlines_for(key), new.deadlines_for(key)
        for step in ("claim", "reply", "resolve", "warn_before"):
            was, is_ = getattr(before, step), getattr(after, step)
            general = getattr(old.deadlines_for(None), step), getattr(new.deadlines_for(None), step)
            if was != is_ and (key is None or (was, is_) != general):
                about = f"category {key}" if key else "every category without its own"
                yield f"~ deadline to {step}, {about}: {_span(is_)} instead of {_span(was)}; open tickets keep theirs"


def _span(span: Span) -> str:
    parts = [f"{span.days}d" if span.days else "", f"{span.hours:g}h" if span.hours else ""]
    return " ".join(part for part in parts if part) or "0h"


def _rest(old: Settings, new: Settings) -> Iterator[str]:
    """Whatever other sections say, key by key."""
    for section in type(new).model_fields:
        if section in SAID_APART:
            continue
        before, after = getattr(old, section), getattr(new, section)
        if isinstance(after, tuple):
            if before != after:
                yield f"~ [[{section}]]: {len(after)} instead of {len(before)}, or what one of them says"
            continue
        for name in type(after).model_fields:
            was, is_ = getattr(before, name), getattr(after, name)
            if was != is_:
                shown = "" if name in HIDDEN else f": {_shown(is_)} instead of {_shown(was)}"
                yield f"~ [{section}] {name}{shown or ' changes'}"


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)


def replace(current: Path, new: Path) -> Path:
    """Put the new file in the place of the current one, whole or not at all; returns where the old one is kept."""
    current = current.resolve()
    backup = current.with_name(f"{current.name}.bak")
    content = new.read_bytes()
    handle, name = tempfile.mkstemp(dir=current.parent, prefix=f".{current.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(current, name)
        shutil.copy2(current, backup)
        Path(name).replace(current)
    finally:
        Path(name).unlink(missing_ok=True)
    return backup
