"""Two tickets that are one matter, one that is two: who waits for what afterwards, and who is reached."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, merging, requesters, tickets, words
from models.database import Database
from models.errors import Refusal
from models.lifecycle import Kind, State
from models.outbox import Outgoing
from models.postings import Posting
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Side
from tests.house import EAST, HOUSE, draft, furnish, staff, student

SOURCE = (EAST, 77)
HELLO = {"type": "text", "text": "It drips again"}


async def filed(session: AsyncSession, now: datetime, number: int, *, anonymous: bool = False) -> Ticket:
    await furnish(session)
    person = await student(session, number, f"Student {number}")
    return await asking.file(session, draft(anonymous=anonymous), person, HOUSE, now)


async def waiting(session: AsyncSession, ticket: Ticket) -> list[int]:
    return [each.number for each in await requesters.waiting.about(session, ticket.id)]


async def told(session: AsyncSession, text: str) -> int:
    rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "notice"))
    return sum((row.payload or {}).get("text") == text for row in rows)


async def test_whoever_waited_for_the_one_waits_for_the_other(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 2, anonymous=True)
        await asking.join(session, other, await student(session, 3, "Carol"), "e1", HOUSE, now)
        other.raised = 1
        await merging.merge(session, other, one, await staff(session), HOUSE, now)
        assert await waiting(session, one) == [1, 2, 3]
        assert (one.requesters, one.raised, one.priority) == (3, 1, 1)
        assert (other.state, other.merged_into_id, other.requesters) == (State.MERGED, one.id, 0)
        assert await told(session, "ticket.merged") == 2, "each of those who came, once; nobody else"
        said = await answering.answer(session, one, await staff(session), HELLO, HOUSE, now, SOURCE)
        copies = await session.scalars(select(Outgoing).where(Outgoing.words_id == said.id))
        assert len(copies.all()) == 3


async def test_an_anonymous_student_is_reached_and_recognised_where_they_have_been_moved(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 2, anonymous=True)
        await merging.merge(session, other, one, await staff(session), HOUSE, now)
        bob = await student(session, 2)
        ticket, place = await tickets.place_of(session, one.id, bob, HOUSE.vault)
        assert (ticket.id, place.anonymous) == (one.id, True)
        reached = await requesters.reach(session, place, HOUSE.vault)
        assert reached is not None
        assert reached.chat_id == bob.telegram_id
        by_the_old_number = await tickets.place_of(session, other.id, bob, HOUSE.vault)
        assert by_the_old_number == (one, place)
        assert [each.ticket_id for each in await requesters.all_of(session, bob, HOUSE.vault)] == [one.id]
        with pytest.raises(Refusal, match=r"ticket\.unknown") as refusal:
            await tickets.place_of(session, other.id, await student(session, 9), HOUSE.vault)
        assert refusal.value.params["number"] == other.id, "what it is part of is nobody else's business"


async def test_whoever_waits_for_both_waits_once_and_whoever_has_left_stays_away(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 1)
        gone = await asking.join(session, other, await student(session, 3, "Carol"), "e1", HOUSE, now)
        await asking.withdraw(session, other, gone, now)
        await merging.merge(session, other, one, await staff(session), HOUSE, now)
        assert await waiting(session, one) == [1]
        assert one.requesters == 1
        assert await told(session, "ticket.merged") == 1


async def test_somebody_who_had_left_the_one_waits_for_it_again_because_of_the_other(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 1)
        await asking.join(session, one, await student(session, 3, "Carol"), "e1", HOUSE, now)
        await asking.withdraw(session, one, (await requesters.waiting.about(session, one.id))[0], now)
        await merging.merge(session, other, one, await staff(session), HOUSE, now)
        assert await waiting(session, one) == [1, 2]
        assert one.requesters == 2


async def test_two_anonymous_places_are_never_compared(database: Database, now: datetime) -> None:
    """Were one of them dropped, everybody could see that two anonymous tickets are the same student's (law 11)."""
    async with database.transaction() as session:
        one, other = await filed(session, now, 1, anonymous=True), await filed(session, now, 1, anonymous=True)
        await merging.merge(session, other, one, await staff(session), HOUSE, now)
        assert await waiting(session, one) == [1, 2]


async def test_nobody_waits_longer_because_somebody_else_asked_later(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        early = await filed(session, now, 1)
        late = await filed(session, now + timedelta(days=2), 2)
        due = early.resolve_due
        await merging.merge(session, early, late, await staff(session), HOUSE, now + timedelta(days=2))
        assert late.resolve_due == due


async def test_what_had_been_merged_into_the_one_goes_along_and_each_comes_out_by_itself(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        a, b, c = [await filed(session, now, number) for number in (1, 2, 3)]
        wang = await staff(session)
        await merging.merge(session, a, b, wang, HOUSE, now)
        await merging.merge(session, b, c, wang, HOUSE, now)
        await session.refresh(a)
        assert (a.merged_into_id, c.requesters) == (c.id, 3)
        await merging.undo(session, b, wang, HOUSE, now)
        assert (await waiting(session, b), await waiting(session, c)) == ([1], [1, 3])
        await merging.undo(session, a, wang, HOUSE, now)
        assert [await waiting(session, each) for each in (a, b, c)] == [[1], [1], [1]]
        assert (a.requesters, b.requesters, c.requesters) == (1, 1, 1)
        assert {a.state, b.state} == {State.NEW}
        assert a.claim_due is not None


async def test_a_wrong_merge_is_undone_as_if_it_had_not_been(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 1)
        await asking.join(session, other, await student(session, 3, "Carol"), "e1", HOUSE, now)
        dave = await asking.join(session, other, await student(session, 4, "Dave"), "e1", HOUSE, now)
        wang = await staff(session)
        await merging.merge(session, other, one, wang, HOUSE, now)
        await asking.withdraw(session, one, dave, now)
        whole = await merging.undo(session, other, wang, HOUSE, now)
        assert whole is one
        assert (len(await waiting(session, one)), one.requesters) == (1, 1)
        assert (len(await waiting(session, other)), other.requesters) == (2, 2), "Dave has left for good"
        assert await told(session, "ticket.unmerged") == 2
        with pytest.raises(Refusal, match=r"refused\.unmerge"):
            await merging.undo(session, other, wang, HOUSE, now)


async def test_what_cannot_be_merged_stays_as_it_is(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 2)
        elsewhere = await asking.file(session, draft(building="w1"), await student(session, 3), HOUSE, now)
        wang = await staff(session)
        for ticket, into, key in ((one, one, "merge.same"), (one, elsewhere, "merge.elsewhere")):
            with pytest.raises(Refusal, match=key):
                await merging.merge(session, ticket, into, wang, HOUSE, now)
        await answering.resolve(session, other, wang, "repaired", HOUSE, now)
        with pytest.raises(Refusal, match=r"refused\.take_in"):
            await merging.merge(session, one, other, wang, HOUSE, now)
        with pytest.raises(Refusal, match=r"refused\.merge"):
            await merging.merge(session, other, one, wang, HOUSE, now)
        assert await waiting(session, one) == [1]


async def said_later(session: AsyncSession, ticket: Ticket, place: Requester, now: datetime) -> words.Words:
    (kept,) = await asking.add(session, ticket, place, [(HELLO, (10_001, 8))], HOUSE, now + timedelta(minutes=5))
    return await session.get_one(words.Words, kept.id)


@pytest.mark.parametrize("anonymous", [False, True])
async def test_a_joiner_goes_along_with_what_they_have_said(database: Database, now: datetime, anonymous: bool) -> None:
    async with database.transaction() as session:
        ticket = await filed(session, now, 1, anonymous=anonymous)
        bob = await student(session, 2, "Bob")
        place = await asking.join(session, ticket, bob, "e1", HOUSE, now)
        first, second = [await said_later(session, ticket, place, now) for _ in range(2)]
        session.add(Posting(chat_id=EAST, message_id=99, ticket_id=ticket.id, words_id=second.id))
        made = await merging.split(session, second, await staff(session), HOUSE, now + timedelta(hours=1))
        assert (await waiting(session, ticket), await waiting(session, made)) == ([1], [1])
        assert (ticket.requesters, made.requesters, made.split_from_id) == (1, 1, ticket.id)
        assert (made.category, made.building, made.station_id) == (ticket.category, "e1", ticket.station_id)
        assert [w.id for w in await words.said.about(session, made.id)] == [first.id, second.id]
        assert (await tickets.place_of(session, made.id, bob, HOUSE.vault))[1] is place
        assert await session.scalar(select(Posting.ticket_id).where(Posting.message_id == 99)) == made.id
        assert await told(session, "ticket.split") == 1


@pytest.mark.parametrize("anonymous", [False, True])
async def test_whoever_filed_waits_for_both_parts(database: Database, now: datetime, anonymous: bool) -> None:
    """An anonymous one is reached at both: what is sealed is bound to the salt, not to the ticket."""
    async with database.transaction() as session:
        ticket = await filed(session, now, 1, anonymous=anonymous)
        alice = await student(session, 1)
        _, place = await tickets.place_of(session, ticket.id, alice, HOUSE.vault)
        said = await said_later(session, ticket, place, now)
        made = await merging.split(session, said, await staff(session), HOUSE, now + timedelta(hours=1))
        assert ticket.requesters == made.requesters == 1
        for each in (ticket, made):
            found, theirs = await tickets.place_of(session, each.id, alice, HOUSE.vault)
            reached = await requesters.reach(session, theirs, HOUSE.vault)
            assert found is each
            assert reached is not None
            assert reached.chat_id == alice.telegram_id
        assert made.subject == HELLO["text"]


async def test_what_a_ticket_was_filed_with_and_what_staff_say_are_not_split_off(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        ticket = await filed(session, now, 1)
        wang = await staff(session)
        (first,) = await words.said.about(session, ticket.id)
        with pytest.raises(Refusal, match=r"split\.first_words"):
            await merging.split(session, first, wang, HOUSE, now)
        answer = await answering.answer(session, ticket, wang, HELLO, HOUSE, now, SOURCE)
        with pytest.raises(Refusal, match=r"split\.not_theirs"):
            await merging.split(session, answer, wang, HOUSE, now)
        assert await session.scalar(select(func.count(Ticket.id))) == 1


async def test_what_reads_alike_is_found_at_this_place_only(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        found = [await filed(session, now, number) for number in (1, 2, 3)]
        others = (
            {"building": "e2"},
            {"category": "other"},
            {"kind": Kind.THANKS},
            {"text": "There is no light on the stairs of the third floor"},
        )
        for changes in others:
            await asking.file(session, draft(**changes), await student(session, 5), HOUSE, now)
        await answering.resolve(session, found[2], await staff(session), "repaired", HOUSE, now)
        assert [each.id for each in await merging.alike(session, found[0])] == [found[1].id]


async def test_seven_that_are_one_get_one_answer(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        tap = [await filed(session, now, number, anonymous=number % 2 == 0) for number in range(1, 8)]
        wang = await staff(session)
        these = await merging.alike(session, tap[0], 30)
        assert await merging.merge_all(session, these, tap[0], wang, HOUSE, now) == 6
        await answering.resolve(session, tap[0], wang, "The pump was replaced", HOUSE, now)
        assert tap[0].requesters == 7
        assert await told(session, "ticket.fixed") == 7
        so_far = select(func.count()).where(Outgoing.letter == "so_far")
        assert await session.scalar(so_far) == 1, "a group takes twenty messages a minute"


async def test_the_words_of_a_merged_ticket_stay_and_their_edits_still_arrive(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        one, other = await filed(session, now, 1), await filed(session, now, 2)
        await merging.merge(session, other, one, await staff(session), HOUSE, now)
        (said,) = [w for w in await words.said.about(session, other.id) if w.side is Side.STUDENT]
        await tickets.edit(session, said, {"type": "text", "text": "Both taps"}, now)
        assert said.content["text"] == "Both taps"
        so_far = (await session.scalars(select(Outgoing).where(Outgoing.letter == "so_far"))).all()
        assert [(row.ticket_id, (row.payload or {})["about"]) for row in so_far] == [(one.id, [other.id])]
