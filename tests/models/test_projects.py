"""A project from its tickets to what became of it: whom its survey asks, and what follows from the verdict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import asking, invitations, merging, outcomes, projects, requesters, sorting, surveys
from models.audit import Act
from models.database import Database
from models.errors import Refusal
from models.outbox import Outgoing
from models.people import Person
from models.projects import Project
from models.questionnaires import Group
from models.requesters import Requester
from models.surveys import Stage, Survey, Verdict
from models.tickets import Ticket
from models.union import tidings
from tests.house import HOUSE, draft, furnish, staff, student
from tests.surveying.results import RESULTS
from tests.surveying.sheets import EVERY_KIND

WHY = {"zh-hans": "水管已经换好", "en": "The pipes are new"}


async def of_project(session: AsyncSession, project: Project, person: Person, now: datetime, **how: Any) -> Ticket:
    """They file something that is part of it."""
    ticket = await asking.file(session, draft(**how), person, HOUSE, now)
    await sorting.link(session, ticket, await staff(session), project, now)
    return ticket


async def closing(session: AsyncSession, project: Project, now: datetime) -> Survey:
    """The survey that closes it, counted."""
    survey = await surveys.plan(
        session, key="project-closing", questionnaire=EVERY_KIND, opens_at=now, closes_at=now, cell=2,
        target=Group(project=project.id), project_id=project.id,
    )  # fmt: skip
    assert survey is not None
    survey.stage, survey.results = Stage.CLOSED, RESULTS.plain()
    return survey


async def test_those_who_asked_under_their_names_are_asked(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks = await furnish(session)
        pipes = await projects.suggest(session, "New pipes", desks["east"], now)
        people = [await student(session, number, f"Student {number}") for number in range(8)]
        named, anonymous, joined, left, merged, folded, other, late = people
        for person in people:
            person.agreed = True
        ticket = await of_project(session, pipes, named, now)
        await of_project(session, pipes, anonymous, now, anonymous=True, building="e2")
        await asking.join(session, ticket, joined, "e1", HOUSE, now)
        gone = await of_project(session, pipes, left, now)
        (place,) = await requesters.waiting.about(session, gone.id)
        await asking.withdraw(session, gone, place, now)
        elsewhere = await asking.file(session, draft(), other, HOUSE, now)
        part = await of_project(session, pipes, merged, now)
        await merging.merge(session, part, elsewhere, await staff(session), HOUSE, now)
        on_its_card = await asking.file(session, draft(), folded, HOUSE, now)
        on_its_card.folded_under_id = ticket.id
        await session.flush()

        survey = await closing(session, pipes, now)
        survey.stage, survey.closes_at = Stage.INVITING, now + timedelta(days=9)
        assert await invitations.how_many(session, Group(project=pipes.id)) == 3
        assert await invitations.invite_some(session, survey, HOUSE, now) == 3
        invited = [await session.get(invitations.Invitation, (survey.id, person.id)) for person in people]
        assert [row is not None for row in invited] == [True, False, False, False, True, True, False, False]
        assert await invitations.of(session, survey, joined, now) is None, "a row would say who joined"
        await of_project(session, pipes, late, now)
        assert await invitations.of(session, survey, late, now) is not None
        survey.stage = Stage.CLOSED
        await outcomes.publish(session, survey.id, WHY, now, verdict=Verdict.KEEP)
        while await tidings.tell_some(session, HOUSE, now):
            pass
        told = await session.scalars(select(Outgoing).where(Outgoing.requester_id.is_not(None)))
        reached = [row.requester_id or 0 for row in told if (row.payload or {}).get("text") == "ticket.project_keep"]
        places = {place.id: place for place in await session.scalars(select(Requester))}
        assert [(places[each].ticket_id, places[each].person_id) for each in reached] == [
            (ticket.id + 1, None),
            (ticket.id, None),
        ], "who filed without a name and who joined, each where they wait"
        assert await projects.buildings(session, pipes.id) == ["e1", "e2"], "there they are asked with everybody else"


async def test_what_was_stopped_takes_no_more_tickets(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        desks, wang = await furnish(session), await staff(session)
        pipes, lamps = [await projects.suggest(session, title, desks["east"], now) for title in ("Pipes", "Lamps")]
        ticket = await of_project(session, pipes, await student(session), now)
        survey = await closing(session, pipes, now)
        with pytest.raises(Refusal, match=r"survey\.verdict_missing"):
            await outcomes.publish(session, survey.id, WHY, now)
        await outcomes.publish(session, survey.id, WHY, now, verdict=Verdict.CHANGE, staff=wang)
        assert await projects.conclusions(session) == {pipes.id: (Verdict.CHANGE, WHY, now)}
        await sorting.link(session, ticket, wang, pipes, now)

        again = await closing(session, pipes, now)
        later = now + timedelta(days=99)
        await outcomes.publish(session, again.id, WHY, later, verdict=Verdict.STOP, staff=wang)
        with pytest.raises(Refusal, match=r"survey\.said_already"):
            await outcomes.publish(session, again.id, WHY, later, verdict=Verdict.KEEP)
        assert (await projects.conclusions(session))[pipes.id].verdict is Verdict.STOP, "what was said last counts"
        new = await asking.file(session, draft(), await student(session), HOUSE, later)
        with pytest.raises(Refusal, match=r"project\.stopped"):
            await sorting.link(session, new, wang, pipes, later)
        await sorting.link(session, new, wang, lamps, later)
        assert [project.id for project, _ in await projects.newest(session, 9, await projects.stopped(session))] == [
            lamps.id
        ]
        assert ticket.project_id == pipes.id, "those it has stay"
        said = [act.detail for act in await session.scalars(select(Act).order_by(Act.id)) if act.staff_id == wang.id]
        assert said == [
            {"survey": number, "text": WHY, "verdict": verdict}
            for number, verdict in ((survey.id, "change"), (again.id, "stop"))
        ]
