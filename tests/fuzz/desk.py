"""What the service desk does, as short as it can be said: which tickets there are, how they stand, who may do what, and
what each student has been told. The machine (`test_machine.py`) holds the program against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
REACHED_FOR = timedelta(days=14)
"""So long after its end an anonymous ticket still leads to its student. (Any other can be opened again at any time:
its student is asked after four weeks whether the tap still holds, and may say no.)
"""


def night(now: datetime) -> tuple[datetime, datetime] | None:
    """From when to when students are left in peace, if that is now: from 22:30 to 7:30, which is 23:30 in UTC."""
    shift = timedelta(minutes=30)
    morning = (now + shift).replace(hour=0, minute=0, second=0, microsecond=0) - shift
    evening = morning + timedelta(hours=15)
    return (evening, morning + timedelta(days=1)) if now >= evening else None


@dataclass
class Ticket:
    """One ticket: whose it is, where, how it stands."""

    owner: int | None
    """None once its student was forgotten, or cannot be found any more."""
    anonymous: bool
    spoke: datetime
    """When its student last said something."""
    state: str = "new"
    place: str = "east"
    """In whose hands; while it is offered, still the first one's."""
    offered: str = ""
    back: str = ""
    """What it is when it comes back from where it is offered: whoever had it has it again."""
    closed: datetime | None = None
    parting: bool = False
    """Its student was forgotten, and nobody may see at once that it was theirs."""
    solved: bool | None = None
    rating: int | None = None


@dataclass
class Desk:
    """All of them, and what was said to whom."""

    tickets: dict[int, Ticket] = field(default_factory=dict)
    told: Counter[tuple[int, str]] = field(default_factory=Counter)
    """(chat, words): staff's answers, each once to whoever waits."""
    waiting: list[tuple[datetime, int, str]] = field(default_factory=list)
    """What is told in the morning, about which ticket."""
    muted: dict[int, datetime] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    """How often what was done, other than in vain."""

    def heard(self, student: int, now: datetime) -> bool:
        """Whether somebody is heard now."""
        return now >= self.muted.get(student, now)

    def file(self, who: int, anonymous: bool, now: datetime) -> bool:
        """A student writes. False when they are not heard."""
        if not self.heard(who, now):
            return False
        self.tickets[len(self.tickets) + 1] = Ticket(who, anonymous, now)
        return True

    def staff_may(self, number: int, act: str, place: str) -> bool:
        """Whether a place can do this with a ticket."""
        ticket = self.tickets[number]
        theirs = ticket.place == place if act in FIRST else ticket.offered == place
        return theirs and ticket.state in STEPS[act]

    def staff(self, number: int, act: str, place: str, now: datetime, said: str = "") -> None:
        """Somebody at a place does this, or says it, if they may."""
        if not self.staff_may(number, act, place):
            return
        self.done[act] += 1
        ticket = self.tickets[number]
        before, ticket.state = ticket.state, STEPS[act][ticket.state]
        match act:
            case "answer":
                asleep = night(now)
                if asleep is None or ticket.spoke >= asleep[0]:
                    self._tell(ticket, said)
                else:
                    self.waiting.append((asleep[1], number, said))
            case "transfer":
                ticket.offered = "west" if place == "east" else "east"
                ticket.back = "new" if before in {"new", "reopened"} else "claimed"
            case "accept":
                ticket.place, ticket.offered = place, ""
            case "recall":
                ticket.state, ticket.offered = ticket.back, ""
            case "resolve":
                ticket.offered = ""

    def student_may(self, who: int, number: int, act: str, now: datetime) -> bool:
        """Whether a student can do this with a ticket."""
        ticket = self.tickets[number]
        if ticket.owner != who or ticket.state not in STEPS[act]:
            return False
        if act == "add" and ticket.state != "waiting" and not self.heard(who, now):
            return False
        return act != "rate" or ticket.rating is None

    def student(self, who: int, number: int, act: str, now: datetime, stars: int = 0) -> None:
        """A student does this with a ticket, if they may."""
        if not self.student_may(who, number, act, now):
            return
        self.done[act] += 1
        ticket = self.tickets[number]
        before, ticket.state = ticket.state, STEPS[act][ticket.state]
        if act == "add":
            ticket.spoke = now
            self._wake(lambda due, about: about == number)
        elif act == "confirm":
            ticket.solved = True
        elif act == "rate":
            ticket.rating = stars
        if ticket.state == "reopened" != before:
            ticket.solved, ticket.closed = False, None
        elif ticket.state in {"closed", "withdrawn"}:
            ticket.closed = ticket.closed or now

    def forget(self, who: int) -> None:
        """A student wants to be forgotten: what waits for them is not told any more."""
        for number, ticket in self.tickets.items():
            if ticket.owner != who:
                continue
            ticket.owner, ticket.parting = None, ticket.anonymous
            if not ticket.anonymous and ticket.state in STEPS["withdraw"]:
                ticket.state = "withdrawn"
            self.waiting = [each for each in self.waiting if each[1] != number]

    def time(self, now: datetime) -> None:
        """It is now: what waited for the morning is told, and some students cannot be found any more."""
        self._wake(lambda due, about: due <= now)
        for ticket in self.tickets.values():
            if ticket.anonymous and ticket.closed is not None and ticket.closed <= now - REACHED_FOR:
                ticket.owner = None

    def became(self, number: int, state: str, place: str, now: datetime) -> None:
        """The clock alone made this of a ticket, which is there now. What it may not do is not believed."""
        ticket = self.tickets[number]
        if (ticket.state, state) == ("resolved", "closed"):
            ticket.state, ticket.closed = state, now
        elif ticket.state == "transferred" and state == ticket.back:
            ticket.state, ticket.offered = state, ""
        elif ticket.parting and state == "withdrawn" and ticket.state in STEPS["withdraw"]:
            # In the same hours it may have come back before.
            ticket.state, ticket.offered = state, "" if place == ticket.place else ticket.offered

    def _wake(self, which: Callable[[datetime, int], bool]) -> None:
        for due, number, said in self.waiting:
            if which(due, number):
                self._tell(self.tickets[number], said)
        self.waiting = [each for each in self.waiting if not which(each[0], each[1])]

    def _tell(self, ticket: Ticket, said: str) -> None:
        if ticket.owner is not None:
            self.told[ticket.owner, said] += 1
