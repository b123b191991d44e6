"""/audit and /export: what the office can look up of its own work, in its group, for the union's admins.

/audit 12 ─▶ the last steps of a ticket: who did what when
/export ─▶ which period? ─▶ (a minute) a file in the office's group
/export month xlsx complaint ▶
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import exports as files
from bot import menus
from bot.filters import InGroup, Pressed, markup
from bot.menus import ExportPeriod
from bot.people import Presence, hidden
from bot.settings import Settings
from bot.texts import Texts, UnknownText
from bot.untrusted import inline
from handlers.screens import show
from handlers.staff.common import may_wherever
from models import exports, seals, stations
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.seals import Source, Step
from models.stations import Station
from models.tickets import Ticket

STEPS = 15
NAME_LENGTH = 40


def router() -> Router:
    """These commands' handlers."""
    router = Router(name="records")
    router.message.register(audit, Command("audit"), InGroup())
    router.message.register(export, Command("export"), InGroup())
    router.callback_query.register(export_pressed, Pressed(ExportPeriod), InGroup())
    return router


async def audit(
    message: Message,
    command: CommandObject,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    now: datetime,
    t: Texts,
) -> None:
    """The last steps of a ticket."""
    if hidden(message):
        raise Refusal("hidden.command", command="audit")
    await may_wherever(session, Deed.AUDIT, message, person, station, presence)
    number = (command.args or "").strip().lstrip("#")
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise Refusal("audit.which")
    if await session.get(Ticket, int(number)) is None:
        raise Refusal("audit.unknown", number=int(number))
    steps = await seals.last_steps(session, int(number), STEPS)
    places = {each.key: t.pick(each.names) for each in await session.scalars(select(Station))}
    lines = [await _line(session, step, places, t, now) for step in steps]
    await message.reply(t("audit.head", number=int(number)) + "\n" + "\n".join(lines))


async def _line(session: AsyncSession, step: Step, places: dict[str, str], t: Texts, now: datetime) -> str:
    staff = await session.get(Person, step.staff_id) if step.staff_id is not None else None
    who = inline(staff.name, NAME_LENGTH) if staff is not None else ""
    place = step.detail.get("to") or step.detail.get("station")
    if place:
        who = f"{who} → {places.get(str(place), str(place))}".strip()
    key = f"desk_event.{step.what}" if step.source is Source.EVENT else f"act.{step.what}"
    try:
        what = t.plain(key)
    except UnknownText:
        # A step of a part of the program that has no words for it here.
        what = step.what
    return t("audit.line" if who else "audit.line_nobody", moment=t.stamp(step.at, now), what=what, who=who)


async def export(
    message: Message,
    command: CommandObject,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    settings: Settings,
    now: datetime,
    t: Texts,
) -> None:
    """/export, with the period or without."""
    if hidden(message):
        raise Refusal("hidden.command", command="export")
    admin = await may_wherever(session, Deed.EXPORT, message, person, station, presence)
    wish: dict[str, Any] = {"format": "xlsx", "language": t.language}
    words = (command.args or "").lower().split()
    if not words:
        await message.reply(t("export.which"), reply_markup=markup(menus.export_periods(t)))
        return
    open_places = {place.key for place in await stations.open_desks(session)}
    for word in words:
        if word in files.FORMATS:
            wish["format"] = word
        elif word in open_places:
            wish["station"] = word
        elif (named := files.filter_of(word, settings, t)) is not None:
            wish[named[0]] = named[1]
        else:
            first, last = files.period(word, now.astimezone(settings.timezone).date(), settings)
            wish |= {"from": first.isoformat(), "to": last.isoformat()}
    if "from" not in wish:
        raise Refusal("export.which")
    await message.reply(await _ask(session, wish, admin, now, t))


async def export_pressed(
    query: CallbackQuery,
    press: ExportPeriod,
    person: Person | None,
    station: Station | None,
    presence: Presence | None,
    session: AsyncSession,
    settings: Settings,
    now: datetime,
    t: Texts,
) -> None:
    """The same by buttons."""
    admin = await may_wherever(session, Deed.EXPORT, query, person, station, presence)
    if press.format not in files.FORMATS or press.period not in files.PERIODS:
        raise Refusal("desk.old_button")
    first, last = files.period(press.period, now.astimezone(settings.timezone).date(), settings)
    wish = {"format": press.format, "language": t.language, "from": first.isoformat(), "to": last.isoformat()}
    await show(query, await _ask(session, wish, admin, now, t))


async def _ask(session: AsyncSession, wish: dict[str, Any], admin: Person, now: datetime, t: Texts) -> str:
    only = "".join(f"-{wish[each]}" for each in ("station", "kind", "category", "state") if each in wish)
    name = f"tickets{only}-{wish['from']}-{wish['to']}.{wish['format']}"
    await exports.ask(session, name, wish, admin, now)
    return t("export.asked", name=name)
