"""/mute and /block: whoever wrote this is not heard for a time; the appeal, and what the office decides.

/mute 24h reason (a lead, as a reply to the student's words)      /block reason (an admin, in the office)
the student's notice ─▶ appeal ─▶ the office: lift · keep ─▶ the student is told
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.filters import AtDesk, Pressed, markup
from bot.order import Order, decision
from bot.people import Presence, hidden
from bot.sealed import screen
from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.screens import show
from handlers.staff.answers import reason_of
from handlers.staff.common import may, member
from models import mutes, people, postings, requesters, sealed, stations, tickets
from models.errors import Refusal
from models.house import House
from models.people import Person, Role
from models.permissions import Deed
from models.requesters import Requester
from models.stations import Desk, Station
from models.words import Words

SPAN = re.compile(r"(\d{1,3})\s*([hd])\s+(.+)", re.S)


def router() -> Router:
    """These handlers."""
    router = Router(name="order")
    router.message.register(quiet, Command("mute", "block"), AtDesk())
    router.callback_query.register(step, Pressed(Order))
    return router


async def quiet(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
) -> None:
    """Mute or block whoever wrote the words that this replies to."""
    if hidden(message):
        raise Refusal("hidden.command", command=command.command)
    someone, replied = member(staff, presence), message.reply_to_message
    roles = await people.roles(session, someone.telegram_id, station.id)
    if command.command == "block":
        if station.desk is not Desk.OFFICE or Role.ADMIN not in roles:
            raise Refusal("block.admins_only")
        span, reason = None, reason_of((command.args or "").strip())
    else:
        if not roles & {Role.LEAD, Role.ADMIN}:
            raise Refusal("mute.leads_only")
        found = SPAN.fullmatch((command.args or "").strip())
        if found is None:
            raise Refusal("mute.how")
        span, reason = timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1)), reason_of(found[3])
    posting = await postings.in_chat(session, message.chat.id, replied.message_id) if replied else None
    if posting is None:
        raise Refusal("mute.whose")
    ticket = await tickets.get(session, posting.ticket_id)
    await may(session, Deed.MUTE, ticket, station, someone)
    if posting.words_id is not None:
        said = await session.get_one(Words, posting.words_id)
        who = await session.get(Requester, said.requester_id) if said.requester_id else None
    else:
        waiting = await requesters.waiting.about(session, ticket.id)
        who = waiting[0] if waiting and waiting[0].number == 1 else None
    if who is None:
        raise Refusal("mute.whose")
    found_mute = await mutes.mute(session, ticket, who, station, someone, span, reason, house, now)
    if found_mute.until is None:
        await message.reply(t("block.done"))
    else:
        await message.reply(t("mute.done", moment=t.moment(found_mute.until, now)))


async def step(
    query: CallbackQuery,
    press: Order,
    session: AsyncSession,
    now: datetime,
    person: Person,
    station: Station | None,
    presence: Presence | None,
    house: House,
    t: Texts,
    toolbox: Toolbox,
) -> None:
    """The student appeals; the office decides."""
    if press.act == "appeal":
        found = await mutes.appeal(session, person, "", house, now)
        office = await stations.office(session)
        assert office.chat_id is not None, "asked by the rule"
        assert query.bot is not None
        theirs = toolbox.t(office.language)
        where = await session.get_one(Station, found.mute.station_id)
        text = theirs("appeal.card", which=found.mute.id, station=theirs.pick(where.names), reason=found.reason)
        await query.bot.send_message(office.chat_id, text, reply_markup=markup(decision(theirs, found.mute.id)))
        await query.answer(t.plain("appeal.sent"), show_alert=True)
        return
    if station is None or station.desk is not Desk.OFFICE or presence is None or not presence.present:
        raise Refusal("block.admins_only")
    admin = await people.must_be(session, person, Role.ADMIN, "block.admins_only")
    lift = press.act == "lift"
    who = await mutes.decide(session, await mutes.get(session, press.mute, now), lift, admin, house, now)
    if who is not None:
        said = toolbox.t(who.language)
        text = said("appeal.lifted") if lift else said("appeal.kept")
        await sealed.post(session, screen(text, None), house.vault, now, chat_id=who.chat_id)
    key = "appeal.office_lifted" if lift else "appeal.office_kept"
    await show(query, t(key, which=press.mute, name=admin.name))
