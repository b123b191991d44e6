"""/major: staff bring a ticket before the supervisors; they approve it or send it back; report readers confirm receipt.

/major reason (as a reply to the card) or /major 12 reason ─▶ the supervisors' group: approve · send back, with why
approved ─▶ each report reader in private: received
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.filters import AtDesk, Pressed
from bot.majors import SIGN, Decide
from bot.majors import text as majors_text
from bot.people import Presence, hidden
from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.screens import show
from handlers.staff.answers import reason_of
from handlers.staff.common import may, may_here, may_wherever, member, ticket_of
from models import majors, tickets
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.permissions import Deed
from models.stations import Station

NUMBERED = re.compile(r"#?(\d{1,18})\s+(.+)", re.S)
BACK = re.compile(r"Z(\d{1,18})\b")


def router() -> Router:
    """These handlers; the reply to a prompt is asked before any other reply in a group."""
    router = Router(name="major")
    router.message.register(propose, Command("major"), AtDesk())
    router.message.register(sent_back, AtDesk(), F.reply_to_message, answers_why)
    router.callback_query.register(decide, Pressed(Decide))
    return router


async def propose(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """Staff name a ticket of this place and why."""
    if hidden(message):
        raise Refusal("hidden.command", command="major")
    someone, words = member(staff, presence), (command.args or "").strip()
    numbered, ticket = NUMBERED.fullmatch(words), await ticket_of(session, message)
    if ticket is None:
        if numbered is None:
            raise Refusal("major.which")
        ticket, words = await tickets.get(session, int(numbered[1])), numbered[2]
    await may(session, Deed.MAJOR, ticket, station, someone)
    await majors.propose(session, ticket, someone, reason_of(words), now)
    await message.reply(t("major.sent_up", number=ticket.id))


async def decide(
    query: CallbackQuery,
    press: Decide,
    session: AsyncSession,
    now: datetime,
    station: Station | None,
    person: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
    toolbox: Toolbox,
) -> None:
    """A supervisor decides in their group, a report reader confirms in private."""
    major = await majors.get(session, press.major)
    if press.act == "got":
        reader = await may_wherever(session, Deed.MAJOR_RECEIVE, query, person, station, presence)
        await majors.confirm(session, major, reader, now)
        await show(query, await majors_text(session, major, t, toolbox, now) + "\n" + t("major.got"))
        return
    supervisor = await may_wherever(session, Deed.MAJOR_DECIDE, query, person, station, presence)
    if press.act == "approve":
        readers = await majors.approve(session, major, supervisor, house.vault, now)
        text = await majors_text(session, major, t, toolbox, now)
        await show(query, text + "\n" + (t("major.on_its_way") if readers else t("major.no_readers")))
    elif isinstance(query.message, Message):
        head = t("major.why", sign=SIGN, major=major.id, number=major.ticket_id, name=supervisor.name)
        await query.message.answer(head)


async def answers_why(message: Message) -> Any:
    """Filter: a reply to "why is it sent back?"; hands over the matter's number."""
    replied = message.reply_to_message
    if replied is None or replied.from_user is None or message.bot is None or replied.from_user.id != message.bot.id:
        return False
    text, entity = replied.text or "", next(iter(replied.entities or []), None)
    found = BACK.match(entity.extract_from(text)) if entity is not None and entity.type == "bold" else None
    return {"number": int(found[1])} if found is not None and text.startswith(SIGN) else False


async def sent_back(
    message: Message,
    number: int,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
) -> None:
    """The reason for sending it back."""
    supervisor = member(staff, presence)
    await may_here(session, Deed.MAJOR_DECIDE, station, supervisor)
    major = await majors.get(session, number)
    await majors.send_back(session, major, supervisor, reason_of(message.text or ""), now)
    await message.reply(t("major.went_back", number=major.ticket_id))
