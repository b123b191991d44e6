"""Answers that are said often: found by typing part of them, shown, sent; and written, changed and removed by leads.

/a water, as a reply to a card or to words of a ticket ─▶ what fits (one alone: its preview) ─▶ preview ─▶ sent
/a water, or /a #12 water                              ─▶ (which ticket?) ─▶ the same
/canned ─▶ the list ─▶ one ─▶ edit, remove (sure?)
/canned add ─▶ its name ─▶ its text in each language, one is enough ─▶ kept
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards, lists
from bot.filters import AtDesk, Pressed, markup
from bot.lists import Keep, Which
from bot.menus import LANGUAGE_NAMES
from bot.people import Presence, hidden
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff.common import NUMBER, may, may_here, member, ticket_of, to_a_prompt
from models import canned, deadlines, listing, requesters, tickets
from models.canned import Answer, Canned
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, must_stand
from models.stations import Station
from models.tickets import Ticket

BUILT_IN = ("received", "passed_on", "date", "more", "visit")
SHOWN = 8
NAME_LENGTH = 40
MOST_ASKED = 6


class Wording(StatesGroup):
    """A canned answer being written: its name, then its text in one language after the other."""

    label = State()
    text = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="canned")
    desk = AtDesk()
    router.message.register(answer, Command("a"), desk)
    router.callback_query.register(which, Pressed(Which), desk)
    router.message.register(begin, Command("canned"), desk)
    router.callback_query.register(step, Pressed(Keep), desk)
    words = F.text & ~F.text.startswith("/")
    router.message.register(named, StateFilter(Wording.label), desk, to_a_prompt, words)
    router.message.register(worded, StateFilter(Wording.text), desk, to_a_prompt, words)
    return router


# ---------------------------------------------------------------- saying one


async def choices(session: AsyncSession, station: Station, toolbox: Toolbox, t: Texts) -> list[Answer]:
    """Everything that can be said here: what was written first, the most used on top, then what comes built in."""
    rows = [Answer(canned.value_of(c), c.key, c.texts, c.uses) for c in await canned.of(session, station)]
    built_in = [
        Answer(
            key,
            t.plain(f"template_label.{key}"),
            {x: toolbox.t(x).plain(f"template.{key}", number="{number}") for x in toolbox.house.languages},
        )
        for key in BUILT_IN
    ]
    return [*rows, *built_in]


async def chosen(session: AsyncSession, station: Station, value: str, toolbox: Toolbox, t: Texts) -> Answer:
    """The one a button names. Raises Refusal when there is none any more."""
    for each in await choices(session, station, toolbox, t):
        if each.value == value:
            return each
    raise Refusal("canned.gone")


def buttons(found: Sequence[Answer]) -> list[tuple[str, str]]:
    """These as (value, label), as many as a screen takes."""
    return [(each.value, each.label) for each in found[:SHOWN]]


async def said(session: AsyncSession, ticket: Ticket, each: Answer, toolbox: Toolbox, now: datetime) -> str:
    """What it says about this ticket, in the language of whoever waits first, or the nearest there is."""
    waiting = await requesters.waiting.about(session, ticket.id)
    reached = await requesters.reach(session, waiting[0], toolbox.house.vault) if waiting else None
    t = toolbox.t(reached.language if reached else None)
    return canned.fill(t.pick(each.texts), await _values(session, ticket, toolbox, t, now))


async def _values(session: AsyncSession, ticket: Ticket, toolbox: Toolbox, t: Texts, now: datetime) -> dict[str, str]:
    """What stands in the places of a text. Everybody who waits reads the same words, so a name is there only where
    nobody else does, and never that of somebody who did not give it.
    """
    waiting = await requesters.waiting.about(session, ticket.id)
    name = ""
    if len(waiting) == 1 and waiting[0].person_id is not None:
        name = inline((await session.get_one(Person, waiting[0].person_id)).name, NAME_LENGTH)
    found = deadlines.next_deadline(ticket)
    building, settings = ticket.building, toolbox.settings
    return {
        "number": str(ticket.id),
        "name": name or t.plain("canned.student"),
        "station": t.pick((await tickets.station_of(session, ticket)).names),
        "due": t.moment(found[1], now) if found is not None and found[1] > now else t.plain("canned.soon"),
        "category": t.pick(settings.category_names(ticket.category)),
        "building": t.pick(settings.building_names(building)) if building else t.plain("canned.campus"),
    }


async def used(session: AsyncSession, value: str) -> None:
    """One that a station has written was sent."""
    if value[1:].isdigit():
        row = await session.get(Canned, int(value[1:]))
        if row is not None:
            row.uses += 1


async def answer(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    toolbox: Toolbox,
    t: Texts,
) -> None:
    """/a with part of an answer; the ticket is that of the replied-to message, or `#12`, or asked for."""
    if hidden(message):
        raise Refusal("hidden.command", command="a")
    someone = member(staff, presence)
    typed = (command.args or "").strip()
    ticket = await ticket_of(session, message)
    named = NUMBER.match(typed)
    if ticket is None and named:
        ticket = await tickets.get(session, int(named[1]))
        typed = typed[named.end() :].strip()
    if ticket is not None:
        await _offer(message, ticket, someone, typed, session, now, station, toolbox, t)
        return
    await may_here(session, Deed.CANNED, station, someone)
    mine = await listing.at_hand(session, station, someone, MOST_ASKED)
    if not mine:
        raise Refusal("canned.no_ticket")
    asked = [(x.id, inline(x.subject, 28)) for x in mine]
    await message.reply(t("canned.which"), reply_markup=markup(lists.which(asked, typed)))


async def which(
    query: CallbackQuery,
    press: Which,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    toolbox: Toolbox,
    t: Texts,
) -> None:
    """The ticket was chosen."""
    someone, ticket = member(staff, presence), await tickets.get(session, press.ticket)
    await _offer(query, ticket, someone, press.words, session, now, station, toolbox, t)


async def _offer(
    event: Message | CallbackQuery,
    ticket: Ticket,
    staff: Person,
    typed: str,
    session: AsyncSession,
    now: datetime,
    station: Station,
    toolbox: Toolbox,
    t: Texts,
) -> None:
    await may(session, Deed.ANSWER, ticket, station, staff)
    must_stand(Deed.ANSWER, ticket)
    answers = await choices(session, station, toolbox, t)
    found = canned.found(typed, answers, toolbox.house) if typed else answers
    if not found:
        text, keyboard = (
            t("canned.none", typed=typed, number=ticket.id),
            keyboards.templates(t, ticket.id, buttons(answers)),
        )
    elif len(found) == 1:
        shown = await said(session, ticket, found[0], toolbox, now)
        text, keyboard = (
            t("desk.preview", text=shown, number=ticket.id),
            keyboards.send_template(t, ticket.id, found[0].value),
        )
    else:
        text, keyboard = t("desk.templates", number=ticket.id), keyboards.templates(t, ticket.id, buttons(found))
    if isinstance(event, Message):
        await event.reply(text, reply_markup=markup(keyboard))
    else:
        await show(event, text, keyboard)


# ---------------------------------------------------------------- writing them


async def begin(
    message: Message,
    command: CommandObject,
    session: AsyncSession,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    toolbox: Toolbox,
    t: Texts,
    state: FSMContext,
) -> None:
    """/canned, or /canned add."""
    if hidden(message):
        raise Refusal("hidden.command", command="canned")
    someone = member(staff, presence)
    if (command.args or "").strip().casefold() == "add":
        await may_here(session, Deed.CANNED_WRITE, station, someone)
        await _ask_label(message, 0, t, state)
        return
    await may_here(session, Deed.CANNED, station, someone)
    text, keyboard = await _list(session, station, t)
    await message.reply(text, reply_markup=markup(keyboard))


async def _list(session: AsyncSession, station: Station, t: Texts) -> tuple[str, dict[str, Any]]:
    rows = await canned.of(session, station)
    lines = [t("canned.line", label=row.key, uses=row.uses) for row in rows]
    built_in = [t("canned.line_built_in", label=t.plain(f"template_label.{key}")) for key in BUILT_IN]
    text = "\n".join([t("canned.head"), *lines, *built_in, t("canned.how")])
    return text, lists.canned_list(t, [(row.id, row.key) for row in rows])


async def step(
    query: CallbackQuery,
    press: Keep,
    session: AsyncSession,
    now: datetime,
    station: Station,
    staff: Person | None,
    presence: Presence | None,
    toolbox: Toolbox,
    t: Texts,
    state: FSMContext,
) -> None:
    """A press in the list or below a prompt."""
    someone = member(staff, presence)
    await may_here(session, Deed.CANNED, station, someone)
    if press.step in ("cancel", "list"):
        await state.clear()
        if press.step == "cancel":
            await show(query, t("desk.cancelled"))
        else:
            await show(query, *await _list(session, station, t))
        return
    if press.step == "view":
        row = await canned.get(session, station, press.number)
        await show(query, _one(row, t), lists.canned_one(t, row.id, canned.may_change(row, station)))
        return
    await may_here(session, Deed.CANNED_WRITE, station, someone)
    if press.step == "add":
        await _ask_label(query, 0, t, state)
    elif press.step == "edit":
        row = await canned.get(session, station, press.number)
        await _ask_label(query, row.id, t, state)
    elif press.step == "remove":
        row = await canned.get(session, station, press.number)
        await show(query, t("canned.sure", label=row.key), lists.canned_sure(t, row.id))
    elif press.step == "sure":
        row = await canned.get(session, station, press.number)
        await canned.remove(session, station, row, someone, now)
        await show(query, t("canned.removed", label=row.key, name=someone.name))
    elif press.step == "skip" and await state.get_state() == Wording.text.state:
        await _next(query, {}, session, station, someone, toolbox, now, t, state)
    else:
        raise Refusal("desk.old_button")


def _one(row: Canned, t: Texts) -> str:
    texts = [t("canned.text", language=LANGUAGE_NAMES.get(x, x), text=text) for x, text in row.texts.items()]
    return "\n".join([t("canned.line", label=row.key, uses=row.uses), *texts])


async def _ask_label(event: Message | CallbackQuery, number: int, t: Texts, state: FSMContext) -> None:
    await state.set_state(Wording.label)
    await state.set_data({"canned": number, "texts": {}})
    await _prompt(event, t("canned.ask_label", most=canned.LABEL_LENGTH), lists.canned_writing(t, skip=False))


async def named(message: Message, session: AsyncSession, staff: Person | None, presence: Presence | None,
                station: Station, toolbox: Toolbox, t: Texts, state: FSMContext) -> None:  # fmt: skip
    """Its name."""
    await may_here(session, Deed.CANNED_WRITE, station, member(staff, presence))
    data = await state.get_data()
    await state.set_data({**data, "label": canned.label(message.text or ""), "left": list(toolbox.house.languages)})
    await state.set_state(Wording.text)
    await _ask_text(message, t, state)


async def worded(
    message: Message,
    session: AsyncSession,
    now: datetime,
    staff: Person | None,
    presence: Presence | None,
    station: Station,
    toolbox: Toolbox,
    t: Texts,
    state: FSMContext,
) -> None:
    """Its text in the language that was asked for."""
    someone = member(staff, presence)
    await may_here(session, Deed.CANNED_WRITE, station, someone)
    left = (await state.get_data()).get("left") or []
    if not left:
        raise Refusal("desk.old_button")
    text = canned.checked(message.text or "")
    await _next(message, {left[0]: text}, session, station, someone, toolbox, now, t, state)


async def _next(
    event: Message | CallbackQuery,
    given: dict[str, str],
    session: AsyncSession,
    station: Station,
    staff: Person,
    toolbox: Toolbox,
    now: datetime,
    t: Texts,
    state: FSMContext,
) -> None:
    """The next language; after the last one it is kept."""
    data = await state.get_data()
    data["texts"] = {**data.get("texts", {}), **given}
    data["left"] = (data.get("left") or [])[1:]
    await state.set_data(data)
    if data["left"]:
        await _ask_text(event, t, state)
        return
    instead = await canned.get(session, station, data["canned"]) if data.get("canned") else None
    row = await canned.save(session, station, data["label"], data["texts"], staff, now, instead=instead)
    await state.clear()
    text = "\n".join([t("canned.kept", label=row.key, name=staff.name), _one(row, t)])
    await _prompt(event, text, None)


async def _ask_text(event: Message | CallbackQuery, t: Texts, state: FSMContext) -> None:
    data = await state.get_data()
    known = " ".join(f"{{{name}}}" for name in canned.PLACES)
    text = t("canned.ask_text", language=LANGUAGE_NAMES.get(data["left"][0], data["left"][0]), known=known)
    # The last one cannot be left out when there is none before it.
    await _prompt(event, text, lists.canned_writing(t, skip=bool(data["texts"]) or len(data["left"]) > 1))


async def _prompt(event: Message | CallbackQuery, text: str, keyboard: dict[str, Any] | None) -> None:
    """The next question: in place of a pressed one, below words."""
    if isinstance(event, Message):
        await event.reply(text, reply_markup=markup(keyboard))
    else:
        await show(event, text, keyboard)
