"""Everything that is kept and can be tied to a person, gathered for that person alone (`/mydata`).

An anonymous ticket is among it as long as its tag says that it is theirs. What other students wrote is not, and neither
is a vote in an anonymous poll: nothing leads from one to a person. Of sealed reports it says only how many they sent: a
file may be seen by others, and what is in them is read under /report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import cases, conversations, evaluations, mutes, quizzes, requesters, roster, stations, tickets, words
from models.audit import Act
from models.ballots import Signed
from models.invitations import Invitation
from models.outbox import Outgoing, Sending
from models.people import Grant, Person
from models.requesters import Requester
from models.surveys import Survey
from models.tickets import Event, Ticket
from models.union import bids, comments, deliveries, gatherings, hours, milestones, posts, received, scoring
from models.vault import Vault
from models.words import EarlierWords, Side, Words


async def gather(session: AsyncSession, person: Person, bot_id: int, vault: Vault) -> dict[str, Any]:
    """As plain values: moments are ISO 8601 in UTC."""
    waiting = (Outgoing.chat_id == person.telegram_id) & (Outgoing.state != Sending.SENT)
    return {
        "person": {
            "telegram_id": person.telegram_id,
            "name": person.name,
            "username": person.username,
            "language": person.language,
            "language_chosen": person.language_chosen,
            "audience": person.audience,
            "building": person.building,
            "agreed": person.agreed,
            "admitted": person.admitted,
        },
        "roster": await _roster(session, person, vault),
        "roles": await _roles(session, person),
        "tickets": [
            await _ticket(session, place) for place in await requesters.all_of(session, person, vault, also_left=True)
        ],
        "surveys": await _surveys(session, person),
        "evaluations": await _evaluations(session, person),
        "sealed_reports": len(await cases.of_reporter(session, person, vault)),
        "mutes": await _mutes(session, person, vault),
        "quizzes": [
            {"question": quiz.question, "answer": answer, "right": str(quiz.options[quiz.correct])}
            for quiz, answer in await quizzes.of_person(session, person)
        ],
        "comments": [
            {
                "number": comment.id,
                "about": comment.heading,
                "named": comment.person_id is not None,
                "at": _at(comment.at),
                "stage": comment.stage,
                "text": comment.text,
                "answer": comment.answer,
            }
            for comment in await comments.of_person(session, person, vault)
        ],
        "gatherings": await _gatherings(session, person),
        "posts": [
            {
                "post": each.post.key,
                "department": dict(each.post.names),
                "name": each.term.name,
                "starts": each.term.starts.isoformat(),
                "ends": each.term.ends.isoformat(),
                "chosen": each.term.chosen,
                "decided_on": each.term.decided_on.isoformat(),
            }
            for each in await posts.of_person(session, person)
        ],
        "topics": sorted(await deliveries.topics_of(session, person)),
        "publications": [
            {"number": each.id, "titles": {language: text["title"] for language, text in each.texts.items()}}
            for each in await received.of_person(session, person, vault)
        ],
        "bids": [
            {"project": project.title, "state": state, **asdict(said)}
            for project, state, said in await bids.of_person(session, person, vault)
        ],
        "milestones": [
            {"project": project.title, "what": milestone.what, "state": milestone.state, "evidence": milestone.evidence}
            for project, milestone in await milestones.of_person(session, person)
        ],
        "reviews": [
            {"project": project.title, "part": review.part, "tie": review.tie}
            for project, review in await scoring.of_person(session, person)
        ],
        "unfinished": await _unfinished(session, person, bot_id, vault),
        "messages_on_the_way": await session.scalar(select(func.count()).select_from(Outgoing).where(waiting)),
        "as_staff": await _as_staff(session, person),
    }


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None


async def _gatherings(session: AsyncSession, person: Person) -> list[dict[str, Any]]:
    """Where they were called, put down their names or were, and what they said of their hours."""
    disputes = {each.gathering_id: each for each in await hours.of_person(session, person)}
    found = []
    for gathering, attendance in await gatherings.of_person(session, person):
        disputed = disputes.get(gathering.id)
        found.append(
            {
                "title": gathering.titles,
                "place": gathering.place,
                "at": _at(gathering.starts_at),
                "part": attendance.part,
                "in": _at(attendance.signed_in_at),
                "out": _at(attendance.signed_out_at),
                "minutes": attendance.minutes,
                "because": attendance.because,
                "reason": attendance.reason,
                "kept_until": _at(attendance.offered_until),
                "disputed": disputed.words if disputed is not None else None,
                "answered": disputed.reply if disputed is not None else None,
            }
        )
    return found


async def _roster(session: AsyncSession, person: Person, vault: Vault) -> dict[str, Any] | None:
    row = await roster.of_person(session, person)
    if row is None:
        return None
    number, name = roster.opened(row, vault)
    return {
        "number": number,
        "name": name,
        "college": row.college,
        "level": row.level,
        "audience": row.audience,
        "building": row.building,
        "floor": row.floor,
    }


async def _roles(session: AsyncSession, person: Person) -> list[dict[str, Any]]:
    rows = await session.scalars(select(Grant).where(Grant.telegram_id == person.telegram_id).order_by(Grant.id))
    return [{"role": row.role, "given_at": _at(row.given_at), "taken_back_at": _at(row.taken_back_at)} for row in rows]


async def _surveys(session: AsyncSession, person: Person) -> list[dict[str, Any]]:
    """Those they were invited to; what they answered only where it bears their name."""
    rows = await session.execute(
        select(Survey, Invitation.part, Signed.answers)
        .join(Invitation, Invitation.survey_id == Survey.id)
        .outerjoin(Signed, (Signed.survey_id == Survey.id) & (Signed.person_id == person.id))
        .where(Invitation.person_id == person.id)
        .order_by(Survey.id)
    )
    return [
        {"title": survey.definition["title"], "anonymous": survey.anonymous, "part": part, "answers": answers}
        for survey, part, answers in rows
    ]


async def _evaluations(session: AsyncSession, person: Person) -> list[dict[str, Any]]:
    """What the evaluation of staff says about them, what they said to it, and what was decided."""
    return [
        {
            "semester": round_.semester,
            "since": _at(round_.since),
            "until": _at(round_.until),
            "facts": dict(sheet.facts),
            "survey": sheet.survey,
            "answered_at": _at(sheet.answered_at),
            "word": sheet.word,
            "decision": sheet.decision,
            "decided_at": _at(sheet.decided_at),
        }
        for round_, sheet in await evaluations.all_of(session, person)
    ]


async def _mutes(session: AsyncSession, person: Person, vault: Vault) -> list[dict[str, Any]]:
    rows = await mutes.all_of(session, person.telegram_id, vault)
    return [{"until": _at(row.until), "reason": mutes.facts_of(row, vault)["reason"]} for row in rows]


async def _ticket(session: AsyncSession, place: Requester) -> dict[str, Any]:
    ticket = await session.get_one(Ticket, place.ticket_id)
    station = await session.get_one(stations.Station, ticket.station_id)
    said = await words.said.about(session, ticket.id)
    shown = [w for w in said if w.requester_id == place.id or w.side is Side.STAFF]
    earlier = await session.scalars(
        select(EarlierWords).where(EarlierWords.words_id.in_([w.id for w in shown])).order_by(EarlierWords.id)
    )
    before: dict[int, list[Any]] = {}
    for row in earlier:
        before.setdefault(row.words_id, []).append({"until": _at(row.until), "content": dict(row.content)})
    return {
        "number": ticket.id,
        "anonymous": place.anonymous,
        "joined": place.number > 1,
        "withdrew": place.left,
        "kind": ticket.kind,
        "category": ticket.category,
        "building": ticket.building,
        "state": ticket.state,
        "station": dict(station.names),
        "filed_at": _at(ticket.filed_at),
        "closed_at": _at(ticket.closed_at),
        "solved": place.solved,
        "rating": place.rating,
        "remark": place.remark,
        "words": [_words(w, place, before.get(w.id, [])) for w in shown],
        "steps": [
            {"at": _at(event.at), "action": event.action}
            for event in await tickets.timeline(session, ticket.id)
            if event.action != "note" and (event.detail or {}).get("who") in (None, place.number)
        ],
    }


def _words(said: Words, place: Requester, earlier: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "at": _at(said.at),
        "edited_at": _at(said.edited_at),
        "from": "you" if said.requester_id == place.id else "staff",
        "content": dict(said.content),
        "before_editing": list(earlier),
    }


async def _unfinished(session: AsyncSession, person: Person, bot_id: int, vault: Vault) -> dict[str, Any] | None:
    """What they are in the middle of in their private chat."""
    key = conversations.key_of(bot_id, person.telegram_id, person.telegram_id)
    standing = await conversations.read(session, key, vault)
    # Which teacher a report is about stands in it by name; their Telegram id is nobody's business.
    data = {name: value for name, value in standing.data.items() if name != "recused"}
    return None if standing == conversations.NOWHERE else {"step": standing.state, **data}


async def _as_staff(session: AsyncSession, person: Person) -> dict[str, Any] | None:
    """What they did for the union: the steps and words that bear their name."""
    steps = await session.scalars(select(Event).where(Event.staff_id == person.id).order_by(Event.id))
    said = await session.scalars(select(Words).where(Words.staff_id == person.id).order_by(Words.id))
    acts = await session.scalars(select(Act).where(Act.staff_id == person.id).order_by(Act.id))
    found = {
        "steps": [{"ticket": e.ticket_id, "at": _at(e.at), "action": e.action} for e in steps],
        "words": [{"ticket": w.ticket_id, "at": _at(w.at), "side": w.side, "content": dict(w.content)} for w in said],
        "acts": [{"act": a.act, "at": _at(a.at)} for a in acts],
    }
    return found if any(found.values()) else None
