"""Getting to know each other: consent first, then who one is and where one lives, then the menu.

/start ─▶ consent (who can see what; other languages) ─▶ audience ─▶ building ─▶ home
             │ words sent before agreeing are kept and taken up afterwards
home ─▶ language · profile (audience, building) · new · mine · privacy · help
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandStart, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import menus
from bot.contents import content_of
from bot.filters import Going, Pressed, Private
from bot.keyboards import Go
from bot.menus import Pick
from bot.settings import Settings
from bot.texts import Texts
from bot.toolbox import Toolbox
from handlers.screens import leave, show
from handlers.students import new, places
from models.errors import Refusal
from models.house import House
from models.people import Audience, Person


class Profile(StatesGroup):
    """Being asked who one is; `building` takes typed names."""

    consent = State()
    audience = State()
    building = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="start")
    private = Private()
    router.message.register(start, CommandStart(), private)
    router.message.register(ask_consent, private, not_agreed)
    router.message.register(language, Command("language"), private)
    router.callback_query.register(consent_language, Pressed(Pick), private, picked("consentlang"))
    router.callback_query.register(agree, Going("agree"), private)
    router.callback_query.register(agree_first, private, not_agreed)
    router.callback_query.register(home_pressed, Going("home"), private)
    router.callback_query.register(language, Going("language"), private)
    router.callback_query.register(pick_language, Pressed(Pick), private, picked("language"), new.walking)
    router.callback_query.register(profile, Going("profile"), private)
    router.callback_query.register(pick_audience, Pressed(Pick), private, picked("audience"))
    router.callback_query.register(
        pick_building, Pressed(Pick), private, picked("building"), StateFilter(Profile.building)
    )
    router.message.register(type_building, private, StateFilter(Profile.building), F.text, ~F.text.startswith("/"))
    return router


def picked(what: str) -> Any:
    """Filter: a pick of this kind."""

    def check(_: CallbackQuery, press: Pick) -> bool:
        return press.what == what

    return check


async def not_agreed(_: Message | CallbackQuery, person: Person | None) -> bool:
    """Filter: somebody who has not agreed yet."""
    return person is not None and not person.agreed


async def start(message: Message, person: Person, t: Texts, house: House, state: FSMContext) -> None:
    """Begin, or begin again: never loses a draft's owner in an old screen."""
    if not person.agreed:
        await ask_to_agree(message, t, house, state)
        return
    await to_menu(message, person, t, state)


async def ask_to_agree(message: Message, t: Texts, house: House, state: FSMContext, before: str = "") -> None:
    """The consent; `before` says where they have come."""
    await state.set_state(Profile.consent)
    await show(message, before + t("consent.text"), menus.consent(t, house.languages))


async def to_menu(
    event: Message | CallbackQuery, person: Person, t: Texts, state: FSMContext, before: str = ""
) -> None:
    """To the menu; but words from before the consent have waited long enough and come first."""
    if not await new.take_up_pending(event, t, state):
        await show(event, before + await leave(state, t) + t("home.text", name=person.name), menus.home(t))


async def ask_consent(message: Message, t: Texts, house: House, state: FSMContext) -> None:
    """Words before agreeing: they are kept in the conversation and taken up as soon as the person agrees."""
    content = content_of(message)
    if content is not None and not str(content.get("text", "")).startswith("/"):
        before = (await state.get_data()).get("pending", [])
        await state.update_data(pending=new.held_with(before, message))
    await ask_to_agree(message, t, house, state)


async def agree_first(query: CallbackQuery, t: Texts, house: House) -> None:
    """A button pressed by somebody who has not agreed (an old chat, a forged press)."""
    await show(query, t("consent.text"), menus.consent(t, house.languages))


async def consent_language(query: CallbackQuery, press: Pick, person: Person, house: House, toolbox: Toolbox) -> None:
    """The same screen in another language."""
    choose_language(person, press.value, house)
    t = toolbox.t(person.language)
    await show(query, t("consent.text"), menus.consent(t, house.languages))


async def agree(query: CallbackQuery, person: Person, t: Texts, state: FSMContext) -> None:
    """Consent, kept without a date (law 11), and on to the two questions about oneself."""
    if person.agreed and await state.get_state() not in Profile:
        # An old screen, long agreed to.
        await to_menu(query, person, t, state)
        return
    person.agreed = True
    await profile(query, person, t, state)


async def profile(event: Message | CallbackQuery, person: Person, t: Texts, state: FSMContext) -> None:
    """The two questions, for the first time or again; on the way between them nothing is left."""
    left = "" if await state.get_state() in Profile else await leave(state, t)
    await state.set_state(Profile.audience)
    await show(event, left + t("audience.ask"), menus.audiences(t, person.audience))


async def pick_audience(
    query: CallbackQuery, press: Pick, person: Person, t: Texts, settings: Settings, state: FSMContext
) -> None:
    """Which students they belong to; "-" is not saying."""
    if press.value != "-" and press.value not in set(Audience):
        raise Refusal("old.button")
    person.audience = None if press.value == "-" else Audience(press.value)
    await state.set_state(Profile.building)
    keys = settings.buildings_from((await state.get_data()).get("station"))
    await show(query, t("building.ask"), _buildings(t, person, settings, keys))


async def pick_building(
    query: CallbackQuery, press: Pick, person: Person, t: Texts, settings: Settings, state: FSMContext
) -> None:
    """Where they live, from the list."""
    if press.value != "-" and press.value not in settings.building_keys():
        raise Refusal("old.button")
    await _settled(query, None if press.value == "-" else press.value, person, t, settings, state)


async def type_building(
    message: Message, person: Person, t: Texts, settings: Settings, house: House, state: FSMContext
) -> None:
    """Where they live, typed: a near miss is offered, never guessed."""
    found = places.find(message.text or "", settings, house)
    if len(found) == 1 and found[0].sure:
        await _settled(message, found[0].key, person, t, settings, state)
        return
    keys = [f.key for f in found] or settings.buildings_from((await state.get_data()).get("station"))
    text = t("building.which") if found else t("building.unknown", typed=(message.text or "")[:60])
    await show(message, text, _buildings(t, person, settings, keys))


def _buildings(t: Texts, person: Person, settings: Settings, keys: Sequence[str]) -> dict[str, Any]:
    return menus.buildings(t, keys, settings, back=Go("profile"), out=menus.way_home(t), chosen=person.building)


async def _settled(
    event: Message | CallbackQuery,
    building: str | None,
    person: Person,
    t: Texts,
    settings: Settings,
    state: FSMContext,
) -> None:
    person.building = building
    if await new.take_up_pending(event, t, state):
        return
    await state.clear()
    name = t.pick(settings.building_names(building)) if building else t("building.no")
    await show(event, t("profile.done", building=name), menus.home(t))


async def home_pressed(query: CallbackQuery, person: Person, t: Texts, state: FSMContext) -> None:
    """Back to the menu; what was being done is left."""
    await to_menu(query, person, t, state)


async def language(event: Message | CallbackQuery, t: Texts, house: House, state: FSMContext) -> None:
    """Choose the language."""
    drafting = await state.get_state() in new.New
    await show(event, t("language.ask"), menus.languages(t, house.languages, drafting=drafting))


async def pick_language(
    query: CallbackQuery, press: Pick, person: Person, house: House, toolbox: Toolbox, walk: new.Walk
) -> None:
    """From now on everything is said in this one, also what is still waiting to be sent; a draft goes on in it."""
    choose_language(person, press.value, house)
    walk.t = toolbox.t(person.language)
    if await walk.state.get_state() in new.New:
        await walk.go_on()
    else:
        await to_menu(query, person, walk.t, walk.state)


def choose_language(person: Person, language: str, house: House) -> None:
    if language not in house.languages:
        raise Refusal("old.button")
    person.language, person.language_chosen = language, True
