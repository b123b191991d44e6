"""/start with something behind it: a poster's QR code has led somebody here (`models/links.py`).

link ─▶ not known yet: consent ─▶ … ─▶ the station's buildings stand first
     └▶ known: which station this is ─▶ a ticket that begins there
A link with the campus code's proof also opens the door.
"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from bot import doors
from bot.doors import Here
from bot.filters import Pressed
from handlers.screens import show
from handlers.students import access as door
from handlers.students import start
from handlers.students.inline import OURS
from handlers.students.report import is_drafting
from handlers.students.talk import Private, Talk
from handlers.students.walk import Walk, walking
from models import access, links, stations
from models.access import Mode
from models.errors import Refusal
from models.stations import Station


def router() -> Router:
    """Asked before the ordinary /start."""
    router = Router(name="links")
    private = Private()
    router.message.register(start.start, CommandStart(deep_link=True, magic=F.args == OURS), private)
    router.message.register(open_link, CommandStart(deep_link=True), private)
    router.callback_query.register(begin, Pressed(Here), private, let_in, walking)
    return router


async def let_in(_: CallbackQuery, talk: Talk) -> bool:
    """Filter: somebody who has agreed and is in; anybody else is asked at the door."""
    return talk.person.agreed and await access.admitted(talk.session, talk.person, talk.settings.access.mode)


async def open_link(message: Message, command: CommandObject, talk: Talk) -> None:
    """What the link says is checked; what is not ours or has ended is said, and it goes on as by /start."""
    link = links.read((command.args or "").strip(), talk.house.vault, talk.now)
    station = await stations.by_key(talk.session, link.station) if link is not None else None
    proves = link is not None and link.rotation is not None
    if proves and talk.settings.access.mode is Mode.CODE:
        assert link is not None
        assert link.rotation is not None
        if await access.holds(talk.session, link.rotation, talk.now):
            await access.let_in(talk.session, talk.person, talk.house.vault)
    if station is None or station.closed:
        before, station = talk.t("link.old") + "\n\n", None
    else:
        before = talk.t("link.station", station=talk.t.pick(station.names)) + "\n\n"
        await talk.state.update_data(station=station.key)
    if not talk.person.agreed:
        await start.ask_to_agree(message, talk, before)
    elif not await access.admitted(talk.session, talk.person, talk.settings.access.mode):
        await door.ask(message, talk, before)
    elif await talk.state.get_state() in door.Access:
        await door.come_in(message, talk)
    elif station is None:
        await start.to_menu(message, talk, before)
    else:
        await _known(message, station, talk)


async def _known(message: Message, station: Station, talk: Talk) -> None:
    drafting = await is_drafting(talk)
    if not drafting:
        # Only a button of this screen leads there: whoever goes elsewhere has gone.
        data = await talk.state.get_data()
        data.pop("station", None)
        await talk.state.set_data(data)
    their = talk.settings.buildings_of(station.key)
    names = talk.t.plain("survey.and").join(talk.t.pick(talk.settings.building_names(key)) for key in their)
    text = talk.t("link.known", station=talk.t.pick(station.names), buildings=names or "—")
    await show(message, text, doors.led_here(talk.t, station.key, drafting=drafting))


async def begin(query: CallbackQuery, press: Here, walk: Walk) -> None:
    """A ticket that begins at this station."""
    station = await stations.by_key(walk.session, press.station)
    if station is None or station.closed:
        raise Refusal("old.button")
    left = await walk.leave()
    walk.data = {"station": station.key}
    await walk.kinds(left)
