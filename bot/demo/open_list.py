"""Projects in the demo's semester, on the open list (measure 7): one from its listing to its verdict, and one that is
open for bids when the story is over.

listed ─▶ a club bids ─▶ the deadline passes: three score ─▶ awarded with a reason ─▶ a milestone, shown and accepted
       ─▶ finished ─▶ its closing survey ─▶ kept, with a reason that everybody may read
"""

from __future__ import annotations

import asyncio
import re
from datetime import date
from typing import Any

from bot.app import App
from bot.demo.cast import Cast, day_of, goes_on, step
from bot.demo.semester import answers_all, sheet
from bot.demo.story import files
from bot.menus import LANGUAGE_NAMES
from bot.scripts import written
from bot.texts import Texts
from bot.toolbox import Toolbox
from models.questionnaires import Answers, Questionnaire

CLOSING = "project-closing"
BOOKS = "旧书循环 · Second-hand Books"
"""Two languages in one: a project's name is written once."""
BOOK_CLUB, BOOK_PLAN = "Binhai Book Club", "A stall on three weekends; what is left goes to the library."
POINTS = (9, 8, 9)
WHY, WHY_ENGLISH = "办法简单，剩下的书也有去处。", "It is simple, and what is left finds a place."
SHOWN = "书摊开张 · The stall opens"
REACH, ROOM = "惠及面 · Reach", "学生活动中心 101，三个周末 · Room 101, three weekends"
OFTEN: Answers = {"part": "often", "solved": "solved", "overall": 5, "opinion": "keep"}
KEPT, KEPT_ENGLISH = "同学都说有用，每学期办一次。", "Students found it useful: once a semester from now on."
NEED = "自习室的桌椅坏了一半，期末没地方坐"
CRITERIA, REWARD = "可行\n惠及面\n花费", "材料费 800 元，东一栋一层的场地"
UNTIL_THEN = "修好以前，东一栋三楼会议室开到晚上十一点，可以自习"
REVIEWERS = ("zhaoming", "sunyue", "wutong")
CLUB, PLAN = "木工社", "每週六下午修十張桌椅，三週修完；工具自備，只花材料費。"


async def _put_on_list(cast: Cast, t: Texts, name: str, criteria: str, reward: str, weeks: int) -> None:
    """From its name, or the number of a ticket, to the reviewers."""
    zhou, office = cast.zhou, cast.groups["office"]
    await zhou.says("/projects", chat=office)
    await zhou.taps(t.plain("project_desk.new"), chat=office)
    await zhou.says(name, chat=office)
    await zhou.taps(t.plain("project_desk.enter"), chat=office)
    await zhou.says(criteria, chat=office)
    await zhou.says(reward, chat=office)
    await zhou.taps(t.plain("project_desk.weeks", count=weeks), chat=office)
    await zhou.taps(t.plain("project_desk.put"), chat=office)
    await zhou.reads(t.plain("project_desk.sealed"), chat=office)
    await zhou.taps(t.plain("project_desk.reviewers"), chat=office)
    await zhou.says(" ".join(f"@{user}" for user in REVIEWERS), chat=office)
    appointed = f"(?:{t.plain('review.part.appointed')}.*){{{len(REVIEWERS)}}}"
    await zhou.reads(re.compile(appointed, re.DOTALL), chat=office)


async def _bids(person: Any, t: Texts, title: str, name: str, plan: str) -> None:
    await person.says("/projects")
    await person.taps(title[:10])
    await person.taps(t.plain("projects.bid"))
    await person.taps(t.plain("bid.kind.club"))
    await person.says(name)
    await person.says(plan)
    await person.taps(t.plain("bid.no_interests"))
    await person.taps(t.plain("bid.send"))
    await person.reads(t.plain("projects.yours_sealed"))


async def listed(cast: Cast, toolbox: Toolbox) -> None:
    """The first project, up to the bid for it."""
    async with step("the office puts a project on the open list and asks three students to score the bids"):
        await _put_on_list(cast, toolbox.t("zh-hans"), BOOKS, REACH, ROOM, 1)
    async with step("Emma's club bids; nobody reads it before the deadline"):
        await _bids(cast.emma, toolbox.t("en"), BOOKS, BOOK_CLUB, BOOK_PLAN)


async def _scores(person: Any, t: Texts, points: int) -> None:
    await person.taps(t.plain("project.see"))
    await person.taps(t.plain("projects.review"))
    await person.taps(t.plain("review.free"))
    await person.taps(re.compile(f"^{points}$"))
    await person.taps(t.plain("review.finish"))
    await person.reads(t.plain("review.finished"))


async def awarded(cast: Cast, toolbox: Toolbox, shown_by: date) -> None:
    """The deadline is over: scored, awarded, and what is to be shown by this day."""
    hans, en, zhou, office = toolbox.t("zh-hans"), toolbox.t("en"), cast.zhou, cast.groups["office"]
    async with step("the bids were opened; the three score them, each alone"):
        judges = [each for each in cast.classmates if each.person.user.get("username") in REVIEWERS]
        scoring = (_scores(each.person, hans, points) for each, points in zip(judges, POINTS, strict=True))
        await asyncio.gather(*scoring)
        finished = hans.plain("review.office_finished", title=BOOKS, done=len(REVIEWERS), of=len(REVIEWERS))
        await cast.groups["office"].shows(finished)
    async with step("周一帆 awards it and says why; Emma hears it, and what is to be shown when"):
        await zhou.says("/projects", chat=office)
        for label in (BOOKS, hans.plain("project_desk.bids_read"), hans.plain("project_desk.award")):
            await zhou.taps(label, chat=office)
        await _in_two_languages(cast, hans, WHY, WHY_ENGLISH, hans.plain("project_desk.award_sure"))
        await cast.emma.reads(WHY_ENGLISH)
        await zhou.taps(hans.plain("project_desk.plan"), chat=office)
        await zhou.says(f"{shown_by} {SHOWN}", chat=office)
        await cast.emma.reads(en.n("milestone.new", 1, title=BOOKS))


async def _in_two_languages(cast: Cast, t: Texts, chinese: str, english: str, sure: str) -> None:
    """A reason, which everybody may read."""
    zhou, office = cast.zhou, cast.groups["office"]
    await zhou.says(chinese, chat=office)
    asked = await zhou.reads(chinese, chat=office)
    await zhou.taps(t.plain("survey_desk.in_language", language=LANGUAGE_NAMES["en"]), chat=office, message=asked)
    await zhou.says(english, chat=office)
    asked = await zhou.reads(english, chat=office)
    await zhou.taps(sure, chat=office, message=asked)


async def finished(cast: Cast, toolbox: Toolbox, stage: Any) -> None:
    """What was done is shown and accepted, and students are asked what should become of it."""
    hans, en, zhou, office = toolbox.t("zh-hans"), toolbox.t("en"), cast.zhou, cast.groups["office"]
    async with step("Emma shows what her club has done, and the office accepts it"):
        await cast.emma.says("/projects")
        await cast.emma.taps(en.plain("projects.to_show", title="").strip())
        await cast.emma.taps(en.plain("projects.hand", what=SHOWN))
        await cast.emma.sends(cast.picture(), caption="Two hundred books on the first day")
        await cast.emma.taps(en.plain("milestone.done"))
        screen = await office.shows(hans.plain("milestone.office_handed_in", title=BOOKS, what=SHOWN))
        await zhou.taps(hans.plain("project.see"), chat=office, message=screen)
        await zhou.taps(f"📥 {SHOWN}", chat=office)
        await zhou.taps(hans.plain("project_desk.accept"), chat=office)
        await zhou.taps(hans.plain("project_desk.finish"), chat=office)
    async with step("it is finished: students are asked what should become of it"):
        await zhou.taps(hans.plain("project_desk.survey"), chat=office)
        await zhou.taps(BOOKS, chat=office)
        await zhou.taps(hans.plain("survey.everybody"), chat=office)
        await zhou.taps(hans.plain("survey_new.opens.now"), chat=office)
        await zhou.taps(hans.plain("survey_new.start"), chat=office)
        await goes_on(stage, await stage.now())
        asked = _asked(toolbox)
        await cast.lin.reads(hans.pick(asked.title))
        answering = [answers_all(cast.lin, hans, asked, OFTEN)]
        for i, each in enumerate(cast.classmates[:4]):
            answering.append(answers_all(each.person, toolbox.t(each.language), asked, sheet(asked, i, {})))
        await asyncio.gather(*answering)


def _asked(toolbox: Toolbox) -> Questionnaire:
    names = written({}, "zh-hans", BOOKS, toolbox.house.languages)
    return toolbox.surveys[CLOSING].about(names).questionnaire


async def judged(cast: Cast, toolbox: Toolbox, stage: Any) -> None:
    """Its verdict."""
    hans, zhou, office = toolbox.t("zh-hans"), cast.zhou, cast.groups["office"]
    closes = toolbox.surveys[CLOSING].closing(await stage.now(), toolbox.house.calendar)
    title = hans.pick(_asked(toolbox).title)
    async with step(f"{day_of(closes.astimezone(toolbox.house.calendar.timezone))}: 周一帆 decides that it is kept"):
        await goes_on(stage, closes)
        await office.shows(f"{title}\n{hans.plain('results.by_day')}")
        await zhou.says("/survey", chat=office)
        for label in (title[:12], hans.plain("survey_desk.decide"), hans.plain("verdict.keep")):
            await zhou.taps(label, chat=office)
        await _in_two_languages(cast, hans, KEPT, KEPT_ENGLISH, "📨")
        await goes_on(stage, await stage.now())
        await cast.lin.reads(KEPT)


async def another(cast: Cast, program: App, stage: Any) -> None:
    """A second project, which is open for bids when the story is over."""
    hans, hant = program.toolbox.t("zh-hans"), program.toolbox.t("zh-hant")
    async with step("林小雨 files what no station mends by itself; the office makes a project of it, on the open list"):
        await cast.lin.says("/new")
        number = await files(cast.lin, hans, program.settings, NEED, topic="furniture")
        await _put_on_list(cast, hans, f"#{number}", CRITERIA, REWARD, 2)
    async with step("陳家豪's club bids, and 林小雨 hears what has become of her ticket"):
        await _bids(cast.chen, hant, NEED, CLUB, PLAN)
        await goes_on(stage, await stage.now())
        await cast.lin.reads(f"#{number}")
    async with step("王磊 opens another room until it is mended, which will do for 林小雨"):
        wang, east = cast.wang, cast.groups["east"]
        card = await east.shows(f"#{number} · {hans.plain('kind.complaint')}")
        await wang.taps(hans.plain("desk.claim"), chat=east, message=card)
        await wang.says(UNTIL_THEN, chat=east, reply_to=card)
        await cast.lin.reads(UNTIL_THEN)
        await wang.taps(hans.plain("desk.resolve"), chat=east, message=card)
        await wang.taps(hans.plain("resolution.explained"), chat=east)
        # An older ticket of hers asks the same, and hers may not be there yet.
        done = await cast.lin.reads(f"✅ #{number}")
        await cast.lin.taps(hans.plain("fixed.yes"), message=done)
        asked = await cast.lin.reads(hans.plain("rate.ask", number=number))
        await cast.lin.taps("4", message=asked)
        rated = await cast.lin.reads("★★★★☆")
        await cast.lin.taps(hans.plain("rate.no_word"), message=rated)
