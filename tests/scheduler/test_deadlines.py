"""Deadlines that pass: who is told, of what, and that one ticket's trouble stays its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.toolbox import Toolbox
from models import answering, asking, requesters, tickets
from models import deadlines as rules
from models.calendar import Span
from models.database import Database
from models.errors import Refusal
from models.house import House
from models.lifecycle import State
from models.outbox import Outgoing
from models.requesters import Requester
from models.tickets import Event, Ticket
from scheduler.jobs import deadlines
from tests.house import CALENDAR, DEADLINES, EAST, HOUSE, OFFICE, WEST, draft, furnish, staff, student

SUPERVISORS = -1004
HELLO = {"type": "text", "text": "Coming at three"}


async def due(database: Database, now: datetime, house: House = HOUSE) -> None:
    """Everything that is due then; the job asks of its toolbox only the house's rules."""
    await deadlines.run(database, Toolbox(cast(Any, None), house, cast(Any, None)), now)


async def filed(database: Database, now: datetime, number: int = 1, **changes: object) -> int:
    async with database.transaction() as session:
        desks = await furnish(session)
        desks["supervisors"].chat_id = SUPERVISORS
        alice = await student(session, number, f"Student {number}")
        return (await asking.file(session, draft(**changes), alice, HOUSE, now)).id  # type: ignore[arg-type]


async def told(session: AsyncSession, step: str = "") -> list[tuple[int | None, str]]:
    """The notices that have been written about deadlines, with the chat of each."""
    rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "notice").order_by(Outgoing.id))
    texts = [(row.chat_id, str((row.payload or {})["text"])) for row in rows]
    return [(chat, text) for chat, text in texts if text.startswith(("station.", "above.")) and text.endswith(step)]


def after(moment: datetime | None, *, days: int = 0, hours: float = 0) -> datetime:
    assert moment is not None
    return CALENDAR.add(moment, Span(days=days, hours=hours))


async def test_of_several_levels_reached_at_once_each_chat_hears_once(database: Database, now: datetime) -> None:
    """After a night without the program, three notices in a row told the station the same."""
    number = await filed(database, now)
    await due(database, now + timedelta(days=7))
    await due(database, now + timedelta(days=7))
    async with database.reading() as session:
        assert await told(session) == [
            (EAST, "station.overdue.claim"),
            (OFFICE, "above.overdue.claim"),
            (SUPERVISORS, "above.overdue.claim"),
        ]
        (notice,) = await session.scalars(select(Outgoing).where(Outgoing.chat_id == EAST, Outgoing.letter == "notice"))
        assert (notice.payload or {})["params"]["level"] == 3
        (step,) = await session.scalars(select(Event).where(Event.ticket_id == number, Event.action == "escalate"))
        assert step.detail == {"level": 3, "overdue": "claim"}


async def test_each_deadline_climbs_for_itself(database: Database, now: datetime) -> None:
    """A claim that was told to the supervisors made the reply and the resolution that came too late silent."""
    number = await filed(database, now)
    later = now + timedelta(days=7)
    await due(database, later)
    async with database.transaction() as session:
        ticket = await tickets.get(session, number)
        assert ticket.escalation == 3
        await answering.claim(session, ticket, await staff(session), HOUSE, later)
        assert ticket.escalation == 0, "what it was escalated for has been done"
        # Otherwise the reply would be three days late already.
        ticket.reply_due = after(later, hours=1)
        ticket.resolve_due = after(later, days=3)
    await due(database, after(later, hours=2))
    async with database.transaction() as session:
        assert await told(session, "overdue.reply") == [(EAST, "station.overdue.reply")]
        ticket = await tickets.get(session, number)
        assert ticket.escalation == 1
        someone = await staff(session)
        await answering.answer(session, ticket, someone, HELLO, HOUSE, after(later, hours=3), (EAST, 77))
    await due(database, after(later, days=5))
    async with database.reading() as session:
        assert await told(session, "overdue.resolve") == [
            (EAST, "station.overdue.resolve"),
            (OFFICE, "above.overdue.resolve"),
            (SUPERVISORS, "above.overdue.resolve"),
        ]


async def test_a_ticket_of_a_category_that_is_gone_keeps_the_general_deadlines(
    database: Database, now: datetime
) -> None:
    """One category taken out of config.toml stopped every deadline, and the destruction of keys."""
    house = replace(HOUSE, deadlines={}, general=replace(DEADLINES, resolve=Span(days=7)))
    number = await filed(database, now)
    await due(database, after(now, hours=4), house)
    async with database.transaction() as session:
        assert await told(session) == [(EAST, "station.overdue.claim")]
        ticket = await tickets.get(session, number)
        (place,) = await requesters.waiting.about(session, number)
        await answering.resolve(session, ticket, await staff(session), "repaired", HOUSE, now)
        await asking.reopen(session, ticket, place, house, now)
        assert ticket.resolve_due == after(now, days=7)


async def test_a_ticket_that_cannot_be_dealt_with_holds_up_no_other(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [await filed(database, now, i) for i in (1, 2, 3)]
    sealed = await filed(database, now, 4, anonymous=True)
    async with database.transaction() as session:
        ticket = await tickets.get(session, sealed)
        (place,) = await requesters.waiting.about(session, sealed)
        await asking.withdraw(session, ticket, place, now - HOUSE.forget_after)
    escalate = rules.escalate

    async def not_the_second(session: AsyncSession, ticket: Ticket, *how: Any) -> None:
        await escalate(session, ticket, *how)
        if ticket.id == numbers[1]:
            raise ZeroDivisionError

    monkeypatch.setattr(rules, "escalate", not_the_second)
    monkeypatch.setattr(deadlines, "BATCH", 2)
    await due(database, after(now, hours=4))
    async with database.reading() as session:
        assert [(await tickets.get(session, number)).escalation for number in numbers] == [1, 0, 1]
        keys = await session.scalars(select(Requester.owner_tag).where(Requester.ticket_id == sealed))
        assert keys.all() == [None]
    monkeypatch.undo()
    await due(database, after(now, hours=4))
    async with database.reading() as session:
        assert [(await tickets.get(session, number)).escalation for number in numbers] == [1, 1, 1]


async def test_a_ticket_that_nobody_holds_any_more_has_its_time_to_be_claimed_anew(
    database: Database, now: datetime
) -> None:
    number = await filed(database, now)
    async with database.transaction() as session:
        ticket, someone, desks = await tickets.get(session, number), await staff(session), await furnish(session)
        for moment in (after(now, hours=1), after(now, days=2)):
            await answering.claim(session, ticket, someone, HOUSE, moment)
            assert ticket.claim_due is None
            await answering.release(session, ticket, someone, HOUSE, moment)
            assert ticket.claim_due == after(moment, hours=4)
        moment = after(now, days=3)
        await answering.claim(session, ticket, someone, HOUSE, moment)
        await answering.transfer(session, ticket, someone, desks["west"], "theirs", HOUSE, moment)
        assert ticket.claim_due == after(moment, hours=4)
        await answering.give_back(session, ticket, None, "⏳", HOUSE, after(moment, hours=4))
        assert ticket.claim_due == after(moment, hours=8)


async def test_a_transfer_is_no_way_round_the_time_to_claim(database: Database, now: datetime) -> None:
    number = await filed(database, now)
    async with database.transaction() as session:
        ticket, someone, desks = await tickets.get(session, number), await staff(session), await furnish(session)
        await answering.transfer(session, ticket, someone, desks["west"], "theirs", HOUSE, after(now, hours=3))
        await answering.give_back(session, ticket, someone, "not ours", HOUSE, after(now, hours=3.5))
        assert ticket.claim_due == after(now, hours=4)


async def test_until_another_place_accepts_the_deadlines_are_the_first_station_s(
    database: Database, now: datetime
) -> None:
    number = await filed(database, now)
    async with database.transaction() as session:
        ticket, someone, desks = await tickets.get(session, number), await staff(session), await furnish(session)
        await answering.transfer(session, ticket, someone, desks["west"], "theirs", HOUSE, after(now, hours=2))
    await due(database, after(now, hours=3))
    await due(database, after(now, hours=4))
    async with database.reading() as session:
        assert await told(session) == [(EAST, "station.warned.claim"), (EAST, "station.overdue.claim")]
        cards = await session.scalars(select(Outgoing.chat_id).where(Outgoing.letter == "card"))
        assert {EAST, WEST} <= set(cards), "both chats show that it is overdue"
    await due(database, after(now, hours=6))
    async with database.reading() as session:
        assert (await tickets.get(session, number)).state is State.NEW
        assert (EAST, "station.returned") in await told(session)


async def test_a_no_to_the_call_back_reopens_whenever_it_is_said(database: Database, now: datetime) -> None:
    """It is asked up to 32 days after closing, when reopening had ended two days before."""
    number = await filed(database, now)
    silent = await filed(database, now, 2, category="other")
    async with database.transaction() as session:
        for each in (number, silent):
            ticket = await tickets.get(session, each)
            (place,) = await requesters.waiting.about(session, each)
            await answering.resolve(session, ticket, await staff(session), "repaired", HOUSE, now)
            await asking.confirm(session, ticket, place, now)
    for days in (28, 31):
        await due(database, now + timedelta(days=days))
    async with database.transaction() as session:
        asked = await session.scalars(select(Outgoing.ticket_id).where(Outgoing.dedupe.like("call_back:%")))
        assert asked.all() == [number]
        much_later = now + timedelta(days=40)
        for each, state in ((number, State.REOPENED), (silent, State.CLOSED)):
            ticket = await tickets.get(session, each)
            (place,) = await requesters.waiting.about(session, each)
            if state is State.CLOSED:
                with pytest.raises(Refusal, match=r"reopen\.too_late"):
                    await asking.reopen(session, ticket, place, HOUSE, much_later)
            else:
                await asking.reopen(session, ticket, place, HOUSE, much_later)
            assert ticket.state is state
