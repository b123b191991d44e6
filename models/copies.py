"""What has been said already: copies of words in other chats, brought up to date, taken away or said once more.

A copy is a `Posting`; what became of a copy that was to be sent stands in its outbox row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, outbox, postings, requesters
from models.house import House
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Person
from models.postings import Posting
from models.requesters import Requester
from models.stations import Station
from models.vault import Vault
from models.words import Side, Words

if TYPE_CHECKING:
    from models.tickets import Ticket


async def edited(session: AsyncSession, said: Words, now: datetime) -> None:
    """Every copy of these words that has been posted is edited, without a sound, so at night as well; one that still
    waits is drawn with the new words.
    """
    if said.side is Side.NOTE:
        return
    for copy in await session.scalars(select(Posting).where(Posting.words_id == said.id)):
        requester = await session.get(Requester, copy.requester_id) if copy.requester_id else None
        common: Mapping[str, Any] = {
            "now": now,
            "lane": Lane.ANSWER,
            "repeat": Repeat.FREELY,
            "letter": "edited",
            "payload": {"message_id": copy.message_id},
            "topic": f"edited:{copy.id}",
            "ticket_id": said.ticket_id,
            "words_id": said.id,
        }
        if requester is not None:
            await letters.post_to_requester(session, requester, **common)
        else:
            await outbox.post(session, chat_id=copy.chat_id, **common)


async def erased(session: AsyncSession, said: Words, now: datetime) -> None:
    """The words were erased: their copies in stations' chats are edited, and what is more than text is taken away
    besides. First edited, because Telegram may no longer let an old message be deleted.
    """
    await edited(session, said, now)
    if said.content.get("was") == "text":
        return
    for copy in await session.scalars(select(Posting).where(Posting.words_id == said.id)):
        if copy.chat_id is not None:
            await outbox.post(
                session,
                now=now,
                lane=Lane.TICKET,
                repeat=Repeat.FREELY,
                chat_id=copy.chat_id,
                method="deleteMessage",
                payload={"message_id": copy.message_id},
                ticket_id=said.ticket_id,
            )


async def words_there(session: AsyncSession, ticket: Ticket, station: Station) -> set[int]:
    """Which of the ticket's words stand in this station's chat or are on their way there; of an album perhaps one.

    Where the card has yet to be posted, those that wait are taken back: they are to stand below it.
    """
    if station.chat_id is None:
        return set()
    there = set(
        await session.scalars(
            select(Posting.words_id).where(
                Posting.ticket_id == ticket.id, Posting.chat_id == station.chat_id, Posting.words_id.is_not(None)
            )
        )
    )
    leaving = await session.scalars(
        select(Outgoing).where(
            Outgoing.ticket_id == ticket.id,
            Outgoing.chat_id == station.chat_id,
            Outgoing.letter == "words",
            Outgoing.state.in_([Sending.DUE, Sending.SENDING]),
        )
    )
    posted = await postings.card_of(session, ticket.id, station.chat_id)
    for row in leaving.all():
        if row.state is Sending.DUE and (posted is None or posted.message_id is None):
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
        else:
            there.add(row.words_id)
    await session.flush()
    return {words_id for words_id in there if words_id is not None}


async def beginnings(session: AsyncSession, row: Outgoing, album: Sequence[Words]) -> list[int]:
    """With which words of this album a row to the same reader begins, in order: each tells what came from there on, up
    to where the next one begins. Rows that aged are not among them.
    """
    whom = Outgoing.requester_id == row.requester_id if row.requester_id else Outgoing.chat_id == row.chat_id
    theirs = Outgoing.ticket_id == row.ticket_id, whom, Outgoing.letter == "words", Outgoing.state != Sending.SUPERSEDED
    begin = set(await session.scalars(select(Outgoing.words_id).where(*theirs)))
    return [part.id for part in album if part.id in begin]


async def resend(session: AsyncSession, ticket: Ticket, house: House, now: datetime) -> int:
    """Say once more what may not have arrived, because a person decided so; at night it waits like anything else.
    Returns to how many.
    """
    rows = await _not_arrived(session, Outgoing.ticket_id == ticket.id, [Sending.UNKNOWN, Sending.FAILED])
    for row in rows:
        requester = await session.get_one(Requester, row.requester_id)
        await _say_again(session, row, requester, await letters.when_awake(session, requester, house, now), now)
    return len(rows)


async def release(session: AsyncSession, person: Person, vault: Vault, now: datetime) -> int:
    """Somebody who had blocked the bot is back: what Telegram refused for that reason goes out, to the anonymous places
    of theirs as well. Returns how many.
    """
    mine = [place.id for place in await requesters.all_of(session, person, vault)]
    blocked = Outgoing.requester_id.in_(mine) & (Outgoing.reason == outbox.BLOCKED)
    rows = await _not_arrived(session, blocked, [Sending.FAILED])
    for row in rows:
        # They are there this moment, whatever the hour.
        await _say_again(session, row, await session.get_one(Requester, row.requester_id), now, now)
    return len(rows)


async def _not_arrived(
    session: AsyncSession, which: ColumnElement[bool], states: Sequence[Sending]
) -> Sequence[Outgoing]:
    """A row for each reader and what they are told. Of an album there may be one for every picture: all but the first
    of them are superseded, which then tells what came from there on.
    """
    found = await session.execute(
        select(Outgoing, Words.album)
        .join(Words, Words.id == Outgoing.words_id)
        .where(which, Outgoing.letter == "words", Outgoing.requester_id.is_not(None), Outgoing.state.in_(states))
        .order_by(Outgoing.id)
    )
    rows = dict[tuple[int | None, object], Outgoing]()
    for row, album in found.all():
        if rows.setdefault((row.requester_id, album or row.words_id), row) is not row:
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
    return list(rows.values())


async def _say_again(
    session: AsyncSession, row: Outgoing, requester: Requester, not_before: datetime, now: datetime
) -> None:
    said = await session.get_one(Words, row.words_id)
    row.state = Sending.SUPERSEDED
    await letters.post_to_requester(
        session,
        requester,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NEVER,
        letter="words",
        payload=row.payload,
        not_before=not_before,
        ticket_id=said.ticket_id,
        words_id=said.id,
    )
    outbox.forget(row)
