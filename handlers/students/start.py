"""Getting to know each other: consent first, then who one is and where one lives, then the menu.

/start ─▶ consent (who can see what; other languages) ─▶ audience ─▶ building ─▶ home
             │ words sent before agreeing are kept and taken up afterwards; those typed as a building wait for a button
home ─▶ language · profile (audience, building) · new · mine · privacy · help
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandStart, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import menus
from bot.contents import content_of
from bot.filters import Going, Pressed
from bot.keyboards import Go
from bot.menus import Pick, Step
from bot.texts import nearest, ours
from handlers.screens import show
from handlers.students import choices, new, places
from handlers.students.report import back_to_draft, is_drafting
from handlers.students.talk import Private, Talk
from handlers.students.walk import Walk, typed_in, walking
from models.errors import Refusal
from models.people import Audience, Person


class Profile(StatesGroup):
    """Being asked who one is; `audience` and `building` take typed names."""

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
    router.callback_query.register(pick_language, Pressed(Pick), private, picked("language"), walking)
    router.callback_query.register(profile, Going("profile"), private)
    router.callback_query.register(pick_audience, Pressed(Pick), private, picked("audience"), StateFilter(Profile))
    router.callback_query.register(
        pick_building, Pressed(Pick), private, picked("building"), StateFilter(Profile.building)
    )
    router.message.register(type_audience, private, StateFilter(Profile.audience), ~F.text.startswith("/"))
    at_the_building = StateFilter(Profile.building)
    router.callback_query.register(take_typed, Pressed(Step), private, at_the_building, F.data == Step("take").pack())
    router.callback_query.register(tell_typed, Pressed(Step), private, StateFilter(None), F.data == Step("take").pack())
    router.message.register(type_building, private, at_the_building, F.text, ~F.text.startswith("/"))
    router.message.register(show_building, private, at_the_building, ~F.text)
    return router


def picked(what: str) -> Any:
    """Filter: a pick of this kind."""

    def check(_: CallbackQuery, press: Pick) -> bool:
        return press.what == what

    return check


async def not_agreed(_: Message | CallbackQuery, person: Person | None) -> bool:
    """Filter: somebody who has not agreed yet."""
    return person is not None and not person.agreed


async def start(message: Message, talk: Talk) -> None:
    """Begin, or begin again: never loses a draft's owner in an old screen."""
    if not talk.person.agreed:
        await ask_to_agree(message, talk)
        return
    await to_menu(message, talk)


async def ask_to_agree(message: Message, talk: Talk, before: str = "") -> None:
    """The consent; `before` says where they have come."""
    await talk.state.set_state(Profile.consent)
    await show(message, before + talk.t("consent.text"), menus.consent(talk.t, talk.house.languages))


async def to_menu(event: Message | CallbackQuery, talk: Talk, before: str = "") -> None:
    """To the menu; but words from before the consent have waited long enough and come first."""
    if not await new.take_up_pending(event, talk):
        text = before + await talk.leave() + talk.t("home.text", name=talk.person.name) + _contacts(talk)
        await show(event, text, menus.home(talk.t))


async def ask_consent(message: Message, talk: Talk) -> None:
    """Words before agreeing: they are kept in the conversation and taken up as soon as the person agrees."""
    content = content_of(message)
    if content is not None and not str(content.get("text", "")).startswith("/"):
        await _keep(message, talk)
    await ask_to_agree(message, talk)


async def agree_first(query: CallbackQuery, talk: Talk) -> None:
    """A button pressed by somebody who has not agreed (an old chat, a forged press)."""
    await show(query, talk.t("consent.text"), menus.consent(talk.t, talk.house.languages))


async def consent_language(query: CallbackQuery, press: Pick, talk: Talk) -> None:
    """The same screen in another language."""
    choose_language(talk, press.value)
    await show(query, talk.t("consent.text"), menus.consent(talk.t, talk.house.languages))


async def agree(query: CallbackQuery, talk: Talk) -> None:
    """Consent, kept without a date (law 11), and on to the two questions about oneself."""
    if talk.person.agreed and await talk.state.get_state() not in Profile:
        # An old screen, long agreed to.
        await to_menu(query, talk)
        return
    talk.person.agreed = True
    await profile(query, talk)


async def profile(event: Message | CallbackQuery, talk: Talk) -> None:
    """The two questions, for the first time or again; on the way between them nothing is left."""
    left = "" if await talk.state.get_state() in Profile else await talk.leave()
    await talk.state.set_state(Profile.audience)
    await show(event, left + talk.t("audience.ask"), menus.audiences(talk.t, talk.person.audience))


async def pick_audience(query: CallbackQuery, press: Pick, talk: Talk) -> None:
    """Which students they belong to; "-" is not saying."""
    if press.value != "-" and press.value not in set(Audience):
        raise Refusal("old.button")
    await _belong(query, press.value, talk)


async def type_audience(message: Message, talk: Talk) -> None:
    """The same, typed, in any of the union's languages. Other words are kept for the draft that follows, and the
    question is asked again: it is this one that waits for an answer.
    """
    languages = [talk.toolbox.t(each) for each in talk.house.languages]
    names = {each.value: [t.plain(f"audience.{each}") for t in languages] for each in Audience}
    names = {key: [*each, *(f"{name} student" for name in each)] for key, each in names.items()}
    names["-"] = [t.plain("audience.skip") for t in languages]
    meant = choices.find(message.text or "", names, talk.house)
    if meant is not None:
        await _belong(message, meant, talk)
        return
    await _keep(message, talk)
    text = talk.t("profile.kept") + "\n\n" + talk.t("audience.ask")
    await show(message, text, menus.audiences(talk.t, talk.person.audience))


async def _keep(message: Message, talk: Talk) -> None:
    """Words that are no answer wait for the draft that they begin."""
    before = (await talk.state.get_data()).get("pending", [])
    await talk.state.update_data(pending=new.held_with(before, message))


async def _belong(event: Message | CallbackQuery, audience: str, talk: Talk) -> None:
    talk.person.audience = None if audience == "-" else Audience(audience)
    await talk.state.set_state(Profile.building)
    keys = talk.settings.buildings_from((await talk.state.get_data()).get("station"))
    await show(event, talk.t("building.ask"), _buildings(talk, keys))


async def pick_building(query: CallbackQuery, press: Pick, talk: Talk) -> None:
    """Where they live, from the list."""
    if press.value != "-" and press.value not in talk.settings.building_keys():
        raise Refusal("old.button")
    data = await talk.state.get_data()
    # What was a name of this building has been answered; anything else may be what they have to say.
    typed = [each for each in data.get("typed", []) if not _may_mean(press.value, each[0], talk)]
    await talk.state.update_data(typed=typed)
    await _settled(query, None if press.value == "-" else press.value, talk)


def _may_mean(building: str, content: dict[str, Any], talk: Talk) -> bool:
    found = places.find(str(content.get("text", "")), talk.settings, talk.house)
    return building in (each.key for each in found)


async def type_building(message: Message, talk: Talk) -> None:
    """Where they live, typed: a near miss is offered, never guessed."""
    found = places.find(message.text or "", talk.settings, talk.house)
    if len(found) == 1 and found[0].sure:
        await _settled(message, found[0].key, talk)
        return
    data = await talk.state.get_data()
    typed = new.held_with(data.get("typed", []), message)
    await talk.state.update_data(typed=typed)
    keys = [f.key for f in found] or talk.settings.buildings_from(data.get("station"))
    text = talk.t("building.which") if found else talk.t("building.unknown", typed=(message.text or "")[:60])
    await show(message, text, _buildings(talk, keys, typed_in({"typed": typed})))


async def take_typed(query: CallbackQuery, talk: Talk) -> None:
    """What they typed is no building but what they have to say: it waits for the draft, and where they live is asked
    again.
    """
    data = await talk.state.get_data()
    if not data.get("typed"):
        raise Refusal("old.button")
    await talk.state.update_data(pending=[*data.get("pending", []), *data["typed"]], typed=[])
    await _ask_building(query, talk)


async def show_building(message: Message, talk: Talk) -> None:
    """A picture where a name was expected: it waits for the draft, too."""
    await _keep(message, talk)
    await _ask_building(message, talk)


async def _ask_building(event: Message | CallbackQuery, talk: Talk) -> None:
    keys = talk.settings.buildings_from((await talk.state.get_data()).get("station"))
    await show(event, talk.t("profile.kept") + "\n\n" + talk.t("building.ask"), _buildings(talk, keys))


def _buildings(talk: Talk, keys: Sequence[str], typed: str = "") -> dict[str, Any]:
    back, out = Go("profile"), menus.way_home(talk.t)
    chosen = talk.person.building
    return menus.buildings(talk.t, keys, talk.settings, back=back, out=out, chosen=chosen, typed=typed)


async def _settled(event: Message | CallbackQuery, building: str | None, talk: Talk) -> None:
    talk.person.building = building
    data = await talk.state.get_data()
    typed = data.get("typed", [])
    if data.get("pending"):
        await new.take_up(event, [*data["pending"], *typed], talk)
        return
    await talk.state.clear()
    name = talk.t.pick(talk.settings.building_names(building)) if building else talk.t("building.no")
    text = talk.t("profile.done", building=name) + _contacts(talk)
    if typed:
        await talk.state.set_data({"typed": typed})
        text += "\n\n" + talk.t("profile.typed")
    await show(event, text, menus.home(talk.t, typed_in({"typed": typed})))


async def tell_typed(query: CallbackQuery, talk: Talk) -> None:
    """What they typed where they live is what they have to say."""
    typed = (await talk.state.get_data()).get("typed", [])
    if not typed:
        raise Refusal("old.button")
    await new.take_up(query, typed, talk)


def _contacts(talk: Talk) -> str:
    """Who is there for them in particular; nobody for whoever has not said which students they belong to."""
    t, audience = talk.t, talk.person.audience
    return "".join(
        "\n\n"
        # How to reach them is to be pressed: the union's own words, which may call an account.
        + t("home.contact", who=t.plain(f"audience.{audience}"), name=t.pick(each.name), reach=ours(reach))
        for each in talk.settings.contacts_for(audience)
        for reach in [nearest(each.reach, t.language)]
    )


async def home_pressed(query: CallbackQuery, talk: Talk) -> None:
    """Back to the menu; what was being done is left."""
    await to_menu(query, talk)


async def language(event: Message | CallbackQuery, talk: Talk) -> None:
    """Choose the language."""
    drafting = await is_drafting(talk)
    await show(event, talk.t("language.ask"), menus.languages(talk.t, talk.house.languages, drafting=drafting))


async def pick_language(query: CallbackQuery, press: Pick, walk: Walk) -> None:
    """From now on everything is said in this one, also what is still waiting to be sent; a draft goes on in it."""
    choose_language(walk, press.value)
    if await is_drafting(walk):
        await back_to_draft(query, walk)
    else:
        await to_menu(query, walk)


def choose_language(talk: Talk, language: str) -> None:
    """From now on everything is said in this one. Raises Refusal for one that the union does not speak."""
    if language not in talk.house.languages:
        raise Refusal("old.button")
    talk.person.language, talk.person.language_chosen = language, True
    talk.t = talk.toolbox.t(language)
