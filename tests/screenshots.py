"""Takes docs/screenshots anew: plays the demo and drives its chat page in Chromium. `make screenshots`."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LIN, CHEN, EMMA, WANG, ZHOU = 800000001, 800000002, 800000003, 810000001, 700000001
EAST, OFFICE = -900001, -900004
PHONE = (390, 800, 2.0)
WIDE = (1440, 860, 1.0)


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
            while "the story is over" not in (line := (await process.stdout.readline()).decode()):
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
    for name, place, size, theme in (
        ("overview", f"left={LIN}:{LIN}&right={WANG}:{EAST}", WIDE, "light"),
        ("overview-dark", f"left={CHEN}:{CHEN}&right={WANG}:{EAST}", WIDE, "dark"),
        ("student-zh-hans", f"left={LIN}:{LIN}", PHONE, "light"),
        ("student-zh-hant", f"left={CHEN}:{CHEN}", PHONE, "light"),
        ("student-en", f"left={EMMA}:{EMMA}", PHONE, "light"),
        ("poll-result", f"show=right&right={ZHOU}:{OFFICE}", PHONE, "light"),
    ):
        page = await opened(browser, address, place, size, theme)
        await page.screenshot(path=FOLDER / f"{name}.png")
        await page.context.close()
    # The beginning of the story, where the card stands with its buttons.
    page = await opened(browser, address, f"show=right&right={WANG}:{EAST}", PHONE)
    await page.evaluate("document.querySelector('#right .log').scrollTop = 0")
    await page.screenshot(path=FOLDER / "station.png")
    await page.context.close()
    # Somebody files a ticket by hand, in each language.
    for name, person in (("zh-hans", LIN), ("zh-hant", CHEN), ("en", EMMA)):
        page = await opened(browser, address, f"left={person}:{person}", PHONE)
        await page.fill("#left textarea", "/new")
        await page.press("#left textarea", "Enter")
        await page.locator("#left .key", has_text="💡").last.wait_for()
        await page.screenshot(path=FOLDER / f"new-{name}.png")
        await page.context.close()


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with demo() as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        await take(browser, address)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
