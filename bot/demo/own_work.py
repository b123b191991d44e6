"""The union's own work in the demo's semester (mission.md, measures 1, 4, 5, 7, 9 and 10), each scene from its first
word to what shows that it was done:

autumn        a heading is disclosed · guidance goes out and is counted · a study · volunteers, up to a certificate
              a project, up to its verdict (`open_list.py`)
at the end    another project is open for bids, another call for names: for whoever plays on
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import App
from bot.demo import open_list
from bot.demo.cast import ADMIN, LEAD, TEACHER, Cast, day_of, goes_on, step
from bot.menus import LANGUAGE_NAMES
from bot.scripts import in_other_script, written
from bot.texts import Texts
from bot.toolbox import Toolbox
from models import people
from models.union import deliveries, disclosure, publications, reviewing
from models.union.publications import Heading, Kind

Words = tuple[str, str]
"""A title and a text: in Chinese, from which the other script follows, and in English."""

DISCLOSED: dict[Heading, tuple[Words, Words]] = {
    Heading.CONSTITUTION: (
        (
            "滨海大学学生会章程",
            "学生会在校党委领导、团委指导下，全心全意服务同学。\n主席团由学生代表大会选举产生，不超过五人。",
        ),
        (
            "Constitution of the student union",
            "Led by the Party committee and guided by the Youth League Committee, the union serves the students.\n"
            "The presidium is elected by the students' congress and has at most five members.",
        ),
    ),
    Heading.STAFF: (
        (
            "工作人员名单（秋季）",
            "主席团：周一帆等五人。\n东区服务站站长：李敏；值班：王磊。\n全部工作人员 38 人，不超过 40 人。",
        ),
        (
            "Who works for the union this autumn",
            "Presidium: 周一帆 and four more.\nEast station: 李敏 leads, 王磊 is on duty.\n"
            "38 people in all, of at most 40.",
        ),
    ),
    Heading.KEY_WORK: (
        ("本学期重点工作", "1. 报修当天先答复。\n2. 热水和自习室开放时间。\n3. 迎新和毕业季志愿服务。"),
        (
            "Key work of the semester",
            "1. Repairs are answered the same day.\n2. Hot water, and when study rooms open.\n"
            "3. Volunteers for the first and the last weeks.",
        ),
    ),
    Heading.REFORM: (
        ("改革进展", "校级部门由十个减为六个；四个服务站已经进入宿舍区。"),
        ("How the reform goes", "Six departments instead of ten; the service stations are in the dormitory areas."),
    ),
}
"""Four of the five headings; the fifth is written on the stage."""
ARRANGEMENTS: tuple[Words, Words] = (
    ("九月至一月重要安排", "9 月 迎新；10 月 秋季运动会；11 月 工作人员评议；12 月 满意度测评；1 月 向党委汇报。"),
    (
        "What is to come, September to January",
        "September: freshers; October: sports day; November: the stations' staff; December: the satisfaction survey; "
        "January: the report to the Party committee.",
    ),
)
GUIDANCE: tuple[Words, Words] = (
    ("国庆升旗仪式", "10 月 1 日早上 6:10，大操场。自愿参加，6:00 在服务站门口集合一起走。"),
    (
        "The flag is raised on National Day",
        "1 October, 6:10, main field. Whoever likes comes along; we leave the service stations at 6:00.",
    ),
)
STUDY = "为同学服务：学习《学生会章程》"
SPORTS, TEA = "秋季运动会 · Sports Day", "考试周热饮站 · Exam Week Tea Stand"
"""Two languages in one: a call is written once."""
STUDY_WEEK, WEDNESDAY, SATURDAY = timedelta(weeks=5), timedelta(days=2), timedelta(days=5)
"""From the first day of the semester, a Monday."""
DIGITS = re.compile(r"/here (\d{6})")
HOURS = 3
TWO_WEEKS = timedelta(weeks=2)


async def seat_what_is_disclosed(session: AsyncSession, toolbox: Toolbox, now: datetime) -> None:
    """Four headings as three people let them out, before the demo begins; the story says so."""
    house = toolbox.house
    if await disclosure.versions(session, Heading.STAFF):
        # A demo that goes on has them already.
        return
    writer = await people.meet(session, ADMIN, "周一帆", None, "zh-hans")
    reader = await people.meet(session, LEAD, "李敏", None, "zh-hans")
    teacher = await people.meet(session, TEACHER, "张老师", None, "zh-hans")
    for heading, (chinese, english) in DISCLOSED.items():
        titles, bodies = (written({"en": english[i]}, "zh-hans", chinese[i], house.languages) for i in range(2))
        texts = {language: {"title": titles[language], "body": bodies[language]} for language in titles}
        found = await publications.draft(session, Kind.DISCLOSURE, texts, writer, now, heading=heading)
        await reviewing.submit(session, found, house, writer, now)
        await reviewing.read(session, found, found.revision, house, reader, now)
        await reviewing.approve(session, found, found.revision, teacher, now)
    await deliveries.begin_due(session, house, now)


async def autumn(cast: Cast, program: App, stage: Any) -> None:
    """What the union does besides tickets, up to the end of October. Raises DidNotHappen naming the step."""
    toolbox = program.toolbox
    calendar = toolbox.house.calendar
    begins = calendar.semesters[0].starts + STUDY_WEEK
    studies, sports = begins + WEDNESDAY, begins + SATURDAY
    await _discloses(cast, toolbox)
    await _guides(cast, toolbox, stage)
    await _plans(cast, toolbox, studies, sports)
    # Ten minutes on, the office's group takes as many messages again.
    await goes_on(stage, await stage.now())
    await open_list.listed(cast, toolbox)
    await _studies(cast, toolbox, stage, studies)
    await open_list.awarded(cast, toolbox, sports)
    await _helps(cast, toolbox, stage, sports)
    await open_list.finished(cast, toolbox, stage)
    await open_list.judged(cast, toolbox, stage)


async def what_is_open(cast: Cast, program: App, stage: Any) -> None:
    """The last scenes; what begins in them goes on. Raises DidNotHappen naming the step."""
    await open_list.another(cast, program, stage)
    await _calls(cast, program, stage)


# ---------------------------------------------------------------- disclosure and publications


async def _discloses(cast: Cast, toolbox: Toolbox) -> None:
    hans, zhou, office = toolbox.t("zh-hans"), cast.zhou, cast.groups["office"]
    heading = hans.plain(f"disclosure.heading.{Heading.ARRANGEMENTS}")
    async with step(
        f"“{heading}” has never been disclosed, and the office was told so (the other four headings were seated before "
        "the demo began): 周一帆 writes it, 李敏 reads it, the teacher approves it"
    ):
        await office.shows(hans.plain("disclosure.alert_none", name=heading))
        await zhou.says("/disclosure", chat=office)
        await zhou.taps(hans.plain("disclosure.new"), chat=office)
        await zhou.taps(heading, chat=office)
        await _reviewed(cast, hans, ARRANGEMENTS)


async def _guides(cast: Cast, toolbox: Toolbox, stage: Any) -> None:
    hans, en, zhou, office = toolbox.t("zh-hans"), toolbox.t("en"), cast.zhou, cast.groups["office"]
    (title, _), (english, _) = GUIDANCE
    async with step("周一帆 drafts something for everybody; it goes the same way"):
        await zhou.says("/publish", chat=office)
        await zhou.taps(hans.plain("publication.new"), chat=office)
        await zhou.taps(hans.plain("publication.kind.guidance"), chat=office)
        await zhou.taps(hans.plain("survey.everybody"), chat=office)
        await _reviewed(cast, hans, GUIDANCE)
    async with step("it reaches every student in their own language"):
        await goes_on(stage, await stage.now())
        everybody = [(cast.lin, "zh-hans"), (cast.chen, "zh-hant"), (cast.emma, "en")]
        everybody += [(each.person, each.language) for each in cast.classmates]
        titles = {"zh-hans": title, "en": english, **in_other_script("zh-hans", title)}
        await asyncio.gather(*(each.reads(titles[language]) for each, language in everybody))
    async with step("Emma reads what was disclosed in English, with the four other headings"):
        await cast.emma.says("/union")
        front = await cast.emma.reads(en.plain(f"disclosure.heading.{Heading.CONSTITUTION}"))
        assert _bare(en.plain("disclosure.none", name="")) not in front.text, front.text
        await cast.emma.taps(en.plain(f"disclosure.heading.{Heading.ARRANGEMENTS}"))
        await cast.emma.reads(ARRANGEMENTS[1][0])


async def _reviewed(cast: Cast, t: Texts, words: tuple[Words, Words]) -> None:
    """From the first word to the teacher's yes."""
    zhou, office, above = cast.zhou, cast.groups["office"], cast.groups["supervisors"]
    chinese, english = words
    await zhou.says("\n".join(chinese), chat=office)
    await zhou.taps(t.plain("publication.write", language=LANGUAGE_NAMES["en"]), chat=office)
    await zhou.says("\n".join(english), chat=office)
    await zhou.taps(t.plain("publication.act.submit"), chat=office)
    await cast.li.taps(t.plain("publication.act.preview"), chat=office)
    await cast.li.reads(t.plain("publication.stage.reading"), chat=office)
    await cast.li.taps(t.plain("publication.act.pass"), chat=office)
    await above.shows(chinese[0])
    await cast.teacher.taps(t.plain("publication.act.preview"), chat=above)
    await cast.teacher.reads(t.plain("publication.stage.approving"), chat=above)
    await cast.teacher.taps(t.plain("publication.act.approve"), chat=above)
    await cast.teacher.reads(t.plain("publication.stage.approved"), chat=above)


# ---------------------------------------------------------------- study and volunteers


async def _plans(cast: Cast, toolbox: Toolbox, studies: date, sports: date) -> None:
    hans, zhou, office = toolbox.t("zh-hans"), cast.zhou, cast.groups["office"]
    async with step("周一帆 plans a study for the staff and calls them"):
        await zhou.says("/study", chat=office)
        await zhou.taps(hans.plain("study.new.study"), chat=office)
        await zhou.says(f"{STUDY}\n{studies} 15:00-17:00\n学生活动中心 302", chat=office)
        await zhou.taps(hans.plain("study.call"), chat=office)
        await zhou.taps(hans.plain("study.call_sure"), chat=office)
        await cast.groups["east"].shows(STUDY)
    async with step("the office calls for volunteers, and three students put down their names"):
        await _opens(cast, hans, f"{SPORTS}\n{sports} 09:00-12:00\n东操场 East Field\n引导、计时。Guiding, timing.")
        everybody = (cast.lin, "zh-hans"), (cast.chen, "zh-hant"), (cast.emma, "en")
        await asyncio.gather(*(_puts_down(each, toolbox.t(language), SPORTS) for each, language in everybody))
    async with step("how many of the students the guidance has reached stands in the office"):
        await zhou.says("/publish", chat=office)
        await zhou.taps(GUIDANCE[0][0], chat=office)
        reached = len(cast.classmates) + len(everybody)
        counted = {"written": reached, "delivered": reached, "failed": 0, "unknown": 0}
        await office.shows(hans.plain("publication.counted", **counted))


async def _opens(cast: Cast, t: Texts, words: str) -> None:
    zhou, office = cast.zhou, cast.groups["office"]
    await zhou.says("/volunteers", chat=office)
    await zhou.taps(t.plain("volunteer_desk.new"), chat=office)
    await zhou.says(words, chat=office)
    # Earlier calls have buttons of the same name.
    card = await zhou.reads(t.plain("volunteer_desk.stage.planned"), chat=office)
    for label in (t.plain("volunteer_desk.do.seats"), re.compile(r"^5$"), t.plain("volunteer_desk.do.open")):
        await zhou.taps(label, chat=office, message=card)
    await zhou.taps(t.plain("volunteer_desk.yes_open"), chat=office, message=card)
    await zhou.reads(t.plain("volunteer_desk.stage.called"), chat=office)


async def _puts_down(person: Any, t: Texts, title: str) -> None:
    await person.says("/volunteer")
    await person.taps(title.rpartition(" · ")[2])
    await person.taps(t.plain("volunteer.down"))
    await person.reads(t.plain("volunteer.yours.coming"))


async def _studies(cast: Cast, toolbox: Toolbox, stage: Any, day: date) -> None:
    hans, calendar, office = toolbox.t("zh-hans"), toolbox.house.calendar, cast.groups["office"]
    begins, over = calendar.at(day, time(14, 45)), calendar.at(day, time(18))
    staff = (cast.wang, cast.li, cast.zhou)
    local = begins.astimezone(calendar.timezone)
    async with step(f"{day_of(local)}: the study; the code stands on the screen, and {len(staff)} staff sign in"):
        await goes_on(stage, begins)
        await _code(cast, "/study", STUDY, hans.plain("study.code"))
        await _sign(cast, [(each, hans) for each in staff], "in")
    async with step("it is over, and who came is counted"):
        await goes_on(stage, over)
        came = len(staff)
        await office.shows(hans.plain("study.stage.held", called=came, came=came))


async def _code(cast: Cast, command: str, title: str, label: str) -> None:
    """From the list to the picture of the code; what stood in the office before has buttons of the same name."""
    zhou, office = cast.zhou, cast.groups["office"]
    await zhou.says(command, chat=office)
    screen = await zhou.reads(re.compile(rf"\d+ · (?:.* · )?{re.escape(title)}"), chat=office)
    await zhou.taps(title, chat=office, message=screen)
    await zhou.taps(label, chat=office, message=screen)


async def _sign(cast: Cast, everybody: Sequence[tuple[Any, Texts]], way: str) -> None:
    """With the digits below the picture that the office shows now."""
    shown = DIGITS.search((await cast.zhou.reads(DIGITS, chat=cast.groups["office"])).text)
    assert shown is not None
    for person, _ in everybody:
        await person.says(f"/here {shown[1]}")
    for person, t in everybody:
        await person.reads(t.plain(f"here.{way}", title="\0", at="").partition("\0")[0])


def _bare(text: str) -> str:
    """As a chat shows it, without what stands around it."""
    return re.sub("<[^>]+>", "", text).strip(" :：")


async def _helps(cast: Cast, toolbox: Toolbox, stage: Any, day: date) -> None:
    hans, calendar, zhou, office = toolbox.t("zh-hans"), toolbox.house.calendar, cast.zhou, cast.groups["office"]
    begins, ends = calendar.at(day, time(9)), calendar.at(day, time(9 + HOURS))
    everybody = [(cast.lin, hans), (cast.chen, toolbox.t("zh-hant")), (cast.emma, toolbox.t("en"))]
    for what, at, way in (("signs in", begins - timedelta(minutes=10), "in"), ("signs out", ends, "out")):
        local = at.astimezone(calendar.timezone)
        async with step(f"{day_of(local)}, {local:%H:%M}: whoever helps {what}"):
            await goes_on(stage, at)
            await _code(cast, "/volunteers", SPORTS, hans.plain(f"volunteer_desk.code_{way}"))
            await _sign(cast, everybody, way)
    async with step("周一帆 confirms the hours as the signs say"):
        await goes_on(stage, ends + timedelta(hours=1))
        await office.shows(hans.plain("volunteer.group_over", title=SPORTS, number="").rstrip())
        await zhou.says("/volunteers", chat=office)
        await zhou.taps(SPORTS, chat=office)
        await zhou.taps(hans.plain("volunteer_desk.do.hours", count=len(everybody)), chat=office)
        await zhou.taps(hans.plain("volunteer_desk.all", count=len(everybody)), chat=office)
        for person, t in everybody:
            await person.reads(_bare(t.plain("volunteer.you_hours", hours=HOURS)))
    async with step("林小雨 takes her certificate"):
        await cast.lin.taps(hans.plain("volunteer.get_certificate"))
        await cast.lin.reads(hans.plain("certificate.caption").split("。")[0])


# ---------------------------------------------------------------- what stays open


async def _calls(cast: Cast, program: App, stage: Any) -> None:
    hans = program.toolbox.t("zh-hans")
    async with step("another call for volunteers, open when the story is over"):
        day = program.toolbox.house.calendar.day_of(await stage.now()) + TWO_WEEKS
        await _opens(cast, hans, f"{TEA}\n{day} 20:00-22:00\n图书馆门厅 Library Hall\n热饮。Hot drinks.")
        await _puts_down(cast.emma, program.toolbox.t("en"), TEA)
