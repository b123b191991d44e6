"""Recusal, mutes of somebody nobody knows, and the way of a major matter, as rules."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models import (
    answering,
    asking,
    cases,
    casework,
    exports,
    hooks,
    majors,
    mutes,
    people,
    reports,
    requesters,
    roles,
    sealed,
    seals,
    words,
)
from models.audit import Act
from models.cases import CaseWords, Head, Report
from models.database import Database
from models.errors import Refusal
from models.outbox import Outgoing, Sending
from models.people import Role
from models.words import Side
from tests.house import HOUSE, draft, furnish, staff, student

WORDS = [{"type": "text", "text": "They took money"}]


async def test_the_one_it_is_about_is_recused_and_the_others_read_it_in_private(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = -1009
        alice, sun, qian = await student(session), await staff(session, 1, "Sun"), await staff(session, 2, "Qian")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id, qian.telegram_id], now)
        await session.flush()
        await cases.confirm_room(session, -1009, sun, HOUSE.vault, now)
        head = Head("Sun", supervisor=True, recused=sun.telegram_id)
        case = await casework.file(session, Report(head, WORDS), alice, HOUSE, now)
        assert await cases.chats(session, case, HOUSE.vault) == [qian.telegram_id]
        for chat in (-1009, sun.telegram_id):
            with pytest.raises(Refusal) as refused:
                await cases.must_handle(session, case, sun, chat, HOUSE.vault)
            assert refused.value.key == "case.unknown"
        assert await cases.must_handle(session, case, qian, qian.telegram_id, HOUSE.vault) is qian


async def test_whom_it_is_about_does_not_choose_who_reads_it(database: Database, now: datetime) -> None:
    """Supervisors give and take roles by themselves: who comes after a report reads it only by config.toml."""
    async with database.transaction() as session:
        places = await furnish(session)
        above, alice, later = places["supervisors"], await student(session), now + timedelta(hours=1)
        above.chat_id = -1009
        sun, qian, friend = (
            await staff(session, 1, "Sun"),
            await staff(session, 2, "Qian"),
            await staff(session, 3, "Fu"),
        )
        reader, chosen = await staff(session, 4, "Reader"), await staff(session, 5, "Chosen")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await session.flush()
        await roles.give(session, above, sun, Role.SUPERVISOR, qian, None, now)
        await roles.give(session, above, sun, Role.READER, reader, None, now)
        head = Head("Sun", supervisor=True, recused=sun.telegram_id)
        case = await casework.file(session, Report(head, WORDS), alice, HOUSE, now)

        async def may_read() -> list[int]:
            return await cases.chats(session, case, HOUSE.vault)

        await roles.give(session, above, sun, Role.SUPERVISOR, friend, None, later)
        await roles.give(session, above, sun, Role.READER, chosen, None, later)
        assert await may_read() == [qian.telegram_id]
        await roles.take_back(session, above, sun, Role.SUPERVISOR, qian, None, later)
        assert await may_read() == [reader.telegram_id]
        await roles.give(session, above, sun, Role.SUPERVISOR, qian, None, later)
        assert await may_read() == [reader.telegram_id]
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id, chosen.telegram_id], later)
        await session.flush()
        assert await may_read() == [chosen.telegram_id]


async def test_no_record_export_or_other_system_meets_a_report(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = -1009
        alice, sun = await student(session), await staff(session, 1, "Sun")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await cases.confirm_room(session, -1009, sun, HOUSE.vault, now)
        case = await casework.file(session, Report(Head("Zhou"), WORDS), alice, HOUSE, now)
        await casework.close(session, case, sun, -1009, "founded", "Returned", HOUSE, now)
        assert await seals.seal(session, HOUSE.vault) == 0
        assert await hooks.gather(session, hooks.EVENTS, now) == 0
        assert not await reports.published(session)
        everything = exports.Which(now - timedelta(days=1), now + timedelta(days=1))
    assert [batch async for batch in exports.batches(database, everything)] == []


async def test_an_anonymous_student_is_muted_without_being_known_and_may_appeal(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        places, lead = await furnish(session), await staff(session)
        alice, bob = await student(session), await student(session, 2, "Bob")
        ticket = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        (who,) = await requesters.waiting.about(session, ticket.id)
        day = timedelta(hours=24)
        reason = "rude in #1, ＃12, 工单12, 工單：第 12 號, 12号工单, tickets no. 12, 12 times in room 12"
        mute = await mutes.mute(session, ticket, who, places["east"], lead, day, reason, HOUSE, now)
        assert mutes.facts_of(mute, HOUSE.vault)["reason"] == f"rude in {'#…, ' * 6}12 times in room 12"
        assert mute.until is not None
        assert (mute.until.minute, mute.until.second) == (0, 0)
        for add in (False, True):
            with pytest.raises(Refusal) as refused:
                if add:
                    await asking.add(session, ticket, who, [(WORDS[0], (1, 2))], HOUSE, now)
                else:
                    await asking.file(session, draft(), alice, HOUSE, now)
            assert refused.value.key == "mute.muted"
        await asking.file(session, draft(), bob, HOUSE, now)
        await mutes.appeal(session, alice, "It was a joke", HOUSE, now)
        with pytest.raises(Refusal, match=r"appeal\.own"):
            await mutes.decide(session, mute, False, lead, HOUSE, now)
        told = await mutes.decide(session, mute, True, lead, HOUSE, now)
        assert told is not None
        assert told.chat_id == alice.telegram_id
        await asking.file(session, draft(), alice, HOUSE, now)


async def test_two_mutes_do_not_say_that_they_are_one_persons(database: Database, now: datetime) -> None:
    """Nor does the record of one say in which moment its student was told, beside which ticket; and where nobody is
    muted, nothing is opened to find that out.
    """
    now = now.replace(minute=17, second=21)
    async with database.transaction() as session:
        places, admin, alice = await furnish(session), await staff(session), await student(session)
        hidden = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        named = await asking.file(session, draft(), alice, HOUSE, now)
        given = []
        for ticket, span in ((hidden, None), (named, None), (hidden, timedelta(hours=2)), (named, timedelta(hours=1))):
            (who,) = await requesters.waiting.about(session, ticket.id)
            given.append(await mutes.mute(session, ticket, who, places["office"], admin, span, "rude", HOUSE, now))
        assert set(await mutes.in_force(session, now)) == set(given), "none has taken another's place"
        assert len({(mute.salt, mute.tag) for mute in given}) == len({mute.tag for mute in given}) == 4
        acts = {act.at for act in await session.scalars(select(Act))}
        told = await session.scalars(select(Outgoing).where(Outgoing.letter == "notice"))
        assert acts.isdisjoint({row.not_before for row in told})
        for left in reversed(given):
            mute = await mutes.standing(session, alice.telegram_id, HOUSE.vault, now)
            assert mute is not None
            assert mute.until is None or left in given[2:]
            await mutes.decide(session, left, True, admin, HOUSE, now)
        assert await mutes.standing(session, alice.telegram_id, HOUSE.vault, now) is None
        who.person_id, who.address = None, b"nobody can open this"
        await mutes.must_hear(session, who, HOUSE, now)


async def test_a_muted_student_answers_what_staff_asked_and_nothing_else(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, lead, alice = await furnish(session), await staff(session), await student(session)
        ticket = await asking.file(session, draft(), alice, HOUSE, now)
        (who,) = await requesters.waiting.about(session, ticket.id)
        await mutes.mute(session, ticket, who, places["east"], lead, timedelta(hours=24), "rude", HOUSE, now)
        ask = {"type": "text", "text": "Which tap?"}
        await answering.answer(session, ticket, lead, ask, HOUSE, now, (-1001, 7), asks=True)
        parts = [({"type": "photo", "file_id": f"f{n}", "album": "a"}, (10_001, 8 + n)) for n in range(2)]
        for part in parts:
            # The first part answers, and the ticket waits no more; the album is one answer all the same.
            await asking.add(session, ticket, who, [part], HOUSE, now)
        (said, *_) = [each for each in await words.said.about(session, ticket.id) if each.side is Side.STUDENT]
        for refused in (
            asking.add(session, ticket, who, [({**parts[0][0], "album": "b"}, (10_001, 12))], HOUSE, now),
            asking.add(session, ticket, who, [(WORDS[0], (10_001, 13))], HOUSE, now),
            asking.edit(session, said, WORDS[0], HOUSE, now),
            asking.remark(session, ticket, who, "awful", HOUSE, now),
            asking.file(session, draft(anonymous=True), alice, HOUSE, now),
        ):
            with pytest.raises(Refusal, match=r"mute\.muted"):
                await refused
        await asking.withdraw(session, ticket, who, now)


async def test_a_block_is_looked_at_by_the_supervising_teachers(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, admin, alice = await furnish(session), await staff(session), await student(session)
        ticket = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        (who,) = await requesters.waiting.about(session, ticket.id)
        block = await mutes.mute(session, ticket, who, places["office"], admin, None, "threats", HOUSE, now)
        with pytest.raises(Refusal, match=r"appeal\.no_supervisors"):
            await mutes.appeal(session, alice, "Not me", HOUSE, now)
        places["supervisors"].chat_id = -1009
        await mutes.appeal(session, alice, "Not me", HOUSE, now)
        assert await mutes.judge(session, block) is places["supervisors"]
        mute = await mutes.mute(session, ticket, who, places["east"], admin, timedelta(hours=1), "rude", HOUSE, now)
        assert await mutes.in_force(session, now + timedelta(minutes=30)) == [block, mute]
        assert await mutes.in_force(session, now + timedelta(days=900)) == [block]
        with pytest.raises(Refusal, match=r"mute\.blocked"):
            await asking.file(session, draft(), alice, HOUSE, now + timedelta(days=900))


async def test_every_act_of_good_order_is_in_the_sealed_chain_and_names_no_student(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        places = await furnish(session)
        lead, admin, sun = await staff(session), await staff(session, 2, "Zhao"), await staff(session, 3, "Sun")
        places["supervisors"].chat_id, alice, li = -1009, await student(session), await staff(session, 4, "Li")
        await people.grant_configured(session, Role.ADMIN, [admin.telegram_id], now)
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        ticket = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        (who,) = await requesters.waiting.about(session, ticket.id)
        office, east, day = places["office"], places["east"], timedelta(hours=24)
        for span, giver, place, kept_by in ((day, lead, east, admin), (None, admin, office, sun)):
            found = await mutes.mute(session, ticket, who, place, giver, span, "rude", HOUSE, now)
            await mutes.appeal(session, alice, "It was a joke", HOUSE, now)
            await mutes.decide(session, found, False, kept_by, HOUSE, now)
            await mutes.decide(session, found, True, admin, HOUSE, now)
        await roles.give(session, office, admin, Role.LEAD, li, east, now)
        await roles.take_back(session, office, admin, Role.LEAD, li, east, now)
        acts = (await session.scalars(select(Act).order_by(Act.id))).all()
        assert [act.act for act in acts] == [
            *("mute", "appeal_refused", "unmute"),
            *("block", "appeal_refused", "unblock"),
            *("grant", "revoke"),
        ]
        told = [(act.staff_id, act.ticket_id, act.detail) for act in acts]
        assert told[0] == (lead.id, None, {"station": "east", "hours": 24, "reason": "rude"})
        assert told[5] == (admin.id, None, {"station": "office", "reason": "rude"})
        assert told[6] == (admin.id, None, {"grant": 3, "role": "lead", "station": "east"})
        assert str(alice.telegram_id) not in f"{told}"
        # Of a mute only the hour is told, and one that took a moment longer comes after what was done in the next hour.
        before = now.replace(minute=59, second=59)
        await roles.give(session, office, admin, Role.LEAD, li, east, before + timedelta(seconds=2))
        assert await seals.seal(session, HOUSE.vault) > len(acts)
        await mutes.mute(session, ticket, who, east, lead, day, "rude", HOUSE, before)
        assert await seals.seal(session, HOUSE.vault) == 1
        assert (await seals.verify(session, HOUSE.vault)).finding is None


async def test_a_major_matter_is_decided_once_and_goes_to_the_readers(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        places, wang = await furnish(session), await staff(session)
        ticket = await asking.file(session, draft(), await student(session), HOUSE, now)
        with pytest.raises(Refusal, match=r"major\.no_supervisors"):
            await majors.propose(session, ticket, wang, "a flood", now)
        places["supervisors"].chat_id = -1009
        sun, reader = await staff(session, 2, "Sun"), await staff(session, 3, "Reader")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await session.flush()
        major = await majors.propose(session, ticket, wang, "a flood", now)
        assert await majors.approve(session, major, sun, HOUSE.vault, now) == 0, "no reader is known yet"
        await people.grant_configured(session, Role.READER, [reader.telegram_id], now)
        await session.flush()
        for _ in range(2):
            assert await majors.deliver(session, major, HOUSE.vault, now) == 1
        rows = await session.scalars(select(Outgoing).where(Outgoing.chat_id == reader.telegram_id))
        assert len(rows.all()) == 1, "it comes once"
        with pytest.raises(Refusal, match=r"major\.decided"):
            await majors.send_back(session, major, sun, "no", now)
        await majors.confirm(session, major, reader, now)
        assert await majors.receipts(session, major) == 1


async def test_nothing_of_a_report_is_left_some_days_after_it_was_closed(database: Database, now: datetime) -> None:
    """Nor of what had not got through by then; whoever sent it and whoever handled it are told the same."""
    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = -1009
        alice, sun = await student(session), await staff(session, 1, "Sun")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await session.flush()
        await cases.confirm_room(session, -1009, sun, HOUSE.vault, now)
        case = await casework.file(session, Report(Head("Zhou"), WORDS), alice, HOUSE, now)
        await casework.close(session, case, sun, -1009, "founded", "Returned", HOUSE, now)
        assert await casework.destroy_old(session, HOUSE, now + HOUSE.forget_after - timedelta(minutes=1)) == 0
        assert await cases.must_handle(session, case, sun, -1009, HOUSE.vault) is sun
        assert await casework.destroy_old(session, HOUSE, now + HOUSE.forget_after) == 1
        assert await casework.destroy_old(session, HOUSE, now + HOUSE.forget_after) == 0
    async with database.transaction() as session:
        case = await cases.by_code(session, case.code)
        with pytest.raises(Refusal, match=r"case\.unknown"):
            await cases.must_handle(session, case, sun, -1009, HOUSE.vault)
        assert not await cases.of_reporter(session, alice, HOUSE.vault)
        assert not (await session.scalars(select(CaseWords))).all()
        rows = (await session.scalars(select(Outgoing).where(Outgoing.letter == "sealed"))).all()
        assert {(row.state, row.payload) for row in rows} == {(Sending.SUPERSEDED, None)}


async def test_a_report_waits_again_where_the_group_moves_or_nobody_is_named_any_more(
    database: Database, now: datetime
) -> None:
    """What was confirmed was that group; and what nobody may read is shown to nobody."""

    async def waits() -> list[tuple[int | None, str]]:
        rows = await session.scalars(select(Outgoing).where(Outgoing.letter == "sealed").order_by(Outgoing.id))
        found = [(row.chat_id, sealed.facts_of(row, HOUSE.vault)) for row in rows]
        return [(chat, facts.get("text", "gate")) for chat, facts in found if facts["what"] in ("gate", "waits")]

    async with database.transaction() as session:
        places = await furnish(session)
        places["supervisors"].chat_id = -1009
        alice, sun, reader = await student(session), await staff(session, 1, "Sun"), await staff(session, 2, "Reader")
        await people.grant_configured(session, Role.SUPERVISOR, [sun.telegram_id], now)
        await people.grant_configured(session, Role.READER, [reader.telegram_id], now)
        await session.flush()
        await cases.confirm_room(session, -1009, sun, HOUSE.vault, now)
        case = await casework.file(session, Report(Head("Zhou"), WORDS), alice, HOUSE, now)
        assert case.delivered
        places["supervisors"].chat_id = -1010
        for _ in range(2):
            await casework.deliver_later(session, case, HOUSE, now)
        assert await waits() == [(-1010, "gate")]
        await people.grant_configured(session, Role.SUPERVISOR, [], now)
        await session.flush()
        assert await cases.chats(session, case, HOUSE.vault) == []
        await casework.deliver_later(session, case, HOUSE, now)
        assert await waits() == [(-1010, "gate"), (reader.telegram_id, "case.waits_for_teachers")]
