"""Who may come in, the campus code, wrong codes, and signed links."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from models import access, links, people, roster
from models.access import Answer, Knock, Mode, Rotation
from models.database import Database
from models.links import Link
from models.outbox import Outgoing
from models.people import Role
from models.roster import Enrolled
from tests.house import HOUSE, staff, student
from tests.models.test_roster import bring_in, line

VAULT = HOUSE.vault


async def test_the_campus_code_opens_and_the_old_one_for_a_while(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        alice, bob = await student(session), await student(session, 2, "Bob")
        first = access.campus_code((await access.newest(session, now)).id, VAULT)
        assert not await access.admitted(session, alice, Mode.CODE)
        assert await access.admitted(session, alice, Mode.OPEN)
        tried = await access.try_campus_code(session, alice, first.lower().replace("-", ""), VAULT, now)
        assert tried.answer is Answer.IN
        assert await access.admitted(session, alice, Mode.CODE)
        second = access.campus_code((await access.rotate(session, now, None)).id, VAULT)
        assert second != first
        later = now + access.OLD_CODE + timedelta(minutes=1)
        dave = await student(session, 4, "Dave")
        assert (await access.try_campus_code(session, dave, first, VAULT, later)).answer is Answer.WRONG
        assert (await access.try_campus_code(session, bob, first, VAULT, now)).answer is Answer.IN
        carol = await student(session, 3, "Carol")
        assert (await access.try_campus_code(session, carol, second, VAULT, later)).answer is Answer.IN
        assert await access.admitted(session, alice, Mode.CODE), "whoever is in stays in"
        shown = repr([tuple(row) for row in (await session.execute(Rotation.__table__.select())).all()])
        assert first not in shown
        assert second not in shown


async def test_wrong_codes_are_slowed_down_and_forgotten(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        alice = await student(session)
        code = access.campus_code((await access.newest(session, now)).id, VAULT)
        for _ in range(access.FREE_TRIES - 1):
            tried = await access.try_campus_code(session, alice, "WRONG-23", VAULT, now)
            assert (tried.answer, tried.until) == (Answer.WRONG, None)
        tried = await access.try_campus_code(session, alice, "WRONG-23", VAULT, now)
        assert (tried.answer, tried.until) == (Answer.WRONG, now + access.PAUSES[0])
        assert (await access.try_campus_code(session, alice, code, VAULT, now)).answer is Answer.WAIT
        at = now + access.PAUSES[0]
        tried = await access.try_campus_code(session, alice, "WRONG-23", VAULT, at)
        assert tried.until == at + access.PAUSES[1], "each time longer"
        rows = (await session.scalars(select(Knock))).all()
        assert str(alice.telegram_id) not in repr([(row.tag, row.count) for row in rows])
        await access.forget_old_tries(session, at + timedelta(days=2))
        assert not (await session.scalars(select(Knock))).all()
        assert (await access.try_campus_code(session, alice, code, VAULT, at)).answer is Answer.IN


async def test_a_number_is_guarded_whoever_tries_it(database: Database, now: datetime) -> None:
    await bring_in(database, [line()], now)
    async with database.transaction() as session:
        for i in range(access.FREE_TRIES):
            stranger = await student(session, 10 + i, f"Stranger {i}")
            tried = await access.prove(session, stranger, "2026000001", "ABCD-EFGH", VAULT, now)
        assert tried.until is not None
        alice = await student(session)
        ((_, number, _, code),) = await roster.hand_out(session, VAULT, now + timedelta(1), now)
        assert (await access.prove(session, alice, number, code, VAULT, now)).answer is Answer.WAIT
        after = now + access.PAUSES[0]
        assert (await access.prove(session, alice, number, code, VAULT, after)).answer is Answer.IN
        assert not (await session.scalars(select(Knock.tag).where(Knock.until > after))).all()


async def test_an_unknown_number_is_answered_like_a_wrong_code(database: Database, now: datetime) -> None:
    await bring_in(database, [line()], now)
    async with database.transaction() as session:
        alice, bob = await student(session), await student(session, 2, "Bob")
        known = await access.prove(session, alice, "2026000001", "ABCD-EFGH", VAULT, now)
        unknown = await access.prove(session, bob, "2099999999", "ABCD-EFGH", VAULT, now)
        assert known == unknown


async def test_a_number_proved_anew_moves_and_both_are_told(database: Database, now: datetime) -> None:
    await bring_in(database, [line("2026000001"), line("2026000002", "李四")], now)
    async with database.transaction() as session:
        alice, thief = await student(session), await student(session, 2, "Thief")
        codes = {n: c for _, n, _, c in await roster.hand_out(session, VAULT, now + timedelta(1), now)}
        first = await access.prove(session, thief, "2026000001", codes["2026000001"], VAULT, now)
        assert (first.answer, first.moved) == (Answer.IN, False)
        assert thief.building == "e1", "what the roster knows is taken over where nothing was said"
        code = await roster.issue(session, "2026000001", await staff(session), VAULT, now + timedelta(1), now)
        assert code is not None
        second = await access.prove(session, alice, "2026000001", code, VAULT, now)
        assert (second.answer, second.moved) == (Answer.IN, True)
        assert await access.admitted(session, alice, Mode.ROSTER)
        assert not await access.admitted(session, thief, Mode.ROSTER)
        told = (await session.scalars(select(Outgoing).where(Outgoing.letter == "told"))).all()
        assert [(row.chat_id, (row.payload or {})["text"]) for row in told] == [
            (thief.telegram_id, "access.moved_away")
        ]
        await access.prove(session, alice, "2026000002", codes["2026000002"], VAULT, now)
        tied = (await session.scalars(select(Enrolled).where(Enrolled.person_id.is_not(None)))).all()
        assert len(tied) == 1, "one number for a person"


async def test_whoever_holds_a_role_is_not_asked(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        admin = await student(session)
        await people.grant(session, Role.SUPERVISOR, admin.telegram_id, given_by=1, now=now)
        for mode in Mode:
            assert await access.admitted(session, admin, mode)


LAST = date(2027, 3, 1)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(Link("east"), id="a place"),
        pytest.param(Link("a-very-long-key-24-chars", 40_000, date(2099, 12, 31)), id="the longest"),
        pytest.param(Link("east", 1, LAST), id="with the campus code"),
    ],
)
def test_a_link_says_what_was_put_into_it(link: Link, now: datetime) -> None:
    text = links.payload(link, VAULT)
    assert len(text) <= links.LONGEST
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
    assert links.read(text, VAULT, now) == link


def test_a_link_that_was_changed_or_has_ended_says_nothing(now: datetime) -> None:
    text = links.payload(Link("east", 1, LAST), VAULT)
    assert links.read(text, VAULT, datetime(2027, 3, 1, 23, tzinfo=now.tzinfo)) is not None
    assert links.read(text, VAULT, datetime(2027, 3, 2, tzinfo=now.tzinfo)) is None
    for forged in (
        text.replace("east", "west"),
        text.replace("_1_", "_2_"),
        text[:-1] + ("A" if text[-1] != "A" else "B"),
        text.replace("c_", "p_", 1),
        "p_east",
        "c_east_1",
        "_",
        "",
        "p_east_" + "é" * 22,
        "x" * 65,
    ):
        assert links.read(forged, VAULT, now) is None, forged
