"""Somebody comes to a post.

appoint ─▶ who, from when to when, decided on which day? (in words) ─▶ preview ─▶ written down
/posts @li ─▶ appoint ─▶ preview with the usual days ─▶ other days in words ─▶ preview ─▶ written down
"""

from __future__ import annotations

from datetime import date
from typing import Any

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import posts as screens
from bot.filters import Pressed
from bot.keyboards import number_on
from bot.posts import Posts
from handlers.occasion import leave
from handlers.screens import respond, turn_of
from handlers.union.acting import Acting, Wherever
from handlers.union.posts import today_of
from models import people
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.union import posts
from models.union.posts import Post, Wanted


class Appointing(StatesGroup):
    """Who it is is being written, or when."""

    words = State()


def router() -> Router:
    """This conversation's handlers; before those of the register, whose buttons these are."""
    router = Router(name="appointing")
    written = F.text & ~F.text.startswith("/")
    router.message.register(words, StateFilter(Appointing.words), written, Wherever())
    router.callback_query.register(begin, Stepping("appoint"), Wherever())
    router.callback_query.register(sure, Stepping("sure"), Wherever())
    return router


class Stepping(Pressed):
    """A press of the register's that is this step."""

    def __init__(self, step: str) -> None:
        super().__init__(Posts)
        self._step = step

    async def __call__(self, query: CallbackQuery) -> bool | dict[str, Any]:
        found = await super().__call__(query)
        return found if isinstance(found, dict) and found["press"].step == self._step else False


async def begin(query: CallbackQuery, press: Posts, acting: Acting, state: FSMContext) -> None:
    """To which post; of somebody of the group also who it is."""
    await acting.may(Deed.POSTS_WRITE)
    session, t, today = acting.session, acting.t, today_of(acting)
    post = await posts.get_post(session, press.number)
    left = await leave(state, t)
    await state.set_state(Appointing.words)
    whom = await session.get(Person, number_on(press.value)) if press.value != "0" else None
    if whom is None:
        await state.set_data({"post": post.id})
        await respond(query, left + screens.ask_who(post, t, today))
        return
    wanted = Wanted(whom.name, today, posts.usual_end(today), today, whom.id)
    await state.set_data({"post": post.id, "turn": turn_of(query), **_kept(wanted)})
    await _preview(query, post, wanted, acting, left)


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """The name, and days where they are not the usual ones."""
    await acting.may(Deed.POSTS_WRITE)
    session, today = acting.session, today_of(acting)
    data = await state.get_data()
    post = await posts.get_post(session, data["post"])
    before = _wanted(data) if "name" in data else None
    name, at, days = screens.read(message.text or "")
    person_id = before.person_id if before is not None and not (name or at) else None
    if at is not None:
        found = await people.named_so(session, [at.lower()], [])
        if len(found) != 1:
            raise Refusal("posts.unknown_at", typed=at)
        name, person_id = name or found[0].name, found[0].id
    elif before is not None:
        name = name or before.name
    starts = days[0] if days else before.starts if before is not None else today
    ends = days[1] if len(days) > 1 else posts.usual_end(starts) if days or before is None else before.ends
    decided = days[2] if len(days) > 2 else before.decided_on if before is not None else min(starts, today)
    wanted = posts.checked(Wanted(name, starts, ends, decided, person_id))
    await state.set_data({"post": post.id, "turn": turn_of(message), **_kept(wanted)})
    await _preview(message, post, wanted, acting)


async def sure(query: CallbackQuery, press: Posts, acting: Acting, state: FSMContext) -> None:
    """It is written down as the preview said."""
    staff = await acting.may(Deed.POSTS_WRITE)
    data = await state.get_data()
    if data.get("post") != press.number or "name" not in data or press.value != str(data.get("turn")):
        raise Refusal("old.button")
    post = await posts.get_post(acting.session, press.number)
    await posts.appoint(acting.session, post, _wanted(data), acting.house.caps, acting.now, staff=staff)
    await state.clear()
    await respond(query, *await screens.place(acting.session, post, acting.t, today_of(acting)))


async def _preview(event: Message | CallbackQuery, post: Post, wanted: Wanted, acting: Acting, left: str = "") -> None:
    person = await acting.session.get(Person, wanted.person_id) if wanted.person_id is not None else None
    username = person.username if person is not None else None
    text, keys = screens.preview(post, wanted, username, turn_of(event), acting.t, today_of(acting))
    await respond(event, left + text, keys)


def _kept(wanted: Wanted) -> dict[str, Any]:
    """As a conversation keeps it."""
    days = {name: getattr(wanted, name).isoformat() for name in ("starts", "ends", "decided_on")}
    return {"name": wanted.name, "person": wanted.person_id, **days}


def _wanted(data: dict[str, Any]) -> Wanted:
    days = {name: date.fromisoformat(data[name]) for name in ("starts", "ends", "decided_on")}
    return Wanted(name=data["name"], person_id=data["person"], **days)
