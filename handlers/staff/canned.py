"""Answers that are said often: found by typing part of them, shown, sent; and written, changed and removed by leads.

/a water, as a reply to a card or to words of a ticket ─▶ what fits (one alone: its preview) ─▶ preview ─▶ sent
/a water, or /a #12 water                              ─▶ (which ticket?) ─▶ the same
/canned ─▶ the list ─▶ one ─▶ edit, remove (sure?)
/canned add ─▶ its name ─▶ its text in each language, one is enough ─▶ kept
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import keyboards, lists
from bot.filters import Pressed, markup
from bot.lists import Keep, Which
from bot.menus import LANGUAGE_NAMES
from bot.texts import Texts
from bot.typed import with_plain_signs
from bot.untrusted import inline
from handlers.occasion import leave, must_be_seen
from handlers.screens import respond, show
from handlers.staff.desk import NUMBER, AtDesk, Desk, ticket_of, to_a_prompt
from models import canned, deadlines, listing, requesters, tickets
from models.canned import Answer, Canned
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, must_stand
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


async def choices(desk: Desk) -> list[Answer]:
    """Everything that can be said here: what was written first, the most used on top, then what comes built in."""
    rows = [Answer(canned.value_of(c), c.key, c.texts, c.uses) for c in await canned.of(desk.session, desk.station)]
    built_in = [
        Answer(
            key,
            desk.t.plain(f"template_label.{key}"),
            {x: desk.toolbox.t(x).plain(f"template.{key}", number="{number}") for x in desk.house.languages},
        )
        for key in BUILT_IN
    ]
    return [*rows, *built_in]


async def chosen(desk: Desk, value: str) -> Answer:
    """The one a button names. Raises Refusal when there is none any more."""
    for each in await choices(desk):
        if each.value == value:
            return each
    raise Refusal("canned.gone")


def offered(desk: Desk, ticket: Ticket, found: Sequence[Answer]) -> tuple[str, dict[str, Any]]:
    """The screen on which one of these is chosen."""
    return desk.t("desk.templates", number=ticket.id), keyboards.templates(desk.t, ticket.id, buttons(found))


async def preview(desk: Desk, ticket: Ticket, each: Answer) -> tuple[str, dict[str, Any]]:
    """The screen that shows what it says and sends it."""
    text = desk.t("desk.preview", text=await said(desk, ticket, each), number=ticket.id)
    return text, keyboards.send_template(desk.t, ticket.id, each.value)


def buttons(found: Sequence[Answer]) -> list[tuple[str, str]]:
    """These as (value, label), as many as a screen takes."""
    return [(each.value, each.label) for each in found[:SHOWN]]


async def said(desk: Desk, ticket: Ticket, each: Answer) -> str:
    """What it says about this ticket, in the language of whoever waits first, or the nearest there is."""
    waiting = await requesters.waiting.about(desk.session, ticket.id)
    reached = await requesters.reach(desk.session, waiting[0], desk.house.vault) if waiting else None
    t = desk.toolbox.t(reached.language if reached else None)
    return canned.fill(t.pick(each.texts), await _values(desk, ticket, t))


async def _values(desk: Desk, ticket: Ticket, t: Texts) -> dict[str, str]:
    """What stands in the places of a text. Everybody who waits reads the same words, so a name is there only where
    nobody else does, and never that of somebody who did not give it.
    """
    waiting = await requesters.waiting.about(desk.session, ticket.id)
    name = ""
    if len(waiting) == 1 and waiting[0].person_id is not None:
        name = inline((await desk.session.get_one(Person, waiting[0].person_id)).name, NAME_LENGTH)
    found = deadlines.next_deadline(ticket)
    building, settings = ticket.building, desk.settings
    return {
        "number": str(ticket.id),
        "name": name or t.plain("canned.student"),
        "station": t.pick((await tickets.station_of(desk.session, ticket)).names),
        "due": t.moment(found[1], desk.now) if found is not None and found[1] > desk.now else t.plain("canned.soon"),
        "category": t.pick(settings.category_names(ticket.category)),
        "building": t.pick(settings.building_names(building)) if building else t.plain("canned.campus"),
    }


async def used(session: AsyncSession, value: str) -> None:
    """One that a station has written was sent."""
    if value[1:].isdigit():
        row = await session.get(Canned, int(value[1:]))
        if row is not None:
            row.uses += 1


async def answer(message: Message, command: CommandObject, desk: Desk) -> None:
    """/a with part of an answer; the ticket is that of the replied-to message, or `#12`, or asked for."""
    must_be_seen(message, command)
    someone = desk.member()
    typed = with_plain_signs((command.args or "").strip())
    ticket = await ticket_of(desk.session, message)
    named = NUMBER.match(typed)
    if ticket is None and named:
        ticket = await tickets.get(desk.session, int(named[1]))
        typed = typed[named.end() :].strip()
    if ticket is not None:
        await desk.may(Deed.ANSWER, ticket)
        await _offer(message, ticket, typed, desk)
        return
    await desk.may_here(Deed.CANNED)
    mine = await listing.at_hand(desk.session, desk.station, someone, MOST_ASKED)
    if not mine:
        raise Refusal("canned.no_ticket")
    asked = [(x.id, inline(x.subject, 28)) for x in mine]
    await message.reply(desk.t("canned.which"), reply_markup=markup(lists.which(asked, typed)))


async def which(query: CallbackQuery, press: Which, desk: Desk) -> None:
    """The ticket was chosen."""
    ticket, _ = await desk.on(Deed.ANSWER, press.ticket)
    await _offer(query, ticket, press.words, desk)


async def _offer(event: Message | CallbackQuery, ticket: Ticket, typed: str, desk: Desk) -> None:
    must_stand(Deed.ANSWER, ticket)
    answers = await choices(desk)
    found = canned.found(typed, answers, desk.house) if typed else answers
    if not found:
        keyboard = keyboards.templates(desk.t, ticket.id, buttons(answers))
        await respond(event, desk.t("canned.none", typed=typed, number=ticket.id), keyboard)
    elif len(found) == 1:
        await respond(event, *await preview(desk, ticket, found[0]))
    else:
        await respond(event, *offered(desk, ticket, found))


# ---------------------------------------------------------------- writing them


async def begin(message: Message, command: CommandObject, desk: Desk, state: FSMContext) -> None:
    """/canned, or /canned add."""
    must_be_seen(message, command)
    if (command.args or "").strip().casefold() == "add":
        await desk.may_here(Deed.CANNED_WRITE)
        await _ask_label(message, 0, desk.t, state)
        return
    await desk.may_here(Deed.CANNED)
    text, keyboard = await _list(desk)
    await message.reply(text, reply_markup=markup(keyboard))


async def _list(desk: Desk) -> tuple[str, dict[str, Any]]:
    t = desk.t
    rows = await canned.of(desk.session, desk.station)
    lines = [t("canned.line", label=row.key, uses=row.uses) for row in rows]
    built_in = [t("canned.line_built_in", label=t.plain(f"template_label.{key}")) for key in BUILT_IN]
    text = "\n".join([t("canned.head"), *lines, *built_in, t("canned.how")])
    return text, lists.canned_list(t, [(row.id, row.key) for row in rows])


async def step(query: CallbackQuery, press: Keep, desk: Desk, state: FSMContext) -> None:
    """A press in the list or below a prompt."""
    t = desk.t
    someone = await desk.may_here(Deed.CANNED)
    if press.step in ("cancel", "list"):
        if await state.get_state() in Wording:
            await state.clear()
        if press.step == "cancel":
            await show(query, t("desk.cancelled"))
        else:
            await show(query, *await _list(desk))
        return
    if press.step == "view":
        row = await canned.get(desk.session, desk.station, press.number)
        await show(query, _one(row, t), lists.canned_one(t, row.id, canned.may_change(row, desk.station)))
        return
    await desk.may_here(Deed.CANNED_WRITE)
    if press.step == "add":
        await _ask_label(query, 0, t, state)
    elif press.step == "edit":
        row = await canned.get(desk.session, desk.station, press.number)
        await _ask_label(query, row.id, t, state)
    elif press.step == "remove":
        row = await canned.get(desk.session, desk.station, press.number)
        await show(query, t("canned.sure", label=row.key), lists.canned_sure(t, row.id))
    elif press.step == "sure":
        row = await canned.get(desk.session, desk.station, press.number)
        await canned.remove(desk.session, desk.station, row, someone, desk.now)
        await show(query, t("canned.removed", label=row.key, name=someone.name))
    elif press.step == "skip" and await state.get_state() == Wording.text.state:
        await _next(query, {}, desk, someone, state)
    else:
        raise Refusal("desk.old_button")


def _one(row: Canned, t: Texts) -> str:
    texts = [t("canned.text", language=LANGUAGE_NAMES.get(x, x), text=text) for x, text in row.texts.items()]
    return "\n".join([t("canned.line", label=row.key, uses=row.uses), *texts])


async def _ask_label(event: Message | CallbackQuery, number: int, t: Texts, state: FSMContext) -> None:
    left = await leave(state, t)
    await state.set_state(Wording.label)
    await state.set_data({"canned": number, "texts": {}})
    await respond(event, left + t("canned.ask_label", most=canned.LABEL_LENGTH), lists.canned_writing(t, skip=False))


async def named(message: Message, desk: Desk, state: FSMContext) -> None:
    """Its name."""
    await desk.may_here(Deed.CANNED_WRITE)
    data = await state.get_data()
    await state.set_data({**data, "label": canned.label(message.text or ""), "left": list(desk.house.languages)})
    await state.set_state(Wording.text)
    await _ask_text(message, desk.t, state)


async def worded(message: Message, desk: Desk, state: FSMContext) -> None:
    """Its text in the language that was asked for."""
    someone = await desk.may_here(Deed.CANNED_WRITE)
    left = (await state.get_data()).get("left") or []
    if not left:
        raise Refusal("desk.old_button")
    text = canned.checked(message.text or "")
    await _next(message, {left[0]: text}, desk, someone, state)


async def _next(
    event: Message | CallbackQuery, given: dict[str, str], desk: Desk, staff: Person, state: FSMContext
) -> None:
    """The next language; after the last one it is kept."""
    data = await state.get_data()
    data["texts"] = {**data.get("texts", {}), **given}
    data["left"] = (data.get("left") or [])[1:]
    await state.set_data(data)
    if data["left"]:
        await _ask_text(event, desk.t, state)
        return
    instead = await canned.get(desk.session, desk.station, data["canned"]) if data.get("canned") else None
    row = await canned.save(desk.session, desk.station, data["label"], data["texts"], staff, desk.now, instead=instead)
    await state.clear()
    text = "\n".join([desk.t("canned.kept", label=row.key, name=staff.name), _one(row, desk.t)])
    await respond(event, text)


async def _ask_text(event: Message | CallbackQuery, t: Texts, state: FSMContext) -> None:
    data = await state.get_data()
    known = " ".join(f"{{{name}}}" for name in canned.PLACES)
    text = t("canned.ask_text", language=LANGUAGE_NAMES.get(data["left"][0], data["left"][0]), known=known)
    # The last one cannot be left out when there is none before it.
    await respond(event, text, lists.canned_writing(t, skip=bool(data["texts"]) or len(data["left"]) > 1))
