"""Places that are closed, exchanged or moved: what is open goes along, once, and the chat is free again (law 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, outbox, requesters, seating, stations, tickets
from models.database import Database
from models.lifecycle import State
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.postings import Card, Posting
from models.stations import Station
from models.tickets import Event, Ticket
from models.words import Words
from tests.house import EAST, HOUSE, OFFICE, PLACES, WEST, draft, furnish, staff, student

ANEW = -100_777
HELLO = {"type": "text", "text": "It is the hot water side"}
WITHOUT_EAST = PLACES[1:]


MATTERS = ("a tap drips", "the lift stands still", "no wifi here", "mice!", "cold soup", "broken chair", "loud music")


async def filed(session: AsyncSession, now: datetime, number: int = 1) -> Ticket:
    someone = await student(session, number, f"Student {number}")
    return await asking.file(session, draft(MATTERS[number % len(MATTERS)]), someone, HOUSE, now)


async def close_east(session: AsyncSession, now: datetime) -> int:
    await stations.follow_config(session, WITHOUT_EAST, "zh-hans")
    return await seating.leave_closed(session, HOUSE, now)


async def test_two_stations_may_exchange_their_chats(database: Database) -> None:
    east, west, *others = PLACES
    async with database.transaction() as session:
        await furnish(session)
    async with database.transaction() as session:
        exchanged = [replace(east, chat_id=WEST), replace(west, chat_id=EAST), *others]
        moved = await stations.follow_config(session, exchanged, "zh-hans")
    assert [(place.key, place.chat_id) for place in moved] == [("east", WEST), ("west", EAST)]


async def test_a_chat_that_config_gives_to_another_place_is_given_back(database: Database) -> None:
    east, west, *others = PLACES
    async with database.transaction() as session:
        await furnish(session)
    async with database.transaction() as session:
        specs = [replace(east, chat_id=None), replace(west, chat_id=EAST), *others]
        await stations.follow_config(session, specs, "zh-hans")
        seats = {place.key: place.chat_id for place in await stations.open_desks(session)}
    assert (seats["east"], seats["west"]) == (None, EAST)


async def test_the_chat_of_a_closed_station_is_free_for_another(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
    async with database.transaction() as session:
        await close_east(session, now)
    async with database.transaction() as session:
        west = await stations.by_key(session, "west")
        assert west is not None
        await stations.bind(session, west, EAST, topics=False)
    async with database.reading() as session:
        found = await stations.by_chat(session, EAST)
        assert found is not None
        assert found.key == "west"


async def test_what_is_open_in_a_closed_station_goes_to_the_office(database: Database, now: datetime) -> None:
    """It had no card any more, and nobody could claim it."""
    later = now + timedelta(days=2)
    async with database.transaction() as session:
        desks, someone = await furnish(session), await staff(session)
        new, claimed, answered, waiting, offered, resolved, ended = [await filed(session, now, i) for i in range(1, 8)]
        await answering.claim(session, claimed, someone, HOUSE, now)
        await answering.answer(session, answered, someone, HELLO, HOUSE, now, (EAST, 1))
        await answering.answer(session, waiting, someone, HELLO, HOUSE, now, (EAST, 2), asks=True)
        await answering.transfer(session, offered, someone, desks["west"], "theirs", HOUSE, now)
        await answering.resolve(session, resolved, someone, "repaired", HOUSE, now)
        (place,) = await requesters.waiting.about(session, ended.id)
        await asking.withdraw(session, ended, place, now)
        written = len((await session.scalars(select(Outgoing.id).where(Outgoing.requester_id.is_not(None)))).all())
        assert await close_east(session, later) == 6
        assert await close_east(session, later) == 0, "at the next start there is nothing left to do"
        office = desks["office"].id
        states = [each.state for each in (new, claimed, answered, waiting, offered, resolved)]
        assert states == [State.NEW, State.NEW, State.NEW, State.WAITING, State.NEW, State.RESOLVED]
        assert {each.station_id for each in (new, claimed, answered, waiting, offered, resolved)} == {office}
        assert ended.station_id == desks["east"].id
        assert claimed.claim_due == HOUSE.calendar.add(later, HOUSE.general.claim)
        assert claimed.claimed_by_id is None
        cards = await session.scalars(select(Card.ticket_id).where(Card.chat_id == OFFICE))
        assert set(cards) == {each.id for each in (new, claimed, answered, waiting, offered, resolved)}
        steps = await session.scalars(select(Event.ticket_id).where(Event.action == "hand_over"))
        assert len(steps.all()) == 6
        told = (await session.scalars(select(Outgoing.id).where(Outgoing.requester_id.is_not(None)))).all()
        assert len(told) == written, "students are not bothered"
        await answering.claim(session, claimed, someone, HOUSE, later)


async def test_what_was_offered_to_a_closed_station_is_its_first_station_s_again(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        desks, someone = await furnish(session), await staff(session)
        ticket = await asking.file(session, draft(building="w1"), await student(session), HOUSE, now)
        await answering.transfer(session, ticket, someone, desks["east"], "theirs", HOUSE, now)
        await close_east(session, now)
        assert (ticket.station_id, ticket.from_station_id) == (desks["west"].id, None)
        assert ticket.state is State.NEW


async def test_a_ticket_that_is_reopened_goes_to_the_office_when_its_station_is_gone(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        desks, someone = await furnish(session), await staff(session)
        ticket = await filed(session, now)
        (place,) = await requesters.waiting.about(session, ticket.id)
        await answering.resolve(session, ticket, someone, "repaired", HOUSE, now)
        await asking.confirm(session, ticket, place, now)
        await close_east(session, now)
        assert ticket.station_id == desks["east"].id, "what ended there stays, for the figures"
        await asking.reopen(session, ticket, place, HOUSE, now)
        assert ticket.station_id == desks["office"].id
        assert await session.get(Card, (ticket.id, OFFICE)) is not None


async def words_for(session: AsyncSession, chat: int) -> list[tuple[int, int | None]]:
    """The rows that will bring words to this chat."""
    rows = await session.scalars(
        select(Outgoing)
        .where(Outgoing.chat_id == chat, Outgoing.letter == "words", Outgoing.state == Sending.DUE)
        .order_by(Outgoing.id)
    )
    return [(row.id, row.words_id) for row in rows]


async def test_words_follow_a_group_that_moves_once_and_below_the_card(database: Database, now: datetime) -> None:
    """What still waits moves, and what was said is said again: both brought the same words."""
    async with database.transaction() as session:
        await furnish(session)
        ticket = await filed(session, now)
        (place,) = await requesters.waiting.about(session, ticket.id)
        for i in (1, 2):
            said = await asking.add(session, ticket, place, [(HELLO, (10_001, i))], HOUSE, now + timedelta(minutes=i))
        # The first has been posted long ago, the second waits.
        first, second = [w.id for w in await tickets.below_card(session, ticket)]
        assert second == said[0].id
        for row in await session.scalars(select(Outgoing).where(Outgoing.words_id == first)):
            row.state = Sending.SENT
        session.add(Posting(chat_id=EAST, message_id=7, ticket_id=ticket.id, words_id=first))
    for _ in range(2):
        # Told from both chats, and found out while sending.
        async with database.transaction() as session:
            await seating.follow_chat(session, EAST, ANEW, now + timedelta(hours=1))
    async with database.transaction() as session:
        rows = await words_for(session, ANEW)
        assert [words_id for _, words_id in rows] == [first, second]
        cards = await session.scalars(
            select(Outgoing.id).where(Outgoing.letter == "card", Outgoing.state == Sending.DUE)
        )
        assert max(cards) < rows[0][0]
        session.add(Posting(chat_id=ANEW, message_id=8, ticket_id=ticket.id, words_id=first))
        moved = await stations.by_chat(session, ANEW)
        assert isinstance(moved, Station)
        await seating.post_open_cards(session, moved, now + timedelta(hours=1))
        assert [words_id for _, words_id in await words_for(session, ANEW)] == [second], "the first stands there by now"


async def test_a_card_that_stands_in_the_new_chat_already_survives_the_move(database: Database, now: datetime) -> None:
    """config.toml still names the old group: after a restart there are cards for both."""
    async with database.transaction() as session:
        await furnish(session)
        ticket = await filed(session, now)
        session.add(Card(ticket_id=ticket.id, chat_id=ANEW, message_id=5))
    async with database.transaction() as session:
        await seating.follow_chat(session, EAST, ANEW, now)
        (card,) = await session.scalars(select(Card).where(Card.ticket_id == ticket.id))
        assert (card.chat_id, card.message_id) == (ANEW, 5)
        assert (await session.scalars(select(Words.id))).all()


async def test_no_place_moves_into_the_chat_of_another(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        await seating.follow_chat(session, EAST, WEST, now)
        assert (desks["east"].chat_id, desks["west"].chat_id) == (EAST, WEST)


async def test_no_place_moves_into_a_private_chat(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        answer: dict[str, Any] = {"now": now, "lane": Lane.ANSWER, "repeat": Repeat.NEVER, "method": "sendMessage"}
        await outbox.post(session, chat_id=10_001, **answer)
        for old, new in ((EAST, 10_001), (10_001, EAST), (10_001, ANEW)):
            await seating.follow_chat(session, old, new, now)
        assert desks["east"].chat_id == EAST
        assert list(await session.scalars(select(Outgoing.chat_id))) == [10_001], "a student's answer stays theirs"
