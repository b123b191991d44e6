"""Forgetting: what goes, what stays, for whom it goes on, and that nothing lays anonymous tickets side by side."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.conversations import _keys
from models import (
    answering,
    asking,
    cases,
    casework,
    conversations,
    exports,
    forgetting,
    inbox,
    majors,
    mutes,
    mydata,
    outbox,
    people,
    reports,
    requesters,
    roster,
    similar,
    stations,
    tickets,
)
from models.base import Base
from models.cases import Case, Head, Report, Said
from models.conversations import Standing
from models.database import Database
from models.errors import Refusal
from models.exports import Export
from models.forgetting import Parting
from models.inbox import Arrival, Handling, Incoming
from models.lifecycle import Kind, State
from models.mutes import Mute
from models.outbox import Outgoing, Sending
from models.people import Grant, Person, Role
from models.postings import Card, Posting
from models.requesters import Requester
from models.roster import Enrolled
from models.tickets import Event, Ticket
from models.words import ERASED, EarlierWords, Words
from tests.house import EAST, HOUSE, draft, furnish, staff, student
from tests.models.test_roster import bring_in, line

BOT = 700000
NAME, USERNAME = "Alice Secretname", "alice_secretuser"
TAP, MORE, REMARK = "The secrettap drips all night", "secretmore words", "secretremark"


async def alice_of(session: AsyncSession) -> Person:
    return await people.meet(session, 837465921, NAME, USERNAME, "en")


async def forget(session: AsyncSession, person: Person, now: datetime) -> None:
    await forgetting.forget(session, person, BOT, HOUSE, now)


async def left_of(database: Database, needles: list[str]) -> list[str]:
    """Where any of these stands in any column of any table."""
    found = []
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in await session.execute(table.select()):
                for name, value in row._mapping.items():
                    raw = value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
                    shown = f"{raw} {json.dumps(value, ensure_ascii=False, default=str)}"
                    found += [f"{table.name}.{name}: {shown}" for needle in needles if needle in shown]
    return found


@pytest.mark.parametrize("anonymous", [False, True], ids=["named", "anonymous"])
async def test_nothing_of_somebody_forgotten_is_left_in_any_table(
    database: Database, now: datetime, anonymous: bool
) -> None:
    await bring_in(database, [line()], now)
    async with database.transaction() as session:
        await furnish(session)
        alice, wang = await alice_of(session), await staff(session)
        await roster.tie(session, (await session.scalars(select(Enrolled))).one(), alice)
        ticket = await asking.file(session, draft(TAP, anonymous=anonymous), alice, HOUSE, now)
        place = (await requesters.waiting.about(session, ticket.id))[0]
        (said,) = await asking.add(session, ticket, place, [({"type": "text", "text": MORE}, (1, 9))], HOUSE, now)
        row = await session.get_one(Words, said.id)
        await tickets.edit(session, row, {"type": "text", "text": "secretedited"}, now)
        session.add(Posting(chat_id=EAST, message_id=5, ticket_id=ticket.id, words_id=said.id))
        session.add(Posting(chat_id=None, requester_id=place.id, message_id=6, ticket_id=ticket.id))
        await answering.resolve(session, ticket, wang, "repaired", HOUSE, now)
        await asking.rate(session, ticket, place, 4, now)
        await asking.remark(session, ticket, place, REMARK, HOUSE, now)
        key = conversations.key_of(BOT, alice.telegram_id, alice.telegram_id)
        await conversations.write(
            session, key, conversations.NOWHERE, Standing("New:words", {"parts": []}), HOUSE.vault, now
        )
        for number, (chat, body) in enumerate(
            ((alice.telegram_id, TAP), (EAST, f'{{"from":{{"id":{alice.telegram_id}}}}}'))
        ):
            await inbox.store(session, BOT, [Arrival(number, chat, body, "ValueError")], HOUSE.vault, now)
    needles = [NAME, "Alice", USERNAME, "837465921", "secret"]
    assert len(await left_of(database, needles)) > 5, "there is something to erase"
    async with database.transaction() as session:
        await forget(session, await alice_of(session), now)
    assert await left_of(database, needles) == []
    async with database.reading() as session:
        place = (await session.scalars(select(Requester))).one()
        assert (place.person_id, place.salt, place.owner_tag, place.address) == (None, None, None, None)
        assert (place.rating, place.remark) == (4, None), "stars stay, words go"
        assert {row.state for row in await session.scalars(select(Incoming))} == {Handling.DONE}, "sealed or not"
        assert not (await session.scalars(select(EarlierWords))).all()
        assert not (await session.scalars(select(conversations.Conversation))).all()
        assert not (await session.scalars(select(Person).where(Person.telegram_id == 837465921))).all()
        enrolled = (await session.scalars(select(Enrolled))).one()
        assert enrolled.person_id is None, "the list is the university's; the tie is hers"
        ticket = await session.get_one(Ticket, 1)
        assert (ticket.kind, ticket.category, ticket.building, ticket.subject) == ("complaint", "water", "e1", "")
        assert ticket.marks == similar.marks("")
        private = await session.scalars(select(Posting).where(Posting.requester_id.is_not(None)))
        assert not private.all()
    async with database.transaction() as session:
        again = await alice_of(session)
        assert not again.agreed, "a stranger"


async def test_open_tickets_of_theirs_alone_are_withdrawn_and_shown_so(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await alice_of(session)
        ticket = await asking.file(session, draft(TAP), alice, HOUSE, now)
        photo = {"type": "photo", "file_id": "secretfile"}
        place = (await requesters.waiting.about(session, ticket.id))[0]
        text, picture = await asking.add(
            session, ticket, place, [({"type": "text", "text": MORE}, (1, 8)), (photo, (1, 9))], HOUSE, now
        )
        for message_id, said in ((5, text), (6, picture)):
            session.add(Posting(chat_id=EAST, message_id=message_id, ticket_id=ticket.id, words_id=said.id))
        card = await session.get_one(Card, (ticket.id, EAST))
        card.message_id, card.thread_id = 4, 77
        await session.flush()
        await forget(session, alice, now)
    async with database.reading() as session:
        ticket = await session.get_one(Ticket, 1)
        assert (ticket.state, ticket.closed_at) == (State.WITHDRAWN, now)
        rows = (await session.scalars(select(Outgoing).where(Outgoing.state == Sending.DUE))).all()
        told = {(row.letter or row.method): (row.chat_id, row.payload) for row in rows}
        assert set(told) == {"card", "edited", "deleteMessage", "editForumTopic"}
        edited = sorted((row.payload or {})["message_id"] for row in rows if row.letter == "edited")
        assert edited == [5, 6]
        assert told["deleteMessage"] == (EAST, {"message_id": 6}), "a picture is taken away besides"
        assert told["editForumTopic"] == (EAST, {"message_thread_id": 77, "name": "#1"})
        assert not (await session.scalars(select(Parting))).all()


async def test_a_ticket_that_others_wait_for_goes_on_without_the_words(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice, bob, wang = await alice_of(session), await student(session, 2, "Bob"), await staff(session)
        ticket = await asking.file(session, draft(TAP), alice, HOUSE, now)
        his = await asking.join(session, ticket, bob, "e1", HOUSE, now)
        await asking.add(
            session, ticket, his, [({"type": "text", "text": "No water in 305 either"}, (2, 9))], HOUSE, now
        )
        await forget(session, alice, now)
        assert ticket.state is State.NEW
        assert ticket.requesters == 1
        assert ticket.subject == "No water in 305 either", "called after what is left"
        await answering.answer(session, ticket, wang, {"type": "text", "text": "At three"}, HOUSE, now, (EAST, 99))
        rows = await session.scalars(
            select(Outgoing).where(Outgoing.letter == "words", Outgoing.requester_id.is_not(None))
        )
        assert [row.requester_id for row in rows] == [his.id]


async def test_a_joiner_s_words_go_and_the_filer_s_stay(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        bob, alice = await student(session, 2, "Bob"), await alice_of(session)
        ticket = await asking.file(session, draft("No water in 305"), bob, HOUSE, now)
        hers = await asking.join(session, ticket, alice, "e1", HOUSE, now)
        await asking.add(session, ticket, hers, [({"type": "text", "text": MORE}, (2, 9))], HOUSE, now)
        await forget(session, alice, now)
        await session.flush()
        assert ticket.subject == "No water in 305"
        said = (await session.scalars(select(Words).order_by(Words.id))).all()
        assert [w.content["type"] for w in said] == ["text", ERASED]
        assert ticket.requesters == 2, "the station sees her part at a moment of its own"
        await forgetting.part_due(session, now + forgetting.LATEST)
        assert ticket.requesters == 1
        assert ticket.state is State.NEW


async def test_anonymous_tickets_part_each_at_a_moment_of_its_own(database: Database, now: datetime) -> None:
    """Were they all to change in the minute in which somebody is forgotten, that would say whose they were."""
    async with database.transaction() as session:
        await furnish(session)
        alice = await alice_of(session)
        for i in range(4):
            await asking.file(session, draft(f"{TAP} {i}", anonymous=True), alice, HOUSE, now)
        named = await asking.file(session, draft(TAP), alice, HOUSE, now)
        before = len((await session.scalars(select(Event))).all())
        for row in await session.scalars(select(Outgoing)):
            row.state = Sending.SENT
        await session.flush()
        at = now + timedelta(hours=1)
        await forget(session, alice, at)
        assert named.state is State.WITHDRAWN
    async with database.transaction() as session:
        events = (await session.scalars(select(Event).order_by(Event.id))).all()[before:]
        assert [event.ticket_id for event in events] == [5]
        due = await session.scalars(select(Outgoing).where(Outgoing.state == Sending.DUE))
        assert {row.ticket_id for row in due} == {5}
        moments = [row.due for row in await session.scalars(select(Parting))]
        assert len(set(moments)) == 4
        assert all(at + forgetting.SOONEST <= moment <= at + forgetting.LATEST for moment in moments)
        edited = {w.ticket_id: w.edited_at for w in await session.scalars(select(Words))}
        assert all(moment == now for moment in edited.values()), "nothing says when they were erased"
        assert await forgetting.part_due(session, min(moments)) == 1
        assert await forgetting.part_due(session, at + forgetting.LATEST) == 3
        states = [t.state for t in await session.scalars(select(Ticket))]
        assert states == [State.WITHDRAWN] * 5


async def test_whoever_holds_a_role_cannot_be_forgotten_yet(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await alice_of(session)
        await people.grant_configured(session, Role.ADMIN, [alice.telegram_id], now)
        with pytest.raises(Refusal, match=r"forget\.role"):
            await forget(session, alice, now)
        await people.grant_configured(session, Role.ADMIN, [], now)
        await forget(session, alice, now)
        assert [grant.telegram_id for grant in await session.scalars(select(Grant))] == [-alice.id]


async def test_what_staff_did_stays_without_them(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        wang = await people.meet(session, 837465921, NAME, USERNAME, "en")
        ticket = await asking.file(session, draft("No water"), await student(session), HOUSE, now)
        await answering.claim(session, ticket, wang, HOUSE, now)
        await forget(session, wang, now)
        number = wang.id
    assert await left_of(database, [NAME, USERNAME, "837465921"]) == []
    async with database.reading() as session:
        hollow = await session.get_one(Person, number)
        assert (hollow.telegram_id, hollow.name, hollow.agreed) == (-number, forgetting.NOBODY, False)
        assert number in [event.staff_id for event in await session.scalars(select(Event))]


async def test_the_key_of_a_conversation_is_aiogram_s() -> None:
    from aiogram.fsm.storage.base import StorageKey

    assert conversations.key_of(1, 2, 3) == _keys.build(StorageKey(bot_id=1, chat_id=2, user_id=3))


@pytest.mark.parametrize("named", [False, True], ids=["anonymous", "named"])
async def test_a_sealed_report_stays_without_a_name_and_without_a_way_back(
    database: Database, now: datetime, named: bool
) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = -1009
        alice, sun = await alice_of(session), await staff(session, 1, "Sun")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await cases.confirm_room(session, -1009, sun, HOUSE.vault, now)
        report = Report(Head("Zhou", name=NAME if named else None), [{"type": "text", "text": "He sold tickets"}])
        case = await casework.file(session, report, alice, HOUSE, now)
        await casework.ask(session, case, sun, -1009, {"type": "text", "text": "When?"}, HOUSE, now)
        bob = await student(session, 2, "Bob")
        other = await casework.file(session, report, bob, HOUSE, now)
        found = await mydata.gather(session, alice, BOT, HOUSE.vault)
        assert found["sealed_reports"] == 1
        assert "sold" not in json.dumps(found, default=str)
        await forget(session, alice, now)
    assert await left_of(database, [NAME, "837465921"]) == []
    async with database.transaction() as session:
        case, other = await session.get_one(Case, case.id), await session.get_one(Case, other.id)
        assert cases.head_of(case, HOUSE.vault) == Head("Zhou")
        assert (case.salt, case.owner_tag, case.address) == (None, None, None)
        said = [line.content for line in await cases.lines_of(session, case, HOUSE.vault) if line.said is Said.REPORTER]
        assert said == [{"type": "text", "text": "He sold tickets"}], "it is about somebody else"
        due = await session.scalars(select(Outgoing).where(Outgoing.queue == "sealed", Outgoing.state == Sending.DUE))
        assert len(due.all()) == 1, "what Bob is told goes on"
        assert cases.reach(other, HOUSE.vault) is not None
        sun = await staff(session, 1, "Sun")
        with pytest.raises(Refusal, match=r"case\.nobody_there"):
            await casework.ask(session, case, sun, -1009, {"type": "text", "text": "When?"}, HOUSE, now)
        await casework.close(session, case, sun, -1009, "founded", "He returned it", HOUSE, now)
        assert await cases.of_reporter(session, await alice_of(session), HOUSE.vault) == []


async def test_forgetting_is_no_way_out_of_a_mute(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, lead, alice = await furnish(session), await staff(session), await alice_of(session)
        ticket = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        (who,) = await requesters.waiting.about(session, ticket.id)
        await mutes.mute(session, ticket, who, places["east"], lead, timedelta(hours=24), "rude", HOUSE, now)
        await mutes.appeal(session, alice, "secretappeal", HOUSE, now)
        assert (await mydata.gather(session, alice, BOT, HOUSE.vault))["mutes"][0]["reason"] == "rude"
        await forget(session, alice, now)
    async with database.transaction() as session:
        mute = (await session.scalars(select(Mute))).one()
        assert mutes.facts_of(mute, HOUSE.vault) == {"reason": "rude"}
        with pytest.raises(Refusal, match=r"mute\.muted"):
            await asking.file(session, draft(), await alice_of(session), HOUSE, now)
        assert await mutes.decide(session, mute, True, await staff(session), HOUSE, now) is None


async def test_a_former_supervisor_leaves_what_they_did(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = -1009
        sun = await people.meet(session, 837465921, NAME, USERNAME, "en")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await cases.confirm_room(session, -1009, sun, HOUSE.vault, now)
        alice = await student(session)
        case = await casework.file(
            session, Report(Head("Zhou"), [{"type": "text", "text": "Money"}]), alice, HOUSE, now
        )
        await casework.acknowledge(session, case, sun, -1009, HOUSE, now)
        ticket = await asking.file(session, draft("No water"), alice, HOUSE, now)
        major = await majors.propose(session, ticket, await staff(session), "a flood", now)
        await majors.approve(session, major, sun, HOUSE.vault, now)
        export = await exports.ask(session, "tickets.csv", {}, sun, now)
        await exports.made(session, export.id, f"holder {NAME}".encode(), 1, await stations.office(session), now)
        for row in await session.scalars(select(Outgoing)):
            row.state = Sending.SENT
            outbox.forget(row)
        await people.grant_configured(session, Role.SUPERVISOR, [], now)
        await forget(session, sun, now)
    assert await left_of(database, [NAME, USERNAME, "837465921"]) == []
    async with database.reading() as session:
        case = (await session.scalars(select(Case))).one()
        lines = await cases.lines_of(session, case, HOUSE.vault)
        assert [(line.said, line.by) for line in lines] == [(Said.REPORTER, ""), (Said.STEP, forgetting.NOBODY)]
        assert (await session.scalars(select(Export))).one().content is None
        assert (await majors.get(session, 1)).decided_by_id is not None


async def test_what_a_campus_system_filed_goes_on_without_who_joined_it(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await furnish(session)
        ticket = await reports.file(session, Kind.COMPLAINT, "water", "e1", "No water in 305", HOUSE, now)
        alice = await alice_of(session)
        await asking.join(session, ticket, alice, "e1", HOUSE, now)
        await forget(session, alice, now)
        await forgetting.part_due(session, now + forgetting.LATEST)
        assert (ticket.state, ticket.requesters, ticket.subject) == (State.NEW, 1, "No water in 305")
