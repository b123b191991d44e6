"""Every screen on a phone, to be looked at by readers of the language: `python -m tests.gallery FOLDER [LANGUAGE]`.

Plays students and staff against the local Telegram with the whole program in this process, and takes a picture of the
chat page after each step. A scene that fails is named and left; the others go on. Nothing here is a test, and the
pictures are not kept.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Page, async_playwright

from models import people, stations
from models.people import Role
from tests.campus import running
from tests.gallery import disclosure, office, station, students, surveys
from tests.gallery.phone import LANGUAGES, PHONE, Gallery
from tests.screenshots import ARGUMENTS, CHROMIUM

SCENES: tuple[Callable[[Gallery], Awaitable[None]], ...] = (
    students.hello,
    students.faq,
    students.news,
    students.draft,
    station.desk,
    station.moves,
    station.alike,
    station.lists,
    station.duty,
    station.visitor,
    office.office,
    office.menus,
    office.sealed,
    office.order,
    office.records,
    surveys.answering,
    surveys.making,
    surveys.between,
    office.results,
    office.evaluation,
    disclosure.disclosure,
    station.late,
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
