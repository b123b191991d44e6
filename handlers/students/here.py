"""Alone with the bot, of somebody who is called to a study, a training or another gathering: whether they come, what
there is to read, and that they are there.

invitation ─▶ come · cannot ─▶ why ─▶ whoever leads it decides
          └▶ what is to be read
/here 483920, or the link behind the picture ─▶ signed in
"""

from __future__ import annotations

from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import menus, studies
from bot.contents import is_said
from bot.filters import InGroup, Pressed
from bot.keyboards import keyboard
from bot.studies import Invited
from bot.texts import Texts
from bot.untrusted import lines, titled
from handlers.screens import pressed, show
from handlers.students import start
from handlers.students.talk import Private, Talk
from models import access, permissions
from models.errors import Refusal
from models.permissions import Deed, Who
from models.union import excuses, gatherings, signing
from models.union import studies as rules
from models.union.gatherings import Gathering, Kind
from models.union.passes import Way


class Excusing(StatesGroup):
    """Why somebody cannot come."""

    why = State()


def router() -> Router:
    """Asked before every other link and before the door: it is not asked of those who are called."""
    router = Router(name="here")
    private = Private()
    router.message.register(by_link, CommandStart(deep_link=True, magic=F.args.startswith("g_")), private)
    router.message.register(by_digits, Command("here"), private)
    router.message.register(elsewhere, Command("here"), InGroup())
    router.callback_query.register(answer, Pressed(Invited), private)
    return router


def reasons() -> Router:
    """Asked after the replies: what somebody writes to a ticket is no reason, and not for whoever leads this."""
    router = Router(name="reasons")
    router.message.register(why, StateFilter(Excusing.why), ~F.text.startswith("/"), is_said, Private())
    return router


async def by_link(message: Message, command: CommandObject, talk: Talk) -> None:
    """The picture was scanned."""
    gathering, way = await signing.by_link(talk.session, command.args or "", talk.house.vault, talk.now)
    await _go(message, gathering, way, talk)


async def by_digits(message: Message, command: CommandObject, talk: Talk) -> None:
    """The digits below it were typed."""
    typed = (command.args or "").strip()
    if not typed:
        await message.answer(talk.t("here.how"))
        return
    gathering, way = await signing.by_digits(talk.session, talk.person, typed, talk.house.vault, talk.now)
    await _go(message, gathering, way, talk)


async def elsewhere(message: Message, t: Texts) -> None:
    """In a group the digits would be everybody's."""
    await message.reply(t("here.alone"))


async def _may_sign(gathering: Gathering, talk: Talk) -> None:
    """Whether somebody may sign in. Of volunteers: whoever has a place; whether anybody else may take a free one, the
    place itself says (`presence.sign_in`), but the door is asked before.
    """
    if gathering.kind is not Kind.VOLUNTEERING:
        await _must(gathering, talk)
        return
    permissions.must(Deed.VOLUNTEER, (Who.STRANGER,))
    place = await gatherings.place_of(talk.session, gathering, talk.person)
    if place is None and not await access.admitted(talk.session, talk.person, talk.settings.access.mode):
        raise Refusal("volunteer.not_for_you")


async def _must(gathering: Gathering, talk: Talk) -> None:
    who = await rules.who(talk.session, gathering, talk.person, talk.house, talk.now)
    permissions.must(Deed.ATTEND, who)


async def _go(message: Message, gathering: Gathering, way: Way, talk: Talk) -> None:
    """In or out; whoever has never spoken with the bot is then asked to agree. A draft stays as it is."""
    await _may_sign(gathering, talk)
    place, changed = await signing.go(talk.session, gathering, way, talk.person, talk.house, talk.now)
    at = place.signed_in_at if way is Way.IN else place.signed_out_at
    assert at is not None
    key = f"here.{way.name.lower()}" if changed else "here.in_already"
    text = talk.t(key, title=titled(talk.t.pick(gathering.titles)), at=f"{at.astimezone(talk.t.timezone):%H:%M}")
    if talk.person.agreed:
        await message.answer(text)
    else:
        await start.ask_to_agree(message, talk, text + "\n\n")


async def answer(query: CallbackQuery, press: Invited, talk: Talk) -> None:
    """A press under an invitation."""
    gathering = await gatherings.get(talk.session, press.gathering)
    await _must(gathering, talk)
    match press.act:
        case "come":
            await excuses.come(talk.session, gathering, talk.person, talk.now)
            await _again(query, gathering, talk)
        case "cannot":
            excuses.must_be_asked(gathering, talk.now)
            left = await talk.leave()
            await talk.state.set_state(Excusing.why)
            await talk.state.set_data({"gathering": gathering.id})
            text = talk.t("study.why", title=titled(talk.t.pick(gathering.titles)), most=excuses.REASON_LENGTH)
            await show(pressed(query, True), left + text, keyboard([[menus.way_out(talk.t)]]))
        case "materials" if gathering.materials and isinstance(query.message, Message):
            for each in gathering.materials:
                await _bring(query.message, each)
        case _:
            raise Refusal("old.button")


async def why(message: Message, talk: Talk) -> None:
    """Why they cannot come, or could not."""
    gathering = await gatherings.get(talk.session, (await talk.state.get_data()).get("gathering", 0))
    await _must(gathering, talk)
    if message.text is None:
        raise Refusal("gathering.words_only")
    reason = lines(message.text)
    await excuses.ask_off(talk.session, gathering, talk.person, reason, talk.house, talk.now)
    await talk.state.clear()
    await show(message, talk.t("study.why_sent", title=titled(talk.t.pick(gathering.titles))))


async def _again(query: CallbackQuery, gathering: Gathering, talk: Talk) -> None:
    """The invitation as it stands now."""
    place = await gatherings.place_of(talk.session, gathering, talk.person)
    assert place is not None
    await show(query, *studies.invitation(gathering, place.part, "study.you_are_called", talk.t, talk.now))


async def _bring(message: Message, material: dict[str, Any]) -> None:
    file, words = material.get("file_id", ""), studies.words_of(material)
    match material["kind"]:
        case "document":
            await message.answer_document(file)
        case "photo":
            await message.answer_photo(file, caption=words or None)
        case "video":
            await message.answer_video(file, caption=words or None)
        case _:
            await message.answer(words)
