"""A sealed report about somebody of the staff (举报). Its screens go out sealed: no row of them tells what it says.

/report ─▶ what it is ─▶ whom it is about ─▶ a supervising teacher? ─▶ (which one?) ─▶ words ─▶ name ─▶ preview ─▶ sent
                     └▶ one's own reports ─▶ one of them ─▶ add words

From each step one goes back to the one before it; nothing that was said is lost on the way, nor by looking at something
else: every way back leads to it, as to a ticket's draft.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot import menus
from bot.contents import kept_of, says_something
from bot.filters import Going, Pressed
from bot.keyboards import Go, button, keyboard
from bot.menus import Step
from bot.sealed import ABOUT_LENGTH, Tell, own_keys, own_text, screen
from bot.summaries import excerpt
from bot.untrusted import inline
from handlers.students.new import held_with
from handlers.students.talk import Private, Talk
from handlers.students.walk import New, Walk, parts_of
from models import cases, casework, permissions, sealed
from models.cases import Case, Head, Report
from models.errors import Refusal
from models.people import Role
from models.permissions import Deed, Who


class Reporting(StatesGroup):
    """The steps; typed words mean something in `about`, `words` and `adding`."""

    about = State()
    supervisor = State()
    words = State()
    name = State()
    preview = State()
    adding = State()


BEFORE = {
    Reporting.supervisor.state: Reporting.about,
    Reporting.words.state: Reporting.supervisor,
    Reporting.name.state: Reporting.words,
    Reporting.preview.state: Reporting.name,
}
"""The step before each."""


def router() -> Router:
    """This conversation's handlers."""
    router = Router(name="report")
    private = Private()
    router.message.register(explain, Command("report"), private)
    router.callback_query.register(explain, Going("report"), private)
    router.callback_query.register(step, Pressed(Tell), private)
    router.callback_query.register(go_on, F.data == Step("on").pack(), private, StateFilter(*BEFORE))
    router.message.register(words, private, StateFilter(Reporting), ~F.text.startswith("/"))
    return router


async def is_drafting(talk: Talk) -> bool:
    """Whether somebody is on their way through a draft, or has begun to say what a report is about."""
    at = await talk.state.get_state()
    return at in New or at in BEFORE


async def go_on(query: CallbackQuery, talk: Talk) -> None:
    """Back to the report from a look at something else."""
    await step(query, Tell("stay"), talk)


async def back_to_draft(query: CallbackQuery, walk: Walk) -> None:
    """The same to whichever is being written."""
    if await walk.state.get_state() in BEFORE:
        await go_on(query, walk)
    else:
        await walk.go_on()


async def explain(event: Message | CallbackQuery, talk: Talk) -> None:
    """What it is for, who receives it and what happens; and when nobody can receive it yet, that it would wait. Whoever
    is writing one comes back to it.
    """
    if await talk.state.get_state() in BEFORE:
        await _ask(event, await talk.state.get_data(), talk)
        return
    left = await talk.leave()
    rows = [[button(talk.t.plain("report.begin"), Tell("begin"))]]
    if await cases.of_reporter(talk.session, talk.person, talk.house.vault):
        rows.append([button(talk.t.plain("report.mine"), Tell("list"))])
    text = left + talk.t("report.explain", days=talk.house.forget_after.days)
    if not await cases.readers_room(talk.session, talk.house.vault):
        text += "\n\n" + talk.t("report.nobody_there")
    await _show(event, text, keyboard([*rows, [menus.way_home(talk.t)]]), talk)


async def _show(event: Message | CallbackQuery, text: str, keys: dict[str, Any], talk: Talk) -> None:
    on = event.message.message_id if isinstance(event, CallbackQuery) and event.message else None
    await _post(screen(text, keys, on), talk)


async def _post(facts: dict[str, Any], talk: Talk) -> None:
    await sealed.post(talk.session, facts, talk.house.vault, talk.now, chat_id=talk.person.telegram_id)


async def step(query: CallbackQuery, press: Tell, talk: Talk) -> None:
    """A press; what has been said so far is kept sealed with the conversation."""
    t = talk.t
    data = await talk.state.get_data()
    if press.to in ("list", "view", "add"):
        await _own(query, press, talk)
        return
    if press.to == "begin":
        left = await talk.leave()
        await talk.state.set_state(Reporting.about)
        await _show(query, left + t("report.about"), keyboard([[menus.way_out(t)]]), talk)
        return
    if await talk.state.get_state() not in Reporting or "about" not in data:
        raise Refusal("old.button")
    match press.to:
        case "yes":
            rows = [
                [button(inline(each.name, 40), Tell("who", str(each.id)))]
                for each in await cases.holding(talk.session, Role.SUPERVISOR)
            ]
            rows.append([button(t.plain("report.not_listed"), Tell("who", "0"))])
            below = [button(t.plain("nav.back"), Tell("stay")), menus.way_out(t)]
            await _show(query, t("report.which"), keyboard([*rows, below]), talk)
            return
        case "stay":
            pass
        case "back":
            before = BEFORE.get(await talk.state.get_state() or "")
            if before is None:
                raise Refusal("old.button")
            await talk.state.set_state(before)
        case "no" | "who":
            data |= {"supervisor": press.to == "who", "recused": None}
            if press.to == "who" and press.value != "0":
                found = [p for p in await cases.holding(talk.session, Role.SUPERVISOR) if str(p.id) == press.value]
                if not found:
                    raise Refusal("old.button")
                data["recused"] = found[0].telegram_id
            await talk.state.set_data(data)
            await talk.state.set_state(Reporting.words)
        case "words" if says_something([content for content, _ in parts_of(data)]):
            await talk.state.set_state(Reporting.name)
        case "named" | "anonymous":
            data["named"] = press.to == "named"
            await talk.state.set_data(data)
            await talk.state.set_state(Reporting.preview)
        case "send" if press.value != _shown(data):
            # What is sent is what is seen: an earlier preview showed something else.
            await query.answer(t.plain("draft.changed"), show_alert=True)
        case "send" if {"supervisor", "named"} <= data.keys() and data.get("parts"):
            permissions.must(Deed.REPORT, (Who.STRANGER,))
            name = talk.person.name if data["named"] else None
            head = Head(data["about"], data["supervisor"], data["recused"], name)
            report = Report(head, [content for content, _ in parts_of(data)])
            await casework.file(talk.session, report, talk.person, talk.house, talk.now)
            await talk.state.clear()
            await _show(query, t("report.sent"), menus.back_home(t), talk)
            return
        case _:
            if press.to != "words":
                raise Refusal("old.button")
            raise Refusal("draft.says_nothing" if data.get("parts") else "draft.nothing_yet")
    await _ask(query, data, talk)


def _shown(data: Mapping[str, Any]) -> str:
    """By what the newest preview is known from an earlier one: everything that it shows."""
    said = [data.get(each) for each in ("about", "supervisor", "recused", "named", "parts")]
    return f"{zlib.crc32(json.dumps(said).encode()):08x}"


async def _ask(event: Message | CallbackQuery, data: dict[str, Any], talk: Talk, before: str = "") -> None:
    """The question of the step the conversation is at."""
    t = talk.t
    at, parts = await talk.state.get_state(), [content for content, _ in parts_of(data)]
    out = [*([button(t.plain("nav.back"), Tell("back"))] if at in BEFORE else []), menus.way_out(t)]
    match at:
        case Reporting.about.state:
            text, rows = t("report.about"), []
        case Reporting.supervisor.state:
            text = t("report.is_supervisor", about=inline(data["about"], ABOUT_LENGTH))
            rows = [[button(t.plain("report.no"), Tell("no")), button(t.plain("report.yes"), Tell("yes"))]]
        case Reporting.words.state:
            text = t.n("report.collected", len(parts), words=excerpt(parts)) if parts else t("report.words")
            rows = [[button(t.plain("new.continue"), Tell("words"))]] if parts else []
        case Reporting.name.state:
            text = t("report.name")
            rows = [[button(t.plain(f"report.{n}"), Tell(n))] for n in ("anonymous", "named")]
        case _:
            who = talk.person.name if data["named"] else t.plain("case.anonymous")
            about = inline(data["about"], ABOUT_LENGTH)
            text = t("report.preview", about=about, who=who, count=len(parts), words=excerpt(parts))
            rows = [[button(t.plain("report.send"), Tell("send", _shown(data)))]]
    await _show(event, before + text, keyboard([*rows, out]), talk)


async def words(message: Message, talk: Talk) -> None:
    """Whom it is about, what happened, or more of it."""
    data, at, kept = await talk.state.get_data(), await talk.state.get_state(), ""
    if at == Reporting.adding.state and "code" in data:
        case = await mine(talk, data["code"])
        await casework.add(talk.session, case, [kept_of(message)], talk.house, talk.now)
        await _show(message, talk.t("report.added", code=case.code), own_keys(talk.t, case), talk)
        return
    if at == Reporting.about.state or "about" not in data:
        about = " ".join((message.text or "").split())
        if not about or len(about) > ABOUT_LENGTH:
            raise Refusal("report.about_short", most=ABOUT_LENGTH)
        data["about"] = about
        await talk.state.set_state(Reporting.supervisor)
    else:
        data["parts"] = held_with(data.get("parts", []), message)
        if at == Reporting.supervisor.state:
            kept = talk.t("draft.taken") + "\n\n"
        else:
            await talk.state.set_state(Reporting.words)
    await talk.state.set_data(data)
    await _ask(message, data, talk, kept)


async def mine(talk: Talk, code: str) -> Case:
    """A report of theirs. Raises Refusal for any other."""
    case = await cases.by_code(talk.session, code)
    who = await cases.standing(talk.session, case, talk.person, talk.person.telegram_id, talk.house.vault)
    permissions.must(Deed.REPORT_FOLLOW, who)
    return case


async def _own(query: CallbackQuery, press: Tell, talk: Talk) -> None:
    t = talk.t
    if press.to == "list":
        sent = await cases.of_reporter(talk.session, talk.person, talk.house.vault)
        rows = [[button(f"R-{c.code} · {t.plain(f'case.state.{c.state}')}", Tell("view", c.code))] for c in sent[:20]]
        back = [button(t.plain("nav.back"), Go("report"))]
        await _show(query, t("report.list"), keyboard([*rows, back]), talk)
        return
    case = await mine(talk, press.value)
    if press.to == "add":
        left = await talk.leave()
        await talk.state.set_state(Reporting.adding)
        await talk.state.set_data({"code": case.code})
        # Its first line says what a reply to it is about.
        await _post(screen(f"{t('report.say_more', code=case.code)}\n\n{left}".rstrip(), None), talk)
        return
    lines = await cases.lines_of(talk.session, case, talk.house.vault)
    text = own_text(case, cases.head_of(case, talk.house.vault), lines, t, talk.now)
    await _post(screen(text, own_keys(t, case)), talk)
