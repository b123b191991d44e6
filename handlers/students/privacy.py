"""What is kept about somebody: read it, have it, have it erased. For everybody, in every state, before the consent too.

/privacy ─▶ /mydata: two files
        └─▶ /forget ─▶ sure? (what goes, what stays) ─▶ erased; whoever writes next is a stranger
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import doors
from bot.doors import Own
from bot.filters import Going, Pressed
from bot.volunteers import in_hours
from handlers.screens import show
from handlers.students.report import is_drafting
from handlers.students.talk import Private, Talk
from models import cases, conversations, forgetting, inbox, letters, mutes, people, requesters
from models.access import Mode
from models.errors import Refusal
from models.lifecycle import OPEN
from models.lifecycle import State as TicketState
from models.tickets import several
from models.union import gatherings


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


async def privacy(event: Message | CallbackQuery, talk: Talk) -> None:
    """What is kept, for how long, and who reads it, with the figures that hold here."""
    t = talk.t
    parts = [
        t("privacy.kept", drafts=conversations.LEFT_AFTER.days, aside=inbox.ASIDE_FOR.days),
        t("privacy.roster") if talk.settings.access.mode is Mode.ROSTER else "",
        t("privacy.readers", days=talk.settings.anonymity.destroy_after_days, cell=talk.settings.surveys.minimum_cell),
        t("privacy.union") if await people.held(talk.session, talk.person.telegram_id) else "",
        t("privacy.never", cell=talk.settings.surveys.minimum_cell),
    ]
    drafting = await is_drafting(talk)
    keyboard = doors.privacy(t, back=talk.person.agreed, drafting=drafting)
    await show(event, "\n\n".join(part for part in parts if part), keyboard)


async def act(query: CallbackQuery, press: Own, talk: Talk) -> None:
    """A press below it."""
    match press.act:
        case "data":
            await my_data(query, talk)
        case "forget":
            await ask_forget(query, talk)
        case "forget_sure":
            await talk.state.clear()
            await forgetting.forget(talk.session, talk.person, talk.settings.bot_id, talk.house, talk.now)
            await show(query, talk.t("forget.done", hours=int(forgetting.LATEST.total_seconds() // 3600)))
        case _:
            raise Refusal("old.button")


async def my_data(event: Message | CallbackQuery, talk: Talk) -> None:
    """Everything that is kept about them, as files."""
    drafting = await is_drafting(talk)
    await show(event, talk.t("mydata.coming"), doors.after_data(talk.t, agreed=talk.person.agreed, drafting=drafting))
    await letters.mydata(talk.session, talk.person, talk.now)


async def ask_forget(event: Message | CallbackQuery, talk: Talk) -> None:
    """What would go and what would stay, before anything happens."""
    if await people.held(talk.session, talk.person.telegram_id):
        raise Refusal("forget.role")
    numbers = [
        place.ticket_id
        for place in await requesters.all_of(talk.session, talk.person, talk.house.vault, also_left=True)
    ]
    still_open = await several(talk.session, numbers, states=(*OPEN, TicketState.RESOLVED))
    parts = [talk.t("forget.ask", tickets=len(numbers), open=len(still_open))]
    taken_part = await gatherings.of_person(talk.session, talk.person)
    if minutes := sum(attendance.minutes or 0 for _, attendance in taken_part):
        parts.append(talk.t("forget.hours_go", hours=in_hours(minutes)))
    if reports := await cases.of_reporter(talk.session, talk.person, talk.house.vault):
        parts.append(talk.t("forget.reports_stay", count=len(reports)))
    if await mutes.standing(talk.session, talk.person.telegram_id, talk.house.vault, talk.now) is not None:
        parts.append(talk.t("forget.mute_stays"))
    # Whoever answers with /cancel wants to hear that nothing was erased (`anywhere.py`); a draft stays as it is.
    await talk.state.update_data(forget=True)
    await show(event, "\n\n".join(parts), doors.forget_sure(talk.t))
