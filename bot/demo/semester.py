"""A semester of surveys, after the tickets: the calendar brings the one about the stations' staff and the one about the
whole semester, each by its file and at its own date; then the office asks something of its own, and that stays open for
whoever plays on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import App
from bot.demo.cast import Cast, day_of, goes_on, step
from bot.demo.watching import say
from bot.menus import LANGUAGE_NAMES
from bot.scripts import in_other_script
from bot.survey_form import PLACE
from bot.survey_screens import answer_words
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import surveys
from models.calendar import Semester
from models.questionnaires import EVERYBODY, Answer, Answers, Kind, Question, Questionnaire
from models.results import Results
from models.roster import Facts
from models.surveys import Stage
from models.tallies import Tally, one
from scheduler.jobs.surveys import AHEAD

STAFF, SATISFACTION, PULSE = "staff-evaluation", "semester-satisfaction", "pulse"
BEFORE, INVITED_BEFORE, ANSWERED_BEFORE, PARTIAL_BEFORE = "2025-2026-2", 41, 34, 3
"""The semester before, and how many of the demo's university answered then."""
OPENED_BEFORE, CLOSED_BEFORE = datetime(2026, 5, 26, 2, tzinfo=UTC), datetime(2026, 6, 9, 2, tzinfo=UTC)
ANYBODY = Facts(None, None, None, None, None, proved=False)

Steps = Mapping[str, str]
"""What is answered to a question: the digit of each student in turn."""
ELSE = "4453545443"
THEN: Steps = {"speed": "3243215234", "attitude": "4453445542", "overall": "3243325234", "recommend": "6547358644"}
NOW: Steps = {"speed": "5445434545", "attitude": "4435445254", "overall": "5435435445", "recommend": "9879968798"}
WORDS = {1: "热水停得太早", 3: "热水停得太早了", 4: "希望自習室晚一點關門"}
"""What some of the classmates write."""
LIN: Answers = {
    "used": "yes",
    "channels": ["bot"],
    "speed": 5,
    "attitude": 5,
    "solved": "solved",
    "services": ["water", "repairs", "network", "hygiene", "laundry", "study"],
    "overall": 4,
    "recommend": 9,
    "first": ["follow-up", "dormitory"],
    "words": "水龙头修得很快；热水能再晚一点停就好了",
}
CHEN: Answers = {
    "used": "yes",
    "channels": ["bot", "desk"],
    "speed": 2,
    "attitude": 5,
    "solved": "solved",
    "overall": 4,
    "recommend": 8,
    "first": ["faster"],
    "words": "王磊很熱心，電話 138 1234 5678 隨時接聽",
}
BEGUN = 3
"""So many questions he answers before he saves it."""
EMMA: Answers = {"met": "no"}
CHANGES, CHANGES_ENGLISH = (
    "热水供应延长到 23:30；报修当天先答复。",
    "Hot water until 23:30; repairs are answered the same day.",
)
SUBJECT, SUBJECT_ENGLISH = "热水延长到 23:30", "Hot water until 23:30"


async def seat_the_semester_before(session: AsyncSession, toolbox: Toolbox) -> None:
    """A survey that closed before the demo begins, so that there is something to compare with. Its answers are made up,
    and the story says so.
    """
    asked = toolbox.surveys[SATISFACTION].questionnaire
    survey = await surveys.plan(
        session,
        key=SATISFACTION,
        questionnaire=asked,
        opens_at=OPENED_BEFORE,
        closes_at=CLOSED_BEFORE,
        target=EVERYBODY,
        cell=toolbox.settings.surveys.minimum_cell,
        semester=BEFORE,
        by_calendar=True,
    )
    if survey is None:
        # A demo that goes on has it already.
        return
    tally = Tally()
    for i in range(ANSWERED_BEFORE):
        tally.add(one(asked, sheet(asked, i, THEN)))
    survey.stage = Stage.TOLD
    survey.results = Results(survey.cell, INVITED_BEFORE, ANSWERED_BEFORE, PARTIAL_BEFORE, tally).plain()


class _Coming(NamedTuple):
    """What the calendar brings this semester; moments are in the union's time zone."""

    questionnaire: Questionnaire
    semester: Semester
    announced: datetime
    opens: datetime
    reminds: datetime
    closes: datetime


def _coming(key: str, toolbox: Toolbox) -> _Coming:
    """By its file."""
    file, calendar = toolbox.surveys[key], toolbox.house.calendar
    term = calendar.semesters[0]
    opens = file.opening(term, calendar)
    assert opens is not None, "it comes each semester"
    moments = (opens - AHEAD, opens, file.reminder_moments(opens, calendar)[0], file.closing(opens, calendar))
    return _Coming(file.questionnaire, term, *(moment.astimezone(calendar.timezone) for moment in moments))


async def semester(cast: Cast, program: App, stage: Any) -> None:
    """From the first announcement to what will change. Raises DidNotHappen naming the step."""
    toolbox = program.toolbox
    cell = program.settings.surveys.minimum_cell
    say(
        f"\n(A real union shows nothing of fewer than ten answers. There are {len(cast.classmates) + 3} students here, "
        f"so this demo shows groups of {cell} and more; its screens say so.)"
    )
    staff, whole = _coming(STAFF, toolbox), _coming(SATISFACTION, toolbox)
    await _staff(cast, staff, toolbox, stage)
    await _answered(cast, whole, toolbox, stage)
    await _closed(cast, whole, toolbox, stage)
    await _told(cast, whole, toolbox, stage)
    await _of_its_own(cast, toolbox, stage)


async def _announced(cast: Cast, coming: _Coming, what: str, toolbox: Toolbox, stage: Any) -> None:
    """The office has three days to look at what will be asked."""
    async with step(f"{day_of(coming.announced)}: the office hears that {what} is coming"):
        await goes_on(stage, coming.announced)
        title = toolbox.t("zh-hans").pick(coming.questionnaire.title)
        await cast.groups["office"].shows(title)


async def _staff(cast: Cast, coming: _Coming, toolbox: Toolbox, stage: Any) -> None:
    """The first survey: announced, answered, closed."""
    asked, hans, office = coming.questionnaire, toolbox.t("zh-hans"), cast.groups["office"]
    await _announced(cast, coming, "the survey about the stations' staff", toolbox, stage)
    async with step(f"{day_of(coming.opens)}: everybody is asked, in their own language"):
        await goes_on(stage, coming.opens)
        await _are_asked(cast, asked, toolbox)
    async with step("Emma has not dealt with the staff and is soon through; five classmates answer as well"):
        await asyncio.gather(
            answers_all(cast.emma, toolbox.t("en"), asked, EMMA),
            *_classmates(cast, {i: sheet(asked, i, {}) for i in range(5)}, asked, toolbox),
        )
    async with step(f"{day_of(coming.closes)}: it closes, and what came of it stands in the office"):
        await goes_on(stage, coming.closes)
        await _results(office, asked, hans, hans.pick(asked.questions[-2].text))


async def _answered(cast: Cast, coming: _Coming, toolbox: Toolbox, stage: Any) -> None:
    """The second survey up to its reminder."""
    asked, hans, hant, en = coming.questionnaire, *map(toolbox.t, ("zh-hans", "zh-hant", "en"))
    await _announced(cast, coming, "the survey about the semester", toolbox, stage)
    async with step(f"{day_of(coming.opens)}: everybody is asked how the semester was"):
        await goes_on(stage, coming.opens)
        await _are_asked(cast, asked, toolbox)
    async with step("Emma wants to hear nothing more about surveys this semester"):
        await cast.emma.taps(en.plain("survey.peace"))
        await cast.emma.reads("🔕")
    async with step("林小雨 answers all of it, the last in her own words"):
        await answers_all(cast.lin, hans, asked, LIN)
    async with step("陳家豪 begins and saves it for later"):
        path = asked.path(CHEN, ANYBODY)
        await cast.chen.taps(hant.plain("survey.begin"))
        await _some(cast.chen, hant, path[:BEGUN], CHEN)
        await cast.chen.taps(hant.plain("survey.later"))
        await cast.chen.reads("💾")
    async with step("eight classmates answer as well"):
        sheets = {i: {**sheet(asked, i, NOW), **({"words": WORDS[i]} if i in WORDS else {})} for i in range(8)}
        await asyncio.gather(*_classmates(cast, sheets, asked, toolbox))
    async with step(f"{day_of(coming.reminds)}: 陳家豪 is reminded, who has not finished; 林小雨 and Emma are not"):
        await goes_on(stage, coming.reminds)
        await cast.chen.reads("⏰")
        for other in (cast.lin, cast.emma):
            await other.hides("⏰")
    async with step("陳家豪 goes on where he was; what he is not content with could become a ticket"):
        await cast.chen.taps(hant.plain("survey.go_on"))
        await _some(cast.chen, hant, path[BEGUN:], CHEN)
        await _sends(cast.chen, hant, asked)
        await cast.chen.shows(hant.plain("survey.low"))


async def _closed(cast: Cast, coming: _Coming, toolbox: Toolbox, stage: Any) -> None:
    """What came of the second survey, beside the semester before."""
    asked, hans, office = coming.questionnaire, toolbox.t("zh-hans"), cast.groups["office"]
    async with step(
        f"{day_of(coming.closes)}: it closes; beside it stands {BEFORE}, which was seated before the demo began: "
        f"{ANSWERED_BEFORE} made-up answers"
    ):
        await goes_on(stage, coming.closes)
        await _results(office, asked, hans, hans.plain("results.semesters"), hans.pick(asked.questions[-1].text))
        await office.shows(f"{hans.pick(asked.title)}\n{hans.plain('results.trend')}")


async def _told(cast: Cast, coming: _Coming, toolbox: Toolbox, stage: Any) -> None:
    """The office says what will change."""
    asked, hans, zhou, office = coming.questionnaire, toolbox.t("zh-hans"), cast.zhou, cast.groups["office"]
    async with step("周一帆 looks at the words that name somebody, and leaves them out"):
        await zhou.says("/survey", chat=office)
        await zhou.taps(f"{hans.pick(asked.title)} · {coming.semester.name}", chat=office)
        await zhou.taps("🔎", chat=office)
        await office.shows("138 1234 5678")
        await zhou.taps(hans.plain("survey_desk.keep"), chat=office)
        await office.shows(hans.plain("survey_desk.words_done"))
    async with step("周一帆 says what will change, and those who were asked read it"):
        await zhou.taps(hans.plain("survey_desk.back"), chat=office)
        await zhou.taps(hans.plain("survey_desk.say"), chat=office)
        await zhou.says(CHANGES, chat=office)
        await zhou.taps(hans.plain("survey_desk.in_language", language=LANGUAGE_NAMES["en"]), chat=office)
        await zhou.says(CHANGES_ENGLISH, chat=office)
        await zhou.taps("📨", chat=office)
        await goes_on(stage, await stage.now())
        _in_full((await cast.lin.reads(CHANGES)).text)
        await cast.chen.reads(in_other_script("zh-hans", CHANGES)["zh-hant"])


async def _of_its_own(cast: Cast, toolbox: Toolbox, stage: Any) -> None:
    """A survey of one question, made in the office."""
    hans, zhou, office = toolbox.t("zh-hans"), cast.zhou, cast.groups["office"]
    title = toolbox.surveys[PULSE].questionnaire.title
    async with step("周一帆 asks one question about it; it stays open when the story is over"):
        await zhou.says("/survey", chat=office)
        await zhou.taps(hans.plain("survey_desk.new"), chat=office)
        await zhou.taps(hans.pick(title).replace(PLACE, "…"), chat=office)
        await office.shows(hans.plain("survey_new.subject"))
        await zhou.says(SUBJECT, chat=office)
        await zhou.taps(hans.plain("survey.everybody"), chat=office)
        await zhou.taps(hans.plain("survey_new.opens.now"), chat=office)
        await zhou.taps(hans.plain("survey_desk.in_language", language=LANGUAGE_NAMES["en"]), chat=office)
        await zhou.says(SUBJECT_ENGLISH, chat=office)
        await zhou.taps(hans.plain("survey_new.start"), chat=office)
        await goes_on(stage, await stage.now())
        await cast.lin.reads(hans.pick(title).replace(PLACE, SUBJECT))


# ---------------------------------------------------------------- how it is done


async def _are_asked(cast: Cast, asked: Questionnaire, toolbox: Toolbox) -> None:
    everybody = [(cast.lin, "zh-hans"), (cast.chen, "zh-hant"), (cast.emma, "en")]
    everybody += [(each.person, each.language) for each in cast.classmates]
    for person, language in everybody:
        await person.reads(toolbox.t(language).pick(asked.title))


async def _results(office: Any, asked: Questionnaire, t: Texts, *wanted: str) -> None:
    """What came of it is in the office. Of the words those parts are printed whole in which one of these stands."""
    title = t.pick(asked.title)
    await office.shows(f"{title}\n{t.plain('results.by_day')}")
    words = await office.shows(wanted[0])
    for part in words.text.split("\n\n"):
        if any(each in part for each in (title, *wanted)) and not part.startswith("📂"):
            _in_full(part)


def _in_full(text: str) -> None:
    """Beside what is printed of every message: all of it."""
    say("\n".join(f"{'':<14}  │ {line}" for line in text.splitlines()))


def _classmates(
    cast: Cast, sheets: Mapping[int, Answers], asked: Questionnaire, toolbox: Toolbox
) -> list[Coroutine[Any, Any, None]]:
    found = [(cast.classmates[i], given) for i, given in sheets.items()]
    return [answers_all(each.person, toolbox.t(each.language), asked, given) for each, given in found]


async def answers_all(person: Any, t: Texts, asked: Questionnaire, given: Answers) -> None:
    """From the invitation to the receipt."""
    await person.taps(t.plain("survey.begin"))
    await _some(person, t, asked.path(given, ANYBODY), given)
    await _sends(person, t, asked)


async def _some(person: Any, t: Texts, questions: Sequence[Question], given: Answers) -> None:
    """One question after the other; what is not answered is skipped."""
    for question in questions:
        await person.reads(t.pick(question.text))
        if question.key not in given:
            await person.taps(t.plain("survey.skip"))
        elif question.kind is Kind.WORDS:
            await person.says(str(given[question.key]))
        else:
            for label in _labels(question, given[question.key], t):
                # In full: “满意” stands in “不满意”.
                await person.taps(re.compile(rf"(?:^|\s){re.escape(label)}$"))
            if question.kind is Kind.MULTIPLE:
                await person.taps(t.plain("survey.next"))


def _labels(question: Question, answer: Answer, t: Texts) -> list[str]:
    names = {option.key: t.pick(option.text) for option in question.options}
    return [names[key] for key in answer] if isinstance(answer, list) else [answer_words(question, answer, t)]


async def _sends(person: Any, t: Texts, asked: Questionnaire) -> None:
    await person.reads(t.plain("survey.overview_end"))
    await person.taps(t.plain("survey.finish"))
    await person.reads(t.plain("survey.thanks", title=t.pick(asked.title)))


def sheet(asked: Questionnaire, i: int, steps: Steps) -> dict[str, Answer]:
    """How the i-th student answers."""
    given: dict[str, Answer] = {}
    for place, question in enumerate(asked.questions):
        keys = question.keys
        match question.kind:
            case Kind.AGREEMENT | Kind.SCALE:
                given[question.key] = int(steps.get(question.key, ELSE)[(i + place) % len(ELSE)])
            case Kind.SINGLE:
                given[question.key] = keys[0] if i % 5 else keys[1]
            case Kind.MULTIPLE:
                given[question.key] = [keys[i % 3]]
            case Kind.RANKING if i % 2:
                given[question.key] = [*keys[i % 3 :], *keys[: i % 3]]
    return asked.kept(given, ANYBODY)
