"""The evaluation of staff as it is shown: to the one a sheet is about, and to the office, which reads it afterwards. A
figure never stands without what it was counted from, and no two people's figures stand beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.keyboards import Press, button, keyboard
from bot.reports import MESSAGE_LENGTH, numbers
from bot.texts import Texts, cut
from bot.untrusted import inline, lines, units
from models import evaluations
from models.evaluations import EvaluationRound, EvaluationSheet
from models.figures import Rate, Share
from models.people import Person
from models.statistics import Period

NAME_LENGTH = 40
LABEL = 48
QUESTION_LENGTH = 120
SHOWN = 10
"""So many names are on a page."""


@dataclass(frozen=True)
class Evaluating(Press, prefix="ev"):
    """The office's: list (with the page), start, sure, one, decide, record; else `number` is the sheet's."""

    act: str
    number: int


@dataclass(frozen=True)
class OwnEvaluation(Press, prefix="evo"):
    """On one's own sheet: show, write, nothing."""

    act: str
    sheet: int


# ---------------------------------------------------------------- a sheet


def own(
    round_: EvaluationRound, sheet: EvaluationSheet, t: Texts, now: datetime
) -> tuple[list[str], dict[str, Any] | None]:
    """To the one it is about: the figures, what they have said and what was decided, in as many messages as it takes;
    the keyboard goes below the last.
    """
    parts = [t("evaluation.own_head", semester=round_.semester), *_figures(round_, sheet, t)]
    parts.append(_word(sheet, t, "evaluation.your_word"))
    open_ = evaluations.may_answer(sheet, round_, now)
    if sheet.decision is not None:
        parts.append(t("evaluation.decided_you", text=lines(sheet.decision)))
    elif open_:
        parts.append(t("evaluation.you_first", closes=_closes(round_, t, now), most=evaluations.WORD_LENGTH))
    else:
        parts.append(t("evaluation.you_late"))
    return _messages(parts), answering(sheet, t) if open_ else None


def answering(sheet: EvaluationSheet, t: Texts) -> dict[str, Any]:
    """What can be said to it."""
    write = button(t.plain("evaluation.write"), OwnEvaluation("write", sheet.id))
    nothing = button(t.plain("evaluation.nothing"), OwnEvaluation("nothing", sheet.id))
    return keyboard([[write], [nothing]])


def answered(round_: EvaluationRound, sheet: EvaluationSheet, t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """It is written down, and may be said anew."""
    key = "evaluation.kept" if sheet.word is not None else "evaluation.kept_nothing"
    text = t(key, word=lines(sheet.word or ""), closes=_closes(round_, t, now))
    show = button(t.plain("evaluation.show"), OwnEvaluation("show", sheet.id))
    return text, keyboard([*answering(sheet, t)["inline_keyboard"], [show]])


def of_office(
    round_: EvaluationRound, sheet: EvaluationSheet, person: Person, by: Person | None, t: Texts, now: datetime
) -> tuple[list[str], dict[str, Any]]:
    """To the office, once it may read it; `by` decided."""
    head = t("evaluation.office_head", name=inline(person.name, NAME_LENGTH), semester=round_.semester)
    parts = [head, *_figures(round_, sheet, t)]
    if sheet.answered_at is not None:
        parts.append(_word(sheet, t, "evaluation.their_word"))
    else:
        parts.append(t("evaluation.said_nothing" if sheet.sent else "evaluation.no_chat"))
    rows = [[button(t.plain("evaluation.back"), Evaluating("list", 0))]]
    if sheet.decision is not None:
        who = inline(by.name, NAME_LENGTH) if by is not None else "—"
        parts.append(t("evaluation.decided", name=who, text=lines(sheet.decision)))
    else:
        parts.append(t("evaluation.people_decide"))
        rows.insert(0, [button(t.plain("evaluation.decide"), Evaluating("decide", sheet.id))])
    return _messages(parts), keyboard(rows)


def _figures(round_: EvaluationRound, sheet: EvaluationSheet, t: Texts) -> list[str]:
    facts = sheet.told
    places = " · ".join(t.pick(names) for names in sheet.places)
    told = [
        t("evaluation.where", places=places),
        t("evaluation.span", **_days(round_.since, round_.until, t)),
        "",
        _rate("in_time", facts.in_time, t),
        _rate("reopened", facts.reopened, t),
    ]
    if facts.ratings is None:
        told.append(t("evaluation.ratings_few", cell=round_.cell))
    else:
        told.append(
            t(
                "evaluation.ratings",
                mean=f"{facts.ratings.mean:.1f}",
                **numbers(Share(facts.ratings.satisfied)),
            )
        )
    return ["\n".join(told), *_survey(sheet, t)]


def _rate(name: str, rate: Rate, t: Texts) -> str:
    if not rate.of:
        return t(f"evaluation.{name}_none")
    return t(f"evaluation.{name}", **numbers(Share(rate)))


def _survey(sheet: EvaluationSheet, t: Texts) -> list[str]:
    survey = sheet.survey
    if survey is None:
        return [t("evaluation.no_survey")]
    title = t.pick(survey["title"]) + (f" · {survey['semester']}" if survey["semester"] else "")
    parts = [t("evaluation.survey", title=title)]
    for place in survey["places"]:
        rows = [
            t(
                "evaluation.question",
                text=cut(t.pick(question["text"]), QUESTION_LENGTH),
                **numbers(Share(evaluations.rate_of(question))),
            )
            for question in place["questions"]
        ]
        parts.append(
            "\n".join([t("evaluation.place", name=t.pick(place["names"])), *(rows or [t("evaluation.survey_none")])])
        )
    return ["\n".join(parts)]


def _word(sheet: EvaluationSheet, t: Texts, key: str) -> str:
    if sheet.answered_at is None:
        return ""
    if sheet.word is None:
        return t(f"{key}_none")
    return t(key, word=lines(sheet.word))


def _closes(round_: EvaluationRound, t: Texts, now: datetime) -> str:
    return t.stamp(round_.closes_at, now) if round_.closes_at is not None else "—"


def _messages(parts: Sequence[str]) -> list[str]:
    """In as few messages as Telegram takes."""
    found: list[str] = []
    for part in parts:
        if found and part and units(found[-1]) + units(part) + 2 <= MESSAGE_LENGTH:
            found[-1] += "\n\n" + part
        elif part:
            found.append(part)
    return found


# ---------------------------------------------------------------- the office


def offered(semester: str, cell: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """Nothing has been started yet."""
    start = button(t.plain("evaluation.start"), Evaluating("start", 0))
    return t("evaluation.offer", semester=semester, cell=cell), keyboard([[start]])


def sure(semester: str, span: Period, count: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """Before everybody gets a sheet, which is once a semester."""
    yes = button(t.plain("evaluation.sure"), Evaluating("sure", 0))
    back = button(t.plain("evaluation.back"), Evaluating("list", 0))
    text = t.n("evaluation.start_sure", count, semester=semester, **_days(span.since, span.until, t))
    return text, keyboard([[yes], [back]])


def _days(since: datetime, until: datetime, t: Texts) -> dict[str, str]:
    first, last = since.astimezone(t.timezone).date(), until.astimezone(t.timezone).date()
    return {"first": t.short_day(first, last), "last": t.short_day(last, last)}


def listed(
    round_: EvaluationRound,
    found: Sequence[tuple[EvaluationSheet, Person]],
    page: int,
    mine: EvaluationSheet | None,
    *,
    may_start: bool,
    t: Texts,
    now: datetime,
) -> tuple[str, dict[str, Any]]:
    """Everybody by name, and how far each is; nothing else stands beside a name."""
    rows = []
    if round_.closes_at is None:
        text = t("evaluation.filling", semester=round_.semester)
    else:
        text = t("evaluation.list", semester=round_.semester, closes=_closes(round_, t, now))
        last = max(len(found) - 1, 0) // SHOWN
        page = min(page, last)
        for sheet, person in found[page * SHOWN : (page + 1) * SHOWN]:
            label = f"{_sign(sheet, round_, now)} {inline(person.name, NAME_LENGTH)}{'' if sheet.sent else ' ✉️'}"
            rows.append([button(cut(label, LABEL), Evaluating("one", sheet.id))])
        turn = [(page - 1, "‹"), (page + 1, "›")]
        around = [button(sign, Evaluating("list", to)) for to, sign in turn if 0 <= to <= last]
        rows += [around] if around else []
    if mine is not None:
        rows.append([button(t.plain("evaluation.mine"), OwnEvaluation("show", mine.id))])
    if may_start:
        rows.append([button(t.plain("evaluation.start"), Evaluating("start", 0))])
    return text, keyboard(rows)


def _sign(sheet: EvaluationSheet, round_: EvaluationRound, now: datetime) -> str:
    if sheet.decision is not None:
        return "✅"
    return "📖" if evaluations.is_open(sheet, round_, now) else "⏳"


def asked_to_decide(sheet: EvaluationSheet, person: Person, t: Texts) -> tuple[str, dict[str, Any]]:
    """What was decided?"""
    back = button(t.plain("evaluation.back"), Evaluating("one", sheet.id))
    text = t("evaluation.decide_what", name=inline(person.name, NAME_LENGTH), most=evaluations.WORD_LENGTH)
    return text, keyboard([[back]])


def to_record(sheet: EvaluationSheet, person: Person, text: str, t: Texts) -> tuple[str, dict[str, Any]]:
    """What would be written down and told."""
    key = "evaluation.decide_preview" if person.agreed else "evaluation.decide_preview_untold"
    record = button(t.plain("evaluation.record"), Evaluating("record", sheet.id))
    back = button(t.plain("evaluation.back"), Evaluating("one", sheet.id))
    shown = t(key, name=inline(person.name, NAME_LENGTH), text=lines(text))
    return shown, keyboard([[record], [back]])
