"""/code in a station's or the office's group: what a student needs who stands at the desk and may not come in yet.

/code ─▶ the campus code (mode "code"); /code new, by an admin of the union: another one from now on
/code 2026123456 ─▶ a one-time code for this number (mode "roster"), after a look at the student card
"""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.filters import InGroup
from handlers.occasion import must_be_seen
from handlers.staff.desk import AtDesk, Desk
from models import access, roster
from models.access import Mode
from models.errors import Refusal
from models.permissions import Deed


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="code")
    router.message.register(code, Command("code"), InGroup(), AtDesk())
    return router


async def code(message: Message, command: CommandObject, desk: Desk) -> None:
    """The code for whoever stands at the desk."""
    must_be_seen(message, command)
    staff = await desk.may_here(Deed.CODE)
    wanted = (command.args or "").strip()
    match desk.settings.access.mode:
        case Mode.OPEN:
            await message.reply(desk.t("code.open"))
        case Mode.CODE if wanted.lower() == "new":
            await desk.may_here(Deed.CODE_NEW)
            rotation = await access.rotate(desk.session, desk.now, staff)
            shown = access.campus_code(rotation.id, desk.house.vault)
            await message.reply(desk.t("code.new", code=shown, days=access.OLD_CODE.days))
        case Mode.CODE:
            rotation = await access.newest(desk.session, desk.now)
            shown = access.campus_code(rotation.id, desk.house.vault)
            await message.reply(desk.t("code.campus", code=shown, since=desk.t.stamp(rotation.begun_at, desk.now)))
        case Mode.ROSTER:
            number = roster.number_of(wanted)
            if number is None:
                raise Refusal("code.which_number")
            until = desk.now + access.STATION_CODE
            one_time = await roster.issue(desk.session, number, staff, desk.house.vault, until, desk.now)
            if one_time is None:
                raise Refusal("code.not_on_roster", student=number)
            ends = desk.t.moment(until, desk.now)
            await message.reply(desk.t("code.one_time", student=number, code=one_time, until=ends))
