"""/audit and /export: what the office can look up of its own work, in its group, for the union's admins.

/audit 12 ─▶ the last steps of a ticket: who did what when
/audit surveys ─▶ who planned, put off, cancelled, published a survey, who asked a poll or a quiz, and when it closed
/export ─▶ which period? ─▶ (a minute) a file in the office's group
/export month xlsx complaint ▶
"""

from __future__ import annotations

from typing import Any

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message
from sqlalchemy import select

from bot import exports as files
from bot import menus, typed
from bot.filters import InGroup, Pressed, markup
from bot.menus import ExportPeriod
from bot.texts import UnknownText
from bot.untrusted import inline
from handlers.occasion import must_be_seen
from handlers.screens import show
from handlers.union.acting import Acting, Wherever
from models import exports, seals, stations
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.seals import Source, Step
from models.stations import Station
from models.tickets import Ticket

STEPS = 15
ASKING = (
    "survey_plan",
    "survey_put_off",
    "survey_cancel",
    "survey_words",
    "survey_publish",
    "poll_launch",
    "poll_close",
    "quiz_launch",
    "quiz_close",
)
"""What is done about surveys, polls and quizzes, as the records call it."""
NAME_LENGTH = 40


def router() -> Router:
    """These commands' handlers."""
    router = Router(name="records")
    router.message.register(audit, Command("audit"), InGroup(), Wherever())
    router.message.register(export, Command("export"), InGroup(), Wherever())
    router.callback_query.register(export_pressed, Pressed(ExportPeriod), InGroup(), Wherever())
    return router


async def audit(message: Message, command: CommandObject, acting: Acting) -> None:
    """The last steps of a ticket, or what was done about surveys, polls and quizzes."""
    must_be_seen(message, command)
    await acting.may(Deed.AUDIT)
    places = {each.key: acting.t.pick(each.names) for each in await acting.session.scalars(select(Station))}
    words, number = (command.args or "").strip(), typed.number(command.args or "")
    if words.casefold() in (word.casefold() for word in acting.toolbox.everywhere("mydata.surveys").values()):
        lines = [await _line(acting, step, places) for step in await seals.last_acts(acting.session, ASKING, STEPS)]
        await message.reply("\n".join([acting.t("audit.asking" if lines else "audit.asking_nothing"), *lines]))
        return
    if number is None:
        raise Refusal("audit.which")
    if await acting.session.get(Ticket, number) is None:
        raise Refusal("audit.unknown", number=number)
    steps = await seals.last_steps(acting.session, number, STEPS)
    lines = [await _line(acting, step, places) for step in steps]
    await message.reply(acting.t("audit.head", number=number) + "\n" + "\n".join(lines))


async def _line(acting: Acting, step: Step, places: dict[str, str]) -> str:
    staff = await acting.session.get(Person, step.staff_id) if step.staff_id is not None else None
    who = inline(staff.name, NAME_LENGTH) if staff is not None else ""
    to = step.detail.get("places") or [each for each in (step.detail.get("to"), step.detail.get("station")) if each]
    if to:
        who = f"{who} → {', '.join(places.get(str(each), str(each)) for each in to)}".strip()
    key = f"desk_event.{step.what}" if step.source is Source.EVENT else f"act.{step.what}"
    try:
        about = [step.detail[each] for each in ("survey", "poll", "quiz") if each in step.detail]
        what = acting.t.plain(key, number=about[0] if about else "")
    except UnknownText:
        # A step of a part of the program that has no words for it here.
        what = step.what
    moment = acting.t.stamp(step.at, acting.now)
    return acting.t("audit.line" if who else "audit.line_nobody", moment=moment, what=what, who=who)


async def export(message: Message, command: CommandObject, acting: Acting) -> None:
    """/export, with the period or without."""
    must_be_seen(message, command)
    admin = await acting.may(Deed.EXPORT)
    wish: dict[str, Any] = {"format": "xlsx", "language": acting.t.language}
    words = (command.args or "").lower().split()
    if not words:
        await message.reply(acting.t("export.which"), reply_markup=markup(menus.export_periods(acting.t)))
        return
    open_places = {place.key for place in await stations.open_desks(acting.session)}
    for word in words:
        if word in files.FORMATS:
            wish["format"] = word
        elif word in open_places:
            wish["station"] = word
        elif (named := files.filter_of(word, acting.settings, acting.t)) is not None:
            wish[named[0]] = named[1]
        else:
            wish |= _days(word, acting)
    if "from" not in wish:
        raise Refusal("export.which")
    await message.reply(await _ask(acting, wish, admin))


async def export_pressed(query: CallbackQuery, press: ExportPeriod, acting: Acting) -> None:
    """The same by buttons."""
    admin = await acting.may(Deed.EXPORT)
    if press.format not in files.FORMATS or press.period not in files.PERIODS:
        raise Refusal("desk.old_button")
    wish = {"format": press.format, "language": acting.t.language, **_days(press.period, acting)}
    await show(query, await _ask(acting, wish, admin))


def _days(period: str, acting: Acting) -> dict[str, str]:
    """The first and the last day of what is named so."""
    first, last = files.period(period, acting.now.astimezone(acting.settings.timezone).date(), acting.settings)
    return {"from": first.isoformat(), "to": last.isoformat()}


async def _ask(acting: Acting, wish: dict[str, Any], admin: Person) -> str:
    only = "".join(f"-{wish[each]}" for each in ("station", "kind", "category", "state") if each in wish)
    name = f"tickets{only}-{wish['from']}-{wish['to']}.{wish['format']}"
    await exports.ask(acting.session, name, wish, admin, acting.now)
    return acting.t("export.asked", name=name)
