"""What the rules have to say to people, as outbox rows that are drawn when the courier gets to them.

The rules know facts, not sentences: a row names a letter and what it is about, and the toolbox (`bot/letters/`)
draws it in the language its reader has at that moment. The letters:

- `card`    the ticket as it is when drawn; posted, edited, or posted anew;
- `words`   one message, or the whole album it belongs to, brought to the other side;
- `edited`  the same, as an edit of the copy that is already there, or its end when the words were taken back;
- `so_far`  everything said about a ticket until now, for a place that was not there;
- `notice`  a text key with parameters and perhaps a keyboard;
- `topic`   the forum topic of a card: called and closed as the ticket stands when drawn;
- `moved`   a card that stood here before the group's mode was changed says where the ticket is now;
- `told`    a text key with parameters for a person;
- `evaluation`  somebody's own sheet of the staff evaluation;
- `mydata`  everything that is kept about a person, as files;
- `farewell` and `leave`  the bot goes from a group that is nobody's desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models import base, outbox, postings, requesters, words
from models.house import House
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Person
from models.postings import Card
from models.questions import Question
from models.requesters import Requester
from models.sessions import plainly
from models.stations import Station
from models.words import Words

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

for_the_morning = Question[Any](
    select(Outgoing.ticket_id, func.max(Outgoing.not_before).label("until"))
    .where(Outgoing.state == Sending.DUE, Outgoing.requester_id.is_not(None), Outgoing.holds.is_(False))
    .group_by(Outgoing.ticket_id),
    Outgoing.ticket_id,
)
"""Until when something waits that those who wait for a ticket are to be told."""

ALBUM_PAUSE = timedelta(seconds=1)
"""Telegram hands an album over picture by picture; after this pause the whole of it is here."""

LEAVES_AFTER = timedelta(minutes=1)
"""When a group is upgraded, the bot is added to the new one, and which group that was is told in another chat: perhaps
later.
"""


async def card(session: AsyncSession, ticket: Ticket, station: Station, now: datetime) -> None:
    """Bring the ticket's card in this station's chat up to date; many changes before it is sent make one edit. What is
    folded under another (`bursts.py`) stands on that one's card.
    """
    if station.chat_id is None:
        return
    number = ticket.folded_under_id or ticket.id
    if await postings.card_of(session, number, station.chat_id) is None:
        session.add(Card(ticket_id=number, chat_id=station.chat_id))
    await outbox.post(
        session,
        now=now,
        lane=Lane.TICKET,
        repeat=Repeat.NUMBERED,
        chat_id=station.chat_id,
        letter="card",
        topic=f"card:{number}:{station.chat_id}",
        ticket_id=number,
    )
    if station.topics:
        # A row of its own: what the bot may not do to a topic must not keep the card from being right.
        await outbox.post(
            session,
            now=now,
            lane=Lane.TICKET,
            repeat=Repeat.FREELY,
            chat_id=station.chat_id,
            letter="topic",
            topic=f"topic:{number}:{station.chat_id}",
            ticket_id=number,
        )


async def topic_left(session: AsyncSession, chat_id: int, thread_id: int, now: datetime) -> None:
    """Close a forum topic in which a ticket is no longer. The row names no ticket: where that topic is gone already,
    the card must not be thought to have lost its place.
    """
    await outbox.post(
        session,
        now=now,
        lane=Lane.TICKET,
        repeat=Repeat.FREELY,
        chat_id=chat_id,
        method="closeForumTopic",
        payload={"message_thread_id": thread_id},
    )


async def relay_to_station(session: AsyncSession, ticket: Ticket, said: Words, station: Station, now: datetime) -> None:
    """The student's words as a reply to the card; nothing is sent where no chat is bound yet, or where the ticket has
    no card of its own: they come with it.
    """
    if station.chat_id is None or ticket.folded_under_id is not None:
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


async def so_far(session: AsyncSession, ticket: Ticket, about: Sequence[int], station: Station, now: datetime) -> None:
    """What has been said and noted about these tickets, in one message below this ticket's card: of itself for a place
    that was not there, or of others that are part of it from now on.
    """
    if station.chat_id is None:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.TICKET,
        repeat=Repeat.NUMBERED,
        chat_id=station.chat_id,
        letter="so_far",
        payload={"about": list(about)},
        ticket_id=ticket.id,
    )


async def relay_to_requester(
    session: AsyncSession,
    ticket: Ticket,
    said: Words,
    requester: Requester,
    house: House,
    now: datetime,
    *,
    asks: bool = False,
) -> None:
    """Staff's words to one who waits. Nobody knows whether a lost attempt arrived, so it is never repeated by
    itself.
    """
    album = said.album is not None
    whole = now + ALBUM_PAUSE if album else now
    not_before = await when_awake(session, requester, house, whole)
    await post_to_requester(
        session,
        requester,
        now=now,
        lane=Lane.ANSWER,
        repeat=Repeat.NEVER,
        letter="words",
        payload={"asks": asks},
        topic=f"album:{ticket.id}:r{requester.id}:{said.album}" if album else None,
        not_before=not_before,
        # What waits for the morning does not hold up what they are told of something else they do at night.
        holds=album and not_before == whole,
        ticket_id=ticket.id,
        words_id=said.id,
    )


async def to_requester(
    session: AsyncSession,
    ticket: Ticket,
    requester: Requester,
    text: str,
    house: House,
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
    await post_to_requester(
        session,
        requester,
        now=now,
        lane=lane,
        repeat=Repeat.NUMBERED,
        letter="notice",
        payload={"text": text, "params": params, "keyboard": keyboard},
        dedupe=f"{dedupe}:{requester.id}" if dedupe else None,
        not_before=await when_awake(session, requester, house, now),
        ticket_id=ticket.id,
    )


async def to_requesters(
    session: AsyncSession, ticket: Ticket, text: str, house: House, now: datetime, /, **how: Any
) -> None:
    """The same notice to everybody who waits for the ticket; `how` as in `to_requester`."""
    for requester in await requesters.waiting.about(session, ticket.id):
        await to_requester(session, ticket, requester, text, house, now, **how)


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
    lane: Lane = Lane.NOTICE,
    prompt: Mapping[str, Any] | None = None,
    **params: Any,
) -> None:
    """A notice in a station's chat, as a reply to the ticket's card when it is about one; in the lane of answers where
    somebody waits for it. `prompt` says what a reply to it is (`postings.Posting.prompt`).
    """
    if station.chat_id is None:
        return
    await outbox.post(
        session,
        now=now,
        lane=lane,
        repeat=Repeat.NUMBERED,
        chat_id=station.chat_id,
        letter="notice",
        payload={"text": text, "params": params, "keyboard": keyboard} | ({"prompt": dict(prompt)} if prompt else {}),
        dedupe=dedupe,
        ticket_id=ticket.id if ticket else None,
    )


async def to_person(
    session: AsyncSession,
    person: Person,
    text: str,
    now: datetime,
    /,
    *,
    not_before: datetime | None = None,
    **params: Any,
) -> None:
    """A notice to somebody in private, in the language they read when it is drawn. It has no key of its own, because a
    key never names a person: whoever says it sees that it is said once.
    """
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=person.telegram_id,
        letter="told",
        payload={"text": text, "params": params},
        not_before=not_before,
    )


async def drawn(
    session: AsyncSession,
    chat_id: int,
    letter: str,
    what: str,
    number: int,
    now: datetime,
    /,
    *,
    not_before: datetime | None = None,
    dedupe: str | None = None,
) -> None:
    """A screen with its buttons (`letter` is who draws it, `what` and `number` of what), as it is when the courier gets
    to it.
    """
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=chat_id,
        letter=letter,
        payload={"what": what, "number": number},
        not_before=not_before,
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


# Made once, and on the table: it is asked at every word of a student, and nearly always there is nothing.
_outbox = cast(Table, Outgoing.__table__)
_WAKE = (
    update(_outbox)
    .where(
        _outbox.c.requester_id == bindparam("whose"),
        _outbox.c.state == base.said(Sending.DUE),
        _outbox.c.holds == base.said(False),
        _outbox.c.not_before > bindparam("now"),
    )
    .values(not_before=bindparam("now"))
)


async def are_awake(session: AsyncSession, requester: Requester, now: datetime) -> None:
    """They have just said something: what waits for the morning on this ticket goes out to them now."""
    await plainly(session, _WAKE, {"whose": requester.id, "now": now})


async def when_awake(session: AsyncSession, requester: Requester, house: House, now: datetime) -> datetime:
    """When this may reach them: at night in the morning, unless they have said something about the ticket since the
    night began.
    """
    since = house.calendar.night_began(now)
    if since is None or await words.has_spoken(session, requester.id, since):
        return now
    return house.calendar.after_quiet(now)


async def post_to_requester(session: AsyncSession, requester: Requester, **fields: Any) -> int | None:
    """A row for one who waits, `fields` as in `outbox.post`; None where there is no way to them any more."""
    chat_id = None
    if requester.person_id is not None:
        person = await session.get_one(Person, requester.person_id)
        chat_id = person.telegram_id
    elif requester.address is None:
        # The key to an anonymous requester was destroyed: there is no way to reach them any more, by design.
        return None
    written = await outbox.post(session, chat_id=chat_id, requester_id=requester.id, **fields)
    if written is not None and fields.get("not_before", fields["now"]) > fields["now"] and not fields.get("holds"):
        await card_in_the_morning(session, fields["ticket_id"], fields["not_before"])
    return written


async def card_in_the_morning(session: AsyncSession, ticket_id: int, morning: datetime) -> None:
    """The card says what waits for the morning, and in the morning no longer. A topic of its own, because what changes
    at night is not to wait with it.
    """
    for chat_id in await session.scalars(select(Card.chat_id).where(Card.ticket_id == ticket_id)):
        await outbox.post(
            session,
            now=morning,
            lane=Lane.TICKET,
            repeat=Repeat.NUMBERED,
            chat_id=chat_id,
            letter="card",
            topic=f"morning:{ticket_id}:{chat_id}",
            ticket_id=ticket_id,
        )
