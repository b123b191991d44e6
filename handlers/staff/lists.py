"""What a place has: open tickets, overdue ones, those with certain words, and figures.

/open, /overdue ─▶ a page, one line each ─▶ ‹ › ─▶ a press brings the card
/find words     ─▶ the same; `#12`, a tag `#pipe`, a building's or a state's name are understood
/stats [week | month | semester] ─▶ the figures in words at once, then as a picture

A station sees its own tickets, the office all of them, the supervisors only figures. In private there is only a
sentence that says where to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy import select

from bot import cards, lists, reports
from bot.filters import Pressed, markup
from bot.lists import A_PAGE, Look, Seek, Span, Turn
from bot.people import anonymous_admin
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import cut
from handlers.occasion import must_be_seen
from handlers.screens import respond
from handlers.staff.desk import AtDesk, Desk
from handlers.students.talk import Private
from models import bursts, letters, listing, permissions, postings, stations, statistics, tickets
from models.database import aside
from models.errors import Refusal
from models.lifecycle import State
from models.people import Person
from models.permissions import Deed
from models.pictures import Picture
from models.postings import Card
from models.questions import fetch
from models.stations import Station
from models.statistics import Figures, Period
from models.tickets import Ticket

TYPED_LENGTH = 60
COMMANDS = ("find", "open", "overdue", "stats", "a", "canned", "walkin", "mode")
"""What is asked in a station's chat only."""


def router() -> Router:
    """The handlers of the lists."""
    router = Router(name="lists")
    desk = AtDesk()
    router.message.register(elsewhere, Command(*COMMANDS), Private())
    router.message.register(listed, Command("open", "overdue"), desk)
    router.callback_query.register(turned, Pressed(Turn), desk)
    router.message.register(find, Command("find"), desk)
    router.callback_query.register(sought_on, Pressed(Seek), desk)
    router.callback_query.register(look, Pressed(Look), desk)
    router.message.register(stats, Command("stats"), desk)
    router.callback_query.register(other_span, Pressed(Span), desk)
    return router


async def elsewhere(message: Message, t: Texts) -> None:
    """In private nobody is anybody's staff."""
    await message.answer(t("desk.in_group_only"))


def _scope(desk: Desk) -> Station | None:
    """Whose tickets are listed here: None for everybody's."""
    return None if permissions.may(Deed.LIST_ALL, permissions.there(desk.station)) else desk.station


async def _may_read(desk: Desk, deed: Deed, message: Message, command: CommandObject) -> None:
    """Raises Refusal unless this may be asked for here. An anonymous admin is a member, whoever they are."""
    if anonymous_admin(message):
        permissions.must(deed, permissions.there(desk.station))
    else:
        must_be_seen(message, command)
        await desk.may_here(deed)


# ---------------------------------------------------------------- open, overdue


async def listed(message: Message, command: CommandObject, desk: Desk) -> None:
    """/open or /overdue."""
    await _may_read(desk, Deed.LIST, message, command)
    await _page(message, command.command, 0, desk)


async def turned(query: CallbackQuery, press: Turn, desk: Desk) -> None:
    """Another page."""
    await desk.may_here(Deed.LIST)
    if press.what not in ("open", "overdue"):
        raise Refusal("desk.old_button")
    await _page(query, press.what, press.page, desk)


async def _page(event: Message | CallbackQuery, what: str, number: int, desk: Desk) -> None:
    scope = _scope(desk)
    if what == "open":
        found = await listing.open_ones(desk.session, scope, A_PAGE, number)
    else:
        found = await listing.overdue(desk.session, scope, desk.now, A_PAGE, number)
    last = max(found.count - 1, 0) // A_PAGE
    if not found.tickets:
        text = desk.t(f"list.none_{what}")
    else:
        page = desk.t("list.page", page=found.number + 1, of=last + 1) if last else ""
        text = "\n".join([desk.t.n(f"list.{what}", found.count) + page, *await _lines(found.tickets, desk)])
    await respond(event, text, lists.page(found.tickets, what, found.number, last))


async def _lines(shown: Sequence[Ticket], desk: Desk) -> list[str]:
    """These in a line each, with the names and the cards' places fetched at once."""
    people = {p.id: p for p in await fetch(desk.session, Person, {x.claimed_by_id for x in shown} - {None})}
    rows = await desk.session.scalars(
        select(Card).where(Card.chat_id == desk.station.chat_id, Card.ticket_id.in_([x.id for x in shown]))
    )
    there = {card.ticket_id: card for card in rows}
    places = {place.id: place for place in await fetch(desk.session, Station, {x.station_id for x in shown})}
    return [
        lists.line(
            ticket,
            desk.t,
            desk.now,
            holder=people[ticket.claimed_by_id].name if ticket.claimed_by_id in people else "",
            place=desk.t.pick(places[ticket.station_id].names) if ticket.station_id != desk.station.id else "",
            card=there.get(ticket.id),
        )
        for ticket in shown
    ]


async def look(query: CallbackQuery, press: Look, desk: Desk) -> None:
    """The card: a reply to it leads there; one that is gone is posted anew. The office reads another place's as it is
    there, without its buttons.
    """
    ticket, someone = await desk.on(Deed.LOOK, press.ticket)
    if desk.station.id in (ticket.station_id, ticket.from_station_id):
        # Whoever asks for one of many wants to see it by itself.
        await bursts.unfold(desk.session, ticket, desk.now, someone)
        card = await postings.card_of(desk.session, ticket.id, query.message.chat.id) if query.message else None
        if card is None or card.message_id is None:
            await tickets.bring(desk.session, ticket, desk.station, desk.now)
        else:
            await letters.to_station(desk.session, desk.station, "list.here", desk.now, ticket=ticket)
        return
    if not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    place = await tickets.station_of(desk.session, ticket)
    drawn = await cards.draw(desk.session, ticket, place, desk.t, desk.settings, desk.now)
    await query.message.reply("\n".join([desk.t("list.at", station=desk.t.pick(place.names)), drawn.text]))


# ---------------------------------------------------------------- find


async def find(message: Message, command: CommandObject, desk: Desk) -> None:
    """/find with words."""
    await _may_read(desk, Deed.LIST, message, command)
    typed = " ".join((command.args or "").split())
    if not typed:
        raise Refusal("list.find_what")
    await _found(message, typed, 0, desk)


async def sought_on(query: CallbackQuery, press: Seek, desk: Desk) -> None:
    """Another page of what was found."""
    await desk.may_here(Deed.LIST)
    await _found(query, press.words, press.page, desk)


async def _found(event: Message | CallbackQuery, typed: str, page: int, desk: Desk) -> None:
    what = listing.sought(typed, _buildings(desk.settings), _states(desk.toolbox), desk.house)
    if what == listing.Sought():
        raise Refusal("list.find_what")
    found = await listing.find(desk.session, what, _scope(desk), A_PAGE, page)
    shown = cut(typed, TYPED_LENGTH)
    if not found.tickets:
        await respond(event, desk.t("list.none_found", typed=shown), lists.found([], typed, 0, False))
        return
    head = desk.t("list.nearly" if found.nearly else "list.found", typed=shown)
    text = "\n".join([head, *await _lines(found.tickets, desk)])
    await respond(event, text, lists.found(found.tickets, typed, page, found.more))


def _buildings(settings: Settings) -> dict[str, list[str]]:
    return {key: [key, *settings.building_names(key).values()] for key in settings.building_keys()}


def _states(toolbox: Toolbox) -> dict[State, list[str]]:
    return {s: list(toolbox.everywhere(f"state.{s}").values()) for s in State}


# ---------------------------------------------------------------- figures


async def stats(message: Message, command: CommandObject, desk: Desk) -> None:
    """/stats, of the last week when no other span is named."""
    await _may_read(desk, Deed.FIGURES, message, command)
    named = (command.args or "").strip().casefold()
    name = next((span for span in statistics.SPANS if named in _span_names(span, desk.toolbox)), None)
    if named and name is None:
        raise Refusal("list.which_span")
    await _stats(message, name or statistics.SPANS[0], desk)


def _span_names(span: str, toolbox: Toolbox) -> set[str]:
    return {span, *(name.casefold() for name in toolbox.everywhere(f"figure_button.{span}").values())}


async def other_span(query: CallbackQuery, press: Span, desk: Desk) -> None:
    """The same of another span, below."""
    await desk.may_here(Deed.FIGURES)
    if press.name not in statistics.SPANS or not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    await _stats(query.message, press.name, desk)


async def _stats(message: Message, name: str, desk: Desk) -> None:
    t = desk.t
    calendar, cell = desk.house.calendar, desk.settings.surveys.minimum_cell
    span = statistics.period(name, calendar, desk.now)
    places = await aside(desk.session, lambda apart: _places(replace(desk, session=apart), span))
    if not permissions.may(Deed.FIGURES_ALL, permissions.there(desk.station)):
        lines = reports.one_place(places[0], span, cell, t)
    else:
        lines = reports.all_places(places, span, await statistics.surveys(desk.session, span, cell), cell, t)
    parts = reports.messages(lines)
    for part in parts[:-1]:
        await message.reply(part)
    await message.reply(parts[-1], reply_markup=markup(lists.spans(t, statistics.SPANS, name)))
    if any(place.figures.filed for place in places):
        # Drawn after this transaction, by a job of its own.
        thread = message.message_thread_id if message.is_topic_message else None
        desk.session.add(
            Picture(
                chat_id=message.chat.id,
                thread_id=thread,
                language=t.language,
                caption=reports.heading(span, places[0].name if len(places) == 1 else t.plain("figure.all_places"), t),
                drawing=reports.drawing(places, span, cell, t),
            )
        )


async def _places(desk: Desk, span: Period) -> list[reports.Place]:
    """The places to be shown, each with its figures; where spans end alike also those of the longer ones, because a
    small cell could be had from two of them. Counted `aside`: there may be very many tickets.
    """
    session, t, calendar, now = desk.session, desk.t, desk.house.calendar, desk.now
    one = None if permissions.may(Deed.FIGURES_ALL, permissions.there(desk.station)) else desk.station.id
    counted = await statistics.count(session, span, calendar, now, one)
    later = statistics.SPANS[statistics.SPANS.index(span.name) + 1 :]
    spans = [statistics.period(name, calendar, now) for name in later]
    longer = [
        await statistics.answers(session, each, one)
        for each in spans
        if each.since <= span.since and each.until >= span.until
    ]
    earlier = statistics.semester_before(span, calendar) if span.name == "semester" else None
    before = await statistics.count(session, earlier, calendar, now, one) if earlier is not None else {}
    places = (
        [desk.station]
        if one is not None
        else [d for d in await stations.open_desks(session) if d.desk is not stations.Desk.SUPERVISORS]
    )
    return [
        reports.Place(
            t.pick(place.names),
            counted.get(place.id, Figures()),
            [each.get(place.id, Figures()) for each in longer],
            before.get(place.id),
        )
        for place in places
    ]
