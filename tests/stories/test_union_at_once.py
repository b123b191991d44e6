"""The same for the union's own work: two who approve, two who take over, one person with two telephones."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import select

from bot.publishing import Publish
from bot.rosters import Swapping
from bot.survey_screens import Answering
from models import ballots, majors, people, sheets, shifts, stations, surveys, swaps, turns
from models.people import Role
from models.union import deliveries, publications, reviewing
from sandbox.client import Person
from tests.barrier import Barrier
from tests.campus import UNLIMITED, Campus, running
from tests.stories.test_at_once import nothing_is_left
from tests.stories.test_reports import bound, met, named
from tests.stories.test_surveys import opened


async def at_once(campus: Campus, one: Person, other: Person, *does: Coroutine[Any, Any, Any]) -> list[str]:
    """What the winner and the other were answered with."""
    async with Barrier(campus.app, one, other, together=False) as barrier, asyncio.TaskGroup() as group:
        acts: list[asyncio.Task[Any]] = []
        for each, side in zip(does, (barrier.first, barrier.second), strict=True):
            acts.append(group.create_task(each))
            await side.came.wait()
    await campus.quiet()
    return [act.result() or "" for act in acts]


@pytest.mark.long
async def test_of_two_approvals_two_takers_and_two_ballots_of_one_person_one_counts(database_url: str) -> None:
    async with running(database_url, limits=UNLIMITED) as campus:
        t, wang, li = campus.t("en"), campus.wang, campus.li
        alice = await campus.student("Alice")
        sun, qian = await met(campus, "Sun"), await met(campus, "Qian")
        await named(campus, Role.SUPERVISOR, sun, qian)
        room = await bound(campus, [sun, qian])
        app, house, now = campus.app, campus.app.toolbox.house, campus.clock()
        async with app.database.transaction() as session:
            writer, reader = [await people.meet(session, n, f"P{n}", None, "en") for n in (801, 802)]
            place, above = [await stations.by_key(session, key) for key in ("east", "supervisors")]
            assert place is not None
            assert above is not None
            texts = {key: {"title": "Job fair", "body": "In the sports hall"} for key in house.languages}
            found = await publications.draft(session, publications.Kind.NEWS, texts, writer, now)
            await reviewing.submit(session, found, house, writer, now)
            await reviewing.read(session, found, found.revision, house, reader, now)
            await deliveries.show(session, found, above, now)
            for each in (sun, qian):
                who = await people.by_telegram_id(session, each.id)
                assert who is not None
                await reviewing.looked(session, found, who, house, now)
            approves = Publish("approve", found.id, found.revision).pack()
            giver = await people.meet(session, wang.id, "Wang", None, "en")
            shift = await shifts.add(session, place, 3, time(13, 30), time(17, 30), giver, house.calendar, now)
            await shifts.toggle(session, shift, giver, giver, now)
            _, turn = await turns.of_shift(session, shift.id, date(2026, 10, 15), house.calendar)
            offered = await swaps.offer(session, place, turn, giver, None, house.calendar, now)
            takes = Swapping("yes", offered.id, "").pack()
        app.courier.wake()
        card = await room.shows("Job fair")
        both = await at_once(campus, sun, qian, *(each.presses(card, approves, chat=room) for each in (sun, qian)))
        assert both == ["", t.plain("publication.is_approved", number=1)]
        takers, asked = (li, campus.admin), await campus.east.shows("is looking for somebody")
        both = await at_once(campus, *takers, *(each.presses(asked, takes, chat=campus.east) for each in takers))
        assert both == ["", t.plain("swap.taken_already", name="Li")]
        number = await opened(campus)
        invitation = await alice.reads("How are we doing")
        async with app.database.transaction() as session:
            survey, who = await surveys.get(session, number), await people.by_telegram_id(session, alice.id)
            filled = sheets.Progress(answers={"used": 1, "overall": 3}, looking_over=True)
            assert who is not None
            await sheets.write(session, survey, who, filled, house.vault)
        sends = Answering("finish", number).pack()
        both = await at_once(campus, alice, alice, *(alice.presses(invitation, sends) for _ in range(2)))
        assert both == ["", t.plain("survey.finished")]
        async with app.database.reading() as session:
            assert len((await session.scalars(select(ballots.Receipt))).all()) == 1
            approvals = publications.Review.step == publications.Step.APPROVE
            assert len((await session.scalars(select(publications.Review).where(approvals))).all()) == 1
        await campus.east.shows("Li takes the shift")
        assert not any("Zhao takes" in m.text for m in await campus.east.transcript())
        await nothing_is_left(campus)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_who_bring_one_ticket_before_the_supervisors_one_does(database_url: str) -> None:
    """Not on SQLite: its one writer has read what the other left."""
    async with running(database_url, limits=UNLIMITED) as campus:
        alice, sun = await campus.student("Alice"), await met(campus, "Sun")
        await named(campus, Role.SUPERVISOR, sun)
        room = await bound(campus, [sun])
        number = await campus.files(alice, "The cellar is flooded")
        await campus.east.shows(f"#{number} ·")
        wang, li = campus.wang, campus.li
        for each in (wang, li):
            # Known: their first words would stand in front of the barrier.
            await each.says("/duty", chat=campus.east)
        await campus.quiet()
        await at_once(
            campus, wang, li, *(each.says(f"/major {number} a flood", chat=campus.east) for each in (wang, li))
        )
        await campus.east.shows(campus.t("en").plain("major.already", number=number)[:20])
        async with campus.app.database.reading() as session:
            found = await majors.of_ticket.about(session, number)
        assert len(found) == 1
        assert sum("a flood" in m.text for m in await room.transcript()) == 1
        await nothing_is_left(campus)
