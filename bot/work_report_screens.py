"""/workreport in a chat: which reports there are, how far one is, where people write, and what is asked on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.keyboards import Press, button, keyboard, number_on
from bot.reports import numbers
from bot.texts import Texts, cut
from bot.untrusted import lines
from bot.work_report import Writer, place_name, places
from models.errors import Refusal
from models.union.floors import State as Light
from models.union.report_tickets import RATES
from models.union.reporting import Findings
from models.union.work_reports import DECISION_LENGTH, WORDS_LENGTH, Spell, State, WorkReport

LABEL = 48
QUOTED = 300
SIGNS = {State.DRAFT: "📝", State.FINAL: "📄", State.HEARD: "✅"}
DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


@dataclass(frozen=True)
class Reporting(Press, prefix="wr"):
    """On a report: list, make (with the kind), one, renew, words, write and clear (with the place's number), finish,
    finish_sure, files (with the language), send, send_sure, meeting, record, correct, correct_sure.
    """

    act: str
    report: int
    choice: str = "-"


def opens(report: WorkReport, t: Texts) -> dict[str, Any]:
    """Leads to a report from below a letter."""
    return keyboard([[button(t.plain("work_report.open"), Reporting("one", report.id))]])


def title(kind: str, period: str, t: Texts) -> str:
    """What it is and of when, as plain words."""
    return t.plain(f"work_report.title.{kind}", period=period)


def _row(report: WorkReport, t: Texts) -> str:
    edition = t.plain("work_report.edition", edition=report.edition) if report.edition > 1 else ""
    return f"{SIGNS[report.state]} {title(report.kind, report.period, t)}{edition}"


# ---------------------------------------------------------------- all of them


def listed(
    spells: Sequence[Spell], found: Sequence[WorkReport], *, may_write: bool, t: Texts
) -> tuple[str, dict[str, Any]]:
    """What is due now, and what was made before, the newest first."""
    there = {(report.kind, report.period) for report in found}
    rows = []
    for spell in spells:
        if (spell.kind, spell.name) not in there and may_write:
            make = t.plain("work_report.make", title=title(spell.kind, spell.name, t))
            rows.append([button(cut(make, LABEL), Reporting("make", 0, str(spell.kind)))])
    rows += [[button(cut(_row(report, t), LABEL), Reporting("one", report.id))] for report in found]
    return t("work_report.list" if rows else "work_report.list_none"), keyboard(rows)


# ---------------------------------------------------------------- one


def one(
    report: WorkReport,
    findings: Findings | None,
    *,
    may_write: bool,
    languages: Mapping[str, str],
    newest: bool,
    t: Texts,
    now: datetime,
) -> tuple[str, dict[str, Any]]:
    """How far it is, the figures that everybody asks for first, and what can be done; `languages` by their names."""
    parts = [_head(report, t)]
    if report.counting:
        parts.append(t("work_report.being_counted"))
    if findings is not None:
        parts.append("\n".join(_figures(findings, t, now)))
        written = sum(place in report.words for place in places(report, findings))
        parts.append(t("work_report.written", written=written, of=len(places(report, findings))))
    parts += _ended(report, t, now)
    rows: list[list[Any]] = []

    def add(key: str, act: str) -> None:
        rows.append([button(t.plain(f"work_report.{key}"), Reporting(act, report.id))])

    if findings is not None:
        prefix = t.plain("work_report.files")
        rows.append([button(f"{prefix} {name}", Reporting("files", report.id, key)) for key, name in languages.items()])
    if may_write and report.state is State.DRAFT:
        if findings is not None:
            add("write", "words")
        if not report.counting:
            add("renew", "renew")
            if findings is not None:
                add("finish", "finish")
    elif may_write:
        if report.state is State.FINAL:
            add("meeting", "meeting")
        add("send", "send")
        if newest:
            add("correct", "correct")
    rows.append([button(t.plain("work_report.back"), Reporting("list", 0))])
    return "\n\n".join(part for part in parts if part), keyboard(rows)


def _head(report: WorkReport, t: Texts) -> str:
    state = t.plain(f"work_report.state.{report.state}")
    key = "work_report.head" if report.replaces_id is None else "work_report.head_replaces"
    params = {"edition": report.edition, "earlier": report.edition - 1}
    return t(key, sign=SIGNS[report.state], title=title(report.kind, report.period, t), state=state, **params)


def _figures(findings: Findings, t: Texts, now: datetime) -> list[str]:
    found = [t("work_report.counted_at", at=t.stamp(findings.counted_at, now))]
    filed = findings.total("filed")
    if filed is not None:
        found.append(t("figure.filed", count=filed.value))
    for name in RATES:
        figure = findings.total(name)
        if figure is None:
            continue
        if figure.share is not None and figure.share.rate.of:
            found.append(t(f"figure.{name}", **numbers(figure.share)))
        else:
            why = t.plain("figure.few", cell=findings.cell) if figure.hidden else t.plain("figure.nothing")
            found.append(t("figure.one_withheld", name=t.plain(f"figure_name.{name}"), why=why))
    green = sum(floor.state == Light.GREEN for floor in findings.floors)
    return [*found, t("work_report.floors", hits=green, of=len(findings.floors))]


def _ended(report: WorkReport, t: Texts, now: datetime) -> list[str]:
    found = []
    if report.finished_at is not None:
        found.append(t("work_report.finished", at=t.stamp(report.finished_at, now)))
    if report.sent_at is not None:
        found.append(t("work_report.sent", at=t.stamp(report.sent_at, now)))
    if report.met_on is not None:
        decision = lines(report.decision or "")
        found.append(t("work_report.heard_on", day=t.full_day(report.met_on), decision=decision))
    return ["\n".join(found)]


# ---------------------------------------------------------------- what people write


def words(writer: Writer) -> tuple[str, dict[str, Any]]:
    """Every place where people write, and whether somebody has."""
    rows = []
    for number, place in enumerate(places(writer.report, writer.findings)):
        sign = "✅" if place in writer.report.words else "✏️"
        label = cut(f"{sign} {place_name(place, writer)}", LABEL)
        rows.append([button(label, Reporting("write", writer.report.id, str(number)))])
    rows.append([button(writer.t.plain("work_report.back_one"), Reporting("one", writer.report.id))])
    return writer.t("work_report.write_where"), keyboard(rows)


def place_of(writer: Writer, choice: str) -> str:
    """The place that a button names. Raises Refusal when there is none any more."""
    known = places(writer.report, writer.findings)
    number = number_on(choice)
    if number >= len(known):
        raise Refusal("old.button")
    return known[number]


def write_here(writer: Writer, place: str) -> tuple[str, dict[str, Any]]:
    """What to write, and what stands there already."""
    t, report = writer.t, writer.report
    said = report.words.get(place)
    rows = []
    if said is not None:
        number = str(places(report, writer.findings).index(place))
        rows.append([button(t.plain("work_report.clear"), Reporting("clear", report.id, number))])
    rows.append([button(t.plain("work_report.back_words"), Reporting("words", report.id))])
    text = t("work_report.write_here", place=place_name(place, writer), most=WORDS_LENGTH)
    if said is not None:
        text += "\n\n" + t("work_report.stands_there", said=lines(said))
    return text, keyboard(rows)


# ---------------------------------------------------------------- before it is done


def sure(report: WorkReport, act: str, t: Texts, **params: Any) -> tuple[str, dict[str, Any]]:
    """Once more before finish, send, or correct."""
    yes = button(t.plain(f"work_report.{act}_yes"), Reporting(f"{act}_sure", report.id, str(report.version)))
    back = button(t.plain("work_report.back_one"), Reporting("one", report.id))
    text = t(f"work_report.{act}_sure", title=title(report.kind, report.period, t), **params)
    missing = _missing(report) if act == "finish" else 0
    warned = [text, t("work_report.not_written", missing=missing)] if missing else [text]
    return "\n\n".join(warned), keyboard([[yes], [back]])


def _missing(report: WorkReport) -> int:
    """How many places people have not written yet."""
    if report.findings is None:
        return 0
    return sum(place not in report.words for place in places(report, report.findings))


def ask_day(report: WorkReport, t: Texts, today: date) -> tuple[str, dict[str, Any]]:
    """When did the committee meet?"""
    back = button(t.plain("work_report.back_one"), Reporting("one", report.id))
    return t("work_report.which_day", example=today.isoformat()), keyboard([[back]])


def day_of(text: str) -> date:
    """A day as people write it: 2027-01-12, 2027/1/12, 2027年1月12日. Raises Refusal for anything else."""
    found = DAY.fullmatch(text.strip())
    if found is None:
        raise Refusal("work_report.no_day")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise Refusal("work_report.no_day") from None


def ask_decision(report: WorkReport, day: date, t: Texts) -> tuple[str, dict[str, Any]]:
    """What did it decide?"""
    back = button(t.plain("work_report.back_one"), Reporting("one", report.id))
    return t("work_report.which_decision", day=t.full_day(day), most=DECISION_LENGTH), keyboard([[back]])


def to_record(report: WorkReport, day: date, decision: str, t: Texts) -> tuple[str, dict[str, Any]]:
    """What would be written down."""
    record = button(t.plain("work_report.record"), Reporting("record", report.id))
    back = button(t.plain("work_report.back_one"), Reporting("one", report.id))
    params = {"title": title(report.kind, report.period, t), "day": t.full_day(day), "decision": lines(decision)}
    return t("work_report.record_sure", **params), keyboard([[record], [back]])
