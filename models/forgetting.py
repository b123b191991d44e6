"""Somebody wants to be forgotten: what names them and what they said is erased; what is counted stays, without words.

Their answers to quizzes go, and with them that they took part. Their place at a gathering still to come is free;
that somebody came to one that is over is counted, and who that was nobody can tell. What they said of their hours goes,
and so does a bid for a project; of one that won stays which union, club or class it was given to. A post they hold is
left.

Of a ticket stay its number, kind, category, building, times, and a rating without its remark; the answers of staff
stay with it. A ticket that others wait for goes on for them: only the forgotten one's words are gone, and where it was
called after these, it is called after what is left.

Everything in the database goes at once. What staff see of it, card and copies, is brought up to date at once only for
tickets with their name: were the anonymous ones to change in the same minute, that would say whose they were (law 11).
So each of those parts at a moment of its own, within three days (`Parting`). So does a comment without a name.

A sealed report stays with those who look into it, without a name and without a way back (`cases.without_reporter`);
a mute stays until it is over, without the words of an appeal.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, func, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models import (
    access,
    ballots,
    cases,
    conversations,
    copies,
    erasures,
    evaluations,
    exports,
    inbox,
    letters,
    mutes,
    outbox,
    people,
    quizzes,
    requesters,
    roster,
    sealed,
    similar,
    stations,
    tickets,
    words,
)
from models.asking import SUBJECT_LENGTH
from models.base import Base
from models.errors import Refusal
from models.house import House
from models.lifecycle import OPEN, Action, State
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Grant, Person, Role
from models.postings import Card, Posting
from models.requesters import Requester
from models.tickets import FOLDED_LENGTH, Ticket
from models.union import bids, comments, deliveries, gatherings, hours, leaving, milestones, report_files, scoring
from models.words import ERASED, EarlierWords, Side, Words

SOONEST, LATEST = timedelta(hours=1), timedelta(hours=72)
NOBODY = "—"


class Parting(Base):
    """An anonymous place whose student was forgotten: when its ticket's card and copies are to follow."""

    __tablename__ = "partings"

    requester_id: Mapped[int] = mapped_column(ForeignKey("requesters.id"), primary_key=True)
    due: Mapped[datetime] = mapped_column(index=True)


async def forget(
    session: AsyncSession, person: Person, bot_id: int, house: House, now: datetime, *, again: bool = False
) -> None:
    """Erase this person. What the caller says to them afterwards is the last that is known of their chat.

    `again` says that the list of erasures has them already. Raises Refusal while they hold a role of the union: who may
    do what has to be answered for as long as they may.
    """
    if await people.held(session, person.telegram_id):
        raise Refusal("forget.role")
    places = await requesters.all_of(session, person, house.vault, also_left=True)
    await _erase_words(session, places, house)
    for place in places:
        if place.anonymous:
            wait = secrets.randbelow(int((LATEST - SOONEST).total_seconds()))
            session.add(Parting(requester_id=place.id, due=now + SOONEST + timedelta(seconds=wait)))
        else:
            await part(session, place, now)
    for place in places:
        place.person_id = place.salt = place.owner_tag = place.address = place.remark = None
    reports = await cases.without_reporter(session, person, house.vault)
    await mutes.without_appeal(session, person.telegram_id, house.vault)
    await _erase_what_came_and_goes(session, person, places, house)
    await sealed.drop(session, reports, house.vault, to_reporters=True)
    for key in await _conversations(session, person, bot_id):
        await conversations.end(session, key, house.vault)
    await quizzes.forget(session, person)
    await gatherings.forget(session, person)
    await comments.forget(session, person, house.vault, now)
    await deliveries.forget(session, person)
    await hours.forget(session, person)
    await leaving.forget(session, person, house.calendar, now)
    await report_files.forget(session, person)
    await milestones.forget(session, person)
    await bids.forget(session, person, house.vault, now)
    await scoring.forget(session, person)
    await roster.untie(session, [person.id])
    await ballots.forget(session, person, house.vault)
    await evaluations.forget(session, person)
    await access.forget_tries(session, person.telegram_id, house.vault)
    if not again:
        erasures.record(session, person.telegram_id, house.vault, now)
    await session.flush()
    await _erase_person(session, person, house)
    await session.flush()


async def part(session: AsyncSession, place: Requester, now: datetime) -> None:
    """What the station sees follows: a ticket that nobody else waits for is withdrawn, the card says what was erased,
    copies of the words below it are edited, pictures and files deleted.
    """
    ticket = await session.get_one(Ticket, place.ticket_id)
    if not place.left and ticket.state in (*OPEN, State.RESOLVED):
        others = [r for r in await requesters.waiting.about(session, ticket.id) if r.id != place.id and _is_there(r)]
        if others or await tickets.origin(session, ticket.id) is not None:
            place.left = True
            ticket.requesters = max(ticket.requesters - 1, 1)
            await tickets.step(session, ticket, "leave", ticket.state, now)
        else:
            await tickets.move(session, ticket, Action.WITHDRAW, now)
            ticket.closed_at = now
    for said in await session.scalars(select(Words).where(Words.requester_id == place.id)):
        await copies.erased(session, said, now)
    for card in await session.scalars(select(Card).where(Card.ticket_id == ticket.id)):
        station = await stations.by_chat(session, card.chat_id)
        if station is None:
            continue
        await letters.card(session, ticket, station, now)
        if card.thread_id is not None:
            # The topic is called after the ticket's first words.
            await outbox.post(
                session,
                now=now,
                lane=Lane.TICKET,
                repeat=Repeat.FREELY,
                chat_id=card.chat_id,
                method="editForumTopic",
                payload={"message_thread_id": card.thread_id, "name": f"#{ticket.id} {ticket.subject[:80]}".strip()},
                ticket_id=ticket.id,
            )


async def part_due(session: AsyncSession, now: datetime) -> int:
    """Let the anonymous places whose moment has come part. Returns how many."""
    rows = (await session.scalars(select(Parting).where(Parting.due <= now))).all()
    for row in rows:
        await part(session, await session.get_one(Requester, row.requester_id), now)
        await session.delete(row)
    return len(rows)


def _is_there(place: Requester) -> bool:
    return place.person_id is not None or place.address is not None


async def _erase_words(session: AsyncSession, places: Sequence[Requester], house: House) -> None:
    """What they said, whatever it said before it was edited, and what their tickets are called after it."""
    ids = [place.id for place in places]
    gone = (await session.scalars(select(Words).where(Words.requester_id.in_(ids)))).all()
    for said in gone:
        if said.content["type"] == ERASED:
            continue
        # Its own moment as that of the change: a common one would lie beside all of their tickets.
        said.content, said.edited_at = {"type": ERASED, "was": said.content["type"]}, said.at
        said.album = said.source_tag = None
    await session.execute(delete(EarlierWords).where(EarlierWords.words_id.in_([said.id for said in gone])))
    await session.flush()
    for number in sorted({place.ticket_id for place in places}):
        ticket = await session.get_one(Ticket, number)
        said_here = [w for w in await words.said.about(session, number) if w.side is Side.STUDENT]
        if said_here and said_here[0].content["type"] == ERASED:
            text = " ".join(str(w.content["text"]) for w in said_here if w.content.get("text"))
            ticket.subject = " ".join(text.split())[:SUBJECT_LENGTH]
            ticket.folded = house.fold(text)[:FOLDED_LENGTH]
            ticket.marks = similar.marks(ticket.folded)


async def _erase_what_came_and_goes(
    session: AsyncSession, person: Person, places: Sequence[Requester], house: House
) -> None:
    """Rows of the inbox and the outbox that hold their words, their chat or their address; and where the bot's messages
    to them stand.
    """
    ids = [place.id for place in places]
    theirs = select(Words.id).where(Words.requester_id.in_(ids))
    over = {"state": Sending.SUPERSEDED, "payload": null(), "chat_id": null(), "queue": null(), "topic": null()}
    ended = [Sending.DUE, Sending.FAILED, Sending.UNKNOWN]
    await session.execute(
        update(Outgoing)
        .where(or_(Outgoing.chat_id == person.telegram_id, Outgoing.requester_id.in_(ids)), Outgoing.state.in_(ended))
        .values(over)
    )
    await session.execute(
        update(Outgoing)
        .where(Outgoing.words_id.in_(theirs), Outgoing.letter == "words", Outgoing.state == Sending.DUE)
        .values(state=Sending.SUPERSEDED, payload=null())
    )
    await session.execute(delete(Posting).where(Posting.requester_id.in_(ids)))
    for row in await inbox.aside(session):
        with contextlib.suppress(ValueError):
            # In a group's chat too: whoever wrote there stands in it by their number.
            chat, body = inbox.opened(row, house.vault)
            if chat == person.telegram_id or str(person.telegram_id) in body:
                inbox.forget(row)


async def _conversations(session: AsyncSession, person: Person, bot_id: int) -> list[str]:
    """Every place where they may be in the middle of something."""
    chats = [person.telegram_id, *(s.chat_id for s in await stations.open_desks(session) if s.chat_id is not None)]
    keys = [conversations.key_of(bot_id, chat, person.telegram_id) for chat in chats]
    return [*keys, *(conversations.beside(key, conversations.PROMPT) for key in keys)]


async def _erase_person(session: AsyncSession, person: Person, house: House) -> None:
    """The row goes. Where it is pointed at (somebody who once answered for the union), it stays and says nothing."""
    nobody = -person.id
    once = set(await session.scalars(select(Grant.role).where(Grant.telegram_id == person.telegram_id)))
    if once & {Role.SUPERVISOR, Role.READER}:
        await cases.without_handler(session, person.name, NOBODY, house.vault)
    held = await session.execute(
        update(Grant).where(Grant.telegram_id == person.telegram_id).values(telegram_id=nobody).returning(Grant.id)
    )
    gave = await session.execute(
        update(Grant).where(Grant.given_by == person.telegram_id).values(given_by=nobody).returning(Grant.id)
    )
    if not held.all() and not gave.all() and not await _is_pointed_at(session, person):
        await session.delete(person)
        return
    await exports.forget_brought(session)
    person.telegram_id, person.name, person.username = nobody, NOBODY, None
    person.language, person.language_chosen = house.languages[0], False
    person.audience = person.building = None
    person.agreed = person.admitted = False


async def _is_pointed_at(session: AsyncSession, person: Person) -> bool:
    own = Person.__table__.c.id
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is own and await session.scalar(
                select(func.count()).select_from(table).where(key.parent == person.id)
            ):
                return True
    return False
