"""What the service desk does, as short as it can be said: which tickets there are, how they stand, who may do what, and
what each student has been told. The machine (`test_machine.py`) holds the program against it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ACTIVE = {"new", "reopened", "claimed", "answered", "waiting"}
OPEN = ACTIVE | {"transferred"}
STEPS = {
    "claim": {"new": "claimed", "reopened": "claimed"},
    "answer": {**dict.fromkeys(ACTIVE, "answered"), "transferred": "transferred"},
    "transfer": dict.fromkeys(ACTIVE, "transferred"),
    "accept": {"transferred": "claimed"},
    "recall": {"transferred": "new"},
    "resolve": dict.fromkeys(OPEN, "resolved"),
    "add": {s: s for s in ("new", "reopened", "claimed", "transferred")}
    | {"answered": "claimed", "waiting": "claimed", "resolved": "reopened"},
    "withdraw": dict.fromkeys(OPEN | {"resolved"}, "withdrawn"),
    "reopen": {"resolved": "reopened", "closed": "reopened"},
    "confirm": {"resolved": "closed", "closed": "closed"},
    "rate": {"resolved": "resolved", "closed": "closed"},
}
FIRST = {"claim", "answer", "transfer", "recall", "resolve"}
"""What the place does in which a ticket began, also while it is offered to another."""
LATE = timedelta(days=30)
"""So long after its end a ticket can be opened again."""


@dataclass
class Ticket:
    """One ticket: whose it is, where, how it stands."""

    owner: int | None
    """None once its student was forgotten."""
    anonymous: bool
    state: str = "new"
    place: str = "east"
    """In whose hands; while it is offered, still the first one's."""
    offered: str = ""
    ended: datetime | None = None
    solved: bool = False
    rating: int | None = None


@dataclass
class Desk:
    """All of them, and what was said to whom."""

    tickets: dict[int, Ticket] = field(default_factory=dict)
    told: Counter[tuple[int, str]] = field(default_factory=Counter)
    """(chat, words): staff's answers, each once to whoever waits."""
    muted: dict[int, datetime] = field(default_factory=dict)

    def heard(self, student: int, now: datetime) -> bool:
        """Whether somebody is heard now."""
        return now >= self.muted.get(student, now)

    def staff(self, number: int, act: str, place: str, now: datetime) -> bool:
        """Somebody at a place does this. False when it changes nothing."""
        ticket = self.tickets[number]
        theirs = ticket.place == place if act in FIRST else ticket.offered == place
        if ticket.state not in STEPS[act] or not theirs:
            return False
        ticket.state = STEPS[act][ticket.state]
        match act:
            case "transfer":
                ticket.offered = "west" if place == "east" else "east"
            case "accept":
                ticket.place, ticket.offered = place, ""
            case "recall":
                ticket.offered = ""
            case "resolve":
                ticket.place, ticket.offered, ticket.ended = ticket.offered or ticket.place, "", now
        return True

    def student(self, who: int, number: int, act: str, now: datetime) -> bool:
        """A student does this with a ticket. False when it changes nothing."""
        ticket = self.tickets[number]
        if ticket.owner != who or ticket.state not in STEPS[act]:
            return False
        if act == "add" and ticket.state != "waiting" and not self.heard(who, now):
            return False
        if act == "reopen" and ticket.ended is not None and now - ticket.ended > LATE:
            return False
        if act == "rate" and ticket.rating is not None:
            return False
        ticket.state = STEPS[act][ticket.state]
        return True
