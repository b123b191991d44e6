"""A student's own tickets: the list, one ticket with its timeline, and what can be done with it.

/mine ─▶ list (pages) ─▶ one ticket ─▶ urge · withdraw (sure?) · reopen · rate (1–5, a word)
                             └─▶ add words ─▶ (collect) ─▶ back to the ticket
"Is it really fixed?" under a notice ─▶ yes ─▶ 1–5 ─▶ a word or none
                                      └▶ no ─▶ reopened, what is still wrong?
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import keyboards, menus, pasts
from bot.aliases import called
from bot.contents import kept_of
from bot.filters import Going, Pressed, markup
from bot.following import looks as closer
from bot.keyboards import Fixed, Mine, Rate
from bot.menus import Page
from handlers.screens import pressed, show
from handlers.students.talk import Private, Talk
from models import asking, deadlines, following, requesters, retracting, tickets
from models.errors import Refusal
from models.lifecycle import OPEN, Action, Kind
from models.lifecycle import State as TicketState
from models.people import Person
from models.permissions import Deed
from models.requesters import Requester
from models.tickets import Ticket
from models.words import Content

PAGE_SIZE = 8
REMARK_WAITS = timedelta(hours=1)
"""So long the next words are the word with a rating."""


DEEDS = {
    "view": Deed.VIEW,
    "urge": Deed.URGE,
    "withdraw": Deed.WITHDRAW,
    "withdraw_sure": Deed.WITHDRAW,
    "reopen": Deed.REOPEN,
    "add": Deed.ADD,
    "rate": Deed.RATE,
    "no_remark": Deed.RATE,
}
"""What each button of one's own ticket is about."""


class Follow(StatesGroup):
    """Waiting for words: about a ticket, or a word with a rating."""

    adding = State()
    remark = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="mine")
    private = Private()
    router.message.register(first_page, Command("mine"), private)
    router.callback_query.register(first_page, Going("mine"), private)
    router.callback_query.register(page, Pressed(Page), private)
    router.callback_query.register(fixed, Pressed(Fixed), private)
    router.callback_query.register(rate, Pressed(Rate), private)
    router.callback_query.register(act, Pressed(Mine), private)
    router.message.register(add, private, StateFilter(Follow.adding), ~F.text.startswith("/"))
    router.message.register(remark, private, StateFilter(Follow.remark), F.text, ~F.text.startswith("/"), still_asked)
    return router


async def first_page(event: Message | CallbackQuery, talk: Talk) -> None:
    """The list from its beginning."""
    await _stop_following(talk.state)
    await _list(event, 0, talk)


async def page(query: CallbackQuery, press: Page, talk: Talk) -> None:
    """Another page of the list."""
    await _list(query, press.number, talk)


async def _stop_following(state: FSMContext) -> None:
    """No more words for a ticket; a draft is left alone, because looking at a ticket is not leaving it."""
    if await state.get_state() in Follow:
        await state.clear()


async def _list(event: Message | CallbackQuery, number: int, talk: Talk) -> None:
    places = await requesters.all_of(talk.session, talk.person, talk.house.vault)
    if not places:
        await show(event, talk.t("mine.none"), menus.nothing_yet(talk.t))
        return
    last = (len(places) - 1) // PAGE_SIZE
    number = min(max(number, 0), last)
    shown = places[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
    rows = await tickets.several(talk.session, [place.ticket_id for place in shown])
    await show(
        event,
        talk.t.n("mine.list", len(places)),
        menus.mine(talk.t, [(ticket.id, ticket.state, ticket.subject) for ticket in rows], number, last),
    )


async def act(query: CallbackQuery, press: Mine, talk: Talk) -> None:
    """A button on one's own ticket; whose it is and what is possible is asked anew at every press."""
    t = talk.t
    deed = DEEDS.get(press.act)
    if deed is None:
        raise Refusal("old.button")
    ticket, place = await talk.own(deed, press.ticket)
    where = pressed(query, press.below)
    match press.act:
        case "view":
            await _stop_following(talk.state)
        case "urge":
            await asking.urge(talk.session, ticket, talk.now)
            await query.answer(t.plain("mine.urged", number=ticket.id), show_alert=True)
        case "withdraw":
            sure = keyboards.withdraw_sure(t, ticket.id)
            if others := ticket.requesters - 1:
                text = t.n("mine.leave_sure", others, number=ticket.id)
            else:
                text = t("mine.withdraw_sure", number=ticket.id)
            await show(where, text, sure)
            return
        case "withdraw_sure":
            await asking.withdraw(talk.session, ticket, place, talk.now)
            await show(where, t("mine.left" if place.left else "mine.withdrawn", number=ticket.id), menus.back_home(t))
            return
        case "reopen":
            await asking.reopen(talk.session, ticket, place, talk.house, talk.now)
            await query.answer(t.plain("mine.reopened", number=ticket.id), show_alert=True)
        case "add":
            if not tickets.allowed(ticket, Action.ADD) and ticket.state is not TicketState.RESOLVED:
                raise Refusal("refused.add", number=ticket.id, state=ticket.state)
            await _ask_for_words(where, "mine.add", ticket, talk)
            return
        case "rate":
            await show(where, t("rate.ask", number=ticket.id), keyboards.rating(t, ticket.id))
            return
        case "no_remark":
            await _stop_following(talk.state)
            await show(where, t("rate.thanks"), menus.back_home(t))
            return
        case _:
            raise Refusal("old.button")
    await show_ticket(where, ticket, place, talk)


async def fixed(query: CallbackQuery, press: Fixed, talk: Talk) -> None:
    """ "Is it really fixed?" """
    deed = Deed.CONFIRM if press.yes else Deed.REOPEN
    ticket, place = await talk.own(deed, press.ticket)
    where = pressed(query, press.below)
    if isinstance(where, Message):
        # It has been answered: pressing the other one a day later would be a slip.
        await where.edit_reply_markup(reply_markup=markup(keyboards.view(talk.t, ticket.id)))
    if press.yes:
        await asking.confirm(talk.session, ticket, place, talk.now)
        await show(where, talk.t("rate.ask", number=ticket.id), keyboards.rating(talk.t, ticket.id))
        return
    await asking.reopen(talk.session, ticket, place, talk.house, talk.now)
    await _ask_for_words(where, "mine.still_wrong", ticket, talk)


async def _ask_for_words(event: Message | CallbackQuery, text: str, ticket: Ticket, talk: Talk) -> None:
    """What they say from now on is about this ticket."""
    left = await talk.leave()
    await talk.state.set_state(Follow.adding)
    await talk.state.set_data({"ticket": ticket.id})
    await show(event, left + talk.t(text, number=ticket.id), keyboards.back_to_ticket(talk.t, ticket.id))


async def rate(query: CallbackQuery, press: Rate, talk: Talk) -> None:
    """1–5, then a word if they like."""
    ticket, place = await talk.own(Deed.RATE, press.ticket)
    await asking.rate(talk.session, ticket, place, press.stars, talk.now)
    if (await talk.state.get_data()).get("parts"):
        # The words of a draft are worth more than a word with a rating: it is not asked for.
        await show(query, talk.t("rate.thanks"), keyboards.back_to_ticket(talk.t, ticket.id))
        return
    await talk.state.set_state(Follow.remark)
    await talk.state.set_data({"ticket": ticket.id, "until": (talk.now + REMARK_WAITS).isoformat()})
    stars = "★" * press.stars + "☆" * (5 - press.stars)
    await show(query, talk.t("rate.word", stars=stars), keyboards.no_remark(talk.t, ticket.id))


async def still_asked(_: Message, talk: Talk) -> bool:
    """Filter: the question after the word is still fresh. Later words are about something else, and would be lost as
    a remark.
    """
    until = (await talk.state.get_data()).get("until")
    return until is not None and talk.now < datetime.fromisoformat(until)


async def remark(message: Message, talk: Talk) -> None:
    """The word with the rating."""
    ticket, place = await talk.own(Deed.RATE, (await talk.state.get_data())["ticket"])
    await asking.remark(talk.session, ticket, place, message.text or "", talk.house, talk.now)
    await talk.state.clear()
    await show(message, talk.t("rate.thanks"), menus.back_home(talk.t))


async def add(message: Message, talk: Talk) -> None:
    """More words for a ticket; it stays open for further ones until they go elsewhere."""
    ticket, place = await talk.own(Deed.ADD, (await talk.state.get_data())["ticket"])
    await add_words(message, ticket, place, talk)


async def add_words(message: Message, ticket: Ticket, place: Requester, talk: Talk) -> None:
    """Bring this message to the station and say so. Raises Refusal when it says nothing that can be passed on."""
    said = await passed_on([(kept_of(message), (message.chat.id, message.message_id))], ticket, place, talk)
    await show(message, said, keyboards.back_to_ticket(talk.t, ticket.id))


async def passed_on(
    parts: Sequence[tuple[Content, tuple[int, int]]], ticket: Ticket, place: Requester, talk: Talk
) -> str:
    """Bring these words to the station; returns what is to be said of it: a resolved ticket is open again by them."""
    again = ticket.state is TicketState.RESOLVED
    await asking.add(talk.session, ticket, place, parts, talk.house, talk.now)
    return talk.t("mine.added_again" if again else "mine.added", number=ticket.id)


async def show_ticket(event: Message | CallbackQuery, ticket: Ticket, place: Requester, talk: Talk) -> None:
    """One ticket as it stands, and what its student can do with it."""
    t = talk.t
    # While it is only offered to another place it is the first's, and so is whoever had it there (首接负责).
    station, asked = await tickets.responsible(talk.session, ticket), None
    if ticket.from_station_id is not None:
        asked = await tickets.station_of(talk.session, ticket)
    holder_id = ticket.claimed_by_id or (ticket.from_holder_id if asked is not None else None)
    holder = await talk.session.get(Person, holder_id) if holder_id else None
    readers = t.plain("survey.and").join(t.pick(each.names) for each in (station, asked) if each is not None)
    lines = [
        t(
            "mine.ticket",
            number=ticket.id,
            kind=t.plain(f"kind.{ticket.kind}"),
            category=t.pick(talk.settings.category_path(ticket.category)),
            state=t.plain(f"state.{ticket.state}"),
            station=t.pick(station.names),
            subject=ticket.subject,
        ),
        t("mine.holder", name=holder.name) if holder else t("mine.no_holder"),
    ]
    if asked is not None:
        lines.append(t("mine.offered", station=t.pick(asked.names), first=t.pick(station.names)))
    if ticket.state in OPEN:
        found = deadlines.next_deadline(ticket)
        if found is not None:
            step, due = found
            key = f"mine.overdue.{step}" if due <= talk.now else f"mine.due.{step}"
            lines.append(t(key, moment=t.moment(due, talk.now)))
        if ticket.escalation:
            lines.append(t(f"mine.told.{ticket.escalation}"))
    if place.pseudonym is not None:
        lines.append(t("mine.alias", who=called(t, place)))
    if ticket.follows_id is not None:
        lines.append(t("mine.follows", earlier=ticket.follows_id))
    lines += [t("mine.goes_on", later=later) for later in await following.after(talk.session, ticket)]
    lines.append(t("mine.who_reads_anonymous" if place.anonymous else "mine.who_reads", station=readers))
    if ticket.state in OPEN and ticket.kind is not Kind.THANKS:
        lines.append(t("similar.others"))
    lines.append("")
    told = [e for e in await tickets.timeline(talk.session, ticket.id) if pasts.is_told(e, place)]
    lines += [pasts.told(e, t, talk.now) for e in told[-SHOWN_EVENTS:]]
    retracts = tickets.allowed(ticket, Action.TAKE_BACK) and bool(await retracting.last_of(talk.session, ticket, place))
    late = await following.is_too_late(talk.session, ticket, place, talk.now)
    looks = closer(
        t, ticket.id, retracts=retracts, goes_on=await following.may_go_on(talk.session, ticket, place, talk.now)
    )
    await show(event, "\n".join(lines), keyboards.own_ticket(t, ticket, place, looks, late=late))


SHOWN_EVENTS = 6
"""The last ones; all of them stand in the timeline (`following.py`)."""
