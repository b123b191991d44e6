"""Words that are taken back, tickets that go on from others, and what anonymous students are called."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, deadlines, following, pseudonyms, requesters, retracting, similar, tickets, words
from models.database import Database
from models.errors import Refusal
from models.lifecycle import Kind, State
from models.outbox import Outgoing, Sending
from models.postings import Posting
from models.requesters import Requester
from models.tickets import Event, Ticket
from models.words import EarlierWords, Words
from tests.house import EAST, HOUSE, draft, furnish, staff, student

MORE = {"type": "text", "text": "It is the left one"}


async def filed(session: AsyncSession, now: datetime, **changes: Any) -> tuple[Ticket, Requester]:
    await furnish(session)
    ticket = await asking.file(session, draft(**changes), await student(session), HOUSE, now)
    (place,) = await requesters.waiting.about(session, ticket.id)
    return ticket, place


async def test_words_taken_back_are_erased_with_all_they_ever_said(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session, now)
        (said,) = await asking.add(session, ticket, place, [(MORE, (10_001, 6))], HOUSE, now)
        kept = await session.get_one(Words, said.id)
        session.add(Posting(chat_id=EAST, message_id=9, ticket_id=ticket.id, words_id=said.id))
        await tickets.edit(session, kept, {**MORE, "text": "It is the right one"}, now)
        assert await retracting.retract(session, ticket, place, HOUSE, now) is False
        await session.flush()
        assert (kept.content, kept.source_tag, kept.retracted_at) == (
            {"type": "text", "text": "", "was": "text"},
            None,
            now,
        )
        assert await session.scalar(select(func.count()).select_from(EarlierWords)) == 0
        last = (await tickets.timeline(session, ticket.id))[-1]
        assert (last.action, last.detail) == ("take_back", {"who": 1})
        gone = await session.scalar(
            select(Outgoing.payload).where(Outgoing.letter == "edited", Outgoing.state == Sending.DUE)
        )
        assert gone == {"message_id": 9}, "the copy that was to be edited is drawn as what it is by then: gone"
        assert ticket.state is State.NEW


async def test_an_edit_of_words_taken_back_does_not_bring_them_back(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session, now)
        await asking.add(session, ticket, place, [(MORE, (10_001, 6))], HOUSE, now)
        await retracting.retract(session, ticket, place, HOUSE, now)
        await session.flush()
        assert await words.by_source(session, HOUSE.vault.tag("source", 10_001, 6)) is None


async def test_taking_back_all_there_is_withdraws_the_ticket_and_its_name_in_lists(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session, now)
        assert await retracting.is_all(session, ticket, place)
        assert await retracting.retract(session, ticket, place, HOUSE, now) is True
        assert (ticket.state, ticket.subject, ticket.folded) == (State.WITHDRAWN, "", "")
        with pytest.raises(Refusal, match=r"take_back\.nothing"):
            await retracting.retract(session, ticket, place, HOUSE, now)


async def test_a_joiner_takes_back_their_own_words_and_stays(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, first = await filed(session, now)
        place = await asking.join(session, ticket, await student(session, 2, "Bob"), "e1", HOUSE, now)
        await asking.add(session, ticket, place, [(MORE, (10_002, 6))], HOUSE, now)
        assert await retracting.retract(session, ticket, place, HOUSE, now) is False
        assert (ticket.requesters, place.left) == (2, False)
        assert [said.requester_id for said in await retracting.last_of(session, ticket, first)] == [first.id]


async def test_an_album_is_taken_back_whole(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, place = await filed(session, now)
        parts = [({"type": "photo", "file_id": str(i), "album": "a"}, (10_001, 10 + i)) for i in range(3)]
        await asking.add(session, ticket, place, parts, HOUSE, now)
        await retracting.retract(session, ticket, place, HOUSE, now)
        said = await session.scalars(select(Words).where(Words.retracted_at.is_not(None)))
        assert len(said.all()) == 3


async def closed(session: AsyncSession, now: datetime, **changes: Any) -> tuple[Ticket, Requester]:
    ticket, place = await filed(session, now, **changes)
    await answering.resolve(session, ticket, await staff(session), {"en": "Mended"}, HOUSE, now)
    await asking.confirm(session, ticket, place, now)
    return ticket, place


async def test_after_thirty_days_a_new_ticket_goes_on_from_the_old(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        old, place = await closed(session, now)
        assert not await following.may_go_on(session, old, place, now + timedelta(days=29))
        assert await following.may_go_on(session, old, place, now + timedelta(days=30))
        new = await asking.file(session, draft(follows=old.id), await student(session), HOUSE, now)
        assert new.follows_id == old.id
        assert await following.after(session, old) == [new.id]
        await deadlines.call_back(session, old, HOUSE, now + timedelta(days=28))
        assert not await following.may_go_on(session, old, place, now + timedelta(days=30)), "asked: it may be reopened"


async def test_a_link_that_would_name_an_anonymous_student_is_refused(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        old, _ = await closed(session, now, anonymous=True)
        alice = await student(session)
        with pytest.raises(Refusal, match=r"follow\.names_you"):
            await asking.file(session, draft(follows=old.id), alice, HOUSE, now)
        new = await asking.file(session, draft(follows=old.id, anonymous=True), alice, HOUSE, now)
        assert new.follows_id == old.id


async def test_nobody_links_to_what_is_neither_theirs_nor_shown_to_them(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        open_one, _ = await filed(session, now)
        over, _ = await closed(session, now)
        bob = await student(session, 2, "Bob")
        for number, building in ((open_one.id, "e1"), (over.id, "e2"), (999, "e1")):
            with pytest.raises(Refusal, match=r"ticket\.unknown"):
                await asking.file(session, draft(follows=number, building=building), bob, HOUSE, now)
        assert (await asking.file(session, draft(follows=over.id), bob, HOUSE, now)).follows_id == over.id


async def test_what_was_just_dealt_with_is_found_again_for_two_weeks(database: Database, now: datetime) -> None:
    how = {"kind": Kind.COMPLAINT, "category": "water", "building": "e1", "house": HOUSE}
    tap = "the tap in the bathroom drips"
    async with database.transaction() as session:
        old, _ = await closed(session, now)
        found = await similar.find_ended(session, tap, now=now + timedelta(days=14), **how)  # type: ignore[arg-type]
        assert [each.ticket.id for each in found] == [old.id]
        assert not await similar.find_ended(session, tap, now=now + timedelta(days=15), **how)  # type: ignore[arg-type]
        assert not await similar.find(session, tap, **how)  # type: ignore[arg-type]


async def test_no_two_requesters_of_a_ticket_share_a_pseudonym(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, first = await filed(session, now, anonymous=True)
        for number in range(2, 6):
            await asking.join(session, ticket, await student(session, number, f"S{number}"), "e1", HOUSE, now)
        names = list(await session.scalars(select(Requester.pseudonym)))
        assert len(set(names)) == 5
        await requesters.destroy_keys(session, [ticket.id])
        assert first.pseudonym is not None, "it names nobody, so it may stay"
        assert (first.salt, first.owner_tag, first.address) == (None, None, None)
        assert await session.scalar(select(func.count()).select_from(Event).where(Event.action == "join")) == 4


def test_a_pseudonym_has_a_number_when_every_word_is_taken() -> None:
    taken: list[str | None] = []
    for _ in range(len(pseudonyms.WORDS) + 1):
        taken.append(pseudonyms.draw(taken))
    assert len(set(taken)) == len(taken)
    assert str(taken[-1]).endswith(" 2")
