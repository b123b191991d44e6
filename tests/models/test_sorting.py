"""How staff put tickets in order, what they take back, and who has a ticket when it comes back."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import (
    answering,
    asking,
    colleagues,
    listing,
    people,
    projects,
    requesters,
    retracting,
    shifts,
    sorting,
    tickets,
    words,
)
from models.database import Database
from models.errors import Refusal
from models.lifecycle import State
from models.outbox import Outgoing, Sending
from models.people import Role
from models.postings import Posting
from models.tickets import Event, Ticket
from models.words import EarlierWords, Words
from tests.house import EAST, HOUSE, WEST, draft, furnish, staff, student

SOURCE = (EAST, 77)
HELLO = {"type": "text", "text": "Coming at three"}
PICTURE = {"type": "photo", "file_id": "abc", "text": "this one?"}


async def a_ticket(session: AsyncSession, now: datetime) -> Ticket:
    await furnish(session)
    return await asking.file(session, draft(), await student(session), HOUSE, now)


async def told(session: AsyncSession, text: str) -> list[Outgoing]:
    rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "notice"))
    return [row for row in rows if (row.payload or {}).get("text") == text]


async def test_whoever_is_given_a_ticket_has_it_and_is_called(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        wang, li = await staff(session), await staff(session, 2, "Li")
        await sorting.assign(session, ticket, wang, li, HOUSE, now)
        assert (ticket.state, ticket.claimed_by_id, ticket.claim_due) == (State.CLAIMED, li.id, None)
        (called,) = await told(session, "station.assigned")
        assert called.payload is not None
        assert called.payload["params"]["who"] == li.telegram_id
        assert len(await told(session, "ticket.claimed")) == 1, "somebody has it: that is news to the student"
        await sorting.assign(session, ticket, li, wang, HOUSE, now)
        assert len(await told(session, "ticket.claimed")) == 1, "who it is, is the station's business"
        with pytest.raises(Refusal, match=r"assign\.has_it"):
            await sorting.assign(session, ticket, li, wang, HOUSE, now)
        await answering.release(session, ticket, wang, HOUSE, now)
        assert State(ticket.state) is State.NEW


async def test_everything_one_person_has_here_is_anothers(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        wang, li = await staff(session), await staff(session, 2, "Li")
        mine = [await a_ticket(session, now) for _ in range(3)]
        west = await asking.file(session, draft(building="w1"), await student(session), HOUSE, now)
        for ticket in (*mine, west):
            await answering.claim(session, ticket, wang, HOUSE, now)
        await answering.answer(session, mine[1], wang, HELLO, HOUSE, now, SOURCE)
        await answering.resolve(session, mine[2], wang, "repaired", HOUSE, now)
        assert [(p.id, n) for p, n in await sorting.holders(session, desks["east"], 5)] == [(wang.id, 2)]
        assert await sorting.reassign(session, desks["east"], li, wang, li, now) == 2
        assert [ticket.claimed_by_id for ticket in (*mine, west)] == [li.id, li.id, wang.id, wang.id]
        assert mine[1].state is State.ANSWERED
        assert len(await told(session, "station.reassigned")) == 1
        for giver, taker, key in ((li, li, "reassign.same"), (wang, li, "reassign.nothing")):
            with pytest.raises(Refusal, match=key):
                await sorting.reassign(session, desks["east"], li, giver, taker, now)


async def test_the_higher_of_both_priorities_counts(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        wang = await staff(session)
        await sorting.prioritise(session, ticket, wang, sorting.HIGH, now)
        assert ticket.priority == sorting.HIGH
        ticket.requesters = 10
        assert ticket.priority == sorting.URGENT, "ten who wait are more than staff said"
        ticket.requesters = 1
        await sorting.prioritise(session, ticket, wang, sorting.URGENT, now)
        assert ticket.priority == sorting.URGENT
        await sorting.prioritise(session, ticket, wang, sorting.NORMAL, now)
        assert ticket.priority == sorting.NORMAL


async def test_tags_are_words_that_find_a_ticket_again(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, other = await a_ticket(session, now), await a_ticket(session, now)
        wang = await staff(session)
        assert await sorting.tag(session, ticket, wang, "Water  #pipe, 三楼，water", now) == ["pipe", "water", "三楼"]
        await sorting.tag(session, other, wang, "water", now)
        water = listing.Sought(tags=("water",))
        assert [t.id for t in (await listing.find(session, water, None, 5)).tickets] == [other.id, ticket.id]
        assert await sorting.tag(session, other, wang, "#third-floor!", now) == ["third_floor"], "a link in Telegram"
        floor = listing.sought("#third-floor", {}, {}, HOUSE)
        assert [t.id for t in (await listing.find(session, floor, None, 5)).tickets] == [other.id]
        await sorting.tag(session, other, wang, "", now)
        assert [t.id for t in (await listing.find(session, water, None, 5)).tickets] == [ticket.id]
        for text, key in (("a b c d e f", "tag.too_many"), ("x" * 21, "tag.too_long")):
            with pytest.raises(Refusal, match=key):
                await sorting.tag(session, ticket, wang, text, now)
        assert len(await sorting.tags.about(session, ticket.id)) == 3


async def test_a_project_counts_its_tickets(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        ticket, other = await a_ticket(session, now), await a_ticket(session, now)
        wang = await staff(session)
        pipes = await projects.suggest(session, "  New   pipes ", desks["east"], now)
        lamps = await projects.suggest(session, "New lamps", desks["east"], now)
        for each in (ticket, other):
            await sorting.link(session, each, wang, pipes, now)
        assert [(p.title, n) for p, n in await projects.newest(session, 9)] == [("New lamps", 0), ("New pipes", 2)]
        await sorting.link(session, other, wang, lamps, now)
        await sorting.link(session, ticket, wang, None, now)
        assert [(p.id, n) for p, n in await projects.newest(session, 9)] == [(lamps.id, 1), (pipes.id, 0)]
        for title, key in ((" ", "project.title_missing"), ("x" * 101, "project.title_too_long")):
            with pytest.raises(Refusal, match=key):
                await projects.suggest(session, title, desks["east"], now)
        with pytest.raises(Refusal, match=r"project\.unknown"):
            await projects.get(session, 99)


async def test_staff_reopen_what_is_not_done_and_everybody_is_told_why(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        await asking.join(session, ticket, await student(session, 2, "Bob"), "e1", HOUSE, now)
        wang = await staff(session)
        with pytest.raises(Refusal, match=r"refused\.reopen"):
            await sorting.reopen(session, ticket, wang, "early", HOUSE, now)
        await answering.resolve(session, ticket, wang, "repaired", HOUSE, now)
        place = (await requesters.waiting.about(session, ticket.id))[0]
        await asking.confirm(session, ticket, place, now)
        much_later = now + timedelta(days=200)
        await sorting.reopen(session, ticket, wang, "It drips again", HOUSE, much_later)
        assert (ticket.state, ticket.reopenings, ticket.closed_at) == (State.REOPENED, 1, None)
        assert place.solved is None, "they are asked again"
        assert ticket.resolve_due is not None
        assert ticket.resolve_due > much_later
        assert len(await told(session, "ticket.reopened")) == 2


# ---------------------------------------------------------------- offered to another place


async def offered(session: AsyncSession, now: datetime, *, held: bool = True) -> Ticket:
    """Wang of the east station has had it and offers it to the west."""
    desks = await furnish(session)
    ticket, wang = await a_ticket(session, now), await staff(session)
    if held:
        await answering.claim(session, ticket, wang, HOUSE, now)
    await colleagues.seen(session, desks["east"], wang, now)
    await answering.transfer(session, ticket, wang, desks["west"], "theirs", HOUSE, now)
    return ticket


async def test_the_first_place_still_answers_and_notes_while_it_offers_a_ticket(
    database: Database, now: datetime
) -> None:
    """Nobody could answer until somebody accepted: first-recipient responsibility says who does (首接负责)."""
    async with database.transaction() as session:
        ticket = await offered(session, now)
        said = await answering.answer(session, ticket, await staff(session), HELLO, HOUSE, now, SOURCE)
        assert (ticket.state, ticket.replied_at) == (State.TRANSFERRED, now)
        assert ticket.claimed_by_id is None, "nobody there has it yet"
        assert ticket.claim_due is not None
        assert await session.scalar(select(func.count()).where(Outgoing.words_id == said.id)) == 1
        with pytest.raises(Refusal, match=r"refused\.ask"):
            await answering.answer(session, ticket, await staff(session), HELLO, HOUSE, now, SOURCE, asks=True)
        await asking.add(
            session, ticket, (await requesters.waiting.about(session, ticket.id))[0], [(HELLO, (1, 2))], HOUSE, now
        )
        below = select(Outgoing.chat_id).where(Outgoing.letter == "words", Outgoing.requester_id.is_(None))
        assert set(await session.scalars(below)) == {EAST, WEST}, "both read what the student adds"


async def test_whoever_accepts_reads_what_was_said_before(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        quiet, spoken = await offered(session, now), await offered(session, now)
        zhao = await staff(session, 3, "Zhao")
        await answering.answer(session, spoken, await staff(session), HELLO, HOUSE, now, SOURCE)
        for ticket in (quiet, spoken):
            await answering.accept(session, ticket, zhao, HOUSE, now)
        rows = (await session.scalars(select(Outgoing).where(Outgoing.letter == "so_far"))).all()
        assert [(row.ticket_id, row.chat_id) for row in rows] == [(spoken.id, WEST)]


async def test_a_ticket_that_comes_back_is_whoses_it_was(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, wang = await offered(session, now), await staff(session)
        await answering.give_back(session, ticket, await staff(session, 3, "Zhao"), "not ours", HOUSE, now)
        assert (ticket.state, ticket.claimed_by_id, ticket.claim_due) == (State.CLAIMED, wang.id, None)
        assert len(await told(session, "station.returned_to")) == 1


@pytest.mark.parametrize("held", [True, False], ids=["whoever had it has left", "nobody had it"])
async def test_a_ticket_that_comes_back_to_nobody_is_to_be_claimed(
    database: Database, now: datetime, held: bool
) -> None:
    async with database.transaction() as session:
        ticket = await offered(session, now, held=held)
        await colleagues.left(session, await tickets.responsible(session, ticket), await staff(session))
        await answering.give_back(session, ticket, None, "⏳", HOUSE, now)
        assert (ticket.state, ticket.claimed_by_id) == (State.NEW, None)
        assert ticket.claim_due is not None
        assert len(await told(session, "station.returned")) == 1


async def test_the_first_place_takes_its_offer_back(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, wang = await offered(session, now), await staff(session)
        desks = await furnish(session)
        await answering.recall(session, ticket, await staff(session, 2, "Li"), HOUSE, now)
        assert (ticket.station_id, ticket.from_station_id) == (desks["east"].id, None)
        assert ticket.claimed_by_id == wang.id
        (notice,) = await told(session, "station.recalled")
        assert notice.chat_id == WEST


async def test_resolved_by_the_first_place_the_offer_is_over(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, desks = await offered(session, now), await furnish(session)
        await answering.resolve(session, ticket, await staff(session), "repaired", HOUSE, now)
        assert (ticket.state, ticket.station_id, ticket.from_station_id) == (State.RESOLVED, desks["east"].id, None)
        cards = await session.scalars(select(Outgoing.chat_id).where(Outgoing.letter == "card"))
        assert set(cards) == {EAST, WEST}


async def test_who_is_there_is_known_by_acting_and_by_leaving(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        east = (await furnish(session))["east"]
        wang, li = await staff(session), await staff(session, 2, "Li")
        await colleagues.seen(session, east, wang, now)
        await colleagues.seen(session, east, li, now + timedelta(days=1))
        assert [p.name for p in await colleagues.of(session, east, now + timedelta(days=1))] == ["Li", "Wang"]
        await colleagues.left(session, east, li)
        assert [p.name for p in await colleagues.of(session, east, now + timedelta(days=60))] == ["Wang"]
        assert await colleagues.of(session, east, now + timedelta(days=61)) == []
        await colleagues.seen(session, east, li, now + timedelta(days=61))
        assert await colleagues.are_there(session, east, li.id)


async def test_whoever_leads_or_is_on_the_roster_may_be_given_a_ticket(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        east, west = places["east"], places["west"]
        wang, li, chen, sun = [await staff(session, i + 1, n) for i, n in enumerate(("Wang", "Li", "Chen", "Sun"))]
        await colleagues.seen(session, east, wang, now)
        await people.grant(session, Role.LEAD, li.telegram_id, given_by=1, now=now, station_id=east.id)
        shift = await shifts.add(session, east, 0, time(9), time(12), li, HOUSE.calendar, now)
        await shifts.toggle(session, shift, chen, li, now)
        theirs = await shifts.add(session, west, 0, time(9), time(12), li, HOUSE.calendar, now)
        await shifts.toggle(session, theirs, sun, li, now)
        assert [each.name for each in await colleagues.able(session, east, now)] == ["Wang", "Li", "Chen"]


# ---------------------------------------------------------------- taken back


async def answered(
    session: AsyncSession, now: datetime, content: dict[str, str], *, state: Sending = Sending.SENT
) -> tuple[Ticket, Words]:
    """An answer that two students have, or are about to have."""
    ticket = await a_ticket(session, now)
    await asking.join(session, ticket, await student(session, 2, "Bob"), "e1", HOUSE, now)
    said = await answering.answer(session, ticket, await staff(session), content, HOUSE, now, SOURCE)
    for row in (await session.scalars(select(Outgoing).where(Outgoing.words_id == said.id))).all():
        row.state = state
        if state is Sending.SENT:
            session.add(
                Posting(requester_id=row.requester_id, message_id=row.id, ticket_id=ticket.id, words_id=said.id)
            )
    await session.flush()
    return ticket, await session.get_one(Words, said.id)


async def edits(session: AsyncSession, said: Words) -> int:
    found = select(func.count()).where(Outgoing.letter == "edited", Outgoing.words_id == said.id)
    return await session.scalar(found) or 0


async def test_every_copy_of_what_is_taken_back_goes_and_nothing_of_it_is_kept(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        ticket, said = await answered(session, now, HELLO)
        wang = await staff(session)
        await tickets.edit(session, said, {"type": "text", "text": "Coming at four"}, now)
        await session.flush()
        await session.execute(
            Outgoing.__table__.update().where(Outgoing.letter == "edited").values(state="sent")  # type: ignore[attr-defined]
        )
        assert await retracting.retract_answer(session, said, wang, HOUSE, now)
        assert await edits(session, said) == 2 + 2
        kept = str([w.content for w in await words.said.about(session, ticket.id)])
        assert "Coming" not in kept
        assert await session.scalar(select(func.count(EarlierWords.id))) == 0
        assert not await told(session, "ticket.retracted"), "the text says so itself"
        (step,) = (await session.scalars(select(Event).where(Event.action == "retract"))).all()
        assert step.staff_id == wang.id
        with pytest.raises(Refusal, match=r"retract\.already"):
            await retracting.retract_answer(session, said, wang, HOUSE, now)
        assert await retracting.last_answer(session, ticket.id, wang) is None


async def test_a_picture_that_is_taken_back_is_told_of(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        _, said = await answered(session, now, PICTURE)
        await retracting.retract_answer(session, said, await staff(session), HOUSE, now)
        assert len(await told(session, "ticket.retracted")) == 2
        assert said.content == {"type": "text", "text": "", "was": "photo"}


async def test_what_has_not_left_yet_never_does(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        _, said = await answered(session, now, HELLO, state=Sending.DUE)
        assert await retracting.retract_answer(session, said, await staff(session), HOUSE, now)
        states = await session.scalars(select(Outgoing.state).where(Outgoing.words_id == said.id))
        assert set(states) == {Sending.SUPERSEDED}


async def test_a_copy_of_unclear_fate_is_said_to_be_out_of_reach(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket, said = await answered(session, now, HELLO, state=Sending.UNKNOWN)
        assert not await retracting.retract_answer(session, said, await staff(session), HOUSE, now)
        assert ticket.state is State.ANSWERED


async def test_only_an_answer_is_taken_back(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        wang = await staff(session)
        await answering.note(session, ticket, wang, HELLO, HOUSE, now, SOURCE)
        for said in await words.said.about(session, ticket.id):
            with pytest.raises(Refusal, match=r"retract\.no_answer"):
                await retracting.retract_answer(session, said, wang, HOUSE, now)
