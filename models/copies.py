"""What has been said already: copies of words in other chats, brought up to date, taken away or said once more.

A copy is a `Posting`; what became of a copy that was to be sent stands in its outbox row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, outbox, postings, requesters, words
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
    """Which of the ticket's words stand in this station's chat or are on their way there.

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
        elif row.words_id is not None:
            there |= {part.id for part in await told_by(session, row, await session.get_one(Words, row.words_id))}
    await session.flush()
    return {words_id for words_id in there if words_id is not None}


async def told_by(session: AsyncSession, row: Outgoing, said: Words) -> list[Words]:
    """What this row tells of the album that these words are of: from them on, up to where another row to the same
    reader begins. In a station's chat only one that is later, or still on its way, counts: what came below a card that
    stands elsewhere now is told again, whole.
    """
    album = await words.album_of(session, said)
    if len(album) == 1:
        return list(album)
    rows = _to_the_same(row)
    if row.requester_id is None:
        rows &= (Outgoing.id > row.id) | Outgoing.state.in_([Sending.DUE, Sending.SENDING])
    begin = set(await session.scalars(select(Outgoing.words_id).where(rows, Outgoing.words_id > said.id)))
    end = next((part.id for part in album if part.id in begin), None)
    return [part for part in album if part.id >= said.id and (end is None or part.id < end)]


async def bears_the_header(session: AsyncSession, row: Outgoing, said: Words) -> bool:
    """Whether the copy of these words in that chat says whose they are: an album does so above its first picture, and
    above one that came late.
    """
    if (await words.album_of(session, said))[0].id == said.id:
        return True
    own = select(Outgoing.id).where(_to_the_same(row), Outgoing.words_id == said.id).limit(1)
    return await session.scalar(own) is not None


def _to_the_same(row: Outgoing) -> ColumnElement[bool]:
    """Words of this ticket that were said, or are to be, to whom this row goes."""
    whom = Outgoing.requester_id == row.requester_id if row.requester_id else Outgoing.chat_id == row.chat_id
    return and_(
        Outgoing.ticket_id == row.ticket_id, whom, Outgoing.letter == "words", Outgoing.state != Sending.SUPERSEDED
    )


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
    """A row for each reader and what they are told, in the order of the words. Of an album there may be one for every
    picture: those that only lead on from the one before are superseded, which then tells what came from there on.
    """
    found = await session.execute(
        select(Outgoing, Words.album)
        .join(Words, Words.id == Outgoing.words_id)
        .where(which, Outgoing.letter == "words", Outgoing.requester_id.is_not(None), Outgoing.state.in_(states))
        .order_by(Outgoing.words_id, Outgoing.id)
    )
    rows, heads = list[Outgoing](), dict[tuple[int | None, object], Outgoing]()
    for row, album in found.all():
        about = row.requester_id, album or row.words_id
        head = heads.get(about)
        if head is not None and await _leads_on(session, head, row, album):
            row.state = Sending.SUPERSEDED
            outbox.forget(row)
        else:
            heads[about] = row
            rows.append(row)
    return rows


async def _leads_on(session: AsyncSession, head: Outgoing, row: Outgoing, album: str | None) -> bool:
    """Whether what this row tells is told with the head as well: of the head nothing has been said yet, and no other
    row tells a part of the album between them.
    """
    if head.words_id == row.words_id:
        return True
    parts = select(Words.id).where(Words.ticket_id == row.ticket_id, Words.album == album)
    between = Outgoing.words_id > head.words_id, Outgoing.words_id < row.words_id, Outgoing.words_id.in_(parts)
    other = select(Outgoing.id).where(_to_the_same(row), *between).limit(1)
    return outbox.DONE not in (head.payload or {}) and await session.scalar(other) is None


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
