"""Everybody who may be anything to the union, and somebody who is it. What each is stands here by heart, not by what
the program says. That nobody is missing is computed: from `Who`, the roles that are granted, the kinds of places.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from models import answering, asking, casework, colleagues, people, projects, stations
from models.cases import Head, Report
from models.evaluations import EvaluationRound, EvaluationSheet
from models.figures import Rate
from models.house import House
from models.people import Audience, Person
from models.permissions import Who
from models.projects import ProjectState
from models.shifts import OnShift, Shift, Swap, SwapState
from models.staff_figures import Facts
from models.tickets import Ticket
from models.union import (
    bids,
    calling,
    gatherings,
    milestones,
    posts,
    publications,
    reviewing,
    scoring,
    studies,
    undertaking,
)
from tests.house import draft
from tests.security import attacked as stage
from tests.security.attacked import Presser, there

PLACE = frozenset({Who.HERE, Who.FIRST, Who.OFFERED, Who.ELSEWHERE})
"""What a place can be to a ticket."""
TURNS = frozenset({Who.ON_DUTY, Who.ASKED})


@dataclass(frozen=True)
class Role:
    """Somebody at a place, and what they are there."""

    presser: Presser
    always: frozenset[Who]
    """By their role."""
    at_times: frozenset[Who] = frozenset()
    """By what it is about."""
    own: frozenset[str] = frozenset()
    """Tables of what is theirs alone, about which nobody is asked."""
    about: str = ""
    """What they press about, by its name in `gathered`; without one it has the number 1."""
    proof: tuple[Who, str] | None = None
    """What they are and nobody else of these, and a button that must find them to be it; `{}` is what it is about."""


OWN = frozenset({"people", "survey_rests", "attendances"})


(
    REVIEWER, OTHER_BIDDER, UNDERTAKER, STUDY_LEAD, CALLED, HEAD, SECOND_READER, CONFIDANT, EVALUATED, ON_DUTY, ASKED,
) = range(40_011, 40_022)  # fmt: skip


def role(
    name: str,
    user: int,
    chat: int,
    always: Collection[Who],
    at_times: Collection[Who] = (),
    proof: tuple[Who, str] | None = None,
    about: str = "",
) -> Role:
    presence = there() if chat < 0 else None
    own = frozenset() if chat < 0 else OWN
    return Role(Presser(name, user, chat, presence), frozenset(always), frozenset(at_times), own, about, proof)


ALONE = frozenset({Who.REQUESTER, Who.CALLED, *TURNS})
ROLES = (
    role("a staff member", stage.STAFF, stage.EAST, (), PLACE | TURNS, (Who.HERE, "d:claim:{}")),
    role("a lead", stage.LEAD, stage.EAST, (Who.LEAD,), PLACE | TURNS),
    role("a lead at another station", stage.LEAD, stage.WEST, (), PLACE | TURNS),
    role("staff of another station", stage.WESTERN, stage.WEST, (), PLACE | TURNS),
    role("an admin in a station's group", stage.ADMIN, stage.EAST, (Who.ADMIN,), PLACE | TURNS),
    role("an admin alone with the bot", stage.ADMIN, stage.ADMIN, (Who.STRANGER, Who.PRESIDIUM), ALONE),
    role("somebody in the office", stage.CLERK, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role("an admin in the office", stage.ADMIN, stage.OFFICE, (Who.OFFICE, Who.ADMIN, Who.PRESIDIUM), PLACE | TURNS),
    role("a lead in the office", stage.LEAD, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role("a supervisor", stage.TEACHER, stage.SUPERVISORS, (Who.ABOVE, Who.SUPERVISOR), {Who.ELSEWHERE}),
    role("a supervisor alone with the bot", stage.TEACHER, stage.TEACHER, (Who.STRANGER,), ALONE | {Who.CONFIDANT}),
    role("a supervisor in the office", stage.TEACHER, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role("an admin among the supervisors", stage.ADMIN, stage.SUPERVISORS, (Who.ABOVE, Who.ADMIN), {Who.ELSEWHERE}),
    role("a report reader", stage.PARTY, stage.PARTY, (Who.STRANGER, Who.READER), ALONE),
    role(
        "whose ticket it is",
        stage.ALICE,
        stage.ALICE,
        (Who.STRANGER,),
        {*ALONE, Who.REPORTER},
        (Who.REQUESTER, "m:view:{}:0"),
    ),
    role("who leads the volunteers", stage.CONVENER, stage.CONVENER, (Who.STRANGER,), {*ALONE, Who.CONVENER}),
    role("a volunteer", stage.HELPER, stage.HELPER, (Who.STRANGER,), ALONE),
    role(
        "staff of the place that has offered it",
        stage.STAFF,
        stage.EAST,
        (),
        PLACE | TURNS,
        (Who.FIRST, "d:recall:{}"),
        "offered",
    ),
    role(
        "staff of the place it is offered to",
        stage.WESTERN,
        stage.WEST,
        (),
        PLACE | TURNS,
        (Who.OFFERED, "d:accept:{}"),
        "offered",
    ),
    role(
        "a reviewer of bids",
        REVIEWER,
        REVIEWER,
        (Who.STRANGER,),
        ALONE | {Who.REVIEWER},
        (Who.REVIEWER, "pjw:finish:{}:1"),
        "scored",
    ),
    role("who bids", OTHER_BIDDER, OTHER_BIDDER, (Who.STRANGER,), ALONE, about="scored"),
    role(
        "who undertakes a project",
        UNDERTAKER,
        UNDERTAKER,
        (Who.STRANGER,),
        ALONE | {Who.UNDERTAKER},
        (Who.UNDERTAKER, "pjw:hand:{0}:{0}"),
        "given",
    ),
    role(
        "who leads a study",
        STUDY_LEAD,
        STUDY_LEAD,
        (Who.STRANGER,),
        {*ALONE, Who.CONVENER},
        (Who.CONVENER, "ge:code:{}:-"),
        "study",
    ),
    role("who is called to a study", CALLED, CALLED, (Who.STRANGER,), ALONE, (Who.CALLED, "gi:come:{}"), "study"),
    role("who leads a department, alone with the bot", HEAD, HEAD, (Who.STRANGER,), ALONE),
    role("who leads a department, in the office", HEAD, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS),
    role(
        "the second reader of a publication",
        SECOND_READER,
        stage.OFFICE,
        (Who.OFFICE,),
        PLACE | TURNS,
        (Who.OFFICE, "pub:pass:{}:1:-"),
        "submitted",
    ),
    role("who wrote the publication", stage.CLERK, stage.OFFICE, (Who.OFFICE,), PLACE | TURNS, about="submitted"),
    role(
        "who stands in for a supervisor",
        CONFIDANT,
        CONFIDANT,
        (Who.STRANGER,),
        ALONE | {Who.CONFIDANT},
        (Who.CONFIDANT, "zc:card:{}"),
        "case",
    ),
    role("the supervisor it is about", stage.TEACHER, stage.TEACHER, (Who.STRANGER,), ALONE, about="case"),
    role(
        "who sent the report",
        stage.ALICE,
        stage.ALICE,
        (Who.STRANGER,),
        {*ALONE, Who.REPORTER},
        (Who.REPORTER, "zr:view:{}"),
        "case",
    ),
    role(
        "who is evaluated",
        EVALUATED,
        EVALUATED,
        (Who.STRANGER,),
        ALONE | {Who.EVALUATED},
        (Who.EVALUATED, "evo:show:{}"),
        "sheet",
    ),
    role("whose turn it is", ON_DUTY, ON_DUTY, (Who.STRANGER,), ALONE, (Who.ON_DUTY, "sw:pick:{}"), "turn"),
    role("who is asked to take it", ASKED, ASKED, (Who.STRANGER,), ALONE, (Who.ASKED, "sw:yes:{}:-"), "swap"),
)
"""Each with what proves it: that being it is found by a press, and not only allowed for here."""


async def gathered(session: AsyncSession, house: House, now: datetime) -> dict[str, str]:
    """Those whom `attacked.furnished` does not know come to be what they are. Returns what they press about by name: a
    number, or what a button has in its place.
    """
    everybody: dict[int, Person] = {}
    known = (stage.ALICE, stage.STAFF, stage.WESTERN, stage.CLERK, stage.ADMIN, stage.TEACHER)
    for number in (*known, *range(REVIEWER, ASKED + 1)):
        person = everybody[number] = await people.meet(session, number, "Alice", None, "en")
        person.agreed, person.audience, person.building = True, Audience.UNDERGRADUATE, "e1"
    admin, alice = everybody[stage.ADMIN], everybody[stage.ALICE]
    east, west = [await stations.by_key(session, key) for key in ("east", "west")]
    assert east is not None
    assert west is not None
    for number in (STUDY_LEAD, CALLED, EVALUATED, ON_DUTY, ASKED):
        await colleagues.seen(session, east, everybody[number], now)
    about: dict[str, str] = {}

    ticket = await asking.file(session, draft("Alice"), alice, house, now)
    assert isinstance(ticket, Ticket)
    await answering.transfer(session, ticket, everybody[stage.STAFF], west, {"en": "Theirs"}, house, now)
    about["offered"] = str(ticket.id)

    for name in ("scored", "given"):
        project = await undertaking.suggest(session, f"Lockers {name}", admin, now)
        await undertaking.put_on_list(session, project.id, ["Useful"], "800", now + timedelta(days=1), admin, now)
        offers = [(UNDERTAKER, "Club"), (OTHER_BIDDER, "Class")]
        for number, called in offers:
            offer = bids.Offer(bids.BidderKind.CLUB, called, "We do it", "")
            await bids.offer(session, project, everybody[number], offer, house, now)
        review = await scoring.appoint(session, project.id, everybody[REVIEWER], admin, house, now)
        await undertaking.open_bids(session, project.id, house, now)
        await scoring.declare(session, project, review, False, now)
        about[name] = str(project.id)
    # Given as `undertaking.award` gives it; that three have to have scored is another test's.
    projects.move(project, ProjectState.AWARDED)
    for bid in await bids.of(session, project):
        theirs = bid.person_id == everybody[UNDERTAKER].id
        bid.state = bids.BidState.WON if theirs else bids.BidState.LOST
    day = house.calendar.day_of(now)
    await milestones.add(session, project.id, [(day, f"Part {n}") for n in range(project.id)], admin, house, now)

    study = await studies.plan(
        session, gatherings.Kind.TRAINING, {"en": "What a station is for"}, "Hall 3",
        now + timedelta(days=2), now + timedelta(days=2, hours=1), house, now, by=everybody[STUDY_LEAD],
    )  # fmt: skip
    await calling.call(session, study, everybody[STUDY_LEAD], house, now)
    about["study"] = str(study.id)

    post = next(each for each in await posts.every(session) if each.rank is posts.Rank.HEAD)
    wanted = posts.Wanted("Alice", day, posts.usual_end(day), day, everybody[HEAD].id)
    await posts.appoint(session, post, wanted, house.caps, now)

    texts = {each: {"title": "The lift", "body": "works"} for each in house.languages}
    news = await publications.draft(session, publications.Kind.NEWS, texts, everybody[stage.CLERK], now)
    await reviewing.submit(session, news, house, everybody[stage.CLERK], now)
    about["submitted"] = str(news.id)

    await people.grant(session, people.Role.SUPERVISOR, CONFIDANT, given_by=1, now=now - timedelta(days=9))
    head = Head(about="Grimm", supervisor=True, recused=stage.TEACHER, name="Alice")
    case = await casework.file(session, Report(head, [{"type": "text", "text": "Alice"}]), alice, house, now)
    about["case"] = case.code

    round_ = EvaluationRound(
        semester="2026-1", since=now - timedelta(days=90), until=now, cell=5, started_by_id=admin.id,
        closes_at=now + timedelta(days=9),
    )  # fmt: skip
    session.add(round_)
    await session.flush()
    facts = Facts(Rate(1, 1), Rate(0, 1), None).plain()
    sheet = EvaluationSheet(round_id=round_.id, person_id=everybody[EVALUATED].id, places=[], facts=facts, sent=True)
    session.add(sheet)

    shift = Shift(station_id=east.id, weekday=day.weekday(), starts=time(8), ends=time(22), first_day=day)
    session.add(shift)
    await session.flush()
    session.add(OnShift(shift_id=shift.id, person_id=everybody[ON_DUTY].id))
    swap = Swap(
        shift_id=shift.id, day=day + timedelta(days=7), giver_id=everybody[ON_DUTY].id, asked_id=everybody[ASKED].id,
        state=SwapState.OFFERED,
    )  # fmt: skip
    session.add(swap)
    await session.flush()
    about["sheet"], about["swap"] = str(sheet.id), str(swap.id)
    about["turn"] = f"{shift.id}:{day + timedelta(days=14):%Y%m%d}.{everybody[ON_DUTY].id}"
    return about
