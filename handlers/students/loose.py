"""Words nobody asked for: a reply to something the bot wrote, an edit, or simply a message.

reply to an answer ─▶ goes to that ticket, whatever else is being done: no draft or question swallows it
edit of words sent ─▶ the station's copy is edited; of words still held ─▶ these are
anything else ─▶ which matter does it belong to? (open reports, open tickets, a new one; the words are kept meanwhile)

The buttons are about the words that were there when they were asked about: with more said since, those below the newest
question count, and "never mind" as well.

A report stands first: whoever answers a supervisor without replying must not be led to the station that the report is
about. That somebody has one is no row's to tell, so the question then leaves sealed, as every screen of a report does.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import keyboards, menus
from bot.contents import content_of, is_said, says_something
from bot.keyboards import Go, Press, button, keyboard
from bot.menus import Belongs, Step
from bot.sealed import Reported, offering, own_keys, screen
from handlers.anywhere import cancel_pressed
from handlers.screens import show
from handlers.students import mine, new, report
from handlers.students.talk import Private, Talk
from handlers.students.walk import Marked, New, Walk, drawn, parts_of, typed_in, walking
from models import asking, cases, casework, permissions, requesters, sealed, tickets, words
from models.errors import Refusal
from models.lifecycle import OPEN
from models.lifecycle import State as TicketState
from models.permissions import Deed, Who
from models.requesters import Requester

OFFERED = 5


class Loose(StatesGroup):
    """Holding words until it is known where they belong."""

    held = State()


class OfWords(Marked):
    """A press on a button of this kind below the question where held words belong. Raises Refusal when the words are
    others by now: more has been said since, or these have gone where they belong.
    """

    def __init__(self, kind: type[Press], held: str = "parts") -> None:
        """`held` is the name under which the conversation holds them."""
        super().__init__(kind)
        self._held = held

    async def _counts(self, payload: str, mark: str, state: FSMContext) -> bool:
        held = (await state.get_data()).get(self._held, [])
        if not held or mark != _print_of(held):
            raise Refusal("loose.newer" if held and mark else "old.button")
        return True


def _under(payload: str, held: Sequence[Any]) -> str:
    """A button's payload below the question where these words belong."""
    return f"{payload}{menus.OF_DRAFT}{_print_of(held)}"


def _print_of(held: Sequence[Any]) -> str:
    return f"{zlib.crc32(json.dumps([source for _, source in held]).encode()):08x}"


def replies() -> Router:
    """Asked before every conversation."""
    router = Router(name="replies")
    router.message.register(reply, Private(), F.reply_to_message, ~F.text.startswith("/"), about_a_ticket)
    router.message.register(asked, Private(), StateFilter(New), ~F.text.startswith("/"), is_said, walking, is_asked)
    return router


def router() -> Router:
    """This conversation's other handlers; the last ones asked in a private chat."""
    router = Router(name="loose")
    private = Private()
    router.edited_message.register(edited, private)
    held = StateFilter(Loose.held)
    router.callback_query.register(belongs, private, held, OfWords(Belongs))
    router.callback_query.register(to_report, private, held, OfWords(Reported))
    router.callback_query.register(cancel_pressed, F.data.startswith(Go("cancel").pack()), private, held, OfWords(Go))
    router.callback_query.register(out_of_draft, private, StateFilter(New), OfWords(Reported, "typed"), walking)
    router.message.register(hold, private, ~F.text.startswith("/"), ~StateFilter(report.Reporting))
    return router


async def about_a_ticket(message: Message, talk: Talk) -> Any:
    """Filter: a reply to one of the bot's messages about a ticket of theirs; hands over their `place` in it."""
    replied = message.reply_to_message
    assert replied is not None
    place = await requesters.addressed_by(talk.session, replied.message_id, talk.person, talk.house.vault)
    return {"place": place} if place is not None else False


async def reply(message: Message, place: Requester, talk: Talk) -> None:
    """It belongs to that ticket; what was being done stays as it was."""
    ticket = await tickets.get(talk.session, place.ticket_id)
    permissions.must(Deed.ADD, (Who.REQUESTER,), ticket)
    await mine.add_words(message, ticket, place, talk)


async def edited(message: Message, talk: Talk) -> None:
    """Words that are with the station already were edited."""
    tag = talk.house.vault.tag("source", message.chat.id, message.message_id)
    said = await words.by_source(talk.session, tag)
    content = content_of(message)
    if said is not None and content is not None:
        content.pop("album", None)
        await asking.edit(talk.session, said, content, talk.house, talk.now)


async def hold(message: Message, talk: Talk) -> None:
    """Keep the words and ask where they belong; with no open ticket and no open report they begin a new one."""
    data = await talk.state.get_data()
    # Words from before the consent belong with these; a draft's never do.
    before = data.get("parts" if await talk.state.get_state() == Loose.held.state else "pending", [])
    held = new.held_with(before, message)
    if not says_something([content for content, _ in held]):
        raise Refusal("draft.says_nothing")
    open_ones, codes = await matters(talk), await reports(talk)
    if not open_ones and not codes:
        # Those typed as a building only where all of it is shown before it is sent: they may say who somebody is.
        await new.take_up(message, [*data.get("typed", []), *held], talk)
        return
    await talk.state.set_state(Loose.held)
    await talk.state.set_data({"parts": held})
    await ask(message, talk.t("loose.ask"), menus.belongs(talk.t, open_ones), codes, held, talk)


async def is_asked(_: Message, walk: Walk) -> bool:
    """Filter: a supervisor has asked since the draft was begun, and it has not been said where the words belong."""
    return "asked" in walk.data


async def asked(message: Message, walk: Walk) -> None:
    """In the middle of a draft: the answer to a supervisor, or more of the draft? Neither until they say so."""
    data = walk.data
    data["typed"] = new.held_with(data.get("typed", []), message)
    await walk.state.set_data(data)
    rows = [[button(walk.t.plain("building.take", words=menus.short(typed_in(data))), Step("take"))]]
    keys = menus.under(keyboard(rows), partial(drawn, data=data))
    await ask(message, walk.t("loose.ask"), keys, [data["asked"]], data["typed"], walk)


async def out_of_draft(query: CallbackQuery, press: Reported, walk: Walk) -> None:
    """It was the answer; the draft goes on without it."""
    contents = [content for content, _ in walk.data["typed"]]
    case = await report.mine(walk, press.code)
    await casework.add(walk.session, case, contents, walk.house, walk.now)
    del walk.data["typed"]
    walk.data.pop("asked", None)
    await walk.state.set_data(walk.data)
    on = query.message.message_id if query.message is not None else None
    keys = keyboard([[menus.way_on(walk.t, drafting=True, label="nav.on")]])
    facts = screen(walk.t("report.added", code=case.code), keys, on)
    await sealed.post(walk.session, facts, walk.house.vault, walk.now, chat_id=walk.person.telegram_id)


async def ask(
    message: Message, text: str, keys: dict[str, Any], codes: Sequence[str], held: Sequence[Any], talk: Talk
) -> None:
    """Where do the held words belong? The reports stand above these keys; where there are none, nothing is sealed. Keys
    of a draft are its own already.
    """
    rows = [
        [
            key | {"callback_data": _under(data, held)} if menus.OF_DRAFT not in (data := key["callback_data"]) else key
            for key in row
        ]
        for row in offering(talk.t, codes, keys)["inline_keyboard"]
    ]
    if not codes:
        await show(message, text, keyboard(rows))
        return
    facts = screen(text, keyboard(rows))
    await sealed.post(talk.session, facts, talk.house.vault, talk.now, chat_id=talk.person.telegram_id)


async def to_report(query: CallbackQuery, press: Reported, talk: Talk) -> None:
    """The held words belong to a report of theirs."""
    data = await talk.state.get_data()
    case = await report.mine(talk, press.code)
    contents = [content for content, _ in parts_of(data)]
    await casework.add(talk.session, case, contents, talk.house, talk.now)
    await talk.state.clear()
    on = query.message.message_id if query.message is not None else None
    facts = screen(talk.t("report.added", code=case.code), own_keys(talk.t, case), on)
    await sealed.post(talk.session, facts, talk.house.vault, talk.now, chat_id=talk.person.telegram_id)


async def belongs(query: CallbackQuery, press: Belongs, talk: Talk) -> None:
    """They said where the held words belong."""
    data = await talk.state.get_data()
    if press.ticket == 0:
        await new.take_up(query, data["parts"], talk)
        return
    ticket, place = await talk.own(Deed.ADD, press.ticket)
    said = await mine.passed_on(parts_of(data), ticket, place, talk)
    await talk.state.clear()
    await show(query, said, keyboards.back_to_ticket(talk.t, ticket.id))


async def reports(talk: Talk) -> list[str]:
    """The codes of their reports that words may belong to."""
    found = await cases.open_of_reporter(talk.session, talk.person, talk.house.vault)
    return [case.code for case in found[:OFFERED]]


async def matters(talk: Talk) -> list[tuple[int, str]]:
    """Their tickets (number, subject) that words may belong to."""
    numbers = [place.ticket_id for place in await requesters.all_of(talk.session, talk.person, talk.house.vault)]
    found = await tickets.several(talk.session, numbers, states=(*OPEN, TicketState.RESOLVED), most=OFFERED)
    return [(ticket.id, ticket.subject) for ticket in found]
