"""/study as the office, a station's lead and whoever leads one sees it, and what those read who are called: study,
training and meetings, with their buttons.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from markupsafe import Markup, escape

from bot import scripts
from bot.calls import TEXT_LIMIT
from bot.keyboards import Press, button, keyboard
from bot.menus import LANGUAGE_NAMES
from bot.texts import Texts, cut
from bot.untrusted import inline, titled, without_mentions
from models.calendar import WorkCalendar
from models.errors import Refusal
from models.figures import Rate
from models.people import Person
from models.quizzes import Quiz
from models.union.gatherings import Attendance, Gathering, Kind, Part, Stage
from models.union.studies import KINDS, Coverage, Held

LABEL, PAGE, NAMES_A_PAGE, BUTTONS_A_PAGE = 48, 6, 20, 8
NAME, QUOTED = 40, 200
SIGNS = {Stage.PLANNED: "🗓", Stage.CALLED: "📣", Stage.HELD: "✅", Stage.CANCELLED: "✖️"}
PARTS = {
    Part.CAME: "✅",
    Part.COMING: "🟢",
    Part.INVITED: "⏳",
    Part.DECLINED: "🚫",
    Part.EXCUSED: "📝",
    Part.MISSED: "❌",
    Part.WAITING: "⏸",
}
TOLD = {
    Stage.CALLED: (Part.CAME, Part.COMING, Part.INVITED, Part.DECLINED, Part.EXCUSED),
    Stage.HELD: (Part.EXCUSED, Part.MISSED),
}
"""Which counts are told beside how many were called, where they are not 0."""
ONLY_CHAT = "✉️"
"""Beside the name of somebody who has no private chat with the bot, and hears of nothing there."""

Screen = tuple[str, dict[str, Any]]
Rows = list[list[dict[str, Any]]]


@dataclass(frozen=True)
class Gathered(Press, prefix="ge"):
    """On study and training, of who looks after it: list, new, one, change, title, whom, for, materials, nothing, quiz,
    take, ask, lead, leads, call, call_sure, cancel, cancel_sure, code, people, hand, there, reasons, accept, refuse,
    makeup_new, coverage, table; `value` is what was chosen.
    """

    act: str
    gathering: int
    value: str = "-"


@dataclass(frozen=True)
class Invited(Press, prefix="gi"):
    """Of somebody who is called: come, cannot, materials."""

    act: str
    gathering: int


@dataclass(frozen=True)
class View:
    """One of them, with what is said beside it."""

    gathering: Gathering
    counts: Mapping[Part, int]
    lead: Person | None
    quiz: Quiz | None
    answered: int
    """So many of those who were called have answered its quiz."""
    reasons: int
    """So many want to stay away and wait for an answer."""
    whom: Sequence[Mapping[str, str]]
    """The names of the places whose people it is for; none for all staff."""

    @property
    def called(self) -> int:
        """How many were called."""
        return sum(self.counts.values())


# ---------------------------------------------------------------- what is typed


def _when(text: str) -> re.Match[str] | None:
    day = r"(?:(?P<year>\d{4})\s*[-/.年]\s*)?(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号號]?"
    clock = r"(?P<{0}h>[01]?\d|2[0-3]):(?P<{0}m>[0-5]\d)"
    both = rf"{day},?\s+{clock.format('a')}\s*(?:-|–|—|~|至|到|to)\s*{clock.format('b')}"
    return re.fullmatch(both, unicodedata.normalize("NFKC", text).strip())


def read(text: str, calendar: WorkCalendar, now: datetime) -> tuple[str, datetime, datetime, str, str]:
    """What was written, one thing a line: title, when ("2026-10-20 15:00-17:00", without the year the next such day),
    place, and below what it is about; the title may be missing. Raises Refusal when there is no time or no place.
    """
    lines = [inline(line, TEXT_LIMIT) for line in text.splitlines()]
    lines = [line for line in lines if line]
    at = next((i for i, line in enumerate(lines[:2]) if _when(line)), None)
    if at is None:
        raise Refusal("study.no_time")
    found = _when(lines[at])
    assert found is not None
    if len(lines) < at + 2:
        raise Refusal("gathering.place_missing")
    today = calendar.day_of(now)
    try:
        day = date(int(found["year"] or today.year), int(found["month"]), int(found["day"]))
        if found["year"] is None and day < today:
            day = day.replace(year=day.year + 1)
    except ValueError:
        raise Refusal("study.no_day") from None
    starts, ends = (calendar.at(day, time(int(found[f"{x}h"]), int(found[f"{x}m"]))) for x in "ab")
    return lines[0] if at else "", starts, ends, lines[at + 1], " ".join(lines[at + 2 :])


def when(gathering: Gathering, t: Texts, now: datetime) -> str:
    """ "Tue 20 Oct 15:00–17:00"."""
    starts, ends = (each.astimezone(t.timezone) for each in (gathering.starts_at, gathering.ends_at))
    if starts.date() == ends.date():
        return f"{t.stamp(starts, now)}–{ends:%H:%M}"
    return f"{t.stamp(starts, now)} – {t.stamp(ends, now)}"


# ---------------------------------------------------------------- the list and one of them


def listed(
    found: Sequence[tuple[Gathering, Mapping[Part, int]]],
    page: int,
    more: bool,
    head: str,
    t: Texts,
    now: datetime,
    *,
    plans: bool,
    covers: bool,
) -> Screen:
    """The latest first; `plans` for who may plan one, `covers` where names may stand."""
    lines, rows = [head], []
    for gathering, counts in found:
        title = titled(t.pick(gathering.titles))
        lines.append(
            f"\n{SIGNS[gathering.stage]} <b>{gathering.id}</b> · {escape(_kind(gathering, t))} · {escape(title)}\n"
            f"{escape(when(gathering, t, now))} · {_how_far(gathering, counts, t, now)}"
        )
        rows.append([button(cut(f"{gathering.id} · {title}", LABEL), Gathered("one", gathering.id))])
    if not found:
        lines.append("\n" + t("study.none"))
    rows.append(_turns("list", 0, page, more))
    if plans:
        rows.append([button(t.plain(f"study.new.{kind}"), Gathered("new", 0, kind)) for kind in KINDS])
    if covers:
        rows.append([button(t.plain("study.coverage"), Gathered("coverage", 0, "0"))])
    return "\n".join(lines), keyboard(rows)


def head(term: str | None, studies: Sequence[Held], coverage: Coverage | None, t: Texts) -> str:
    """How the semester stands."""
    if term is None:
        return t("study.head")
    lines = [t("study.head_semester", semester=term), t("study.head_studies", count=len(studies))]
    if coverage is not None:
        lines.append(t("study.head_training", **share(coverage.rate)) if coverage.held else t("study.head_no_training"))
    return "\n".join(lines)


def share(rate: Rate) -> dict[str, int]:
    """A rate for a text: of all staff, so that there is no interval to tell."""
    return {"hits": rate.hits, "of": rate.of, "percent": 100 * rate.hits // max(rate.of, 1)}


def _kind(gathering: Gathering, t: Texts) -> str:
    return t.plain(f"study.{'makeup' if gathering.makes_up_id is not None else gathering.kind}")


def _turns(act: str, number: int, page: int, more: bool) -> list[dict[str, Any]]:
    back = [button("◀️", Gathered(act, number, str(page - 1)))] if page > 0 else []
    return back + ([button("▶️", Gathered(act, number, str(page + 1)))] if more else [])


def _how_far(gathering: Gathering, counts: Mapping[Part, int], t: Texts, now: datetime) -> str:
    key = f"study.stage.{gathering.stage}"
    if gathering.stage is Stage.PLANNED and gathering.starts_at <= now:
        key = "study.stage.never_called"
    if gathering.stage not in TOLD:
        return t(key)
    parts = [t(f"study.count.{part}", count=counts[part]) for part in TOLD[gathering.stage] if counts.get(part)]
    called, came = sum(counts.values()), counts.get(Part.CAME, 0)
    return t.plain("study.count.and").join([t(key, called=called, came=came), *parts])


def where(gathering: Gathering, t: Texts) -> str:
    """Where it is: written once, in one script, and read in the reader's."""
    return titled(scripts.as_read(t.language, gathering.place))


def facts(gathering: Gathering, t: Texts, now: datetime) -> str:
    """What it is, when and where: what everybody reads of it."""
    lines = [
        f"<b>{escape(_kind(gathering, t))} · {escape(titled(t.pick(gathering.titles)))}</b>",
        f"🕒 {escape(when(gathering, t, now))}",
        f"📍 {escape(where(gathering, t))}",
    ]
    about = t.pick(gathering.about or {})
    return "\n".join([*lines, *([str(escape(about))] if about else [])])


def one(
    view: View, t: Texts, now: datetime, languages: Sequence[str], *, names: bool, plans: bool, chooses: bool
) -> Screen:
    """One of them and what can be done with it: `names` where people may be named, `plans` for who may change the plan,
    `chooses` where it may be for others than one's own.
    """
    it = view.gathering
    whom = t.plain("survey.and").join(t.pick(each) for each in view.whom) or t.plain("study.all_staff")
    lines = [f"{SIGNS[it.stage]} {it.id} · " + facts(it, t, now), "", t("study.for", whom=whom)]
    if view.lead is not None and names:
        lines.append(t("study.lead_is", name=inline(view.lead.name, NAME)))
    if it.makes_up_id is not None:
        lines.append(t("study.makes_up", number=it.makes_up_id))
    if it.semester is None and it.kind is not Kind.MEETING:
        lines.append(t("study.counts_for_none"))
    if it.materials:
        lines.append(t("study.materials_are", count=len(it.materials)))
    if view.quiz is not None:
        question = inline(view.quiz.question, QUOTED)
        lines.append(t("study.quiz_is", question=question, answered=view.answered, called=view.called))
    lines += ["", _how_far(it, view.counts, t, now)]

    def way(act: str, **params: Any) -> dict[str, Any]:
        return button(t.plain(f"study.{act}", **params), Gathered(act, it.id))

    planned, called, held = it.stage is Stage.PLANNED, it.stage is Stage.CALLED, it.stage is Stage.HELD
    rows: Rows = []
    if planned and plans:
        rows.append([way("call")] if it.starts_at > now else [])
        rows += [
            [button(t.plain("survey_desk.in_language", language=LANGUAGE_NAMES[each]), Gathered("title", it.id, each))]
            for each in languages
            if each not in it.titles
        ]
        rows.append([way("change"), *([way("whom")] if chooses and it.makes_up_id is None else [])])
    rows.append([way("code")] if called else [])
    if (called or held) and names:
        rows.append([way("people"), way("hand")])
        rows.append([way("reasons", count=view.reasons)] if view.reasons else [])
        rows.append([way("table")])
    if planned or called:
        rows.append([way("materials"), way("quiz")])
        rows.append([way("lead")] if plans and names else [])
        rows.append([way("cancel")] if plans else [])
    if held and plans and it.kind is not Kind.MEETING:
        rows.append([way("makeup_new")])
    rows.append([button(t.plain("study.list"), Gathered("list", 0, "0"))])
    return "\n".join(lines), keyboard(rows)


def over(gathering: Gathering, counts: Mapping[Part, int], t: Texts, now: datetime) -> Screen:
    """It is over: how many came; for the office."""
    look = button(t.plain("study.look"), Gathered("one", gathering.id))
    return facts(gathering, t, now) + "\n\n" + _how_far(gathering, counts, t, now), keyboard([[look]])


def asked_off(gathering: Gathering, waiting: int, t: Texts) -> Screen:
    """So many want to stay away; who, is looked up."""
    text = t.n("study.asked_off", waiting, title=titled(t.pick(gathering.titles)))
    return text, keyboard([[button(t.plain("study.look"), Gathered("reasons", gathering.id))]])


def back_to(gathering: int, t: Texts) -> list[dict[str, Any]]:
    """The way back to it, or to the list."""
    press = Gathered("one", gathering) if gathering else Gathered("list", 0, "0")
    return [button(t.plain("nav.back"), press)]


def asked(key: str, gathering: int, t: Texts, **params: Any) -> Screen:
    """Something is to be written."""
    return t(key, **params), keyboard([back_to(gathering, t)])


def sure(view: View, act: str, count: int, silent: int, t: Texts, now: datetime) -> Screen:
    """Call it, or cancel it? `silent` have no private chat."""
    text = facts(view.gathering, t, now) + "\n\n" + t(f"study.{act}_ask", count=count)
    if silent:
        text += "\n" + t.n("study.silent", silent)
    yes = button(t.plain(f"study.{act}_sure"), Gathered(f"{act}_sure", view.gathering.id))
    return text, keyboard([[yes], back_to(view.gathering.id, t)])


def whom(gathering: Gathering, places: Sequence[tuple[str, Mapping[str, str]]], t: Texts) -> Screen:
    """For whom is it?"""
    rows = [[button(t.plain("study.all_staff"), Gathered("for", gathering.id, "-"))]]
    rows += [[button(t.pick(names), Gathered("for", gathering.id, key))] for key, names in places]
    return t("study.whom_ask"), keyboard([*rows, back_to(gathering.id, t)])


def materials(gathering: Gathering, t: Texts) -> Screen:
    """What is to be read?"""
    nothing = [button(t.plain("study.nothing"), Gathered("nothing", gathering.id))] if gathering.materials else []
    return t("study.materials_ask", count=len(gathering.materials)), keyboard([nothing, back_to(gathering.id, t)])


def quizzes(gathering: Gathering, known: Sequence[Quiz], t: Texts) -> Screen:
    """Which quiz belongs to it? One there is, or a new one in words."""
    rows = [
        [button(cut(f"{each.id} · {each.question}", LABEL), Gathered("take", gathering.id, str(each.id)))]
        for each in known
    ]
    return t("study.quiz_ask"), keyboard([*rows, back_to(gathering.id, t)])


def quiz_ready(gathering: Gathering, shown: str, groups: int, t: Texts) -> Screen:
    """The new quiz, before it is asked."""
    send = button(t.plain("quiz.send", count=groups), Gathered("ask", gathering.id))
    return shown, keyboard([[send], back_to(gathering.id, t)])


def choosing(
    gathering: Gathering, act: str, back: str, found: Sequence[Person], page: int, t: Texts, text: str
) -> Screen:
    """Somebody is to be chosen: who leads it, who is there."""
    start = page * BUTTONS_A_PAGE
    shown = found[start : start + BUTTONS_A_PAGE]
    rows = [[button(cut(inline(each.name, NAME), LABEL), Gathered(act, gathering.id, str(each.id)))] for each in shown]
    rows.append(_turns(back, gathering.id, page, len(found) > start + BUTTONS_A_PAGE))
    return text, keyboard([*rows, back_to(gathering.id, t)])


def people(view: View, found: Sequence[tuple[Person, Attendance]], page: int, t: Texts, now: datetime) -> Screen:
    """Who is what to it, by name; for the office, and whoever leads it. Who answered its quiz is not told: above each
    quiz stands that only how many did is.
    """
    start = page * NAMES_A_PAGE
    lines = [
        f"<b>{escape(_kind(view.gathering, t))} · {escape(titled(t.pick(view.gathering.titles)))}</b>",
        _how_far(view.gathering, view.counts, t, now),
        "",
    ]
    for person, place in found[start : start + NAMES_A_PAGE]:
        signs = [ONLY_CHAT] if not person.agreed else []
        signs += ["✋"] if place.part is Part.CAME and place.confirmed_by_id is not None else []
        lines.append(f"{PARTS[place.part]} {escape(inline(person.name, NAME))} {' '.join(signs)}".rstrip())
    used = sorted({place.part for _, place in found}, key=list(PARTS).index)
    legend = " · ".join(f"{PARTS[part]} {t.plain(f'gathering.part.{part}')}" for part in used)
    lines += ["", t("study.legend", parts=legend)]
    turns = _turns("people", view.gathering.id, page, len(found) > start + NAMES_A_PAGE)
    return "\n".join(lines), keyboard([turns, back_to(view.gathering.id, t)])


def reason(gathering: Gathering, person: Person, words: str, more: int, t: Texts) -> Screen:
    """Somebody wants to stay away: will that do?"""
    text = t("study.reason", name=inline(person.name, NAME), title=titled(t.pick(gathering.titles)), reason=words)
    if more:
        text += "\n\n" + t.n("study.reasons_more", more)
    rows = [
        [
            button(t.plain("study.accept"), Gathered("accept", gathering.id, str(person.id))),
            button(t.plain("study.refuse"), Gathered("refuse", gathering.id, str(person.id))),
        ],
        back_to(gathering.id, t),
    ]
    return text, keyboard(rows)


def covered(found: Coverage, page: int, t: Texts) -> Screen:
    """Whom the semester's training has not reached, by name; for the office."""
    start = page * NAMES_A_PAGE
    lines = [coverage_line(found, t), ""]
    names = [(person, "") for person in found.missing] + [(person, PARTS[Part.EXCUSED]) for person in found.excused]
    for person, sign in names[start : start + NAMES_A_PAGE]:
        chat = "" if person.agreed else ONLY_CHAT
        lines.append(" ".join(each for each in (sign or PARTS[Part.MISSED], inline(person.name, NAME), chat) if each))
    text = str(Markup("\n").join([Markup(lines[0]), *lines[1:]]))
    if names:
        text += "\n\n" + t("study.legend_coverage")
    turns = _turns("coverage", 0, page, len(names) > start + NAMES_A_PAGE)
    return text, keyboard([turns, back_to(0, t)])


def coverage_line(found: Coverage, t: Texts) -> str:
    """How much of the staff it has reached, in one line without names."""
    key = "study.covered_all" if found.whole else "study.covered"
    return t(key, semester=found.semester, excused=len(found.excused), missing=len(found.missing), **share(found.rate))


# ---------------------------------------------------------------- what those read who are called


def invitation(gathering: Gathering, part: Part, key: str, t: Texts, now: datetime) -> Screen:
    """It is for them; `key` says why they read it now."""
    text = t(key) + "\n\n" + facts(gathering, t, now)
    if part in (Part.COMING, Part.DECLINED, Part.EXCUSED):
        text += "\n\n" + t(f"study.you.{part}")
    answers = []
    if part is not Part.COMING:
        answers.append(button(t.plain("study.come"), Invited("come", gathering.id)))
    if part in (Part.INVITED, Part.COMING):
        answers.append(button(t.plain("study.cannot"), Invited("cannot", gathering.id)))
    reading = []
    if gathering.materials:
        count = len(gathering.materials)
        reading.append(button(t.plain("study.read", count=count), Invited("materials", gathering.id)))
    return text, keyboard([answers, reading])


def words_of(material: Mapping[str, Any]) -> str:
    """What there is to be read in words: all of them, or what stands below a picture."""
    return str(escape(without_mentions(material.get("text") or material.get("name") or "")))


def missed(gathering: Gathering, t: Texts, now: datetime) -> Screen:
    """They were expected and did not sign in."""
    why = button(t.plain("study.had_reason"), Invited("cannot", gathering.id))
    return t("study.you_missed") + "\n\n" + facts(gathering, t, now), keyboard([[why]])
