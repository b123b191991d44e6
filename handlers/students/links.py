"""/start with something behind it: a poster's QR code has led somebody here (`models/links.py`).

link ─▶ not known yet: consent ─▶ … ─▶ the station's buildings stand first
     └▶ known: which station this is ─▶ a ticket that begins there
A link with the campus code's proof also opens the door.
"""

from __future__ import annotations

from datetime import datetime

from aiogram import Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from sqlalchemy.ext.asyncio import AsyncSession

from bot import doors
from bot.doors import Here
from bot.filters import Pressed, Private
from bot.settings import Settings
from bot.texts import Texts
from handlers.screens import leave, show
from handlers.students import access as door
from handlers.students import new, start
from handlers.students.new import Walk
from models import access, links, stations
from models.access import Mode
from models.errors import Refusal
from models.house import House
from models.people import Person
from models.stations import Station


def router() -> Router:
    """Asked before the ordinary /start."""
    router = Router(name="links")
    private = Private()
    router.message.register(open_link, CommandStart(deep_link=True), private)
    router.callback_query.register(begin, Pressed(Here), private, let_in, new.walking)
    return router


async def let_in(_: CallbackQuery, person: Person, settings: Settings, session: AsyncSession) -> bool:
    """Filter: somebody who has agreed and is in; anybody else is asked at the door."""
    return person.agreed and await access.admitted(session, person, settings.access.mode)


async def open_link(
    message: Message,
    command: CommandObject,
    person: Person,
    t: Texts,
    settings: Settings,
    house: House,
    now: datetime,
    session: AsyncSession,
    state: FSMContext,
) -> None:
    """What the link says is checked; what is not ours or has ended is said, and it goes on as by /start."""
    link = links.read((command.args or "").strip(), house.vault, now)
    station = await stations.by_key(session, link.station) if link is not None else None
    proves = link is not None and link.rotation is not None
    if proves and settings.access.mode is Mode.CODE:
        assert link is not None
        assert link.rotation is not None
        if await access.holds(session, link.rotation, now):
            await access.let_in(session, person, house.vault)
    if station is None or station.closed:
        before, station = t("link.old") + "\n\n", None
    else:
        before = t("link.station", station=t.pick(station.names)) + "\n\n"
        await state.update_data(station=station.key)
    if not person.agreed:
        await start.ask_to_agree(message, t, house, state, before)
    elif not await access.admitted(session, person, settings.access.mode):
        await door.ask(message, t, settings, state, before)
    elif await state.get_state() in door.Access:
        await door.come_in(message, person, t, state)
    elif station is None:
        await start.to_menu(message, person, t, state, before)
    else:
        await _known(message, station, t, settings, state)


async def _known(message: Message, station: Station, t: Texts, settings: Settings, state: FSMContext) -> None:
    drafting = await state.get_state() in new.New
    if not drafting:
        # Only a button of this screen leads there: whoever goes elsewhere has gone.
        data = await state.get_data()
        data.pop("station", None)
        await state.set_data(data)
    names = ", ".join(t.pick(settings.building_names(key)) for key in settings.buildings_of(station.key))
    text = t("link.known", station=t.pick(station.names), buildings=names or "—")
    await show(message, text, doors.led_here(t, station.key, drafting=drafting))


async def begin(query: CallbackQuery, press: Here, walk: Walk, session: AsyncSession) -> None:
    """A ticket that begins at this station."""
    station = await stations.by_key(session, press.station)
    if station is None or station.closed:
        raise Refusal("old.button")
    left = await leave(walk.state, walk.t)
    walk.data = {"station": station.key}
    await walk.kinds(left)
