"""The roster: imports, one-time codes, and that a copy of the database is no register of students."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from models import roster
from models.audit import Act
from models.database import Database
from models.people import Audience
from models.roster import Enrolled, Line
from tests.conftest import postgresql_later
from tests.house import HOUSE, staff, student

VAULT = HOUSE.vault


def line(number: str = "2026000001", name: str = "张三", **changes: object) -> Line:
    fields: dict[str, object] = {
        "college": "物理学院",
        "level": "本科",
        "audience": Audience.UNDERGRADUATE,
        "building": "e1",
        "floor": "3",
    }
    return Line(number, name, **(fields | changes))  # type: ignore[arg-type]


async def bring_in(database: Database, lines: list[Line], now: datetime) -> roster.Difference:
    async with database.transaction() as session:
        difference = await roster.compare(session, lines, VAULT)
        await roster.replace(session, difference, VAULT, now)
        return difference


async def test_an_import_changes_what_differs_and_nothing_else(database: Database, now: datetime) -> None:
    one, two, three = line("2026000001"), line("2026000002", "李四"), line("2026000003", "王五")
    await bring_in(database, [one, two], now)
    async with database.transaction() as session:
        before = {row.number_tag: row.id for row in await session.scalars(select(Enrolled))}
        row = (await session.scalars(select(Enrolled).where(Enrolled.id == min(before.values())))).one()
        row.person_id = (await student(session)).id
    moved = line("2026000001", building="w1")
    async with database.reading() as session:
        seen = await roster.compare(session, [moved, three], VAULT)
    assert (len(seen.added), len(seen.changed), len(seen.gone), seen.gone_in_use, seen.held) == (1, 1, 1, 0, 2)
    await bring_in(database, [moved, three], now)
    async with database.reading() as session:
        rows = {row.number_tag: row for row in await session.scalars(select(Enrolled))}
        assert set(rows) == {roster.tag_of("2026000001", VAULT), roster.tag_of("2026000003", VAULT)}
        kept = rows[roster.tag_of("2026000001", VAULT)]
        assert kept.id == before[kept.number_tag]
        assert kept.building == "w1"
        assert kept.person_id is not None, "who proved a number stays tied to it"
        acts = [act.detail for act in await session.scalars(select(Act).order_by(Act.id))]
        assert acts == [{"added": 2, "changed": 0, "gone": 0}, {"added": 1, "changed": 1, "gone": 1}]
    again = await bring_in(database, [moved, three], now)
    assert not again.added
    assert not again.changed
    assert not again.gone


@postgresql_later
async def test_fifty_thousand_lines_take_seconds(database: Database, now: datetime) -> None:
    lines = [line(f"20260{i:05}", f"学生{i}", building="e1" if i % 2 else "w1") for i in range(50_000)]
    began = time.monotonic()
    await bring_in(database, lines, now)
    took = time.monotonic() - began
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Enrolled)) == 50_000
    assert took < 30, f"{took:.1f} s"


async def test_a_copy_of_the_database_names_nobody_of_the_roster(database: Database, now: datetime) -> None:
    await bring_in(database, [line("2026123456", "欧阳某某")], now)
    async with database.reading() as session:
        (row,) = (await session.execute(Enrolled.__table__.select())).all()
        shown = repr(tuple(row))
        for told in ("2026123456", "欧阳某某", "\\u6b27"):
            assert told not in shown
        assert "欧阳".encode() not in row.sealed
        enrolled = (await session.scalars(select(Enrolled))).one()
        assert roster.opened(enrolled, VAULT) == ("2026123456", "欧阳某某")


async def test_a_code_proves_its_own_number_once_and_in_time(database: Database, now: datetime) -> None:
    await bring_in(database, [line("2026000001"), line("2026000002", "李四")], now)
    async with database.transaction() as session:
        given = {number: code for _, number, _, code in await roster.hand_out(session, VAULT, now + timedelta(1), now)}
        assert len(given) == 2
        code = given["2026000001"]
        assert await roster.redeem(session, "2026000002", code, VAULT, now) is None
        assert await roster.redeem(session, "2026000001", code, VAULT, now + timedelta(2)) is None
        row = await roster.redeem(session, "2026000001", code.lower().replace("-", " "), VAULT, now)
        assert row is not None
        assert await roster.redeem(session, "2026000001", code, VAULT, now) is None, "once"
        shown = repr([tuple(r) for r in (await session.execute(Enrolled.__table__.select())).all()])
        assert given["2026000002"] not in shown, "the database does not hold the code itself"


async def test_a_station_issues_a_code_that_voids_the_letter(database: Database, now: datetime) -> None:
    await bring_in(database, [line()], now)
    async with database.transaction() as session:
        ((_, number, _, letter),) = await roster.hand_out(session, VAULT, now + timedelta(1), now)
        wang = await staff(session)
        code = await roster.issue(session, number, wang, VAULT, now + timedelta(minutes=30), now)
        assert code is not None
        assert await roster.issue(session, "2099000000", wang, VAULT, now + timedelta(1), now) is None
        assert await roster.redeem(session, number, letter, VAULT, now) is None
        assert await roster.redeem(session, number, code, VAULT, now) is not None
        act = (await session.scalars(select(Act).where(Act.act == "one_time_code"))).one()
        assert act.staff_id == wang.id
        assert number not in repr(act.detail), "what is recorded is the row, not who it is"


async def test_facts_come_from_the_roster_where_a_number_was_proved(database: Database, now: datetime) -> None:
    await bring_in(database, [line(building="w1")], now)
    async with database.transaction() as session:
        alice = await student(session)
        alice.building = "e1"
        assert await roster.facts(session, alice) == roster.Facts(None, None, None, "e1", None, proved=False)
        row = (await session.scalars(select(Enrolled))).one()
        assert await roster.tie(session, row, alice) is None
        found = await roster.facts(session, alice)
        assert found == roster.Facts("物理学院", "本科", Audience.UNDERGRADUATE, "w1", "3", proved=True)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        pytest.param(" 2026123456 ", "2026123456", id="blanks around"),
        pytest.param("２０２６１２３４５６", "2026123456", id="full width"),
        pytest.param("m2026-01", "M2026-01", id="letters and a dash"),
        pytest.param("hello", None, id="no digit"),
        pytest.param("12", None, id="too short"),
        pytest.param("room 3", None, id="two words"),
        pytest.param("漏水123", None, id="Chinese"),
    ],
)
def test_a_number_is_read_as_people_type_it(typed: str, number: str | None) -> None:
    assert roster.number_of(typed) == number
