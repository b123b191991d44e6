"""/posts, in the office's and the supervisors' groups: who holds which post, against the caps; the presidium changes
it.

/posts ─▶ the register ─▶ the presidium, or a department ─▶ a term ─▶ end it: with which day?
    │                                          └─▶ appoint (`appointing.py`)
    └─▶ executive chair, exchange (`chairs.py`)
/posts @li, or as a reply to what somebody wrote ─▶ what they hold ─▶ who of the names they are · appoint
/posts alone with the bot ─▶ one's own posts ─▶ offer an exchange
"""

from __future__ import annotations

from datetime import date, datetime

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import posts as screens
from bot.filters import Pressed
from bot.keyboards import number_on
from bot.posts import PACKED, Posts
from bot.rosters import Screen
from handlers.occasion import must_be_seen
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from handlers.union.roles import meant
from models import permissions
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.union import leaving, posts


def router() -> Router:
    """The register's handlers; what is typed on the way stands in `appointing.py`."""
    router = Router(name="posts")
    router.message.register(look, Command("posts"), Wherever())
    router.callback_query.register(step, Pressed(Posts), Wherever())
    return router


def today_of(acting: Acting) -> date:
    """The union's day."""
    return acting.house.calendar.day_of(acting.now)


def day_of(value: str) -> date:
    """A day on a button."""
    try:
        return datetime.strptime(value, PACKED).date()  # noqa: DTZ007  (a date has no zone)
    except ValueError:
        raise Refusal("old.button") from None


async def look(message: Message, command: CommandObject, acting: Acting) -> None:
    """The register, one person, or one's own."""
    must_be_seen(message, command)
    person, today = acting.person, today_of(acting)
    if message.chat.type == "private" and person is not None:
        seen = permissions.may(Deed.POSTS, await permissions.alone(acting.session, person))
        held = await posts.of_person(acting.session, person)
        if held and not seen:
            await respond(message, *screens.own(held, acting.t, today))
            return
    await acting.may(Deed.POSTS)
    whom = await meant(message, (command.args or "").strip(), acting.session)
    if whom is None:
        await respond(message, *await screens.register(acting.session, acting.house.caps, acting.t, today))
    else:
        await respond(message, *await one(acting, whom))


async def one(acting: Acting, whom: Person) -> Screen:
    """Somebody, and what can be done with them."""
    today = today_of(acting)
    held = await posts.of_person(acting.session, whom)
    unnamed, every = await posts.nameless(acting.session, today), await posts.every(acting.session)
    return screens.person(whom, held, every, unnamed, acting.t, today)


async def step(query: CallbackQuery, press: Posts, acting: Acting) -> None:
    """A look at another part, or a change of it."""
    session, t, today = acting.session, acting.t, today_of(acting)
    await acting.may(Deed.POSTS)
    match press.step:
        case "all":
            screen = await screens.register(session, acting.house.caps, t, today)
        case "place":
            screen = await screens.place(session, await posts.get_post(session, press.number), t, today)
        case "term":
            screen = screens.term(await posts.get(session, press.number), t, today)
        case "end" | "ends" | "link":
            screen = await _change(press, await acting.may(Deed.POSTS_WRITE), acting)
        case _:
            raise Refusal("old.button")
    await respond(query, *screen)


async def _change(press: Posts, staff: Person, acting: Acting) -> Screen:
    session, today = acting.session, today_of(acting)
    each = await posts.get(session, press.number)
    if press.step == "end":
        return screens.ending(each, acting.t, today)
    if press.step == "ends":
        await leaving.end(session, each.term, day_of(press.value), acting.house.calendar, acting.now, staff)
        return screens.term(each, acting.t, today)
    whom = await session.get(Person, number_on(press.value))
    if whom is None or whom.telegram_id < 0:
        raise Refusal("roles.unknown")
    await posts.link(session, each.term, whom, acting.now, staff)
    return await one(acting, whom)
