"""What drawing letters will ask for, fetched for many of them together.

A round of the courier draws twenty letters and each asks for half a dozen things. Fetched here first, after the rows
were locked, they are also what is so at that moment: whoever changes them from now on finds no row that is still due,
and writes another.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters, majors, merging, requesters, sorting, stations, words
from models.outbox import Outgoing
from models.people import Person
from models.postings import Card
from models.questions import Question, fetch
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Words

_cards = Question[Card](select(Card), Card.ticket_id)


async def gather(session: AsyncSession, rows: Sequence[Outgoing]) -> None:
    """Fetch what these rows' letters are about; nothing may be changed and unwritten in this session."""
    about = [row for row in rows if row.ticket_id is not None and row.letter is not None]
    if not about:
        return
    drawn = {row.ticket_id for row in about if row.letter == "card"}
    groups = {row.chat_id for row in about if row.chat_id is not None and row.chat_id < 0}
    found: list[Ticket] = await fetch(session, Ticket, (row.ticket_id for row in about))
    await stations.seated.about_all(session, groups)
    await _cards.about_all(session, (row.ticket_id for row in about))
    said: list[Words] = await fetch(session, Words, (row.words_id for row in about if row.words_id is not None))
    await words.said.about_all(session, drawn)
    await letters.deliveries.about_all(session, drawn)
    await sorting.tags.about_all(session, drawn)
    await merging.parts.about_all(session, drawn)
    await letters.for_the_morning.about_all(session, drawn)
    await majors.of_ticket.about_all(session, drawn)
    places: list[Requester] = [
        *await fetch(
            session, Requester, ({row.requester_id for row in about} | {x.requester_id for x in said}) - {None}
        ),
        *await requesters.waiting.about_all(session, drawn),
    ]
    known = {ticket.claimed_by_id for ticket in found} | {place.person_id for place in places}
    await fetch(session, Person, known - {None})
