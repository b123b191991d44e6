"""What the rules have to say to people, as outbox rows that are drawn when the courier gets to them.

The rules know facts, not sentences: a row names a letter and what it is about, and the toolbox (`bot/letters.py`)
draws it in the language its reader has at that moment. The letters:

- `card`    the ticket as it is when drawn; posted, edited, or posted anew;
- `words`   one message, or the whole album it belongs to, brought to the other side;
- `edited`  the same, as an edit of the copy that is already there;
- `notice`  a text key with parameters and perhaps a keyboard;
- `told`    a text key with parameters for a person;
- `mydata`  everything that is kept about a person, as files;
- `farewell` and `leave`  the bot goes from a group that is nobody's desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import outbox, postings, requesters
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Person
from models.postings import Card, Posting
from models.questions import Question
from models.requesters import Requester
from models.stations import Station
from models.vault import Vault
from models.words import Side, Words

if TYPE_CHECKING:
    from models.tickets import Ticket

deliveries = Question[Any](
    select(
        Outgoing.ticket_id,
        Outgoing.words_id,
        Outgoing.state,
        Outgoing.reason,
        func.count().label("copies"),
    )
    .join(Requester, Requester.id == Outgoing.requester_id)
    .where(
        Outgoing.letter == "words",
        Outgoing.state != Sending.SUPERSEDED,
        Outgoing.words_id.is_not(None),
        Requester.left.is_(False),
    )
    .group_by(Outgoing.ticket_id, Outgoing.words_id, Outgoing.state, Outgoing.reason),
    Outgoing.ticket_id,
)
"""What became of the words of a ticket for those who wait: for each of them how many copies are how far."""

ALBUM_PAUSE = timedelta(seconds=1)
"""Telegram hands an album over picture by picture; after this pause the whole of it is here."""

LEAVES_AFTER = timedelta(minutes=1)
"""When a group is upgraded, the bot is added to the new one, and which group that was is told in another chat: perhaps
later.
"""


async def card(session: AsyncSession, ticket: Ticket, station: Station, now: datetime) -> None:
    """Bring the ticket's card in this station's chat up to date; many changes before it is sent make one edit."""
    if station.chat_id is None:
        return
    if await postings.card_of(session, ticket.id, station.chat_id) is None:
        session.add(Card(ticket_id=ticket.id, chat_id=station.chat_id))
    await outbox.post(
        session,
        now=now,
        lane=Lane.TICKET,
        repeat=Repeat.NUMBERED,
        chat_id=station.chat_id,
        letter="card",
        topic=f"card:{ticket.id}:{station.chat_id}",
        ticket_id=ticket.id,
    )


async def relay_to_station(session: AsyncSession, ticket: Ticket, said: Words, station: Station, now: datetime) -> None:
    """The student's words as a reply to the card; nothing is sent where no chat is bound yet."""
    if station.chat_id is None:
        return
    album = said.album is not None
    await outbox.post(
        session,
        now=now,
        lane=Lane.TICKET,
        repeat=Repeat.NUMBERED,
        chat_id=station.chat_id,
        letter="words",
        topic=f"album:{ticket.id}:{station.chat_id}:{said.album}" if album else None,
        not_before=now + ALBUM_PAUSE if album else now,
        holds=album,
        ticket_id=ticket.id,
        words_id=said.id,
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


async def relay_to_requester(
    session: AsyncSession, ticket: Ticket, said: Words, requester: Requester, now: datetime, *, asks: bool = False
) -> None:
    """Staff's words to one who waits. Nobody knows whether a lost attempt arrived, so it is never repeated by
    itself.
    """
    album = said.album is not None
    await _to_requester(
        session,
        requester,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NEVER,
        letter="words",
        payload={"asks": asks},
        topic=f"album:{ticket.id}:r{requester.id}:{said.album}" if album else None,
        not_before=now + ALBUM_PAUSE if album else now,
        holds=album,
        ticket_id=ticket.id,
        words_id=said.id,
    )


async def to_requester(
    session: AsyncSession,
    ticket: Ticket,
    requester: Requester,
    text: str,
    now: datetime,
    /,
    *,
    dedupe: str | None = None,
    keyboard: str | None = None,
    lane: Lane = Lane.ANSWER,
    **params: Any,
) -> None:
    """A notice to one who waits for the ticket; its text shows the ticket's number, so a second copy does no harm.

    It goes in the lane of answers, because one chat keeps its order within a lane only: "somebody has it now" must not
    come after what they said.
    """
    await _to_requester(
        session,
        requester,
        now=now,
        lane=lane,
        repeat=Repeat.NUMBERED,
        letter="notice",
        payload={"text": text, "params": params, "keyboard": keyboard},
        dedupe=f"{dedupe}:{requester.id}" if dedupe else None,
        ticket_id=ticket.id,
    )


async def to_requesters(session: AsyncSession, ticket: Ticket, text: str, now: datetime, /, **how: Any) -> None:
    """The same notice to everybody who waits for the ticket; `how` as in `to_requester`."""
    for requester in await requesters.waiting.about(session, ticket.id):
        await to_requester(session, ticket, requester, text, now, **how)


async def to_station(
    session: AsyncSession,
    station: Station,
    text: str,
    now: datetime,
    /,
    *,
    ticket: Ticket | None = None,
    dedupe: str | None = None,
    keyboard: str | None = None,
    **params: Any,
) -> None:
    """A notice in a station's chat, as a reply to the ticket's card when it is about one."""
    if station.chat_id is None:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=station.chat_id,
        letter="notice",
        payload={"text": text, "params": params, "keyboard": keyboard},
        dedupe=dedupe,
        ticket_id=ticket.id if ticket else None,
    )


async def to_person(
    session: AsyncSession, person: Person, text: str, now: datetime, /, *, dedupe: str | None = None, **params: Any
) -> None:
    """A notice to somebody about themselves, in the language they read when it is drawn."""
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=person.telegram_id,
        letter="told",
        payload={"text": text, "params": params},
        dedupe=dedupe,
    )


async def mydata(session: AsyncSession, person: Person, now: datetime) -> None:
    """Everything that is kept about a person, as files for them. Gathered when the courier gets to it, so that no copy
    of it lies in the outbox.
    """
    await outbox.post(
        session,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NUMBERED,
        chat_id=person.telegram_id,
        letter="mydata",
        topic=f"mydata:{person.telegram_id}",
    )


async def leave(session: AsyncSession, chat_id: int, language: str, now: datetime) -> None:
    """Go from a group that nobody of the union added the bot to, unless it has turned out to be a desk by then."""
    for letter, repeat in (("farewell", Repeat.NUMBERED), ("leave", Repeat.FREELY)):
        await outbox.post(
            session,
            now=now,
            lane=Lane.NOTICE,
            repeat=repeat,
            chat_id=chat_id,
            letter=letter,
            payload={"language": language},
            topic=f"{letter}:{chat_id}",
            not_before=now + LEAVES_AFTER,
        )


async def resend(session: AsyncSession, ticket: Ticket, now: datetime) -> int:
    """Say once more what may not have arrived, because a person decided so. Returns to how many."""
    return await _say_again(session, Outgoing.ticket_id == ticket.id, [Sending.UNKNOWN, Sending.FAILED], now)


async def release(session: AsyncSession, person: Person, vault: Vault, now: datetime) -> int:
    """Somebody who had blocked the bot is back: what Telegram refused for that reason goes out, to the anonymous places
    of theirs as well. Returns how many.
    """
    mine = [place.id for place in await requesters.all_of(session, person, vault)]
    blocked = Outgoing.requester_id.in_(mine) & (Outgoing.reason == outbox.BLOCKED)
    return await _say_again(session, blocked, [Sending.FAILED], now)


async def _say_again(
    session: AsyncSession, which: ColumnElement[bool], states: Sequence[Sending], now: datetime
) -> int:
    rows = (
        await session.scalars(
            select(Outgoing)
            .where(which, Outgoing.letter == "words", Outgoing.requester_id.is_not(None), Outgoing.state.in_(states))
            .order_by(Outgoing.id)
        )
    ).all()
    for row in rows:
        row.state = Sending.SUPERSEDED
        requester, said = await session.get_one(Requester, row.requester_id), await session.get_one(Words, row.words_id)
        await _to_requester(
            session,
            requester,
            now=now,
            lane=Lane.ANSWER,
            repeat=Repeat.NEVER,
            letter="words",
            payload=row.payload,
            ticket_id=said.ticket_id,
            words_id=said.id,
        )
        outbox.forget(row)
    return len(rows)


async def edited(session: AsyncSession, said: Words, now: datetime) -> None:
    """Every copy of these words that has been posted is edited; one that still waits is drawn with the new words."""
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
            await _to_requester(session, requester, **common)
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


async def _to_requester(session: AsyncSession, requester: Requester, **fields: Any) -> int | None:
    chat_id = None
    if requester.person_id is not None:
        person = await session.get_one(Person, requester.person_id)
        chat_id = person.telegram_id
    elif requester.address is None:
        # The key to an anonymous requester was destroyed: there is no way to reach them any more, by design.
        return None
    return await outbox.post(session, chat_id=chat_id, requester_id=requester.id, **fields)
