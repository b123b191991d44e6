"""/major: staff bring a ticket before the supervisors; they approve it or send it back; report readers confirm receipt.

/major reason (as a reply to the card) or /major 12 reason ─▶ the supervisors' group: approve · send back, with why
approved ─▶ each report reader in private: received
"""

from __future__ import annotations

import re
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot.filters import Pressed
from bot.majors import SIGN, Decide
from bot.majors import text as majors_text
from bot.typed import with_plain_signs
from handlers.occasion import must_be_seen
from handlers.screens import show
from handlers.staff.answers import reason_of
from handlers.staff.desk import AtDesk, Desk, ticket_of
from handlers.union.acting import Acting, Wherever
from models import majors, tickets
from models.errors import Refusal
from models.permissions import Deed

NUMBERED = re.compile(r"#?(\d{1,18})\s+(.+)", re.S)
BACK = re.compile(r"Z(\d{1,18})\b")


def router() -> Router:
    """These handlers; the reply to a prompt is asked before any other reply in a group."""
    router = Router(name="major")
    router.message.register(propose, Command("major"), AtDesk())
    router.message.register(sent_back, AtDesk(), F.reply_to_message, answers_why)
    router.callback_query.register(decide, Pressed(Decide), Wherever())
    return router


async def propose(message: Message, command: CommandObject, desk: Desk) -> None:
    """Staff name a ticket of this place and why."""
    must_be_seen(message, command)
    someone, words = desk.member(), (command.args or "").strip()
    numbered, ticket = NUMBERED.fullmatch(with_plain_signs(words)), await ticket_of(desk.session, message)
    if ticket is None:
        if numbered is None:
            raise Refusal("major.which")
        ticket, words = await tickets.get(desk.session, int(numbered[1])), numbered[2]
    await desk.may(Deed.MAJOR, ticket)
    await majors.propose(desk.session, ticket, someone, reason_of(words), desk.now)
    await message.reply(desk.t("major.sent_up", number=ticket.id))


async def decide(query: CallbackQuery, press: Decide, acting: Acting) -> None:
    """A supervisor decides in their group, a report reader confirms in private."""
    major = await majors.get(acting.session, press.major)
    if press.act == "got":
        reader = await acting.may(Deed.MAJOR_RECEIVE)
        await majors.confirm(acting.session, major, reader, acting.now)
        text = await majors_text(acting.session, major, acting.t, acting.toolbox, acting.now)
        await show(query, text + "\n" + acting.t("major.got"))
        return
    supervisor = await acting.may(Deed.MAJOR_DECIDE)
    if press.act == "approve":
        readers = await majors.approve(acting.session, major, supervisor, acting.house.vault, acting.now)
        text = await majors_text(acting.session, major, acting.t, acting.toolbox, acting.now)
        await show(query, text + "\n" + (acting.t("major.on_its_way") if readers else acting.t("major.no_readers")))
    elif isinstance(query.message, Message):
        head = acting.t("major.why", sign=SIGN, major=major.id, number=major.ticket_id, name=supervisor.name)
        await query.message.answer(head)


async def answers_why(message: Message) -> Any:
    """Filter: a reply to "why is it sent back?"; hands over the matter's number."""
    replied = message.reply_to_message
    if replied is None or replied.from_user is None or message.bot is None or replied.from_user.id != message.bot.id:
        return False
    text, entity = replied.text or "", next(iter(replied.entities or []), None)
    found = BACK.match(entity.extract_from(text)) if entity is not None and entity.type == "bold" else None
    return {"number": int(found[1])} if found is not None and text.startswith(SIGN) else False


async def sent_back(message: Message, number: int, desk: Desk) -> None:
    """The reason for sending it back."""
    supervisor = await desk.may_here(Deed.MAJOR_DECIDE)
    major = await majors.get(desk.session, number)
    await majors.send_back(desk.session, major, supervisor, reason_of(message.text or ""), desk.now)
    await message.reply(desk.t("major.went_back", number=major.ticket_id))
