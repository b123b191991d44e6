"""A whole academic year with a moved clock: three stations, three hundred students, twenty of the staff. The calendar
brings what it brings, people do what they do, and at the end every floor of the ten measures is met.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import (
    answering,
    asking,
    ballots,
    colleagues,
    cuts,
    evaluations,
    invitations,
    outcomes,
    people,
    projects,
    requesters,
    roster,
    sorting,
    stations,
    surveys,
)
from models.asking import Draft
from models.ballots import Slip
from models.evaluations import EvaluationRound, EvaluationSheet
from models.figures import Rate
from models.handovers import Handover
from models.house import House
from models.invitations import Invitation, Part
from models.lifecycle import Kind as TicketKind
from models.lifecycle import State as TicketState
from models.people import Audience, Person, Role
from models.questionnaires import Group, Kind, Question
from models.requesters import Requester
from models.stations import Station
from models.surveys import Stage, Survey, Verdict
from models.tickets import Ticket
from models.union import (
    bids,
    calling,
    comments,
    deliveries,
    floors,
    gatherings,
    hours,
    milestones,
    moderation,
    places,
    posts,
    presence,
    publications,
    report_files,
    reviewing,
    rota,
    scoring,
    signing,
    studies,
    undertaking,
    volunteering,
    work_reports,
)
from models.union.bids import BidderKind, Offer
from models.union.gatherings import Attendance, Gathering
from models.union.passes import Way
from models.union.posts import Wanted
from models.union.publications import Heading, Topic
from models.union.rota import Pace
from models.union.work_reports import WorkReport
from sandbox.client import Person as Actor
from tests.campus import Campus, running
from tests.stories.test_reports import bound, named

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BEGIN = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
"""The first Monday, nine o'clock in Shanghai."""
STUDENTS, STAFF = 300, 20
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
BUILDINGS = ("e1", "e2", "e3", "w1", "w2", "s1", "s2", "s3")
WORDS = ("The tap drips", "No hot water", "The lamp flickers", "The net is slow", "A door sticks", "Noise at night")
CATEGORIES = ("water", "water", "power", "internet", "furniture", "noise")
TEXTS = {each: {"title": "A title", "body": "A text that everybody may read."} for each in ("zh-hans", "zh-hant", "en")}
TITLES = {each: text["title"] for each, text in TEXTS.items()}


@dataclass
class Union:
    """Everybody, and what is at hand."""

    campus: Campus
    teacher: Actor
    secretary: Actor
    students: list[int] = field(default_factory=list)
    staff: list[int] = field(default_factory=list)
    """The numbers of the people: the presidium first."""
    chance: random.Random = field(default_factory=lambda: random.Random(20260907))
    words: int = 0

    @property
    def house(self) -> House:
        return self.campus.app.toolbox.house

    @property
    def now(self) -> datetime:
        return self.campus.clock()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[AsyncSession]:
        async with self.campus.app.database.transaction() as session:
            yield session

    async def until(self, day: date, at: time = time(9)) -> None:
        """Time passes up to a moment of local time, week by week."""
        calendar = self.house.calendar
        wanted = calendar.at(day, at)
        while self.now < wanted:
            await self.campus.later(seconds=min(WEEK, wanted - self.now).total_seconds())

    async def person(self, session: AsyncSession, number: int) -> Person:
        return await session.get_one(Person, number)

    async def those(self, session: AsyncSession, numbers: Sequence[int]) -> list[Person]:
        return [await session.get_one(Person, number) for number in numbers]

    # ------------------------------------------------------------ tickets

    async def a_week(self, filed: int) -> None:
        """Students file, staff answer, nearly all in time, and resolve; who is asked says how it was."""
        async with self.at_work() as session:
            seats = {each.key: each for each in await stations.open_desks(session)}
            for _ in range(filed):
                await self._ticket(session, seats)
            for number in self.staff:
                place = ("east", "west", "south", "office")[number % 4]
                await colleagues.seen(session, seats[place], await self.person(session, number), self.now)
        await self.campus.later(days=7)

    async def _ticket(self, session: AsyncSession, seats: dict[str, Station]) -> None:
        chance, now = self.chance, self.now
        student = await self.person(session, chance.choice(self.students))
        self.words += 1
        about = chance.randrange(len(WORDS))
        draft = Draft(
            kind=chance.choice([TicketKind.COMPLAINT, TicketKind.NEED, TicketKind.SUGGESTION]),
            category=CATEGORIES[about],
            building=student.building,
            contents=[{"type": "text", "text": f"{WORDS[about]} ({self.words})"}],
            sources=[(student.telegram_id, 100_000 + self.words)],
            anonymous=chance.random() < 0.3,
        )
        ticket = await asking.file(session, draft, student, self.house, now)
        staff = await self.person(session, chance.choice(self.staff))
        late = chance.random() < 0.1
        answered = now + (3 * DAY if late else 2 * HOUR)
        said = {"type": "text", "text": "We look at it."}
        place = seats[next(key for key, each in seats.items() if each.id == ticket.station_id)]
        await answering.answer(session, ticket, staff, said, self.house, answered, (place.chat_id or 0, self.words))
        if chance.random() < 0.9:
            await answering.resolve(session, ticket, staff, "repaired", self.house, answered + DAY)
            (asked,) = await requesters.waiting.about(session, ticket.id)
            if chance.random() < 0.7:
                await asking.rate(session, ticket, asked, chance.choice([3, 4, 4, 5, 5, 5]), answered + DAY + HOUR)
                await asking.confirm(session, ticket, asked, answered + DAY + HOUR)

    # ------------------------------------------------------------ what is published

    async def publishes(self, kind: publications.Kind, **about: Any) -> int:
        """From the draft over the second reader to the supervising teacher; the clock sends it."""
        async with self.at_work() as session:
            writer, reader = await self.those(session, self.staff[:2])
            teacher = await people.by_telegram_id(session, self.teacher.id)
            assert teacher is not None
            found = await publications.draft(session, kind, TEXTS, writer, self.now, **about)
            await reviewing.submit(session, found, self.house, writer, self.now)
            await reviewing.read(session, found, found.revision, self.house, reader, self.now)
            await reviewing.approve(session, found, found.revision, teacher, self.now)
            return found.id

    # ------------------------------------------------------------ study, training, volunteering

    async def gathers(self, kind: gatherings.Kind, day: date, missing: int = 0, of: Gathering | None = None) -> int:
        """Planned and called a week before, held with those who sign in; the clock holds it."""
        starts = self.house.calendar.at(day, time(15))
        async with self.at_work() as session:
            chair = await self.person(session, self.staff[0])
            makes_up = await gatherings.get(session, of.id) if of is not None else None
            found = await studies.plan(
                session, kind, TITLES, "Hall 3", starts, starts + 2 * HOUR, self.house, self.now,
                by=chair, makes_up=makes_up,
            )  # fmt: skip
            called = await calling.call(session, found, chair, self.house, self.now)
            assert called > 0
        await self.until(day, time(15, 5))
        async with self.at_work() as session:
            gathering = await gatherings.get(session, found.id)
            rows = await gatherings.attendances(session, gathering)
            for row in rows[: len(rows) - missing]:
                person = await self.person(session, row.person_id)
                await signing.go(session, gathering, Way.IN, person, self.house, self.now)
        await self.campus.later(days=1)
        return found.id

    async def volunteers(self, day: date, seats: int = 8, asked: int = 12) -> int:
        """A call with fewer places than want one; who came has their hours confirmed."""
        starts = self.house.calendar.at(day, time(14))
        async with self.at_work() as session:
            lead = await self.person(session, self.staff[4])
            ends, about = starts + 3 * HOUR, (TITLES, self.house, self.now)
            found, _ = await volunteering.plan(session, TITLES, "Gate 2", starts, ends, *about, by=lead, station=None)
            await places.seat(session, found.id, seats, self.house, self.now)
            await volunteering.open_call(session, found, lead, self.now)
        async with self.at_work() as session:
            for number in self.students[:asked]:
                await places.put_down(session, found.id, await self.person(session, number), self.house, self.now)
        await self.until(day, time(14, 5))
        async with self.at_work() as session:
            gathering = await gatherings.get(session, found.id)
            coming = await gatherings.attendances(session, gathering, gatherings.Part.COMING)
            for row in coming[:-1]:
                person = await self.person(session, row.person_id)
                await presence.sign_in(session, found.id, person, self.house, self.now)
        await self.campus.later(hours=3)
        async with self.at_work() as session:
            gathering = await gatherings.get(session, found.id)
            for row in await gatherings.attendances(session, gathering, gatherings.Part.CAME):
                await gatherings.sign_out(session, gathering, await self.person(session, row.person_id), self.now)
        await self.campus.later(days=1)
        async with self.at_work() as session:
            gathering, call = await volunteering.get(session, found.id)
            lead = await self.person(session, self.staff[4])
            await hours.confirm_all(session, gathering, call, lead, self.house, self.now)
        return found.id

    # ------------------------------------------------------------ surveys and evaluations

    async def answers(self, key: str, share: float = 0.6) -> int:
        """Of those whom the calendar invited so many finish; the clock closes it, and the union says what changes."""
        async with self.at_work() as session:
            (survey,) = [each for each in await surveys.in_stage(session, *surveys.RUNNING) if each.key == key]
            invited = await session.scalars(select(Invitation).where(Invitation.survey_id == survey.id))
            for invitation in invited.all():
                if self.chance.random() < share:
                    person = await self.person(session, invitation.person_id)
                    facts = await roster.facts(session, person)
                    given = {each.key: self._answer(each) for each in survey.questionnaire.questions}
                    kept = survey.questionnaire.kept(given, facts)
                    slip = Slip(kept, cuts.groups_of(facts, self.house))
                    await ballots.cast(session, survey, slip, None, self.house.vault)
                    invitation.part = Part.FINISHED
                    await invitations.finished_today(session, survey, self.house.calendar.day_of(self.now))
        await self.until(self.house.calendar.day_of(survey.closes_at) + DAY)
        async with self.at_work() as session:
            changes = dict.fromkeys(self.house.languages, "We open an hour longer.")
            verdict = Verdict.KEEP if survey.project_id is not None else None
            await outcomes.publish(session, survey.id, changes, self.now, verdict=verdict)
        await self.campus.later(hours=1)
        return survey.id

    def _answer(self, question: Question) -> Any:
        chance = self.chance
        match question.kind:
            case Kind.AGREEMENT:
                return chance.choice([2, 3, 4, 4, 5, 5])
            case Kind.SCALE:
                return chance.randrange(5, 11)
            case Kind.SINGLE:
                return chance.choice([each.key for each in question.options])
            case Kind.MULTIPLE:
                return [question.options[0].key]
            case Kind.RANKING:
                return [each.key for each in question.options]
            case _:
                return "Nothing more to say"

    async def evaluates(self) -> None:
        """The round of the semester: started, answered or not, decided."""
        async with self.at_work() as session:
            await evaluations.start(session, await self.person(session, self.staff[0]), self.house, 10, self.now)
        await self.campus.later(minutes=1)
        await self.campus.later(days=8)
        async with self.at_work() as session:
            first, second = await self.those(session, self.staff[:2])
            sheets = (await session.scalars(select(EvaluationSheet).where(EvaluationSheet.decision.is_(None)))).all()
            assert sheets
            for sheet in sheets:
                by = second if sheet.person_id == first.id else first
                await evaluations.decide(session, sheet.id, by, "Goes on as before.", self.house, self.now)

    # ------------------------------------------------------------ the reports

    async def reports(self, kind: work_reports.Kind, period: str, heard: bool) -> int:
        """The clock has drafted it; people write, finish, send it and record the meeting."""
        async with self.at_work() as session:
            report = await work_reports.newest(session, kind, period)
            assert report is not None, "the clock drafts it three weeks before"
            chair, number = await self.person(session, self.staff[0]), report.id
            await work_reports.renew(session, number, self.house.calendar, self.now, chair)
        await self.campus.later(minutes=1)
        async with self.at_work() as session:
            chair = await self.person(session, self.staff[0])
            await work_reports.finish(session, number, self.now, chair)
            await report_files.send_to_readers(session, number, "zh-hans", self.now, chair)
        await self.campus.later(days=2)
        if heard:
            async with self.at_work() as session:
                day, chair = self.house.calendar.day_of(self.now), await self.person(session, self.staff[0])
                await work_reports.hear(session, number, day, "Go on.", self.house.calendar, self.now, chair)
        return number


async def settle_in(campus: Campus) -> Union:
    """Rooms, roles, posts and people."""
    teacher, secretary = await campus.stage.person("Teacher Sun", "zh-hans"), await campus.stage.person("Ma", "zh-hans")
    await bound(campus, [teacher])
    await named(campus, Role.SUPERVISOR, teacher)
    await named(campus, Role.READER, secretary)
    south = await campus.stage.group("South", [campus.admin], [])
    union = Union(campus, teacher, secretary)
    audiences, chance = list(Audience), union.chance
    async with union.at_work() as session:
        place = await stations.by_key(session, "south")
        assert place is not None
        place.chat_id, place.language = south.id, "en"
        for actor in (teacher, secretary):
            (await people.meet(session, actor.id, actor.name, None, "zh-hans")).agreed = True
    actors = [campus.admin, campus.wang, campus.li]
    actors += [await campus.stage.person(f"Staff {n}", "zh-hans") for n in range(len(actors), STAFF)]
    pupils = [await campus.stage.person(f"Student {n}", "zh-hans") for n in range(STUDENTS)]
    for actor in (*actors, *pupils):
        await actor.says("/start")
    await campus.quiet()
    async with union.at_work() as session:
        for actor in actors:
            person = await people.meet(session, actor.id, actor.name, None, "zh-hans")
            person.agreed = True
            union.staff.append(person.id)
        for n, actor in enumerate(pupils):
            person = await people.meet(session, actor.id, actor.name, None, "zh-hans")
            person.agreed, person.building, person.audience = True, BUILDINGS[n % 8], chance.choice(audiences)
            union.students.append(person.id)
        caps = campus.app.settings.caps()
        await session.flush()
        known = {each.key: each for each in await posts.every(session)}
        departments = [key for key in known if key.startswith("staff.")]
        starts, ends = date(2026, 9, 1), date(2027, 7, 31)
        for n, number in enumerate(union.staff):
            post = known["presidium" if n < 5 else departments[n % len(departments)]]
            person = await union.person(session, number)
            wanted = Wanted(person.name, starts, ends, starts, person.id)
            await posts.appoint(session, post, wanted, caps, union.now)
        chair = await union.person(session, union.staff[0])
        today = union.house.calendar.day_of(union.now)
        await rota.plan(session, Pace.MONTH, today, today, union.now, chair)
    return union


async def opens_a_project(union: Union) -> int:
    """From tickets to the award: listed, three bids, three reviewers, given with a reason, a milestone."""
    house = union.house
    async with union.at_work() as session:
        chair = await union.person(session, union.staff[0])
        project = await undertaking.suggest(session, "A drying room for East 1", chair, union.now)
        tickets = select(Ticket).where(Ticket.building == "e1", Ticket.state != TicketState.MERGED).limit(4)
        for ticket in await session.scalars(tickets):
            await sorting.link(session, ticket, chair, project, union.now)
        until = union.now + 10 * DAY
        await undertaking.put_on_list(session, project.id, ["Useful", "Feasible"], "500", until, chair, union.now)
        for n, number in enumerate(union.students[-3:]):
            person, offer = await union.person(session, number), Offer(BidderKind.CLUB, f"Club {n}", "We do it", "")
            await bids.offer(session, project, person, offer, house, union.now)
        for number in union.staff[5:8]:
            await scoring.appoint(session, project.id, await union.person(session, number), chair, house, union.now)
    await union.campus.later(days=11)
    async with union.at_work() as session:
        project = await projects.get(session, project.id)
        for review, _ in await scoring.of(session, project):
            await scoring.declare(session, project, review, False, union.now)
            for bid in await bids.of(session, project):
                for criterion in range(2):
                    await scoring.score(session, project, review, bid, criterion, union.chance.randrange(4, 11))
            await scoring.finish(session, project, review, union.now)
        chair, best = await union.person(session, union.staff[0]), (await scoring.means(session, project))[0].bid
        reason = dict.fromkeys(house.languages, "The best plan.")
        await undertaking.award(session, best.id, reason, chair, house, union.now)
        due = house.calendar.day_of(union.now) + 20 * DAY
        await milestones.add(session, project.id, [(due, "Racks stand")], chair, house, union.now)
    return project.id


async def finishes_a_project(union: Union, number: int) -> None:
    """Its milestone is shown and accepted, and those in the buildings are asked."""
    house = union.house
    async with union.at_work() as session:
        chair, project = await union.person(session, union.staff[0]), await projects.get(session, number)
        (milestone,) = await milestones.of(session, project)
        await milestones.hand_in(session, milestone, project, [{"type": "text", "text": "They stand"}], union.now)
        await milestones.accept(session, milestone.id, chair, house, union.now)
        await undertaking.finish(session, number, chair, house, union.now)
        file = union.campus.app.toolbox.surveys["project-closing"]
        survey = await surveys.plan(
            session, key=file.key, questionnaire=file.questionnaire, opens_at=union.now, closes_at=union.now + 5 * DAY,
            target=Group(buildings=("e1", "e2", "e3")), cell=10, project_id=number,
        )  # fmt: skip
        assert survey is not None
    await union.campus.later(hours=1)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_whole_year_ends_with_every_floor_met(database_url: str) -> None:
    async with running(database_url, begin=BEGIN) as campus:
        union = await settle_in(campus)
        house, office = union.house, campus.office
        # The first weeks: what is disclosed, guidance, who follows what.
        for heading in Heading:
            await union.publishes(publications.Kind.DISCLOSURE, heading=heading)
        async with union.at_work() as session:
            for number in union.students[:40]:
                await deliveries.follow(session, await union.person(session, number), Topic.JOBS, yes=True)
        await union.publishes(publications.Kind.GUIDANCE)
        news = await union.publishes(publications.Kind.NEWS, topic=Topic.JOBS)
        await campus.later(hours=1)
        await union.a_week(12)
        await union.gathers(gatherings.Kind.STUDY, date(2026, 9, 24), missing=3)
        async with union.at_work() as session:
            alice = await union.person(session, union.students[0])
            about = alice, house, union.now
            said = await comments.send(session, "Open in the evening?", Heading.KEY_WORK, *about, named=False)
            chair = await union.person(session, union.staff[0])
            await moderation.answer(session, said.id, chair, "From Monday on.", False, house, union.now + HOUR)
        await union.a_week(12)
        training = await union.gathers(gatherings.Kind.TRAINING, date(2026, 10, 15), missing=2)
        async with union.at_work() as session:
            missed = await gatherings.get(session, training)
        await union.gathers(gatherings.Kind.TRAINING, date(2026, 10, 29), of=missed)
        number = await opens_a_project(union)
        await union.gathers(gatherings.Kind.STUDY, date(2026, 11, 12))
        await union.until(date(2026, 11, 24), time(11))
        await union.answers("staff-evaluation")
        await finishes_a_project(union, number)
        await union.answers("project-closing", 0.7)
        await union.until(date(2026, 12, 9), time(11))
        await union.answers("semester-satisfaction")
        await union.evaluates()
        await union.volunteers(date(2027, 1, 6))
        await union.until(date(2027, 1, 12))
        autumn = await union.reports(work_reports.Kind.WORK, "2026-2027-1", heard=True)
        board = await the_board(union)
        assert {floor.key for floor in board.still_to_do()} == {"reform", "assessment"}, "these are the year's"

        # The spring.
        await union.until(date(2027, 2, 22))
        for heading in (Heading.STAFF, Heading.KEY_WORK, Heading.ARRANGEMENTS):
            await union.publishes(publications.Kind.DISCLOSURE, heading=heading)
        await union.publishes(publications.Kind.GUIDANCE)
        await union.a_week(12)
        await union.a_week(12)
        await union.gathers(gatherings.Kind.STUDY, date(2027, 3, 18))
        await union.gathers(gatherings.Kind.TRAINING, date(2027, 3, 25))
        await union.until(date(2027, 4, 7), time(11))
        await union.answers("union-evaluation")
        await union.gathers(gatherings.Kind.STUDY, date(2027, 4, 29))
        await union.volunteers(date(2027, 5, 13))
        await union.until(date(2027, 5, 19), time(11))
        await union.evaluates()
        await union.until(date(2027, 6, 15))
        spring = await union.reports(work_reports.Kind.WORK, "2026-2027-2", heard=True)
        await union.until(date(2027, 7, 14))
        await union.reports(work_reports.Kind.ASSESSMENT, "2026-2027", heard=False)
        board = await the_board(union)
        assert board.still_to_do() == []
        assert (board.semester.name if board.semester else "", board.year.name) == ("2026-2027-2", "2026-2027")

        # What people read of it.
        await campus.quiet()
        for words in ("Week 8 of 2026-2027-1", "Week 8 of 2026-2027-2"):
            await office.shows(words)
        async with union.at_work() as session:
            sent = await publications.get(session, news)
            assert (sent.written, sent.delivered) == (40, 40)
            for report in (autumn, spring):
                await recomputed(session, house, report)
            turns = await session.scalar(select(func.count()).select_from(Handover))
            assert turns, "the chair went round, and each handed over"


async def the_board(union: Union) -> floors.Board:
    async with union.at_work() as session:
        return await floors.board(session, union.house.calendar, union.now)


async def recomputed(session: AsyncSession, house: House, number: int) -> None:
    """The figures of a report, counted anew from plain rows."""
    report = await session.get_one(WorkReport, number)
    found = report.findings
    assert found is not None
    rows = [
        each for each in (await session.scalars(select(Ticket))).all() if report.since <= each.filed_at < report.until
    ]
    numbers = {each.id for each in rows}
    total = found.total("filed")
    assert total is not None
    assert (total.value, len(rows) > 15) == (len(rows), True)
    due = [each for each in rows if each.reply_due is not None and each.replied_at is not None]
    response = found.total("response")
    assert response is not None
    assert response.share is not None
    in_time = sum(each.replied_at <= each.reply_due for each in due if each.replied_at and each.reply_due)
    assert response.share.rate == Rate(in_time, len(due))
    waited = [each for each in (await session.scalars(select(Requester))).all() if each.ticket_id in numbers]
    for name, hits, of in (
        ("solved", sum(each.solved is True for each in waited), sum(each.solved is not None for each in waited)),
        ("satisfied", sum((each.rating or 0) >= 4 for each in waited), sum(each.rating is not None for each in waited)),
    ):
        figure = found.total(name)
        assert figure is not None
        assert figure.share is not None
        assert figure.share.rate == Rate(hits, of), name
    for kind, key in ((gatherings.Kind.STUDY, "held_study"), (gatherings.Kind.TRAINING, "held_training")):
        its = [
            each.id
            for each in (await session.scalars(select(Gathering).where(Gathering.kind == kind))).all()
            if report.since <= each.starts_at < report.until
        ]
        came = [
            each
            for each in (await session.scalars(select(Attendance).where(Attendance.gathering_id.in_(its)))).all()
            if each.part is gatherings.Part.CAME
        ]
        figure = found.total(key)
        assert figure is not None
        assert figure.share is not None
        assert (figure.value, figure.share.rate.hits) == (len(its), len(came))
    minutes = [
        each.minutes
        for each in (await session.scalars(select(Attendance))).all()
        if each.minutes is not None and each.gathering_id in await _in(session, report)
    ]
    helped = found.total("volunteer_minutes")
    assert helped is not None
    assert helped.value == sum(minutes) > 0
    asked = [
        each
        for each in (await session.scalars(select(Survey).where(Survey.stage.in_((Stage.TELLING, Stage.TOLD))))).all()
        if report.since <= each.closes_at < report.until
    ]
    shares = {each.about["number"]: each.share.rate for each in found.all_of("survey") if each.share is not None}
    for survey in asked:
        invited = await session.scalar(select(func.count()).where(Invitation.survey_id == survey.id))
        done = await session.scalar(
            select(func.count()).where(Invitation.survey_id == survey.id, Invitation.part == Part.FINISHED)
        )
        assert shares[survey.id] == Rate(done or 0, invited or 0)
    rounds = (await session.scalars(select(EvaluationRound).where(EvaluationRound.semester == report.period))).all()
    assert len(found.all_of("evaluation")) == len(rounds) == 1
    assert {each.state for each in found.floors if each.semester == report.period and each.key != "report"} == {"green"}


async def _in(session: AsyncSession, report: WorkReport) -> set[int]:
    rows = await session.scalars(select(Gathering).where(Gathering.kind == gatherings.Kind.VOLUNTEERING))
    return {each.id for each in rows if report.since <= each.starts_at < report.until}
