"""What comes of a survey: it is counted, what may be told is made and everything else destroyed; the union says what
will change, and those who were asked hear it ("you asked, we did").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import audit, ballots, cuts, invitations, outbox, projects, remarks, stations, suppression, surveys
from models.errors import Refusal
from models.house import House
from models.outbox import Lane, Repeat
from models.people import Person
from models.pictures import Picture
from models.questionnaires import group_of
from models.results import Results
from models.sessions import in_thread
from models.surveys import OVER, RUNNING, Stage, Survey, Verdict
from models.union import tidings, undertaking

CHANGES_LENGTH = 1000
"""Characters in each language: in all three they fit into one message, seen whole before it is sent."""


async def close_due(session: AsyncSession, house: House, now: datetime) -> None:
    """The boxes of those whose time is over are emptied. From now on nothing more is put in."""
    running = select(Survey.id).where(Survey.stage.in_(RUNNING), Survey.closes_at <= now).order_by(Survey.id)
    for number in await session.scalars(running):
        # Locked: whoever is finishing at this moment is in, or finds it closed.
        survey = await session.get_one(Survey, number, with_for_update=True, populate_existing=True)
        survey.stage = Stage.COUNTING
        await ballots.empty(session, survey, house.vault)


async def results_of(session: AsyncSession, survey: Survey, house: House) -> Results:
    """What may be told of a survey that has been counted. Takes a moment: ask it where nobody waits for the session."""
    everybody, groups = await ballots.tallies(session, survey, house.vault)
    response = await invitations.response(session, survey)
    shares = await cuts.roster_shares(session, group_of(survey.target), house)
    days = await invitations.days(session, survey)
    kinds = await invitations.kinds(session, survey, house)
    # Of fewer than a cell nothing is left but that they have finished; whoever was forgotten since is still counted.
    completed = max(everybody.completed, response.completed)
    invited = response.invited + completed - response.completed
    asked = survey.questionnaire.questions
    told, by = await in_thread(lambda: suppression.told(everybody, groups, kinds, survey.cell, asked))
    return Results(survey.cell, invited, completed, response.partial, told, by, shares, days)


async def sifted(session: AsyncSession, survey: Survey, house: House) -> tuple[frozenset[str], dict[str, str]]:
    """Of its free words the numbers of those that name nobody, and by each the one that stands for those like it."""
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for remark in await remarks.of(session, survey.id):
        texts[remark.question][remark.id] = remark.text
    if not texts:
        return frozenset(), {}
    people, lines = await remarks.name_lines(session)

    def look() -> tuple[frozenset[str], dict[str, str]]:
        names = remarks.names_in(people, lines, house.vault)
        said = [(number, text) for of_one in texts.values() for number, text in of_one.items()]
        harmless = frozenset(number for number, text in said if not remarks.names_somebody(text, names))
        alike = [remarks.laid_together(of_one, house.fold) for of_one in texts.values()]
        return harmless, {number: like for of_one in alike for number, like in of_one.items()}

    return await in_thread(look)


async def conclude(
    session: AsyncSession,
    survey: Survey,
    results: Results,
    words: tuple[frozenset[str], dict[str, str]],
    now: datetime,
) -> None:
    """This is what may be told: everything it was made of goes, and the office hears of it."""
    if survey.stage is not Stage.COUNTING:
        return
    await remarks.drop_untold(session, survey.id, results.everybody.questions)
    remarks.sift(await remarks.of(session, survey.id), *words)
    survey.results, survey.stage = results.plain(), Stage.CLOSED
    await ballots.forget_counts(session, survey)
    office = await stations.office(session)
    if office.chat_id is not None:
        show(session, survey, office.chat_id, office.language)


def show(session: AsyncSession, survey: Survey, chat_id: int, language: str | None, *, csv: bool = False) -> None:
    """The results to a chat of the union, in words, as pictures and as a book of tables, or only as CSV: they are made
    outside of any transaction. Raises Refusal before it has closed.
    """
    if survey.stage not in OVER:
        raise Refusal("survey.not_closed")
    wanted = {"survey": survey.id, "csv": csv}
    session.add(Picture(chat_id=chat_id, thread_id=None, language=language or "", caption="", drawing=wanted))


def must_be_unsaid(survey: Survey) -> None:
    """Raises Refusal before it has closed, and when the union has said what comes of it."""
    if survey.stage not in OVER:
        raise Refusal("survey.not_closed")
    if survey.stage is not Stage.CLOSED:
        raise Refusal("survey.said_already")


async def publish(
    session: AsyncSession,
    number: int,
    what_changes: Mapping[str, str],
    now: datetime,
    *,
    verdict: Verdict | None = None,
    staff: Person | None = None,
) -> Survey:
    """The union says what will change, and of a project what becomes of it; those who were asked are told, and where
    only those who asked by name could be asked, the others too. Of two who say it at once one is heard.

    Raises Refusal before it has closed, when it has been said, for words that are missing or too long, for a project
    without a verdict, and for the end of one whose bids wait.
    """
    survey = await surveys.held(session, number)
    must_be_unsaid(survey)
    texts = {language: text.strip() for language, text in what_changes.items()}
    if not all(texts.values()) or not texts:
        raise Refusal("survey.changes_missing")
    if any(len(text) > CHANGES_LENGTH for text in texts.values()):
        raise Refusal("survey.changes_too_long", most=CHANGES_LENGTH)
    if survey.project_id is not None and verdict is None:
        raise Refusal("survey.verdict_missing")
    project = await projects.held(session, survey.project_id) if survey.project_id is not None else None
    if project is not None and verdict is Verdict.STOP:
        undertaking.stop_by_verdict(project, now)
    survey.what_changes, survey.verdict, survey.said_at, survey.stage = texts, verdict, now, Stage.TELLING
    await audit.record(session, "survey_publish", now, staff=staff, survey=survey.id, verdict=verdict, text=texts)
    if project is not None and group_of(survey.target).project is not None:
        # Only those who asked by name could be asked; from the survey nothing may lead to the others.
        await tidings.tell(session, project, f"ticket.project_{verdict}", nameless=True, reason=texts)
    return survey


async def tell_some(session: AsyncSession, survey: Survey, house: House, now: datetime) -> int:
    """Tell the next of those who were invited. Returns how many; when there is nobody left they have all been told."""
    found = await invitations.to_be_told(session, survey, house.calendar.day_of(now))
    if not found:
        survey.stage = Stage.TOLD
        return 0
    survey.told_to = found[-1].id
    for _, chat_id in found:
        await outbox.post(
            session,
            now=now,
            lane=Lane.BROADCAST,
            repeat=Repeat.NUMBERED,
            chat_id=chat_id,
            letter="survey_told",
            payload={"survey": survey.id},
            not_before=house.calendar.after_quiet(now),
        )
    return len(found)


async def earlier(session: AsyncSession, survey: Survey, stages: Collection[Stage] = OVER) -> list[Survey]:
    """Those of the same kind before it that asked the same people, with which it is compared, from the oldest on. What
    somebody has started is compared with what has the same title: feedback on two trainings is about two things.
    Projects are not compared.
    """
    if survey.project_id is not None:
        return []
    rows = select(Survey).where(
        Survey.key == survey.key,
        Survey.project_id.is_(None),
        Survey.stage.in_(stages),
        Survey.closes_at < survey.closes_at,
    )
    whom, title = group_of(survey.target), survey.definition["title"]
    return [
        each
        for each in await session.scalars(rows.order_by(Survey.closes_at, Survey.id))
        if group_of(each.target) == whom
        and (None not in (survey.occasion, each.occasion) or each.definition["title"] == title)
    ]
