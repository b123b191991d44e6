"""/code in a station's or the office's group: what a student needs who stands at the desk and may not come in yet.

/code ─▶ the campus code (mode "code"); /code new, by an admin of the union: another one from now on
/code 2026123456 ─▶ a one-time code for this number (mode "roster"), after a look at the student card
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.filters import AtDesk, InGroup
from bot.people import Presence, hidden
from bot.settings import Settings
from bot.texts import Texts
from handlers.staff.common import may_here, member
from models import access, roster
from models.access import Mode
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.permissions import Deed
from models.stations import Station


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="code")
    router.message.register(code, Command("code"), InGroup(), AtDesk())
    return router


async def code(
    message: Message,
    command: CommandObject,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
    settings: Settings,
    house: House,
    now: datetime,
    session: AsyncSession,
    station: Station,
) -> None:
    """The code for whoever stands at the desk."""
    if hidden(message):
        raise Refusal("hidden.command", command="code")
    staff = member(staff, presence)
    await may_here(session, Deed.CODE, station, staff)
    wanted = (command.args or "").strip()
    match settings.access.mode:
        case Mode.OPEN:
            await message.reply(t("code.open"))
        case Mode.CODE if wanted.lower() == "new":
            await may_here(session, Deed.CODE_NEW, station, staff)
            rotation = await access.rotate(session, now, staff)
            shown = access.campus_code(rotation.id, house.vault)
            await message.reply(t("code.new", code=shown, days=access.OLD_CODE.days))
        case Mode.CODE:
            rotation = await access.newest(session, now)
            shown = access.campus_code(rotation.id, house.vault)
            await message.reply(t("code.campus", code=shown, since=t.stamp(rotation.begun_at, now)))
        case Mode.ROSTER:
            number = roster.number_of(wanted)
            if number is None:
                raise Refusal("code.which_number")
            until = now + access.STATION_CODE
            one_time = await roster.issue(session, number, staff, house.vault, until, now)
            if one_time is None:
                raise Refusal("code.not_on_roster", student=number)
            await message.reply(t("code.one_time", student=number, code=one_time, until=t.moment(until, now)))
