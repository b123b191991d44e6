"""Takes docs/screenshots anew: plays the demo and drives its chat page in Chromium; surveys on a small campus of their
own, where one has been counted already. `make screenshots`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Page, async_playwright

from bot.texts import Catalogue
from models import stations, surveys
from models.surveys import Stage
from sandbox.client import Sandbox
from tests.campus import TOKEN, Campus, running, settings
from tests.surveying.results import closed

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LIN, CHEN, EMMA, WANG, ZHOU = 800000001, 800000002, 800000003, 810000001, 700000001
EAST, OFFICE = -900001, -900004
STORIES = (
    ("zh-hans", LIN, "阳台的门关不严，夜里风很大", "木工师傅明天上午十点上门调整合页"),
    ("zh-hant", CHEN, "衣櫃的抽屜卡住了，拉不出來", "師傅今天下午四點帶新滑軌過來"),
    ("en", EMMA, "The window in room 204 does not close any more", "The carpenter comes tomorrow at ten"),
)
"""Language, student, what they write, and the answer."""
SURVEYED = (
    ("zh-hans", "林小雨", "滨海大学学生会", "学生会办公室"),
    ("zh-hant", "陳家豪", "濱海大學學生會", "學生會辦公室"),
    ("en", "Emma", "Binhai University Union", "The union's office"),
)
"""Language, who answers the survey, and what the bot and the office's group are called."""
PHONE = (390, 800, 2.0)
WIDE = (1440, 1050, 1.0)
POLL = "你对宿舍服务站满意吗？"


@contextlib.asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """The demo after its story; yields the chat page's address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    address = ""
    try:
        async with asyncio.timeout(180):
            while "everything runs on" not in (line := (await process.stdout.readline()).decode()):
                assert line, "the demo ended before its story did"
                if line.startswith("chat page: "):
                    address = line.split()[-1]
        yield address
    finally:
        process.terminate()
        await process.wait()


async def opened(
    browser: Browser, address: str, place: str, size: tuple[int, int, float], theme: str = "light"
) -> Page:
    """The page at this place, drawn and quiet."""
    width, height, scale = size
    context = await browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=scale)
    page = await context.new_page()
    await page.goto(f"{address}#{place}&theme={theme}")
    await page.wait_for_selector("html[data-ready]")
    await page.wait_for_function("[...document.images].every((image) => image.complete)")
    await page.evaluate("document.fonts.ready")
    return page


async def take(browser: Browser, address: str) -> None:
    for language, person, words, answer in STORIES:
        await play(browser, address, language, person, words, answer)
    for name, place, size, theme in (
        ("overview", f"left={EMMA}:{EMMA}&right={WANG}:{EAST}", WIDE, "light"),
        ("overview-dark", f"left={CHEN}:{CHEN}&right={WANG}:{EAST}", WIDE, "dark"),
        ("poll-result", f"show=right&right={ZHOU}:{OFFICE}", PHONE, "light"),
    ):
        page = await opened(browser, address, place, size, theme)
        if name == "poll-result":
            result = page.locator("#right .message", has_text=f"📊 {POLL}").last
            await result.evaluate("message => message.scrollIntoView({ block: 'end' })")
        await page.screenshot(path=FOLDER / f"{name}.png")
        await page.context.close()


async def play(browser: Browser, address: str, language: str, person: int, words: str, answer: str) -> None:
    """A student files something and staff claim and answer it, all by hand on the page, in one language."""
    t = Catalogue.load(ZoneInfo("Asia/Shanghai"))[language]
    names = settings(address, "sqlite:///unused.db").category_names
    await speak(address, language)
    student = await opened(browser, address, f"left={person}:{person}", PHONE)
    await say(student, "left", "/new")
    await student.locator("#left .key", has_text=t.plain("kind.suggestion")).last.wait_for()
    await student.screenshot(path=FOLDER / f"new-{language}.png")
    for label in (
        t.plain("kind.complaint"),
        t.pick(names("repairs")),
        t.pick(names("furniture")),
    ):
        await tap(student, "left", label)
    await student.locator("#left .message", has_text=t.plain("new.words").splitlines()[0]).last.wait_for()
    await say(student, "left", words)
    for label in (t.plain("new.continue"), t.plain("name.named"), t.plain("preview.send")):
        await tap(student, "left", label)
    await student.locator("#left .message", has_text="📮").last.wait_for()
    staff = await opened(browser, address, f"show=right&right={WANG}:{EAST}", PHONE)
    card = staff.locator("#right .message", has_text=words).last
    await card.locator(".key", has_text=t.plain("desk.claim")).click()
    await card.get_by_text(t.plain("state.claimed")).wait_for()
    await staff.screenshot(path=FOLDER / f"station-{language}.png")
    await card.locator(".answer").click()
    await say(staff, "right", answer)
    await student.locator("#left .message", has_text=answer).last.wait_for()
    await student.screenshot(path=FOLDER / f"student-{language}.png")
    for page in (student, staff):
        await page.context.close()


async def surveyed(browser: Browser) -> None:
    """A student answers a survey, and the office looks at what came of another, in each language."""
    with tempfile.TemporaryDirectory() as scratch:
        async with running(f"sqlite:///{scratch}/surveys.db") as campus:
            students = {language: (await campus.student(name, language)).id for language, name, *_ in SURVEYED}
            file = campus.app.toolbox.surveys["semester-satisfaction"]
            now = campus.clock()
            async with campus.app.database.transaction() as session:
                counted = (await closed(session, now - timedelta(days=1), Stage.CLOSED)).id
                await surveys.plan(
                    session, key=file.key, questionnaire=file.questionnaire, opens_at=now,
                    closes_at=now + timedelta(days=14), target=file.target, cell=file.cell(10),
                )  # fmt: skip
            await campus.later(minutes=1)
            for language, _, union, office in SURVEYED:
                await campus.stage.bot(TOKEN, username="union_bot", first_name=union)
                await answer(browser, campus, language, students[language])
                await results(browser, campus, language, office, counted)


async def answer(browser: Browser, campus: Campus, language: str, person: int) -> None:
    """By hand on the page, from the invitation to the question about all in all."""
    t = campus.t(language)
    questions = campus.app.toolbox.surveys["semester-satisfaction"].questionnaire.questions
    used, services, overall = questions[0], questions[5], questions[6]
    page = await opened(browser, campus.stage.url, f"left={person}:{person}", PHONE)
    await tap(page, "left", t.plain("survey.begin"))
    await tap(page, "left", t.pick(used.options[1].text))
    for option in services.options:
        await page.locator("#left .message", has_text=t.pick(services.text)).last.wait_for()
        await tap(page, "left", t.pick(option.text))
        await campus.quiet()
    await page.locator("#left .message", has_text=t.pick(overall.text)).last.wait_for()
    await page.screenshot(path=FOLDER / f"survey-{language}.png")
    await page.context.close()


async def results(browser: Browser, campus: Campus, language: str, name: str, survey: int) -> None:
    """The first picture of what came of it, in the office."""
    t = campus.t(language)
    admin = await campus.stage.person("周一帆", language, id=campus.admin.id)
    group = await campus.stage.group(name, [admin], [])
    async with campus.app.database.transaction() as session:
        office = await stations.by_key(session, "office")
        assert office is not None
        office.chat_id, office.language = group.id, language
    await admin.says(f"/survey {survey}", chat=group)
    await admin.taps(t.plain("survey_desk.results"), chat=group)
    await campus.later(seconds=10)
    await campus.quiet()
    picture = next(message for message in await campus.stage.transcript(group) if message.raw.get("photo"))
    page = await opened(browser, campus.stage.url, f"show=right&right={admin.id}:{group.id}", PHONE)
    await page.locator(f'#right .log [data-id="{picture.id}"]').evaluate("message => message.scrollIntoView()")
    await page.screenshot(path=FOLDER / f"survey-results-{language}.png")
    await page.context.close()


async def speak(address: str, language: str) -> None:
    """The station's cards in this language, as its admin chooses under /setup."""
    async with Sandbox(address) as stage:
        # A group takes twenty messages a minute, and three stories say more than that.
        await stage.set_speed(10)
        admin = await stage.person("周一帆", "zh-hans", id=ZHOU)
        await admin.presses(1, f"su:language:{language}", chat=EAST)


async def say(page: Page, pane: str, words: str) -> None:
    await page.fill(f"#{pane} textarea", words)
    await page.press(f"#{pane} textarea", "Enter")


async def tap(page: Page, pane: str, label: str) -> None:
    await page.locator(f"#{pane} .key", has_text=label).last.click()


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with demo() as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        await take(browser, address)
        await surveyed(browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
