"""A courier that comes too late: what it was about to say is not said, and what it knows is not written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter
from models.database import fences
from models.lease import Lost
from models.outbox import Outgoing, Sending
from sandbox.client import Person
from scheduler.courier import IN_FLIGHT, Courier
from scheduler.results import Attempt
from tests.scheduler.test_courier import PATIENCE, Office, alice, as_written, post_office

__all__ = ["alice", "post_office"]
on_server = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Held:
    """A lease as its holder sees it."""

    lost: bool = False
    sure: bool = True

    async def ask(self, session: AsyncSession) -> None:
        if self.lost:
            raise Lost("lead")

    def stands(self) -> bool:
        return self.sure


@on_server
async def test_what_is_about_to_leave_too_late_is_not_sent(post_office: Office, alice: Person) -> None:
    held, drawn = Held(), asyncio.Event()

    async def slowly(session: AsyncSession, row: Outgoing, now: datetime, chat_id: int) -> Letter:
        # Between here and the sending the program is stopped.
        held.sure = drawn.is_set()
        drawn.set()
        return await as_written(session, row, now, chat_id)

    before = fences.set((held,))
    async with post_office.open(draw=slowly):
        number = await post_office.post(alice.id, "late")
        async with asyncio.timeout(PATIENCE):
            while (row := await post_office.row(number)).reason is None:  # noqa: ASYNC110  (as `tried` does it)
                await asyncio.sleep(0)
        assert (row.state, row.attempts, await post_office.texts(alice)) == (Sending.DUE, 0, [])
        held.sure = True
        await post_office.comes_to(number, Sending.SENT)
    fences.reset(before)
    assert await post_office.texts(alice) == ["late"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_left_too_late_is_not_counted_as_on_its_way_for_ever(
    post_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is slow for some seconds, and nobody else who leads: a full round of what was held back shut the
    windows, and nothing was sent any more.
    """
    held, begun = Held(), set[int]()
    call = Courier._call

    async def late_at_first(self: Courier, attempt: Attempt, what: Call) -> Any:
        held.sure = attempt.row.id in begun
        begun.add(attempt.row.id)
        try:
            return await call(self, attempt, what)
        finally:
            held.sure = True

    monkeypatch.setattr(Courier, "_call", late_at_first)
    people = [await post_office.stage.person(f"P{i}", "en") for i in range(IN_FLIGHT)]
    for person in people:
        await person.says("/start")
    numbers = [await post_office.post(person.id) for person in people]
    before = fences.set((held,))
    async with post_office.open(windows=True) as courier:
        for number in numbers:
            await post_office.comes_to(number, Sending.SENT)
        assert courier._windows._flying == 0
    fences.reset(before)
    assert len(begun) == IN_FLIGHT


@on_server
async def test_a_courier_that_was_fenced_begins_anew_when_it_leads_again(
    post_office: Office,
    alice: Person,
) -> None:
    """It brought along what it knew of its last time, and ended the program with it."""
    held = Held()
    before = fences.set((held,))
    await post_office.stage.fault("sendMessage", delay=0.3)
    async with asyncio.timeout(PATIENCE):
        async with post_office.open() as courier:
            first = await post_office.post(alice.id, "first")
            await alice.reads("first")
            held.lost = True
            with pytest.raises(Lost):
                await courier.run()
        held.lost = False
        assert (await post_office.row(first)).state is Sending.SENDING
        async with courier:
            assert (await post_office.row(first)).state is Sending.UNKNOWN
            second = await post_office.post(alice.id, "second")
            await post_office.comes_to(second, Sending.SENT)
    fences.reset(before)
    assert await post_office.texts(alice) == ["first", "second"]
