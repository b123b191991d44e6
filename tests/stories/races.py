"""What two people may do to one ticket at the same moment, and how it ends whoever is first."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from bot.keyboards import Choice, Fixed, Mine, More
from bot.keyboards import Desk as Card
from models import people
from sandbox.client import Message, Person
from scheduler.jobs import deadlines
from tests.campus import Campus

MENDED = "It is the other one"


@dataclass
class Matter:
    """A ticket of Alice's in the east station; Wang and Li are there, Zhao everywhere."""

    campus: Campus
    alice: Person
    number: int
    cards: dict[str, Message] = field(default_factory=dict)
    said: Message | None = None
    """What she has added to it."""

    def person(self, who: str) -> Person:
        found = self.alice if who in ("alice", "clock") else getattr(self.campus, who)
        assert isinstance(found, Person)
        return found


@dataclass(frozen=True)
class Act:
    """What somebody does; `who` is "clock" for a job."""

    name: str
    who: str
    does: Callable[[Matter], Coroutine[Any, Any, str | None]]


class End(NamedTuple):
    """How a race ends when this one of the two was first."""

    actions: str
    """What has happened to the ticket, in order."""
    state: str
    told: str = ""
    """The sentence for the other one, by its key; empty when what they wanted is done as well."""
    name: str = ""
    """Who is named in it, if not the winner."""


@dataclass(frozen=True)
class Race:
    """Two acts on one ticket, and how it ends when the one and when the other is first."""

    one: Act
    other: Act
    ends: tuple[End, End]
    before: Sequence[Act] = ()
    short: bool = False
    """It is played in each run of the tests, one of its orders."""

    @property
    def name(self) -> str:
        return f"{self.one.name}, {self.other.name}"


def presses(who: str, act: str, *, west: bool = False) -> Act:
    """A button of the card."""

    async def does(matter: Matter) -> str | None:
        place = matter.campus.west if west else matter.campus.east
        card = await place.shows(f"#{matter.number} ·")
        return await matter.person(who).presses(card, Card(act, matter.number).pack(), chat=place)

    return Act(act, who, does)


def chooses(who: str, step: str, value: str) -> Act:
    """Something chosen below it."""

    async def does(matter: Matter) -> str | None:
        payload = Choice(step, matter.number, value).pack()
        return await matter.person(who).presses(matter.cards["east"], payload, chat=matter.campus.east)

    return Act(step, who, does)


def replies(who: str, words: str) -> Act:
    """A reply to the card: the answer to the student."""

    async def does(matter: Matter) -> str | None:
        await matter.person(who).says(words, chat=matter.campus.east, reply_to=matter.cards["east"])
        return None

    return Act("answer", who, does)


def assigns(who: str, to: str) -> Act:
    """Gives it to a colleague."""

    async def does(matter: Matter) -> str | None:
        async with matter.campus.app.database.reading() as session:
            taker = await people.by_telegram_id(session, matter.person(to).id)
        assert taker is not None
        payload = More("assign_to", matter.number, str(taker.id)).pack()
        return await matter.person(who).presses(matter.cards["east"], payload, chat=matter.campus.east)

    return Act("assign", who, does)


def student(act: str) -> Act:
    """A button of the student's on their own ticket."""

    async def does(matter: Matter) -> str | None:
        fixed = {"fixed": Fixed(matter.number, yes=True), "not_fixed": Fixed(matter.number, yes=False)}
        payload = (fixed.get(act) or Mine(act, matter.number)).pack()
        return await matter.alice.presses(1, payload)

    return Act(act, "alice", does)


async def _edits(matter: Matter) -> str | None:
    assert matter.said is not None
    await matter.alice.edits(matter.said, f"{MENDED} {matter.number}")
    return None


async def _adds(matter: Matter) -> str | None:
    matter.said = await matter.alice.says(f"It is worse now {matter.number}")
    return None


async def _reopening(matter: Matter) -> str | None:
    payload = More("reopen", matter.number, "").pack()
    return await matter.campus.wang.presses(matter.cards["east"], payload, chat=matter.campus.east)


async def _has_added(matter: Matter) -> None:
    await _adds(matter)
    await matter.alice.reads(matter.campus.t("en").plain("mine.added", number=matter.number))


async def _days_pass(matter: Matter) -> None:
    matter.campus.clock.move(timedelta(days=9))


async def _silence_ends(matter: Matter) -> None:
    app = matter.campus.app
    await deadlines._each(app.database, deadlines.DUTIES[2], app.toolbox.house, matter.campus.clock())


CLAIMS, RESOLVES, WITHDRAWS = presses("wang", "claim"), chooses("wang", "resolve", "done"), student("withdraw_sure")
SAYS, SAYS_TOO = replies("wang", "The plumber comes at three"), replies("li", "The plumber comes at four")
OFFERS, ACCEPTS = chooses("li", "why", "west.area"), presses("admin", "accept", west=True)
ADDS, ADDED, EDITS = Act("add", "alice", _adds), Act("added", "alice", _has_added), Act("edit", "alice", _edits)
REOPENING, LATER = Act("reopening", "wang", _reopening), Act("later", "clock", _days_pass)
CLOSES, NOT_FIXED = Act("close", "clock", _silence_ends), student("not_fixed")
WRITES = (student("add"),)
"""What she says next is about the ticket."""

RACES = (
    Race(
        CLAIMS,
        presses("li", "claim"),
        (End("claim", "claimed", "claim.taken"), End("claim", "claimed", "claim.taken")),
        short=True,
    ),
    # Whoever gives it to somebody may take it from whoever has just claimed it: the group reads whose it is.
    Race(
        CLAIMS,
        assigns("li", "admin"),
        (End("claim assign", "claimed"), End("assign", "claimed", "claim.taken", "admin")),
    ),
    # An offer ends with the resolution; what has been resolved is offered to nobody.
    Race(
        RESOLVES,
        OFFERS,
        (End("resolve", "resolved", "refused.transfer"), End("transfer resolve", "resolved")),
        short=True,
    ),
    Race(
        chooses("wang", "why", "office.task"),
        OFFERS,
        (
            End("transfer", "transferred", "permission.offered"),
            End("transfer", "transferred", "permission.offered"),
        ),
    ),
    Race(
        ACCEPTS,
        presses("wang", "recall"),
        (End("accept", "claimed", "desk.elsewhere"), End("recall", "new", "desk.elsewhere")),
        before=[OFFERS],
    ),
    Race(
        ACCEPTS,
        RESOLVES,
        (End("accept", "claimed", "desk.elsewhere"), End("resolve", "resolved", "desk.elsewhere")),
        before=[OFFERS],
    ),
    # Two answers are two answers: the student reads each of them, once.
    Race(SAYS, SAYS_TOO, (End("answer answer", "answered"), End("answer answer", "answered")), short=True),
    Race(
        SAYS,
        chooses("li", "send", "date"),
        (End("answer answer", "answered"), End("answer answer", "answered")),
    ),
    Race(
        presses("wang", "release"),
        SAYS_TOO,
        (End("release answer", "answered"), End("answer release", "new")),
        before=[CLAIMS],
    ),
    Race(
        replies("wang", "The spare part is here"),
        NOT_FIXED,
        (End("reopen", "reopened", "refused.reopen"), End("reopen", "reopened", "refused.reopen")),
        before=[RESOLVES, REOPENING],
    ),
    # A student edits: staff see the new words whatever they were about to do.
    Race(SAYS, EDITS, (End("answer", "answered"), End("answer", "answered")), before=[*WRITES, ADDED]),
    Race(CLAIMS, EDITS, (End("claim", "claimed"), End("claim", "claimed")), before=[*WRITES, ADDED]),
    Race(
        SAYS,
        WITHDRAWS,
        (End("answer withdraw", "withdrawn"), End("withdraw", "withdrawn", "refused.answer")),
        before=[SAYS_TOO],
        short=True,
    ),
    Race(
        CLAIMS,
        WITHDRAWS,
        (End("claim withdraw", "withdrawn"), End("withdraw", "withdrawn", "refused.claim")),
    ),
    Race(
        RESOLVES,
        WITHDRAWS,
        (End("resolve withdraw", "withdrawn"), End("withdraw", "withdrawn", "refused.resolve")),
    ),
    # Words that cross the resolution open it again.
    Race(
        RESOLVES,
        ADDS,
        (End("resolve reopen add", "reopened"), End("add resolve", "resolved")),
        before=WRITES,
        short=True,
    ),
    # From two devices.
    Race(
        WITHDRAWS,
        ADDS,
        (End("withdraw", "withdrawn", "refused.add"), End("add withdraw", "withdrawn")),
        before=WRITES,
    ),
    Race(
        CLOSES,
        NOT_FIXED,
        (End("close reopen", "reopened"), End("reopen", "reopened")),
        before=[RESOLVES, LATER],
    ),
    Race(
        CLOSES,
        student("fixed"),
        (End("close confirm", "closed"), End("confirm", "closed")),
        before=[RESOLVES, LATER],
    ),
)
