"""What came of a survey in words, for a chat: who answered, each question with its numbers, group by group; as HTML in
as few messages as it takes. Every rate with its numerator, its denominator and its interval.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from bot import surveyed
from bot.reports import MESSAGE_LENGTH, messages
from bot.surveyed import Told
from bot.texts import Texts, unbroken
from bot.untrusted import cut as shortened
from bot.untrusted import units
from models.questionnaires import Kind, Question
from models.results import satisfied
from models.tallies import Count, Cut

if TYPE_CHECKING:
    from bot.settings import Settings

LONGEST = 400
"""Of a question or a name, in Telegram's units."""


def told(survey: Told, t: Texts, settings: Settings, pictures: int = 0) -> list[str]:
    """All of it, a message or several; the last ends with what follows, so many pictures and a table."""
    results = survey.results
    lines = [heading(survey, t), unbroken(t("results.response", **surveyed.words(survey.response)))]
    if results.partial:
        lines.append(t("results.partial", partial=results.partial))
    if results.completed < results.cell:
        return messages([*lines, "", t("results.too_few", cell=results.cell)])
    # What the brackets mean stands before the first of them that needs it.
    lines.append(t("results.legend"))
    lines += [conclusion(survey, t)] if survey.what_changes or survey.verdict else []
    for question in survey.questionnaire.questions:
        first, *rest = map(unbroken, _question(survey, question, t))
        lines += _together(["\n" + first, *rest])
    for cut in Cut:
        lines += _together([unbroken(line) for line in _cut(survey, cut, t, settings)])
    lines += ["\n" + t.n("results.follow", pictures)] if pictures else []
    return messages(lines)


def _together(lines: list[str]) -> list[str]:
    """As one block where it fits into one message."""
    block = "\n".join(lines)
    return [block] if block and units(block) <= MESSAGE_LENGTH else lines


def heading(survey: Told, t: Texts) -> str:
    """Which survey it is."""
    return t("results.head", title=_short(t.pick(survey.questionnaire.title)), when=when(survey, t))


def when(survey: Told, t: Texts) -> str:
    """The semester where there is one, and the days, which nobody asks the weekdays of; without HTML."""
    days = {"first": t.full_day(survey.opened), "last": t.full_day(survey.closed)}
    if survey.semester is None:
        return t.plain("results.when_alone", **days)
    return t.plain("results.when", semester=survey.semester, **days)


def conclusion(survey: Told, t: Texts) -> str:
    """What the union does about it."""
    parts = (
        [t("survey.told_verdict", verdict=t.plain(f"verdict.{survey.verdict}"))] if survey.verdict is not None else []
    )
    if survey.what_changes:
        key = "survey.told_reason" if survey.verdict is not None else "survey.told_changes"
        parts.append(t(key, text=t.pick(survey.what_changes)))
    return "\n" + "\n".join(parts)


def _short(text: str) -> str:
    return shortened(text, LONGEST)


def _question(survey: Told, question: Question, t: Texts) -> list[str]:
    lines = [t("results.question", number=survey.place(question), question=_short(t.pick(question.text)))]
    count = survey.count(question)
    if count is None:
        return [*lines, t("results.question_hidden", cell=survey.results.cell)]
    lines.append(surveyed.answered(question, count, t))
    match question.kind:
        case Kind.AGREEMENT:
            lines.append(t("results.csat", **surveyed.words(satisfied(count))))
            lines += _beside(surveyed.weighted(survey, question, t))
            lines.append(_steps(question, count, t))
            lines += _semesters(survey, question, t)
        case Kind.SCALE:
            lines += _beside(surveyed.weighted(survey, question, t), surveyed.moved(survey, question, t))
            lines.append(_steps(question, count, t))
        case Kind.RANKING:
            lines += [_ranked(question, count, option, t) for option in surveyed.ranked(question, count)]
        case Kind.WORDS:
            lines += _beside(*surveyed.quoted(survey, question, t))
        case Kind.SINGLE | Kind.MULTIPLE:
            for key in question.keys:
                name = _short(surveyed.answer_name(question, key, t))
                lines.append(t("results.answer", answer=name, **surveyed.words(surveyed.rate(count, key))))
    return lines


def _beside(*said: str | None) -> list[str]:
    return [escape(each, quote=False) for each in said if each is not None]


def _steps(question: Question, count: Count, t: Texts) -> str:
    steps = (
        t.plain("results.step", answer=surveyed.answer_name(question, step, t), count=count.by[step])
        for step in surveyed.answers(question)
    )
    return t("results.steps", steps=" · ".join(steps))


def _ranked(question: Question, count: Count, option: str, t: Texts) -> str:
    mean = t.plain("results.mean_place", mean=f"{surveyed.mean_place(question, count, option):.2f}")
    places = t.plain("survey.and").join(map(str, surveyed.places(question, count, option)))
    name = _short(surveyed.answer_name(question, option, t))
    return t("results.ranked", answer=name, mean=mean, places=places)


def _semesters(survey: Told, question: Question, t: Texts) -> list[str]:
    points = survey.trends.get(question.key, ())
    if not points:
        return []
    lines = (
        t("results.semester", semester=point.semester, change=arrow, **surveyed.words(point.rate)).rstrip()
        for point, arrow in surveyed.arrows(points)
    )
    return [t("results.semesters"), *lines]


def _cut(survey: Told, cut: Cut, t: Texts, settings: Settings) -> list[str]:
    """The groups of a cut: how many finished in each, and CSAT of each question."""
    groups, hidden = survey.results.cuts.get(cut, {}), survey.hidden(cut)
    if not groups and not hidden:
        return []

    def name(value: str) -> str:
        return _short(surveyed.group_name(cut, value, t, settings))

    lines = ["\n" + t("results.cut_head", by=t.plain("results.by_cut", cut=t.plain(f"results.cut.{cut}")))]
    if groups:
        completed = " · ".join(f"{name(value)} {tally.completed}" for value, tally in groups.items())
        lines.append(t("results.cut_completed", groups=completed))
    for question in survey.questionnaire.questions:
        by = survey.answered(cut, question)
        if question.kind is not Kind.AGREEMENT or not by:
            continue
        text = _short(t.pick(question.text))
        lines.append(t("results.question", number=survey.place(question), question=text))
        for value, count in by.items():
            lines.append(t("results.answer", answer=name(value), **surveyed.words(satisfied(count))))
    if hidden:
        names = t.plain("survey.and").join(name(value) for value in hidden)
        lines.append(t("results.cut_hidden", cell=survey.results.cell, groups=names))
    else:
        lines.append(t("results.cut_others", cell=survey.results.cell))
    return lines
