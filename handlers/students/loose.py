"""Words nobody asked for: a reply to something the bot wrote, an edit, or simply a message.

reply to an answer ─▶ goes to that ticket
edit of words sent ─▶ the station's copy is edited
anything else ─▶ which matter does it belong to? (open tickets, or a new one; the words are kept meanwhile)
"""

from __future__ import annotations

from datetime import datetime

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards, menus
from bot.contents import content_of, kept_of, says_something
from bot.filters import Pressed, Private
from bot.menus import Belongs
from bot.texts import Texts
from handlers.screens import show
from handlers.students import mine, new
from models import asking, requesters, tickets, words
from models.errors import Refusal
from models.house import House
from models.lifecycle import OPEN
from models.lifecycle import State as TicketState
from models.people import Person
from models.postings import Posting
from models.requesters import Requester
from models.tickets import Ticket

OFFERED = 5


class Loose(StatesGroup):
    """Holding words until it is known where they belong."""

    held = State()


def router() -> Router:
    """This conversation's handlers; the last ones asked in a private chat."""
    router = Router(name="loose")
    private = Private()
    router.message.register(reply, private, F.reply_to_message, ~F.text.startswith("/"))
    router.edited_message.register(edited, private)
    router.callback_query.register(belongs, Pressed(Belongs), private, StateFilter(Loose.held))
    router.message.register(hold, private, ~F.text.startswith("/"))
    return router


async def reply(
    message: Message, person: Person, t: Texts, house: House, now: datetime, session: AsyncSession, state: FSMContext
) -> None:
    """A reply to a message about a ticket belongs to it; a reply to anything else is a loose message."""
    replied = message.reply_to_message
    assert replied is not None
    place = await _place_of(session, replied.message_id, person, house)
    if place is None:
        await hold(message, person, t, house, session, state)
        return
    await mine.add_words(message, await tickets.get(session, place.ticket_id), place, t, house, now, session)


async def edited(message: Message, house: House, now: datetime, session: AsyncSession) -> None:
    """Words that are with the station already were edited."""
    tag = house.vault.tag("source", message.chat.id, message.message_id)
    said = await words.by_source(session, tag)
    content = content_of(message)
    if said is not None and content is not None:
        content.pop("album", None)
        await tickets.edit(session, said, content, now)


async def hold(
    message: Message, person: Person, t: Texts, house: House, session: AsyncSession, state: FSMContext
) -> None:
    """Keep the words and ask where they belong; with no open ticket they begin a new one."""
    content = kept_of(message)
    data = await state.get_data()
    # Words from before the consent belong with these; a draft's never do.
    before = data.get("parts", []) if await state.get_state() == Loose.held.state else data.get("pending", [])
    if len(before) >= new.MOST_PARTS:
        raise Refusal("words.choose_first", most=new.MOST_PARTS)
    parts = [*before, [content, [message.chat.id, message.message_id]]]
    if not says_something([c for c, _ in parts]):
        raise Refusal("draft.says_nothing")
    open_ones = await _open_tickets(session, person, house)
    if not open_ones:
        await new.take_up(message, [(c, (s[0], s[1])) for c, s in parts], t, state)
        return
    await state.set_state(Loose.held)
    await state.set_data({"parts": parts})
    await show(message, t("loose.ask"), menus.belongs(t, [(ticket.id, ticket.subject) for ticket in open_ones]))


async def belongs(
    query: CallbackQuery,
    press: Belongs,
    person: Person,
    t: Texts,
    house: House,
    now: datetime,
    session: AsyncSession,
    state: FSMContext,
) -> None:
    """They said where the held words belong."""
    parts = [(c, (s[0], s[1])) for c, s in (await state.get_data()).get("parts", [])]
    if press.ticket == 0:
        await new.take_up(query, parts, t, state)
        return
    ticket = await tickets.get(session, press.ticket)
    place = await requesters.find(session, press.ticket, person, house.vault)
    if place is None:
        raise Refusal("ticket.unknown", number=press.ticket)
    await asking.add(session, ticket, place, parts, house, now)
    await state.clear()
    await show(query, t("mine.added", number=ticket.id), keyboards.back_to_ticket(t, ticket.id))


async def _open_tickets(session: AsyncSession, person: Person, house: House) -> list[Ticket]:
    places = await requesters.all_of(session, person, house.vault)
    found = [await tickets.get(session, place.ticket_id) for place in places]
    return [x for x in found if x.state in (*OPEN, TicketState.RESOLVED)][:OFFERED]


async def _place_of(session: AsyncSession, message_id: int, person: Person, house: House) -> Requester | None:
    """Whose of this person's tickets the bot's message in their private chat is about."""
    places = {place.id: place for place in await requesters.all_of(session, person, house.vault)}
    found = await session.scalar(
        select(Posting.requester_id).where(Posting.requester_id.in_(places), Posting.message_id == message_id).limit(1)
    )
    return places[found] if found is not None else None
