"""Two who act at the same moment on one thing: one act wins and the other is told so, on every kind of database.

A race is played in either order: both have read the same, the first goes on, and the second when that is committed
(`tests/barrier.py`). In the long run they also go on at the same moment, and it ends as one of the two orders would.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import func, select

from bot import errors
from bot.keyboards import Choice, Fixed, Mine, More
from bot.keyboards import Desk as Card
from models import asking, people, tickets
from models.errors import Refusal
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from sandbox.client import Message, Person
from scheduler.jobs import deadlines
from tests.barrier import Barrier, Side
from tests.campus import UNLIMITED, Campus, running
from tests.house import draft

TAP = "The tap in the bathroom drips all night"
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


async def test_of_two_at_once_one_wins_and_the_other_is_told(database_url: str) -> None:
    """Each race in one of its two orders."""
    await played(database_url, [(race, bool(i % 2), False) for i, race in enumerate(race for race in RACES if race.short)])


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_of_two_at_once_one_wins_and_the_other_is_told_whoever_is_first(database_url: str) -> None:
    await played(database_url, list(itertools.product(RACES, (False, True), (False, True))))


async def played(database_url: str, races: Sequence[tuple[Race, bool, bool]]) -> None:
    """All of these at one desk, one after the other: the race, whether the second is first, and both at one moment."""
    async with running(database_url, limits=UNLIMITED) as campus:
        alice = await campus.student("Alice")
        # Whoever has acted in the group can be given a ticket.
        await campus.admin.says("/open", chat=campus.east)
        await campus.quiet()
        wrong = []
        for i, (race, swapped, together) in enumerate(races):
            wrong += [(race.name, *each) for each in await play(campus, alice, race, i, swapped, together)]
        await nothing_is_left(campus)
        assert not wrong


async def play(
    campus: Campus, alice: Person, race: Race, number: int, swapped: bool, together: bool
) -> list[tuple[object, ...]]:
    """One race on a ticket of its own. Returns how it ended, if that is neither of the ways it may end."""
    matter = await filed(campus, alice, number)
    for act in race.before:
        come = await come_in(campus)
        await act.does(matter)
        while act.who != "clock" and await come_in(campus) == come:
            await campus.stage.caught_up()
        await campus.quiet()
    known = len(await history(matter))
    pair = (race.other, race.one) if swapped else (race.one, race.other)
    who = [None if act.who == "clock" else matter.person(act.who) for act in pair]
    async with Barrier(campus.app, *who, together=together) as barrier, asyncio.TaskGroup() as group:
        acts: list[asyncio.Task[str | None]] = []
        for act, side in zip(pair, (barrier.first, barrier.second), strict=True):
            acts.append(group.create_task(by_itself(act, side, matter) if act.who == "clock" else act.does(matter)))
            await side.came.wait()
    await campus.quiet()
    answers = [act.result() for act in acts]
    ends = [await ended(matter, pair, answers, race.ends[swapped], known)]
    if together:
        turned = (pair[1], pair[0])
        ends.append(await ended(matter, turned, answers[::-1], race.ends[not swapped], known))
    return [] if not all(ends) else [(swapped, together, each) for each in ends]


async def come_in(campus: Campus) -> int:
    """How many updates so far."""
    async with campus.app.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Incoming)) or 0


async def by_itself(act: Act, side: Side, matter: Matter) -> str | None:
    """What the clock does."""
    with side.acts():
        return await act.does(matter)


async def filed(campus: Campus, alice: Person, number: int) -> Matter:
    """A new ticket, unlike all others: those that read alike would be folded."""
    words = "".join(random.Random(number).choices("bcdfghjklmnpqrstvwxz", k=20))
    async with campus.app.database.transaction() as session:
        filer = await people.by_telegram_id(session, alice.id)
        given = draft(words, sources=[(alice.id, -number)])
        ticket = await asking.file(session, given, filer, campus.app.toolbox.house, campus.clock())
    campus.app.courier.wake()
    return Matter(campus, alice, ticket.id, {"east": await campus.east.shows(f"#{ticket.id} ·")})


async def history(matter: Matter) -> list[tickets.Event]:
    async with matter.campus.app.database.reading() as session:
        return await tickets.timeline(session, matter.number)


async def ended(
    matter: Matter, pair: tuple[Act, Act], answers: Sequence[str | None], end: End, known: int
) -> list[object]:
    """What is not so of this end of a race; `pair` is the winner and the other, `known` the steps before it."""
    found, t = (await history(matter))[known:], matter.campus.t("en")
    async with matter.campus.app.database.reading() as session:
        state = (await tickets.get(session, matter.number)).state
    name = matter.person(end.name).name if end.name else matter.person(pair[0].who).name
    told = errors.plain_sentence(Refusal(end.told, number=matter.number, name=name), t) if end.told else ""
    if answers[1] is None and told:
        # They wrote: it is said below what they wrote.
        place = matter.alice if pair[1].who == "alice" else matter.campus.east
        heard = told if any(m.from_bot and told in m.text for m in await place.transcript()) else ""
    else:
        heard = answers[1] or ""
    steps = [(each.before, each.after) for each in found]
    facts: list[tuple[object, object]] = [
        (" ".join(each.action for each in found), end.actions),
        (state, end.state),
        (steps[-1][1], end.state),
        ([before for before, _ in steps[1:]], [after for _, after in steps[:-1]]),
        (answers[0] or "", ""),
        (heard, told),
        (await relayed(matter), sum(each.action == "answer" for each in await history(matter))),
    ]
    return [fact for fact in facts if fact[0] != fact[1]]


async def relayed(matter: Matter) -> int:
    """How many answers she has read about this ticket; the same one twice counts for a hundred."""
    mark = f"· #{matter.number}\n"
    came = Counter(m.text for m in await matter.alice.transcript() if m.from_bot and mark in m.text)
    return sum(1 if count == 1 else 100 for count in came.values())


async def nothing_is_left(campus: Campus) -> None:
    """Nothing failed, nobody knows not what became of something, and no words were said twice to the student."""
    async with campus.app.database.reading() as session:
        left = select(func.count()).where(Outgoing.state.in_([Sending.UNKNOWN, Sending.FAILED]))
        aside = select(func.count()).where(Incoming.state != Handling.DONE)
        assert (await session.scalar(left), await session.scalar(aside)) == (0, 0)


async def test_a_double_tap_on_a_templates_send_answers_once(database_url: str) -> None:
    async with running(database_url) as campus:
        t = campus.t("en")
        alice = await campus.student("Alice")
        number = await campus.files(alice, TAP)
        for label in ("date", "visit"):
            text = t.plain(f"template.{label}", number=number)
            await campus.wang.taps(t.plain("desk.answers"), chat=campus.east)
            await campus.wang.taps(t.plain(f"template_label.{label}"), chat=campus.east)
            preview = await campus.wang.reads(text, chat=campus.east)
            pressed = [campus.wang.presses(preview, f"c:send:{number}:{label}", chat=campus.east) for _ in range(2)]
            answers = await asyncio.gather(*pressed)
            assert sorted(filter(None, answers)) == [t.plain("desk.sent_already", number=number)]
            await alice.reads(text)
            await campus.quiet()
            assert len([m for m in await alice.transcript() if text in m.text]) == 1
