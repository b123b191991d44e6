"""What somebody sees who answers a survey: one message, drawn anew from their sheet after each press, and its buttons.

A button names the question and the place of an answer, never an answer itself; still whoever holds the message can read
which is which, so that updates wait sealed (`models/inbox.py`) and screens are drawn when they are sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.keyboards import Go, Press, button, keyboard
from bot.texts import Texts, unbroken
from bot.untrusted import cut, inline
from models.figures import Rate, whole
from models.invitations import Part
from models.questionnaires import HIGHEST, LOWEST, SCALE_END, Answer, Answers, Kind, Question, Questionnaire
from models.results import Results, satisfied
from models.roster import Facts
from models.sheets import Progress
from models.surveys import Survey

LOW = 2
"""Whoever is no happier than this (1–5) is asked whether they want to tell what is wrong."""
SHOWN_WORDS = 200
OVERVIEW = 3000
BAR = 8
MOST_LINES = 12
LINE = 100
"""Of a question in such a line: with what the union says beside it, all of it fits into one message."""
LABEL = 60
IN_A_ROW = 6


@dataclass(frozen=True)
class Answering(Press, prefix="sv"):
    """A press on a survey: open, pick, next, back, skip, undo, over, call, finish, later, peace, again, results;
    `question` is the question's place in the questionnaire, `value` the place of what was chosen.
    """

    act: str
    survey: int
    question: int = 0
    value: int = 0


@dataclass(frozen=True)
class Changing(Press, prefix="svk"):
    """Change what was finished: the key is here and nowhere else."""

    survey: int
    key: str


def invitation(
    survey: Survey, reminder: int, t: Texts, now: datetime, part: Part = Part.INVITED
) -> tuple[str, dict[str, Any]]:
    """A survey is open, or still is: what it is about, what becomes of the answers, until when."""
    questionnaire = survey.questionnaire
    about = t.pick(questionnaire.about) if questionnaire.about else ""
    parts = [
        t("survey.reminder" if reminder else "survey.invitation", title=t.pick(questionnaire.title)),
        t("survey.about", about=about) if about else "",
        _length(questionnaire, t.moment(survey.closes_at, now), t),
        whose(survey, t),
    ]
    rows = [
        [button(t.plain("survey.go_on" if part is Part.BEGUN else "survey.begin"), Answering("open", survey.id))],
        [button(t.plain("survey.peace"), Answering("peace", survey.id))],
    ]
    return "\n\n".join(part for part in parts if part), keyboard(rows)


def _length(questionnaire: Questionnaire, until: str, t: Texts) -> str:
    count = len(questionnaire.questions)
    return t("survey.length_one", until=until) if count == 1 else t.n("survey.length", count, until=until)


def whose(survey: Survey, t: Texts) -> str:
    """Whether answers have a name; said on every screen of a survey in which they have."""
    return t("survey.anonymous", cell=survey.cell) if survey.anonymous else t("survey.signed")


def screen(survey: Survey, progress: Progress, facts: Facts, t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """The question somebody is at, or all they have answered."""
    questionnaire = survey.questionnaire
    question = progress.question(questionnaire)
    if question is None:
        return _overview(survey, questionnaire, progress, facts, t)
    path = questionnaire.path(progress.answers, facts)
    place = path.index(question) + 1
    number = questionnaire.questions.index(question)
    needed = t("survey.needed") if question.required else ""
    title = t.pick(questionnaire.title)
    head = t("survey.head", title=title, bar=_bar(place, len(path)), place=place, of=len(path))
    lines = [
        head if len(questionnaire.questions) > 1 else t("survey.head_one", title=title),
        "" if survey.anonymous else t("survey.signed") + "\n",
        t("survey.question", question=t.pick(question.text), needed=needed),
        t(f"survey.how.{question.kind}", most=len(question.keys)),
    ]
    given = progress.answers.get(question.key)
    if question.kind is Kind.WORDS and given is not None:
        lines.append(t("survey.written", words=inline(str(given), SHOWN_WORDS)))
    return "\n".join(line for line in lines if line), keyboard(
        [*_choices(survey, question, number, progress, t), *_ways(survey, question, number, progress, place, t)]
    )


def _choices(
    survey: Survey, question: Question, number: int, progress: Progress, t: Texts
) -> list[list[dict[str, Any]]]:
    def pick(label: str, value: int) -> dict[str, Any]:
        return button(label, Answering("pick", survey.id, number, value))

    given = progress.answers.get(question.key)
    match question.kind:
        case Kind.AGREEMENT:
            steps = range(HIGHEST, LOWEST - 1, -1)
            return [[pick(_marked(step_name(question, step, t), given == step), step)] for step in steps]
        case Kind.SCALE:
            steps = range(SCALE_END + 1)
            row = [pick(_marked(str(step), given == step), step) for step in steps]
            return [row[:IN_A_ROW], row[IN_A_ROW:]]
        case Kind.SINGLE:
            named = enumerate(question.options)
            return [[pick(_marked(t.pick(option.text), given == option.key), i)] for i, option in named]
        case Kind.MULTIPLE | Kind.RANKING:
            taps = progress.taps(survey.questionnaire)
            return [
                [pick(_tapped(question, option.key, taps) + cut(t.pick(option.text), LABEL), i)]
                for i, option in enumerate(question.options)
            ]
    return []


def _tapped(question: Question, key: str, taps: list[str]) -> str:
    """What stands before an option: its place in a ranking, a tick, or nothing."""
    if key not in taps:
        return "" if question.kind is Kind.RANKING else "☐ "
    return f"{taps.index(key) + 1}. " if question.kind is Kind.RANKING else "☑ "


def _ways(
    survey: Survey, question: Question, number: int, progress: Progress, place: int, t: Texts
) -> list[list[dict[str, Any]]]:
    def way(act: str) -> dict[str, Any]:
        return button(t.plain(f"survey.{act}"), Answering(act, survey.id, number))

    taps = progress.taps(survey.questionnaire)
    ready = bool(taps) if question.kind is Kind.MULTIPLE else question.key in progress.answers and not progress.chosen
    on = way("next") if ready else way("skip") if not question.required else None
    overview = button(t.plain("survey.overview_back"), Answering("over", survey.id, number))
    back = overview if progress.looking_over else way("back") if place > 1 else None
    undo = [way("undo")] if question.kind is Kind.RANKING and progress.chosen else []
    later = [way("later")] if len(survey.questionnaire.questions) > 1 else []
    return [undo, [each for each in (back, on) if each is not None], later]


def _overview(
    survey: Survey, questionnaire: Questionnaire, progress: Progress, facts: Facts, t: Texts
) -> tuple[str, dict[str, Any]]:
    path = questionnaire.path(progress.answers, facts)
    lines = [t("survey.overview", title=t.pick(questionnaire.title))]
    # All of it in one message, however much is asked.
    most = min(OVERVIEW // (2 * max(len(path), 1)), SHOWN_WORDS)
    for i, question in enumerate(path, 1):
        given = progress.answers.get(question.key)
        said = answer_words(question, given, t) if given is not None else t.plain("survey.no_answer")
        text = cut(t.pick(question.text), most)
        lines.append(t("survey.overview_line", number=i, question=text, answer=cut(said, most)))
    calls = [
        button(str(i), Answering("call", survey.id, questionnaire.questions.index(question)))
        for i, question in enumerate(path, 1)
    ]
    rows = [calls[start : start + IN_A_ROW] for start in range(0, len(calls), IN_A_ROW)]
    finish = button(
        t.plain("survey.change_finish" if progress.change else "survey.finish"), Answering("finish", survey.id)
    )
    later = [button(t.plain("survey.later"), Answering("later", survey.id))] if len(questionnaire.questions) > 1 else []
    text = "\n".join(lines) + "\n\n" + t("survey.overview_end") + "\n" + whose(survey, t)
    return text, keyboard([*rows, [finish], later])


def saved(
    survey: Survey, progress: Progress | None, facts: Facts, t: Texts, now: datetime
) -> tuple[str, dict[str, Any]]:
    """Left for later."""
    questionnaire = survey.questionnaire
    answers = progress.answers if progress is not None else {}
    text = t(
        "survey.saved" if answers else "survey.saved_nothing",
        title=t.pick(questionnaire.title),
        done=len(answers),
        of=len(questionnaire.path(answers, facts)),
        until=t.moment(survey.closes_at, now),
    )
    if not survey.anonymous:
        text += "\n" + t("survey.signed")
    return text, keyboard([[button(t.plain("survey.go_on"), Answering("open", survey.id))], [_home(t)]])


def thanks(survey: Survey, key: str | None, low: bool, t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """It is finished. `key` changes it again; None where it is not needed because the answers have a name."""
    text = t("survey.thanks", title=t.pick(survey.questionnaire.title)) + "\n" + whose(survey, t)
    if key is not None:
        text += "\n\n" + t("survey.change_here", until=t.moment(survey.closes_at, now))
    if low:
        text += "\n\n" + t("survey.low")
    change = Changing(survey.id, key) if key is not None else Answering("open", survey.id)
    rows = [
        [button(t.plain("survey.ticket"), Go("new"))] if low else [],
        [button(t.plain("survey.change"), change)],
        [_home(t)],
    ]
    return text, keyboard(rows)


def peace(survey: Survey, until: date, t: Texts) -> tuple[str, dict[str, Any]]:
    """They are left in peace, and may think better of it."""
    text = t("survey.in_peace", until=t.full_day(until), title=t.pick(survey.definition["title"]))
    return text, keyboard([[button(t.plain("survey.again"), Answering("again", survey.id))], [_home(t)]])


def over(survey: Survey, t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """It closed while somebody was answering."""
    text = t("survey.over", title=t.pick(survey.definition["title"]), closed=t.moment(survey.closes_at, now))
    return text, keyboard([[_home(t)]])


def is_low(questionnaire: Questionnaire, answers: Answers) -> bool:
    """Whether somebody is so unhappy with anything that a ticket is offered."""
    asked = (question.key for question in questionnaire.questions if question.kind is Kind.AGREEMENT)
    return any(isinstance(given := answers.get(key), int) and given <= LOW for key in asked)


def told(survey: Survey, results: Results, t: Texts) -> tuple[str, dict[str, Any]]:
    """You asked, we did: what came of it in a few lines, and what will change."""
    title, rate = t.pick(survey.questionnaire.title), Rate(results.completed, results.invited)
    parts = [t("survey.told", title=title), t("survey.told_response", **shown(rate), partly=partly(results.partial, t))]
    lines = []
    for question in survey.questionnaire.questions:
        count = results.everybody.questions.get(question.key)
        if question.kind is Kind.AGREEMENT and count is not None:
            text = cut(t.pick(question.text), LINE)
            lines.append(t("survey.told_line", question=text, **shown(satisfied(count))))
    if results.completed < results.cell:
        lines = [t("survey.told_too_few", cell=results.cell)]
    if lines:
        parts.append("\n".join(lines[:MOST_LINES]))
    if survey.verdict is not None:
        parts.append(t("survey.told_verdict", verdict=t.plain(f"verdict.{survey.verdict}")))
    if survey.what_changes:
        key = "survey.told_reason" if survey.verdict is not None else "survey.told_changes"
        parts.append(t(key, text=t.pick(survey.what_changes)))
    all_of_it = button(t.plain("survey.all_results"), Answering("results", survey.id))
    return unbroken("\n\n".join(parts)), keyboard([[all_of_it] if survey.is_public else []])


def partly(count: int, t: Texts) -> str:
    """How many more only began, as the end of a sentence without HTML; nothing of nobody."""
    return t.plain("survey.partly", partial=count) if count else ""


def shown(rate: Rate) -> dict[str, int]:
    """A rate with what it was counted from and its interval, in per cent."""
    low, high = map(whole, rate.interval())
    return {"hits": rate.hits, "of": rate.of, "rate": whole(rate.share), "low": low, "high": high}


def listed(surveys: list[tuple[Survey, Part]], t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """The surveys somebody can answer."""
    if not surveys:
        return t("survey.none"), keyboard([[_home(t)]])
    lines = [t("survey.list")]
    rows = []
    for survey, part in surveys:
        title = t.pick(survey.definition["title"])
        lines.append(t(f"survey.list_{part}", title=title, until=t.moment(survey.closes_at, now)))
        rows.append([button(cut(title, LABEL), Answering("open", survey.id))])
    return "\n".join(lines), keyboard([*rows, [_home(t)]])


def step_name(question: Question, step: int, t: Texts) -> str:
    """What a step of an agreement is called."""
    return t.plain(f"survey.{question.labels}.{step}")


def answer_words(question: Question, answer: Answer, t: Texts) -> str:
    """An answer as its writer reads it."""
    names = {option.key: t.pick(option.text) for option in question.options}
    match question.kind:
        case Kind.AGREEMENT if isinstance(answer, int):
            return step_name(question, answer, t)
        case Kind.RANKING if isinstance(answer, list):
            return " › ".join(names[key] for key in answer)
        case Kind.MULTIPLE if isinstance(answer, list):
            return " · ".join(names[key] for key in answer)
        case Kind.SINGLE:
            return names[str(answer)]
        case Kind.WORDS:
            return inline(str(answer), SHOWN_WORDS)
    return str(answer)


def _home(t: Texts) -> dict[str, Any]:
    return button(t.plain("nav.home"), Go("home"))


def _marked(label: str, given: bool) -> str:
    return f"✓ {cut(label, LABEL)}" if given else cut(label, LABEL)


def _bar(place: int, of: int) -> str:
    filled = max(1, round(BAR * place / of))
    return "▰" * filled + "▱" * (BAR - filled)
