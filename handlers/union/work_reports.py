"""/workreport: the semester's report to the Party committee and the year's self-assessment; in the office's and the
supervisors' groups /report is the same, which alone with the bot is a sealed report.

list ─▶ make ─▶ (counted by the clock) ─▶ one ─▶ write ─▶ where ─▶ words        (the presidium)
                                           ├─▶ count anew · finish (sure?) ─▶ final
                                           ├─▶ files in a language               (also the supervisors)
                                    final ─┼─▶ send to the report readers (sure?)
                                           ├─▶ the meeting: day ─▶ decision ─▶ preview ─▶ heard
                                           └─▶ correct (sure?) ─▶ a new edition
"""

from __future__ import annotations

from datetime import date

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, Filter, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import work_report_screens as screens
from bot.filters import Pressed
from bot.keyboards import must_be_as_shown, number_on
from bot.menus import LANGUAGE_NAMES
from bot.untrusted import verbatim
from bot.work_report import Writer
from bot.work_report_screens import Reporting
from handlers.occasion import leave, must_be_seen
from handlers.screens import respond
from handlers.union.acting import Acting, Wherever
from models import permissions
from models.errors import Refusal
from models.people import Person
from models.permissions import Deed
from models.stations import Station
from models.union import report_files, work_reports
from models.union.work_reports import WorkReport

SHOWN = 8


class ReportWriting(StatesGroup):
    """Being written: words of a report; the meeting's day, and what it decided, which then waits for a press."""

    words = State()
    day = State()
    decision = State()
    preview = State()


class AboveStations(Filter):
    """In the office's and the supervisors' groups: there /report is no student's."""

    async def __call__(self, message: Message, station: Station | None) -> bool:
        return station is not None and not station.serves


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="work reports")
    written = F.text & ~F.text.startswith("/")
    router.message.register(begin, Command("workreport"), Wherever())
    router.message.register(begin, Command("report"), AboveStations(), Wherever())
    for step, state in ((words, ReportWriting.words), (day, ReportWriting.day), (decision, ReportWriting.decision)):
        router.message.register(step, StateFilter(state), written, Wherever())
    router.callback_query.register(press_report, Pressed(Reporting), Wherever())
    return router


async def begin(message: Message, command: CommandObject, acting: Acting, state: FSMContext) -> None:
    """All of them; with a language, the newest of this semester as files in it."""
    must_be_seen(message, command)
    await acting.may(Deed.WORK_REPORTS)
    left = await leave(state, acting.t)
    language = (command.args or "").strip().lower()
    if language not in acting.house.languages:
        await _list(message, acting, left)
        return
    spell = work_reports.spells(acting.house.calendar, acting.now)[0]
    newest = await work_reports.newest(acting.session, spell.kind, spell.name)
    if newest is None:
        raise Refusal("work_report.none_yet")
    await _files(message, newest.id, language, acting, left)


async def press_report(query: CallbackQuery, press: Reporting, acting: Acting, state: FSMContext) -> None:
    """A press: whoever may read them looks and takes the files, the presidium does the rest."""
    by = await acting.may(Deed.WORK_REPORTS if press.act in ("list", "one", "files") else Deed.WORK_REPORTS_WRITE)
    session, calendar, now = acting.session, acting.house.calendar, acting.now
    if press.act in ("list", "one", "words") and await state.get_state() in ReportWriting:
        await state.clear()
    match press.act:
        case "list":
            await _list(query, acting)
        case "make":
            spells = work_reports.spells(calendar, now)
            spell = next((each for each in spells if each.kind == press.choice), None)
            if spell is None:
                raise Refusal("old.button")
            await _one(query, await work_reports.make(session, spell, calendar, now, by), acting)
        case "one":
            await _one(query, await work_reports.get(session, press.report), acting)
        case "renew":
            await _one(query, await work_reports.renew(session, press.report, calendar, now, by), acting)
        case "files" if press.choice in acting.house.languages:
            await _files(query, press.report, press.choice, acting)
        case "words" | "write" | "clear":
            await _writing(query, press, by, acting, state)
        case "finish" | "send" | "correct":
            report = await work_reports.get(session, press.report)
            await respond(query, *screens.sure(report, press.act, acting.t))
        case "finish_sure" | "send_sure" | "correct_sure":
            await _sure(query, press, by, acting)
        case "meeting" | "record":
            await _meeting(query, press, by, acting, state)
        case _:
            raise Refusal("old.button")


async def _sure(query: CallbackQuery, press: Reporting, by: Person, acting: Acting) -> None:
    session, now = acting.session, acting.now
    report = await work_reports.get(session, press.report)
    must_be_as_shown(report.version, number_on(press.choice))
    match press.act:
        case "finish_sure":
            await work_reports.finish(session, report.id, now, by)
        case "send_sure":
            await report_files.send_to_readers(session, report.id, acting.house.languages[0], now, by)
        case "correct_sure":
            report = await work_reports.correct(session, report.id, acting.house.calendar, now, by)
    await _one(query, report, acting)


async def _list(event: Message | CallbackQuery, acting: Acting, left: str = "") -> None:
    spells = work_reports.spells(acting.house.calendar, acting.now)
    found = await work_reports.listed(acting.session, SHOWN)
    text, keys = screens.listed(spells, found, may_write=await _may_write(acting), t=acting.t)
    await respond(event, left + text, keys)


async def _one(event: Message | CallbackQuery, report: WorkReport, acting: Acting) -> None:
    newest = await work_reports.newest(acting.session, report.kind, report.period)
    text, keys = screens.one(
        report,
        report.findings,
        may_write=await _may_write(acting),
        languages={each: LANGUAGE_NAMES[each] for each in acting.house.languages},
        newest=newest is not None and newest.id == report.id,
        t=acting.t,
        now=acting.now,
    )
    await respond(event, text, keys)


async def _may_write(acting: Acting) -> bool:
    """Whether what changes something is offered; the press asks by itself."""
    if acting.person is None:
        return False
    if acting.station is None:
        return permissions.may(Deed.WORK_REPORTS_WRITE, await permissions.alone(acting.session, acting.person))
    who = await permissions.standing(acting.session, acting.person, acting.station)
    return permissions.may(Deed.WORK_REPORTS_WRITE, who)


async def _files(event: Message | CallbackQuery, number: int, language: str, acting: Acting, left: str = "") -> None:
    report = await work_reports.get(acting.session, number)
    message = event.message if isinstance(event, CallbackQuery) else event
    if not isinstance(message, Message):
        raise Refusal("old.button")
    thread = message.message_thread_id if message.is_topic_message else None
    await report_files.want_files(acting.session, report.id, message.chat.id, thread, language)
    text = acting.t("work_report.drawn_soon", title=screens.title(report.kind, report.period, acting.t))
    await message.reply(left + text)


# ---------------------------------------------------------------- words


async def _writing(query: CallbackQuery, press: Reporting, by: Person, acting: Acting, state: FSMContext) -> None:
    report = await work_reports.get(acting.session, press.report)
    writer = _writer(report, acting)
    if press.act == "words":
        await respond(query, *screens.words(writer))
        return
    place = screens.place_of(writer, press.choice)
    if press.act == "clear":
        await work_reports.write(acting.session, report.id, place, None, acting.now, by)
        await state.clear()
        await respond(query, *screens.words(_writer(report, acting)))
        return
    left = await leave(state, acting.t)
    await state.set_state(ReportWriting.words)
    await state.set_data({"report": report.id, "place": place})
    text, keys = screens.write_here(writer, place)
    await respond(query, left + text, keys)


def _writer(report: WorkReport, acting: Acting) -> Writer:
    if report.findings is None:
        raise Refusal("work_report.counting")
    return Writer(report, report.findings, acting.settings, acting.t)


async def words(message: Message, acting: Acting, state: FSMContext) -> None:
    """What somebody writes at a place; it can be written anew until the report is final."""
    by = await acting.may(Deed.WORK_REPORTS_WRITE)
    data = await state.get_data()
    text = verbatim(message.text or "")
    await work_reports.write(acting.session, data["report"], data["place"], text, acting.now, by)
    await state.clear()
    report = await work_reports.get(acting.session, data["report"])
    shown, keys = screens.words(_writer(report, acting))
    await respond(message, acting.t("work_report.kept") + "\n\n" + shown, keys)


# ---------------------------------------------------------------- the meeting


async def _meeting(query: CallbackQuery, press: Reporting, by: Person, acting: Acting, state: FSMContext) -> None:
    calendar, now = acting.house.calendar, acting.now
    if press.act == "record":
        data = await state.get_data()
        if await state.get_state() != ReportWriting.preview.state or data.get("report") != press.report:
            raise Refusal("old.button")
        met = date.fromisoformat(data["day"])
        report = await work_reports.hear(acting.session, press.report, met, data["decision"], calendar, now, by)
        await state.clear()
        await _one(query, report, acting)
        return
    report = await work_reports.get(acting.session, press.report)
    work_reports.must_wait_for_meeting(report)
    left = await leave(state, acting.t)
    await state.set_state(ReportWriting.day)
    await state.set_data({"report": report.id})
    text, keys = screens.ask_day(report, acting.t, calendar.day_of(now))
    await respond(query, left + text, keys)


async def day(message: Message, acting: Acting, state: FSMContext) -> None:
    """The day of the meeting."""
    await acting.may(Deed.WORK_REPORTS_WRITE)
    report = await work_reports.get(acting.session, (await state.get_data())["report"])
    met = screens.day_of(message.text or "")
    work_reports.must_be_a_day(report, met, acting.house.calendar, acting.now)
    await state.set_state(ReportWriting.decision)
    await state.update_data(day=met.isoformat())
    await respond(message, *screens.ask_decision(report, met, acting.t))


async def decision(message: Message, acting: Acting, state: FSMContext) -> None:
    """What it decided; it is written down only after one more press."""
    await acting.may(Deed.WORK_REPORTS_WRITE)
    data, text = await state.get_data(), verbatim(message.text or "")
    report = await work_reports.get(acting.session, data["report"])
    work_reports.must_fit(text)
    await state.set_state(ReportWriting.preview)
    await state.update_data(decision=text)
    await respond(message, *screens.to_record(report, date.fromisoformat(data["day"]), text, acting.t))
