"""One of everything that goes on by itself, in somebody's hostile words: whatever a job of the clock writes about is
under way, so that each of them has something to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import (
    colleagues,
    evaluations,
    exports,
    majors,
    outcomes,
    people,
    pulses,
    quizzes,
    shifts,
    stations,
    surveys,
)
from models.house import House
from models.people import Person, Role
from models.pictures import Picture
from models.projects import Project, ProjectState
from models.questionnaires import EVERYBODY, Names, Question, Questionnaire
from models.quizzes import Draft
from models.stations import Station
from models.surveys import STAFF_EVALUATION, Stage
from models.tickets import Ticket
from models.union import (
    bids,
    calling,
    exchanges,
    gatherings,
    milestones,
    posts,
    report_files,
    rota,
    studies,
    tidings,
    work_reports,
)
from models.union.bids import BidderKind, BidState, Offer
from models.union.gatherings import Kind as Together
from models.union.milestones import Milestone
from models.union.posts import Chosen, Rank, Wanted
from models.union.rota import Pace
from tests.models.test_posts import DEPARTMENTS
from tests.security import attacked as stage
from tests.surveying.results import ASKED, RESULTS
from tests.surveying.results import closed as concluded

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENOUGH = 12
"""So many have voted that what they chose is drawn."""


async def everything(session: AsyncSession, house: House, name: str, now: datetime) -> None:
    """All of it, begun at `now`, which is the opening of a Monday; more follows by itself."""
    who = {number: await _person(session, number) for number in (stage.ALICE, stage.STAFF, stage.LEAD, stage.ADMIN)}
    desks = {each.key: each for each in await stations.open_desks(session)}
    staff, lead, admin = who[stage.STAFF], who[stage.LEAD], who[stage.ADMIN]
    for person in (staff, lead):
        await colleagues.seen(session, desks["east"], person, now)
    await _on_duty(session, desks["east"], staff, lead, house, now)
    await _asked(session, name, house, now)
    await _surveyed(session, name, now)
    await evaluations.start(session, admin, house, 1, now)
    await _held(session, name, (staff, lead), admin, house, now)
    await _studied(session, name, admin, house, now)
    await _undertaken(session, name, who[stage.ALICE], admin, house, now)
    await _reported(session, staff, await _person(session, stage.TEACHER), name, house, now)
    await _wanted(session, admin, house, now)


async def _person(session: AsyncSession, number: int) -> Person:
    found = await people.by_telegram_id(session, number)
    assert found is not None
    return found


async def _on_duty(
    session: AsyncSession, east: Station, staff: Person, lead: Person, house: House, now: datetime
) -> None:
    """A shift that ends today, with tickets open, and one that follows it."""
    weekday = house.calendar.day_of(now).weekday()
    for (starts, ends), person in (((time(8, 30), time(12)), staff), ((time(12), time(17)), lead)):
        shift = await shifts.add(session, east, weekday, starts, ends, lead, house.calendar, now - DAY)
        await shifts.toggle(session, shift, person, lead, now)


async def _asked(session: AsyncSession, name: str, house: House, now: datetime) -> None:
    """A poll in private that many answer, one in the groups that nobody does, and a quiz."""
    words = name[: pulses.QUESTION_LENGTH], [name[: pulses.OPTION_LENGTH], "No"]
    until = now + 5 * HOUR
    told = await pulses.launch(session, *words, until, house, now)
    for number in range(ENOUGH):
        await pulses.sent(session, told.id, f"poll {number}", house.vault)
        await pulses.voted(session, f"poll {number}", [number % 2, 1 - number % 2], house.vault)
    await pulses.launch(session, *words, until, house, now, await pulses.groups(session, None))
    why = name[: quizzes.EXPLANATION_LENGTH]
    groups = await quizzes.groups(session, None)
    quiz = await quizzes.launch(session, Draft(words[0], words[1], 0, why), groups, until, now)
    await quizzes.sent(session, quiz.id, groups[0].id, "quiz")
    await quizzes.answered(session, "quiz", await _person(session, stage.STAFF), 0)


def questionnaire(name: str) -> Questionnaire:
    """Every text of it is what somebody wrote."""

    def said(most: int) -> Names:
        return {"en": name[:most]}

    def put(question: Question) -> Question:
        options = tuple(replace(each, text=said(60)) for each in question.options)
        return replace(question, text=said(300), options=options)

    return replace(ASKED, title=said(100), about=said(500), questions=tuple(put(each) for each in ASKED.questions))


async def _surveyed(session: AsyncSession, name: str, now: datetime) -> None:
    """One is about to open, one about staff has closed, and of one it is said what will change."""
    await surveys.plan(
        session, key="mine", questionnaire=questionnaire(name), opens_at=now + HOUR, closes_at=now + 4 * DAY,
        reminders=[now + 2 * DAY], target=EVERYBODY, cell=1,
    )  # fmt: skip
    about_staff = await concluded(session, now - 2 * DAY, Stage.CLOSED, questionnaire(name), RESULTS)
    about_staff.key = STAFF_EVALUATION
    said = await concluded(session, now - DAY, Stage.CLOSED, questionnaire(name), RESULTS)
    session.add(Picture(chat_id=stage.OFFICE, thread_id=None, language="en", caption="", drawing={"survey": said.id}))
    await outcomes.publish(session, said.id, {"en": name[: outcomes.CHANGES_LENGTH]}, now)


async def _held(
    session: AsyncSession, name: str, two: tuple[Person, Person], admin: Person, house: House, now: datetime
) -> None:
    """Posts whose terms end soon, a turn of the executive chair that begins, and an exchange nobody confirms."""
    await posts.follow_config(session, DEPARTMENTS)
    today = house.calendar.day_of(now)
    terms = []
    for post, person in zip(await posts.every(session), (admin, *two), strict=False):
        wanted = Wanted(name[:60], today, today + 25 * DAY, today, person.id)
        how = Chosen.ELECTED if post.rank is Rank.PRESIDIUM else Chosen.SELECTED
        terms.append((post, await posts.add(session, post, wanted, how, now, staff=admin)))
    await rota.plan(session, next(iter(Pace)), today, today, now, admin)
    one, other = [term for post, term in terms if post.rank is not Rank.PRESIDIUM][:2]
    await exchanges.propose(session, one, other, today + DAY, admin, house.calendar, now)


async def _studied(session: AsyncSession, name: str, admin: Person, house: House, now: datetime) -> None:
    """A training to which staff are called, the day after tomorrow."""
    starts, titles = now + 2 * DAY, {"en": name[: gatherings.TITLE_LENGTH]}
    planned = (titles, name[: gatherings.PLACE_LENGTH], starts, starts + HOUR, house, now)
    about = {"en": name[: gatherings.ABOUT_LENGTH]}
    it = await studies.plan(session, Together.TRAINING, *planned, by=admin, about=about)
    await calling.call(session, it, admin, house, now)
    drawing = {"gathering": it.id}
    session.add(Picture(chat_id=stage.OFFICE, thread_id=None, language="en", caption="", drawing=drawing))


async def _undertaken(
    session: AsyncSession, name: str, alice: Person, admin: Person, house: House, now: datetime
) -> None:
    """A project with a bid that will be opened, and one whose milestone is late and of which others still hear."""
    listed = await session.scalar(select(Project).where(Project.state == ProjectState.LISTED))
    assert listed is not None
    offer = Offer(BidderKind.CLUB, name[: bids.NAME_LENGTH], name[:500], name[:200])
    await bids.offer(session, listed, alice, offer, house, now)
    given = Project(title=name[:200], station_id=listed.station_id, opened_at=now, state=ProjectState.UNDERWAY)
    session.add(given)
    await session.flush()
    session.add(
        bids.Bid(
            project_id=given.id, person_id=alice.id, kind=BidderKind.CLUB, name=name[: bids.NAME_LENGTH],
            plan=name[:500], interests=name[:200], state=BidState.WON,
        )
    )  # fmt: skip
    session.add(Milestone(project_id=given.id, what=name[: milestones.WHAT_LENGTH], due=house.calendar.day_of(now)))
    for ticket in await session.scalars(select(Ticket)):
        ticket.project_id = given.id
    told: Mapping[str, Any] = {"name": name[: bids.NAME_LENGTH], "reason": {"en": name[:500]}}
    await tidings.tell(session, given, "ticket.project_awarded", **told)


async def _reported(
    session: AsyncSession, staff: Person, teacher: Person, name: str, house: House, now: datetime
) -> None:
    """A major matter that somebody who comes to read it later still receives."""
    ticket = await session.get_one(Ticket, 1)
    matter = await majors.propose(session, ticket, staff, name[:500], now)
    await majors.approve(session, matter, teacher, house.vault, now)
    await people.grant(session, Role.READER, stage.BOB, given_by=stage.ADMIN, now=now)


async def _wanted(session: AsyncSession, admin: Person, house: House, now: datetime) -> None:
    """A table of all tickets, and a report whose files somebody waits for."""
    day = house.calendar.day_of(now)
    wish = {"format": "xlsx", "language": "en", "from": day.isoformat(), "to": day.isoformat()}
    await exports.ask(session, "tickets.xlsx", wish, admin, now)
    await work_reports.make(session, work_reports.spells(house.calendar, now)[0], house.calendar, now, admin)


async def report_wanted(session: AsyncSession) -> None:
    """The files of the report that has been counted meanwhile."""
    await report_files.want_files(session, 1, stage.OFFICE, None, "en")
