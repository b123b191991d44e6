"""The rota of the executive chair, and the exchange of posts; behind the buttons of /posts.

executive chair ─▶ turns ─▶ a turn: who takes it instead?
                     └─▶ a pace ─▶ from when on? ─▶ planned anew
exchange ─▶ who ─▶ with whom ─▶ from when on ─▶ both are asked ─▶ yes · no ─▶ confirm · no (presidium)
            (alone with the bot: oneself)           each leads back to the one before it
"""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from bot import chairs as screens
from bot import posts as drawn
from bot.filters import Pressed
from bot.keyboards import number_on
from bot.posts import Chairing, Exchanging
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from handlers.union.posts import day_of, today_of
from models import permissions
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed, Who
from models.union import exchanges, posts, rota
from models.union.posts import Holding
from models.union.rota import Pace


def router() -> Router:
    """These handlers."""
    router = Router(name="chairs")
    router.callback_query.register(chair, Pressed(Chairing), Wherever())
    router.callback_query.register(exchange, Pressed(Exchanging), Wherever())
    return router


async def chair(query: CallbackQuery, press: Chairing, acting: Acting) -> None:
    """The turns, and what the presidium changes of them."""
    session, t, today = acting.session, acting.t, today_of(acting)
    await acting.may(Deed.POSTS)
    if press.step == "all":
        await respond(query, *await screens.turns(session, t, today))
        return
    staff = await acting.may(Deed.POSTS_WRITE)
    match press.step:
        case "pace" if press.value in tuple(Pace):
            await respond(query, *screens.begins(Pace(press.value), t, today))
            return
        case "turn":
            found = await rota.get(session, press.number)
            them = await rota.members(session, found.turn.starts)
            await respond(query, *screens.instead(found, them, t, today))
            return
        case "plan" if press.value.partition(".")[0] in tuple(Pace):
            pace, _, day = press.value.partition(".")
            await rota.plan(session, Pace(pace), day_of(day), today, acting.now, staff)
        case "give":
            found = await rota.get(session, press.number)
            taker = (await posts.get(session, number_on(press.value))).term
            await rota.give(session, found.turn, taker, acting.now, staff)
        case _:
            raise Refusal("old.button")
    await respond(query, *await screens.turns(session, t, today))


async def exchange(query: CallbackQuery, press: Exchanging, acting: Acting) -> None:
    """A step on the way to an exchange, or a word on one."""
    session, t, today = acting.session, acting.t, today_of(acting)
    match press.step:
        case "all":
            await acting.may(Deed.EXCHANGE)
            await respond(query, *await screens.waiting(session, t, today))
        case "mine" if acting.person is not None and acting.is_alone:
            permissions.must(Deed.EXCHANGE, {Who.ASKED})
            await respond(query, *drawn.own(await posts.of_person(session, acting.person), t, today))
        case "one":
            one = await posts.get(session, press.number)
            mine = (await _asked(acting, one)).id == one.term.person_id
            them = await exchanges.can_take_part(session, today)
            await respond(query, *screens.with_whom(one, them, t, mine=mine))
        case "two":
            one, other = await posts.get(session, press.number), await posts.get(session, number_on(press.value))
            await _asked(acting, one)
            await respond(query, *screens.from_when(one, other, t, today))
        case "ask":
            other_id, _, day = press.value.partition(".")
            one, other = await posts.get(session, press.number), await posts.get(session, number_on(other_id))
            proposer = await _asked(acting, one)
            starts, calendar = day_of(day), acting.house.calendar
            made = await exchanges.propose(session, one.term, other.term, starts, proposer, calendar, acting.now)
            await respond(query, *await drawn.exchange(session, made.id, t, acting.now))
        case "see" | "yes" | "no" | "confirm":
            await _word(press, acting, query.message.chat.id if query.message is not None else None)
            await respond(query, *await drawn.exchange(session, press.number, t, acting.now))
        case _:
            raise Refusal("old.button")


async def _word(press: Exchanging, acting: Acting, here: int | None) -> None:
    """What somebody says of an exchange, in this chat."""
    calendar, now = acting.house.calendar, acting.now
    _, one, other = await exchanges.get(acting.session, press.number)
    if press.step == "confirm":
        staff = await acting.may(Deed.POSTS_WRITE)
        await exchanges.confirm(acting.session, press.number, staff, calendar, now, here=here)
        return
    someone = await _asked(acting, one, other)
    if press.step != "see":
        yes, decides = press.step == "yes", someone.id not in {one.term.person_id, other.term.person_id}
        await exchanges.answer(acting.session, press.number, someone, yes, calendar, now, decides=decides, here=here)


async def _asked(acting: Acting, *theirs: Holding) -> Person:
    """Who presses: one of those whom it is about, alone with the bot, or the presidium. Raises Refusal for anybody
    else.
    """
    person = acting.person
    if person is not None and acting.is_alone and person.id in {each.term.person_id for each in theirs}:
        permissions.must(Deed.EXCHANGE, {Who.ASKED})
        return person
    return await acting.may(Deed.EXCHANGE)
