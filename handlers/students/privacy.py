"""What is kept about somebody: read it, have it, have it erased. For everybody, in every state, before the consent too.

/privacy ─▶ /mydata: two files
        └─▶ /forget ─▶ sure? (what goes, what stays) ─▶ erased; whoever writes next is a stranger
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import doors
from bot.doors import Own
from bot.filters import Going, Pressed, Private
from bot.settings import Settings
from bot.texts import Texts
from handlers.screens import show
from handlers.students.new import New
from models import cases, conversations, forgetting, inbox, letters, mutes, people, requesters
from models.access import Mode
from models.errors import Refusal
from models.house import House
from models.lifecycle import OPEN
from models.lifecycle import State as TicketState
from models.people import Person
from models.tickets import several


def router() -> Router:
    """Asked before every conversation."""
    router = Router(name="privacy")
    private = Private()
    router.message.register(privacy, Command("privacy"), private)
    router.message.register(my_data, Command("mydata"), private)
    router.message.register(ask_forget, Command("forget"), private)
    router.callback_query.register(privacy, Going("privacy"), private)
    router.callback_query.register(act, Pressed(Own), private)
    return router


async def privacy(
    event: Message | CallbackQuery,
    person: Person,
    t: Texts,
    settings: Settings,
    session: AsyncSession,
    state: FSMContext,
) -> None:
    """What is kept, for how long, and who reads it, with the figures that hold here."""
    parts = [
        t("privacy.kept", drafts=conversations.LEFT_AFTER.days, aside=inbox.ASIDE_FOR.days),
        t("privacy.roster") if settings.access.mode is Mode.ROSTER else "",
        t("privacy.readers", days=settings.anonymity.destroy_after_days, cell=settings.surveys.minimum_cell),
        t("privacy.union") if await people.held(session, person.telegram_id) else "",
        t("privacy.never"),
    ]
    drafting = await state.get_state() in New
    keyboard = doors.privacy(t, back=person.agreed, drafting=drafting)
    await show(event, "\n\n".join(part for part in parts if part), keyboard)


async def act(
    query: CallbackQuery,
    press: Own,
    person: Person,
    t: Texts,
    settings: Settings,
    house: House,
    now: datetime,
    session: AsyncSession,
    state: FSMContext,
) -> None:
    """A press below it."""
    match press.act:
        case "data":
            await my_data(query, person, t, now, session, state)
        case "forget":
            await ask_forget(query, person, t, house, now, session)
        case "forget_sure":
            await state.clear()
            await forgetting.forget(session, person, settings.bot_id, house, now)
            await show(query, t("forget.done", hours=int(forgetting.LATEST.total_seconds() // 3600)))
        case _:
            raise Refusal("old.button")


async def my_data(
    event: Message | CallbackQuery, person: Person, t: Texts, now: datetime, session: AsyncSession, state: FSMContext
) -> None:
    """Everything that is kept about them, as files."""
    drafting = await state.get_state() in New
    await show(event, t("mydata.coming"), doors.after_data(t, agreed=person.agreed, drafting=drafting))
    await letters.mydata(session, person, now)


async def ask_forget(
    event: Message | CallbackQuery, person: Person, t: Texts, house: House, now: datetime, session: AsyncSession
) -> None:
    """What would go and what would stay, before anything happens."""
    if await people.held(session, person.telegram_id):
        raise Refusal("forget.role")
    numbers = [place.ticket_id for place in await requesters.all_of(session, person, house.vault, also_left=True)]
    still_open = await several(session, numbers, states=(*OPEN, TicketState.RESOLVED))
    parts = [t("forget.ask", tickets=len(numbers), open=len(still_open))]
    if reports := await cases.of_reporter(session, person, house.vault):
        parts.append(t("forget.reports_stay", count=len(reports)))
    if await mutes.standing(session, person.telegram_id, house.vault, now) is not None:
        parts.append(t("forget.mute_stays"))
    await show(event, "\n\n".join(parts), doors.forget_sure(t))
