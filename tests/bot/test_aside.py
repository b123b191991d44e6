"""What could not be handled is kept sealed: the operator sees that it is there, and can have it run again (law 11)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot import aside
from bot.vault import KeyVault
from models import inbox
from models.database import Database
from models.inbox import Arrival, Handling, Incoming
from tests.bot.test_inbox import BOT, rows
from tests.campus import running
from tests.house import HOUSE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_report_that_could_not_be_handled_is_not_in_the_file_and_runs_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not its words, not whose they are; the operator sees that there is something, and can run it again."""
    from handlers.students import report

    async with running(database_url) as campus:
        t, database = campus.t("en"), campus.app.database
        alice = await campus.stage.person("Alice", "en", id=837465921)
        await alice.says("/start")
        await alice.taps(t.plain("consent.agree"))
        await alice.says("/report")
        await alice.taps(t.plain("report.begin"))

        async def broken(*_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(report, "_ask", broken)
        await alice.says("Zhou Dahai of East Station")
        await alice.reads("went wrong")
        await campus.quiet()
        (row,) = [row for row in await rows(database) if row.state is Handling.SET_ASIDE]
        while not await database.fold():
            await campus.stage.caught_up()
        file = Path(database.url.database or "")
        for each in file.parent.glob(f"{file.name}*"):
            assert b"Dahai" not in each.read_bytes(), each.name
        assert "837465921" not in repr([getattr(row, column.key) for column in Incoming.__table__.columns])
        (line,) = await aside.listed(campus.app.settings)
        assert row.incident
        assert row.incident in line
        assert "Dahai" not in line
        monkeypatch.undo()
        assert await aside.again(campus.app.settings, [row.incident]) == (1, 0, [])
        campus.app.worker.wake()
        await alice.reads("Dahai")


async def test_what_was_set_aside_in_clear_is_sealed_at_the_start(database: Database, now: datetime) -> None:
    body, other = '{"text": "words"}', KeyVault(bytes(32))
    async with database.transaction() as session:
        session.add(Incoming(bot_id=BOT, update_id=1, chat=7, body=body, received_at=now, state=Handling.SET_ASIDE))
        await inbox.store(session, BOT, [Arrival(2, 7, body, "ValueError")], HOUSE.vault, now)
    async with database.transaction() as session:
        await inbox.seal_what_is_aside(session, HOUSE.vault)
    found = await rows(database)
    assert [(row.chat, row.body) for row in found] == [(None, None)] * 2
    async with database.transaction() as session:
        assert await inbox.run_again(session, [row.id for row in found], other) == 0
        assert await inbox.run_again(session, [row.id for row in found], HOUSE.vault) == 2
    assert [(row.chat, row.body) for row in await rows(database)] == [(7, None)] * 2, "its words are not in clear yet"
    async with database.transaction() as session:
        for vault, read in ((HOUSE.vault, body), (other, "")):
            assert [each.body for each in await inbox.waiting(session, 10, vault)] == [read] * 2
        for row, keep in zip(found, (False, True), strict=True):
            assert await (inbox.set_aside(session, row.id, "X", "E", other) if keep else inbox.done(session, row.id))
    first, second = await rows(database)
    assert (first.chat, first.sealed, second.chat) == (None, None, None)
    assert inbox.opened(second, HOUSE.vault) == (7, body), "sealed as it was"
