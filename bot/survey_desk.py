"""/survey as the office sees it: every survey and how far it is, what can be done with one, free words to look at, and
what is said to those who were asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from bot.keyboards import Press, button, keyboard
from bot.menus import LANGUAGE_NAMES
from bot.survey_screens import partly, step_name
from bot.texts import Texts, cut, unbroken
from bot.untrusted import inline, without_mentions
from models.errors import Refusal
from models.figures import Rate, whole
from models.invitations import Response
from models.outcomes import CHANGES_LENGTH
from models.questionnaires import HIGHEST, LOWEST, Group, Kind, Question, Questionnaire, group_of
from models.remarks import Remark
from models.surveys import OVER, RUNNING, Stage, Survey, Verdict

if TYPE_CHECKING:
    from bot.settings import Settings

LABEL = 48
SHOWN = 8
QUOTED = 600
PAGE = 3500


@dataclass(frozen=True)
class Running(Press, prefix="svd"):
    """On a survey: list, one, preview, later, cancel, sure, results, csv, words, say, verdict, send, language; `choice`
    is what was chosen, or the day on which it opens as it is shown.
    """

    act: str
    survey: int
    choice: str = "-"


@dataclass(frozen=True)
class Making(Press, prefix="svm"):
    """A step on the way to a new survey: new, file, project, language, target, opens, questions, start; `value` is what
    was chosen.
    """

    step: str
    value: str = "-"


@dataclass(frozen=True)
class Looked(Press, prefix="svw"):
    """Free words may be quoted, or not."""

    quote: bool
    key: str


def listed(surveys: Sequence[tuple[Survey, Response]], t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """The newest surveys, each with how far it is."""
    lines = [t("survey_desk.list" if surveys else "survey_desk.none")]
    rows = []
    for survey, response in surveys[:SHOWN]:
        title = _title(survey, t)
        lines.append(f"\n<b>{survey.id}</b> · {escape(title)}\n{_how_far(survey, response, t, now)}")
        rows.append([button(cut(f"{survey.id} · {title}", LABEL), Running("one", survey.id))])
    rows.append([button(t.plain("survey_desk.new"), Making("new"))])
    return "\n".join(lines), keyboard(rows)


def one(survey: Survey, response: Response, held: int, t: Texts, now: datetime) -> tuple[str, dict[str, Any]]:
    """One survey, and what can be done with it now."""
    text = "\n".join(
        [
            f"📋 <b>{escape(_title(survey, t))}</b>",
            _how_far(survey, response, t, now),
            t("survey_desk.with_name" if not survey.anonymous else "survey_desk.without_name", cell=survey.cell),
            *_said(survey, t),
            t("survey_desk.open_shows_nothing") if survey.stage in RUNNING else "",
        ]
    ).strip()

    rows = _before(survey, t)
    if survey.stage in OVER:
        rows.append([_act(survey, "results", t), _act(survey, "csv", t)])
        if held:
            rows.append([button(t.plain("survey_desk.words", count=held), Running("words", survey.id))])
    if survey.stage is Stage.CLOSED:
        label = t.plain("survey_desk.say" if survey.project_id is None else "survey_desk.decide")
        rows.append([button(label, Running("say", survey.id))])
    rows.append([button(t.plain("survey_desk.back"), Running("list", survey.id))])
    return text, keyboard(rows)


def _act(survey: Survey, name: str, t: Texts, value: str = "-") -> dict[str, Any]:
    return button(t.plain(f"survey_desk.{name}"), Running(name, survey.id, value))


def _before(survey: Survey, t: Texts) -> list[list[dict[str, Any]]]:
    """What can be done before it opens, and its questions."""
    rows = [[_act(survey, "preview", t)]]
    if survey.stage is Stage.PLANNED:
        rows.append([_act(survey, "later", t, survey.opens_at.date().isoformat()), _act(survey, "cancel", t)])
    return rows


def day_seen(press: Running) -> date:
    """On which day (UTC) it opens for whoever pressed. Raises Refusal for anything that is no day."""
    try:
        return date.fromisoformat(press.choice)
    except ValueError:
        raise Refusal("old.button") from None


def planned(survey: Survey, t: Texts, settings: Settings, now: datetime) -> tuple[str, dict[str, Any]]:
    """The calendar brings it soon, for the office to look at it once more."""
    text = t(
        "survey.planned",
        title=t.pick(survey.definition["title"]),
        number=survey.id,
        opens=t.moment(max(now, survey.opens_at), now),
        closes=t.moment(survey.closes_at, now),
        whom=_whom(group_of(survey.target), t, settings),
    )
    return text, keyboard(_before(survey, t))


def _whom(group: Group, t: Texts, settings: Settings) -> str:
    """Whom it is for."""
    names = [t.plain(f"audience.{each}") for each in group.audiences]
    names += [t.pick(settings.building_names(each)) for each in group.buildings]
    return t.plain("survey.and").join([*names, *group.levels]) or t.plain("survey.everybody")


def _said(survey: Survey, t: Texts) -> list[str]:
    """What the union has said about it."""
    text = t.pick(survey.what_changes or {})
    if survey.verdict is not None:
        verdict = t.plain(f"verdict.{survey.verdict}")
        return [t("survey.told_verdict", verdict=verdict), t("survey_desk.reason", text=text)]
    return [t("survey_desk.changes", text=text)] if text else []


def _title(survey: Survey, t: Texts) -> str:
    title = t.pick(survey.definition["title"])
    return f"{title} · {survey.semester}" if survey.semester else title


def _how_far(survey: Survey, response: Response, t: Texts, now: datetime) -> str:
    rate = Rate(response.completed, response.invited)
    low, high = rate.interval()
    key = f"survey_desk.stage.{survey.stage}"
    if survey.stage is Stage.PLANNED and survey.opens_at <= now:
        key = "survey_desk.opens_now"
    elif survey.stage is Stage.CLOSED and not response.completed:
        # What nobody has finished does not wait to be published.
        key = "survey_desk.nothing_closed"
    text = t(
        key,
        opens=t.moment(survey.opens_at, now),
        closes=t.moment(survey.closes_at, now),
        invited=response.invited,
        completed=response.completed,
        partly=partly(response.partial, t),
        rate=whole(rate.share),
        low=whole(low),
        high=whole(high),
    )
    return unbroken(text)


def preview(survey: Survey, t: Texts) -> tuple[list[str], dict[str, Any]]:
    """Everything that is asked, in as many texts as it takes; the keyboard goes below the last."""
    back = button(t.plain("survey_desk.back"), Running("one", survey.id))
    return questions(survey.questionnaire, _title(survey, t), t), keyboard([[back]])


def questions(questionnaire: Questionnaire, title: str, t: Texts) -> list[str]:
    """Everything that is asked, in as many texts as it takes."""
    texts = [t("survey_desk.preview_head", title=title)]
    for number, question in enumerate(questionnaire.questions, 1):
        part = f"<b>{number}. {escape(t.pick(question.text))}</b>{_conditions(question, questionnaire, t)}"
        part += f"\n{escape(_answers(question, t))}"
        if len(texts[-1]) + len(part) > PAGE:
            texts.append("")
        texts[-1] = f"{texts[-1]}\n\n{part}".strip()
    return texts


def _conditions(question: Question, questionnaire: Questionnaire, t: Texts) -> str:
    said = [t.plain("survey_desk.required")] if question.required else []
    if question.only.audiences or question.only.buildings or question.only.levels:
        groups = [t.plain(f"audience.{each}") for each in question.only.audiences]
        groups += [*question.only.buildings, *question.only.levels]
        said.append(t.plain("survey_desk.only", groups=t.plain("survey.and").join(groups)))
    if question.skip is not None:
        before = questionnaire.question(question.skip.question)
        place = questionnaire.questions.index(before) + 1 if before is not None else 0
        said.append(t.plain("survey_desk.skip", number=place))
    return t("survey_desk.conditions", said=t.plain("survey_desk.conditions_and").join(said)) if said else ""


def _answers(question: Question, t: Texts) -> str:
    match question.kind:
        case Kind.AGREEMENT:
            return " · ".join(step_name(question, step, t) for step in range(HIGHEST, LOWEST - 1, -1))
        case Kind.SCALE:
            return "0 – 10"
        case Kind.WORDS:
            return t.plain("survey_desk.in_words")
    sign = {Kind.SINGLE: "◯", Kind.MULTIPLE: "☐", Kind.RANKING: "↕"}[question.kind]
    return "\n".join(f"{sign} {t.pick(option.text)}" for option in question.options)


def sure(survey: Survey, t: Texts) -> tuple[str, dict[str, Any]]:
    """It would not be asked at all."""
    yes = button(t.plain("survey_desk.sure"), Running("sure", survey.id))
    back = button(t.plain("survey_desk.back"), Running("one", survey.id))
    return t("survey_desk.cancel_sure", title=_title(survey, t)), keyboard([[yes], [back]])


def words(survey: Survey, remark: Remark | None, left: int, t: Texts) -> tuple[str, dict[str, Any]]:
    """Free words that may name somebody, one after the other."""
    back = [button(t.plain("survey_desk.back"), Running("one", survey.id))]
    if remark is None:
        return t("survey_desk.words_done"), keyboard([back])
    text = t("survey_desk.words_one", left=left, words=inline(remark.text, QUOTED))
    quote = button(t.plain("survey_desk.quote"), Looked(True, remark.id))
    keep = button(t.plain("survey_desk.keep"), Looked(False, remark.id))
    return text, keyboard([[quote, keep], back])


def verdicts(survey: Survey, t: Texts) -> tuple[str, dict[str, Any]]:
    """What becomes of the project."""
    rows = [[button(t.plain(f"verdict.{each}"), Running("verdict", survey.id, each))] for each in Verdict]
    back = [button(t.plain("survey_desk.back"), Running("one", survey.id))]
    return t("survey_desk.verdict", title=_title(survey, t)), keyboard([*rows, back])


def asked_to_say(survey: Survey, verdict: Verdict | None, t: Texts) -> tuple[str, dict[str, Any]]:
    """What will change? Of a project: why?"""
    back = button(t.plain("survey_desk.back"), Running("one", survey.id))
    if verdict is not None:
        shown = t.plain(f"verdict.{verdict}")
        why = t("survey_desk.say_why", title=_title(survey, t), verdict=shown, most=CHANGES_LENGTH)
        return why, keyboard([[back]])
    return t("survey_desk.say_what", title=_title(survey, t), most=CHANGES_LENGTH), keyboard([[back]])


def in_languages(presses: Mapping[str, Press], t: Texts) -> list[list[dict[str, Any]]]:
    """For each language in which something is not written yet, a press to write it."""
    return [
        [button(t.plain("survey_desk.in_language", language=LANGUAGE_NAMES[each]), press)]
        for each, press in presses.items()
    ]


def said(
    survey: Survey, changes: Mapping[str, str], verdict: Verdict | None, missing: Sequence[str], count: int, t: Texts
) -> tuple[str, dict[str, Any]]:
    """What would be sent, in each language there is; and to how many."""
    parts = [t("survey_desk.say_preview", title=_title(survey, t))]
    if verdict is not None:
        parts.append(f"<b>{t(f'verdict.{verdict}')}</b>")
    parts += [f"<b>{LANGUAGE_NAMES[each]}</b>\n{escape(without_mentions(text))}" for each, text in changes.items()]
    rows = in_languages({each: Running("language", survey.id, each) for each in missing}, t)
    rows.append([button(t.plain("survey_desk.send", count=count), Running("send", survey.id))])
    rows.append([button(t.plain("survey_desk.back"), Running("one", survey.id))])
    return "\n\n".join(parts), keyboard(rows)
