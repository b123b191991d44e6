"""The chat page in Chromium: a student's phone and the station's group, as a person uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from sandbox import server
from sandbox.client import Group, Person, Sandbox
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


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with (
        server.start(tokens=[TOKEN], flood=False) as telegram,
        Sandbox(telegram.url) as stage,
        async_playwright() as playwright,
    ):
        await stage.bot(TOKEN, username="union_bot", first_name="学生会")
        alice, wang = await stage.person(HOSTILE, "en"), await stage.person("王磊", "zh-hans")
        group = await stage.group("东区服务站", [wang], [])
        await alice.says("/start")
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Scene(stage, telegram.url, alice, wang, group, browser)
        await browser.close()


def words(page: Page, side: str) -> Locator:
    return page.locator(f"#{side} .words")


async def test_a_student_types_presses_and_sees_the_answer_in_place(scene: Scene) -> None:
    page = await scene.open()
    await page.fill("#left textarea", "水龙头漏水")
    await page.press("#left textarea", "Enter")
    await expect(words(page, "left").last).to_have_text("水龙头漏水")
    await scene.bot("getUpdates", timeout=0)
    keyboard = {"inline_keyboard": [[{"text": "📨 提交", "callback_data": "st:send"}]]}
    sent = await scene.bot(
        "sendMessage", chat_id=scene.alice.id, text="<b>请确认</b>", parse_mode="HTML", reply_markup=keyboard
    )
    await expect(page.locator("#left strong").last).to_have_text("请确认")
    await page.locator("#left .key").click()
    update = (await scene.bot("getUpdates", offset=-1, timeout=5))[0]
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
    await page.get_by_role("menuitem", name="Reply").click()
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


async def test_a_picture_is_sent_from_the_disk(scene: Scene) -> None:
    from sandbox.control.contents import picture

    page = await scene.open()
    await page.set_input_files(
        "#left input[type=file]", {"name": "tap.png", "mimeType": "image/png", "buffer": picture(1)}
    )
    await expect(page.locator("#left .photo img")).to_be_visible()
