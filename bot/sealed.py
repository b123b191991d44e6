"""Sealed reports as people see them: the buttons on a case, and its letters, drawn when the courier gets to them.

Every letter is drawn only for those who may read the case at that moment (`cases.chats`); for anybody else there is
nothing to say. A case is known by its code in bold at the head of each message: a reply to it finds the case, and
the sign before the code says what the reply is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.calls import Call, Letter, say
from bot.keyboards import Go, Press, button, keyboard
from bot.summaries import excerpt
from bot.texts import Texts
from bot.toolbox import Toolbox
from bot.untrusted import inline, units
from models import cases, sealed, stations
from models.cases import Case, CaseState, Head, Line, Said
from models.casework import OUTCOMES
from models.house import House
from models.outbox import Outgoing
from models.people import Person
from models.words import Words

CODE = re.compile(r"R-([2-9A-Z]{4})\b")
"""A case, as it is named at the head of each message about it."""
ABOUT_LENGTH = 200
NAME_LENGTH = 40
SIGNS = {"ask": "❓", "note": "📝", "founded": "✅", "unfounded": "❎", "passed_on": "↗️"}
"""What a reply to a prompt with this sign is."""
SHOWN_STEPS = 6
LONGEST = 3800
"""Of what a message takes, as Telegram counts; the rest is for what says how much was left out."""


@dataclass(frozen=True)
class Tell(Press, prefix="zr"):
    """A student's step in reporting: begin, yes, no, who, words, named, anonymous, send, back, stay (where one is), and
    on a report of theirs view, add, list; with the code, or the number of who was picked.
    """

    to: str
    value: str = ""


@dataclass(frozen=True)
class Reported(Press, prefix="zl"):
    """The loose words belong to the report with this code."""

    code: str


@dataclass(frozen=True)
class Handle(Press, prefix="zc"):
    """A supervisor's step with a case: ack, ask, note, outcome, founded, unfounded, passed_on, all, card, room."""

    act: str
    code: str = ""


def screen(text: str, keys: dict[str, Any] | None, message_id: int | None = None) -> dict[str, Any]:
    """A finished screen as the facts of a sealed letter."""
    return {"what": "screen", "text": text, "keyboard": keys, "message_id": message_id}


# ---------------------------------------------------------------- keyboards


def card_keys(t: Texts, case: Case) -> dict[str, Any]:
    """What can be done with a case now."""

    def press(act: str) -> dict[str, Any]:
        return button(t.plain(f"case.do.{act}"), Handle(act, case.code))

    if case.state is CaseState.CLOSED:
        return keyboard([[press("all"), press("note")]])
    first = [press("ack")] if case.state is CaseState.SENT else []
    return keyboard([first, [press("ask"), press("note")], [press("outcome"), press("all")]])


def outcome_keys(t: Texts, case: Case) -> dict[str, Any]:
    """How it ended."""
    rows = [[button(t.plain(f"case.do.{name}"), Handle(name, case.code))] for name in OUTCOMES]
    return keyboard([*rows, [button(t.plain("nav.back"), Handle("card", case.code))]])


def _room_keys(t: Texts) -> dict[str, Any]:
    return keyboard([[button(t.plain("case.do.room"), Handle("room"))]])


def _reporter_keys(t: Texts, case: Case) -> dict[str, Any]:
    add = [] if case.state is CaseState.CLOSED else [button(t.plain("report.add"), Tell("add", case.code))]
    return keyboard([[*add, button(t.plain("report.view"), Tell("view", case.code))]])


def own_keys(t: Texts, case: Case) -> dict[str, Any]:
    """Under a report of one's own."""
    add = [] if case.state is CaseState.CLOSED else [button(t.plain("report.add"), Tell("add", case.code))]
    return keyboard([add, [button(t.plain("report.back"), Tell("list")), button(t.plain("nav.home"), Go("home"))]])


def offering(t: Texts, codes: Sequence[str], keys: dict[str, Any]) -> dict[str, Any]:
    """These keys below the reports that loose words may belong to: each by its code, as it stands in the chat."""
    rows = [[button(t.plain("loose.report", code=code), Reported(code))] for code in codes]
    return {"inline_keyboard": [*rows, *keys["inline_keyboard"]]}


# ---------------------------------------------------------------- what stands in them


def card_text(case: Case, head: Head, lines: Sequence[Line], t: Texts, house: House, now: datetime) -> str:
    """A case at a glance."""
    who = inline(head.name, NAME_LENGTH) if head.name else t.plain("case.anonymous")
    rows = [
        t("case.head", code=case.code, state=t.plain(f"case.state.{case.state}")),
        t("case.about", about=inline(head.about, ABOUT_LENGTH)),
        t("case.from", who=who),
        t("case.came", moment=t.stamp(case.filed_at, now)),
    ]
    if head.supervisor:
        rows.append(t("case.recusal"))
    if case.address is None and case.state is not CaseState.CLOSED:
        rows.append(t("case.reporter_gone"))
    words = excerpt([line.content for line in lines if line.said is Said.REPORTER])
    rows.append(t("case.words", words=words))
    if case.state is CaseState.SENT:
        key = "case.late" if case.due <= now else "case.due"
        rows.append(t(key, moment=t.stamp(case.due, now)))
    rows += [_step(line, t, now) for line in lines if line.said in (Said.STEP, Said.NOTE)][-SHOWN_STEPS:]
    if case.closed_at is None:
        rows.append(t("case.how"))
    else:
        rows.append(t("case.destroyed_on", moment=t.stamp(case.closed_at + house.forget_after, now)))
    return "\n".join(rows)


def _step(line: Line, t: Texts, now: datetime) -> str:
    name, moment = inline(line.by, NAME_LENGTH), t.stamp(line.at, now)
    if line.said is Said.NOTE:
        return t("case.noted", name=name, moment=moment, words=inline(excerpt([line.content]), ABOUT_LENGTH))
    what = t.plain(f"case.step.{line.content['type']}")
    words = inline(str(line.content.get("text", "")), ABOUT_LENGTH)
    return t("case.stepped", name=name, moment=moment, what=what, words=words).rstrip(" ·")


def own_text(case: Case, head: Head, lines: Sequence[Line], t: Texts, now: datetime) -> str:
    """A report as its reporter sees it: no notes, no supervisor's name. Of very many words the newest."""
    head_rows = [
        t("case.head", code=case.code, state=t.plain(f"case.state.{case.state}")),
        t("case.about", about=inline(head.about, ABOUT_LENGTH)),
        t("report.is_named" if head.name else "report.is_anonymous"),
    ]
    if not case.delivered:
        head_rows.append(t("report.waits"))
    elif case.state is CaseState.SENT:
        head_rows.append(t("case.late" if case.due <= now else "case.due", moment=t.stamp(case.due, now)))
    rows = []
    for line in lines:
        words = inline(excerpt([line.content]), ABOUT_LENGTH * 2)
        if line.said is Said.REPORTER:
            rows.append(t("report.you_said", moment=t.stamp(line.at, now), words=words))
        elif line.said is Said.SUPERVISOR:
            rows.append(t("report.they_said", moment=t.stamp(line.at, now), words=words))
        elif line.said is Said.STEP:
            text = inline(str(line.content.get("text", "")), ABOUT_LENGTH * 2)
            what = t.plain(f"case.step.{line.content['type']}")
            rows.append(t("report.step", moment=t.stamp(line.at, now), what=what, words=text).rstrip(" ·"))
    shown = _newest(rows, LONGEST - units("\n".join(head_rows)))
    if len(shown) < len(rows):
        head_rows.append(t.n("report.earlier", len(rows) - len(shown)))
    return "\n".join([*head_rows, *shown])


def _newest(rows: Sequence[str], room: int) -> Sequence[str]:
    """The last of these that fit into so many units, each whole: a cut might fall into a sign that is written out."""
    first = len(rows)
    while first and (room := room - units(rows[first - 1]) - 1) >= 0:
        first -= 1
    return rows[first:]


# ---------------------------------------------------------------- letters


async def draw(session: AsyncSession, row: Outgoing, toolbox: Toolbox, now: datetime, chat_id: int) -> Letter:
    """What a sealed letter says now; nothing to a chat in which the case may not be read (any more)."""
    vault = toolbox.house.vault
    facts = sealed.facts_of(row, vault)
    if facts["what"] == "screen":
        return Letter([_call(chat_id, facts["text"], facts["keyboard"], facts["message_id"])])
    t = await _texts(session, chat_id, toolbox)
    if facts["what"] == "waits":
        return Letter([_call(chat_id, t(facts["text"]), None)])
    if facts["what"] == "gate":
        place = await cases.room(session)
        here = place is not None and place.chat_id == chat_id
        if not here or await cases.is_confirmed(session, chat_id, vault):
            return Letter()
        return Letter([_call(chat_id, t("case.gate"), _room_keys(t))])
    case = await session.get_one(Case, facts["case"])
    if row.chat_id is None:
        reached = cases.reach(case, vault)
        return await _to_reporter(
            session, case, facts, toolbox.t(reached.language if reached else None), toolbox, now, chat_id
        )
    if chat_id not in await cases.chats(session, case, vault):
        return Letter()
    return await _to_handlers(session, case, facts, t, toolbox, now, chat_id)


async def _texts(session: AsyncSession, chat_id: int, toolbox: Toolbox) -> Texts:
    station = await stations.by_chat(session, chat_id)
    if station is not None:
        return toolbox.t(station.language)
    return toolbox.t(await session.scalar(select(Person.language).where(Person.telegram_id == chat_id)))


async def _to_reporter(
    session: AsyncSession, case: Case, facts: Mapping[str, Any], t: Texts, toolbox: Toolbox, now: datetime, chat_id: int
) -> Letter:
    keys = _reporter_keys(t, case)
    if facts["what"] == "notice":
        return Letter([_call(chat_id, _notice(case, facts, t, now), keys)])
    lines = await _lines(session, case, facts["words"], toolbox)
    return Letter(_words(lines, t("case.question", code=case.code), chat_id, keys))


async def _to_handlers(
    session: AsyncSession, case: Case, facts: Mapping[str, Any], t: Texts, toolbox: Toolbox, now: datetime, chat_id: int
) -> Letter:
    match facts["what"]:
        case "card":
            head, house = cases.head_of(case, toolbox.house.vault), toolbox.house
            text = card_text(case, head, await cases.lines_of(session, case, house.vault), t, house, now)
            return Letter([_call(chat_id, text, card_keys(t, case), facts["message_id"])])
        case "below":
            # The card shows how the words begin; whatever it cannot show whole stands below it.
            lines = await cases.lines_of(session, case, toolbox.house.vault)
            first = [line for line in lines if line.said is Said.REPORTER and line.at <= case.filed_at]
            contents = [line.content for line in first]
            whole = sum(len(str(content.get("text", ""))) for content in contents) <= len(excerpt(contents))
            lines = [line for line in first if line.content["type"] != "text" or not whole]
            return Letter(_each(lines, case, t, chat_id))
        case "everything":
            lines = await cases.lines_of(session, case, toolbox.house.vault)
            return Letter(_each([line for line in lines if line.said is not Said.STEP], case, t, chat_id))
        case "words":
            return Letter(_each(await _lines(session, case, facts["words"], toolbox), case, t, chat_id))
        case "prompt":
            text = t(f"case.prompt.{facts['act']}", sign=SIGNS[facts["act"]], code=case.code, name=facts["name"])
            return Letter([_call(chat_id, text, None)])
        case _:
            return Letter([_call(chat_id, _notice(case, facts, t, now), _look(t, case))])


def _look(t: Texts, case: Case) -> dict[str, Any]:
    return keyboard([[button(t.plain("case.do.card"), Handle("card", case.code))]])


def _notice(case: Case, facts: Mapping[str, Any], t: Texts, now: datetime) -> str:
    params = dict(facts["params"])
    if "due" in params:
        params["due"] = t.moment(datetime.fromisoformat(params["due"]), now)
    return t(facts["text"], code=case.code, **params)


async def _lines(session: AsyncSession, case: Case, numbers: Sequence[int], toolbox: Toolbox) -> list[Line]:
    return [line for line in await cases.lines_of(session, case, toolbox.house.vault) if line.id in numbers]


def _each(lines: Sequence[Line], case: Case, t: Texts, chat_id: int) -> list[Call]:
    calls: list[Call] = []
    for line in lines:
        key = {Said.REPORTER: "case.said", Said.SUPERVISOR: "case.answered", Said.NOTE: "case.remarked"}[line.said]
        header = t(key, code=case.code, name=inline(line.by, NAME_LENGTH))
        calls += _words([line], header, chat_id, None)
    return calls


def _words(lines: Sequence[Line], header: str, chat_id: int, keys: dict[str, Any] | None) -> list[Call]:
    said = [Words(id=line.id, content=dict(line.content), album=None) for line in lines]
    return [replace(call, shows=()) for call in say(said, header, {"chat_id": chat_id}, keys)]


def _call(chat_id: int, text: str, keys: dict[str, Any] | None, message_id: int | None = None) -> Call:
    params: dict[str, Any] = {
        "chat_id": chat_id,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if keys is not None:
        params["reply_markup"] = keys
    if message_id is None:
        return Call("sendMessage", params)
    return Call("editMessageText", {**params, "message_id": message_id})
