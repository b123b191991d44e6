"""Every screen on a phone, to be looked at by readers of the language: `python -m tests.gallery FOLDER [LANGUAGE]`.

Plays students and staff against the local Telegram with the whole program in this process, and takes a picture of the
chat page after each step. A scene that fails is named and left; the others go on. Nothing here is a test, and the
pictures are not kept.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bot.texts import Texts
from models import people, stations
from models.people import Role
from sandbox.client import Group, Message, Person, photo
from tests.campus import Campus, number_in, running
from tests.screenshots import ARGUMENTS, CHROMIUM

LANGUAGES = ("zh-hans", "zh-hant", "en")
PHONE = (390, 844)
SAID = {
    "zh-hans": {
        "tap": "卫生间的水龙头一直漏水，晚上睡不着",
        "tap_again": "卫生间水龙头漏水，晚上睡不着觉",
        "door": "阳台的门关不严，夜里风很大",
        "light": "三楼走廊的灯坏了好几天",
        "add": "补充：是洗手台左边那个",
        "answer": "师傅明天上午十点上门",
        "ask": "是冷水还是热水那一边？",
        "note": "阀门老化，已联系后勤",
        "visitor": "澡堂热水忽冷忽热",
        "contact": "305 室，138 0000 0000",
        "tag": "水管 三楼",
        "project": "更换东一栋的水管",
        "question": "请问宿舍几点有热水？",
        "praise": "师傅来得很快",
        "canned": "{name}你好，#{number} 的总管正在抢修。{station}",
        "find": "水龙头",
        "poll": "这周食堂怎么样？",
        "queue": "中午二食堂排队太久，来不及上课",
        "queue_again": "二食堂中午排队太久，赶不上上课",
        "late": "楼下施工，早上六点就开始响",
    },
    "zh-hant": {
        "tap": "衛生間的水龍頭一直漏水，晚上睡不著",
        "tap_again": "衛生間水龍頭漏水，晚上睡不著覺",
        "door": "陽台的門關不緊，夜裡風很大",
        "light": "三樓走廊的燈壞了好幾天",
        "add": "補充：是洗手台左邊那個",
        "answer": "師傅明天上午十點到",
        "ask": "是冷水還是熱水那一邊？",
        "note": "閥門老化，已聯絡總務",
        "visitor": "澡堂熱水忽冷忽熱",
        "contact": "305 室，0912 000 000",
        "tag": "水管 三樓",
        "project": "更換東一棟的水管",
        "question": "請問宿舍幾點有熱水？",
        "praise": "師傅來得很快",
        "canned": "{name}你好，#{number} 的總管正在搶修。{station}",
        "find": "水龍頭",
        "poll": "這週餐廳怎麼樣？",
        "queue": "中午二餐廳排隊太久，來不及上課",
        "queue_again": "二餐廳中午排隊太久，趕不上上課",
        "late": "樓下施工，早上六點就開始吵",
    },
    "en": {
        "tap": "The tap in the bathroom drips all night",
        "tap_again": "The tap in the bathroom drips the whole night",
        "door": "The balcony door does not close and the wind blows in",
        "light": "The light in the corridor on the third floor has been broken for days",
        "add": "It is the one on the left",
        "answer": "The plumber comes tomorrow at ten",
        "ask": "Is it the hot or the cold side?",
        "note": "The valve is worn, maintenance knows",
        "visitor": "The shower turns cold and hot",
        "contact": "Room 305, 138 0000 0000",
        "tag": "pipe third-floor",
        "project": "New pipes in East 1",
        "question": "When is there hot water in the dormitory?",
        "praise": "He came quickly",
        "canned": "Dear {name}, the water main is being repaired (#{number}). {station}",
        "find": "tap",
        "poll": "How was the canteen this week?",
        "queue": "The queue in the second canteen is too long at noon",
        "queue_again": "At noon the queue in the second canteen is far too long",
        "late": "Building works below begin at six in the morning",
    },
}


@dataclass
class Gallery:
    """A campus in one language, a phone to look at it, and where the pictures go."""

    campus: Campus
    page: Page
    folder: Path
    language: str
    taken: int = 0
    where: str = ""

    @property
    def t(self) -> Texts:
        return self.campus.t(self.language)

    @property
    def said(self) -> dict[str, str]:
        return SAID[self.language]

    def category(self, key: str) -> str:
        return self.t.pick(self.campus.app.settings.category_names(key))

    async def look(
        self, name: str, person: Person, chat: Group | None = None, at: Message | None = None, *, settled: bool = True
    ) -> None:
        """A picture of this person's phone: their own chat, or a group; `at` brings a message into sight."""
        if settled:
            await self.campus.quiet()
        where = f"left={person.id}:{(chat or person).id}"
        if self.where != where:
            await self.page.goto(f"{self.campus.stage.url}/#{where}")
            await self.page.reload()
            self.where = where
        await self.page.wait_for_selector("html[data-ready]")
        await self.page.wait_for_timeout(250)
        await self.page.wait_for_function("[...document.images].every((image) => image.complete)")
        await self.page.evaluate(
            "(id) => { const log = document.querySelector('#left .log');"
            " if (id == null) log.scrollTop = log.scrollHeight;"
            " else log.querySelector(`[data-id=\"${id}\"]`)?.scrollIntoView({ block: 'center' }); }",
            at.id if at else None,
        )
        self.taken += 1
        await self.page.screenshot(path=self.folder / f"{self.language}-{self.taken:03d}-{name}.png")

    async def student(self, name: str) -> Person:
        return await self.campus.student(name, self.language)

    async def files(self, person: Person, words: str, *path: str, anonymous: bool = False) -> int:
        """From /new to the receipt, past the list of similar ones where there is one."""
        t = self.t
        await person.says("/new")
        await person.taps(t.plain("kind.complaint"))
        for key in path or ("repairs", "water"):
            await person.taps(self.category(key))
        await person.reads(t.plain("new.words").splitlines()[0])
        await person.says(words)
        await person.taps(t.plain("new.continue"))
        asked, *others = (t.plain(key).splitlines()[0] for key in ("name.ask", "similar.text", "similar.ended"))
        shown = await person.reads(re.compile("|".join(map(re.escape, (asked, *others)))))
        if asked not in shown.text:
            await person.taps(t.plain("similar.none"))
        await person.taps(t.plain("name.anonymous" if anonymous else "name.named"))
        await person.taps(t.plain("preview.send"))
        return number_in((await person.reads("📮")).text)

    async def card(self, number: int, chat: Group | None = None) -> Message:
        return await (chat or self.campus.east).shows(re.compile(rf"#{number} ·"))


async def hello(g: Gallery) -> None:
    t, lin = g.t, await g.campus.stage.person("Lin", g.language)
    await lin.says("/start")
    await lin.reads("👋")
    await g.look("consent", lin)
    await lin.taps(t.plain("consent.agree"))
    await lin.reads(t.plain("audience.ask").splitlines()[0])
    await g.look("audience", lin)
    await lin.taps(t.plain("audience.undergraduate"))
    await lin.reads(t.plain("building.ask"))
    await g.look("building", lin)
    await lin.taps(t.pick(g.campus.app.settings.building_names("e1")))
    await g.look("profile-done", lin)
    await lin.says("/start")
    await g.look("home", lin)
    for place in ("profile", "language", "help", "privacy"):
        await lin.says("/start")
        await lin.reads(t.plain("home.text", name="Lin").splitlines()[0])
        await lin.taps(t.plain(f"home.{place}"))
        await g.look(place, lin)


async def faq(g: Gallery) -> None:
    t, lin = g.t, await g.student("Lin")
    await lin.says("/faq")
    await g.look("faq", lin)
    await lin.taps(g.category("repairs"))
    await g.look("faq-topic", lin)
    await lin.says(f"/faq {g.said['question']}")
    await g.look("faq-article", lin)
    await lin.says("/new")
    await lin.taps(t.plain("kind.question"))
    for key in ("repairs", "water"):
        await lin.taps(g.category(key))
    await lin.says(g.said["question"])
    await lin.taps(t.plain("new.continue"))
    await lin.reads(t.plain("faq.offer"))
    await g.look("faq-offer", lin)


async def draft(g: Gallery) -> None:
    t, lin = g.t, await g.student("Lin")
    await lin.says("/new")
    await lin.reads(t.plain("new.kind"))
    await g.look("new-kind", lin)
    await lin.taps(t.plain("kind.complaint"))
    await g.look("new-category", lin)
    await lin.taps(g.category("repairs"))
    await g.look("new-subcategory", lin)
    await lin.taps(g.category("furniture"))
    await g.look("new-words", lin)
    await lin.sends(photo(), caption=g.said["door"])
    await lin.says(g.said["add"])
    await g.look("new-collected", lin)
    await lin.taps(t.plain("new.continue"))
    await g.look("new-name", lin)
    await lin.taps(t.plain("name.anonymous"))
    await g.look("new-preview", lin)
    await lin.taps(t.plain("preview.building"))
    await g.look("new-change-building", lin)
    await lin.taps(t.pick(g.campus.app.settings.building_names("e2")))
    await lin.taps(t.plain("preview.send"))
    number = number_in((await lin.reads("📮")).text)
    await g.look("receipt", lin)
    await g.look("card-new-anonymous", g.campus.wang, g.campus.east)
    await lin.says("/mine")
    await g.look("mine", lin)
    await lin.taps(f"#{number}")
    await g.look("own-ticket", lin)
    await lin.taps(t.plain("own.who"))
    await g.look("own-who", lin)
    await lin.taps(t.plain("own.back_to", number=number))
    await lin.taps(t.plain("own.past"))
    await g.look("own-timeline", lin)
    await lin.says("/mine")
    await lin.taps(f"#{number}")
    await lin.taps(t.plain("own.retract"))
    await g.look("own-take-back", lin)
    await lin.says(g.said["add"])
    await g.look("loose-words", lin)


async def desk(g: Gallery) -> None:
    t, lin, wang, east = g.t, await g.student("Lin"), g.campus.wang, g.campus.east
    number = await g.files(lin, g.said["tap"])
    card = await g.card(number)
    await g.look("card-new", wang, east, card)
    await wang.taps(t.plain("desk.claim"), chat=east, message=card)
    await g.look("card-claimed", wang, east, card)
    await wang.says(g.said["answer"], chat=east, reply_to=card)
    await lin.reads(g.said["answer"])
    await g.look("card-answered", wang, east, card)
    await g.look("student-answered", lin)
    await wang.taps(t.plain("desk.ask"), chat=east, message=card)
    prompt = await wang.reads(re.compile("❔ Wang"), chat=east)
    await g.look("ask-prompt", wang, east)
    await wang.says(g.said["ask"], chat=east, reply_to=prompt)
    await lin.reads(g.said["ask"])
    await g.look("student-asked", lin)
    await g.look("card-waiting", wang, east, card)
    await lin.taps(t.plain("own.answer_question"))
    await g.look("student-answers", lin)
    await lin.says(g.said["add"])
    await g.look("student-added", lin)
    await g.look("words-below", wang, east)
    await wang.says(f"// {g.said['note']}", chat=east, reply_to=card)
    await wang.says(f"/tag {g.said['tag']}", chat=east, reply_to=card)
    await wang.says(f"/project new {g.said['project']}", chat=east, reply_to=card)
    await wang.says("/priority high", chat=east, reply_to=card)
    await g.look("card-sorted", wang, east, card)
    await g.look("sorted-said", wang, east)
    await wang.taps(t.plain("desk.more"), chat=east, message=card)
    await g.look("more", wang, east)
    await wang.taps(t.plain("more.priority"), chat=east)
    await g.look("more-priority", wang, east)
    await wang.taps(t.plain("desk.history"), chat=east, message=card)
    await g.look("history", wang, east)
    await wang.taps(t.plain("desk.answers"), chat=east, message=card)
    await g.look("templates", wang, east)
    await wang.taps(t.plain("template_label.received"), chat=east)
    await g.look("template-preview", wang, east)
    await wang.taps(t.plain("desk.resolve"), chat=east, message=card)
    await g.look("resolve", wang, east)
    await wang.taps(t.plain("resolution.done"), chat=east)
    await lin.reads("✅")
    await g.look("card-resolved", wang, east, card)
    await g.look("student-fixed", lin)
    await lin.taps(t.plain("fixed.yes"))
    await g.look("student-rate", lin)
    await lin.taps("4 🙂")
    await g.look("student-word", lin)
    await lin.says(g.said["praise"])
    await g.look("student-thanks", lin)
    await g.look("card-closed", wang, east, card)
    await lin.says("/mine")
    await lin.taps(f"#{number}")
    await g.look("own-closed", lin)


async def moves(g: Gallery) -> None:
    t, lin, wang, east, west = g.t, await g.student("Lin"), g.campus.wang, g.campus.east, g.campus.west
    number = await g.files(lin, g.said["light"], "repairs", "power")
    card = await g.card(number)
    await wang.taps(t.plain("desk.transfer"), chat=east, message=card)
    await g.look("transfer-where", wang, east)
    name = next(s.names for s in g.campus.app.settings.station_specs() if s.key == "west")
    await wang.taps(t.pick(name), chat=east)
    await g.look("transfer-why", wang, east)
    await wang.taps(t.plain("transfer.task"), chat=east)
    await west.shows(f"#{number}")
    await g.look("transferred-here", wang, east, card)
    await g.look("transferred-there", g.campus.admin, west)
    await g.campus.admin.taps(t.plain("desk.accept"), chat=west)
    await g.look("accepted-there", g.campus.admin, west)
    await g.look("accepted-here", wang, east, card)
    await g.look("student-moved", lin)


async def alike(g: Gallery) -> None:
    t, wang, east = g.t, g.campus.wang, g.campus.east
    first = await g.student("Lin")
    number = await g.files(first, g.said["queue"], "life", "canteen")
    second = await g.student("Mei")
    await second.says("/new")
    await second.taps(t.plain("kind.complaint"))
    for key in ("life", "canteen"):
        await second.taps(g.category(key))
    await second.says(g.said["queue_again"])
    await second.taps(t.plain("new.continue"))
    await second.reads(f"#{number}")
    await g.look("similar", second)
    await second.taps(re.compile(rf"#{number}\b"))
    await second.reads("🤝")
    await g.look("joined", second)
    await g.look("card-joined", wang, east, await g.card(number))
    for name in ("Bo", "Xia"):
        last = await g.files(await g.student(name), g.said["queue_again"], "life", "canteen")
    card = await g.card(last)
    await g.look("card-cluster", wang, east, card)
    await wang.taps(re.compile(r"🔗 .*3"), chat=east, message=card)
    await g.look("cluster", wang, east)
    await wang.taps(t.plain("merge.cluster_sure", count=3), chat=east)
    await g.look("cluster-merged", wang, east)
    await g.look("student-merged", first)


async def lists(g: Gallery) -> None:
    wang, east = g.campus.wang, g.campus.east
    await wang.says("/canned add", chat=east)
    await g.look("canned-name", wang, east)
    prompt = await wang.reads(re.compile("."), chat=east)
    await wang.says(g.said["project"], chat=east, reply_to=prompt)
    for _ in LANGUAGES:
        prompt = await wang.reads(re.compile(r"\{"), chat=east)
        await wang.says(g.said["canned"], chat=east, reply_to=prompt)
    await wang.says("/canned", chat=east)
    await g.look("canned", wang, east)
    lin = await g.student("Lin")
    number = await g.files(lin, g.said["late"], "life", "noise")
    card = await g.card(number)
    await wang.says(f"/a {g.said['project'][:3]}", chat=east, reply_to=card)
    await g.look("ready-made", wang, east)
    for command in (f"find {g.said['find']}", "open", "help", "stats", "projects"):
        await wang.says(f"/{command}", chat=east)
        await g.look(command.split()[0], wang, east)
    await g.campus.app.scheduler.run_due(g.campus.clock())
    await g.look("stats-picture", wang, east)
    await g.campus.admin.says("/stats month", chat=g.campus.office)
    await g.campus.app.scheduler.run_due(g.campus.clock())
    await g.look("stats-all", g.campus.admin, g.campus.office)


async def duty(g: Gallery) -> None:
    t, wang, li, east = g.t, g.campus.wang, g.campus.li, g.campus.east
    await li.says("/duty", chat=east)
    await g.look("duty-empty", wang, east)
    await wang.says("/duty", chat=east)
    await wang.taps(t.plain("duty.edit"), chat=east)
    await g.look("duty-days", wang, east)
    for day, span, name in ((0, "08:30–12:00", "Wang"), (2, "13:30–17:30", "Wang"), (3, "08:30–12:00", "Li")):
        await wang.says("/duty edit", chat=east)
        await wang.reads("✏️", chat=east)
        await wang.taps(t.plain(f"weekday.{day}"), chat=east)
        await wang.taps(t.plain("duty.add"), chat=east)
        if day == 0:
            await g.look("duty-times", wang, east)
        await wang.taps(span, chat=east)
        if name == "Li":
            await li.taps(t.plain("duty.me"), chat=east)
        await wang.taps(f"▫️ {name}", chat=east)
        if day == 0:
            await g.look("duty-shift", wang, east)
        await wang.taps(t.plain("duty.shift_done"), chat=east)
    await wang.says("/duty", chat=east)
    await g.look("duty-week", wang, east)
    await wang.taps(t.plain("duty.swap"), chat=east)
    await g.look("swap-which", wang, east)
    await wang.taps(re.compile("13:30–17:30"), chat=east)
    await g.look("swap-whom", wang, east)
    await wang.taps(t.plain("swap.anybody"), chat=east)
    await g.look("swap-asked", wang, east)
    await li.taps(t.plain("swap.yes"), chat=east)
    await g.look("swapped", wang, east)


async def visitor(g: Gallery) -> None:
    t, wang, east = g.t, g.campus.wang, g.campus.east
    await wang.says("/walkin", chat=east)
    await g.look("walkin-kind", wang, east)
    await wang.taps(t.plain("kind.need"), chat=east)
    await g.look("walkin-category", wang, east)
    for key in ("repairs", "water"):
        await wang.taps(g.category(key), chat=east)
    await wang.taps(t.pick(g.campus.app.settings.building_names("e2")), chat=east)
    prompt = await wang.reads("Wang", chat=east)
    await g.look("walkin-words", wang, east)
    await wang.says(g.said["visitor"], chat=east, reply_to=prompt)
    prompt = await wang.reads("Wang", chat=east)
    await g.look("walkin-contact", wang, east)
    await wang.says(g.said["contact"], chat=east, reply_to=prompt)
    await wang.reads("☎️", chat=east)
    await g.look("walkin-preview", wang, east)
    await wang.taps(t.plain("walkin.file"), chat=east)
    number = number_in((await wang.reads("📮", chat=east)).text)
    card = await g.card(number)
    await g.look("walkin-card", wang, east, card)
    await wang.says(g.said["answer"], chat=east, reply_to=card)
    await wang.reads("📝", chat=east)
    await g.look("walkin-told", wang, east)
    await wang.taps(t.plain("walkin.told_phone"), chat=east)
    await wang.taps(t.plain("desk.resolve"), chat=east, message=card)
    await wang.taps(t.plain("resolution.done"), chat=east)
    await wang.reads("🚶", chat=east)
    await g.look("walkin-heard", wang, east)


async def late(g: Gallery) -> None:
    t, wang, east = g.t, g.campus.wang, g.campus.east
    lin = await g.student("Lin")
    number = await g.files(lin, g.said["door"], "repairs", "furniture")
    card = await g.card(number)
    await lin.says("/mine")
    await lin.taps(f"#{number}")
    await lin.taps(t.plain("own.urge"))
    await g.look("urged", lin)
    await g.campus.later(hours=2, minutes=20)
    await g.look("handover", wang, east)
    await g.campus.later(hours=3)
    await g.look("overdue-said", wang, east)
    await g.look("card-overdue", wang, east, card)
    await g.campus.later(hours=7)
    await wang.says(g.said["answer"], chat=east, reply_to=card)
    await g.look("card-night", wang, east, card)
    await g.campus.later(hours=11, minutes=30)
    await g.look("digest", wang, east)
    await wang.says("/overdue", chat=east)
    await g.look("overdue", wang, east)
    await lin.says("/mine")
    await lin.taps(f"#{number}")
    await g.look("own-overdue", lin)
    await lin.taps(t.plain("own.withdraw"))
    await g.look("own-withdraw", lin)
    await lin.blocks()
    await wang.says(g.said["answer"], chat=east, reply_to=card)
    await g.look("card-blocked", wang, east, card)


async def office(g: Gallery) -> None:
    t, admin = g.t, g.campus.admin
    place = g.campus.office
    await admin.says("/poll", chat=place)
    await g.look("poll", admin, place)
    await admin.says(g.said["poll"], chat=place)
    await admin.taps(t.plain("pulse.use_scale"), chat=place)
    await g.look("poll-preview", admin, place)
    await admin.says("/faq stats", chat=place)
    await g.look("faq-stats", admin, place)
    await g.campus.wang.says("/mode", chat=g.campus.east)
    await g.look("mode", g.campus.wang, g.campus.east)
    new = await g.campus.stage.group("South", [admin], [])
    await admin.says("/setup", chat=new)
    await g.look("setup", admin, new)
    name = next(s.names for s in g.campus.app.settings.station_specs() if s.key == "south")
    await admin.taps(g.t.pick(name), chat=new)
    await g.look("setup-done", admin, new)


async def sealed(g: Gallery) -> None:
    t, stage, east = g.t, g.campus.stage, g.campus.east
    teacher = await stage.person("Sun", g.language, id=700000002)
    room = await stage.group("Teachers", [teacher], [g.campus.admin])
    async with g.campus.app.database.transaction() as session:
        place = await stations.by_key(session, "supervisors")
        assert place is not None
        place.chat_id, place.language = room.id, g.language
    lin = await g.student("Lin")
    await lin.says("/report")
    await g.look("report", lin)
    await lin.taps(t.plain("report.begin"))
    await lin.says("Zhou")
    await g.look("report-supervisor", lin)
    await lin.taps(t.plain("report.no"))
    await g.look("report-words", lin)
    await lin.says(g.said["late"])
    await lin.taps(t.plain("new.continue"))
    await g.look("report-name", lin)
    await lin.taps(t.plain("report.anonymous"))
    await g.look("report-preview", lin)
    await lin.taps(t.plain("report.send"))
    await g.look("report-sent", lin)
    await g.look("case-gate", teacher, room)
    await teacher.taps(t.plain("case.do.room"), chat=room)
    card = await room.shows(g.said["late"])
    await g.look("case", teacher, room, card)
    await teacher.taps(t.plain("case.do.ack"), chat=room)
    await teacher.says(g.said["ask"], chat=room, reply_to=card)
    await g.look("case-asked", teacher, room)
    await g.look("report-asked", lin)
    await lin.says(g.said["light"], reply_to=await lin.reads(g.said["ask"]))
    await room.shows(g.said["light"])
    await g.look("case-answered", teacher, room)
    await teacher.taps(t.plain("case.do.all"), chat=room)
    await g.look("case-all", teacher, room)
    await teacher.taps(t.plain("case.do.outcome"), chat=room, message=card)
    await g.look("case-outcome", teacher, room, card)
    await teacher.taps(t.plain("case.do.founded"), chat=room)
    prompt = await room.shows("✅ R-")
    await g.look("case-why", teacher, room)
    await teacher.says(g.said["answer"], chat=room, reply_to=prompt)
    await g.look("case-closed", teacher, room)
    await g.look("report-closed", lin)
    await lin.taps(t.plain("report.view"))
    await g.look("report-view", lin)
    number = await g.files(lin, g.said["light"], "repairs", "power")
    mine = await g.card(number)
    await g.campus.wang.says(f"/major {g.said['note']}", chat=east, reply_to=mine)
    await g.look("major-card", g.campus.wang, east, mine)
    await g.look("major-there", teacher, room)
    await teacher.taps(t.plain("major.do.back"), chat=room)
    prompt = await room.shows("↩️")
    await g.look("major-why-back", teacher, room)
    await teacher.says(g.said["ask"], chat=room, reply_to=prompt)
    await g.look("major-back", g.campus.wang, east)
    reader = await stage.person("Ma", g.language)
    await reader.says("/start")
    async with g.campus.app.database.transaction() as session:
        await people.grant_configured(session, Role.READER, [reader.id], g.campus.clock())
    await g.campus.wang.says(f"/major {g.said['add']}", chat=east, reply_to=mine)
    await room.shows(g.said["add"])
    await teacher.taps(t.plain("major.do.approve"), chat=room)
    await g.look("major-approved", teacher, room)
    await g.look("major-reader", reader)
    await reader.taps(t.plain("major.do.got"))
    await g.look("major-received", reader)
    await g.look("major-card-received", g.campus.wang, east, mine)


async def order(g: Gallery) -> None:
    t, east, office = g.t, g.campus.east, g.campus.office
    wang, admin = g.campus.wang, g.campus.admin
    lin = await g.student("Lin")
    number = await g.files(lin, g.said["project"], "repairs", "furniture")
    await wang.says(f"/mute 24h {g.said['late']}", chat=east, reply_to=await g.card(number))
    await g.look("muted", wang, east)
    await g.look("muted-student", lin)
    await lin.taps(t.plain("appeal.do"))
    await g.look("appeal-why", lin)
    await lin.says(g.said["light"])
    await g.look("appeal-sent", lin)
    await g.look("appeal", admin, office)
    await lin.says("/new")
    await g.look("muted-again", lin)
    await admin.taps(t.plain("appeal.keep"), chat=office)
    await g.look("appeal-kept", admin, office)
    await g.look("appeal-kept-student", lin)
    await admin.says(f"/block #{number} {g.said['late']}", chat=office)
    await g.look("block", admin, office)
    await g.look("blocked-student", lin)
    await admin.says("/blocked", chat=office)
    await g.look("blocked", admin, office)
    await admin.says(f"/roles {wang.id}", chat=office)
    await g.look("roles-one", admin, office)
    await admin.says("/roles", chat=office)
    await g.look("roles", admin, office)
    await admin.says("/blocked", chat=office)
    await admin.reads("🔇", chat=office)
    await admin.taps(re.compile(t.plain("blocked.lift", which="").strip()), chat=office)
    await g.look("unblocked", admin, office)
    many = await g.student("Tan")
    for n in range(10):
        await g.files(many, f"{g.said['project']} {'ABCDEFGHIJ'[n] * 9}", "other")
    await many.says("/new")
    await many.taps(t.plain("kind.thanks"))
    await many.taps(g.category("other"))
    await many.says(g.said["praise"])
    for key in ("new.continue", "name.named", "preview.send"):
        await many.taps(t.plain(key))
    await g.look("tickets-a-day", many)
    for n in range(41):
        await lin.says(f"{n}")
    await g.look("flood", lin)


async def records(g: Gallery) -> None:
    t, admin, office = g.t, g.campus.admin, g.campus.office
    lin = await g.student("Lin")
    await lin.says("/privacy")
    await g.look("privacy", lin)
    await lin.says("/mydata")
    await g.look("mydata", lin)
    await lin.says("/forget")
    await g.look("forget", lin)
    await lin.taps(t.plain("forget.yes"))
    await g.look("forgotten", lin)
    for command in ("audit 1", "export", "export month csv"):
        await admin.says(f"/{command}", chat=office)
        await g.look(command.replace(" ", "-"), admin, office)
    await admin.says("/code", chat=office)
    await g.look("code", admin, office)


async def menus(g: Gallery) -> None:
    """What is offered when somebody types "/"."""
    lin = await g.student("Lin")
    for name, person, chat in (("menu-student", lin, None), ("menu-staff", g.campus.wang, g.campus.east)):
        await g.look(name, person, chat)
        await g.page.fill("#left textarea", "/")
        await g.look(f"{name}-open", person, chat)
        await g.page.fill("#left textarea", "")
    await g.page.fill("#left textarea", f"@union_bot {g.said['find']}")
    await g.page.wait_for_selector("#left .suggestions [role=option]")
    await g.look("inline", g.campus.wang, g.campus.east)
    await g.page.click("#left .suggestions [role=option]")
    await g.look("inline-said", g.campus.wang, g.campus.east)


SCENES: tuple[Callable[[Gallery], Awaitable[None]], ...] = (
    hello,
    faq,
    draft,
    desk,
    moves,
    alike,
    lists,
    duty,
    visitor,
    office,
    menus,
    sealed,
    order,
    records,
    late,
)


async def play(page: Page, folder: Path, language: str, wanted: tuple[str, ...]) -> None:
    """The chosen scenes in this language, each on the same campus."""
    with tempfile.TemporaryDirectory() as scratch:
        async with running(f"sqlite:///{scratch}/gallery.db") as campus:
            async with campus.app.database.transaction() as session:
                for key in ("east", "west", "office"):
                    place = await stations.by_key(session, key)
                    assert place is not None
                    place.language = language
                    await people.grant(
                        session,
                        Role.LEAD,
                        campus.wang.id,
                        given_by=campus.admin.id,
                        now=campus.clock(),
                        station_id=place.id,
                    )
            for colleague in (campus.wang, campus.li, campus.admin):
                await campus.stage.person(colleague.name, language, id=colleague.id)
            gallery = Gallery(campus, page, folder, language)
            for scene in SCENES:
                if wanted and scene.__name__ not in wanted:
                    continue
                try:
                    await scene(gallery)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is named and the next scene goes on
                    print(f"{language} {scene.__name__}: {type(error).__name__}: {str(error)[:600]}")


async def main(folder: Path, languages: tuple[str, ...], scenes: tuple[str, ...]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for language in languages:
            context = await browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
            await play(await context.new_page(), folder, language, scenes)
            await context.close()
        await browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("python -m tests.gallery FOLDER [LANGUAGE] [SCENE …]")
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[2:3] if sys.argv[2:3] and sys.argv[2] in LANGUAGES else []
    asyncio.run(main(Path(sys.argv[1]), tuple(chosen) or LANGUAGES, tuple(sys.argv[3:] if chosen else sys.argv[2:])))
