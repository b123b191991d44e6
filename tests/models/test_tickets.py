"""The life of a ticket, held by one table: every state with every action, and what each rule promises."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from models import (
    answering,
    asking,
    deadlines,
    merging,
    projects,
    requesters,
    retracting,
    seating,
    sorting,
    stations,
    tickets,
    words,
)
from models.database import Database
from models.errors import Refusal
from models.lifecycle import ENDED, OPEN, TRANSITIONS, Action, Kind, State
from models.outbox import Lane, Outgoing
from models.tickets import Event, Ticket
from tests.house import EAST, HOUSE, OFFICE, WEST, draft, furnish, staff, student

SOURCE = (EAST, 77)
HELLO = {"type": "text", "text": "Coming at three"}


async def a_ticket(session: AsyncSession, now: datetime, **changes: object) -> Ticket:
    await furnish(session)
    return await asking.file(session, draft(**changes), await student(session), HOUSE, now)  # type: ignore[arg-type]


async def act(session: AsyncSession, ticket: Ticket, action: Action, now: datetime) -> None:
    """Do this to the ticket by the rule that does it for people."""
    someone = await staff(session)
    place = (await requesters.waiting.about(session, ticket.id))[0]
    desks = await furnish(session)
    match action:
        case Action.CLAIM:
            await answering.claim(session, ticket, someone, HOUSE, now)
        case Action.RELEASE:
            ticket.claimed_by_id = someone.id
            await answering.release(session, ticket, someone, HOUSE, now)
        case Action.ANSWER | Action.ASK:
            await answering.answer(session, ticket, someone, HELLO, HOUSE, now, SOURCE, asks=action is Action.ASK)
        case Action.NOTE:
            await answering.note(session, ticket, someone, HELLO, HOUSE, now, SOURCE)
        case Action.TRANSFER:
            await answering.transfer(session, ticket, someone, desks["west"], "theirs", HOUSE, now)
        case Action.ACCEPT:
            await answering.accept(session, ticket, someone, HOUSE, now)
        case Action.RETURN:
            await answering.give_back(session, ticket, someone, "not ours", HOUSE, now)
        case Action.RESOLVE:
            await answering.resolve(session, ticket, someone, "repaired", HOUSE, now)
        case Action.ADD:
            await asking.add(session, ticket, place, [(HELLO, (10_001, 6))], HOUSE, now)
        case Action.TAKE_BACK:
            # Beside what it was filed with: taking back all there is would withdraw it.
            await tickets.keep(session, ticket, words.Side.STUDENT, HELLO, HOUSE, now, (10_001, 6), requester=place)
            await retracting.retract(session, ticket, place, HOUSE, now)
        case Action.URGE:
            await asking.urge(session, ticket, now)
        case Action.JOIN:
            await asking.join(session, ticket, await student(session, 2, "Bob"), "e1", HOUSE, now)
        case Action.WITHDRAW:
            await asking.withdraw(session, ticket, place, now)
        case Action.CONFIRM:
            await asking.confirm(session, ticket, place, now)
        case Action.RATE:
            await asking.rate(session, ticket, place, 5, now)
        case Action.REOPEN:
            await asking.reopen(session, ticket, place, HOUSE, now)
        case Action.CLOSE:
            await deadlines.close_unanswered(session, ticket, now)
        case Action.ESCALATE:
            await deadlines.escalate(session, ticket, 1, "claim", now)
        case Action.MERGE:
            await merging.merge(session, ticket, await another(session, now), someone, HOUSE, now)
        case Action.TAKE_IN:
            await merging.merge(session, await another(session, now), ticket, someone, HOUSE, now)
        case Action.UNMERGE:
            if ticket.state is State.MERGED:
                ticket.state = State.NEW
                await merging.merge(session, ticket, await another(session, now), someone, HOUSE, now)
            await merging.undo(session, ticket, someone, HOUSE, now)
        case Action.SPLIT:
            later = now + timedelta(minutes=1)
            said = await tickets.keep(
                session, ticket, words.Side.STUDENT, HELLO, HOUSE, later, (10_001, 8), requester=place
            )
            await merging.split(session, said, someone, HOUSE, later)
        case Action.ASSIGN:
            await sorting.assign(session, ticket, someone, await staff(session, 2, "Li"), HOUSE, now)
        case Action.RECALL:
            await answering.recall(session, ticket, someone, HOUSE, now)
        case Action.RETRACT:
            said = await tickets.keep(session, ticket, words.Side.STAFF, HELLO, HOUSE, now, SOURCE, staff=someone)
            answer = await session.get_one(words.Words, said.id)
            await retracting.retract_answer(session, answer, someone, HOUSE, now)
        case Action.PRIORITY:
            await sorting.prioritise(session, ticket, someone, sorting.HIGH, now)
        case Action.TAG:
            await sorting.tag(session, ticket, someone, "water pipe", now)
        case Action.PROJECT:
            await sorting.link(
                session, ticket, someone, await projects.suggest(session, "Pipes", desks["east"], now), now
            )
        case Action.HAND_OVER:
            await seating.hand_over(session, ticket, HOUSE, now)


async def another(session: AsyncSession, now: datetime) -> Ticket:
    """A second ticket, of somebody else."""
    return await asking.file(session, draft(), await student(session, 9, "Carol"), HOUSE, now)


@pytest.fixture(scope="module")
def every_pair() -> list[tuple[State, Action]]:
    return list(itertools.product(State, Action))


async def test_every_state_with_every_action_does_what_the_table_says(
    database: Database, now: datetime, every_pair: list[tuple[State, Action]]
) -> None:
    """The whole product: allowed pairs lead where the table says, all others are refused and change nothing. The table
    is no database's: on PostgreSQL every seventh pair, so that each action and each state has its turn.
    """
    for state, action in every_pair if database.is_sqlite else every_pair[::7]:
        # A resolved ticket takes further words by being reopened first: two steps of the same table.
        reopened_by_words = (state, action) == (State.RESOLVED, Action.ADD)
        try:
            async with database.transaction() as session:
                ticket = await a_ticket(session, now)
                ticket.state = state
                await session.flush()
                mine = select(func.count()).where(Event.ticket_id == ticket.id)
                before = await session.scalar(mine)
                expected = State.REOPENED if reopened_by_words else TRANSITIONS.get((state, action))
                try:
                    await act(session, ticket, action, now)
                except Refusal as refusal:
                    assert expected is None, f"{state} × {action} was refused: {refusal.key}"
                    assert ticket.state is state
                    assert await session.scalar(mine) == before
                else:
                    assert ticket.state is expected, f"{state} × {action}"
                raise _Undo
        except _Undo:
            pass


class _Undo(Exception):
    """Ends a trial: each pair begins with an empty database."""


def test_nothing_leads_out_of_an_end_but_reopening_and_afterthoughts() -> None:
    leaving = {(s, a) for (s, a), to in TRANSITIONS.items() if s in ENDED and to is not s}
    assert leaving == {(State.CLOSED, Action.REOPEN), (State.MERGED, Action.UNMERGE)}


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    reached = {State.NEW} | set(TRANSITIONS.values())
    assert reached == set(State)
    for state in OPEN:
        assert (state, Action.WITHDRAW) in TRANSITIONS


async def test_a_building_leads_to_its_station_and_a_category_may_lead_to_the_office(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        person = await student(session)
        by_building = await asking.file(session, draft(), person, HOUSE, now)
        by_category = await asking.file(session, draft(category="internet"), person, HOUSE, now)
        nowhere = await asking.file(session, draft(building=None), person, HOUSE, now)
    assert by_building.station_id == desks["east"].id
    assert by_category.station_id == nowhere.station_id == desks["office"].id


async def test_deadlines_count_working_time(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
    # Half past nine: two and a half hours before noon, one and a half after half past one.
    assert ticket.claim_due == datetime.fromisoformat("2026-10-12T15:00+08:00")
    assert ticket.reply_due == datetime.fromisoformat("2026-10-13T09:30+08:00")
    assert ticket.resolve_due == datetime.fromisoformat("2026-10-19T09:30+08:00")


async def test_of_two_who_claim_one_wins_and_the_other_is_told_who(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        first, second = await staff(session, 1, "Wang"), await staff(session, 2, "Li")
        await answering.claim(session, ticket, first, HOUSE, now)
        with pytest.raises(Refusal) as refusal:
            await answering.claim(session, ticket, second, HOUSE, now)
    assert (refusal.value.key, refusal.value.params["name"]) == ("claim.taken", "Wang")


async def test_a_ticket_changed_by_somebody_else_meanwhile_is_not_overwritten(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
    with pytest.raises(StaleDataError):
        async with database.transaction() as session:
            mine = await tickets.get(session, ticket.id)
            elsewhere = update(Ticket).values(version=Ticket.version + 1)
            await session.execute(elsewhere, execution_options={"synchronize_session": False})
            mine.subject = "changed"


async def test_an_answer_reaches_everybody_who_waits_and_is_never_repeated_by_itself(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        await asking.join(session, ticket, await student(session, 2, "Bob"), "e1", HOUSE, now)
        said = await answering.answer(session, ticket, await staff(session), HELLO, HOUSE, now, SOURCE)
        rows = (
            await session.scalars(select(Outgoing).where(Outgoing.words_id == said.id, Outgoing.letter == "words"))
        ).all()
    assert {row.repeat for row in rows} == {"never"}
    named, sealed = sorted(rows, key=lambda row: row.chat_id is None)
    assert named.chat_id == 10_001
    assert sealed.chat_id is None
    assert sealed.requester_id is not None


@pytest.mark.parametrize(
    ("changes", "building"),
    [({"kind": Kind.THANKS}, "e1"), ({}, "e2"), ({}, "w1")],
    ids=["thanks", "next door", "far away"],
)
async def test_a_ticket_that_is_offered_to_nobody_here_cannot_be_joined(
    database: Database, now: datetime, changes: dict[str, object], building: str
) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now, **changes)
        with pytest.raises(Refusal, match=r"ticket\.unknown"):
            await asking.join(session, ticket, await student(session, 2, "Bob"), building, HOUSE, now)
    assert ticket.requesters == 1


async def test_many_changes_make_one_card_to_draw(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        someone = await staff(session)
        await answering.claim(session, ticket, someone, HOUSE, now)
        await answering.note(session, ticket, someone, HELLO, HOUSE, now, SOURCE)
        await asking.urge(session, ticket, now)
        cards = await session.scalar(select(func.count()).select_from(Outgoing).where(Outgoing.letter == "card"))
    assert cards == 1


async def test_a_note_goes_nowhere(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        await answering.note(session, ticket, await staff(session), HELLO, HOUSE, now, SOURCE)
        letters = (await session.scalars(select(Outgoing.letter).where(Outgoing.words_id.is_not(None)))).all()
        kept = [w for w in await words.said.about(session, ticket.id) if w.side is words.Side.NOTE]
    assert letters == []
    assert [k.content for k in kept] == [HELLO]


async def test_it_is_urged_once_a_day(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        await asking.urge(session, ticket, now)
        with pytest.raises(Refusal, match=r"urge\.too_soon"):
            await asking.urge(session, ticket, now + timedelta(hours=23, minutes=59))
        await asking.urge(session, ticket, now + timedelta(hours=24))
    assert ticket.urged == 2


async def test_it_is_reopened_within_thirty_days_and_its_clocks_start_again(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        (place,) = await requesters.waiting.about(session, ticket.id)
        await answering.resolve(session, ticket, await staff(session), "repaired", HOUSE, now)
        await asking.confirm(session, ticket, place, now)
        with pytest.raises(Refusal, match=r"reopen\.too_late"):
            await asking.reopen(session, ticket, place, HOUSE, now + timedelta(days=30))
        later = now + timedelta(days=29)
        await asking.reopen(session, ticket, place, HOUSE, later)
    assert ticket.state is State.REOPENED
    assert ticket.resolve_due is not None
    assert ticket.resolve_due > later
    assert place.solved is False


async def test_a_transfer_nobody_accepts_goes_back_to_its_first_station(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        desks = await furnish(session)
        await answering.transfer(session, ticket, await staff(session), desks["west"], "theirs", HOUSE, now)
        assert ticket.station_id == desks["west"].id
        await answering.give_back(session, ticket, None, "not accepted in time", HOUSE, now)
    assert ticket.station_id == desks["east"].id
    assert ticket.from_station_id is None


async def test_a_ticket_is_never_transferred_to_the_supervisors(database: Database, now: datetime) -> None:
    """The keyboard does not offer it, but a command and a forged press name any place."""
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        desks = await furnish(session)
        desks["supervisors"].chat_id = -1004
        assert [place.key for place in await stations.takers(session, desks["east"])] == ["west", "office"]
        with pytest.raises(Refusal, match=r"transfer\.not_there"):
            await answering.transfer(session, ticket, await staff(session), desks["supervisors"], "theirs", HOUSE, now)
    assert ticket.state is State.NEW


async def test_both_chats_get_a_card_when_a_ticket_moves(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        desks = await furnish(session)
        await answering.transfer(session, ticket, await staff(session), desks["west"], "theirs", HOUSE, now)
        chats = (await session.scalars(select(Outgoing.chat_id).where(Outgoing.letter == "card"))).all()
    assert set(chats) == {EAST, WEST}
    assert OFFICE not in chats


async def test_a_ticket_of_several_goes_on_when_one_of_them_leaves(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        bob = await student(session, 2, "Bob")
        place = await asking.join(session, ticket, bob, "e1", HOUSE, now)
        await asking.withdraw(session, ticket, place, now)
        assert ticket.state is State.NEW
        (left,) = await requesters.waiting.about(session, ticket.id)
        await asking.withdraw(session, ticket, left, now)
    assert State(ticket.state) is State.WITHDRAWN


@pytest.mark.parametrize("rating", [0, 6, -1])
async def test_a_rating_is_one_to_five(database: Database, now: datetime, rating: int) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        ticket.state = State.CLOSED
        (place,) = await requesters.waiting.about(session, ticket.id)
        with pytest.raises(Refusal, match=r"rate\.range"):
            await asking.rate(session, ticket, place, rating, now)


async def test_only_the_first_human_words_count_as_the_reply(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        someone = await staff(session)
        await answering.claim(session, ticket, someone, HOUSE, now)
        assert ticket.replied_at is None, "a claim is no reply"
        await answering.note(session, ticket, someone, HELLO, HOUSE, now, SOURCE)
        assert ticket.replied_at is None, "a note is no public reply"
        await answering.answer(session, ticket, someone, HELLO, HOUSE, now + timedelta(hours=1), SOURCE)
        await answering.answer(session, ticket, someone, HELLO, HOUSE, now + timedelta(hours=2), SOURCE)
    assert ticket.replied_at == now + timedelta(hours=1)


async def test_what_is_said_to_a_student_about_a_ticket_keeps_its_order(database: Database, now: datetime) -> None:
    """ "Somebody has it now" came after what they had said: the courier keeps a chat's order within a lane only."""
    async with database.transaction() as session:
        ticket = await a_ticket(session, now)
        wang = await staff(session)
        await answering.claim(session, ticket, wang, HOUSE, now)
        await answering.answer(session, ticket, wang, HELLO, HOUSE, now, SOURCE)
        await answering.resolve(session, ticket, wang, "Mended", HOUSE, now)
        lanes = await session.scalars(select(Outgoing.lane).where(Outgoing.requester_id.is_not(None)))
        assert list(lanes) == [Lane.ANSWER] * 3
