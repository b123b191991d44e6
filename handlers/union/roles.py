"""/roles, in the office and in the supervisors' group: who holds which role, and to give one and take it back.

/roles ─▶ everybody who holds one
/roles @li, or /roles as a reply to what somebody wrote here ─▶ what they hold ─▶ give · take back
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import roles as screens
from bot import typed
from bot.filters import Pressed, markup
from bot.roles import Granting
from handlers.occasion import must_be_seen
from handlers.screens import show
from handlers.staff.desk import AtDesk, Desk
from models import people, roles
from models.errors import Refusal
from models.people import Person, Role
from models.permissions import Deed
from models.stations import Station


def router() -> Router:
    """These handlers."""
    router = Router(name="roles")
    router.message.register(look, Command("roles"), AtDesk())
    router.callback_query.register(change, Pressed(Granting), AtDesk())
    return router


async def look(message: Message, command: CommandObject, desk: Desk) -> None:
    """Everybody, or one person."""
    must_be_seen(message, command)
    await desk.may_here(Deed.ROLES)
    whom = await meant(message, (command.args or "").strip(), desk.session)
    if whom is None:
        for text in screens.everybody(await roles.holders(desk.session), desk.t, desk.now):
            await message.reply(text)
        return
    held = await roles.holders(desk.session, whom.telegram_id)
    keys = screens.choices(whom, held, roles.GIVEN_AT[desk.station.desk], await roles.places(desk.session), desk.t)
    await message.reply(screens.of(whom, held, desk.t, desk.now), reply_markup=markup(keys))


async def meant(message: Message, said: str, session: AsyncSession) -> Person | None:
    """Whom the command names or replies to; None when it names nobody. A name is looked up among those who have spoken
    with the bot, and the screen shows the number that Telegram knows them by: names prove nothing.
    """
    if not said:
        wrote = message.reply_to_message.from_user if message.reply_to_message is not None else None
        if wrote is None or wrote.is_bot:
            return None
        found = await people.by_telegram_id(session, wrote.id)
    elif (number := typed.number(said)) is not None:
        found = await people.by_telegram_id(session, number)
    else:
        named = await people.named_so(session, [typed.username(said)], [])
        found = named[0] if len(named) == 1 else None
    if found is None:
        raise Refusal("roles.unknown")
    return found


async def change(query: CallbackQuery, press: Granting, desk: Desk) -> None:
    """Give or take back; who presses and what is held is asked anew."""
    someone = await desk.may_here(Deed.ROLES)
    whom = await people.by_telegram_id(desk.session, press.whom)
    place = await desk.session.get(Station, press.place) if press.place else None
    if whom is None or press.role not in set(Role) or press.act not in ("give", "take"):
        raise Refusal("desk.old_button")
    rule = roles.give if press.act == "give" else roles.take_back
    await rule(desk.session, desk.station, someone, Role(press.role), whom, place, desk.now)
    await desk.session.flush()
    held = await roles.holders(desk.session, whom.telegram_id)
    keys = screens.choices(whom, held, roles.GIVEN_AT[desk.station.desk], await roles.places(desk.session), desk.t)
    await show(query, screens.of(whom, held, desk.t, desk.now), keys)
