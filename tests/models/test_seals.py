"""The chain of the records: whatever is done to it by somebody who holds only the database is seen and named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.vault import KeyVault
from models import answering, asking, audit, forgetting, requesters, seals, tickets
from models.audit import Act
from models.database import Database
from models.seals import Flaw, Link, Source, Verdict
from models.tickets import Event
from tests.house import HOUSE, KEY, draft, furnish, staff, student

VAULT = KeyVault(KEY)


async def worked(database: Database, now: datetime, times: int = 3) -> None:
    """Some tickets are filed and claimed, something else is done, and all of it is sealed."""
    for i in range(times):
        at = now + timedelta(minutes=i)
        async with database.transaction() as session:
            await furnish(session)
            ticket = await asking.file(session, draft(), await student(session), HOUSE, at)
            await answering.claim(session, ticket, await staff(session), HOUSE, at)
            await audit.record(session, "mute", at, staff=await staff(session), hours=24)
    await sealed(database)


async def sealed(database: Database) -> int:
    async with database.transaction() as session:
        return await seals.seal(session, VAULT)


async def walked(database: Database, vault: KeyVault = VAULT, expected: tuple[int, str] | None = None) -> Verdict:
    async with database.reading() as session:
        return await seals.verify(session, vault, expected)


async def test_what_was_done_is_sealed_and_what_was_done_since_waits(database: Database, now: datetime) -> None:
    await worked(database, now)
    assert await sealed(database) == 0
    async with database.transaction() as session:
        await audit.record(session, "mute", now + timedelta(minutes=9))
    verdict = await walked(database)
    assert (verdict.entries, verdict.waiting, verdict.finding) == (9, 1, None)
    assert verdict.until == now + timedelta(minutes=2)


async def changed(session: AsyncSession, now: datetime) -> None:
    await session.execute(update(Event).where(Event.id == 3).values(staff_id=None, action="answer"))


async def deleted(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(Act).where(Act.id == 2))


async def unlinked(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(Link).where(Link.id == 4))


async def resealed(session: AsyncSession, now: datetime) -> None:
    """What somebody without the key can do: the digest made anew, the seal not."""
    await session.execute(update(Event).where(Event.id == 3).values(action="answer"))
    row = (await session.execute(select(Event.__table__).where(Event.__table__.c.id == 3))).mappings().one()
    new = seals.digest(Source.EVENT, dict(row))
    await session.execute(update(Link).where(Link.source == "event", Link.row_id == 3).values(digest=new))


async def inserted(session: AsyncSession, now: datetime) -> None:
    """A row that was not there, put back in time."""
    at = now - timedelta(days=30)
    await session.execute(insert(Event).values(ticket_id=1, at=at, action="answer", before="new", after="answered"))


@pytest.mark.parametrize(
    ("tampering", "number", "flaw"),
    [
        pytest.param(changed, 4, Flaw.CHANGED, id="a step changed"),
        pytest.param(deleted, 6, Flaw.MISSING, id="an act deleted"),
        pytest.param(unlinked, 4, Flaw.GONE, id="an entry deleted"),
        pytest.param(resealed, 4, Flaw.SEAL, id="a step changed and its digest with it"),
        pytest.param(inserted, 0, Flaw.LATE, id="a step inserted"),
    ],
)
async def test_the_first_entry_that_was_tampered_with_is_named(
    database: Database,
    now: datetime,
    tampering: Callable[[AsyncSession, datetime], Awaitable[None]],
    number: int,
    flaw: Flaw,
) -> None:
    await worked(database, now)
    async with database.transaction() as session:
        await tampering(session, now)
    finding = (await walked(database)).finding
    assert finding is not None
    assert (finding.number, finding.flaw) == (number, flaw)


async def test_a_row_put_back_in_time_is_still_seen_once_it_has_been_sealed(database: Database, now: datetime) -> None:
    await worked(database, now)
    async with database.transaction() as session:
        await inserted(session, now)
    assert await sealed(database) == 1
    finding = (await walked(database)).finding
    assert finding is not None
    assert (finding.number, finding.flaw) == (10, Flaw.LATE)


async def test_another_key_fits_no_entry(database: Database, now: datetime) -> None:
    await worked(database, now)
    finding = (await walked(database, KeyVault(bytes(32)))).finding
    assert finding is not None
    assert (finding.number, finding.flaw) == (1, Flaw.SEAL)


async def test_an_end_that_was_cut_off_is_seen_by_whoever_kept_a_seal(database: Database, now: datetime) -> None:
    await worked(database, now)
    kept = await walked(database)
    async with database.transaction() as session:
        await session.execute(delete(Link).where(Link.id > 7))
        await session.execute(update(Event).where(Event.id == 6).values(action="answer"))
    await sealed(database)
    assert (await walked(database)).finding is None, "from the inside it looks whole"
    finding = (await walked(database, expected=(kept.entries, kept.head[:16]))).finding
    assert finding is not None
    assert finding.flaw is Flaw.OTHER
    async with database.transaction() as session:
        await session.execute(delete(Link).where(Link.id > 7))
    finding = (await walked(database, expected=(kept.entries, kept.head[:16]))).finding
    assert finding is not None
    assert (finding.number, finding.flaw) == (8, Flaw.CUT)


async def test_a_number_committed_late_is_sealed_after_its_neighbours(database: Database, now: datetime) -> None:
    """On PostgreSQL a transaction that began earlier may end later."""
    await worked(database, now, times=1)
    row = {"ticket_id": 1, "before": "new", "after": "new", "at": now + timedelta(minutes=1)}
    async with database.transaction() as session:
        await session.execute(insert(Event).values(id=40, action="urge", **row))
    assert await sealed(database) == 1
    async with database.transaction() as session:
        await session.execute(insert(Event).values(id=39, action="add", **row))
    assert await sealed(database) == 1
    verdict = await walked(database)
    assert (verdict.entries, verdict.finding) == (5, None)


async def test_the_chain_is_walked_and_made_batch_by_batch(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "BATCH", 4)
    await worked(database, now)
    counts = []
    while count := await sealed(database):
        counts.append(count)
    assert counts == [4, 1], "the first four were sealed with the work"
    assert (await walked(database)).entries == 9
    async with database.reading() as session:
        found = [(step.at, step.what) async for step in seals.steps(session)]
        assert [what for _, what in found] == ["file", "claim", "mute"] * 3
        of_one = [step.what async for step in seals.steps(session, ticket_id=2)]
        assert of_one == ["file", "claim"]
        later = [step async for step in seals.steps(session, since=now + timedelta(minutes=1))]
        assert len(later) == 6
        assert [s.what for s in await seals.last_steps(session, 2, 1)] == ["claim"]


async def test_an_anonymous_student_leaves_no_trace_in_what_is_sealed_and_forgetting_them_keeps_it_whole(
    database: Database, now: datetime
) -> None:
    async with database.transaction() as session:
        await furnish(session)
        alice = await student(session)
        ticket = await asking.file(session, draft(anonymous=True), alice, HOUSE, now)
        await asking.add(
            session,
            ticket,
            (await requesters.waiting.about(session, ticket.id))[0],
            [({"type": "text", "text": "more"}, (10_001, 6))],
            HOUSE,
            now,
        )
    await sealed(database)
    async with database.transaction() as session:
        for event in await tickets.timeline(session, ticket.id):
            assert event.staff_id is None
            assert "10001" not in str(event.detail)
            assert event.detail in (None, {"who": 1})
        await forgetting.forget(session, await student(session), 700000, HOUSE, now)
        await forgetting.part_due(session, now + forgetting.LATEST)
    assert (await walked(database)).finding is None
