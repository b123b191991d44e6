"""A new survey from one of the files, as the office makes it: which, about what, for whom, from when on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from bot.keyboards import button, keyboard
from bot.menus import LANGUAGE_NAMES
from bot.questionnaires import SurveyFile
from bot.settings import Settings
from bot.survey_desk import Making, Running, in_languages, questions
from bot.texts import Texts, cut
from models.calendar import ONE_DAY, WorkCalendar
from models.projects import Project
from models.questionnaires import EVERYBODY, Group

LABEL = 48
OPENS = ("now", "tomorrow", "monday")
AT = time(10)
EVERYWHERE = "all"
ASKERS, CONCERNED = "askers", "concerned"
"""Those who asked for the project it is about, under their names; whoever lives where its tickets come from."""


def files(known: Mapping[str, SurveyFile], t: Texts) -> tuple[str, dict[str, Any]]:
    """Which of the files?"""
    rows = [
        [button(cut(_bare(t.pick(file.questionnaire.title)), LABEL), Making("file", key))]
        for key, file in known.items()
    ]
    return t("survey_new.which"), keyboard([*rows, [_list(t)]])


def _bare(title: str) -> str:
    """A title whose subject is not known yet."""
    return title.replace("{subject}", "…")


def subject(projects: Sequence[Project], t: Texts) -> tuple[str, dict[str, Any]]:
    """What is it about? Of the survey that closes a project: which project."""
    rows = [[button(cut(f"{each.id} · {each.title}", LABEL), Making("project", str(each.id)))] for each in projects]
    return t("survey_new.project" if projects else "survey_new.subject"), keyboard([*rows, [_list(t)]])


def subject_in(language: str, so_far: Mapping[str, str], t: Texts) -> tuple[str, dict[str, Any]]:
    """What is it about, in one more language?"""
    text = t("survey_new.subject_in", subject=t.pick(so_far), language=LANGUAGE_NAMES[language])
    return text, keyboard([[_list(t)]])


def targets(
    settings: Settings, t: Texts, *, project: bool = False, concerned: Sequence[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Whom is it for? Of a project first of all those who asked for it, and who lives where its tickets come from."""
    rows = [[button(t.plain("survey_new.askers"), Making("target", ASKERS))]] if project else []
    if concerned:
        rows.append([button(cut(of_buildings(concerned, settings, t), LABEL), Making("target", CONCERNED))])
    rows += [[button(t.plain("survey.everybody"), Making("target", EVERYWHERE))]]
    rows += [
        [button(t.plain("survey_new.of_station", station=t.pick(station.name)), Making("target", station.key))]
        for station in settings.stations
        if station.buildings
    ]
    return t("survey_new.whom"), keyboard([*rows, [_list(t)]])


def of_buildings(buildings: Sequence[str], settings: Settings, t: Texts) -> str:
    """Who lives in these."""
    names = t.plain("survey.and").join(t.pick(settings.building_names(each)) for each in buildings)
    return t.plain("survey_new.concerned", buildings=names)


def whom(target: str, concerned: Sequence[str], settings: Settings, t: Texts) -> str:
    """What those whom somebody chose are called."""
    if target == ASKERS:
        return t.plain("survey_new.askers")
    if target == CONCERNED:
        return of_buildings(concerned, settings, t)
    station = next((each for each in settings.stations if each.key == target), None)
    if station is None:
        return t.plain("survey.everybody")
    return t.plain("survey_new.of_station", station=t.pick(station.name))


def group_of(target: str, settings: Settings, project: int | None, concerned: Sequence[str]) -> Group:
    """Whom somebody chose."""
    if target == ASKERS:
        return Group(project=project)
    if target == CONCERNED:
        return Group(buildings=tuple(concerned))
    return EVERYBODY if target == EVERYWHERE else Group(buildings=tuple(settings.buildings_of(target)))


def openings(t: Texts) -> tuple[str, dict[str, Any]]:
    """From when on?"""
    rows = [[button(t.plain(f"survey_new.opens.{each}"), Making("opens", each))] for each in OPENS]
    return t("survey_new.when"), keyboard([*rows, [_list(t)]])


def opens_at(choice: str, calendar: WorkCalendar, now: datetime) -> datetime:
    """The moment that somebody chose; at night, and in the hour before it, now is the morning after."""
    today = calendar.day_of(now)
    if choice == "tomorrow":
        return calendar.at(today + ONE_DAY, AT)
    if choice == "monday":
        return calendar.at(today + timedelta(days=7 - today.weekday()), AT)
    return calendar.for_many(now)


def preview(
    file: SurveyFile,
    whom: str,
    count: int,
    opens: datetime,
    closes: datetime,
    cell: int,
    t: Texts,
    now: datetime,
    missing: Sequence[str] = (),
) -> tuple[str, dict[str, Any]]:
    """What would be asked of how many; in the languages that are `missing` nobody has said yet what it is about."""
    text = t.n(
        "survey_new.preview",
        count,
        title=t.pick(file.questionnaire.title),
        questions=len(file.questionnaire.questions),
        whom=whom,
        opens=t.moment(opens, now),
        closes=t.moment(closes, now),
        named=t.plain("survey_desk.without_name", cell=cell) if file.anonymous else t.plain("survey_desk.with_name"),
    )
    if file.target.project is not None:
        text += "\n\n" + t("survey_new.askers_named")
    if count < cell:
        text += "\n\n" + t("survey_new.few", cell=cell)
    if missing:
        names = t.plain("survey.and").join(LANGUAGE_NAMES[each] for each in missing)
        text += "\n\n" + t("survey_new.as_written", languages=names)
    rows = [
        *in_languages({each: Making("language", each) for each in missing}, t),
        [button(t.plain("survey_desk.preview"), Making("questions"))],
        [button(t.plain("survey_new.start"), Making("start"))],
        [_list(t)],
    ]
    return text, keyboard(rows)


def all_questions(file: SurveyFile, t: Texts) -> list[str]:
    """Everything that would be asked."""
    return questions(file.questionnaire, t.pick(file.questionnaire.title), t)


def _list(t: Texts) -> dict[str, Any]:
    return button(t.plain("survey_desk.back"), Running("list", 0))
