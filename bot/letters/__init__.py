"""What an outbox row says once its time has come: the letters that the rules wrote (`models/letters.py`), drawn.

The courier calls `draw` in the transaction in which it takes a row; what comes back are plain Bot API calls
(`bot/calls.py`). Language: a station's in its chat, the reader's own in private.

    tickets.py   cards, topics, words and notices      others.py   rosters, files, what somebody is told
    polls.py     polls and quizzes                     surveys.py  a survey's questions, and who is asked
    evaluations.py  somebody's own sheet               disclosure.py  comments on what the union discloses
    publications.py what is published                  studies.py  study and training
    volunteers.py   volunteering, certificates         work_reports.py  how far a report is
    projects.py     a project, to the office and to who works on it
    ../sealed.py, ../majors.py   their own letters
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot import majors, sealed
from bot.calls import Call, Letter
from bot.letters import (
    disclosure,
    evaluations,
    others,
    polls,
    projects,
    publications,
    studies,
    surveys,
    tickets,
    volunteers,
    work_reports,
)
from bot.letters.drawing import Drawing
from bot.toolbox import Toolbox
from models.outbox import Outgoing
from models.sealed import params_of

ABOUT_TICKETS: dict[str | None, Callable[[Drawing], Awaitable[Letter]]] = {
    "card": tickets.card,
    "words": tickets.words,
    "edited": tickets.edited,
    "notice": tickets.notice,
    "so_far": tickets.so_far,
    "topic": tickets.topic,
    "moved": tickets.moved,
}
"""Letters that go to a station or to those who wait for a ticket."""

OTHERS: dict[str | None, Callable[[Drawing], Awaitable[Letter]]] = {
    "told": others.told,
    "mydata": others.mydata,
    "roster": others.roster,
    "board": others.board,
    "posts": others.posts,
    "farewell": others.goes,
    "leave": others.goes,
    "export": others.export,
    "pulse": polls.pulse,
    "pulse_result": polls.pulse_result,
    "quiz": polls.quiz,
    "quiz_result": polls.quiz_result,
    "poll_lost": polls.lost,
    "survey_planned": surveys.planned,
    "survey_invitation": surveys.invitation,
    "survey": surveys.screen,
    "survey_told": surveys.told,
    "evaluation": evaluations.sheet,
    "comment": disclosure.comment,
    "comment_told": disclosure.told,
    "disclosure_stale": disclosure.stale,
    "publication": publications.publication,
    "publication_desk": publications.desk,
    "study": studies.study,
    "study_coverage": studies.coverage,
    "volunteer": volunteers.volunteer,
    "certificate": volunteers.certificate,
    "work_report": work_reports.told,
    "project": projects.project,
}

GUARDED = {"sealed": sealed.draw, "major": majors.draw}
"""Letters that only some may read; they see for themselves who sits in the chat."""


async def draw(session: AsyncSession, row: Outgoing, toolbox: Toolbox, now: datetime, chat_id: int) -> Letter:
    """What this row says now. `chat_id` is where it goes, already opened if it was sealed."""
    if row.method is not None:
        return Letter([Call(row.method, {"chat_id": chat_id, **params_of(row, toolbox.house.vault)})])
    drawing = Drawing(session, row, toolbox, now, chat_id)
    drawn = ABOUT_TICKETS.get(row.letter)
    if drawn is not None:
        return Letter() if await drawing.is_for_nobody() else await drawn(drawing)
    guarded = GUARDED.get(row.letter or "")
    if guarded is not None:
        return await guarded(session, row, toolbox, now, chat_id)
    if row.letter not in OTHERS:
        raise ValueError(f"no letter is called {row.letter!r}")
    return await OTHERS[row.letter](drawing)
