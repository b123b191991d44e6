"""What could not be handled is kept sealed: the operator sees that it is there, and can have it run again (law 11)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot import aside
from bot.inbox import Intake
from bot.vault import KeyVault
from models import inbox
from models.database import Database
from models.inbox import Handling, Incoming
from models.migrations import migrate
from tests.bot.test_inbox import BOT, rows
from tests.campus import BEGIN, running
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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_waits_is_in_no_file_either(database_url: str) -> None:
    """Somebody copies file and log while updates wait: no words, no pressed button, nor how long its name is."""
    database, file = Database(database_url), Path(database_url.removeprefix("sqlite:///"))
    await migrate(database)
    press = {"update_id": 2, "callback_query": {"data": "survey:12:4", "from": {"first_name": "Lin Daiyu"}}}
    longer = json.loads(json.dumps(press).replace('"update_id": 2', '"update_id": 3').replace("12:4", "12:10"))
    intake = Intake(database, BOT, HOUSE.vault, lambda: BEGIN, lambda: None)
    await intake.store([{"update_id": 1, "message": {"text": "the dean of West"}}, press, longer])
    on_disk = b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))
    assert b"waiting" in on_disk, "the rows are there"
    assert not [word for word in (b"dean of West", b"survey:12", b"Daiyu", b"callback_query") if word in on_disk]
    _, one, other = await rows(database)
    assert len(one.sealed or b"") == len(other.sealed or b"")
    await database.close()


async def test_what_an_earlier_version_left_in_clear_is_sealed_at_the_start_and_runs(
    empty_database_url: str, now: datetime
) -> None:
    """What waited goes on waiting; what cannot be opened stays aside, sealed as it was."""
    database, body, other = Database(empty_database_url), '{"text": "您好"}', KeyVault(bytes(32))
    await migrate(database, "0019")
    columns = "bot_id, update_id, chat, body, received_at, state"
    earlier = text(f"INSERT INTO inbox ({columns}) VALUES (:bot, :id, 7, :body, :at, :is)")
    at = now.replace(tzinfo=None)
    async with database.transaction() as session:
        for number, state in enumerate(("waiting", "set_aside", "done"), 1):
            values = {"bot": BOT, "id": number, "body": None if state == "done" else body, "at": at, "is": state}
            await session.execute(earlier, values)
    await migrate(database)
    async with database.transaction() as session:
        await inbox.seal_what_came_before(session, HOUSE.vault)
    waits, aside, done = await rows(database)
    assert (waits.chat, aside.chat, done.sealed) == (7, None, None)
    async with database.transaction() as session:
        assert await inbox.run_again(session, [aside.id], other) == 0
        assert await inbox.run_again(session, [aside.id], HOUSE.vault) == 1
        for vault, read in ((HOUSE.vault, body), (other, "")):
            assert [(each.chat, each.body) for each in await inbox.waiting(session, 10, vault)] == [(7, read)] * 2
        assert not await inbox.set_aside(session, aside.id, "X", "E"), "an earlier one of its chat waits"
        assert await inbox.set_aside(session, waits.id, "X", "E")
        assert await inbox.done(session, aside.id)
    waits, aside, _ = await rows(database)
    assert (waits.chat, aside.chat, aside.sealed) == (None, None, None)
    assert inbox.opened(waits, HOUSE.vault) == (7, body)
    await database.close()
