"""The union's standing rules as config.toml gives them, in the shape the rules of this room need them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from models.calendar import Deadlines, Span, WorkCalendar
from models.vault import Vault

OFFICE = "office"
SUPERVISORS = "supervisors"
"""The keys of the two places that every union has and that config.toml does not list."""


AT_ONCE, HALF_AN_HOUR = Span(), Span(hours=0.5)


@dataclass(frozen=True)
class Waits:
    """How long each rung of an escalation waits, in working time (`scheduler/jobs/rungs.py`)."""

    next_on_duty: Span = HALF_AN_HOUR
    """After the warning: who is on duty next is told as well, of a ticket that nobody has claimed."""
    lead: Span = AT_ONCE
    """After the deadline."""
    office: Span | None = None
    """After the lead; None: the time to claim for a claim, one working day for the others."""
    supervisors: Span | None = None
    """After the office, likewise."""


@dataclass(frozen=True)
class Caps:
    """How many may hold a post at once; of the departments, how many there may be."""

    most: int = 40
    """Of both levels together: 60 in a union of a larger university."""
    presidium: int = 5
    departments: int = 6


@dataclass(frozen=True)
class House:
    """Handed to every rule that routes, dates or seals; frozen, because config is read once."""

    calendar: WorkCalendar
    vault: Vault
    deadlines: Mapping[str, Deadlines]
    """Category key → its deadlines; every category of config.toml is in it."""
    general: Deadlines
    """The deadlines of whatever is about a category that config.toml no longer knows."""
    station_of: Mapping[str, str]
    """Building key → station key."""
    desk_of: Mapping[str, str]
    """Category key → station key, for categories that do not go to the building's station."""
    languages: tuple[str, ...]
    """The union's languages, the first being the default."""
    forget_after: timedelta
    """How long after closing an anonymous ticket's address and owner are destroyed."""
    called_back: frozenset[str]
    """Categories in which the student is asked again, four weeks after closing, whether it is still fixed (回访)."""
    one_script: Callable[[str], str]
    """Traditional Chinese as simplified, so that both find each other."""
    waits: Waits = Waits()
    """How long an overdue ticket waits between those who are told of it."""
    tickets_a_day: int = 0
    """So many tickets somebody may file within 24 hours; 0 is no limit."""

    caps: Caps = Caps()

    def deadlines_of(self, category: str) -> Deadlines:
        """How long a ticket of this category may take."""
        return self.deadlines.get(category, self.general)

    def fold(self, text: str) -> str:
        """The text without what does not matter for likeness: width, case, script, punctuation."""
        text = self.one_script(unicodedata.normalize("NFKC", text).casefold())
        return " ".join("".join(c if c.isalnum() else " " for c in text).split())

    def desk_for(self, building: str | None, category: str) -> str:
        """The key of the place a ticket goes to: the category's own, else the building's, else the office."""
        return self.desk_of.get(category) or self.station_of.get(building or "", OFFICE)
