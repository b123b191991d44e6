"""A picture, a sticker, a place where words were asked for: what no conversation has taken is said to be of no use
there, and what has been written so far stays.
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import Message

from bot.contents import is_said
from bot.people import GROUPS, answered, hidden, to_a_colleague
from handlers.staff.canned import Wording
from handlers.staff.walkin import Recording
from handlers.union.appointing import Appointing
from handlers.union.disclosure import PublicAnswer
from handlers.union.evaluations import Evaluation
from handlers.union.gatherings import Studying
from handlers.union.projects import ProjectWords
from handlers.union.publications import Publishing
from handlers.union.pulses import Asking
from handlers.union.quizzes import Quizzing
from handlers.union.survey_making import Naming
from handlers.union.surveys import Saying
from handlers.union.volunteers import Calling
from handlers.union.work_reports import ReportWriting
from models.errors import Refusal

UNION = (
    *(Appointing, Asking, Calling, Evaluation, Naming, ProjectWords, PublicAnswer, Publishing, Quizzing),
    *(ReportWriting, Saying, Studying),
)
"""Every conversation of the union's: it listens to the next words of whoever is asked."""
BY_REPLY = (Wording, Recording)
"""Those of a station listen to replies only."""


def router() -> Router:
    """Asked after every conversation that takes such things, and before what holds a student's loose words."""
    router = Router(name="unheard")
    router.message.register(say_so, ~F.text, is_said, in_the_middle)
    return router


async def in_the_middle(message: Message, state: FSMContext | None = None) -> bool:
    """Filter: words of whoever sends this are waited for. A reply to a colleague is the colleague's."""
    if state is None or hidden(message):
        return False
    at = await state.get_state()
    if at is None or to_a_colleague(message):
        return False
    replies = message.chat.type in GROUPS and answered(message) is not None
    return any(at in group for group in UNION) or (replies and any(at in group for group in BY_REPLY))


async def say_so(_: Message) -> None:
    """It is not dropped in silence."""
    raise Refusal("draft.unheard")
