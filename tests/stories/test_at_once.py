"""Two who act at the same moment on one thing: one act wins and the other is told so, on every kind of database.

A race is played in either order: both have read the same, the first goes on, and the second when that is committed
(`tests/barrier.py`). In the long run they also go on at the same moment, and it ends as one of the two orders would.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from bot import errors
from models import asking, people, tickets
from models.errors import Refusal
from models.inbox import Handling, Incoming
from models.outbox import Outgoing, Sending
from sandbox.client import Person
from tests.barrier import Barrier, Side
from tests.campus import UNLIMITED, Campus, running
from tests.house import draft
from tests.stories.races import RACES, Act, End, Matter, Race

TAP = "The tap in the bathroom drips all night"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_at_once_one_wins_and_the_other_is_told(database_url: str) -> None:
    """Each race in one of its two orders, where two transactions run at the same time."""
    short = [race for race in RACES if race.short]
    await played(database_url, [(race, bool(i % 2), False) for i, race in enumerate(short)])


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
