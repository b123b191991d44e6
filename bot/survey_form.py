"""What may stand in the file of a survey, and the sentence for what may not; every mistake is told at once.

found, problems = checked(Path("our-pulse.toml"), settings)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NaiveDatetime, StrictBool, StrictInt, ValidationError
from pydantic_core import PydanticCustomError

from bot.fields import LANGUAGES, KeyName, Sayings
from bot.mistakes import Form, Unreadable, place, read, sentences, tables, twice
from bot.sections import Section
from bot.settings import Settings
from bot.texts import columns
from models.calendar import LONG_WAY, QUIET_FROM, QUIET_TO
from models.people import Audience
from models.questionnaires import (
    HIGHEST,
    LOWEST,
    MOST_OPTIONS,
    MOST_QUESTIONS,
    MOST_RANKED,
    SCALE_END,
    Group,
    Kind,
    Labels,
)
from models.surveys import MOST_REMINDERS

Each = Literal["semester", "academic year"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Moment = Annotated[NaiveDatetime, Field(strict=True)]
PLACE = "{subject}"
"""Stands in title, about and questions for what a survey is about that somebody starts."""
TITLE_COLUMNS, ABOUT_COLUMNS, QUESTION_COLUMNS, LABEL_COLUMNS = 60, 600, 300, 60
"""So much is read on a phone; a Chinese character takes two columns."""
LATEST = time(QUIET_FROM.hour - LONG_WAY // timedelta(hours=1), QUIET_FROM.minute)
"""From then on whom it invites is left in peace until the morning (`WorkCalendar.for_many`)."""
DAYS_BETWEEN = 2
"""At least so many days lie between two reminders."""
CHOOSING = (Kind.SINGLE, Kind.MULTIPLE, Kind.RANKING)
BRACES = re.compile(r"\{[^{}]*\}?|\}")
SHORT_TIME = re.compile(r"(?m)^(\s*(?:opens|closes)\s*=\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(?![\d:])")
"""A time without seconds, which TOML does not take."""
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
THREE = 'zh-hans = "…", zh-hant = "…", en = "…"'


# What is written otherwise than it is meant is no value here: "7" in quotes would pass by the rules that hold values
# against each other (`_contradictions`), which read the raw file.


def _clock(value: object) -> time:
    if (found := _time_of(value)) is None:
        raise PydanticCustomError("clock", 'write a time of day in quotes, for example time = "10:00"')
    return found


def _is_reply(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _reply(value: object) -> object:
    if not _is_reply(value):
        raise PydanticCustomError("reply", "write the key of an option in quotes, or the number of a step without")
    return value


TimeOfDay = Annotated[time, BeforeValidator(_clock)]
Reply = Annotated[int | str, BeforeValidator(_reply)]


class GroupSection(Section):
    """Some of the students; a list left out leaves nobody out."""

    audiences: tuple[Audience, ...] = ()
    buildings: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    def group(self) -> Group:
        """The same for the rules."""
        return Group(self.audiences, self.buildings, self.levels)


class OptionSection(Section):
    """One of several to choose from."""

    key: KeyName
    text: Sayings


class SkipSection(Section):
    """Passed over by those who answered an earlier question so."""

    question: str
    answers: tuple[Reply, ...] = Field(min_length=1)


class QuestionSection(Section):
    """One question."""

    key: KeyName
    kind: Kind
    text: Sayings
    options: tuple[OptionSection, ...] = ()
    labels: Labels = Labels.AGREEMENT
    required: StrictBool = False
    only: GroupSection = GroupSection()
    skip: SkipSection | None = None


class SurveySection(Section):
    """The whole file."""

    title: Sayings
    about: Sayings | None = None
    anonymous: StrictBool = True
    minimum_cell: StrictInt | None = Field(default=None, ge=2)
    target: GroupSection = GroupSection()
    opens: Moment | None = None
    closes: Moment | None = None
    each: Each | None = None
    week: StrictInt | None = Field(default=None, ge=1, le=30)
    weekday: Weekday | None = None
    time: TimeOfDay | None = None
    open_for_days: StrictInt = Field(default=14, ge=1, le=90)
    reminders: tuple[StrictInt, ...] = ()
    questions: tuple[QuestionSection, ...] = Field(min_length=1)


FORM = Form(SurveySection, Path(__file__).parent / "surveys" / "semester-satisfaction.toml", blank=True)


def checked(path: Path, settings: Settings | None) -> tuple[SurveySection | None, list[str]]:
    """What the file says, or None and everything that is wrong with it."""
    try:
        text, data = read(path, "write the name of a survey's file", lambda text: SHORT_TIME.sub(r"\1:00", text))
    except Unreadable as error:
        return None, [str(error)]
    found, problems = None, []
    try:
        found = SurveySection(**data)
    except ValidationError as error:
        problems += sentences(error, FORM, text)
    problems += [f"{place(where, text)}: {what}" for where, what in _contradictions(data, settings)]
    return (found if not problems else None), problems


Wrong = Iterator[tuple[tuple[str | int, ...], str]]
"""Where, and what to write there."""


def _contradictions(data: Mapping[str, Any], settings: Settings | None) -> Wrong:
    """What is wrong only when parts are held against each other. Read from the raw file, and silent about a part that
    is wrong by itself: that is told already.
    """
    questions = tables(data, "questions")
    if len(questions) > MOST_QUESTIONS:
        yield ("questions",), f"{len(questions)} are too many; nobody answers more than {MOST_QUESTIONS}"
    for key in twice([q.get("key") for q in questions if isinstance(q.get("key"), str)]):
        last = max(i for i, q in enumerate(questions) if q.get("key") == key)
        yield ("questions", last, "key"), f"{key!r} stands there more than once; write a key of its own for each"
    for i, question in enumerate(questions):
        at: tuple[str | int, ...] = ("questions", i)
        yield from _choice(question, at)
        yield from _skip(question, questions[:i], questions, at)
        yield from _buildings(question.get("only"), (*at, "only"), settings)
    yield from _buildings(data.get("target"), ("target",), settings)
    yield from _texts(data, questions)
    yield from _when(data)
    yield from _reminders(data)
    minimum, cell = settings.surveys.minimum_cell if settings is not None else 0, data.get("minimum_cell")
    if data.get("anonymous", True) is True and isinstance(cell, int) and 2 <= cell < minimum:
        yield ("minimum_cell",), f"{cell} is less than config.toml has; write at least {minimum}, or anonymous = false"


def _choice(question: Mapping[str, Any], at: tuple[str | int, ...]) -> Wrong:
    kind, options = question.get("kind"), tables(question, "options")
    for key in twice([each.get("key") for each in options if isinstance(each.get("key"), str)]):
        yield (*at, "options"), f"the option {key!r} stands there more than once; write a key of its own for each"
    if kind in CHOOSING:
        most = MOST_RANKED if kind == Kind.RANKING else MOST_OPTIONS
        if not 2 <= len(options) <= most:
            yield (*at, "options"), f"{kind} takes 2 to {most} options, here are {len(options)}; {_more(options, most)}"
    elif "options" in question and kind in list(Kind):
        yield (*at, "options"), f'{kind} takes no options; delete them, or write kind = "single"'
    if "labels" in question and kind in list(Kind) and kind != Kind.AGREEMENT:
        yield (*at, "labels"), f'{kind} has no steps with labels; delete it, or write kind = "agreement"'


def _more(options: Sequence[Any], most: int) -> str:
    return "write those that matter most" if len(options) > most else f'write {{ key = "…", text = {{ {THREE} }} }}'


def _skip(
    question: Mapping[str, Any],
    before: Sequence[Mapping[str, Any]],
    questions: Sequence[Mapping[str, Any]],
    at: tuple[str | int, ...],
) -> Wrong:
    skip = question.get("skip")
    if not isinstance(skip, dict) or not isinstance(skip.get("question"), str):
        return
    asked, answers = skip["question"], skip.get("answers")
    earlier = next((each for each in before if each.get("key") == asked), None)
    if earlier is None:
        what = "stands further down" if any(q.get("key") == asked for q in questions) else "is not there"
        keys = dict.fromkeys(str(each.get("key")) for each in before if each.get("key") != question.get("key"))
        instead = f"write the key of an earlier one: {', '.join(keys)}" if keys else "no other is earlier; delete skip"
        yield (*at, "skip"), f"the question {asked!r} {what}; {instead}"
        return
    known_answers = _answers_to(earlier)
    if known_answers is None:
        return
    if not known_answers:
        yield (*at, "skip"), f"nothing can follow from {asked!r}, which is {earlier['kind']}; write another question"
        return
    for each in answers if isinstance(answers, list) else ():
        if _is_reply(each) and each not in known_answers:
            listed = ", ".join(str(known) for known in known_answers)
            yield (*at, "skip"), f"{each!r} is no answer to {asked!r}; write some of {listed}"


def _answers_to(question: Mapping[str, Any]) -> list[int | str] | None:
    """From which something can follow; None where the question itself is wrong."""
    match question.get("kind"):
        case Kind.AGREEMENT:
            return list(range(LOWEST, HIGHEST + 1))
        case Kind.SCALE:
            return list(range(SCALE_END + 1))
        case Kind.SINGLE | Kind.MULTIPLE:
            return [key for each in tables(question, "options") if isinstance(key := each.get("key"), str)] or None
        case Kind.RANKING | Kind.WORDS:
            return []
    return None


def _buildings(group: Any, at: tuple[str | int, ...], settings: Settings | None) -> Wrong:
    given = group.get("buildings") if isinstance(group, dict) else None
    if settings is None or not isinstance(given, list):
        return
    known = settings.building_keys()
    for each in given:
        if each not in known:
            yield (*at, "buildings"), f"config.toml has no building {each!r}; write some of {', '.join(known)}"


def _texts(data: Mapping[str, Any], questions: Sequence[Mapping[str, Any]]) -> Wrong:
    """Every text: whether a phone shows it, and what stands in braces."""
    by_itself = "each" in data or "opens" in data
    yield from _text(data.get("title"), ("title",), TITLE_COLUMNS, by_itself)
    yield from _text(data.get("about"), ("about",), ABOUT_COLUMNS, by_itself)
    for i, question in enumerate(questions):
        yield from _text(question.get("text"), ("questions", i, "text"), QUESTION_COLUMNS, by_itself)
        for n, option in enumerate(tables(question, "options")):
            yield from _text(option.get("text"), ("questions", i, "options", n, "text"), LABEL_COLUMNS, None)


def _text(names: Any, at: tuple[str | int, ...], most: int, by_itself: bool | None) -> Wrong:
    """`by_itself`: nobody is there to say what the survey is about; None: nothing is filled in here at all."""
    if not isinstance(names, dict):
        return
    texts = {language: text for language, text in names.items() if language in LANGUAGES and isinstance(text, str)}
    for language, text in texts.items():
        if (wide := columns(text)) > most:
            yield (
                at,
                f"the text in {language} takes {wide} columns, a phone shows {most} well; shorten it "
                "(a Chinese character takes two)",
            )
        for brace in BRACES.findall(text):
            if brace != PLACE:
                yield at, f"nothing fills {brace} in {language}; write {PLACE}, or leave the braces out"
    filled = [language for language, text in texts.items() if PLACE in text]
    if not filled:
        return
    if by_itself is None:
        yield at, f"{PLACE} is filled in title, about and questions only; write the option without it"
    elif by_itself:
        yield at, f"nobody says what {PLACE} is when the calendar opens it; delete it, or delete each and opens"
    elif len(filled) < len(texts):
        without = ", ".join(language for language in texts if language not in filled)
        yield at, f"{PLACE} is not there in {without}; write it in all languages or in none"


def _when(data: Mapping[str, Any]) -> Wrong:
    opens, closes = data.get("opens"), data.get("closes")
    if "each" in data:
        for name in ("opens", "closes"):
            if name in data:
                yield (name,), f"the calendar opens it already (each); delete each, or delete {name}"
        for name, example in (("week", "14"), ("weekday", '"tuesday"'), ("time", '"10:00"')):
            if name not in data:
                yield (name,), f"is missing beside each; write for example {name} = {example}"
    else:
        for name in ("week", "weekday", "time"):
            if name in data:
                yield (name,), 'says nothing without each; write each = "semester", or delete it'
        for name, other in (("opens", "closes"), ("closes", "opens")):
            if name in data and other not in data:
                yield (name,), f"does not stand alone; write for example {other} = 2026-12-21T10:00"
        if "opens" in data and "open_for_days" in data:
            yield ("open_for_days",), "closes says when it ends; delete one of the two"
    if isinstance(opens, datetime) and isinstance(closes, datetime) and _naive(closes) <= _naive(opens):
        yield ("closes",), f"is not after opens; write a time after {_naive(opens):%Y-%m-%dT%H:%M}"
    for name, at in (("opens", opens), ("time", data.get("time"))):
        hour = at.time() if isinstance(at, datetime) else _time_of(at)
        if hour is not None and (hour >= LATEST or hour < QUIET_TO):
            yield (name,), f"nobody is invited from {LATEST:%H:%M} to {QUIET_TO:%H:%M}; write another time, as 10:00"


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _time_of(value: object) -> time | None:
    if isinstance(value, time):
        return value
    found = CLOCK.fullmatch(value) if isinstance(value, str) else None
    return time(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _reminders(data: Mapping[str, Any]) -> Wrong:
    days = data.get("reminders")
    if not isinstance(days, list) or not all(isinstance(each, int) for each in days):
        return
    if len(days) > MOST_REMINDERS:
        yield ("reminders",), f"{len(days)} are too many; write at most {MOST_REMINDERS}"
    if any(two - one < DAYS_BETWEEN for one, two in zip([0, *days], days, strict=False)):
        yield (
            ("reminders",),
            f"are days after the opening, each at least {DAYS_BETWEEN} after the one before; write for example [5, 10]",
        )
    opens, closes, last = data.get("opens"), data.get("closes"), data.get("open_for_days", 14)
    if isinstance(opens, datetime) and isinstance(closes, datetime):
        last = (_naive(closes) - _naive(opens)) / timedelta(days=1)
    for day in days:
        if isinstance(last, int | float) and day >= last > 0:
            yield ("reminders",), f"day {day} is not before it closes; write days before day {last:g}"
