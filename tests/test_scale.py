"""What must not grow with the number of tickets; `python -m bench scale` measures it at a hundred thousand."""

from __future__ import annotations

import heapq
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from bench import campus
from bench.__main__ import written
from bench.lines import Line
from bot import cards
from bot.texts import Catalogue
from models import answering, asking, bursts, listing, merging, requesters, similar, sqlite, tickets
from models import database as databases
from models.database import Database
from models.lifecycle import OPEN, Kind
from models.people import meet
from models.similar import Reading
from models.tickets import Ticket
from tests.campus import settings
from tests.house import CALENDAR, HOUSE, draft, furnish, staff, student

COUNT, ASKED, WANTED = 1_200, 12, 5
BUILDINGS = ["e1", "e2", "w1"]
GROWING = {
    f"SCAN {name}"
    for name in ("tickets", "ticket_traces", "ticket_events", "requesters", "words", "outbox", "postings")
}
OF_WHAT_WAITS = ("ix_outbox_due", "ix_outbox_queue")
"""Indexes of rows that are soon gone."""


@pytest.fixture
async def many(migrated: Path, tmp_path: Path, now: datetime) -> AsyncIterator[Database]:
    """A campus with some thousand open tickets."""
    shutil.copy(migrated, tmp_path / "many.db")
    database = Database(f"sqlite:///{tmp_path / 'many.db'}")
    async with database.transaction() as session:
        east = (await furnish(session))["east"].id
    await campus.fill(database, COUNT, HOUSE, now, station_id=east, buildings=BUILDINGS)
    yield database
    await database.close()


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Everything that is asked of SQLite meanwhile."""
    seen: list[tuple[str, Any]] = []

    def see(_: Any, __: Any, statement: str, values: Any, ___: Any, together: bool) -> None:
        seen.append((statement, values[0] if together else values))

    engines: list[Any] = [database._reader, database._writer]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", see)


def walks(database: Database, seen: list[tuple[str, Any]]) -> list[str]:
    """Which of these statements go through a whole table that grows."""
    connection = sqlite.connect(Path(str(database.url.database)))
    found = []
    for statement, values in seen:
        if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
            steps = [row[3] for row in plan if not row[3].endswith(OF_WHAT_WAITS)]
            found += [statement for step in steps if step.split(" USING")[0] in GROWING]
    connection.close()
    return found


async def test_nothing_that_a_student_or_staff_wait_for_goes_through_all_tickets(many: Database, now: datetime) -> None:
    t, known = Catalogue.load(CALENDAR.timezone)["en"], settings("http://127.0.0.1:1", "sqlite:///unused.db")
    place: dict[str, Any] = {"kind": Kind.COMPLAINT, "category": "water", "building": "e1", "house": HOUSE}
    with statements(many) as seen:
        async with many.transaction() as session:
            wang = await staff(session)
            await similar.find(session, "三楼水龙头一直漏水", **place)
            await similar.find(session, "三楼水龙头一直漏水", **place | {"building": None})
            await similar.find_ended(session, "三楼水龙头一直漏水", **place, now=now)
            ticket = await asking.file(session, draft("三楼水龙头一直漏水"), await student(session), HOUSE, now)
            await answering.claim(session, ticket, wang, HOUSE, now)
            (requester,) = await requesters.waiting.about(session, ticket.id)
            await asking.add(session, ticket, requester, [], HOUSE, now)
            await merging.alike(session, ticket)
            await bursts.succeed(session, ticket, now)
            await session.flush()
            await similar.sweep(session, now)
            await listing.find(session, listing.Sought(tags=("pipe",)), None, 5)
        async with many.reading() as session:
            drawn = await tickets.get(session, ticket.id)
            await cards.draw(session, drawn, await tickets.station_of(session, drawn), t, known, now)
    assert len(seen) > 30
    assert walks(many, seen) == []
    assert walks(many, [("SELECT id FROM tickets WHERE subject = ?", ("x",))]), "it would be seen"


async def test_of_all_anonymous_places_only_one_s_own_are_loaded(
    many: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has to be tried, some at a time and in a thread; those whose keys are destroyed not even that."""
    monkeypatch.setattr(requesters, "_ANONYMOUS", requesters._ANONYMOUS.limit(500))
    monkeypatch.setattr(requesters, "TRIED_AT_ONCE", 500)
    with statements(many) as seen:
        async with many.transaction() as session:
            someone = await meet(session, campus.FIRST_STUDENT + 807, "Alice", None, "en")
            named = await asking.file(session, draft("水龙头"), someone, HOUSE, now)
            seen.clear()
            found = await requesters.all_of(session, someone, HOUSE.vault)
            loaded = [row for row in session.info["rows"] if isinstance(row, requesters.Requester)]
    assert [each.ticket_id for each in found] == [named.id, 807]
    assert len(loaded) <= len(found)
    tries = [(statement, values) for statement, values in seen if "owner_tag IS NOT NULL" in statement]
    assert len(tries) == COUNT // 500 + 1
    connection = sqlite.connect(Path(str(many.url.database)))
    plans = [connection.execute(f"EXPLAIN QUERY PLAN {each}", values).fetchall() for each, values in tries]
    connection.close()
    assert all("ix_requesters_anonymous" in str(plan) for plan in plans)


async def test_of_the_likest_most_are_found_though_few_are_read(many: Database) -> None:
    said, chance, shares = campus.texts(99), random.Random(3), list[float]()
    asked = select(Ticket.id, Ticket.folded, Ticket.marks, Ticket.building).where(Ticket.state.in_(OPEN))
    async with many.reading() as session:
        everything = (await session.execute(asked)).all()
        for words in (next(said) for _ in range(ASKED)):
            building, reading = chance.choice(BUILDINGS), Reading(HOUSE.fold(words))
            scores = [reading.likeness(row.folded, row.marks) for row in everything if row.building == building]
            best = [score for score in heapq.nlargest(WANTED, scores) if score >= similar.ENOUGH]
            place: dict[str, Any] = {"kind": Kind.COMPLAINT, "category": "water", "building": building}
            found = await similar.find(session, words, house=HOUSE, most=WANTED, **place)
            if best:
                shares.append(min(sum(each.score >= best[-1] for each in found), len(best)) / len(best))
    assert len(shares) > ASKED / 2
    assert sum(shares) / len(shares) >= 0.9


async def test_a_long_log_is_brought_into_the_file_and_begun_anew(
    migrated: Path, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread, and not in the middle of somebody's commit: that held the loop for as long as the disk took."""
    shutil.copy(migrated, path := tmp_path / "log.db")
    database, size = Database(f"sqlite:///{path}"), path.stat().st_size
    monkeypatch.setattr(database, "_too_long", 200_000)
    monkeypatch.setattr(databases, "LONG", 200_000)
    async with database.transaction() as session:
        await furnish(session)
    length = 0
    for i in range(20):
        async with database.transaction() as session:
            await asking.file(session, draft(f"{i}" * 400), await student(session, i), HOUSE, now + timedelta(hours=i))
        length += sqlite.log_length(path)
    assert path.stat().st_size > size
    assert length / 20 < 400_000, "it grew on and on"
    await database.close()


def test_a_section_of_the_report_is_written_and_the_others_stay() -> None:
    report = "# Measured\n\nBy hand.\n\n## memory\n\nold\n\n## push\n\nas it was\n"
    new = written(report, "memory", [Line("idle, MB", 3, 2, "3", most=True)])
    assert new.startswith("# Measured\n\nBy hand.\n\n## push\n\nas it was\n\n## memory\n")
    assert "| idle, MB | 3 | ≤ 2 | **no** |" in new
    assert "old" not in new
