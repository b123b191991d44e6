"""The files of the surveys, read once at the start and in `unionbot check` and `unionbot surveys`.

    files, problems = shelf(settings)             every problem names file and line, and says what to write

A file is called `<key>.toml`; those that come along (`bot/surveys/`) show everything that may stand in one. It opens by
the calendar (each, week, weekday, time), at a date (opens, closes), or when somebody starts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.fields import KEY_NAME, WEEKDAYS
from bot.settings import Settings
from bot.survey_form import PLACE, Each, SurveySection, checked
from bot.texts import nearest
from models.calendar import Semester, WorkCalendar
from models.questionnaires import Group, Names, Option, Question, Questionnaire, Skip

SHIPPED = Path(__file__).parent / "surveys"
"""What every union has."""
SPRING_ENDS = range(3, 9)
"""In these months the second half of an academic year ends: its last semester is one of those."""


class Opening(NamedTuple):
    """When the calendar brings a survey; outside every semester there is none."""

    semester: Semester | None
    at: datetime


@dataclass(frozen=True)
class SurveyFile:
    """A survey as its file has it. Moments are in UTC, days count in the union's time zone."""

    key: str
    questionnaire: Questionnaire
    target: Group
    anonymous: bool = True
    minimum_cell: int | None = None
    """The file's own; `cell` is what holds."""
    opens: datetime | None = None
    """At this local time, without a zone; None by the calendar or by hand."""
    closes: datetime | None = None
    each: Each | None = None
    week: int = 1
    weekday: int = 0
    """0 is Monday."""
    at: time = time(10)
    open_for_days: int = 14
    reminders: tuple[int, ...] = ()
    """Days after the opening."""

    @property
    def by_hand(self) -> bool:
        """Whether it opens only when somebody starts it."""
        return self.opens is None and self.each is None

    @property
    def takes_subject(self) -> bool:
        """Whether it is about something that is named when it is started."""
        return any(PLACE in text for names in _fillable(self.questionnaire) for text in names.values())

    def about(self, subject: Names) -> SurveyFile:
        """The same, about this project, training or whatever it is; in a language that it is not written in it stands
        as it is in the nearest.
        """
        asked = self.questionnaire

        def filled(names: Names) -> Names:
            return {language: text.replace(PLACE, nearest(subject, language)) for language, text in names.items()}

        questions = tuple(replace(question, text=filled(question.text)) for question in asked.questions)
        told = filled(asked.about) if asked.about is not None else None
        return replace(self, questionnaire=Questionnaire(filled(asked.title), questions, told))

    def cell(self, minimum: int) -> int:
        """The smallest number of answers that is counted by itself, given the union's own minimum."""
        own = self.minimum_cell or minimum
        return max(own, minimum) if self.anonymous else own

    def opening(self, semester: Semester, calendar: WorkCalendar) -> datetime | None:
        """When it opens in this semester; None when it does not. Week 1 is the week of the semester's first day.

        What comes once an academic year opens in the last semester of it that has such a week: those of the second
        half end between March and August.
        """
        if self.opens is not None:
            inside = semester.starts <= self.opens.date() <= semester.ends
            return _at(self.opens, calendar) if inside else None
        day = self._day(semester) if self.each is not None else None
        if day is None or (self.each == "academic year" and semester is not self._last_of_year(semester, calendar)):
            return None
        return calendar.at(day, self.at)

    def openings(self, calendar: WorkCalendar) -> tuple[Opening, ...]:
        """Every time the calendar brings it, in order."""
        found = [Opening(s, at) for s in calendar.semesters if (at := self.opening(s, calendar)) is not None]
        if self.opens is not None and not found:
            found.append(Opening(None, _at(self.opens, calendar)))
        return tuple(sorted(found, key=lambda opening: opening.at))

    def closing(self, opens_at: datetime, calendar: WorkCalendar) -> datetime:
        """When it closes that opened then."""
        return _at(self.closes, calendar) if self.closes else _days_after(opens_at, self.open_for_days, calendar)

    def reminder_moments(self, opens_at: datetime, calendar: WorkCalendar) -> tuple[datetime, ...]:
        """When those who have not finished are reminded."""
        return tuple(_days_after(opens_at, days, calendar) for days in self.reminders)

    def _day(self, semester: Semester) -> date | None:
        monday = semester.starts - timedelta(days=semester.starts.weekday())
        day = max(monday + timedelta(weeks=self.week - 1, days=self.weekday), semester.starts)
        return day if day <= semester.ends else None

    def _last_of_year(self, semester: Semester, calendar: WorkCalendar) -> Semester | None:
        same = [
            each
            for each in calendar.semesters
            if each.ends.year == semester.ends.year and each.ends.month in SPRING_ENDS and self._day(each) is not None
        ]
        return max(same, key=lambda each: each.ends, default=None)


def _fillable(questionnaire: Questionnaire) -> list[Names]:
    about = [questionnaire.about] if questionnaire.about is not None else []
    return [questionnaire.title, *about, *(question.text for question in questionnaire.questions)]


def _at(local: datetime, calendar: WorkCalendar) -> datetime:
    return calendar.at(local.date(), local.time())


def _days_after(moment: datetime, days: int, calendar: WorkCalendar) -> datetime:
    """So many days later at the same time by the clock on the wall."""
    local = moment.astimezone(calendar.timezone)
    return calendar.at(local.date() + timedelta(days=days), local.time())


# ---------------------------------------------------------------- reading


def read_one(path: Path, settings: Settings | None = None) -> tuple[SurveyFile | None, list[str]]:
    """One file: its survey, or None and everything that is wrong with it. Without settings nothing is held against
    config.toml.
    """
    key = path.name.removesuffix(".toml")
    if not path.name.endswith(".toml") or not KEY_NAME.fullmatch(key):
        return None, [f"{path.name}: is no name of a survey; write small letters, digits and dashes, as our-pulse.toml"]
    found, problems = checked(path, settings)
    return (_file(key, found) if found is not None else None), [f"{path.name}: {problem}" for problem in problems]


def read(folder: Path, settings: Settings | None = None) -> tuple[dict[str, SurveyFile], list[str]]:
    """Every survey of the folder by its key, in the order of the files, and everything that is wrong there."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        return {}, [f'{folder}: {what}; make the folder, or write folder = "" for the surveys that come along']
    files: dict[str, SurveyFile] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        found, wrong = read_one(path, settings)
        problems += wrong
        if found is not None:
            files[found.key] = found
    return files, problems


def shelf(settings: Settings) -> tuple[Mapping[str, SurveyFile], list[str]]:
    """The surveys that come along with the union's own beside or instead of them. One of the union's that cannot be
    used takes the place of its namesake all the same: what it was to replace must not go out to everybody.
    """
    files, problems = read(SHIPPED, settings)
    if not settings.surveys.folder:
        return files, problems
    folder = Path(settings.surveys.folder)
    own, wrong = read(folder, settings)
    replaced = {path.name.removesuffix(".toml") for path in folder.glob("*.toml")}
    kept = {key: file for key, file in files.items() if key not in replaced}
    return dict(sorted((kept | own).items())), [*problems, *wrong]


def _file(key: str, given: SurveySection) -> SurveyFile:
    questions = tuple(
        Question(
            key=each.key,
            kind=each.kind,
            text=each.text,
            options=tuple(Option(option.key, option.text) for option in each.options),
            labels=each.labels,
            required=each.required,
            only=each.only.group(),
            skip=Skip(each.skip.question, each.skip.answers) if each.skip is not None else None,
        )
        for each in given.questions
    )
    return SurveyFile(
        key=key,
        questionnaire=Questionnaire(given.title, questions, given.about),
        target=given.target.group(),
        anonymous=given.anonymous,
        minimum_cell=given.minimum_cell,
        opens=given.opens,
        closes=given.closes,
        each=given.each,
        week=given.week or 1,
        weekday=WEEKDAYS.index(given.weekday) if given.weekday is not None else 0,
        at=given.time or time(10),
        open_for_days=given.open_for_days,
        reminders=given.reminders,
    )
