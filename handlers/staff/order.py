"""/mute and /block: whoever wrote this is not heard for a time, or until the office lifts it; and what is decided on an
appeal.

/mute 24h reason (a lead, as a reply to the student's words)
/block reason (an admin, in the office, likewise; or /block #12 reason: whoever filed it)
/blocked ─▶ who is not heard, by number, a page ─▶ ‹ › ─▶ lifted          /unblock 482913
the student's appeal (`handlers/students/appeal.py`) ─▶ the office, about a block the supervising teachers: lift · keep
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import errors, typed
from bot.filters import Pressed, markup
from bot.keyboards import MOST_DIGITS
from bot.order import Order, Unheard, lifting, pages
from bot.sealed import screen
from bot.untrusted import cut, inline
from handlers.occasion import must_be_seen
from handlers.screens import show
from handlers.staff.answers import reason_of
from handlers.staff.desk import AtDesk, Desk
from models import mutes, postings, requesters, sealed, stations, tickets
from models.errors import Refusal
from models.mutes import Mute
from models.people import Person
from models.permissions import Deed
from models.requesters import Reached, Requester
from models.stations import Station
from models.tickets import Ticket
from models.words import Words

SPAN = re.compile(r"(\d{1,3})\s*([hd])\s+(.+)", re.S)
OF_TICKET = re.compile(rf"#(\d{{1,{MOST_DIGITS}}})\s+(.+)", re.S)
REASON_LENGTH, NAME_LENGTH = 80, 40


def router() -> Router:
    """These handlers."""
    router = Router(name="order")
    desk = AtDesk()
    router.message.register(quiet, Command("mute", "block"), desk)
    router.message.register(blocked, Command("blocked"), desk)
    router.message.register(unblock, Command("unblock"), desk)
    router.callback_query.register(decide, Pressed(Order), desk)
    router.callback_query.register(turned, Pressed(Unheard), desk)
    return router


async def quiet(message: Message, command: CommandObject, desk: Desk) -> None:
    """Mute or block whoever wrote the words that this replies to."""
    must_be_seen(message, command)
    someone, said = desk.member(), (command.args or "").strip()
    if command.command == "block":
        await desk.may_here(Deed.BLOCK)
        span = None
    else:
        found = SPAN.fullmatch(said)
        if found is None:
            raise Refusal("mute.how")
        span, said = timedelta(hours=int(found[1]) * (24 if found[2] == "d" else 1)), found[3]
    ticket, who, said = await _meant(message, desk.session, said, by_number=span is None)
    await desk.may(Deed.MUTE, ticket)
    mute = await mutes.mute(
        desk.session, ticket, who, desk.station, someone, span, reason_of(said), desk.house, desk.now
    )
    if mute.until is None:
        await message.reply(desk.t("block.done", which=mute.id))
    else:
        await message.reply(desk.t("mute.done", moment=desk.t.moment(mute.until, desk.now)))


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
        numbered = OF_TICKET.fullmatch(typed.with_plain_signs(said))
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


async def blocked(message: Message, command: CommandObject, desk: Desk) -> None:
    """Everybody who is not heard now: why, by whom, and never who they are."""
    must_be_seen(message, command)
    await desk.may_here(Deed.BLOCK)
    text, keys = await _list(desk, 0)
    await message.reply(text, reply_markup=markup(keys))


async def turned(query: CallbackQuery, press: Unheard, desk: Desk) -> None:
    """Another page."""
    await desk.may_here(Deed.BLOCK)
    await show(query, *await _list(desk, press.page))


async def unblock(message: Message, command: CommandObject, desk: Desk) -> None:
    """Lift what has this number on the list."""
    must_be_seen(message, command)
    admin = await desk.may_here(Deed.BLOCK)
    number = typed.number(command.args or "")
    if number is None:
        raise Refusal("unblock.which")
    found = await mutes.get(desk.session, number, desk.now)
    told = await _lift(desk, found, admin)
    await message.reply(desk.t("unblock.told" if told else "unblock.done", which=number, name=admin.name))


async def _list(desk: Desk, page: int) -> tuple[str, dict[str, Any] | None]:
    t, found = desk.t, await _pages(desk)
    if not found:
        return t("blocked.nobody"), None
    page, last = min(page, len(found) - 1), len(found) - 1
    head = t.n("blocked.head", sum(map(len, found))) + (t("list.page", page=page + 1, of=last + 1) if last else "")
    text = "\n".join([head, *(row for _, row in found[page])])
    return text, lifting(t, [number for number, _ in found[page]], page, last)


async def _page_of(desk: Desk, mute: Mute) -> int:
    found = await _pages(desk)
    return next(n for n, page in enumerate(found) if any(number == mute.id for number, _ in page))


async def _pages(desk: Desk) -> list[list[tuple[int, str]]]:
    return pages([(mute.id, await _row(desk, mute)) for mute in await mutes.in_force(desk.session, desk.now)])


async def _row(desk: Desk, mute: Mute) -> str:
    t = desk.t
    place = await desk.session.get_one(Station, mute.station_id)
    giver = await desk.session.get_one(Person, mute.given_by_id)
    until = t.moment(mute.until, desk.now) if mute.until else None
    row = t(
        "blocked.line",
        which=mute.id,
        end=t.plain("blocked.until", moment=until) if until else t.plain("blocked.for_good"),
        station=cut(t.pick(place.names), NAME_LENGTH),
        name=inline(giver.name, NAME_LENGTH),
        reason=inline(mutes.facts_of(mute, desk.house.vault)["reason"], REASON_LENGTH),
    )
    if mute.appealed:
        row += "\n" + t("blocked.kept" if mute.decided else "blocked.appealed")
    return row


async def _lift(desk: Desk, found: Mute, by: Person) -> bool:
    who = await mutes.decide(desk.session, found, True, by, desk.house, desk.now)
    if who is None:
        return False
    t = desk.toolbox.t(who.language)
    left = await mutes.standing(desk.session, who.chat_id, desk.house.vault, desk.now)
    if left is None:
        await _tell(desk, who, t("appeal.lifted"))
    else:
        still = mutes.refusal_of(left, desk.house.vault)
        await _tell(desk, who, "\n".join([t("appeal.lifted_one"), errors.sentence(still, t)]), errors.way_out(still, t))
    return True


async def _tell(desk: Desk, who: Reached, text: str, keys: dict[str, Any] | None = None) -> None:
    await sealed.post(desk.session, screen(text, keys), desk.house.vault, desk.now, chat_id=who.chat_id)


# ---------------------------------------------------------------- what is decided


async def decide(query: CallbackQuery, press: Order, desk: Desk) -> None:
    """Lift and keep below an appeal; lift below the list."""
    someone = await desk.may_here(Deed.LIFT)
    found = await mutes.get(desk.session, press.mute, desk.now)
    if press.act == "free":
        await desk.may_here(Deed.BLOCK)
        here = await _page_of(desk, found)
        await _lift(desk, found, someone)
        await show(query, *await _list(desk, here))
        return
    if press.act not in ("lift", "keep") or desk.station.id != (await mutes.judge(desk.session, found)).id:
        raise Refusal("desk.old_button")
    if press.act == "lift":
        await _lift(desk, found, someone)
        key = "appeal.was_lifted"
    else:
        who = await mutes.decide(desk.session, found, False, someone, desk.house, desk.now)
        text = "appeal.kept_above" if desk.station.desk is stations.Desk.SUPERVISORS else "appeal.kept"
        if who is not None:
            await _tell(desk, who, desk.toolbox.t(who.language)(text))
        key = "appeal.was_kept"
    await show(query, desk.t(key, which=press.mute, name=someone.name))
