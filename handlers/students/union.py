"""/union: what the union discloses about itself (信息公开), for everybody; what is said about it, and what it answers.

/union ─▶ who runs it, five headings ─▶ a heading, page by page ─▶ its earlier versions
   │                                        └─▶ comments ─▶ write one ─▶ seen once more ─▶ sent, with or without a name
   ├─▶ comments in general ─────────────────────▲
   └─▶ the monthly open figures ─▶ a rate, place by place
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import disclosing as screens
from bot import menus
from bot.disclosing import Saying, Union
from bot.filters import Going, Pressed
from bot.untrusted import lines, units
from handlers.screens import show
from handlers.students.report import is_drafting
from handlers.students.talk import Private, Talk
from models import permissions
from models.errors import Refusal
from models.permissions import Deed, Who
from models.union import comments, disclosure, open_figures
from models.union.disclosure import Version
from models.union.publications import Heading

LISTED = 8
"""So many comments are asked for; as many of them as fit are shown."""


class Commenting(StatesGroup):
    """A comment is being written, or waits for a press."""

    words = State()
    preview = State()


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="union")
    private = Private()
    router.message.register(front, Command("union"), private)
    router.callback_query.register(front, Going("union"), private)
    router.callback_query.register(step, Pressed(Union), private)
    router.callback_query.register(send, Pressed(Saying), private, StateFilter(Commenting.preview))
    router.message.register(collect, private, StateFilter(Commenting), ~F.text.startswith("/"))
    return router


async def front(event: Message | CallbackQuery, talk: Talk) -> None:
    """Who runs the union, and the five headings."""
    left = await talk.leave() if await talk.state.get_state() in Commenting else ""
    fresh = await disclosure.fresh(talk.session, talk.house, talk.now)
    counts, union = await comments.counts(talk.session), talk.t.pick(talk.settings.union.name)
    people = await screens.in_office(talk.session, talk.house.calendar.day_of(talk.now), talk.t)
    text, keys = screens.front(fresh, screens.card(fresh, talk.t), people, counts, union, await _out(talk), talk.t)
    await show(event, left + text, keys)


async def _out(talk: Talk) -> screens.Button:
    """The way to the menu, or on with the ticket that is being written: "back" stands for the screen before."""
    return menus.way_on(talk.t, await is_drafting(talk), "nav.on")


async def step(query: CallbackQuery, press: Union, talk: Talk) -> None:
    """A press on one of its screens; what is not there (any more) is an old button's."""
    if press.act == "front":
        await front(query, talk)
        return
    try:
        await show(query, *await _screen(press, talk))
    except (ValueError, IndexError):
        raise Refusal("old.button") from None


async def _screen(press: Union, talk: Talk) -> screens.Screen:
    """Raises ValueError or IndexError for what there is not."""
    session, t, out = talk.session, talk.t, await _out(talk)
    match press.act:
        case "figures":
            return screens.open_month(await open_figures.this_term(session), press.page, out, t)
        case "rate":
            return screens.by_place(await open_figures.this_term(session), press.what, press.page, out, t)
        case "comments":
            heading = screens.heading_of(press.what)
            found = await comments.shown(session, heading, LISTED + 1, press.page)
            hidden, more = await comments.hidden(session, heading), len(found) > LISTED
            return screens.said(heading, found[:LISTED], press.page, more, hidden, out, t)
        case "comment":
            return await _begin(screens.heading_of(press.what), talk)
        case "heading":
            shown = await _wanted(press, talk)
            count = (await comments.counts(session)).get(shown.heading, 0)
            return screens.heading(shown, press.version == 0, press.page, count, out, t)
        case "history":
            return screens.history(await _versions(press.what, talk), press.page, out, t)
        case _:
            raise ValueError(press.act)


async def _versions(what: str, talk: Talk) -> list[Version]:
    """Of a heading, the newest first. Raises Refusal where there is none."""
    versions = await disclosure.versions(talk.session, Heading(what))
    if not versions:
        raise Refusal("disclosure.not_yet")
    return versions


async def _wanted(press: Union, talk: Talk) -> Version:
    """The version that a button is about. Raises IndexError for one that can be read no more."""
    found = [v for v in await _versions(press.what, talk) if press.version in (0, v.number)]
    return found[0]


async def _begin(heading: Heading | None, talk: Talk) -> screens.Screen:
    left = await talk.leave()
    await talk.state.set_state(Commenting.words)
    await talk.state.set_data({"heading": heading})
    text, keys = screens.write(heading, talk.t)
    return left + text, keys


async def collect(message: Message, talk: Talk) -> None:
    """Their words, which may be changed by writing them anew until they are sent."""
    words = lines(message.text or "")
    comments.must_fit(words, units(words))
    data = await talk.state.get_data()
    heading = Heading(data["heading"]) if data.get("heading") else None
    await talk.state.set_state(Commenting.preview)
    content = {"type": "text", "text": words}
    await talk.state.set_data({"heading": heading, "parts": [[content, [message.chat.id, message.message_id]]]})
    await show(message, *screens.preview(heading, words, talk.person.name, talk.t))


async def send(query: CallbackQuery, press: Saying, talk: Talk) -> None:
    """It goes to the office, which looks at it before everybody can read it."""
    permissions.must(Deed.COMMENT, (Who.STRANGER,))
    data = await talk.state.get_data()
    if not data.get("parts"):
        raise Refusal("old.button")
    words, heading = data["parts"][0][0]["text"], Heading(data["heading"]) if data.get("heading") else None
    sent = await comments.send(talk.session, words, heading, talk.person, talk.house, talk.now, named=press.named)
    await talk.state.clear()
    decided, answered = (talk.t.moment(each, talk.now) for each in (sent.decide_due, sent.answer_due))
    text = talk.t("comment.sent", number=sent.id, decided=decided, answered=answered)
    await show(query, text, menus.back_home(talk.t))
