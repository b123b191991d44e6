"""Very many tickets about one matter: one card, one answer, nobody lost."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, bursts, crowds, listing, merging, requesters, sorting, tickets
from models.bursts import BURST, WITHIN
from models.database import Database
from models.errors import Refusal
from models.lifecycle import ACTIVE, Kind, State
from models.outbox import Lane, Outgoing
from models.postings import Card
from models.requesters import Requester
from models.tickets import Ticket
from scheduler.jobs import deadlines as job
from tests.conftest import postgresql_later
from tests.house import EAST, HOUSE, draft, furnish, staff, student

SOURCE = (EAST, 77)
PIPE = "The water pipe on the third floor has burst, everything is under water"
HELLO = {"type": "text", "text": "The main valve is closed, the plumber is here"}
MINUTE = timedelta(minutes=1)
TOOLBOX: Any = SimpleNamespace(house=HOUSE)


async def filed(session: AsyncSession, now: datetime, count: int, first: int = 1, **changes: Any) -> list[Ticket]:
    """So many tickets, one a second, every third of them anonymous."""
    await furnish(session)
    found = []
    for number in range(first, first + count):
        wish: dict[str, Any] = {"text": f"{PIPE} {number}", "anonymous": number % 3 == 0} | changes
        said = draft(**wish)
        person = await student(session, number, f"Student {number}")
        found.append(await asking.file(session, said, person, HOUSE, now + timedelta(seconds=number)))
    await session.flush()
    return found


async def rows(session: AsyncSession, **which: Any) -> list[Outgoing]:
    return list(await session.scalars(select(Outgoing).filter_by(**which).order_by(Outgoing.id)))


async def told(session: AsyncSession, text: str) -> list[Outgoing]:
    return [row for row in await rows(session, letter="notice") if (row.payload or {})["text"] == text]


async def carded(session: AsyncSession) -> list[int]:
    return list(await session.scalars(select(Card.ticket_id).order_by(Card.ticket_id)))


async def actions(session: AsyncSession, ticket: Ticket) -> list[str]:
    return [event.action for event in await tickets.timeline(session, ticket.id)]


async def test_the_sixth_stands_on_the_card_of_the_first(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 9)
        head = found[0]
        assert [each.folded_under_id for each in found] == [None] * BURST + [head.id] * 4
        assert await carded(session) == [each.id for each in found[:BURST]]
        under = await bursts.of(session, await _fresh(session, head), most=2)
        assert (under.count, under.numbers) == (4, [found[5].id, found[6].id])
        assert under.since == found[5].filed_at
        assert found[8].claim_due is not None
        assert found[8].state is State.NEW
        assert (await listing.open_ones(session, None, 1)).count == 9, "each is a ticket"


async def _fresh(session: AsyncSession, ticket: Ticket) -> Ticket:
    await session.refresh(ticket)
    return ticket


async def test_only_what_reads_alike_here_and_now_is_folded(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await filed(session, now, 6)
        others: tuple[dict[str, Any], ...] = (
            {"building": "e2"},
            {"category": "other"},
            {"kind": Kind.THANKS},
            {"text": "There is no light in the laundry room since yesterday evening"},
            {"text": "水"},
        )
        for changes in others:
            assert (await filed(session, now + MINUTE, 1, 50, **changes))[0].folded_under_id is None, changes
        late = await filed(session, now + WITHIN + MINUTE, 1, 60)
        assert late[0].folded_under_id is None
        assert (await filed(session, now + MINUTE, 1, 70))[0].folded_under_id is not None


async def test_a_burst_goes_on_as_long_as_it_goes_on(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        head = (await filed(session, now, 6))[0]
        for i in range(1, 4):
            (more,) = await filed(session, now + i * (WITHIN - 2 * MINUTE), 1, 10 + i)
            assert more.folded_under_id == head.id, "measured from the last one"


async def test_one_answer_reaches_everybody_once(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 40)
        head, wang = await _fresh(session, found[0]), await staff(session)
        these = await merging.alike(session, head, 30)
        assert len(these) == BURST - 1, "what is folded is not merged one by one"
        assert await merging.cluster(session, head, 30) == 39
        assert await merging.merge_all(session, these, head, wang, HOUSE, now + MINUTE) == 39
        said = await answering.answer(session, head, wang, HELLO, HOUSE, now + MINUTE, SOURCE)
        places = await requesters.waiting.about(session, head.id)
        assert len(places) == head.requesters == 40
        assert sorted(each.number for each in places) == list(range(1, 41))
        copies = await rows(session, words_id=said.id)
        assert sorted(row.requester_id or 0 for row in copies) == sorted(each.id for each in places)
        merged = await told(session, "ticket.merged")
        assert len(merged) == len({row.requester_id for row in merged}) == 39
        assert {row.lane for row in copies} == {Lane.BROADCAST}
        for each in found[1:]:
            await session.refresh(each)
            assert (each.state, each.merged_into_id, each.folded_under_id) == (State.MERGED, head.id, None)
        assert await actions(session, found[20]) == ["file", "fold", "merge"]
        assert not [row for row in await rows(session, letter="so_far") if len((row.payload or {})["about"]) > 10]
        assert [row.ticket_id for row in await rows(session, letter="card")] == [each.id for each in found[:BURST]]


async def test_few_are_told_in_the_order_in_which_it_happened(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 8)
        head, wang = await _fresh(session, found[0]), await staff(session)
        await answering.answer(session, head, wang, HELLO, HOUSE, now + MINUTE, SOURCE)
        place = (await requesters.waiting.about(session, head.id))[-1]
        mine = await rows(session, requester_id=place.id)
        assert [(row.letter, row.lane) for row in mine] == [("notice", Lane.ANSWER), ("words", Lane.ANSWER)]
        assert [each.state for each in found[1:BURST]] == [State.NEW] * 4, "those have cards, and are not folded"


async def test_whoever_comes_after_the_answer_is_folded_and_told_by_the_next(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 7)
        head, wang = await _fresh(session, found[0]), await staff(session)
        await answering.answer(session, head, wang, HELLO, HOUSE, now + MINUTE, SOURCE)
        (late,) = await filed(session, now + 2 * MINUTE, 1, 20)
        assert (late.folded_under_id, late.state, late.claimed_by_id) == (head.id, State.CLAIMED, wang.id)
        assert (await bursts.of(session, head)).count == 1
        await answering.resolve(session, head, wang, "repaired", HOUSE, now + 3 * MINUTE)
        fixed = await told(session, "ticket.fixed")
        assert len(fixed) == len({row.requester_id for row in fixed}) == 4
        assert (await _fresh(session, late)).state is State.MERGED


async def test_what_somebody_takes_on_is_all_of_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 8)
        head, wang, li = await _fresh(session, found[0]), await staff(session), await staff(session, 2, "Li")
        await answering.claim(session, head, wang, HOUSE, now + MINUTE)
        for each in found[BURST:]:
            assert (each.state, each.claimed_by_id, each.claim_due) == (State.CLAIMED, wang.id, None)
            assert await actions(session, each) == ["file", "fold", "claim"]
        claimed = await told(session, "ticket.claimed")
        assert sorted(row.ticket_id or 0 for row in claimed) == [head.id, *(each.id for each in found[BURST:])]
        await sorting.assign(session, head, wang, li, HOUSE, now + MINUTE)
        assert {each.claimed_by_id for each in found[BURST:]} == {li.id}
        await answering.release(session, head, li, HOUSE, now + 2 * MINUTE)
        for each in found[BURST:]:
            assert (each.state, each.claimed_by_id) == (State.NEW, None)
            assert each.claim_due == head.claim_due is not None
        assert len(await told(session, "ticket.claimed")) == 4, "once is enough"


async def test_one_that_is_something_else_is_taken_out(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 8)
        head, wang = await _fresh(session, found[0]), await staff(session)
        await bursts.unfold(session, found[6], now + MINUTE, wang)
        assert await carded(session) == [*(each.id for each in found[:BURST]), found[6].id]
        await answering.answer(session, head, wang, HELLO, HOUSE, now + MINUTE, SOURCE)
        assert (found[6].state, found[6].replied_at) == (State.NEW, None)
        assert (await _fresh(session, found[7])).merged_into_id == head.id


async def test_whoever_says_more_is_read(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 7)
        (place,) = await requesters.waiting.about(session, found[6].id)
        await asking.add(session, found[6], place, [({"type": "text", "text": "In my bed"}, (1, 9))], HOUSE, now)
        assert found[6].folded_under_id is None
        assert [row.ticket_id for row in await rows(session, letter="words")] == [found[6].id]


async def test_haste_of_many_is_said_once(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 9)
        head = await _fresh(session, found[0])
        for each in found[BURST:]:
            await asking.urge(session, each, now + MINUTE)
        assert head.urged == 4
        assert [row.ticket_id for row in await told(session, "station.urged")] == [head.id]


async def test_when_the_head_goes_the_next_speaks(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 9)
        head = await _fresh(session, found[0])
        (place,) = await requesters.waiting.about(session, head.id)
        await asking.withdraw(session, head, place, now + MINUTE)
        assert found[5].folded_under_id is None
        assert {each.folded_under_id for each in found[6:]} == {found[5].id}
        assert found[5].id in await carded(session)
        (more,) = await filed(session, now + MINUTE, 1, 20)
        assert more.folded_under_id == found[5].id


async def test_a_head_that_is_merged_takes_them_along(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 9)
        head, wang = await _fresh(session, found[0]), await staff(session)
        await merging.merge(session, head, found[1], wang, HOUSE, now + MINUTE)
        assert {each.folded_under_id for each in found[BURST:]} == {found[1].id}
        await answering.answer(session, found[1], wang, HELLO, HOUSE, now + MINUTE, SOURCE)
        assert found[1].requesters == 6


async def test_a_student_who_filed_twice_waits_once_and_can_be_taken_out_again(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 7)
        head, wang = await _fresh(session, found[0]), await staff(session)
        (twice,) = await filed(session, now + MINUTE, 1, 1)
        assert twice.folded_under_id == head.id
        said = await answering.answer(session, head, wang, HELLO, HOUSE, now + MINUTE, SOURCE)
        assert head.requesters == 3
        assert len(await rows(session, words_id=said.id)) == 3
        await session.refresh(found[6])
        await merging.undo(session, found[6], wang, HOUSE, now + 2 * MINUTE)
        assert (found[6].state, head.requesters) == (State.NEW, 2)


@postgresql_later
async def test_at_night_they_are_left_in_peace(database: Database, now: datetime) -> None:
    """They wrote in the evening; the answer comes at night and waits for the morning."""
    evening = now.replace(hour=11)
    async with database.transaction() as session:
        found = await filed(session, evening, 40)
        head, wang = await _fresh(session, found[0]), await staff(session)
        late = evening + timedelta(hours=6)
        said = await answering.answer(session, head, wang, HELLO, HOUSE, late, SOURCE)
        copies = await rows(session, words_id=said.id)
        assert len(copies) == 36
        assert {row.not_before for row in copies} == {HOUSE.calendar.after_quiet(late)} != {late}


async def test_a_group_is_reminded_of_all_of_them_once(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = await filed(session, now, 30)
    for hours in (5.0, 6.0):
        await job.run(database, TOOLBOX, now + timedelta(hours=hours))
    async with database.transaction() as session:
        for text in ("station.warned.claim", "station.overdue.claim"):
            about = [row.ticket_id for row in await told(session, text)]
            assert about == [each.id for each in found[:BURST]]


@postgresql_later
async def test_what_nobody_speaks_for_speaks_for_itself(database: Database, now: datetime) -> None:
    """They came after the answer: the head is due no more, and they are."""
    async with database.transaction() as session:
        found = await filed(session, now, 6)
        head = await _fresh(session, found[0])
        await answering.answer(session, head, await staff(session), HELLO, HOUSE, now + MINUTE, SOURCE)
        late = await filed(session, now + 2 * MINUTE, 12, 20)
        assert {each.folded_under_id for each in late} == {head.id}
    await job.run(database, TOOLBOX, now + timedelta(days=1, hours=1))
    async with database.transaction() as session:
        about = [row.ticket_id for row in await told(session, "station.overdue.reply")]
        assert [number for number in about if number is not None and number >= late[0].id] == [late[0].id]
        first, *rest = [await session.get_one(Ticket, each.id) for each in late]
        assert first.folded_under_id is None
        assert {each.folded_under_id for each in rest} == {first.id}


@postgresql_later
async def test_two_hundred_take_no_time(database: Database, now: datetime) -> None:
    """A statement for all of them, not some for each: whoever writes to the bot meanwhile waits for it."""
    async with database.transaction() as session:
        found = await filed(session, now, 6)
        (place,) = await crowds.waiting(session, found[5].id)
        assert place.reachable
        asked = 0

        def counted(*_: Any) -> None:
            nonlocal asked
            asked += 1

        head, wang = await _fresh(session, found[0]), await staff(session)
        engine = session.get_bind().engine
        event.listen(engine, "before_cursor_execute", counted)
        await bursts.gather(session, head, wang, HOUSE, now)
        few, asked = asked, 0
        await filed(session, now + MINUTE, 60, 30)
        asked = 0
        assert await bursts.gather(session, await _fresh(session, head), wang, HOUSE, now) == 60
        event.remove(engine, "before_cursor_execute", counted)
        assert asked <= few + 5


DEEDS = ("file", "file", "file", "claim", "release", "answer", "unfold", "withdraw", "add", "urge", "merge", "resolve")


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_done_nobody_is_lost(database: Database, now: datetime, seed: int) -> None:
    """Every folded ticket has an open head with a card; and when every card is answered, every student who still waits
    has been told something once by each answer, and not twice by any.
    """
    chance = random.Random(seed)
    async with database.transaction() as session:
        await furnish(session)
        wang, count = await staff(session), 0
        for step in range(60):
            at = now + step * timedelta(seconds=20)
            active = [each for each in await _all(session) if each.state in ACTIVE]
            shown = [each for each in active if each.folded_under_id is None]
            deed = chance.choice(DEEDS) if shown else "file"
            try:
                match deed:
                    case "file":
                        count += 1
                        await filed(session, at, 1, count)
                    case "claim":
                        await answering.claim(session, chance.choice(shown), wang, HOUSE, at)
                    case "release":
                        await answering.release(session, chance.choice(shown), wang, HOUSE, at)
                    case "answer":
                        await answering.answer(session, chance.choice(shown), wang, HELLO, HOUSE, at, (EAST, step))
                    case "resolve":
                        await answering.resolve(session, chance.choice(shown), wang, "repaired", HOUSE, at)
                    case "unfold":
                        await bursts.unfold(session, chance.choice(active), at, wang)
                    case "urge":
                        await asking.urge(session, chance.choice(active), at)
                    case "merge":
                        one, other = chance.choice(shown), chance.choice(shown)
                        await merging.merge(session, one, other, wang, HOUSE, at)
                    case _:
                        ticket = chance.choice(active)
                        place = chance.choice(await requesters.waiting.about(session, ticket.id))
                        if deed == "add":
                            said = [({"type": "text", "text": "More"}, (place.id, step))]
                            await asking.add(session, ticket, place, said, HOUSE, at)
                        else:
                            await asking.withdraw(session, ticket, place, at)
            except Refusal:
                continue
            await session.flush()
            by_number = {each.id: each for each in await _all(session)}
            for each in by_number.values():
                if each.state in ACTIVE and each.folded_under_id is not None:
                    head = by_number[each.folded_under_id]
                    assert (head.folded_under_id, head.state in ACTIVE) == (None, True), (deed, each.id)
        for each in await _all(session):
            await session.refresh(each)
            if each.state in ACTIVE and each.folded_under_id is None:
                await answering.answer(
                    session, each, wang, HELLO, HOUSE, now + timedelta(hours=1), (EAST, 1000 + each.id)
                )
        waiting = await session.scalars(
            select(Requester)
            .join(Ticket, Ticket.id == Requester.ticket_id)
            .where(Requester.left.is_(False), Ticket.state != State.WITHDRAWN)
        )
        copies = Counter(
            (row.requester_id, row.words_id) for row in await rows(session, letter="words") if row.requester_id
        )
        told_ = {number for number, _ in copies} | {row.requester_id for row in await told(session, "ticket.fixed")}
        assert {place.id for place in waiting} <= told_
        assert set(copies.values()) == {1}


async def _all(session: AsyncSession) -> list[Ticket]:
    return list(await session.scalars(select(Ticket).order_by(Ticket.id)))
