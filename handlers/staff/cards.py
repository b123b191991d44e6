"""The buttons on a card, in the chat of a station, the office or the supervisors.

    claim · release · accept · return · resend · history      done at the press
    resolve ─▶ a reason (picked, or "write it" ─▶ a reply)
    transfer ─▶ a place ─▶ a reason ─▶ offered
    templates ─▶ preview ─▶ sent
    ask, note ─▶ a prompt ─▶ a reply to it (handlers/staff/answers.py)

Every prompt has a way out. A press counts only for members of the chat in which the ticket is.
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards
from bot.filters import AtDesk, Pressed, markup
from bot.keyboards import Choice, Desk
from bot.people import Presence
from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.screens import show
from handlers.staff import answers, canned
from handlers.staff.common import Writing, elsewhere, here, member
from models import answering, letters, tickets, words
from models.errors import Refusal
from models.house import House
from models.lifecycle import Action
from models.people import Person
from models.stations import Station
from models.tickets import Ticket

RESOLUTIONS = ("done", "explained", "elsewhere", "impossible")
TRANSFER_REASONS = ("area", "task", "together")
ALERT_LENGTH = 200


def router() -> Router:
    """The handlers of this room's buttons."""
    router = Router(name="cards")
    router.callback_query.register(act, Pressed(Desk), AtDesk())
    router.callback_query.register(choose, Pressed(Choice), AtDesk())
    return router


async def act(
    query: CallbackQuery,
    press: Desk,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    house: House,
    t: Texts,
    toolbox: Toolbox,
    state: FSMContext,
) -> None:
    """A button on a card."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    if press.act == "history":
        if station.id not in (ticket.station_id, ticket.from_station_id):
            here(ticket, station)
        await query.answer(await _history(session, ticket, t, now), show_alert=True)
        return
    here(ticket, station)
    # Another button leaves what was being written: a later reply must not end a ticket that has gone on meanwhile.
    await state.clear()
    match press.act:
        case "claim":
            await answering.claim(session, ticket, someone, now)
        case "release":
            await answering.release(session, ticket, someone, house, now)
        case "accept":
            await answering.accept(session, ticket, someone, now)
        case "return":
            await answering.give_back(session, ticket, someone, t.plain("desk.not_ours"), house, now)
        case "resend":
            if not await letters.resend(session, ticket, now):
                raise Refusal("desk.nothing_to_resend", number=ticket.id)
        case "ask" | "note":
            _must(ticket, Action.ASK if press.act == "ask" else Action.NOTE)
            await state.set_state(Writing.question if press.act == "ask" else Writing.note)
            await state.set_data({"ticket": ticket.id})
            await _prompt(session, station, ticket, f"desk.{press.act}_prompt", someone, now)
        case "answers":
            _must(ticket, Action.ANSWER)
            found = canned.buttons(await canned.choices(session, station, toolbox, t))
            await _below(query, t("desk.templates", number=ticket.id), keyboards.templates(t, ticket.id, found))
        case "resolve":
            _must(ticket, Action.RESOLVE)
            await _below(
                query, t("desk.resolve_how", number=ticket.id), keyboards.resolutions(t, ticket.id, RESOLUTIONS)
            )
        case "transfer":
            _must(ticket, Action.TRANSFER)
            places = await elsewhere(session, station)
            await _below(
                query,
                t("desk.transfer_where", number=ticket.id),
                keyboards.places(t, ticket.id, [(p.key, t.pick(p.names)) for p in places]),
            )
        case _:
            raise Refusal("desk.old_button")


async def choose(
    query: CallbackQuery,
    press: Choice,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    t: Texts,
    house: House,
    toolbox: Toolbox,
    state: FSMContext,
) -> None:
    """A choice below a card; the ticket is asked anew whether it still allows it."""
    someone = member(staff, presence)
    ticket = await tickets.get(session, press.ticket)
    if press.step == "cancel":
        await state.clear()
        await show(query, t("desk.cancelled"))
        return
    here(ticket, station)
    if press.step == "as_me":
        # What they were asked to write is what these words are.
        await answers.as_me(query, ticket, someone, press.value, station, session, house, now, t, state)
        return
    await state.clear()
    match press.step:
        case "template":
            answer = await canned.chosen(session, station, press.value, toolbox, t)
            text = await canned.said(session, ticket, answer, toolbox, now)
            await show(
                query,
                t("desk.preview", text=text, number=ticket.id),
                keyboards.send_template(t, ticket.id, press.value),
            )
        case "templates":
            found = canned.buttons(await canned.choices(session, station, toolbox, t))
            await show(query, t("desk.templates", number=ticket.id), keyboards.templates(t, ticket.id, found))
        case "send":
            if query.message is None:
                raise Refusal("desk.old_button")
            # A template was written by nobody: it is known by its preview, which sends it once however often it is
            # pressed.
            source = (query.message.chat.id, query.message.message_id)
            if await words.by_source(session, house.vault.tag("source", *source)) is not None:
                raise Refusal("desk.sent_already", number=ticket.id)
            answer = await canned.chosen(session, station, press.value, toolbox, t)
            content = {"type": "text", "text": await canned.said(session, ticket, answer, toolbox, now)}
            await answering.answer(session, ticket, someone, content, house, now, source)
            await canned.used(session, answer.value)
            await show(query, t("desk.template_sent", number=ticket.id, name=someone.name))
        case "resolve" if press.value in RESOLUTIONS:
            await answering.resolve(session, ticket, someone, toolbox.everywhere(f"resolution.{press.value}"), now)
            await show(query, t("desk.resolved", number=ticket.id, name=someone.name))
        case "resolve_write":
            _must(ticket, Action.RESOLVE)
            await state.set_state(Writing.resolution)
            await state.set_data({"ticket": ticket.id})
            await show(query, t("desk.write_below", number=ticket.id))
            await _prompt(session, station, ticket, "desk.resolve_prompt", someone, now)
        case "place":
            to = await _place(session, station, press.value)
            await show(
                query,
                t("desk.transfer_why", number=ticket.id, station=t.pick(to.names)),
                keyboards.transfer_reasons(t, ticket.id, to.key, TRANSFER_REASONS),
            )
        case "why" if "." in press.value:
            key, _, why = press.value.partition(".")
            to = await _place(session, station, key)
            if why == "write":
                _must(ticket, Action.TRANSFER)
                await state.set_state(Writing.transfer)
                await state.set_data({"ticket": ticket.id, "to": key})
                await show(query, t("desk.write_below", number=ticket.id))
                await _prompt(session, station, ticket, "desk.transfer_prompt", someone, now)
                return
            if why not in TRANSFER_REASONS:
                raise Refusal("desk.old_button")
            await answering.transfer(session, ticket, someone, to, toolbox.everywhere(f"transfer.{why}"), house, now)
            await show(query, t("desk.transferred", number=ticket.id, station=t.pick(to.names), name=someone.name))
        case _:
            raise Refusal("desk.old_button")


async def _below(query: CallbackQuery, text: str, keyboard: dict[str, object]) -> None:
    """A choice below the card: the card itself stays what it is."""
    if not isinstance(query.message, Message):
        raise Refusal("desk.old_button")
    await query.message.reply(text, reply_markup=markup(keyboard), allow_sending_without_reply=True)


async def _prompt(
    session: AsyncSession, station: Station, ticket: Ticket, text: str, staff: Person, now: datetime
) -> None:
    """Asks for words. It is a letter about the ticket, so a reply to it finds the ticket."""
    await letters.to_station(session, station, text, now, ticket=ticket, keyboard="cancel", name=staff.name)


async def _place(session: AsyncSession, station: Station, key: str) -> Station:
    for place in await elsewhere(session, station):
        if place.key == key:
            return place
    raise Refusal("desk.old_button")


def _must(ticket: Ticket, action: Action) -> None:
    if not tickets.allowed(ticket, action):
        raise Refusal(f"refused.{action}", number=ticket.id, state=ticket.state)


async def _history(session: AsyncSession, ticket: Ticket, t: Texts, now: datetime) -> str:
    """The last steps that fit into the little window, the newest below."""
    lines: list[str] = []
    for event in reversed(await tickets.timeline(session, ticket.id)):
        who = (await session.get_one(Person, event.staff_id)).name[:20] if event.staff_id else ""
        line = f"{t.moment(event.at, now)} {t.plain(f'desk_event.{event.action}')} {who}".strip()
        if len("\n".join([line, *lines])) > ALERT_LENGTH:
            break
        lines.insert(0, line)
    return "\n".join(lines)
