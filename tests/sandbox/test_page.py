"""The chat page in Chromium: a student's phone and the station's group, as a person uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, async_playwright, expect

from sandbox import server
from sandbox.client import (
    Attachment,
    Group,
    Person,
    Sandbox,
    animation,
    audio,
    contact,
    dice,
    document,
    location,
    photo,
    sticker,
    venue,
    video,
    video_note,
    voice,
)
from sandbox.control.contents import picture
from tests.screenshots import ARGUMENTS, CHROMIUM

TOKEN = "700000:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
HOSTILE = "<img src=x onerror=alert(1)> & \u202e"


@dataclass
class Scene:
    """A stage with a bot that a test speaks for, and the page's address."""

    stage: Sandbox
    url: str
    alice: Person
    wang: Person
    group: Group
    browser: Browser

    async def bot(self, method: str, **params: Any) -> Any:
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/bot{TOKEN}/{method}", json=params) as answer,
        ):
            said = await answer.json()
        assert said["ok"], said
        return said["result"]

    async def open(self, *, width: int = 1280, height: int = 800, theme: str = "light") -> Page:
        context = await self.browser.new_context(viewport={"width": width, "height": height})
        page = await context.new_page()
        left, right = f"left={self.alice.id}:{self.alice.id}", f"right={self.wang.id}:{self.group.id}"
        await page.goto(f"{self.url}/#{left}&{right}&theme={theme}")
        await page.wait_for_selector("html[data-ready]")
        return page


pytestmark = pytest.mark.asyncio(loop_scope="module")
"""All in one event loop, because all share one browser."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, which takes longer to start than most of these tests; each opens windows that share nothing."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def scene(browser: Browser) -> AsyncIterator[Scene]:
    async with server.start(tokens=[TOKEN], flood=False) as telegram, Sandbox(telegram.url) as stage:
        await stage.bot(TOKEN, username="union_bot", first_name="学生会")
        alice, wang = await stage.person(HOSTILE, "en"), await stage.person("王磊", "zh-hans")
        group = await stage.group("东区服务站", [wang], [])
        await alice.says("/start")
        yield Scene(stage, telegram.url, alice, wang, group, browser)
        for context in browser.contexts:
            await context.close()


def words(page: Page, side: str) -> Locator:
    return page.locator(f"#{side} .words")


async def test_an_album_shows_the_captions_of_all_its_pictures_in_their_order(scene: Scene) -> None:
    """Of a later picture's caption nothing was shown."""
    said = ["The tap", "The floor", "The door"]
    await scene.alice.sends(photo(picture(1)), *(photo(picture(n), words) for n, words in enumerate(said, 2)))
    page = await scene.open()
    album = page.locator("#left .bubble:has(.album)")
    await expect(album.locator(".album img")).to_have_count(4)
    await expect(album.locator(".words")).to_have_text(said)


async def test_a_student_types_presses_and_sees_the_answer_in_place(scene: Scene) -> None:
    page = await scene.open()
    await page.fill("#left textarea", "水龙头漏水")
    await page.press("#left textarea", "Enter")
    await expect(words(page, "left").last).to_have_text("水龙头漏水")
    typed = (await scene.bot("getUpdates", timeout=0))[-1]
    keyboard = {"inline_keyboard": [[{"text": "📨 提交", "callback_data": "st:send"}]]}
    sent = await scene.bot(
        "sendMessage", chat_id=scene.alice.id, text="<b>请确认</b>", parse_mode="HTML", reply_markup=keyboard
    )
    await expect(page.locator("#left strong").last).to_have_text("请确认")
    await page.locator("#left .key").click()
    update = (await scene.bot("getUpdates", offset=typed["update_id"] + 1, timeout=5))[0]
    assert update["callback_query"]["data"] == "st:send"
    await scene.bot(
        "answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="好的", show_alert=True
    )
    await expect(page.locator("dialog p")).to_have_text("好的")
    await page.keyboard.press("Escape")
    await scene.bot("editMessageText", chat_id=scene.alice.id, message_id=sent["message_id"], text="已提交")
    await expect(words(page, "left").last).to_have_text("已提交")
    await expect(page.locator("#left .when").last).to_contain_text("edited")


async def test_staff_reply_in_the_group_and_the_quote_is_shown(scene: Scene) -> None:
    page = await scene.open()
    card = await scene.bot("sendMessage", chat_id=scene.group.id, text="📣 #1 · 投诉")
    await expect(words(page, "right").last).to_have_text("📣 #1 · 投诉")
    await page.locator("#right .bubble").last.dblclick()
    await page.get_by_role("menuitem", name="回复").click()
    await page.fill("#right textarea", "师傅三点到")
    await page.press("#right textarea", "Enter")
    await expect(page.locator("#right .quote").last).to_contain_text("#1")
    (said,) = [m for m in await scene.stage.transcript(scene.group.id) if m.text == "师傅三点到"]
    assert said.raw["reply_to_message"]["message_id"] == card["message_id"]
    assert said.raw["from"]["id"] == scene.wang.id


async def test_a_poll_is_voted_in_by_tapping(scene: Scene) -> None:
    page = await scene.open()
    options = [{"text": "Tea"}, {"text": "Coffee"}]
    await scene.bot("sendPoll", chat_id=scene.alice.id, question="Tea or coffee?", options=options)
    await page.locator("#left .option", has_text="Coffee").click()
    await expect(page.locator("#left .option.chosen")).to_contain_text("100 %")


async def test_hostile_names_and_words_are_text(scene: Scene) -> None:
    page = await scene.open()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    await page.fill("#left textarea", "<script>alert(2)</script>")
    await page.press("#left textarea", "Enter")
    await expect(words(page, "left").last).to_have_text("<script>alert(2)</script>")
    assert await page.locator("#left img").count() == 0
    assert dialogs == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_is_cut_on_a_phone(scene: Scene, theme: str) -> None:
    page = await scene.open(width=360, height=740, theme=theme)
    rows = [
        [
            {"text": "关于宿舍维修的投诉与建议，请选择", "callback_data": "a"},
            {"text": "Cancel everything", "callback_data": "b"},
        ]
    ]
    await scene.bot(
        "sendMessage",
        chat_id=scene.alice.id,
        text="A verylongwordwithoutanyblanksinitthatwouldrunoutofthescreenifnobodybrokeit " * 2,
        reply_markup={"inline_keyboard": rows},
    )
    await expect(page.locator("#left .key").first).to_be_visible()
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    cut = await page.evaluate(
        "[...document.querySelectorAll('#left .key, #left .words, #left h2')]"
        ".filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
    )
    assert cut == []
    await page.locator("#switch button").nth(1).click()
    await expect(page.locator("#right textarea")).to_be_visible()
    await expect(page.locator("#left textarea")).to_be_hidden()


async def test_everything_can_be_done_by_keyboard(scene: Scene) -> None:
    await scene.bot("setMyCommands", commands=[{"command": "new", "description": "Tell the union something"}])
    page = await scene.open()
    await page.keyboard.press("Alt+1")
    await page.keyboard.type("/n")
    await expect(page.locator("#left .suggestions [role=option]")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(words(page, "left").last).to_have_text("/new")
    await page.keyboard.type("fisrt")
    await page.keyboard.press("Enter")
    await expect(words(page, "left").last).to_have_text("fisrt")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("first")
    await page.keyboard.press("Enter")
    await expect(words(page, "left").last).to_have_text("first")


async def test_unread_messages_are_counted_until_they_are_seen(scene: Scene) -> None:
    page = await scene.open()
    await page.locator("#right .back").click()
    for i in range(3):
        await scene.bot("sendMessage", chat_id=scene.group.id, text=f"card {i}")
    await expect(page.locator("#right .badge").first).to_have_text("3")
    await page.locator("#right .entry", has_text="东区服务站").click()
    await expect(words(page, "right").last).to_have_text("card 2")
    await page.locator("#right .back").click()
    await expect(page.locator("#right .badge")).to_have_count(0)


async def test_the_clock_is_moved_by_its_buttons(scene: Scene) -> None:
    await scene.stage.guide(
        notes=[{"title": "Try", "text": "this", "person": scene.alice.id, "chat": scene.alice.id}],
        clock=[
            {"label": "An hour on", "advance": 3600},
            {"label": "Next morning", "next": "08:30", "timezone": "Asia/Shanghai"},
        ],
    )
    page = await scene.open()
    before = await scene.stage.now()
    await page.get_by_role("button", name="An hour on").click()
    async with asyncio.timeout(10):
        while (await scene.stage.now() - before).total_seconds() < 3600:
            await scene.stage.caught_up()
    await page.get_by_role("button", name="Next morning").click()
    await expect(page.locator("#now")).to_contain_text("08:30")


async def test_topics_are_tabs_and_what_is_written_goes_into_the_open_one(scene: Scene) -> None:
    hall = await scene.stage.group("南区服务站", [], [scene.wang], forum=True)
    water = await scene.bot("createForumTopic", chat_id=hall.id, name="#7 漏水")
    await scene.bot("sendMessage", chat_id=hall.id, message_thread_id=water["message_thread_id"], text="card")
    await scene.bot("sendMessage", chat_id=hall.id, text="news for all")
    page = await scene.open()
    await page.locator("#right .back").click()
    await page.locator("#right .entry", has_text="南区服务站").click()
    tabs = page.locator("#right [role=tab]")
    await expect(tabs).to_have_text(["All", "General", "#7 漏水"])
    await expect(words(page, "right")).to_have_text(["card", "news for all"])
    await tabs.nth(2).click()
    await expect(words(page, "right")).to_have_text(["card"])
    await page.fill("#right textarea", "师傅在路上")
    await page.press("#right textarea", "Enter")
    await expect(words(page, "right")).to_have_text(["card", "师傅在路上"])
    await tabs.nth(1).click()
    await expect(words(page, "right")).to_have_text(["news for all"])
    await scene.bot("closeForumTopic", chat_id=hall.id, message_thread_id=water["message_thread_id"])
    await scene.bot("hideGeneralForumTopic", chat_id=hall.id)
    await expect(tabs).to_have_text(["All", "🔒 #7 漏水"])
    (said,) = [m for m in await scene.stage.transcript(hall) if m.text == "师傅在路上"]
    assert said.thread == water["message_thread_id"]


async def test_a_phone_is_handed_to_somebody_else(scene: Scene) -> None:
    page = await scene.open()
    actor = page.get_by_label("Who is holding this phone").first
    await expect(actor.locator("option")).to_contain_text(["English", "王磊 · 简体中文"])
    await actor.select_option(label="王磊 · 简体中文")
    await page.locator("#left .entry", has_text="东区服务站").click()
    await page.fill("#left textarea", "我来")
    await page.press("#left textarea", "Enter")
    await expect(words(page, "left").last).to_have_text("我来")
    (said,) = [m for m in await scene.stage.transcript(scene.group) if m.text == "我来"]
    assert said["from"]["id"] == scene.wang.id


async def test_the_menu_blocks_leaves_joins_and_upgrades(scene: Scene) -> None:
    page = await scene.open()

    async def choose(side: str, label: str) -> None:
        await page.locator(f"#{side} .menu summary").click()
        await page.locator(f"#{side} .menu").get_by_role("button", name=label, exact=True).click()

    about = page.locator("#left .names small")
    await choose("left", "Block the bot")
    await expect(about).to_have_text("blocked")
    await choose("left", "Unblock the bot")
    await expect(about).to_have_text("bot")
    await choose("left", "Join 东区服务站")
    await expect(about).to_have_text("group, 3 members")
    await choose("left", "Upgrade to a supergroup")
    await expect(about).to_have_text("supergroup, 3 members")
    await expect(page.locator("#right .names small")).to_have_text("超级群组，3 位成员")
    await choose("left", "Leave this group")
    await expect(page.locator("#left h2")).to_have_text("Chats")
    await expect(page.locator("#right .names small")).to_have_text("超级群组，2 位成员")
    await page.locator("#left .menu summary").click()
    await page.keyboard.press("Escape")
    await expect(page.locator("#left .menu .items")).to_be_hidden()


SHOWN: list[tuple[Attachment, str]] = [
    (video(caption="楼道"), "🎬video.mp4"),
    (voice(), "🎤Voice message"),
    (audio(), "🎵audio.mp3"),
    (video_note(), "🎬Video message"),
    (animation(), "🎞animation.mp4"),
    (document(file_name="报修单.pdf"), "📎报修单.pdf"),
    (sticker("🙏"), "🙏"),
    (location(), "📍Location"),
    (venue("图书馆", "学院路 1 号"), "📍图书馆, 学院路 1 号"),
    (contact("+8613800000000", "宿管"), "👤宿管"),
    (dice("🎲"), "🎲"),
]


async def test_every_kind_of_attachment_is_shown(scene: Scene) -> None:
    page = await scene.open()
    for attachment, _ in SHOWN:
        await scene.alice.sends(attachment)
    await expect(page.locator("#left .bubble").locator(".file, .place, .sticker")).to_contain_text(
        [shown for _, shown in SHOWN]
    )


async def test_reactions_are_given_and_seen_on_both_phones(scene: Scene) -> None:
    page = await scene.open()
    card = await scene.bot("sendMessage", chat_id=scene.group.id, text="📣 #1")
    await page.locator("#right .bubble").last.dblclick()
    await page.get_by_role("menuitem", name="👍").click()
    await expect(page.locator("#right .reactions")).to_have_text("👍")
    await scene.bot(
        "setMessageReaction",
        chat_id=scene.group.id,
        message_id=card["message_id"],
        reaction=[{"type": "emoji", "emoji": "❤"}],
    )
    await expect(page.locator("#right .reactions span")).to_have_text(["👍", "❤"])


# For every piece of text its contrast with what lies behind it, see-through layers blended, after WCAG 2.2, 1.4.3.
PALE = """() => {
  const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    brush.clearRect(0, 0, 1, 1); brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1);
    return [...brush.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => (c * a + under[i] * (255 - a)) / 255);
  const behind = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = (c) => c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length || e.closest("option, .sr, .avatar, noscript")) continue;
    const ground = behind(e), ink = over(rgba(getComputedStyle(e).color), ground);
    const [dark, bright] = [light(ink), light(ground)].sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dark + 0.05);
    if (ratio < 4.5) found.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)} ${e.textContent.slice(0, 30)}`);
  }
  return found;
}"""
SMALL = """[...document.querySelectorAll("button:not(.command), select, summary, textarea, a.key")].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width && getComputedStyle(e).visibility === "visible" && (box.width < 40 || box.height < 39.9);
}).map((e) => `${e.tagName}.${e.className} ${e.textContent}`)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_everything_can_be_read_and_hit_with_a_finger(scene: Scene, theme: str) -> None:
    rows = {"inline_keyboard": [[{"text": "认领", "callback_data": "a"}]]}
    card = await scene.bot("sendMessage", chat_id=scene.group.id, text="📣 #1 · /done", reply_markup=rows)
    await scene.wang.says("好", chat=scene.group, reply_to=card["message_id"])
    for number in range(6):
        # Names are coloured by number: six people, every colour.
        neighbour = await scene.stage.person(f"邻居{number}")
        await neighbour.joins(scene.group)
        said = await neighbour.says("我也遇到了", chat=scene.group, reply_to=card["message_id"])
        await scene.wang.says("收到", chat=scene.group, reply_to=said)
    await scene.bot("sendPoll", chat_id=scene.group.id, question="好吗？", options=[{"text": "好"}, {"text": "不好"}])
    await scene.stage.guide(
        notes=[{"title": "Try", "text": "this", "person": scene.wang.id, "chat": scene.group.id}],
        clock=[{"label": "An hour on", "advance": 3600}],
    )
    page = await scene.open(width=1440, height=860, theme=theme)
    assert await page.evaluate(PALE) == []
    assert await page.evaluate(SMALL) == []
    await page.set_viewport_size({"width": 390, "height": 800})
    for tab in range(3):
        await page.locator("#switch button").nth(tab).click()
        assert await page.evaluate(PALE) == []
        assert await page.evaluate(SMALL) == []


async def test_whoever_moves_by_keyboard_sees_where_they_are(scene: Scene) -> None:
    page = await scene.open()
    seen = set()
    for _ in range(12):
        await page.keyboard.press("Tab")
        seen.add(
            await page.evaluate(
                """(({tagName, className}, {outlineStyle, outlineWidth}) =>
                `${tagName}.${className} ${outlineStyle} ${outlineWidth}`)
                (document.activeElement, getComputedStyle(document.activeElement))"""
            )
        )
    assert len(seen) >= 6
    assert [place for place in seen if not place.endswith("solid 2px") and not place.startswith("BODY")] == []


async def test_a_picture_that_comes_late_leaves_the_newest_in_sight(scene: Scene) -> None:
    page = await scene.open(width=390, height=800)
    shown = asyncio.Event()

    async def late(route: Route) -> None:
        await shown.wait()
        await route.continue_()

    await page.route("**/control/file/*", late)
    for number in range(4):
        await scene.alice.sends(photo(picture(number), f"picture {number}"))
    await expect(words(page, "left").last).to_have_text("picture 3")
    # Browsers may tell of a scroll when the layout has moved, before the picture says that it is there.
    await page.evaluate(
        "document.addEventListener('load', () => document.querySelector('#left .log')"
        ".dispatchEvent(new Event('scroll')), true)"
    )
    shown.set()
    await page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth)")
    await expect(page.locator("#left .when").last).to_be_in_viewport(ratio=1)


async def test_a_picture_from_the_disk_waits_for_its_caption(scene: Scene) -> None:
    """It was sent as soon as it was chosen, before anybody could say what it shows."""
    page = await scene.open()
    await page.set_input_files(
        "#left input[type=file]", {"name": "tap.png", "mimeType": "image/png", "buffer": picture(1)}
    )
    await expect(page.locator("#left .about")).to_contain_text("tap.png")
    await page.keyboard.type("It drips here")
    await expect(page.locator("#left .photo img")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(page.locator("#left .photo img")).to_be_visible()
    await expect(words(page, "left").last).to_have_text("It drips here")
    await expect(page.locator("#left .about")).to_be_empty()


async def test_a_chosen_file_can_be_left_again(scene: Scene) -> None:
    page = await scene.open()
    await page.set_input_files(
        "#left input[type=file]", {"name": "tap.png", "mimeType": "image/png", "buffer": picture(1)}
    )
    await expect(page.locator("#left .about")).to_contain_text("tap.png")
    await page.keyboard.press("Escape")
    await expect(page.locator("#left .about")).to_be_empty()
    await page.keyboard.type("Only words")
    await page.keyboard.press("Enter")
    await expect(words(page, "left").last).to_have_text("Only words")
    await expect(page.locator("#left .photo img")).to_have_count(0)


async def test_the_page_speaks_the_language_of_the_phone(scene: Scene) -> None:
    """Relative times and the clock were English on a Chinese phone."""
    note = {"title": {"en": "Try", "zh-Hans": "试试"}, "text": {"en": "this", "zh-Hans": "这个"}}
    await scene.stage.guide(notes=[note], clock=[{"label": "Two days on", "advance": 172800}])
    page = await scene.open()
    due = int((await scene.stage.now()).timestamp()) + 3 * 86400
    entity = {"type": "date_time", "offset": 0, "length": 3, "unix_time": due}
    for chat in (scene.alice.id, scene.group.id):
        await scene.bot("sendMessage", chat_id=chat, text="due", entities=[entity])
    await expect(page.locator("#left time.relative")).to_have_text("in 3 days")
    await expect(page.locator("#right time.relative")).to_have_text("3天后")
    await expect(page.locator("#left textarea")).to_have_attribute("placeholder", "Message")
    await expect(page.locator("#right textarea")).to_have_attribute("placeholder", "输入消息")
    await expect(page.locator(".moves button")).to_have_text("Two days on")
    await expect(page.locator(".notes button")).to_have_text("Trythis")
    await page.select_option("#left select", str(scene.wang.id))
    await expect(page.locator(".moves button")).to_have_text("过 2 天")
    await expect(page.locator(".notes button")).to_have_text("试试这个")
    await expect(page.locator("#side h2")).to_have_text("可以试试")


async def test_a_reply_needs_no_mouse(scene: Scene) -> None:
    page = await scene.open()
    for text in ("#1", "#2"):
        await scene.bot("sendMessage", chat_id=scene.group.id, text=text)
    await expect(words(page, "right").last).to_have_text("#2")
    await page.focus("#right textarea")
    for _ in range(2):
        await page.keyboard.press("Control+ArrowUp")
    await expect(page.locator("#right .about")).to_contain_text("#1")
    await page.keyboard.press("Control+ArrowDown")
    await expect(page.locator("#right .about")).to_contain_text("#2")
    await page.keyboard.type("师傅三点到")
    await page.keyboard.press("Enter")
    await expect(page.locator("#right .quote").last).to_contain_text("#2")
    # The same by a button that is seen on every message.
    await page.locator("#right .message", has_text="#1").first.get_by_role("button", name="回复").click()
    await expect(page.locator("#right .about")).to_contain_text("#1")


async def test_a_sticker_is_sent(scene: Scene) -> None:
    page = await scene.open()
    await page.locator("#left").get_by_role("button", name="A sticker").click()
    await page.locator("#left .stickers button", has_text="🙏").click()
    await expect(page.locator("#left .sticker")).to_have_text("🙏")
    await expect(page.locator("#left .stickers")).to_be_empty()


async def test_words_and_pictures_are_forwarded(scene: Scene) -> None:
    await scene.wang.says("The lift is broken", chat=scene.group)
    await scene.wang.sends(photo(picture(2), "Look"), chat=scene.group)
    page = await scene.open()
    for shown in ("The lift is broken", "Look"):
        await page.goto(page.url)
        await page.reload()
        await page.locator("#right .bubble", has_text=shown).last.dblclick(position={"x": 12, "y": 8})
        await page.get_by_role("menuitem", name="转发").click()
        await page.get_by_role("menuitem", name="学生会").click()
        await expect(page.locator("#right .forwarded")).to_have_count(1 if shown != "Look" else 2)
        await page.locator("#right .back").click()
        await page.locator("#right .entry", has_text="东区服务站").click()
    said = await scene.stage.transcript(scene.wang.id)
    assert [bool(m.raw.get("photo")) for m in said] == [False, True]
    assert all(m.raw["forward_origin"]["sender_user"]["id"] == scene.wang.id for m in said)


async def test_a_bot_is_asked_from_any_chat_and_one_of_its_answers_is_said_there(scene: Scene) -> None:
    page, done = await scene.open(), (await scene.bot("getUpdates"))[-1]["update_id"]
    offered = page.locator("#right .suggestions [role=option]")
    results = [
        {
            "type": "article",
            "id": key,
            "title": key,
            "description": HOSTILE,
            "input_message_content": {"message_text": text},
        }
        for key, text in (("几点有热水？", "7:00–23:00"), ("没有热水怎么办？", "请报修"))
    ]
    button = {"text": "没有找到？", "start_parameter": "faq"}

    async def asks(typed: str) -> str:
        nonlocal done
        await page.fill("#right textarea", f"@union_bot {typed}")
        (update,) = await scene.bot("getUpdates", offset=done + 1, timeout=5)
        done, query = update["update_id"], update["inline_query"]
        assert (query["query"], query["from"]["id"]) == (typed, scene.wang.id)
        return str(query["id"])

    await scene.bot("answerInlineQuery", inline_query_id=await asks("热水"), results=results, button=button)
    await expect(offered).to_have_text([f"几点有热水？{HOSTILE}", f"没有热水怎么办？{HOSTILE}", "没有找到？"])
    await offered.nth(1).click()
    await expect(words(page, "right").last).to_have_text("请报修")
    await expect(offered).to_have_count(0)
    await expect(page.locator("#right textarea")).to_have_value("")
    # What comes for words that are no longer there is not shown.
    done += 1
    query = await asks("网")
    await page.fill("#right textarea", "网")
    await scene.bot("answerInlineQuery", inline_query_id=query, results=results)
    await scene.bot("sendMessage", chat_id=scene.group.id, text="later")
    await expect(words(page, "right").last).to_have_text("later")
    await expect(offered).to_have_count(0)
    # Below the answers stands the way to the bot itself.
    await scene.bot("answerInlineQuery", inline_query_id=await asks("x"), results=[], button=button)
    await offered.click()
    await expect(words(page, "right")).to_have_text(["/start faq"])
