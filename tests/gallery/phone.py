"""A phone held up to the chat page, and what is said on it in each language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from bot.texts import Texts
from sandbox.client import Group, Message, Person
from tests.campus import Campus, number_in

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
        "quiz": "学生会由谁主持工作？\n食堂\n* 主席团\n> 主席团由代表大会选举产生。",
        "queue": "中午二食堂排队太久，来不及上课",
        "queue_again": "二食堂中午排队太久，赶不上上课",
        "late": "楼下施工，早上六点就开始响",
        "fair": "周五招聘会：体育馆，上午九点起",
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
        "quiz": "學生會由誰主持工作？\n餐廳\n* 主席團\n> 主席團由代表大會選舉產生。",
        "queue": "中午二餐廳排隊太久，來不及上課",
        "queue_again": "二餐廳中午排隊太久，趕不上上課",
        "late": "樓下施工，早上六點就開始吵",
        "fair": "週五徵才博覽會：體育館，上午九點起",
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
        "quiz": "Who runs the union?\nThe canteen\n* The presidium\n> It is elected by the congress.",
        "queue": "The queue in the second canteen is too long at noon",
        "queue_again": "At noon the queue in the second canteen is far too long",
        "late": "Building works below begin at six in the morning",
        "fair": "Job fair on Friday in the sports hall",
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
