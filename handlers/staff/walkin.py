"""/walkin: somebody without Telegram came to the station (现场来访), and staff record their matter.

/walkin ─▶ kind ─▶ category ─▶ building ─▶ words (a reply) ─▶ contact (a reply, or none) ─▶ preview ─▶ filed
           each but the first leads back to the one before it

later: an answer is written down ─▶ told on the spot, by phone?
       resolved ─▶ what did they say: solved, not solved, not known ─▶ 1–5, or no rating
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram import Router
from aiogram.filters import Command, CommandObject, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import lists
from bot.cards import KIND_ICONS
from bot.contents import kept_of, says_something
from bot.filters import Commanding, Pressed, markup
from bot.lists import Heard, Told, Walk
from bot.summaries import excerpt
from bot.texts import Texts
from handlers.occasion import leave, must_be_seen
from handlers.screens import respond, show
from handlers.staff.desk import AtDesk, Desk, to_a_prompt
from models import tickets, walkins
from models.asking import Draft
from models.errors import Refusal
from models.lifecycle import Kind
from models.people import Person
from models.permissions import Deed
from models.walkins import CONTACT_LENGTH, WAYS


class Recording(StatesGroup):
    """What is asked for: kind, category and building are pressed, words and the contact are replies."""

    kind = State()
    category = State()
    building = State()
    words = State()
    contact = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="walkin")
    desk, replies = AtDesk(), ~Commanding()
    router.message.register(begin, Command("walkin"), desk)
    router.callback_query.register(step, Pressed(Walk), desk)
    router.message.register(words, StateFilter(Recording.words), desk, to_a_prompt, replies)
    router.message.register(contact, StateFilter(Recording.contact), desk, to_a_prompt, replies)
    router.callback_query.register(told, Pressed(Told), desk)
    router.callback_query.register(heard, Pressed(Heard), desk)
    return router


async def begin(message: Message, command: CommandObject, desk: Desk, state: FSMContext) -> None:
    """What did they come with?"""
    must_be_seen(message, command)
    await desk.may_here(Deed.WALKIN)
    left = await leave(state, desk.t)
    await state.set_state(Recording.kind)
    await message.reply(left + desk.t("walkin.kind"), reply_markup=markup(_kinds(desk.t)))


async def step(query: CallbackQuery, press: Walk, desk: Desk, state: FSMContext) -> None:
    """A press on the way. Whose conversation it is says the state, which is the presser's own."""
    t, settings = desk.t, desk.settings
    someone = await desk.may_here(Deed.WALKIN)
    data, at = await state.get_data(), await state.get_state()
    buildings = {"-", *settings.building_keys()}
    if press.step == "cancel":
        if at is not None and at in Recording:
            await state.clear()
        await show(query, t("desk.cancelled"))
    elif press.step == "kind" and at == Recording.kind.state and press.value in set(Kind):
        await state.set_data({"kind": press.value})
        await state.set_state(Recording.category)
        await _categories(query, press.value, None, desk)
    elif press.step == "category" and at == Recording.category.state and press.value in settings.category_keys():
        if not settings.category_takes(press.value, data["kind"]):
            raise Refusal("desk.old_button")
        if settings.categories_for(data["kind"], parent=press.value):
            await state.set_data({**data, "parent": press.value})
            await _categories(query, data["kind"], press.value, desk)
            return
        await state.set_data({**data, "category": press.value})
        await state.set_state(Recording.building)
        await _buildings(query, desk)
    elif press.step == "building" and at == Recording.building.state and press.value in buildings:
        await state.set_data({**data, "building": None if press.value == "-" else press.value})
        await state.set_state(Recording.words)
        await show(query, t("walkin.words", name=someone.name), lists.walk_words(t))
    elif press.step == "no_contact" and at == Recording.contact.state:
        await _preview(query, None, desk, state)
    elif press.step == "file" and at == Recording.preview.state:
        await _file(query, data, someone, desk, state)
    elif press.step == "back":
        await _back(query, data, at, someone, desk, state)
    else:
        raise Refusal("desk.old_button")


async def _back(
    query: CallbackQuery,
    data: dict[str, Any],
    at: str | None,
    staff: Person,
    desk: Desk,
    state: FSMContext,
) -> None:
    """The step before this one, in the message that was pressed."""
    t = desk.t
    if at == Recording.category.state and data.get("parent"):
        await state.set_data({"kind": data["kind"]})
        await _categories(query, data["kind"], None, desk)
    elif at == Recording.category.state:
        await state.set_state(Recording.kind)
        await show(query, t("walkin.kind"), _kinds(t))
    elif at == Recording.building.state:
        await state.set_state(Recording.category)
        await _categories(query, data["kind"], data.get("parent"), desk)
    elif at == Recording.words.state:
        await state.set_state(Recording.building)
        await _buildings(query, desk)
    elif at == Recording.contact.state:
        await state.set_state(Recording.words)
        await show(query, t("walkin.words", name=staff.name), lists.walk_words(t))
    elif at == Recording.preview.state:
        await state.set_state(Recording.contact)
        text = t("walkin.contact", name=staff.name, most=CONTACT_LENGTH)
        await show(query, text, lists.walk_words(t, contact=True))
    else:
        raise Refusal("desk.old_button")


def _kinds(t: Texts) -> dict[str, Any]:
    return lists.walk_choices(t, "kind", [(k.value, f"{KIND_ICONS[k]} {t.plain(f'kind.{k}')}") for k in Kind])


async def _buildings(query: CallbackQuery, desk: Desk) -> None:
    t, settings = desk.t, desk.settings
    choices = [(k, t.pick(settings.building_names(k))) for k in settings.building_keys()]
    await show(query, t("walkin.building"), lists.walk_choices(t, "building", choices, none=t.plain("building.none")))


async def _categories(query: CallbackQuery, kind: str, parent: str | None, desk: Desk) -> None:
    t, settings = desk.t, desk.settings
    choices = [(k, t.pick(settings.category_names(k))) for k in settings.categories_for(kind, parent=parent)]
    await show(query, t("walkin.category"), lists.walk_choices(t, "category", choices))


async def words(message: Message, desk: Desk, state: FSMContext) -> None:
    """What they said, or a picture of what they brought."""
    someone = await desk.may_here(Deed.WALKIN)
    content = kept_of(message)
    if not says_something([content]):
        raise Refusal("draft.says_nothing")
    data = await state.get_data()
    await state.set_data({**data, "content": content, "source": [message.chat.id, message.message_id]})
    await state.set_state(Recording.contact)
    text = desk.t("walkin.contact", name=someone.name, most=CONTACT_LENGTH)
    await message.reply(text, reply_markup=markup(lists.walk_words(desk.t, contact=True)))


async def contact(message: Message, desk: Desk, state: FSMContext) -> None:
    """How they can be reached."""
    await desk.may_here(Deed.WALKIN)
    typed = " ".join((message.text or "").split())
    if not 1 <= len(typed) <= CONTACT_LENGTH:
        raise Refusal("walkin.contact_length", most=CONTACT_LENGTH)
    await _preview(message, typed, desk, state)


async def _preview(event: Message | CallbackQuery, typed: str | None, desk: Desk, state: FSMContext) -> None:
    t, settings = desk.t, desk.settings
    data = {**await state.get_data(), "contact": typed}
    if not {"kind", "category", "building", "content"} <= data.keys():
        raise Refusal("desk.old_button")
    await state.set_data(data)
    await state.set_state(Recording.preview)
    building = data["building"]
    text = t(
        "walkin.preview",
        kind=t.plain(f"kind.{data['kind']}"),
        category=t.pick(settings.category_path(data["category"])),
        building=t.pick(settings.building_names(building)) if building else t.plain("building.none"),
        contact=typed or t.plain("walkin.no_contact"),
        words=excerpt([data["content"]]),
    )
    await respond(event, text, lists.walk_preview(t))


async def _file(query: CallbackQuery, data: dict[str, Any], staff: Person, desk: Desk, state: FSMContext) -> None:
    source: Sequence[int] = data["source"]
    draft = Draft(
        kind=Kind(data["kind"]),
        category=data["category"],
        building=data["building"],
        contents=[data["content"]],
        sources=[(source[0], source[1])],
    )
    ticket = await walkins.record(desk.session, draft, staff, data["contact"], desk.house, desk.now)
    await state.clear()
    place = await tickets.station_of(desk.session, ticket)
    await show(query, desk.t("walkin.filed", number=ticket.id, station=desk.t.pick(place.names), name=staff.name))


# ---------------------------------------------------------------- what came of it


async def told(query: CallbackQuery, press: Told, desk: Desk) -> None:
    """They were told."""
    ticket, someone = await desk.on(Deed.ANSWER, press.ticket)
    if press.how not in WAYS:
        raise Refusal("desk.old_button")
    await walkins.told(desk.session, ticket, someone, press.how, desk.now)
    how = desk.t.plain(f"walkin.told_{press.how}")
    await show(query, desk.t("walkin.told", number=ticket.id, name=someone.name, how=how))


async def heard(query: CallbackQuery, press: Heard, desk: Desk) -> None:
    """What they said."""
    t = desk.t
    ticket, someone = await desk.on(Deed.ANSWER, press.ticket)
    if press.what in ("yes", "no"):
        await walkins.heard(desk.session, ticket, someone, press.what == "yes", desk.house, desk.now)
        if press.what == "no":
            await show(query, t("walkin.reopened", number=ticket.id))
        else:
            await show(query, t("walkin.rate", number=ticket.id), lists.rated(t, ticket.id))
    elif press.what == "unknown":
        await show(query, t("walkin.unknown", number=ticket.id))
    elif press.what in set("12345"):
        await walkins.rated(desk.session, ticket, someone, int(press.what), desk.now)
        await show(query, t("walkin.thanks", number=ticket.id))
    elif press.what == "0":
        await show(query, t("walkin.thanks", number=ticket.id))
    else:
        raise Refusal("desk.old_button")
