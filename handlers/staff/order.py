"""/mute and /block: whoever wrote this is not heard for a time, or until the office lifts it; and what is decided on an
appeal.

/mute 24h reason (a lead, as a reply to the student's words)
/block reason (an admin, in the office, likewise; or /block #12 reason: whoever filed it)
/blocked ─▶ who is not heard, by number ─▶ lifted          /unblock 482913
the student's appeal (`handlers/students/appeal.py`) ─▶ the office, about a block the supervising teachers: lift · keep
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot.filters import AtDesk, Pressed, markup
from bot.keyboards import MOST_DIGITS
from bot.order import Order, lifting
from bot.people import Presence, hidden
from bot.sealed import screen
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff.answers import reason_of
from handlers.staff.common import may, may_here, member
from models import mutes, postings, requesters, sealed, tickets
from models.errors import Refusal
from models.house import House
from models.mutes import Mute
from models.people import Person
from models.permissions import Deed
from models.requesters import Reached, Requester
from models.stations import Desk, Station
from models.tickets import Ticket
from models.words import Words

SPAN = re.compile(r"(\d{1,3})\s*([hd])\s+(.+)", re.S)
OF_TICKET = re.compile(rf"#(\d{{1,{MOST_DIGITS}}})\s+(.+)", re.S)
LISTED = 20
REASON_LENGTH, NAME_LENGTH = 80, 40


def router() -> Router:
    """These handlers."""
    router = Router(name="order")
    desk = AtDesk()
    router.message.register(quiet, Command("mute", "block"), desk)
    router.message.register(blocked, Command("blocked"), desk)
    router.message.register(unblock, Command("unblock"), desk)
    router.callback_query.register(decide, Pressed(Order), desk)
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
    someone, said = member(staff, presence), (command.args or "").strip()
    if command.command == "block":
        await may_here(session, Deed.BLOCK, station, someone)
        span = None
    else:
        found = SPAN.fullmatch(said)
        if found is None:
            raise Refusal("mute.how")
        span, said = timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1)), found[3]
    ticket, who, said = await _meant(message, session, said, by_number=span is None)
    await may(session, Deed.MUTE, ticket, station, someone)
    mute = await mutes.mute(session, ticket, who, station, someone, span, reason_of(said), house, now)
    if mute.until is None:
        await message.reply(t("block.done", which=mute.id))
    else:
        await message.reply(t("mute.done", moment=t.moment(mute.until, now)))


async def _meant(
    message: Message, session: AsyncSession, said: str, *, by_number: bool
) -> tuple[Ticket, Requester, str]:
    """Whose words are replied to, or who filed the ticket that is named first; and what is said of it."""
    replied = message.reply_to_message
    posting = await postings.in_chat(session, message.chat.id, replied.message_id) if replied else None
    if posting is not None and posting.words_id is not None:
        words = await session.get_one(Words, posting.words_id)
        ticket = await tickets.get(session, posting.ticket_id)
        who = await session.get(Requester, words.requester_id) if words.requester_id else None
    else:
        numbered = OF_TICKET.fullmatch(said)
        if posting is not None:
            number = posting.ticket_id
        elif by_number and numbered is not None:
            number, said = int(numbered[1]), numbered[2]
        else:
            raise Refusal("block.whose" if by_number else "mute.whose")
        ticket = await tickets.get(session, number)
        waiting = await requesters.waiting.about(session, ticket.id)
        who = waiting[0] if waiting and waiting[0].number == 1 else None
    if who is None:
        raise Refusal("block.whose" if by_number else "mute.whose")
    return ticket, who, said


# ---------------------------------------------------------------- who is not heard


async def blocked(
    message: Message,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
) -> None:
    """Everybody who is not heard now: why, by whom, and never who they are."""
    if hidden(message):
        raise Refusal("hidden.command", command="blocked")
    await may_here(session, Deed.BLOCK, station, member(staff, presence))
    text, found = await _list(session, house, t, now)
    await message.reply(text, reply_markup=markup(lifting(t, [mute.id for mute in found])))


async def unblock(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
    toolbox: Toolbox,
) -> None:
    """Lift what has this number on the list."""
    if hidden(message):
        raise Refusal("hidden.command", command="unblock")
    admin = member(staff, presence)
    await may_here(session, Deed.BLOCK, station, admin)
    number = (command.args or "").strip().lstrip("#")
    if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
        raise Refusal("unblock.which")
    found = await mutes.get(session, int(number), now)
    told = await _lift(session, found, admin, house, toolbox, now)
    await message.reply(t("unblock.told" if told else "unblock.done", which=number, name=admin.name))


async def _list(session: AsyncSession, house: House, t: Texts, now: datetime) -> tuple[str, list[Mute]]:
    everybody = await mutes.in_force(session, now)
    found = everybody[:LISTED]
    lines = [t.n("blocked.head", len(everybody)) if everybody else t("blocked.nobody")]
    for mute in found:
        place = await session.get_one(Station, mute.station_id)
        giver = await session.get_one(Person, mute.given_by_id)
        end = t.plain("blocked.until", moment=t.moment(mute.until, now)) if mute.until else t.plain("blocked.for_good")
        lines.append(
            t(
                "blocked.line",
                which=mute.id,
                end=end,
                station=t.pick(place.names),
                name=inline(giver.name, NAME_LENGTH),
                reason=inline(mutes.facts_of(mute, house.vault)["reason"], REASON_LENGTH),
            )
        )
        if mute.appealed:
            lines.append(t("blocked.kept" if mute.decided else "blocked.appealed"))
    if len(everybody) > LISTED:
        lines.append(t.n("blocked.more", len(everybody) - LISTED))
    return "\n".join(lines), found


async def _lift(session: AsyncSession, found: Mute, by: Person, house: House, toolbox: Toolbox, now: datetime) -> bool:
    who = await mutes.decide(session, found, True, by, house, now)
    await _tell(session, who, "appeal.lifted", house, toolbox, now)
    return who is not None


async def _tell(
    session: AsyncSession, who: Reached | None, text: str, house: House, toolbox: Toolbox, now: datetime
) -> None:
    if who is not None:
        facts = screen(toolbox.t(who.language)(text), None)
        await sealed.post(session, facts, house.vault, now, chat_id=who.chat_id)


# ---------------------------------------------------------------- what is decided


async def decide(
    query: CallbackQuery,
    press: Order,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
    toolbox: Toolbox,
) -> None:
    """Lift and keep below an appeal; lift below the list."""
    someone = member(staff, presence)
    await may_here(session, Deed.LIFT, station, someone)
    found = await mutes.get(session, press.mute, now)
    if press.act == "free":
        await may_here(session, Deed.BLOCK, station, someone)
        await _lift(session, found, someone, house, toolbox, now)
        text, left = await _list(session, house, t, now)
        await show(query, text, lifting(t, [mute.id for mute in left]))
        return
    if press.act not in ("lift", "keep") or station.id != (await mutes.judge(session, found)).id:
        raise Refusal("desk.old_button")
    if press.act == "lift":
        await _lift(session, found, someone, house, toolbox, now)
        key = "appeal.was_lifted"
    else:
        who = await mutes.decide(session, found, False, someone, house, now)
        text = "appeal.kept_above" if station.desk is Desk.SUPERVISORS else "appeal.kept"
        await _tell(session, who, text, house, toolbox, now)
        key = "appeal.was_kept"
    await show(query, t(key, which=press.mute, name=someone.name))
