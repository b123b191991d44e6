"""Two who act at the same moment on one thing: one act wins and the other is told so, on every kind of database.

A race is played in either order: both have read the same, the first goes on, and the second when that is committed
(`tests/barrier.py`). In the long run they also go on at the same moment, and it ends as one of the two orders would.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from bot import errors
from bot.keyboards import Choice, Fixed, Mine, More
from bot.keyboards import Desk as Card
from models import asking, people, tickets
from models.errors import Refusal
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from models.words import Side, Words
from sandbox.client import Message, Person
from scheduler.jobs import deadlines
from tests.barrier import Barrier
from tests.campus import UNLIMITED, Campus, running
from tests.house import draft

TAP = "The tap in the bathroom drips all night"
THINGS = ("lamp", "window", "mouse", "door", "radiator", "shower", "lift", "bench", "roof", "stair", "gate", "fan")


@dataclass
class Matter:
    """A ticket of Alice's in the east station; Wang and Li are there, Zhao everywhere."""

    campus: Campus
    alice: Person
    number: int
    cards: dict[str, Message] = field(default_factory=dict)
    answered: dict[str, str | None] = field(default_factory=dict)
    """What each press was answered with in the little window, by who pressed."""

    def person(self, who: str) -> Person:
        found = self.alice if who == "alice" else getattr(self.campus, who)
        assert isinstance(found, Person)
        return found


@dataclass(frozen=True)
class Act:
    """What somebody does; `who` is "clock" for a job."""

    who: str
    does: Callable[[Matter], Awaitable[str | None]]


class End(NamedTuple):
    """How a race ends when one of the two was first."""

    told: str
    """The sentence for the other one, by its key; empty when what they wanted is done as well."""
    state: str
    actions: str
    """What happened to the ticket since, in order."""


@dataclass(frozen=True)
class Race:
    """Two acts, how it ends when the first was first and when the second was, and what has been done before."""

    name: str
    one: Act
    other: Act
    ends: tuple[End, End]
    before: Sequence[Act] = ()
    reads: tuple[str, str] = ("", "")
    """What the student has read once in either end; the words of both in one string."""


def presses(who: str, act: str, *, west: bool = False) -> Act:
    """A button of the card."""

    async def does(matter: Matter) -> str | None:
        place = matter.campus.west if west else matter.campus.east
        card = matter.cards["west" if west else "east"]
        return await matter.person(who).presses(card, Card(act, matter.number).pack(), chat=place)

    return Act(who, does)


def chooses(who: str, step: str, value: str) -> Act:
    """Something chosen below it."""

    async def does(matter: Matter) -> str | None:
        payload = Choice(step, matter.number, value).pack()
        return await matter.person(who).presses(matter.cards["east"], payload, chat=matter.campus.east)

    return Act(who, does)


def replies(who: str, words: str) -> Act:
    """A reply to the card: the answer to the student."""

    async def does(matter: Matter) -> str | None:
        await matter.person(who).says(words, chat=matter.campus.east, reply_to=matter.cards["east"])
        return None

    return Act(who, does)


def assigns(who: str, to: str) -> Act:
    """Gives it to a colleague."""

    async def does(matter: Matter) -> str | None:
        async with matter.campus.app.database.reading() as session:
            taker = await people.by_telegram_id(session, matter.person(to).id)
        assert taker is not None
        payload = More("assign_to", matter.number, str(taker.id)).pack()
        return await matter.person(who).presses(matter.cards["east"], payload, chat=matter.campus.east)

    return Act(who, does)


def student(act: str) -> Act:
    """A button of the student's on their own ticket."""

    async def does(matter: Matter) -> str | None:
        fixed = {"fixed": Fixed(matter.number, yes=True), "not_fixed": Fixed(matter.number, yes=False)}
        payload = (fixed.get(act) or Mine(act, matter.number)).pack()
        return await matter.alice.presses(1, payload)

    return Act("alice", does)


async def _silence_ends(matter: Matter) -> None:
    await deadlines.run(matter.campus.app.database, matter.campus.app.toolbox, matter.campus.clock())


WANG_CLAIMS, LI_CLAIMS = presses("wang", "claim"), presses("li", "claim")
WITHDRAWS, RESOLVES = student("withdraw_sure"), chooses("wang", "resolve", "done")
SAYS, SAYS_TOO = replies("wang", "The plumber comes at three"), replies("li", "The plumber comes at four")
TRANSFERS = chooses("li", "why", "west.area")

RACES = (
    Race(
        "claim, claim",
        WANG_CLAIMS,
        LI_CLAIMS,
        (End("claim.taken", "claimed", "claim"), End("claim.taken", "claimed", "claim")),
    ),
)


@pytest.mark.parametrize("swapped", [False, True])
async def test_of_two_at_once_one_wins_and_the_other_is_told(database_url: str, swapped: bool) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        alice = await campus.student("Alice")
        for i, race in enumerate(RACES):
            await play(campus, alice, race, i, swapped=swapped)
        await nothing_is_left(campus)


async def play(campus: Campus, alice: Person, race: Race, number: int, *, swapped: bool, together: bool = False) -> None:
    """One race on a ticket of its own."""
    matter = await filed(campus, alice, number)
    for act in race.before:
        await act.does(matter)
        await campus.quiet()
    known = len(await history(matter))
    one, other = (race.other, race.one) if swapped else (race.one, race.other)
    who = [None if act.who == "clock" else matter.person(act.who) for act in (one, other)]
    async with Barrier(campus.app, *who, together=together):
        answers = await asyncio.gather(one.does(matter), other.does(matter))
        await campus.quiet()
    await ended(matter, race, one, other, answers, known, race.ends[swapped])


async def filed(campus: Campus, alice: Person, number: int) -> Matter:
    """A new ticket with its card."""
    async with campus.app.database.transaction() as session:
        filer = await people.by_telegram_id(session, alice.id)
        given = draft(f"{THINGS[number % len(THINGS)]} {number} {'x' * number}", sources=[(alice.id, -number - 1)])
        ticket = await asking.file(session, given, filer, campus.app.toolbox.house, campus.clock())
    campus.app.courier.wake()
    return Matter(campus, alice, ticket.id, {"east": await campus.east.shows(f"#{ticket.id} ·")})


async def history(matter: Matter) -> list[tickets.Event]:
    async with matter.campus.app.database.reading() as session:
        return await tickets.timeline(session, matter.number)


async def ended(
    matter: Matter, race: Race, one: Act, other: Act, answers: Sequence[str | None], known: int, end: End
) -> None:
    campus, found = matter.campus, await history(matter)
    t = campus.t("en")
    assert " ".join(each.action for each in found[known:]) == end.actions, race.name
    for earlier, later in zip(found, found[1:], strict=False):
        assert later.before == earlier.after, race.name
    async with campus.app.database.reading() as session:
        assert (await tickets.get(session, matter.number)).state == found[-1].after == end.state, race.name
    assert not answers[0], race.name
    name = matter.person(one.who).name
    told = errors.plain_sentence(Refusal(end.told, number=matter.number, name=name), t) if end.told else ""
    if answers[1] is None:
        assert not told or told in "\n".join(m.text for m in await campus.east.transcript()), race.name
    else:
        assert answers[1] == told, race.name


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
