"""A poll or a quiz that may not have arrived in a group, and a person who decides to send it once more.

Nobody asks for it otherwise: a group that has not seen the question cannot miss it; and where it did arrive, Telegram
has not said which poll it is, so that no answer in it is counted. In private nothing is said: of thousands some are
always away.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import outbox
from models.errors import Refusal
from models.outbox import Lane, Outgoing, Repeat, Sending
from models.pulses import Pulse
from models.quizzes import Quiz
from models.stations import Station

LETTER = "poll_lost"
KINDS = ("pulse", "quiz")
"""The letter that brings it, which is also what its payload calls its number."""


async def tell(session: AsyncSession, row: Outgoing, now: datetime) -> None:
    """The row has ended without having been sent for certain; where it was a group's poll, the group is told. Comes
    before its payload is forgotten.
    """
    if row.letter not in KINDS or row.chat_id is None or row.chat_id > 0:
        return
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NUMBERED,
        chat_id=row.chat_id,
        letter=LETTER,
        payload={"what": row.letter, "number": (row.payload or {})[row.letter], "row": row.id},
        dedupe=f"{LETTER}:{row.id}",
    )


async def question(session: AsyncSession, what: str, number: int) -> Pulse | Quiz | None:
    """What was asked, by the name of its letter and its number."""
    return await session.get(Pulse, number) if what == "pulse" else await session.get(Quiz, number)


async def again(
    session: AsyncSession, what: str, number: int, row_number: int, station: Station, now: datetime
) -> Pulse | Quiz:
    """Send it once more to this place's group. Raises Refusal where that has been done, where it was never lost, and
    when its time is over.
    """
    lost = await session.get(Outgoing, row_number, with_for_update=True, populate_existing=True)
    asked = await question(session, what, number) if what in KINDS else None
    key = f"{what}:{number}:{station.key}"
    if lost is None or asked is None or asked.closed or station.chat_id is None:
        raise Refusal("old.button")
    if lost.state not in (Sending.UNKNOWN, Sending.FAILED) or not f"{lost.dedupe}:".startswith(f"{key}:"):
        raise Refusal("old.button")
    lost.state = Sending.SUPERSEDED
    await outbox.post(
        session,
        now=now,
        lane=Lane.NOTICE,
        repeat=Repeat.NEVER,
        chat_id=station.chat_id,
        letter=what,
        payload={what: number} | ({"station": station.id} if what == "quiz" else {}),
        dedupe=f"{key}:{lost.id}",
    )
    return asked
