"""/duty: the roster of a station, for everybody in its group, and in private each one's own shifts.

/duty in the group ─▶ now, next, the week ‹ ›
    ├─ edit (lead, admin) ─▶ day ─▶ a shift, or a new one: span ─▶ who, every week or once, remove
    └─ swap ─▶ which of mine? ─▶ to whom? ─▶ asked in the group (and in private) ─▶ yes / no
               (lead: whose? ─▶ who instead? ─▶ done without asking)
/duty in private ─▶ my next shifts ─▶ to whom? ─▶ as above
the handover's buttons ─▶ one side has given its word, in the group or alone with the bot

Nothing is written in between: every button carries where it stands, so anybody may press on where another left off, and
whether they may is asked at each press. Whoever has pressed one is known to the roster from then on.
"""

from __future__ import annotations

from datetime import date, datetime, time

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot import handing_over, rostering, rosters
from bot.errors import plain_sentence
from bot.filters import Pressed, markup
from bot.keyboards import number_on
from bot.rosters import HandOver, Roster, Screen, Swapping
from handlers.occasion import Occasion
from handlers.screens import show
from handlers.staff.desk import AtDesk, Desk
from handlers.students.talk import Private, Talk
from models import colleagues, handovers, permissions, shifts, swaps, turns
from models.calendar import ONE_DAY
from models.errors import Refusal
from models.handovers import Side
from models.people import Person
from models.permissions import Deed, Who
from models.shifts import Shift
from models.stations import Station

DATE, CLOCK = "%Y%m%d", "%H%M"
OTHERS_AHEAD = 7
"""Days ahead in which a lead puts somebody else on a turn."""


def router() -> Router:
    """The handlers of the roster."""
    router = Router(name="duty")
    desk, private = AtDesk(), Private()
    router.message.register(week, Command("duty"), desk)
    router.message.register(mine, Command("duty"), private)
    router.callback_query.register(roster, Pressed(Roster), desk)
    router.callback_query.register(mine, Pressed(Roster), private)
    router.callback_query.register(swap, Pressed(Swapping), desk)
    router.callback_query.register(swap_alone, Pressed(Swapping), private)
    router.callback_query.register(sign, Pressed(HandOver), desk)
    router.callback_query.register(sign_alone, Pressed(HandOver), private)
    return router


async def week(message: Message, desk: Desk, person: Person | None) -> None:
    """The roster; `/duty edit` goes straight to its changes."""
    session, station, t, calendar, now = desk.session, desk.station, desk.t, desk.house.calendar, desk.now
    permissions.must(Deed.ROSTER, permissions.there(station))
    if (message.text or "").split()[1:2] == ["edit"] and person is not None:
        permissions.must(Deed.ROSTER_WRITE, await permissions.standing(session, person, station))
        screen = await rostering.days(session, station, t, calendar, now)
    else:
        screen = await rosters.week(session, station, _monday(calendar.day_of(now)), t, calendar, now)
    await message.reply(screen[0], reply_markup=markup(screen[1]))


async def mine(event: Message | CallbackQuery, talk: Talk) -> None:
    """One's own shifts, in private."""
    found = await turns.of_person(talk.session, talk.person, talk.house.calendar, talk.now)
    if not found:
        raise Refusal("duty.none_of_yours")
    await show(event, *rosters.own_turns(talk.person, found, talk.t, talk.now, lead=False, private=True))


async def roster(query: CallbackQuery, press: Roster, desk: Desk) -> None:
    """A look at another week, or a step of a change."""
    session, station, t, calendar, now = desk.session, desk.station, desk.t, desk.house.calendar, desk.now
    someone = await desk.may_here(Deed.ROSTER)
    match press.step:
        case "week":
            monday = _monday(_day(press.value) if press.value else calendar.day_of(now))
            await show(query, *await rosters.week(session, station, monday, t, calendar, now))
        case "swap":
            found = await turns.of_person(session, someone, calendar, now)
            here = [turn for turn in found if turn.shift.station_id == station.id]
            lead = permissions.may(Deed.SWAP, await permissions.standing(session, someone, station))
            screen = rosters.own_turns(someone, here, t, now, lead=lead, private=False)
            if isinstance(query.message, Message):
                # The roster stays for the others; whose shifts these are concerns one of them.
                await query.message.reply(screen[0], reply_markup=markup(screen[1]), allow_sending_without_reply=True)
        case "me":
            # Pressed by whoever wants to be on the list, while the lead has the screen open.
            found_shift = await _shift(desk, press.number)
            await show(query, *await rostering.shift(session, station, found_shift, t, calendar, now))
        case _:
            await show(query, *await _change(press, await desk.may_here(Deed.ROSTER_WRITE), desk))


async def _change(press: Roster, lead: Person, desk: Desk) -> Screen:
    """What a lead presses, and the screen that follows."""
    session, station, t, calendar, now = desk.session, desk.station, desk.t, desk.house.calendar, desk.now
    number = press.number
    match press.step:
        case "edit":
            return await rostering.days(session, station, t, calendar, now)
        case "day" if number in range(7):
            return await rostering.day(session, station, number, t, calendar, now)
        case "add" if number in range(7):
            return await rostering.spans(session, station, number, t, calendar, now)
        case "from" if number in range(7):
            return rostering.begins_at(number, t)
        case "to" if number in range(7):
            return rostering.ends_at(number, _clock(press.value), t)
        case "span":
            starts, ends = _clock(press.value[:4]), _clock(press.value[4:])
            found = await shifts.add(session, station, number, starts, ends, lead, calendar, now)
        case _:
            found = await _shift(desk, number)
    match press.step:
        case "who":
            known = {person.id: person for person in await colleagues.known(session, station, now)}
            on = (await shifts.on(session, [found.id]))[found.id]
            known |= {person.id: person for person in await colleagues.by_ids(session, on)}
            who = known.get(number_on(press.value))
            if who is None:
                raise Refusal("desk.old_button")
            await shifts.toggle(session, found, who, lead, now)
        case "repeat":
            await shifts.repeat(session, found, press.value == "weekly", lead, calendar, now)
        case "remove":
            return rostering.removing(found, t)
        case "sure":
            day = found.weekday
            await shifts.remove(session, found, lead, calendar, now)
            return await rostering.day(session, station, day, t, calendar, now)
        case "span" | "shift":
            pass
        case _:
            raise Refusal("desk.old_button")
    return await rostering.shift(session, station, found, t, calendar, now)


async def swap(query: CallbackQuery, press: Swapping, desk: Desk) -> None:
    """A step of a swap, in the group."""
    if press.step == "all":
        await desk.may_here(Deed.SWAP)
        calendar, now = desk.house.calendar, desk.now
        today = calendar.day_of(now)
        found = await turns.between(desk.session, desk.station, today, today + ONE_DAY * OTHERS_AHEAD, calendar)
        await show(query, *rosters.all_turns([turn for turn in found if turn.ends > now], desk.t, now))
        return
    await _swap(query, press, desk, desk.station, desk.member())


async def swap_alone(query: CallbackQuery, press: Swapping, talk: Talk) -> None:
    """The same in private: of one's own shifts, and of what one was asked oneself."""
    await _swap(query, press, talk, None, talk.person)


async def _swap(
    query: CallbackQuery, press: Swapping, occasion: Occasion, here: Station | None, someone: Person
) -> None:
    """`here` is None in private."""
    session, t, calendar, now = occasion.session, occasion.t, occasion.house.calendar, occasion.now
    if press.step in ("yes", "no"):
        offered = await session.get(shifts.Swap, press.number)
        if offered is None:
            raise Refusal("swap.gone")
        place = (await shifts.get(session, offered.shift_id)).station_id
        # In private nobody is seen to be of the group: only who was asked by name counts there.
        asked = here is None and someone.id in (offered.asked_id, offered.giver_id)
        of_the_place = permissions.there(here) if here is not None and here.id == place else frozenset()
        permissions.must(Deed.SWAP_ANSWER, {Who.ASKED} if asked else of_the_place)
        do = swaps.take if press.step == "yes" else swaps.decline
        await do(session, press.number, someone, calendar, now)
        await session.flush()
        await show(query, *await rosters.swap(session, press.number, t, calendar, now))
        return
    day, giver_id, *rest = [*press.value.split("."), ""][:3]
    station, turn = await turns.of_shift(session, press.number, _day(day), calendar)
    giver = await session.get(Person, number_on(giver_id))
    if giver is None or (here is not None and here.id != station.id):
        raise Refusal("desk.old_button")
    own = giver.id == someone.id
    who = await permissions.standing(session, someone, here) if here is not None else frozenset()
    permissions.must(Deed.SWAP, {Who.ON_DUTY} if own else who)
    people = await colleagues.known(session, station, now)
    if press.step == "pick":
        await show(query, *rosters.to_whom(turn, giver, people, t, now, consent=own, private=here is None))
        return
    taker_id = number_on(rest[0])
    taker = next((person for person in people if person.id == taker_id), None)
    if press.step != "to" or (taker is None and not (own and taker_id == 0)):
        raise Refusal("desk.old_button")
    when = rosters.when(turn.begins, turn.ends, t, now)
    if own:
        await swaps.offer(session, station, turn, giver, taker, calendar, now)
        await show(query, t("swap.offered", name=taker.name, when=when) if taker else t("swap.offered_all", when=when))
    else:
        assert taker is not None
        await swaps.assign(session, station, turn, giver, taker, someone, calendar, now)
        await show(query, t("swap.assigned", giver=giver.name, taker=taker.name, when=when))


async def sign(query: CallbackQuery, press: HandOver, desk: Desk) -> None:
    """One side of a handover gives its word."""
    someone = await desk.may_here(Deed.SIGN)
    handover, _ = await handovers.get(desk.session, press.number)
    if handover.station_id != desk.station.id:
        raise Refusal("handover.gone")
    side = Side.INCOMING if press.incoming else Side.OUTGOING
    await _signed(query, press.number, side, someone, desk)


async def sign_alone(query: CallbackQuery, press: HandOver, talk: Talk) -> None:
    """The same in private: whoever was asked by name."""
    _, sides = await handovers.get(talk.session, press.number)
    asked = any(talk.person.id in each.people for each in sides)
    permissions.must(Deed.SIGN, {Who.ASKED} if asked else ())
    side = Side.INCOMING if press.incoming else Side.OUTGOING
    await _signed(query, press.number, side, talk.person, talk)


async def _signed(query: CallbackQuery, number: int, side: Side, someone: Person, at: Occasion) -> None:
    """Their word, and the message that was pressed as it stands now: also where the word has been given elsewhere, in
    private or in the group, since it was written.
    """
    try:
        await handovers.sign(at.session, number, side, someone, at.now)
    except Refusal as refusal:
        if refusal.key != "handover.signed_already":
            raise
        await query.answer(plain_sentence(refusal, at.t), show_alert=True)
    await at.session.flush()
    await show(query, *await handing_over.draw(at.session, number, at.t, at.now))


async def _shift(desk: Desk, number: int) -> Shift:
    found = await shifts.get(desk.session, number)
    if found.station_id != desk.station.id:
        raise Refusal("shift.gone")
    return found


def _monday(day: date) -> date:
    return day - ONE_DAY * day.weekday()


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, DATE).date()  # noqa: DTZ007  (a date has no zone)
    except ValueError:
        raise Refusal("desk.old_button") from None


def _clock(text: str) -> time:
    try:
        return datetime.strptime(text, CLOCK).time()  # noqa: DTZ007
    except ValueError:
        raise Refusal("desk.old_button") from None
