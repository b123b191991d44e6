"""What the union does about comments: shows or hides them, answers in public, and is reminded of what waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models import audit
from models.calendar import Span
from models.errors import Refusal
from models.house import OFFICE, SUPERVISORS, House
from models.people import Person
from models.union import comments
from models.union.comments import Comment, Reason, Stage

WARNED_BEFORE = Span(hours=1)


async def reveal(session: AsyncSession, number: int, by: Person, house: House, now: datetime) -> Comment:
    """Let everybody read it: one that waits, or one that was hidden. Raises Refusal for any other."""
    comment = await comments.get(session, number)
    if comment.stage not in (Stage.WAITING, Stage.HIDDEN):
        raise Refusal(f"comment.is_{comment.stage}", number=number)
    comment.stage, comment.reason, comment.decided_at = Stage.SHOWN, None, now
    await audit.record(session, "comment_shown", now, staff=by, comment=number)
    await comments.tell(session, comment, "answered" if comment.answer else "shown", house, now)
    await comments.redraw(session, comment, now)
    return comment


async def hide(session: AsyncSession, number: int, by: Person, reason: Reason, house: House, now: datetime) -> Comment:
    """Keep it from being read, for a reason that its writer and the supervisors are told. Raises Refusal for one that
    is hidden or gone already.
    """
    comment = await comments.get(session, number)
    if comment.stage not in (Stage.WAITING, Stage.SHOWN):
        raise Refusal(f"comment.is_{comment.stage}", number=number)
    comment.stage, comment.reason, comment.decided_at = Stage.HIDDEN, reason, now
    await audit.record(session, "comment_hidden", now, staff=by, comment=number, reason=reason)
    await comments.tell(session, comment, "hidden", house, now)
    await comments.redraw(session, comment, now)
    await comments.card(session, comment, SUPERVISORS, "hidden", now)
    return comment


async def must_be_answerable(session: AsyncSession, number: int) -> Comment:
    """The comment. Raises Refusal for one that is hidden or gone."""
    comment = await comments.get(session, number)
    if comment.stage not in (Stage.WAITING, Stage.SHOWN):
        raise Refusal(f"comment.is_{comment.stage}", number=number)
    return comment


async def answer(
    session: AsyncSession, number: int, by: Person, text: str, corrects: bool, house: House, now: datetime
) -> Comment:
    """The union's answer, in public; a comment that waits is shown with it. `corrects` says that it takes the place of
    an earlier one. Raises Refusal for one that is hidden or gone, and when somebody has answered meanwhile.
    """
    comment = await must_be_answerable(session, number)
    if comment.answer is not None and not corrects:
        raise Refusal("comment.answered_meanwhile", number=number)
    if comment.stage is Stage.WAITING:
        comment.stage, comment.decided_at = Stage.SHOWN, now
    first = comment.answer is None
    comment.answer, comment.answered_at = text, comment.answered_at or now
    await audit.record(session, "comment_answered" if first else "comment_corrected", now, staff=by, comment=number)
    await comments.tell(session, comment, "answered" if first else "corrected", house, now)
    await comments.redraw(session, comment, now)
    return comment


async def remind(session: AsyncSession, house: House, now: datetime) -> None:
    """The office is warned of what is due soon; when it has passed the supervisors are told as well. A card that could
    not be posted because the office had no chat comes now.
    """
    for comment in await comments.open_ones(session):
        key = f"comment:{comment.id}"
        await comments.card(session, comment, OFFICE, "new", now, dedupe=f"{key}:new")
        step, until = comments.due(comment) or ("", now)
        if now >= until:
            for desk in (OFFICE, SUPERVISORS):
                await comments.card(session, comment, desk, "overdue", now, step, dedupe=f"{key}:overdue:{step}:{desk}")
        elif now >= house.calendar.subtract(until, WARNED_BEFORE):
            await comments.card(session, comment, OFFICE, "warned", now, step, dedupe=f"{key}:warned:{step}")
