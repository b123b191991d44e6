"""One thing said to very many who wait: a few statements, however many they are.

Somebody's update waits for the database meanwhile, so nothing here is asked for each of them. What goes to a crowd
leaves in the broadcast's lane: five hundred answers in the lane of answers would keep everybody else waiting for
twenty seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import letters
from models.house import House
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.people import Person
from models.requesters import Requester
from models.sessions import plainly
from models.words import Words

CROWD = 28
"""More than one second of Telegram holds are many."""


def lane(count: int) -> Lane:
    """In which lane something goes to so many. Everything that they are told of one ticket goes in the same: one chat
    keeps its order within a lane only.
    """
    return Lane.BROADCAST if count > CROWD else Lane.ANSWER


_requesters, _people = cast(Table, Requester.__table__), cast(Table, Person.__table__)
_WRITE = insert(cast(Table, Outgoing.__table__))


class Place(NamedTuple):
    """One who waits for a ticket and can be reached."""

    id: int
    ticket_id: int
    number: int
    person_id: int | None
    chat_id: int | None
    """None for somebody whose address is sealed."""
    reachable: bool
    came_from_id: int | None


async def waiting(session: AsyncSession, ticket_id: int) -> list[Place]:
    """Everybody who waits for a ticket."""
    return await places(session, _requesters.c.ticket_id == ticket_id)


async def places(session: AsyncSession, which: ColumnElement[bool]) -> list[Place]:
    """Those of these places that nobody has left, in the order of their tickets and numbers."""
    rows = await plainly(
        session,
        select(
            _requesters.c.id,
            _requesters.c.ticket_id,
            _requesters.c.number,
            _requesters.c.person_id,
            _people.c.telegram_id,
            or_(_people.c.telegram_id.is_not(None), _requesters.c.address.is_not(None)),
            _requesters.c.came_from_id,
        )
        .select_from(_requesters.outerjoin(_people, _people.c.id == _requesters.c.person_id))
        .where(which, _requesters.c.left.is_(False))
        .order_by(_requesters.c.ticket_id, _requesters.c.number),
    )
    return [Place(*row) for row in rows]


async def notice(
    session: AsyncSession,
    to: Sequence[Place],
    text: str,
    house: House,
    now: datetime,
    *,
    lane: Lane,
    key: Callable[[Place], str],
    about: Callable[[Place], int],
    params: Callable[[Place], dict[str, Any]] = lambda place: {},
    keyboard: str | None = None,
) -> None:
    """The same notice to all of them; `key` says it once to each, `about` which ticket's number it shows."""

    def row(place: Place) -> dict[str, Any]:
        said = {"text": text, "params": params(place), "keyboard": keyboard}
        dedupe = f"{key(place)}:{place.id}"
        return {"letter": "notice", "payload": said, "dedupe": dedupe, "ticket_id": about(place), "words_id": None}

    await _post(session, to, row, Repeat.NUMBERED, lane, house, now)


async def words(
    session: AsyncSession, to: Sequence[Place], said: Words, house: House, now: datetime, *, asks: bool = False
) -> None:
    """Staff's words to all of them."""

    def row(place: Place) -> dict[str, Any]:
        about = {"ticket_id": said.ticket_id, "words_id": said.id}
        return {"letter": "words", "payload": {"asks": asks}, "dedupe": None, **about}

    await _post(session, to, row, Repeat.NEVER, lane(len(to)), house, now)


async def _post(
    session: AsyncSession,
    to: Sequence[Place],
    row: Callable[[Place], dict[str, Any]],
    repeat: Repeat,
    lane: Lane,
    house: House,
    now: datetime,
) -> None:
    reached = [place for place in to if place.reachable]
    since, morning = house.calendar.night_began(now), house.calendar.after_quiet(now)
    awake = set() if since is None else await _have_spoken(session, [place.id for place in reached], since)
    rows = [
        {
            "chat_id": place.chat_id,
            "requester_id": place.id,
            "queue": str(place.chat_id) if place.chat_id is not None else f"requester:{place.id}",
            "lane": lane,
            "repeat": repeat,
            "not_before": now if since is None or place.id in awake else morning,
            "state": Sending.DUE,
            "holds": False,
            "attempts": 0,
            **row(place),
        }
        for place in reached
    ]
    if not rows:
        return
    await plainly(session, _WRITE, rows)
    for ticket_id in {each["ticket_id"] for each in rows if each["not_before"] > now}:
        await letters.card_in_the_morning(session, ticket_id, morning)


AT_ONCE = 500


async def _have_spoken(session: AsyncSession, numbers: Sequence[int], since: datetime) -> set[int]:
    spoken: set[int] = set()
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        rows = await session.scalars(
            select(Words.requester_id).where(Words.requester_id.in_(part), Words.at >= since).distinct()
        )
        spoken |= {number for number in rows if number is not None}
    return spoken
